"""The larger, the smaller, and limits."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from playground.functions.basic_math import python_number
from playground.functions.elementwise.selection import nan_from_nan, where
from playground.functions.registry import function_of
from playground.graph.backend import SCALARS
from playground.graph.op import Elementwise, Selecting, Unary
from playground.graph.types import Array, Cotangents, Operand, Raw, Scalar
from playground.graph.variable import Variable

__all__ = [
    "clip",
    "copysign",
    "fmax",
    "fmin",
    "maximum",
    "minimum",
]


class Maximum(Selecting, Elementwise):
    """z = the larger of x and y, broadcast; at a tie the gradient goes to x."""

    __slots__ = ()
    label = "Maximum"
    ufunc = np.maximum
    keep = (0, 1)

    def backward(self, gz: Array, x: Array, y: Array) -> Cotangents:
        # By what is lost, so that NaN, which always wins, is not taken for what was not selected.
        zeros = np.zeros_like(gz)
        return np.where(x < y, zeros, gz), np.where(x >= y, zeros, gz)


class Minimum(Selecting, Elementwise):
    """z = the smaller of x and y, broadcast; at a tie the gradient goes to x."""

    __slots__ = ()
    label = "Minimum"
    ufunc = np.minimum
    keep = (0, 1)

    def backward(self, gz: Array, x: Array, y: Array) -> Cotangents:
        zeros = np.zeros_like(gz)
        return np.where(x > y, zeros, gz), np.where(x <= y, zeros, gz)


def _routed(g: Array, condition: Array) -> Array:
    """``g`` to the first of two inputs where the condition holds, else to the second."""
    # Chosen, not multiplied by 0 and 1: an infinite cotangent would leave NaN on the other side.
    zeros = np.zeros_like(g)
    return np.where(condition, g, zeros), np.where(condition, zeros, g)


maximum = function_of(Maximum)


minimum = function_of(Minimum)


class Fmax(Selecting, Elementwise):
    """z = the larger of x and y, or the one that is not NaN; at a tie the gradient goes to x."""

    __slots__ = ()
    ufunc: ClassVar[Any] = np.fmax
    # By x and z: a comparison of x with y says nothing where one of them is NaN.
    keep = (0, 2)

    def backward(self, gz: Array, x: Array, y: Array, z: Array) -> Cotangents:
        return _routed(gz, x == z)


class Fmin(Fmax):
    """z = the smaller of x and y, or the one that is not NaN; at a tie the gradient goes to x."""

    __slots__ = ()
    ufunc = np.fmin


fmax = function_of(Fmax)


fmin = function_of(Fmin)


class Clip(Selecting, Unary):
    """y = x limited to [low, high]; the gradient passes inside and on the limits.

    Between limits that meet nothing can move, and it is 0.
    """

    __slots__ = ("high", "low")
    keep = (0,)

    def __init__(self, low: Scalar, high: Scalar) -> None:
        self.low, self.high = low, high

    def forward(self, x: Raw) -> Raw:
        y = x if self.low is None else np.maximum(x, self.low)
        return y if self.high is None else np.minimum(y, self.high)

    def backward(self, gy: Array, x: Array) -> Array:
        if self.low != self.low or self.high != self.high:
            # Of NaN nothing is left of x.
            return gy * math.nan
        zeros = np.zeros_like(gy)
        if self.low is not None and self.high is not None and self.low >= self.high:
            return zeros
        if self.low is not None:
            gy = np.where(x < self.low, zeros, gy)
        if self.high is not None:
            gy = np.where(x > self.high, zeros, gy)
        return gy


def clip(x: Operand, x_min: Operand, x_max: Operand) -> Variable:
    """x limited to x_min and x_max: numbers, arrays or Variables (None: no limit)."""
    # Limits that are numbers are part of the operation: one node in place of two with constants.
    low, high = python_number(x_min), python_number(x_max)
    if all(limit is None or type(limit) in SCALARS for limit in (low, high)):
        return Clip(low, high).of(x)
    y = x if low is None else maximum(x, low)
    y = y if high is None else minimum(y, high)
    if low is None or high is None or isinstance(low, Variable) or isinstance(high, Variable):
        return y
    # Where fixed limits meet, x is at both of them and yet cannot move.
    low, high = (np.asarray(v) if type(v) in (*SCALARS, list, tuple) else v for v in (low, high))
    pinned = low >= high
    y = where(pinned, y.array, y) if bool(np.sum(pinned)) else y
    return nan_from_nan(y) if bool(np.sum((low != low) + (high != high))) else y


class Copysign(Elementwise):
    """z = |x| with the sign of y; the derivative is 0 at x = 0, and along y."""

    __slots__ = ()
    ufunc = np.copysign
    keep = (0, 1)

    def backward(self, gz: Array, x: Array, y: Array) -> Cotangents:
        left, right = self.wants
        gx = gz * (np.sign(x) * np.copysign(np.ones_like(y), y)) if left else None
        return gx, (np.zeros_like(gz) if right else None)


copysign = function_of(Copysign)
