"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from typing import Any

import numpy as np

from playground.optimizers.gradient_method import GradientMethod
from playground.optimizers.hyperparameter import Hyperparameter, HyperparameterProxy
from playground.optimizers.update_rule import UpdateRule, subtract

__all__ = ["MomentumSGD", "MomentumSGDRule"]

_defaults = Hyperparameter()
_defaults.lr = 0.01
_defaults.momentum = 0.9


class MomentumSGDRule(UpdateRule):
    """v = momentum · v - lr · grad; param += v (Polyak, 1964)."""

    is_elementwise = True

    def __init__(
        self,
        parent_hyperparam: Hyperparameter | None = None,
        lr: float | None = None,
        momentum: float | None = None,
    ) -> None:
        super().__init__(parent_hyperparam or _defaults)
        if lr is not None:
            self.hyperparam.lr = lr
        if momentum is not None:
            self.hyperparam.momentum = momentum

    def init_state(self, param: Any) -> None:
        self.state["v"] = np.zeros_like(param.array)

    def update_core_cpu(self, param: Any) -> None:
        grad, hp = param.grad, self.hyperparam
        if grad is None:
            return
        v = self.state["v"]
        v *= hp.momentum
        v -= hp.lr * grad
        self.state["v"] = v
        subtract(param, -v)

    update_core_gpu = update_core_cpu


class MomentumSGD(GradientMethod):
    """Gradient descent with learning rate ``lr`` and momentum: steps have inertia."""

    lr = HyperparameterProxy("lr")
    momentum = HyperparameterProxy("momentum")

    def __init__(self, lr: float = _defaults.lr, momentum: float = _defaults.momentum) -> None:
        super().__init__()
        self.hyperparam.lr = lr
        self.hyperparam.momentum = momentum

    def create_update_rule(self) -> MomentumSGDRule:
        return MomentumSGDRule(self.hyperparam)
