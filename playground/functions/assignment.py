"""Copies, and assignment to elements as a recorded update."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from playground.functions.array import _is_basic, _plain_index
from playground.graph import backend
from playground.graph.errors import GraphCutError
from playground.graph.function_node import Binary, Unary, sum_to_shape
from playground.graph.variable import Variable

__all__ = ["identity"]


class Identity(Unary):
    """y = a copy of x."""

    __slots__ = ()

    def forward(self, x: Any) -> Any:
        return x.copy()

    def backward(self, gy: Any, x: Any) -> Any:
        return gy


def identity(*inputs: Any) -> Any:
    """Copies of the inputs, each a Variable of its own."""
    copies = tuple(Identity().of(x) for x in inputs)
    return copies[0] if len(copies) == 1 else copies


class SetItem(Binary):
    """z = a copy of x in which z[index] = y; of elements written twice the last counts."""

    __slots__ = ("index", "survives")

    def __init__(self, index: Any) -> None:
        self.index = index

    def forward(self, x: Any, y: Any) -> Any:
        z = x.copy()
        z[self.index] = y
        self.survives = None if _is_basic(self.index) else self._last_writes(x)
        return z

    def _last_writes(self, x: Any) -> Any:
        """1 where an element of the assigned block is what its target holds in the end."""
        size = math.prod(x.shape)
        targets = np.arange(size, like=x).reshape(x.shape)[self.index]
        order = np.arange(math.prod(targets.shape), like=x).reshape(targets.shape)
        last = np.zeros(size, order.dtype, like=x)
        last[targets.reshape(-1)] = order.reshape(-1)
        return (last[targets] == order).astype(x.dtype)

    def backward(self, gz: Any, x: Any, y: Any) -> Any:
        left, right = self.wants
        gx = gy = None
        if left:
            gx = ClearItem(self.index)(gz)
        if right:
            gy = gz[self.index]
            gy = sum_to_shape(
                gy if self.survives is None else gy * self.survives, _trimmed(self, gy)
            )
            gy = gy.reshape(self.inputs[1].shape)
        return gx, gy


def _trimmed(op: SetItem, gy: Any) -> tuple[int, ...]:
    """The value's shape without the axes of length 1 by which it exceeds its target's."""
    shape = op.inputs[1].shape
    return shape[max(0, len(shape) - gy.ndim) :]


class ClearItem(Unary):
    """y = a copy of x in which y[index] = 0."""

    __slots__ = ("index",)

    def __init__(self, index: Any) -> None:
        self.index = index

    def forward(self, x: Any) -> Any:
        y = x.copy() if hasattr(x, "copy") else backend.as_array(x)
        y = backend.as_array(y)
        y[self.index] = 0
        return y

    def backward(self, gy: Any, x: Any) -> Any:
        return ClearItem(self.index)(gy)


def _set_item(self: Variable, index: Any, value: Any) -> None:
    """``y[index] = value``, recorded: y gets a new node, whose creator knows the old one."""
    if self.creator is None and self.requires_grad:
        raise GraphCutError(
            f"assignment to an element of {self._title()}, a leaf whose gradient is wanted: work "
            f"on a copy, y = x.copy(), or change the values alone with x.array[index] = …"
        )
    updated = SetItem(_plain_index(index)).of(self, value)
    self.take_over(updated)


setattr(Variable, "__setitem__", _set_item)
setattr(Variable, "copy", identity)
