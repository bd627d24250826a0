"""Distributions of truth values, categories and counts. Their draws have no gradient."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from playground import functions as F
from playground.distribution import Distribution, drawn_beside, numbers_of, one_of
from playground.graph.backend import array_like
from playground.graph.random import source
from playground.graph.types import HostArray, Operand
from playground.graph.variable import Variable, as_array_of, as_variable

__all__ = ["Bernoulli", "Categorical", "Geometric", "OneHotCategorical", "Poisson"]


def x_log_x(x: Variable) -> Variable:
    """x log x, which is 0 at 0."""
    # The slope at 0, minus infinity, is left out: a category that never comes does not count.
    return x * F.log(F.where(x.array > 0, x, 1.0))


class Bernoulli(Distribution):
    """1 with the probability ``p``, or with that of the log odds ``logit``; else 0.

    With ``binary_check`` any other number has the probability 0; without it, it is a mixture.
    """

    named: ClassVar[tuple[str, ...]] = ("logit",)

    def __init__(
        self, p: Operand = None, logit: Operand = None, binary_check: bool = False
    ) -> None:
        one_of("Bernoulli", p=p, logit=logit)
        if p is None:
            self.logit = as_variable(logit)
        else:
            self.p = as_variable(p)
        self.binary_check = binary_check

    def _shape(self) -> tuple[int, ...]:
        return self.p.shape

    @property
    def support(self) -> str:
        return "{0, 1}"

    @cached_property
    def p(self) -> Variable:
        return F.sigmoid(self.logit)

    @cached_property
    def logit(self) -> Variable:
        return F.log(self.p) - F.log1p(-self.p)

    @property
    def mean(self) -> Variable:
        return self.p

    @cached_property
    def variance(self) -> Variable:
        return self.p * (1 - self.p)

    @property
    def entropy(self) -> Variable:
        return -x_log_x(self.p) - x_log_x(1 - self.p)

    def log_prob(self, x: Operand) -> Variable:
        x = numbers_of(x, self.p)
        binary = (x == 0) | (x == 1)
        # Of one truth value one softplus, which is exact also where the log odds are infinite.
        logarithm = -F.softplus((1 - 2 * x) * self.logit)
        if binary.all():
            return logarithm
        other = -np.inf if self.binary_check else x * self.logit - F.softplus(self.logit)
        return F.where(np.broadcast_to(binary, logarithm.shape), logarithm, other)

    def prob(self, x: Operand) -> Variable:
        x = x if isinstance(x, Variable) and x.dtype.kind == "f" else numbers_of(x, self.p)
        prob = x * self.p + (1 - x) * (1 - self.p)
        if not self.binary_check:
            return prob
        array = as_array_of(x)
        return prob * ((array == 0) | (array == 1))

    def sample_n(self, n: int) -> Variable:
        p = self._on_host("p")
        drawn = source().binomial(1, p, size=(n, *p.shape))
        # Integers, as Chainer's, though its one-hot vectors are of the dtype of p.
        return Variable(array_like(np.asarray(drawn), self.p.array))

    def kl_to(self, other: Any) -> Variable:
        odds = (self.logit - other.logit) * (self.p - 1)
        return odds - F.softplus(-self.logit) + F.softplus(-other.logit)


class OfCategories(Distribution):
    """What the two spellings of a category have in common."""

    named: ClassVar[tuple[str, ...]] = ("p",)
    event_ndim: ClassVar[int] = 1

    p: Variable

    @cached_property
    def log_p(self) -> Variable:
        return F.log(self.p)

    def _drawn(self, n: int) -> HostArray:
        random = source()
        p = self._on_host("p")
        rows = p.reshape(-1, p.shape[-1])
        # One after another, as Chainer does: the draws of a seed depend on it.
        drawn = [random.choice(len(row), size=(n,), p=row) for row in rows]
        return np.stack(drawn, axis=1).reshape((n, *self.batch_shape))

    def divergence(self, other: Any) -> Variable:
        return F.sum(self.p * (self.log_p - other.log_p), axis=-1)


class OneHotCategorical(OfCategories):
    """One category, as a vector with a 1 at its place; of the probabilities ``p``."""

    kl_to = OfCategories.divergence

    def __init__(self, p: Operand) -> None:
        self.p = as_variable(p)

    @property
    def mean(self) -> Variable:
        return self.p

    @cached_property
    def variance(self) -> Variable:
        return self.p * (1 - self.p)

    def log_prob(self, x: Operand) -> Variable:
        return F.sum(self.log_p * x, axis=-1)

    def sample_n(self, n: int) -> Variable:
        places = np.eye(self.p.shape[-1])[self._drawn(n)]
        return Variable(drawn_beside(self.p, places))


class Categorical(OfCategories):
    """One category, as its number; of the probabilities ``p``, or their ``logit``."""

    kl_to = OfCategories.divergence

    def __init__(self, p: Operand = None, *, logit: Operand = None) -> None:
        one_of("Categorical", p=p, logit=logit)
        if p is None:
            self.log_p = F.log_softmax(as_variable(logit), axis=-1)
            self.p = F.exp(self.log_p)
        else:
            self.p = as_variable(p)

    @property
    def event_shape(self) -> tuple[int, ...]:
        return ()

    @cached_property
    def entropy(self) -> Variable:
        return -F.sum(x_log_x(self.p), axis=-1)

    def log_prob(self, x: Operand) -> Variable:
        # One index for each axis of the batch, and the category for the last.
        grid = np.meshgrid(*map(np.arange, self.batch_shape), indexing="ij")
        return self.log_p[(*grid, as_array_of(x).astype(np.int32))]

    def sample_n(self, n: int) -> Variable:
        return Variable(array_like(self._drawn(n), self.p.array))


class Poisson(Distribution):
    """The number of events, of which ``lam`` are expected."""

    named: ClassVar[tuple[str, ...]] = ("lam",)

    def __init__(self, lam: Operand) -> None:
        self.lam = as_variable(lam)

    @property
    def support(self) -> str:
        return "non negative integer"

    @property
    def mean(self) -> Variable:
        return self.lam

    @property
    def variance(self) -> Variable:
        return self.lam

    def log_prob(self, x: Operand) -> Variable:
        x = numbers_of(x, self.lam)
        return x * F.log(self.lam) - F.lgamma(as_variable(x + 1)) - self.lam

    def sample_n(self, n: int) -> Variable:
        drawn = source().poisson(self._on_host("lam"), size=(n, *self.batch_shape))
        return Variable(drawn_beside(self.lam, np.asarray(drawn)))

    def kl_to(self, other: Any) -> Variable:
        return self.lam * (F.log(self.lam) - F.log(other.lam)) - self.lam + other.lam


class Geometric(Distribution):
    """The number of trials up to the first that succeeds, each with the probability ``p``."""

    named: ClassVar[tuple[str, ...]] = ("p",)

    def __init__(self, p: Operand) -> None:
        self.p = as_variable(p)

    @property
    def support(self) -> str:
        return "positive integer"

    @cached_property
    def mean(self) -> Variable:
        return 1 / self.p

    @cached_property
    def variance(self) -> Variable:
        return (1 - self.p) / self.p**2

    def log_prob(self, x: Operand) -> Variable:
        x = numbers_of(x, self.p)
        # log1p: the failures of a rare success are what there are many of.
        return (x - 1) * F.log1p(-self.p) + F.log(self.p)

    def sample_n(self, n: int) -> Variable:
        drawn = source().geometric(self._on_host("p"), size=(n, *self.batch_shape))
        return Variable(drawn_beside(self.p, np.asarray(drawn)))

    def kl_to(self, other: Any) -> Variable:
        failures = (1 / self.p - 1) * (F.log1p(-self.p) - F.log1p(-other.p))
        return failures + F.log(self.p) - F.log(other.p)
