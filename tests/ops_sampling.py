"""The rows of images at other places, convolutions of other kinds, and regions of interest."""

from __future__ import annotations

from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.array import resampling
from playground.functions.connection import sampling
from playground.functions.pooling import regions
from tests.rows import Case, Row, case


def _rows(name: str, op: Any, *cases: Case, **options: Any) -> Row:
    return Row(name, op, cases, **options)


def _at(image: Any, y: float, x: float) -> Any:
    """An image (c, h, w) between the four pixels around a place; 0 around it."""
    value = np.zeros(len(image), image.dtype)
    top, left = int(np.floor(y)), int(np.floor(x))
    for row, wy in ((top, top + 1 - y), (top + 1, y - top)):
        for column, wx in ((left, left + 1 - x), (left + 1, x - left)):
            if 0 <= row < image.shape[1] and 0 <= column < image.shape[2]:
                value = value + image[:, row, column] * (wy * wx)
    return value


def _resized(x: Any, output_shape: Any, mode: str = "bilinear", align_corners: bool = True) -> Any:
    y = np.empty((*x.shape[:2], *output_shape), x.dtype)
    for at in np.ndindex(*output_shape):
        places = []
        for k, new, old in zip(at, output_shape, x.shape[2:], strict=True):
            corners = k * (old - 1) / max(new - 1, 1)
            edges = min(max((k + 0.5) * old / new - 0.5, 0), old - 1)
            places.append(corners if align_corners else edges)
            if mode == "nearest":
                places[-1] = k * old // new
        for n, image in enumerate(x):
            y[(n, slice(None), *at)] = _at(image, *places)
    return y


def _grid(theta: Any, output_shape: Any) -> Any:
    y = np.empty((len(theta), 2, *output_shape), theta.dtype)
    for i, j in np.ndindex(*output_shape):
        place = [2 * k / (n - 1) - 1 for k, n in zip((j, i), output_shape[::-1], strict=True)]
        y[:, :, i, j] = theta @ np.array([*place, 1], theta.dtype)
    return y


def _sampled(x: Any, grid: Any) -> Any:
    n, c, h, w = x.shape
    y = np.empty((n, c, *grid.shape[2:]), x.dtype)
    for k, i, j in np.ndindex(n, *grid.shape[2:]):
        across, down = (grid[k, :, i, j] + 1) * [(w - 1) / 2, (h - 1) / 2]
        y[k, :, i, j] = _at(x[k], down, across)
    return y


def _strided(x: Any, shape: Any, strides: Any, storage_offset: int = 0) -> Any:
    flat, y = x.reshape(-1), np.empty(shape, x.dtype)
    for at in np.ndindex(*shape):
        y[at] = flat[storage_offset + sum(i * s for i, s in zip(at, strides, strict=True))]
    return y


