"""Powers and roots with a fixed exponent."""

from __future__ import annotations

import numpy as np

from playground.functions.basic_math import divide
from playground.functions.kinks import AtRest, at_rest, undefined
from playground.functions.registry import function_of
from playground.graph.op import Elementwise, ElementwiseUnary
from playground.graph.types import Array, Cotangents, Operand, Raw
from playground.graph.variable import Variable

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
        # Not by the square, which may vanish where the product with gy does not.
        return -gy * y * y


reciprocal = function_of(Reciprocal)


class Hypot(Elementwise):
    """z = sqrt(x^2 + y^2), without overflow; both derivatives are 0 at the origin."""

    __slots__ = ()
    ufunc = np.hypot
    keep = (0, 1, 2)

    def backward(self, gz: Array, x: Array, y: Array, z: Array) -> Cotangents:
        left, right = self.wants
        gx = gz * self._share(x, z) if left else None
        gy = gz * self._share(y, z) if right else None
        rest = at_rest(self, gz, z) if isinstance(gz, Variable) else None
        if rest is not None:
            gx = gx + self._at_rest(rest, x, y) if left else None
            gy = gy + self._at_rest(rest, y, x) if right else None
        return gx, gy

    @staticmethod
    def _at_rest(rest: AtRest, x: Array, y: Array) -> Array:
        term = rest.factor * undefined(x, rest.undefined)
        if rest.undefined is None:
            return term
        # Nor is there a mixed derivative: a term that is 0 as well.
        other = undefined(y, rest.undefined)
        return term + np.where(rest.undefined, other, np.zeros_like(rest.factor))

    @staticmethod
    def _share(x: Array, z: Array) -> Array:
        """x / z, and 0 at the origin."""
        zero = z == 0
        # By quotients of at most 1, for the cotangent by z may overflow where they do not.
        return np.where(zero, np.zeros_like(z), x / np.where(zero, np.ones_like(z), z))

    def distance(self) -> Raw:
        """The result, for the second derivatives of others."""
        return self.kept[0]


hypot = function_of(Hypot)
