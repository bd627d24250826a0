"""Grids from three numbers."""

from __future__ import annotations

import numpy as np
import pytest

from playground import InputError
from playground.lab.grids import MOST_POINTS, grid_axis, grid_points


@pytest.mark.parametrize(
    ("low", "high", "step", "expected"),
    [
        (-10, 9, 1, np.arange(-10.0, 10.0)),
        (0, 0.3, 0.1, [0, 0.1, 0.2, 0.3]),
        (0, 1, 0.3, [0, 0.3, 0.6, 0.9]),
        (-1, 1, 2, [-1, 1]),
    ],
)
def test_axis(low: float, high: float, step: float, expected: list[float]) -> None:
    axis = grid_axis(low, high, step)
    assert axis.dtype == np.float64
    np.testing.assert_allclose(axis, expected, atol=1e-15)


@pytest.mark.parametrize(
    ("low", "high", "step", "message"),
    [
        (0, 1, 0, "--step 0: expected a number above 0"),
        (0, 1, -1, "above 0"),
        (1, 1, 1, "has to end above its beginning"),
        (2, 1, 1, "has to end above its beginning"),
        (0, 1, 2, "longer than the grid"),
        (0, 1, 1e-9, "more than 1,000,000: choose a step of at least 0.00"),
        (0, 1e308, 1e-308, "more than 1,000,000"),
        (-1e308, 1e308, 1, "too far apart for float64"),
    ],
)
def test_bad_axis(low: float, high: float, step: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        grid_axis(low, high, step)


def test_the_step_that_is_advised_is_accepted() -> None:
    for high in (1.0, 3.7, 1e4):
        with pytest.raises(InputError, match="at least") as caught:
            grid_axis(0, high, high / 1e5)
        least = float(str(caught.value).split()[-1])
        assert len(grid_axis(0, high, least)) ** 2 <= MOST_POINTS


def test_points_in_either_order() -> None:
    axis = np.array([1.0, 2.0])
    assert grid_points(axis).tolist() == [[1, 1], [2, 1], [1, 2], [2, 2]]
    assert grid_points(axis, last_fastest=True).tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]
