"""Largest and mean elements of windows, of any number of dimensions."""

from __future__ import annotations

import numpy as np

from playground.functions.array import concat, reshape
from playground.functions.basic_math import multiply
from playground.functions.pooling.moving import MaxPooling, WindowSum, largest_places, spatial
from playground.functions.windows import PerAxis, along_axes, windows_over
from playground.graph.errors import InvalidType
from playground.graph.types import Operand, Raw
from playground.graph.variable import Variable

__all__ = [
    "average_pooling_1d",
    "average_pooling_2d",
    "average_pooling_3d",
    "average_pooling_nd",
    "max_pooling_1d",
    "max_pooling_2d",
    "max_pooling_3d",
    "max_pooling_nd",
    "spatial_pyramid_pooling_2d",
]


def _max_pooling(
    operation: str,
    ndim: int | None,
    x: Operand,
    ksize: PerAxis,
    stride: PerAxis | None,
    pad: PerAxis,
    cover_all: bool,
    return_indices: bool,
) -> Variable | tuple[Variable, Raw]:
    x, size = spatial(operation, x, ndim)
    kernel = along_axes(operation, "ksize", ksize, len(size))
    windows = windows_over(operation, size, kernel, stride, pad, cover_all)
    if not x.size:
        raise InvalidType(operation, "an operand with elements", f"shape {x.shape}")
    y = MaxPooling(windows).of(x)
    return (y, largest_places(windows, x.array, y.array)) if return_indices else y


def max_pooling_nd(
    x: Operand,
    ksize: PerAxis,
    stride: PerAxis | None = None,
    pad: PerAxis = 0,
    cover_all: bool = True,
    return_indices: bool = False,
) -> Variable | tuple[Variable, Raw]:
    """The largest element of each window of x (n, c, …).

    ``ksize`` is a window's size, ``stride`` by how much windows lie apart (by default so much),
    ``pad`` the padding of each axis: one number, or one an axis. ``cover_all`` goes on until every
    element is in a window. With ``return_indices`` also the place of each in its window, counted
    along its axes. The first of equal elements gets the gradient.
    """
    return _max_pooling("max_pooling_nd", None, x, ksize, stride, pad, cover_all, return_indices)


def max_pooling_1d(
    x: Operand,
    ksize: PerAxis,
    stride: PerAxis | None = None,
    pad: PerAxis = 0,
    cover_all: bool = True,
    return_indices: bool = False,
) -> Variable | tuple[Variable, Raw]:
    """:func:`max_pooling_nd` along one axis."""
    return _max_pooling("max_pooling_1d", 1, x, ksize, stride, pad, cover_all, return_indices)


def max_pooling_2d(
    x: Operand,
    ksize: PerAxis,
    stride: PerAxis | None = None,
    pad: PerAxis = 0,
    cover_all: bool = True,
    return_indices: bool = False,
) -> Variable | tuple[Variable, Raw]:
    """:func:`max_pooling_nd` of images."""
    return _max_pooling("max_pooling_2d", 2, x, ksize, stride, pad, cover_all, return_indices)


def max_pooling_3d(
    x: Operand,
    ksize: PerAxis,
    stride: PerAxis | None = None,
    pad: PerAxis = 0,
    cover_all: bool = True,
    return_indices: bool = False,
) -> Variable | tuple[Variable, Raw]:
    """:func:`max_pooling_nd` of volumes."""
    return _max_pooling("max_pooling_3d", 3, x, ksize, stride, pad, cover_all, return_indices)


def _average_pooling(
    operation: str,
    ndim: int | None,
    x: Operand,
    ksize: PerAxis,
    stride: PerAxis | None,
    pad: PerAxis,
    pad_value: int | None = 0,
) -> Variable:
    if pad_value not in (0, None):
        raise ValueError(f"{operation}: pad_value must be 0 or None, got {pad_value}")
    x, size = spatial(operation, x, ndim)
    kernel = along_axes(operation, "ksize", ksize, len(size))
    windows = windows_over(operation, size, kernel, stride, pad)
    total = WindowSum(windows).of(x)
    if pad_value == 0:
        return multiply(total, 1.0 / windows.count)
    # How many elements of x itself each window has: the same sum, of ones.
    ones = np.ones_like(x.array[:1, :1])
    return multiply(total, np.reciprocal(WindowSum(windows).forward(ones)))


def average_pooling_nd(
    x: Operand,
    ksize: PerAxis,
    stride: PerAxis | None = None,
    pad: PerAxis = 0,
    pad_value: int | None = 0,
) -> Variable:
    """The mean of each window of x (n, c, …); arguments as for :func:`max_pooling_nd`.

    Padding counts as zeros, or with ``pad_value=None`` not at all.
    """
    return _average_pooling("average_pooling_nd", None, x, ksize, stride, pad, pad_value)


def average_pooling_1d(
    x: Operand,
    ksize: PerAxis,
    stride: PerAxis | None = None,
    pad: PerAxis = 0,
    pad_value: int | None = 0,
) -> Variable:
    """:func:`average_pooling_nd` along one axis."""
    return _average_pooling("average_pooling_1d", 1, x, ksize, stride, pad, pad_value)


def average_pooling_2d(
    x: Operand, ksize: PerAxis, stride: PerAxis | None = None, pad: PerAxis = 0
) -> Variable:
    """:func:`average_pooling_nd` of images; padding counts as zeros."""
    return _average_pooling("average_pooling_2d", 2, x, ksize, stride, pad)


def average_pooling_3d(
    x: Operand,
    ksize: PerAxis,
    stride: PerAxis | None = None,
    pad: PerAxis = 0,
    pad_value: int | None = 0,
) -> Variable:
    """:func:`average_pooling_nd` of volumes."""
    return _average_pooling("average_pooling_3d", 3, x, ksize, stride, pad, pad_value)


def spatial_pyramid_pooling_2d(
    x: Operand, pyramid_height: int, pooling: str | None = None
) -> Variable:
    """Maxima of x (n, c, h, w) over 1, 4, 16 … parts of each image, laid end to end.

    ``pooling`` must be 'max'. The result is (n, c (4^pyramid_height - 1) / 3, 1, 1).
    """
    if pooling != "max":
        raise ValueError(f"spatial_pyramid_pooling_2d: pooling must be 'max', got {pooling!r}")
    x, size = spatial("spatial_pyramid_pooling_2d", x, 2)
    levels = []
    for level in range(pyramid_height):
        bins = 2**level
        kernel = tuple(-(-n // bins) for n in size)
        pad = tuple((k * bins - n) // 2 for k, n in zip(kernel, size, strict=True))
        pooled = max_pooling_2d(x, kernel, None, pad, True)
        levels.append(reshape(pooled, (x.shape[0], -1, 1, 1)))
    return concat(levels)
