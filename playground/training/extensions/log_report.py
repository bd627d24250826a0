"""LogReport: the means of what is reported, in a JSON file."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from playground.graph.drafts import draft_of
from playground.graph.types import Serializing
from playground.reporter import DictSummary, is_writing
from playground.training.extension import Extension, TriggerLike
from playground.training.triggers.interval_trigger import get_trigger

if TYPE_CHECKING:
    from playground.training.trainer import Trainer

__all__ = ["LogReport", "named_file"]


def named_file(name: str | None, other: dict[str, Any], spelling: str, default: str) -> str | None:
    """A file's name, also under the keyword that it had in old versions. Raises TypeError."""
    if other.keys() - {spelling}:
        raise TypeError(f"unexpected keyword {', '.join(sorted(other.keys() - {spelling}))}")
    return other.get(spelling, default) if name is None else name


class LogReport(Extension):
    """Adds up what is reported in each iteration, and writes the means when ``trigger`` fires.

    Each entry of the log also has ``epoch``, ``iteration`` and ``elapsed_time`` in seconds. The
    file is whole at any time.

    Args:
        keys: the names that count; default: all.
        trigger: when an entry is made of the iterations since the last.
        postprocess: a function of an entry, which it may change, before it is written.
        filename: in the trainer's folder, default ``log``; braces name values of the last entry
            (``log_{iteration}``). ``log_name=None`` writes none.
    """

    def __init__(
        self,
        keys: Iterable[str] | None = None,
        trigger: TriggerLike = (1, "epoch"),
        postprocess: Callable[[dict[str, Any]], Any] | None = None,
        filename: str | None = None,
        **kwargs: str | None,
    ) -> None:
        self._keys = keys
        self._trigger = get_trigger(trigger)
        self._postprocess = postprocess
        self._log_name = named_file(filename, kwargs, "log_name", "log")
        self._log: list[dict[str, Any]] = []
        self._summary = DictSummary()

    def __call__(self, trainer: Trainer) -> None:
        observation = trainer.observation
        if self._keys is not None:
            observation = {key: observation[key] for key in self._keys if key in observation}
        self._summary.add(observation)
        if trainer.is_before_training or self._trigger(trainer):
            self._add_entry(trainer)

    def _add_entry(self, trainer: Trainer) -> None:
        entry: dict[str, Any] = {
            name: float(value) for name, value in self._summary.compute_mean().items()
        }
        # After the means, whose names these three win over.
        entry["epoch"] = trainer.updater.epoch
        entry["iteration"] = trainer.updater.iteration
        entry["elapsed_time"] = trainer.elapsed_time
        if self._postprocess is not None:
            self._postprocess(entry)
        self._log.append(entry)
        if self._log_name is not None:
            path = os.path.join(trainer.out, self._filled_in(self._log_name, entry))
            # All entries each time: JSON has no end that could be written on.
            with draft_of(path) as draft, open(draft, "w", encoding="utf-8") as file:
                json.dump(self._log, file, indent=4)
        self._summary = DictSummary()

    @staticmethod
    def _filled_in(name: str, entry: dict[str, Any]) -> str:
        try:
            return name.format(**entry)
        except KeyError as error:
            raise KeyError(
                f"LogReport: {error} in the name {name!r} is no value of the entry: there are "
                f"{', '.join(sorted(entry))}"
            ) from error

    @property
    def log(self) -> list[dict[str, Any]]:
        """The entries so far."""
        return self._log

    def serialize(self, serializer: Serializing) -> None:
        """Save or load the entries, the means so far and the trigger."""
        if hasattr(self._trigger, "serialize"):
            self._trigger.serialize(serializer["_trigger"])
        try:
            self._summary.serialize(serializer["_summary"])
        except KeyError:
            warnings.warn("LogReport: the snapshot holds no means: they begin anew", stacklevel=2)
        if is_writing(serializer):
            serializer("_log", json.dumps(self._log))
        else:
            # As text, for a serializer holds arrays and numbers alone.
            self._log = json.loads(serializer("_log", ""))
