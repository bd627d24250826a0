"""Updaters: one update of a training."""

from typing import TYPE_CHECKING

from playground.graph.errors import no_such_name
from playground.training.updaters.multiprocess_parallel_updater import MultiprocessParallelUpdater
from playground.training.updaters.parallel_updater import ParallelUpdater
from playground.training.updaters.standard_updater import StandardUpdater
from playground.training.updaters.updater import Updater

__all__ = ["MultiprocessParallelUpdater", "ParallelUpdater", "StandardUpdater", "Updater"]


if not TYPE_CHECKING:  # for a type checker every name would exist

    def __getattr__(name: str) -> object:
        raise no_such_name(__name__, name, __all__)
