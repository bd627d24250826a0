"""Normalisation by mean and variance: over a batch, a layer, a group of channels."""

from __future__ import annotations

import itertools
import math
import warnings
from typing import Any

import numpy as np

from playground.functions.array import reshape
from playground.functions.basic_math import add, divide, multiply, subtract
from playground.functions.connection.dense import of_one_precision
from playground.functions.elementwise import sqrt
from playground.functions.reduction import normal_axes
from playground.graph.errors import InvalidType
from playground.graph.op import Unary
from playground.graph.types import Array, Axis, Operand, Raw, Shape
from playground.graph.variable import Variable

__all__ = [
    "batch_normalization",
    "fixed_batch_normalization",
    "group_normalization",
    "layer_normalization",
]


class Standardize(Unary):
    """y = (x - m) / sqrt(v + eps), with the mean m and the variance v of x over the axes."""

    __slots__ = ("axes", "eps", "mean", "scale", "var")
    keep = (0, 1)

    def __init__(self, axes: tuple[int, ...], eps: float) -> None:
        self.axes, self.eps = axes, eps

    def forward(self, x: Raw) -> Raw:
        # Half precision would overflow in the sum of a batch.
        wide = x.astype("f") if x.dtype.char == "e" else x
        self.mean = _mean(wide, self.axes)
        distance = wide - self.mean
        self.var = _mean(distance * distance, self.axes)
        scale = 1 / np.sqrt(self.var + self.eps)
        self.scale = scale.astype(x.dtype)
        return (distance * scale).astype(x.dtype)

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        axes, scale, half = self.axes, self.scale, x.dtype.char == "e"
        if half:
            # What is left of a small batch after two subtractions is less than half precision has.
            gy, x = gy.astype("f"), x.astype("f")
        if half or isinstance(gy, Variable):
            # Recorded, the scale has to depend on x; raw, it is what forward has computed.
            distance = x - _mean(x, axes)
            scale = 1 / np.sqrt(_mean(distance * distance, axes) + self.eps)
            y = distance * scale if half else y
        gx = (gy - _mean(gy, axes) - y * _mean(gy * y, axes)) * scale
        return gx.astype("e") if half else gx


def _mean(x: Array, axes: tuple[int, ...]) -> Array:
    return x.sum(axis=axes, keepdims=True) * (1.0 / element_count(x.shape, axes))


def element_count(shape: Shape, axes: tuple[int, ...]) -> int:
    return max(math.prod(shape[a] for a in axes), 1)


def statistic_axes(operation: str, x: Variable, gamma: Variable, axis: Axis) -> tuple[int, ...]:
    """The axes that mean and variance are taken over; gamma has the shape of the others."""
    if axis is None:
        axes = (0, *range(gamma.ndim + 1, x.ndim))
    elif isinstance(axis, (int, tuple, list)):
        axes = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
        if any(a >= b for a, b in itertools.pairwise(axes)):
            raise RuntimeError(f"{operation}: expected axes in ascending order, got {axis}")
        axes = normal_axes(axes, x.ndim, operation)
    else:
        raise RuntimeError(f"{operation}: expected axis to be an int, a tuple or None, got {axis}")
    shape = tuple(n for i, n in enumerate(x.shape) if i not in axes)
    if gamma.shape != shape:
        raise InvalidType(
            operation,
            f"weights of shape {shape}: x has {x.shape}, of which axes {axes} are averaged over",
            f"shape {gamma.shape}",
        )
    return axes


def beside_axes(v: Any, x: Variable, axes: tuple[int, ...]) -> Any:
    """Weights of x's other axes, shaped to be broadcast to x."""
    return v.reshape(tuple(1 if i in axes else n for i, n in enumerate(x.shape)))


