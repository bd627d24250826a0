"""Derivatives of very large and very small numbers, and arrays of the other byte order."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground.functions as F
from playground import Variable
from playground.transforms import grad, hessian, jacobian, vmap

# Two arguments, and the derivatives by both, from the formula at a common factor.
TWO: dict[str, tuple[Callable[..., Any], Callable[[float], tuple[float, float]]]] = {
    "arctan2": (np.arctan2, lambda s: (0.16 / s, -0.12 / s)),
    "hypot": (np.hypot, lambda s: (0.6, 0.8)),
    "divide": (np.divide, lambda s: (0.25 / s, -0.1875 / s)),
    "remainder": (lambda x, y: np.remainder(y, x), lambda s: (-1, 1)),
    "fmod": (lambda x, y: np.fmod(y, x), lambda s: (-1, 1)),
    "maximum": (np.maximum, lambda s: (0, 1)),
    "norm": (lambda x, y: np.hypot(np.hypot(x, y), 0.0), lambda s: (0.6, 0.8)),
    "angle": (lambda x, y: 2 * np.arctan2(x, y), lambda s: (0.32 / s, -0.24 / s)),
}


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("scale", [1e-250, 1e-200, 1e-160, 1e-100, 1.0, 1e100, 1e160, 1e200, 1e250])
@pytest.mark.parametrize("name", TWO)
def test_nothing_overflows_or_vanishes_on_the_way(name: str, scale: float) -> None:
    f, expected = TWO[name]
    found = grad(f, (0, 1))(3 * scale, 4 * scale)
    np.testing.assert_allclose(found, expected(scale), rtol=1e-13)


ONE: dict[str, tuple[Callable[[Any], Any], float, float]] = {
    "arcsinh": (np.arcsinh, 1e200, 1e-200),
    "arcsinh, negative": (np.arcsinh, -1e200, 1e-200),
    "arccosh": (np.arccosh, 1e200, 1e-200),
    "a large constant": (lambda x: 1e300 / x, 1e200, -1e-100),
    "a small constant": (lambda x: 1e-300 / x, 1e-200, -1e100),
    "reciprocal": (lambda x: 1e300 * np.reciprocal(x), 1e200, -1e-100),
    "sqrt": (np.sqrt, 1e-300, 0.5e150),
    "cbrt": (np.cbrt, 1e-300, 1e200 / 3),
    "log": (np.log, 1e-300, 1e300),
    "log1p": (np.log1p, 1e300, 1e-300),
}


@pytest.mark.parametrize("name", ONE)
def test_of_one_argument(name: str) -> None:
    f, x, expected = ONE[name]
    np.testing.assert_allclose(grad(f)(x), expected, rtol=1e-13)


@pytest.mark.parametrize("scale", [1e-100, 1e100])
def test_second_derivatives_of_an_angle(scale: float) -> None:
    """(a, b) = (3, 4): 2 a b / r^4 = 0.0384, and (b^2 - a^2) / r^4 = 0.0112."""
    found = hessian(lambda v: np.arctan2(v[0], v[1]))(np.array([3 * scale, 4 * scale]))
    expected = np.array([[-0.0384, -0.0112], [-0.0112, 0.0384]]) / scale / scale
    np.testing.assert_allclose(found, expected, rtol=1e-13)


@pytest.mark.parametrize("size", [1.0, 1e10, 1e16, 1e17, 1e100, 1e300, -1e17, -1e300, math.inf])
def test_equal_terms_of_a_logarithmic_sum_share_it(size: float) -> None:
    """Beyond 1e16 the logarithm is lost in the sum, and its terms are equal to it."""
    for function in (np.logaddexp, np.logaddexp2):
        np.testing.assert_allclose(grad(function, (0, 1))(size, size), [0.5, 0.5], rtol=1e-15)
    x = np.full((2, 3), size)
    rows = jacobian(lambda x: F.logsumexp(x, 1))(x)
    np.testing.assert_allclose(rows.sum(axis=(1, 2)), [1, 1], rtol=1e-14)
    np.testing.assert_allclose(grad(np.logaddexp.reduce)(x[0]), np.full(3, 1 / 3), rtol=1e-14)
    if math.isfinite(size):
        found = hessian(lambda v: np.logaddexp(v[0], v[1]))(np.full(2, size))
        np.testing.assert_allclose(found, [[0.25, -0.25], [-0.25, 0.25]], rtol=1e-13)


# ---------------------------------------------------------------------------- byte order

FOREIGN = ">" if sys.byteorder == "little" else "<"

CALLS: dict[str, Callable[[Any], Any]] = {
    "sin": lambda x: np.sum(np.sin(x)),
    "power": lambda x: np.sum(x**3),
    "norm": np.linalg.norm,
    "product": lambda x: np.dot(x, x),
    "max": np.max,
    "index": lambda x: x[0] * x[1],
    "with native": lambda x: np.sum(x * np.arange(3.0, dtype="f")),
    "with foreign": lambda x: np.sum(x * np.arange(3.0).astype(FOREIGN + "f4")),
    "concatenate": lambda x: np.sum(np.concatenate([x, x * x])),
}


@pytest.mark.parametrize("kind", ["f4", "f8"])
@pytest.mark.parametrize("name", CALLS)
def test_arrays_of_the_other_byte_order(name: str, kind: str) -> None:
    call = CALLS[name]
    native = np.array([1.0, -2.0, 0.5], kind)
    foreign = native.astype(FOREIGN + kind)
    found = grad(call)(foreign)
    np.testing.assert_array_equal(found, grad(call)(native))
    assert found.dtype == np.dtype(kind)
    x = Variable(foreign)
    call(x).backward()
    np.testing.assert_array_equal(x.grad, found)
    np.testing.assert_array_equal(hessian(call)(foreign), hessian(call)(native))


def test_a_foreign_array_beside_a_variable() -> None:
    foreign = np.arange(3.0).astype(FOREIGN + "f8")
    x = Variable(np.ones(3))
    for y in (x + foreign, foreign * x, np.where(foreign > 1, x, foreign), x + Variable(foreign)):
        assert y.dtype == np.float64
    x.array = foreign
    assert x.array.dtype.isnative
    x.grad = foreign
    np.testing.assert_array_equal(x.grad, [0, 1, 2])


SHARES = np.array([3.0, -4.0, 12.0])
LENGTH = 13.0
CUBES = np.cbrt(27.0 + 64 + 1728)
# name -> function, its gradient at SHARES and at every multiple of it.
NORMS: dict[str, tuple[Any, Any]] = {
    "norm": (np.linalg.norm, SHARES / LENGTH),
    "of order 2": (lambda v: np.linalg.norm(v, 2), SHARES / LENGTH),
    "of order 3": (lambda v: np.linalg.norm(v, 3), np.sign(SHARES) * (SHARES / CUBES) ** 2),
    "frobenius": (lambda v: np.linalg.norm(v.reshape((1, 3)), "fro"), SHARES / LENGTH),
    "along an axis": (lambda v: np.linalg.norm(v.reshape((3, 1)), axis=0).sum(), SHARES / LENGTH),
    "vector_norm": (np.linalg.vector_norm, SHARES / LENGTH),
    "matrix_norm": (lambda v: np.linalg.matrix_norm(v.reshape((1, 3))), SHARES / LENGTH),
    "hypot": (lambda v: np.hypot(np.hypot(v[0], v[1]), v[2]), SHARES / LENGTH),
    "std": (np.std, (SHARES - SHARES.mean()) / (3 * SHARES.std())),
}


@pytest.mark.parametrize("scale", [1e200, 1e155, 1e150, 1e-150, 1e-160, 1e-200])
@pytest.mark.parametrize("name", NORMS)
def test_the_gradient_of_a_norm_has_no_scale(name: str, scale: float) -> None:
    """The value overflows, or is lost, as NumPy's; the gradient is that of the norm."""
    f, slope = NORMS[name]
    with np.errstate(over="ignore", under="ignore"):
        np.testing.assert_array_equal(f(SHARES * scale), f(Variable(SHARES * scale)).array)
        np.testing.assert_allclose(grad(f)(SHARES * scale), slope, rtol=1e-12)
        # Of second order it is that of SHARES over the scale.
        found = hessian(f)(SHARES * scale) * scale
        np.testing.assert_allclose(found, hessian(f)(SHARES), atol=1e-12)
        lanes = vmap(grad(f))(np.stack([SHARES, SHARES * scale]))
    np.testing.assert_allclose(lanes, [slope, slope], rtol=1e-12)


