"""Pictures of a classifier with two classes: arrays go in, Axes come out, as in ``plot``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from playground.lab import plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from playground.logistic.command import Logistic

__all__ = ["chances", "logistic_pictures", "scores"]

COLORS, MARKERS = (plot.BLUE, plot.RED), ("o", "^")
# Lines of equal chance, beside the boundary at 0.5.
LEVELS = (0.01, 0.1, 0.25, 0.75, 0.9, 0.99)
# Where the score changes more than this over the picture, they lie too close to be labelled.
STEEPEST = 50.0
CELLS = 300


def logistic_pictures(study: Logistic) -> dict[str, Callable[[], Axes]]:
    """What draws them, by the name of their file."""
    record, settings = study.result.log, study.settings
    kind = "Standardised logistic" if settings.standardise else "Logistic"
    other, positive = map(plot.literal, study.classes)
    title = study.caption(f"{kind} regression, {positive} against {other}")
    names = [*map(plot.literal, study.features), "bias"]
    params, grads = ((*record.arrays(kind), names) for kind in ("params", "grads"))
    losses = record.columns()
    restarts = plot.restart_steps(losses)

    def loss() -> Axes:
        if settings.rule == "constant":
            return plot.loss(losses, plot.stacked_axes(1, title=title)[0])
        return plot.loss_and_step(losses, title=title)[0]

    best, goal = study.best.weights, "values at the smallest loss"
    return {
        "loss": loss,
        "weights": lambda: plot.travel(params, best, restarts=restarts, title=title, called=goal)[
            0
        ],
        "gradient": lambda: plot.norm_and_components(grads, restarts=restarts, title=title)[0],
        "boundary": lambda: _boundary(study, title),
    }


def _boundary(study: Logistic, title: str) -> Axes:
    w = study.plain(study.result.x)
    points, labels = study.data["points"], study.data["labels"]
    names, classes = ([*map(plot.literal, them)] for them in (study.features, study.classes))
    if len(names) == 2:
        ax = chances(points, labels, w, names=names, classes=classes)
    else:
        ax = scores(points @ w[:-1] + w[-1], labels, classes=classes)
    figure: Any = ax.figure
    plot.head(figure, title)
    return ax


def chances(
    points: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    ax: Axes | None = None,
    *,
    names: Sequence[str] = ("x0", "x1"),
    classes: Sequence[str] = ("0", "1"),
) -> Axes:
    """The chance of the positive class as colours, the boundary as a line, and the points.

    ``points`` has shape (rows, 2), ``labels`` (rows,) with 0 and 1, and ``weights`` (3,), the bias
    last. Points that fall on each other are drawn larger, those on the wrong side with a ring.
    """
    ax = plot.figure(size=(8.0, 6.2))[1][0, 0] if ax is None else ax
    points, labels = np.asarray(points, dtype=float), np.asarray(labels) > 0
    low, high = points.min(axis=0), points.max(axis=0)
    room = 0.08 * (high - low)
    room[room == 0] = 1.0  # where every point has the same coordinate
    across, up = np.linspace(low - room, high + room, CELLS).T
    # By logaddexp the chance neither overflows nor becomes exactly 0.
    score = weights[0] * across + weights[1] * up[:, None] + weights[2]
    chance = np.exp(-np.logaddexp(0, -score))
    # Of the colours only the light middle, so that the points stand out.
    pale: dict[str, Any] = {"cmap": "RdBu_r", "vmin": -0.8, "vmax": 1.8, "rasterized": True}
    bar = ax.figure.colorbar(ax.pcolormesh(across, up, chance, **pale), ax=ax, aspect=30)
    bar.ax.set_ylim(0, 1)
    bar.set_label(f"chance of {classes[1]}")
    look: dict[str, Any] = {"colors": "#555555", "linewidths": 0.8, "linestyles": "--"}
    lines = ax.contour(across, up, chance, LEVELS, **look)
    if np.ptp(score) < STEEPEST:
        ax.clabel(lines, fmt="%g", fontsize=8)
    ax.contour(across, up, score, [0.0], colors="black", linewidths=2.0)
    ax.plot([], [], color="black", linewidth=2.0, label="boundary")
    right = (points @ weights[:2] + weights[2] > 0) == labels
    _scatter(ax, points, labels, right, classes)
    ax.set_xlabel(names[0])
    ax.set_ylabel(names[1])
    ax.set_title(f"{right.sum():,} of {len(right):,} right", loc="left", fontsize=10.5)
    place: dict[str, Any] = {"loc": "lower right", "bbox_to_anchor": (1.01, 0.995), "ncols": 4}
    ax.legend(**place, frameon=False, fontsize=9, handletextpad=0.4, columnspacing=1.2)
    return ax


def _scatter(
    ax: Axes, points: np.ndarray, labels: np.ndarray, right: np.ndarray, classes: Sequence[str]
) -> None:
    for kind, name in enumerate(classes):
        # The irises are measured to 0.1 cm: 17 of the hundred that are drawn lie on others.
        places, count = np.unique(points[labels == bool(kind)], axis=0, return_counts=True)
        look: dict[str, Any] = {"color": COLORS[kind], "marker": MARKERS[kind], "label": name}
        ax.scatter(
            places[:, 0],
            places[:, 1],
            s=28 * np.sqrt(count),
            edgecolor="white",
            linewidth=0.7,
            **look,
        )
    if not right.all():
        ring: dict[str, Any] = {"facecolor": "none", "edgecolor": "black", "linewidth": 1.1}
        ax.scatter(points[~right, 0], points[~right, 1], s=110, label="on the wrong side", **ring)


def scores(
    values: np.ndarray,
    labels: np.ndarray,
    ax: Axes | None = None,
    *,
    classes: Sequence[str] = ("0", "1"),
) -> Axes:
    """How the scores w.x + b of the two classes are spread, shape (rows,); the boundary is at 0."""
    ax = plot.figure()[1][0, 0] if ax is None else ax
    values, labels = np.asarray(values, dtype=float), np.asarray(labels) > 0
    bins = np.linspace(values.min(), values.max(), 41).tolist()
    for kind, name in enumerate(classes):
        look: dict[str, Any] = {"color": COLORS[kind], "alpha": 0.6, "label": name}
        ax.hist(values[labels == bool(kind)], bins, edgecolor="white", linewidth=0.5, **look)
    ax.axvline(0, color="black", linewidth=2.0, label="boundary")
    ax.set_xlabel("score: the logarithm of the odds of " + classes[1])
    ax.set_ylabel("rows")
    right = (values > 0) == labels
    ax.set_title(f"{right.sum():,} of {len(right):,} right", loc="left", fontsize=10.5)
    place: dict[str, Any] = {"loc": "lower right", "bbox_to_anchor": (1.01, 0.995), "ncols": 3}
    ax.legend(**place, frameon=False, fontsize=9)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax
