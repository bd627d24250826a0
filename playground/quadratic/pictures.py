"""Surfaces over a plane, in three dimensions: a frame goes in, a Figure comes out.

A frame has three columns: two coordinates and the height, a row a point of a full grid.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from playground.graph.backend import to_cpu
from playground.lab.grids import grid_points
from playground.lab.plot import INK, figure, head, typeset
from playground.lab.runlog import frame_of
from playground.quadratic.problem import quadratic_form
from playground.transforms import vmap

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from playground.quadratic.command import QuadraticStudy

__all__ = ["landscape", "panels", "pretty", "quadratic_pictures", "surface"]

MARK = "#b5371f"
# A finer grid is drawn by every second, third … line.
MOST_MESHES = 60
# Points along each axis of the surface whose contours are drawn.
ROUND = 81


def quadratic_pictures(study: QuadraticStudy) -> dict[str, Callable[[], Figure]]:
    """What draws them, by the name of their file, of a form of two variables."""
    frames, found = study.automatic.frames(), study.algebra.stationary
    title = f"f = {study.algebra.expression}"
    first, second = (
        {name: frame for name, frame in frames.items() if name.startswith(start)}
        for start in ("df_", "d2f_")
    )
    mark = None if found.point is None else (float(found.point[0]), float(found.point[1]))
    return {
        "surface": lambda: landscape(_finer(study), mark=mark, name=found.kind, title=title),
        "gradient": lambda: panels(first, zero=True, title=title),
        "hessian": lambda: panels(second, title=title),
    }


def _finer(study: QuadraticStudy) -> pandas.DataFrame:
    """A frame of f on a grid fine enough for round contours."""
    ends = study.points.min(), study.points.max()
    points = grid_points(np.linspace(*ends, ROUND), last_fastest=True)
    Q, b, at = (
        study.device.put(x.astype(study.settings.dtype)) for x in (study.Q, study.b, points)
    )
    y = to_cpu(vmap(quadratic_form(Q, b))(at))
    return frame_of({"x1": points[:, 0], "x2": points[:, 1], "y": y})


def surface(
    frame: pandas.DataFrame,
    ax: Any,
    *,
    title: str = "",
    colors: str = "viridis",
    heights: tuple[float, float] | None = None,
) -> Axes:
    """The height over the two coordinates, on three-dimensional Axes.

    ``heights`` are the lowest and the highest of the axis; colours too are those of their range,
    which the map ``coolwarm`` has around 0.
    """
    x, y, z = _grid(frame)
    low, high = _reach(z) if heights is None else heights
    stride = -(-max(z.shape) // MOST_MESHES)
    top = max(abs(low), abs(high))
    limits = {"vmin": -top, "vmax": top} if colors == "coolwarm" else {"vmin": low, "vmax": high}
    look: dict[str, Any] = {"rstride": stride, "cstride": stride, "linewidth": 0.25, **limits}
    # What is in front is said by the caller: the guess is often wrong for a line on a surface.
    ax.computed_zorder = False
    ax.plot_surface(x, y, z, cmap=colors, edgecolor="#ffffff90", zorder=3, **look)
    ax.set_zlim(low, high)
    ax.set_title(title, fontsize=11, y=1.0)
    ax.set_xlabel(pretty(frame.columns[0]), labelpad=2)
    ax.set_ylabel(pretty(frame.columns[1]), labelpad=2)
    ax.view_init(elev=26, azim=-125)
    ax.set_box_aspect((4, 4, 3), zoom=1.06)
    ax.tick_params(labelsize=8, pad=0)
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.set_pane_color("#f6f7f9")
        axis._axinfo["grid"].update(color="#dde1e6", linewidth=0.6)
    return ax


def landscape(
    frame: pandas.DataFrame,
    *,
    mark: tuple[float, float] | None = None,
    name: str = "",
    title: str = "",
) -> Figure:
    """A surface with its contours on the ground below it, and a point marked in both."""
    fig, axes = figure(size=(7.4, 5.8), subplot_kw={"projection": "3d"})
    head(fig, pretty(title))
    ax: Any = surface(frame, axes[0, 0])
    x, y, z = _grid(frame)
    low, high = _reach(z)
    # Far enough below for the contours to be seen past the surface.
    ground = low - 0.55 * (high - low)
    if np.ptp(z):
        ax.contour(x, y, z, levels=14, cmap="viridis", offset=ground, linewidths=0.9, zorder=1)
    ax.set_zticks([tick for tick in ax.get_zticks() if low <= tick <= high])
    ax.set_zlim(ground, high)
    ax.set_zlabel("f", rotation=0, labelpad=2)
    if mark is not None and x.min() <= mark[0] <= x.max() and y.min() <= mark[1] <= y.max():
        # The height of the grid's nearest point: the mark shall not float over what is drawn.
        height = z.flat[np.argmin((x - mark[0]) ** 2 + (y - mark[1]) ** 2)]
        _pin(ax, (*mark, float(height)), ground, name)
    return fig


def panels(
    frames: Mapping[str, pandas.DataFrame], *, zero: bool = False, title: str = ""
) -> Figure:
    """Surfaces by name side by side, to one scale; with ``zero`` the line where each is 0."""
    count = len(frames)
    columns = 2 if count > 1 else 1
    rows = -(-count // columns)
    size = (5.0 * columns, 4.3 * rows + 0.3)
    fig, axes = figure(rows, columns, size=size, subplot_kw={"projection": "3d"})
    head(fig, pretty(title))
    heights = _reach(np.concatenate([frame.iloc[:, -1].to_numpy() for frame in frames.values()]))
    # Of constant second derivatives the planes would lie on floor and ceiling of the box.
    room = 0.15 * (heights[1] - heights[0])
    heights = (heights[0] - room, heights[1] + room)
    for ax, (name, frame) in zip(axes.flat, frames.items(), strict=False):
        x, y, z = _grid(frame)
        value = "" if np.ptp(z) else f" = {z.flat[0]:g}"
        surface(frame, ax, title=pretty(name) + value, colors="coolwarm", heights=heights)
        if zero and z.min() < 0 < z.max():
            ax.contour(x, y, z, levels=[0.0], colors=INK, offset=0.0, linewidths=1.6, zorder=5)
    for ax in axes.flat[count:]:
        ax.remove()
    return fig


def pretty(name: str) -> str:
    """A formula for reading, or the name of a derivative, such as df_dx1, as what it stands for."""
    text = re.sub(r"^d(2?)f_", lambda found: f"∂{'²' * len(found[1])}f/", name)
    return typeset(name if text == name else text.replace("dx", "∂x"))


def _grid(frame: pandas.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coordinates and height, each of shape (rows, columns)."""
    first, second, height = frame.columns
    table = frame.pivot(index=second, columns=first, values=height)
    x, y = np.meshgrid(table.columns.to_numpy(), table.index.to_numpy())
    return x, y, table.to_numpy()


def _reach(z: np.ndarray) -> tuple[float, float]:
    """The range of the heights, with room where they are all the same."""
    low, high = float(np.nanmin(z)), float(np.nanmax(z))
    return (low, high) if low < high else (low - 1.0, high + 1.0)


def _pin(ax: Any, top: tuple[float, float, float], ground: float, name: str) -> None:
    """A point on the surface and below it on the ground, with the line between them."""
    x, y, z = top
    ax.plot([x, x], [y, y], [ground, z], color=MARK, linewidth=1.0, zorder=2)
    ax.scatter([x], [y], [ground], color=MARK, s=26, zorder=2, depthshade=False)
    ax.scatter([x], [y], [z], color=MARK, edgecolor="white", s=44, zorder=6, depthshade=False)
    text = f"{name} ({x:g}, {y:g})".strip()
    note = ax.text(x, y, ground, f"   {text}", color=MARK, fontsize=9, zorder=1.5)
    note.set_bbox({"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8})
