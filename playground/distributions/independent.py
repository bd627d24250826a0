"""Batches of distributions taken as one distribution of arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from playground import functions as F
from playground.distribution import Distribution, kl_divergence
from playground.graph.types import Operand, Shape
from playground.graph.variable import Variable

__all__ = ["Independent"]


class Independent(Distribution):
    """The last ``reinterpreted_batch_ndims`` axes of a batch as part of each event.

    By default all axes but the first are. The elements are independent: probabilities multiply,
    entropies and divergences add.
    """

    def __init__(
        self, distribution: Distribution, reinterpreted_batch_ndims: int | None = None
    ) -> None:
        inner = distribution.batch_shape
        if reinterpreted_batch_ndims is None:
            reinterpreted_batch_ndims = max(0, len(inner) - 1)
        elif reinterpreted_batch_ndims > len(inner):
            raise ValueError(
                f"Independent: expected reinterpreted_batch_ndims of at most {len(inner)}, the "
                f"dimensions of the batch, got {reinterpreted_batch_ndims}"
            )
        self.distribution = distribution
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        self._kept = len(inner) - reinterpreted_batch_ndims

    @property
    def batch_shape(self) -> Shape:
        return self.distribution.batch_shape[: self._kept]

    @property
    def event_shape(self) -> Shape:
        return self.distribution.batch_shape[self._kept :] + self.distribution.event_shape

    @property
    def params(self) -> dict[str, Variable]:
        return self.distribution.params

    @property
    def support(self) -> str:
        return self.distribution.support

    @property
    def mean(self) -> Variable:
        return self.distribution.mean

    @property
    def mode(self) -> Variable:
        return self.distribution.mode

    @property
    def variance(self) -> Variable:
        return self.distribution.variance

    @property
    def stddev(self) -> Variable:
        return self.distribution.stddev

    def _over_events(self, reduce: Callable[..., Any], values: Variable) -> Variable:
        count = self.reinterpreted_batch_ndims
        return reduce(values, axis=tuple(range(-count, 0))) if count else values

    @property
    def entropy(self) -> Variable:
        return self._over_events(F.sum, self.distribution.entropy)

    def log_prob(self, x: Operand) -> Variable:
        return self._over_events(F.sum, self.distribution.log_prob(x))

    def prob(self, x: Operand) -> Variable:
        return self._over_events(F.prod, self.distribution.prob(x))

    def cdf(self, x: Operand) -> Variable:
        return self._over_events(F.prod, self.distribution.cdf(x))

    def log_cdf(self, x: Operand) -> Variable:
        return self._over_events(F.sum, self.distribution.log_cdf(x))

    def icdf(self, x: Operand) -> Variable:
        raise RuntimeError("Independent: icdf: of several numbers the cdf has no inverse")

    def survival_function(self, x: Operand) -> Variable:
        return self._over_events(F.prod, self.distribution.survival_function(x))

    def log_survival_function(self, x: Operand) -> Variable:
        return self._over_events(F.sum, self.distribution.log_survival_function(x))

    def perplexity(self, x: Operand) -> Variable:
        return self._over_events(F.prod, self.distribution.perplexity(x))

    def sample_n(self, n: int) -> Variable:
        return self.distribution.sample_n(n)

    @cached_property
    def covariance(self) -> Variable:
        """Of the events as vectors: one block for each of the independent ones."""
        inner = self.distribution.covariance
        batch, count = self.batch_shape, prod(self.distribution.batch_shape[self._kept :])
        d = inner.shape[-1]
        blocks = inner.reshape((*batch, count, d, 1, d))
        apart = np.eye(count, dtype=inner.dtype)[:, None, :, None]
        return (blocks * apart).reshape((*batch, count * d, count * d))

    def kl_to(self, other: Any) -> Variable:
        if self.event_shape != other.event_shape:
            raise ValueError(
                f"kl_divergence: expected events of one shape, got {self.event_shape} and "
                f"{other.event_shape}"
            )
        if self.distribution.event_shape != other.distribution.event_shape:
            raise NotImplementedError(
                "kl_divergence: two Independents whose inner events differ in shape"
            )
        return self._over_events(F.sum, kl_divergence(self.distribution, other.distribution))
