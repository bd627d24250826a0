"""Eigenvalues and singular values where they are equal: exact derivatives, or a named error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground
import playground.functions as F
from playground import DegenerateEigenvalueError, Variable
from playground.transforms import grad, hessian, jacobian, jvp, vmap
from tests.ops_points import as_read

RNG = np.random.default_rng(0)
H = RNG.standard_normal((3, 3))
H = H + H.T
C = RNG.standard_normal((3, 3))
EYE, DOUBLE = np.eye(3), np.diag([1.0, 1.0, 2.0])


def derivatives(f: Callable[[Any], Any], x: np.ndarray, direction: np.ndarray) -> Any:
    """Gradient of f, and its Hessian times a direction."""
    v = Variable(x)
    (g,) = playground.grad([f(v)], [v], enable_double_backprop=True)
    (h,) = playground.grad([F.sum(g * direction)], [v])
    return g.array, h.array


def first(f: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    v = Variable(x)
    f(v).backward()
    return v.grad


def test_a_batch_with_and_without_clusters() -> None:
    x = np.stack([EYE, np.diag([1.0, 2.0, 4.0]), DOUBLE])
    d = np.stack([H, H, H])
    _, h = derivatives(lambda a: (np.linalg.eigvalsh(a) ** 2).sum(), x, d)
    np.testing.assert_allclose(h, np.stack([as_read(2 * H)] * 3), rtol=1e-12, atol=1e-13)


def test_the_simple_eigenvector_of_a_double_eigenvalue_has_its_gradient() -> None:
    """v₂ of diag(1, 1, 2): dv = Σ vⱼ (vⱼᵀ H v₂)/(λ₂ - λⱼ), exact."""
    weights = np.array([0.3, -0.7, 0.2])

    def f(a: Any) -> Any:
        v = np.linalg.eigh(a).eigenvectors[:, 2]
        return (weights * v).sum() * v[2]

    # v = (0, 0, ±1): the derivative of (w·v) v₂ is w₀ H₀₂ + w₁ H₁₂, read in the lower triangle.
    expected = np.zeros((3, 3))
    expected[2, :2] = weights[:2]
    np.testing.assert_allclose(first(f, DOUBLE), expected, atol=1e-14)


def test_a_projector_onto_a_cluster_has_its_gradient() -> None:
    def f(a: Any) -> Any:
        v = np.linalg.eigh(a).eigenvectors[:, :2]
        return (v @ v.T * C).sum()

    step = 1e-6
    slope = (f(DOUBLE + step * H) - f(DOUBLE - step * H)) / (2 * step)
    assert np.sum(first(f, DOUBLE) * np.tril(H)) == pytest.approx(slope, rel=1e-7)


def test_what_depends_on_the_basis_of_a_cluster_is_refused() -> None:
    with pytest.raises(DegenerateEigenvalueError, match=r"values 0 and 1 .*gap") as error:
        first(lambda a: (C * np.linalg.eigh(a).eigenvectors).sum(), DOUBLE)
    assert error.value.indices == (0, 1)
    assert error.value.gap < 1e-14


def test_a_function_that_tells_equal_eigenvalues_apart_has_no_second_derivative() -> None:
    v = Variable(DOUBLE)
    y = (np.arange(3.0) * np.linalg.eigvalsh(v)).sum()
    (g,) = playground.grad([y], [v], enable_double_backprop=True)
    assert np.trace(g.array) == pytest.approx(3.0)
    with pytest.raises(DegenerateEigenvalueError, match="second derivative"):
        playground.grad([F.sum(g * H)], [v])


def test_the_third_derivative_at_a_cluster_and_no_fourth() -> None:
    """f = tr A⁴ at the identity: along H it is 24 tr H³."""
    v, lower = Variable(EYE), np.tril(H)
    y = (np.linalg.eigvalsh(v) ** 4).sum()
    (g,) = playground.grad([y], [v], enable_double_backprop=True)
    (h,) = playground.grad([F.sum(g * lower)], [v], enable_double_backprop=True)
    (third,) = playground.grad([F.sum(h * lower)], [v], enable_double_backprop=True)
    assert np.sum(third.array * lower) == pytest.approx(24 * np.trace(H @ H @ H))
    with pytest.raises(DegenerateEigenvalueError, match="values 0 and 1"):
        playground.grad([F.sum(third * lower)], [v])


def test_third_derivative_away_from_clusters() -> None:
    """f = tr A³: the third derivative along H, H is 6H²."""
    x = np.diag([1.0, 2.0, 4.0])
    v = Variable(x)
    y = (np.linalg.eigvalsh(v) ** 3).sum()
    (g,) = playground.grad([y], [v], enable_double_backprop=True)
    (h,) = playground.grad([F.sum(g * np.tril(H))], [v], enable_double_backprop=True)
    (t,) = playground.grad([F.sum(h * np.tril(H))], [v])
    np.testing.assert_allclose(t.array, as_read(6 * H @ H), rtol=1e-9)


@pytest.mark.parametrize("uplo", ["L", "U"])
def test_the_gradient_lies_in_the_triangle_that_is_read(uplo: str) -> None:
    x = RNG.standard_normal((4, 4))
    g = first(lambda a: (np.linalg.eigvalsh(a, UPLO=uplo) ** 3).sum(), x)
    outside = np.triu(g, 1) if uplo == "L" else np.tril(g, -1)
    assert not outside.any()
    d, step = RNG.standard_normal((4, 4)), 1e-6
    ahead, behind = (np.linalg.eigvalsh(x + s * step * d, UPLO=uplo) for s in (1, -1))
    slope = ((ahead**3).sum() - (behind**3).sum()) / (2 * step)
    assert np.sum(g * d) == pytest.approx(slope, rel=1e-7)


def test_singular_vectors_of_a_cluster_are_refused() -> None:
    with pytest.raises(DegenerateEigenvalueError, match="singular vectors"):
        first(lambda a: (C * np.linalg.svd(a).U).sum(), DOUBLE)


def test_results_are_named_as_numpys() -> None:
    v = Variable(DOUBLE + H)
    assert np.linalg.eigh(v)._fields == ("eigenvalues", "eigenvectors")
    assert np.linalg.svd(v)._fields == ("U", "S", "Vh")
    assert np.linalg.qr(v)._fields == ("Q", "R")
    assert np.linalg.slogdet(v)._fields == ("sign", "logabsdet")


@pytest.mark.parametrize(
    ("x", "cofactors"),
    [
        ([[1.0, 2.0], [2.0, 4.0]], [[4.0, -2.0], [-2.0, 1.0]]),
        ([[0.0, 0.0], [0.0, 3.0]], [[3.0, 0.0], [0.0, 0.0]]),
        ([[0.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]),
    ],
)
def test_a_singular_determinant_has_its_cofactors(x: Any, cofactors: Any) -> None:
    """The determinant is a polynomial: its gradient exists everywhere."""
    np.testing.assert_allclose(first(np.linalg.det, np.array(x)), cofactors, atol=1e-14)
    batch = np.stack([np.array(x), np.diag([2.0, 5.0])])
    expected = np.stack([np.array(cofactors), np.diag([5.0, 2.0])])
    np.testing.assert_allclose(first(lambda a: np.linalg.det(a).sum(), batch), expected, atol=1e-13)


def test_hessian_where_eigenvalues_are_equal() -> None:
    """All rows in one pass, with lanes: sum (1 - λ)² is |A - I|² there, for one matrix and many."""
    lower = np.tril_indices(3)

    def loss(r: Any) -> Any:
        A = np.zeros((3, 3), like=r)
        A[lower] = r
        return ((np.linalg.eigh(A)[0] - 1) ** 2).sum()

    r = np.eye(3)[lower]
    expected = np.diag(np.where(r == 1, 2.0, 4.0))
    np.testing.assert_allclose(hessian(loss)(r), expected, atol=1e-12)
    many = vmap(hessian(loss))(np.stack([r, 2 * r, r + 0.1 * np.arange(6)]))
    np.testing.assert_allclose(many[0], expected, atol=1e-12)
    np.testing.assert_allclose(many[1], expected, atol=1e-12)
    np.testing.assert_allclose(many[2], expected, atol=1e-10)


def test_hessian_where_singular_values_are_equal() -> None:
    def loss(x: Any) -> Any:
        return (np.linalg.svdvals(x.reshape(2, 3)) ** 2).sum()

    x = np.array([[1.0, 0, 0], [0, 1, 0]]).reshape(-1)
    np.testing.assert_allclose(hessian(loss)(x), 2 * np.eye(6), atol=1e-12)
    many = vmap(hessian(loss))(np.stack([x, 3 * x]))
    np.testing.assert_allclose(many, np.stack([2 * np.eye(6)] * 2), atol=1e-12)


def test_a_jacobian_that_equal_values_leave_undefined_names_them() -> None:
    with pytest.raises(DegenerateEigenvalueError, match=r"values [01] and [01]") as caught:
        jacobian(lambda x: np.linalg.eigh(x)[1])(DOUBLE)
    assert set(caught.value.indices) == {0, 1}
    with pytest.raises(DegenerateEigenvalueError, match="second derivative"):
        hessian(lambda x: np.linalg.eigh(x)[0] @ np.arange(3.0))(DOUBLE)
    with pytest.raises(DegenerateEigenvalueError):
        vmap(hessian(lambda x: np.linalg.eigh(x)[0] @ np.arange(3.0)))(np.stack([H, DOUBLE]))


def test_hessian_at_a_minimum_with_equal_targets() -> None:
    """There the gradient is rounding, which must not pass for a difference inside the cluster."""
    targets = np.array([1.0, 1, 2])

    def loss(A: Any) -> Any:
        return ((np.linalg.eigh(A)[0] - targets) ** 2).sum()

    for seed in range(20):
        Q = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
        A = Q @ np.diag(targets) @ Q.T
        found = hessian(loss)(A)
        # Along a symmetric direction: sum of squares of its blocks inside clusters, turned by Q.
        D = np.random.default_rng(seed + 100).normal(size=(3, 3))
        D = D + D.T
        inside = Q.T @ D @ Q
        expected = 2 * ((inside[:2, :2] ** 2).sum() + inside[2, 2] ** 2)
        lower = np.tril(D)
        np.testing.assert_allclose(np.einsum("ij,ijkl,kl", lower, found, lower), expected)


@pytest.mark.parametrize("index", [0, 1, -1])
def test_one_of_equal_eigenvalues_has_a_subgradient_and_no_second_derivative(index: int) -> None:
    """Positive, of trace 1 and inside the cluster: what README says of values alone."""
    for f in (np.linalg.eigvalsh, np.linalg.svdvals):
        g = first(lambda a, f=f: f(a)[index], EYE)
        g = (g + g.T) / 2
        assert np.trace(g) == pytest.approx(1)
        assert (np.linalg.eigvalsh(g) > -1e-12).all()
        with pytest.raises(DegenerateEigenvalueError, match="second derivative"):
            hessian(lambda a, f=f: f(a)[index])(EYE)


OF_VALUES: dict[str, Callable[[Any], Any]] = {
    "eigvalsh": np.linalg.eigvalsh,
    "largest eigenvalue": lambda a: np.linalg.eigvalsh(a)[-1:],
    "values of eigh": lambda a: np.exp(np.linalg.eigh(a)[0]),
    "svdvals": np.linalg.svdvals,
    "largest singular value": lambda a: np.linalg.svdvals(a)[:1],
    "values of svd": lambda a: np.linalg.svd(a)[1] ** 2,
    "nuclear norm": lambda a: np.linalg.norm(a, "nuc"),
    "2-norm": lambda a: np.linalg.norm(a, 2),
    "cond": lambda a: np.linalg.cond(a + 3 * np.eye(3)),
    "of a tall matrix": lambda a: np.linalg.svdvals(a[:, :2]),
    "of a stack": lambda a: np.linalg.svdvals(np.stack([a, a.T @ a])),
}


@pytest.mark.parametrize("point", [EYE, 0 * EYE, np.ones((3, 3)), np.diag([2.0, 1, 0]), DOUBLE])
@pytest.mark.parametrize("name", OF_VALUES)
def test_forward_of_values_is_the_transpose_of_backward(name: str, point: np.ndarray) -> None:
    f = OF_VALUES[name]
    rows = jacobian(f)(point)
    expected = np.tensordot(rows, C, 2)
    np.testing.assert_allclose(jvp(f, (point,), (C,))[1], expected, atol=1e-12)
    lanes = vmap(lambda a, c: jvp(f, (a,), (c,))[1])
    found = lanes(np.stack([point] * 2), np.stack([C, 2 * C]))
    np.testing.assert_allclose(found, np.stack([expected, 2 * expected]), atol=1e-12)


def test_a_simple_value_beside_zeros_has_its_derivative_forward() -> None:
    """Of a matrix s u vᵀ it is uᵀ C v, whatever the other values are."""
    u, v = np.array([0.6, 0.8, 0.0]), np.array([0.0, 0.6, -0.8])
    a = 2.5 * np.outer(u, v)
    for f in (lambda a: np.linalg.norm(a, 2), lambda a: np.linalg.svdvals(a)[0]):
        assert jvp(f, (a,), (C,))[1] == pytest.approx(u @ C @ v)
        found = grad(lambda a, f=f: jvp(f, (a,), (C,))[1])(a)
        # Along u' vᵀ the left vector turns by u' / s, and the right one stays.
        beside = np.array([-0.8, 0.6, 0.0])
        assert (found * np.outer(beside, v)).sum() == pytest.approx(beside @ C @ v / 2.5)
