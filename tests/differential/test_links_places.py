"""Convolutions with weights for each place, and with places that are learnt: Chainer 7.8.1's."""

from __future__ import annotations

import pytest

from tests.differential.test_links import (
    IMAGE,
    Row,
    assert_link_is_chainers,
    assert_snapshot_goes_both_ways,
    floats,
    halves,
)

ROWS: dict[str, Row] = {
    "local": Row(lambda e: e.links.LocalConvolution2D(3, 2, 5, 3), (IMAGE,), 1e-5),
    "local later": Row(
        lambda e: e.links.LocalConvolution2D(None, 2, None, (2, 3), initial_bias=0.2),
        (IMAGE,),
        1e-5,
    ),
    "local bare": Row(
        lambda e: e.links.LocalConvolution2D(2, 3, (4, 3), 2, nobias=True, initialW=halves),
        (floats(2, 2, 4, 3),),
        1e-5,
    ),
    "deformable": Row(
        lambda e: e.links.DeformableConvolution2D(
            3, 2, 3, deform_initialW=e.initializers.HeNormal(), offset_initial_bias=0.3
        ),
        (IMAGE,),
        1e-4,
    ),
    "deformable later": Row(
        lambda e: e.links.DeformableConvolution2D(
            None, 2, (2, 3), 2, 1, True, None, None, True, halves
        ),
        (IMAGE,),
        1e-4,
    ),
    "deformable zeros": Row(lambda e: e.links.DeformableConvolution2D(3, 2, 2), (IMAGE,), 1e-5),
}
every_row = pytest.mark.parametrize("name", ROWS)


@every_row
def test_a_link_is_chainers(name: str) -> None:
    assert_link_is_chainers(ROWS[name])


@every_row
def test_a_snapshot_of_a_link_goes_both_ways(name: str) -> None:
    assert_snapshot_goes_both_ways(ROWS[name])
