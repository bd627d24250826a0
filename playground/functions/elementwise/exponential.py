"""Exponentials and logarithms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from playground.graph.op import Elementwise, ElementwiseUnary
from playground.graph.variable import Variable

__all__ = [
    "exp",
    "exp2",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
]


class Exp(ElementwiseUnary):
    """y = exp(x)."""

    __slots__ = ()
    ufunc = np.exp
    keep = (1,)

    def backward(self, gy: Any, x: Any, y: Any) -> Any:
        return gy * y


def exp(x: Any) -> Variable:
    """Exponential function."""
    return Exp().of(x)


class Expm1(ElementwiseUnary):
    """y = exp(x) - 1."""

    __slots__ = ()
    ufunc = np.expm1
    keep = (1,)

    def backward(self, gy: Any, x: Any, y: Any) -> Any:
        return gy * (y + 1)


def expm1(x: Any) -> Variable:
    """exp(x) - 1, precise near 0."""
    return Expm1().of(x)


class Exp2(ElementwiseUnary):
    """y = 2^x."""

    __slots__ = ()
    ufunc = np.exp2
    keep = (1,)

    def backward(self, gy: Any, x: Any, y: Any) -> Any:
        return gy * (y * math.log(2))


def exp2(x: Any) -> Variable:
    """2 to the power of x."""
    return Exp2().of(x)


class Log(ElementwiseUnary):
    """y = log(x)."""

    __slots__ = ()
    ufunc = np.log
    keep = (0,)

    def backward(self, gy: Any, x: Any) -> Any:
        return gy / x


def log(x: Any) -> Variable:
    """Natural logarithm."""
    return Log().of(x)


class Log1p(ElementwiseUnary):
    """y = log(1 + x)."""

    __slots__ = ()
    ufunc = np.log1p
    keep = (0,)

    def backward(self, gy: Any, x: Any) -> Any:
        return gy / (x + 1)


def log1p(x: Any) -> Variable:
    """log(1 + x), precise near 0."""
    return Log1p().of(x)


class Log2(ElementwiseUnary):
    """y = log2(x)."""

    __slots__ = ()
    ufunc = np.log2
    keep = (0,)

    def backward(self, gy: Any, x: Any) -> Any:
        return gy / (x * math.log(2))


def log2(x: Any) -> Variable:
    """Logarithm to base 2."""
    return Log2().of(x)


class Log10(ElementwiseUnary):
    """y = log10(x)."""

    __slots__ = ()
    ufunc = np.log10
    keep = (0,)

    def backward(self, gy: Any, x: Any) -> Any:
        return gy / (x * math.log(10))


def log10(x: Any) -> Variable:
    """Logarithm to base 10."""
    return Log10().of(x)


def log_share(x: Any, z: Any) -> Any:
    """x - z, whose exponential is the share that a term exp(x) has of a sum exp(z).

    The share is 0 in an empty sum and 1 in an infinite one, where infinities would subtract.
    """
    z = np.where(z == -math.inf, np.zeros_like(z), z)
    difference = x - z
    return np.where(x == z, np.zeros_like(difference), difference)


class LogAddExp(Elementwise):
    """z = log(exp(x) + exp(y)); of two terms exp(-inf) neither gets a gradient."""

    __slots__ = ()
    ufunc = np.logaddexp
    keep = (0, 1, 2)

    def backward(self, gz: Any, x: Any, y: Any, z: Any) -> Any:
        left, right = self.wants
        gx = gz * np.exp(log_share(x, z)) if left else None
        return gx, (gz * np.exp(log_share(y, z)) if right else None)


def logaddexp(x1: Any, x2: Any) -> Variable:
    """log(exp(x1) + exp(x2)), without overflow."""
    return LogAddExp().of(x1, x2)


class LogAddExp2(Elementwise):
    """z = log2(2^x + 2^y)."""

    __slots__ = ()
    ufunc = np.logaddexp2
    keep = (0, 1, 2)

    def backward(self, gz: Any, x: Any, y: Any, z: Any) -> Any:
        left, right = self.wants
        gx = gz * np.exp2(log_share(x, z)) if left else None
        return gx, (gz * np.exp2(log_share(y, z)) if right else None)


def logaddexp2(x1: Any, x2: Any) -> Variable:
    """log2(2^x1 + 2^x2), without overflow."""
    return LogAddExp2().of(x1, x2)
