"""Trigonometric functions and their inverses."""

from __future__ import annotations

import math

import numpy as np

from playground.functions.operands import Promoting
from playground.functions.registry import answers, function_of
from playground.graph.op import Elementwise, ElementwiseUnary, Unary
from playground.graph.types import Array, Cotangents, Operand, Raw
from playground.graph.variable import Variable

__all__ = [
    "arccos",
    "arcsin",
    "arctan",
    "arctan2",
    "cos",
    "sin",
    "sinc",
    "tan",
]


class Sin(ElementwiseUnary):
    """Sine: y = sin(x)."""

    __slots__ = ()
    ufunc = np.sin
    keep = (0,)

    def backward(self, gy: Array, x: Array) -> Array:
        return gy * np.cos(x)


sin = function_of(Sin)


class Cos(ElementwiseUnary):
    """Cosine: y = cos(x)."""

    __slots__ = ()
    ufunc = np.cos
    keep = (0,)

    def backward(self, gy: Array, x: Array) -> Array:
        return -gy * np.sin(x)


cos = function_of(Cos)


class Tan(ElementwiseUnary):
    """Tangent: y = tan(x); y' = 1 + y^2."""

    __slots__ = ()
    ufunc = np.tan
    keep = (1,)

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        return gy * (y * y + 1)


tan = function_of(Tan)


def _root_of_complement(x: Array) -> Array:
    """The root of 1 - x^2: the cosine of arcsin(x), and the sine of arccos(x)."""
    if x.dtype.kind == "c":
        # Not 1 - x and x + 1, which would forget the sign of a zero imaginary part, by which NumPy
        # tells the sides of the branch cuts.
        return np.sqrt(-(x - 1)) * np.sqrt(x - -1)
    return np.sqrt(1 - x * x)


class Arcsin(ElementwiseUnary):
    """Inverse sine: y = arcsin(x)."""

    __slots__ = ()
    ufunc = np.arcsin
    keep = (0,)

    def backward(self, gy: Array, x: Array) -> Array:
        return gy / _root_of_complement(x)


arcsin = function_of(Arcsin)


class Arccos(ElementwiseUnary):
    """Inverse cosine: y = arccos(x)."""

    __slots__ = ()
    ufunc = np.arccos
    keep = (0,)

    def backward(self, gy: Array, x: Array) -> Array:
        return -gy / _root_of_complement(x)


arccos = function_of(Arccos)


class Arctan(ElementwiseUnary):
    """Inverse tangent: y = arctan(x)."""

    __slots__ = ()
    ufunc = np.arctan
    keep = (0,)

    def backward(self, gy: Array, x: Array) -> Array:
        return gy / (x * x + 1)


arctan = function_of(Arctan)


class Arctan2(Promoting, Elementwise):
    """z = the angle of the point (y, x), in radians; arguments in NumPy's order."""

    __slots__ = ()
    ufunc = np.arctan2
    keep = (0, 1)

    def backward(self, gz: Array, y: Array, x: Array) -> Cotangents:
        first, second = self.wants
        # By quotients: the squares would overflow beyond 1e154, and vanish below 1e-154.
        r = np.hypot(x, y)
        g = gz / r
        return (g * (x / r) if first else None), (-g * (y / r) if second else None)


arctan2 = function_of(Arctan2)


class Sinc(Unary):
    """y = the derivative of some order of sin(pi x) / (pi x), which is 1 at 0.

    With t = pi x and f(t) = sin(t) / t, the product rule on t f = sin gives far from 0
    t f⁽ⁿ⁾ = sin⁽ⁿ⁾(t) - n f⁽ⁿ⁻¹⁾. Near 0, where that cancels, the Taylor series is summed.
    """

    __slots__ = ("order",)
    keep = (0,)

    def __init__(self, order: int = 0) -> None:
        self.order = order

    def forward(self, x: Raw) -> Raw:
        t = x * math.pi
        # Each order divides by t once more, and so cancels over a wider neighbourhood of 0.
        near = abs(t) < 1 + self.order / 2
        # Both ways are computed everywhere: each gets a harmless number where the other counts.
        series = self._series(np.where(near, t, np.zeros_like(t)))
        y: Raw = np.where(near, series, self._recurrence(np.where(near, np.ones_like(t), t)))
        return y * math.pi**self.order

    def _series(self, t: Raw) -> Raw:
        """The sum of (-1)^k t^m / (m! (2k + 1)) over m = 2k - n >= 0."""
        n = self.order
        y, square = np.zeros_like(t), t * t
        for m in range(n % 2 + 2 * (n + 12), -1, -2):
            k = (m + n) // 2
            y = y * square + (-1) ** k / (math.factorial(m) * (2 * k + 1))
        return y * t if n % 2 else y

    def _recurrence(self, t: Raw) -> Raw:
        sine, cosine = np.sin(t), np.cos(t)
        cycle = (sine, cosine, -sine, -cosine)
        y = sine / t
        for n in range(1, self.order + 1):
            y = (cycle[n % 4] - y * n) / t
        return y

    def backward(self, gy: Array, x: Array) -> Array:
        return gy * Sinc(self.order + 1)(x)


@answers(np.sinc)
def sinc(x: Operand) -> Variable:
    """sin(pi x) / (pi x), and 1 at 0."""
    return Sinc().of(x)
