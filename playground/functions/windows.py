"""Windows that move over the last axes of an array: one text for one, two or three dimensions.

What lies at the k-th place of every window is one slice of the array, with the stride as its step:
so a convolution's columns are filled, and a pooling is computed, slice by slice, by whole arrays
and with nothing but basic indexes, on every array type.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache
from operator import index

import numpy as np

from playground.graph.errors import InvalidType
from playground.graph.types import DType, Index, Raw, Shape

# One number for all axes, or one for each.
PerAxis = int | Sequence[int]


class Windows:
    """Where windows lie over axes of lengths ``size``: how many (``out``), and of which elements.

    ``places``: for each place in a window, the index of what lies there in all of them, in the
    framed array. ``frame``: the lengths with the padding that the windows reach into.
    """

    __slots__ = ("count", "frame", "inner", "kernel", "out", "places", "plain", "size")

    def __init__(
        self, size: Shape, kernel: Shape, stride: Shape, pad: Shape, dilate: Shape, out: Shape
    ) -> None:
        self.size, self.kernel, self.out = size, kernel, out
        reach = [
            (n - 1) * s + (k - 1) * d + 1
            for n, k, s, d in zip(out, kernel, stride, dilate, strict=True)
        ]
        self.frame = tuple(max(r, n + p) for r, n, p in zip(reach, size, pad, strict=True))
        self.inner: Index = (..., *(slice(p, p + n) for n, p in zip(size, pad, strict=True)))
        # Nothing to add around the array: the windows stay within it.
        self.plain = self.frame == size
        self.places: list[Index] = [
            (
                ...,
                *(
                    slice(i * d, i * d + (n - 1) * s + 1, s)
                    for i, n, s, d in zip(place, out, stride, dilate, strict=True)
                ),
            )
            for place in itertools.product(*map(range, kernel))
        ]
        self.count = len(self.places)

    def framed(self, x: Raw, fill: float = 0.0) -> Raw:
        """x with the padding around it; x itself where there is none."""
        if self.plain:
            return x
        shape = (*x.shape[: x.ndim - len(self.size)], *self.frame)
        frame = np.zeros(shape, x.dtype, like=x)
        if fill:
            frame[...] = fill
        frame[self.inner] = x
        return frame

    def empty_frame(self, lead: Shape, dtype: DType, like: Raw) -> Raw:
        """Zeros that windows can be added to; ``frame[windows.inner]`` is what counts of it."""
        return np.zeros((*lead, *self.frame), dtype, like=like)

    def columns(self, x: Raw) -> Raw:
        """x (n, c, …) window by window: (c, places, n, *out), which a matrix product reads as is.

        The channels lead, so that one product makes all entries of a batch.
        """
        n, c = x.shape[:2]
        turned = self.framed(x).transpose((1, 0, *range(2, x.ndim)))
        if self.count == 1:
            return turned[self.places[0]].reshape((c, 1, n, *self.out))
        columns = np.zeros((c, self.count, n, *self.out), x.dtype, like=x)
        for k, place in enumerate(self.places):
            columns[:, k] = turned[place]
        return columns

    def scattered(self, columns: Raw) -> Raw:
        """The transpose of :meth:`columns`: (c, places, n, *out) added up to (n, c, …)."""
        c, _, n = columns.shape[:3]
        frame = self.empty_frame((c, n), columns.dtype, columns)
        for k, place in enumerate(self.places):
            add_at(frame, place, columns[:, k])
        return frame[self.inner].transpose((1, 0, *range(2, frame.ndim)))


def add_at(frame: Raw, place: Index, part: Raw) -> None:
    """Add to the elements of a frame: in place where it is NumPy's, without a second array."""
    if type(frame) is np.ndarray:
        frame[place] += part
    else:
        frame[place] = frame[place] + part


def outsize(size: int, k: int, s: int, p: int, cover_all: bool = False, d: int = 1) -> int:
    """How many windows fit along an axis; with ``cover_all`` as many as reach every element."""
    spare = size + 2 * p - ((k - 1) * d + 1)
    return (spare + s - 1) // s + 1 if cover_all else spare // s + 1


def insize(out: int, k: int, s: int, p: int, cover_all: bool = False, d: int = 1) -> int:
    """The shortest axis along which this many windows fit (the inverse of :func:`outsize`)."""
    return s * (out - 1) + (k - 1) * d + 1 - 2 * p - (s - 1 if cover_all else 0)


def along_axes(operation: str, name: str, value: PerAxis, ndim: int) -> Shape:
    """A number for each of ``ndim`` axes, from one for all or a sequence of them."""
    try:
        numbers = (index(value),) * ndim  # type: ignore[arg-type]
    except TypeError:
        numbers = tuple(map(index, value))  # type: ignore[arg-type]
    if len(numbers) != ndim:
        raise ValueError(
            f"{operation}: expected {name} to be a number or {ndim} of them, got {value}"
        )
    return numbers


_made = lru_cache(maxsize=256)(Windows)


def windows_over(
    operation: str,
    size: Shape,
    kernel: Shape,
    stride: PerAxis | None,
    pad: PerAxis,
    cover_all: bool = False,
    dilate: PerAxis = 1,
) -> Windows:
    """Windows over axes of lengths ``size``, as a convolution or a pooling has them.

    ``stride`` None: the kernel's own lengths. Raises InvalidType where no window fits.
    """
    ndim = len(size)
    steps = kernel if stride is None else along_axes(operation, "stride", stride, ndim)
    pads, gaps = (
        along_axes(operation, name, value, ndim)
        for name, value in (("pad", pad), ("dilate", dilate))
    )
    if min(gaps, default=1) < 1 or min(steps, default=1) < 1 or min(pads, default=0) < 0:
        raise ValueError(
            f"{operation}: expected a stride and a dilation of 1 or more and no negative pad, got "
            f"stride={stride}, dilate={dilate}, pad={pad}"
        )
    out = tuple(
        outsize(n, k, s, p, cover_all, d)
        for n, k, s, p, d in zip(size, kernel, steps, pads, gaps, strict=True)
    )
    if min(out, default=1) <= 0:
        raise NoWindowError(
            operation,
            "windows that fit into the padded input",
            f"windows {kernel} over an input of {size} with pad={pad}, dilate={dilate}",
        )
    return _made(size, kernel, steps, pads, gaps, out)


def windows_into(
    operation: str,
    out: Shape,
    kernel: Shape,
    stride: PerAxis | None,
    pad: PerAxis,
    size: Sequence[int] | None,
    cover_all: bool = False,
    dilate: PerAxis = 1,
) -> Windows:
    """The windows of which there are ``out``: over axes of lengths ``size``, or the shortest.

    What a deconvolution or an unpooling spreads its input over.
    """
    ndim = len(out)
    steps = kernel if stride is None else along_axes(operation, "stride", stride, ndim)
    pads = along_axes(operation, "pad", pad, ndim)
    gaps = along_axes(operation, "dilate", dilate, ndim)
    if size is None:
        size = [
            insize(n, k, s, p, cover_all, d)
            for n, k, s, p, d in zip(out, kernel, steps, pads, gaps, strict=True)
        ]
    size = along_axes(operation, "outsize", size, ndim)
    if min(size, default=1) <= 0:
        raise NoWindowError(
            operation, "an output with elements", f"an output of lengths {size}, with pad={pad}"
        )
    return _made(size, kernel, steps, pads, gaps, out)


class NoWindowError(InvalidType, RuntimeError):
    """No window fits; caught as the RuntimeError that Chainer's convolutions raise, too."""
