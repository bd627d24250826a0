"""NumPy's ufuncs of one and two arrays, their methods, and elementwise functions like them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.array.joining import operand
from playground.functions.operands import together
from playground.functions.registry import RECORDED, Answer, NumpyFunction, answers, constant, refuse
from playground.graph.errors import InvalidType, NoRuleError
from playground.graph.op import variable_of
from playground.graph.types import Axis, Operand, Scalar
from playground.graph.variable import Variable, as_array_of

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


@answers(np.degrees, np.rad2deg)
def degrees(x: Operand) -> Variable:
    return F.multiply(x, 180 / math.pi)


@answers(np.radians, np.deg2rad)
def radians(x: Operand) -> Variable:
    return F.multiply(x, math.pi / 180)


@answers(np.divmod)
def quotient_and_remainder(x1: Operand, x2: Operand) -> tuple[Variable, Variable]:
    return F.floor_divide(x1, x2), F.remainder(x1, x2)


@answers(np.modf)
def modf(x: Operand) -> tuple[Variable, Variable]:
    whole = F.trunc(x)
    # Not x - whole, which is no number for an infinite x.
    return F.where(abs(x.array) == math.inf, 0.0, F.subtract(x, whole)), whole


@answers(np.heaviside)
def heaviside(x1: Operand, x2: Operand) -> Variable:
    """Steps have no gradient; at 0 the value is x2, which may have one."""
    place, values = together("heaviside", x1, x2)
    x = place.array
    values = F.where(x == 0, values, variable_of((x > 0).astype(place.dtype)))
    # NaN stays what it is.
    return F.where(x == x, values, variable_of(x))


@answers(np.ldexp)
def ldexp(x1: Operand, x2: Operand) -> Variable:
    exponents = as_array_of(operand(x2))
    if exponents.dtype.kind not in "iu":
        raise TypeError(f"ldexp: expected integer exponents, got {exponents.dtype}")
    # 2.0, for NumPy refuses integers to negative integer powers.
    return F.multiply(x1, 2.0**exponents)


# -------------------------------------------------------------------- functions like ufuncs


@answers(np.round, np.around)
def round_to(a: Operand, decimals: int = 0) -> Variable:
    """Rounded values, without gradient."""
    x, step = a.array, 10.0 ** abs(decimals)
    if decimals == 0:
        return F.rint(a)
    rounded = np.rint(x * step) / step if decimals > 0 else np.rint(x / step) * step
    return variable_of(rounded)


@answers(np.nan_to_num)
def nan_to_num(
    x: Operand, copy: bool = True, nan: float = 0.0, posinf: Scalar = None, neginf: Scalar = None
) -> Variable:
    if not copy:
        raise NoRuleError("numpy.nan_to_num: copy=False would change a Variable in place")
    values = _real_only("nan_to_num", x).array
    largest = float(np.finfo(x.dtype).max)
    y = F.where(values == math.inf, largest if posinf is None else posinf, x)
    y = F.where(values == -math.inf, -largest if neginf is None else neginf, y)
    return F.where(values != values, nan, y)


def _real_only(name: str, x: Operand) -> Any:
    if x.dtype.kind == "c":
        raise NoRuleError(f"numpy.{name} has a rule for real Variables only, got {x.dtype}")
    return x


@answers(np.conjugate)
def conjugate(x: Variable) -> Variable:
    return F.identity(_real_only("conjugate", x))


@answers(np.real)
def real(val: Variable) -> Variable:
    return _real_only("real", val)


@answers(np.real_if_close)
def real_if_close(a: Variable, tol: float = 100) -> Variable:
    return _real_only("real_if_close", a)


@answers(np.imag)
def imag(val: Operand) -> Variable:
    return variable_of(np.zeros_like(_real_only("imag", val).array))


@answers(np.angle)
def angle(z: Operand, deg: bool = False) -> Variable:
    """0 or pi: of a real Variable the angle is a step, without gradient."""
    x = _real_only("angle", z).array
    return variable_of(np.arctan2(np.zeros_like(x), x) * (180 / math.pi if deg else 1.0))


# --------------------------------------------------------------------------- ufunc methods


def _reduce_by(function: NumpyFunction) -> Answer:
    """``ufunc.reduce``, which is along the first axis unless told, by the function of its own."""

    def reduce(
        array: Variable, axis: Axis = 0, *, keepdims: bool = False, **options: Any
    ) -> Variable:
        return RECORDED[function](array, axis, keepdims=keepdims, **options)

    return reduce


for _ufunc, _function in (
    (np.add, np.sum),
    (np.multiply, np.prod),
    (np.maximum, np.max),
    (np.minimum, np.min),
):
    RECORDED[_ufunc, "reduce"] = _reduce_by(_function)


@answers((np.logaddexp, "reduce"))
def logaddexp_reduce(array: Operand, axis: Axis = 0, *, keepdims: bool = False) -> Variable:
    # One node, where ufunc.reduce would take one for each pair.
    total = F.logsumexp(array, axis)
    if not keepdims:
        return total
    return F.reshape(total, F.sum(array, axis, keepdims=True).shape)


@answers((np.add, "accumulate"))
def add_accumulate(array: Operand, axis: int = 0) -> Variable:
    return F.cumsum(array, axis)


@answers((np.multiply, "accumulate"))
def multiply_accumulate(array: Operand, axis: int = 0) -> Variable:
    return F.cumprod(array, axis)


def outer_of(ufunc: np.ufunc) -> Answer | None:
    """``ufunc.outer`` of a ufunc of two arrays that is recorded, or None for any other."""
    answer = RECORDED.get(ufunc)
    if answer is None or ufunc.nin != 2 or ufunc.signature is not None:
        return None

    def outer(A: Operand, B: Operand) -> Variable:
        left, right = operand(A), operand(B)
        return answer(left.reshape(left.shape + (1,) * right.ndim), right)

    return outer


def _require(name: str, matrix: Operand, vector: Operand) -> None:
    # As products of matrices they would take less.
    found = operand(matrix).ndim, operand(vector).ndim
    if found[0] < 2 or found[1] < 1:
        raise InvalidType(
            name,
            "a matrix, of two dimensions or more, and a vector, of one or more",
            f"{found[0]} dimensions and {found[1]}",
        )


@answers("matvec")
def matvec(x1: Operand, x2: Operand) -> Variable:
    _require("matvec", x1, x2)
    vector = operand(x2)
    return F.matmul(x1, vector.reshape((*vector.shape, 1)))[..., 0]


@answers("vecmat")
def vecmat(x1: Operand, x2: Operand) -> Variable:
    _require("vecmat", x2, x1)
    vector = operand(x1)
    return F.matmul(vector.reshape((*vector.shape[:-1], 1, vector.shape[-1])), x2)[..., 0, :]
