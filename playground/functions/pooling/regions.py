"""Pooling of regions of interest: each region of an image as so many bins, whatever its size.

What is no maximum is linear, and a product of what is done along the rows and along the columns:
two small matrix products a region.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from numbers import Integral, Real

import numpy as np

from playground.functions.array import get_item, reshape
from playground.functions.elementwise import where
from playground.functions.pooling.moving import spatial
from playground.functions.windows import add_at
from playground.graph import backend
from playground.graph.errors import InvalidType
from playground.graph.op import Unary
from playground.graph.types import Array, HostArray, Operand, Raw, Shape
from playground.graph.variable import Variable, as_array_of

__all__ = [
    "roi_average_align_2d",
    "roi_average_pooling_2d",
    "roi_max_align_2d",
    "roi_max_pooling_2d",
    "roi_pooling_2d",
]

# Where a bin begins and ends along an axis.
Bins = list[tuple[int, int]]


# ----------------------------------------------------------------------- what is linear


class Region:
    """A region: the number of its image, and what it reads along the rows and the columns."""

    def __init__(self, image: int, along_rows: HostArray, along_columns: HostArray) -> None:
        self.image = image
        self.rows, self.A = _narrowed(along_rows)
        self.columns, self.B = _narrowed(along_columns)


def _narrowed(weights: HostArray) -> tuple[slice, HostArray]:
    """Where a matrix has columns that are not all 0, and these."""
    # A region reads a part of the image: the products are as large as that part.
    used = np.flatnonzero(weights.any(axis=0))
    part = slice(int(used[0]), int(used[-1]) + 1) if used.size else slice(0, 0)
    return part, weights[:, part]


class Regions(Unary):
    """y[r] = A_r x[i_r] B_r^T of the images x (n, c, h, w): (regions, c, p, q)."""

    __slots__ = ("bins", "regions", "shape")

    def __init__(self, regions: list[Region], bins: Shape, shape: Shape) -> None:
        self.regions, self.bins, self.shape = regions, bins, shape

    def forward(self, x: Raw) -> Raw:
        y = np.zeros((len(self.regions), x.shape[1], *self.bins), x.dtype, like=x)
        for r, region in enumerate(self.regions):
            part = x[region.image, :, region.rows, region.columns]
            A, B = (backend.array_like(m.astype(x.dtype), x) for m in (region.A, region.B))
            # Rows first, then columns: the work of the second is that of the bins alone.
            y[r] = np.matmul(np.matmul(A, part), B.T)
        return y

    def backward(self, gy: Array, x: Array) -> Array:
        return OntoRegions(self.regions, self.bins, self.shape)(gy)


class OntoRegions(Unary):
    """The transpose of Regions: bins (regions, c, p, q) added up to images of ``shape``."""

    __slots__ = ("bins", "regions", "shape")

    def __init__(self, regions: list[Region], bins: Shape, shape: Shape) -> None:
        self.regions, self.bins, self.shape = regions, bins, shape

    def forward(self, x: Raw) -> Raw:
        y = np.zeros(self.shape, x.dtype, like=x)
        for r, region in enumerate(self.regions):
            A, B = (backend.array_like(m.astype(x.dtype), x) for m in (region.A, region.B))
            part = np.matmul(np.matmul(A.T, x[r]), B)
            add_at(y, (region.image, slice(None), region.rows, region.columns), part)
        return y

    def backward(self, gy: Array, x: Array) -> Array:
        return Regions(self.regions, self.bins, self.shape)(gy)


# ------------------------------------------------------------------------------- arguments


def _pair_of_sizes(operation: str, outsize: int | Sequence[int]) -> Shape:
    sizes = tuple(outsize) if isinstance(outsize, Sequence) else (outsize, outsize)
    if len(sizes) != 2 or not all(isinstance(n, Integral) and n > 0 for n in sizes):
        raise TypeError(f"{operation}: outsize is a positive integer or two, got {outsize!r}")
    return int(sizes[0]), int(sizes[1])


def _checked_regions(
    operation: str, x: Operand, rois: Operand, numbers: Operand, spatial_scale: float
) -> tuple[Variable, HostArray, list[int]]:
    """The images, the regions (ymin, xmin, ymax, xmax) by their pixels, their images' numbers."""
    # As Chainer: a TypeError for a number that is no scale, too.
    if not (isinstance(spatial_scale, Real) and spatial_scale > 0):
        raise TypeError(f"{operation}: spatial_scale is a positive number, got {spatial_scale!r}")
    x, _ = spatial(operation, x, 2)
    # To the host: where regions lie decides shapes, and has no gradient.
    boxes, images = (np.asarray(backend.to_cpu(as_array_of(v))) for v in (rois, numbers))
    if x.dtype.kind != "f" or boxes.dtype != x.dtype or images.dtype.kind not in "iu":
        raise InvalidType(
            operation,
            "x and rois of one floating point dtype, and integer roi_indices",
            f"dtypes {x.dtype}, {boxes.dtype} and {images.dtype}",
        )
    if boxes.ndim != 2 or boxes.shape[1] != 4 or images.shape != boxes.shape[:1]:
        raise InvalidType(
            operation,
            "rois (r, 4) and roi_indices (r,)",
            f"shapes {boxes.shape} and {images.shape}",
        )
    if images.size and not (images.min() >= 0 and images.max() < x.shape[0]):
        raise IndexError(
            f"{operation}: expected numbers of images from 0 to {x.shape[0] - 1}, got "
            f"{images.min()} to {images.max()}"
        )
    return x, boxes * float(spatial_scale), images.tolist()


