"""Every public NumPy function is decided, and does what its state says."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from playground import NoRuleError, PlaygroundError, Variable
from playground.functions.registry import CREATED, RECORDED, numpy_function
from playground.interpreters import coverage
from playground.interpreters.numpy_protocol import in_our_words
from playground.interpreters.rules import undifferentiable
from tests.paths import ROOT

X = np.array([[1.0, 5.0], [7.0, 2.0]])
TABLE = coverage.table()
PAGE = ROOT / "docs" / "coverage.md"
STRICT = coverage.version() in coverage.VERSIONS


def of_state(wanted: str) -> list[str]:
    return [name for name, (state, _) in TABLE.items() if state == wanted]


def test_every_function_is_decided() -> None:
    undecided = of_state(coverage.UNDECIDED)
    if STRICT:
        assert undecided == []
    elif undecided:  # refused at run time
        warnings.warn(f"NumPy {coverage.version()} has new functions: {undecided}", stacklevel=1)


def test_the_list_is_complete() -> None:
    """All that NumPy exports and can be called, types apart."""
    assert {"sum", "exp", "linalg.inv", "fft.fft", "zeros", "save"} <= set(TABLE)
    for module, prefix in ((np, ""), (np.linalg, "linalg."), (np.fft, "fft.")):
        for name in vars(module):
            value = getattr(module, name)
            public = name in module.__all__ and not name.startswith("_")
            if public and callable(value) and not isinstance(value, type):
                assert prefix + name in TABLE


def test_no_function_is_decided_twice() -> None:
    assert coverage.contradictions() == [], (
        "they are recorded now: take them out of refuse(…) or constant(…) in interpreters/rules"
    )


def test_counts_of_the_states() -> None:
    """Nothing that was differentiable has ceased to be."""
    assert len(of_state("recorded")) >= 230
    assert len(TABLE) == sum(len(of_state(state)) for state in (*coverage.STATES, "undecided"))


# Names of the declarations that some of the versions from 2.0 on lack.
CHANGING = {"in1d", "row_stack"}


def test_declarations_name_functions_that_exist() -> None:
    calls = [
        n
        for n in ast.walk(ast.parse(inspect.getsource(undifferentiable)))
        if isinstance(n, ast.Call)
    ]
    names = [word for call in calls for word in ast.literal_eval(call.args[0]).split()]
    assert len(names) > 100
    assert len(set(names)) == len(names)
    assert {name for name in names if numpy_function(name) is None} <= CHANGING


def test_an_undecided_function_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(RECORDED, np.roll)
    assert coverage.state(np.roll) == ("undecided", "")
    with pytest.raises(NoRuleError, match=r"numpy\.roll has no differentiation rule"):
        np.roll(Variable(X), 1)


# What these parameters change is no matter of derivatives, or is refused by name.
LEFT_OUT = {"casting", "copy", "device", "dtype", "initial", "kind", "newshape", "order", "out"}
LEFT_OUT |= {"overwrite_input", "subok", "where", "mean"}
# Deprecated ones of older versions.
LEFT_OUT |= {"bias", "ddof", "interpolation"}
# Refused by name where they are given.
NOT_TAKEN = {
    "linalg.cholesky": {"upper"},
    "linalg.pinv": {"hermitian", "rtol"},
    "linalg.svd": {"hermitian"},
    "nanquantile": {"weights"},
    "quantile": {"weights"},
}


def parameters(function: Any) -> dict[str, inspect.Parameter] | None:
    """Parameters by name, or None where there are only stars."""
    try:
        found = inspect.signature(function).parameters
    except ValueError:  # written in C, in an older NumPy
        return None
    starred = any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in found.values())
    return None if starred else dict(found)


@pytest.mark.parametrize("name", of_state("recorded"))
def test_a_rule_has_numpys_own_parameters(name: str) -> None:
    """Under their names where they may be given by name (or at their places, from which the
    protocol translates), and in their order."""
    function = numpy_function(name)
    theirs, ours = parameters(function), parameters(RECORDED[function])
    if isinstance(function, np.ufunc) or theirs is None or ours is None:
        return
    by_name = [key for key, p in theirs.items() if p.kind is not p.POSITIONAL_ONLY]
    given = in_our_words(function, RECORDED[function], dict.fromkeys(by_name))
    missing = {key for key in given if key not in ours and key not in LEFT_OUT}
    assert missing <= NOT_TAKEN.get(name, set())
    shared = [
        key
        for key in ours
        if key in theirs and ours[key].kind is not inspect.Parameter.KEYWORD_ONLY
    ]
    assert shared == [key for key in theirs if key in shared]
    places = [[k for k, p in of.items() if p.kind is not p.KEYWORD_ONLY] for of in (theirs, ours)]
    for a, b in zip(*places, strict=False):
        assert a == b or (a not in ours and b not in theirs), f"{b} stands where theirs has {a}"


# ------------------------------------------------------------------------------------ constant

MATRIX: dict[str, Callable[[Any], tuple[Any, ...]]] = {
    "allclose": lambda v: (v, X),
    "array_equal": lambda v: (v, X),
    "array_equiv": lambda v: (v, X),
    "can_cast": lambda v: (v.dtype, np.float32),
    "common_type": lambda v: (v, v),
    "count_nonzero": lambda v: (v, 0),
    "digitize": lambda v: (v, np.array([0.0, 3.0])),
    "einsum_path": lambda v: ("ij,jk", v, v),
    "in1d": lambda v: (v, X[0]),
    "isclose": lambda v: (v, 5.0),
    "isin": lambda v: (v, X[0]),
    "lexsort": lambda v: ((v[0], v[1]),),
    "may_share_memory": lambda v: (v, X),
    "ravel_multi_index": lambda v: ((v > 2).astype(int), (2, 2)),
    "result_type": lambda v: (v, np.float32),
    "searchsorted": lambda v: (np.array([0.0, 3.0]), v),
    "shares_memory": lambda v: (v, X),
    "unravel_index": lambda v: ((v > 2).astype(int), (2, 2)),
    "argpartition": lambda v: (v, 1),
}
INTEGERS = {"gcd", "lcm", "left_shift", "right_shift", "bitwise_left_shift", "bitwise_right_shift"}
NOT_OF_FLOATS = {"isnat"}


def arguments(name: str, make: Callable[[Any], Any]) -> tuple[Any, ...]:
    function = numpy_function(name)
    if isinstance(function, np.ufunc):
        whole = name in INTEGERS or name.startswith("bitwise") or name == "invert"
        return (make(X.astype(int) if whole else X),) * function.nin
    return MATRIX.get(name, lambda v: (v,))(make(X))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    "name",
    [
        n
        for n in of_state("constant")
        if numpy_function(n) not in CREATED and n not in NOT_OF_FLOATS
    ],
)
def test_a_constant_function_answers_as_numpy(name: str) -> None:
    expected = numpy_function(name)(*arguments(name, np.asarray))
    answer = numpy_function(name)(*arguments(name, Variable))
    assert type(answer) is type(expected)
    assert not _holds_variable(answer)
    assert repr(answer) == repr(expected)


def _holds_variable(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(map(_holds_variable, value))
    return isinstance(value, Variable)


LIKE: dict[str, tuple[Any, ...]] = {
    "arange": (2, 5),
    "array": ([[1.0, 2.0]],),
    "asanyarray": ([1.0],),
    "asarray": ([1.0],),
    "ascontiguousarray": ([1.0],),
    "empty": ((0, 2),),
    "eye": (2, 3, 1),
    "full": ((2,), 3.5),
    "identity": (2,),
    "ones": ((2, 2),),
    "tri": (2, 3, -1),
    "zeros": (3,),
}


@pytest.mark.parametrize("name", [n for n in of_state("constant") if numpy_function(n) in CREATED])
def test_what_is_created_like_a_variable(name: str) -> None:
    v = Variable(X.astype("f"))
    y = numpy_function(name)(*LIKE[name], like=v)
    assert type(y) is Variable
    assert not y.requires_grad
    np.testing.assert_array_equal(y.array, numpy_function(name)(*LIKE[name]))
    assert y.dtype == ("i8" if name == "arange" else "f")
    assert numpy_function(name)(*LIKE[name], dtype=np.dtype("f8"), like=v).dtype == "d"


# ------------------------------------------------------------------------------------- refused

ARGUMENTS: dict[str, Callable[[Any], Any]] = {
    "apply_along_axis": lambda v: np.apply_along_axis(np.sum, 0, v),
    "apply_over_axes": lambda v: np.apply_over_axes(np.sum, v, [0]),
    "bmat": lambda v: np.bmat([[v]]),
    "copyto": lambda v: np.copyto(X.copy(), v),
    "fill_diagonal": lambda v: np.fill_diagonal(v, 1.0),
    "histogramdd": lambda v: np.histogramdd(v),
    "histogram2d": lambda v: np.histogram2d(v[0], v[1]),
    "intersect1d": lambda v: np.intersect1d(v, v),
    "linalg.tensorsolve": lambda v: np.linalg.tensorsolve(v, v[0]),
    "nextafter": lambda v: np.nextafter(v, v),
    "partition": lambda v: np.partition(v, 1),
    "piecewise": lambda v: np.piecewise(v, [X > 1], [1.0, 0.0]),
    "place": lambda v: np.place(v, X > 1, [1.0]),
    "put": lambda v: np.put(v, [0], 1.0),
    "put_along_axis": lambda v: np.put_along_axis(v, np.array([[0, 0]]), 1.0, 0),
    "putmask": lambda v: np.putmask(v, X > 1, 1.0),
    "setdiff1d": lambda v: np.setdiff1d(v, v),
    "setxor1d": lambda v: np.setxor1d(v, v),
    "union1d": lambda v: np.union1d(v, v),
}
# These are no functions of NumPy's protocol, and so convert, which raises too.
CONVERTING = {"asmatrix", "bmat", "asarray_chkfinite", "asfortranarray", "require"}


def required(function: Any) -> int:
    """How many arguments a function must have."""
    if isinstance(function, np.ufunc):
        return function.nin
    try:
        found = inspect.signature(function).parameters.values()
    except ValueError:  # written in C, in an older NumPy
        return 1
    return sum(p.default is p.empty and p.kind is not p.VAR_POSITIONAL for p in found)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", of_state("refused"))
def test_a_refused_function_raises_and_says_what_to_use(name: str) -> None:
    call = ARGUMENTS.get(
        name, lambda v: numpy_function(name)(*[v] * required(numpy_function(name)))
    )
    with pytest.raises(PlaygroundError) as caught:
        call(Variable(X))
    assert isinstance(caught.value, TypeError)
    if name not in CONVERTING:
        assert TABLE[name][1] in str(caught.value)
        assert name.rpartition(".")[2] in str(caught.value)


def test_every_reason_is_a_sentence_with_a_cure() -> None:
    for name in (*of_state("refused"), *of_state("not applicable")):
        head, colon, cure = TABLE[name][1].partition(": ")
        assert colon, name
        assert len(cure) > 10, name
        assert head.startswith(("is not differentiable", "changes an array", "has nothing")), name


# ---------------------------------------------------------------------------------------- page


def test_the_page_in_the_documentation_is_this_table() -> None:
    page = PAGE.read_text()
    if page.splitlines()[0] != coverage.markdown().splitlines()[0]:
        pytest.skip("made with another version of NumPy")
    assert page == coverage.markdown(), (
        "make the page anew: python -m playground.interpreters.coverage > docs/coverage.md"
    )


def test_the_module_prints_the_page() -> None:
    command = [sys.executable, "-m", "playground.interpreters.coverage"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout == coverage.markdown()
    assert result.stderr == ""
