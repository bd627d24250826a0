"""Stochastic gradient descent, plain and with momentum."""

from __future__ import annotations

import numpy as np

from playground.graph.parameter import Parameter
from playground.graph.types import Raw
from playground.optimizers.arithmetic import kept, scaled
from playground.optimizers.gradient_method import GradientMethod
from playground.optimizers.hyperparameter import Hyperparameter, HyperparameterProxy
from playground.optimizers.update_rule import UpdateRule

__all__ = [
    "SGD",
    "CorrectedMomentumSGD",
    "CorrectedMomentumSGDRule",
    "MomentumSGD",
    "MomentumSGDRule",
    "NesterovAG",
    "NesterovAGRule",
    "SGDRule",
]

RATE, MOMENTUM = 0.01, 0.9
USUAL_SGD = Hyperparameter.of(lr=RATE)
USUAL_MOMENTUM = Hyperparameter.of(lr=RATE, momentum=MOMENTUM)


class SGDRule(UpdateRule):
    """param -= lr · grad."""

    is_elementwise = True

    def __init__(
        self, parent_hyperparam: Hyperparameter | None = None, lr: float | None = None
    ) -> None:
        super().__init__(parent_hyperparam or USUAL_SGD)
        self.hyperparam.take(lr=lr)

    def update_core_cpu(self, param: Parameter) -> None:
        if param.grad is not None:
            self.subtract(param, scaled(self.hyperparam.lr, param.grad))

    update_core_gpu = update_core_cpu


class SGD(GradientMethod):
    """Stochastic gradient descent with learning rate ``lr``."""

    lr = HyperparameterProxy("lr")

    def __init__(self, lr: float = RATE) -> None:
        super().__init__()
        self.hyperparam.lr = lr

    def create_update_rule(self) -> SGDRule:
        return SGDRule(self.hyperparam)


def next_velocity(velocity: Raw, grad: Raw, lr: float, momentum: float) -> Raw:
    """What a parameter moves by: the share ``momentum`` of before, less lr · grad."""
    # Rounded to its dtype in between, as Chainer does, who changes the array in place.
    slowed = kept(momentum * velocity, velocity.dtype)
    return kept(slowed - scaled(lr, grad), velocity.dtype)


class MomentumSGDRule(UpdateRule):
    """v = momentum · v - lr · grad; param += v (Polyak, 1964)."""

    is_elementwise = True

    def __init__(
        self,
        parent_hyperparam: Hyperparameter | None = None,
        lr: float | None = None,
        momentum: float | None = None,
    ) -> None:
        super().__init__(parent_hyperparam or USUAL_MOMENTUM)
        self.hyperparam.take(lr=lr, momentum=momentum)

    def init_state(self, param: Parameter) -> None:
        self.state["v"] = np.zeros_like(param.array)

    def update_core_cpu(self, param: Parameter) -> None:
        if param.grad is None:
            return
        hp = self.hyperparam
        v = next_velocity(self.state["v"], param.grad, hp.lr, hp.momentum)
        self.state["v"] = v
        self.subtract(param, -v)

    update_core_gpu = update_core_cpu


class MomentumSGD(GradientMethod):
    """Gradient descent with learning rate ``lr`` and momentum: steps have inertia."""

    lr = HyperparameterProxy("lr")
    momentum = HyperparameterProxy("momentum")

    def __init__(self, lr: float = RATE, momentum: float = MOMENTUM) -> None:
        super().__init__()
        self.hyperparam.take(lr=lr, momentum=momentum)

    def create_update_rule(self) -> MomentumSGDRule:
        return MomentumSGDRule(self.hyperparam)


class CorrectedMomentumSGDRule(MomentumSGDRule):
    """v = momentum · v - grad; param += lr · v: a changed lr holds for the whole step."""

    def update_core_cpu(self, param: Parameter) -> None:
        if param.grad is None:
            return
        hp = self.hyperparam
        self.state["v"] = v = next_velocity(self.state["v"], param.grad, 1.0, hp.momentum)
        self.subtract(param, -scaled(hp.lr, v))

    update_core_gpu = update_core_cpu


class CorrectedMomentumSGD(MomentumSGD):
    """Momentum whose velocity does not contain the learning rate (Goyal et al., 2017)."""

    def create_update_rule(self) -> CorrectedMomentumSGDRule:
        return CorrectedMomentumSGDRule(self.hyperparam)


class NesterovAGRule(MomentumSGDRule):
    """v = momentum · v - lr · grad; param += momentum² · v - (1 + momentum) · lr · grad."""

    def update_core_cpu(self, param: Parameter) -> None:
        grad = param.grad
        if grad is None:
            return
        lr, momentum = self.hyperparam.lr, self.hyperparam.momentum
        self.state["v"] = v = next_velocity(self.state["v"], grad, lr, momentum)
        # In two steps, which round as Chainer's do.
        self.subtract(param, -(momentum * momentum * v))
        self.subtract(param, (1 + momentum) * lr * grad)

    update_core_gpu = update_core_cpu


class NesterovAG(MomentumSGD):
    """Nesterov's accelerated gradient, in the form of Bengio, Boulanger and Pascanu (2013)."""

    def create_update_rule(self) -> NesterovAGRule:
        return NesterovAGRule(self.hyperparam)
