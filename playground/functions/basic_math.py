"""Arithmetic: the operators of a Variable."""

from __future__ import annotations

import cmath
import math
from typing import Any

import numpy as np

from playground.functions.kinks import at_rest, undefined
from playground.functions.operands import operator, turn_of
from playground.functions.registry import answers, function_of
from playground.graph.backend import SCALAR_TYPES, is_recorded, is_symbolic
from playground.graph.errors import InvalidType, OperandError
from playground.graph.op import Elementwise, ElementwiseUnary, Unary, as_raw, lifted
from playground.graph.types import Array, Cotangents, DType, Operand, Raw, Scalar
from playground.graph.unselected import is_clean
from playground.graph.variable import Variable, as_variable

__all__ = [
    "absolute",
    "add",
    "divide",
    "identity",
    "multiply",
    "negative",
    "power",
    "subtract",
]


class WithConstant(Unary):
    """An operation of an array and a number; the number is cast to the array's dtype."""

    __slots__ = ("value",)
    elementwise = True
    sign = "_"

    def __init__(self, value: Scalar) -> None:
        # NumPy's own scalars would widen the result: Python's adapt to the array.
        self.value = value.item() if isinstance(value, np.generic) else value

    @property
    def label(self) -> str:
        value = self.value
        negative = not isinstance(value, complex) and value < 0
        return self.sign.format(f"({value})" if negative else value)

    def check_dtype(self, given: DType, result: DType) -> None:
        if given != result:
            raise InvalidType(
                self.label,
                f"a number that fits the Variable's dtype {given}",
                f"{self.value!r} (the result would be {result})",
                f"Convert the Variable first, for example with F.cast(x, '{result}').",
            )


class Add(Elementwise):
    """z = x + y, broadcast."""

    __slots__ = ()
    label = "_ + _"

    def forward(self, x: Raw, y: Raw) -> Raw:
        return x + y

    def backward(self, gz: Array, x: Array, y: Array) -> Cotangents:
        return gz, gz


class AddConstant(WithConstant):
    """z = x + c."""

    __slots__ = ()
    sign = "_ + {}"

    def forward(self, x: Raw) -> Raw:
        return x + self.value

    def backward(self, gz: Array, x: Array) -> Array:
        return gz


@answers(np.add)
def add(*xs: Operand) -> Variable:
    """Sum of two or more arrays, broadcast."""
    # Chainer adds any number of arrays; the operator is the frequent case.
    if len(xs) != 2:
        return _add_all(xs)
    x, y = xs
    if type(y) in SCALAR_TYPES and isinstance(x, Variable):
        return AddConstant(y).of(x)
    if type(x) in SCALAR_TYPES and isinstance(y, Variable):
        return AddConstant(x).of(y)
    return Add().of(x, y)


def _add_all(xs: tuple[Any, ...]) -> Variable:
    if not xs:
        raise TypeError("add: expected one array or more, got none")
    total = xs[0]
    for x in xs[1:]:
        # Constants ahead of the first Variable have no dtype to be cast to yet.
        recorded = isinstance(total, Variable) or isinstance(x, Variable)
        total = add(total, x) if recorded else as_raw(total) + as_raw(x)
    return as_variable(total)


class Sub(Elementwise):
    """z = x - y, broadcast."""

    __slots__ = ()
    label = "_ - _"

    def forward(self, x: Raw, y: Raw) -> Raw:
        return x - y

    def backward(self, gz: Array, x: Array, y: Array) -> Cotangents:
        left, right = self.wants
        return (gz if left else None), (-gz if right else None)


class SubFromConstant(WithConstant):
    """z = c - x."""

    __slots__ = ()
    sign = "{} - _"

    def forward(self, x: Raw) -> Raw:
        return self.value - x

    def backward(self, gz: Array, x: Array) -> Array:
        return -gz


class SubConstant(AddConstant):
    """z = x - c, in Chainer's graph x + (-c)."""

    __slots__ = ()

    def forward(self, x: Raw) -> Raw:
        # As it was written: a sum would turn the imaginary part -0.0 of x to 0.0, and with it the
        # side of a branch cut.
        return x - -self.value


@answers(np.subtract)
def subtract(x: Operand, y: Operand) -> Variable:
    """Difference x - y, broadcast."""
    if type(y) in SCALAR_TYPES and isinstance(x, Variable):
        # Chainer's graph: x - c is recorded as x + (-c).
        return SubConstant(-python_number(y)).of(x)
    if type(x) in SCALAR_TYPES and isinstance(y, Variable):
        return SubFromConstant(x).of(y)
    return Sub().of(x, y)


class Mul(Elementwise):
    """z = x * y, broadcast."""

    __slots__ = ()
    label = "_ * _"
    keep = (0, 1)

    def forward(self, x: Raw, y: Raw) -> Raw:
        return x * y

    def backward(self, gz: Array, x: Array, y: Array) -> Cotangents:
        left, right = self.wants
        return (gz * y if left else None), (gz * x if right else None)


