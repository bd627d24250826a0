"""The vocabulary on batched arrays: creation, shapes, reductions, and the rest."""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import index as as_index
from typing import Any

import numpy as np

from playground.interpreters.batching.batched import (
    CREATION,
    RULES,
    Batched,
    elementwise,
    is_higher,
    lanes_inner,
    looped,
    newest,
    padded,
    rule,
)


def _behind(axis: Any, ndim: int) -> Any:
    """An axis of one lane, or several or None for all, as axes of the whole array."""
    if axis is None:
        return tuple(range(1, ndim + 1))
    if isinstance(axis, tuple):
        return tuple(_behind(a, ndim) for a in axis)
    axis = as_index(axis)
    if not -ndim <= axis < ndim:
        raise np.exceptions.AxisError(axis, ndim)
    return axis + 1 if axis >= 0 else axis


# ------------------------------------------------------------------------------- creation


def _made(like: Batched, shape: Any, make: Callable[..., Any], dtype: Any) -> Batched:
    """A new array for the lanes of ``like``, laid out in memory as that is."""
    shape = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    lanes = like.level.size
    if lanes_inner(like.array):
        flat = make((*shape, lanes), dtype, like=like.array)
        return Batched(flat.transpose((len(shape), *range(len(shape)))), like.level)
    return Batched(make((lanes, *shape), dtype, like=like.array), like.level)


def _creator(make: Callable[..., Any]) -> Callable[..., Any]:
    def create(like: Batched, shape: Any, dtype: Any = float, **kwargs: Any) -> Batched:
        return _made(like, shape, make, dtype)

    return create


CREATION[np.zeros] = CREATION[np.empty] = _creator(np.zeros)
CREATION[np.ones] = _creator(np.ones)
CREATION[np.arange] = lambda like, *args, **kwargs: np.arange(*args, **kwargs, like=like.array)
CREATION[np.eye] = lambda like, *args, **kwargs: np.eye(*args, **kwargs, like=like.array)


@rule(np.zeros_like, np.empty_like)
def zeros_like(x: Batched, dtype: Any = None, *, shape: Any = None, **kwargs: Any) -> Batched:
    """Zeros in every lane."""
    if shape is not None:
        return _made(x, shape, np.zeros, x.dtype if dtype is None else dtype)
    return x.with_array(np.zeros_like(x.array, dtype=dtype))


@rule(np.ones_like)
def ones_like(x: Batched, dtype: Any = None, *, shape: Any = None, **kwargs: Any) -> Batched:
    """Ones in every lane."""
    if shape is not None:
        return _made(x, shape, np.ones, x.dtype if dtype is None else dtype)
    return x.with_array(np.ones_like(x.array, dtype=dtype))


# --------------------------------------------------------------------------------- shapes


