"""Python 2 sources are told from today's, translated, and divide as they did."""

from __future__ import annotations

import numpy as np
import pytest

from playground.compat import python2
from playground.compat.used import USES
from playground.graph.errors import InputError
from tests.loops import for_each


@for_each(
    [
        ("print 'a'\n", "line 1"),
        ("x = 1\nfor i in xrange(3): pass\n", "line 2: xrange"),
        ("d = {}\nd.iteritems()\n", "line 2: .iteritems()"),
        ("try:\n    pass\nexcept ValueError, e:\n    pass\n", "line 3"),
        ("x = 0777\n", "line 1"),
        ("if 1:\n    a = 1\n\tb = 2\n", "line 3"),
    ]
)
def test_what_makes_a_source_python_2(case: tuple[str, str]) -> None:
    text, why = case
    assert (python2.reason(text, "x.py") or "").startswith(why)


@for_each(
    [
        "print('a')\n",
        "from six.moves import xrange\nxrange(3)\n",
        "try:\n    xrange\nexcept NameError:\n    xrange = range\n",
        "def reduce(x): return x\nreduce(1)\n",
        "from functools import reduce\nreduce(max, [1])\n",
        "def f(file, *, long=1, **cmp): return file.read(), long, cmp\n",
        "f = lambda file: file.name\n",
        "async def unicode(): pass\nunicode()\n",
        "try:\n    pass\nexcept OSError as file:\n    print(file)\n",
        "from numpy import *\nlong(1)\n",
    ]
)
def test_what_does_not(text: str) -> None:
    assert python2.reason(text, "x.py") is None


OLD = """
import cPickle as pickle, sys
print "a", 1,
print >>sys.stderr, "b"
def f((a, b)):
\treturn a
        
try:
    raw_input
except NameError, e:
    raise ValueError, "c"
for k, v in {1: 2}.iteritems():
    print `k`, unicode(v), 0777 <> 3L
if {}.has_key(1) or isinstance("", basestring): exec "x = 1"
"""  # noqa: W293


def test_the_common_idioms_become_todays() -> None:
    new = python2.translated(OLD, "x.py")
    assert python2.parsed(new, "x.py")
    for text in ("print(", "file=sys.stderr", "except NameError as e", "repr(k)", "0o777", "!= 3"):
        assert text in new
    text = "x = 1\nprint x\nfor i in xrange(2):\n    pass\n"
    assert python2.changes(text, python2.translated(text, "x.py")) == [
        (2, "print x", "print(x)"),
        (3, "for i in xrange(2):", "for i in range(2):"),
    ]


@for_each(["x = = 1\n", "def f(:\n", "print 'a\n"])
def test_what_is_python_of_no_age_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"x\.py: neither Python 3 nor 2"):
        python2.translated(text, "x.py")


def run(text: str) -> dict[str, object]:
    found: dict[str, object] = dict(python2.LEFT)
    exec(compile(python2.tree_of(text, "x.py"), "x.py", "exec"), found)  # noqa: S102
    return found


def test_whole_numbers_are_divided_as_python_2_did() -> None:
    USES.found.clear()
    found = run("a = 7 / 2\nb = 7 / 2.0\nc = -7 / 2\nx = 7\nx /= 2\nd = {'k': 9}\nd['k'] /= 2\n")
    assert (found["a"], found["b"], found["c"], found["x"]) == (3, 3.5, -4, 3)
    assert found["d"] == {"k": 4}
    assert "/ of whole numbers" in USES.found


def test_arrays_are_divided_in_place() -> None:
    text = "import numpy as np\na = np.array([3., 4.])\nb = a\na /= 2\ni = np.array([3, 4]) / 2\n"
    found = run(text)
    assert found["a"] is found["b"]
    np.testing.assert_array_equal(found["a"], [1.5, 2])
    np.testing.assert_array_equal(found["i"], [1, 2])


def test_true_division_stays_where_it_was_asked_for() -> None:
    assert run("from __future__ import division\na = 7 / 2\n")["a"] == 3.5


def test_encodings() -> None:
    assert python2.decoded("# -*- coding: latin-1 -*-\nx = 'é'\n".encode("latin-1")).endswith(
        "'é'\n"
    )
    assert "é" in python2.decoded("x = 'é'\n".encode("latin-1"))
    assert python2.decoded("\ufeffx = 1\r\n".encode()) == "x = 1\n"


def test_a_print_with_brackets_is_no_tuple() -> None:
    text = "for i in xrange(2):\n    print('a', i, sep='')\n"
    assert python2.translated(text, "x.py") == text.replace("xrange", "range")
