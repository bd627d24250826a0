"""Triggers: when an extension is called, and when a training ends."""

from typing import TYPE_CHECKING

from playground.graph.errors import no_such_name
from playground.training.triggers.early_stopping_trigger import EarlyStoppingTrigger
from playground.training.triggers.interval_trigger import IntervalTrigger
from playground.training.triggers.manual_schedule_trigger import ManualScheduleTrigger
from playground.training.triggers.minmax_value_trigger import (
    BestValueTrigger,
    MaxValueTrigger,
    MinValueTrigger,
)
from playground.training.triggers.once_trigger import OnceTrigger
from playground.training.triggers.time_trigger import TimeTrigger

__all__ = [
    "BestValueTrigger",
    "EarlyStoppingTrigger",
    "IntervalTrigger",
    "ManualScheduleTrigger",
    "MaxValueTrigger",
    "MinValueTrigger",
    "OnceTrigger",
    "TimeTrigger",
]


if not TYPE_CHECKING:  # for a type checker every name would exist

    def __getattr__(name: str) -> object:
        raise no_such_name(__name__, name, __all__)