@rule(np.reshape)
def reshape(x: Batched, shape: Any, order: str = "C", **kwargs: Any) -> Any:
    """Another shape of each lane."""
    if order != "C":
        return looped(np.reshape, (x, shape, order), kwargs)
    shape = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    if -1 in shape:
        known = math.prod(n for n in shape if n != -1)
        size = math.prod(x.shape)
        if not known or size % known:
            raise ValueError(f"cannot reshape array of size {size} into shape {shape}")
        shape = tuple(size // known if n == -1 else n for n in shape)
    elif math.prod(shape) != math.prod(x.shape):
        raise ValueError(f"cannot reshape array of shape {x.shape} into shape {shape}")
    return x.with_array(x.array.reshape((x.level.size, *shape)))


@rule(np.transpose)
def transpose(x: Batched, axes: Any = None) -> Batched:
    """The axes of each lane permuted; without ``axes``, reversed."""
    ndim = x.ndim
    order = range(ndim)[::-1] if axes is None else [a % ndim if ndim else a for a in axes]
    return x.with_array(x.array.transpose((0, *(a + 1 for a in order))))


@rule(np.swapaxes)
def swapaxes(x: Batched, axis1: int, axis2: int) -> Batched:
    """Two axes of each lane exchanged."""
    return x.with_array(x.array.swapaxes(_behind(axis1, x.ndim), _behind(axis2, x.ndim)))


@rule(np.expand_dims)
def expand_dims(x: Batched, axis: Any) -> Batched:
    """Axes of length 1 inserted."""
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    return x.with_array(np.expand_dims(x.array, _behind(tuple(axes), x.ndim + len(axes))))


@rule(np.broadcast_to)
def broadcast_to(x: Batched, shape: Any, subok: bool = False) -> Batched:
    """Each lane repeated to a shape."""
    shape = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    return x.with_array(np.broadcast_to(padded(x.array, len(shape)), (x.level.size, *shape)))


@rule(np.concatenate)
def concatenate(arrays: Any, axis: Any = 0, **kwargs: Any) -> Any:
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
        joined = np.concatenate(turned, axis=axis - 1, **kwargs)
        return Batched(joined.transpose((joined.ndim - 1, *range(joined.ndim - 1))), level)
    return Batched(np.concatenate(parts, axis=axis, **kwargs), level)


# ----------------------------------------------------------------------------- reductions


def _reduction(name: str) -> Callable[..., Any]:
    function = getattr(np, name)

    def reduce(x: Batched, axis: Any = None, *further: Any, **kwargs: Any) -> Any:
        if further or kwargs.keys() - {"keepdims", "initial"}:
            return looped(function, (x, axis, *further), kwargs)
        return x.with_array(function(x.array, axis=_behind(axis, x.ndim), **kwargs))

    return reduce


_REDUCTIONS = {name: _reduction(name) for name in ("sum", "max", "min", "prod", "any", "all")}


def _along_one(name: str) -> Callable[..., Any]:
    """A function along one axis, or (None) of all elements as one dimension."""
    function = getattr(np, name)

    def call(x: Batched, axis: Any = None, **kwargs: Any) -> Any:
        if axis is None:
            x, axis = x.reshape(-1), 0
        return x.with_array(function(x.array, _behind(axis, x.ndim), **kwargs))

    return call


@rule(np.argsort)
def argsort(x: Batched, axis: Any = -1, kind: Any = None, **kwargs: Any) -> Batched:
    """The order of the elements along an axis, in each lane."""
    if axis is None:
        x, axis = x.reshape(-1), 0
    return x.with_array(np.argsort(x.array, _behind(axis, x.ndim), kind))


for _name, _function in _REDUCTIONS.items():
    RULES[getattr(np, _name)] = _function
for _name in ("argmax", "argmin", "cumsum", "cumprod"):
    RULES[getattr(np, _name)] = _along_one(_name)


# --------------------------------------------------------------------------- the others


@rule(np.where)
def where(condition: Any, *choices: Any) -> Any:
    """x where the condition holds, else y."""
    if not choices:
        raise TypeError(
            "np.where(condition) under vmap: the number of places differs from lane to lane: use "
            "np.where(condition, a, b)"
        )
    return elementwise(np.where, (condition, *choices))


@rule(np.take_along_axis)
def take_along_axis(x: Any, indices: Any, axis: Any = -1) -> Any:
    """Elements along an axis, by an index for each."""
    if axis is None:
        x, axis = x.reshape(-1), 0
    level = newest((x, indices))
    x, indices = (
        a.array if isinstance(a, Batched) and a.level is level else np.expand_dims(a, 0)
        for a in (x, indices)
    )
    lanes = max(x.shape[0], indices.shape[0])
    x = np.broadcast_to(x, (lanes, *x.shape[1:]))
    indices = np.broadcast_to(indices, (lanes, *indices.shape[1:]))
    return Batched(np.take_along_axis(x, indices, _behind(axis, x.ndim - 1)), level)


@rule(np.searchsorted)
def searchsorted(a: Any, v: Any, side: Any = "left", sorter: Any = None) -> Any:
    """Where elements belong in a sorted array."""
    level = newest((a, v, sorter))
    if isinstance(a, Batched) or isinstance(sorter, Batched):
        return looped(np.searchsorted, (a, v, side, sorter), {})
    return Batched(np.searchsorted(a, v.array, side, sorter), level)


@rule(np.bincount)
def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """Counts of numbers below ``minlength`` in each lane: those of lane i are counted apart."""
    level = newest((x, weights))
    if not minlength or weights is None:
        return looped(np.bincount, (x, weights, minlength), {})
    places, weights = level.show(x), level.show(weights)
    like = places.base_array if isinstance(places, Batched) else places
    lanes = np.arange(level.size, like=like).reshape((level.size, 1))
    apart = (places + lanes * minlength).reshape(-1)
    counts = np.bincount(apart, weights=weights.reshape(-1), minlength=level.size * minlength)
    return Batched(counts.reshape((level.size, minlength)), level)


def _over_matrices(function: Callable[..., Any]) -> Callable[..., Any]:
    def decompose(x: Batched, *args: Any, **kwargs: Any) -> Any:
        result = function(x.array, *args, **kwargs)
        if not isinstance(result, tuple):
            return x.with_array(result)
        parts = [x.with_array(part) for part in result]
        return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)

    return decompose


for _name in ("cholesky", "det", "eigh", "inv", "pinv", "qr", "slogdet", "svd"):
    RULES[getattr(np.linalg, _name)] = _over_matrices(getattr(np.linalg, _name))


# --------------------------------------------------------------------------- the methods


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Batched, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    return method


def _transpose_method(self: Batched, *axes: Any) -> Batched:
    whole = len(axes) == 1 and (axes[0] is None or isinstance(axes[0], (tuple, list)))
    return transpose(self, axes[0] if whole else axes or None)


def _reshape_method(self: Batched, *shape: Any, **kwargs: Any) -> Any:
    return reshape(self, shape[0] if len(shape) == 1 else shape, **kwargs)


_METHODS = {
    **_REDUCTIONS,
    "argmax": RULES[np.argmax],
    "argmin": RULES[np.argmin],
    "cumsum": RULES[np.cumsum],
    "cumprod": RULES[np.cumprod],
    "swapaxes": swapaxes,
}
for _name, _function in _METHODS.items():
    setattr(Batched, _name, _method(_function))
setattr(Batched, "transpose", _transpose_method)
setattr(Batched, "reshape", _reshape_method)
setattr(Batched, "ravel", lambda self: reshape(self, -1))
setattr(Batched, "dot", lambda self, other: RULES[np.dot](self, other))
setattr(Batched, "__matmul__", lambda self, other: _product(self, other))
setattr(Batched, "__rmatmul__", lambda self, other: _product(other, self))


def _product(x: Any, y: Any) -> Any:
    if is_higher(x) or is_higher(y):
        return NotImplemented
    return RULES[np.matmul](x, y)
