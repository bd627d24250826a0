"""What NumPy's functions of whole arrays are in lanes: creation, shapes, reductions, and the rest.

Elementwise functions need no rule; those of linear algebra stand in :mod:`linalg`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from operator import index as as_index
from typing import Any

import numpy as np

from playground.graph.types import Array, Axis, DType, Operand, Raw, Shape
from playground.interpreters.batching.batched import (
    Batched,
    LaneRule,
    elementwise,
    in_lanes,
    lanes_inner,
    looped,
    newest,
    padded,
)


def _behind(axis: Axis, ndim: int) -> Any:
    """An axis of one lane, or several or None for all, as axes of the whole array."""
    if axis is None:
        return tuple(range(1, ndim + 1))
    if isinstance(axis, tuple):
        return tuple(_behind(a, ndim) for a in axis)
    axis = as_index(axis)
    if not -ndim <= axis < ndim:
        raise np.exceptions.AxisError(axis, ndim)
    # Counted from behind an axis is the same with the lanes in front.
    return axis + 1 if axis >= 0 else axis


def _as_shape(shape: int | Sequence[int]) -> Shape:
    if type(shape) is tuple:
        return shape
    return tuple(shape) if isinstance(shape, Sequence) else (shape,)


# ------------------------------------------------------------------------------- creation


def _in_lanes_of(
    like: Batched, shape: int | Sequence[int], make: Callable[..., Raw], dtype: DType
) -> Batched:
    """A new array for the lanes of ``like``, laid out in memory as that is."""
    shape = _as_shape(shape)
    lanes = like.level.size
    if lanes_inner(like.array):
        flat = make((*shape, lanes), dtype, like=like.array)
        return Batched(flat.transpose((len(shape), *range(len(shape)))), like.level)
    return Batched(make((lanes, *shape), dtype, like=like.array), like.level)


# What is assigned to later may differ from lane to lane: zeros get the lanes at once. What is
# counted is the same in all of them, and has none.


@in_lanes(np.zeros, np.empty, like=True)
def zero_lanes(
    like: Batched, shape: int | Sequence[int], dtype: DType = float, **kwargs: Operand
) -> Batched:
    """Zeros in every lane."""
    return _in_lanes_of(like, shape, np.zeros, dtype)


@in_lanes(np.ones, like=True)
def one_lanes(
    like: Batched, shape: int | Sequence[int], dtype: DType = float, **kwargs: Operand
) -> Batched:
    """Ones in every lane."""
    return _in_lanes_of(like, shape, np.ones, dtype)


@in_lanes(np.arange, like=True)
def counted_up(like: Batched, *args: Operand, **kwargs: Operand) -> Raw:
    """Numbers one after the other, the same for all lanes."""
    return np.arange(*args, **kwargs, like=like.array)


@in_lanes(np.eye, like=True)
def eye_without_lanes(like: Batched, *args: Operand, **kwargs: Operand) -> Raw:
    """Ones on a diagonal, the same for all lanes."""
    return np.eye(*args, **kwargs, like=like.array)


@in_lanes(np.zeros_like, np.empty_like)
def zeros_as_in(
    x: Batched, dtype: DType = None, *, shape: Shape | int | None = None, **kwargs: Operand
) -> Batched:
    """Zeros in every lane of x."""
    if shape is not None:
        return _in_lanes_of(x, shape, np.zeros, x.dtype if dtype is None else dtype)
    return x.with_array(np.zeros_like(x.array, dtype=dtype))


@in_lanes(np.ones_like)
def ones_as_in(
    x: Batched, dtype: DType = None, *, shape: Shape | int | None = None, **kwargs: Operand
) -> Batched:
    """Ones in every lane of x."""
    if shape is not None:
        return _in_lanes_of(x, shape, np.ones, x.dtype if dtype is None else dtype)
    return x.with_array(np.ones_like(x.array, dtype=dtype))


# --------------------------------------------------------------------------------- shapes


@in_lanes(np.reshape)
def each_reshaped(
    x: Batched, shape: int | Sequence[int], order: str = "C", **kwargs: Operand
) -> Any:
    """Another shape of each lane."""
    if order != "C":
        return looped(np.reshape, (x, shape, order), kwargs)
    shape = _as_shape(shape)
    # NumPy would let -1 stand for what is missing with the lanes in it.
    if -1 in shape:
        known = math.prod(n for n in shape if n != -1)
        size = math.prod(x.shape)
        if not known or size % known:
            raise ValueError(f"cannot reshape array of size {size} into shape {shape}")
        shape = tuple(size // known if n == -1 else n for n in shape)
    elif math.prod(shape) != math.prod(x.shape):
        raise ValueError(f"cannot reshape array of shape {x.shape} into shape {shape}")
    return x.with_array(x.array.reshape((x.level.size, *shape)))


@in_lanes(np.transpose)
def each_transposed(x: Batched, axes: Sequence[int] | None = None) -> Batched:
    """The axes of each lane permuted; without ``axes``, reversed."""
    ndim = x.ndim
    order = range(ndim)[::-1] if axes is None else [a % ndim if ndim else a for a in axes]
    return x.with_array(x.array.transpose((0, *(a + 1 for a in order))))


@in_lanes(np.swapaxes)
def each_swapped(x: Batched, axis1: int, axis2: int) -> Batched:
    """Two axes of each lane exchanged."""
    return x.with_array(x.array.swapaxes(_behind(axis1, x.ndim), _behind(axis2, x.ndim)))


@in_lanes(np.expand_dims)
def each_expanded(x: Batched, axis: int | Sequence[int]) -> Batched:
    """Axes of length 1 inserted."""
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    return x.with_array(np.expand_dims(x.array, _behind(tuple(axes), x.ndim + len(axes))))


@in_lanes(np.broadcast_to)
def each_broadcast(x: Batched, shape: int | Sequence[int], subok: bool = False) -> Batched:
    """Each lane repeated to a shape."""
    shape = _as_shape(shape)
    return x.with_array(np.broadcast_to(padded(x.array, len(shape)), (x.level.size, *shape)))


@in_lanes(np.concatenate)
def joined_in_lanes(arrays: Sequence[Array], axis: int | None = 0, **kwargs: Operand) -> Batched:
    """Arrays joined along an axis, those without lanes repeated."""
    arrays = list(arrays)
    if axis is None:
        arrays, axis = [x.reshape(-1) for x in arrays], 0
    level = newest(arrays)
    parts = [level.show(x) for x in arrays]
    axis = _behind(axis, max(x.ndim for x in arrays))
    if len(parts[0].shape) > 1 and any(map(lanes_inner, parts)):
        # Joined in the order of memory, which NumPy would otherwise turn round.
        order = (*range(1, parts[0].ndim), 0)
        turned = [part.transpose(order) for part in parts]
        whole = np.concatenate(turned, axis=axis - 1, **kwargs)
        return Batched(whole.transpose((whole.ndim - 1, *range(whole.ndim - 1))), level)
    return Batched(np.concatenate(parts, axis=axis, **kwargs), level)


# ----------------------------------------------------------------------------- reductions


def _reduction(function: Callable[..., Any]) -> LaneRule:
    def reduce(x: Batched, axis: Axis = None, *further: Operand, **kwargs: Operand) -> Any:
        if further or kwargs.keys() - {"keepdims", "initial"}:
            return looped(function, (x, axis, *further), kwargs)
        if axis in (0, -1) and not x.ndim:  # NumPy takes these axes of a 0-d array for none
            axis = ()
        return x.with_array(function(x.array, axis=_behind(axis, x.ndim), **kwargs))

    return reduce


def _along_one(function: Callable[..., Any]) -> LaneRule:
    """A function along one axis, or (None) of all elements as one dimension."""

    def call(x: Batched, axis: int | None = None, **kwargs: Operand) -> Batched:
        if axis is None:
            x, axis = x.reshape(-1), 0
        return x.with_array(function(x.array, _behind(axis, x.ndim), **kwargs))

    return call


for _function in (np.sum, np.max, np.min, np.prod, np.any, np.all):
    in_lanes(_function)(_reduction(_function))
for _finding in (np.argmax, np.argmin, np.cumsum, np.cumprod):
    in_lanes(_finding)(_along_one(_finding))


@in_lanes(np.argsort)
def each_order(x: Batched, axis: int | None = -1, kind: Any = None, **kwargs: Operand) -> Batched:
    """The order of the elements along an axis, in each lane."""
    if axis is None:
        x, axis = x.reshape(-1), 0
    return x.with_array(np.argsort(x.array, _behind(axis, x.ndim), kind))


# --------------------------------------------------------------------------- the others


@in_lanes(np.where)
def each_chosen(condition: Operand, *choices: Operand) -> Any:
    """x where the condition holds, else y."""
    if not choices:
        raise TypeError(
            "np.where(condition) under vmap: the number of places differs from lane to lane: use "
            "np.where(condition, a, b)"
        )
    return elementwise(np.where, (condition, *choices))


@in_lanes(np.take_along_axis)
def each_taken(x: Array, indices: Array, axis: int | None = -1) -> Batched:
    """Elements along an axis, by an index for each."""
    if axis is None:
        x, axis = x.reshape(-1), 0
    level = newest((x, indices))
    x, indices = (
        a.array if isinstance(a, Batched) and a.level is level else np.expand_dims(a, 0)
        for a in (x, indices)
    )
    # NumPy broadcasts all axes but the one taken along, CuPy none.
    lanes = max(x.shape[0], indices.shape[0])
    x = np.broadcast_to(x, (lanes, *x.shape[1:]))
    indices = np.broadcast_to(indices, (lanes, *indices.shape[1:]))
    return Batched(np.take_along_axis(x, indices, _behind(axis, x.ndim - 1)), level)


@in_lanes(np.searchsorted)
def each_place(a: Array, v: Array, side: str = "left", sorter: Array | None = None) -> Any:
    """Where elements belong in a sorted array."""
    level = newest((a, v, sorter))
    if isinstance(a, Batched) or isinstance(sorter, Batched):
        return looped(np.searchsorted, (a, v, side, sorter), {})
    return Batched(np.searchsorted(a, v.array, side, sorter), level)  # type: ignore[call-overload]


@in_lanes(np.bincount)
def each_counted(x: Array, weights: Array | None = None, minlength: int = 0) -> Any:
    """Counts of numbers below ``minlength`` in each lane: those of lane i are counted apart."""
    level = newest((x, weights))
    if not minlength or weights is None:
        return looped(np.bincount, (x, weights, minlength), {})
    # One call for all lanes: the numbers of lane i are moved up by i·minlength.
    places, weights = level.show(x), level.show(weights)
    like = places.base_array if isinstance(places, Batched) else places
    lanes = np.arange(level.size, like=like).reshape((level.size, 1))
    apart = (places + lanes * minlength).reshape(-1)
    counts = np.bincount(apart, weights=weights.reshape(-1), minlength=level.size * minlength)
    return Batched(counts.reshape((level.size, minlength)), level)


# --------------------------------------------------------------------------- the methods


def _transpose_in_lanes(self: Batched, *axes: Any) -> Batched:
    whole = len(axes) == 1 and (axes[0] is None or isinstance(axes[0], (tuple, list)))
    return each_transposed(self, axes[0] if whole else axes or None)


for _name in "sum max min prod any all argmax argmin cumsum cumprod swapaxes".split():  # noqa: SIM905
    setattr(Batched, _name, Batched.rules[getattr(np, _name)])
setattr(Batched, "transpose", _transpose_in_lanes)
setattr(
    Batched,
    "reshape",
    lambda self, *shape, **kwargs: each_reshaped(
        self, shape[0] if len(shape) == 1 else shape, **kwargs
    ),
)
setattr(Batched, "ravel", lambda self: each_reshaped(self, -1))
