"""Functions of a matrix by its decomposition, where eigenvalues or singular values are equal.

The witness of a symmetric matrix's function are divided differences (Daleckii and Krein, 1965) of
a scalar function with known derivatives: f[λᵢ, λⱼ] for the first derivative along E, and
Σₖ f[λᵢ, λₖ, λⱼ] (EᵢₖGₖⱼ + GᵢₖEₖⱼ) for the second along E and G, in the basis of eigenvectors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from playground import DegenerateEigenvalueError, Variable
from playground.transforms import grad, hessian, hvp, jacobian, jvp, vmap
from tests.ops_points import UNDEFINED, of_eigh, of_two

RNG = np.random.default_rng(3)
C, E = RNG.standard_normal((2, 3, 3))
C_SYM, E_SYM = (C + C.T) / 2, (E + E.T) / 2
B = RNG.standard_normal(3)
Q = np.linalg.qr(RNG.standard_normal((3, 3)))[0]
# Eigenvalues and their basis: all equal, two equal, in the given basis and in a turned one.
POINTS = {
    "identity": (np.ones(3), np.eye(3)),
    "twice": (2 * np.ones(3), Q),
    "double": (np.array([1.0, 1, 2]), np.eye(3)),
    "turned": (np.array([0.5, 2, 2]), Q),
    "apart": (np.array([0.5, 1, 2]), Q),
}
# f, f' and f''.
SCALARS: dict[str, tuple[Callable[[Any], Any], ...]] = {
    "itself": (lambda w: w, lambda w: w**0, lambda w: 0 * w),
    "square": (lambda w: w * w, lambda w: 2 * w, lambda w: 2 * w**0),
    "sqrt": (np.sqrt, lambda w: 0.5 * w**-0.5, lambda w: -0.25 * w**-1.5),
    "log": (np.log, lambda w: 1 / w, lambda w: -1 / w**2),
    "exp": (np.exp, np.exp, np.exp),
    "inverse": (lambda w: 1 / w, lambda w: -1 / w**2, lambda w: 2 / w**3),
    "minus one": (lambda w: w - 1, lambda w: w**0, lambda w: 0 * w),
}
FORMS: dict[str, Callable[[Any, Any], Any]] = {
    "columns": lambda v, d: (v * d) @ v.T,
    "diag": lambda v, d: v @ np.diag(d) @ v.T,
    "rows": lambda v, d: np.dot(v, d[:, None] * v.T),
    "einsum": lambda v, d: np.einsum("ij,j,kj->ik", v, d, v),
    "sum": lambda v, d: sum(d[i] * np.outer(v[:, i], v[:, i]) for i in range(3)),
    "quadratic": lambda v, d: np.outer(v @ (d * (v.T @ B)), B),
}


def matrix(point: str) -> np.ndarray:
    w, v = POINTS[point]
    return (v * w) @ v.T


def of_matrix(f: Callable[[Any], Any], form: str = "columns") -> Callable[[Any], Any]:
    def function(a: Any) -> Any:
        w, v = np.linalg.eigh((a + a.T) / 2)
        return FORMS[form](v, f(w))

    return function


def divided(fs: Any, *points: float) -> float:
    """f[a, b] or f[a, b, c] from f, f' and f''."""
    f, f1, f2 = fs
    a, b, *rest = sorted(points)
    if not rest:
        return float(f1(a)) if a == b else float((f(b) - f(a)) / (b - a))
    if a == rest[0]:
        return float(f2(a) / 2)
    return (divided(fs, b, rest[0]) - divided(fs, a, b)) / (rest[0] - a)


def first_along(fs: Any, point: str, e: np.ndarray) -> np.ndarray:
    w, v = POINTS[point]
    quotients = np.array([[divided(fs, a, b) for b in w] for a in w])
    return v @ (quotients * (v.T @ e @ v)) @ v.T


