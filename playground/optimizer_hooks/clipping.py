"""Hooks that keep gradients small: by their norm, element by element, or beside the parameter's."""

from __future__ import annotations

import numpy as np

from playground.graph.parameter import Parameter
from playground.optimizers.arithmetic import kept
from playground.optimizers.gradient_method import Optimizer
from playground.optimizers.update_rule import UpdateRule

__all__ = ["GradientClipping", "GradientHardClipping", "GradientLARS"]


class GradientClipping:
    """Scale all gradients down together, so that their joint norm is at most ``threshold``."""

    name = "GradientClipping"
    timing = "pre"

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold

    def __call__(self, opt: Optimizer) -> None:
        params = [param for param in opt.target.params(False) if param.grad is not None]
        flat = [param.grad.reshape(-1) for param in params]
        # Products of each with itself, in its dtype: Chainer's sum, to the last bit.
        norm = np.sqrt(sum(np.matmul(grad, grad) for grad in flat))
        if norm <= self.threshold:
            return  # nothing to divide by where all gradients are 0
        rate = self.threshold / norm
        for param in params:
            param.grad = kept(param.grad * rate, param.dtype)


class GradientHardClipping:
    """Move every element of a gradient that is beyond a bound to the bound."""

    name = "GradientHardClipping"
    call_for_each_param = True
    timing = "pre"

    def __init__(self, lower_bound: float, upper_bound: float) -> None:
        self.lower_bound, self.upper_bound = lower_bound, upper_bound

    def __call__(self, rule: UpdateRule, param: Parameter) -> None:
        grad = param.grad
        if grad is not None:
            param.grad = kept(np.clip(grad, self.lower_bound, self.upper_bound), grad.dtype)


class GradientLARS:
    """Layer-wise rates: a gradient as long as its parameter (You, Gitman and Ginsburg, 2017).

    grad = rate · (grad + ``weight_decay`` · param), where the rate is that of the norms,
    ‖param‖ / (``eps`` + ‖grad‖ + ``weight_decay`` · ‖param‖), or 1 for a parameter whose norm is
    not above ``threshold``.
    """

    name = "GradientLARS"
    call_for_each_param = True
    timing = "pre"

    def __init__(
        self, threshold: float = 1e-2, weight_decay: float = 0.0, eps: float = 1e-9
    ) -> None:
        self.threshold, self.weight_decay, self.eps = threshold, weight_decay, eps

    def __call__(self, rule: UpdateRule, param: Parameter) -> None:
        array, grad = param.array, param.grad
        if array is None or grad is None:
            return
        decay, length = self.weight_decay, np.linalg.norm(array)
        local = length / (self.eps + np.linalg.norm(grad) + decay * length)
        rate = np.where(length > self.threshold, local, 1.0)
        # Rounded in between, as Chainer's in-place steps are.
        param.grad = kept(kept(grad + decay * array, grad.dtype) * rate, grad.dtype)
