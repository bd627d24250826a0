"""The operations of windows: sums, elements at places, the largest; and the ways back."""

from __future__ import annotations

import math

import numpy as np

from playground.functions.windows import Windows, add_at
from playground.graph.errors import InvalidType
from playground.graph.op import Selecting, Unary, as_raw
from playground.graph.types import Array, Operand, Raw, Shape
from playground.graph.variable import Variable, as_variable


class Windowed(Unary):
    """Base: windows over the last axes of the larger of operand and result."""

    __slots__ = ("windows",)

    def __init__(self, windows: Windows) -> None:
        self.windows = windows


class WindowSum(Windowed):
    """y = the sum over each window of x."""

    __slots__ = ()

    def forward(self, x: Raw) -> Raw:
        windows = self.windows
        x = windows.framed(x)
        first, *rest = windows.places
        y = x[first].copy()
        for place in rest:
            y = y + x[place]
        return y

    def backward(self, gy: Array, x: Array) -> Array:
        return WindowSpread(self.windows)(gy)


class WindowSpread(Windowed):
    """y = x added to every element of its window."""

    __slots__ = ()

    def forward(self, x: Raw) -> Raw:
        windows = self.windows
        frame = windows.empty_frame(x.shape[:2], x.dtype, x)
        for place in windows.places:
            add_at(frame, place, x)
        return frame[windows.inner]

    def backward(self, gy: Array, x: Array) -> Array:
        return WindowSum(self.windows)(gy)


class WindowPick(Selecting, Windowed):
    """y = one element of each window of x: the one at the place with the number ``number``."""

    __slots__ = ("number",)

    def __init__(self, windows: Windows, number: Raw) -> None:
        self.windows, self.number = windows, number

    def forward(self, x: Raw) -> Raw:
        x = self.windows.framed(x)
        y = np.zeros(self.number.shape, x.dtype, like=x)
        for k, place in enumerate(self.windows.places):
            y = np.where(self.number == k, x[place], y)
        return y

    def backward(self, gy: Array, x: Array) -> Array:
        return WindowPut(self.windows, self.number)(gy)


class WindowPut(Windowed):
    """y = x added to one element of its window: the one at the place with the number ``number``."""

    __slots__ = ("number",)

    def __init__(self, windows: Windows, number: Raw) -> None:
        self.windows, self.number = windows, number

    def forward(self, x: Raw) -> Raw:
        windows = self.windows
        zeros = np.zeros_like(x)
        parts = [np.where(self.number == k, x, zeros) for k in range(windows.count)]
        # Like a part, not like x: the numbers may have lanes that x has not.
        frame = windows.empty_frame(x.shape[:2], x.dtype, parts[0])
        for part, place in zip(parts, windows.places, strict=True):
            add_at(frame, place, part)
        return frame[windows.inner]

    def backward(self, gy: Array, x: Array) -> Array:
        return WindowPick(self.windows, self.number)(gy)


class MaxPooling(Selecting, Windowed):
    """y = the largest element of each window of x; the gradient goes to the first of equal ones."""

    __slots__ = ()
    keep = (0, 1)

    def forward(self, x: Raw) -> Raw:
        x = self.windows.framed(x, -math.inf)
        first, *rest = self.windows.places
        y = x[first].copy()
        for place in rest:
            y = np.maximum(y, x[place])
        return y

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        # Looked for only here: without a backward pass nobody asks where the largest was.
        return WindowPut(self.windows, largest_places(self.windows, as_raw(x), as_raw(y)))(gy)


def largest_places(windows: Windows, x: Raw, y: Raw) -> Raw:
    """The number of the first place in each window of x that y, its largest element, is from."""
    x = windows.framed(x, -math.inf)
    number = np.zeros(y.shape, int, like=y)
    # From behind, so that the first one stays. NaN is the largest wherever it is.
    for k in range(windows.count - 1, -1, -1):
        part = x[windows.places[k]]
        number = np.where(part == y, k, np.where(part == part, number, k))
    return number


def spatial(operation: str, x: Operand, ndim: int | None) -> tuple[Variable, Shape]:
    """x as a Variable (n, c, …) of floating point, and the lengths of its further axes."""
    x = as_variable(x)
    if ndim is not None and x.ndim != ndim + 2:
        raise InvalidType(
            operation, f"x of {ndim + 2} dimensions: (n, channels, …)", f"shape {x.shape}"
        )
    if x.ndim < 3 or x.dtype.kind != "f":
        raise InvalidType(
            operation,
            "x (n, channels, …) of floating point, with an axis for the windows",
            f"{x.dtype} of shape {x.shape}",
        )
    return x, x.shape[2:]
