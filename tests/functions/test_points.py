"""The special points of operations: their values and derivatives of two orders."""

from __future__ import annotations

import pytest

from tests.ops_points import POINTS, Point, point_faults


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("point", POINTS, ids=[point.title for point in POINTS])
def test_a_special_point(point: Point) -> None:
    assert list(point_faults(point)) == []