def _bins(count: int, first: int, length: int, size: int) -> Bins:
    """``count`` bins over ``length`` pixels from ``first`` on, as far as there are any."""
    # Neighbouring bins may share a row of pixels, so that none is empty within the image.
    step, bins = length / count, []
    for k in range(count):
        start, end = math.floor(k * step) + first, math.ceil((k + 1) * step) + first
        bins.append((min(max(start, 0), size), min(max(end, 0), size)))
    return bins


def _all_bins(
    x: Variable, corners: HostArray, sizes: Shape, more: int
) -> Iterator[tuple[Bins, Bins]]:
    """The bins along rows and columns of each region; ``more`` pixels belong to it at its end."""
    # To the nearest even at a half, as Python's round, which Chainer uses.
    for ymin, xmin, ymax, xmax in np.rint(corners).astype(int).tolist():
        rows = _bins(sizes[0], ymin, max(ymax - ymin + more, 1), x.shape[2])
        yield rows, _bins(sizes[1], xmin, max(xmax - xmin + more, 1), x.shape[3])


# ------------------------------------------------------------------------------- averages


def roi_average_pooling_2d(
    x: Operand,
    rois: Operand,
    roi_indices: Operand,
    outsize: int | Sequence[int],
    spatial_scale: float,
) -> Variable:
    """The mean of each bin of each region: (r, c, *outsize). An empty bin is 0.

    Args:
        x: images (n, c, h, w).
        rois: regions (r, 4): ymin, xmin, ymax, xmax, in pixels of what the images were made of.
        roi_indices: the number of the image that each region lies in (r,).
        outsize: bins along rows and columns.
        spatial_scale: how many pixels of x one of those pixels is.
    """
    name = "roi_average_pooling_2d"
    sizes = _pair_of_sizes(name, outsize)
    x, corners, images = _checked_regions(name, x, rois, roi_indices, spatial_scale)
    regions = [
        Region(image, _mean_weights(rows, x.shape[2]), _mean_weights(columns, x.shape[3]))
        for image, (rows, columns) in zip(images, _all_bins(x, corners, sizes, 0), strict=True)
    ]
    return Regions(regions, sizes, x.shape).of(x)


def _mean_weights(bins: Bins, size: int) -> HostArray:
    weights = np.zeros((len(bins), size))
    for k, (start, end) in enumerate(bins):
        weights[k, start:end] = 1 / max(end - start, 1)
    return weights


def roi_average_align_2d(
    x: Operand,
    rois: Operand,
    roi_indices: Operand,
    outsize: int | Sequence[int],
    spatial_scale: float,
    sampling_ratio: int | Sequence[int | None] | None = None,
) -> Variable:
    """The mean of each bin of each region, read between the pixels (He et al., 2017).

    ``sampling_ratio``: how many places are read along each side of a bin; None: as many as it has
    pixels. The other arguments are those of :func:`roi_average_pooling_2d`.
    """
    name = "roi_average_align_2d"
    sizes, ratios = _pair_of_sizes(name, outsize), _ratios(name, sampling_ratio)
    x, corners, images = _checked_regions(name, x, rois, roi_indices, spatial_scale)
    regions = []
    for image, box in zip(images, corners, strict=True):
        sides = []
        for axis in (0, 1):
            samples = _samples(
                box[axis], box[axis + 2], sizes[axis], ratios[axis], x.shape[2 + axis]
            )
            # A bin's own: places outside the image count as 0.
            sides.append(np.where(np.isnan(samples), 0, samples).mean(axis=1))
        regions.append(Region(image, *sides))
    return Regions(regions, sizes, x.shape).of(x)


