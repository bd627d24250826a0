"""Arrays that mean more than their numbers: a decision for each, wherever one can come in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import playground.functions as F
from playground import GraphCutError, InvalidType, Variable, fit
from playground.transforms import grad, hessian, jacobian, value_and_grad, vjp, vmap

A = np.array([1.0, 2.0, 3.0])


class Named(np.ndarray):
    """A user's own class, which means nothing but its numbers."""


class WithUnit(np.ndarray):
    """One that computes by rules of its own, as quantities with units do."""

    def __array_ufunc__(self, *inputs: Any, **kwargs: Any) -> Any:
        return NotImplemented


REFUSED: dict[str, tuple[Any, str]] = {
    "masked": (np.ma.array(A, mask=[0, 1, 0]), r"MaskedArray with 1 masked"),
    "all masked": (np.ma.masked_all(3), r"MaskedArray with 3 masked"),
    "masked where": (np.ma.masked_less(A, 2.5), r"2 masked .*[\s\S]*filled"),
    "invalid": (np.ma.masked_invalid([1.0, np.nan, 2.0]), r"1 masked"),
    "one masked": (np.ma.masked, r"1 masked"),
    "matrix": (np.matrix(A), r"numpy\.matrix, whose \* is"),
    "square matrix": (np.matrix(np.eye(3)), r"numpy\.matrix, whose \* is"),
    "unit": (A.view(WithUnit), r"WithUnit, which computes by rules"),
    "recarray": (np.rec.array([(1.0, 2)] * 3, dtype=[("a", float), ("b", int)]), r"records"),
    "structured": (np.zeros(3, dtype=[("a", float)]), r"records"),
    "object": (np.array([1.0, 2.0, 3.0], dtype=object), r"Python objects"),
    "text": (np.array(["a", "b", "c"]), r"text"),
    "bytes": (np.array([b"a", b"b", b"c"]), r"bytes"),
    "chararray": (np.char.array(["a", "b", "c"]), r"text"),
    "dates": (np.array(["2020-01-01"] * 3, dtype="M8[D]"), r"dates"),
    "spans": (np.array([1, 2, 3], dtype="m8[D]"), r"spans of time"),
}
# Both sides of operators, functions of two and of several, writing, arguments and constants.
PLACES: dict[str, Callable[[Variable, Any], Any]] = {
    "v * c": lambda v, c: v * c,
    "v - c": lambda v, c: v - c,
    "v / c": lambda v, c: v / c,
    "v ** c": lambda v, c: v**c,
    "np.add(c, v)": lambda v, c: np.add(c, v),
    "np.maximum(v, c)": lambda v, c: np.maximum(v, c),
    "v @ c": lambda v, c: v @ c,
    "concatenate": lambda v, c: np.concatenate([v, c]),
    "where": lambda v, c: np.where(A > 1, v, c),
    "einsum": lambda v, c: np.einsum("i,i", v, c),
    "set": lambda v, c: v.__setitem__(slice(None), c),
    "F.add": lambda v, c: F.add(v, c),
    "Variable(c)": lambda v, c: Variable(c),
    "closed over": lambda v, c: grad(lambda x: (x * c).sum())(A),
    "fit with it": lambda v, c: fit(lambda x: ((x - c) ** 2).sum(), A),
}
ARGUMENTS: dict[str, Callable[[Any], Any]] = {
    "grad": lambda c: grad(lambda x: (x * x).sum())(c),
    "grad of a tree": lambda c: grad(lambda t: (t["x"] * 2.0).sum())({"x": c}),
    "value_and_grad": lambda c: value_and_grad(lambda x: x.sum())(c),
    "jacobian": lambda c: jacobian(lambda x: x * x)(c),
    "hessian": lambda c: hessian(lambda x: (x**3).sum())(c),
    "vjp": lambda c: vjp(lambda x: x * x, c),
    "fit": lambda c: fit(lambda x: (x * x).sum(), c),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", REFUSED)
def test_what_means_more_than_numbers_is_refused_by_name(name: str, place: str) -> None:
    constant, says = REFUSED[name]
    if (name, place) == ("unit", "np.add(c, v)"):
        pytest.skip("NumPy asks it first")
    with pytest.raises(InvalidType, match=says):
        PLACES[place](Variable(A) * 1.0, constant)


@pytest.mark.parametrize("transform", ARGUMENTS)
@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_as_an_argument(name: str, transform: str) -> None:
    constant, _ = REFUSED[name]
    with pytest.raises((TypeError, ValueError), match=r"(array of|real) numbers|InvalidType"):
        ARGUMENTS[transform](constant)


def test_from_the_left_an_array_with_a_mask_raises_too() -> None:
    masked, v = np.ma.array(A, mask=[0, 1, 0]), Variable(A) * 1.0
    with pytest.raises((InvalidType, GraphCutError), match=r"mask|plain array"):
        masked * v
    with pytest.raises(InvalidType, match=r"1 masked"):
        v[np.ma.array([0, 1, 2], mask=[0, 1, 0])]
    with pytest.raises(InvalidType, match=r"1 masked"):
        v[np.ma.array([True, False, True], mask=[0, 1, 0])] = 1.0
    with pytest.raises(InvalidType, match=r"1 masked"):
        np.where(masked > 1, v, 0.0)


def plain_ones(folder: Path) -> dict[str, Any]:
    mapped = np.memmap(folder / "a.bin", dtype=float, mode="w+", shape=(3,))
    mapped[:] = A
    records = np.rec.array([(1.0,), (2.0,), (3.0,)], dtype=[("a", float)])
    return {
        "memmap": mapped,
        "nothing masked": np.ma.array(A),
        "mask of False": np.ma.array(A, mask=[0, 0, 0]),
        "field of records": records.a,
        "field, structured": np.array([(1.0,), (2.0,), (3.0,)], dtype=[("a", float)])["a"],
        "own class": A.view(Named),
    }


@pytest.mark.parametrize("name", ["memmap", "nothing masked", "mask of False", "field of records",
                                  "field, structured", "own class"])  # fmt: skip
def test_a_subclass_that_means_its_numbers_is_taken_as_an_array(name: str, tmp_path: Path) -> None:
    c = plain_ones(tmp_path)[name]
    v = Variable(A) * 1.0
    for y in (v * c, np.add(c, v), np.maximum(v, c), np.concatenate([v, c]), v @ c, v - c):
        assert type(y.array) is np.ndarray
    assert type(Variable(c).array) is np.ndarray
    np.testing.assert_array_equal((v * c).array, A * A)
    for gradient in (grad(lambda x: (x * c * x).sum())(A), grad(lambda x: (x**3).sum())(c)):
        assert type(gradient) is np.ndarray
    np.testing.assert_array_equal(grad(lambda x: (x**3).sum())(c), 3 * A**2)
    np.testing.assert_array_equal(hessian(lambda x: (x**3).sum())(c), np.diag(6 * A))
    np.testing.assert_array_equal(vmap(grad(lambda x: x**3))(c), 3 * A**2)
    np.testing.assert_allclose(fit(lambda x: ((x - c) ** 2).sum(), c + 1).x, A, atol=1e-3)


def test_series_and_frames_count_as_their_values_in_transforms_and_are_named_beside_variables() -> (
    None
):
    series, frame = pd.Series(A, index=[3, 1, 2]), pd.DataFrame({"a": A})
    np.testing.assert_array_equal(grad(lambda x: (x**3).sum())(series), 3 * A**2)
    np.testing.assert_array_equal(grad(lambda x: (x**3).sum())(frame), 3 * A[:, None] ** 2)
    for other in (series, frame):
        for place in ("concatenate", "v @ c", "where", "Variable(c)"):
            with pytest.raises(TypeError, match=type(other).__name__):
                PLACES[place](Variable(A) * 1.0, other)