def _shifted(x: Any, ksize: int, dilate: int = 1) -> Any:
    y, size = np.zeros_like(x), x.shape[1] // ksize**2
    wide = np.pad(x, [(0, 0), (0, 0), (9, 9), (9, 9)])
    places = [divmod(k, ksize) for k in range(ksize**2)]
    middle = len(places) // 2
    places[middle], places[-1] = places[-1], places[middle]
    for k, (row, column) in enumerate(places):
        part = slice(k * size, None if k == len(places) - 1 else (k + 1) * size)
        top, left = (9 - (v - ksize // 2) * dilate for v in (row, column))
        y[:, part] = wide[:, part, top : top + x.shape[2], left : left + x.shape[3]]
    return y


def _local(x: Any, W: Any, b: Any = None, stride: int = 1) -> Any:
    y = np.empty((len(x), *W.shape[:3]), x.dtype)
    for i, j in np.ndindex(*W.shape[1:3]):
        top, left = i * stride, j * stride
        window = x[:, :, top : top + W.shape[4], left : left + W.shape[5]]
        y[:, :, i, j] = np.einsum("nckl,ockl->no", window, W[:, i, j])
    return y if b is None else y + b


def _deformed(x: Any, offset: Any, W: Any, b: Any = None, pad: int = 0) -> Any:
    (out, _, kh, kw), (h, w) = W.shape, offset.shape[2:]
    y = np.zeros((len(x), out, h, w), x.dtype)
    wide = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    for n, i, j, k in np.ndindex(len(x), h, w, kh * kw):
        down = i + k // kw + offset[n, kh * kw + k, i, j]
        across = j + k % kw + offset[n, k, i, j]
        y[n, :, i, j] += W[:, :, k // kw, k % kw] @ _at(wide[n], down, across)
    return y if b is None else y + b[:, None, None]


# ------------------------------------------------------------------------------- regions

# Of images of 3 x 4 pixels: a whole one, a part, one that reaches out, one outside.
BOXES = np.array([[0, 0, 3, 4], [0, 1, 2, 3], [1, -2, 5, 2], [5, 5, 6, 7]], float)
OF = np.array([0, 1, 1, 0])


def _of_regions(name: str, outsize: Any, *ratio: Any, boxes: Any = BOXES, of: Any = OF) -> Any:
    def call(x: Any) -> Any:
        return getattr(F, name)(x, boxes.astype(x.dtype), of, outsize, 1.0, *ratio)

    return call


def _in_bins(reduction: Any, outsize: Any, more: int = 0, boxes: Any = BOXES) -> Any:
    """Each bin of each region by itself; 0 where it is empty."""

    def pool(x: Any) -> Any:
        y = np.zeros((len(boxes), x.shape[1], *outsize), x.dtype)
        for r, (ymin, xmin, ymax, xmax) in enumerate(boxes.astype(int)):
            steps = [(b - a + more) / n for a, b, n in
                     zip((ymin, xmin), (ymax, xmax), outsize, strict=True)]  # fmt: skip
            for at in np.ndindex(*outsize):
                part = x[OF[r]]
                for axis, (k, step) in enumerate(zip(at, steps, strict=True), start=1):
                    first = (ymin, xmin)[axis - 1]
                    inside = np.arange(np.floor(k * step) + first, np.ceil((k + 1) * step) + first)
                    inside = inside[(inside >= 0) & (inside < part.shape[axis])]
                    part = np.take(part, inside.astype(int), axis)
                if part.size:
                    y[(r, slice(None), *at)] = reduction(part, axis=(1, 2))
        return y

    return pool


def _in_places(reduction: Any, outsize: Any, count: int, boxes: Any = BOXES) -> Any:
    """``count`` places along each side of each bin, read between the pixels."""

    def pool(x: Any) -> Any:
        y = np.zeros((len(boxes), x.shape[1], *outsize), x.dtype)
        for r, (ymin, xmin, ymax, xmax) in enumerate(boxes):
            steps = (ymax - ymin) / outsize[0], (xmax - xmin) / outsize[1]
            for i, j in np.ndindex(*outsize):
                read = []
                for a, b in np.ndindex(count, count):
                    place = [ymin + (i + (a + 0.5) / count) * steps[0],
                             xmin + (j + (b + 0.5) / count) * steps[1]]  # fmt: skip
                    inside = all(-1 <= p <= n for p, n in zip(place, x.shape[2:], strict=True))
                    place = [min(max(p, 0), n - 1) for p, n in zip(place, x.shape[2:], strict=True)]
                    if inside:
                        read.append(_at(x[OF[r]], *place))
                    elif reduction is np.mean:
                        read.append(np.zeros(x.shape[1], x.dtype))
                if read:
                    y[r, :, i, j] = reduction(read, axis=0)
        return y

    return pool


INSIDE = BOXES[:2]
FIVE = np.array([[0, 0, 0, 3, 2], [1, 1, 0, 2, 1], [1, -2, 1, 1, 4]], float)
IMAGE = (2, 1, 3, 4)
AWAY = np.array([[[[0.3, -0.4]], [[-0.7, 0.2]]]])


def _near(x: Any, moved: Any) -> Any:
    """At places that stay away from the pixels, whatever ``moved`` is."""
    return F.spatial_transformer_sampler(x, 0.05 * moved + AWAY.astype(moved.dtype))


ROWS: tuple[Row, ...] = (
    _rows(
        "resize_images",
        resampling.Between,
        case((1, 1, 2, 3), output_shape=(3, 2)),
        case((1, 2, 3, 2), output_shape=(2, 4), align_corners=False),
        case((1, 1, 2, 2), output_shape=(3, 5), mode="nearest", align_corners=False),
        case((1, 1, 1, 2), output_shape=(2, 3)),
        ref=_resized,
        bad=(case((2, 3), output_shape=(2, 2)),),
    ),
    _rows(
        "put onto neighbours",
        resampling.OntoNeighbours,
        case((1, 3)),
        f=lambda x: resampling.OntoNeighbours(
            resampling.Places(1, 2, np.array([0, 0, 1]), np.array([0.0, 0.25, 0.5]))
        ).of(x),
        # The last neighbour of all is the last element itself.
        ref=lambda x: x @ np.array([[1, 0], [0.75, 0.25], [0, 1]], x.dtype),
    ),
    _rows(
        "framed by zeros",
        resampling.Border,
        case((1, 2, 2)),
        f=lambda x: resampling.Border(x.shape[-2:]).of(x),
        ref=lambda x: np.pad(x, [(0, 0), (1, 1), (1, 1)]),
    ),
    _rows(
        "spatial_transformer_grid",
        None,
        case((2, 2, 3), output_shape=(2, 3)),
        ref=_grid,
        bad=(case((2, 3), output_shape=(2, 2)), case((1, 3, 2), output_shape=(2, 2))),
    ),
    _rows(
        "spatial_transformer_sampler",
        None,
        case((1, 1, 3, 2), (1, 2, 1, 2)),
        f=_near,
        ref=lambda x, moved: _sampled(x, 0.05 * moved + AWAY.astype(x.dtype)),
        mixes=False,
    ),
    _rows(
        "as_strided",
        None,
        case((2, 3), shape=(3, 2), strides=(2, 1)),
        case((4,), shape=(2, 2), strides=(0, -1), storage_offset=3),
        ref=_strided,
        bad=(case((2, 3), shape=(3, 2), strides=(3, 1)), case((3,), shape=(2,), strides=(1, 1))),
    ),
    _rows(
        "shift",
        sampling.ShiftChannels,
        case((1, 9, 2, 1), ksize=3),
        case((1, 3, 2, 2), ksize=1),
        case((1, 10, 2, 3), ksize=3, dilate=2),
        ref=_shifted,
        bad=(case((1, 8, 2, 2), ksize=3), case((1, 9, 2), ksize=3)),
    ),
    _rows(
        "local_convolution_2d",
        None,
        case((2, 1, 2, 3), (1, 2, 2, 1, 1, 2), (1, 2, 2)),
        case((1, 2, 3, 3), (2, 2, 1, 2, 1, 2), stride=2),
        ref=_local,
        bad=(
            case((1, 2, 3, 3), (1, 2, 2, 1, 2, 2)),
            case((1, 1, 3, 3), (1, 2, 2, 1, 2, 2), (2,)),
            case((1, 1, 2, 2), (1, 2, 2, 1, 2, 2)),
        ),
    ),
    _rows(
        "deformable_convolution_2d_sampler",
        None,
        case((1, 1, 2, 2), (1, 4, 1, 1), (1, 1, 1, 2), (1,)),
        case((1, 1, 2, 2), (1, 2, 4, 3), (1, 1, 1, 1), pad=1),
        domain=(0.1, 0.4),
        ref=_deformed,
        bad=(case((1, 1, 2, 2), (1, 2, 1, 1), (1, 1, 1, 2)),),
    ),
    _rows(
        "roi_average_pooling_2d",
        regions.Regions,
        case(IMAGE),
        f=_of_regions("roi_average_pooling_2d", (2, 3)),
        ref=_in_bins(np.mean, (2, 3)),
        bad=(case((3, 4)),),
    ),
    _rows(
        "bins put into images",
        regions.OntoRegions,
        case((2, 1, 1, 2)),
        f=lambda x: regions.OntoRegions(
            [
                regions.Region(0, np.ones((1, 2)), np.eye(2, 3)),
                regions.Region(0, np.array([[0, 0.5]]), np.eye(2, 3)),
            ],
            (1, 2),
            (1, 1, 2, 3),
        ).of(x),
        ref=lambda x: np.concatenate([x[:1], x[:1] + x[1:] / 2], 2) @ np.eye(2, 3, dtype=x.dtype),
    ),
    _rows(
        "roi_average_align_2d",
        regions.Regions,
        case(IMAGE),
        f=_of_regions("roi_average_align_2d", (1, 2), 2),
        ref=_in_places(np.mean, (1, 2), 2),
        bad=(case((3, 4)),),
    ),
    _rows(
        "roi_max_pooling_2d",
        None,
        case(IMAGE),
        f=_of_regions("roi_max_pooling_2d", (2, 3), boxes=INSIDE, of=OF[:2]),
        ref=_in_bins(np.max, (2, 3), boxes=INSIDE),
        bad=(case((3, 4)),),
    ),
    _rows(
        "roi_pooling_2d",
        None,
        case(IMAGE),
        f=lambda x: F.roi_pooling_2d(x, FIVE.astype(x.dtype), 2, 1, 1.0),
        ref=_in_bins(np.max, (2, 1), 1, FIVE[:, [2, 1, 4, 3]]),
        bad=(case((3, 4)),),
    ),
    _rows(
        "roi_max_align_2d",
        regions.Regions,
        case(IMAGE),
        f=_of_regions("roi_max_align_2d", (1, 2), 2, boxes=BOXES[:3], of=OF[:3]),
        ref=_in_places(np.max, (1, 2), 2, boxes=BOXES[:3]),
        bad=(case((3, 4)),),
    ),
)