def second_along(fs: Any, point: str, e: np.ndarray, g: np.ndarray) -> np.ndarray:
    w, v = POINTS[point]
    quotients = np.array([[[divided(fs, a, c, b) for b in w] for c in w] for a in w])
    e, g = v.T @ e @ v, v.T @ g @ v
    both = e[:, :, None] * g[None] + g[:, :, None] * e[None]
    return v @ (quotients * both).sum(axis=1) @ v.T


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("name", SCALARS)
def test_function_of_a_matrix(name: str, point: str) -> None:
    """Its gradient and Hessian product are those of the smooth function of the matrix."""
    fs = SCALARS[name]

    def loss(a: Any) -> Any:
        return (C * of_matrix(fs[0])(a)).sum()

    x = matrix(point)
    expected = first_along(fs, point, C_SYM)
    np.testing.assert_allclose(grad(loss)(x), expected, rtol=1e-9, atol=1e-11)
    expected = second_along(fs, point, C_SYM, E_SYM)
    np.testing.assert_allclose(hvp(loss)(x, E), expected, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("point", ["identity", "turned"])
def test_however_it_is_written(form: str, point: str) -> None:
    """No form is recognised: every one is right."""
    fs = SCALARS["exp"]

    def loss(a: Any) -> Any:
        return (C * of_matrix(fs[0], form)(a)).sum()

    weights = C if form != "quadratic" else np.outer(C @ B, B)
    expected = first_along(fs, point, (weights + weights.T) / 2)
    np.testing.assert_allclose(grad(loss)(matrix(point)), expected, rtol=1e-10, atol=1e-12)


def test_a_nonlinear_function_of_a_function_of_a_matrix() -> None:
    """Sum of C sin(A), element by element: the Hessian is -C sin(A) on the diagonal, no more."""

    def loss(a: Any) -> Any:
        return (C * np.sin(of_matrix(lambda w: w)(a))).sum()

    for point in ("identity", "double", "turned"):
        a = matrix(point)
        found = hvp(loss)(a, E_SYM)
        np.testing.assert_allclose(found, -C_SYM * np.sin(a) * E_SYM, atol=1e-10)


def test_jacobian_and_lanes_of_a_function_of_a_matrix() -> None:
    fs = SCALARS["exp"]
    f = of_matrix(fs[0])
    for point in ("identity", "double"):
        a = matrix(point)
        expected = first_along(fs, point, E_SYM)
        np.testing.assert_allclose(np.einsum("ijkl,kl", jacobian(f)(a), E), expected, rtol=1e-10)
        np.testing.assert_allclose(jvp(f, (a,), (E,))[1], expected, rtol=1e-10)
    names = ["identity", "double", "apart"]
    many = np.stack([matrix(name) for name in names])
    found = vmap(grad(lambda a: (C * f(a)).sum()))(many)
    expected = np.stack([first_along(fs, name, C_SYM) for name in names])
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_a_stack_and_single_precision() -> None:
    fs = SCALARS["sqrt"]
    names = ["identity", "turned", "apart"]
    many = np.stack([matrix(name) for name in names])

    def loss(a: Any) -> Any:
        w, v = np.linalg.eigh((a + a.swapaxes(-1, -2)) / 2)
        return (C.astype(a.dtype) * ((v * np.sqrt(w)[:, None, :]) @ v.swapaxes(-1, -2))).sum()

    expected = np.stack([first_along(fs, name, C_SYM) for name in names])
    np.testing.assert_allclose(grad(loss)(many), expected, rtol=1e-10, atol=1e-12)
    single = grad(loss)(many.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, rtol=2e-4, atol=2e-5)


def test_second_derivative_of_a_vector_beside_equal_values() -> None:
    """(bᵀv)² of the top vector, by perturbation theory: the lower two values may be equal."""

    def loss(a: Any) -> Any:
        v = np.linalg.eigh((a + a.T) / 2)[1]
        return (v[:, -1] @ B) ** 2

    # The projector P = v vᵀ is f(A) with f = 1 at the top value and 0 near the lower one.
    a = np.diag([1.0, 1.0, 2.0])
    p, r = np.diag([0.0, 0, 1]), np.diag([1.0, 1, 0])
    e, g = E_SYM, np.outer(B, B)
    # Second derivative of the projector along e, twice (Kato); r is the reduced resolvent.
    second = r @ e @ r @ e @ p + p @ e @ r @ e @ r + r @ e @ p @ e @ r
    second = second - p @ e @ r @ r @ e @ p - (r @ r @ e @ p @ e @ p + p @ e @ p @ e @ r @ r)
    found = (hvp(loss)(a, e) * e).sum()
    np.testing.assert_allclose(found, 2 * (second * g).sum(), rtol=1e-10)
    assert hessian(loss)(a).shape == (3, 3, 3, 3)


@pytest.mark.parametrize(
    "f",
    [
        lambda w, v: (C * v).sum(),
        lambda w, v: (v[:, -1] ** 2 * np.arange(3.0)).sum(),
        lambda w, v: (w * np.arange(1, 4.0) * v[0] ** 2).sum(),
        lambda w, v: np.sin(v[:, 0] @ B),
        lambda w, v: v[0, 0] ** 2,
    ],
)
def test_what_depends_on_the_basis_is_refused_at_first_order(f: Callable[..., Any]) -> None:
    """Also where LAPACK's basis, the unit vectors, is one in which the first slope vanishes."""
    for a in (np.eye(3), matrix("twice")):
        with pytest.raises(DegenerateEigenvalueError, match="derivative of eigenvectors"):
            grad(lambda a: f(*np.linalg.eigh(a)))(a)
        with pytest.raises(DegenerateEigenvalueError):
            jvp(lambda a: f(*np.linalg.eigh(a)), (a,), (E_SYM,))


def test_backward_leaves_the_gradient_of_the_triangle_that_is_read() -> None:
    x = Variable(np.eye(3))
    w, v = np.linalg.eigh(x)
    (C * ((v * np.exp(w)) @ v.T)).sum().backward()
    expected = np.e * (np.tril(C + C.T) - np.diag(np.diag(C)))
    np.testing.assert_allclose(x.grad, expected, rtol=1e-12)


def test_a_third_derivative_of_a_function_of_a_matrix_is_refused() -> None:
    def loss(a: Any) -> Any:
        return (C * of_matrix(np.exp)(a)).sum()

    with pytest.raises(DegenerateEigenvalueError, match="third derivative"):
        grad(lambda a: (hvp(loss)(a, E) * E).sum())(np.eye(3))


# ------------------------------------------------------------------------- singular values

SHAPES = [(3, 3), (4, 3), (3, 4)]
RANKS = ["orthogonal", "zero", "rank one", "rank two", "full"]


def of_rank(kind: str, shape: tuple[int, int]) -> np.ndarray:
    m, n = shape
    if kind == "orthogonal":
        return np.eye(m, n)
    if kind == "rank one":
        return np.outer(np.arange(1.0, m + 1), np.ones(n))
    if kind == "full":
        return np.random.default_rng(5).standard_normal(shape) + 3 * np.eye(m, n)
    return (2 if kind == "rank two" else 0) * np.eye(m, 2) @ np.eye(2, n)


def again(a: Any) -> Any:
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return (u * s) @ vh


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", RANKS)
def test_what_a_decomposition_puts_together_is_the_matrix_itself(
    kind: str, shape: tuple[int, int]
) -> None:
    """(u * s) @ vh: the derivatives of functions of it are those of functions of the matrix."""
    a, rng = of_rank(kind, shape), np.random.default_rng(7)
    c, e = rng.standard_normal((2, *shape))
    np.testing.assert_allclose(grad(lambda a: (c * again(a)).sum())(a), c, atol=1e-12)
    found = hvp(lambda a: (c * np.sin(again(a))).sum())(a, e)
    np.testing.assert_allclose(found, -c * np.sin(a) * e, atol=1e-11)
    found = np.einsum("ijkl,kl", jacobian(again)(a), e)
    np.testing.assert_allclose(found, e, atol=1e-12)


@pytest.mark.parametrize("kind", RANKS)
def test_an_odd_function_of_singular_values(kind: str) -> None:
    """u diag(s³) vh is a aᵀ a, a polynomial."""
    a = of_rank(kind, (3, 3))

    def loss(a: Any) -> Any:
        u, s, vh = np.linalg.svd(a)
        return (C * ((u * s**3) @ vh)).sum()

    expected = C @ a.T @ a + a @ C.T @ a + a @ a.T @ C
    np.testing.assert_allclose(grad(loss)(a), expected, atol=1e-11)
    second = (C @ E.T + E @ C.T) @ a + (C @ a.T + a @ C.T) @ E + (E @ a.T + a @ E.T) @ C
    np.testing.assert_allclose(hvp(loss)(a, E), second, atol=1e-10)


@pytest.mark.parametrize("kind", RANKS)
def test_squared_singular_values_have_a_hessian_at_any_rank(kind: str) -> None:
    a = of_rank(kind, (4, 3))
    e = np.random.default_rng(8).standard_normal(a.shape)
    found = hvp(lambda a: (np.linalg.svdvals(a) ** 2).sum())(a, e)
    np.testing.assert_allclose(found, 2 * e, atol=1e-11)


def test_a_truncated_matrix_of_rank_one() -> None:
    """σ u vᵀ of the largest value, where the others are 0: P c + c R - P c R, twice."""
    a = of_rank("rank one", (3, 3))
    u, s, vh = np.linalg.svd(a)
    p, r = np.outer(u[:, 0], u[:, 0]), np.outer(vh[0], vh[0])

    def loss(a: Any) -> Any:
        u, s, vh = np.linalg.svd(a)
        return (C * ((u[:, :1] * s[:1]) @ vh[:1])).sum()

    np.testing.assert_allclose(grad(loss)(a), p @ C + C @ r - p @ C @ r, atol=1e-12)
    # Along E the rank stays 1 up to second order in (1 - p) E (1 - r) a⁺ E …: a Schur complement.
    inverse = np.outer(vh[0], u[:, 0]) / s[0]
    b, d = (np.eye(3) - p) @ E @ r, p @ E @ (np.eye(3) - r)
    assert np.linalg.norm(hvp(loss)(a, E)) > 0.1
    # The second derivative along a direction that keeps the rank: b a⁺ d, twice.
    found = (hvp(loss)(a, b + d) * (b + d)).sum()
    assert found == pytest.approx(2 * (C * (b @ inverse @ d)).sum(), rel=1e-10)


@pytest.mark.parametrize(
    "f",
    [
        lambda u, s, vh: (C * u).sum(),
        lambda u, s, vh: (vh[-1] ** 2 * np.arange(3.0)).sum(),
        lambda u, s, vh: (C * ((u[:, :1] * s[:1]) @ vh[:1])).sum(),
        lambda u, s, vh: (u[:, 1] @ B) ** 2,
    ],
)
def test_singular_vectors_of_equal_values_are_refused(f: Callable[..., Any]) -> None:
    for a in (np.eye(3), 2 * Q):
        with pytest.raises(DegenerateEigenvalueError, match="derivative of singular vectors"):
            grad(lambda a: f(*np.linalg.svd(a)))(a)


def test_a_kink_at_singular_value_zero_is_named_with_its_one_index() -> None:
    """The polar factor u vh jumps there, the sum of the values has no second derivative."""
    a = np.diag([3.0, 2, 0])
    with pytest.raises(DegenerateEigenvalueError, match="singular value 2 is 0") as error:
        grad(lambda a: (lambda r: (C * (r[0] @ r[2])).sum())(np.linalg.svd(a)))(a)
    assert error.value.indices == (2,)
    with pytest.raises(DegenerateEigenvalueError, match="singular value 2 is 0"):
        hvp(lambda a: np.linalg.svdvals(a).sum())(a, E)


@pytest.mark.parametrize("point", ["identity", "double"])
@pytest.mark.parametrize("name", UNDEFINED)
def test_what_equal_values_and_vectors_say_together_is_refused(name: str, point: str) -> None:
    f, reason = UNDEFINED[name]
    a = np.eye(3) if point == "identity" else np.diag([1.0, 1.0, 2.0])
    with pytest.raises(DegenerateEigenvalueError, match=reason):
        grad(f)(a)
    many = np.stack([a, a])
    for again in (
        lambda: jvp(f, (a,), (E,)),
        lambda: jacobian(lambda a: np.stack([f(a), 2 * f(a)]))(a),
        lambda: vmap(grad(f))(many),
        lambda: vmap(lambda a, e: jvp(f, (a,), (e,))[1])(many, np.stack([E, E])),
    ):
        with pytest.raises(DegenerateEigenvalueError):
            again()


def test_what_they_say_of_the_matrix_alone_is_not() -> None:
    a, sym = np.eye(3), (E + E.T) / 2
    b = np.diag([1.0, 1.0, 2.0])
    exp = of_eigh(lambda w, v: (v * np.exp(w)) @ v.T)
    along = np.exp(1) * sym[0, 1]
    for f, expected in (
        # The gaps times one weight are the matrix less the identity.
        (of_eigh(lambda w, v: ((w - 1) * 3 * v[0] ** 2).sum()), 3 * sym[0, 0]),
        (of_two(lambda w, v: w.sum() + (v @ v.T)[0, 1]), np.trace(E)),
        (of_two(lambda w, v: (w**2).sum() * (v @ v.T)[0, 0]), 2 * np.trace(E)),
        (lambda a: np.sum(np.linalg.eigvalsh(a @ b) ** 0) * exp(a)[0, 1], 3 * along),
        (lambda a: np.linalg.eigvalsh(a.T @ b)[2] * exp(a)[0, 1], 2 * along),
    ):
        assert np.sum(grad(f)(a) * E) == pytest.approx(expected, abs=1e-12)
        assert jvp(f, (a,), (E,))[1] == pytest.approx(expected, abs=1e-12)