class MulConstant(WithConstant):
    """z = x * c."""

    __slots__ = ()
    sign = "_ * {}"

    def forward(self, x: Raw) -> Raw:
        return x * self.value

    def backward(self, gz: Array, x: Array) -> Array:
        return gz * self.value


@answers(np.multiply)
def multiply(x: Operand, y: Operand) -> Variable:
    """Product x * y, broadcast. A factor of truth values selects, as in ``where``."""
    if type(y) in SCALAR_TYPES and isinstance(x, Variable):
        z = MulConstant(y).of(x)
        return _selected(z) if type(y) in _TRUTH else z
    if isinstance(y, Variable):
        if isinstance(x, Variable):
            return Mul().of(x, y)
        if type(x) in SCALAR_TYPES:
            z = MulConstant(x).of(y)
            return _selected(z) if type(x) in _TRUTH else z
        factor = x
    else:
        factor = y
    z = Mul().of(x, y)
    return _selected(z) if hasattr(factor, "dtype") and factor.dtype.kind == "b" else z


_TRUTH = (bool, np.bool_)


def _selected(z: Variable) -> Variable:
    """A product with a mask, as a selecting operation."""
    # Not where NaN or infinity times False has made a NaN: that is what came of the mask.
    if z.creator is not None and not is_symbolic(z.array) and is_clean(z.array):
        z.creator.selects = True
        lifted(z)
    return z


class Div(Elementwise):
    """z = x / y, broadcast."""

    __slots__ = ()
    label = "_ / _"
    keep = (0, 1)

    def forward(self, x: Raw, y: Raw) -> Raw:
        return x / y

    def backward(self, gz: Array, x: Array, y: Array) -> Cotangents:
        left, right = self.wants
        # Not gz x / y^2, whose square overflows for a y whose quotient does not.
        gx = gz / y
        return (gx if left else None), (-gx * (x / y) if right else None)


class DivFromConstant(WithConstant):
    """z = c / x."""

    __slots__ = ()
    sign = "{} / _"
    keep = (0,)

    def forward(self, x: Raw) -> Raw:
        return self.value / x

    def backward(self, gz: Array, x: Array) -> Array:
        # As above without the square.
        return -gz * (self.value / x) / x


@answers(np.divide)
def divide(x: Operand, y: Operand) -> Variable:
    """Quotient x / y, broadcast. Division by a number multiplies by its reciprocal (Chainer)."""
    if type(y) in SCALAR_TYPES and isinstance(x, Variable) and x._node.dtype.kind != "c":
        # NumPy's division, in which 1 / 0 is infinite as it is for arrays; Python's would raise.
        with np.errstate(divide="ignore"):
            return MulConstant(np.true_divide(1.0, python_number(y))).of(x)
    if type(x) in SCALAR_TYPES and isinstance(y, Variable):
        return DivFromConstant(x).of(y)
    return Div().of(x, y)


def python_number(value: Operand) -> Any:
    """A scalar as Python's own number."""
    return value.item() if isinstance(value, np.generic) else value


class Neg(ElementwiseUnary):
    """y = -x."""

    __slots__ = ()
    label = "__neg__"
    ufunc = np.negative

    def forward(self, x: Raw) -> Raw:
        return -x

    def backward(self, gy: Array, x: Array) -> Array:
        return -gy


negative = function_of(Neg)


class Absolute(ElementwiseUnary):
    """y = |x|; the derivative at 0 is 0."""

    __slots__ = ()
    label = "|_|"
    ufunc = np.absolute
    keep = (0,)

    def forward(self, x: Raw) -> Raw:
        return abs(x)

    def backward(self, gy: Array, x: Array) -> Array:
        # The sign is 0 at 0, where every slope from -1 to 1 is a subgradient.
        gx = np.sign(x) * gy
        rest = at_rest(self, gy, x, smooth=True) if isinstance(gy, Variable) else None
        return gx if rest is None else gx + rest.factor * undefined(x, rest.undefined)

    def distance(self) -> Raw:
        """The result, for the second derivatives of others."""
        return abs(self.inputs[0].data)


absolute = function_of(Absolute, np.fabs)


class PowVarVar(Elementwise):
    """z = x ** y, broadcast. The derivative along y at x = 0 is 0 (the limit for y > 0)."""

    __slots__ = ()
    label = "_ ** _"
    keep = (0, 1, 2)

    def forward(self, x: Raw, y: Raw) -> Raw:
        return np.power(x, y)

    def backward(self, gz: Array, x: Array, y: Array, z: Array) -> Cotangents:
        left, right = self.wants
        gx = gy = None
        if left:
            # Not 0 ** -1 where y is 0 too: the product must be 0 there, not 0 times infinity.
            exponent = y - 1
            if not (is_symbolic(as_raw(x)) or is_symbolic(as_raw(y))):
                exponent = np.where(x != 0, exponent, np.where(y != 0, exponent, np.ones_like(y)))
            gx = gz * y * np.power(x, exponent)
        if right:
            gy = gz * z * np.log(np.where(x != 0, x, np.ones_like(x)))
        return gx, gy


