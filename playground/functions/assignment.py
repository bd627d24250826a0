"""Assignment to elements as a recorded update, and what ``y += 1`` must not do in silence."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from sys import getrefcount
from typing import Any

import numpy as np

from playground.functions.array.indexing import is_basic, plain_index, reads_once, taken
from playground.functions.array.joining import operand
from playground.functions.array.views import has_views, is_view, renew_views
from playground.graph import backend
from playground.graph.config import config
from playground.graph.errors import GraphCutError
from playground.graph.op import Binary, Selecting, Unary, sum_to_shape
from playground.graph.types import Array, Cotangents, Index, Operand, Raw
from playground.graph.variable import Variable

# Nothing has a name here: operators of Variable are installed.
__all__: list[str] = []


class SetItem(Selecting, Binary):
    """z = a copy of x in which z[index] = y; of elements written twice the last counts."""

    __slots__ = ("index", "survives")

    def __init__(self, index: Index) -> None:
        self.index = index

    def forward(self, x: Raw, y: Raw) -> Raw:
        z = backend.copied(x, y, self.index)
        z[self.index] = y
        self.survives = None if reads_once(self.index) else self._last_writes(z)
        return z

    def _last_writes(self, x: Array) -> Array:
        """1 where an element of the assigned block is what its target holds in the end."""
        size = math.prod(x.shape)
        targets = taken(np.arange(size, like=x).reshape(x.shape), self.index)
        order = np.arange(math.prod(targets.shape), like=x).reshape(targets.shape)
        last = np.zeros(size, order.dtype, like=x)
        last[targets.reshape(-1)] = order.reshape(-1)
        return (last[targets] == order).astype(x.dtype)

    def backward(self, gz: Array, x: Array, y: Array) -> Cotangents:
        left, right = self.wants
        gx = gy = None
        if left:
            gx = ClearItem(self.index)(gz)
        if right:
            gy = taken(gz, self.index)
            gy = gy if self.survives is None else gy * self.survives
            shape = self.inputs[1].shape
            if gy.shape != shape:
                # The value may exceed its target by axes of length 1 ahead.
                gy = sum_to_shape(gy, shape[max(0, len(shape) - gy.ndim) :]).reshape(shape)
        return gx, gy


class ClearItem(Selecting, Unary):
    """y = a copy of x in which y[index] = 0."""

    __slots__ = ("index",)

    def __init__(self, index: Index) -> None:
        self.index = index

    def forward(self, x: Raw) -> Raw:
        y = backend.as_array(backend.copied(x, None, self.index))
        y[self.index] = 0
        return y

    def backward(self, gy: Array, x: Array) -> Array:
        return ClearItem(self.index)(gy)


def set_item(self: Variable, index: Index, value: Operand) -> None:
    """``y[index] = value``, recorded: y gets a new node, whose creator knows the old one.

    On a leaf that requires a gradient, and on a view of another Variable, it raises
    GraphCutError; with backprop switched off it replaces the array, and the node stays.
    """
    index = plain_index(index)
    if not config.enable_backprop:
        if self.creator is not None:
            raise GraphCutError(
                f"assignment in no_backprop_mode to an element of {self._title()}, which a graph "
                f"has recorded, so that its gradient would be wrong: work on a copy, y = x.copy()"
            )
        self.array = SetItem(index).of(Variable(self.array), _fitting(self, value)).array
        return
    if self.creator is None and self.requires_grad:
        raise GraphCutError(
            f"assignment to an element of {self._title()}, a leaf whose gradient is wanted: work "
            f"on a copy, y = x.copy(), or change the values alone with x.array[index] = …"
        )
    if is_view(self):
        raise GraphCutError(
            f"assignment to an element of {self._title()}, which is a part or another shape of a "
            f"Variable still in use, that NumPy would change too: write y[i, j] = value for "
            f"y[i][j] = value, or work on a copy, y = x.copy()"
        )
    node, array = self.node, self.array
    self.replace(SetItem(index).of(self, _fitting(self, value)))
    if node.views is not None:
        renew_views(node, _written(array, index), self)


def _fitting(target: Variable, value: Operand) -> Operand:
    """The value as an operand; refused where the target would have to take its wider dtype."""
    value = operand(value)
    kinds = "biufc"
    if isinstance(value, Variable) and (
        kinds.index(value.dtype.kind) > max(kinds.index(target.dtype.kind), 2)
        and target.dtype.kind != value.dtype.kind
    ):
        raise SetItem(()).mixed(target.dtype, value.dtype)
    return value


def _written(array: Raw, index: Index) -> Raw:
    """The part of an array that an assignment writes to, or an array that contains it."""
    if not isinstance(array, np.ndarray) or not is_basic(index):
        return array
    # With an Ellipsis also one element is an array, whose memory can be compared.
    parts = index if isinstance(index, tuple) else (index,)
    return array[parts if Ellipsis in parts else (*parts, ...)]


# ------------------------------------------------------------------------------- y += 1


def _in_place(symbol: str, function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """``y += 1``, which for a Variable is ``y = y + 1``, where nobody can tell the two apart.

    NumPy changes the array, and so whatever else is a name or a view of it; Chainer makes a new
    Variable. A number has no elements to change: there NumPy makes a new one, too.
    """

    def assigned(self: Variable, other: Operand) -> Any:
        held = getrefcount(self)
        y = function(self, other)
        # Of y[0] += 1 the part has no name: Python assigns the sum to y[0] next.
        if held <= _UNNAMED or not isinstance(y, Variable):
            return y
        if not self.ndim or y.shape != self.shape:
            return y
        node, how = self.node, ""
        if is_view(self):
            how = "a part or another shape of a Variable still in use"
        elif node.given:
            # Of its names in a function the plain call would change every one.
            array = self.array
            self.replace(y)
            renew_views(node, array, self)
            return self
        elif node.creator is not None and held > _SOLE:
            how = "held under another name, too, perhaps by who called this function"
        elif node.creator is not None and has_views(node, self.array):
            how = "in use in another shape or in parts"
        if how:
            raise GraphCutError(
                f"y {symbol}= … on {self._title()}, which is {how}, that NumPy would change: write "
                f"y = y {symbol} … for a new Variable, or assign to the elements of the whole"
            )
        return y

    assigned.__name__ = function.__name__
    return assigned


def _references() -> tuple[int, int]:
    """What ``getrefcount`` says inside ``y += 1`` of an object without a name, and with one."""
    found: list[int] = []

    class Counted:
        def __iadd__(self, other: int) -> Counted:
            found.append(getrefcount(self))
            return self

    class Made(dict[int, Counted]):
        def __getitem__(self, key: int) -> Counted:
            return Counted()

    # A local name and an element are read in different ways by some Pythons.
    name, elements, made = Counted(), [Counted()], Made()
    name += 1
    elements[0] += 1
    made[0] += 1
    *named, unnamed = found
    # Where a name counts for nothing (a Python that borrows it) nothing is taken for unnamed.
    return min(unnamed, min(named) - 1), max(named)


_UNNAMED, _SOLE = _references()
_IN_PLACE = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "@": operator.matmul,
}
for _symbol, _function in _IN_PLACE.items():
    setattr(Variable, f"__i{_function.__name__}__", _in_place(_symbol, _function))
setattr(Variable, "__setitem__", set_item)
