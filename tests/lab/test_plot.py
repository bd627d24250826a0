"""The pictures: what is drawn is what is in the frame, also when the frame is huge."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba

from playground.lab import plot


def loss_frame(values, restart=None, step_size=0.01):
    rows = len(values)
    columns = {
        "loss": np.asarray(values, dtype=float),
        "step_size": np.full(rows, step_size),
        "restart": np.zeros(rows, dtype=int) if restart is None else restart,
        "accepted": True,
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(rows, name="step"))


def point_frame(values, steps=None):
    values = np.asarray(values, dtype=float)
    names = [f"Y[{i}]" for i in range(values.shape[1])]
    steps = np.arange(len(values)) if steps is None else steps
    return pd.DataFrame(values, index=pd.Index(steps, name="step"), columns=names)


def drawn(ax, label):
    """The y values of the one line with this label."""
    (line,) = [line for line in ax.get_lines() if line.get_label() == label]
    return np.asarray(line.get_ydata())


def dashed(ax):
    """The heights of the dashed horizontal lines."""
    lines = [line for line in ax.get_lines() if line.is_dashed()]
    return [line.get_ydata()[0] for line in lines]


def names_at_the_right(ax):
    return {text.get_text() for text in ax.texts}


def marks(ax):
    """The steps at which restarts are marked."""
    red = to_rgba(plot.RED)[:3]
    found = [c for c in ax.collections if len(c.get_color()) and tuple(c.get_color()[0][:3]) == red]
    return [segment[0][0] for collection in found for segment in collection.get_segments()]


# ---------------------------------------------------------------- loss and step size


def test_loss_shows_the_values_and_the_best_so_far_on_a_log_scale():
    ax = plot.loss(loss_frame([5.0, 1.0, 3.0, 0.5, 2.0]))
    assert drawn(ax, "loss").tolist() == [5.0, 1.0, 3.0, 0.5, 2.0]
    assert drawn(ax, "best so far").tolist() == [5.0, 1.0, 1.0, 0.5, 0.5]
    assert ax.get_yscale() == "log"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "loss")


def test_loss_marks_where_it_stops_and_keeps_the_mark_in_view():
    ax = plot.loss(loss_frame([5.0, 1.0, 3.0]), below=1e-3)
    assert dashed(ax) == [1e-3]
    assert ax.get_ylim()[0] < 1e-3


def test_best_so_far_ignores_values_that_are_no_numbers():
    ax = plot.loss(loss_frame([5.0, np.nan, np.inf, 2.0]))
    assert drawn(ax, "best so far").tolist() == [5.0, 5.0, 5.0, 2.0]
    assert np.isfinite(ax.get_ylim()).all()


def test_a_loss_below_zero_gets_a_plain_scale():
    ax = plot.loss(loss_frame([2.0, -1.0, -3.0]))
    assert ax.get_yscale() == "linear"
    assert ax.get_ylim()[0] < -3.0


def test_restarts_are_marked_at_their_steps():
    frame = loss_frame(np.full(9, 2.0), restart=[0, 0, 0, 1, 1, 1, 2, 2, 2])
    assert plot.restart_steps(frame).tolist() == [3, 6]
    assert marks(plot.loss(frame)) == [3, 6]
    assert marks(plot.step_size(frame)) == [3, 6]


def test_many_restarts_do_not_cover_the_data():
    frame = loss_frame(np.full(400, 2.0), restart=np.arange(400) // 2)
    ax = plot.loss(frame)
    (strip,) = [c for c in ax.collections if len(c.get_segments()) == 199]
    assert max(y for segment in strip.get_segments() for _, y in segment) < 0.1


def test_no_legend_lies_on_the_data():
    frame = loss_frame(np.geomspace(9, 1e-6, 50), restart=np.arange(50) // 25)
    ax = plot.loss(frame)
    ax.figure.canvas.draw()
    legend = ax.get_legend().get_window_extent()
    assert legend.y0 >= ax.get_window_extent().y1 - 1


def test_loss_and_step_share_one_figure():
    upper, lower = plot.loss_and_step(loss_frame([3.0, 2.0], step_size=0.25), title="A run")
    assert upper.figure is lower.figure
    assert drawn(lower, "step size").tolist() == [0.25, 0.25]
    assert upper.figure.get_suptitle() == "A run"


def test_a_long_run_is_thinned_without_losing_its_spikes():
    values = np.full(200_000, 1.0)
    values[123_456], values[77_777] = 1e6, 1e-6
    line = drawn(plot.loss(loss_frame(values)), "loss")
    assert len(line) < 5_000
    assert line.max() == 1e6
    assert line.min() == 1e-6


def test_a_run_of_one_row_is_drawn():
    upper, _ = plot.loss_and_step(loss_frame([3.0]))
    assert drawn(upper, "loss").tolist() == [3.0]
    assert upper.get_lines()[0].get_marker() == "o"
    plot.travel(point_frame([[1.0, 2.0]]), [1.0, 2.0])
    plot.norm_and_components(point_frame([[1.0, 2.0]]))


# -------------------------------------------------------------- parameters, gradient


def test_each_parameter_travels_to_its_dashed_truth():
    values = np.array([[1.0, 5.0], [2.0, 4.0], [3.0, 3.5]])
    ax = plot.parameters(point_frame(values), truth=[[3.1, 3.4]])
    lines = [line for line in ax.get_lines() if not line.is_dashed()]
    assert [line.get_ydata().tolist() for line in lines] == values.T.tolist()
    assert dashed(ax) == [3.1, 3.4]
    colors = [line.get_color() for line in ax.get_lines()]
    assert colors[0] == colors[1] != colors[2] == colors[3]
    assert names_at_the_right(ax) == {"Y[0]", "Y[1]"}


def test_thinned_rows_keep_their_steps():
    ax = plot.parameters(point_frame([[1.0], [2.0], [3.0]], steps=[0, 64, 128]))
    assert ax.get_lines()[0].get_xdata().tolist() == [0, 64, 128]


def test_arrays_draw_as_the_frame_does():
    frame = point_frame(np.random.default_rng(0).random((7, 3)))
    arrays = (frame.index.to_numpy(), frame.to_numpy(), list(frame.columns))
    one, other = plot.parameters(frame), plot.parameters(arrays)
    for left, right in zip(one.get_lines(), other.get_lines(), strict=True):
        assert np.array_equal(left.get_xydata(), right.get_xydata())
    assert names_at_the_right(one) == names_at_the_right(other)


def test_a_crowd_of_parameters_is_drawn_as_bands_and_a_few_lines():
    rng = np.random.default_rng(0)
    values, truth = rng.random((30, 10_000)), rng.random(10_000)
    ax = plot.parameters(point_frame(values), truth)
    assert len(dashed(ax)) == 6
    assert min(dashed(ax)) == truth.min()
    assert max(dashed(ax)) == truth.max()
    assert len(names_at_the_right(ax)) == 6
    assert np.allclose(drawn(ax, "median"), np.median(values, axis=1))
    assert len(ax.get_legend().get_texts()) <= 5
    assert len(ax.get_children()) < 60


def test_one_wild_step_does_not_flatten_the_others():
    values = np.random.default_rng(0).random((1000, 3))
    values[500] = 1e9
    low, high = plot.parameters(point_frame(values)).get_ylim()
    assert low < values.min()
    assert 1.0 < high < 2.0


def test_distance_is_to_the_true_values():
    ax = plot.distance(point_frame([[1.0, 9.0], [2.0, 5.0]]), truth=[3.0, 4.0])
    assert [line.get_ydata().tolist() for line in ax.get_lines()] == [[2.0, 1.0], [5.0, 1.0]]


def test_gradient_norm_and_components():
    grads = point_frame([[3.0, -4.0], [np.nan, np.nan], [0.6, 0.8]])
    upper, lower = plot.norm_and_components(grads)
    (line,) = upper.get_lines()
    assert line.get_xdata().tolist() == [0, 2]  # the row that was not computed is left out
    assert line.get_ydata() == pytest.approx([5.0, 1.0])
    assert [line.get_ydata().tolist() for line in lower.get_lines()] == [[3.0, 0.6], [4.0, 0.8]]


def test_a_long_ragged_curve_gets_its_geometric_mean():
    norm = np.where(np.arange(6000) % 2, 1e-4, 1e-2)
    ax = plot.gradient_norm(point_frame(norm[:, None]))
    assert drawn(ax, "norm") == pytest.approx(1e-3)


def test_a_crowd_of_gradients_is_drawn_as_bands():
    ax = plot.gradient_components(point_frame(np.random.default_rng(0).random((9, 900))))
    grads = np.random.default_rng(0).random((9, 900))
    assert len(ax.get_lines()) == 2
    assert drawn(ax, "largest").tolist() == grads.max(axis=1).tolist()
    assert np.allclose(drawn(ax, "median"), np.median(grads, axis=1))
    assert names_at_the_right(ax) == set()


def test_names_at_the_right_do_not_overlap():
    values = np.linspace(1.0, 1.001, 16)[None, :].repeat(3, axis=0)
    values[:, 0] = 9.0
    heights = sorted(text.get_position()[1] for text in plot.parameters(point_frame(values)).texts)
    assert np.diff(heights).min() > 0.03
    assert heights[0] >= 0
    assert heights[-1] <= 1


def test_a_frame_without_values_says_so():
    with pytest.raises(ValueError, match="no row with a value"):
        plot.gradient_norm(point_frame([[np.nan, np.nan]]))


# -------------------------------------------------------------------------- heat maps


def test_heat_map_shows_the_values_around_a_white_zero():
    ax = plot.heat_map([[1.0, -2.0], [0.5, 0.0]], title="XY")
    (image,) = ax.get_images()
    assert image.get_array().tolist() == [[1.0, -2.0], [0.5, 0.0]]
    assert image.get_clim() == (-2.0, 2.0)
    assert [text.get_text() for text in ax.texts] == ["1", "-2", "0.5", "0"]
    assert ax.get_title(loc="left") == "XY"


def test_a_lone_diagonal_stays_visible_in_a_large_matrix():
    (image,) = plot.heat_map(np.eye(1000) - 1e-3).get_images()
    cells = np.asarray(image.get_array())
    assert max(cells.shape) <= plot.MOST_CELLS
    assert np.diag(cells) == pytest.approx(0.999)
    assert np.abs(cells - np.diag(np.diag(cells))).max() == pytest.approx(1e-3)


def test_heat_map_of_zeros_and_of_values_that_are_no_numbers():
    plot.heat_map(np.zeros((2, 2))).figure.canvas.draw()
    plot.heat_map([[np.nan, np.inf], [1.0, 2.0]]).figure.canvas.draw()


def test_heat_maps_stand_side_by_side():
    axes = plot.heat_maps({"before": np.eye(2), "after": np.ones((2, 2))}, title="X")
    assert [ax.get_title(loc="left") for ax in axes] == ["before", "after"]
    assert axes[0].figure is axes[1].figure


def test_heat_maps_have_room_for_their_words(tmp_path):
    """Every label lies inside the figure, and the title of the figure above those of the parts."""
    axes = plot.heat_maps({name: np.eye(3) for name in "abc"}, title="Title")
    axes[-1].set(xlabel="j of r[j]")
    figure = axes[0].figure
    plot.save(figure, tmp_path / "m.png")
    head = figure._suptitle.get_window_extent()
    for ax in axes:
        assert ax.xaxis.label.get_window_extent().y0 > 3
        assert ax._left_title.get_window_extent().y1 < head.y0 - 3


# ------------------------------------------------------------------------ figures, files


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: plot.loss(loss_frame([2.0, 1.0]), ax),
        lambda ax: plot.step_size(loss_frame([2.0, 1.0]), ax),
        lambda ax: plot.parameters(point_frame([[1.0], [2.0]]), None, ax),
        lambda ax: plot.distance(point_frame([[1.0], [2.0]]), [3.0], ax),
        lambda ax: plot.gradient_norm(point_frame([[1.0], [2.0]]), ax),
        lambda ax: plot.gradient_components(point_frame([[1.0], [2.0]]), ax),
        lambda ax: plot.heat_map(np.eye(2), ax),
    ],
)
def test_every_picture_is_drawn_on_the_axes_it_is_given(draw):
    _, axes = plot.figure(1, 2)
    assert draw(axes[0, 1]) is axes[0, 1]
    assert not axes[0, 0].has_data()


def test_save_writes_the_format_that_the_name_asks_for(tmp_path):
    ax = plot.loss(loss_frame([2.0, 1.0]))
    assert plot.save(ax, tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert plot.save(ax.figure, tmp_path / "a.svg").read_bytes().startswith(b"<?xml")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "a.svg"]


def test_a_picture_that_cannot_be_drawn_leaves_the_old_one(tmp_path, monkeypatch):
    ax = plot.loss(loss_frame([2.0, 1.0]))
    old = plot.save(ax, tmp_path / "a.png").read_bytes()

    def fail(*args, **options):
        raise OSError("no space left")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="no space left"):
        plot.save(plot.heat_map(np.eye(2)), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == old
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_plotting_loads_matplotlib_late_and_pyplot_never():
    code = (
        "import io, sys; from playground.lab import plot;"
        "assert 'matplotlib' not in sys.modules;"
        "ax = plot.heat_map([[1.0]]); ax.figure.savefig(io.BytesIO(), format='png');"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# ----------------------------------------------------------------------- several runs at once


def test_small_multiples_show_every_frame_on_common_axes():
    frames = {
        "one": point_frame([[0.0, 5.0], [1.0, 4.0]]),
        "other": point_frame([[-7.0, 0.0], [1.0, 2.0], [1.5, 3.0]]),
        "third": (np.arange(2), np.array([[9.0, 0.0], [8.0, 1.0]]), ["a", "b"]),
    }
    axes = plot.small_multiples(frames, [1.0, 3.0], ylabel="height", title="Three runs")
    assert [ax.get_title(loc="left") for ax in axes] == ["one", "other", "third"]
    assert len({ax.figure for ax in axes}) == 1
    assert axes[0].figure.get_suptitle() == "Three runs"
    assert len(axes[0].figure.axes) == 3  # the fourth place stays empty
    for ax, frame in zip(axes, frames.values(), strict=True):
        values = frame[1] if isinstance(frame, tuple) else frame.to_numpy()
        lines = [line for line in ax.get_lines() if not line.is_dashed()]
        assert [line.get_ydata().tolist() for line in lines] == values.T.tolist()
        assert dashed(ax) == [1.0, 3.0]
        assert ax.get_ylim() == axes[0].get_ylim()
        assert ax.get_xlim() == axes[0].get_xlim()
    low, high = axes[0].get_ylim()
    assert low < -6.5
    assert high > 8.5
    assert names_at_the_right(axes[2]) == {"a", "b"}
    assert axes[1].get_xlabel() == axes[2].get_xlabel() == "step"


def test_small_multiples_of_a_crowd_and_of_one():
    crowd = point_frame(np.random.default_rng(0).random((30, 40)))
    (ax,) = plot.small_multiples({"crowd": crowd})
    assert len(names_at_the_right(ax)) == 6
    assert np.allclose(drawn(ax, "median"), np.median(crowd, axis=1))


@pytest.mark.parametrize(
    ("heights", "expected"),
    [
        ([0.2, 0.5, 0.9], [0.2, 0.5, 0.9]),
        ([0.5, 0.5, 0.5], [0.4, 0.5, 0.6]),
        ([0.0, 0.0], [0.0, 0.1]),
        ([1.0, 1.0, 1.0], [0.8, 0.9, 1.0]),
        ([0.3], [0.3]),
        ([0.2, 0.21, 0.9], [0.155, 0.255, 0.9]),
    ],
)
def test_names_that_would_overlap_move_apart_both_ways(heights, expected) -> None:
    np.testing.assert_allclose(plot._spread_out(np.array(heights), 0.1), expected, atol=1e-12)


def test_many_names_share_the_height() -> None:
    found = plot._spread_out(np.full(21, 0.5), 0.1)
    np.testing.assert_allclose(found, np.linspace(0.0, 1.0, 21), atol=1e-12)


# ------------------------------------------------------------------ words, colours, room


@pytest.mark.parametrize(
    ("values", "log", "expected"),
    [
        ([0, 1000, 2000], False, ["0", "1,000", "2,000"]),
        ([-0.5, 0, 0.5], False, ["−0.5", "0.0", "0.5"]),  # noqa: RUF001
        ([1.0001, 1.0002], False, ["1.0001", "1.0002"]),
        ([0, 2e-6, 4e-6], False, ["0", "2·10⁻⁶", "4·10⁻⁶"]),
        ([0, 4e8], False, ["0", "4·10⁸"]),
        ([0.01, 1, 100], True, ["0.01", "1", "100"]),
        ([1e-8, 1e-4, 1.0], True, ["10⁻⁸", "10⁻⁴", "10⁰"]),
        ([9.999999999999999e-12, 1e-10], True, ["10⁻¹¹", "10⁻¹⁰"]),
        ([2e-5, 5e-5], True, ["2·10⁻⁵", "5·10⁻⁵"]),
        ([], False, []),
    ],
)
def test_numbers_at_an_axis_are_short_and_tell_each_other_apart(values, log, expected) -> None:
    assert plot.tick_labels(values, log=log) == expected


# Machado, Oliveira and Fernandes (2009), at full severity, of linear RGB.
EYES = {
    "usual": np.eye(3),
    "no green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
}


def lightness_and_hue(linear):
    """CIE L*a*b* of linear RGB."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.cbrt(np.clip(linear, 1e-6, 1) @ np.transpose(to_xyz) / [0.9505, 1, 1.089]).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


