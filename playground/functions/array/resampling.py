"""Images at other places than those of their pixels: resized, transformed; and views by strides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from playground.functions.array.indexing import get_item
from playground.functions.array.shaping import reshape
from playground.functions.array.shaping import transpose as turned
from playground.functions.basic_math import add, multiply, subtract
from playground.functions.elementwise import where
from playground.functions.linalg import matmul
from playground.functions.operands import together
from playground.functions.pooling.moving import spatial
from playground.functions.windows import add_at
from playground.graph import backend
from playground.graph.errors import InvalidIndex, InvalidType
from playground.graph.op import Unary
from playground.graph.types import Array, HostArray, Index, Operand, Raw
from playground.graph.variable import Variable, as_variable

__all__ = [
    "as_strided",
    "resize_images",
    "spatial_transformer_grid",
    "spatial_transformer_sampler",
]


class Places:
    """Where new elements along an axis lie between the old ones.

    Element j is (1 - weights[j]) x[low[j]] + weights[j] x[high[j]].
    """

    def __init__(self, axis: int, size: int, low: HostArray, weights: HostArray) -> None:
        self.axis, self.size = axis, size
        # The last element is its own neighbour, and has weight 1 there in all.
        self.low, self.high = low, np.minimum(low + 1, size - 1)
        self.weights = weights

    def at(self, place: Index) -> Index:
        """The index of one place, or several, along the axis."""
        return (*(slice(None),) * self.axis, place)

    def weighed(self, x: Array, complement: bool) -> Raw:
        """The weights of the higher or the lower neighbours, along the axis and in x's dtype."""
        weights = 1 - self.weights if complement else self.weights
        shape = tuple(-1 if i == self.axis else 1 for i in range(x.ndim))
        return backend.array_like(weights.astype(x.dtype).reshape(shape), x)


class Between(Unary):
    """y = x between its elements along an axis, linearly."""

    __slots__ = ("places",)

    def __init__(self, places: Places) -> None:
        self.places = places

    def forward(self, x: Raw) -> Raw:
        p = self.places
        # Not by a matrix product, which would spread a NaN of one pixel over its whole row.
        low, high = (backend.array_like(v, x) for v in (p.low, p.high))
        return x[p.at(low)] * p.weighed(x, True) + x[p.at(high)] * p.weighed(x, False)

    def backward(self, gy: Array, x: Array) -> Array:
        return OntoNeighbours(self.places)(gy)


class OntoNeighbours(Unary):
    """y = each element of x put onto its two neighbours: the transpose of Between."""

    __slots__ = ("places",)

    def __init__(self, places: Places) -> None:
        self.places = places

    def forward(self, x: Raw) -> Raw:
        p = self.places
        shape = tuple(p.size if i == p.axis else n for i, n in enumerate(x.shape))
        y = np.zeros(shape, x.dtype, like=x)
        for onto, complement in ((p.low, True), (p.high, False)):
            part = x * p.weighed(x, complement)
            # Slice by slice: neighbours that several elements have add up.
            for j, place in enumerate(onto.tolist()):
                add_at(y, p.at(place), part[p.at(j)])
        return y

    def backward(self, gy: Array, x: Array) -> Array:
        return Between(self.places)(gy)


def resize_images(
    x: Operand,
    output_shape: Sequence[int],
    *,
    mode: str = "bilinear",
    align_corners: bool = True,
) -> Variable:
    """Images x (n, c, h, w) at another size (h', w').

    ``mode``: 'bilinear', between the four pixels around, or 'nearest'. With ``align_corners`` the
    corner pixels stay the corners (bilinear alone); otherwise the images' edges stay the edges.
    """
    if mode not in ("bilinear", "nearest"):
        raise ValueError(f"resize_images: mode must be 'bilinear' or 'nearest', got {mode!r}")
    x, size = spatial("resize_images", x, 2)
    for axis, (old, new) in enumerate(zip(size, output_shape, strict=True), start=2):
        x = Between(_places_between(axis, old, new, mode, align_corners)).of(x)
    return x


def _places_between(axis: int, old: int, new: int, mode: str, align_corners: bool) -> Places:
    # Where it is nearest Chainer rounds down, and so does this: scripts have those numbers.
    if mode == "nearest":
        low = np.minimum(np.floor(np.arange(new) * (old / new)), old - 1)
        return Places(axis, old, low.astype(int), np.zeros(new))
    if align_corners:
        at = np.linspace(0, old - 1, new)
    else:
        # Pixels are squares here: the place of the first is half a pixel from the edge.
        at = np.maximum((np.arange(new) + 0.5) * (old / new) - 0.5, 0)
    low = np.floor(at)
    return Places(axis, old, low.astype(int), at - low)


# ------------------------------------------------------------------ spatial transformers


