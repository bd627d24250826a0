"""Adam and its variants; the one home of their arithmetic.

Adam: Kingma and Ba, 2015. AdamW (``eta``, ``weight_decay_rate``): Loshchilov and Hutter, 2019.
AMSGrad: Reddi, Kale and Kumar, 2018. AdaBound and AMSBound: Luo, Xiong, Liu and Sun, 2019.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from playground.graph.errors import GraphError
from playground.optimizers.gradient_method import GradientMethod
from playground.optimizers.hyperparameter import Hyperparameter, HyperparameterProxy
from playground.optimizers.update_rule import UpdateRule, subtract

__all__ = ["AMSBound", "AMSGrad", "AdaBound", "Adam", "AdamRule", "AdamW"]

DEFAULTS: dict[str, Any] = {
    "alpha": 0.001,
    "beta1": 0.9,
    "beta2": 0.999,
    "eps": 1e-8,
    "eta": 1.0,
    "weight_decay_rate": 0,
    "amsgrad": False,
    "adabound": False,
    "final_lr": 0.1,
    "gamma": 1e-3,
}
_defaults = Hyperparameter()
vars(_defaults).update(DEFAULTS)
# Below it an eps may be 0 in float32.
TINY = 1e-37


class AdamRule(UpdateRule):
    """m and v are running means of the gradient and its square; param -= αₜ · m / (√v + eps).

    αₜ = α √(1 - β₂ᵗ) / (1 - β₁ᵗ) makes up for their start at zero. Keywords are values of the
    rule's own instead of the parent's: alpha, beta1, beta2, eps, eta, weight_decay_rate, amsgrad,
    adabound, final_lr, gamma.
    """

    is_elementwise = True

    def __init__(self, parent_hyperparam: Hyperparameter | None = None, **values: Any) -> None:
        super().__init__(parent_hyperparam or _defaults)
        unknown = values.keys() - DEFAULTS.keys()
        if unknown:
            raise TypeError(f"AdamRule: unknown hyperparameter {', '.join(sorted(unknown))}")
        for name, value in values.items():
            if value is not None:
                setattr(self.hyperparam, name, value)
        self.initial_alpha = self.hyperparam.alpha

    @property
    def alpha_t(self) -> float:
        """The step size of the newest update, before it is divided by √v + eps."""
        return _alpha_t(self.hyperparam.get_dict(), self.t)

    @property
    def lr(self) -> float:
        return _renamed(self)

    @property
    def bounds(self) -> tuple[float, float]:
        """Between which AdaBound keeps αₜ / (√v + eps)."""
        if self.t == 0:
            _refuse_unstarted("the bounds of AdaBound")
        hp = self.hyperparam
        # A schedule that changes alpha is to change what the bounds tend to as well.
        final = hp.final_lr * hp.alpha / self.initial_alpha
        lower = final * (1.0 - 1.0 / (hp.gamma * self.t + 1))
        upper = final * (1.0 + 1.0 / (hp.gamma * self.t))
        return lower, upper

    def init_state(self, param: Any) -> None:
        self.begin(param.array)

    def begin(self, array: Any) -> None:
        """Forget all updates: the next one is the first, of an array like this one."""
        names = ("m", "v", "vhat") if self.hyperparam.amsgrad else ("m", "v")
        self._state = {name: np.zeros_like(array) for name in names}

    def step(self, grad: Any) -> Any:
        """What update number ``t`` subtracts from the array whose gradient is ``grad``.

        Without eta and the decay of weights, which need the array itself.
        """
        return self._step(grad, self.hyperparam.get_dict())

    def newest_step(self, dtype: Any) -> Any:
        """The same for the newest update, from what is remembered; ``dtype`` is the array's."""
        return self._stride(dtype, self.hyperparam.get_dict())

    def _step(self, grad: Any, hp: dict[str, Any]) -> Any:
        state, dtype = self._state or {}, grad.dtype
        m, v = state["m"], state["v"]
        if dtype == np.float16:
            grad = grad.astype(np.float32)
        m += (1.0 - hp["beta1"]) * (grad - m)
        v += (1.0 - hp["beta2"]) * (grad * grad - v)
        state["m"], state["v"] = m, v
        if hp["amsgrad"]:
            state["vhat"] = np.maximum(state["vhat"], v)
        return self._stride(dtype, hp)

    def _stride(self, dtype: Any, hp: dict[str, Any]) -> Any:
        state, eps = self._state or {}, hp["eps"]
        v = state["vhat" if hp["amsgrad"] else "v"]
        if dtype == np.float16:
            v = v.astype(np.float32)
        if 0 < eps < TINY:
            _refuse_vanished(eps, v.dtype)
        rate = _alpha_t(hp, self.t) / (np.sqrt(v) + eps)
        if hp["adabound"]:
            lower, upper = self.bounds
            rate = np.minimum(np.maximum(rate, lower), upper)
        return rate * state["m"]

    def update_core_cpu(self, param: Any) -> None:
        grad = param.grad
        if grad is None:
            return
        hp = self.hyperparam.get_dict()
        step = self._step(grad, hp)
        eta, decay = hp["eta"], hp["weight_decay_rate"]
        if eta != 1.0:
            step = eta * step
        if eta * decay == 0:
            subtract(param, step)
        else:
            param.array[...] = (1.0 - eta * decay) * param.array - step

    update_core_gpu = update_core_cpu


