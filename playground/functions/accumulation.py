"""Products over axes, and running sums and products; right where elements are zero, to any order.

No rule divides by an element: the derivative of a product by one factor is the product of those
before it and those after it.
"""

from __future__ import annotations

import math

import numpy as np

from playground.functions.array.joining import along
from playground.functions.reduction import Reduction, normal_axes
from playground.functions.registry import answers
from playground.graph.op import Unary
from playground.graph.types import Array, Axis, Operand, Raw
from playground.graph.variable import Variable

__all__ = ["cumprod", "cumsum", "prod"]

_FLIP = (..., slice(None, None, -1))


def _product_before(x: Array) -> Array:
    """The product of all elements ahead of each, along the last axis."""
    # Shifted ahead of the product: to divide each element out of it would fail at the first 0.
    ahead = np.concatenate([np.ones_like(x[..., :1]), x[..., :-1]], axis=-1)
    return np.cumprod(ahead, -1)


class Prod(Reduction):
    """y = product of x over the axes."""

    __slots__ = ()
    keep = (0,)

    def forward(self, x: Raw) -> Raw:
        self.shape = x.shape
        return np.prod(x, axis=self.axis, keepdims=self.keepdims)

    def backward(self, gy: Array, x: Array) -> Array:
        if not self.shape:  # with axis 0 or -1 too, which NumPy takes for none there
            return gy
        axes = normal_axes(self.axis, len(self.shape), "prod")
        # The reduced axes last and flat: one running product serves any number of them.
        order = [i for i in range(len(self.shape)) if i not in axes] + list(axes)
        moved = [self.shape[i] for i in order]
        lead = moved[: len(moved) - len(axes)]
        flat = x.transpose(order).reshape([*lead, math.prod(moved[len(lead) :])])
        others = _product_before(flat) * _product_before(flat[_FLIP])[_FLIP]
        back = sorted(range(len(order)), key=order.__getitem__)
        return others.reshape(moved).transpose(back) * self.restore(gy)


def prod(x: Operand, axis: Axis = None, keepdims: bool = False) -> Variable:
    """Product of elements over an axis, several, or all."""
    return Prod(axis, keepdims).of(x)


class Cumsum(Unary):
    """y[i] = x[0] + … + x[i] along an axis."""

    __slots__ = ("axis",)

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, x: Raw) -> Raw:
        return np.cumsum(x, self.axis)

    def backward(self, gy: Array, x: Array) -> Array:
        # The running sums from behind: reversed, summed, reversed.
        last = gy.swapaxes(self.axis, -1)
        return np.cumsum(last[_FLIP], -1)[_FLIP].swapaxes(self.axis, -1)


class Cumprod(Unary):
    """y[i] = x[0] … x[i] along an axis."""

    __slots__ = ("axis",)
    keep = (0,)

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, x: Raw) -> Raw:
        return np.cumprod(x, self.axis)

    def backward(self, gy: Array, x: Array) -> Array:
        x = x.swapaxes(self.axis, -1)
        # A later y[i] has of x[j] the factors before it, which are common to all of them, and those
        # from j + 1 to i: weighted by gy these sum up by r[j] = gy[j] + x[j + 1] r[j + 1].
        sums = _backward_recurrence(_later(x, 1), gy.swapaxes(self.axis, -1))
        return (_product_before(x) * sums).swapaxes(self.axis, -1)


def _later(x: Array, steps: int) -> Array:
    """x[i + steps] at i along the last axis, and zeros where there is none."""
    return np.concatenate([x[..., steps:], np.zeros_like(x[..., :steps])], axis=-1)


def _backward_recurrence(a: Array, b: Array) -> Array:
    """r with r[i] = b[i] + a[i] r[i + 1], by doubling the step that the coefficients span."""
    # log2(n) calls on whole arrays, all in the vocabulary, where a loop would take n.
    steps = 1
    while steps < a.shape[-1]:
        b = b + a * _later(b, steps)
        a = a * _later(a, steps)
        steps *= 2
    return b


@answers(np.cumsum)
def cumsum(x: Operand, axis: int | None = None) -> Variable:
    """Running sums along an axis; without one, of x as one dimension."""
    x, position = along(x, axis, "cumsum")
    return Cumsum(position).of(x)


@answers(np.cumprod)
def cumprod(x: Operand, axis: int | None = None) -> Variable:
    """Running products along an axis; without one, of x as one dimension."""
    x, position = along(x, axis, "cumprod")
    return Cumprod(position).of(x)
