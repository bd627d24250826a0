"""Rounding, signs and remainders: functions with steps."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from playground.functions.operands import operator
from playground.functions.registry import answers, function_of
from playground.graph.op import Elementwise, ElementwiseUnary
from playground.graph.types import Array, Cotangents, Operand
from playground.graph.variable import Variable

__all__ = [
    "ceil",
    "fix",
    "floor",
    "floor_divide",
    "fmod",
    "remainder",
    "rint",
    "sign",
    "trunc",
]


class PiecewiseConstant(ElementwiseUnary):
    """A piecewise constant function: its derivative is zero wherever it exists.

    So there is nothing to record: the result needs no gradient (as in Chainer).
    """

    __slots__ = ()

    def of(self, x: Operand) -> Variable:
        # Applied like any other, so that errors, debug mode and lanes are the same, then cut off.
        return Variable(super().of(x).array, requires_grad=False)

    def backward(self, gy: Array, x: Array) -> Array:
        return None


class Sign(PiecewiseConstant):
    """y = the sign of x, 0 at 0; no gradient."""

    __slots__ = ()
    ufunc = np.sign


sign = function_of(Sign)


class Floor(PiecewiseConstant):
    """y = the largest integer that is not above x; no gradient."""

    __slots__ = ()
    ufunc = np.floor


floor = function_of(Floor)


class Ceil(PiecewiseConstant):
    """y = the smallest integer that is not below x; no gradient."""

    __slots__ = ()
    ufunc = np.ceil


ceil = function_of(Ceil)


class Trunc(PiecewiseConstant):
    """y = the nearest integer on the way from x to 0; no gradient."""

    __slots__ = ()
    ufunc = np.trunc


trunc = function_of(Trunc)


@answers(np.fix)
def fix(x: Operand) -> Variable:
    """x rounded towards 0; no gradient."""
    return trunc(x)


class Rint(PiecewiseConstant):
    """y = the nearest integer, the even one of two; no gradient."""

    __slots__ = ()
    ufunc = np.rint


rint = function_of(Rint)


class FloorDiv(Elementwise):
    """z = the largest integer that is not above x / y; no gradient."""

    __slots__ = ()
    label = "_ // _"
    ufunc = np.floor_divide

    def of(self, x: Operand, y: Operand) -> Variable:
        return Variable(super().of(x, y).array, requires_grad=False)

    def backward(self, gz: Array, x: Array, y: Array) -> Cotangents:
        return None, None


floor_divide = function_of(FloorDiv)


class Remainder(Elementwise):
    """z = x - y floor(x / y), of the sign of y (Python's %)."""

    __slots__ = ()
    ufunc: ClassVar[Any] = np.remainder
    keep = (0, 1, 2)

    def backward(self, gz: Array, x: Array, y: Array, z: Array) -> Cotangents:
        left, right = self.wants
        # The quotient that forward took: rounding x / y anew could miss it by one.
        return (gz if left else None), (-gz * np.rint((x - z) / y) if right else None)


remainder = function_of(Remainder)


class Fmod(Remainder):
    """z = x - y trunc(x / y), of the sign of x."""

    __slots__ = ()
    # The derivative is the base's: (x - z) / y is here the quotient that was truncated.
    ufunc = np.fmod


@answers(np.fmod)
def fmod(x: Operand, divisor: Operand) -> Variable:
    """Remainder of the division with truncation, of the sign of x (C's fmod)."""
    # Not by function_of, which calls its arguments x1 and x2: Chainer's second is divisor.
    return Fmod().of(x, divisor)


def _divided(x: Operand, y: Operand) -> tuple[Variable, Variable]:
    return floor_divide(x, y), remainder(x, y)


_DIVISIONS = {
    "__floordiv__": operator(floor_divide, np.floor_divide, "__rfloordiv__"),
    "__rfloordiv__": operator(floor_divide, np.floor_divide),
    "__mod__": operator(remainder, np.remainder, "__rmod__"),
    "__rmod__": operator(remainder, np.remainder),
    "__divmod__": operator(_divided, np.divmod, "__rdivmod__"),
    "__rdivmod__": operator(_divided, np.divmod),
}
for _name, _function in _DIVISIONS.items():
    setattr(Variable, _name, _function)
