"""Extensions that report a value of the training itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from playground.training.extension import PRIORITY_WRITER, make_extension

if TYPE_CHECKING:
    from playground.training.trainer import Trainer

__all__ = ["observe_lr", "observe_value"]


def observe_value(
    observation_key: str, target_func: Callable[[Trainer], Any]
) -> Callable[[Trainer], None]:
    """An extension that reports ``target_func(trainer)`` once an epoch."""

    @make_extension(trigger=(1, "epoch"), priority=PRIORITY_WRITER)
    def _observe_value(trainer: Trainer) -> None:
        # Not by report: the name stands as it is, behind no observer.
        trainer.observation[observation_key] = target_func(trainer)

    return _observe_value


def observe_lr(
    optimizer_name: str = "main", observation_key: str = "lr"
) -> Callable[[Trainer], None]:
    """An extension that reports an optimizer's learning rate once an epoch."""

    def rate(trainer: Trainer) -> float:
        optimizer: Any = trainer.updater.get_optimizer(optimizer_name)
        return optimizer.lr

    return observe_value(observation_key, rate)
