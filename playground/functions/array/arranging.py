"""The same elements turned round, repeated, framed, or on another device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from playground.functions.array.indexing import GetItemGrad, get_item
from playground.functions.array.shaping import as_tuple, broadcast_to, ravel, reshape
from playground.functions.basic_math import add, identity, unshared
from playground.functions.reduction import normal_axes
from playground.functions.registry import answers
from playground.graph import backend
from playground.graph.errors import InvalidType, NoRuleError
from playground.graph.op import Unary
from playground.graph.types import Array, Operand, Raw
from playground.graph.variable import Variable, as_variable

__all__ = ["copy", "flip", "fliplr", "flipud", "pad", "repeat", "tile"]


@answers(np.flip)
def flip(x: Operand, axis: int | tuple[int, ...] | None = None) -> Variable:
    """x in reverse order along an axis, several, or (None) all."""
    x = as_variable(x)
    axes = normal_axes(axis, x.ndim, "Flip")
    return get_item(
        x, tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(x.ndim))
    )


@answers(np.flipud)
def flipud(a: Operand) -> Variable:
    """a in reverse order along the first axis."""
    return flip(a, 0)


@answers(np.fliplr)
def fliplr(a: Operand) -> Variable:
    """a in reverse order along the second axis."""
    return flip(a, 1)


@answers(np.tile)
def tile(x: Operand, reps: int | Sequence[int]) -> Variable:
    """x laid side by side, ``reps`` times along each of the last axes."""
    x = as_variable(x)
    counts = as_tuple(reps)
    if any(count < 0 for count in counts):
        raise InvalidType("Tile", "repetitions of 0 or more", f"{reps}")
    ndim = max(x.ndim, len(counts))
    shape = (1,) * (ndim - x.ndim) + x.shape
    counts = (1,) * (ndim - len(counts)) + counts
    pairs = list(zip(counts, shape, strict=True))
    # By a view and a copy: the gradient of an index array would have to be counted.
    spread = reshape(x, [m for n in shape for m in (1, n)])
    laid = broadcast_to(spread, [m for pair in pairs for m in pair])
    return unshared(reshape(laid, [r * n for r, n in pairs]), x)


@answers(np.repeat)
def repeat(x: Operand, repeats: int | Sequence[int], axis: int | None = None) -> Variable:
    """x with each entry along an axis repeated (None: of all elements, as one dimension).

    ``repeats`` is one number, or one an entry.
    """
    x = as_variable(x)
    if axis is None:
        x, axis = ravel(x), 0
    (position,) = normal_axes(axis, x.ndim, "Repeat")
    counts, length = as_tuple(repeats), x.shape[position]
    if any(count < 0 for count in counts) or len(counts) not in (1, length):
        raise InvalidType("Repeat", f"1 or {length} repetitions of 0 or more", f"{repeats}")
    lead, rest = x.shape[:position], x.shape[position + 1 :]
    if len(counts) == 1:
        spread = broadcast_to(
            reshape(x, (*lead, length, 1, *rest)), (*lead, length, *counts, *rest)
        )
        return unshared(reshape(spread, (*lead, length * counts[0], *rest)), x)
    return get_item(x, (*(slice(None),) * position, np.repeat(np.arange(length), counts)))


# The modes whose new elements are each a copy of one of the old.
COPYING = ("edge", "reflect", "symmetric", "wrap")


@answers(np.pad)
def pad(x: Operand, pad_width: Operand, mode: str = "constant", **keywords: Any) -> Variable:
    """x in a frame of constants, or of its own elements.

    ``pad_width`` is as NumPy's: a number, (before, after), or one such pair an axis; ``mode`` is
    'constant' (with ``constant_values=``), 'edge', 'reflect', 'symmetric' or 'wrap'.
    """
    x = as_variable(x)
    widths = _widths(pad_width, x.ndim)
    if mode == "constant":
        return _framed(x, widths, **keywords)
    if mode not in COPYING or keywords.get("reflect_type", "even") != "even":
        raise NoRuleError(
            f"pad: mode {mode!r} with {keywords} is not differentiable here: use 'constant', "
            f"{', '.join(map(repr, COPYING))}, or join the parts with numpy.concatenate"
        )
    for axis, width in enumerate(widths):
        if any(width):
            try:
                # NumPy itself says of which element each new one is a copy.
                order = np.pad(np.arange(x.shape[axis]), width, mode)  # type: ignore[call-overload]
            except ValueError as error:
                raise InvalidType("Pad", f"elements for the mode {mode!r}", f"{x.shape}") from error
            x = get_item(x, (*(slice(None),) * axis, order))
    return x if any(map(any, widths)) else identity(x)


def _widths(pad_width: Operand, ndim: int) -> list[tuple[int, int]]:
    if isinstance(pad_width, dict):
        full: list[Any] = [(0, 0)] * ndim
        for axis, width in pad_width.items():
            full[axis] = as_tuple(width) * (1 if hasattr(width, "__iter__") else 2)
        pad_width = full
    given = np.asarray(pad_width)
    try:
        pairs = np.broadcast_to(given, (ndim, 2)).tolist()
    except ValueError as error:
        raise InvalidType("Pad", f"(before, after) for {ndim} axes", f"{pad_width}") from error
    if given.dtype.kind not in "iu" or (given < 0).any():
        raise InvalidType("Pad", "widths of 0 or more", f"{pad_width}")
    return [(before, after) for before, after in pairs]


def _framed(x: Variable, widths: list[tuple[int, int]], constant_values: Operand = 0) -> Variable:
    inner = tuple(slice(b, b + n) for (b, _), n in zip(widths, x.shape, strict=True))
    shape = tuple(b + n + a for (b, a), n in zip(widths, x.shape, strict=True))
    # To put x into zeros is the gradient of reading it out, so that this is one node.
    y = GetItemGrad(inner, shape).of(x)
    if not np.any(constant_values):
        return y
    frame = np.pad(np.zeros(x.shape, x.dtype), widths, constant_values=constant_values)
    return add(y, backend.array_like(frame, x.array))


class Copy(Unary):
    """y = x where ``put`` puts it; the gradient returns to where x is."""

    __slots__ = ("back", "put")

    def __init__(self, put: Callable[[Any], Any]) -> None:
        self.put = put

    def forward(self, x: Raw) -> Raw:
        self.back = backend.place_of(x)
        return self.put(x)

    def backward(self, gy: Array, x: Array) -> Array:
        return Copy(self.back)(gy)


def copy(x: Operand, dst: Operand) -> Variable:
    """x on another device: 'cpu', 'cuda:0', or Chainer's -1, 0, '@numpy', '@cupy:0'."""
    return Copy(backend.parse_device(dst).put).of(x)
