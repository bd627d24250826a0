"""Reductions: many elements to one."""

from __future__ import annotations

import math

import numpy as np

from playground.functions.basic_math import divide, multiply
from playground.functions.elementwise.exponential import log_share, whole
from playground.functions.elementwise.powers import square
from playground.graph import backend
from playground.graph.errors import InvalidAxis, InvalidType
from playground.graph.op import Selecting, Unary, as_raw, variable_of
from playground.graph.types import Array, Axis, Cotangents, Operand, Raw
from playground.graph.variable import Variable, as_variable

__all__ = [
    "argmax",
    "argmin",
    "average",
    "batch_l2_norm_squared",
    "logsumexp",
    "max",
    "mean",
    "min",
    "sum",
]


def normal_axes(axis: Axis, ndim: int, operation: str) -> tuple[int, ...]:
    """``axis`` as a tuple of axes counted from 0; raises for one that is out of range or double."""
    axes = tuple(range(ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if not all(-ndim <= a < ndim for a in axes):
        raise InvalidAxis(operation, f"axes from {-ndim} to {ndim - 1}", f"axis {axis}")
    normal = tuple(sorted(a % ndim for a in axes))
    if len(set(normal)) != len(normal):
        raise InvalidAxis(operation, "different axes", f"axis {axis}")
    return normal


def kept_shape(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """``shape`` with the reduced axes kept as 1."""
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


class Reduction(Unary):
    """Base: an axis argument, and the shape that its result has with the axes kept."""

    __slots__ = ("axis", "keepdims", "shape")
    shape: tuple[int, ...]

    def __init__(self, axis: Axis = None, keepdims: bool = False) -> None:
        self.axis, self.keepdims = axis, keepdims

    def restore(self, g: Array) -> Array:
        """A cotangent of the result, with the reduced axes put back as 1."""
        # A sum of everything is the frequent case, and its 0-d cotangent is broadcast as it is.
        # NumPy takes axis 0 or -1 of a 0-d array for none.
        if self.keepdims or (not g.shape and (self.axis is None or not self.shape)):
            return g
        axes = normal_axes(self.axis, len(self.shape), "sum")
        return g.reshape(kept_shape(self.shape, axes))


class Sum(Reduction):
    """y = sum of x over the axes."""

    __slots__ = ()

    def forward(self, x: Raw) -> Raw:
        self.shape = x.shape
        if self.axis is None and not self.keepdims:
            return x.sum()
        return x.sum(axis=self.axis, keepdims=self.keepdims)

    def backward(self, gy: Array, x: Array) -> Array:
        # The gradient of nearly every loss begins here: small ones are written out, not viewed.
        if type(gy) is not Variable and gy.ndim == 0:
            return backend.repeated(gy, self.shape)
        return np.broadcast_to(self.restore(gy), self.shape)


def sum(x: Operand, axis: Axis = None, keepdims: bool = False) -> Variable:
    """Sum of elements over an axis, several, or all."""
    return Sum(axis, keepdims).of(x)


def average(
    x: Operand, axis: Axis = None, weights: Operand = None, keepdims: bool = False
) -> Variable:
    """Arithmetic mean over an axis, several, or all, weighted if ``weights`` are given.

    ``weights`` has x's shape, or is 1-D along a single axis.
    """
    if weights is None:
        x = as_variable(x)
        count = math.prod(x.shape[a] for a in normal_axes(axis, x.ndim, "mean"))
        # By the reciprocal, as Chainer, to the last bit; nothing has no mean.
        return multiply(sum(x, axis, keepdims), 1.0 / count if count else math.nan)
    x, weights = (list(v) if isinstance(v, tuple) else v for v in (x, weights))
    x, weights = (v if isinstance(v, Variable) else as_raw(v) for v in (x, weights))
    if weights.shape == x.shape:
        total = weights.sum(axis=axis, keepdims=keepdims)
    elif isinstance(axis, (int, np.integer)) and weights.shape == (x.shape[axis],):
        total = weights.sum()
        weights = weights.reshape([-1 if i == axis % x.ndim else 1 for i in range(x.ndim)])
    else:
        raise InvalidType(
            "average",
            f"weights of shape {x.shape}, or one weight per entry of a single axis",
            f"weights of shape {weights.shape} with axis {axis}",
        )
    return divide(sum(multiply(x, weights), axis, keepdims), total)


mean = average


class Extremum(Selecting, Reduction):
    """y = the largest or smallest element.

    Tied elements all get the gradient (Chainer), or with ``shared`` an equal share of it.
    """

    __slots__ = ("shared",)
    keep = (0, 1)

    def __init__(self, axis: Axis = None, keepdims: bool = False, shared: bool = False) -> None:
        super().__init__(axis, keepdims)
        self.shared = shared

    def backward(self, gy: Array, x: Array, y: Array) -> Cotangents:
        # All that are tied, as in Chainer: argmax would find one of them.
        chosen = x == self.restore(y)
        g = self.restore(gy)
        if self.shared and not backend.is_symbolic(as_raw(x)):
            # Weights that sum to 1 are those of a subgradient, and of the derivative along ones.
            count = chosen.sum(axis=self.axis, keepdims=True).astype(x.dtype)
            # Of formulas, in which all are different, the share would be a case for each set of
            # ties. NaN is equal to nothing, so that nothing may have been counted.
            g = g / np.maximum(count, 1).reshape(g.shape)
        spread = np.broadcast_to(g, self.shape)
        # NaN wins whatever it is compared with: it must not pass for what was not selected.
        return np.where(chosen, spread, np.where(x == x, np.zeros_like(x), spread))


class Max(Extremum):
    """y = max of x over the axes."""

    __slots__ = ()

    def forward(self, x: Raw) -> Raw:
        self.shape = x.shape
        return x.max(axis=self.axis, keepdims=self.keepdims)


class Min(Extremum):
    """y = min of x over the axes."""

    __slots__ = ()

    def forward(self, x: Raw) -> Raw:
        self.shape = x.shape
        return x.min(axis=self.axis, keepdims=self.keepdims)


def max(x: Operand, axis: Axis = None, keepdims: bool = False) -> Variable:
    """Maximum over an axis, several, or all; tied elements all get the gradient (Chainer).

    ``numpy.max`` and ``x.max()`` share it out among them, as a subgradient does.
    """
    return Max(axis, keepdims).of(x)


def min(x: Operand, axis: Axis = None, keepdims: bool = False) -> Variable:
    """Minimum over an axis, several, or all; tied elements all get the gradient (Chainer).

    ``numpy.min`` and ``x.min()`` share it out among them, as a subgradient does.
    """
    return Min(axis, keepdims).of(x)


def argmax(x: Operand, axis: int | None = None) -> Variable:
    """Index (int32) of the first maximum along an axis, or of the flattened x; no gradient."""
    return _indexes(np.argmax(as_variable(x).array, axis))


def argmin(x: Operand, axis: int | None = None) -> Variable:
    """Index (int32) of the first minimum along an axis, or of the flattened x; no gradient."""
    return _indexes(np.argmin(as_variable(x).array, axis))


def _indexes(found: Raw) -> Variable:
    # Chainer's dtype, where NumPy's own depends on the platform.
    return variable_of(found.astype("int32"))


class LogSumExp(Reduction):
    """y = log of the sum of exp(x) over the axes; terms exp(-inf) get no gradient."""

    __slots__ = ()
    keep = (0, 1)

    def forward(self, x: Raw) -> Raw:
        self.shape = x.shape
        largest = x.max(axis=self.axis, keepdims=True)
        # Infinities must not meet in a difference.
        largest = np.where(abs(largest) < math.inf, largest, np.zeros_like(largest))
        total = np.exp(x - largest).sum(axis=self.axis, keepdims=self.keepdims)
        return np.log(total) + largest.reshape(total.shape)

    def backward(self, gy: Array, x: Array, y: Array) -> Cotangents:
        shares = np.exp(log_share(x, self.restore(y)))
        return self.restore(gy) / whole(shares.sum(axis=self.axis, keepdims=True)) * shares


def logsumexp(x: Operand, axis: Axis = None) -> Variable:
    """Logarithm of the sum of exponentials over an axis, several, or all, without overflow."""
    return LogSumExp(axis).of(x)


def batch_l2_norm_squared(x: Operand) -> Variable:
    """Sum of squares of each entry of axis 0; (n, …) to (n,)."""
    x = as_variable(x)
    if x.ndim < 2:
        raise InvalidType("batch_l2_norm_squared", "two dimensions or more", f"shape {x.shape}")
    return sum(square(x), tuple(range(1, x.ndim)))


def largest(x: Operand, axis: Axis = None, keepdims: bool = False) -> Variable:
    """Maximum over axes as NumPy code has it: tied elements share the gradient."""
    return Max(axis, keepdims, shared=True).of(x)


def smallest(x: Operand, axis: Axis = None, keepdims: bool = False) -> Variable:
    """Minimum over axes as NumPy code has it: tied elements share the gradient."""
    return Min(axis, keepdims, shared=True).of(x)


for _name, _function in {"sum": sum, "mean": mean}.items():
    setattr(Variable, _name, _function)
