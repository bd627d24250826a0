"""What pictures are drawn on: figures, the room for words around their Axes, and files.

The room is counted in characters and given in one pass. Matplotlib's own layouts set every word to
measure it, which takes three times as long as to draw the picture.
"""

from __future__ import annotations

import gc
import io
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from playground import _interrupts
from playground.lab.files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

__all__ = ["figure", "head", "offscreen", "save", "stacked_axes", "tick_labels"]

SMALL = 9.0  # points: the size of the numbers at an axis
# Inches: of a character on average, of a line of words with the air around it, and of an edge.
LETTER, LINE, EDGE = 0.6 * SMALL / 72, 0.25, 0.09
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def figure(
    rows: int = 1,
    columns: int = 1,
    *,
    size: tuple[float, float] = (9.0, 5.0),
    words: bool = False,
    **options: Any,
) -> tuple[Figure, np.ndarray]:
    """A new figure and its Axes, an object array of shape ``(rows, columns)``.

    ``size`` is in inches; ``options`` go to matplotlib's ``Figure.subplots``. With ``words`` there
    is room for axis labels, numbers, names at the right and inset colour bars, and nothing else:
    counted, not measured.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    engine = counting_engine()() if words else ConstrainedLayoutEngine(h_pad=0.07)
    # Not pyplot's figure, which stays in a global list until somebody closes it.
    fig = Figure(figsize=size, dpi=120, layout=engine)
    return fig, fig.subplots(rows, columns, squeeze=False, **options)


def stacked_axes(
    rows: int, *, title: str = "", heights: Sequence[float] | None = None
) -> list[Axes]:
    """Axes one above the other on a new figure, sharing the axis of steps."""
    look: dict[str, Any] = {"sharex": True, "height_ratios": heights, "words": True}
    fig, axes = figure(rows, size=(9, min(3.6 * rows, 8.4)), **look)
    head(fig, title)
    return list(axes[:, 0])


def head(fig: Figure, title: str) -> None:
    """Write a title over the whole figure, unless it is empty."""
    if title:
        fig.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=11.5)


def save(drawing: Figure | Axes, path: str | os.PathLike[str]) -> Path:
    """Write a figure (or the figure of an Axes) as a picture, whole or not at all.

    The ending of ``path`` names the format (.png, .pdf, .svg). Raises OSError.
    """
    target = Path(path)
    fig: Any = getattr(drawing, "figure", None) or drawing
    return write_whole(target, encoded(fig, target.suffix.lstrip(".") or "png"))


def encoded(fig: Figure, format: str = "png") -> bytes:
    """A figure as the bytes of a file."""
    # In memory first: a full disk leaves no half of a picture.
    picture = io.BytesIO()
    if format == "png":
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from PIL import Image

        # Figure.savefig would draw everything once more, before, for a layout that needs it.
        canvas = FigureCanvasAgg(fig)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())
        if pixels[..., 3].min() == 255:  # opaque everywhere: a quarter that says nothing
            pixels = np.ascontiguousarray(pixels[..., :3])
        Image.fromarray(pixels).save(picture, "png", dpi=(fig.dpi, fig.dpi), compress_level=2)
    else:
        fig.savefig(picture, format=format)
    return picture.getvalue()


@contextmanager
def offscreen() -> Iterator[None]:
    """Within it pictures are drawn for files, whatever a user has set up for windows and LaTeX.

    What matplotlib would say on standard error is left unsaid.
    """
    logger = logging.getLogger("matplotlib")
    level = logger.level
    # Of a folder without fonts or a cache it warns while it is imported.
    logger.setLevel(logging.CRITICAL)
    # The backend of windows is of no use here, and one that does not exist stops the import.
    backend = os.environ.pop("MPLBACKEND", None)
    # A search for cycles among a library's 100,000 objects finds none, again and again.
    collecting = gc.isenabled()
    gc.disable()
    try:
        with warnings.catch_warnings(action="ignore"):
            import matplotlib

            if backend is not None:
                os.environ["MPLBACKEND"] = backend
            if _interrupts.is_command():
                import_undocumented()
            # Names and formulas here are no LaTeX.
            with matplotlib.rc_context({"text.usetex": False}):
                yield
    finally:
        logger.setLevel(level)
        if collecting:
            gc.enable()


def import_undocumented() -> None:
    """Import what draws without the tables of properties that it writes into docstrings.

    They are half of the time that the import takes, and of no use in a process that nobody talks
    to. In one that somebody does, do not call it.
    """
    from matplotlib import artist

    tables: dict[tuple[Any, str], Any] = {
        (artist, "kwdoc"): lambda _: "",
        (artist.Artist, "_update_set_signature_and_docstring"): classmethod(lambda _: None),
    }
    # A later matplotlib may have other names for them; they are then written as ever.
    found = {place: vars(place[0])[place[1]] for place in tables if place[1] in vars(place[0])}
    try:
        for owner, name in found:
            setattr(owner, name, tables[owner, name])
        import_module("matplotlib.figure")
    finally:
        for (owner, name), usual in found.items():
            setattr(owner, name, usual)


# ------------------------------------------------------------------- numbers at an axis


def tick_labels(values: Sequence[float], *, log: bool = False) -> list[str]:
    """Numbers of an axis as short texts that tell them apart, large and small ones as powers."""
    shown = np.asarray(values, dtype=float)
    # Zero and what is not finite have no power of ten.
    sizes = np.abs(shown[np.isfinite(shown) & (shown != 0)])
    if not sizes.size:
        return [f"{value:g}" for value in shown]
    steps = np.diff(np.unique(shown[np.isfinite(shown)]))
    step = sizes.min() if log or not steps.size else steps.min()
    if sizes.max() >= (1e4 if log else 1e7) or step < (1e-3 if log else 1e-5):
        digits = 2 if log or not steps.size else 1 + _decimals(step / sizes.max())
        return [_as_power(value, digits) for value in shown]
    texts = (f"{value:,.{_decimals(value if log and value else step)}f}" for value in shown)
    return [text.replace("-", "\N{MINUS SIGN}") for text in texts]


def _decimals(step: float) -> int:
    """How many it takes to write multiples of ``step``, itself a round number or nearly so."""
    # By the step as a whole number, for 0.1 + 0.2 is not 0.3.
    shifted = (step * 10**n for n in range(15))
    fits = (abs(part - round(part)) < 1e-3 * abs(part) for part in shifted)
    return next((n for n, fit in enumerate(fits) if fit), 15)


def _as_power(value: float, digits: int) -> str:
    if value == 0 or not np.isfinite(value):
        return f"{value:g}"
    # Not as mathematics between dollars: to parse one takes longer than to draw ten.
    factor, power = f"{value:.{min(digits, 15)}e}".split("e")
    factor = factor.rstrip("0").rstrip(".").replace("-", "\N{MINUS SIGN}")
    ten = "10" + str(int(power)).translate(SUPERSCRIPTS)
    return ten if factor == "1" else f"{factor}·{ten}"


# ------------------------------------------------------------------- the room for words


@cache
def counting_engine() -> Any:
    """The class of a layout that counts characters."""
    from matplotlib.layout_engine import LayoutEngine

    class Counting(LayoutEngine):
        _adjust_compatible = _colorbar_gridspec = True

        def execute(self, fig: Figure) -> None:
            spread(fig)

    return Counting


def spread(fig: Figure) -> None:
    """Give every Axes of the grid of a figure its place."""
    # Colour bars and whatever else a user has placed himself stay where they are.
    axes = [ax for ax in fig.axes if ax.get_subplotspec() is not None]
    if not axes:
        return
    places = {ax: ax.get_subplotspec() for ax in axes}
    grid: Any = places[axes[0]].get_gridspec()  # type: ignore[union-attr]
    width, height = fig.get_size_inches()
    left, right = np.zeros(grid.ncols), np.zeros(grid.nrows and grid.ncols)
    above, below = np.zeros(grid.nrows), np.zeros(grid.nrows)
    for ax, place in places.items():
        row, column = place.rowspan.start, place.colspan.start  # type: ignore[union-attr]
        left[column] = max(left[column], left_of(ax))
        right[column] = max(right[column], right_of(ax))
        above[row] = max(above[row], LINE if titled(ax) else EDGE)
        below[row] = max(below[row], below_of(ax))
    # Axes of one column begin at one place, whatever the length of their numbers.
    top = 0.36 if fig.get_suptitle() else 0.02
    columns = _shares(width - left.sum() - right.sum(), grid.get_width_ratios(), grid.ncols)
    rows = _shares(height - top - above.sum() - below.sum(), grid.get_height_ratios(), grid.nrows)
    for ax, place in places.items():
        row, column = place.rowspan.start, place.colspan.start  # type: ignore[union-attr]
        x = left[: column + 1].sum() + right[:column].sum() + columns[:column].sum()
        y = height - top - above[: row + 1].sum() - below[:row].sum() - rows[: row + 1].sum()
        box = x / width, y / height, columns[column] / width, rows[row] / height
        # The public method would take the Axes out of every later layout.
        ax._set_position(box)  # type: ignore[attr-defined]
        if ax.get_aspect() == "auto":  # else the Axes is smaller than its place
            ax.yaxis.set_label_coords(-(left[column] - EDGE - 0.16) / columns[column], 0.5)
            ax.xaxis.set_label_coords(0.5, -(below[row] - EDGE - 0.18) / rows[row])
    if fig.get_suptitle():
        fig._suptitle.set_y(1 - 0.1 / height)  # type: ignore[attr-defined]


def _shares(room: float, ratios: Sequence[float] | None, count: int) -> np.ndarray:
    """``room`` inches in parts of the given ratios, each of them positive."""
    weights = np.ones(count) if ratios is None else np.asarray(ratios, dtype=float)
    return max(room, 0.5) * weights / weights.sum()


def titled(ax: Axes) -> bool:
    """Whether words stand on the line above an Axes."""
    return bool(ax.get_title(loc="left") or ax.get_title() or ax.get_legend())


def left_of(ax: Axes) -> float:
    """Inches for the label and the numbers left of an Axes."""
    return EDGE + (0.22 if ax.get_ylabel() else 0.0) + numbers_beside(ax.yaxis)


def numbers_beside(axis: Axis) -> float:
    """Inches for the numbers of a vertical axis, where they are shown."""
    if not (axis.get_visible() and axis.axes.axison and shows_numbers(axis)):
        return 0.0
    texts = axis.get_major_formatter().format_ticks(axis.get_majorticklocs().tolist())
    return 0.1 + LETTER * max(map(len, texts), default=0)


def shows_numbers(axis: Axis) -> bool:
    """Whether an axis has numbers; on shared Axes only the outer ones have."""
    look = axis.get_tick_params(which="major")
    return any(look.get(side, False) for side in ("labelleft", "labelright", "labelbottom"))


def right_of(ax: Axes) -> float:
    """Inches for the names right of an Axes, and for its colour bar."""
    names = [text for text in ax.texts if text.get_position()[0] > 1 and not text.get_clip_on()]
    room = EDGE + 0.06
    if names:
        longest = max(len(text.get_text()) for text in names)
        room += 0.28 + LETTER * 8 / SMALL * longest
    # A colour bar is inset, beside its Axes: a bar of its own would leave it less room.
    for bar in ax.child_axes:
        room = max(room, EDGE + 0.25 + numbers_beside(bar.yaxis))
    return room


def below_of(ax: Axes) -> float:
    """Inches for the numbers and the label below an Axes."""
    numbers = 0.22 if shows_numbers(ax.xaxis) else 0.04
    return EDGE + numbers + (0.22 if ax.get_xlabel() else 0.0)
