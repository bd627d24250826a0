"""Central differences: exact for the polynomials that they are made for, and where they sample."""

from __future__ import annotations

import numpy as np
import pytest

from playground.gradient_check.differences import FIVE, TWO, Stencil, gradients_at


@pytest.mark.parametrize(("stencil", "degree"), [(TWO, 2), (FIVE, 4)])
def test_slopes_are_exact_up_to_a_degree_and_no_further(stencil: Stencil, degree: int) -> None:
    for power in range(degree + 2):
        wanted = float(power == 1)
        found = stencil.slope(lambda t, power=power: t**power, 0.5)
        assert (found == pytest.approx(wanted, abs=1e-12)) == (power <= degree)


def test_arrays_are_differentiated_element_by_element() -> None:
    found = TWO.slope(lambda t: np.array([t, 3.0 * t, t**2 + 1.0]), 0.25)
    assert found.tolist() == [1.0, 3.0, 0.0]


def test_what_has_no_weight_is_not_read() -> None:
    line = lambda t: np.array([t, np.inf if t == 0 else 2 * t])  # noqa: E731
    assert FIVE.slope(line, 1.0) == pytest.approx([1.0, 2.0])


def test_gradients_at_many_points_take_one_call() -> None:
    calls = []

    def values(points: np.ndarray) -> np.ndarray:
        calls.append(points.shape)
        return points[:, 0] ** 2 * points[:, 1] + points[:, 2]

    points = np.array([[1.0, 2.0, 3.0], [-1.0, 0.5, 0.0]])
    found = gradients_at(values, points, 0.125)
    assert found == pytest.approx(np.array([[4.0, 1.0, 1.0], [-1.0, 1.0, 1.0]]))
    assert calls == [(12, 3)]
