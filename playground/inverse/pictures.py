"""The pictures of a run: loss, parameters, gradient, and the product XY before and after."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from playground.lab import plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from playground.inverse.command import Inverse

__all__ = ["inverse_pictures"]

# Multiplications: half a second of them.
MOST_PRODUCTS = 100_000_000


def inverse_pictures(study: Inverse) -> dict[str, Callable[[], Axes]]:
    """What draws them, by the name of their file."""
    record, size, settings = study.result.log, len(study.matrix), study.settings
    title = study.caption(f"Inverse of a {size} x {size} matrix")
    names = record.layout.labels()
    params, grads = ((*record.arrays(kind), names) for kind in ("params", "grads"))
    losses = record.columns()
    restarts = plot.restart_steps(losses)
    # The tolerance is of sum|XY - I|, which is the absolute loss itself.
    criterion = None if settings.loss == "absolute" else _criterion(study, params)
    goal = {"below": settings.tol, "criterion": criterion}
    truth = None if study.singular else study.true_inverse
    return {
        "loss": lambda: plot.loss_and_step(losses, **goal, title=title)[0],
        "parameters": lambda: plot.travel(params, truth, restarts=restarts, title=title)[0],
        "gradient": lambda: plot.norm_and_components(grads, restarts=restarts, title=title)[0],
        "product": lambda: _product(study, title),
    }


def _criterion(study: Inverse, params: Any) -> tuple[str, np.ndarray, np.ndarray]:
    """What --tol is about, at the logged points or, where they are many and large, some of them."""
    steps, points = params[:2]
    X, n = study.matrix.astype(np.float64), len(study.matrix)
    # All of 4,000 points of 100 x 100 would take as long as the descent.
    count = min(len(steps), max(50, MOST_PRODUCTS // n**3))
    shown = np.linspace(0, len(steps) - 1, count).astype(int)
    sums = [np.abs(X @ points[i].reshape(n, n) - np.eye(n)).sum() for i in shown]
    return study.measure, steps[shown], np.array(sums)


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