def _ratios(operation: str, ratio: int | Sequence[int | None] | None) -> Sequence[int | None]:
    ratios = tuple(ratio) if isinstance(ratio, Sequence) else (ratio, ratio)
    if not all(r is None or (isinstance(r, Integral) and r >= 1) for r in ratios):
        raise TypeError(
            f"{operation}: sampling_ratio is an integer of 1 or more, two, or None, got {ratio!r}"
        )
    return ratios


def _samples(start: float, end: float, bins: int, ratio: int | None, size: int) -> HostArray:
    """What each place of each bin reads along an axis: (bins, places, size); NaN outside."""
    # A region of less than a pixel is one pixel large, as in Chainer.
    length = max(float(end) - float(start), 1.0)
    count = ratio or math.ceil(length / bins)
    within = np.arange(bins)[:, None] + (np.arange(count) + 0.5) / count
    at = float(start) + within * (length / bins)
    weights = np.zeros((bins, count, size))
    outside = (at < -1) | (at > size)
    # Half a pixel around the image still reads its edge.
    at = np.clip(at, 0, size - 1)
    low = np.minimum(np.floor(at).astype(int), max(size - 2, 0))
    k, j = np.indices(at.shape)
    weights[k, j, low] = 1 - (at - low)
    if size > 1:
        weights[k, j, low + 1] = at - low
    weights[outside] = np.nan
    return weights


# -------------------------------------------------------------------------------- maxima


def roi_max_pooling_2d(
    x: Operand,
    rois: Operand,
    roi_indices: Operand,
    outsize: int | Sequence[int],
    spatial_scale: float,
) -> Variable:
    """The largest element of each bin of each region: (r, c, *outsize).

    An empty bin is -inf. The arguments are those of :func:`roi_average_pooling_2d`.
    """
    name = "roi_max_pooling_2d"
    sizes = _pair_of_sizes(name, outsize)
    x, corners, images = _checked_regions(name, x, rois, roi_indices, spatial_scale)
    bins = list(_all_bins(x, corners, sizes, 0))
    return _largest_in_bins(x, images, bins, sizes, -math.inf)


def roi_pooling_2d(
    x: Operand, rois: Operand, outh: int, outw: int, spatial_scale: float
) -> Variable:
    """The largest element of each bin of each region: (r, c, outh, outw). An empty bin is 0.

    Images x (n, c, h, w), regions ``rois`` (r, 5): the number of the image, xmin, ymin, xmax and
    ymax, which belong to the region, in pixels of which one is ``spatial_scale`` pixels of x.
    """
    boxes = as_array_of(rois)
    if boxes.ndim != 2 or boxes.shape[1] != 5:
        raise InvalidType("roi_pooling_2d", "rois (r, 5)", f"shape {boxes.shape}")
    boxes = np.asarray(backend.to_cpu(boxes))
    numbers, boxes = boxes[:, 0].astype(int), boxes[:, [2, 1, 4, 3]]
    x, corners, images = _checked_regions("roi_pooling_2d", x, boxes, numbers, spatial_scale)
    sizes = (outh, outw)
    return _largest_in_bins(x, images, list(_all_bins(x, corners, sizes, 1)), sizes, 0.0)


def _largest_in_bins(
    x: Variable, images: list[int], bins: list[tuple[Bins, Bins]], sizes: Shape, empty: float
) -> Variable:
    """The first of the largest elements of x in each bin; ``empty`` where there is none."""
    places, there = _where_largest(x.array, images, bins, sizes)
    # One gather for all regions: a gradient by bins would fill an image for each of them.
    picked = get_item(reshape(x, (x.size,)), places)
    everywhere = there.all()
    return picked if everywhere else where(backend.array_like(there, x.array), picked, empty)


