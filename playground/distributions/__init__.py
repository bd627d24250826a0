"""Distributions under Chainer's names: densities, moments, draws and divergences.

Parameters are arrays or Variables of one shape, the batch; gradients go through everything but
the draws of discrete distributions and of those that no formula makes of standard noise.
"""

from playground.distributions.discrete import (
    Bernoulli,
    Categorical,
    Geometric,
    OneHotCategorical,
    Poisson,
)
from playground.distributions.independent import Independent
from playground.distributions.intervals import Beta, Dirichlet, Uniform
from playground.distributions.multivariate_normal import MultivariateNormal
from playground.distributions.positive import Chisquare, Exponential, Gamma, LogNormal, Pareto
from playground.distributions.real_line import Cauchy, Gumbel, Laplace, Normal

__all__ = [
    "Bernoulli",
    "Beta",
    "Categorical",
    "Cauchy",
    "Chisquare",
    "Dirichlet",
    "Exponential",
    "Gamma",
    "Geometric",
    "Gumbel",
    "Independent",
    "Laplace",
    "LogNormal",
    "MultivariateNormal",
    "Normal",
    "OneHotCategorical",
    "Pareto",
    "Poisson",
    "Uniform",
]
