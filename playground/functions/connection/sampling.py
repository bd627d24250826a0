"""Convolutions of other kinds: shifts of channels, weights of a place, places that are learnt."""

from __future__ import annotations

import numpy as np

from playground.functions.array import concat, reshape, transpose
from playground.functions.array import pad as with_zeros
from playground.functions.array.columns import im2col
from playground.functions.array.resampling import spatial_transformer_sampler
from playground.functions.basic_math import add, multiply, subtract
from playground.functions.connection.dense import of_one_precision
from playground.functions.linalg import matmul
from playground.functions.pooling.moving import spatial
from playground.functions.windows import PerAxis, along_axes
from playground.graph import backend
from playground.graph.errors import InvalidType
from playground.graph.op import Unary
from playground.graph.types import Array, Index, Operand, Raw, Shape
from playground.graph.variable import Variable

__all__ = ["deformable_convolution_2d_sampler", "local_convolution_2d", "shift"]


# -------------------------------------------------------------------------------- shift


class ShiftChannels(Unary):
    """y = x (n, c, h, w), each group of channels moved by its (rows, columns); 0 moves in."""

    __slots__ = ("moves",)
    label = "Shift"

    def __init__(self, moves: list[tuple[slice, int, int]]) -> None:
        self.moves = moves

    def forward(self, x: Raw) -> Raw:
        y = np.zeros_like(x)
        for channels, *steps in self.moves:
            onto: list[Index] = [slice(None), channels]
            of: list[Index] = [slice(None), channels]
            for step, length in zip(steps, x.shape[2:], strict=True):
                onto.append(slice(max(step, 0), max(length + min(step, 0), 0)))
                of.append(slice(max(-step, 0), max(length - max(step, 0), 0)))
            y[tuple(onto)] = x[tuple(of)]
        return y

    # What has been moved out of the image is lost, and gets 0 back.
    def backward(self, gy: Array, x: Array) -> Array:
        return ShiftChannels([(channels, -dy, -dx) for channels, dy, dx in self.moves])(gy)


def shift(x: Operand, ksize: PerAxis = 3, dilate: PerAxis = 1) -> Variable:
    """Groups of channels of x (n, c, h, w), each moved as one place of a window of ``ksize`` is.

    The window's middle has the last group, which also gets the channels that are left over.
    ``dilate``: the distance of the window's places (Wu et al., 2018).
    """
    kernel, gaps = (
        along_axes("shift", name, v, 2) for name, v in (("ksize", ksize), ("dilate", dilate))
    )
    if any(k % 2 != 1 for k in kernel):
        raise ValueError(f"shift: expected an odd ksize, got {ksize}")
    x, _ = spatial("shift", x, 2)
    count = kernel[0] * kernel[1]
    if x.shape[1] < count:
        raise InvalidType("shift", f"x with {count} channels or more", f"shape {x.shape}")
    return ShiftChannels(_moves(x.shape[1], kernel, gaps)).of(x)


