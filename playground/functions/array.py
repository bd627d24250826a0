"""Shapes and elements: nothing is computed, only arranged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from playground.functions.reduction import normal_axes
from playground.graph import backend
from playground.graph.errors import InvalidType
from playground.graph.function_node import Op, Unary, as_raw, sum_to_shape
from playground.graph.variable import Variable, as_variable

__all__ = [
    "broadcast",
    "broadcast_to",
    "concat",
    "expand_dims",
    "flatten",
    "get_item",
    "moveaxis",
    "ravel",
    "reshape",
    "squeeze",
    "stack",
    "sum_to",
    "swapaxes",
    "transpose",
]


def _as_tuple(numbers: Any) -> tuple[int, ...]:
    """A shape or axes, given as a number or as a sequence of numbers."""
    return (int(numbers),) if isinstance(numbers, (int, np.integer)) else tuple(numbers)


class Reshape(Unary):
    """y = x in another shape; shares memory with x where it can."""

    __slots__ = ("origin", "shape")

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def forward(self, x: Any) -> Any:
        self.origin = x.shape
        return x.reshape(self.shape)

    def backward(self, gy: Any, x: Any) -> Any:
        return gy.reshape(self.origin)


def reshape(x: Any, shape: int | Sequence[int]) -> Variable:
    """x in another shape of the same size; one entry may be -1. x itself if it has the shape."""
    shape = _as_tuple(shape)
    if isinstance(x, Variable) and x._array.shape == shape:
        return x
    return Reshape(shape).of(x)


def ravel(x: Any) -> Variable:
    """x as one dimension."""
    x = as_variable(x)
    return reshape(x, (x.size,))


flatten = ravel


class Transpose(Unary):
    """y = x with its axes permuted (None: reversed)."""

    __slots__ = ("axes",)

    def __init__(self, axes: tuple[int, ...] | None = None) -> None:
        self.axes = axes

    def forward(self, x: Any) -> Any:
        return x.transpose(self.axes)

    def backward(self, gy: Any, x: Any) -> Any:
        if self.axes is None:
            return gy.transpose()
        count = len(self.axes)
        inverse = sorted(range(count), key=[a % count for a in self.axes].__getitem__)
        return gy.transpose(tuple(inverse))


def transpose(x: Any, axes: Sequence[int] | None = None) -> Variable:
    """x with its axes permuted; without ``axes``, reversed."""
    return Transpose(None if axes is None else tuple(axes)).of(x)


def swapaxes(x: Any, axis1: int, axis2: int) -> Variable:
    """x with two axes exchanged."""
    x = as_variable(x)
    order = list(range(x.ndim))
    (a,), (b,) = (normal_axes(axis, x.ndim, "swapaxes") for axis in (axis1, axis2))
    order[a], order[b] = b, a
    return transpose(x, order)


def moveaxis(x: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Variable:
    """x with the axes ``source`` moved to the positions ``destination``."""
    x = as_variable(x)
    first = _as_tuple(source)
    second = _as_tuple(destination)
    if len(first) != len(second):
        raise InvalidType("moveaxis", "as many sources as destinations", f"{first} and {second}")
    normal_axes(first, x.ndim, "moveaxis")
    normal_axes(second, x.ndim, "moveaxis")
    moved = [a % x.ndim for a in first]
    order = [a for a in range(x.ndim) if a not in moved]
    for target, axis in sorted(zip((b % x.ndim for b in second), moved, strict=True)):
        order.insert(target, axis)
    return transpose(x, order)


def expand_dims(x: Any, axis: int | tuple[int, ...]) -> Variable:
    """x with axes of length 1 inserted, at the positions ``axis`` of the result."""
    x = as_variable(x)
    count = x.ndim + len(_as_tuple(axis))
    axes, lengths = normal_axes(axis, count, "expand_dims"), iter(x.shape)
    return reshape(x, tuple(1 if i in axes else next(lengths) for i in range(count)))


def squeeze(x: Any, axis: int | tuple[int, ...] | None = None) -> Variable:
    """x without axes of length 1 (all of them, or those named)."""
    x = as_variable(x)
    if axis is None:
        return Reshape(tuple(n for n in x.shape if n != 1)).of(x)
    axes = normal_axes(axis, x.ndim, "squeeze")
    for a in axes:
        if x.shape[a] != 1:
            raise InvalidType("squeeze", f"length 1 along axis {a}", f"shape {x.shape}")
    return Reshape(tuple(n for i, n in enumerate(x.shape) if i not in axes)).of(x)


class BroadcastTo(Unary):
    """y = x repeated to a larger shape; a view."""

    __slots__ = ("origin", "shape")

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def forward(self, x: Any) -> Any:
        self.origin = x.shape
        return np.broadcast_to(x, self.shape)

    def backward(self, gy: Any, x: Any) -> Any:
        return sum_to_shape(gy, self.origin)


def broadcast_to(x: Any, shape: int | Sequence[int]) -> Variable:
    """x repeated to ``shape`` by NumPy's broadcasting; x itself if it has the shape."""
    shape = _as_tuple(shape)
    x = as_variable(x)
    return x if x.shape == shape else BroadcastTo(shape).of(x)


