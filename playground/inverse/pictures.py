"""The pictures of a run: loss, parameters, gradient, and the product XY before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from playground.lab import plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from playground.inverse.command import Inverse

__all__ = ["inverse_pictures"]


def inverse_pictures(study: Inverse) -> dict[str, Axes]:
    """Axes by the name of their file."""
    result, X, settings = study.result, study.matrix, study.settings
    record, size = result.log, len(X)
    title = f"Inverse of a {size} by {size} matrix: {settings.loss} loss, {settings.rule}"
    names = record.layout.labels()
    params, grads = ((*record.arrays(kind), names) for kind in ("params", "grads"))
    restarts = plot.restart_steps(record.loss)
    # The tolerance is of sum|XY - I|, which only the absolute loss shows.
    below = settings.tol if settings.loss == "absolute" else None
    truth = None if study.singular else study.true_inverse
    before, after = X @ study.data["start"], X @ result.x
    maps = {
        "XY at the start": before,
        "XY at the end": after,
        # Beside a product that is nearly I, for there its errors cannot be seen.
        "XY - I at the end": after - np.eye(size),
    }
    return {
        "loss": plot.loss_and_step(record.loss, below=below, title=title)[0],
        "parameters": plot.travel(params, truth, restarts=restarts, title=title)[0],
        "gradient": plot.norm_and_components(grads, restarts=restarts, title=title)[0],
        "product": plot.heat_maps(maps, title=title)[0],
    }
