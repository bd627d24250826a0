"""Shifts: hyperparameters of an optimizer that change in the course of a training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from playground.graph.types import Serializing
from playground.optimizers import Optimizer
from playground.training.extension import Extension

if TYPE_CHECKING:
    from playground.training.trainer import Trainer

__all__ = [
    "ExponentialShift",
    "InverseShift",
    "LinearShift",
    "MultistepShift",
    "PolynomialShift",
    "StepShift",
    "WarmupShift",
]


class Shift(Extension):
    """Base class: sets an attribute of an optimizer to the value at call t.

    A subclass defines :meth:`value_at`.
    """

    def __init__(self, attr: str, optimizer: Optimizer | None) -> None:
        self._attr, self._optimizer = attr, optimizer
        self._t = 0

    def value_at(self, t: int) -> Any:
        """The value after ``t`` calls."""
        raise NotImplementedError(f"{type(self).__name__}: define value_at(t)")

    def _get_optimizer(self, trainer: Trainer) -> Any:
        return self._optimizer or trainer.updater.get_optimizer("main")

    def _set(self, trainer: Trainer, value: Any) -> None:
        setattr(self._get_optimizer(trainer), self._attr, value)

    def __call__(self, trainer: Trainer) -> None:
        # From the first value each time, so that rounding does not add up over many calls.
        self._t += 1
        self._set(trainer, self.value_at(self._t))

    def serialize(self, serializer: Serializing) -> None:
        """Save or load how often it was called."""
        self._t = serializer("_t", self._t)


class RememberingShift(Shift):
    """Base class: a shift that goes on after a snapshot with the value that it had set last."""

    _init: Any = None
    _last_value: Any = None

    def initialize(self, trainer: Trainer) -> None:
        """Set the first value, or the last one before a snapshot."""
        if self._init is None:
            self._init = getattr(self._get_optimizer(trainer), self._attr)
        self._set(trainer, self._first() if self._last_value is None else self._last_value)

    def _first(self) -> Any:
        return self._init

    def _set(self, trainer: Trainer, value: Any) -> None:
        super()._set(trainer, value)
        self._last_value = value

    def serialize(self, serializer: Serializing) -> None:
        """Save or load how often it was called, and the last value."""
        super().serialize(serializer)
        self._last_value = serializer("_last_value", self._last_value)
        # A deserializer may give an array.
        if hasattr(self._last_value, "item"):
            self._last_value = self._last_value.item()


def _bounded(value: Any, target: float | None, rising: bool) -> Any:
    """``value``, or ``target`` once it is beyond; of negative ones, further from 0 is beyond."""
    if target is None:
        return value
    beyond = value / target > 1 if rising else value / target < 1
    return target if beyond else value


class ExponentialShift(RememberingShift):
    """``init * rate ** t`` after t calls, up to ``target``.

    ``init`` is the optimizer's value by default, and ``optimizer`` the updater's main one. As all
    shifts, it is called when its trigger fires: ``trainer.extend(shift, trigger=(1, 'epoch'))``.
    """

    def __init__(
        self,
        attr: str,
        rate: float,
        init: float | None = None,
        target: float | None = None,
        optimizer: Optimizer | None = None,
    ) -> None:
        super().__init__(attr, optimizer)
        if rate < 0:
            raise ValueError(f"ExponentialShift: the rate is to be 0 or more, got {rate!r}")
        self._rate, self._init, self._target = rate, init, target

    def value_at(self, t: int) -> Any:
        """``init * rate ** t``, bounded."""
        return _bounded(self._init * (self._rate**t), self._target, self._rate > 1)


class InverseShift(RememberingShift):
    """``init * (1 + gamma * t) ** -power`` after t calls, up to ``target``."""

    def __init__(
        self,
        attr: str,
        gamma: float,
        power: float,
        init: float | None = None,
        target: float | None = None,
        optimizer: Optimizer | None = None,
    ) -> None:
        super().__init__(attr, optimizer)
        if gamma < 0:
            raise ValueError(f"InverseShift: gamma is to be 0 or more, got {gamma!r}")
        self._gamma, self._power, self._init, self._target = gamma, power, init, target

    def value_at(self, t: int) -> Any:
        """``init * (1 + gamma * t) ** -power``, bounded."""
        value = self._init * (1 + self._gamma * t) ** (-self._power)
        return _bounded(value, self._target, self._power < 0)


class PolynomialShift(RememberingShift):
    """``init * (1 - t / max_count) ** rate`` after t calls, down to 0, or up to ``target``."""

    def __init__(
        self,
        attr: str,
        rate: float,
        max_count: float,
        init: float | None = None,
        target: float | None = None,
        optimizer: Optimizer | None = None,
    ) -> None:
        super().__init__(attr, optimizer)
        self._rate, self._max_count, self._init, self._target = rate, max_count, init, target

    def value_at(self, t: int) -> Any:
        """``init * (1 - t / max_count) ** rate``, bounded."""
        left = max(1 - t / self._max_count, 0)
        # A negative rate grows without bound towards the end, where Chainer divides by 0.
        value = self._init * left**self._rate if left or self._rate >= 0 else math.inf
        return value if self._target is None else self._bounded(value)

    def _bounded(self, value: Any) -> Any:
        # The quotient is the other way round than in other shifts: where the value is 0, at the
        # end, it is beyond every target.
        quotient = math.inf if value == 0 else self._target / value
        beyond = quotient > 1 if self._rate > 0 else quotient < 1
        return self._target if beyond else value


class StepShift(RememberingShift):
    """``init * gamma ** floor(t / step)`` after t calls, up to ``target``."""

    def __init__(
        self,
        attr: str,
        gamma: float,
        step: float,
        init: float | None = None,
        target: float | None = None,
        optimizer: Optimizer | None = None,
    ) -> None:
        super().__init__(attr, optimizer)
        self._gamma, self._step, self._init, self._target = gamma, step, init, target

    def value_at(self, t: int) -> Any:
        """``init * gamma ** floor(t / step)``, bounded."""
        # Python's numbers: one of NumPy's would carry its precision into the update.
        value = self._init * float(self._gamma) ** math.floor(t / self._step)
        return _bounded(value, self._target, self._gamma > 1)


class LinearShift(RememberingShift):
    """From the first of ``value_range`` to the last, between two counts of calls."""

    def __init__(
        self,
        attr: str,
        value_range: tuple[float, float],
        time_range: tuple[float, float],
        optimizer: Optimizer | None = None,
    ) -> None:
        super().__init__(attr, optimizer)
        self._value_range, self._time_range = value_range, time_range
        self._init = value_range[0]

    def _first(self) -> Any:
        return self.value_at(self._t)

    def value_at(self, t: int) -> Any:
        """On the line between the two, and level before and after."""
        (begin, end), (first, last) = self._time_range, self._value_range
        if t <= begin:
            return first
        return last if t >= end else first + (t - begin) / (end - begin) * (last - first)


class MultistepShift(Shift):
    """``init * gamma ** k`` once the calls have reached the first k of ``step_value``."""

    def __init__(
        self,
        attr: str,
        gamma: float,
        step_value: Sequence[int],
        init: float | None,
        optimizer: Optimizer | None = None,
    ) -> None:
        super().__init__(attr, optimizer)
        self._gamma, self._step_value = gamma, step_value
        self._init: Any = init
        self._current_step = 0

    def initialize(self, trainer: Trainer) -> None:
        """Set the first value, or the one of the snapshot's count of calls."""
        if self._init is None:
            self._init = getattr(self._get_optimizer(trainer), self._attr)
        self._set(trainer, self._init * pow(self._gamma, self._current_step))

    def value_at(self, t: int) -> Any:
        """``init * gamma ** k``; at most one step a call."""
        steps = self._step_value
        if self._current_step < len(steps) and t >= steps[self._current_step]:
            self._current_step += 1
        return self._init * pow(self._gamma, self._current_step)

    def serialize(self, serializer: Serializing) -> None:
        """Save or load how often it was called, and how many steps it has taken."""
        super().serialize(serializer)
        self._current_step = serializer("_current_step", self._current_step)


class WarmupShift(Shift):
    """On a line from ``warmup_start`` to ``init`` in ``warmup_iter`` calls; then it rests."""

    def __init__(
        self,
        attr: str,
        warmup_start: float | None,
        warmup_iter: int,
        init: float,
        optimizer: Optimizer | None = None,
    ) -> None:
        super().__init__(attr, optimizer)
        self._warmup_start, self._warmup_iter, self._init = warmup_start, warmup_iter, init

    def initialize(self, trainer: Trainer) -> None:
        """Set the first value, or the one of the snapshot's count of calls."""
        if self._warmup_start is None:
            self._warmup_start = getattr(self._get_optimizer(trainer), self._attr)
        self._set(trainer, self.value_at(self._t) if self._t else self._warmup_start)

    def __call__(self, trainer: Trainer) -> None:
        self._t += 1
        # Afterwards another shift may have taken over.
        if self._t <= self._warmup_iter:
            self._set(trainer, self.value_at(self._t))

    def value_at(self, t: int) -> Any:
        """On the line between the two, and level after it."""
        start: Any = self._warmup_start
        t = min(t, self._warmup_iter)
        return (t * self._init + (self._warmup_iter - t) * start) / self._warmup_iter
