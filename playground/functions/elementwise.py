"""Functions of each element by itself."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from playground.functions.basic_math import as_number, divide
from playground.graph import backend
from playground.graph.backend import SCALARS
from playground.graph.function_node import Broadcasting, Elementwise, ElementwiseUnary, Unary
from playground.graph.variable import Variable

__all__ = [
    "arccos",
    "arcsin",
    "arctan",
    "arctan2",
    "cast",
    "ceil",
    "clip",
    "cos",
    "cosh",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
    "log",
    "log1p",
    "log2",
    "log10",
    "maximum",
    "minimum",
    "rsqrt",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "tan",
    "tanh",
    "where",
]


class Exp(ElementwiseUnary):
    """y = exp(x)."""

    __slots__ = ()
    label = "exp"
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
    label = "expm1"
    ufunc = np.expm1
    keep = (1,)

    def backward(self, gy: Any, x: Any, y: Any) -> Any:
        return gy * (y + 1)


def expm1(x: Any) -> Variable:
    """exp(x) - 1, precise near 0."""
    return Expm1().of(x)


class Log(ElementwiseUnary):
    """y = log(x)."""

    __slots__ = ()
    label = "log"
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
    label = "log1p"
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
    label = "log2"
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
    label = "log10"
    ufunc = np.log10
    keep = (0,)

    def backward(self, gy: Any, x: Any) -> Any:
        return gy / (x * math.log(10))


def log10(x: Any) -> Variable:
    """Logarithm to base 10."""
    return Log10().of(x)


class Sin(ElementwiseUnary):
    """y = sin(x)."""

    __slots__ = ()
    label = "sin"
    ufunc = np.sin
    keep = (0,)

    def backward(self, gy: Any, x: Any) -> Any:
        return gy * np.cos(x)


def sin(x: Any) -> Variable:
    """Sine."""
    return Sin().of(x)


class Cos(ElementwiseUnary):
    """y = cos(x)."""

    __slots__ = ()
    label = "cos"
    ufunc = np.cos
    keep = (0,)

    def backward(self, gy: Any, x: Any) -> Any:
        return -gy * np.sin(x)


def cos(x: Any) -> Variable:
    """Cosine."""
    return Cos().of(x)


class Tan(ElementwiseUnary):
    """y = tan(x); y' = 1 + y^2."""

    __slots__ = ()
    label = "tan"
    ufunc = np.tan
    keep = (1,)

    def backward(self, gy: Any, x: Any, y: Any) -> Any:
        return gy * (y * y + 1)


def tan(x: Any) -> Variable:
    """Tangent."""
    return Tan().of(x)


class Sinh(ElementwiseUnary):
    """y = sinh(x)."""

    __slots__ = ()
    label = "sinh"
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
    label = "cosh"
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
    ufunc = np.tanh
    keep = (1,)

    def backward(self, gy: Any, x: Any, y: Any) -> Any:
        return gy * (1 - y * y)


def tanh(x: Any) -> Variable:
    """Hyperbolic tangent."""
    return Tanh().of(x)


class Arcsin(ElementwiseUnary):
    """y = arcsin(x)."""

    __slots__ = ()
    label = "arcsin"
    ufunc = np.arcsin
    keep = (0,)

    def backward(self, gy: Any, x: Any) -> Any:
        return gy / np.sqrt(1 - x * x)


def arcsin(x: Any) -> Variable:
    """Inverse sine."""
    return Arcsin().of(x)


class Arccos(ElementwiseUnary):
    """y = arccos(x)."""

    __slots__ = ()
    label = "arccos"
    ufunc = np.arccos
    keep = (0,)

    def backward(self, gy: Any, x: Any) -> Any:
        return -gy / np.sqrt(1 - x * x)


def arccos(x: Any) -> Variable:
    """Inverse cosine."""
    return Arccos().of(x)


class Arctan(ElementwiseUnary):
    """y = arctan(x)."""

    __slots__ = ()
    label = "arctan"
    ufunc = np.arctan
    keep = (0,)

    def backward(self, gy: Any, x: Any) -> Any:
        return gy / (x * x + 1)


def arctan(x: Any) -> Variable:
    """Inverse tangent."""
    return Arctan().of(x)


class Arctan2(Elementwise):
    """z = the angle of the point (y, x), in radians; arguments in NumPy's order."""

    __slots__ = ()
    label = "arctan2"
    ufunc = np.arctan2
    keep = (0, 1)

    def backward(self, gz: Any, y: Any, x: Any) -> Any:
        first, second = self.wants
        g = gz / (x * x + y * y)
        return (g * x if first else None), (-g * y if second else None)


def arctan2(x1: Any, x2: Any) -> Variable:
    """Inverse tangent of x1 / x2, with the quadrant of the point (x2, x1)."""
    return Arctan2().of(x1, x2)


