"""Rates that adapt to each element: AdaGrad, AdaDelta, RMSprop, Graves' RMSprop and SMORMS3.

AdaGrad: Duchi, Hazan and Singer, 2011. AdaDelta: Zeiler, 2012. RMSprop: Tieleman and Hinton, 2012.
RMSpropGraves: Graves, Generating sequences with recurrent neural networks, 2013. SMORMS3: Funk,
2015.
"""

from __future__ import annotations

import numpy as np

from playground.graph.parameter import Parameter
from playground.graph.types import Raw
from playground.optimizers.arithmetic import kept
from playground.optimizers.gradient_method import GradientMethod
from playground.optimizers.hyperparameter import Hyperparameter, HyperparameterProxy
from playground.optimizers.update_rule import UpdateRule

__all__ = [
    "SMORMS3",
    "AdaDelta",
    "AdaDeltaRule",
    "AdaGrad",
    "AdaGradRule",
    "RMSprop",
    "RMSpropGraves",
    "RMSpropGravesRule",
    "RMSpropRule",
    "SMORMS3Rule",
]


def decayed(mean: Raw, share: float, news: Raw) -> Raw:
    """A running mean that keeps ``share`` of itself and takes ``news``, in its dtype."""
    # Rounded in between, as Chainer's in-place steps are.
    return kept(kept(mean * share, mean.dtype) + news, mean.dtype)


class AdaGradRule(UpdateRule):
    """h += g²; param -= lr · g / (√h + eps)."""

    is_elementwise = True

    def __init__(
        self,
        parent_hyperparam: Hyperparameter | None = None,
        lr: float | None = None,
        eps: float | None = None,
    ) -> None:
        super().__init__(parent_hyperparam or Hyperparameter.of(lr=0.001, eps=1e-8))
        self.hyperparam.take(lr=lr, eps=eps)

    def init_state(self, param: Parameter) -> None:
        self.state["h"] = np.zeros_like(param.array)

    def update_core_cpu(self, param: Parameter) -> None:
        grad = param.grad
        if grad is None:
            return
        hp = self.hyperparam
        self.state["h"] = h = kept(self.state["h"] + grad * grad, grad.dtype)
        self.subtract(param, hp.lr * grad / (np.sqrt(h) + hp.eps))

    update_core_gpu = update_core_cpu


class AdaGrad(GradientMethod):
    """AdaGrad with learning rate ``lr``: elements that have moved much move less."""

    lr = HyperparameterProxy("lr")
    eps = HyperparameterProxy("eps")

    def __init__(self, lr: float = 0.001, eps: float = 1e-8) -> None:
        super().__init__()
        self.hyperparam.take(lr=lr, eps=eps)

    def create_update_rule(self) -> AdaGradRule:
        return AdaGradRule(self.hyperparam)


class AdaDeltaRule(UpdateRule):
    """msg, msdx: running means of g² and dx²; dx = g √((msdx + eps) / (msg + eps)); param -= dx."""

    is_elementwise = True

    def __init__(
        self,
        parent_hyperparam: Hyperparameter | None = None,
        rho: float | None = None,
        eps: float | None = None,
    ) -> None:
        super().__init__(parent_hyperparam or Hyperparameter.of(rho=0.95, eps=1e-6))
        self.hyperparam.take(rho=rho, eps=eps)

    def init_state(self, param: Parameter) -> None:
        self.state["msg"] = np.zeros_like(param.array)
        self.state["msdx"] = np.zeros_like(param.array)

    def update_core_cpu(self, param: Parameter) -> None:
        grad = param.grad
        if grad is None:
            return
        # Both means are new arrays: a state that somebody has saved stays what it was.
        rho, eps, state = self.hyperparam.rho, self.hyperparam.eps, self.state
        state["msg"] = msg = decayed(state["msg"], rho, (1 - rho) * grad * grad)
        dx = np.sqrt((state["msdx"] + eps) / (msg + eps)) * grad
        state["msdx"] = decayed(state["msdx"], rho, (1 - rho) * dx * dx)
        self.subtract(param, dx)

    update_core_gpu = update_core_cpu


class AdaDelta(GradientMethod):
    """AdaDelta: steps in the units of the parameters, without a learning rate."""

    rho = HyperparameterProxy("rho")
    eps = HyperparameterProxy("eps")

    def __init__(self, rho: float = 0.95, eps: float = 1e-6) -> None:
        super().__init__()
        self.hyperparam.take(rho=rho, eps=eps)

    def create_update_rule(self) -> AdaDeltaRule:
        return AdaDeltaRule(self.hyperparam)


class RMSpropRule(UpdateRule):
    """ms: running mean of g²; param -= lr · g / (√ms + eps), or / √(ms + eps)."""

    is_elementwise = True

    def __init__(
        self,
        parent_hyperparam: Hyperparameter | None = None,
        lr: float | None = None,
        alpha: float | None = None,
        eps: float | None = None,
        eps_inside_sqrt: bool | None = None,
    ) -> None:
        usual = Hyperparameter.of(lr=0.01, alpha=0.99, eps=1e-8, eps_inside_sqrt=False)
        super().__init__(parent_hyperparam or usual)
        self.hyperparam.take(lr=lr, alpha=alpha, eps=eps, eps_inside_sqrt=eps_inside_sqrt)

    def init_state(self, param: Parameter) -> None:
        self.state["ms"] = np.zeros_like(param.array)

    def update_core_cpu(self, param: Parameter) -> None:
        grad = param.grad
        if grad is None:
            return
        hp = self.hyperparam
        eps = grad.dtype.type(hp.eps)
        if hp.eps != 0 and eps == 0:
            raise ValueError(f"eps of RMSprop is too small for {grad.dtype}, where {hp.eps} is 0")
        ms = decayed(self.state["ms"], hp.alpha, (1 - hp.alpha) * grad * grad)
        self.state["ms"] = ms
        # Inside the root eps bounds the slope of the step as well, as TensorFlow has it.
        root = np.sqrt(ms + eps) if hp.eps_inside_sqrt else np.sqrt(ms) + eps
        self.subtract(param, hp.lr * grad / root)

    update_core_gpu = update_core_cpu


