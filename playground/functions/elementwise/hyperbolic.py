"""Hyperbolic functions and their inverses."""

from __future__ import annotations

import numpy as np

from playground.functions.registry import function_of
from playground.graph.op import ElementwiseUnary
from playground.graph.types import Array

__all__ = [
    "arccosh",
    "arcsinh",
    "arctanh",
    "cosh",
    "sinh",
    "tanh",
]


class Sinh(ElementwiseUnary):
    """Hyperbolic sine: y = sinh(x)."""

    __slots__ = ()
    ufunc = np.sinh
    keep = (0,)

    def backward(self, gy: Array, x: Array) -> Array:
        return gy * np.cosh(x)


sinh = function_of(Sinh)


class Cosh(ElementwiseUnary):
    """Hyperbolic cosine: y = cosh(x)."""

    __slots__ = ()
    ufunc = np.cosh
    keep = (0,)

    def backward(self, gy: Array, x: Array) -> Array:
        return gy * np.sinh(x)


cosh = function_of(Cosh)


class Tanh(ElementwiseUnary):
    """Hyperbolic tangent: y = tanh(x); y' = 1 - y^2."""

    __slots__ = ()
    label = "Tanh"
    ufunc = np.tanh
    keep = (1,)

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        return gy * (1 - y * y)


tanh = function_of(Tanh)


class Arcsinh(ElementwiseUnary):
    """Inverse hyperbolic sine: y = arcsinh(x)."""

    __slots__ = ()
    ufunc = np.arcsinh
    keep = (0,)

    def backward(self, gy: Array, x: Array) -> Array:
        if x.dtype.kind == "c":
            # On the branch that NumPy has chosen, on either side of the cuts; x^2 + 1 forgets it.
            return gy / np.cosh(np.arcsinh(x))
        # Of a real x by the root that does not overflow on the way.
        return gy / np.hypot(x, 1.0)


arcsinh = function_of(Arcsinh)


class Arccosh(ElementwiseUnary):
    """Inverse hyperbolic cosine: y = arccosh(x), for x >= 1."""

    __slots__ = ()
    ufunc = np.arccosh
    keep = (0,)

    def backward(self, gy: Array, x: Array) -> Array:
        # As a product: x^2 - 1 has lost half of its digits near 1. And of two roots: that of the
        # product has the wrong sign in the left half of the complex plane. x + 1 would forget the
        # sign of a zero imaginary part, which says on which side of the cut x lies.
        return gy / (np.sqrt(x - 1) * np.sqrt(x - -1))


arccosh = function_of(Arccosh)


class Arctanh(ElementwiseUnary):
    """Inverse hyperbolic tangent: y = arctanh(x), for |x| <= 1."""

    __slots__ = ()
    ufunc = np.arctanh
    keep = (0,)

    def backward(self, gy: Array, x: Array) -> Array:
        # As a product: 1 - x^2 has lost half of its digits near 1.
        return gy / ((1 - x) * (1 + x))


arctanh = function_of(Arctanh)