@pytest.mark.parametrize("eye", EYES)
def test_colours_are_told_apart_by_every_eye(eye) -> None:
    colors = np.array([to_rgba(c)[:3] for c in [*dict.fromkeys(plot.palette(9)), "white"]])
    assert len(colors) == 8
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    seen = lightness_and_hue(np.clip(linear @ np.transpose(EYES[eye]), 0, 1))
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
    assert apart[~np.eye(8, dtype=bool)].min() > 30


def test_lines_of_one_colour_differ_in_style() -> None:
    found = [(look["color"], str(look["linestyle"])) for look in plot.looks(plot.MOST_LINES)]
    assert len(set(found)) == plot.MOST_LINES


def test_a_name_that_has_moved_is_joined_with_its_line() -> None:
    values = np.array([[0.0, 0.0, 0.0], [1.0, 1.001, 9.0]])
    ax = plot.parameters(point_frame(values))
    (ways,) = [c for c in ax.collections if len(c.get_segments()) == 3]
    to_axes = (ax.transData + ax.transAxes.inverted()).transform
    ends = sorted(to_axes((0, value))[1] for value in values[1])
    places = sorted(text.get_position()[1] for text in ax.texts)
    assert sorted(way[0][1] for way in ways.get_segments()) == pytest.approx(ends)
    assert sorted(way[-1][1] for way in ways.get_segments()) == pytest.approx(places)


