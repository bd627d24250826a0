"""Normalisation of batches by more than their own statistics, and by their whole covariance."""

from __future__ import annotations

import math
import warnings

import numpy as np

from playground.functions.array import expand_dims, reshape, transpose
from playground.functions.basic_math import add, multiply, subtract
from playground.functions.connection.dense import of_one_precision
from playground.functions.linalg import eigh, matmul
from playground.functions.normalization.statistics import (
    Standardize,
    beside_axes,
    element_count,
    fixed_batch_normalization,
    statistic_axes,
)
from playground.functions.operands import together
from playground.functions.reduction import mean
from playground.graph.errors import InvalidType
from playground.graph.op import Unary
from playground.graph.types import Array, Operand, Raw
from playground.graph.variable import Variable, as_variable

__all__ = [
    "batch_renormalization",
    "decorrelated_batch_normalization",
    "fixed_batch_renormalization",
    "fixed_decorrelated_batch_normalization",
]


def batch_renormalization(
    x: Operand,
    gamma: Operand,
    beta: Operand,
    rmax: float,
    dmax: float,
    eps: float = 2e-5,
    running_mean: Raw = None,
    running_var: Raw = None,
    decay: float = 0.9,
    update_statistics: bool = False,
) -> Variable:
    """gamma (r (x - m) / s + d) + beta: batch normalization towards running averages (Ioffe, 2017).

    With the deviation s = sqrt(v + eps) of the batch and that of the running averages: r is the
    quotient of the two, within 1 / ``rmax`` and ``rmax``, and d the distance of the means in units
    of the latter, within ``dmax``. Both are constants in the backward pass.

    With ``update_statistics`` the arrays ``running_mean`` and ``running_var`` are moved towards m
    and v, by ``1 - decay``, in place.
    """
    for name, given in (("running_mean", running_mean), ("running_var", running_var)):
        if given is None:
            raise TypeError(f"batch_renormalization: {name} is required")
    x, gamma, beta = of_one_precision("batch_renormalization", x, gamma, beta)
    axes = statistic_axes("batch_renormalization", x, gamma, None)
    if beta.shape != gamma.shape:
        raise InvalidType("batch_renormalization", f"beta of shape {gamma.shape}", f"{beta.shape}")
    op = Standardize(axes, eps)
    y = op.of(x)
    center, var = (v.reshape(gamma.shape) for v in (op.mean, op.var))
    # Before they are moved: the correction is towards what other batches have left.
    sigma = np.sqrt(running_var + eps)
    r = np.minimum(np.maximum(np.sqrt(var + eps) / sigma, 1.0 / rmax), rmax)
    d = np.minimum(np.maximum((center - running_mean) / sigma, -dmax), dmax)
    if update_statistics:
        count = element_count(x.shape, axes)
        unbiased = var * (count / max(count - 1.0, 1.0))
        for running, new in ((running_mean, center), (running_var, unbiased)):
            running *= decay
            running += ((1 - decay) * new).astype(running.dtype)
    # Folded into the weights, which are small: x is as large as the batch.
    factor, term = multiply(gamma, r.astype(x.dtype)), multiply(gamma, d.astype(x.dtype))
    scaled = multiply(y, beside_axes(factor, x, axes))
    return add(scaled, beside_axes(add(beta, term), x, axes))


def fixed_batch_renormalization(
    x: Operand, gamma: Operand, beta: Operand, mean: Operand, var: Operand, eps: float = 2e-5
) -> Variable:
    """The same as fixed_batch_normalization (deprecated, as in Chainer)."""
    # Chainer's kind of warning, which scripts filter by.
    warnings.warn(
        "fixed_batch_renormalization is deprecated: use fixed_batch_normalization",
        DeprecationWarning,
        stacklevel=2,
    )
    return fixed_batch_normalization(x, gamma, beta, mean, var, eps)


class Gram(Unary):
    """y = x x^T of each matrix; its gradient is one product, where that of two operands is two."""

    __slots__ = ()
    keep = (0,)

    def forward(self, x: Raw) -> Raw:
        return np.matmul(x, x.swapaxes(-1, -2))

    def backward(self, gy: Array, x: Array) -> Array:
        return np.matmul(gy + gy.swapaxes(-1, -2), x)


def _in_groups(operation: str, x: Variable, groups: int) -> Variable:
    """x (n, c, …) as (groups, c / groups, n …): the vectors of each group are its columns."""
    if x.ndim < 2 or x.dtype.kind != "f" or x.shape[1] % groups:
        raise InvalidType(
            operation,
            f"x (n, c, …) of floating point, with channels that {groups} groups share evenly",
            f"{x.dtype} of shape {x.shape}",
        )
    turned = transpose(x, (1, 0, *range(2, x.ndim)))
    return reshape(turned, (groups, x.shape[1] // groups, math.prod(turned.shape[1:])))


def _ungrouped(y: Variable, x: Variable) -> Variable:
    """The way back, to the shape of x."""
    n, c, *rest = x.shape
    return transpose(reshape(y, (c, n, *rest)), (1, 0, *range(2, x.ndim)))


def decorrelated_batch_normalization(
    x: Operand,
    *,
    groups: int = 16,
    eps: float = 2e-5,
    running_mean: Raw = None,
    running_projection: Raw = None,
    decay: float = 0.9,
) -> Variable:
    """C^(-1/2) (x - m), with the mean m and the covariance C of this batch (Huang et al., 2018).

    The channels of x (n, c, …) fall into ``groups`` groups, each with its own covariance, to whose
    diagonal ``eps`` is added. The arrays ``running_mean`` (groups, k) and ``running_projection``
    (groups, k, k), with k = c / groups, are moved towards m and C^(-1/2), by ``1 - decay``, in
    place.
    """
    x = as_variable(x)
    # All images and places of a channel together: so many samples has the covariance.
    columns = _in_groups("decorrelated_batch_normalization", x, groups)
    size, count = columns.shape[1:]
    center = mean(columns, 2, keepdims=True)
    apart = subtract(columns, center)
    product = multiply(Gram().of(apart), 1.0 / max(count, 1))
    places = np.arange(size, like=x.array)
    eye = (places == np.expand_dims(places, 1)).astype(x.dtype)
    # Recorded as they stand, values and vectors give the derivative of the root of the matrix.
    w, v = eigh(add(product, eye * eps))
    projection = matmul(multiply(v, expand_dims(w**-0.5, 1)), v, transb=True)
    if running_mean is not None:
        running_mean *= decay
        running_mean += (1 - decay) * center.array[:, :, 0]
    if running_projection is not None:
        running_projection *= decay
        # As the running variance of batch normalization: of samples, not of a whole population.
        adjust = count / max(count - 1.0, 1.0)
        running_projection += (1 - decay) * adjust * projection.array
    return _ungrouped(matmul(projection, apart), x)


def fixed_decorrelated_batch_normalization(
    x: Operand, mean: Operand, projection: Operand, groups: int = 16
) -> Variable:
    """projection (x - mean) of each group of channels; see decorrelated_batch_normalization."""
    name = "fixed_decorrelated_batch_normalization"
    x, mean, projection = together(name, x, mean, projection)
    columns = _in_groups(name, x, groups)
    size = columns.shape[1]
    if mean.shape != (groups, size) or projection.shape != (groups, size, size):
        raise InvalidType(
            name,
            f"mean {(groups, size)} and projection {(groups, size, size)}",
            f"shapes {mean.shape} and {projection.shape}",
        )
    return _ungrouped(matmul(projection, subtract(columns, expand_dims(mean, 2))), x)
