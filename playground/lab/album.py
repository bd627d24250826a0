"""The pictures of any run, as figures in the hand: shown by a notebook, or saved."""

from __future__ import annotations

import base64
import html
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from playground.graph.errors import FitError, nearest
from playground.lab import plot
from playground.lab.files import make_folder
from playground.lab.plot.canvas import encoded

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from playground.lab.runlog import RunRecord

__all__ = ["Pictures", "pictures_of"]


class Pictures(Mapping[str, "Figure"]):
    """Figures of matplotlib by name. No window is opened; a notebook shows all of them inline."""

    def __init__(self, figures: Mapping[str, Figure]) -> None:
        self._figures = dict(figures)

    def __getitem__(self, name: str) -> Figure:
        return self._figures[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._figures)

    def __len__(self) -> int:
        return len(self._figures)

    def __repr__(self) -> str:
        return f"<Pictures: {', '.join(self)}; .save(folder) writes them>"

    # IPython asks for it; of a bare Figure it shows a picture only once pyplot is loaded.
    def _repr_html_(self) -> str:
        shown = "".join(
            f'<img alt="{html.escape(name)}" style="max-width: 100%" '
            f'src="data:image/png;base64,{base64.b64encode(encoded(drawing)).decode()}"><br>'
            for name, drawing in self.items()
        )
        return f"<div>{shown}</div>"

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write each as ``NAME.png`` into ``folder``, which is made. Returns the files."""
        room = make_folder(folder)
        return [plot.save(drawing, room / f"{name}.png") for name, drawing in self.items()]


def pictures_of(record: RunRecord, *names: str) -> Pictures:
    """The pictures of a run, all there are or those named. Raises FitError for another name."""
    ways = {"loss": _loss, "parameters": _parameters, "gradient": _gradient, "watched": _watched}
    unknown = next((name for name in names if name not in ways), None)
    if unknown is not None:
        close = nearest(unknown, ways)
        meant = f": did you mean {close!r}?" if close else ""
        raise FitError(f"plot: expected names of {', '.join(ways)}, got {unknown!r}{meant}")
    if not record.rows:
        raise FitError(f"plot: {record.where} holds no step yet: there is nothing to draw")
    # What is not finite is a gap in a picture, and no news.
    with np.errstate(all="ignore"):
        drawn = {name: ways[name](record) for name in names or ways}
    return Pictures({name: ax.figure for name, ax in drawn.items() if ax is not None})  # type: ignore[misc]


def _title(record: RunRecord) -> str:
    problem = str(record.meta.get("problem", ""))
    rule = f"rule {record.rule}" if record.rule else ""
    steps = f"{record.rows - 1:,} steps"
    return plot.literal(" · ".join(filter(None, [problem, rule, steps])))


def _loss(record: RunRecord) -> Axes:
    return plot.loss_and_step(record.columns(), title=_title(record))[0]


def _frame_of(record: RunRecord, kind: str) -> tuple[np.ndarray, np.ndarray, list[str]] | None:
    """What plots take, or None where no row has a value."""
    steps, values = record.arrays(kind)
    if not values.shape[1] or np.isnan(values).all():
        return None
    return steps, values, [plot.literal(name) for name in record.layout.labels()]


def _parameters(record: RunRecord) -> Axes | None:
    table = _frame_of(record, "params")
    if table is None:
        return None
    restarts = plot.restart_steps(record.columns())
    return plot.travel(table, restarts=restarts, title=_title(record))[0]


def _gradient(record: RunRecord) -> Axes | None:
    table = _frame_of(record, "grads")
    if table is None:
        return None
    restarts = plot.restart_steps(record.columns())
    return plot.norm_and_components(table, restarts=restarts, title=_title(record))[0]


def _watched(record: RunRecord) -> Axes | None:
    values = record.watched.to_numpy()
    if not values.shape[1] or np.isnan(values).all():
        return None
    names = [plot.literal(name) for name in record.layout.watch]
    ax = plot.stacked_axes(1, title=_title(record))[0]
    drawn = plot.parameters((np.arange(len(values)), values, names), ax=ax)
    drawn.set_title("Watched values", loc="left", fontsize=10.5, y=1.0)
    return drawn
