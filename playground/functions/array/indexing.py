"""Elements by index: read, scattered, put into another order."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from playground.functions.array.shaping import reshape, transpose
from playground.functions.array.views import View
from playground.functions.basic_math import add
from playground.functions.reduction import normal_axes
from playground.functions.registry import answers
from playground.graph import backend
from playground.graph.errors import InvalidIndex, InvalidType
from playground.graph.op import Selecting, Unary, as_raw
from playground.graph.types import Array, Index, Node, Operand, Raw
from playground.graph.variable import Variable, as_variable

__all__ = [
    "diagonal",
    "get_item",
    "permutate",
    "scatter_add",
    "select_item",
    "sort",
]


def is_mask(part: Operand) -> bool:
    """Whether a part of an index is a truth value, or an array of them."""
    return isinstance(part, bool) or (hasattr(part, "dtype") and part.dtype.kind == "b")


def is_basic(index: Index) -> bool:
    """Whether NumPy answers with a view: integers, slices, None and Ellipsis alone."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None
        or part is Ellipsis
        or (isinstance(part, (int, slice, np.integer)) and not isinstance(part, bool))
        for part in parts
    )


# The longest index whose places are compared as Python's numbers: from here on the look at them
# costs more than the count with weights that it may spare (27 us to 37 at 16 places, 44 to 41 at
# 64, 106 to 36 at 256).
_SHORT = 64


def reads_once(index: Index) -> bool:
    """Whether no element is meant twice: a basic index, masks, or a short list of places."""
    arrays = []
    for part in index if isinstance(index, tuple) else (index,):
        if type(part) is np.ndarray:
            if part.dtype.kind != "b":
                arrays.append(part)
        elif not (is_basic(part) or is_mask(part)):
            return False
    return not arrays or _are_distinct(arrays)


def _are_distinct(arrays: list[np.ndarray]) -> bool:
    """Whether short lists of numbers name different places; False where it is not looked at."""
    shape = arrays[0].shape
    lists = []
    for array in arrays:
        if array.shape != shape or len(shape) != 1 or shape[0] > _SHORT:
            return False
        numbers = array.tolist()
        # Counted from the end a place has two names.
        if numbers and min(numbers) < 0:
            return False
        lists.append(numbers)
    return len({*zip(*lists, strict=True)}) == shape[0]


# Parts of an index that stand for something else.
_TO_CONVERT = (Variable, list, tuple, range)


def plain_index(index: Index) -> Any:
    """An index whose Variables are replaced by their arrays, and sequences by arrays."""
    if isinstance(index, tuple):
        for part in index:
            if isinstance(part, _TO_CONVERT) or backend.is_masked(part):
                return tuple(map(_plain_part, index))
        return index
    return _plain_part(index)


def _plain_part(part: Index) -> Any:
    if isinstance(part, Variable):
        return part.array
    # Inside an index a tuple is a sequence of places, too.
    if isinstance(part, (list, tuple, range)):
        array = np.asarray(part)
        # What is empty would become an array of floats, which is no index.
        return array if array.size or array.dtype.kind != "f" else array.astype(int)
    if backend.is_masked(part):
        return backend.plain_array(part, "GetItem")
    return part


def taken(x: Operand, index: Index) -> Any:
    """x[index], also where the index has lanes and x, a plain array, has none."""
    # NumPy asks no protocol about an index: an array without lanes would take one with lanes for
    # a sequence.
    if not isinstance(x, Variable):
        for part in index if isinstance(index, tuple) else (index,):
            if backend.level_of(part) is not None:
                return part.read(x, index)
    return x[index]


class GetItem(Selecting, View):
    """y = x[index], basic or fancy; elements read twice get both gradients."""

    __slots__ = ("index", "shape")

    def __init__(self, index: Index) -> None:
        self.index = index

    def again(self, node: Node) -> GetItem | None:
        if not is_basic(self.index):
            return None
        # One element is a number, which NumPy copies, unless an Ellipsis asks for an array.
        parts = self.index if isinstance(self.index, tuple) else (self.index,)
        return GetItem(self.index) if node.shape or Ellipsis in parts else None

    def forward(self, x: Raw) -> Raw:
        self.shape = x.shape
        return taken(x, self.index)

    def backward(self, gy: Array, x: Array) -> Array:
        return GetItemGrad(self.index, self.shape)(gy)


class GetItemGrad(Unary):
    """gx = zeros of x's shape with gy added at index."""

    __slots__ = ("index", "shape")

    def __init__(self, index: Index, shape: tuple[int, ...]) -> None:
        self.index, self.shape = index, shape

    def forward(self, gy: Raw) -> Raw:
        gy = backend.as_array(gy)
        if reads_once(self.index):
            gx = np.zeros(self.shape, gy.dtype, like=gy)
            gx[self.index] = gy
            return gx
        # Counting with weights adds up elements that are read more than once, on every array
        # type, where ufunc.at is not to be had.
        size = math.prod(self.shape)
        where = taken(np.arange(size, like=gy).reshape(self.shape), self.index).reshape(-1)
        if not gy.size:  # CuPy counts nothing in no elements
            return np.zeros(self.shape, gy.dtype, like=gy)
        weights = gy.reshape(-1)
        if gy.dtype.kind == "c":  # the weights of a count are real
            sums = np.bincount(where, weights=weights.real, minlength=size) + 1j * np.bincount(
                where, weights=weights.imag, minlength=size
            )
        else:
            sums = np.bincount(where, weights=weights, minlength=size)
        return sums.reshape(self.shape).astype(gy.dtype)

    def backward(self, ggx: Array, gy: Array) -> Array:
        return taken(ggx, self.index)


