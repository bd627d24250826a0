"""MicroAverage: the quotient of two sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playground.graph.types import Serializing
from playground.reporter import as_value, report, with_any_number
from playground.training.extension import PRIORITY_EDITOR, Extension, TriggerLike
from playground.training.triggers.interval_trigger import get_trigger

if TYPE_CHECKING:
    from playground.training.trainer import Trainer

__all__ = ["MicroAverage"]


class MicroAverage(Extension):
    """Reports the sum of one value over the sum of another: correct answers over answers.

    Both sums begin anew when ``trigger`` fires, and the quotient is reported as ``result_key``.
    """

    priority = PRIORITY_EDITOR

    def __init__(
        self,
        numerator_key: str,
        denominator_key: str,
        result_key: str,
        trigger: TriggerLike = (1, "epoch"),
    ) -> None:
        self._trigger = get_trigger(trigger)
        self._numerator_key, self._denominator_key = numerator_key, denominator_key
        self._result_key = result_key
        self._numerator: Any = 0
        self._denominator: Any = 0

    def __call__(self, trainer: Trainer) -> None:
        observation = trainer.observation
        if self._numerator_key not in observation or self._denominator_key not in observation:
            return
        self._numerator += as_value(observation[self._numerator_key])
        self._denominator += as_value(observation[self._denominator_key])
        # Sums of the whole interval: a mean of quotients would weigh small batches too much.
        if self._trigger(trainer):
            result = float(self._numerator) / self._denominator
            self._numerator = self._denominator = 0
            report({self._result_key: result})

    def serialize(self, serializer: Serializing) -> None:
        """Save or load the sums."""
        self._numerator = with_any_number(serializer, "_numerator", self._numerator)
        self._denominator = with_any_number(serializer, "_denominator", self._denominator)
