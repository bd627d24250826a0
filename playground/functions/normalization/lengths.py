"""Normalisation by lengths: of vectors, and of an element's neighbours in other channels."""

from __future__ import annotations

import numpy as np

from playground.functions.basic_math import add, divide, multiply
from playground.functions.elementwise import sqrt, square, where
from playground.functions.reduction import sum
from playground.graph.errors import InvalidType
from playground.graph.op import Unary
from playground.graph.types import Array, Axis, Operand, Raw
from playground.graph.variable import Variable, as_variable

__all__ = ["local_response_normalization", "normalize"]


class NeighbourSum(Unary):
    """y[:, i] = the sum of x[:, j] over the channels j with |i - j| <= reach."""

    __slots__ = ("reach",)

    def __init__(self, reach: int) -> None:
        self.reach = reach

    def forward(self, x: Raw) -> Raw:
        y = x.copy()
        if type(y) is np.ndarray:
            # In place: a new array for each neighbour takes most of the time.
            for i in range(1, self.reach + 1):
                above, below = y[:, i:], y[:, :-i]
                above += x[:, :-i]
                below += x[:, i:]
            return y
        for i in range(1, self.reach + 1):
            y[:, i:] = y[:, i:] + x[:, :-i]
            y[:, :-i] = y[:, :-i] + x[:, i:]
        return y

    def backward(self, gy: Array, x: Array) -> Array:
        # Who is whose neighbour is mutual.
        return NeighbourSum(self.reach)(gy)


class PowerAboveZero(Unary):
    """y = x ** c where x is above 0: y / x is there for the derivative, and no second power."""

    __slots__ = ("exponent",)
    keep = (0, 1)
    elementwise = True

    def __init__(self, exponent: float) -> None:
        self.exponent = exponent

    def forward(self, x: Raw) -> Raw:
        return x**self.exponent

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        return gy * (y / x) * self.exponent


def local_response_normalization(
    x: Operand, n: int = 5, k: float = 2, alpha: float = 1e-4, beta: float = 0.75
) -> Variable:
    """x / (k + alpha s)^beta, with s the sum of x^2 over n neighbouring channels; x (m, c, …)."""
    x = as_variable(x)
    if x.ndim < 2 or x.dtype.kind != "f":
        raise InvalidType(
            "local_response_normalization",
            "x (m, channels, …) of floating point",
            f"{x.dtype} of shape {x.shape}",
        )
    scale = add(multiply(NeighbourSum(n // 2).of(square(x)), float(alpha)), float(k))
    # Where k is above 0 all of them are, and a power is most of the work.
    factor = PowerAboveZero(-float(beta)).of(scale) if k > 0 <= alpha else scale ** -float(beta)
    return multiply(x, factor)


def normalize(x: Operand, eps: float = 1e-5, axis: Axis = 1) -> Variable:
    """x / (|x| + eps), with the Euclidean norm along an axis or several; 0 for a vector of 0."""
    x = as_variable(x)
    axis = tuple(axis) if isinstance(axis, (tuple, list)) else axis
    squares = sum(square(x), axis, keepdims=True)
    zero = squares.array == 0
    # The root has no slope at 0, where its factor is 0, too.
    norm = where(zero, 0.0, sqrt(where(zero, 1.0, squares)))
    return divide(x, add(norm, eps))
