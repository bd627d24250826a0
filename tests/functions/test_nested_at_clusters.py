"""Transforms of transforms at equal eigenvalues and singular values: closed forms of each order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from playground import DegenerateEigenvalueError
from playground.transforms import grad, hessian, hvp, jacobian, jvp, vmap

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


square, root, cube = function(np.square), function(np.sqrt), function(lambda w: w**3)


def several_uses(a: Any) -> Any:
    """Of values and vectors, beside a decomposition of what came of them: a⁴ tr a² + a³ D a."""
    w, v = np.linalg.eigh(a)
    weights = np.diag(np.arange(1.0, len(w) + 1))
    beside = (v * w**3) @ v.T @ weights @ (v * w) @ v.T
    return square((v * w**2) @ v.T) * (w**2).sum() + beside


def squeezed(a: Any) -> Any:
    ones = np.ones((len(a), len(a)))
    return square(ones @ square(a) @ ones)


# What each is of a symmetric matrix, in products and inverses alone.
TWICE: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "square of root": (lambda a: square(root(a)), lambda a: a),
    "square of square": (lambda a: square(square(a)), lambda a: a @ a @ a @ a),
    "logarithm of exponential": (lambda a: function(np.log)(function(np.exp)(a)), lambda a: a),
    "inverse of square": (
        lambda a: function(np.reciprocal)(square(a)),
        lambda a: np.linalg.inv(a @ a),
    ),
    "svd of root": (lambda a: rebuilt(6)(root(a)), lambda a: a @ a @ a),
    "svd of svd": (lambda a: rebuilt(3)(rebuilt(1)(a)), lambda a: a @ a @ a),
    "three": (lambda a: square(square(root(a))), lambda a: a @ a),
    "two of one": (
        lambda a: (lambda b: square(b) @ cube(b))(root(a @ a)),
        lambda a: a @ a @ a @ a @ a,
    ),
}
BASIS = np.linalg.qr(np.array([[1.0, 2, 3], [0, 1, 4], [5, 6, 0]]))[0]
CLUSTERED = {"identity": EYE, "two of three": (BASIS * np.array([1.0, 1, 2])) @ BASIS.T}


def derivatives(g: Callable[[Any], Any], a: np.ndarray, t: np.ndarray, u: np.ndarray) -> Any:
    """g'(a)[t] and g''(a)[t, u], which stand in g of a block triangular matrix."""
    n, z = len(a), np.zeros_like(a)

    def block(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return g(np.block([[a, x, z], [z, a, y], [z, z, a]]))

    both = block(t, u)
    return both[:n, n : 2 * n], both[:n, 2 * n :] + block(u, t)[:n, 2 * n :]


@pytest.mark.parametrize("where", CLUSTERED)
@pytest.mark.parametrize("name", TWICE)
def test_a_decomposition_of_what_came_of_another(name: str, where: str) -> None:
    (f, g), a = TWICE[name], CLUSTERED[where]
    n = len(a)
    weights, t, u = np.cos(np.arange(3 * n * n)).reshape(3, n, n)

    def loss(a: Any) -> Any:
        return (weights * f((a + a.T) / 2)).sum()

    first, second = derivatives(g, a, (t + t.T) / 2, (u + u.T) / 2)
    first, second = (weights * first).sum(), (weights * second).sum()
    found = (
        (grad(loss)(a) * t).sum(),
        jvp(loss, (a,), (t,))[1],
        (vmap(grad(loss))(np.stack([2 * a, a]))[1] * t).sum(),
    )
    np.testing.assert_allclose(found, first, rtol=1e-11)
    found = (
        (hvp(loss)(a, t) * u).sum(),
        (jvp(grad(loss), (a,), (t,))[1] * u).sum(),
        (grad(lambda a: jvp(loss, (a,), (t,))[1])(a) * u).sum(),
    )
    np.testing.assert_allclose(found, second, rtol=1e-10, atol=1e-12)


def test_values_and_vectors_beside_a_decomposition_of_what_came_of_them() -> None:
    a, weights = CLUSTERED["two of three"], np.cos(np.arange(9.0)).reshape(3, 3)
    diagonal = np.diag([1.0, 2, 3])
    matrices: dict[Callable[[Any], Any], Callable[[Any], Any]] = {
        several_uses: lambda s: s @ s @ s @ s * np.trace(s @ s) + s @ s @ s @ diagonal @ s,
        squeezed: lambda s: (
            np.ones((3, 3)) @ s @ s @ np.ones((3, 3)) @ np.ones((3, 3)) @ s @ s @ np.ones((3, 3))
        ),
        lambda a: np.linalg.eigvalsh(root(a)) ** 4: lambda s: np.trace(s @ s) * np.eye(3)[0],
        lambda a: np.linalg.norm(square(a), "nuc"): lambda s: np.trace(s @ s),
        lambda a: np.linalg.det(square(a)): lambda s: np.linalg.det(s) ** 2,
        lambda a: np.linalg.pinv(square(a)): lambda s: np.linalg.inv(s @ s),
    }
    for f, g in matrices.items():

        def loss(a: Any, h: Any = f) -> Any:
            y = h((a + a.T) / 2)
            return (weights * y).sum() if np.shape(y) == (3, 3) else y.sum()

        # Products alone have no clusters, so that their second derivatives are those of products.
        expected = hessian(partial(loss, h=g))(a)
        np.testing.assert_allclose(hessian(loss)(a), expected, atol=1e-10)


def rotated(a: Any) -> Any:
    """Its values do not depend on the basis, but the matrix does."""
    v = np.linalg.eigh(a)[1]
    return (np.linalg.eigvalsh(v.T @ np.diag([1.0, 1, 2]) @ v) ** 2).sum()


def weighted(a: Any) -> Any:
    v = np.linalg.eigh(a)[1]
    return square((v * np.array([1.0, 2, 2])) @ v.T)


def of_one_pair(a: Any) -> Any:
    w, v = np.linalg.eigh(a)
    return square((v * w[0]) @ (v * v[0, 0] ** 2).T)


@pytest.mark.parametrize("f", [rotated, weighted, of_one_pair], ids=lambda f: f.__name__)
@pytest.mark.parametrize("transform", [grad, hessian], ids=lambda t: t.__name__)
def test_a_decomposition_of_what_depends_on_a_basis_is_refused(f: Any, transform: Any) -> None:
    weights = np.cos(np.arange(9.0)).reshape(3, 3)
    for a in (np.eye(3), CLUSTERED["two of three"]):
        with pytest.raises(DegenerateEigenvalueError) as error:
            transform(lambda a: (weights * f((a + a.T) / 2)).sum())(a)
        assert f is not rotated or "not computed" in str(error.value)


def test_third_derivatives_are_refused_forward_too() -> None:
    """A term of third order is missing in a series that is right to second order."""
    for of in (np.linalg.inv, lambda b: b @ T @ b):

        def loss(a: Any, of: Any = of) -> Any:
            return (T * of(square(a))).sum()

        with pytest.raises(DegenerateEigenvalueError, match="third derivative"):
            hessian(lambda a: jvp(loss, (a,), (T,))[1])(EYE)
