"""Optimizer and GradientMethod: from a loss to updated parameters of a link."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, ClassVar

import numpy as np

from playground.graph.backend import to_cpu
from playground.graph.errors import GraphError
from playground.graph.parameter import Parameter
from playground.graph.types import Serializing
from playground.links.link import Link
from playground.optimizers.hooks import Hooks
from playground.optimizers.hyperparameter import Hyperparameter
from playground.optimizers.update_rule import UpdateRule

__all__ = ["GradientMethod", "Optimizer"]

# A loss scale beyond it would overflow float16, which is what scaling is for.
LARGEST_LOSS_SCALE = 65504.0


class Optimizer:
    """What changes the parameters of a link; a subclass defines :meth:`update`.

    Attributes:
        target: the link, from :meth:`setup` on.
        t: how many updates were made.
        epoch: how often :meth:`new_epoch` was called.
        use_auto_new_epoch: whether a training loop calls it, and the user must not.
    """

    target: Any = None
    t = 0
    epoch = 0
    use_auto_new_epoch = False
    _hooks: Hooks | None = None
    _loss_scale: float | None = None
    _scale_interval: int | None = None  # the loss scale adapts itself if there is one
    _overflowed = False
    _overflowed_ever = False

    def setup(self, link: Link) -> Any:
        """Optimize the parameters of ``link`` from now on; returns the optimizer."""
        if not isinstance(link, Link):
            raise TypeError(
                f"setup: expected a Link, got {type(link).__name__}: put the parameters into a "
                f"Link, each assigned within link.init_scope()"
            )
        self.target = link
        self.t = self.epoch = 0
        self._hooks = Hooks()
        return self

    def update(self, lossfun: Callable[..., Any] | None = None, *args: Any, **kwds: Any) -> None:
        """Update the parameters, from ``lossfun(*args, **kwds)`` or from gradients that exist."""
        raise NotImplementedError(f"{type(self).__name__}: define update(lossfun, *args, **kwds)")

    def new_epoch(self, auto: bool = False) -> None:
        """Count an epoch; ``auto`` says that a training loop calls. Raises GraphError."""
        if auto != self.use_auto_new_epoch:
            who, flag = ("the training loop", True) if auto else ("new_epoch", False)
            raise GraphError(
                f"new_epoch: called by {who} while use_auto_new_epoch is {not flag}: either the "
                f"loop counts the epochs (use_auto_new_epoch = True) or you do"
            )
        self.epoch += 1

    # ------------------------------------------------------------------------------------ hooks

    def _ready(self) -> Hooks:
        if self._hooks is None:
            raise GraphError(
                f"{type(self).__name__}: the optimizer has no link to update: call setup(link)"
            )
        return self._hooks

    def add_hook(
        self, hook: Callable[..., Any], name: str | None = None, timing: str = "auto"
    ) -> None:
        """Call ``hook(optimizer)`` before (``'pre'``) or after (``'post'``) each update.

        A hook whose attribute ``call_for_each_param`` is true is called as ``hook(rule, param)``.
        """
        self._ready().add(hook, name, timing)

    def remove_hook(self, name: str) -> None:
        """Forget a hook. Raises KeyError."""
        self._ready().remove(name)

    def call_hooks(self, timing: str = "pre") -> None:
        """Call the hooks of one timing."""
        for hook in self._ready().of(timing):
            self.call_hook(hook)

    def call_hook(self, hook: Any) -> None:
        if getattr(hook, "call_for_each_param", False):
            for param in self.target.params():
                hook(param.update_rule, param)
        else:
            hook(self)

    # ------------------------------------------------------------------------------ serialization

    def serialize(self, serializer: Serializing) -> None:
        """Hand the counts and the state of every update rule to ``serializer``.

        The parameters themselves are the link's to serialize.
        """
        self._ready()
        self.t = serializer("t", self.t)
        self.epoch = serializer("epoch", self.epoch)
        for path, param in self.target.namedparams():
            if param.update_rule is not None:
                param.update_rule.serialize(serializer[path])

    # ------------------------------------------------------------------------------ loss scaling

    def loss_scaling(self, interval: int = 1000, scale: float | None = None) -> None:
        """Multiply the loss, so that small float16 gradients do not vanish, and divide again.

        Without ``scale`` the factor adapts itself: half after an overflow, else twice in every
        ``interval`` updates (twice in each until the first overflow).
        """
        if scale is not None:
            if not scale > 0:
                raise ValueError(f"loss_scaling: expected a scale above 0, got {scale!r}")
            self._loss_scale = scale
            return
        if interval < 1:
            raise ValueError(f"loss_scaling: expected an interval of 1 or more, got {interval!r}")
        self._loss_scale, self._scale_interval, self._overflowed_ever = 1.0, interval, False

    def set_loss_scale(self, loss_scale: float) -> None:
        """A fixed loss scale."""
        self.loss_scaling(scale=loss_scale)

    def check_nan_in_grads(self) -> None:
        """Note whether a gradient is not finite, where the loss scale adapts itself."""
        self._overflowed = False
        if self._scale_interval is None:
            return
        for name, param in self.target.namedparams(False):
            if not np.isfinite(to_cpu(param.grad)).all():
                self._overflowed = self._overflowed_ever = True
                warnings.warn(
                    f"the gradient of {name} is not finite (update {self.t}, loss scale "
                    f"{self._loss_scale}): the parameters are left as they are",
                    stacklevel=3,
                )

    def is_safe_to_update(self) -> bool:
        """Whether :meth:`check_nan_in_grads` found all gradients finite."""
        return not self._overflowed

    def update_loss_scale(self) -> None:
        """Let the loss scale adapt itself, if it is to."""
        if self._scale_interval is None or self._loss_scale is None:
            return
        # It climbs fast until it has once met its limit, and creeps from there on: an overflow
        # costs an update, a scale too small a few bits of small gradients.
        if self._overflowed:
            factor = 0.5
        else:
            factor = math.pow(2.0, 1.0 / self._scale_interval) if self._overflowed_ever else 2.0
        self._loss_scale = max(1.0, min(LARGEST_LOSS_SCALE, self._loss_scale * factor))


def _knowing_its_names(init: Callable[..., None]) -> Callable[..., None]:
    """A constructor that takes other names, and tells its own where one is not known."""
    parameters = [*signature(init).parameters.values()][1:]
    known = [p.name for p in parameters]
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return init

    @wraps(init)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        for name in kwargs.keys() - {*known}:
            own = self.other_names.get(name)
            if own in kwargs or own in known[: len(args)]:
                raise TypeError(
                    f"{type(self).__name__}: {name} is another name of {own}: give one of the two"
                )
            if own not in known:
                raise TypeError(
                    f"{type(self).__name__}: there is no argument {name!r}: it takes "
                    f"{', '.join(known) or 'none'}"
                )
            kwargs[own] = kwargs.pop(name)
        init(self, *args, **kwargs)

    return checked


class GradientMethod(Optimizer):
    """An optimizer that needs one gradient an update; a subclass makes its update rules.

    Attributes:
        hyperparam: the values that all update rules share, unless one has its own.
        other_names: what an argument is called elsewhere -> its name here.
    """

    other_names: ClassVar[dict[str, str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            cls.__init__ = _knowing_its_names(cls.__init__)  # type: ignore[method-assign]

    def __init__(self) -> None:
        self.hyperparam = Hyperparameter()
        self._use_fp32_update = False
        self._use_cleargrads = True

    def create_update_rule(self) -> UpdateRule:
        """A new update rule, for one parameter."""
        raise NotImplementedError(f"{type(self).__name__}: define create_update_rule()")

    def setup(self, link: Link) -> Any:
        super().setup(link)
        for param in link.params():
            param.update_rule = self.create_update_rule()
            if self._use_fp32_update:
                param.update_rule.use_fp32_update()
        return self

    def update(self, lossfun: Callable[..., Any] | None = None, *args: Any, **kwds: Any) -> None:
        """Update the parameters once.

        With ``lossfun`` the gradients are those of ``lossfun(*args, **kwds)``; without it they
        are what a backward pass has left in the parameters.
        """
        hooks = self._ready()
        if lossfun is not None:
            self._differentiate(lossfun(*args, **kwds))
        params = list(self.target.params())
        self._reallocate(params)
        # What is seldom asked for costs a step nothing.
        adapting = self._scale_interval is not None
        if adapting:
            self.check_nan_in_grads()
        if hooks:
            self.call_hooks("pre")
        # Counted also where an overflow leaves the parameters as they are: so Chainer counts.
        self.t += 1
        if not adapting or self.is_safe_to_update():
            for param in params:
                param.update()
        # An update rule of the user's may have cleared a gradient, which post hooks may read.
        self._reallocate(params)
        if hooks:
            self.call_hooks("post")
        if adapting:
            self.update_loss_scale()

    def _differentiate(self, loss: Any) -> None:
        """Put the gradients of ``loss`` into the parameters; its graph ends here."""
        if self._use_cleargrads:
            self.target.cleargrads()
        else:
            self.target.zerograds()
        loss.backward(loss_scale=self._loss_scale)

    def _reallocate(self, params: list[Parameter]) -> None:
        for param in params:
            if param._grad is None:
                self.reallocate_cleared_grads()
                return

    def reallocate_cleared_grads(self) -> None:
        """Give zeros to every parameter without a gradient."""
        for param in self.target.params(False):
            if param._grad is None:
                param.grad = np.zeros_like(param.array)

    def call_hook(self, hook: Any) -> None:
        super().call_hook(hook)
        self.reallocate_cleared_grads()

    def use_cleargrads(self, use: bool = True) -> None:
        """Whether :meth:`update` clears gradients (as by default) or sets them to zero."""
        warnings.warn(
            "use_cleargrads is deprecated: update() clears the gradients anyway",
            DeprecationWarning,
            stacklevel=2,
        )
        self._use_cleargrads = use

    def use_fp32_update(self, flag: bool = True) -> None:
        """Whether float16 parameters are updated by way of copies in float32."""
        self._use_fp32_update = flag
        if self.target is not None:
            for param in self.target.params():
                param.update_rule.use_fp32_update(flag)
