"""Activation functions."""

from __future__ import annotations

import numpy as np

from playground.functions.array import concat, reshape
from playground.functions.basic_math import add, multiply
from playground.functions.elementwise import expm1, minimum, where
from playground.functions.operands import together
from playground.functions.reduction import max, normal_axes
from playground.graph.errors import InvalidType
from playground.graph.op import Selecting, Unary
from playground.graph.types import Array, Cotangents, Operand, Raw, Scalar
from playground.graph.variable import Variable, as_variable

__all__ = [
    "clipped_relu",
    "crelu",
    "elu",
    "hard_sigmoid",
    "leaky_relu",
    "log_softmax",
    "maxout",
    "prelu",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "softmax",
    "softplus",
    "swish",
]


class Sigmoid(Unary):
    """y = 1 / (1 + exp(-x)), precise and without overflow on both sides."""

    __slots__ = ()
    keep = (1,)

    def forward(self, x: Raw) -> Raw:
        # exp of what is never positive cannot overflow, and 1 + it never cancels.
        small = np.exp(-abs(x))
        return np.where(x >= 0, np.ones_like(small), small) / (1 + small)

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        return gy * y * (1 - y)


def sigmoid(x: Operand) -> Variable:
    """Logistic function 1 / (1 + exp(-x))."""
    return Sigmoid().of(x)


class ReLU(Selecting, Unary):
    """y = max(x, 0); the derivative at 0 is 0."""

    __slots__ = ()
    keep = (1,)

    def forward(self, x: Raw) -> Raw:
        return np.maximum(x, 0)

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        # y > 0 says what x > 0 says, and the layer that follows keeps y in any case.
        # NaN is neither, and must not pass for what was not selected. Asking y <= 0 alone would do
        # for numbers, but leave a formula nobody can read: max(x, 0) <= 0.
        zeros = np.zeros_like(gy)
        return np.where(y > 0, gy, np.where(y == y, zeros, gy))


def relu(x: Operand) -> Variable:
    """Rectified linear unit max(x, 0)."""
    return ReLU().of(x)


class Softplus(Unary):
    """y = log(1 + exp(b x)) / b, precise and without overflow on both sides."""

    __slots__ = ("beta",)
    keep = (0,)

    def __init__(self, beta: float) -> None:
        self.beta = float(beta)

    def forward(self, x: Raw) -> Raw:
        t = x * self.beta
        # log(1 + exp(t)) = max(t, 0) + log(1 + exp(-|t|)), whose exponential is at most 1.
        return (np.maximum(t, 0) + np.log1p(np.exp(-abs(t)))) / self.beta

    def backward(self, gy: Array, x: Array) -> Array:
        return gy * Sigmoid()(x * self.beta)


def softplus(x: Operand, beta: float = 1.0) -> Variable:
    """Smooth rectifier log(1 + exp(beta x)) / beta."""
    return Softplus(beta).of(x)


class Normalizing(Unary):
    """Base of functions that share out one axis."""

    __slots__ = ("axis",)
    keep = (1,)

    def __init__(self, axis: int) -> None:
        self.axis = axis


class Softmax(Normalizing):
    """y = exp(x) / the sum of exp(x) along the axis."""

    __slots__ = ()

    def forward(self, x: Raw) -> Raw:
        # The shift cancels in the quotient, and the largest exponential is 1.
        y = np.exp(x - x.max(axis=self.axis, keepdims=True))
        return y / y.sum(axis=self.axis, keepdims=True)

    def backward(self, gy: Array, x: Array, y: Array) -> Cotangents:
        g = gy * y
        return g - y * g.sum(axis=self.axis, keepdims=True)


def softmax(x: Operand, axis: int = 1) -> Variable:
    """Exponentials divided by their sum along an axis."""
    return Softmax(axis).of(x)


class LogSoftmax(Normalizing):
    """y = x - log of the sum of exp(x) along the axis."""

    __slots__ = ()

    def forward(self, x: Raw) -> Raw:
        y = x - x.max(axis=self.axis, keepdims=True)
        return y - np.log(np.exp(y).sum(axis=self.axis, keepdims=True))

    def backward(self, gy: Array, x: Array, y: Array) -> Cotangents:
        # The softmax from y, which is kept; from x it would have to be shifted once more.
        return gy - np.exp(y) * gy.sum(axis=self.axis, keepdims=True)


