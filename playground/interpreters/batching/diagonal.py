"""The seed of a Jacobian, kept as the diagonal that it is for as long as it stays one.

Lane i of the identity is 1 at element i and 0 elsewhere. The backward of an elementwise function
multiplies it by numbers of one lane, and so it stays diagonal: n numbers instead of n². The first
matrix product then scales rows, where otherwise two full matrices would be multiplied. Everything
else sees an ordinary batched array, which is made when it is first asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from playground.graph import backend
from playground.graph.backend import SCALAR_TYPES
from playground.interpreters.batching import rules  # noqa: F401 (Batched's methods)
from playground.interpreters.batching.batched import (
    RULES,
    Batched,
    Level,
    from_host,
    to_host,
)

__all__ = ["Diagonal", "identity"]


class Diagonal(Batched):
    """As many lanes as a lane has elements; lane i holds ``values.reshape(-1)[i]`` at place i."""

    __slots__ = ("values",)

    def __init__(self, values: Any, level: Level) -> None:
        # NumPy makes scalars of what has no axes.
        self.values = values if type(values) in backend.ARRAY_TYPES else backend.as_array(values)
        self.level = level

    @property
    def array(self) -> Any:
        """The whole array (size, …), made when it is first needed."""
        try:
            return _full.__get__(self)
        except AttributeError:
            array = _spread(self.values, self.level.size)
            _full.__set__(self, array)
            return array

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    @property
    def ndim(self) -> int:
        return self.values.ndim

    @property
    def dtype(self) -> Any:
        return self.values.dtype

    @property
    def base_array(self) -> Any:
        return backend.base_of(self.values)

    @property
    def strides(self) -> tuple[int, ...]:
        # Nothing is repeated here by a stride of 0.
        return (self.values.itemsize, *self.values.strides)

    def astype(self, dtype: Any, **kwargs: Any) -> Batched:
        return Diagonal(self.values.astype(dtype), self.level)

    def __neg__(self) -> Batched:
        return Diagonal(-self.values, self.level)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        rule = _RULES.get(ufunc)
        if rule is not None and method == "__call__" and not kwargs:
            result = rule(*inputs)
            if result is not None:
                return result
        return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        rule = _RULES.get(func)
        if rule is not None and not kwargs:
            result = rule(*args)
            if result is not None:
                return result
        return super().__array_function__(func, types, args, kwargs)


# The slot of the base class, in which the whole array is kept once it is made.
_full: Any = Batched.__dict__["array"]


def _spread(values: Any, size: int) -> Any:
    """The values on the diagonal of zeros (size, …)."""
    full = np.zeros((size, *values.shape), values.dtype, like=backend.base_of(values))
    full.reshape(-1)[:: size + 1] = values.reshape(-1)
    return full


def _scaled(ufunc: Any, left: Any, right: Any) -> Any:
    """A diagonal times numbers of one lane; None where the result is no diagonal."""
    diagonal, other = (left, right) if type(left) is Diagonal else (right, left)
    if type(other) in SCALAR_TYPES or _within(other, diagonal):
        a = left.values if left is diagonal else left
        b = right.values if right is diagonal else right
        return Diagonal(ufunc(a, b), diagonal.level)
    return None


def _within(other: Any, diagonal: Diagonal) -> bool:
    """Whether an array of one lane is broadcast to the diagonal's shape, and not beyond it."""
    if type(other) not in backend.ARRAY_TYPES or isinstance(other, Batched):
        return False
    shape, whole = other.shape, diagonal.values.shape
    if shape == whole:
        return True
    behind = whole[len(whole) - len(shape) :]
    return len(shape) <= len(whole) and all(n in (1, m) for n, m in zip(shape, behind, strict=True))


def _multiplied(x: Any, y: Any) -> Any:
    return _scaled(np.multiply, x, y)


def _divided(x: Any, y: Any) -> Any:
    return _scaled(np.divide, x, y) if type(x) is Diagonal else None


