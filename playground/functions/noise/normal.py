"""Noise that is added: normal and Gumbel; and rectifiers whose slope is drawn."""

from __future__ import annotations

import numpy as np

from playground.functions.activation import softmax
from playground.functions.basic_math import add, divide, multiply
from playground.functions.elementwise import exp, where
from playground.functions.operands import together
from playground.graph import backend
from playground.graph.config import config
from playground.graph.errors import InvalidType
from playground.graph.random import source
from playground.graph.types import HostArray, Operand, Random, Raw
from playground.graph.variable import Variable, as_array_of, as_variable

__all__ = ["gaussian", "gumbel_softmax", "rrelu"]


def _brought(operation: str, given: Operand, drawn: HostArray | None, x: Variable) -> Raw:
    """What was given or drawn, as an array of x's dtype, beside it."""
    if drawn is not None:
        return backend.array_like(np.asarray(drawn).astype(x.dtype), x.array)
    array = backend.constant_like(as_array_of(given), x.array, operation).astype(x.dtype)
    if array.shape != x.shape:
        raise InvalidType(operation, f"an array of shape {x.shape}, as x", f"shape {array.shape}")
    return array


def gaussian(
    mean: Operand,
    ln_var: Operand,
    *,
    eps: Operand = None,
    return_eps: bool = False,
    rng: Random | None = None,
) -> Variable | tuple[Variable, Raw]:
    """A draw from normal distributions of this mean and logarithm of the variance.

    It is mean + exp(ln_var / 2) eps with eps drawn from the standard one, or given; the gradient
    goes through both (the reparametrisation trick). ``return_eps`` returns eps, too.
    """
    mean, ln_var = together("gaussian", mean, ln_var)
    if mean.shape != ln_var.shape:
        raise InvalidType(
            "gaussian", "mean and ln_var of one shape", f"shapes {mean.shape} and {ln_var.shape}"
        )
    drawn = source(rng).standard_normal(ln_var.shape) if eps is None else None
    used = _brought("gaussian", eps, drawn, mean)
    y = add(mean, multiply(exp(multiply(ln_var, 0.5)), used))
    return (y, used) if return_eps else y


def gumbel_softmax(
    log_pi: Operand, tau: float = 0.1, axis: int = 1, *, rng: Random | None = None
) -> Variable:
    """A nearly one-hot draw from the distribution of logarithms ``log_pi``, differentiable.

    The softmax along ``axis`` of (log_pi + g) / tau, with g drawn from the Gumbel distribution.
    """
    log_pi = as_variable(log_pi)
    if log_pi.ndim < 1:
        return as_variable(np.ones_like(log_pi.array))
    drawn = source(rng).gumbel(size=log_pi.shape)
    noisy = add(log_pi, _brought("gumbel_softmax", None, drawn, log_pi))
    return softmax(divide(noisy, tau), axis)


def rrelu(
    x: Operand,
    l: float = 1.0 / 8,  # noqa: E741 (Chainer's name)
    u: float = 1.0 / 3,
    *,
    r: Operand = None,
    return_r: bool = False,
    rng: Random | None = None,
) -> Variable | tuple[Variable, Raw]:
    """x where it is not negative, else r x, with a slope r drawn for each element from [l, u).

    Without ``config.train`` every slope is the mean of l and u. ``r`` gives the slopes,
    ``return_r`` returns them, too.
    """
    if not (0.0 <= l < 1.0 and 0.0 <= u < 1.0 and l < u):
        raise ValueError(f"rrelu: expected 0 <= l < u < 1, got l={l}, u={u}")
    x = as_variable(x)
    drawn: HostArray | None = None
    if not config.train:
        drawn = np.full(x.shape, (l + u) / 2)
    elif r is None:
        drawn = source(rng).uniform(l, u, x.shape)
    slopes = _brought("rrelu", r, drawn, x)
    y = where(x.array >= 0, x, multiply(x, slopes))
    return (y, slopes) if return_r else y
