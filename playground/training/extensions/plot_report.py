"""PlotReport: the means of what is reported, as a picture."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from playground.graph.types import Serializing
from playground.reporter import DictSummary, is_writing
from playground.training.extension import Extension, TriggerLike
from playground.training.extensions.drawing import blank_figure, can_draw, save_figure
from playground.training.extensions.log_report import named_file
from playground.training.triggers.interval_trigger import get_trigger

if TYPE_CHECKING:
    from playground.training.trainer import Trainer

__all__ = ["PlotReport"]


class PlotReport(Extension):
    """A line for each of ``y_keys`` over ``x_key``, drawn anew when ``trigger`` fires.

    Args:
        y_keys: names of values, of which the means since the last point are drawn.
        x_key: 'iteration' or 'epoch', or a name of ``y_keys``.
        trigger: when a point is added.
        postprocess: called with figure, axes and summary before the picture is written.
        filename: in the trainer's folder, default ``plot.png``.
        marker, grid: as matplotlib takes them.
    """

    def __init__(
        self,
        y_keys: str | Sequence[str],
        x_key: str = "iteration",
        trigger: TriggerLike = (1, "epoch"),
        postprocess: Callable[..., Any] | None = None,
        filename: str | None = None,
        marker: str | None = "x",
        grid: bool = True,
        **kwargs: str | None,
    ) -> None:
        self._y_keys = (y_keys,) if isinstance(y_keys, str) else y_keys
        self._x_key, self._trigger = x_key, get_trigger(trigger)
        self._postprocess, self._marker, self._grid = postprocess, marker, grid
        self._file_name: Any = named_file(filename, kwargs, "file_name", "plot.png")
        self._data: dict[str, list[Any]] = {key: [] for key in self._y_keys}
        self._summary = DictSummary()
        can_draw("PlotReport")

    @staticmethod
    def available() -> bool:
        """Whether matplotlib is there; a warning says so where it is not."""
        return can_draw("PlotReport")

    def __call__(self, trainer: Trainer) -> None:
        if not self.available():
            return
        observation = trainer.observation
        self._summary.add({key: observation[key] for key in self._y_keys if key in observation})
        if trainer.is_before_training or self._trigger(trainer):
            self._add_point(trainer)
            self._draw(trainer.out)
            self._summary = DictSummary()

    def _add_point(self, trainer: Trainer) -> None:
        # On the host, whatever device computed them.
        means = {name: float(value) for name, value in self._summary.compute_mean().items()}
        means["epoch"] = trainer.updater.epoch
        means["iteration"] = trainer.updater.iteration
        if self._x_key not in means:
            raise KeyError(
                f"PlotReport: {self._x_key!r}, the x_key, is neither 'epoch' nor 'iteration' nor a "
                f"value of {list(self._y_keys)} that was reported"
            )
        for key in self._y_keys:
            if key in means:
                self._data[key].append((means[self._x_key], means[key]))

    def _draw(self, folder: str) -> None:
        figure = blank_figure(current=self._postprocess is not None)
        axes = figure.add_subplot(111)
        axes.set_xlabel(self._x_key)
        if self._grid:
            axes.grid()
        for key in self._y_keys:
            if self._data[key]:
                axes.plot(*zip(*self._data[key], strict=True), marker=self._marker, label=key)
        # Of nothing there is no picture: as in Chainer no file either.
        if axes.has_data():
            if self._postprocess is not None:
                self._postprocess(figure, axes, self._summary)
            # Beside the axes, where it covers no line.
            legend = axes.legend(bbox_to_anchor=(1.05, 1), loc=2, borderaxespad=0.0)
            path = os.path.join(folder, self._file_name)
            save_figure(figure, path, bbox_extra_artists=(legend,), bbox_inches="tight")

    def serialize(self, serializer: Serializing) -> None:
        """Save or load the points."""
        name = f"_plot_{self._file_name}"
        if is_writing(serializer):
            serializer(name, json.dumps(self._data))
        else:
            self._data = json.loads(serializer(name, ""))
