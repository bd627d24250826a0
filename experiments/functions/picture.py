"""How far derivatives by backprop are from central differences, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from experiments.functions.differences import Outcome
from playground.lab import plot

SMALLEST = float(np.finfo(np.float64).eps)


def draw(outcomes: Sequence[Outcome], path: Path) -> Path:
    """Write a picture with a line a function: relative errors of gradient and H·v."""
    _, axes = plot.figure(size=(8.5, 4.6))
    ax, rows = axes[0, 0], range(len(outcomes))
    # An error of exactly 0 has no place on a log scale.
    pairs = [[max(e, SMALLEST) for e in (o.gradient_error, o.product_error)] for o in outcomes]
    first, second = np.transpose(pairs)
    ax.hlines(rows, first, second, color="#cccccc", linewidth=1.5, zorder=1)
    ax.plot(first, rows, "o", color=plot.BLUE, label="gradient")
    ax.plot(second, rows, "s", color=plot.ORANGE, label="Hessian times a vector")
    ax.set_xscale("log")
    ax.set_xlim(1e-14, 1e-5)
    ax.set_yticks(rows, [o.name for o in outcomes])
    ax.invert_yaxis()
    ax.set_xlabel("relative difference from central differences")
    ax.set_title("Ten NumPy functions, differentiated twice as they stand", loc="left")
    ax.grid(True, axis="x", color="#dddddd", linewidth=0.6)
    ax.legend(frameon=False)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return plot.save(ax, path)
