"""Updater: what a trainer asks of what updates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playground.graph.types import Serializing

if TYPE_CHECKING:
    from playground.optimizers import Optimizer
    from playground.training.trainer import Trainer

__all__ = ["Updater"]


class Updater:
    """Base class of updaters: a subclass defines the methods.

    A trainer and its extensions also ask for ``iteration``, ``epoch``, ``epoch_detail``,
    ``previous_epoch_detail`` and ``is_new_epoch``.
    """

    iteration: int
    epoch: Any
    epoch_detail: Any
    previous_epoch_detail: Any

    def connect_trainer(self, trainer: Trainer) -> None:
        """Called by the trainer that is made with this updater."""

    def finalize(self) -> None:
        """Called when the training is over, also after an error."""
        raise NotImplementedError(f"{type(self).__name__}: define finalize()")

    def get_optimizer(self, name: str) -> Optimizer:
        """The optimizer of a name; the most important is called 'main'."""
        raise NotImplementedError(f"{type(self).__name__}: define get_optimizer(name)")

    def get_all_optimizers(self) -> dict[str, Optimizer]:
        """All optimizers, by name."""
        raise NotImplementedError(f"{type(self).__name__}: define get_all_optimizers()")

    def update(self) -> Any:
        """Make one update."""
        raise NotImplementedError(f"{type(self).__name__}: define update()")

    def serialize(self, serializer: Serializing) -> None:
        """Save or load the state."""
        raise NotImplementedError(f"{type(self).__name__}: define serialize(serializer)")