def batch_normalization(
    x: Operand,
    gamma: Operand,
    beta: Operand,
    *,
    eps: float = 2e-5,
    running_mean: Raw = None,
    running_var: Raw = None,
    decay: float = 0.9,
    axis: Axis = None,
) -> Variable:
    """gamma (x - m) / sqrt(v + eps) + beta, with mean m and variance v of this batch.

    x (n, c, …) or (n, …); gamma and beta have the shape of x's axes that are not averaged over:
    ``axis`` names those that are, by default the first and those behind gamma's. The arrays
    ``running_mean`` and ``running_var`` are moved towards m and v, by ``1 - decay``, in place.
    """
    x, gamma, beta = of_one_precision("batch_normalization", x, gamma, beta)
    axes = statistic_axes("batch_normalization", x, gamma, axis)
    if beta.shape != gamma.shape:
        raise InvalidType("batch_normalization", f"beta of shape {gamma.shape}", f"{beta.shape}")
    count = element_count(x.shape, axes)
    if count == 1:
        warnings.warn(
            "batch_normalization: mean and variance of a single element: the result is beta "
            "(config.train is on; is this an evaluation?)",
            UserWarning,
            stacklevel=2,
        )
    op = Standardize(axes, eps)
    y = op.of(x)
    for running, new in (
        (running_mean, op.mean),
        (running_var, op.var * (count / max(count - 1.0, 1.0))),
    ):
        if running is not None:
            running *= decay
            running += ((1 - decay) * new.reshape(running.shape)).astype(running.dtype)
    return add(multiply(y, beside_axes(gamma, x, axes)), beside_axes(beta, x, axes))


def fixed_batch_normalization(
    x: Operand,
    gamma: Operand,
    beta: Operand,
    mean: Operand,
    var: Operand,
    eps: float = 2e-5,
    axis: Axis = None,
) -> Variable:
    """gamma (x - mean) / sqrt(var + eps) + beta, with mean and variance that are given."""
    x, *weights = of_one_precision("fixed_batch_normalization", x, gamma, beta, mean, var)
    axes = statistic_axes("fixed_batch_normalization", x, weights[0], axis)
    if any(v.shape != weights[0].shape for v in weights):
        shapes = ", ".join(str(v.shape) for v in weights)
        raise InvalidType("fixed_batch_normalization", "gamma, beta … of one shape", shapes)
    gamma, beta, mean, var = (beside_axes(v, x, axes) for v in weights)
    return add(multiply(subtract(x, mean), divide(gamma, sqrt(add(var, eps)))), beta)


def layer_normalization(x: Operand, gamma: Operand, beta: Operand, eps: float = 1e-5) -> Variable:
    """gamma (x - m) / sqrt(v + eps) + beta, with mean and variance of each row of x (n, units)."""
    x, gamma, beta = of_one_precision("layer_normalization", x, gamma, beta)
    if x.ndim != 2 or gamma.shape != x.shape[1:] or beta.shape != gamma.shape:
        raise InvalidType(
            "layer_normalization",
            "x (n, units), gamma (units,) and beta (units,)",
            f"shapes {x.shape}, {gamma.shape} and {beta.shape}",
        )
    return add(multiply(Standardize((1,), eps).of(x), gamma), beta)


def group_normalization(
    x: Operand, groups: int, gamma: Operand, beta: Operand, eps: float = 1e-5
) -> Variable:
    """The same with mean and variance of each group of channels: x (n, c, …), gamma (c,).

    The c channels of each entry fall into ``groups`` groups.
    """
    x, gamma, beta = of_one_precision("group_normalization", x, gamma, beta)
    if x.ndim <= 2:
        raise ValueError(f"group_normalization: expected x (n, c, …), got shape {x.shape}")
    if not isinstance(groups, int):
        raise TypeError(f"group_normalization: groups must be an integer, got {groups!r}")
    if x.shape[1] % groups:
        raise ValueError(f"group_normalization: {groups} groups do not share {x.shape[1]} channels")
    if gamma.shape != x.shape[1:2] or beta.shape != gamma.shape:
        raise InvalidType(
            "group_normalization",
            f"gamma and beta of shape {x.shape[1:2]}",
            f"shapes {gamma.shape} and {beta.shape}",
        )
    parts = reshape(x, (x.shape[0], groups, math.prod(x.shape[1:]) // groups))
    y = reshape(Standardize((2,), eps).of(parts), x.shape)
    others = (0, *range(2, x.ndim))
    return add(multiply(y, beside_axes(gamma, x, others)), beside_axes(beta, x, others))
