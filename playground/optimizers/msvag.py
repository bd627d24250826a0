"""MSVAG: momentum with steps scaled by the gradient's variance (Balles and Hennig, 2018)."""

from __future__ import annotations

import numpy as np

from playground.graph.parameter import Parameter
from playground.graph.types import Serializing
from playground.optimizers.arithmetic import kept
from playground.optimizers.gradient_method import GradientMethod
from playground.optimizers.hyperparameter import Hyperparameter, HyperparameterProxy
from playground.optimizers.update_rule import UpdateRule

__all__ = ["MSVAG", "MSVAGRule"]

# Less than 1, which it is before the first update: the variance is divided by 1 - it.
LARGEST_RHO = 0.9999


class MSVAGRule(UpdateRule):
    """m, v: running means of g and g²; param -= η (lr · m · m² / (m² + ρ s) + decay · param).

    s estimates the variance of the gradient, and ρ s that of m.
    """

    is_elementwise = True

    def __init__(
        self,
        parent_hyperparam: Hyperparameter | None = None,
        lr: float | None = None,
        beta: float | None = None,
        eta: float | None = None,
        weight_decay_rate: float | None = None,
    ) -> None:
        usual = Hyperparameter.of(lr=0.1, beta=0.9, eta=1.0, weight_decay_rate=0)
        super().__init__(parent_hyperparam or usual)
        self.hyperparam.take(lr=lr, beta=beta, eta=eta, weight_decay_rate=weight_decay_rate)
        self.beta_power = self.hyperparam.beta

    def init_state(self, param: Parameter) -> None:
        self.state["m"] = np.zeros_like(param.array)
        self.state["v"] = np.zeros_like(param.array)

    def update_core_cpu(self, param: Parameter) -> None:
        grad = param.grad
        if grad is None:
            return
        hp, power, state = self.hyperparam, self.beta_power, self.state
        m, v, beta, dtype = state["m"], state["v"], hp.beta, grad.dtype
        rho = ((1.0 - beta) ** 2) * (1.0 - power**2) / (((1.0 - power) ** 2) * (1.0 - beta**2))
        rho = min(rho, LARGEST_RHO)
        state["m"] = m = kept(m + (1 - beta) * (grad - m), dtype)
        state["v"] = v = kept(v + (1 - beta) * (grad * grad - v), dtype)
        mean = m / (1 - power)
        square = mean * mean
        s = (v / (1 - power) - square) / (1 - rho)
        with np.errstate(invalid="ignore", divide="ignore"):
            factor = np.clip(square / (square + rho * s), 0, 1)
        # 0 / 0 where the gradient has always been 0: there is nowhere to go.
        factor = np.where(np.isnan(factor), 0, factor)
        decay = hp.weight_decay_rate * param.array
        self.subtract(param, kept(hp.eta * (hp.lr * mean * factor + decay), dtype))
        self.beta_power *= beta

    update_core_gpu = update_core_cpu

    def serialize(self, serializer: Serializing) -> None:
        before = self.t
        super().serialize(serializer)
        if self.t != before:
            # It has no place in Chainer's snapshots, where a run that is resumed starts it anew.
            self.beta_power = self.hyperparam.beta
            for _ in range(self.t):
                self.beta_power *= self.hyperparam.beta


class MSVAG(GradientMethod):
    """Momentum with learning rate ``lr``, smaller where the gradient's sign is uncertain."""

    lr = HyperparameterProxy("lr")
    beta = HyperparameterProxy("beta")
    eta = HyperparameterProxy("eta")
    weight_decay_rate = HyperparameterProxy("weight_decay_rate")

    def __init__(
        self,
        lr: float = 0.1,
        beta: float = 0.9,
        eta: float = 1.0,
        weight_decay_rate: float = 0,
    ) -> None:
        super().__init__()
        self.hyperparam.take(lr=lr, beta=beta, eta=eta, weight_decay_rate=weight_decay_rate)

    def create_update_rule(self) -> MSVAGRule:
        return MSVAGRule(self.hyperparam)
