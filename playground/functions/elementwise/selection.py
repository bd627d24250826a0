"""Choosing elements, and their dtype."""

from __future__ import annotations

import numpy as np

from playground.graph import backend
from playground.graph.op import Broadcasting, Selecting, Unary
from playground.graph.types import Array, Cotangents, DType, Operand, Raw
from playground.graph.variable import Variable

__all__ = [
    "cast",
    "where",
]


class Where(Selecting, Broadcasting):
    """z = x where the condition holds, else y; all three broadcast."""

    __slots__ = ("condition",)

    def __init__(self, condition: Raw) -> None:
        self.condition = condition

    def forward(self, x: Raw, y: Raw) -> Raw:
        return np.where(self.condition, x, y)

    def backward(self, gz: Array, x: Array, y: Array) -> Cotangents:
        # A cotangent that was not selected is 0, whatever it was: 0 times infinity would be NaN.
        zeros = np.zeros_like(gz)
        return np.where(self.condition, gz, zeros), np.where(self.condition, zeros, gz)


def where(condition: Operand, x: Operand, y: Operand) -> Variable:
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

    def __init__(self, dtype: DType) -> None:
        # In the machine's byte order, as all that a Variable holds.
        self.dtype = np.dtype(dtype).newbyteorder("=")

    def check_dtype(self, given: DType, result: DType) -> None:
        pass

    def forward(self, x: Raw) -> Raw:
        # On the op: to know a dtype the input itself need not be kept.
        self.origin = x.dtype
        return x.astype(self.dtype)

    def backward(self, gy: Array, x: Array) -> Array:
        return gy.astype(self.origin)


def cast(x: Operand, typ: DType) -> Variable:
    """x in the dtype ``typ``."""
    return Cast(typ).of(x)


setattr(Variable, "astype", lambda self, dtype: cast(self, dtype))


def nan_from_nan(y: Variable) -> Variable:
    """y, and where it is NaN a gradient of NaN, for what else would be 0 there, or another's."""
    # By arithmetic, which a formula simplifies away; the sign of NaN is NaN, of infinities 1.
    return y * (np.sign(y.array) * 0 + 1)
