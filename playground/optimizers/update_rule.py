"""UpdateRule: how one parameter is updated from its gradient."""

from __future__ import annotations

import copy as copies
from collections.abc import Callable
from typing import Any

import numpy as np

from playground.graph.backend import array_like, is_array
from playground.graph.parameter import Parameter
from playground.graph.types import Raw, Serializing
from playground.optimizers.hooks import Hooks
from playground.optimizers.hyperparameter import Hyperparameter
from playground.serializer import Deserializer

__all__ = ["UpdateRule"]


class UpdateRule:
    """The update of one parameter; a subclass defines :meth:`update_core`.

    Args:
        parent_hyperparam: where values come from that this rule does not set itself.

    Attributes:
        enabled: whether :meth:`update` does anything.
        hyperparam: the rule's values.
        t: how many updates it has made.
    """

    def __init__(self, parent_hyperparam: Hyperparameter | None = None) -> None:
        self.hyperparam = Hyperparameter(parent_hyperparam)
        self.enabled = True
        self.t = 0
        self._state: dict[str, Raw] | None = None
        self._kind: type | None = None
        self._hooks: Hooks | None = None
        self._use_fp32_update = False
        self._fp32_param: Parameter | None = None

    @property
    def state(self) -> Any:
        """What the rule remembers, by name; None before the first update."""
        return self._state

    # -------------------------------------------------------------------- what subclasses define

    def init_state(self, param: Parameter) -> None:
        """Fill ``self.state`` before the first update of ``param``."""

    def update_core(self, param: Parameter) -> None:
        """Update ``param.array`` from ``param.grad``; by default update_core_cpu or …_gpu."""
        if type(param.array) is np.ndarray:
            self.update_core_cpu(param)
        else:
            self.update_core_gpu(param)

    def update_core_cpu(self, param: Parameter) -> None:
        raise NotImplementedError(f"{type(self).__name__}: define update_core(param)")

    def update_core_gpu(self, param: Parameter) -> None:
        raise NotImplementedError(
            f"{type(self).__name__}: define update_core(param) for device arrays"
        )

    def subtract(self, param: Parameter, step: Raw) -> None:
        """``param.array -= step``, in place where its type can, so that who shares it sees it."""
        array = param._array
        array -= step
        if array is not param._array:
            param.array = array

    # ------------------------------------------------------------------------------ the update

    def update(self, param: Parameter) -> None:
        """Call the hooks and update ``param``, unless the rule is disabled."""
        if not self.enabled:
            return
        # Counted before the update, as Chainer does: the first one is number 1 in every formula.
        self.t += 1
        array = param._array
        if array is None:
            return  # there is nothing to update before the first use of the model
        loss_scale = param._node._loss_scale
        if self._use_fp32_update and array.dtype == np.float16:
            self._update_in_float32(param, loss_scale)
        else:
            self._update(param, loss_scale)

    def _update(self, param: Parameter, loss_scale: float | None) -> None:
        self._init_states(param)
        if loss_scale is not None:
            param.grad = param.grad / loss_scale
        if self._hooks is None:
            self.update_core(param)
            return
        for hook in self._hooks.of("pre"):
            hook(self, param)
        self.update_core(param)
        for hook in self._hooks.of("post"):
            hook(self, param)

    def _init_states(self, param: Parameter) -> None:
        if self._state is None:
            self._state = {}
            self.init_state(param)
        kind = type(param._array)
        if kind is not self._kind:  # the parameter has moved to another device since
            self._kind = kind
            for name, value in self._state.items():
                if is_array(value):
                    self._state[name] = array_like(value, param._array)

    def _update_in_float32(self, param: Parameter, loss_scale: float | None) -> None:
        """Update a float32 copy of a float16 parameter, which small steps do not get lost in."""
        if self._fp32_param is None:
            self._fp32_param = Parameter(param.array.astype(np.float32), name=param.name)
        single = self._fp32_param
        single.grad = param.grad.astype(np.float32)
        self._update(single, loss_scale)
        param.array = single.array.astype(param.dtype)
        single.cleargrad()

    def use_fp32_update(self, flag: bool = True) -> None:
        """Whether a float16 parameter is updated by way of a copy in float32."""
        self._use_fp32_update = flag

    # ------------------------------------------------------------------------------ serialization

    def serialize(self, serializer: Serializing) -> None:
        """Hand the count of updates and the state to ``serializer``, and keep what it returns."""
        self.t = serializer("t", self.t)
        if self._state is None:
            if isinstance(serializer, Deserializer):
                self._state = self._read_state(serializer)
            return
        for name, value in self._state.items():
            self._state[name] = serializer(name, value)

    def _read_state(self, serializer: Deserializer) -> dict[str, Raw] | None:
        """A state as it was saved; None where it was saved before the first update."""
        # What the state is made of, only init_state knows: tried out on a copy.
        blank = copies.copy(self)
        blank._state = {}
        blank.init_state(Parameter(np.zeros(1, np.float32)))
        values = {}
        for name in blank._state:
            try:
                values[name] = serializer(name, None)
            except KeyError:
                if self.enabled:
                    raise
                return None
        # Chainer writes None for what a rule has not made yet, and makes it at the first update.
        return None if any(value is None for value in values.values()) else values

    # ------------------------------------------------------------------------------------ hooks

    def add_hook(
        self, hook: Callable[..., Any], name: str | None = None, timing: str = "auto"
    ) -> None:
        """Call ``hook(rule, param)`` before (``'pre'``) or after (``'post'``) each update."""
        if self._hooks is None:
            self._hooks = Hooks()
        self._hooks.add(hook, name, timing)

    def remove_hook(self, name: str) -> None:
        """Forget a hook. Raises KeyError."""
        (self._hooks or Hooks()).remove(name)
