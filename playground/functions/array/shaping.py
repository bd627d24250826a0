"""Other shapes of the same elements: axes moved, added, dropped and repeated."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index

import numpy as np

from playground.functions.array.views import View
from playground.functions.reduction import normal_axes
from playground.functions.registry import answers
from playground.graph.errors import InvalidAxis, InvalidType
from playground.graph.op import sum_to_shape
from playground.graph.types import Array, Axis, Index, Node, Operand, Raw
from playground.graph.variable import Variable, as_variable

__all__ = [
    "broadcast",
    "broadcast_to",
    "expand_dims",
    "flatten",
    "moveaxis",
    "ravel",
    "reshape",
    "rollaxis",
    "squeeze",
    "sum_to",
    "swapaxes",
    "transpose",
]


def as_tuple(numbers: int | Sequence[int]) -> tuple[int, ...]:
    """A number or a sequence of numbers, as a tuple."""
    # The frequent case first; operator.index then takes NumPy's integers and refuses 2.5.
    if isinstance(numbers, tuple):
        return numbers
    try:
        return (index(numbers),)  # type: ignore[arg-type]
    except TypeError:
        return tuple(numbers)  # type: ignore[arg-type]


class Reshape(View):
    """y = x in another shape; shares memory with x where it can."""

    __slots__ = ("origin", "shape")

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def again(self, node: Node) -> Reshape:
        return Reshape(self.shape)

    def forward(self, x: Raw) -> Raw:
        self.origin = x.shape
        return x.reshape(self.shape)

    def backward(self, gy: Array, x: Array) -> Array:
        # The shape is remembered, since x is not kept: None may stand here in its place.
        return gy.reshape(self.origin)


def reshape(x: Operand, shape: int | Sequence[int]) -> Variable:
    """x in another shape of the same size; one entry may be -1. x itself if it has the shape."""
    shape = as_tuple(shape)
    # Compositions reshape without asking whether they need to: no node for those that do not.
    if isinstance(x, Variable) and x._array.shape == shape:
        return x
    return Reshape(shape).of(x)


def ravel(x: Operand) -> Variable:
    """x as one dimension."""
    x = as_variable(x)
    return reshape(x, (x.size,))


flatten = ravel


class Transpose(View):
    """y = x with its axes permuted (None: reversed)."""

    __slots__ = ("axes",)

    def __init__(self, axes: tuple[int, ...] | None = None) -> None:
        self.axes = axes

    def again(self, node: Node) -> Transpose:
        return Transpose(self.axes)

    def forward(self, x: Raw) -> Raw:
        return x.transpose(self.axes)

    def backward(self, gy: Array, x: Array) -> Array:
        if self.axes is None:
            return gy.transpose()
        count = len(self.axes)
        # np.argsort of the axes, without an array for three numbers.
        inverse = sorted(range(count), key=[a % count for a in self.axes].__getitem__)
        return gy.transpose(tuple(inverse))


@answers(np.transpose, "permute_dims")
def transpose(x: Operand, axes: Sequence[int] | None = None) -> Variable:
    """x with its axes permuted; without ``axes``, reversed."""
    return Transpose(None if axes is None else tuple(axes)).of(x)


@answers(np.swapaxes)
def swapaxes(x: Operand, axis1: int, axis2: int) -> Variable:
    """x with two axes exchanged."""
    x = as_variable(x)
    order = list(range(x.ndim))
    (a,), (b,) = (normal_axes(axis, x.ndim, "swapaxes") for axis in (axis1, axis2))
    order[a], order[b] = b, a
    return transpose(x, order)


@answers(np.moveaxis)
def moveaxis(x: Operand, source: int | Sequence[int], destination: int | Sequence[int]) -> Variable:
    """x with the axes ``source`` moved to the positions ``destination``."""
    x = as_variable(x)
    first, second = as_tuple(source), as_tuple(destination)
    if len(first) != len(second):
        raise InvalidType("moveaxis", "as many sources as destinations", f"{first} and {second}")
    normal_axes(first, x.ndim, "moveaxis")
    normal_axes(second, x.ndim, "moveaxis")
    moved = [a % x.ndim for a in first]
    order = [a for a in range(x.ndim) if a not in moved]
    # In the order of their targets: each insertion shifts what stands behind it.
    for target, axis in sorted(zip((b % x.ndim for b in second), moved, strict=True)):
        order.insert(target, axis)
    return transpose(x, order)


@answers(np.rollaxis)
def rollaxis(x: Operand, axis: int, start: int = 0) -> Variable:
    """x with an axis moved to stand before the axis that is ``start`` now."""
    x = as_variable(x)
    (source,) = normal_axes(axis, x.ndim, "rollaxis")
    if not -x.ndim <= start <= x.ndim:
        raise InvalidAxis("rollaxis", f"start from {-x.ndim} to {x.ndim}", f"{start}")
    target = start + x.ndim if start < 0 else start
    # Taken out first, the axis leaves a gap: places behind it come one nearer.
    return moveaxis(x, source, target - (target > source))


@answers(np.expand_dims)
def expand_dims(x: Operand, axis: int | tuple[int, ...]) -> Variable:
    """x with axes of length 1 inserted, at the positions ``axis`` of the result."""
    x = as_variable(x)
    # Positions are those of the result, where -1 is the new last axis.
    count = x.ndim + len(as_tuple(axis))
    axes, lengths = normal_axes(as_tuple(axis), count, "expand_dims"), iter(x.shape)
    return reshape(x, tuple(1 if i in axes else next(lengths) for i in range(count)))


@answers(np.squeeze)
def squeeze(x: Operand, axis: int | tuple[int, ...] | None = None) -> Variable:
    """x without axes of length 1 (all of them, or those named)."""
    x = as_variable(x)
    if axis is None:
        # Not by reshape, which may return x itself: Chainer's squeeze always makes a node.
        return Reshape(tuple(n for n in x.shape if n != 1)).of(x)
    axes = normal_axes(axis, x.ndim, "squeeze")
    for a in axes:
        if x.shape[a] != 1:
            raise InvalidType("squeeze", f"length 1 along axis {a}", f"shape {x.shape}")
    return Reshape(tuple(n for i, n in enumerate(x.shape) if i not in axes)).of(x)


class BroadcastTo(View):
    """y = x repeated to a larger shape; a view."""

    __slots__ = ("origin", "shape")

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def again(self, node: Node) -> BroadcastTo:
        return BroadcastTo(self.shape)

    def forward(self, x: Raw) -> Raw:
        self.origin = x.shape
        return np.broadcast_to(x, self.shape)

    def backward(self, gy: Array, x: Array) -> Array:
        return sum_to_shape(gy, self.origin)


@answers(np.broadcast_to)
def broadcast_to(x: Operand, shape: int | Sequence[int]) -> Variable:
    """x repeated to ``shape`` by NumPy's broadcasting; x itself if it has the shape."""
    shape = as_tuple(shape)
    x = as_variable(x)
    return x if x.shape == shape else BroadcastTo(shape).of(x)


