"""The seed of a Jacobian, kept as the diagonal that it is for as long as it stays one.

Lane i of the identity is 1 at element i and 0 elsewhere. The backward of an elementwise function
multiplies it by numbers of one lane, and so it stays diagonal: n numbers instead of n². The first
matrix product then scales rows, where otherwise two full matrices would be multiplied (at n = 200
the Jacobian of tanh(A x) takes 0.05 ms so, and 0.5 with a full seed). Everything else sees an
ordinary batched array, which is made when it is first asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from playground.graph import backend
from playground.graph.backend import SCALAR_TYPES, is_recorded
from playground.graph.types import Axis, DType, Keywords, Operand, Raw, Shape
from playground.interpreters.batching import functions, linalg  # noqa: F401 (Batched's methods)
from playground.interpreters.batching.batched import Batched, LaneRule, in_lanes
from playground.interpreters.batching.levels import Level

__all__ = ["Diagonal", "unit_lanes"]


class Diagonal(Batched):
    """As many lanes as a lane has elements; lane i holds ``values.reshape(-1)[i]`` at place i.

    Its rules return None where the result is no diagonal: then those of all batched arrays answer.
    """

    __slots__ = ("values",)
    rules: ClassVar[dict[Any, LaneRule]] = {}

    def __init__(self, values: Raw, level: Level) -> None:
        # NumPy makes scalars of what has no axes.
        self.values = values if type(values) in backend.ARRAY_TYPES else backend.as_array(values)
        self.level = level

    @property
    def array(self) -> Raw:
        """The whole array (size, …), made when it is first needed."""
        try:
            return _full.__get__(self)
        except AttributeError:
            pass
        size, values = self.level.size, self.values
        array = np.zeros((size, *values.shape), values.dtype, like=backend.base_of(values))
        # Flat, one element of the diagonal and the next are a row and one place apart.
        array.reshape(-1)[:: size + 1] = values.reshape(-1)
        _full.__set__(self, array)
        self.level.apart = False
        return array

    @property
    def shape(self) -> Shape:
        return self.values.shape

    @property
    def ndim(self) -> int:
        return self.values.ndim

    @property
    def dtype(self) -> DType:
        return self.values.dtype

    @property
    def base_array(self) -> Raw:
        return backend.base_of(self.values)

    @property
    def strides(self) -> tuple[int, ...]:
        # Nothing is repeated here by a stride of 0.
        return (self.values.itemsize, *self.values.strides)

    def astype(self, dtype: DType, **kwargs: Operand) -> Batched:
        return Diagonal(self.values.astype(dtype), self.level)

    def reshape(self, *shape: Any) -> Any:
        # Elements keep their order, and so their lanes.
        return Diagonal(self.values.reshape(*shape), self.level)

    def sum(self, axis: Axis = None, **kwargs: Any) -> Any:
        """A sum over all elements finds the one that is there."""
        ndim = self.values.ndim
        axes = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        if {a % ndim for a in axes} != {*range(ndim)} or kwargs.keys() - {"keepdims"}:
            return Batched.rules[np.sum](self, axis, **kwargs)
        kept = (1,) * ndim if kwargs.get("keepdims") else ()
        return Batched(self.values.reshape((self.level.size, *kept)), self.level)

    def __neg__(self) -> Batched:
        return Diagonal(-self.values, self.level)

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Operand, **kwargs: Operand
    ) -> Any:
        rule = Diagonal.rules.get(ufunc)
        if rule is not None and method == "__call__" and not kwargs:
            result = rule(*inputs)
            if result is not None:
                return result
        return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)

    def __array_function__(
        self, func: LaneRule, types: Iterable[type], args: tuple[Operand, ...], kwargs: Keywords
    ) -> Any:
        rule = Diagonal.rules.get(func)
        if rule is not None and not kwargs:
            result = rule(*args)
            if result is not None:
                return result
        return super().__array_function__(func, types, args, kwargs)


# The slot of the base class, in which the whole array is kept once it is made.
_full: Any = Batched.__dict__["array"]


# ----------------------------------------------------------------------------- elementwise


@in_lanes(np.multiply, kind=Diagonal)
def _multiplied(x: Operand, y: Operand) -> Diagonal | None:
    return _scaled(np.multiply, x, y)


@in_lanes(np.divide, kind=Diagonal)
def _divided(x: Operand, y: Operand) -> Diagonal | None:
    return _scaled(np.divide, x, y) if type(x) is Diagonal else None


def _scaled(ufunc: np.ufunc, left: Operand, right: Operand) -> Diagonal | None:
    """A diagonal times numbers of one lane."""
    # 0 times inf is taken for 0 beside the diagonal: there a cotangent was not selected.
    diagonal, other = (left, right) if type(left) is Diagonal else (right, left)
    if type(other) in SCALAR_TYPES or _within(other, diagonal):
        a = left.values if left is diagonal else left
        b = right.values if right is diagonal else right
        return Diagonal(ufunc(a, b), diagonal.level)
    return None


def _within(other: Operand, diagonal: Diagonal) -> bool:
    """Whether an array of one lane is broadcast to the diagonal's shape, and not beyond it."""
    if type(other) not in backend.ARRAY_TYPES or isinstance(other, Batched):
        return False
    shape, whole = other.shape, diagonal.values.shape
    if shape == whole:
        return True
    behind = whole[len(whole) - len(shape) :]
    return len(shape) <= len(whole) and all(n in (1, m) for n, m in zip(shape, behind, strict=True))


