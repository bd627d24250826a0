"""Orthogonal: an initializer that draws rotations (Saxe, McClelland and Ganguli, 2014)."""

from __future__ import annotations

import math

import numpy as np

from playground.graph.backend import array_like
from playground.graph.errors import InvalidType
from playground.graph.random import source
from playground.graph.types import DType, HostArray, Random, Raw
from playground.initializer import Initializer

__all__ = ["Orthogonal"]

# What the matrix (outputs, inputs) may not be: wider than high, higher than wide.
SHAPES_REFUSED = {
    "auto": (False, False),
    "projection": (False, True),
    "embedding": (True, False),
    "basis": (True, True),
}


class Orthogonal(Initializer):
    """``scale`` times a random matrix with orthonormal rows, or columns where there are fewer.

    Axes behind the first count as one. ``mode``: ``'auto'``, or what the matrix must be: a
    ``'projection'`` (inputs ≥ outputs), an ``'embedding'`` (inputs ≤ outputs) or a ``'basis'``.
    ``rng``: what to draw from instead of NumPy's global generator.
    """

    def __init__(
        self,
        scale: float = 1.1,
        dtype: DType | None = None,
        mode: str = "auto",
        *,
        rng: Random | None = None,
    ) -> None:
        if mode not in SHAPES_REFUSED:
            raise ValueError(
                f"Orthogonal: mode is one of {', '.join(SHAPES_REFUSED)}, got {mode!r}"
            )
        self.scale, self.mode, self.rng = scale, mode, rng
        super().__init__(dtype)

    def __call__(self, array: Raw) -> None:
        self.check_dtype(array)
        if array.ndim == 0:
            # A number has two rotations, its signs; NumPy's new generators say integers.
            rng = source(self.rng)
            draw = rng.randint if hasattr(rng, "randint") else rng.integers
            array[...] = self.scale * (2 * int(draw(2)) - 1)
            return
        if array.size == 0:
            raise InvalidType("Orthogonal", "an array with elements", f"shape {array.shape}")
        # What comes behind the first axis is one input, as for a convolution's filters.
        outputs, inputs = len(array), math.prod(array.shape[1:])
        wide, high = SHAPES_REFUSED[self.mode]
        if (wide and inputs > outputs) or (high and inputs < outputs):
            actual = f"shape {array.shape}: {inputs} inputs and {outputs} outputs"
            raise InvalidType("Orthogonal", f"a shape for the mode {self.mode!r}", actual)
        drawn = self._rotation(outputs, inputs).reshape(array.shape)
        array[...] = array_like(drawn, array)

    def _rotation(self, outputs: int, inputs: int) -> HostArray:
        drawn = source(self.rng).normal(size=(outputs, inputs))
        q, r = np.linalg.qr(drawn.T if inputs > outputs else drawn)
        # With the signs of R the rotation is distributed evenly; QR alone leaves some out.
        q *= np.copysign(self.scale, np.diag(r))
        return q.T if inputs > outputs else q