def broadcast(*args: Operand) -> tuple[Variable, ...]:
    """All arguments repeated to their common shape."""
    variables = [as_variable(x) for x in args]
    shapes = [x.shape for x in variables]
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError as error:
        raise InvalidType(
            "broadcast", "shapes that broadcast together", ", ".join(map(str, shapes))
        ) from error
    return tuple(broadcast_to(x, shape) for x in variables)


def sum_to(x: Operand, shape: int | Sequence[int]) -> Variable:
    """The inverse of broadcasting: x summed down to ``shape``; x itself if it has the shape."""
    shape = as_tuple(shape)
    x = as_variable(x)
    try:
        # Broadcasting is symmetric: that they fit does not say yet which is the larger.
        fits = np.broadcast_shapes(shape, x.shape) == x.shape
    except ValueError:
        fits = False
    if not fits:
        raise InvalidType("sum_to", f"a shape that broadcasts to {x.shape}", f"{shape}")
    return sum_to_shape(x, shape)


def _transposed(self: Variable, *axes: Axis) -> Variable:
    # As ndarray.transpose takes them: one by one, as one sequence, or as None.
    if not axes or axes == (None,):
        return transpose(self)
    order: Index = axes[0] if isinstance(axes[0], (tuple, list)) else axes
    return transpose(self, order)


_SHAPE_METHODS = {
    "transpose": _transposed,
    "T": property(transpose),
    "swapaxes": swapaxes,
    "squeeze": squeeze,
}
for _name, _function in _SHAPE_METHODS.items():
    setattr(Variable, _name, _function)