@in_lanes(np.add, kind=Diagonal)
def _added(x: Operand, y: Operand) -> Batched | None:
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
    # A full array, but of n additions instead of n².
    total = np.array(array, order="C")
    if is_recorded(diagonal.values):  # what is written to is then part of the recording, too
        total = np.zeros(array.shape, array.dtype, like=diagonal.values)
        total[...] = array
    total.reshape(-1)[:: diagonal.level.size + 1] += diagonal.values.reshape(-1)
    return Batched(total, diagonal.level)


@in_lanes(np.where, kind=Diagonal)
def _chosen_of_diagonals(condition: Operand, x: Operand, y: Operand) -> Diagonal | None:
    both = type(x) is Diagonal and type(y) is Diagonal and x.level is y.level
    if both and x.shape == y.shape and _within(condition, x):
        return Diagonal(np.where(condition, x.values, y.values), x.level)
    return None


# -------------------------------------------------------------------------------- products


@in_lanes(np.matmul, kind=Diagonal)
def _rows_or_columns_scaled(x: Operand, y: Operand) -> Batched | None:
    """A diagonal as the vector of a product: rows or columns of the matrix, scaled."""
    if type(x) is Diagonal and _is_matrix(y) and x.ndim == 1:
        # Not by expand_dims, which takes as long as the product of small arrays.
        values = x.values
        return Batched(values.reshape((values.shape[0], 1)) * y, x.level)
    if type(y) is Diagonal and _is_matrix(x) and y.ndim == 1:
        return Batched((x * y.values).transpose(), y.level)
    return None


def _is_matrix(x: Operand) -> bool:
    return not isinstance(x, Batched) and type(x) in backend.ARRAY_TYPES and x.ndim == 2


# ---------------------------------------------------------------------------------- shapes


@in_lanes(np.zeros_like, kind=Diagonal)
def _zero_diagonal(x: Diagonal) -> Diagonal:
    return Diagonal(np.zeros_like(x.values), x.level)


in_lanes(np.reshape, kind=Diagonal)(Diagonal.reshape)


@in_lanes(np.expand_dims, kind=Diagonal)
def _expanded(x: Diagonal, axis: int | tuple[int, ...]) -> Diagonal:
    return Diagonal(np.expand_dims(x.values, axis), x.level)


# ------------------------------------------------------------------------------- operators


def _operator(ufunc: np.ufunc, name: str) -> LaneRule:
    rule, general, reflected = Diagonal.rules[ufunc], getattr(Batched, name), name[:3] == "__r"

    def operator(self: Diagonal, other: Operand) -> Any:
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
        setattr(Diagonal, _name, _operator(_ufunc, _name))


def unit_lanes(like: Raw) -> Batched:
    """One lane for each element of ``like``, in a level of its own: 1 there, 0 elsewhere."""
    if type(like) is np.ndarray:
        # A third of the time of ones_like.
        ones = np.ones(like.shape, like.dtype)
    else:
        ones = np.ones_like(backend.base_of(like), dtype=like.dtype, shape=like.shape)
    return Diagonal(ones, Level(math.prod(like.shape), apart=True))


backend.register_array_type(Diagonal, Diagonal.from_host, Diagonal.to_host)
