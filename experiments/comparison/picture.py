"""The comparison as one picture: steps and time against the size, and how many were inverted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.comparison.runs import Cell
from playground.lab import plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DEEP_BLUE, _ORANGE, _GREEN, _DARK_RED, _LIGHT_BLUE, _BLACK, _PURPLE = plot.palette(7)
# Those of one family differ in lightness.
COLORS = {
    "grow-shrink": _ORANGE,
    "grow-shrink-take-back": _PURPLE,
    "barzilai-borwein": _DEEP_BLUE,
    "l-bfgs": _LIGHT_BLUE,
    "conjugate-gradient": _DARK_RED,
    "constant": "#8a8a8a",
    "l-bfgs-b": _GREEN,
    "newton-schulz": "#e377c2",
    "linalg.inv": _BLACK,
}


def draw(cells: Sequence[Cell], path: Path) -> Path:
    """Write the picture; methods that never succeed have no line, but their row of rates."""
    fig, axes = plot.figure(1, 3, size=(16, 5.4), width_ratios=(1, 1, 1.05))
    steps, seconds, rates = axes[0]
    _curves(steps, cells, "steps", "Median steps of the successes")
    _curves(seconds, cells, "seconds", "Median seconds of the successes")
    _rates(rates, cells)
    matrices = max(len(cell.runs) for cell in cells)
    fig.suptitle(
        f"Ways to the inverse of a random n x n matrix, {matrices} matrices each",
        x=0.01,
        ha="left",
        fontweight="bold",
    )
    return plot.save(fig, path)


def _curves(ax: Axes, cells: Sequence[Cell], what: str, title: str) -> None:
    for method in dict.fromkeys(cell.method for cell in cells):
        found = [cell for cell in cells if cell.method == method and cell.successes]
        sizes, values = [cell.size for cell in found], [getattr(cell, what) for cell in found]
        look = _look(method)
        ax.plot(sizes, values, **look)
        for cell, value in zip(found, values, strict=True):
            full = look["color"] if cell.rate == 1 else "white"
            ax.plot(cell.size, value, "o", color=look["color"], markerfacecolor=full, markersize=6)
    if not any(cell.successes for cell in cells):
        ax.set_ylim(1, 10)  # a log scale needs something positive
    _dress(ax, sorted({cell.size for cell in cells}), title)


def _look(method: str) -> dict[str, Any]:
    loss, _, name = method.rpartition("/")
    return {"color": COLORS[name], "linestyle": "--" if loss == "absolute" else "-", "lw": 1.6}


def _dress(ax: Axes, sizes: list[int], title: str) -> None:
    ax.set_xlim(sizes[0] / 1.2, sizes[-1] * 1.2)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.set_xticks([], minor=True)
    ax.set_xlabel("n")
    ax.set_title(title, loc="left", fontsize=10.5)
    ax.grid(True, which="major", color="#dddddd", linewidth=0.6)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def _rates(ax: Axes, cells: Sequence[Cell]) -> None:
    """A field of rates, with the line of each method beside its name: the legend of the others."""
    methods = list(dict.fromkeys(cell.method for cell in cells))
    sizes = sorted({cell.size for cell in cells})
    field = np.full((len(methods), len(sizes)), np.nan)
    for cell in cells:
        row, column = methods.index(cell.method), sizes.index(cell.size)
        field[row, column] = cell.rate
        text = f"{len(cell.successes)}/{len(cell.runs)}"
        ink = "white" if cell.rate > 0.6 else "black"
        ax.text(column, row, text, ha="center", va="center", color=ink, fontsize=9)
    ax.imshow(field, cmap="Blues", vmin=0, vmax=1.15, aspect="auto")
    ax.set_xticks(range(len(sizes)), [f"n = {size}" for size in sizes])
    ax.set_yticks(range(len(methods)), [method.replace("/", ", ") for method in methods])
    for row, method in enumerate(methods):
        beside = ax.get_yaxis_transform()  # x as a share of the width
        ax.plot([-0.1, -0.02], [row, row], transform=beside, clip_on=False, **_look(method))
    ax.tick_params(length=0)
    ax.tick_params(axis="y", pad=36)
    ax.set_title("Inverted (a ring in the curves: not all of them)", loc="left", fontsize=10.5)
    ax.set_xlim(-0.5, len(sizes) - 0.5)
    for spine in ax.spines.values():
        spine.set_visible(False)
