"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from playground.optimizers.gradient_method import GradientMethod
from playground.optimizers.hyperparameter import Hyperparameter, HyperparameterProxy
from playground.optimizers.update_rule import UpdateRule, subtract

__all__ = ["SGD", "SGDRule"]

_defaults = Hyperparameter()
_defaults.lr = 0.01


class SGDRule(UpdateRule):
    """param -= lr · grad."""

    is_elementwise = True

    def __init__(
        self, parent_hyperparam: Hyperparameter | None = None, lr: float | None = None
    ) -> None:
        super().__init__(parent_hyperparam or _defaults)
        if lr is not None:
            self.hyperparam.lr = lr

    def update_core_cpu(self, param: Any) -> None:
        if param.grad is not None:
            subtract(param, self.hyperparam.lr * param.grad)

    update_core_gpu = update_core_cpu


class SGD(GradientMethod):
    """Stochastic gradient descent with learning rate ``lr``."""

    lr = HyperparameterProxy("lr")

    def __init__(self, lr: float = _defaults.lr) -> None:
        super().__init__()
        self.hyperparam.lr = lr

    def create_update_rule(self) -> SGDRule:
        return SGDRule(self.hyperparam)