def get_item(x: Operand, slices: Index) -> Variable:
    """x[slices]: integers, slices, None, Ellipsis, and arrays of integers or booleans."""
    return GetItem(plain_index(slices)).of(x)


def scatter_add(a: Operand, slices: Index, b: Operand) -> Variable:
    """A copy of a with b, of the shape of ``a[slices]``, added to the elements ``slices``.

    An element that is named twice gets both.
    """
    index = plain_index(slices)
    a, b = (x if isinstance(x, Variable) else as_raw(x) for x in (a, b))
    try:
        shape = (a.array if isinstance(a, Variable) else a)[index].shape
    except IndexError as error:
        raise InvalidIndex("ScatterAdd", f"an index into {a.shape}", f"{slices}") from error
    if b.shape != shape:
        raise InvalidType("ScatterAdd", f"b of shape {shape}, as a[slices]", f"{b.shape}")
    return add(a, GetItemGrad(index, a.shape)(b))


def select_item(x: Operand, t: Operand) -> Variable:
    """y[i] = x[i, t[i]], with x of shape (n, m) and integers t of shape (n,)."""
    x, t = as_variable(x), as_raw(t)
    if t.dtype.kind not in "iu" or x.ndim != 2 or t.shape != x.shape[:1]:
        raise InvalidType(
            "SelectItem",
            "x of shape (n, m) and integers t of shape (n,)",
            f"x of shape {x.shape} and t {t.dtype}{list(t.shape)}",
        )
    return get_item(x, (np.arange(x.shape[0]), t))


def permutate(x: Operand, indices: Operand, axis: int = 0, inv: bool = False) -> Variable:
    """y[i] = x[indices[i]] along an axis, or y[indices[i]] = x[i] if ``inv``.

    ``indices`` is a permutation of 0 … n-1.
    """
    x, indices = as_variable(x), as_raw(indices)
    if indices.dtype.kind not in "iu" or indices.ndim != 1:
        raise InvalidType(
            "Permutate",
            "indices as integers of shape (n,)",
            f"{indices.dtype}{list(indices.shape)}",
        )
    (position,) = normal_axes(axis, x.ndim, "Permutate")
    order = np.argsort(indices) if inv else indices
    return get_item(x, (*(slice(None),) * position, order))


def along_diagonal(rows: int, columns: int, offset: int) -> slice:
    """Where a diagonal lies in a matrix that is laid out flat, row by row."""
    length = min(rows + min(offset, 0), columns - max(offset, 0))
    if length <= 0:
        return slice(0, 0)
    start = offset if offset >= 0 else -offset * columns
    return slice(start, start + (length - 1) * (columns + 1) + 1, columns + 1)


@answers(np.diagonal)
def diagonal(x: Operand, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Variable:
    """The diagonals of the matrices along two axes, as a new last axis."""
    x = as_variable(x)
    (a,), (b,) = (normal_axes(axis, x.ndim, "Diagonal") for axis in (axis1, axis2))
    if a == b:
        raise InvalidType("Diagonal", "two different axes", f"axis1={axis1}, axis2={axis2}")
    rest = [i for i in range(x.ndim) if i not in (a, b)]
    rows, columns = x.shape[a], x.shape[b]
    flat = reshape(transpose(x, (*rest, a, b)), [*(x.shape[i] for i in rest), rows * columns])
    # One slice of the rows laid end to end: a basic index, whose gradient is an assignment.
    return get_item(flat, (..., along_diagonal(rows, columns, offset)))


class Arrange(Unary):
    """y = x with the elements along an axis in another order (a permutation each)."""

    __slots__ = ("axis", "order")

    def __init__(self, order: Raw, axis: int) -> None:
        self.order, self.axis = order, axis

    def forward(self, x: Raw) -> Raw:
        return np.take_along_axis(x, self.order, self.axis)

    def backward(self, gy: Array, x: Array) -> Array:
        # By the inverse permutation: read again, where to scatter would mean to count.
        return Arrange(np.argsort(self.order, self.axis), self.axis)(gy)


def sort(x: Operand, axis: int = -1) -> Variable:
    """x in ascending order along an axis; equal elements keep their order."""
    x = as_variable(x)
    (position,) = normal_axes(axis, x.ndim, "sort")
    # Stable, so that the gradient among equal elements does not depend on the length.
    return Arrange(np.argsort(x.array, position, "stable"), position).of(x)


def _iterate(self: Variable) -> Iterator[Variable]:
    if not self.ndim:
        raise TypeError("iteration over a 0-d variable: it has no axis to go along")
    return (self[i] for i in range(len(self)))


setattr(Variable, "__getitem__", get_item)
setattr(Variable, "__iter__", _iterate)
