"""Ties: along t -> t * ones the weights of what is tied sum up to the derivative."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground.functions as F
from playground import Variable, to_sympy
from playground.transforms import grad, hessian, jacobian, vmap

Call = Callable[[Any], Any]

# Equal elements: a vector, a matrix, a stack, with gaps where the function takes them.
PLACES: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "all": ((4,), {}),
    "rows": ((2, 3), {"axis": 1}),
    "columns": ((2, 3), {"axis": 0, "keepdims": True}),
    "two": ((2, 3, 2), {"axis": (0, -1)}),
}
REDUCTIONS = """
    max min amax amin nanmax nanmin median nanmedian
""".split()  # noqa: SIM905
FRACTIONS = "quantile nanquantile percentile nanpercentile".split()  # noqa: SIM905


def _fraction(name: str) -> Call:
    q = 30 if "percentile" in name else 0.3
    return lambda v, **options: getattr(np, name)(v, q, **options)


REDUCING: dict[str, Call] = {
    **{name: getattr(np, name) for name in REDUCTIONS},
    **{name: _fraction(name) for name in FRACTIONS},
    "method max": lambda v, **options: v.max(**options),
    "method min": lambda v, **options: v.min(**options),
    "maximum.reduce": lambda v, axis=None, **options: np.maximum.reduce(v, axis, **options),
    "minimum.reduce": lambda v, axis=None, **options: np.minimum.reduce(v, axis, **options),
    "initial": lambda v, **options: np.max(v, initial=-5.0, **options),
    "where": lambda v, **options: np.min(v, initial=9.0, where=v.array < 9, **options),
    "vector_norm": lambda v, **options: np.linalg.vector_norm(v, ord=np.inf, **options),
    "least": lambda v, **options: np.linalg.vector_norm(v, ord=-np.inf, **options),
}


@pytest.mark.parametrize("dtype", ["f", "d"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", REDUCING)
def test_weights_of_tied_elements_sum_to_one(name: str, place: str, dtype: str) -> None:
    shape, options = PLACES[place]
    x = Variable(np.full(shape, 2.0, dtype))
    y = REDUCING[name](x, **options)
    np.testing.assert_array_equal(y.array, np.full_like(y.array, 2))
    F.sum(y).backward()
    assert x.grad.dtype == dtype
    assert x.grad.min() >= 0
    weights = x.grad.sum(axis=options.get("axis"))
    np.testing.assert_allclose(weights, np.ones_like(weights), rtol=1e-6)


# Of elements that are all c: the derivative by c of the sum of what comes out.
ALONG: dict[str, tuple[Call, Any]] = {
    "sort": (np.sort, 6),
    "sort of all": (lambda v: np.sort(v, axis=None), 6),
    "sort down": (lambda v: -np.sort(-v), 6),
    "ptp": (lambda v: np.ptp(v, axis=1), 0),
    "maximum": (lambda v: np.maximum(v, v * 1), 6),
    "minimum": (lambda v: np.minimum(v, v * 1), 6),
    "fmax": (lambda v: np.fmax(v, v * 1), 6),
    "fmin": (lambda v: np.fmin(v, v * 1), 6),
    "logaddexp": (lambda v: np.logaddexp(v, v * 1), 6),
    "logaddexp2": (lambda v: np.logaddexp2(v, v * 1), 6),
    "logaddexp.reduce": (lambda v: np.logaddexp.reduce(v, axis=1), 2),
    "hypot": (lambda v: np.hypot(v, v * 1), 6 * math.sqrt(2)),
    "clip between": (lambda v: np.clip(v, v * 1, v * 1), 6),
    "clip at a limit": (lambda v: np.clip(v, 2.0, 3.0), 6),
    "take": (lambda v: v[0][np.argmax(v[0])], 1),
    "take_along_axis": (
        lambda v: np.take_along_axis(v, np.argsort(v.array, axis=1)[:, -1:], axis=1),
        2,
    ),
    "select": (lambda v: np.select([v >= 2, v <= 2], [v, 0 * v]), 6),
    "where": (lambda v: np.where(v >= v[::-1], v, v[::-1]), 6),
    "norm inf": (lambda v: np.linalg.norm(v, np.inf), 3),
    "norm -inf": (lambda v: np.linalg.norm(v, -np.inf), 3),
    "norm 1": (lambda v: np.linalg.norm(v, 1), 2),
    "norm -1": (lambda v: np.linalg.norm(v, -1), 2),
    "matrix_norm": (lambda v: np.linalg.matrix_norm(v, ord=1), 2),
    "norm inf of rows": (lambda v: np.linalg.norm(v, np.inf, axis=1), 2),
    "largest of absolute values": (lambda v: np.abs(-v).max(), 1),
    "softmax's shift": (lambda v: v - v.max(axis=1, keepdims=True), 0),
    "max of max": (lambda v: np.max(np.max(v, axis=0)), 1),
    "nanmax": (lambda v: np.nanmax(np.where(np.eye(2, 3) == 1, np.nan, v), axis=1), 2),
    "nanmin": (lambda v: np.nanmin(np.where(np.eye(2, 3) == 1, np.nan, v)), 1),
}


@pytest.mark.parametrize("name", ALONG)
def test_the_derivative_along_equal_elements(name: str) -> None:
    call, expected = ALONG[name]
    x = Variable(np.full((2, 3), 2.0))
    F.sum(call(x)).backward()
    np.testing.assert_allclose(x.grad.sum(), expected, rtol=1e-14, atol=1e-15)


def test_the_range_of_tied_ends() -> None:
    x = np.array([1.0, 2.0, 1.0, 2.0, 2.0])
    np.testing.assert_allclose(grad(np.ptp)(x), [-1 / 2, 1 / 3, -1 / 2, 1 / 3, 1 / 3])
    np.testing.assert_allclose(grad(np.max)(x), [0, 1 / 3, 0, 1 / 3, 1 / 3])
    np.testing.assert_allclose(grad(lambda v: np.min(v, initial=1.0))(x), [0.5, 0, 0.5, 0, 0])
    np.testing.assert_allclose(grad(lambda v: np.linalg.norm(v, np.inf))(-x)[1], -1 / 3)


# ----------------------------------------------------------------------- singular values


@pytest.mark.parametrize("order", [2, -2])
def test_spectral_norms_at_equal_singular_values(order: int) -> None:
    """Along t I the derivative is 1, and no basis is preferred."""
    for size in (2, 3):
        gx = grad(lambda v: np.linalg.norm(v, order))(2 * np.eye(size))
        np.testing.assert_allclose(gx, np.eye(size) / size, atol=1e-15)
    two = grad(lambda v: np.linalg.norm(v, 2))(np.diag([3.0, 3.0, 1.0]))
    np.testing.assert_allclose(two, np.diag([0.5, 0.5, 0]), atol=1e-15)


@pytest.mark.parametrize("order", [None, 2, -2, 1, np.inf, "fro"])
def test_the_condition_number_is_stationary_at_its_least_value(order: Any) -> None:
    gx = grad(lambda v: np.linalg.cond(v, order))(2 * np.eye(3))
    np.testing.assert_allclose(gx, np.zeros((3, 3)), atol=1e-15)


# ------------------------------------------------------------------- orders, lanes, symbols


def test_second_derivatives_at_ties() -> None:
    x = np.array([1.0, 2.0, 2.0])
    np.testing.assert_allclose(hessian(np.max)(x), np.zeros((3, 3)))
    square = hessian(lambda v: np.max(v) ** 2)(x)
    np.testing.assert_allclose(square, [[0, 0, 0], [0, 0.5, 0.5], [0, 0.5, 0.5]])


def test_ties_in_lanes() -> None:
    rows = np.array([[1.0, 1.0, 2.0], [3.0, 3.0, 3.0], [5.0, 5.0, 4.0]])
    expected = np.stack([grad(np.max)(row) for row in rows])
    np.testing.assert_allclose(vmap(grad(np.max))(rows), expected)
    np.testing.assert_allclose(expected.sum(axis=1), np.ones(3))
    found = jacobian(lambda v: np.max(v, axis=1, keepdims=True))(np.ones((2, 2)))
    np.testing.assert_allclose(found.reshape(2, 4), [[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])


def test_formulas_have_no_ties() -> None:
    """A share would be a case for each set of ties: 2^n of them."""
    gradient = to_sympy(grad(lambda v: np.max(v, axis=0)), (3,))
    assert str(gradient).count("1/3") == str(gradient).count("1/2") == 0


# ----------------------------------------------------------------------- limits that meet


def test_nothing_moves_between_limits_that_meet() -> None:
    x = np.array([0.0, 1.0, 2.0])
    low, high = np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.5, 1.0])
    for call, expected in (
        (lambda v: np.clip(v, low, high), [0, 1, 0]),
        (lambda v: np.clip(v, low, 1.0), [1, 0, 0]),
        (lambda v: v.clip(list(low), high), [0, 1, 0]),
    ):
        v = Variable(x)
        y = call(v)
        F.sum(y).backward()
        np.testing.assert_array_equal(v.grad, expected)
        np.testing.assert_array_equal(y.array, call(x))


# ------------------------------------------------------------------------ initial values


@pytest.mark.parametrize("name", ["max", "min", "nanmax", "nanmin", "sum", "prod", "nansum"])
def test_initial_values_of_nothing(name: str) -> None:
    function = getattr(np, name)
    for shape, options in (
        ((0,), {}),
        ((0, 3), {"axis": 0}),
        ((0, 3), {"axis": 1}),
        ((2, 0), {"axis": -1, "keepdims": True}),
        ((2, 0, 3), {"axis": (0, 1)}),
    ):
        for dtype in "fd":
            x = np.zeros(shape, dtype)
            y = function(Variable(x), initial=1.5, **options)
            expected = function(x, initial=1.5, **options)
            np.testing.assert_array_equal(y.array, expected)
            assert y.shape == expected.shape
            assert y.dtype == dtype


def test_an_initial_value_has_a_gradient_and_is_one_more_to_choose() -> None:
    first = Variable(np.array(1.5))
    F.sum(np.max(Variable(np.zeros((0, 3))), axis=0, initial=first)).backward()
    assert first.grad == 3
    gaps = np.array([[np.nan, np.nan], [1.0, np.nan]])
    for name, initial in (("nanmax", -1.0), ("nanmin", 7.0)):
        function = getattr(np, name)
        y = function(Variable(gaps), axis=1, initial=initial)
        np.testing.assert_array_equal(y.array, function(gaps, axis=1, initial=initial))