class PowVarConst(WithConstant):
    """z = x ** c; every derivative is finite at 0 for an integer c >= 0."""

    __slots__ = ()
    sign = "_ ** {}"
    keep = (0,)

    def forward(self, x: Raw) -> Raw:
        return _base(x) ** self.value

    def backward(self, gz: Array, x: Array) -> Array:
        c = self.value
        # x ** (c - 1) is infinite at 0 for c = 0, where the derivative is 0.
        if c == 0:
            return gz * 0
        if c == 1:
            return gz
        if c == 2:
            return gz * x * 2
        return gz * (_base(x) ** (c - 1) * c)


def _base(x: Array) -> Array:
    # In a recording it could be taken for one of NumPy's scalars, whose powers round otherwise.
    return x.as_array() if is_recorded(x) else x


class PowConstVar(WithConstant):
    """z = c ** x."""

    __slots__ = ()
    sign = "{} ** _"
    keep = (1,)

    def forward(self, x: Raw) -> Raw:
        return self.value**x

    def backward(self, gz: Array, x: Array, z: Array) -> Cotangents:
        return gz * z * self._logarithm(z)

    def _logarithm(self, z: Array) -> Any:
        # At c = 0 the power is 0 for every x > 0, and so is its derivative.
        if not self.value:
            return 0.0
        if z.dtype.kind == "c":
            return cmath.log(self.value)
        # Of real numbers a negative c has powers at whole numbers alone, and no derivative.
        return math.log(self.value) if self.value > 0 else math.nan


@answers(np.power, np.float_power)
def power(x: Operand, y: Operand) -> Variable:
    """x ** y, broadcast."""
    if type(y) in SCALAR_TYPES and isinstance(x, Variable):
        return PowVarConst(y).of(x)
    if type(x) in SCALAR_TYPES and isinstance(y, Variable):
        return PowConstVar(x).of(y)
    return PowVarVar().of(x, y)


class Identity(Unary):
    """y = a copy of x."""

    __slots__ = ()

    def forward(self, x: Raw) -> Raw:
        return x.copy()

    def backward(self, gy: Array, x: Array) -> Array:
        return gy


@answers(np.positive)
def identity(*inputs: Operand) -> Any:
    """Copies of the inputs, each a Variable of its own."""
    copies = tuple(Identity().of(x) for x in inputs)
    return copies[0] if len(copies) == 1 else copies


def unshared(y: Variable, x: Operand) -> Variable:
    """``y``, or a copy of it where it may lie in x's memory.

    A NumPy function that returns a copy is written to without a thought of where it came from; one
    composed here of reshapes and broadcasts must be the same.
    """
    a, b = y.array, as_raw(x)
    on_host = type(a) is np.ndarray and type(b) is np.ndarray
    return y if on_host and not np.may_share_memory(a, b) else identity(y)


# The operators' own texts, in which the Variable is on the left for sure: one call less than by way
# of the functions, for what a loop does most.


def _plus(self: Variable, other: Operand) -> Any:
    try:
        if type(other) in SCALAR_TYPES:
            return AddConstant(other).of(self)
        return Add().of(self, other)
    except OperandError:
        return turn_of(self, other, np.add, "__radd__")


def _minus(self: Variable, other: Operand) -> Any:
    try:
        if type(other) in SCALAR_TYPES:
            return SubConstant(-python_number(other)).of(self)
        return Sub().of(self, other)
    except OperandError:
        return turn_of(self, other, np.subtract, "__rsub__")


def _times(self: Variable, other: Operand) -> Any:
    kind = type(other)
    try:
        if kind in SCALAR_TYPES:
            z = MulConstant(other).of(self)
            return _selected(z) if kind in _TRUTH else z
        z = Mul().of(self, other)
    except OperandError:
        return turn_of(self, other, np.multiply, "__rmul__")
    if kind is Variable or isinstance(other, Variable):
        return z
    return _selected(z) if hasattr(other, "dtype") and other.dtype.kind == "b" else z


def _to_the(self: Variable, other: Operand) -> Any:
    try:
        if type(other) in SCALAR_TYPES:
            return PowVarConst(other).of(self)
        return PowVarVar().of(self, other)
    except OperandError:
        return turn_of(self, other, np.power, "__rpow__")


_ARITHMETIC = {
    "__add__": _plus,
    "__radd__": operator(add, np.add),
    "__sub__": _minus,
    "__rsub__": operator(subtract, np.subtract),
    "__mul__": _times,
    "__rmul__": operator(multiply, np.multiply),
    "__truediv__": operator(divide, np.divide, "__rtruediv__"),
    "__rtruediv__": operator(divide, np.divide),
    "__pow__": _to_the,
    "__rpow__": operator(power, np.power),
    "__neg__": negative,
    "__pos__": identity,
    "copy": identity,
    "__abs__": absolute,
}
for _name, _function in _ARITHMETIC.items():
    setattr(Variable, _name, _function)
