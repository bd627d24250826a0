"""Adam and its variants, and the one home of their arithmetic: functions of arrays and numbers.

Adam: Kingma and Ba, 2015. AdamW (``eta``, ``weight_decay_rate``): Loshchilov and Hutter, 2019.
AMSGrad: Reddi, Kale and Kumar, 2018. AdaBound and AMSBound: Luo, Xiong, Liu and Sun, 2019.
"""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np

from playground.graph.errors import GraphError
from playground.graph.parameter import Parameter
from playground.graph.types import Raw, Scalar
from playground.optimizers.arithmetic import Number, beside, kept, square_root, to_the_power
from playground.optimizers.gradient_method import GradientMethod
from playground.optimizers.hyperparameter import Hyperparameter, HyperparameterProxy
from playground.optimizers.update_rule import UpdateRule

__all__ = [
    "AMSBound",
    "AMSGrad",
    "AdaBound",
    "Adam",
    "AdamRule",
    "AdamW",
    "adam_bounds",
    "adam_moments",
    "adam_rate",
    "adam_stride",
]

# Chainer's.
ADAM_DEFAULTS: dict[str, Any] = {
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
USUAL_ADAM = Hyperparameter.of(**ADAM_DEFAULTS)
# Below it an eps may be 0 in float32.
TINY = 1e-37


# -------------------------------------------------------------------------------- the arithmetic


def adam_rate(alpha: float, beta1: float, beta2: float, t: Number) -> Number:
    """αₜ = α √(1 - β₂ᵗ) / (1 - β₁ᵗ), which makes up for the means' start at zero."""
    return alpha * square_root(1.0 - to_the_power(beta2, t)) / (1.0 - to_the_power(beta1, t))


def adam_moments(grad: Raw, m: Raw, v: Raw, beta1: float, beta2: float) -> tuple[Raw, Raw]:
    """The running means of the gradient and of its square, with one more gradient in them."""
    if grad.dtype == np.float16:
        grad = grad.astype(np.float32)  # its square would overflow from 256 on
    # New arrays cost no more than changed ones: of large ones NumPy computes all three operations
    # in the memory of the difference, which nobody else holds (n = 1000: 11.0 ms against 11.6).
    return (
        kept(m + (1.0 - beta1) * (grad - m), m.dtype),
        kept(v + (1.0 - beta2) * (grad * grad - v), v.dtype),
    )


def adam_bounds(final: float, gamma: float, t: Number) -> tuple[Number, Number]:
    """Between which AdaBound keeps αₜ / (√v + eps) after ``t`` updates."""
    return final * (1.0 - 1.0 / (gamma * t + 1)), final * (1.0 + 1.0 / (gamma * t))


def adam_stride(
    m: Raw, v: Raw, alpha_t: Number, eps: float, bounds: tuple[Number, Number] | None = None
) -> Raw:
    """What is subtracted: αₜ / (√v + eps) · m, the rate kept between ``bounds``."""
    if v.dtype == np.float16:
        v = v.astype(np.float32)  # the usual eps, 1e-8, is 0 in float16
    if 0 < eps < TINY and v.dtype.type(eps) == 0:
        raise ValueError(f"eps of Adam optimizer is too small for {v.dtype}, where {eps} is 0")
    rate = beside(alpha_t, v) / (np.sqrt(v) + eps)
    if bounds is not None:
        lower, upper = bounds
        rate = np.minimum(np.maximum(rate, beside(lower, v)), beside(upper, v))
    return rate * m


# ------------------------------------------------------------------------------- the update rule


class AdamRule(UpdateRule):
    """m and v are running means of the gradient and its square; param -= αₜ · m / (√v + eps).

    Keywords are values of the rule's own instead of the parent's: alpha, beta1, beta2, eps, eta,
    weight_decay_rate, amsgrad, adabound, final_lr, gamma.
    """

    is_elementwise = True

    def __init__(
        self, parent_hyperparam: Hyperparameter | None = None, **values: Scalar | None
    ) -> None:
        super().__init__(parent_hyperparam or USUAL_ADAM)
        unknown = values.keys() - ADAM_DEFAULTS.keys()
        if unknown:
            raise TypeError(f"AdamRule: unknown hyperparameter {', '.join(sorted(unknown))}")
        self.hyperparam.take(**values)
        self.initial_alpha = self.hyperparam.alpha

    @property
    def alpha_t(self) -> float:
        """The step size of the newest update, before it is divided by √v + eps."""
        return _newest_rate(self.hyperparam.get_dict(), self.t)

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
        return adam_bounds(hp.final_lr * hp.alpha / self.initial_alpha, hp.gamma, self.t)

    def init_state(self, param: Parameter) -> None:
        names = ("m", "v", "vhat") if self.hyperparam.amsgrad else ("m", "v")
        self._state = {name: np.zeros_like(param.array) for name in names}

    def update_core_cpu(self, param: Parameter) -> None:
        grad = param.grad
        if grad is None:
            return
        hp = self.hyperparam.get_dict()
        step = self._stride(grad, hp)
        eta, decay = hp["eta"], hp["weight_decay_rate"]
        if eta != 1.0:
            step = eta * step
        if eta * decay == 0:
            self.subtract(param, step)
        else:
            # Beside the step: a decay within the gradient would be divided by √v as well.
            param.array[...] = (1.0 - eta * decay) * param.array - step

    update_core_gpu = update_core_cpu

    def _stride(self, grad: Raw, hp: dict[str, Any]) -> Raw:
        state = self.state
        m, v = adam_moments(grad, state["m"], state["v"], hp["beta1"], hp["beta2"])
        state["m"], state["v"] = m, v
        if hp["amsgrad"]:
            state["vhat"] = v = np.maximum(state["vhat"], v)
        bounds = self.bounds if hp["adabound"] else None
        return adam_stride(m, v, _newest_rate(hp, self.t), hp["eps"], bounds)


def _newest_rate(hp: dict[str, Any], t: int) -> float:
    if t == 0:
        _refuse_unstarted("the step size of Adam")
    return adam_rate(hp["alpha"], hp["beta1"], hp["beta2"], t)


def _refuse_unstarted(what: str) -> None:
    raise GraphError(f"{what} depends on the number of updates: there has been none yet")


def _renamed(owner: AdamRule | Adam) -> float:
    name = type(owner).__name__
    warnings.warn(
        f"{name}.lr is deprecated: it is called {name}.alpha_t",
        DeprecationWarning,
        stacklevel=3,
    )
    return owner.alpha_t


# ----------------------------------------------------------------------------- Chainer's classes


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

    other_names: ClassVar = {"lr": "alpha"}

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
        alpha: float = ADAM_DEFAULTS["alpha"],
        beta1: float = ADAM_DEFAULTS["beta1"],
        beta2: float = ADAM_DEFAULTS["beta2"],
        eps: float = ADAM_DEFAULTS["eps"],
        eta: float = ADAM_DEFAULTS["eta"],
        weight_decay_rate: float = ADAM_DEFAULTS["weight_decay_rate"],
        amsgrad: bool = ADAM_DEFAULTS["amsgrad"],
        adabound: bool = ADAM_DEFAULTS["adabound"],
        final_lr: float = ADAM_DEFAULTS["final_lr"],
        gamma: float = ADAM_DEFAULTS["gamma"],
    ) -> None:
        super().__init__()
        take = self.hyperparam.take
        take(alpha=alpha, beta1=beta1, beta2=beta2, eps=eps)
        take(eta=eta, weight_decay_rate=weight_decay_rate)
        take(amsgrad=amsgrad, adabound=adabound, final_lr=final_lr, gamma=gamma)

    def create_update_rule(self) -> AdamRule:
        return AdamRule(self.hyperparam)

    @property
    def alpha_t(self) -> float:
        """The step size of the newest update. Raises GraphError before the first."""
        return _newest_rate(self.hyperparam.get_dict(), self.t)

    @property
    def lr(self) -> float:
        return _renamed(self)


