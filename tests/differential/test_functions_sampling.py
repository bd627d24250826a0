"""Chainer 7.8.1 beside images at other places, convolutions of other kinds, regions of interest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground
from tests.differential.both import Raised, assert_same, chainer, raised, run
from tests.differential.test_functions import TOLERANCE, Row, _outcome

IMAGE = (2, 3, 5, 7)
# Regions (ymin, xmin, ymax, xmax) of images twice as large, some of them beyond the edge.
BOXES = np.array([[0, 0, 9, 13], [3, 2.2, 6.8, 9], [4, 5, 4, 5], [-4, 8, 30, 30], [8.3, 0, 9, 3]])
OF = np.array([0, 1, 1, 0, 1], "i")
# The same with their images first, and x ahead of y.
# Within the images: where a region reaches beyond them Chainer's gradient is an IndexError.
WITH_IMAGES = np.array([[0, 0, 0, 12, 8], [1, 2.2, 3, 9, 6.8], [1, 5, 4, 5, 4], [0, 8, 1, 13, 9.0]])
# Away from pixels, where the second derivative by a place is none.
GRID = np.random.RandomState(1).uniform(-1.2, 1.2, (2, 2, 3, 2))


def _whole(name: str, *args: Any, **options: Any) -> Callable[..., Any]:
    return lambda F, *xs: getattr(F, name)(*xs, *args, **options)


def regions(name: str, *args: Any) -> Row:
    """Of Chainer's the second derivative is missing."""

    def call(F: Any, x: Any) -> Any:
        y = getattr(F, name)(x, BOXES.astype(x.dtype), OF, *args)
        # An empty bin is minus infinity, of which a sum would be, too.
        return F.where(np.isinf(y.array), np.zeros_like(y.array), y)

    return Row(name, call, (IMAGE,), second=False)


def pooled(outh: int, outw: int, scale: float) -> Row:
    return Row(
        "roi_pooling_2d",
        lambda F, x: F.roi_pooling_2d(x, WITH_IMAGES.astype(x.dtype), outh, outw, scale),
        (IMAGE,),
        second=False,
    )


# Chainer takes single precision alone.
SINGLE = [
    *(
        Row("resize_images", _whole("resize_images", shape, **options), (IMAGE,))
        for shape in ((3, 4), (8, 11), (5, 7), (1, 1))
        for options in (
            {},
            {"align_corners": False},
            {"mode": "nearest", "align_corners": False},
        )
    ),
    *(
        regions(name, *args)
        for name in ("roi_average_align_2d", "roi_max_align_2d")
        for args in ((3, 0.5), ((2, 4), 0.5, 2), ((1, 2), 1, (None, 3)))
    ),
]
ROWS = [
    *SINGLE,
    *(
        regions(name, *args)
        for name in ("roi_average_pooling_2d", "roi_max_pooling_2d")
        for args in ((3, 0.5), ((2, 4), 0.5), (1, 1))
    ),
    pooled(3, 2, 0.5),
    pooled(1, 4, 0.4),
    Row(
        "spatial_transformer_grid",
        _whole("spatial_transformer_grid", (3, 4)),
        ((2, 2, 3),),
        second=False,
    ),
    Row(
        "spatial_transformer_sampler",
        _whole("spatial_transformer_sampler"),
        (IMAGE, GRID.shape),
        -1.3,
        1.3,
        second=False,
    ),
    Row("as_strided", lambda F, x: F.as_strided(x, (3, 2), (2, 1)), ((2, 3),), second=False),
    Row(
        "as_strided",
        lambda F, x: F.as_strided(x, (2, 2, 2), (2, 1, 2), 1),
        ((3, 3),),
        second=False,
    ),
    Row("shift", _whole("shift"), ((2, 11, 4, 5),)),
    Row("shift", _whole("shift", (1, 3), (2, 1)), ((1, 4, 3, 3),)),
    Row("shift", _whole("shift", ksize=3, dilate=3), ((1, 9, 3, 4),)),
    Row(
        "local_convolution_2d",
        _whole("local_convolution_2d"),
        ((2, 3, 4, 5), (2, 3, 3, 3, 2, 3), (2, 3, 3)),
        second=False,
    ),
    Row(
        "local_convolution_2d",
        _whole("local_convolution_2d", None, (2, 1)),
        ((2, 1, 5, 3), (2, 2, 2, 1, 2, 2)),
        second=False,
    ),
    Row(
        "deformable_convolution_2d_sampler",
        _whole("deformable_convolution_2d_sampler"),
        ((2, 3, 4, 4), (2, 8, 3, 3), (2, 3, 2, 2), (2,)),
        -0.9,
        0.9,
        second=False,
    ),
    Row(
        "deformable_convolution_2d_sampler",
        _whole("deformable_convolution_2d_sampler", None, (2, 1), (1, 2)),
        ((1, 2, 4, 3), (1, 12, 2, 5), (3, 2, 3, 2)),
        second=False,
    ),
]
every_row = pytest.mark.parametrize("row", ROWS, ids=[f"{i}-{r.name}" for i, r in enumerate(ROWS)])


