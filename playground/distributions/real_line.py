"""Distributions on the whole real line, each of a place ``loc`` and a width ``scale``."""

from __future__ import annotations

import math
import warnings
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from playground import functions as F
from playground.distribution import Distribution, drawn_beside, one_of
from playground.graph.random import source
from playground.graph.types import HostArray, Operand, Random, Shape
from playground.graph.variable import Variable, as_array_of, as_variable

__all__ = ["Cauchy", "Gumbel", "Laplace", "Normal"]

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)
EULER = float(np.euler_gamma)


class LocScale(Distribution):
    """What the four have in common: a draw is standard noise, widened and moved."""

    named: ClassVar[tuple[str, ...]] = ("loc", "scale")

    loc: Variable
    scale: Variable

    def __init__(self, loc: Operand, scale: Operand) -> None:
        self.loc, self.scale = as_variable(loc), as_variable(scale)

    @property
    def support(self) -> str:
        return "real"

    def _standard(self, x: Operand) -> Variable:
        return (x - self.loc) / self.scale

    @cached_property
    def log_scale(self) -> Variable:
        return F.log(self.scale)

    def _noise(self, random: Random, shape: Shape) -> HostArray:
        raise self._absent("sample_n")

    def sample_n(self, n: int) -> Variable:
        noise = self._noise(source(), (n, *self.loc.shape))
        return self.loc + self.scale * drawn_beside(self.loc, noise)


class Normal(LocScale):
    """The normal distribution; its width is ``scale``, or the exponential of ``log_scale``."""

    def __init__(self, loc: Operand, scale: Operand = None, *, log_scale: Operand = None) -> None:
        # log_scale is kept, where it is given: a network's output, whose logarithm is not to be
        # taken of its own exponential.
        one_of("Normal", scale=scale, log_scale=log_scale)
        self.loc = as_variable(loc)
        if scale is None:
            self.log_scale = as_variable(log_scale)
            self.scale = F.exp(self.log_scale)
        else:
            self.scale = as_variable(scale)

    @property
    def mean(self) -> Variable:
        return self.loc

    @property
    def mode(self) -> Variable:
        return self.loc

    @property
    def stddev(self) -> Variable:
        return self.scale

    @cached_property
    def variance(self) -> Variable:
        return self.scale**2

    @cached_property
    def entropy(self) -> Variable:
        return self.log_scale + (HALF_LOG_TWO_PI + 0.5)

    def log_prob(self, x: Operand) -> Variable:
        return -0.5 * (x - self.loc) ** 2 / self.variance - self.log_scale - HALF_LOG_TWO_PI

    def cdf(self, x: Operand) -> Variable:
        return F.ndtr(self._standard(x))

    def icdf(self, x: Operand) -> Variable:
        return self.loc + self.scale * F.ndtri(as_variable(x))

    def log_cdf(self, x: Operand) -> Variable:
        return F.log_ndtr(self._standard(x))

    def survival_function(self, x: Operand) -> Variable:
        # Not 1 - cdf, which is 0 from 9 deviations on.
        return F.ndtr(-self._standard(x))

    def log_survival_function(self, x: Operand) -> Variable:
        return F.log_ndtr(-self._standard(x))

    def _noise(self, random: Random, shape: Shape) -> HostArray:
        return random.standard_normal(shape)

    def kl_to(self, other: Any) -> Variable:
        squares = self.variance + (self.loc - other.loc) ** 2
        return other.log_scale - self.log_scale + 0.5 * squares / other.variance - 0.5


class Laplace(LocScale):
    """The two-sided exponential distribution."""

    @property
    def mean(self) -> Variable:
        return self.loc

    @property
    def mode(self) -> Variable:
        return self.loc

    @cached_property
    def stddev(self) -> Variable:
        return math.sqrt(2) * self.scale

    @cached_property
    def variance(self) -> Variable:
        return 2 * self.scale**2

    @cached_property
    def entropy(self) -> Variable:
        return 1 + F.log(2 * self.scale)

    def log_prob(self, x: Operand) -> Variable:
        return -abs(x - self.loc) / self.scale - F.log(2 * self.scale)

    def cdf(self, x: Operand) -> Variable:
        z = self._standard(x)
        above = z.array > 0
        # By a factor of signs: abs has the slope 0 where the two halves meet with 1/2.
        tail = 0.5 * F.exp(z * np.where(above, -1, 1).astype(z.dtype))
        return F.where(above, 1 - tail, tail)

    def icdf(self, x: Operand) -> Variable:
        x = as_variable(x)
        above = x.array > 0.5
        tail = F.where(above, 1 - x, x)
        # Of the smaller of both sides, so that neither loses digits in 1 - x.
        depth = F.log1p(2 * tail - 1)
        return self.loc + self.scale * F.where(above, -depth, depth)

    def _noise(self, random: Random, shape: Shape) -> HostArray:
        return random.laplace(size=shape)

    def kl_to(self, other: Any) -> Variable:
        apart = abs(self.loc - other.loc)
        widths = self.scale / other.scale
        near = widths * F.exp(-apart / self.scale)
        return F.log(other.scale) - F.log(self.scale) + apart / other.scale + near - 1


class Cauchy(LocScale):
    """The Cauchy distribution, which has neither mean nor variance."""

    @cached_property
    def entropy(self) -> Variable:
        return F.log(4 * math.pi * self.scale)

    def log_prob(self, x: Operand) -> Variable:
        squares = (x - self.loc) ** 2 + self.scale**2
        return self.log_scale - F.log(squares) - math.log(math.pi)

    def cdf(self, x: Operand) -> Variable:
        return F.arctan(self._standard(x)) / math.pi + 0.5

    def icdf(self, x: Operand) -> Variable:
        return self.loc + self.scale * F.tan((as_variable(x) - 0.5) * math.pi)

    def _undefined(self, what: str) -> Variable:
        warnings.warn(f"Cauchy: it has no {what}: NaN", RuntimeWarning, stacklevel=3)
        return as_variable(np.full_like(as_array_of(self.loc), np.nan))

    @property
    def mean(self) -> Variable:
        return self._undefined("mean")

    @property
    def variance(self) -> Variable:
        return self._undefined("variance")

    def _noise(self, random: Random, shape: Shape) -> HostArray:
        return np.asarray(random.standard_cauchy(shape))


class Gumbel(LocScale):
    """The distribution of the largest of many draws."""

    @cached_property
    def mean(self) -> Variable:
        return self.loc + EULER * self.scale

    @cached_property
    def variance(self) -> Variable:
        return math.pi**2 / 6 * self.scale**2

    @cached_property
    def entropy(self) -> Variable:
        return self.log_scale + (EULER + 1)

    def log_prob(self, x: Operand) -> Variable:
        z = self._standard(x)
        return -self.log_scale - z - F.exp(-z)

    def _noise(self, random: Random, shape: Shape) -> HostArray:
        return random.gumbel(size=shape)

    def kl_to(self, other: Any) -> Variable:
        widths = self.scale / other.scale
        apart = (self.loc - other.loc) / other.scale
        # In one exponential: each of the two factors may overflow where the product does not.
        tail = F.exp(F.lgamma(widths + 1) - apart)
        return other.log_scale - self.log_scale + EULER * (widths - 1) + apart + tail - 1
