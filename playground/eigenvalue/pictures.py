"""The pictures of a run: loss, entries, eigenvalues from several starts, and the matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from playground.eigenvalue.command import Eigenvalue, ended
from playground.lab import plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["eigenvalue_pictures"]


def eigenvalue_pictures(study: Eigenvalue) -> dict[str, Callable[[], Axes]]:
    """What draws them, by the name of their file."""
    record, settings, targets = study.result.log, study.settings, study.targets
    title = study.caption(f"A {len(targets)} x {len(targets)} matrix with given eigenvalues")
    params = (*record.arrays("params"), record.layout.labels())
    losses = record.columns()
    restarts = plot.restart_steps(losses)
    # Of equal targets the matrix is known: there is only one with them as eigenvalues.
    equal = targets[0] == targets[-1]
    truth = study.entries.of(np.diag(targets)) if equal else None
    return {
        "loss": lambda: plot.loss_and_step(losses, below=settings.tol, title=title)[0],
        "parameters": lambda: plot.travel(params, truth, restarts=restarts, title=title)[0],
        "eigenvalues": lambda: _eigenvalues(study, title),
        "matrix": lambda: _matrix_maps(study, title),
    }


def _eigenvalues(study: Eigenvalue, title: str) -> Axes:
    settings = study.settings
    first = f"start of seed {settings.seed}" if settings.start is None else "the given start"
    runs = {first: study.result}
    runs |= {f"start of seed {seed}": other for seed, other in study.others.items()}
    # One frame a start: side by side they show which eigenvalues meet on the way.
    frames = {f"{name}: {ended(run)}": run.watched for name, run in runs.items()}
    look = {"ylabel": "eigenvalue of A", "title": f"{title}; targets dotted"}
    return plot.small_multiples(frames, study.targets, **look)[0]


def _matrix_maps(study: Eigenvalue, title: str) -> Axes:
    matrix, second = study.entries.matrix, study.shown
    start, end = study.data["start"], study.result.x
    maps = {"A at the start": matrix(start), "A at the end": matrix(end)}
    if second is None:
        return plot.heat_maps(maps, title=title)[0]
    maps["Second derivatives of the loss"] = second.matrix
    axes = plot.heat_maps(maps, title=title)
    axes[-1].set(xlabel="j of r[j]", ylabel="i of r[i]")
    return axes[0]
