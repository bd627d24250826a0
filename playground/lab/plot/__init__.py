"""Pictures of a run: a frame goes in, Axes come out. The home of matplotlib.

A *frame* is a pandas DataFrame indexed by step, as :func:`playground.read_log` gives it, or a
tuple ``(steps, values)`` or ``(steps, values, names)`` of arrays with shapes ``(rows,)`` and
``(rows, columns)``, as ``RunRecord.arrays`` gives it (cheap where a frame would be huge).

Every function draws on ``ax`` when one is passed and on a new figure otherwise, so that pictures
can be put together freely; ``ax.figure`` is the figure, and :func:`save` writes it. Nothing here
touches pyplot: no window, no global state, any thread.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from playground.graph.types import Operand
from playground.lab.plot.canvas import (
    figure,
    head,
    offscreen,
    save,
    stacked_axes,
    tick_labels,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "INK",
    "STYLES",
    "curve",
    "distance",
    "dress",
    "figure",
    "gradient_components",
    "gradient_norm",
    "head",
    "heat_map",
    "heat_maps",
    "literal",
    "log_scale",
    "looks",
    "loss",
    "loss_and_step",
    "losses",
    "mark_restarts",
    "norm_and_components",
    "offscreen",
    "palette",
    "parameters",
    "restart_steps",
    "save",
    "small_multiples",
    "stacked_axes",
    "step_size",
    "tick_labels",
    "travel",
    "typeset",
]

# More lines than this are drawn as quantile bands with a few of the lines on top.
MOST_LINES = 16
# A picture is about this many pixels wide: more rows are drawn as their envelope.
MOST_ROWS = 1000
MOST_MEANS = 150
MOST_DOTS = 25
MOST_NUMBERS = 64
MOST_CELLS = 300
# Of columns that go up and down RAGGED times as far as they get, so many are drawn as they are;
# of more the means of so many stretches.
MOST_RAGGED, RAGGED, MOST_SMOOTHED = 2, 6.0, 25
# Beyond them what matplotlib computes of an axis, the next of its ticks, say, is not finite or is
# 0: such values are gaps, as those are that are not finite themselves.
LOWEST, HIGHEST = 1e-200, 1e200
# More marks than this are drawn as a strip along the edge: full lines would hide the data.
MOST_RESTART_LINES = 25

INK = "#1d2733"
BLUE, ORANGE, GREEN, RED = "#2f6db3", "#d9822b", "#2e8b57", "#c0392b"
PALE = "#f5c78f"
# Found by a search for the largest least distance between any two of them, and white, for the
# usual eye and both kinds of colour blindness (red, green), each dark enough for its name on white.
COLORS = ("#002699", "#ed6d00", "#32a775", "#8f1904", "#678dff", "#0e0708", "#83578d")
# One for each time around the colours. A true value is dotted.
STYLES = ("-", (0, (7, 1.6)), (0, (7, 1.6, 1.6, 1.6)))
# The bands of quantiles: from, to, opacity, name.
BANDS = ((0.01, 0.99, 0.13, "98 %"), (0.05, 0.95, 0.22, "90 %"), (0.25, 0.75, 0.35, "half"))

Frame = Any


# ---------------------------------------------------------------------- words


def literal(name: str) -> str:
    """A name of a user's, which matplotlib would read as mathematics between dollars.

    One that begins with an underscore would not stand in a legend.
    """
    return ("\N{HAIR SPACE}" if name.startswith("_") else "") + name.replace("$", r"\$")


def typeset(formula: str) -> str:
    """A formula for reading: small powers raised, indices lowered, products as dots.

    >>> typeset("x0**2 + 3*x1")
    'x₀² + 3·x₁'
    """
    raised = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
    text = re.sub(r"\bx(\d)\b", lambda found: "x" + "₀₁₂₃₄₅₆₇₈₉"[int(found[1])], formula)
    text = re.sub(r"\*\*(\d+)(?![\d.e])", lambda found: found[1].translate(raised), text)
    return re.sub(r"(?<!\*)\*(?!\*)", "·", text)


# ------------------------------------------------------------ loss and step size


def loss(
    frame: Frame,
    ax: Axes | None = None,
    *,
    below: float | None = None,
    criterion: tuple[str, np.ndarray, np.ndarray] | None = None,
) -> Axes:
    """The loss at each step, the best so far, and the restarts; ``below`` is where it stops.

    ``frame`` has the columns ``loss`` and ``restart``. ``criterion`` is what is compared with
    ``below`` if that is not the loss: its name, steps and values.
    """
    ax = _axes(ax)
    steps, values = _column(frame, "loss")
    # fmin skips NaN, which one point that is not finite would spread over all that follow.
    best = np.fmin.accumulate(values)
    curve(ax, steps, values, color=BLUE, linewidth=1.3, zorder=2.2, label="loss")
    if not np.array_equal(values, best):
        # Pale, wide and below: what is not the best stands out, and what is stays in sight.
        curve(ax, steps, best, color=PALE, linewidth=5.0, markersize=7, label="best so far")
    name, shown = "loss", [values, np.zeros(0) if below is None else np.array([below])]
    if criterion is not None:
        name = criterion[0]
        curve(ax, *criterion[1:], color=GREEN, linewidth=1.3, linestyle=STYLES[1], label=name)
        shown.append(criterion[2])
    if below is not None:
        label = f"stop at {name} = {below:g}"
        ax.axhline(below, color=GREEN, linestyle=":", linewidth=1.6, label=label)
    mark_restarts(ax, restart_steps(frame))
    log_scale(ax, np.concatenate(shown))
    both = "" if criterion is None else f" and {name}"
    return dress(ax, f"Loss{both}", f"loss{both}", legend=True)


def losses(frames: Mapping[str, Frame], ax: Axes | None = None) -> Axes:
    """The best loss so far of several runs, by name; the column ``loss`` of each frame."""
    ax = _axes(ax)
    found = []
    for (name, frame), look in zip(frames.items(), looks(len(frames)), strict=True):
        steps, values = _column(frame, "loss")
        best = np.fmin.accumulate(values)
        if len(best):
            label = f"{literal(name)}: {best[-1]:.3g} after {steps[-1]:,} steps"
            curve(ax, steps, best, **look, linewidth=1.6, label=label)
        found.append(best)
    log_scale(ax, np.concatenate([[], *found]))
    lengths = [len(best) for best in found if len(best)]
    if lengths and max(lengths) > 10 * min(lengths):
        # A run of 30 steps would be a line along the edge beside one of 10,000.
        ax.set_xscale("symlog", linthresh=10)
    dress(ax, "Best loss so far", "loss")
    # Where it hides least of the curves; of very many only the first are named.
    ax.legend(*(part[:MOST_LINES] for part in ax.get_legend_handles_labels()), loc="best")
    return ax


def step_size(frame: Frame, ax: Axes | None = None) -> Axes:
    """The step size at each step, and the restarts: columns ``step_size`` and ``restart``."""
    ax = _axes(ax)
    steps, values = _column(frame, "step_size")
    _trend(ax, steps, values, pale=0.25, color=GREEN, label="step size")
    mark_restarts(ax, restart_steps(frame))
    log_scale(ax, values)
    return dress(ax, "Step size", "step size")


def loss_and_step(
    frame: Frame,
    *,
    below: float | None = None,
    criterion: tuple[str, np.ndarray, np.ndarray] | None = None,
    title: str = "",
) -> list[Axes]:
    """Both on one figure: the loss above, the step size below."""
    axes = stacked_axes(2, title=title, heights=(3, 2))
    upper = loss(frame, axes[0], below=below, criterion=criterion)
    return [upper, step_size(frame, axes[1])]


def restart_steps(frame: Frame) -> np.ndarray:
    """The steps at which the column ``restart`` rises, shape ``(restarts,)``."""
    steps, count = _column(frame, "restart")
    return steps[1:][np.diff(count) > 0]


def mark_restarts(ax: Axes, steps: np.ndarray) -> None:
    """Mark restarts: lines over the whole height if they are few, else ticks along the foot."""
    if len(steps) == 0:
        return
    label = f"restart ({len(steps):,})" if len(steps) > 1 else "restart"
    foot = ax.get_xaxis_transform()  # x in steps, y as a share of the height
    few = len(steps) <= MOST_RESTART_LINES
    top, alpha, width = (1.0, 0.5, 0.9) if few else (0.035, 0.35, 0.6)
    look: dict[str, Any] = {"color": RED, "alpha": alpha, "linewidth": width, "zorder": 1.5}
    ax.vlines(steps, 0, top, transform=foot, **look)
    ax.plot([], [], color=RED, linewidth=1.2, label=label)


# -------------------------------------------------------- parameters and gradient


def parameters(
    params: Frame,
    truth: Operand = None,
    ax: Axes | None = None,
    *,
    restarts: Operand = (),
    called: str = "true values",
) -> Axes:
    """Each parameter over the steps; ``truth``, of any shape, gives the true values, dotted.

    ``called`` is what these are: own data have a smallest loss, and no truth that is known.
    More than 16 parameters are shown as bands of quantiles with a few parameters on top.
    """
    ax = _axes(ax)
    drawn = _courses(ax, params, truth)
    mark_restarts(ax, np.asarray(restarts))
    ax.set_ylim(*_range(drawn.values, drawn.ends))
    _name_ends(ax, drawn.ends, drawn.names)
    what = f"{len(drawn.ends)} of {drawn.columns:,} parameters" if drawn.crowd else "Parameters"
    goal = "" if truth is None else f" and their {called} (dotted)"
    return dress(ax, what + goal, "value", legend=drawn.crowd)


def distance(
    params: Frame,
    truth: Operand,
    ax: Axes | None = None,
    *,
    restarts: Operand = (),
    called: str = "true values",
) -> Axes:
    """How far each parameter is from its true value, on a log scale.

    More than 16 parameters are shown as bands of quantiles.
    """
    ax = _axes(ax)
    steps, values, names = _table(params)
    error = np.abs(values - np.asarray(truth, dtype=float).ravel())
    legend = _sizes(ax, steps, error, names, restarts)
    return dress(
        ax,
        f"Distance to the {called}",
        "|difference|" if called != "true values" else "|value - true value|",
        legend=legend,
    )


def gradient_norm(grads: Frame, ax: Axes | None = None, *, restarts: Operand = ()) -> Axes:
    """The Euclidean norm of the gradient at each step where one was computed."""
    ax = _axes(ax)
    steps, values, _ = _table(grads)
    with np.errstate(over="ignore"):
        norm = np.sqrt(np.sum(np.square(values), axis=1))
    _trend(ax, steps, norm, pale=0.25, color=BLUE, label="norm")
    mark_restarts(ax, np.asarray(restarts))
    log_scale(ax, norm)
    return dress(ax, "Norm of the gradient", "norm", legend=len(restarts) > 0)


def gradient_components(grads: Frame, ax: Axes | None = None, *, restarts: Operand = ()) -> Axes:
    """The size of each component of the gradient; more than 16 are shown as bands of quantiles.

    Ragged ones are smoothed, with a band from the smallest to the largest behind them.
    """
    ax = _axes(ax)
    steps, values, names = _table(grads)
    legend = _sizes(ax, steps, np.abs(values), names, restarts)
    return dress(ax, "Components of the gradient", "|component|", legend=legend)


def travel(
    params: Frame,
    truth: Operand = None,
    *,
    restarts: Operand = (),
    title: str = "",
    called: str = "true values",
) -> list[Axes]:
    """One figure: :func:`parameters` and, where the truth is known, :func:`distance` below it."""
    if truth is None:
        return [parameters(params, ax=stacked_axes(1, title=title)[0], restarts=restarts)]
    axes = stacked_axes(2, title=title, heights=(3, 2))
    upper = parameters(params, truth, axes[0], restarts=restarts, called=called)
    return [upper, distance(params, truth, axes[1], restarts=restarts, called=called)]


def norm_and_components(grads: Frame, *, restarts: Operand = (), title: str = "") -> list[Axes]:
    """One figure: the norm of the gradient above, its components below."""
    axes = stacked_axes(2, title=title, heights=(2, 3))
    upper = gradient_norm(grads, axes[0], restarts=restarts)
    return [upper, gradient_components(grads, axes[1], restarts=restarts)]


def small_multiples(
    frames: Mapping[str, Frame], truth: Operand = None, *, ylabel: str = "value", title: str = ""
) -> list[Axes]:
    """The columns of several frames over the steps, each frame under its name, on common axes.

    ``truth`` gives the true values, dotted; more than 16 columns are drawn as :func:`parameters`
    draws them.
    """
    columns = math.ceil(math.sqrt(len(frames)))
    rows = math.ceil(len(frames) / columns)
    size = (4.9 * columns, 3.3 * rows)
    fig, grid = figure(rows, columns, size=size, words=True, sharex=True, sharey=True)
    head(fig, title)
    axes, left = list(grid.flat)[: len(frames)], list(grid.flat)[len(frames) :]
    pairs = zip(axes, frames.values(), strict=True)
    drawn = [_courses(ax, frame, truth) for ax, frame in pairs]
    lows, highs = zip(*(_range(part.values, part.ends) for part in drawn), strict=True)
    axes[0].set_ylim(min(lows), max(highs))
    for ax, part, name in zip(axes, drawn, frames, strict=True):
        _name_ends(ax, part.ends, part.names)
        dress(ax, name, ylabel)
    for ax in left:
        ax.remove()
    for ax in axes[-columns:]:  # also above a place that stays empty
        ax.tick_params(labelbottom=True)
        ax.set_xlabel("step")
    return axes


class _Courses(NamedTuple):
    """What :func:`_courses` has drawn: ``values`` of the lines (rows, lines) and where they end."""

    values: np.ndarray
    ends: np.ndarray
    names: list[str]
    columns: int

    @property
    def crowd(self) -> bool:
        return self.columns > len(self.ends)


def _courses(ax: Axes, frame: Frame, truth: Operand) -> _Courses:
    """Each column over the steps and, dotted, its true value; a crowd as bands and a few lines."""
    steps, values, names = _table(frame)
    known = None if truth is None else np.asarray(truth, dtype=float).ravel()
    order = np.argsort(values[-1] if known is None else known, kind="stable")
    shown = np.arange(len(order))
    if len(order) > MOST_LINES:  # six, from the lowest to the highest
        shown = order[np.linspace(0, len(order) - 1, 6).astype(int)]
    if values.shape[1] > len(shown):
        _bands(ax, steps, values)
    for look, index in zip(looks(len(shown)), shown, strict=True):
        curve(ax, steps, values[:, index], **look, linewidth=1.4)
        if known is not None:
            goal = {**look, "linestyle": ":", "linewidth": 1.3, "alpha": 0.8, "zorder": 1.8}
            ax.axhline(float(_drawable(known[index])), **goal)
    ends = values[-1, shown] if known is None else known[shown]
    return _Courses(values[:, shown], ends, [names[i] for i in shown], values.shape[1])


def _sizes(
    ax: Axes, steps: np.ndarray, values: np.ndarray, names: Sequence[str], restarts: Operand
) -> bool:
    """Non-negative columns on a log scale, as lines or bands; whether a legend is needed."""
    crowd = values.shape[1] > MOST_LINES
    mark_restarts(ax, np.asarray(restarts))
    if crowd:
        log_scale(ax, _bands(ax, steps, values, largest=True))
        return True
    if _are_ragged(values):
        ends = _smoothed(ax, steps, values)
    else:
        ends = values[-1]
        for look, column in zip(looks(values.shape[1]), values.T, strict=True):
            _trend(ax, steps, column, pale=0.06, **look)
    log_scale(ax, values)
    _name_ends(ax, ends, names)
    return bool(ax.get_legend_handles_labels()[1])


def _are_ragged(values: np.ndarray) -> bool:
    """Whether lines of these columns on a log scale would hide each other."""
    rows, columns = values.shape
    if columns <= MOST_RAGGED or rows <= 2 * MOST_SMOOTHED:
        return False
    # The way up and down over the distance made: 1 for a curve that only falls.
    logs = np.log(np.where((values > LOWEST) & (values < HIGHEST), values, np.nan))
    ways = np.nansum(np.abs(np.diff(logs, axis=0)), axis=0)
    reach = np.nanmax(logs, axis=0) - np.nanmin(logs, axis=0)
    return bool(np.median(ways / np.where(reach > 0, reach, np.inf)) > RAGGED)


def _smoothed(ax: Axes, steps: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Geometric means of each column over stretches of steps; returns the last of each."""
    starts = _stretches(len(steps), MOST_SMOOTHED)
    least = np.minimum.reduceat(np.where(values > 0, values, np.inf).min(axis=1), starts)
    most = np.maximum.reduceat(values.max(axis=1), starts)
    middles, _ = _means(steps, values[:, 0], MOST_SMOOTHED)
    band = _drawable(least), _drawable(most)
    ax.fill_between(middles, *band, color=INK, alpha=0.1, linewidth=0, label="smallest to largest")
    means = [_means(steps, column, MOST_SMOOTHED)[1] for column in values.T]
    for look, line in zip(looks(len(means)), means, strict=True):
        curve(ax, middles, line, **look, linewidth=1.4, marker="")
    ax.plot([], [], color=INK, linewidth=1.4, label=f"means of {starts[1]:,} steps")
    return np.array([line[-1] for line in means])


