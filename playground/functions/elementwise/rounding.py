"""Rounding, signs and remainders: functions with steps."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from playground.graph.op import Elementwise, ElementwiseUnary
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


class Constant(ElementwiseUnary):
    """A piecewise constant function: its derivative is zero wherever it exists.

    So there is nothing to record: the result needs no gradient (as in Chainer).
    """

    __slots__ = ()

    def of(self, x: Any) -> Variable:
        return Variable(super().of(x).array, requires_grad=False)

    def backward(self, gy: Any, x: Any) -> Any:
        return None


class Sign(Constant):
    """y = the sign of x, 0 at 0."""

    __slots__ = ()
    ufunc = np.sign


def sign(x: Any) -> Variable:
    """Sign; no gradient."""
    return Sign().of(x)


class Floor(Constant):
    """y = the largest integer that is not above x."""

    __slots__ = ()
    ufunc = np.floor


def floor(x: Any) -> Variable:
    """Floor; no gradient."""
    return Floor().of(x)


class Ceil(Constant):
    """y = the smallest integer that is not below x."""

    __slots__ = ()
    ufunc = np.ceil


def ceil(x: Any) -> Variable:
    """Ceiling; no gradient."""
    return Ceil().of(x)


class Trunc(Constant):
    """y = the nearest integer on the way from x to 0."""

    __slots__ = ()
    ufunc = np.trunc


def trunc(x: Any) -> Variable:
    """x without its fraction; no gradient."""
    return Trunc().of(x)


def fix(x: Any) -> Variable:
    """x rounded towards 0; no gradient."""
    return trunc(x)


class Rint(Constant):
    """y = the nearest integer, the even one of two."""

    __slots__ = ()
    ufunc = np.rint


def rint(x: Any) -> Variable:
    """x rounded to integers; no gradient."""
    return Rint().of(x)


class FloorDiv(Elementwise):
    """z = the largest integer that is not above x / y; its derivative is zero where it exists."""

    __slots__ = ()
    label = "_ // _"
    ufunc = np.floor_divide

    def of(self, x: Any, y: Any) -> Variable:
        return Variable(super().of(x, y).array, requires_grad=False)

    def backward(self, gz: Any, x: Any, y: Any) -> Any:
        return None, None


def floor_divide(x: Any, y: Any) -> Variable:
    """Floor of the quotient; no gradient."""
    return FloorDiv().of(x, y)


class Remainder(Elementwise):
    """z = x - y floor(x / y), of the sign of y."""

    __slots__ = ()
    ufunc: ClassVar[Any] = np.remainder
    keep = (0, 1, 2)

    def backward(self, gz: Any, x: Any, y: Any, z: Any) -> Any:
        left, right = self.wants
        # The quotient that forward took: rounding x / y anew could miss it by one.
        return (gz if left else None), (-gz * np.rint((x - z) / y) if right else None)


def remainder(x1: Any, x2: Any) -> Variable:
    """Remainder of the division with floor, of the sign of x2 (Python's %)."""
    return Remainder().of(x1, x2)


class Fmod(Remainder):
    """z = x - y trunc(x / y), of the sign of x."""

    __slots__ = ()
    ufunc = np.fmod


def fmod(x: Any, divisor: Any) -> Variable:
    """Remainder of the division with truncation, of the sign of x (C's fmod)."""
    return Fmod().of(x, divisor)


_OPERATORS = {
    "__floordiv__": floor_divide,
    "__rfloordiv__": lambda self, other: floor_divide(other, self),
    "__mod__": remainder,
    "__rmod__": lambda self, other: remainder(other, self),
    "__divmod__": lambda self, other: (floor_divide(self, other), remainder(self, other)),
    "__rdivmod__": lambda self, other: (floor_divide(other, self), remainder(other, self)),
}
for _name, _function in _OPERATORS.items():
    setattr(Variable, _name, _function)