def test_ragged_components_are_smoothed_over_a_band() -> None:
    rows, rng = 600, np.random.default_rng(0)
    values = 10 ** (rng.random((rows, 9)) * 4 - np.arange(rows)[:, None] / 300)
    ax = plot.gradient_components(point_frame(values))
    lines = [line for line in ax.get_lines() if len(line.get_ydata())]
    assert [len(line.get_ydata()) for line in lines] == [plot.MOST_SMOOTHED] * 9
    first = np.exp(np.log(values[: rows // plot.MOST_SMOOTHED]).mean(axis=0))
    assert [line.get_ydata()[0] for line in lines] == pytest.approx(first)
    assert len(names_at_the_right(ax)) == 9


def test_the_criterion_stands_beside_the_loss_with_its_tolerance() -> None:
    sums = ("sum|XY - I|", np.array([0, 2]), np.array([7.0, 0.5]))
    ax = plot.loss(loss_frame([5.0, 1.0, 0.1]), below=0.6, criterion=sums)
    assert drawn(ax, "sum|XY - I|").tolist() == [7.0, 0.5]
    assert drawn(ax, "stop at sum|XY - I| = 0.6").tolist() == [0.6, 0.6]
    assert ax.get_ylabel() == "loss and sum|XY - I|"


def test_the_best_so_far_is_left_out_where_each_loss_is_the_best() -> None:
    labels = [line.get_label() for line in plot.loss(loss_frame([3.0, 2.0, 1.0])).get_lines()]
    assert labels == ["loss"]


def draw_stacked():
    frame = point_frame(np.outer(np.geomspace(9e5, 1e-7, 30), [1.0, 7.0]))
    return plot.travel(frame, [0.0, 0.0], title="A title")


@pytest.mark.parametrize(
    "draw",
    [
        draw_stacked,
        lambda: plot.loss_and_step(loss_frame([5.0, 1.0, 3e-8], step_size=0.1), title="A"),
        lambda: plot.heat_maps({"a": np.eye(9) * 1e-6, "b": np.eye(3)}, title="A"),
        lambda: plot.small_multiples(dict.fromkeys("abc", point_frame([[1.0], [2.0]])), title="A"),
    ],
)
def test_all_words_lie_inside_the_figure_and_apart(draw) -> None:
    """The room for them is counted, not measured: here it is measured."""
    axes = draw()
    fig = axes[0].figure
    FigureCanvasAgg(fig).draw()
    whole = fig.bbox
    for ax in axes:
        # The edge of a tight box has an edge of its own.
        box = ax.get_tightbbox()
        assert box.x0 >= whole.x0 - 1
        assert box.y0 >= whole.y0 - 1
        assert box.x1 <= whole.x1 + 1
        assert box.y1 <= fig._suptitle.get_window_extent().y0 + 1
    boxes = [ax.get_tightbbox() for ax in axes]
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            across = min(one.x1, other.x1) - max(one.x0, other.x0)
            up = min(one.y1, other.y1) - max(one.y0, other.y0)
            assert min(across, up) < 2


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, 103.0], [0.1, 1, 10, 100, 1000]),
        ([1e-6, 1e3], [1e-6, 1e-4, 1e-2, 1, 100]),
        ([2.0, 30.0], [2, 5, 10, 20]),
        ([-3.0, 3.0], [-3, -2, -1, 0, 1, 2, 3]),
        ([5.0, 5.0], None),
    ],
)
def test_only_ticks_in_sight_are_made(values, expected) -> None:
    ax = plot.loss(loss_frame(values), below=None)
    low, high = ax.get_ylim()
    made = ax.get_yticks()
    assert len(made)
    assert np.all((made >= low) & (made <= high))
    if expected is not None:
        assert made == pytest.approx([tick for tick in expected if low <= tick <= high])


