"""Initializers that draw from normal distributions, scaled by the width of the layer.

LeCun et al., Efficient BackProp, 1998; Glorot and Bengio, 2010; He, Zhang, Ren and Sun, 2015.
"""

from __future__ import annotations

import math

from playground.graph.backend import array_like
from playground.graph.random import source
from playground.graph.types import DType, Random, Raw, Shape
from playground.initializer import Initializer, get_fans

__all__ = ["GlorotNormal", "HeNormal", "LeCunNormal", "Normal"]


class Normal(Initializer):
    """Independent draws of mean 0 and standard deviation ``scale``.

    ``rng``: what to draw from instead of NumPy's global generator.
    """

    def __init__(
        self, scale: float = 0.05, dtype: DType | None = None, *, rng: Random | None = None
    ) -> None:
        self.scale, self.rng = scale, rng
        super().__init__(dtype)

    def deviation(self, shape: Shape) -> float:
        """The standard deviation for an array of that shape."""
        return self.scale

    def __call__(self, array: Raw) -> None:
        self.check_dtype(array)
        # On the host in float64, as NumPy draws, and rounded once: the same on every device.
        drawn = source(self.rng).normal(0.0, self.deviation(array.shape), array.shape)
        array[...] = array_like(drawn, array)


class LeCunNormal(Normal):
    """Standard deviation ``scale`` · √(1 / inputs)."""

    def __init__(
        self, scale: float = 1.0, dtype: DType | None = None, *, rng: Random | None = None
    ) -> None:
        super().__init__(scale, dtype, rng=rng)

    def deviation(self, shape: Shape) -> float:
        return self.scale * math.sqrt(1.0 / get_fans(shape)[0])


class GlorotNormal(LeCunNormal):
    """Standard deviation ``scale`` · √(2 / (inputs + outputs))."""

    def deviation(self, shape: Shape) -> float:
        return self.scale * math.sqrt(2.0 / sum(get_fans(shape)))


class HeNormal(Normal):
    """Standard deviation ``scale`` · √(2 / inputs), or of the outputs with ``'fan_out'``."""

    def __init__(
        self,
        scale: float = 1.0,
        dtype: DType | None = None,
        fan_option: str = "fan_in",
        *,
        rng: Random | None = None,
    ) -> None:
        self.fan_option = fan_option
        super().__init__(scale, dtype, rng=rng)

    def deviation(self, shape: Shape) -> float:
        options = ("fan_in", "fan_out")
        if self.fan_option not in options:
            raise ValueError(f"HeNormal: fan_option is one of {options}, got {self.fan_option!r}")
        return self.scale * math.sqrt(2.0 / get_fans(shape)[options.index(self.fan_option)])
