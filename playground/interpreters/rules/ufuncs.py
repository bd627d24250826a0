"""NumPy's ufuncs of one and two arrays, their methods, and elementwise functions like them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.array.joining import operand
from playground.functions.operands import together
from playground.functions.registry import RECORDED, Rule, answers, constant, refuse
from playground.graph import backend
from playground.graph.errors import NoRuleError
from playground.graph.types import Axis
from playground.graph.variable import Variable, as_array_of

BINARY: dict[Any, Rule] = {
    np.add: F.add,
    np.arctan2: F.arctan2,
    np.copysign: F.copysign,
    np.divide: F.divide,
    np.float_power: F.power,
    np.floor_divide: F.floor_divide,
    np.fmax: F.fmax,
    np.fmin: F.fmin,
    np.fmod: F.fmod,
    np.hypot: F.hypot,
    np.logaddexp: F.logaddexp,
    np.logaddexp2: F.logaddexp2,
    np.maximum: F.maximum,
    np.minimum: F.minimum,
    np.multiply: F.multiply,
    np.power: F.power,
    np.remainder: F.remainder,
    np.subtract: F.subtract,
}
UNARY: dict[Any, Rule] = {
    np.absolute: F.absolute,
    np.arccos: F.arccos,
    np.arccosh: F.arccosh,
    np.arcsin: F.arcsin,
    np.arcsinh: F.arcsinh,
    np.arctan: F.arctan,
    np.arctanh: F.arctanh,
    np.cbrt: F.cbrt,
    np.ceil: F.ceil,
    np.cos: F.cos,
    np.cosh: F.cosh,
    np.exp: F.exp,
    np.exp2: F.exp2,
    np.expm1: F.expm1,
    np.fabs: F.absolute,
    np.floor: F.floor,
    np.log: F.log,
    np.log10: F.log10,
    np.log1p: F.log1p,
    np.log2: F.log2,
    np.negative: F.negative,
    np.reciprocal: F.reciprocal,
    np.rint: F.rint,
    np.sign: F.sign,
    np.sin: F.sin,
    np.sinh: F.sinh,
    np.sqrt: F.sqrt,
    np.square: F.square,
    np.tan: F.tan,
    np.tanh: F.tanh,
    np.trunc: F.trunc,
}
RECORDED.update(BINARY)
RECORDED.update(UNARY)
RECORDED.update({np.fix: F.fix, np.sinc: F.sinc})

constant(
    "equal not_equal greater greater_equal less less_equal isfinite isinf isnan isnat signbit "
    "logical_and logical_not logical_or logical_xor isneginf isposinf isreal iscomplex "
    "bitwise_and bitwise_count bitwise_or bitwise_xor gcd invert lcm left_shift right_shift"
)
refuse(
    "frexp",
    "an exponent has no gradient: write x as m * 2**e with e = numpy.floor(numpy.log2(abs(v)))",
)
refuse(
    "nextafter spacing",
    "it is about the numbers that can be represented, not about the real line: compute it on "
    "v.array",
)
refuse(
    "i0", "its derivative is a Bessel function that NumPy lacks: sum its series, or work on v.array"
)
refuse(
    "piecewise",
    "its functions get parts of the array: compute each branch on the whole and choose with "
    "numpy.where(condition, x, y)",
)


@answers(np.positive)
def positive(x: Any) -> Any:
    return x


@answers(np.degrees, np.rad2deg)
def degrees(x: Any) -> Variable:
    return F.multiply(x, 180 / math.pi)


@answers(np.radians, np.deg2rad)
def radians(x: Any) -> Variable:
    return F.multiply(x, math.pi / 180)


@answers(np.divmod)
def divmod(x1: Any, x2: Any) -> tuple[Variable, Variable]:
    return F.floor_divide(x1, x2), F.remainder(x1, x2)


@answers(np.modf)
def modf(x: Any) -> tuple[Variable, Variable]:
    whole = F.trunc(x)
    # Not x - whole, which is no number for an infinite x.
    return F.where(abs(x.array) < math.inf, F.subtract(x, whole), 0.0), whole


@answers(np.heaviside)
def heaviside(x1: Any, x2: Any) -> Variable:
    """Steps have no gradient; at 0 the value is x2, which may have one."""
    place, values = together("heaviside", x1, x2)
    x = place.array
    values = F.where(x == 0, values, _constant((x > 0).astype(place.dtype)))
    # NaN stays what it is.
    return F.where(x == x, values, _constant(x))


@answers(np.ldexp)
def ldexp(x1: Any, x2: Any) -> Variable:
    exponents = as_array_of(operand(x2))
    if exponents.dtype.kind not in "iu":
        raise TypeError(f"ldexp: expected integer exponents, got {exponents.dtype}")
    return F.multiply(x1, 2.0**exponents)


# -------------------------------------------------------------------- functions like ufuncs


@answers(np.round, np.around)
def round(a: Any, decimals: int = 0) -> Variable:
    """Rounded values, without gradient."""
    x, step = a.array, 10.0 ** abs(decimals)
    if decimals == 0:
        return F.rint(a)
    rounded = np.rint(x * step) / step if decimals > 0 else np.rint(x / step) * step
    return _constant(rounded)


def _constant(array: Any) -> Variable:
    return Variable(backend.as_array(array), requires_grad=False)


@answers(np.nan_to_num)
def nan_to_num(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None
) -> Variable:
    if not copy:
        raise NoRuleError("numpy.nan_to_num: copy=False would change a Variable in place")
    values = _real_only("nan_to_num", x).array
    largest = float(np.finfo(x.dtype).max)
    y = F.where(values == math.inf, largest if posinf is None else posinf, x)
    y = F.where(values == -math.inf, -largest if neginf is None else neginf, y)
    return F.where(values != values, nan, y)


def _real_only(name: str, x: Any) -> Any:
    if x.dtype.kind == "c":
        raise NoRuleError(f"numpy.{name} has a rule for real Variables only, got {x.dtype}")
    return x


@answers(np.conjugate)
def conjugate(x: Any) -> Any:
    return _real_only("conjugate", x)


@answers(np.real)
def real(val: Any) -> Any:
    return _real_only("real", val)


@answers(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Any:
    return _real_only("real_if_close", a)


@answers(np.imag)
def imag(val: Any) -> Variable:
    return _constant(np.zeros_like(_real_only("imag", val).array))


@answers(np.angle)
def angle(z: Any, deg: bool = False) -> Variable:
    """0 or pi: of a real Variable the angle is a step, without gradient."""
    x = _real_only("angle", z).array
    return _constant(np.arctan2(np.zeros_like(x), x) * (180 / math.pi if deg else 1.0))


# --------------------------------------------------------------------------- ufunc methods


@answers((np.add, "reduce"))
def add_reduce(array: Any, axis: Axis = 0, *, keepdims: bool = False, **options: Any) -> Variable:
    return RECORDED[np.sum](array, axis, keepdims=keepdims, **options)


@answers((np.multiply, "reduce"))
def multiply_reduce(
    array: Any, axis: Axis = 0, *, keepdims: bool = False, **options: Any
) -> Variable:
    return RECORDED[np.prod](array, axis, keepdims=keepdims, **options)


@answers((np.maximum, "reduce"))
def maximum_reduce(
    array: Any, axis: Axis = 0, *, keepdims: bool = False, **options: Any
) -> Variable:
    return RECORDED[np.max](array, axis, keepdims=keepdims, **options)


@answers((np.minimum, "reduce"))
def minimum_reduce(
    array: Any, axis: Axis = 0, *, keepdims: bool = False, **options: Any
) -> Variable:
    return RECORDED[np.min](array, axis, keepdims=keepdims, **options)


@answers((np.logaddexp, "reduce"))
def logaddexp_reduce(array: Any, axis: Axis = 0, *, keepdims: bool = False) -> Variable:
    total = F.logsumexp(array, axis)
    if not keepdims:
        return total
    return F.reshape(total, F.sum(array, axis, keepdims=True).shape)


@answers((np.add, "accumulate"))
def add_accumulate(array: Any, axis: int = 0) -> Variable:
    return F.cumsum(array, axis)


@answers((np.multiply, "accumulate"))
def multiply_accumulate(array: Any, axis: int = 0) -> Variable:
    return F.cumprod(array, axis)


def _outer(rule: Rule) -> Rule:
    def outer(A: Any, B: Any) -> Any:
        left, right = operand(A), operand(B)
        return rule(left.reshape(left.shape + (1,) * right.ndim), right)

    return outer


for _ufunc, _rule in BINARY.items():
    RECORDED[_ufunc, "outer"] = _outer(_rule)


@answers("matvec")
def matvec(x1: Any, x2: Any) -> Variable:
    vector = operand(x2)
    return F.matmul(x1, vector.reshape((*vector.shape, 1)))[..., 0]


@answers("vecmat")
def vecmat(x1: Any, x2: Any) -> Variable:
    vector = operand(x1)
    return F.matmul(vector.reshape((*vector.shape[:-1], 1, vector.shape[-1])), x2)[..., 0, :]
