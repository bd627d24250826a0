"""TimeTrigger: every so many seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.graph.types import Serializing

if TYPE_CHECKING:
    from playground.training.trainer import Trainer

__all__ = ["TimeTrigger"]


class TimeTrigger:
    """In the first iteration after each ``period`` seconds of training."""

    def __init__(self, period: float) -> None:
        self._period = self._next_time = period

    def __call__(self, trainer: Trainer) -> bool:
        if self._next_time >= trainer.elapsed_time:
            return False
        # From when it was due and not from now, so that late calls do not add up.
        self._next_time += self._period
        return True

    def serialize(self, serializer: Serializing) -> None:
        """Save or load when it fires next."""
        self._next_time = serializer("next_time", self._next_time)
