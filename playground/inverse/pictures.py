"""The pictures of a run: loss, parameters, gradient, and the product XY before and after."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from playground.lab import plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from playground.inverse.command import Inverse

__all__ = ["inverse_pictures"]


def inverse_pictures(study: Inverse) -> dict[str, Callable[[], Axes]]:
    """What draws them, by the name of their file."""
    record, size, settings = study.result.log, len(study.matrix), study.settings
    title = f"Inverse of a {size} by {size} matrix: {settings.loss} loss, {settings.rule}"
    names = record.layout.labels()
    params, grads = ((*record.arrays(kind), names) for kind in ("params", "grads"))
    restarts = plot.restart_steps(record.loss)
    # The tolerance is of sum|XY - I|, which only the absolute loss shows.
    below = settings.tol if settings.loss == "absolute" else None
    truth = None if study.singular else study.true_inverse
    return {
        "loss": lambda: plot.loss_and_step(record.loss, below=below, title=title)[0],
        "parameters": lambda: plot.travel(params, truth, restarts=restarts, title=title)[0],
        "gradient": lambda: plot.norm_and_components(grads, restarts=restarts, title=title)[0],
        "product": lambda: _product(study, title),
    }


def _product(study: Inverse, title: str) -> Axes:
    X = study.matrix
    before, after = X @ study.data["start"], X @ study.result.x
    maps = {
        "XY at the start": before,
        "XY at the end": after,
        # Beside a product that is nearly I, for there its errors cannot be seen.
        "XY - I at the end": after - np.eye(len(X)),
    }
    return plot.heat_maps(maps, title=title)[0]
