"""Convolutions and their transposes, of any number of dimensions.

Three operations, each bilinear and each the derivative of the others: the convolution, its
transpose (the deconvolution) and the product that is a kernel's gradient. Each is one matrix
product over the columns of its windows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from playground.functions.array.shaping import reshape, transpose
from playground.functions.connection.dense import of_one_precision
from playground.functions.windows import (
    PerAxis,
    Windows,
    along_axes,
    outsize,
    windows_into,
    windows_over,
)
from playground.graph.errors import InvalidType
from playground.graph.op import Op
from playground.graph.types import Array, Cotangents, Operand, Raw, Shape
from playground.graph.variable import Variable

__all__ = [
    "convolution_1d",
    "convolution_2d",
    "convolution_3d",
    "convolution_nd",
    "deconvolution_1d",
    "deconvolution_2d",
    "deconvolution_3d",
    "deconvolution_nd",
    "depthwise_convolution_2d",
    "dilated_convolution_2d",
]


def _product(a: Raw, b: Raw) -> Raw:
    """a b, matrix by matrix; half precision is summed up in single, which BLAS has and half not."""
    if a.dtype.char == "e":
        return np.matmul(a.astype("f"), b.astype("f")).astype("e")
    return np.matmul(a, b)


class Convolving(Op):
    """Base: the windows over the larger array, and the groups that the channels fall into."""

    __slots__ = ("groups", "windows")
    keep = (0, 1)
    title = ""

    def __init__(self, windows: Windows, groups: int) -> None:
        self.windows, self.groups = windows, groups

    @property
    def label(self) -> str:
        """Chainer's names."""
        flat = len(self.windows.size) == 2
        return f"{self.title}2DFunction" if flat else f"{self.title}ND"

    def grouped(self, small: Raw) -> Raw:
        """An array of the smaller size (n, o, *out), by groups: (groups, o / groups, n * out)."""
        turned = small.transpose((1, 0, *range(2, small.ndim)))
        return turned.reshape((self.groups, small.shape[1] // self.groups, -1))

    def added(self, gy: Array, b: Sequence[Array]) -> tuple[Array, ...]:
        """The gradient of a bias, if there is one."""
        if not b:
            return ()
        return (gy.sum(axis=(0, *range(2, gy.ndim))) if self.wants[2] else None,)


class Convolution(Convolving):
    """y[n, o] = the sum over c and the window of W[o, c] x[n, c], plus b[o].

    x (n, c, …), W (o, c / groups, …), b (o,).
    """

    __slots__ = ()
    title = "Convolution"

    def forward(self, x: Raw, W: Raw, *b: Raw) -> Raw:
        windows, groups, o = self.windows, self.groups, W.shape[0]
        n = x.shape[0]
        columns = windows.columns(x).reshape((groups, -1, n * _size(windows.out)))
        y = _product(W.reshape((groups, o // groups, -1)), columns).reshape((o, -1))
        if b:
            y = y + b[0].reshape((o, 1))
        # In memory the channels stay in front, where the next convolution wants them.
        return y.reshape((o, n, *windows.out)).transpose((1, 0, *range(2, x.ndim)))

    def backward(self, gy: Array, x: Array, W: Array, *b: Array) -> Cotangents:
        wants, at = self.wants, (self.windows, self.groups)
        gx = Deconvolution(*at)(gy, W) if wants[0] else None
        gW = ConvolutionWeights(*at)(x, gy) if wants[1] else None
        return gx, gW, *self.added(gy, b)


class Deconvolution(Convolving):
    """The transpose of a convolution: y = x[n, o] W[o, c] added up over the windows, plus b[c].

    x (n, o, *out), W (o, c / groups, …), b (c,), y (n, c, …).
    """

    __slots__ = ()
    title = "Deconvolution"

    def forward(self, x: Raw, W: Raw, *b: Raw) -> Raw:
        windows, groups, (n, o) = self.windows, self.groups, x.shape[:2]
        rows = W.reshape((groups, o // groups, -1)).swapaxes(1, 2)
        columns = _product(rows, self.grouped(x))
        y = windows.scattered(columns.reshape((-1, windows.count, n, *windows.out)))
        return y + b[0].reshape((-1, *(1,) * len(windows.out))) if b else y

    def backward(self, gy: Array, x: Array, W: Array, *b: Array) -> Cotangents:
        wants, at = self.wants, (self.windows, self.groups)
        gx = Convolution(*at)(gy, W) if wants[0] else None
        gW = ConvolutionWeights(*at)(gy, x) if wants[1] else None
        return gx, gW, *self.added(gy, b)


class ConvolutionWeights(Convolving):
    """W[o, c] = the sum over n and the windows of y[n, o] x[n, c]: a convolution by its kernel.

    x (n, c, …), y (n, o, *out), W (o, c / groups, …).
    """

    __slots__ = ()
    title = "ConvolutionGradW"

    def forward(self, x: Raw, y: Raw) -> Raw:
        windows, groups = self.windows, self.groups
        (n, c), o = x.shape[:2], y.shape[1]
        columns = windows.columns(x).reshape((groups, -1, n * _size(windows.out)))
        W = _product(self.grouped(y), columns.swapaxes(1, 2))
        return W.reshape((o, c // groups, *windows.kernel))

    def backward(self, gW: Array, x: Array, y: Array) -> Cotangents:
        wants, at = self.wants, (self.windows, self.groups)
        gx = Deconvolution(*at)(y, gW) if wants[0] else None
        return gx, Convolution(*at)(x, gW) if wants[1] else None


def _size(shape: Shape) -> int:
    size = 1
    for n in shape:
        size *= n
    return size


def _checked(
    operation: str, operands: tuple[Operand, ...], groups: int, ndim: int | None, kernel: int
) -> list[Variable]:
    """x, W and perhaps b in one precision; ``kernel``: the axis of W along x's channels."""
    x, W, *b = of_one_precision(operation, *(v for v in operands if v is not None))
    ndim = max(x.ndim - 2, 1) if ndim is None else ndim
    if x.ndim != ndim + 2 or W.ndim != x.ndim:
        raise InvalidType(
            operation,
            f"x and W of {ndim + 2} dimensions",
            f"shapes {x.shape} and {W.shape}",
        )
    made, taken = W.shape[0], W.shape[1] * groups
    if kernel == 0:
        made, taken = taken, made
    if groups < 1 or x.shape[1] % groups or made % groups:
        raise InvalidType(
            operation,
            f"channels that {groups} groups share evenly, and a group or more",
            f"shapes {x.shape} and {W.shape}",
        )
    if x.shape[1] != taken or any(v.shape != (made,) for v in b):
        raise InvalidType(
            operation,
            f"{taken} channels of x, as W has, and a bias of ({made},)",
            f"shapes {', '.join(str(v.shape) for v in (x, W, *b))}",
        )
    return [x, W, *b]


def _convolution(
    operation: str,
    ndim: int | None,
    operands: tuple[Operand, ...],
    stride: PerAxis,
    pad: PerAxis,
    cover_all: bool,
    dilate: PerAxis,
    groups: int,
) -> Variable:
    x, W, *b = _checked(operation, operands, groups, ndim, 1)
    windows = windows_over(operation, x.shape[2:], W.shape[2:], stride, pad, cover_all, dilate)
    (y,) = Convolution(windows, groups).apply((x, W, *b))
    return y


def _deconvolution(
    operation: str,
    ndim: int | None,
    operands: tuple[Operand, ...],
    stride: PerAxis,
    pad: PerAxis,
    size: Sequence[int] | None,
    dilate: PerAxis,
    groups: int,
) -> Variable:
    x, W, *b = _checked(operation, operands, groups, ndim, 0)
    out, kernel = x.shape[2:], W.shape[2:]
    windows = windows_into(operation, out, kernel, stride, pad, size, dilate=dilate)
    if size is not None:
        _check_outsize(operation, out, kernel, windows.size, stride, pad, dilate)
    (y,) = Deconvolution(windows, groups).apply((x, W, *b))
    return y


def _check_outsize(
    operation: str,
    out: Shape,
    kernel: Shape,
    size: Shape,
    stride: PerAxis,
    pad: PerAxis,
    dilate: PerAxis,
) -> None:
    """A convolution of an array of this size must give x's, with or without ``cover_all``."""
    steps, pads, gaps = (
        along_axes(operation, "stride", v, len(out)) for v in (stride, pad, dilate)
    )
    for n, m, k, s, p, d in zip(out, size, kernel, steps, pads, gaps, strict=True):
        if not outsize(m, k, s, p, False, d) <= n <= outsize(m, k, s, p, True, d):
            raise InvalidType(
                operation, f"an outsize whose convolution has the lengths {out}", f"{size}"
            )


def convolution_nd(
    x: Operand,
    W: Operand,
    b: Operand = None,
    stride: PerAxis = 1,
    pad: PerAxis = 0,
    cover_all: bool = False,
    dilate: PerAxis = 1,
    groups: int = 1,
) -> Variable:
    """Convolution (without flipping W): x (n, c, …), W (o, c / groups, …), b (o,) to (n, o, …).

    Args:
        stride: by how much windows lie apart, one number or one an axis; likewise the others.
        pad: zeros ahead of and behind each axis.
        cover_all: go on until every element of x is in a window.
        dilate: by how much the elements of a window lie apart.
        groups: channels fall into so many groups, each convolved by itself.

    Raises InvalidType for shapes that do not fit, or where no window does.
    """
    return _convolution("convolution_nd", None, (x, W, b), stride, pad, cover_all, dilate, groups)


def convolution_1d(
    x: Operand,
    W: Operand,
    b: Operand = None,
    stride: PerAxis = 1,
    pad: PerAxis = 0,
    cover_all: bool = False,
    dilate: PerAxis = 1,
    groups: int = 1,
) -> Variable:
    """:func:`convolution_nd` along one axis: x (n, c, length)."""
    return _convolution("convolution_1d", 1, (x, W, b), stride, pad, cover_all, dilate, groups)


def convolution_2d(
    x: Operand,
    W: Operand,
    b: Operand = None,
    stride: PerAxis = 1,
    pad: PerAxis = 0,
    cover_all: bool = False,
    *,
    dilate: PerAxis = 1,
    groups: int = 1,
) -> Variable:
    """:func:`convolution_nd` of images: x (n, c, height, width)."""
    return _convolution("convolution_2d", 2, (x, W, b), stride, pad, cover_all, dilate, groups)


def convolution_3d(
    x: Operand,
    W: Operand,
    b: Operand = None,
    stride: PerAxis = 1,
    pad: PerAxis = 0,
    cover_all: bool = False,
    dilate: PerAxis = 1,
    groups: int = 1,
) -> Variable:
    """:func:`convolution_nd` of volumes: x (n, c, depth, height, width)."""
    return _convolution("convolution_3d", 3, (x, W, b), stride, pad, cover_all, dilate, groups)


def dilated_convolution_2d(
    x: Operand,
    W: Operand,
    b: Operand = None,
    stride: PerAxis = 1,
    pad: PerAxis = 0,
    dilate: PerAxis = 1,
    cover_all: bool = False,
) -> Variable:
    """:func:`convolution_2d` with a dilation."""
    return convolution_2d(x, W, b, stride, pad, cover_all, dilate=dilate)


def depthwise_convolution_2d(
    x: Operand, W: Operand, b: Operand = None, stride: PerAxis = 1, pad: PerAxis = 0
) -> Variable:
    """Each channel convolved by itself: x (n, c, …), W (m, c, kh, kw), b (m c,) to (n, m c, …)."""
    x, W, *rest = of_one_precision(
        "depthwise_convolution_2d", *(v for v in (x, W, b) if v is not None)
    )
    b = rest[0] if rest else None
    if W.ndim != 4:
        raise InvalidType("depthwise_convolution_2d", "W (m, c, kh, kw)", f"shape {W.shape}")
    m, c, *kernel = W.shape
    return convolution_2d(
        x, reshape(transpose(W, (1, 0, 2, 3)), (m * c, 1, *kernel)), b, stride, pad, groups=c
    )


def deconvolution_nd(
    x: Operand,
    W: Operand,
    b: Operand = None,
    stride: PerAxis = 1,
    pad: PerAxis = 0,
    outsize: Sequence[int] | None = None,
    dilate: PerAxis = 1,
    groups: int = 1,
) -> Variable:
    """The transpose of a convolution: x (n, o, …), W (o, c / groups, …), b (c,) to (n, c, …).

    What a convolution with W, ``stride``, ``pad`` and ``dilate`` makes of the result has x's shape;
    of all such lengths ``outsize`` names one, by default the shortest.
    """
    return _deconvolution("deconvolution_nd", None, (x, W, b), stride, pad, outsize, dilate, groups)


def deconvolution_1d(
    x: Operand,
    W: Operand,
    b: Operand = None,
    stride: PerAxis = 1,
    pad: PerAxis = 0,
    outsize: Sequence[int] | None = None,
    dilate: PerAxis = 1,
    groups: int = 1,
) -> Variable:
    """:func:`deconvolution_nd` along one axis: x (n, o, length)."""
    return _deconvolution("deconvolution_1d", 1, (x, W, b), stride, pad, outsize, dilate, groups)


def deconvolution_2d(
    x: Operand,
    W: Operand,
    b: Operand = None,
    stride: PerAxis = 1,
    pad: PerAxis = 0,
    outsize: Sequence[int] | None = None,
    *,
    dilate: PerAxis = 1,
    groups: int = 1,
) -> Variable:
    """:func:`deconvolution_nd` of images: x (n, o, height, width)."""
    return _deconvolution("deconvolution_2d", 2, (x, W, b), stride, pad, outsize, dilate, groups)


def deconvolution_3d(
    x: Operand,
    W: Operand,
    b: Operand = None,
    stride: PerAxis = 1,
    pad: PerAxis = 0,
    outsize: Sequence[int] | None = None,
    dilate: PerAxis = 1,
    groups: int = 1,
) -> Variable:
    """:func:`deconvolution_nd` of volumes: x (n, o, depth, height, width)."""
    return _deconvolution("deconvolution_3d", 3, (x, W, b), stride, pad, outsize, dilate, groups)