def _moves(channels: int, kernel: Shape, gaps: Shape) -> list[tuple[slice, int, int]]:
    count = kernel[0] * kernel[1]
    size, middle = channels // count, (count - 1) // 2
    moves = []
    for i in range(count):
        # The middle stands still: its place and the last one are exchanged.
        place = {middle: count - 1, count - 1: middle}.get(i, i)
        row, column = divmod(place, kernel[1])
        here = slice(i * size, (i + 1) * size if i < count - 1 else channels)
        moves.append((here, (row - kernel[0] // 2) * gaps[0], (column - kernel[1] // 2) * gaps[1]))
    return moves


# ------------------------------------------------------------------- weights of each place


def local_convolution_2d(
    x: Operand, W: Operand, b: Operand = None, stride: PerAxis = 1
) -> Variable:
    """A convolution with weights of its own for each place.

    x (n, c, h, w), W (out, h', w', c, kh, kw) and b (out, h', w') give (n, out, h', w').
    """
    name = "local_convolution_2d"
    x, W, *rest = of_one_precision(name, x, W, *(() if b is None else (b,)))
    fits = x.ndim == 4 and W.ndim == 6 and x.shape[1] == W.shape[3]
    if not fits or any(v.shape != W.shape[:3] for v in rest):
        raise InvalidType(
            name,
            "x (n, c, h, w), W (out, h', w', c, kh, kw) and b (out, h', w')",
            f"shapes {', '.join(str(v.shape) for v in (x, W, *rest))}",
        )
    count, out, size = x.shape[0], W.shape[1:3], W.shape[3] * W.shape[4] * W.shape[5]
    # Place by place as one stack of products, whose second derivatives are there already.
    columns = im2col(x, W.shape[4:], stride)
    if columns.shape[2] < out[0] or columns.shape[3] < out[1]:
        raise InvalidType(name, f"x with room for {out} windows", f"room for {columns.shape[2:]}")
    places = out[0] * out[1]
    if columns.shape[2:] != out:
        columns = columns[:, :, : out[0], : out[1]]
    columns = transpose(columns, (2, 3, 0, 1))
    # A view, of which BLAS reads the matrices where they lie.
    weights = transpose(reshape(W, (W.shape[0], places, size)), (1, 0, 2))
    y = matmul(reshape(columns, (places, count, size)), weights, transb=True)
    y = transpose(reshape(y, (*out, count, W.shape[0])), (2, 3, 0, 1))
    return add(y, rest[0]) if rest else y


# ------------------------------------------------------------------- places that are learnt


def deformable_convolution_2d_sampler(
    x: Operand,
    offset: Operand,
    W: Operand,
    b: Operand = None,
    stride: PerAxis = 1,
    pad: PerAxis = 0,
) -> Variable:
    """A convolution whose windows read at moved places, between the pixels (Dai et al., 2017).

    x (n, c, h, w), W (out, c, kh, kw), b (out,); ``offset`` (n, 2 kh kw, h', w'): how far each
    place of each window is moved, along the columns for all of them, then along the rows.
    """
    name = "deformable_convolution_2d_sampler"
    x, offset, W, *rest = of_one_precision(name, x, offset, W, *(() if b is None else (b,)))
    steps, margins = (along_axes(name, n, v, 2) for n, v in (("stride", stride), ("pad", pad)))
    fits = x.ndim == 4 and W.ndim == 4 and offset.ndim == 4 and W.shape[1] == x.shape[1]
    kernel = W.shape[2:]
    if not fits or offset.shape[:2] != (x.shape[0], 2 * kernel[0] * kernel[1]):
        raise InvalidType(
            name,
            "x (n, c, h, w), offset (n, 2 kh kw, h', w') and W (out, c, kh, kw)",
            f"shapes {x.shape}, {offset.shape} and {W.shape}",
        )
    # All places of all windows are read at once, as one image of them.
    grid = _places_of_windows(offset, kernel, steps, margins, x.shape[2:])
    (n, c), (out_h, out_w) = x.shape[:2], offset.shape[2:]
    around = ((0, 0), (0, 0), *((p, p) for p in margins))
    framed = with_zeros(x, around, "constant") if any(margins) else x
    read = spatial_transformer_sampler(framed, grid)
    rows = reshape(transpose(read, (0, 3, 1, 2)), (n * out_h * out_w, c * kernel[0] * kernel[1]))
    y = matmul(rows, transpose(reshape(W, (W.shape[0], rows.shape[1])), (1, 0)))
    y = add(y, rest[0]) if rest else y
    return transpose(reshape(y, (n, out_h, out_w, W.shape[0])), (0, 3, 1, 2))


def _places_of_windows(
    offset: Variable, kernel: Shape, steps: Shape, margins: Shape, size: Shape
) -> Variable:
    """The places (n, 2, kh kw, h' w') that the windows read, as a grid over the padded image."""
    n, _, out_h, out_w = offset.shape
    count = kernel[0] * kernel[1]
    inside = np.arange(count)
    parts = []
    for axis, moved in ((1, offset[:, :count]), (0, offset[:, count:])):
        along = np.arange((out_h, out_w)[axis]) * steps[axis]
        along = along.reshape((-1, 1) if axis == 0 else (1, -1))
        within = inside % kernel[1] if axis else inside // kernel[1]
        places = (within.reshape(-1, 1, 1) + along).astype(offset.dtype)
        at = add(moved, backend.array_like(places, offset.array))
        # The sampler counts from -1 to 1 over the padded image.
        whole = size[axis] + 2 * margins[axis] - 1
        parts.append(subtract(multiply(at, 2.0 / whole), 1.0))
    return reshape(concat(parts, axis=1), (n, 2, count, out_h * out_w))