def test_the_ticks_of_an_axis_that_runs_down_are_in_sight_too() -> None:
    ax = plot.heat_map(np.eye(3))
    assert [list(ax.get_xticks()), list(ax.get_yticks())] == [[0, 1, 2], [0, 1, 2]]


def test_a_picture_without_a_ground_of_its_own_stays_so(tmp_path) -> None:
    from matplotlib.image import imread

    ax = plot.loss(loss_frame([2.0, 1.0]))
    assert imread(plot.save(ax, tmp_path / "a.png")).shape[2] == 3
    ax.figure.set_facecolor("none")
    assert imread(plot.save(ax, tmp_path / "b.png"))[0, 0].tolist() == [1, 1, 1, 0]


def documented(*ways: str) -> list[str]:
    """What a fresh Python says of a docstring of matplotlib after each of the ways to draw."""
    lines = [
        "import sys",
        "from playground.lab import plot",
        "from playground.lab.plot import canvas",
        *ways,
        "from matplotlib.lines import Line2D",
        "print('antialiased' in (Line2D.set.__doc__ or ''), 'set' in vars(Line2D))",
    ]
    ran = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True
    )
    return ran.stdout.split()


def test_docstrings_of_matplotlib_are_left_out_in_commands_alone() -> None:
    drawn = "with plot.offscreen(): plot.loss({'loss': [2, 1], 'restart': [0, 0]})"
    assert documented(drawn) == ["True", "True"]
    assert documented("with plot.offscreen(): canvas.import_undocumented()") == ["False", "True"]
    # What was imported before keeps them.
    later = "import matplotlib.figure; canvas.import_undocumented()"
    assert documented(later) == ["True", "True"]