def spatial_transformer_grid(theta: Operand, output_shape: Sequence[int]) -> Variable:
    """Places (n, 2, h, w) that affine maps theta (n, 2, 3) send the pixels of an image to.

    Coordinates (x, y) go from -1 to 1 over an image, from its first column or row to the last.
    """
    theta = as_variable(theta)
    if theta.ndim != 3 or theta.shape[1:] != (2, 3) or theta.dtype.kind != "f":
        raise InvalidType(
            "spatial_transformer_grid",
            "maps (n, 2, 3) of floating point",
            f"{theta.dtype} of shape {theta.shape}",
        )
    h, w = output_shape
    ys, xs = np.meshgrid(np.linspace(-1, 1, h), np.linspace(-1, 1, w), indexing="ij")
    pixels = np.stack([xs, ys, np.ones((h, w))]).reshape(3, h * w).astype(theta.dtype)
    places = matmul(theta, backend.array_like(pixels, theta.array))
    return reshape(places, (theta.shape[0], 2, h, w))


def spatial_transformer_sampler(x: Operand, grid: Operand) -> Variable:
    """Images x (n, c, h, w) at the places ``grid`` (n, 2, h', w'), between the four pixels around.

    Around the images it is 0. See :func:`spatial_transformer_grid`.
    """
    name = "spatial_transformer_sampler"
    x, grid = together(name, x, grid)
    fits = x.ndim == 4 and grid.ndim == 4 and grid.shape[:2] == (x.shape[0], 2)
    if not fits or x.dtype.kind != "f" or grid.dtype != x.dtype:
        raise InvalidType(
            name,
            "x (n, c, h, w) and grid (n, 2, h', w') of one floating point dtype",
            f"{x.dtype} {x.shape} and {grid.dtype} {grid.shape}",
        )
    # One pixel of zeros around is enough: what lies further off is read from it, too.
    n, c, h, w = x.shape
    out = grid.shape[2:]
    flat = reshape(grid, (n, 2, out[0] * out[1]))
    columns, fx = _corners(flat[:, 0], w)
    rows, fy = _corners(flat[:, 1], h)
    wide = _bordered(x)
    batch = np.expand_dims(np.arange(n, like=x.array), 1)
    parts = []
    for row, wy in ((rows, subtract(1.0, fy)), (rows + 1, fy)):
        for column, wx in ((columns, subtract(1.0, fx)), (columns + 1, fx)):
            pixels = get_item(wide, (batch, row, column))
            weights = multiply(wy, wx)
            parts.append(multiply(pixels, reshape(weights, (*weights.shape, 1))))
    y = add(add(parts[0], parts[1]), add(parts[2], parts[3]))
    return turned(reshape(y, (n, *out, c)), (0, 3, 1, 2))


def _bordered(x: Variable) -> Variable:
    """Images with a pixel of zeros around them, the channels last: what is read is one row."""
    n, c, h, w = x.shape
    frame = Border((h, w)).of(x)
    return turned(reshape(frame, (n, c, h + 2, w + 2)), (0, 2, 3, 1))


class Border(Unary):
    """y = x with a pixel of zeros around its last two axes, of lengths ``size``."""

    __slots__ = ("size",)

    def __init__(self, size: Sequence[int]) -> None:
        self.size = tuple(size)

    def forward(self, x: Raw) -> Raw:
        y = np.zeros((*x.shape[:-2], *(n + 2 for n in self.size)), x.dtype, like=x)
        y[..., 1:-1, 1:-1] = x
        return y

    def backward(self, gy: Array, x: Array) -> Array:
        return gy[..., 1:-1, 1:-1]


def _corners(at: Variable, size: int) -> tuple[Raw, Variable]:
    """The framed pixel before each place, and how far behind it the place is, from 0 to 1."""
    place = multiply(add(at, 1.0), (size - 1) / 2) + 1.0
    inside = (place.array > 0) & (place.array < size + 1)
    clipped = np.minimum(np.maximum(place.array, 0), size + 1)
    # Outside nothing changes with the place.
    place = where(inside, place, clipped)
    # A place on the frame's last pixel has that one behind it, and none beyond.
    before = np.minimum(np.floor(clipped), size)
    return before.astype(int), subtract(place, before)


# ------------------------------------------------------------------------------- strides


def as_strided(
    x: Operand,
    shape: Sequence[int],
    strides: Sequence[int],
    storage_offset: int | None = None,
) -> Variable:
    """y[i, j, …] = element ``storage_offset`` + i strides[0] + j strides[1] + … of x.

    x's elements are counted row by row, however they lie in memory. What is read several times
    gets the sum of the gradients.
    """
    x = as_variable(x)
    if len(shape) != len(strides):
        raise InvalidType("as_strided", "a stride for each axis", f"{shape} and {strides}")
    places = np.full(tuple(shape), storage_offset or 0)
    for axis, (length, stride) in enumerate(zip(shape, strides, strict=True)):
        steps = np.arange(length) * stride
        # Broadcast: the index is as large as the result, and no memory is read by its layout.
        places = places + steps.reshape((-1, *(1,) * (len(shape) - axis - 1)))
    if places.size and not (places.min() >= 0 and places.max() < x.size):
        raise InvalidIndex(
            "as_strided",
            f"places from 0 to {x.size - 1}",
            f"{places.min()} to {places.max()}",
        )
    return get_item(reshape(x, (x.size,)), backend.array_like(places, x.array))
