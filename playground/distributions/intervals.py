"""Distributions on an interval, and on the simplex."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from playground import functions as F
from playground.distribution import Distribution, drawn_beside
from playground.distributions.positive import log_of_power, within
from playground.graph.random import source
from playground.graph.types import Operand
from playground.graph.variable import Variable, as_array_of, as_variable

__all__ = ["Beta", "Dirichlet", "Uniform"]


class Uniform(Distribution):
    """The same density everywhere from ``low`` to ``high``, or from ``loc`` on, ``scale`` wide."""

    def __init__(
        self,
        *,
        low: Operand = None,
        high: Operand = None,
        loc: Operand = None,
        scale: Operand = None,
    ) -> None:
        by_ends = low is not None and high is not None
        if by_ends == (loc is not None and scale is not None):
            raise ValueError("Uniform: expected either low and high, or loc and scale, not both")
        if by_ends:
            self.low, self.high = as_variable(low), as_variable(high)
            self.loc, self.scale = self.low, self.high - self.low
        else:
            self.loc, self.scale = as_variable(loc), as_variable(scale)
            self.low, self.high = self.loc, self.loc + self.scale
        self._spelling = ("low", "high") if by_ends else ("loc", "scale")

    @property
    def params(self) -> dict[str, Variable]:
        return {name: getattr(self, name) for name in self._spelling}

    def _shape(self) -> tuple[int, ...]:
        return self.low.shape

    @property
    def support(self) -> str:
        return "[low, high]"

    @cached_property
    def mean(self) -> Variable:
        return (self.high + self.low) / 2

    @cached_property
    def variance(self) -> Variable:
        return self.scale**2 / 12

    @cached_property
    def stddev(self) -> Variable:
        return self.scale / math.sqrt(12)

    @cached_property
    def entropy(self) -> Variable:
        return F.log(self.scale)

    def log_prob(self, x: Operand) -> Variable:
        array = as_array_of(x)
        inside = (array >= self.low.array) & (array <= self.high.array)
        return F.where(inside, F.broadcast_to(-self.entropy, inside.shape), -np.inf)

    def cdf(self, x: Operand) -> Variable:
        return F.clip((x - self.loc) / self.scale, 0.0, 1.0)

    def icdf(self, x: Operand) -> Variable:
        return x * self.scale + self.loc

    def sample_n(self, n: int) -> Variable:
        noise = source().uniform(0, 1, (n, *self.low.shape))
        return self.icdf(drawn_beside(self.low, noise))

    def kl_to(self, other: Any) -> Variable:
        # What the other holds for impossible costs infinitely much.
        outside = (self.high.array > other.high.array) | (self.low.array < other.low.array)
        return F.where(outside, np.inf, other.entropy - self.entropy)


def log_beta(a: Variable, b: Variable) -> Variable:
    return F.lgamma(a) + F.lgamma(b) - F.lgamma(a + b)


class Beta(Distribution):
    """The beta distribution, proportional to x^(a - 1) (1 - x)^(b - 1)."""

    named: ClassVar[tuple[str, ...]] = ("a", "b")

    def __init__(self, a: Operand, b: Operand) -> None:
        self.a, self.b = as_variable(a), as_variable(b)

    @property
    def support(self) -> str:
        return "[0, 1]"

    @cached_property
    def mean(self) -> Variable:
        return self.a / (self.a + self.b)

    @cached_property
    def variance(self) -> Variable:
        total = self.a + self.b
        return self.a * self.b / total**2 / (total + 1)

    @cached_property
    def entropy(self) -> Variable:
        a, b = self.a, self.b
        slopes = (a - 1) * F.digamma(a) + (b - 1) * F.digamma(b)
        return log_beta(a, b) - slopes + (a + b - 2) * F.digamma(a + b)

    def log_prob(self, x: Operand) -> Variable:
        array = as_array_of(x)

        def logarithm(x: Variable) -> Variable:
            # log1p, for draws close to 1 are as common as draws close to 0.
            right = log_of_power(self.b - 1, x, 1.0, lambda x: F.log1p(-x))
            return log_of_power(self.a - 1, x) + right - log_beta(self.a, self.b)

        return within((array >= 0) & (array <= 1), x, logarithm, 0.5)

    def sample_n(self, n: int) -> Variable:
        a, b = self._on_host("a"), self._on_host("b")
        return Variable(drawn_beside(self.a, source().beta(a, b, size=(n, *self.a.shape))))

    def kl_to(self, other: Any) -> Variable:
        a, b = self.a - other.a, self.b - other.b
        slopes = a * F.digamma(self.a) + b * F.digamma(self.b)
        norms = log_beta(other.a, other.b) - log_beta(self.a, self.b)
        return norms + slopes - (a + b) * F.digamma(self.a + self.b)


class Dirichlet(Distribution):
    """The distribution of shares that add up to 1, of the concentrations ``alpha``."""

    named: ClassVar[tuple[str, ...]] = ("alpha",)
    event_ndim: ClassVar[int] = 1

    def __init__(self, alpha: Operand) -> None:
        self.alpha = as_variable(alpha)

    @property
    def support(self) -> str:
        return "[0, 1]"

    @cached_property
    def alpha0(self) -> Variable:
        """The sum of the concentrations."""
        return F.sum(self.alpha, axis=-1)

    @cached_property
    def _norm(self) -> Variable:
        return F.sum(F.lgamma(self.alpha), axis=-1) - F.lgamma(self.alpha0)

    @cached_property
    def mean(self) -> Variable:
        return self.alpha / F.expand_dims(self.alpha0, -1)

    @cached_property
    def variance(self) -> Variable:
        return self.mean * (1 - self.mean) / F.expand_dims(self.alpha0 + 1, -1)

    @cached_property
    def entropy(self) -> Variable:
        slopes = F.sum((self.alpha - 1) * F.digamma(self.alpha), axis=-1)
        spare = self.alpha0 - self.event_shape[0]
        return self._norm + spare * F.digamma(self.alpha0) - slopes

    def log_prob(self, x: Operand) -> Variable:
        return F.sum(log_of_power(self.alpha - 1, as_variable(x)), axis=-1) - self._norm

    def sample_n(self, n: int) -> Variable:
        random = source()
        rows = self._on_host("alpha").reshape(-1, self.event_shape[0])
        # One after another, as Chainer does: the draws of a seed depend on it.
        shares = [random.dirichlet(row, size=(n,)) for row in rows]
        drawn = np.stack(shares, axis=1).reshape((n, *self.alpha.shape))
        return Variable(drawn_beside(self.alpha, drawn))

    def kl_to(self, other: Any) -> Variable:
        slopes = F.digamma(self.alpha) - F.expand_dims(F.digamma(self.alpha0), -1)
        return other._norm - self._norm + F.sum((self.alpha - other.alpha) * slopes, axis=-1)
