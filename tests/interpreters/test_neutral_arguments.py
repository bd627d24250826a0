"""Arguments of methods and functions that change nothing: the dtype that is there, out=None."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from playground import NoRuleError, Variable
from playground.transforms import grad
from tests.loops import for_each

X = np.array([[1.0, 2.0], [3.0, 5.0]])
SAME = (float, "f8", np.float64, np.dtype(float), "float64", None)

METHODS: dict[str, Callable[[Any, Any], Any]] = {
    "sum": lambda x, dtype: x.sum(dtype=dtype),
    "sum, axis": lambda x, dtype: x.sum(axis=0, dtype=dtype, keepdims=True),
    "sum by position": lambda x, dtype: x.sum(0, dtype),
    "sum, all by position": lambda x, dtype: x.sum(0, dtype, None, True),
    "mean": lambda x, dtype: x.mean(dtype=dtype),
    "mean, axis": lambda x, dtype: x.mean(axis=1, dtype=dtype, keepdims=True),
    "mean by position": lambda x, dtype: x.mean(0, dtype),
    "mean, all by position": lambda x, dtype: x.mean(0, dtype, None, True),
    "prod": lambda x, dtype: x.prod(dtype=dtype),
    "prod by position": lambda x, dtype: x.prod(0, dtype),
    "cumsum": lambda x, dtype: x.cumsum(dtype=dtype),
    "cumsum by position": lambda x, dtype: x.cumsum(0, dtype),
    "cumprod": lambda x, dtype: x.cumprod(axis=1, dtype=dtype),
    "std": lambda x, dtype: x.std(axis=0, dtype=dtype),
    "std by position": lambda x, dtype: x.std(0, dtype),
    "var": lambda x, dtype: x.var(dtype=dtype, ddof=0),
    "trace": lambda x, dtype: x.trace(dtype=dtype),
    "trace by position": lambda x, dtype: x.trace(0, 0, 1, dtype),
    "np.sum": lambda x, dtype: np.sum(x, 0, dtype),
    "np.mean": lambda x, dtype: np.mean(x, 1, dtype),
    "np.prod": lambda x, dtype: np.prod(x, 0, dtype, None, True),
    "np.cumsum": lambda x, dtype: np.cumsum(x, 0, dtype),
    "np.std": lambda x, dtype: np.std(x, 0, dtype),
    "np.var": lambda x, dtype: np.var(x, 0, dtype, None, 0),
    "np.trace": lambda x, dtype: np.trace(x, 0, 0, 1, dtype),
    "np.nansum": lambda x, dtype: np.nansum(x, 0, dtype),
}


def total(y: Any) -> Any:
    return (y**2).sum()


@for_each(METHODS)
def test_a_dtype_that_is_there_already_changes_nothing(name: str) -> None:
    call = METHODS[name]
    for dtype in SAME:
        value = call(Variable(X), dtype)
        np.testing.assert_array_equal(value.array, call(X, dtype))
        assert value.dtype == float
        np.testing.assert_allclose(
            grad(lambda x, dtype=dtype: total(call(x, dtype)))(X),
            grad(lambda x: total(call(x, None)))(X),
            rtol=1e-15,
        )
    single = Variable(X.astype("f4"))
    assert call(single, np.float32).dtype == "f4"


@for_each(METHODS)
def test_another_dtype_is_refused_with_the_cast_to_write(name: str) -> None:
    for dtype in (np.float32, "f4", int):
        with pytest.raises(NoRuleError, match=r"v\.astype\(dtype\)"):
            METHODS[name](Variable(X), dtype)
    with pytest.raises(NoRuleError, match=r"v\.astype\(dtype\)"):
        METHODS[name](Variable(X.astype("f4")), float)


NEUTRAL: dict[str, Callable[[Any], Any]] = {
    "sum": lambda x: x.sum(0, out=None, initial=0.0, where=True),
    "mean": lambda x: x.mean(0, out=None, where=True),
    "max": lambda x: x.max(0, out=None),
    "min": lambda x: x.min(axis=1, out=None, keepdims=True),
    "clip": lambda x: x.clip(1.5, 4.0, out=None),
    "dot": lambda x: x.dot(x.T, out=None),
    "copy": lambda x: x.copy(order="C"),
    "compress": lambda x: x.compress([True, False], 0, out=None),
    "prod": lambda x: x.prod(axis=0, out=None, initial=1.0),
}


@for_each(NEUTRAL)
def test_arguments_that_say_nothing_are_taken(name: str) -> None:
    call = NEUTRAL[name]
    np.testing.assert_array_equal(call(Variable(X)).array, call(X))
    assert np.any(grad(lambda x: total(call(x)))(X))


def test_what_is_chainers_stays_so() -> None:
    v = Variable(X)
    np.testing.assert_array_equal(v.sum(0, True).array, [[4.0, 7.0]])
    np.testing.assert_array_equal(v.mean(0, weights=np.array([3.0, 1.0])).array, [1.5, 2.75])
    np.testing.assert_array_equal(
        v.mean(0, np.array([3.0, 1.0]), keepdims=True).array.shape, [1, 2]
    )
    np.testing.assert_array_equal(v.sum(where=X > 1.5, initial=2.0).array, 12.0)


def test_an_array_to_write_into_is_refused() -> None:
    out = np.zeros(2)
    for call in (
        lambda v: v.sum(0, out=out),
        lambda v: v.mean(0, None, out),
        lambda v: v.max(0, out=out),
        lambda v: v.dot(v, out=X.copy()),
        lambda v: v.clip(0, 1, out=X.copy()),
        lambda v: v.compress([1, 0], 0, out=out),
        lambda v: v.cumsum(0, out=X.copy()),
    ):
        with pytest.raises(NoRuleError, match="out="):
            call(Variable(X))
