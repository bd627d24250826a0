"""``pinv`` and ``lstsq`` whose ``rcond`` cuts singular values off, against NumPy's own function."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from playground import DegenerateEigenvalueError, Variable
from playground.transforms import grad, hvp, jacobian, jvp, vmap

RNG = np.random.default_rng(11)
LEFT = np.linalg.qr(RNG.standard_normal((4, 4)))[0]
RIGHT = np.linalg.qr(RNG.standard_normal((3, 3)))[0]
CUT = 0.1
# The values: one cut, two cut, equal ones kept, equal ones cut, exact zeros, nothing cut.
VALUES = {
    "one": (3.0, 1.0, 1e-3),
    "two": (3.0, 0.02, 0.01),
    "equal kept": (2.0, 2.0, 1e-2),
    "equal cut": (2.0, 1e-2, 1e-2),
    "zero": (3.0, 0.02, 0.0),
    "rank one": (3.0, 0.0, 0.0),
    "none": (3.0, 2.0, 1.0),
}


def matrix(name: str, tall: bool = True) -> np.ndarray:
    a = (LEFT[:, :3] * np.array(VALUES[name])) @ RIGHT.T
    return a if tall else a.T


def differences(f: Any, a: np.ndarray, e: np.ndarray) -> tuple[float, float]:
    """First and second derivative of f along e, by differences of fourth order."""
    h = 2e-4
    f2, f1, f0, g1, g2 = (f(a + k * h * e) for k in (2, 1, 0, -1, -2))
    first = (-f2 + 8 * f1 - 8 * g1 + g2) / (12 * h)
    return first, (-f2 + 16 * f1 - 30 * f0 + 16 * g1 - g2) / (12 * h * h)


@pytest.mark.parametrize("tall", [True, False])
@pytest.mark.parametrize("name", VALUES)
def test_derivatives_of_a_truncated_inverse(name: str, tall: bool) -> None:
    a = matrix(name, tall)
    c, e = np.random.default_rng(2).standard_normal((2, *a.shape))
    if name == "rank one":
        # In a direction out of the rank the exact zeros stay below the cut.
        e = 0.5 * e

    def loss(a: Any) -> Any:
        return (c.T * np.linalg.pinv(a, CUT)).sum()

    first, second = differences(loss, a, e)
    np.testing.assert_allclose((grad(loss)(a) * e).sum(), first, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose((hvp(loss)(a, e) * e).sum(), second, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(np.linalg.pinv(Variable(a), CUT).array, np.linalg.pinv(a, CUT))


@pytest.mark.parametrize("tall", [True, False])
@pytest.mark.parametrize("name", VALUES)
def test_a_truncated_least_squares_solution(name: str, tall: bool) -> None:
    a = matrix(name, tall)
    b = np.random.default_rng(3).standard_normal(a.shape[0])
    e = np.random.default_rng(4).standard_normal(a.shape)
    c = np.arange(1.0, a.shape[1] + 1)

    def loss(a: Any) -> Any:
        return c @ np.linalg.lstsq(a, b, CUT)[0]

    first, second = differences(loss, a, e)
    np.testing.assert_allclose((grad(loss)(a) * e).sum(), first, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose((hvp(loss)(a, e) * e).sum(), second, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("rcond", [None, -1, 1e-12, 4e-3, CUT, 0.5])
@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("columns", [(), (2,)])
def test_rank_and_residuals_are_numpys(name: str, rcond: Any, columns: tuple[int, ...]) -> None:
    if name in ("zero", "rank one") and rcond == -1:
        pytest.skip("whether rounding is cut off at the machine epsilon is LAPACK's luck")
    for tall in (True, False):
        a = matrix(name, tall)
        b = np.random.default_rng(3).standard_normal((a.shape[0], *columns))
        ours, numpys = (np.linalg.lstsq(x, b, rcond) for x in (Variable(a), a))
        assert ours[2] == numpys[2]
        assert ours[1].shape == numpys[1].shape
        for mine, theirs in zip((ours[0], ours[1], ours[3]), (*numpys[:2], numpys[3]), strict=True):
            np.testing.assert_allclose(mine.array, theirs, rtol=1e-9, atol=1e-12)


def test_a_cut_between_equal_values_is_refused() -> None:
    a = np.diag([1.0, 1e-2, 1e-2 * (1 + 1e-16)])
    a[2, 2] = np.nextafter(1e-2, 0)
    with pytest.raises(DegenerateEigenvalueError, match="values"):
        grad(lambda a: np.linalg.pinv(a, float(np.nextafter(1e-2, 0))).sum() + a[1, 2])(a)


def test_a_stack_and_lanes_each_with_their_own_cut() -> None:
    many = np.stack([matrix(name) for name in ("one", "two", "none")])
    c = np.random.default_rng(2).standard_normal((3, 4))

    def loss(a: Any) -> Any:
        return (c * np.linalg.pinv(a, CUT)).sum()

    each = np.stack([grad(loss)(a) for a in many])
    np.testing.assert_allclose(grad(loss)(many), each, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(vmap(grad(loss))(many), each, rtol=1e-10, atol=1e-12)
    rows = jacobian(lambda a: np.linalg.pinv(a, CUT))(many[1])
    np.testing.assert_allclose(np.einsum("ij,ijkl->kl", c, rows), each[1], rtol=1e-10)


def conditioned(m: int, n: int, condition: float) -> np.ndarray:
    rng, k = np.random.default_rng(1), min(m, n)
    u, v = (np.linalg.qr(rng.normal(size=(size, k)))[0] for size in (m, n))
    return (u * np.geomspace(1, 1 / condition, k)) @ v.T


@pytest.mark.parametrize("condition", [1e3, 1e6, 1e8])
def test_the_square_of_a_condition_is_not_in_a_derivative_that_has_none(condition: float) -> None:
    """Of full rank the terms for what lies outside vanish: rounding, times that square."""
    a, rng = conditioned(4, 4, condition), np.random.default_rng(2)
    t, weights = rng.normal(size=(2, 4, 4))
    # The inverse is y, and its derivative -y t y.
    y = np.linalg.inv(a)
    exact = -y.T @ weights @ y.T
    for inverse in (np.linalg.pinv, np.linalg.inv):
        found = grad(lambda a, inverse=inverse: (inverse(a) * weights).sum())(a)
        np.testing.assert_allclose(found, exact, atol=1e-16 * condition * abs(exact).max() * 100)
    # The solution is a unit vector, whatever a is.
    room = 1e-14 * condition**2

    def solution(a: Any) -> Any:
        return np.linalg.lstsq(a, a[:, 0], rcond=None)[0]

    np.testing.assert_allclose(jvp(solution, (a,), (t,))[1], 0, atol=room)
    np.testing.assert_allclose(grad(lambda a: solution(a).sum())(a), 0, atol=room)
    # Wide and tall ones of full rank: a y and y a are what they are with any a.
    for shape in ((2, 4), (4, 2)):
        a, w = conditioned(*shape, condition), rng.normal(size=(2, 2))

        def unit(a: Any, w: np.ndarray = w) -> Any:
            y = np.linalg.pinv(a)
            return (w * (a @ y if a.shape[0] == 2 else y @ a)).sum()

        np.testing.assert_allclose(grad(unit)(a), 0, atol=1e-13 * condition**2)
