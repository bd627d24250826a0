"""Pictures of a classifier: the boundary is where it belongs, and every point is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from playground.lab import plot
from playground.logistic import pictures

POINTS = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [2.0, 3.0], [3.0, 3.0]])
LABELS = np.array([0, 0, 0, 1, 1])


def named(ax, label):
    """What is drawn under that name in the legend."""
    (found,) = [part for part in ax.collections if part.get_label() == label]
    return found


def segments(ax):
    """The vertices of each contour line, by its level."""
    sets = [part for part in ax.collections if hasattr(part, "levels")]
    return {
        level: path.vertices
        for part in sets
        for level, path in zip(part.levels, part.get_paths(), strict=True)
    }


def test_the_lines_of_equal_chance_are_where_the_chance_is_that():
    weights = np.array([1.5, 3.0, -6.0])
    lines = segments(pictures.chances(POINTS, LABELS, weights))
    for level in (0.0, *pictures.LEVELS):
        score = lines[level] @ weights[:2] + weights[2]
        # The boundary is drawn from the score, the others from the chance.
        wanted = 0.0 if level == 0.0 else np.log(level / (1 - level))
        assert len(score) > 10
        assert score == pytest.approx(wanted, abs=0.02)


def test_every_point_is_drawn_in_its_class_and_those_on_each_other_larger():
    ax = pictures.chances(POINTS, LABELS, np.array([1.0, 1.0, -3.0]), classes=("no", "yes"))
    assert named(ax, "no").get_offsets().tolist() == [[0.0, 0.0], [1.0, 0.0]]
    assert named(ax, "yes").get_offsets().tolist() == [[2.0, 3.0], [3.0, 3.0]]
    alone, both = named(ax, "no").get_sizes()
    assert both > alone


def test_points_on_the_wrong_side_have_a_ring():
    ax = pictures.chances(POINTS, LABELS, np.array([1.0, 0.0, -2.5]))
    assert named(ax, "on the wrong side").get_offsets().tolist() == [[2.0, 3.0]]
    assert ax.get_title(loc="left") == "4 of 5 right"
    right = pictures.chances(POINTS, LABELS, np.array([1.0, 1.0, -3.0]))
    assert all(part.get_label() != "on the wrong side" for part in right.collections)


def test_the_axes_are_named_and_one_that_is_passed_is_used():
    ax = plot.figure()[1][0, 0]
    drawn = pictures.chances(POINTS, LABELS, np.ones(3), ax, names=("u", "v"), classes=("a", "b"))
    assert drawn is ax
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("u", "v")
    bar = ax.figure.axes[1]
    assert bar.get_ylabel() == "chance of b"
    assert bar.get_ylim() == (0, 1)


def test_a_feature_without_spread_can_be_drawn(tmp_path):
    points = np.column_stack([np.arange(4.0), np.full(4, 7.0)])
    ax = pictures.chances(points, [0, 0, 1, 1], np.array([1.0, 0.0, -1.5]))
    assert plot.save(ax, tmp_path / "b.png").stat().st_size > 1000


def test_huge_scores_are_drawn_without_an_overflow():
    with np.errstate(all="raise", under="ignore"):
        pictures.chances(POINTS, LABELS, np.array([1e4, 1e4, -3e4]))


def test_scores_are_counted_by_class():
    values = np.array([-2.0, -1.0, 1.0, 2.0, 2.0, 3.0])
    ax = pictures.scores(values, [0, 0, 0, 1, 1, 1], classes=("no", "yes"))
    counts = [sum(bar.get_height() for bar in bars) for bars in ax.containers]
    assert counts == [3, 3]
    assert ax.get_title(loc="left") == "5 of 6 right"
    assert "yes" in ax.get_xlabel()
