"""Hooks that add something to every gradient: a penalty's slope, or noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from playground.graph.backend import array_like
from playground.graph.parameter import Parameter
from playground.graph.random import source
from playground.graph.types import DType, HostArray, Shape
from playground.optimizers.arithmetic import kept
from playground.optimizers.update_rule import UpdateRule

__all__ = ["GradientNoise", "Lasso", "WeightDecay", "exponential_decay_noise"]


class WeightDecay:
    """grad += ``rate`` · param: the slope of ``rate`` / 2 times the sum of squares."""

    name = "WeightDecay"
    call_for_each_param = True
    timing = "pre"

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def __call__(self, rule: UpdateRule, param: Parameter) -> None:
        grad = param.grad
        if param.array is None or grad is None:
            return
        # The gradient is still that of the scaled loss: what is added must be scaled as well.
        scale = param._node._loss_scale
        rate = self.rate if scale is None else self.rate * scale
        param.grad = kept(grad + rate * param.array, grad.dtype)


class Lasso:
    """grad += ``rate`` · sign(param): the slope of ``rate`` times the sum of magnitudes."""

    name = "Lasso"
    call_for_each_param = True
    timing = "pre"

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def __call__(self, rule: UpdateRule, param: Parameter) -> None:
        grad = param.grad
        if param.array is not None and grad is not None:
            param.grad = kept(grad + self.rate * np.sign(param.array), grad.dtype)


def exponential_decay_noise(
    xp: Any, shape: Shape, dtype: DType, hook: GradientNoise, opt: UpdateRule
) -> HostArray:
    """Normal noise of variance eta / (1 + t)^0.55 (Neelakantan et al., 2015)."""
    deviation = np.sqrt(hook.eta / np.power(1 + opt.t, 0.55))
    return source().normal(0, deviation, shape).astype(dtype)


class GradientNoise:
    """grad += noise, which fades as updates go by.

    ``noise_func(xp, shape, dtype, hook, rule)`` makes it.
    """

    name = "GradientNoise"
    call_for_each_param = True
    timing = "pre"

    def __init__(
        self, eta: float, noise_func: Callable[..., Any] = exponential_decay_noise
    ) -> None:
        self.eta, self.noise_func = eta, noise_func

    def __call__(self, rule: UpdateRule, param: Parameter) -> None:
        grad = param.grad
        if grad is not None:
            # Drawn on the host, so that a seed gives the same noise on every device.
            noise = self.noise_func(np, grad.shape, grad.dtype, self, rule)
            param.grad = kept(grad + array_like(noise, grad), grad.dtype)
