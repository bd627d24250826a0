"""Pictures of what went wrong: numbers at the ends of float64, and what cannot be drawn."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from playground.field.pictures import compare, difference_map, field
from playground.lab import plot
from playground.lab.cli.ending import write_pictures
from playground.logistic.pictures import chances
from tests.paths import ROOT

INF, NAN = np.inf, np.nan
RUNS = {
    "grows": [1.0, 1e100, 1e200, 1.7e308, INF, NAN],
    "one number": [1e-310, 1e-310],
    "both ends": [5e-324, 1e-200, 1.0, 1e199],
    "negative": [-1.7e308, 1.7e308, -INF, 0.0],
}


def frame_of(values: list[float]) -> pd.DataFrame:
    columns = {"loss": values, "step_size": np.abs(values), "restart": 0, "accepted": True}
    return pd.DataFrame(columns)


def rows_of(values: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Two columns of them, of which the second goes the other way."""
    return np.arange(len(values)), np.stack([values, values[::-1]], axis=1)


DRAW = {
    "loss": lambda v: plot.loss(frame_of(v), below=1e-300),
    "step size": lambda v: plot.step_size(frame_of(v)),
    "travel": lambda v: plot.travel(rows_of(v), rows_of(v)[1][-1])[0],
    "gradient": lambda v: plot.norm_and_components(rows_of(v))[1],
    "small multiples": lambda v: plot.small_multiples({"a": rows_of(v), "b": rows_of(v)})[0],
    "heat maps": lambda v: plot.heat_maps({"a": rows_of(v)[1]})[0],
}


@pytest.mark.parametrize("kind", DRAW)
def test_every_run_can_be_drawn(tmp_path: Path, kind: str) -> None:
    for name, values in RUNS.items():
        with plot.offscreen(), np.errstate(all="ignore"):
            ax = DRAW[kind](values)
            ax.figure.set_dpi(30)
            plot.save(ax, tmp_path / "a.png")
        limits = [*ax.get_ylim(), *ax.get_xlim()]
        assert np.isfinite(limits).all(), (name, limits)
        assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"


def test_the_axis_holds_what_can_be_drawn_and_gaps_what_cannot() -> None:
    ax = plot.loss(frame_of([1e3, 1e250, 1.0, INF, 10.0]))
    low, high = ax.get_ylim()
    assert 0.1 < low < 1.0
    assert 1e3 < high < 1e4
    drawn = ax.get_lines()[0].get_ydata()
    assert np.isnan(drawn).tolist() == [False, True, False, True, False]


def failing(error: Exception) -> Any:
    def draw() -> Any:
        raise error

    return draw


def test_a_picture_that_cannot_be_drawn_leaves_the_others(tmp_path: Path, capsys) -> None:
    def good() -> Any:
        return plot.figure(size=(1, 1))[0]

    pictures = {
        "first": good,
        "limits": failing(ValueError("Axis limits cannot be NaN or Inf\nmore lines")),
        "ticks": failing(OverflowError("cannot convert float infinity to integer")),
        "matrix": failing(np.linalg.LinAlgError("Singular matrix")),
        "again": failing(np.linalg.LinAlgError("Singular matrix")),
        "full": failing(OSError(28, "No space left on device", "full.png")),
        "memory": failing(MemoryError()),
        "last": good(),
    }
    write_pictures(pictures, tmp_path, quiet=False)
    out, err = capsys.readouterr()
    assert out == "pictures   first.png, last.png\n"
    assert err.splitlines() == [
        f"note: left out of the pictures: {words}"
        for words in (
            "limits.png (ValueError: Axis limits cannot be NaN or Inf)",
            "ticks.png (OverflowError: cannot convert float infinity to integer)",
            "matrix.png, again.png (LinAlgError: Singular matrix)",
            "full.png (full.png: no space left on device)",
            "memory.png (MemoryError)",
        )
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.png", "last.png"]


@pytest.mark.parametrize("name", ["a$b$c", "$\\frac{", "$", "$$", "\\$x$", "_x", "^{", "100 %"])
def test_a_name_is_no_formula(tmp_path: Path, name: str) -> None:
    points, labels = np.array([[0.0, 0], [1, 0], [0, 1]]), np.array([0.0, 1, 1])
    names = [plot.literal(name)] * 2
    with plot.offscreen():
        ax = chances(points, labels, np.array([1.0, 1, -0.5]), names=names, classes=names)
        ax.figure.set_dpi(30)
        plot.save(ax, tmp_path / "a.svg")
    told = [text.get_text() for text in ax.get_legend().get_texts()]
    assert sum(name.replace("$", r"\$") in text for text in told) == 2


BACKENDS = """
import sys
from playground.lab.cli.ending import write_pictures
from playground.lab import plot
from pathlib import Path
write_pictures({"a": lambda: plot.figure(size=(1, 1))[0]}, Path(sys.argv[1]), quiet=False)
"""


def test_a_backend_for_windows_is_not_asked_for(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\n")
    places = {"HOME": "/nonexistent", "MPLCONFIGDIR": "/proc/none"}
    done = subprocess.run(
        [sys.executable, "-c", BACKENDS, str(tmp_path)],
        env={**os.environ, **places, "PYTHONPATH": str(ROOT), "MPLBACKEND": "bogus"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("pictures   a.png\n", "")


def test_the_panels_of_a_field_are_of_one_size() -> None:
    axis = np.array([-1.0, 0.0, 1.0])
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    background = (axis, axis, (points**2).sum(axis=1).reshape(3, 3))
    ax = difference_map(points, np.arange(9.0), plot.figure()[1][0, 0])
    corners = ax.transData.inverted().transform(ax.collections[0].get_clip_box())
    assert corners == pytest.approx(np.array([[-1, -1], [1, 1]]))
    panels = compare(points, {"a": 2 * points}, np.arange(9.0), background)
    assert len({panel.get_xlim() for panel in panels}) == 1


def test_the_three_panels_of_gradients_are_drawn_equally_large(tmp_path: Path) -> None:
    axis = np.linspace(-2.0, 2.0, 5)
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    background = (axis, axis, (points**2).sum(axis=1).reshape(5, 5))
    fields = {"a": 2 * points, "b": 2 * points}
    panels = compare(points, fields, np.geomspace(1e-14, 1e-3, 25), background, title="f")
    plot.save(panels[0], tmp_path / "a.png")
    widths = [panel.get_window_extent().width for panel in panels]
    assert widths == pytest.approx([widths[0]] * 3, rel=0.01)


def test_the_numbers_of_contours_are_not_under_arrows() -> None:
    axis = np.linspace(-2.0, 2.0, 5)
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    background = (axis, axis, (points**2).sum(axis=1).reshape(5, 5))
    ax = field(points, 2 * points, background)
    (quiver,) = [c for c in ax.collections if type(c).__name__ == "Quiver"]
    numbers = [text for text in ax.texts if text.get_text().isdigit()]
    assert numbers
    assert all(text.get_zorder() > quiver.get_zorder() for text in numbers)