class RMSprop(GradientMethod):
    """RMSprop with learning rate ``lr``; ``alpha`` is the share that the mean square keeps."""

    lr = HyperparameterProxy("lr")
    alpha = HyperparameterProxy("alpha")
    eps = HyperparameterProxy("eps")
    eps_inside_sqrt = HyperparameterProxy("eps_inside_sqrt")

    def __init__(
        self,
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        eps_inside_sqrt: bool = False,
    ) -> None:
        super().__init__()
        self.hyperparam.take(lr=lr, alpha=alpha, eps=eps, eps_inside_sqrt=eps_inside_sqrt)

    def create_update_rule(self) -> RMSpropRule:
        return RMSpropRule(self.hyperparam)


class RMSpropGravesRule(UpdateRule):
    """n, g: running means of g² and g; delta = momentum · delta - lr · g / √(n - g² + eps)."""

    is_elementwise = True

    def __init__(
        self,
        parent_hyperparam: Hyperparameter | None = None,
        lr: float | None = None,
        alpha: float | None = None,
        momentum: float | None = None,
        eps: float | None = None,
    ) -> None:
        usual = Hyperparameter.of(lr=1e-4, alpha=0.95, momentum=0.9, eps=1e-4)
        super().__init__(parent_hyperparam or usual)
        self.hyperparam.take(lr=lr, alpha=alpha, momentum=momentum, eps=eps)

    def init_state(self, param: Parameter) -> None:
        for name in ("n", "g", "delta"):
            self.state[name] = np.zeros_like(param.array)

    def update_core_cpu(self, param: Parameter) -> None:
        grad = param.grad
        if grad is None:
            return
        hp, state = self.hyperparam, self.state
        state["n"] = n = decayed(state["n"], hp.alpha, (1 - hp.alpha) * grad * grad)
        state["g"] = g = decayed(state["g"], hp.alpha, (1 - hp.alpha) * grad)
        # The variance about the mean, not about 0.
        step = hp.lr * grad / np.sqrt(n - g * g + hp.eps)
        state["delta"] = delta = decayed(state["delta"], hp.momentum, -step)
        self.subtract(param, -delta)

    update_core_gpu = update_core_cpu


class RMSpropGraves(GradientMethod):
    """RMSprop by the variance of the gradient, with momentum."""

    lr = HyperparameterProxy("lr")
    alpha = HyperparameterProxy("alpha")
    momentum = HyperparameterProxy("momentum")
    eps = HyperparameterProxy("eps")

    def __init__(
        self, lr: float = 1e-4, alpha: float = 0.95, momentum: float = 0.9, eps: float = 1e-4
    ) -> None:
        super().__init__()
        self.hyperparam.take(lr=lr, alpha=alpha, momentum=momentum, eps=eps)

    def create_update_rule(self) -> RMSpropGravesRule:
        return RMSpropGravesRule(self.hyperparam)


class SMORMS3Rule(UpdateRule):
    """A rate of at most lr, g̅² / g̅²-of-squares: small where the gradient's sign is noise."""

    is_elementwise = True

    def __init__(
        self,
        parent_hyperparam: Hyperparameter | None = None,
        lr: float | None = None,
        eps: float | None = None,
    ) -> None:
        super().__init__(parent_hyperparam or Hyperparameter.of(lr=0.001, eps=1e-16))
        self.hyperparam.take(lr=lr, eps=eps)

    def init_state(self, param: Parameter) -> None:
        self.state["mem"] = np.ones_like(param.array)
        self.state["g"] = np.zeros_like(param.array)
        self.state["g2"] = np.zeros_like(param.array)

    def update_core_cpu(self, param: Parameter) -> None:
        grad = param.grad
        if grad is None:
            return
        lr, eps, state = self.hyperparam.lr, self.hyperparam.eps, self.state
        dtype = grad.dtype
        r = 1 / (state["mem"] + 1)
        state["g"] = g = kept((1 - r) * state["g"] + r * grad, dtype)
        state["g2"] = g2 = kept((1 - r) * state["g2"] + r * grad * grad, dtype)
        x = g * g / (g2 + eps)
        self.subtract(param, grad * np.minimum(x, lr) / (np.sqrt(g2) + eps))
        # How many gradients the means remember: fewer where their sign has become certain.
        state["mem"] = kept(1 + state["mem"] * (1 - x), dtype)

    update_core_gpu = update_core_cpu


class SMORMS3(GradientMethod):
    """SMORMS3: squared mean over root mean squared cubed."""

    lr = HyperparameterProxy("lr")
    eps = HyperparameterProxy("eps")

    def __init__(self, lr: float = 0.001, eps: float = 1e-16) -> None:
        super().__init__()
        self.hyperparam.take(lr=lr, eps=eps)

    def create_update_rule(self) -> SMORMS3Rule:
        return SMORMS3Rule(self.hyperparam)
