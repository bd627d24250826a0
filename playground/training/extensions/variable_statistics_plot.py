"""VariableStatisticsPlot: how values and gradients of parameters spread, as a picture."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from playground.graph.backend import to_cpu
from playground.graph.random import source
from playground.graph.types import HostArray, Operand
from playground.graph.variable import Variable
from playground.links import Link
from playground.training.extension import Extension, TriggerLike
from playground.training.extensions.drawing import blank_figure, can_draw, save_figure
from playground.training.extensions.log_report import named_file
from playground.training.triggers.interval_trigger import get_trigger

if TYPE_CHECKING:
    from playground.training.trainer import Trainer

__all__ = ["VariableStatisticsPlot"]

_LINE = "#1f77b4"
SHADE = {"alpha": 0.2, "linewidth": 0, "color": _LINE}
PERCENTILES = (0, 0.13, 2.28, 15.87, 50, 84.13, 97.72, 99.87, 100)


class VariableStatisticsPlot(Extension):
    """Mean, standard deviation and percentiles of Variables, over the iterations.

    Args:
        targets: a Variable, a link or a list of them, taken together.
        max_sample_size: of more iterations than this a random sample is drawn.
        report_data, report_grad: draw values, draw gradients.
        plot_mean, plot_std: draw the mean, and bars of one standard deviation.
        percentile_sigmas: the percentiles, one or several; the shades between them.
        trigger: when the picture is drawn.
        filename: in the trainer's folder, default ``statistics.png``.
        figsize, marker, grid: as matplotlib takes them.
    """

    def __init__(
        self,
        targets: Operand,
        max_sample_size: int = 1000,
        report_data: bool = True,
        report_grad: bool = True,
        plot_mean: bool = True,
        plot_std: bool = True,
        percentile_sigmas: float | tuple[float, ...] = PERCENTILES,
        trigger: TriggerLike = (1, "epoch"),
        filename: str | None = None,
        figsize: tuple[float, float] | None = None,
        marker: str | None = None,
        grid: bool = True,
        **kwargs: str | None,
    ) -> None:
        self._filename: Any = named_file(filename, kwargs, "file_name", "statistics.png")
        self._vars = _variables_in(targets)
        if not self._vars:
            raise ValueError("VariableStatisticsPlot: expected at least one Variable, got none")
        # A single percentile may be 0: what is empty has no elements.
        self._percentiles = np.atleast_1d(np.asarray(percentile_sigmas, dtype=float))
        if not (plot_mean or plot_std or self._percentiles.size):
            raise ValueError("VariableStatisticsPlot: neither mean nor std nor percentiles to draw")
        self._keys = ["data"] * report_data + ["grad"] * report_grad
        self._plot_mean, self._plot_std = plot_mean, plot_std
        self._trigger = get_trigger(trigger)
        self._figsize, self._marker, self._grid = figsize, marker, grid
        columns = plot_mean + plot_std + self._percentiles.size
        self._samples = Reservoir(max_sample_size, (len(self._keys), columns))

    @staticmethod
    def available() -> bool:
        """Whether matplotlib is there; a warning says so where it is not."""
        return can_draw("VariableStatisticsPlot")

    def __call__(self, trainer: Trainer) -> None:
        if not self.available():
            return
        rows = [self._statistics(key) for key in self._keys]
        self._samples.add(np.asarray(rows, np.float32), trainer.updater.iteration)
        if self._trigger(trainer):
            self._draw(os.path.join(trainer.out, self._filename))

    def _statistics(self, key: str) -> HostArray:
        arrays = [getattr(variable, key, None) for variable in self._vars]
        found = [to_cpu(array).ravel() for array in arrays if array is not None]
        if not found:
            return np.zeros(self._samples.data.shape[2], np.float32)
        values = np.concatenate(found)
        parts = [np.mean(values)] * self._plot_mean + [np.std(values)] * self._plot_std
        if self._percentiles.size:
            parts.extend(np.percentile(values, self._percentiles))
        return np.asarray(parts, np.float32)

    def _draw(self, path: str) -> None:
        above = bool(self._plot_mean or self._plot_std)
        rows = above + bool(self._percentiles.size)
        figure = blank_figure(self._figsize)
        axes = figure.subplots(rows, len(self._keys), sharex=True, squeeze=False)
        steps, data = self._samples.get_data()
        for column, key in enumerate(self._keys):
            axes[0, column].set_title(key)
            if above:
                self._draw_mean(axes[0, column], steps, data[:, column])
            if self._percentiles.size:
                first = self._plot_mean + self._plot_std
                self._draw_percentiles(axes[-1, column], steps, data[:, column, first:])
        for one in axes.ravel():
            one.legend()
            if self._grid:
                one.grid()
                one.set_axisbelow(True)
        save_figure(figure, path)

    def _draw_mean(self, axes: Any, steps: HostArray, data: HostArray) -> None:
        look: dict[str, Any] = {"color": _LINE, "marker": self._marker}
        if self._plot_mean and self._plot_std:
            shade = (_LINE, 0.2)
            axes.errorbar(steps, data[:, 0], data[:, 1], ecolor=shade, label="mean, std", **look)
        else:
            axes.plot(steps, data[:, 0], label="mean" if self._plot_mean else "std", **look)

    def _draw_percentiles(self, axes: Any, steps: HostArray, data: HostArray) -> None:
        """Shades between the outermost two, the next two …, and the one in the middle as a line."""
        count = data.shape[1]
        for i in range(count // 2):
            # Of the shades the innermost stands in the legend, where there is no line.
            named = count % 2 == 0 and i == count // 2 - 1
            label = "percentile" if named else "_nolegend_"
            axes.fill_between(steps, data[:, i], data[:, -i - 1], label=label, **SHADE)
        if count % 2:
            middle = data[:, count // 2]
            axes.plot(steps, middle, color=_LINE, label="percentile", marker=self._marker)
        axes.set_xlabel("iteration")


def _variables_in(targets: Operand) -> tuple[Variable, ...]:
    if isinstance(targets, Variable):
        return (targets,)
    if isinstance(targets, Link):
        return tuple(targets.params())
    if isinstance(targets, (list, tuple)):
        return tuple(variable for target in targets for variable in _variables_in(target))
    return ()


class Reservoir:
    """A random sample of ``size`` of all that is added, each with the same chance."""

    def __init__(self, size: int, data_shape: tuple[int, ...]) -> None:
        self.size = size
        self.data = np.zeros((size, *data_shape), np.float32)
        self.idxs = np.zeros(size, np.int32)
        self.counter = 0

    def add(self, x: HostArray, idx: int) -> None:
        """Add something that has a number."""
        random: Any = source()
        place: int | None = self.counter
        if self.counter >= self.size:
            # The n-th is kept with the chance size / n, and takes the place of any: then each of
            # them all has had the same chance.
            chosen = random.random() < self.size / (self.counter + 1)
            place = random.randint(self.size) if chosen else None
        if place is not None:
            self.data[place], self.idxs[place] = x, idx
        self.counter += 1

    def get_data(self) -> tuple[HostArray, HostArray]:
        """The numbers, rising, and what was added with them."""
        # A sample that took the place of another does not stand in order.
        order = np.argsort(self.idxs[: self.counter])
        return self.idxs[order], self.data[order]
