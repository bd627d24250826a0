"""Initializers that draw from uniform distributions, scaled by the width of the layer.

The same papers as of the normal ones; the bounds are √3 standard deviations.
"""

from __future__ import annotations

import math

from playground.graph.backend import array_like
from playground.graph.random import source
from playground.graph.types import DType, Random, Raw, Shape
from playground.initializer import Initializer, get_fans

__all__ = ["GlorotUniform", "HeUniform", "LeCunUniform", "Uniform"]


class Uniform(Initializer):
    """Independent draws between -``scale`` and ``scale``.

    ``rng``: what to draw from instead of NumPy's global generator.
    """

    def __init__(
        self, scale: float = 0.05, dtype: DType | None = None, *, rng: Random | None = None
    ) -> None:
        self.scale, self.rng = scale, rng
        super().__init__(dtype)

    def bound(self, shape: Shape) -> float:
        """The largest absolute value in an array of that shape."""
        return self.scale

    def __call__(self, array: Raw) -> None:
        self.check_dtype(array)
        bound = self.bound(array.shape)
        array[...] = array_like(source(self.rng).uniform(-bound, bound, array.shape), array)


class LeCunUniform(Uniform):
    """Bound ``scale`` · √(3 / inputs)."""

    def __init__(
        self, scale: float = 1.0, dtype: DType | None = None, *, rng: Random | None = None
    ) -> None:
        super().__init__(scale, dtype, rng=rng)

    def bound(self, shape: Shape) -> float:
        return self.scale * math.sqrt(3.0 / get_fans(shape)[0])


class GlorotUniform(LeCunUniform):
    """Bound ``scale`` · √(6 / (inputs + outputs))."""

    def bound(self, shape: Shape) -> float:
        return self.scale * math.sqrt(6.0 / sum(get_fans(shape)))


class HeUniform(LeCunUniform):
    """Bound ``scale`` · √(6 / inputs)."""

    def bound(self, shape: Shape) -> float:
        return self.scale * math.sqrt(6.0 / get_fans(shape)[0])
