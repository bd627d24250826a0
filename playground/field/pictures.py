"""Pictures of a function of two variables and its gradient: arrays go in, Axes come out.

Points have shape ``(k, 2)``, a row a point; a background is ``(axis0, axis1, values)`` with the
value at ``(axis0[i], axis1[j])`` in ``values[j, i]``, NaN where there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from playground.field.problem import Track, numbers
from playground.graph.backend import to_cpu
from playground.lab.plot import (
    INK,
    STYLES,
    curve,
    dress,
    figure,
    head,
    log_scale,
    palette,
    stacked_axes,
    typeset,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from playground.field.command import FieldStudy

__all__ = ["arrows", "compare", "contours", "difference_map", "field", "field_pictures", "heights"]

Background = tuple[np.ndarray, np.ndarray, np.ndarray]

# Contours are computed on a grid at least this fine, so that they are smooth.
SMOOTH = 241
MOST_ARROWS = 25  # along each axis; more would touch each other
MOST_TRACKS = 8  # paths with a colour and a line in the legend of their own
MOST_DOTTED = 60  # points of a path that are marked one by one
LINES = 12
# Values whose median is lower than this, as a share of their range, are drawn on a log scale.
VALLEY = 0.2
# Shares of the largest: a slope that is as good as none, and a drop to the next value too steep
# for anything but a pole or a jump.
LEVEL, STEEP = 0.01, 0.25
GAP, CROWD = "#d4d4d4", "#b5371f"


# ------------------------------------------------------------------------------- pictures


def field_pictures(study: FieldStudy) -> dict[str, Callable[[], Axes]]:
    """What draws them, by the name of their file."""
    found, uphill, formula = study.field, study.settings.uphill, typeset(study.formula)
    sign, way = (1, "ascent") if uphill else (-1, "descent")
    what = "Arrows: the gradient, uphill" if uphill else "Arrows: minus the gradient, downhill"
    title = f"f(x) = {formula if len(formula) <= 70 else formula[:69] + '…'}"
    kinds = {"Automatic": sign * found.automatic, "Numerical": sign * found.numerical}
    look = {"title": title, "what": what, "way": way}
    arrows_of = kinds["Automatic"]

    @cache
    def background() -> Background:
        return _background(study)

    drawn: dict[str, Callable[[], Axes]] = {
        "field": lambda: field(found.points, arrows_of, background(), study.tracks, **look),
        "gradients": lambda: compare(found.points, kinds, found.error, background(), title=title)[
            0
        ],
    }
    if study.tracks:
        drawn["paths"] = lambda: heights(study.tracks, title=title, way=way)
    return drawn


def _background(study: FieldStudy) -> Background:
    """Values for the contours, on a grid fine enough to be smooth."""
    axis, values = study.axis, study.field.values
    if len(axis) < SMOOTH:
        axis = np.linspace(axis[0], axis[-1], SMOOTH)
        with study.device.use(), np.errstate(all="ignore"):
            values = to_cpu(numbers(study.function, study.on_grid(axis)))
    return axis, axis, values.reshape(len(axis), len(axis))


def field(
    points: np.ndarray,
    vectors: np.ndarray,
    background: Background,
    tracks: Sequence[Track] = (),
    *,
    title: str = "",
    what: str = "",
    way: str = "path",
) -> Axes:
    """Arrows over contours, with paths and a legend of them; a figure of its own.

    ``vectors`` are the arrows at ``points``; ``what`` says what they are, ``way`` what a path is.
    """
    drawn, axes = figure(size=(7.6, 6.4 + 0.1 * min(len(tracks), MOST_TRACKS)))
    ax: Axes = axes[0, 0]
    head(drawn, title)
    contours(*background, ax, bar=True)
    arrows(ax, points, vectors, poles=_has_poles(background[2]))
    _tracks(ax, tracks, way)
    ax.set_title(what, loc="left", fontsize=10.5)
    return _square_axes(ax, background)


def compare(
    points: np.ndarray,
    fields: dict[str, np.ndarray],
    error: np.ndarray,
    background: Background,
    *,
    title: str = "",
) -> list[Axes]:
    """Arrows of several gradients by name side by side, and how far they are apart."""
    drawn, axes = figure(1, len(fields) + 1, size=(4.5 * (len(fields) + 1), 4.7))
    head(drawn, title)
    for ax, (name, vectors) in zip(axes[0], fields.items(), strict=False):
        contours(*background, ax)
        arrows(ax, points, vectors, poles=_has_poles(background[2]))
        ax.set_title(name, loc="left", fontsize=10.5)
        _square_axes(ax, background)
    return [*axes[0, :-1], difference_map(points, error, axes[0, -1])]


def heights(tracks: Sequence[Track], *, title: str = "", way: str = "path") -> Axes:
    """The function along each path, over its steps."""
    ax = stacked_axes(1, title=title)[0]
    colors = palette(min(len(tracks), MOST_TRACKS))
    for number, track in enumerate(tracks):
        own = number < len(colors) == len(tracks)
        look: dict[str, Any] = {"color": colors[number]} if own else {"color": INK, "alpha": 0.35}
        # In turns: paths from places of one height lie on each other.
        style = STYLES[number % len(STYLES)] if own else "-"
        curve(ax, track.steps, track.values, label=f"{number + 1}", linestyle=style, **look)
    if tracks:
        log_scale(ax, np.concatenate([track.values for track in tracks]))
    return dress(ax, f"f along each {way}", "f", legend=len(colors) == len(tracks))


# ---------------------------------------------------------------------------------- parts


def contours(
    axis0: np.ndarray, axis1: np.ndarray, values: np.ndarray, ax: Axes, *, bar: bool = False
) -> None:
    """Filled contours and lines with their values; gaps where a value is not finite."""
    from matplotlib import colormaps
    from matplotlib.colors import BoundaryNorm, ListedColormap
    from matplotlib.patches import Rectangle

    corner, size = (axis0[0], axis1[0]), (np.ptp(axis0), np.ptp(axis1))
    levels = _levels(values)
    flat = "#eef3e2" if levels is None else GAP
    ax.add_patch(Rectangle(corner, *size, color=flat, zorder=0, linewidth=0))
    if levels is None:
        return
    # The pale part of the map: arrows and paths have to stand out.
    pale = ListedColormap(colormaps["YlGnBu"](np.linspace(0.0, 0.6, 256)))
    shown = np.ma.masked_invalid(values)
    beyond = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}
    extend: Any = beyond[bool(shown.min() < levels[0]), bool(shown.max() > levels[-1])]
    steps = BoundaryNorm(levels, 256, extend=extend)  # a colour a level, near and far apart
    filled = ax.contourf(axis0, axis1, shown, levels, cmap=pale, norm=steps, extend=extend)
    lines = ax.contour(axis0, axis1, shown, levels, colors="white", linewidths=0.9)
    if bar:
        drawn = ax.figure.colorbar(filled, ax=ax, shrink=0.82, aspect=30, pad=0.02)
        drawn.outline.set_visible(False)
        drawn.ax.set_title("f", fontsize=10)
        for label in ax.clabel(lines, fontsize=7.5, colors=INK, fmt="%g"):
            label.set_bbox({"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 0.8})
            # Above the arrows, which would strike the number out, and below the paths.
            label.set_zorder(3.5)


def arrows(ax: Axes, points: np.ndarray, vectors: np.ndarray, *, poles: bool = True) -> None:
    """An arrow at each point, or at every second, third … where they would touch.

    The longest is about as long as the arrows are apart. Where some are far longer than the
    others, those are cut, and the note above the picture says so. Without ``poles`` the places
    that are as good as level do not count among the others.
    """
    points, vectors, apart = _thinned(points, vectors)
    lengths = np.hypot(*vectors.T)
    whole = np.isfinite(lengths)
    points, vectors, lengths = points[whole], vectors[whole], lengths[whole]
    if not lengths.any():
        return
    longest = lengths.max()
    some = lengths[lengths > (0.0 if poles else LEVEL * longest)]
    usual = max(3 * np.median(some), np.quantile(some, 0.8))
    # The length to scale by: the largest, unless that is one of a few wild ones.
    unit = float(longest if longest <= 2.5 * usual else usual)
    # A little above the usual length, so that what is cut still looks the longest.
    cut = np.minimum(1.0, 1.3 * unit / np.maximum(lengths, unit))
    shape: dict[str, Any] = {"width": 0.0036, "headwidth": 4.2, "headlength": 5.0}
    place: dict[str, Any] = {"angles": "xy", "scale_units": "xy", "scale": unit / (1.15 * apart)}
    drawn = ax.quiver(*points.T, *(vectors.T * cut), color=INK, zorder=3, **place, **shape)
    size = float(f"{unit:.1g}")
    note = f"{size:g}" + (" (longer ones are cut)" if (cut < 1).any() else "")
    ax.quiverkey(drawn, 0.955, 1.02, size, note, labelpos="W", fontproperties={"size": 8.5})


def difference_map(points: np.ndarray, error: np.ndarray, ax: Axes) -> Axes:
    """``error``, shape (k,), 0 or more, at the points of a grid, as colours on a log scale."""
    from matplotlib import colormaps
    from matplotlib.colors import LogNorm
    from matplotlib.patches import Rectangle

    axis0, axis1 = np.unique(points[:, 0]), np.unique(points[:, 1])
    cells = np.full((len(axis1), len(axis0)), np.nan)
    places = np.searchsorted(axis1, points[:, 1]), np.searchsorted(axis0, points[:, 0])
    cells[places] = error
    positive = error[np.isfinite(error) & (error > 0)]
    norm: dict[str, Any] = {"vmin": 0.0, "vmax": 1.0}
    if positive.size:
        norm = {"norm": LogNorm(positive.min(), max(positive.max(), 1.01 * positive.min()))}
        # Equal to the last bit: as good as the smallest difference there is, not a gap.
        cells = np.where(cells == 0, positive.min(), cells)
    colors = colormaps["magma_r"].with_extremes(bad=GAP)
    image = ax.pcolormesh(axis0, axis1, np.ma.masked_invalid(cells), cmap=colors, **norm)
    # A cell lies around its point: half of those at the edge, as the square beside it ends there.
    square = (axis0[0], axis1[0]), np.ptp(axis0), np.ptp(axis1)
    image.set_clip_path(Rectangle(*square, transform=ax.transData))
    # Beside the square: a bar that takes its room would leave a smaller one than its neighbours.
    drawn = ax.figure.colorbar(image, cax=ax.inset_axes((1.03, 0.0, 0.045, 1.0)))
    drawn.outline.set_visible(False)
    finite = error[np.isfinite(error)]
    largest = f"{finite.max():.2g}" if finite.size else "unknown"
    ax.set_title(f"Difference, at most {largest}", loc="left", fontsize=10.5)
    return _square_axes(ax, (axis0, axis1, cells))


def _tracks(ax: Axes, tracks: Sequence[Track], way: str) -> None:
    from matplotlib.patheffects import Normal, Stroke

    many = len(tracks) > MOST_TRACKS
    colors = [CROWD] * len(tracks) if many else palette(len(tracks))
    # A path crosses contours of any colour, and arrows: white around it keeps it readable.
    halo = [Stroke(linewidth=4.0, foreground="white", alpha=0.85), Normal()]
    for number, (track, color) in enumerate(zip(tracks, colors, strict=True), 1):
        name = f"{number}: {track.name}"
        if many:
            name = f"{len(tracks)} {way}s" if number == 1 else "_"
        line: dict[str, Any] = {"color": color, "zorder": 4, "path_effects": halo}
        dot = "o" if len(track.points) <= MOST_DOTTED else None
        ax.plot(*track.points.T, linewidth=1.8, marker=dot, markersize=2.2, label=name, **line)
        edge: dict[str, Any] = {"color": color, "markeredgecolor": "white", "zorder": 5}
        ax.plot(*track.points[0], marker="o", markersize=8, **edge)
        ax.plot(*track.points[-1], marker="*", markersize=14, **edge)
    if tracks:
        place: dict[str, Any] = {"loc": "outside lower center", "ncols": 2}
        ax.figure.legend(**place, frameon=False, fontsize=8.5, handlelength=1.6)


def _square_axes(ax: Axes, background: Background) -> Axes:
    axis0, axis1, _ = background
    ax.set_aspect("equal")
    ax.set_xlabel("x₀")
    ax.set_ylabel("x₁", rotation=0, labelpad=10)
    for side, axis in (("x", axis0), ("y", axis1)):
        room = 0.04 * (axis[-1] - axis[0]) or 0.5
        getattr(ax, f"set_{side}lim")(axis[0] - room, axis[-1] + room)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.tick_params(length=0)
    return ax


def _levels(values: np.ndarray) -> np.ndarray | None:
    """Round heights for contour lines; a few wild values, as near a pole, do not stretch them."""
    from matplotlib.ticker import MaxNLocator

    finite = values[np.isfinite(values)]
    if not finite.size:
        return None
    low, high = float(finite.min()), float(finite.max())
    usual = np.quantile(finite, (0.05, 0.95))
    if _has_poles(values) and high - low > 3 * (usual[1] - usual[0]) > 0:
        low, high = map(float, usual)
    if not high > low:
        return None
    if np.isfinite(values).all() and min(values.shape) >= 3:
        # A valley: most values are near the lowest, inside, and the highest is at the edge. Round
        # heights would leave it white but for one line.
        inner, least, most = values[1:-1, 1:-1], values.min(), values.max()
        near = np.median(values) - least < VALLEY * (most - least)
        if near and inner.min() == least and inner.max() < most:
            return _decades(finite)
    levels = MaxNLocator(LINES, steps=(1, 2, 2.5, 5, 10)).tick_values(low, high)
    return np.asarray(levels)


def _has_poles(values: np.ndarray) -> bool:
    """Whether the highest or the lowest value is far from those beside it, as at a pole."""
    finite = np.where(np.isfinite(values), values, np.nan)
    if np.isnan(finite).all():
        return False
    middle = np.nanmedian(finite)
    for place in (np.nanargmax(finite), np.nanargmin(finite)):
        i, j = np.unravel_index(place, finite.shape)
        beside = finite[max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2]
        drop = np.nanmax(np.abs(beside - finite[i, j]))
        if drop > STEEP * abs(finite[i, j] - middle):
            return True
    return False


def _decades(values: np.ndarray) -> np.ndarray:
    """Heights at 1, 3, 10, 30 … times a power of ten above the lowest, to beyond the highest."""
    low, high = float(values.min()), float(values.max())
    last = np.log10(high - low)
    first = max(np.log10(np.quantile(values, 0.02) - low + (high - low) * 1e-6), last - 5)
    powers = np.arange(np.floor(first), np.ceil(last) + 1)
    base = np.floor(low / 10 ** powers[0]) * 10 ** powers[0]
    heights = np.ravel(np.outer(10**powers, (1.0, 3.0)))
    beyond = int(np.searchsorted(base + heights, high)) + 1
    return np.asarray(base + np.append(0.0, heights[:beyond]))


def _thinned(points: np.ndarray, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """The points of every k-th row and column of the grid, and how far apart they are."""
    kept = np.ones(len(points), dtype=bool)
    apart = np.inf
    for coordinate in points.T:
        axis = np.unique(coordinate)
        stride = -(-len(axis) // MOST_ARROWS)
        # What is left over goes to both sides, so that the arrows stay in the middle.
        first = (len(axis) - 1) % stride // 2
        kept &= np.isin(coordinate, axis[first::stride])
        if len(axis) > stride:
            apart = min(apart, float(axis[stride] - axis[0]))
    return points[kept], vectors[kept], apart if np.isfinite(apart) else 1.0