class Sqrt(ElementwiseUnary):
    """y = sqrt(x)."""

    __slots__ = ()
    label = "sqrt"
    ufunc = np.sqrt
    keep = (1,)

    def backward(self, gy: Any, x: Any, y: Any) -> Any:
        return gy / (y * 2)


def sqrt(x: Any) -> Variable:
    """Square root."""
    return Sqrt().of(x)


def rsqrt(x: Any) -> Variable:
    """Reciprocal of the square root."""
    return divide(1.0, sqrt(x))


class Square(ElementwiseUnary):
    """y = x^2."""

    __slots__ = ()
    label = "square"
    ufunc = np.square
    keep = (0,)

    def backward(self, gy: Any, x: Any) -> Any:
        return gy * (x * 2)


def square(x: Any) -> Variable:
    """Square."""
    return Square().of(x)


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


class Maximum(Elementwise):
    """z = the larger of x and y; at a tie the gradient goes to x."""

    __slots__ = ()
    ufunc = np.maximum
    keep = (0, 1)

    def backward(self, gz: Any, x: Any, y: Any) -> Any:
        return _routed(gz, x >= y)


class Minimum(Elementwise):
    """z = the smaller of x and y; at a tie the gradient goes to x."""

    __slots__ = ()
    ufunc = np.minimum
    keep = (0, 1)

    def backward(self, gz: Any, x: Any, y: Any) -> Any:
        return _routed(gz, x <= y)


def _routed(g: Any, condition: Any) -> Any:
    """``g`` to the first of two inputs where the condition holds, else to the second."""
    zeros = np.zeros_like(g)
    return np.where(condition, g, zeros), np.where(condition, zeros, g)


def maximum(x1: Any, x2: Any) -> Variable:
    """Elementwise maximum, broadcast."""
    return Maximum().of(x1, x2)


def minimum(x1: Any, x2: Any) -> Variable:
    """Elementwise minimum, broadcast."""
    return Minimum().of(x1, x2)


class Clip(Unary):
    """y = x limited to [low, high]; the gradient passes inside and on the limits."""

    __slots__ = ("high", "low")
    keep = (0,)

    def __init__(self, low: Any, high: Any) -> None:
        self.low, self.high = low, high

    def forward(self, x: Any) -> Any:
        y = x if self.low is None else np.maximum(x, self.low)
        return y if self.high is None else np.minimum(y, self.high)

    def backward(self, gy: Any, x: Any) -> Any:
        zeros = np.zeros_like(gy)
        if self.low is not None:
            gy = np.where(x >= self.low, gy, zeros)
        if self.high is not None:
            gy = np.where(x <= self.high, gy, zeros)
        return gy


def clip(x: Any, x_min: Any, x_max: Any) -> Variable:
    """x limited to x_min and x_max: numbers, arrays or Variables (None: no limit)."""
    low, high = as_number(x_min), as_number(x_max)
    if all(limit is None or type(limit) in SCALARS for limit in (low, high)):
        return Clip(low, high).of(x)
    y = x if low is None else maximum(x, low)
    return y if high is None else minimum(y, high)


class Where(Broadcasting):
    """z = x where the condition holds, else y; all three broadcast."""

    __slots__ = ("condition",)

    def __init__(self, condition: Any) -> None:
        self.condition = condition

    def forward(self, x: Any, y: Any) -> Any:
        return np.where(self.condition, x, y)

    def backward(self, gz: Any, x: Any, y: Any) -> Any:
        zeros = np.zeros_like(gz)
        return np.where(self.condition, gz, zeros), np.where(self.condition, zeros, gz)


def where(condition: Any, x: Any, y: Any) -> Variable:
    """x where the condition (an array or Variable of booleans) holds, else y."""
    if isinstance(condition, Variable):
        condition = condition.array
    values = x if isinstance(x, Variable) else y
    if isinstance(values, Variable):
        condition = backend.constant_like(condition, values.array, "where")
    return Where(condition).of(x, y)


class Cast(Unary):
    """y = x in another dtype; the gradient returns in x's own."""

    __slots__ = ("dtype", "origin")

    def __init__(self, dtype: Any) -> None:
        self.dtype = np.dtype(dtype)

    def check_dtype(self, given: Any, result: Any) -> None:
        pass

    def forward(self, x: Any) -> Any:
        self.origin = x.dtype
        return x.astype(self.dtype)

    def backward(self, gy: Any, x: Any) -> Any:
        return gy.astype(self.origin)


def cast(x: Any, typ: Any) -> Variable:
    """x in the dtype ``typ``."""
    return Cast(typ).of(x)


setattr(Variable, "astype", lambda self, dtype: cast(self, dtype))
setattr(Variable, "__floordiv__", floor_divide)
setattr(Variable, "__rfloordiv__", lambda self, other: floor_divide(other, self))
