"""Several arrays into one, and one into several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from playground.functions.array.indexing import GetItem, get_item
from playground.functions.array.shaping import expand_dims, reshape
from playground.functions.array.views import note_view
from playground.functions.reduction import normal_axes
from playground.functions.registry import answers
from playground.graph.errors import InvalidType
from playground.graph.op import Op, Selecting, as_raw
from playground.graph.types import Array, Cotangents, Index, Node, Operand, Raw
from playground.graph.variable import Variable, as_variable

__all__ = [
    "concat",
    "dstack",
    "hstack",
    "pad_sequence",
    "separate",
    "split_axis",
    "stack",
    "vstack",
]


class Concat(Op):
    """y = the inputs joined along an existing axis."""

    __slots__ = ("axis", "lengths")

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, *xs: Raw) -> Raw:
        y = np.concatenate(xs, axis=self.axis)
        # Lengths alone: of the inputs themselves the backward pass needs nothing.
        self.lengths = [x.shape[self.axis] for x in xs]
        return y

    def backward(self, gy: Array, *xs: Array) -> Array:
        # By slices, whose own gradient is an assignment and no count.
        lead = (slice(None),) * (self.axis % gy.ndim)
        gxs, start = [], 0
        for length in self.lengths:
            gxs.append(gy[(*lead, slice(start, start + length))])
            start += length
        return gxs


def concat(xs: Sequence[Any], axis: int = 1) -> Variable:
    """The arrays joined along an existing axis (1 by default, as in Chainer)."""
    if not len(xs):
        raise InvalidType("concat", "at least one array", "none")
    return Concat(axis).apply(xs)[0]


def shaped(x: Operand, shape: Sequence[int]) -> Any:
    """x in another shape; a constant stays one, to be cast to its partner's dtype later."""
    return reshape(x, shape) if isinstance(x, Variable) else as_raw(x).reshape(shape)


def operand(x: Operand) -> Any:
    """A Variable as it is, anything else as an array."""
    return x if isinstance(x, Variable) else as_raw(x)


def along(x: Operand, axis: int | None, operation: str) -> tuple[Any, int]:
    """x and the axis to work along, counted from 0; everything flat where none is given."""
    x = operand(x)
    if axis is None:
        return shaped(x, (-1,)), 0
    (position,) = normal_axes(axis, x.ndim, operation)
    return x, position


def joined(xs: Sequence[Any], axis: int) -> Any:
    """The arrays joined; constants alone stay one, to be cast to their partner's dtype later."""
    return (
        concat(xs, axis) if any(isinstance(x, Variable) for x in xs) else np.concatenate(xs, axis)
    )


@answers(np.stack)
def stack(xs: Sequence[Any], axis: int = 0) -> Variable:
    """The arrays joined along a new axis."""
    # Constants stay arrays until concat has seen the Variables whose dtype they take.
    raised = [
        expand_dims(x, axis) if isinstance(x, Variable) else np.expand_dims(as_raw(x), axis)
        for x in xs
    ]
    return concat(raised, axis)


def at_least(x: Operand, ndim: int) -> Any:
    """x with axes of length 1 added where NumPy's atleast_1d, _2d and _3d add them."""
    shape = operand(x).shape
    if len(shape) >= ndim:
        return operand(x)
    missing = ndim - len(shape)
    # atleast_3d alone adds behind as well: (n,) becomes (1, n, 1), and (m, n) (m, n, 1).
    trailing = ndim == 3 and len(shape) > 0
    return shaped(x, (*(1,) * (missing - trailing), *shape, *(1,) * trailing))


@answers(np.vstack, "row_stack")
def vstack(xs: Sequence[Any]) -> Variable:
    """The arrays joined along the first axis; vectors are rows."""
    return concat([at_least(x, 2) for x in xs], 0)


@answers(np.hstack)
def hstack(xs: Sequence[Any]) -> Variable:
    """The arrays joined along the second axis, or along the only one."""
    raised = [at_least(x, 1) for x in xs]
    # By the first array alone, as NumPy decides it.
    return concat(raised, 0 if raised and raised[0].ndim == 1 else 1)


@answers(np.dstack)
def dstack(xs: Sequence[Any]) -> Variable:
    """The arrays joined along the third axis."""
    return concat([at_least(x, 3) for x in xs], 2)


