"""Pictures of surfaces: what is in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mpl_toolkits.mplot3d import Axes3D

from playground.lab import plot
from playground.quadratic import pictures


def frame(function, lines=9) -> pd.DataFrame:
    """Heights over a square, in a random order."""
    axis = np.linspace(-2, 2, lines)
    x, y = (part.ravel() for part in np.meshgrid(axis, axis))
    heights = np.broadcast_to(function(x, y), x.shape)
    table = pd.DataFrame({"x1": x, "x2": y, "y": heights})
    return table.sample(frac=1.0, random_state=0)


def bowl(x, y):
    return x**2 + 3 * y**2


def drawn(figure) -> list[str]:
    """The texts on all Axes."""
    return [text.get_text() for ax in figure.axes for text in [*ax.texts, ax.title]]


@pytest.fixture
def plotted(monkeypatch: pytest.MonkeyPatch) -> list:
    """What is handed to matplotlib's plot_surface."""
    calls = []
    draw = Axes3D.plot_surface

    def spy(self, x, y, z, **look):
        calls.append((x, y, z, look))
        return draw(self, x, y, z, **look)

    monkeypatch.setattr(Axes3D, "plot_surface", spy)
    return calls


def test_a_surface_has_the_heights_of_the_frame_over_their_points(plotted) -> None:
    (ax,) = pictures.landscape(frame(bowl)).axes
    ((x, y, z, _),) = plotted
    assert z.shape == (9, 9)
    np.testing.assert_allclose(z, bowl(x, y))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x₁", "x₂")


def test_a_point_is_marked_where_it_is_inside() -> None:
    assert "minimum (0, 0)" in " ".join(
        drawn(pictures.landscape(frame(bowl), mark=(0, 0), name="minimum"))
    )
    outside = pictures.landscape(frame(bowl), mark=(5, 0), name="minimum")
    assert "minimum" not in " ".join(drawn(outside))


def test_panels_have_one_scale_and_say_what_is_constant() -> None:
    frames = {"df_dx1": frame(lambda x, y: x), "df_dx2": frame(lambda x, y: 0 * x + 7)}
    figure = pictures.panels(frames, zero=True)
    one, other = figure.axes
    assert one.get_zlim() == other.get_zlim()
    assert one.get_zlim()[0] < -2
    assert one.get_zlim()[1] > 7
    assert [ax.get_title() for ax in (one, other)] == ["∂f/∂x₁", "∂f/∂x₂ = 7"]
    assert len(one.collections) == 2  # the surface, and the line where it is 0
    assert len(other.collections) == 1


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_any_number_of_panels(count: int) -> None:
    figure = pictures.panels({f"f{i}": frame(bowl) for i in range(count)})
    assert len(figure.axes) == count


def test_a_fine_grid_is_drawn_by_every_second_line(plotted) -> None:
    pictures.landscape(frame(bowl, 101))
    assert (plotted[0][3]["rstride"], plotted[0][3]["cstride"]) == (2, 2)


def test_a_flat_surface_can_be_drawn(tmp_path: Path) -> None:
    for figure in (
        pictures.landscape(frame(lambda x, y: 1.0)),
        pictures.panels({"f": frame(lambda x, y: 1.0)}),
    ):
        assert plot.save(figure, tmp_path / "flat.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("formula", "read"),
    [
        ("x1**2/2 - x1*x2", "x₁²/2 - x₁·x₂"),
        ("d2f_dx1dx2", "∂²f/∂x₁∂x₂"),
        ("df_dx2", "∂f/∂x₂"),
        ("exp(x1)", "exp(x₁)"),
        ("f", "f"),
    ],
)
def test_formulas_for_reading(formula: str, read: str) -> None:
    assert pictures.pretty(formula) == read
