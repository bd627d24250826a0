"""ProgressBar: how far the training is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TextIO

from playground.training.extension import Extension
from playground.training.extensions.console import Bar

if TYPE_CHECKING:
    from playground.training.trainer import Trainer

__all__ = ["ProgressBar"]


class ProgressBar(Extension):
    """A bar for the whole training and one for the epoch, on a terminal.

    Args:
        training_length: ``(20, 'epoch')``; default: as the trainer's stop trigger tells.
        update_interval: after how many iterations it is written anew.
        bar_length: in characters.
        out: where to; default: standard output.
    """

    def __init__(
        self,
        training_length: tuple[float, str] | None = None,
        update_interval: int = 100,
        bar_length: int = 50,
        out: TextIO | None = None,
    ) -> None:
        self._update_interval = update_interval
        self._bar = _TrainingBar(training_length, bar_length, out)

    def __call__(self, trainer: Trainer) -> None:
        # Known only now: an extension is made before its trainer.
        self._bar.trainer = trainer
        if trainer.updater.iteration % self._update_interval == 0:
            self._bar.update()

    def finalize(self) -> None:
        """Erase the bar."""
        self._bar.close()


class _TrainingBar(Bar):
    """The four lines of a training."""

    trainer: Any = None

    def __init__(
        self, length: tuple[float, str] | None, bar_length: int, out: TextIO | None
    ) -> None:
        super().__init__(bar_length, out)
        self._length = length

    def get_lines(self) -> list[str]:
        """A bar for the training, one for the epoch, counts, and how long it will take."""
        updater = self.trainer.updater
        if self._length is None:
            # Once: a stop trigger does not change its mind.
            self._length = self._length_of(self.trainer.stop_trigger)
        length, unit = self._length
        done = updater.iteration if unit == "iteration" else updater.epoch_detail
        speeds = self.update_speed(updater.iteration, updater.epoch_detail)
        speed = speeds[0] if unit == "iteration" else speeds[1]
        # Before the second line there is no speed yet.
        left = timedelta(seconds=max((length - done) / speed, 0.0) if speed else 0.0)
        return [
            self.bar("     total", min(done / length, 1.0)),
            self.bar("this epoch", updater.epoch_detail - int(updater.epoch_detail)),
            f"{updater.iteration:10} iter, {updater.epoch} epoch / {length} {unit}s\n",
            f"{speeds[0]:10.5g} iters/sec. Estimated time to finish: {left}.\n",
        ]

    @staticmethod
    def _length_of(stop_trigger: Any) -> tuple[float, str]:
        if not hasattr(stop_trigger, "get_training_length"):
            raise AttributeError(
                f"ProgressBar: the stop trigger, {type(stop_trigger).__name__}, does not tell how "
                f"long the training is: pass training_length=(20, 'epoch'), say"
            )
        return stop_trigger.get_training_length()
