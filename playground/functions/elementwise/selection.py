"""Choosing elements, and their dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from playground.graph import backend
from playground.graph.op import Broadcasting, Unary
from playground.graph.variable import Variable

__all__ = [
    "cast",
    "where",
]


class Where(Broadcasting):
    """z = x where the condition holds, else y; all three broadcast."""

    __slots__ = ("condition",)

    def __init__(self, condition: Any) -> None:
        self.condition = condition

    def forward(self, x: Any, y: Any) -> Any:
        return np.where(self.condition, x, y)

    def backward(self, gz: Any, x: Any, y: Any) -> Any:
        zeros = np.zeros_like(gz)
        return np.where(self.condition, gz, zeros), np.where(self.condition, zeros, gz)


def where(condition: Any, x: Any, y: Any) -> Variable:
    """x where the condition (an array or Variable of booleans) holds, else y."""
    if isinstance(condition, Variable):
        condition = condition.array
    values = x if isinstance(x, Variable) else y
    if isinstance(values, Variable):
        condition = backend.constant_like(condition, values.array, "where")
    return Where(condition).of(x, y)


class Cast(Unary):
    """y = x in another dtype; the gradient returns in x's own."""

    __slots__ = ("dtype", "origin")

    def __init__(self, dtype: Any) -> None:
        self.dtype = np.dtype(dtype)

    def check_dtype(self, given: Any, result: Any) -> None:
        pass

    def forward(self, x: Any) -> Any:
        self.origin = x.dtype
        return x.astype(self.dtype)

    def backward(self, gy: Any, x: Any) -> Any:
        return gy.astype(self.origin)


def cast(x: Any, typ: Any) -> Variable:
    """x in the dtype ``typ``."""
    return Cast(typ).of(x)


setattr(Variable, "astype", lambda self, dtype: cast(self, dtype))
