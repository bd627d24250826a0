"""Transforms of transforms at equal eigenvalues and singular values: closed forms of each order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from playground import DegenerateEigenvalueError
from playground.transforms import grad, hessian, jacobian, jvp, vmap

EYE = np.eye(2)
T = np.array([[0.7, 0.3], [-0.4, 0.5]])


def powers_of_eigenvalues(a: Any) -> Any:
    w = np.linalg.eigvalsh((a + a.T) / 2)
    return np.stack([(w**2).sum(), w.sum() ** 2, np.prod(w)])


def powers_of_singular_values(a: Any) -> Any:
    s = np.linalg.svd(a, compute_uv=False)
    return np.stack([(s**2).sum(), (s**4).sum(), np.prod(s)])


def bilinear(form: Callable[[np.ndarray, np.ndarray], float]) -> np.ndarray:
    """The matrix (2, 2, 2, 2) of a bilinear form of two matrices."""
    units = np.eye(4).reshape(4, 2, 2)
    return np.array([[form(g, h) for h in units] for g in units]).reshape(2, 2, 2, 2)


def trace(*factors: np.ndarray) -> float:
    return float(np.trace(np.linalg.multi_dot(factors) if len(factors) > 1 else factors[0]))


def inner(g: np.ndarray, h: np.ndarray) -> float:
    return 2 * trace((g + g.T) / 2, (h + h.T) / 2)


def both_traces(g: np.ndarray, h: np.ndarray) -> float:
    return 2 * trace(g) * trace(h)


def of_determinant(g: np.ndarray, h: np.ndarray) -> float:
    return trace(g) * trace(h) - trace(g, h)


def of_symmetric_determinant(g: np.ndarray, h: np.ndarray) -> float:
    return of_determinant((g + g.T) / 2, (h + h.T) / 2)


def of_fourth_powers(g: np.ndarray, h: np.ndarray) -> float:
    """Of tr (xᵀx)² at the identity."""
    return 4 * trace(g.T, h) + 2 * trace(g + g.T, h + h.T)


SECOND = {
    powers_of_eigenvalues: [inner, both_traces, of_symmetric_determinant],
    powers_of_singular_values: [lambda g, h: 2 * trace(g.T, h), of_fourth_powers, of_determinant],
}
WEIGHTS = np.array([1.0, -2.0, 0.5])
WAYS: dict[str, tuple[Callable[[Any], Any], Callable[[np.ndarray], np.ndarray]]] = {
    "jacobian of jacobian": (lambda f: jacobian(jacobian(f))(EYE), lambda h: h),
    "in chunks": (lambda f: jacobian(jacobian(f), chunk=3)(EYE), lambda h: h),
    "grad of jacobian": (
        lambda f: grad(lambda a: (WEIGHTS[:, None, None] * jacobian(f)(a) * T).sum())(EYE),
        lambda h: np.einsum("i,ijklm,jk", WEIGHTS, h, T),
    ),
    "jvp of jacobian": (
        lambda f: jvp(jacobian(f), (EYE,), (T,))[1],
        lambda h: np.tensordot(h, T, 2),
    ),
    "jacobian of jvp": (
        lambda f: jacobian(lambda a: jvp(f, (a,), (T,))[1])(EYE),
        lambda h: np.tensordot(h, T, 2),
    ),
    "jvp of jvp": (
        lambda f: jvp(lambda a: jvp(f, (a,), (T,))[1], (EYE,), (T,))[1],
        lambda h: np.tensordot(np.tensordot(h, T, 2), T, 2),
    ),
    "jvp of grad": (
        lambda f: jvp(grad(lambda a: WEIGHTS @ f(a)), (EYE,), (T,))[1],
        lambda h: np.tensordot(np.tensordot(WEIGHTS, h, 1), T, 2),
    ),
    "vmap of hessian": (
        lambda f: vmap(hessian(lambda a: WEIGHTS @ f(a)))(np.stack([2 * EYE, EYE]))[1],
        lambda h: np.tensordot(WEIGHTS, h, 1),
    ),
    "vmap of both": (
        lambda f: vmap(jacobian(jacobian(f)))(np.stack([2 * EYE, EYE]))[1],
        lambda h: h,
    ),
    "both of vmap": (
        lambda f: jacobian(jacobian(lambda a: vmap(f)(np.stack([2 * a, a]))))(EYE)[1],
        lambda h: h,
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("f", SECOND, ids=lambda f: f.__name__)
def test_second_derivatives_in_every_nesting(f: Any, way: str) -> None:
    derivative, part = WAYS[way]
    second = np.stack([bilinear(form) for form in SECOND[f]])
    np.testing.assert_allclose(derivative(f), part(second), atol=1e-12)


def rebuilt(power: int) -> Callable[[Any], Any]:
    def f(a: Any) -> Any:
        u, s, vh = np.linalg.svd(a, full_matrices=False)
        return (u * s**power) @ vh

    return f


# At the identity, along T: x, x xᵀ x, and the polar factor.
FORWARD = {1: T, 3: 2 * T + T.T, 0: (T - T.T) / 2}


@pytest.mark.parametrize("power", FORWARD)
def test_forward_through_singular_vectors_at_equal_values(power: int) -> None:
    value, tangent = jvp(rebuilt(power), (EYE,), (T,))
    np.testing.assert_allclose(value, EYE, atol=1e-12)
    np.testing.assert_allclose(tangent, FORWARD[power], atol=1e-12)
    lanes = vmap(lambda t: jvp(rebuilt(power), (EYE,), (t,))[1])(np.stack([T, 2 * T]))
    np.testing.assert_allclose(lanes[1], 2 * FORWARD[power], atol=1e-12)


def test_forward_through_singular_vectors_at_zeros() -> None:
    for x in (np.zeros((3, 2)), np.outer([1.0, 2, 2], [0.6, 0.8]), np.eye(3)[:, :2]):
        tangent = np.arange(6.0).reshape(3, 2) - 1
        found = jvp(rebuilt(1), (x,), (tangent,))[1]
        np.testing.assert_allclose(found, tangent, atol=1e-12)
        # x xᵀ x
        found = jvp(rebuilt(3), (x,), (tangent,))[1]
        expected = tangent @ x.T @ x + x @ tangent.T @ x + x @ x.T @ tangent
        np.testing.assert_allclose(found, expected, atol=1e-11)


REFUSED = {
    "u": lambda u, s, vh: u,
    "first of both": lambda u, s, vh: np.outer(u[:, 0], vh[0]),
    "weighted": lambda u, s, vh: (u * np.array([1.0, 2.0])) @ vh,
    "values and vectors": lambda u, s, vh: s[0] * u[0, 0] ** 2,
}


@pytest.mark.parametrize("name", REFUSED)
def test_forward_is_refused_where_the_basis_matters(name: str) -> None:
    with pytest.raises(DegenerateEigenvalueError):
        jvp(lambda a: REFUSED[name](*np.linalg.svd(a)), (EYE,), (T,))


def test_the_polar_factor_has_no_derivative_at_zero() -> None:
    for x in (np.zeros((2, 2)), np.diag([1.0, 0.0])):
        with pytest.raises(DegenerateEigenvalueError):
            jvp(rebuilt(0), (x,), (T,))


def test_a_determinant_of_rank_two_has_its_gradient_forward() -> None:
    """det is a polynomial: at diag(2, 1, 0) its second derivative is 2·M₂₂ + 1·M₁₁ and so on."""
    x, t = np.diag([2.0, 1.0, 0.0]), np.arange(9.0).reshape(3, 3)
    found = jvp(grad(np.linalg.det), (x,), (t,))[1]
    # The terms of the cofactors that are linear in t.
    cofactors = [[t[2, 2], 0, 0], [0, 2 * t[2, 2], 0], [0, 0, t[0, 0] + 2 * t[1, 1]]]
    expected = np.array(cofactors)
    expected[0, 2], expected[2, 0] = -t[2, 0], -t[0, 2]
    expected[1, 2], expected[2, 1] = -2 * t[2, 1], -2 * t[1, 2]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    with pytest.raises(DegenerateEigenvalueError, match="third derivative of a determinant"):
        grad(lambda a: (jvp(grad(np.linalg.det), (a,), (t,))[1] * t).sum())(x)


def function(of: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def f(a: Any) -> Any:
        w, v = np.linalg.eigh(a)
        return (v * of(w)) @ v.T

    return f


TWICE = {
    "square of root": lambda a: function(np.square)(function(np.sqrt)(a)),
    "logarithm of exponential": lambda a: function(np.log)(function(np.exp)(a)),
    "inverse of inverse": lambda a: function(np.reciprocal)(function(np.reciprocal)(a)),
    "values of root": lambda a: np.linalg.eigvalsh(function(np.sqrt)(a)) ** 2,
    "svd of root": lambda a: rebuilt(2)(function(np.sqrt)(a)),
}


@pytest.mark.parametrize("name", TWICE)
def test_one_decomposition_of_another_is_not_said_to_have_no_derivative(name: str) -> None:
    """The matrix itself, all of them: it is only not computed at equal values."""
    with pytest.raises(DegenerateEigenvalueError, match="not computed") as error:
        grad(lambda a: (np.arange(4.0).reshape(2, 2) * TWICE[name](a)).sum())(EYE)
    assert "does not exist" not in str(error.value)
    apart = np.diag([1.0, 2.0])
    if name != "values of root":
        weights = np.array([[1.0, 2.0], [2.0, 3.0]])
        found = grad(lambda a: (weights * TWICE[name](a)).sum())(apart)
        np.testing.assert_allclose(found, [[1, 0], [4, 3]], atol=1e-12)
