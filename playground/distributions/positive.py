"""Distributions of positive numbers. Of any other the density is 0, its logarithm -infinity."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from playground import functions as F
from playground.distribution import Distribution, drawn_beside
from playground.graph.random import source
from playground.graph.types import Operand
from playground.graph.variable import Variable, as_array_of, as_variable

__all__ = ["Chisquare", "Exponential", "Gamma", "LogNormal", "Pareto"]


def within(
    inside: Any, x: Operand, formula: Callable[[Variable], Variable], instead: float = 1.0
) -> Variable:
    """The formula where ``inside`` holds, else minus infinity; it never sees another x."""
    x = as_variable(x)
    # Not selected, and so without a gradient: but a logarithm there would warn.
    logarithm = formula(x if np.all(inside) else F.where(inside, x, instead))
    return F.where(np.broadcast_to(inside, logarithm.shape), logarithm, -np.inf)


def log_of_power(
    k: Variable, x: Variable, edge: float = 0.0, log: Callable[[Variable], Variable] = F.log
) -> Variable:
    """``k log x``, and 0 at an edge of the support where ``k`` is 0: x ** 0 is 1 there, too.

    ``log`` is minus infinity at ``edge``, and the product NaN.
    """
    at_edge = (k.array == 0) & (x.array == edge)
    if np.any(at_edge):
        x = F.where(at_edge, 0.5, F.broadcast_to(x, at_edge.shape))
    return k * log(x)


class Positive(Distribution):
    """Of what the densities are 0 outside."""

    @property
    def support(self) -> str:
        return "positive"


class Exponential(Positive):
    """The exponential distribution of rate ``lam``."""

    named: ClassVar[tuple[str, ...]] = ("lam",)

    def __init__(self, lam: Operand) -> None:
        self.lam = as_variable(lam)

    @cached_property
    def mean(self) -> Variable:
        return 1 / self.lam

    @cached_property
    def variance(self) -> Variable:
        return self.mean**2

    @cached_property
    def log_lam(self) -> Variable:
        return F.log(self.lam)

    @cached_property
    def entropy(self) -> Variable:
        return 1 - self.log_lam

    def log_prob(self, x: Operand) -> Variable:
        return within(as_array_of(x) >= 0, x, lambda x: self.log_lam - self.lam * x)

    def cdf(self, x: Operand) -> Variable:
        # Below 0 the formula goes on, to probabilities below 0.
        positive = as_array_of(x) >= 0
        return -F.expm1(-self.lam * F.where(positive, as_variable(x), 0.0))

    def icdf(self, x: Operand) -> Variable:
        return -F.log1p(-as_variable(x)) / self.lam

    def sample_n(self, n: int) -> Variable:
        noise = source().standard_exponential((n, *self.lam.shape))
        return drawn_beside(self.lam, noise) / self.lam

    def kl_to(self, other: Any) -> Variable:
        return self.log_lam - other.log_lam + other.lam / self.lam - 1


class Gamma(Positive):
    """The gamma distribution of shape ``k`` and scale ``theta``."""

    named: ClassVar[tuple[str, ...]] = ("k", "theta")

    def __init__(self, k: Operand, theta: Operand) -> None:
        self.k, self.theta = as_variable(k), as_variable(theta)

    @cached_property
    def mean(self) -> Variable:
        return self.k * self.theta

    @cached_property
    def variance(self) -> Variable:
        return self.mean * self.theta

    @cached_property
    def entropy(self) -> Variable:
        k = self.k
        return k + F.log(self.theta) + F.lgamma(k) + (1 - k) * F.digamma(k)

    def log_prob(self, x: Operand) -> Variable:
        norm = F.lgamma(self.k) + self.k * F.log(self.theta)

        def logarithm(x: Variable) -> Variable:
            return log_of_power(self.k - 1, x) - x / self.theta - norm

        return within(as_array_of(x) >= 0, x, logarithm)

    def sample_n(self, n: int) -> Variable:
        noise = source().gamma(self._on_host("k"), size=(n, *self.batch_shape))
        # Through the scale alone: of the shape parameter no formula makes it of standard noise.
        return self.theta * drawn_beside(self.k, noise)

    def kl_to(self, other: Any) -> Variable:
        shapes = (self.k - other.k) * F.digamma(self.k) - F.lgamma(self.k) + F.lgamma(other.k)
        scales = other.k * (F.log(other.theta) - F.log(self.theta))
        return shapes + scales + self.k * (self.theta / other.theta - 1)


class Chisquare(Positive):
    """The distribution of the sum of ``k`` squares of standard normal numbers."""

    named: ClassVar[tuple[str, ...]] = ("k",)

    def __init__(self, k: Operand) -> None:
        self.k = as_variable(k)

    @property
    def mean(self) -> Variable:
        return self.k

    @cached_property
    def variance(self) -> Variable:
        return 2 * self.k

    @cached_property
    def entropy(self) -> Variable:
        half = self.k / 2
        return half + math.log(2) + F.lgamma(half) + (1 - half) * F.digamma(half)

    def log_prob(self, x: Operand) -> Variable:
        half = self.k / 2
        norm = F.lgamma(half) + half * math.log(2)

        def logarithm(x: Variable) -> Variable:
            return log_of_power(half - 1, x) - x / 2 - norm

        return within(as_array_of(x) >= 0, x, logarithm)

    def sample_n(self, n: int) -> Variable:
        noise = source().chisquare(self._on_host("k"), (n, *self.k.shape))
        return Variable(drawn_beside(self.k, noise))

    def kl_to(self, other: Any) -> Variable:
        one, two = self.k / 2, other.k / 2
        return (one - two) * F.digamma(one) - F.lgamma(one) + F.lgamma(two)


class LogNormal(Positive):
    """The exponential of normal numbers of mean ``mu`` and deviation ``sigma``."""

    named: ClassVar[tuple[str, ...]] = ("mu", "sigma")

    def __init__(self, mu: Operand, sigma: Operand) -> None:
        self.mu, self.sigma = as_variable(mu), as_variable(sigma)

    @cached_property
    def mean(self) -> Variable:
        return F.exp(self.mu + 0.5 * self.sigma**2)

    @cached_property
    def variance(self) -> Variable:
        # expm1: of a narrow one, exp(sigma^2) - 1 would be rounding alone.
        return self.mean**2 * F.expm1(self.sigma**2)

    @cached_property
    def entropy(self) -> Variable:
        return self.mu + F.log(self.sigma) + (0.5 + 0.5 * math.log(2 * math.pi))

    def log_prob(self, x: Operand) -> Variable:
        norm = F.log(self.sigma) + 0.5 * math.log(2 * math.pi)

        def logarithm(x: Variable) -> Variable:
            logx = F.log(x)
            return -0.5 * ((logx - self.mu) / self.sigma) ** 2 - logx - norm

        return within(as_array_of(x) > 0, x, logarithm)

    def sample_n(self, n: int) -> Variable:
        noise = source().standard_normal((n, *self.mu.shape))
        return F.exp(self.mu + self.sigma * drawn_beside(self.mu, noise))

    def kl_to(self, other: Any) -> Variable:
        squares = (self.mu - other.mu) ** 2 + self.sigma**2
        return 0.5 * squares / other.sigma**2 - 0.5 + F.log(other.sigma) - F.log(self.sigma)


class Pareto(Distribution):
    """The power law: what is above ``scale`` falls with the power ``alpha``."""

    named: ClassVar[tuple[str, ...]] = ("scale", "alpha")

    def __init__(self, scale: Operand, alpha: Operand) -> None:
        self.scale, self.alpha = as_variable(scale), as_variable(alpha)

    @property
    def support(self) -> str:
        return "[scale, inf]"

    @cached_property
    def log_scale(self) -> Variable:
        return F.log(self.scale)

    @cached_property
    def log_alpha(self) -> Variable:
        return F.log(self.alpha)

    @cached_property
    def mean(self) -> Variable:
        # At 1 the formula has a pole, and beyond it a finite number that is no mean.
        above = self.alpha.array > 1
        alpha = F.where(above, self.alpha, 2.0)
        return F.where(above, alpha * self.scale / (alpha - 1), np.inf)

    @cached_property
    def variance(self) -> Variable:
        above = self.alpha.array > 2
        alpha = F.where(above, self.alpha, 3.0)
        spread = self.scale**2 * alpha / (alpha - 1) ** 2 / (alpha - 2)
        return F.where(above, spread, np.inf)

    @cached_property
    def entropy(self) -> Variable:
        return self.log_scale - self.log_alpha + 1 / self.alpha + 1

    def log_prob(self, x: Operand) -> Variable:
        norm = self.log_alpha + self.alpha * self.log_scale
        inside = as_array_of(x) >= self.scale.array
        return within(inside, x, lambda x: norm - (self.alpha + 1) * F.log(x))

    def sample_n(self, n: int) -> Variable:
        noise = source().pareto(self._on_host("alpha"), (n, *self.batch_shape))
        return self.scale * drawn_beside(self.alpha, noise + 1)

    def kl_to(self, other: Any) -> Variable:
        scales = other.alpha * (self.log_scale - other.log_scale)
        alphas = self.log_alpha - other.log_alpha + (other.alpha - self.alpha) / self.alpha
        # Below the other's scale lies what the other holds for impossible.
        return F.where(self.scale.array >= other.scale.array, scales + alphas, np.inf)
