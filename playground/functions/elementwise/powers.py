"""Powers and roots with a fixed exponent."""

from __future__ import annotations

import numpy as np

from playground.functions.basic_math import divide
from playground.functions.elementwise.selection import where
from playground.functions.registry import function_of
from playground.graph.op import Elementwise, ElementwiseUnary
from playground.graph.types import Array, Cotangents, Operand
from playground.graph.variable import Variable, as_variable

__all__ = [
    "cbrt",
    "hypot",
    "reciprocal",
    "rsqrt",
    "sqrt",
    "square",
]


class Sqrt(ElementwiseUnary):
    """Square root: y = sqrt(x)."""

    __slots__ = ()
    ufunc = np.sqrt
    keep = (1,)

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        return gy / (y * 2)


sqrt = function_of(Sqrt)


def rsqrt(x: Operand) -> Variable:
    """Reciprocal of the square root."""
    return divide(1.0, sqrt(x))


def sqrt_at_zero(x: Operand) -> Variable:
    """Square root with the derivative 0 at 0, for sums of squares.

    There it is the smallest subgradient of the norm that the root belongs to.
    """
    x = as_variable(x)
    zero = x.array == 0
    # Replaced ahead of the root: chosen only behind it, the infinite slope would come back times 0.
    return where(zero, x, sqrt(where(zero, 1.0, x)))


class Cbrt(ElementwiseUnary):
    """Cube root: y = the cube root of x."""

    __slots__ = ()
    ufunc = np.cbrt
    keep = (1,)

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        return gy / (y * y * 3)


cbrt = function_of(Cbrt)


class Square(ElementwiseUnary):
    """Square: y = x^2."""

    __slots__ = ()
    ufunc = np.square
    keep = (0,)

    def backward(self, gy: Array, x: Array) -> Array:
        return gy * (x * 2)


square = function_of(Square)


class Reciprocal(ElementwiseUnary):
    """Reciprocal: y = 1 / x."""

    __slots__ = ()
    ufunc = np.reciprocal
    keep = (1,)

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        return -gy * (y * y)


reciprocal = function_of(Reciprocal)


class Hypot(Elementwise):
    """z = sqrt(x^2 + y^2), without overflow; both derivatives are 0 at the origin."""

    __slots__ = ()
    ufunc = np.hypot
    keep = (0, 1, 2)

    def backward(self, gz: Array, x: Array, y: Array, z: Array) -> Cotangents:
        left, right = self.wants
        # x and y are 0 where z is, so that any divisor gives the 0 that 0 / 0 would not.
        g = gz / np.where(z == 0, np.ones_like(z), z)
        return (g * x if left else None), (g * y if right else None)


hypot = function_of(Hypot)
