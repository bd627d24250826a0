"""The inverses of pooling: one number put into a window, or to one place of it."""

from __future__ import annotations

from collections.abc import Sequence

from playground.functions.pooling.moving import WindowPut, WindowSpread, spatial
from playground.functions.windows import PerAxis, Windows, along_axes, windows_into
from playground.functions.windows import outsize as windows_along
from playground.graph import backend
from playground.graph.errors import InvalidType
from playground.graph.types import Operand, Shape
from playground.graph.variable import Variable, as_array_of

__all__ = ["unpooling_1d", "unpooling_2d", "unpooling_3d", "unpooling_nd", "upsampling_2d"]


def _unpooling_windows(
    operation: str,
    out: Shape,
    ksize: PerAxis,
    stride: PerAxis | None,
    pad: PerAxis,
    size: Sequence[int] | None,
    cover_all: bool,
) -> Windows:
    """The windows that so many numbers go into; raises InvalidType if ``size`` has others."""
    ndim = len(out)
    kernel = along_axes(operation, "ksize", ksize, ndim)
    windows = windows_into(operation, out, kernel, stride, pad, size, cover_all)
    if size is not None:
        steps = kernel if stride is None else along_axes(operation, "stride", stride, ndim)
        pads = along_axes(operation, "pad", pad, ndim)
        asked = tuple(
            windows_along(n, k, s, p, cover_all)
            for n, k, s, p in zip(windows.size, kernel, steps, pads, strict=True)
        )
        if asked != out:
            raise InvalidType(operation, f"x of lengths {asked}, for this outsize", f"{out}")
    return windows


def _unpooling(
    operation: str,
    ndim: int | None,
    x: Operand,
    ksize: PerAxis,
    stride: PerAxis | None,
    pad: PerAxis,
    size: Sequence[int] | None,
    cover_all: bool,
) -> Variable:
    x, out = spatial(operation, x, ndim)
    return WindowSpread(_unpooling_windows(operation, out, ksize, stride, pad, size, cover_all)).of(
        x
    )


def unpooling_nd(
    x: Operand,
    ksize: PerAxis,
    stride: PerAxis | None = None,
    pad: PerAxis = 0,
    outsize: Sequence[int] | None = None,
    cover_all: bool = True,
) -> Variable:
    """Each element of x (n, c, …) put into a whole window; where windows overlap they add up.

    Arguments as for the pooling that it inverts; of the lengths that this would have, ``outsize``
    names one, by default the shortest.
    """
    return _unpooling("unpooling_nd", None, x, ksize, stride, pad, outsize, cover_all)


def unpooling_1d(
    x: Operand,
    ksize: PerAxis,
    stride: PerAxis | None = None,
    pad: PerAxis = 0,
    outsize: Sequence[int] | None = None,
    cover_all: bool = True,
) -> Variable:
    """:func:`unpooling_nd` along one axis."""
    return _unpooling("unpooling_1d", 1, x, ksize, stride, pad, outsize, cover_all)


def unpooling_2d(
    x: Operand,
    ksize: PerAxis,
    stride: PerAxis | None = None,
    pad: PerAxis = 0,
    outsize: Sequence[int] | None = None,
    cover_all: bool = True,
) -> Variable:
    """:func:`unpooling_nd` of images."""
    return _unpooling("unpooling_2d", 2, x, ksize, stride, pad, outsize, cover_all)


def unpooling_3d(
    x: Operand,
    ksize: PerAxis,
    stride: PerAxis | None = None,
    pad: PerAxis = 0,
    outsize: Sequence[int] | None = None,
    cover_all: bool = True,
) -> Variable:
    """:func:`unpooling_nd` of volumes."""
    return _unpooling("unpooling_3d", 3, x, ksize, stride, pad, outsize, cover_all)


def upsampling_2d(
    x: Operand,
    indexes: Operand,
    ksize: PerAxis,
    stride: PerAxis | None = None,
    pad: PerAxis = 0,
    outsize: Sequence[int] | None = None,
    cover_all: bool = True,
) -> Variable:
    """Each element of x (n, c, …) put to one place of its window: where its maximum was.

    ``indexes``, of x's shape, is what ``max_pooling_2d(…, return_indices=True)`` gives.
    """
    x, out = spatial("upsampling_2d", x, 2)
    number = backend.array_like(as_array_of(indexes), x.array)
    if number.shape != x.shape or number.dtype.kind not in "iu":
        raise InvalidType(
            "upsampling_2d",
            f"integer indexes of shape {x.shape}, as x",
            f"{number.dtype} of shape {number.shape}",
        )
    windows = _unpooling_windows("upsampling_2d", out, ksize, stride, pad, outsize, cover_all)
    return WindowPut(windows, number).of(x)
