"""Exponentials and logarithms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from playground.functions.registry import function_of
from playground.graph.backend import is_symbolic
from playground.graph.op import Elementwise, ElementwiseUnary, as_raw
from playground.graph.types import Array, Cotangents, Operand

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


# Where a derivative can be told from y, that is kept: often the next operation keeps it anyway,
# and x is free to die.
class Exp(ElementwiseUnary):
    """Exponential function: y = exp(x)."""

    __slots__ = ()
    ufunc = np.exp
    keep = (1,)

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        return gy * y


exp = function_of(Exp)


class Expm1(ElementwiseUnary):
    """y = exp(x) - 1, precise near 0."""

    __slots__ = ()
    ufunc = np.expm1
    keep = (1,)

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        return gy * (y + 1)


expm1 = function_of(Expm1)


class Exp2(ElementwiseUnary):
    """2 to the power of x: y = 2^x."""

    __slots__ = ()
    ufunc = np.exp2
    keep = (1,)

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        # Python's logarithm, a float: NumPy's is a float64 and would widen a float32 y.
        return gy * (y * math.log(2))


exp2 = function_of(Exp2)


class Log(ElementwiseUnary):
    """Natural logarithm: y = log(x)."""

    __slots__ = ()
    ufunc = np.log
    keep = (0,)

    def backward(self, gy: Array, x: Array) -> Array:
        return gy / x


log = function_of(Log)


class Log1p(ElementwiseUnary):
    """y = log(1 + x), precise near 0."""

    __slots__ = ()
    ufunc = np.log1p
    keep = (0,)

    def backward(self, gy: Array, x: Array) -> Array:
        return gy / (x + 1)


log1p = function_of(Log1p)


class Log2(ElementwiseUnary):
    """Logarithm to base 2: y = log2(x)."""

    __slots__ = ()
    ufunc = np.log2
    keep = (0,)

    def backward(self, gy: Array, x: Array) -> Array:
        return gy / (x * math.log(2))


log2 = function_of(Log2)


class Log10(ElementwiseUnary):
    """Logarithm to base 10: y = log10(x)."""

    __slots__ = ()
    ufunc = np.log10
    keep = (0,)

    def backward(self, gy: Array, x: Array) -> Array:
        return gy / (x * math.log(10))


log10 = function_of(Log10)


def log_share(x: Operand, z: Operand) -> Any:
    """x - z, whose exponential is the share that a term exp(x) has of a sum exp(z).

    The share is 0 in an empty sum and 1 in an infinite one, where infinities would subtract.
    """
    # -inf - (-inf) and inf - inf are no numbers, and where() cannot take back a NaN of a gradient.
    z = np.where(z == -math.inf, np.zeros_like(z), z)
    difference = x - z
    return np.where((x == z) & (z == math.inf), np.zeros_like(difference), difference)


def whole(total: Operand) -> Any:
    """What shares are divided by so that they sum up to 1: their sum, and 1 where there are none.

    Where z is so large that it has rounded the logarithm away (1e17), the sum is not 1. That of
    formulas is.
    """
    if is_symbolic(as_raw(total)):
        return np.ones_like(total)
    return np.where(total == 0, np.ones_like(total), total)


class LogAddExp(Elementwise):
    """z = log(exp(x) + exp(y)), without overflow; two terms exp(-inf) get no gradient."""

    __slots__ = ()
    ufunc = np.logaddexp
    keep = (0, 1, 2)

    def backward(self, gz: Array, x: Array, y: Array, z: Array) -> Cotangents:
        left, right = self.wants
        # By shares of z, which exists: exp(x) and exp(y) may overflow where their ratio does not.
        of_x, of_y = np.exp(log_share(x, z)), np.exp(log_share(y, z))
        g = gz / whole(of_x + of_y)
        return (g * of_x if left else None), (g * of_y if right else None)


logaddexp = function_of(LogAddExp)


class LogAddExp2(Elementwise):
    """z = log2(2^x + 2^y), without overflow."""

    __slots__ = ()
    ufunc = np.logaddexp2
    keep = (0, 1, 2)

    def backward(self, gz: Array, x: Array, y: Array, z: Array) -> Cotangents:
        left, right = self.wants
        # The same in base 2: the factors log(2) of the power and of the logarithm cancel.
        of_x, of_y = np.exp2(log_share(x, z)), np.exp2(log_share(y, z))
        g = gz / whole(of_x + of_y)
        return (g * of_x if left else None), (g * of_y if right else None)


logaddexp2 = function_of(LogAddExp2)