class AdamW(Adam):
    """Adam with decay of the weights: the arguments alpha … weight_decay_rate of :class:`Adam`."""

    def __init__(
        self,
        alpha: float = ADAM_DEFAULTS["alpha"],
        beta1: float = ADAM_DEFAULTS["beta1"],
        beta2: float = ADAM_DEFAULTS["beta2"],
        eps: float = ADAM_DEFAULTS["eps"],
        eta: float = ADAM_DEFAULTS["eta"],
        weight_decay_rate: float = ADAM_DEFAULTS["weight_decay_rate"],
    ) -> None:
        super().__init__(alpha, beta1, beta2, eps, eta, weight_decay_rate)


class AMSGrad(Adam):
    """Adam whose mean of squares never falls: the arguments alpha … eta of :class:`Adam`."""

    def __init__(
        self,
        alpha: float = ADAM_DEFAULTS["alpha"],
        beta1: float = ADAM_DEFAULTS["beta1"],
        beta2: float = ADAM_DEFAULTS["beta2"],
        eps: float = ADAM_DEFAULTS["eps"],
        eta: float = ADAM_DEFAULTS["eta"],
    ) -> None:
        super().__init__(alpha, beta1, beta2, eps, eta, amsgrad=True)


class AdaBound(Adam):
    """Adam whose rates are kept between bounds that close in on ``final_lr``."""

    _amsgrad = False

    def __init__(
        self,
        alpha: float = ADAM_DEFAULTS["alpha"],
        beta1: float = ADAM_DEFAULTS["beta1"],
        beta2: float = ADAM_DEFAULTS["beta2"],
        final_lr: float = ADAM_DEFAULTS["final_lr"],
        gamma: float = ADAM_DEFAULTS["gamma"],
        eps: float = ADAM_DEFAULTS["eps"],
        eta: float = ADAM_DEFAULTS["eta"],
    ) -> None:
        flags: dict[str, Any] = {"amsgrad": self._amsgrad, "adabound": True}
        super().__init__(alpha, beta1, beta2, eps, eta, final_lr=final_lr, gamma=gamma, **flags)


class AMSBound(AdaBound):
    """Both: the mean of squares never falls, and the rates are kept between bounds."""

    _amsgrad = True