def _added(x: Any, y: Any) -> Any:
    if type(x) is Diagonal and type(y) is Diagonal:
        same = x.level is y.level and x.values.shape == y.values.shape
        return Diagonal(x.values + y.values, x.level) if same else None
    diagonal, other = (x, y) if type(x) is Diagonal else (y, x)
    if type(other) is not Batched or other.level is not diagonal.level:
        return None
    array = other.array
    if (
        type(array) is not np.ndarray
        or other.shape != diagonal.shape
        or array.dtype.kind not in "fc"
    ):
        return None
    total = np.array(array, order="C")
    total.reshape(-1)[:: diagonal.level.size + 1] += diagonal.values.reshape(-1)
    return Batched(total, diagonal.level)


def _matmul(x: Any, y: Any) -> Any:
    """A diagonal as the vector of a product: rows or columns of the matrix, scaled."""
    if type(x) is Diagonal and _is_matrix(y) and x.ndim == 1:
        return Batched(np.expand_dims(x.values, -1) * y, x.level)
    if type(y) is Diagonal and _is_matrix(x) and y.ndim == 1:
        return Batched((x * y.values).transpose(), y.level)
    return None


def _is_matrix(x: Any) -> bool:
    return not isinstance(x, Batched) and type(x) in backend.ARRAY_TYPES and x.ndim == 2


def _where(condition: Any, x: Any, y: Any) -> Any:
    both = type(x) is Diagonal and type(y) is Diagonal and x.level is y.level
    if both and x.shape == y.shape and _within(condition, x):
        return Diagonal(np.where(condition, x.values, y.values), x.level)
    return None


def _zeros_like(x: Any) -> Any:
    return Diagonal(np.zeros_like(x.values), x.level)


def _reshape(x: Any, shape: Any) -> Any:
    return Diagonal(x.values.reshape(shape), x.level)


def _expand_dims(x: Any, axis: Any) -> Any:
    return Diagonal(np.expand_dims(x.values, axis), x.level)


_RULES: dict[Any, Callable[..., Any]] = {
    np.multiply: _multiplied,
    np.divide: _divided,
    np.add: _added,
    np.matmul: _matmul,
    np.where: _where,
    np.zeros_like: _zeros_like,
    np.reshape: _reshape,
    np.expand_dims: _expand_dims,
}


def _operator(ufunc: Any, name: str, reflected: bool) -> Any:
    rule, general = _RULES[ufunc], getattr(Batched, name)

    def operator(self: Diagonal, other: Any) -> Any:
        if isinstance(other, (list, tuple)):
            other = np.asarray(other)
        result = rule(other, self) if reflected else rule(self, other)
        return general(self, other) if result is None else result

    return operator


for _ufunc, _names in {
    np.multiply: ("__mul__", "__rmul__"),
    np.divide: ("__truediv__",),
    np.add: ("__add__", "__radd__"),
    np.matmul: ("__matmul__", "__rmatmul__"),
}.items():
    for _name in _names:
        setattr(Diagonal, _name, _operator(_ufunc, _name, _name.startswith("__r")))
setattr(
    Diagonal, "reshape", lambda self, *shape: _reshape(self, shape[0] if len(shape) == 1 else shape)
)


def identity(like: Any) -> Batched:
    """One lane for each element of ``like``, in a level of its own: 1 there, 0 elsewhere."""
    ones = np.ones_like(backend.base_of(like), dtype=like.dtype, shape=like.shape)
    return Diagonal(ones, Level(math.prod(like.shape)))


def _total(self: Diagonal, axis: Any = None, **kwargs: Any) -> Any:
    """A sum over all elements finds the one that is there."""
    ndim = self.values.ndim
    axes = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if {a % ndim for a in axes} != {*range(ndim)} or kwargs.keys() - {"keepdims"}:
        return RULES[np.sum](self, axis, **kwargs)
    kept = (1,) * ndim if kwargs.get("keepdims") else ()
    return Batched(self.values.reshape((self.level.size, *kept)), self.level)


setattr(Diagonal, "sum", _total)
backend.register_array_type(Diagonal, from_host, to_host)
