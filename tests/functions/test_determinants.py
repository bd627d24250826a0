"""The determinant is a polynomial: its derivatives exist at every rank, and are polynomials too."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest

from playground import DegenerateEigenvalueError
from playground.transforms import grad, hessian, hvp, vmap


def sign(order: tuple[int, ...]) -> int:
    return (-1) ** sum(a > b for i, a in enumerate(order) for b in order[i + 1 :])


def expanded(x: Any) -> Any:
    """Leibniz's sum over permutations; of numbers of any kind."""
    n = len(x)
    return sum(
        sign(order) * np.prod([x[i][j] for i, j in enumerate(order)])
        for order in permutations(range(n))
    )


def derivatives(x: np.ndarray, e: np.ndarray) -> tuple[float, float]:
    """First and second derivative along e: coefficients of the polynomial t -> det(x + t e)."""
    n = len(x)
    at = np.arange(n + 1) - n / 2
    coefficients = np.polynomial.polynomial.polyfit(at, [expanded(x + t * e) for t in at], n)
    return coefficients[1], 2 * coefficients[2]


def of_rank(n: int, rank: int, kind: str) -> np.ndarray:
    if kind == "diagonal":
        return np.diag([1.0] * rank + [0.0] * (n - rank))
    rng = np.random.default_rng(10 * n + rank)
    left, right = rng.standard_normal((n, rank)), rng.standard_normal((rank, n))
    if kind == "whole":
        left, right = np.rint(2 * left), np.rint(2 * right)
    return left @ right


@pytest.mark.parametrize("kind", ["diagonal", "random", "whole"])
@pytest.mark.parametrize(("n", "rank"), [(n, r) for n in (2, 3, 4) for r in range(n + 1)])
def test_gradient_and_hessian_at_every_rank(n: int, rank: int, kind: str) -> None:
    x, e = of_rank(n, rank, kind), np.random.default_rng(1).standard_normal((n, n))
    first, second = derivatives(x, e)
    size = max(1.0, float(np.abs(x).max())) ** n
    assert (grad(np.linalg.det)(x) * e).sum() == pytest.approx(first, abs=1e-10 * size)
    found = (hvp(np.linalg.det)(x, e) * e).sum()
    assert found == pytest.approx(second, abs=1e-10 * size)
    rows = hessian(np.linalg.det)(x)
    assert np.einsum("ij,ijkl,kl", e, rows, e) == pytest.approx(second, abs=1e-10 * size)


@pytest.mark.parametrize("small", [1e-3, 1e-6, 1e-9, 1e-12])
def test_near_a_singular_matrix(small: float) -> None:
    x = np.array([[1.0, 2, 3], [4, 5, 6], [5, 7, 9 + small]])
    e = np.random.default_rng(1).standard_normal((3, 3))
    first, second = derivatives(x, e)
    assert (grad(np.linalg.det)(x) * e).sum() == pytest.approx(first, rel=1e-10, abs=1e-10)
    assert (hvp(np.linalg.det)(x, e) * e).sum() == pytest.approx(second, rel=1e-10)


def test_stacks_and_lanes() -> None:
    many = np.stack([of_rank(3, rank, "random") for rank in range(4)])
    each = np.stack([hessian(np.linalg.det)(x) for x in many])
    np.testing.assert_allclose(vmap(hessian(np.linalg.det))(many), each, atol=1e-12)
    e = np.random.default_rng(1).standard_normal(many.shape)
    found = hvp(lambda x: np.linalg.det(x).sum())(many, e)
    np.testing.assert_allclose(found, np.einsum("aijkl,akl->aij", each, e), atol=1e-12)


def test_a_third_derivative_at_a_singular_matrix_is_named() -> None:
    x = of_rank(3, 2, "diagonal")
    e = np.ones((3, 3))
    with pytest.raises(DegenerateEigenvalueError, match="not computed"):
        grad(lambda x: (hvp(np.linalg.det)(x, e) * e).sum())(x)
