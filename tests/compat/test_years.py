"""What NumPy, Python and others have dropped is back while a script runs, and noted."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Iterator

import numpy as np
import pytest

from playground.compat import years
from playground.compat.used import USES
from tests.loops import for_each


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    USES.found.clear()
    years.put_back()
    yield
    years.take_away()


@for_each(
    [
        ("float", float),
        ("int", int),
        ("object", object),
        ("NaN", None),
        ("Inf", np.inf),
        ("NINF", -np.inf),
        ("product", np.prod),
        ("alltrue", np.all),
        ("float_", np.float64),
        ("unicode_", np.str_),
    ]
)
def test_a_name_of_numpys(case: tuple[str, object]) -> None:
    name, value = case
    found = getattr(np, name)
    assert found is value or found == value or (value is None and np.isnan(found))


def test_every_old_name_leads_somewhere() -> None:
    for name, (instead, _) in years.NUMPY.items():
        if name not in vars(np):
            assert getattr(np, name) is not None
            assert USES.found[f"np.{name}"].instead == instead


def test_functions_that_went_do_what_they_did() -> None:
    numpy = importlib.import_module("numpy")  # names that no type checker knows
    assert numpy.asscalar(np.array([3])) == 3
    assert numpy.asfarray([1, 2]).dtype == float
    assert numpy.alen([[1, 2]]) == 1
    assert numpy.msort(np.array([[2, 1], [1, 2]])).tolist() == [[1, 1], [2, 2]]
    assert numpy.fromstring(b"\x01\x02", dtype=np.uint8).tolist() == [1, 2]
    assert numpy.fromstring("1 2", sep=" ").tolist() == [1, 2]
    assert "np.fromstring(bytes)" in USES.found


def test_modules_that_went() -> None:
    assert importlib.import_module("cPickle").__name__ == "cPickle"
    with warnings.catch_warnings(action="ignore"):  # SciPy's, of its empty module
        misc = importlib.import_module("scipy.misc")
    assert misc.comb(4, 2) == 6
    with pytest.raises(AttributeError, match=r"scipy\.misc"):
        _ = misc.frog
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("nonesuch")


def test_attributes_that_went() -> None:
    import collections
    import collections.abc
    import time

    assert collections.Mapping is collections.abc.Mapping  # type: ignore[attr-defined]
    assert time.clock() <= time.clock()  # type: ignore[attr-defined]
    assert USES.found["time.clock"].count == 2


def test_the_place_is_that_of_the_first_use() -> None:
    for _ in range(3):
        getattr(np, "product")  # noqa: B009 (a name that no type checker knows)
    use = USES.found["np.product"]
    assert use.place.startswith("test_years.py:")
    assert use.count == 3
    assert "np.product -> np.prod (3 times)" in USES.summary()


def test_a_module_loaded_later_is_completed() -> None:
    for path in [path for path in sys.modules if path.partition(".")[0] == "fractions"]:
        del sys.modules[path]
    assert importlib.import_module("fractions").gcd(4, 6) == 2


def test_nothing_stays() -> None:
    years.take_away()
    for name in ("product", "NaN", "alltrue"):
        with pytest.raises(AttributeError):
            getattr(np, name)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("cPickle")
    years.put_back()


def test_six_is_there_without_being_installed() -> None:
    six = years.Gone("six")
    assert list(six.iteritems({1: 2})) == [(1, 2)]
    assert isinstance("", six.string_types)
    assert not six.PY2
    moves = years.Gone("six.moves")
    assert list(moves.range(2)) == [0, 1]
    assert moves.cPickle.__name__ == "pickle"
    finder = years._GoneFinder()
    assert finder.find_spec("six").submodule_search_locations is not None