def log_softmax(x: Operand, axis: int = 1) -> Variable:
    """Logarithm of the softmax along an axis, precise where that underflows."""
    return LogSoftmax(axis).of(x)


# ---------------------------------------------------------------- compositions of others


def leaky_relu(x: Operand, slope: float = 0.2) -> Variable:
    """x where it is positive, else slope x; the derivative at 0 is the slope."""
    x = as_variable(x)
    return where(x.array > 0, x, multiply(x, slope))


def elu(x: Operand, alpha: float = 1.0) -> Variable:
    """Exponential linear unit: x where it is not negative, else alpha (exp(x) - 1)."""
    x = as_variable(x)
    # The branch that is not taken must not overflow.
    return where(x.array >= 0, x, multiply(expm1(minimum(x, 0)), alpha))


def selu(
    x: Operand, alpha: float = 1.6732632423543772, scale: float = 1.0507009873554805
) -> Variable:
    """Scaled exponential linear unit: scale elu(x, alpha)."""
    return multiply(elu(x, alpha), scale)


def crelu(x: Operand, axis: int = 1) -> Variable:
    """relu(x) and relu(-x), joined along an axis."""
    x = as_variable(x)
    return concat((relu(x), relu(-x)), axis)


def clipped_relu(x: Operand, z: float = 20.0) -> Variable:
    """x limited to [0, z]; the derivative on the limits is 0."""
    x = as_variable(x)
    # Asked this way round, NaN passes.
    return where(x.array >= z, z, where(x.array <= 0, 0, x))


def relu6(x: Operand) -> Variable:
    """x limited to [0, 6]; the derivative on the limits is 0."""
    return clipped_relu(x, 6.0)


def hard_sigmoid(x: Operand) -> Variable:
    """0.2 x + 0.5 limited to [0, 1]; the derivative on the limits is 0."""
    x = as_variable(x)
    # Outside the ramp there is nothing to record: 0 and 1 as constants.
    steps = np.where(x.array > 0, np.ones_like(x.array), np.zeros_like(x.array))
    return where(abs(x.array) >= 2.5, steps, add(multiply(x, 0.2), 0.5))


def prelu(x: Operand, W: Operand) -> Variable:
    """x where it is not negative, else W x; W has the shape of x's axes from 1 on."""
    x, W = together("prelu", x, W)
    return where(x.array >= 0, x, multiply(x, _along_channels("prelu", W, x)))


def swish(x: Operand, beta: Scalar) -> Variable:
    """x sigmoid(beta x); beta has the shape of x's axes from 1 on."""
    x, beta = together("swish", x, beta)
    return multiply(x, sigmoid(multiply(x, _along_channels("swish", beta, x))))


def _along_channels(operation: str, weights: Variable, x: Variable) -> Variable:
    """Weights of x's axes 1, 2, …, shaped to be broadcast to x."""
    if x.ndim <= weights.ndim or x.shape[1 : 1 + weights.ndim] != weights.shape:
        raise InvalidType(
            operation,
            "weights of the shape of x's axes from 1 on",
            f"weights of shape {weights.shape} with x of shape {x.shape}",
        )
    return weights.reshape((1, *weights.shape, *(1,) * (x.ndim - weights.ndim - 1)))


def maxout(x: Operand, pool_size: int, axis: int = 1) -> Variable:
    """Maximum over groups of ``pool_size`` neighbours along an axis, whose length it divides."""
    x = as_variable(x)
    (position,) = normal_axes(axis, x.ndim, "maxout")
    groups, rest = divmod(x.shape[position], pool_size)
    if rest:
        raise InvalidType(
            "maxout",
            f"a multiple of {pool_size} elements along axis {axis}",
            f"{x.shape[position]} elements",
        )
    shape = (*x.shape[:position], groups, pool_size, *x.shape[position + 1 :])
    return max(reshape(x, shape), position + 1)