def broadcast(*args: Any) -> tuple[Variable, ...]:
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


def sum_to(x: Any, shape: int | Sequence[int]) -> Variable:
    """The inverse of broadcasting: x summed down to ``shape``; x itself if it has the shape."""
    shape = _as_tuple(shape)
    x = as_variable(x)
    try:
        fits = np.broadcast_shapes(shape, x.shape) == x.shape
    except ValueError:
        fits = False
    if not fits:
        raise InvalidType("sum_to", f"a shape that broadcasts to {x.shape}", f"{shape}")
    return sum_to_shape(x, shape)


def _is_basic(index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None or part is Ellipsis or isinstance(part, (int, slice, np.integer))
        for part in parts
        if not isinstance(part, bool)
    ) and not any(isinstance(part, (bool, np.bool_)) for part in parts)


class GetItem(Unary):
    """y = x[index], basic or fancy; elements read twice get both gradients."""

    __slots__ = ("index", "shape")

    def __init__(self, index: Any) -> None:
        self.index = index

    def forward(self, x: Any) -> Any:
        self.shape = x.shape
        return x[self.index]

    def backward(self, gy: Any, x: Any) -> Any:
        return GetItemGrad(self.index, self.shape)(gy)


class GetItemGrad(Unary):
    """gx = zeros of x's shape with gy added at index."""

    __slots__ = ("index", "shape")

    def __init__(self, index: Any, shape: tuple[int, ...]) -> None:
        self.index, self.shape = index, shape

    def forward(self, gy: Any) -> Any:
        if _is_basic(self.index):
            gx = np.zeros(self.shape, gy.dtype, like=backend.as_array(gy))
            gx[self.index] = gy
            return gx
        # Counting with weights adds up elements that are read more than once, on every array
        # type, where ufunc.at is not to be had.
        size = math.prod(self.shape)
        where = np.arange(size, like=gy).reshape(self.shape)[self.index].reshape(-1)
        if not gy.size:  # CuPy counts nothing in no elements
            return np.zeros(self.shape, gy.dtype, like=gy)
        sums = np.bincount(where, weights=gy.reshape(-1), minlength=size)
        return sums.reshape(self.shape).astype(gy.dtype)

    def backward(self, ggx: Any, gy: Any) -> Any:
        return ggx[self.index]


def _plain_index(index: Any) -> Any:
    """An index whose Variables are replaced by their arrays, and lists by arrays."""
    if isinstance(index, tuple):
        return tuple(_plain_index(part) for part in index)
    if isinstance(index, Variable):
        return index.array
    return np.asarray(index) if isinstance(index, list) else index


def get_item(x: Any, slices: Any) -> Variable:
    """x[slices]: integers, slices, None, Ellipsis, and arrays of integers or booleans."""
    return GetItem(_plain_index(slices)).of(x)


class Concat(Op):
    """y = the inputs joined along an existing axis."""

    __slots__ = ("axis", "lengths")

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, *xs: Any) -> Any:
        y = np.concatenate(xs, axis=self.axis)
        self.lengths = [x.shape[self.axis] for x in xs]
        return y

    def backward(self, gy: Any, *xs: Any) -> Any:
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


def stack(xs: Sequence[Any], axis: int = 0) -> Variable:
    """The arrays joined along a new axis."""
    raised = [expand_dims(x, axis) if isinstance(x, Variable) else _raised(x, axis) for x in xs]
    return concat(raised, axis)


def _raised(x: Any, axis: int) -> Any:
    return np.expand_dims(as_raw(x), axis)


def _reshape_method(self: Variable, *shape: Any) -> Variable:
    return reshape(self, shape[0] if len(shape) == 1 else shape)


def _transpose_method(self: Variable, *axes: Any) -> Variable:
    if not axes or axes == (None,):
        return transpose(self)
    return transpose(self, axes[0] if isinstance(axes[0], (tuple, list)) else axes)


def _iterate(self: Variable) -> Any:
    if not self.ndim:
        raise TypeError("iteration over a 0-d variable: it has no axis to go along")
    return (self[i] for i in range(len(self)))


_METHODS = {
    "reshape": _reshape_method,
    "transpose": _transpose_method,
    "T": property(transpose),
    "ravel": ravel,
    "flatten": ravel,
    "swapaxes": swapaxes,
    "squeeze": squeeze,
    "__getitem__": get_item,
    "__iter__": _iterate,
}
for _name, _function in _METHODS.items():
    setattr(Variable, _name, _function)