def _alpha_t(hp: dict[str, Any], t: int) -> float:
    if t == 0:
        _refuse_unstarted("the step size of Adam")
    first, second = 1.0 - math.pow(hp["beta1"], t), 1.0 - math.pow(hp["beta2"], t)
    return hp["alpha"] * math.sqrt(second) / first


def _refuse_unstarted(what: str) -> None:
    raise GraphError(f"{what} depends on the number of updates: there has been none yet")


def _refuse_vanished(eps: float, dtype: Any) -> None:
    if dtype.type(eps) == 0:
        raise ValueError(f"eps of Adam optimizer is too small for {dtype}, where {eps} is 0")


def _renamed(owner: Any) -> float:
    name = type(owner).__name__
    warnings.warn(
        f"{name}.lr is deprecated: it is called {name}.alpha_t",
        DeprecationWarning,
        stacklevel=3,
    )
    return owner.alpha_t


class Adam(GradientMethod):
    """Adam, with the flags of its variants.

    Args:
        alpha: step size.
        beta1, beta2: decay of the running means of the gradient and of its square.
        eps: added to the root of the latter.
        eta: factor on the whole update, for schedules.
        weight_decay_rate: share of itself that a parameter loses in an update (AdamW).
        amsgrad: never let the mean of squares fall.
        adabound: keep the rate of each element between bounds that close in on ``final_lr``.
        final_lr, gamma: that rate, and the speed of the bounds.
    """

    alpha = HyperparameterProxy("alpha")
    beta1 = HyperparameterProxy("beta1")
    beta2 = HyperparameterProxy("beta2")
    eps = HyperparameterProxy("eps")
    eta = HyperparameterProxy("eta")
    weight_decay_rate = HyperparameterProxy("weight_decay_rate")
    amsgrad = HyperparameterProxy("amsgrad")
    adabound = HyperparameterProxy("adabound")
    final_lr = HyperparameterProxy("final_lr")
    gamma = HyperparameterProxy("gamma")

    def __init__(
        self,
        alpha: float = DEFAULTS["alpha"],
        beta1: float = DEFAULTS["beta1"],
        beta2: float = DEFAULTS["beta2"],
        eps: float = DEFAULTS["eps"],
        eta: float = DEFAULTS["eta"],
        weight_decay_rate: float = DEFAULTS["weight_decay_rate"],
        amsgrad: bool = DEFAULTS["amsgrad"],
        adabound: bool = DEFAULTS["adabound"],
        final_lr: float = DEFAULTS["final_lr"],
        gamma: float = DEFAULTS["gamma"],
    ) -> None:
        super().__init__()
        hp = self.hyperparam
        hp.alpha, hp.beta1, hp.beta2, hp.eps = alpha, beta1, beta2, eps
        hp.eta, hp.weight_decay_rate = eta, weight_decay_rate
        hp.amsgrad, hp.adabound, hp.final_lr, hp.gamma = amsgrad, adabound, final_lr, gamma

    def create_update_rule(self) -> AdamRule:
        return AdamRule(self.hyperparam)

    @property
    def alpha_t(self) -> float:
        """The step size of the newest update. Raises GraphError before the first."""
        return _alpha_t(self.hyperparam.get_dict(), self.t)

    @property
    def lr(self) -> float:
        return _renamed(self)


class AdamW(Adam):
    """Adam with decay of the weights: the arguments alpha … weight_decay_rate of :class:`Adam`."""

    def __init__(
        self,
        alpha: float = DEFAULTS["alpha"],
        beta1: float = DEFAULTS["beta1"],
        beta2: float = DEFAULTS["beta2"],
        eps: float = DEFAULTS["eps"],
        eta: float = DEFAULTS["eta"],
        weight_decay_rate: float = DEFAULTS["weight_decay_rate"],
    ) -> None:
        super().__init__(alpha, beta1, beta2, eps, eta, weight_decay_rate)


class AMSGrad(Adam):
    """Adam whose mean of squares never falls: the arguments alpha … eta of :class:`Adam`."""

    def __init__(
        self,
        alpha: float = DEFAULTS["alpha"],
        beta1: float = DEFAULTS["beta1"],
        beta2: float = DEFAULTS["beta2"],
        eps: float = DEFAULTS["eps"],
        eta: float = DEFAULTS["eta"],
    ) -> None:
        super().__init__(alpha, beta1, beta2, eps, eta, amsgrad=True)


class AdaBound(Adam):
    """Adam whose rates are kept between bounds that close in on ``final_lr``."""

    _amsgrad = False

    def __init__(
        self,
        alpha: float = DEFAULTS["alpha"],
        beta1: float = DEFAULTS["beta1"],
        beta2: float = DEFAULTS["beta2"],
        final_lr: float = DEFAULTS["final_lr"],
        gamma: float = DEFAULTS["gamma"],
        eps: float = DEFAULTS["eps"],
        eta: float = DEFAULTS["eta"],
    ) -> None:
        flags: dict[str, Any] = {"amsgrad": self._amsgrad, "adabound": True}
        super().__init__(alpha, beta1, beta2, eps, eta, final_lr=final_lr, gamma=gamma, **flags)


class AMSBound(AdaBound):
    """Both: the mean of squares never falls, and the rates are kept between bounds."""

    _amsgrad = True