def _where_largest(
    x: Raw, images: list[int], bins: list[tuple[Bins, Bins]], sizes: Shape
) -> tuple[Raw, HostArray]:
    """The places in x, laid out flat, of the first of the largest; and which bins have any."""
    _, c, h, w = x.shape
    channel = np.arange(c, like=x) * (h * w)
    places, there = [], np.ones((len(images), 1, *sizes), bool)
    for r, (image, (rows, columns)) in enumerate(zip(images, bins, strict=True)):
        for p, (top, bottom) in enumerate(rows):
            for q, (left, right) in enumerate(columns):
                if top >= bottom or left >= right:
                    there[r, 0, p, q] = False
                    places.append(channel)
                    continue
                part = x[image, :, top:bottom, left:right]
                k = np.argmax(part.reshape((c, -1)), 1)
                row, column = k // (right - left) + top, k % (right - left) + left
                places.append(channel + (image * c * h * w) + row * w + column)
    if not places:
        return np.zeros((0, c, *sizes), int, like=x), there
    # Put together at the end: under vmap each of them may have lanes.
    stacked = np.concatenate([np.expand_dims(v, 0) for v in places], axis=0)
    return stacked.reshape((len(images), *sizes, c)).transpose((0, 3, 1, 2)), there


def roi_max_align_2d(
    x: Operand,
    rois: Operand,
    roi_indices: Operand,
    outsize: int | Sequence[int],
    spatial_scale: float,
    sampling_ratio: int | Sequence[int | None] | None = None,
) -> Variable:
    """The largest of the places of each bin of each region, read between the pixels.

    A bin without a place in the image is -inf. The arguments are those of
    :func:`roi_average_align_2d`.
    """
    name = "roi_max_align_2d"
    sizes, ratios = _pair_of_sizes(name, outsize), _ratios(name, sampling_ratio)
    x, corners, images = _checked_regions(name, x, rois, roi_indices, spatial_scale)
    sides = [
        [
            _samples(box[axis], box[axis + 2], sizes[axis], ratios[axis], x.shape[2 + axis])
            for axis in (0, 1)
        ]
        for box in corners
    ]
    # All regions with as many places as the one with the most; those too many are outside.
    most = [max((s[axis].shape[1] for s in sides), default=1) for axis in (0, 1)]
    regions, masks = [], []
    for image, pair in zip(images, sides, strict=True):
        wide = [_with_places(s, most[axis]) for axis, s in enumerate(pair)]
        seen = [~np.isnan(s[..., 0]) for s in wide]
        masks.append(seen[0].reshape(-1, 1) & seen[1].reshape(1, -1))
        regions.append(Region(image, *(np.nan_to_num(s).reshape(-1, s.shape[2]) for s in wide)))
    inside = np.array(masks, bool).reshape(len(sides), 1, sizes[0] * most[0], sizes[1] * most[1])
    read = Regions(regions, inside.shape[2:], x.shape).of(x)
    # Of all places in a bin the first of the largest.
    return _largest_of_blocks(read, inside, sizes, most)


def _with_places(samples: HostArray, count: int) -> HostArray:
    missing = np.full((samples.shape[0], count - samples.shape[1], samples.shape[2]), np.nan)
    return np.concatenate([samples, missing], axis=1)


def _largest_of_blocks(
    read: Variable, inside: HostArray, sizes: Shape, block: list[int]
) -> Variable:
    """The first of the largest elements ``inside`` of each block; -inf where there is none."""
    r, c = read.shape[:2]
    seen = backend.array_like(inside, read.array)
    values = np.where(seen, read.array, -math.inf)
    shape = (r, c, sizes[0], block[0], sizes[1], block[1])
    # The places of a bin side by side, in the order in which Chainer looks at them.
    turned = values.reshape(shape).transpose((0, 1, 2, 4, 3, 5))
    k = np.argmax(turned.reshape((r, c, *sizes, block[0] * block[1])), 4)
    row = np.arange(sizes[0], like=read.array).reshape((-1, 1)) * block[0] + k // block[1]
    column = np.arange(sizes[1], like=read.array) * block[1] + k % block[1]
    batch = np.arange(r, like=read.array).reshape((-1, 1, 1, 1))
    channel = np.arange(c, like=read.array).reshape((-1, 1, 1))
    picked = get_item(read, (batch, channel, row, column))
    any_inside = inside.reshape(r, 1, sizes[0], block[0], sizes[1], block[1]).any(axis=(3, 5))
    if any_inside.all():
        return picked
    return where(backend.array_like(any_inside, read.array), picked, -math.inf)