class SplitAxis(Selecting, Op):
    """ys = x cut at ``bounds`` (0 and the length included) along an axis."""

    __slots__ = ("axis", "bounds", "output_count", "shapes")

    def __init__(self, bounds: Sequence[int], axis: int) -> None:
        self.bounds, self.axis = bounds, axis
        self.output_count = len(bounds) - 1

    def apply(self, inputs: Sequence[Any]) -> tuple[Variable, ...]:
        ys = super().apply(inputs)
        for y in ys:
            note_view(y.node)
        return ys

    def again(self, node: Node) -> GetItem:
        """As a view of another array the part is a slice."""
        i = node.output_index
        return GetItem((*(slice(None),) * self.axis, slice(self.bounds[i], self.bounds[i + 1])))

    def forward(self, x: Raw) -> Raw:
        lead = (slice(None),) * self.axis
        pairs = zip(self.bounds, self.bounds[1:], strict=False)
        ys = [x[(*lead, slice(start, stop))] for start, stop in pairs]
        # For outputs that nobody uses: their cotangents come as None and tell no shape.
        self.shapes = [y.shape for y in ys]
        return tuple(ys)

    def backward(self, gys: Cotangents, x: Array) -> Array:
        # An output that nobody used has no cotangent, and stands for zeros.
        like = next(gy for gy in gys if gy is not None)
        parts = [
            np.zeros_like(like, shape=shape) if gy is None else gy
            for gy, shape in zip(gys, self.shapes, strict=True)
        ]
        return np.concatenate(parts, axis=self.axis)


def split_at(x: Operand, bounds: Sequence[int], axis: int) -> tuple[Variable, ...]:
    """x cut at ascending ``bounds``, which begin with 0 and end with the length."""
    # An op of one output gets its cotangent bare: a single part is an index, not a split.
    if len(bounds) == 2:
        return (get_item(x, (slice(None),) * (axis + 1)),)
    return SplitAxis(bounds, axis).apply((x,))


def split_axis(x: Operand, indices_or_sections: Index, axis: int, force_tuple: bool = True) -> Any:
    """x cut along an axis, into equal parts (a number of them) or at the given indices.

    Returns a tuple of Variables; a single part comes alone unless ``force_tuple``.
    """
    x = as_variable(x)
    (position,) = normal_axes(axis, x.ndim, "SplitAxis")
    bounds = _bounds(indices_or_sections, x.shape[position])
    parts = split_at(x, bounds, position)
    return parts if force_tuple or len(parts) > 1 else parts[0]


def _bounds(indices_or_sections: Index, length: int) -> list[int]:
    given = np.asarray(indices_or_sections)
    if given.ndim > 1 or (given.size and given.dtype.kind not in "iu"):
        raise InvalidType("SplitAxis", "a number of parts or indices", f"{indices_or_sections!r}")
    if given.ndim == 0:
        parts = int(given)
        if parts < 1 or length % parts:
            raise InvalidType("SplitAxis", f"a number that divides the length {length}", f"{parts}")
        # Of an empty axis all parts are empty, where range would refuse a step of 0.
        return list(range(0, length + 1, length // parts)) if length else [0] * (parts + 1)
    bounds = [0, *(int(i) for i in given), length]
    # NumPy would read them as slices, and hand out parts that overlap or are empty.
    if bounds != sorted(bounds):
        raise InvalidType("SplitAxis", f"ascending indices from 0 to {length}", f"{bounds[1:-1]}")
    return bounds


@answers("unstack")
def separate(x: Operand, axis: int = 0) -> tuple[Variable, ...]:
    """The entries along an axis, each without that axis."""
    x = as_variable(x)
    (position,) = normal_axes(axis, x.ndim, "Separate")
    shape = x.shape[:position] + x.shape[position + 1 :]
    # An empty axis has one bound, which cuts nothing.
    parts = split_at(x, list(range(x.shape[position] + 1)), position) if x.shape[position] else ()
    return tuple(reshape(part, shape) for part in parts)


def pad_sequence(xs: Sequence[Any], length: int | None = None, padding: float = 0) -> Variable:
    """Arrays of different lengths as rows of one, each filled up with ``padding`` at its end.

    xs: n arrays of shapes (l_i, …). Returns (n, length, …), with ``length`` the largest l_i
    unless it is given.
    """
    xs = [operand(x) for x in xs]
    if not xs or any(x.ndim == 0 or x.shape[1:] != xs[0].shape[1:] for x in xs):
        shapes = ", ".join(str(x.shape) for x in xs) or "none"
        raise InvalidType("PadSequence", "arrays alike but for their lengths", shapes)
    length = max(len(x) for x in xs) if length is None else length
    if any(len(x) > length for x in xs):
        raise InvalidType("PadSequence", f"lengths up to {length}", f"{[len(x) for x in xs]}")
    rows = [_lengthened(x, length, padding) for x in xs]
    return stack(rows)


def _lengthened(x: Operand, length: int, padding: float) -> Operand:
    if len(x) == length:
        return x
    raw = x.array if isinstance(x, Variable) else x
    # Like x, so that it lies on x's device and has x's lanes.
    filling = np.zeros((length - len(x), *x.shape[1:]), raw.dtype, like=raw)
    filling[...] = padding
    return joined([x, filling], 0)
