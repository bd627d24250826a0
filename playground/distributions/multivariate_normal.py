"""The normal distribution of vectors."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from playground import functions as F
from playground.distribution import Distribution, drawn_beside
from playground.graph.random import source
from playground.graph.types import Operand
from playground.graph.variable import Variable, as_variable

__all__ = ["MultivariateNormal"]


class MultivariateNormal(Distribution):
    """Normal vectors of mean ``loc`` and covariance L L^T; ``scale_tril`` is L, triangular."""

    named: ClassVar[tuple[str, ...]] = ("loc", "scale_tril")
    event_ndim: ClassVar[int] = 1

    def __init__(self, loc: Operand, *, scale_tril: Operand = None) -> None:
        if scale_tril is None:
            raise ValueError("MultivariateNormal: expected scale_tril, the lower factor L")
        self.loc, self.scale_tril = as_variable(loc), as_variable(scale_tril)

    @property
    def support(self) -> str:
        return "real"

    @property
    def d(self) -> int:
        """The length of a vector."""
        return self.scale_tril.shape[-1]

    @property
    def mean(self) -> Variable:
        return self.loc

    @cached_property
    def covariance(self) -> Variable:
        return F.matmul(self.scale_tril, F.swapaxes(self.scale_tril, -1, -2))

    @cached_property
    def variance(self) -> Variable:
        return F.sum(self.scale_tril**2, axis=-1)

    @cached_property
    def _log_determinant(self) -> Variable:
        # abs, for a factor with a negative diagonal gives the same covariance.
        diagonal = F.diagonal(self.scale_tril, axis1=-2, axis2=-1)
        return F.sum(F.log(abs(diagonal)), axis=-1)

    @cached_property
    def _inverse(self) -> Variable:
        """Of the lower triangle alone, whatever stands above."""
        # As a triangular solver reads it; so no gradient goes to what stands above either.
        lower = np.broadcast_to(np.tri(self.d, dtype=bool), self.scale_tril.shape)
        factors = F.where(lower, self.scale_tril, 0.0).reshape((-1, self.d, self.d))
        return F.batch_inv(factors).reshape(self.scale_tril.shape)

    @cached_property
    def entropy(self) -> Variable:
        return self._log_determinant + 0.5 * self.d * (math.log(2 * math.pi) + 1)

    def log_prob(self, x: Operand) -> Variable:
        apart = F.expand_dims(x - self.loc, -1)
        squares = F.sum(F.squeeze(F.matmul(self._inverse, apart), -1) ** 2, axis=-1)
        return -0.5 * squares - self._log_determinant - 0.5 * self.d * math.log(2 * math.pi)

    def sample_n(self, n: int) -> Variable:
        noise = drawn_beside(self.loc, source().standard_normal((n, *self.loc.shape, 1)))
        return self.loc + F.squeeze(F.matmul(self.scale_tril, noise), -1)

    def kl_to(self, other: Any) -> Variable:
        # The trace of a product of factors with its transpose is the sum of their squares.
        spread = F.sum(F.matmul(other._inverse, self.scale_tril) ** 2, axis=(-1, -2))
        apart = F.expand_dims(self.loc - other.loc, -1)
        squares = F.sum(F.matmul(other._inverse, apart) ** 2, axis=(-1, -2))
        volumes = other._log_determinant - self._log_determinant
        return volumes + 0.5 * (spread + squares - self.d)
