"""Regular grids of points, from three numbers that a user gave."""

from __future__ import annotations

import math

import numpy as np

from playground.graph.errors import InputError

__all__ = ["MOST_POINTS", "grid_axis", "grid_points"]

MOST_POINTS = 1_000_000


def grid_axis(low: float, high: float, step: float) -> np.ndarray:
    """The numbers from ``low`` to ``high``, both included where the step divides, shape (count,).

    Raises InputError, in the names of the flags --from, --to and --step, where there are fewer
    than two of them, or more than MOST_POINTS pairs.
    """
    if not step > 0:
        raise InputError(f"--step {step:g}: expected a number above 0")
    if not low < high:
        raise InputError(f"--from {low:g} --to {high:g}: the grid has to end above its beginning")
    if math.isinf(high - low):
        raise InputError(f"--from {low:g} --to {high:g}: too far apart for float64")
    # Rounding must not lose the last point: 0.3 / 0.1 is just below 3.
    count = math.floor(min((high - low) / step, 1e9) * (1 + 1e-12) + 1e-9) + 1
    if count < 2:
        raise InputError(f"--step {step:g} is longer than the grid from {low:g} to {high:g}")
    if count * count > MOST_POINTS:
        least = (high - low) / (math.isqrt(MOST_POINTS) - 1)
        # Rounded up to two digits: what is advised has to work.
        unit = math.ulp(least) if least < 1e-300 else 10.0 ** (math.floor(math.log10(least)) - 1)
        least = math.ceil(least / unit) * unit
        raise InputError(
            f"--step {step:g} makes a grid of {count:,} x {count:,} points, more than "
            f"{MOST_POINTS:,}: choose a step of at least {least:g}"
        )
    axis = low + step * np.arange(count, dtype=np.float64)
    if not (np.diff(axis) > 0).all():
        raise InputError(f"--step {step:g} is too short to tell the numbers near {high:g} apart")
    return axis


def grid_points(axis: np.ndarray, *, last_fastest: bool = False) -> np.ndarray:
    """Every pair of numbers of ``axis``, shape (count * count, 2).

    From a point to the next the first number changes, or the last.
    """
    first, last = np.meshgrid(axis, axis)
    pairs = (last, first) if last_fastest else (first, last)
    return np.stack(pairs, axis=-1).reshape(-1, 2)
