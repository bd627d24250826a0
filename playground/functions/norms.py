"""Norms of vectors, each one operation, so that they are right where all elements are 0."""

from __future__ import annotations

import math

import numpy as np

from playground.functions.kinks import AtRest, at_rest, undefined
from playground.functions.reduction import Reduction
from playground.graph import backend
from playground.graph.op import as_raw
from playground.graph.types import Array, Axis, Operand, Raw, Scalar
from playground.graph.variable import Variable

# Powers of at least this have all of their digits, by the character of the dtype.
_LEAST = {char: float(np.finfo(char).tiny) ** 0.9 for char in "efd"}


class Norm(Reduction):
    """Base of norms; their derivative at 0 is 0, the smallest of the subgradients."""

    __slots__ = ()
    keep = (0, 1)

    def distance(self) -> Raw:
        """The result, for the second derivatives of others."""
        return self.kept[0]

    def divided(self, g: Array, y: Array) -> Array:
        """g / y, and 0 where y is 0 and g finite: both with the reduced axes kept as 1."""
        zero = y == 0
        # Replaced ahead of the quotient too: infinity times 0 would come back from behind it.
        return np.where(zero, g * 0, g / np.where(zero, np.ones_like(y), y))

    def rescaled(self, x: Array, y: Array, order: float) -> Array | None:
        """x with its rows brought to a largest element of 1, None if the powers of x need no help.

        The value overflows or is lost where they do, as NumPy's; its gradient, which no scale of x
        changes, is that of what has the digits.
        """
        size = as_raw(y)
        # A formula has no size, and complex numbers' norms are real.
        if size.dtype.kind != "f" or backend.is_symbolic(size) or 0 in self.shape:
            return None
        least = _LEAST.get(size.dtype.char, 1e-3) ** (1 / max(abs(order), 2.0))
        if not size.shape and isinstance(size, (np.ndarray, np.floating)):
            # Of one number Python asks in a tenth of the time.
            if least < float(size) < 1 / least:
                return None
        elif backend.everywhere((size > least) & (size < 1 / least)):
            return None
        rows = abs(as_raw(x)).max(axis=self.axis, keepdims=True)
        sound = (rows > 0) & (rows < math.inf)
        # Rows of zeros have rules of their own; their second derivatives are not taken here.
        if not backend.anywhere(sound) or (isinstance(x, Variable) and backend.anywhere(rows == 0)):
            return None
        return x / np.where(sound, rows, np.ones_like(rows))

    def at_rest(self, gy: Array, y: Array) -> AtRest | None:
        """What a recorded backward adds where y is 0."""
        return at_rest(self, gy, y) if isinstance(gy, Variable) else None


class EuclideanNorm(Norm):
    """y = sqrt(sum of x^2 / n) over the axes; n is 1 or given, one number or one a result."""

    __slots__ = ("count",)

    def __init__(self, axis: Axis, keepdims: bool, count: Raw | float | None = None) -> None:
        super().__init__(axis, keepdims)
        self.count = count

    @property
    def setting(self) -> tuple[object, ...]:
        """What makes another operation the same one."""
        count = self.count
        return self.axis, self.keepdims, count if isinstance(count, float) else id(count)

    def forward(self, x: Raw) -> Raw:
        self.shape = x.shape
        total = np.square(x).sum(axis=self.axis, keepdims=self.keepdims)
        return np.sqrt(total if self.count is None else total / self.count)

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        scaled = self.rescaled(x, y, 2.0)
        if scaled is not None:
            near = EuclideanNorm(self.axis, True, self._count_kept())(scaled)
            return self._shared_out(self.divided(self.restore(gy), near)) * scaled
        gx = self._shared_out(self.divided(self.restore(gy), self.restore(y))) * x
        rest = self.at_rest(gy, y)
        if rest is None:
            return gx
        mask = None if rest.undefined is None else self._spread(rest.undefined)
        return gx + self._shared_out(self.restore(rest.factor)) * undefined(x, mask, self.axis)

    def _count_kept(self) -> Raw | float | None:
        count = self.count
        return count if count is None or isinstance(count, float) else self.restore(count)

    def _shared_out(self, g: Array) -> Array:
        count = self.count
        if count is None:
            return g
        if not isinstance(count, float):
            return g / self.restore(count)
        # By the reciprocal, as the division of a Variable by a number is: to the same last bit.
        return g * (1.0 / count if count else math.inf)

    def _spread(self, mask: Raw) -> Raw:
        return np.broadcast_to(self.restore(mask), self.shape)


class PowerNorm(Norm):
    """y = (sum of |x|^p)^(1/p) over the axes."""

    __slots__ = ("order",)

    def __init__(self, axis: Axis, keepdims: bool, order: Scalar) -> None:
        super().__init__(axis, keepdims)
        self.order = order

    @property
    def setting(self) -> tuple[object, ...]:
        """What makes another operation the same one."""
        return self.axis, self.keepdims, self.order

    def forward(self, x: Raw) -> Raw:
        self.shape = x.shape
        powers = abs(x) ** self.order
        return powers.sum(axis=self.axis, keepdims=self.keepdims) ** (1.0 / self.order)

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        scaled = self.rescaled(x, y, self.order)
        if scaled is not None:
            near = PowerNorm(self.axis, True, self.order)(scaled)
            kept = np.broadcast_to(near, self.shape)
            share = self._power(self.divided(abs(scaled), kept), kept)
            return self.restore(gy) * (np.sign(x) * share)
        kept = np.broadcast_to(self.restore(y), self.shape)
        gx = self.restore(gy) * (np.sign(x) * self._power(self.divided(abs(x), kept), kept))
        rest = self.at_rest(gy, y)
        if rest is None:
            return gx
        # No square of such a norm is smooth at 0: the second derivative exists where it is 0.
        factor = self.restore(rest.factor)
        mask = np.broadcast_to(as_raw(factor) != 0, self.shape)
        return gx + factor * undefined(x, mask, self.axis)

    def _power(self, share: Array, y: Array) -> Array:
        """(|x| / y)^(p - 1): at most 1, where the powers of either may overflow."""
        if self.order > 0:
            return share ** (self.order - 1)
        # One element of 0 makes all of it 0, which no other one changes.
        zero = y == 0
        power = np.where(zero, np.ones_like(share), share) ** (self.order - 1)
        return np.where(zero, np.zeros_like(share), power)


def euclidean_norm(
    x: Operand, axis: Axis = None, keepdims: bool = False, count: Raw | float | None = None
) -> Variable:
    """Root of the sum of squares over axes, divided by ``count``."""
    if isinstance(x, Variable) and not (count is None or isinstance(count, float)):
        count = backend.constant_like(count, x.array, "norm")
    return EuclideanNorm(axis, keepdims, count).of(x)


def power_norm(x: Operand, order: Scalar, axis: Axis = None, keepdims: bool = False) -> Variable:
    """The norm of an order p that is not 0: the sum of |x|^p to the power 1/p."""
    return PowerNorm(axis, keepdims, order).of(x)
