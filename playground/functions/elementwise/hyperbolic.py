"""Hyperbolic functions and their inverses."""

from __future__ import annotations

from typing import Any

import numpy as np

from playground.graph.op import ElementwiseUnary
from playground.graph.variable import Variable

__all__ = [
    "arccosh",
    "arcsinh",
    "arctanh",
    "cosh",
    "sinh",
    "tanh",
]


class Sinh(ElementwiseUnary):
    """y = sinh(x)."""

    __slots__ = ()
    ufunc = np.sinh
    keep = (0,)

    def backward(self, gy: Any, x: Any) -> Any:
        return gy * np.cosh(x)


def sinh(x: Any) -> Variable:
    """Hyperbolic sine."""
    return Sinh().of(x)


class Cosh(ElementwiseUnary):
    """y = cosh(x)."""

    __slots__ = ()
    ufunc = np.cosh
    keep = (0,)

    def backward(self, gy: Any, x: Any) -> Any:
        return gy * np.sinh(x)


def cosh(x: Any) -> Variable:
    """Hyperbolic cosine."""
    return Cosh().of(x)


class Tanh(ElementwiseUnary):
    """y = tanh(x); y' = 1 - y^2."""

    __slots__ = ()
    label = "Tanh"
    ufunc = np.tanh
    keep = (1,)

    def backward(self, gy: Any, x: Any, y: Any) -> Any:
        return gy * (1 - y * y)


def tanh(x: Any) -> Variable:
    """Hyperbolic tangent."""
    return Tanh().of(x)


class Arcsinh(ElementwiseUnary):
    """y = arcsinh(x)."""

    __slots__ = ()
    ufunc = np.arcsinh
    keep = (0,)

    def backward(self, gy: Any, x: Any) -> Any:
        return gy / np.sqrt(x * x + 1)


def arcsinh(x: Any) -> Variable:
    """Inverse hyperbolic sine."""
    return Arcsinh().of(x)


class Arccosh(ElementwiseUnary):
    """y = arccosh(x), for x >= 1."""

    __slots__ = ()
    ufunc = np.arccosh
    keep = (0,)

    def backward(self, gy: Any, x: Any) -> Any:
        return gy / np.sqrt((x - 1) * (x + 1))


def arccosh(x: Any) -> Variable:
    """Inverse hyperbolic cosine."""
    return Arccosh().of(x)


class Arctanh(ElementwiseUnary):
    """y = arctanh(x), for |x| <= 1."""

    __slots__ = ()
    ufunc = np.arctanh
    keep = (0,)

    def backward(self, gy: Any, x: Any) -> Any:
        return gy / ((1 - x) * (1 + x))


def arctanh(x: Any) -> Variable:
    """Inverse hyperbolic tangent."""
    return Arctanh().of(x)
