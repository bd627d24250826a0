"""Parameter: a Variable to be optimised, whose shape may be known later than itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from playground.graph import backprop
from playground.graph.backend import Device, is_array
from playground.graph.config import config
from playground.graph.errors import GraphError
from playground.graph.types import Operand, Raw
from playground.graph.variable import Variable

__all__ = ["Parameter"]


class Parameter(Variable):
    """A Variable to be optimised, perhaps of a shape that is known only later.

    Args:
        initializer: an array (the values), a number (fills ``shape``), a callable that fills an
            array in place, or None (NaN, so that a forgotten initialisation shows).
        shape: None leaves the parameter uninitialised until :meth:`initialize`.
        name: shown by ``repr``.
    """

    __slots__ = ("_device", "_first_grad", "initializer", "update_rule")

    def __init__(
        self,
        initializer: Operand = None,
        shape: int | Sequence[int] | None = None,
        name: str | None = None,
    ) -> None:
        given = shape is None and is_array(initializer)
        super().__init__(initializer if given else None, name=name)
        self.initializer = float("nan") if initializer is None else initializer
        self.update_rule: Any = None
        # Where the array goes that initialize makes; one that exists stays where it is.
        self._device: Device | None = None
        # Until cleargrad: a backward into a gradient that nobody has cleared must show.
        self._first_grad: float | None = float("nan")
        if shape is not None:
            self.initialize((shape,) if isinstance(shape, int) else tuple(shape))

    @property
    def is_initialized(self) -> bool:
        return self._array is not None

    @property
    def dtype(self) -> Any:
        if self._array is not None:
            return self._array.dtype
        return np.dtype(getattr(self.initializer, "dtype", None) or config.dtype)

    def initialize(self, shape: Iterable[int]) -> None:
        """Make the array; its gradient starts as NaN until ``cleargrad`` (as in Chainer)."""
        # Filled in place, as Chainer's initializers are written.
        array = np.empty(tuple(shape), self.dtype)
        if callable(self.initializer):
            self.initializer(array)
        else:
            array[...] = self.initializer
        grad = None if self._first_grad is None else np.full_like(array, self._first_grad)
        if self._device is not None:
            array = self._device.put(array)
            grad = None if grad is None else self._device.put(grad)
        self.array = array
        self._grad = grad

    def cleargrad(self) -> None:
        super().cleargrad()
        self._first_grad = None

    def zerograd(self) -> None:
        super().zerograd()
        self._first_grad = 0.0

    def update(self) -> None:
        """Apply the update rule, if an optimizer has given this parameter one."""
        if self.update_rule is not None:
            self.update_rule.update(self)

    @property
    def grad(self) -> Any:
        if self._array is None and self._first_grad is not None:
            raise GraphError(
                f"grad of {self._title()}: the parameter is not initialised: call "
                f"initialize(shape) or run the model once"
            )
        return Variable.grad.fget(self)  # type: ignore[attr-defined]

    @grad.setter
    def grad(self, gradient: Raw) -> None:
        # super() reads a property of the class above, but cannot set it.
        Variable.grad.fset(self, gradient)  # type: ignore[attr-defined]

    def __copy__(self) -> Variable:
        if self._is_inside():
            return self.copy()
        return _rebuild_parameter(*self._parts())

    def _taken_apart(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _rebuild_parameter, self._parts()

    def _parts(self) -> tuple[Any, ...]:
        grad = backprop.raw(self._grad)
        own = (self._first_grad, self.update_rule, self._device)
        return self._array, self.initializer, self.name, grad, *own


def _rebuild_parameter(
    array: Raw,
    initializer: Operand,
    name: str | None,
    grad: Raw,
    first_grad: float | None,
    rule: object,
    device: Device | None = None,
) -> Parameter:
    parameter = Parameter(array, name=name)
    parameter.initializer, parameter.update_rule = initializer, rule
    parameter._grad, parameter._first_grad, parameter._device = grad, first_grad, device
    return parameter
