"""EarlyStoppingTrigger: ends a training that gets no better."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from playground.reporter import DictSummary
from playground.training.extension import TriggerLike
from playground.training.triggers.interval_trigger import get_trigger

if TYPE_CHECKING:
    from playground.training.trainer import Trainer

__all__ = ["EarlyStoppingTrigger"]


class EarlyStoppingTrigger:
    """A stop trigger: where a reported value was no better ``patience`` times in a row.

    Args:
        check_trigger: when the mean of the value is compared.
        monitor: its name.
        patience: how often it may be no better (default: 3).
        mode: 'max' or 'min', or 'auto': 'max' for an accuracy, by its name, else 'min'.
        verbose: print what it does.
        max_trigger: when the training ends at the latest.
    """

    def __init__(
        self,
        check_trigger: TriggerLike = (1, "epoch"),
        monitor: str = "main/loss",
        patience: int | None = None,
        mode: str = "auto",
        verbose: bool = False,
        max_trigger: TriggerLike = (100, "epoch"),
        **kwargs: int | None,
    ) -> None:
        self.patience = _patience(patience, kwargs)
        self.count = 0
        self.monitor, self.verbose = monitor, verbose
        self._max_trigger: Any = get_trigger(max_trigger)
        self._interval_trigger: Any = get_trigger(check_trigger)
        self._summary = DictSummary()
        # As Chainer guesses: of what is called an accuracy more is better.
        rising = mode == "max" or (mode != "min" and "accuracy" in monitor)
        self._better: Callable[[Any, Any], Any] = operator.gt if rising else operator.lt
        self.best = float("-inf" if rising else "inf")
        if verbose:
            print(f"early stopping: {monitor} is to {'rise' if rising else 'fall'}")

    def __call__(self, trainer: Trainer) -> bool:
        observation = trainer.observation
        if self.monitor in observation:
            self._summary.add({self.monitor: observation[self.monitor]})
        # Asked before all else, and every time: the training ends though nothing is reported.
        if self._max_trigger(trainer):
            return True
        if not self._interval_trigger(trainer):
            return False
        if self.monitor not in observation:
            warnings.warn(
                f"EarlyStoppingTrigger: {self.monitor!r} was not reported in this iteration; there "
                f"are {', '.join(sorted(observation)) or 'no values'}",
                stacklevel=2,
            )
            return False
        value = self._summary.compute_mean()[self.monitor]
        self._summary = DictSummary()
        if self._better(value, self.best):
            self.best, self.count = value, 0
        else:
            self.count += 1
        stops = self.count >= self.patience
        if stops and self.verbose:
            print(f"epoch {trainer.updater.epoch}: early stopping")
        return stops

    def get_training_length(self) -> Any:
        """Period and unit of ``max_trigger``."""
        return self._max_trigger.get_training_length()


def _patience(patience: int | None, kwargs: dict[str, Any]) -> int:
    """The patience, also under its old name. Raises TypeError."""
    old = kwargs.pop("patients", None)
    if kwargs or (old is not None and patience is not None):
        both = "patience and patients, which is its old name"
        raise TypeError(f"EarlyStoppingTrigger: unexpected {', '.join(kwargs) or both}")
    found = patience if old is None else old
    return 3 if found is None else found
