"""Trainer: the training loop."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from playground.graph.types import Serializing
from playground.reporter import Reporter, is_writing
from playground.training.extension import (
    PRIORITY_READER,
    TriggerLike,
    refuse_before_training,
)
from playground.training.triggers.interval_trigger import get_trigger
from playground.training.updaters.updater import Updater

__all__ = ["Trainer"]


@dataclass
class _Entry:
    """An extension, and when it is called."""

    extension: Any
    priority: int
    trigger: Callable[[Trainer], Any]
    call_before_training: bool


class Trainer:
    """Updates until a trigger stops it, and calls the extensions after each update.

    Args:
        updater: makes one update, and holds optimizers and iterators.
        stop_trigger: when the training ends: ``(20, 'epoch')``, or a trigger. Default: never.
        out: the folder of what extensions write.
        extensions: extensions to begin with.

    Attributes:
        observation: what was reported since the last update began.
        reporter: the reporter, at which the optimizers' targets are registered.
    """

    def __init__(
        self,
        updater: Updater,
        stop_trigger: TriggerLike = None,
        out: str = "result",
        extensions: Iterable[Any] | None = None,
    ) -> None:
        self.updater = updater
        self.stop_trigger: Any = get_trigger(stop_trigger)
        self.observation: dict[str, Any] = {}
        self.out = out
        self.reporter = Reporter()
        for name, optimizer in updater.get_all_optimizers().items():
            if optimizer.target is None:
                raise AttributeError(
                    f"Trainer: the optimizer {name!r} has no target: call optimizer.setup(model) "
                    f"before the trainer is made"
                )
            self.reporter.add_observer(name, optimizer.target)
            self.reporter.add_observers(name, optimizer.target.namedlinks(skipself=True))
        # In the order of extend, which decides among those of one priority.
        self._extensions: dict[str, _Entry] = {}
        self._done = False
        self._start_at: float | None = None
        # Of the runs before, which a snapshot tells of; and of all, once this one is over.
        self._snapshot_elapsed_time = self._final_elapsed_time = 0.0
        # Last but for the extensions: an updater may add observers to the reporter.
        updater.connect_trainer(self)
        for extension in extensions or ():
            self.extend(extension)

    @property
    def is_before_training(self) -> bool:
        """Whether there was no update yet."""
        return self.updater.iteration == 0

    @property
    def elapsed_time(self) -> float:
        """Seconds of training, with those before the snapshot that it goes on from."""
        if self._done:
            return self._final_elapsed_time
        if self._start_at is None:
            raise RuntimeError("elapsed_time: the training has not begun: call trainer.run()")
        # Not the time of day, which may be set while the training goes on.
        return time.perf_counter() - self._start_at + self._snapshot_elapsed_time

    # ------------------------------------------------------------------------------- extensions

    def extend(
        self,
        extension: Any,
        name: str | None = None,
        trigger: TriggerLike = None,
        priority: int | None = None,
        *,
        call_before_training: bool = False,
        **kwargs: object,
    ) -> None:
        """Call ``extension(trainer)`` after updates.

        Args:
            extension: an :class:`Extension` or any function of the trainer.
            name: what it is called here; default: its ``name``, ``default_name`` or ``__name__``.
                One that is taken gets a number behind it.
            trigger: when: ``(1, 'epoch')``, or a trigger. Default: its own, or every iteration.
            priority: those of higher priority are called first; of one priority, in this order.
            call_before_training: call it once before the first update as well.
        """
        refuse_before_training("extend", kwargs)
        for attribute in ("name", "default_name", "__name__"):
            if name is None:
                name = getattr(extension, attribute, None)
        if name is None:
            raise TypeError(
                f"extend: {type(extension).__name__} has no name: pass name=, or give it a "
                f"default_name"
            )
        if name == "training":
            raise ValueError("extend: an extension cannot be called 'training'")
        # Functions that nobody decorated have neither.
        if trigger is None:
            trigger = getattr(extension, "trigger", (1, "iteration"))
        if priority is None:
            priority = getattr(extension, "priority", PRIORITY_READER)
        own, number = name, 0
        while own in self._extensions:
            number += 1
            own = f"{name}_{number}"
        # A method of an object takes no attributes.
        with suppress(AttributeError):
            extension.name = own
        entry = _Entry(extension, priority, get_trigger(trigger), call_before_training)
        self._extensions[own] = entry

    def get_extension(self, name: str) -> Any:
        """The extension of a name. Raises ValueError."""
        if name not in self._extensions:
            raise ValueError(
                f"there is no extension {name!r}, only {', '.join(self._extensions) or 'none'}"
            )
        return self._extensions[name].extension

    # ----------------------------------------------------------------------------------- the loop

    def run(self, show_loop_exception_msg: bool = True) -> None:
        """Train until ``stop_trigger`` fires; a trainer runs once.

        Where an error ends the loop, the extensions' ``on_error`` are called, then every
        ``finalize``, and it is raised again; ``show_loop_exception_msg`` prints it before that, as
        what is finalized may take its time. Ctrl-C finalizes too: what was logged stays.
        """
        if self._done:
            raise RuntimeError("run: this trainer has run already: make a new one")
        os.makedirs(self.out, exist_ok=True)
        # Stable: of one priority, the first that was added is the first.
        entries = sorted(self._extensions.values(), key=lambda entry: -entry.priority)
        self._start_at = time.perf_counter()
        self._initialize(entries)
        if self.is_before_training:
            self.observation = {}
            with self.reporter.scope(self.observation):
                for entry in entries:
                    if entry.call_before_training:
                        entry.extension(self)
        try:
            self._loop([(entry.trigger, entry.extension) for entry in entries])
        except Exception as error:
            self._tell_of(error, entries, show_loop_exception_msg)
            raise
        finally:
            # After Ctrl-C as well, which is no Exception: threads and processes are to end.
            for entry in entries:
                _call_if_there(entry.extension, "finalize")
            self.updater.finalize()
        self._final_elapsed_time = self.elapsed_time
        self._done = True

    def _initialize(self, entries: list[_Entry]) -> None:
        # What loads a snapshot comes first: the others take up what it brings. In Chainer it is the
        # last, and a learning rate that shifts begins anew.
        for entry in sorted(entries, key=lambda e: not getattr(e.extension, "autoload", False)):
            if not getattr(entry.trigger, "finished", False):
                _call_if_there(entry.extension, "initialize", self)

    def _loop(self, calls: list[tuple[Callable[[Trainer], Any], Any]]) -> None:
        # Looked up once: this is all that runs between two updates.
        update, scope, stops = self.updater.update, self.reporter.scope, self.stop_trigger
        while not stops(self):
            # A new one each time: an extension may keep the one before.
            self.observation = {}
            with scope(self.observation):
                update()
                for trigger, extension in calls:
                    if trigger(self):
                        extension(self)

    def _tell_of(self, error: Exception, entries: list[_Entry], show: bool) -> None:
        if show:
            sys.stderr.write(
                f"The training loop ended in iteration {self.updater.iteration} with "
                f"{type(error).__name__}: {error}\n"
            )
            traceback.print_tb(error.__traceback__, file=sys.stderr)
            sys.stderr.write("Extensions and updater are finalized, then it is raised again.\n")
        for entry in entries:
            try:
                _call_if_there(entry.extension, "on_error", self, error, error.__traceback__)
            except Exception as further:
                sys.stderr.write(f"on_error ended with {type(further).__name__}: {further}\n")
                traceback.print_tb(further.__traceback__, file=sys.stderr)

    def serialize(self, serializer: Serializing) -> None:
        """Save or load where updater, triggers and extensions stand."""
        self.updater.serialize(serializer["updater"])
        if hasattr(self.stop_trigger, "serialize"):
            self.stop_trigger.serialize(serializer["stop_trigger"])
        extensions, triggers = serializer["extensions"], serializer["extension_triggers"]
        for name, entry in self._extensions.items():
            if hasattr(entry.extension, "serialize"):
                entry.extension.serialize(extensions[name])
            if hasattr(entry.trigger, "serialize"):
                entry.trigger.serialize(triggers[name])
        # Seconds, not a time of day: the training may go on elsewhere.
        if is_writing(serializer):
            serializer("_snapshot_elapsed_time", self.elapsed_time)
        else:
            self._snapshot_elapsed_time = serializer("_snapshot_elapsed_time", 0.0)


def _call_if_there(extension: Any, method: str, *args: object) -> None:
    # A function that make_extension decorated has None in its place.
    found = getattr(extension, method, None)
    if found:
        found(*args)
