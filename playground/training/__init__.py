"""Training loops: a trainer, its updater, its extensions and triggers.

Chainer's ``chainer.training``.
"""

from typing import TYPE_CHECKING

from playground.graph.errors import no_such_name
from playground.training import extension, extensions, triggers, updaters
from playground.training.extension import (
    PRIORITY_EDITOR,
    PRIORITY_READER,
    PRIORITY_WRITER,
    Extension,
    make_extension,
)
from playground.training.trainer import Trainer
from playground.training.triggers import IntervalTrigger
from playground.training.triggers.interval_trigger import get_trigger
from playground.training.updaters import ParallelUpdater, StandardUpdater, Updater

__all__ = [
    "PRIORITY_EDITOR",
    "PRIORITY_READER",
    "PRIORITY_WRITER",
    "Extension",
    "IntervalTrigger",
    "ParallelUpdater",
    "StandardUpdater",
    "Trainer",
    "Updater",
    "extension",
    "extensions",
    "get_trigger",
    "make_extension",
    "triggers",
    "updaters",
]


if not TYPE_CHECKING:  # for a type checker every name would exist

    def __getattr__(name: str) -> object:
        raise no_such_name(__name__, name, __all__)