@pytest.mark.parametrize("dtype", "efd")
@every_row
def test_values_and_gradients(row: Row, dtype: str) -> None:
    if dtype != "f" and row in SINGLE:
        return
    if dtype == "e" and row.name.startswith(("spatial", "deformable")):
        return  # the places themselves are rounded to half precision, in another order
    tolerance = {"f": 1e-4}.get(dtype, TOLERANCE[dtype])
    ours, theirs = (run(lambda e: _outcome(e, row, dtype), e) for e in (playground, chainer))
    assert_same(ours, theirs, tolerance)


def test_empty_bins_and_places_outside() -> None:
    x = np.arange(12, dtype="f").reshape(1, 1, 3, 4)
    boxes, of = np.array([[10, 10, 12, 12], [0, 0, 1, 1]], "f"), np.zeros(2, "i")

    def script(engine: Any) -> Any:
        F = engine.functions
        names = ("average_pooling", "max_pooling", "average_align", "max_align")
        found = [getattr(F, f"roi_{name}_2d")(x, boxes, of, 2, 1.0) for name in names]
        five = np.array([[0, 10, 10, 12, 12]], "f")
        return found, F.roi_pooling_2d(x, five, 2, 2, 1.0)

    assert_same(run(script, playground), run(script, chainer), 1e-6)


_X, _BOX, _ONE = np.ones((1, 2, 4, 4), "f"), np.zeros((1, 4), "f"), np.zeros(1, "i")
ERRORS: dict[str, Callable[[Any], Any]] = {
    "resize of a matrix": lambda F: F.resize_images(_BOX, (2, 2)),
    "grid of an image": lambda F: F.spatial_transformer_grid(_X, (2, 2)),
    "sampler of a matrix": lambda F: F.spatial_transformer_sampler(_X, _BOX),
    "sampler of two batches": lambda F: F.spatial_transformer_sampler(
        _X, np.zeros((2, 2, 3, 3), "f")
    ),
    "even shift": lambda F: F.shift(np.ones((1, 9, 3, 3), "f"), 2),
    "shift of few channels": lambda F: F.shift(_X),
    "local shapes": lambda F: F.local_convolution_2d(_X, np.ones((2, 3, 3, 3, 2, 2), "f")),
    "local bias": lambda F: F.local_convolution_2d(
        _X, np.ones((2, 3, 3, 2, 2, 2), "f"), np.ones(2, "f")
    ),
    "local room": lambda F: F.local_convolution_2d(_X, np.ones((2, 4, 4, 2, 2, 2), "f")),
    "deformable offsets": lambda F: F.deformable_convolution_2d_sampler(
        _X, np.ones((1, 4, 3, 3), "f"), np.ones((2, 2, 2, 2), "f")
    ),
    "outsize": lambda F: F.roi_max_pooling_2d(_X, _BOX, _ONE, 0, 1.0),
    "outsize of fractions": lambda F: F.roi_average_align_2d(_X, _BOX, _ONE, (2, 1.5), 1.0),
    "scale": lambda F: F.roi_average_pooling_2d(_X, _BOX, _ONE, 2, -1.0),
    "scale of a text": lambda F: F.roi_max_align_2d(_X, _BOX, _ONE, 2, "1"),
    "ratio": lambda F: F.roi_max_align_2d(_X, _BOX, _ONE, 2, 1.0, 0),
    "rois": lambda F: F.roi_max_pooling_2d(_X, _BOX[:, :3], _ONE, 2, 1.0),
    "rois of doubles": lambda F: F.roi_max_pooling_2d(_X, _BOX.astype("d"), _ONE, 2, 1.0),
    "indices": lambda F: F.roi_average_pooling_2d(_X, _BOX, np.zeros(2, "i"), 2, 1.0),
    "indices of fractions": lambda F: F.roi_average_align_2d(_X, _BOX, _BOX[0, :1], 2, 1.0),
    "no such image": lambda F: F.roi_max_pooling_2d(_X, _BOX + 1, _ONE + 3, 2, 1.0),
    "rois with images": lambda F: F.roi_pooling_2d(_X, _BOX, 2, 2, 1.0),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    ours, theirs = (
        run(lambda e: raised(lambda: ERRORS[name](e.functions)), e) for e in (playground, chainer)
    )
    assert isinstance(theirs, Raised)
    assert_same(ours, theirs)
