"""Initializers of filters that enlarge or shrink images by linear interpolation."""

from __future__ import annotations

import numpy as np

from playground.graph.backend import array_like
from playground.graph.errors import InvalidType
from playground.graph.types import DType, HostArray, Raw
from playground.initializer import Initializer

__all__ = ["DownsamplingConvFilter", "UpsamplingDeconvFilter"]


def linear_filter(size: int, axes: int) -> HostArray:
    """A pyramid over ``axes`` axes of ``size`` elements each: linear interpolation's weights."""
    half = (size + 1) // 2
    center = half - 1.0 if size % 2 else half - 0.5
    slope = 1.0 - abs(np.arange(size) - center) / half
    pyramid = np.ones(())
    for _ in range(axes):
        pyramid = pyramid[..., None] * slope
    return pyramid


class UpsamplingDeconvFilter(Initializer):
    """Weights (n, n or 1, k, k …) of a deconvolution that interpolates channel by channel."""

    def __init__(self, interpolation: str = "linear", dtype: DType | None = None) -> None:
        if interpolation != "linear":
            name = type(self).__name__
            raise ValueError(f"{name}: interpolation is 'linear', got {interpolation!r}")
        super().__init__(dtype)

    def weights(self, size: int, axes: int) -> HostArray:
        """The filter of one channel."""
        return linear_filter(size, axes)

    def __call__(self, array: Raw) -> None:
        self.check_dtype(array)
        first, second, *sizes = array.shape
        if second not in (first, 1) or len({*sizes}) != 1:
            expect = "weights of shape (n, n, k, …) or (n, 1, k, …), all k equal"
            raise InvalidType(type(self).__name__, expect, f"shape {array.shape}")
        made = np.zeros(array.shape)
        channels = np.arange(first)
        made[channels, channels if second == first else 0] = self.weights(sizes[0], len(sizes))
        array[...] = array_like(made, array)


class DownsamplingConvFilter(UpsamplingDeconvFilter):
    """Weights (n, n or 1, k, k …) of a convolution that averages channel by channel."""

    def weights(self, size: int, axes: int) -> HostArray:
        pyramid = linear_filter(size, axes)
        return pyramid / pyramid.sum()
