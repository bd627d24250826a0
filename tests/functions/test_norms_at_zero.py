"""Second derivatives at a distance 0: right where they exist, NaN where they do not.

Those of a function of one distance are points of the table in ``tests/ops_points.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from playground import Variable
from playground.transforms import grad, hessian, hvp, jacobian, jvp, vmap

norm = np.linalg.norm
# --------------------------------------------------------------------- what is no function of r

NOWHERE: dict[str, Callable[[Any], Any]] = {
    "norm times an element": lambda x: norm(x) * x[0],
    "two norms": lambda x: norm(x[:1]) * norm(x[1:]),
    "sum of norms, squared": lambda x: (norm(x[:1]) + norm(x[1:])) ** 2,
    "order 3, squared": lambda x: norm(x, 3) ** 2,
    "order 4": lambda x: norm(x, 4),
    "order 1, squared": lambda x: norm(x, 1) ** 2,
    "order inf, squared": lambda x: norm(x, np.inf) ** 2,
    "standard deviation": np.std,
    "square of a sum of distances": lambda x: np.sum(np.hypot(x, 0.0)) ** 2,
}


@pytest.mark.parametrize("name", NOWHERE)
def test_no_second_derivative_is_invented(name: str) -> None:
    found = hessian(NOWHERE[name])(np.zeros(2))
    assert np.isnan(found).any()
    np.testing.assert_array_equal(grad(NOWHERE[name])(np.zeros(2)), np.zeros(2))


def _points(x: Any) -> Any:
    p = x.reshape(3, 2)
    return p[:, None] - p[None]


Y = np.array([1.0, 2.0, -1.0])


def _likelihood(squares: Any) -> Any:
    k = np.exp(-squares / 0.98) + 0.1 * np.eye(3)
    return Y @ np.linalg.solve(k, Y) + np.linalg.slogdet(k)[1]


def test_kernel_matrices_of_distances_are_those_of_squares() -> None:
    """The diagonal of a matrix of distances is 0, whatever the points."""
    x = np.array([0.0, 0.0, 1.0, 2.0, 0.5, -0.3])
    by_squares = hessian(lambda x: _likelihood(np.sum(_points(x) ** 2, -1)))(x)
    by_norms = hessian(lambda x: _likelihood(norm(_points(x), axis=-1) ** 2))(x)
    np.testing.assert_allclose(by_norms, by_squares, atol=1e-12 * abs(by_squares).max())

    def by_hypot(x: Any) -> Any:
        d = _points(x)
        return _likelihood(np.hypot(d[..., 0], d[..., 1]) ** 2)

    found = hessian(by_hypot)(x)
    np.testing.assert_allclose(found, by_squares, atol=1e-12 * abs(by_squares).max())


# ------------------------------------------------------------------ elements 0 beside others


@pytest.mark.parametrize("order", [3, 4])
def test_an_element_zero_of_a_norm_that_is_not(order: int) -> None:
    found = hessian(lambda x: norm(x, order) ** order)(np.array([0.0, 2.0]))
    np.testing.assert_allclose(found, np.diag([0, order * (order - 1) * 2.0 ** (order - 2)]))
    assert np.isfinite(hessian(lambda x: norm(x, order))(np.array([0.0, 2.0]))).all()


# ------------------------------------------------------------------- lanes, orders, dtypes


def test_every_way_to_second_derivatives() -> None:
    def f(x: Any) -> Any:
        return np.exp(-(norm(x) ** 2) / 2)

    zero, v = np.zeros(2), np.array([1.0, 3.0])
    np.testing.assert_allclose(hvp(f)(zero, v), -v)
    np.testing.assert_allclose(jvp(grad(f), (zero,), (v,))[1], -v)
    np.testing.assert_allclose(vmap(hessian(f))(np.zeros((3, 2)))[1], -np.eye(2))
    np.testing.assert_array_equal(jvp(norm, (zero,), (v,))[1], 0)
    assert np.isnan(jvp(grad(norm), (zero,), (v,))[1]).all()
    assert hessian(f)(np.zeros(2, "f")).dtype == "f"
    mixed = vmap(hessian(f))(np.array([[0.0, 0.0], [1.0, 0.0]]))
    np.testing.assert_allclose(mixed[0], -np.eye(2))
    np.testing.assert_allclose(mixed[1], np.diag([0, -math.exp(-0.5)]), atol=1e-16)


def test_lanes_of_a_first_pass_stay_apart() -> None:
    """Of two values each depends on its own row, or element, alone."""

    def two(x: Any) -> Any:
        return np.exp(-(norm(x.reshape(2, 2), axis=1) ** 2) / 2)

    found = jacobian(jacobian(two))(np.array([0.0, 0.0, 1.0, 0.0]))
    np.testing.assert_allclose(found[0], np.diag([-1.0, -1, 0, 0]), atol=1e-16)
    np.testing.assert_allclose(found[1], np.diag([0, 0, 0, -math.exp(-0.5)]), atol=1e-16)
    found = jacobian(jacobian(lambda x: abs(x) ** 2))(np.array([0.0, 1.0]))
    np.testing.assert_array_equal(found, [np.diag([2.0, 0]), np.diag([0, 2.0])])


def test_third_derivatives() -> None:
    zero = np.zeros(2)

    def third(f: Any) -> Any:
        return jacobian(hessian(f))(zero)

    np.testing.assert_array_equal(third(lambda x: np.exp(-(norm(x) ** 2) / 2)), np.zeros((2, 2, 2)))
    assert np.isnan(third(lambda x: norm(x) ** 3)).any()
    expected = np.array([[[6.0, 0], [0, 2]], [[0, 2], [2, 0]]])
    np.testing.assert_allclose(third(lambda x: norm(x) ** 2 * x[0]), expected)
    # The trace of the Hessian of a r^2 is 4 a.
    slope = grad(lambda a: np.trace(hessian(lambda x: a * norm(x) ** 2)(zero)))(3.0)
    np.testing.assert_allclose(slope, 4)


def test_beyond_the_third_nothing_is_said() -> None:
    assert np.isnan(jacobian(jacobian(hessian(lambda x: norm(x) ** 4)))(np.zeros(2))).any()


# ------------------------------------------------------------------------------ first order


def test_norms_of_every_order_at_zero_and_beside_it() -> None:
    for order in (None, 1, 1.5, 2, 3, 4, np.inf, -np.inf):
        gx = grad(lambda x: norm(x, order))(np.zeros(3))  # noqa: B023
        np.testing.assert_array_equal(gx, np.zeros(3))
    # 1 / (1 / |x| + 1 / |y|) is 0, whatever y, where x is.
    for order in (-1, -2):
        gx = grad(lambda x: norm(x, order))(np.array([0.0, 2.0]))  # noqa: B023
        np.testing.assert_array_equal(gx, np.zeros(2))
    np.testing.assert_array_equal(norm(Variable(np.array([0.0, 2.0, 3.0])), 0).array, 2)


def test_a_root_of_a_norm_has_a_vertical_tangent() -> None:
    assert np.isnan(grad(lambda x: np.sqrt(norm(x)))(np.zeros(2))).all()


@pytest.mark.parametrize("order", ["fro", "nuc", "bad"])
def test_a_vector_has_no_matrix_norm(order: str) -> None:
    with pytest.raises(ValueError, match="not defined for vectors"):
        norm(Variable(np.ones(3)), order)


PLACES = np.array([0.0, 1.0, 0.0, -2.0, 0.0])

# A part of what distances, some of them 0, are put into; and the same without the rest.
PARTS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "slice": (lambda x: np.sum((np.abs(x) ** 2)[1:]), lambda x: np.sum(x[1:] ** 2)),
    "list": (lambda x: np.sum((np.abs(x) ** 2)[[0, 1]]), lambda x: np.sum(x[:2] ** 2)),
    "number": (lambda x: (np.abs(x) ** 2)[2], lambda x: x[2] ** 2),
    "where": (
        lambda x: np.sum(np.where(np.arange(5) < 3, np.abs(x) ** 2, 0.0)),
        lambda x: np.sum(x[:3] ** 2),
    ),
    "before": (lambda x: np.sum(np.abs(x)[1:] ** 2), lambda x: np.sum(x[1:] ** 2)),
    "max": (lambda x: np.max(np.abs(x) ** 2), lambda x: x[3] ** 2),
    "gauss": (
        lambda x: np.exp(-(np.abs(x) ** 2))[1:].sum(),
        lambda x: np.exp(-(x[1:] ** 2)).sum(),
    ),
    "cube": (lambda x: np.sum((np.abs(x) ** 3)[2:3]), lambda x: x[2] ** 4),
    "norm": (
        lambda x: (norm(x[[[0, 2], [1, 3]]], axis=1) ** 2)[0],
        lambda x: x[0] ** 2 + x[2] ** 2,
    ),
    "hypot": (lambda x: (np.hypot(x[:2], x[2:4]) ** 2)[0], lambda x: x[0] ** 2 + x[2] ** 2),
}


@pytest.mark.parametrize("name", PARTS)
def test_hessian_of_a_part(name: str) -> None:
    f, witness = PARTS[name]
    wanted = hessian(witness)(PLACES)
    np.testing.assert_allclose(hessian(f)(PLACES), wanted, atol=1e-12)
    np.testing.assert_allclose(hvp(f)(PLACES, np.ones(5)), wanted.sum(axis=1), atol=1e-12)
    lanes = vmap(hessian(f))(np.stack([PLACES, PLACES]))
    np.testing.assert_allclose(lanes, np.stack([wanted, wanted]), atol=1e-12)


def along(f: Callable[[Any], Any], direction: np.ndarray) -> Callable[[Any], Any]:
    return lambda x: (grad(f)(x) * direction).sum()


# The first derivative that does not exist, of what has all below it.
ENDS: dict[str, tuple[Callable[[Any], Any], int]] = {
    "norm": (norm, 2),
    "norm to the third": (lambda x: norm(x) ** 3, 3),
    "hypot": (lambda x: np.hypot(x[0], x[1]), 2),
    "hypot to the third": (lambda x: np.hypot(x[0], x[1]) ** 3, 3),
    "standard deviation": (lambda x: np.std(x * np.array([1.0, -1.0])), 2),
    "distances to the third": (lambda x: (abs(x) ** 3).sum(), 3),
}


@pytest.mark.parametrize("name", ENDS)
def test_from_the_first_that_does_not_exist_on_there_is_none(name: str) -> None:
    """A recorded derivative of the order before is 0 as a raw one is, and no later one is 0."""
    f, first = ENDS[name]
    directions = [np.array([1.0, 0.5]), np.array([0.3, 1.0]), np.array([0.7, 0.2]), np.ones(2)]
    found = []
    for direction in directions:
        f = along(f, direction)
        found.append(float(f(np.zeros(2))))
    np.testing.assert_array_equal(found, [0.0] * (first - 1) + [np.nan] * (5 - first))


def test_forward_ahead_of_reverse_invents_no_second_derivative() -> None:
    """A cotangent that is a placeholder is 0, and its slope is not."""
    t = np.array([1.0, 0.5])
    for f, expected in {
        norm: np.full(2, np.nan),
        np.std: np.full(2, np.nan),
        lambda x: np.hypot(x[0], x[1]): np.full(2, np.nan),
        lambda x: norm(x) ** 2: 2 * t,
        lambda x: norm(x) ** 3: 0 * t,
        lambda x: np.exp(-(norm(x) ** 2)): -2 * t,
    }.items():
        found = grad(lambda x, f=f: jvp(f, (x,), (t,))[1])(np.zeros(2))
        np.testing.assert_array_equal(np.asarray(getattr(found, "array", found)), expected)
        np.testing.assert_array_equal(jvp(grad(f), (np.zeros(2),), (t,))[1], expected)