# ---------------------------------------------------------------------- heat maps


def heat_map(
    matrix: Operand,
    ax: Axes | None = None,
    *,
    title: str = "",
    limits: Sequence[float] | None = None,
) -> Axes:
    """A matrix as colours, shape ``(rows, columns)``; the values are written in if they fit.

    Zero is white, negative blue, positive red; ``limits`` is (lowest, highest). A large matrix is
    drawn in blocks, each with its value of largest size, so that a lone diagonal stays visible.
    """
    ax = _axes(ax)
    values = np.asarray(matrix, dtype=float)
    block = -(-max(values.shape) // MOST_CELLS)
    cells = _largest_in_blocks(values, block)
    sizes = np.abs(values[np.abs(values) <= HIGHEST] if limits is None else limits)
    top = float(sizes.max(initial=0.0)) or 1.0
    extent = (-0.5, values.shape[1] - 0.5, values.shape[0] - 0.5, -0.5)
    image = ax.imshow(
        _drawable(cells),
        cmap="RdBu_r",
        vmin=-top,
        vmax=top,
        extent=extent,
        interpolation="nearest",
    )
    if not _write_values(ax, values, top):
        bar = ax.inset_axes((1.03, 0.0, 0.045, 1.0))
        ax.figure.colorbar(image, cax=bar, format=_numbers()())
        bar.tick_params(labelsize=9)
        bar.yaxis.get_offset_text().set_visible(False)
    ax.set_title(title, loc="left", fontsize=10.5, y=1.0)
    ax.set_xlabel("column" if block == 1 else f"column (the largest value of {block} by {block})")
    ax.set_ylabel("row")
    for axis in (ax.xaxis, ax.yaxis):
        _few_ticks(axis, integer=True)
    ax.tick_params(labelsize=9)
    return ax


def heat_maps(matrices: Mapping[str, Operand], *, title: str = "") -> list[Axes]:
    """Matrices side by side on one figure, each under its name and with colours of its own."""
    fig, axes = figure(1, len(matrices), size=(4.4 * len(matrices), 4.5), words=True)
    head(fig, title)
    pairs = zip(matrices.items(), axes[0], strict=True)
    return [heat_map(matrix, ax, title=name) for (name, matrix), ax in pairs]


def _largest_in_blocks(values: np.ndarray, block: int) -> np.ndarray:
    if block == 1:
        return values
    rows, columns = (np.arange(0, n, block) for n in values.shape)
    # A mean of each block would lose the diagonal of an identity of 1000 rows.
    high = np.maximum.reduceat(np.maximum.reduceat(values, rows, axis=0), columns, axis=1)
    low = np.minimum.reduceat(np.minimum.reduceat(values, rows, axis=0), columns, axis=1)
    return np.where(high >= -low, high, low)


def _write_values(ax: Axes, values: np.ndarray, top: float) -> bool:
    """Write each value into its cell; False where the cells are too small for that."""
    if values.size > MOST_NUMBERS:
        return False
    texts = [f"{value:.3g}" for value in values.ravel()]
    width = 205 / values.shape[1]  # of a cell, in points, on a figure of the usual size
    size = min(11.0, width / (0.65 * max(map(len, texts))))
    # Smaller digits cannot be read: the colours say enough then.
    if size < 5.5:
        return False
    for ((row, column), value), text in zip(np.ndenumerate(values), texts, strict=True):
        # Both ends of the map are dark.
        ink = "white" if abs(value) > 0.6 * top else "black"
        ax.text(column, row, text, ha="center", va="center", color=ink, fontsize=size)
    return True


# ------------------------------------------------------------------------- parts


def _axes(ax: Axes | None) -> Axes:
    return figure(words=True)[1][0, 0] if ax is None else ax


def _table(frame: Frame) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Steps, values ``(rows, columns)`` and names; rows that were not computed are left out."""
    if isinstance(frame, tuple):
        steps, values = (np.asarray(part) for part in frame[:2])
        names = list(frame[2]) if len(frame) > 2 else [str(i) for i in range(values.shape[1])]
    else:
        steps, values = frame.index.to_numpy(), frame.to_numpy()
        names = [str(name) for name in frame.columns]
    computed = ~np.isnan(values).all(axis=1)
    if not computed.any():
        raise ValueError("plot: the frame has no row with a value; there is nothing to draw")
    return steps[computed], np.asarray(values[computed], dtype=float), names


def _column(frame: Frame, name: str) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(frame, Mapping):
        values = np.asarray(frame[name], dtype=float)
        return np.arange(len(values)), values
    return frame.index.to_numpy(), frame[name].to_numpy().astype(float)


def _stretches(rows: int, most: int) -> np.ndarray:
    """Where each of at most ``most`` equal stretches of ``rows`` rows begins."""
    return np.unique(np.linspace(0, rows, most, endpoint=False).astype(int))


def curve(ax: Axes, steps: np.ndarray, values: np.ndarray, **look: Any) -> None:
    """A line over the steps: the points of a short one are marked, a long one is an envelope.

    That is at most about 2 x MOST_ROWS points, the lowest and highest value of every stretch.
    """
    if len(steps) > 2 * MOST_ROWS:
        # Every k-th row instead would lose the spikes, which are what one looks for.
        starts = _stretches(len(steps), MOST_ROWS)
        ends = np.fmax.reduceat(values, starts), np.fmin.reduceat(values, starts)
        values = np.append(np.stack(ends, axis=1).ravel(), values[-1])
        steps = np.append(np.repeat(steps[starts], 2), steps[-1])
    # With few rows the eye should see which of the points were measured.
    dots = {"marker": "o", "markersize": 3} if len(steps) <= MOST_DOTS else {}
    ax.plot(steps, _drawable(values), **{"linewidth": 1.0, **dots, **look})


def _drawable(values: np.ndarray) -> np.ndarray:
    """The values with NaN for those that no axis reaches."""
    return np.where(np.abs(values) <= HIGHEST, values, np.nan)


def _trend(ax: Axes, steps: np.ndarray, values: np.ndarray, *, pale: float, **look: Any) -> None:
    """Positive values as a line; a long ragged one as a pale envelope with its means on top."""
    if len(steps) <= MOST_ROWS:
        curve(ax, steps, values, **look)
    else:
        curve(ax, steps, values, **{**look, "alpha": pale, "linewidth": 0.7, "label": None})
        curve(ax, *_means(steps, values, MOST_MEANS), **{**look, "linewidth": 1.5})


def _means(steps: np.ndarray, values: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """The middles of at most ``most`` stretches of steps, and the mean of the values in each."""
    # Geometric means: on a log scale plain ones would show the spikes alone.
    starts = _stretches(len(steps), most)
    logs = np.log(np.where(values > 0, values, np.nan))
    counts = np.add.reduceat((values > 0).astype(float), starts)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.exp(np.add.reduceat(np.nan_to_num(logs, posinf=np.nan), starts) / counts)
    middles = np.add.reduceat(steps, starts) / np.diff(np.append(starts, len(steps)))
    return middles, means


def _bands(ax: Axes, steps: np.ndarray, values: np.ndarray, *, largest: bool = False) -> np.ndarray:
    """Shaded quantiles of all columns over each stretch of steps, the median as a line.

    With ``largest`` a line for the largest value as well. Returns what is drawn, as quantiles of
    shape (stretches, quantiles).
    """
    starts = _stretches(len(steps), MOST_MEANS)
    edges = {share for low, high, *_ in BANDS for share in (low, high)}
    shares = sorted(edges | {0.5} | ({1.0} if largest else set()))
    drawn = np.array([np.quantile(part, shares) for part in np.split(values, starts[1:])])
    middles = np.array([part.mean() for part in np.split(steps, starts[1:])])
    curves = dict(zip(shares, drawn.T, strict=True))
    if largest:
        curve(ax, middles, curves[1.0], color=ORANGE, linewidth=0.9, label="largest")
    for low, high, alpha, name in BANDS:
        band = (_drawable(curves[low]), _drawable(curves[high]))
        ax.fill_between(middles, *band, color=BLUE, alpha=alpha, linewidth=0, label=name)
    curve(ax, middles, curves[0.5], color=BLUE, linewidth=1.4, label="median")
    return drawn


def looks(count: int) -> list[dict[str, Any]]:
    """Colour and line style for ``count`` lines that are to be told apart."""
    rounds = range(count)
    return [
        {"color": color, "linestyle": STYLES[i // len(COLORS) % len(STYLES)]}
        for i, color in zip(rounds, palette(count), strict=True)
    ]


def palette(count: int) -> list[str]:
    """Colours for ``count`` lines, all dark enough for a line and its name on white."""
    return [COLORS[i % len(COLORS)] for i in range(count)]


def _name_ends(ax: Axes, ends: np.ndarray, names: Sequence[str]) -> None:
    """Each line's name right of the Axes, moved to be legible, and joined with where it ends."""
    from matplotlib.collections import LineCollection

    points = ax.transData.transform([(0.0, end) for end in ends])
    heights = ax.transAxes.inverted().transform(points)[:, 1]
    heights = np.clip(np.nan_to_num(heights, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)
    order = np.argsort(heights, kind="stable")
    places = _spread_out(heights[order], 0.055)
    colors = palette(len(names))
    for place, index in zip(places, order, strict=True):
        look: dict[str, Any] = {"color": colors[index], "fontsize": 8, "va": "center"}
        ax.text(1.035, place, names[index], transform=ax.transAxes, **look)
    # From where the line ends, by a slope, to where its name found room.
    ways = [
        [(0.991, height), (1.006, height), (1.024, place), (1.031, place)]
        for height, place in zip(heights[order], places, strict=True)
    ]
    look = {"colors": [colors[i] for i in order], "linewidths": 0.8, "clip_on": False}
    ax.add_collection(LineCollection(ways, transform=ax.transAxes, **look), autolim=False)


def _spread_out(heights: np.ndarray, gap: float) -> np.ndarray:
    """Rising heights in 0 .. 1 moved as little as needed (least squares) to lie ``gap`` apart."""
    gap = min(gap, 1.0 / max(len(heights) - 1, 1))
    ranks = gap * np.arange(len(heights))
    # Without the gaps it is a rising row to be fitted, by pooling neighbours that are out of order:
    # a crowd stays in the middle of its lines, and nobody else moves.
    pools: list[tuple[float, int]] = []
    for free in heights - ranks:
        pools.append((free, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (below, m), (above, n) = pools[-2:]
            pools[-2:] = [((below * m + above * n) / (m + n), m + n)]
    means, counts = zip(*pools, strict=True)
    return np.clip(np.repeat(means, counts), 0.0, 1.0 - ranks[-1]) + ranks


def _range(values: np.ndarray, ends: np.ndarray) -> tuple[float, float]:
    """Height for all but the wildest 1 % of the values, so that one spike does not flatten all."""
    finite, known = (part[np.abs(part) <= HIGHEST] for part in (values, ends))
    low, high = np.quantile(finite, (0.005, 0.995)) if finite.size else (0.0, 1.0)
    low, high = known.min(initial=low), known.max(initial=high)
    room = 0.06 * high - 0.06 * low or 0.5
    return float(low - room), float(high + room)


def log_scale(ax: Axes, values: np.ndarray) -> None:
    """A log scale where the values allow one, with room for what is drawn and no more."""
    from matplotlib.ticker import LogLocator, NullLocator

    positive = values[(values >= LOWEST) & (values <= HIGHEST)]
    if positive.size == 0 or np.any(values < 0):
        return
    low, high = positive.min(), positive.max()
    if high / 3 < low:  # a log axis this short has no powers of ten to label
        return
    ax.set_yscale("log", nonpositive="mask")
    # By logarithms: of 1e-300 and 1e300 the quotient is no number.
    subs = (1, 2, 5) if high / 100 < low else (1,)
    ax.yaxis.set_major_locator(_in_sight(LogLocator)(subs=subs, numticks=7))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(_numbers()(log=True))
    room = max(10 ** (0.05 * (np.log10(high) - np.log10(low))), 1.2)
    ax.set_ylim(low / room, high * room)


@cache
def _numbers() -> Any:
    """The class of a formatter whose texts are short, and the same in every font and layout."""
    from matplotlib.ticker import Formatter

    class Numbers(Formatter):
        def __init__(self, *, log: bool = False) -> None:
            self.log = log

        def __call__(self, value: float, position: int | None = None) -> str:
            return tick_labels([value], log=self.log)[0]

        def format_ticks(self, values: Sequence[float]) -> list[str]:
            return tick_labels(values, log=self.log)

    return Numbers


@cache
def _in_sight(kind: type) -> Any:
    """A kind of Locator whose ticks lie on its axis: what is made beyond the ends is not shown.

    A tick takes as long to make as a line and two texts, and the usual ones begin before an axis.
    """

    class InSight(kind):
        def __call__(self) -> np.ndarray:
            ticks = np.asarray(super().__call__())
            low, high = sorted(self.axis.get_view_interval())
            # As matplotlib's own choice: one that rounding has moved beyond the end is shown.
            room = 1e-10 * (high - low)
            return ticks[(ticks >= low - room) & (ticks <= high + room)]

    return InSight


def _few_ticks(axis: Any, most: int = 6, *, integer: bool = False) -> None:
    """Round numbers along an axis, each of which takes as long to draw as a line."""
    from matplotlib.ticker import MaxNLocator

    locator = _in_sight(MaxNLocator)
    axis.set_major_locator(locator(most, steps=(1, 2, 5, 10), integer=integer))
    axis.set_major_formatter(_numbers()())


def dress(ax: Axes, title: str, ylabel: str, *, legend: bool = False) -> Axes:
    """Title, labels, grid and, on the line of the title, a legend: of an Axes over the steps."""
    # At a place that is said nothing has to be measured for it.
    ax.set_title(title, loc="left", fontsize=10.5, y=1.0)
    ax.set_xlabel("step")
    ax.set_ylabel(ylabel)
    ax.label_outer()  # on shared axes only the lowest says "step"
    ax.tick_params(labelsize=9)
    if ax.get_xscale() == "linear":
        _few_ticks(ax.xaxis, integer=True)
    else:
        ax.xaxis.set_major_formatter(_numbers()())
    if ax.get_yscale() == "linear":
        _few_ticks(ax.yaxis, 8)
    ax.grid(True, which="major", color="#dddddd", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.margins(x=0.01)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    if legend:
        # on the line of the title, where it covers no data
        place: dict[str, Any] = {"loc": "lower right", "bbox_to_anchor": (1.01, 0.99), "ncols": 6}
        ax.legend(**place, frameon=False, fontsize=8, handlelength=1.5, columnspacing=1.2)
    return ax
