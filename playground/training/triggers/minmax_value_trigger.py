"""Triggers that fire where a value is the best so far."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from playground.graph.types import Serializing
from playground.reporter import DictSummary
from playground.training.extension import TriggerLike
from playground.training.triggers.interval_trigger import get_trigger

if TYPE_CHECKING:
    from playground.training.trainer import Trainer

__all__ = ["BestValueTrigger", "MaxValueTrigger", "MinValueTrigger"]


class BestValueTrigger:
    """Where the mean of a reported value, over an interval, is better than all before.

    ``compare(best, value)`` says whether it is; ``trigger`` gives the intervals.
    """

    def __init__(
        self,
        key: str,
        compare: Callable[[float, float], Any],
        trigger: TriggerLike = (1, "epoch"),
    ) -> None:
        self._key, self._compare = key, compare
        self._best_value: float | None = None
        self._interval_trigger: Any = get_trigger(trigger)
        self._summary = DictSummary()

    def __call__(self, trainer: Trainer) -> bool:
        observation = trainer.observation
        # In every iteration, whether it is due or not: the mean is over all of them.
        if self._key in observation:
            self._summary.add({self._key: observation[self._key]})
        if not self._interval_trigger(trainer):
            return False
        means = self._summary.compute_mean()
        if self._key not in means:
            raise KeyError(
                f"{type(self).__name__}: {self._key!r} was not reported since the trigger fired "
                f"last; in this iteration there are {', '.join(sorted(observation)) or 'no values'}"
            )
        value = float(means[self._key])
        self._summary = DictSummary()
        # The first is the best so far.
        if self._best_value is None or self._compare(self._best_value, value):
            self._best_value = value
            return True
        return False

    def serialize(self, serializer: Serializing) -> None:
        """Save or load the best value and the mean so far."""
        # Any function may stand for the interval; only some have a state.
        if hasattr(self._interval_trigger, "serialize"):
            self._interval_trigger.serialize(serializer["interval_trigger"])
        self._summary.serialize(serializer["summary"])
        self._best_value = serializer("best_value", self._best_value)


class MaxValueTrigger(BestValueTrigger):
    """Where the mean of a value is larger than in all intervals before: an accuracy."""

    def __init__(self, key: str, trigger: TriggerLike = (1, "epoch")) -> None:
        super().__init__(key, operator.lt, trigger)


class MinValueTrigger(BestValueTrigger):
    """Where the mean of a value is smaller than in all intervals before: a loss."""

    def __init__(self, key: str, trigger: TriggerLike = (1, "epoch")) -> None:
        super().__init__(key, operator.gt, trigger)
