"""IntervalTrigger: every so many iterations or epochs."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from playground.graph.types import Serializing
from playground.training.extension import TriggerLike

if TYPE_CHECKING:
    from playground.training.trainer import Trainer

__all__ = ["Counting", "IntervalTrigger", "get_trigger", "never_fire"]


class Counting:
    """Base class of the triggers that count iterations or epochs from one call to the next."""

    def __init__(self, unit: str) -> None:
        if unit not in ("epoch", "iteration"):
            raise ValueError(
                f"{type(self).__name__}: the unit is to be 'epoch' or 'iteration', got {unit!r}"
            )
        self.unit = unit
        # Below 0 where a snapshot did not tell.
        self._previous_iteration: int = 0
        self._previous_epoch_detail: float = 0.0

    def _advance(self, trainer: Trainer) -> tuple[float, float]:
        """What was counted at the last call and what is now, in the trigger's unit."""
        updater = trainer.updater
        if self.unit == "epoch":
            before, now = self._previous_epoch_detail, updater.epoch_detail
            if before < 0:
                before = updater.previous_epoch_detail
        else:
            before, now = self._previous_iteration, updater.iteration
            if before < 0:
                before = now - 1
        # Both, whatever the unit: a snapshot holds both.
        self._previous_iteration = updater.iteration
        self._previous_epoch_detail = getattr(updater, "epoch_detail", self._previous_epoch_detail)
        return before, now

    def serialize(self, serializer: Serializing) -> None:
        """Save or load what was counted; a warning says where there is nothing to load."""
        for name, unknown in (("previous_iteration", -1), ("previous_epoch_detail", -1.0)):
            try:
                value = serializer(name, vars(self)[f"_{name}"])
            except KeyError:
                warnings.warn(
                    f"{type(self).__name__}: the snapshot does not hold {name}: taken from where "
                    f"the training stands, which is right if it is asked in every iteration",
                    stacklevel=2,
                )
                value = unknown
            setattr(self, f"_{name}", value)


class IntervalTrigger(Counting):
    """Every ``period`` iterations or epochs: ``(period, unit)``, which ``extend`` takes as well.

    Epochs may be parts: 0.5 is twice an epoch.
    """

    def __init__(self, period: float, unit: str) -> None:
        super().__init__(unit)
        if period == 0:
            raise ValueError(
                f"IntervalTrigger: a period of 0 {unit}s: None is the trigger for never"
            )
        self.period = period
        self.count: float = 0

    def __call__(self, trainer: Trainer) -> bool:
        before, now = self._advance(trainer)
        if self.unit == "epoch":
            self.count = now // self.period
        # Whole periods are compared, not remainders: epochs seldom end on a whole one, and a
        # trigger that is asked only now and then still fires once.
        return before // self.period != now // self.period

    def get_training_length(self) -> tuple[float, str]:
        """Period and unit: how long a training is that this trigger stops."""
        return self.period, self.unit

    def __str__(self) -> str:
        return f"{type(self).__name__}({self.period}, {self.unit!r})"


def get_trigger(trigger: TriggerLike) -> Callable[[Any], Any]:
    """A trigger: itself, an :class:`IntervalTrigger` of a pair, or one that never fires of None."""
    if callable(trigger):
        return trigger
    if trigger is None:
        return never_fire
    if not isinstance(trigger, (tuple, list)) or len(trigger) != 2:
        raise TypeError(
            f"a trigger is a pair such as (1, 'epoch') or (100, 'iteration'), a function of the "
            f"trainer, or None: got {trigger!r}"
        )
    return IntervalTrigger(*trigger)


def never_fire(trainer: Trainer) -> bool:
    """The trigger that never fires."""
    return False
