"""Central differences, the one text of them: along a line, and at many points in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from playground.graph.backend import array_like
from playground.graph.types import Array, Raw

__all__ = ["FIVE", "TWO", "Stencil", "gradients_at"]


class Stencil(NamedTuple):
    """Where a line is sampled, in units of the step, and what of the samples is its slope."""

    offsets: tuple[float, ...]
    weights: tuple[float, ...]

    def rise(self, samples: Iterable[Array]) -> Any:
        """The slope times the step, from one sample (a number or an array) an offset."""
        pairs = zip(self.weights, samples, strict=True)
        # Weights of 0 are left out: what is infinite in the middle must not make NaN of the rest.
        return sum(weight * sample for weight, sample in pairs if weight)

    def slope(self, line: Callable[[float], Array], step: float) -> Any:
        """The derivative at 0 of a function of one number, whose values are numbers or arrays."""
        return self.rise(line(offset * step) for offset in self.offsets) / step


# Errors of order step**2, and of order step**4.
TWO = Stencil((-1.0, 1.0), (-1 / 2, 1 / 2))
FIVE = Stencil((-1.0, -0.5, 0.0, 0.5, 1.0), (1 / 6, -8 / 6, 0.0, 8 / 6, -1 / 6))


def gradients_at(values: Callable[[Raw], Raw], points: Raw, step: float) -> Raw:
    """The gradients (k, n) of a function at points (k, n), by one call for all of them.

    ``values`` takes points (m, n), a row a point, to the m values there.
    """
    n = points.shape[1]
    unit = array_like(step * np.eye(n), points)
    moved = [points + offset * shift for offset in TWO.offsets for shift in unit]
    return TWO.rise(values(np.concatenate(moved)).reshape(2, n, -1)).T / step
