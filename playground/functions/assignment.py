"""Copies, and assignment to elements as a recorded update."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from playground.functions.array.indexing import GetItem, is_basic, plain_index, reads_once, taken
from playground.functions.array.joining import SplitAxis, operand
from playground.functions.array.shaping import BroadcastTo, Reshape, Transpose
from playground.graph import backend
from playground.graph.config import config
from playground.graph.errors import GraphCutError
from playground.graph.op import Binary, Selecting, Unary, sum_to_shape
from playground.graph.types import Array, Cotangents, Function, Index, Operand, Raw
from playground.graph.variable import Variable

__all__ = ["identity"]


class Identity(Unary):
    """y = a copy of x."""

    __slots__ = ()

    def forward(self, x: Raw) -> Raw:
        return x.copy()

    def backward(self, gy: Array, x: Array) -> Array:
        return gy


def identity(*inputs: Operand) -> Any:
    """Copies of the inputs, each a Variable of its own."""
    copies = tuple(Identity().of(x) for x in inputs)
    return copies[0] if len(copies) == 1 else copies


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


def _makes_view(function: Function) -> bool:
    if isinstance(function, GetItem):
        return is_basic(function.index)
    return isinstance(function, (Reshape, Transpose, BroadcastTo, SplitAxis))


def _is_view(variable: Variable) -> bool:
    """Whether NumPy's assignment would write through to another Variable that is still held."""
    creator = variable.creator
    # A view of a Variable that is gone can be written to: nobody sees the difference.
    while _makes_view(creator):
        (node,) = creator.inputs
        held = node.get_variable_or_none()
        if held is not None:
            # Of a device array nobody says whose memory it is.
            on_host = isinstance(held.array, np.ndarray)
            return not on_host or np.may_share_memory(held.array, variable.array)
        creator = node.creator
    return False


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
        self.array = SetItem(index).of(Variable(self.array), operand(value)).array
        return
    if self.creator is None and self.requires_grad:
        raise GraphCutError(
            f"assignment to an element of {self._title()}, a leaf whose gradient is wanted: work "
            f"on a copy, y = x.copy(), or change the values alone with x.array[index] = …"
        )
    if _is_view(self):
        raise GraphCutError(
            f"assignment to an element of {self._title()}, which is a part or another shape of a "
            f"Variable still in use, that NumPy would change too: write y[i, j] = value for "
            f"y[i][j] = value, or work on a copy, y = x.copy()"
        )
    # The node changes under the Variable; what the user called it stays with the Variable.
    name = self.name
    self.take_over(SetItem(index).of(self, operand(value)))
    self.name = name


setattr(Variable, "__setitem__", set_item)
setattr(Variable, "copy", identity)