def test_far_rows_beside_usual_ones_and_zeros() -> None:
    rows = np.outer([1.0, 1e200, 1e-200, 0.0], SHARES)
    expected = np.outer([1.0, 1.0, 1.0, 0.0], SHARES / LENGTH)
    with np.errstate(over="ignore", under="ignore"):
        found = grad(lambda v: np.linalg.norm(v, axis=1).sum())(rows)
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("name", ["median", "quantile", "percentile"])
def test_the_gradient_of_a_middle_among_nan_is_nan(name: str) -> None:
    """NumPy's value is NaN; a nan-function leaves the gaps out."""
    arguments = {"median": (), "quantile": (0.5,), "percentile": (50,)}[name]
    x = np.array([[3.0, math.nan, 1.0], [3.0, 7.0, 1.0]])

    def rows(call: Any) -> Any:
        return lambda v: call(v, *arguments, axis=1)

    found = jacobian(rows(getattr(np, name)))(x)
    assert np.isnan(found[0, 0]).all()
    np.testing.assert_array_equal(found[0, 1], 0)
    np.testing.assert_array_equal(found[1], [[0, 0, 0], [1, 0, 0]])
    assert np.isnan(grad(getattr(np, name))(x[0], *arguments)).all()
    found = jacobian(rows(getattr(np, f"nan{name}")))(x)
    np.testing.assert_array_equal(found[0], [[0.5, 0, 0.5], [0, 0, 0]])
    np.testing.assert_array_equal(found[1], [[0, 0, 0], [1, 0, 0]])
    # What was not selected adds nothing.
    chosen = grad(lambda v: np.where([False, True], rows(getattr(np, name))(v), 0.0).sum())(x)
    np.testing.assert_array_equal(chosen, [[0, 0, 0], [1, 0, 0]])


@pytest.mark.parametrize("ddof", [0, 1, 2])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_a_variance_has_the_last_digit_of_numpy(axis: int | None, ddof: int) -> None:
    """Divided as NumPy divides: equal elements would leave other rounding errors."""
    for dtype in ("f4", "f8"):
        data = np.random.default_rng(1).normal(size=(5, 7)).astype(dtype)
        for x in (data, data * 0 + data[0, 0]):
            for f in (
                lambda z: np.var(z, axis=axis, ddof=ddof),
                lambda z: np.std(z, axis=axis, ddof=ddof),
                lambda z: z.var(axis=axis, ddof=ddof, keepdims=True),
            ):
                np.testing.assert_array_equal(f(Variable(x)).array, f(x))
