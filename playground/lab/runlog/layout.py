"""What one row of parameters looks like in bytes, and how many rows are kept."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np

from playground.graph.backend import to_cpu
from playground.graph.errors import LogError
from playground.graph.types import DType, HostArray, Raw, Shape

__all__ = ["Layout", "shown", "stride_for"]


def shown(names: Sequence[str]) -> str:
    """Names in a message, which is one line whatever is in them."""
    return ", ".join(name if name.isprintable() else ascii(name) for name in map(str, names))


def stride_for(count: int, limit: int) -> int:
    """The smallest power of two ``s`` for which rows 0, s, 2s … of ``count`` are at most ``limit``.

    A function of counts alone, so that an interrupted and an uninterrupted run keep the same rows.
    """
    stride = 1
    while count > limit * stride:
        stride *= 2
    return stride


@dataclass(frozen=True)
class Layout:
    """The parameters of a run: a row is their values in C order, one parameter after the other.

    ``cap`` is the number of values of ``params`` (and as many of ``grads``) to keep.
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[str, ...]
    watch: tuple[str, ...]
    cap: int

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        shapes: Sequence[Sequence[int]],
        dtypes: Sequence[DType],
        watch: Sequence[str],
        cap: int,
    ) -> Layout:
        """A checked layout. Raises LogError for what cannot be logged."""
        if not names or not len(names) == len(shapes) == len(dtypes):
            raise LogError(
                f"run log: expected one shape and one dtype for each of at least one name, got "
                f"{len(names)} names, {len(shapes)} shapes, {len(dtypes)} dtypes"
            )
        for group in (names, watch):
            if len(set(group)) != len(group):
                raise LogError(f"run log: names must differ, got {shown(group)}: rename one")
            if any(re.search("[\ud800-\udfff]", str(name)) for name in group):
                raise LogError(
                    f"run log: names must be text that can be written, got {shown(group)}"
                )
        return cls(
            tuple(map(str, names)),
            tuple(tuple(map(int, shape)) for shape in shapes),
            tuple(cls._stored_dtype(dtype) for dtype in dtypes),
            tuple(map(str, watch)),
            int(cap),
        )

    @staticmethod
    def _stored_dtype(dtype: DType) -> str:
        found = np.dtype(dtype)
        if found.kind != "f":
            raise LogError(f"run log: expected parameters of a real float dtype, got {found}")
        # One byte order in the file, whatever the machine that writes or reads it.
        return found.newbyteorder("<").str

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        return tuple(math.prod(shape) for shape in self.shapes)

    @cached_property
    def size(self) -> int:
        """Values a row."""
        return sum(self.sizes)

    @cached_property
    def row_bytes(self) -> int:
        return sum(n * np.dtype(d).itemsize for n, d in zip(self.sizes, self.dtypes, strict=True))

    @cached_property
    def limit(self) -> int:
        """Rows kept at most."""
        # Parameters may be empty; and one row is kept even of those larger than the cap.
        return max(1, self.cap // max(1, self.size))

    @cached_property
    def missing(self) -> bytes:
        """A row of NaN."""
        pairs = zip(self.sizes, self.dtypes, strict=True)
        return b"".join(np.full(size, np.nan, dtype).tobytes() for size, dtype in pairs)

    def check(self, arrays: Raw, what: str) -> None:
        """Raise LogError unless ``arrays`` is a row of this layout."""
        rows = [arrays] if hasattr(arrays, "dtype") else list(arrays)
        actual = [(math.prod(array.shape), array.dtype) for array in rows]
        dtypes = [np.dtype(dtype) for dtype in self.dtypes]
        # One vector of all values is a row as well, if one dtype serves.
        flat = len(rows) == 1 and actual == [(self.size, dtypes[0])] and len(set(dtypes)) == 1
        if not flat and actual != list(zip(self.sizes, dtypes, strict=True)):
            came = ", ".join(f"{n} x {dtype}" for n, dtype in actual)
            raise LogError(f"run log: {what}: expected {self.describe()}, got {came} values")

    def describe(self) -> str:
        """Names, shapes and dtypes in one line."""
        parts = zip(self.names, self.shapes, self.dtypes, strict=True)
        return ", ".join(
            f"{shown([name])} {shape} {np.dtype(dtype)}" for name, shape, dtype in parts
        )

    def pack(self, arrays: Raw) -> bytes:
        """A row as bytes; device arrays come to the host."""
        if isinstance(arrays, bytes):
            return arrays
        if isinstance(arrays, (tuple, list)):
            return b"".join([self.pack(array) for array in arrays])
        return to_cpu(arrays).tobytes()

    def unpack(self, rows: bytes | bytearray) -> HostArray:
        """Packed rows as an array ``(rows, size)``; mixed dtypes meet in their common one."""
        if len(set(self.dtypes)) == 1:
            return np.frombuffer(rows, self.dtypes[0]).reshape(-1, self.size)
        # Bytes of columns, copied: a slice of columns is not contiguous, as view() needs it.
        raw = np.frombuffer(rows, np.uint8).reshape(-1, self.row_bytes)
        return np.concatenate([raw[:, a:b].copy().view(d) for a, b, d in self._fields()], axis=1)

    def split(self, row: bytes) -> list[HostArray]:
        """One packed row as one array a parameter."""
        # Copies: an array over bytes cannot be written to, and a point must be.
        fields = zip(self._fields(), self.shapes, strict=True)
        return [np.frombuffer(row[a:b], d).reshape(shape).copy() for (a, b, d), shape in fields]

    def labels(self) -> list[str]:
        """Column names: ``Y[0,0]``, ``Y[0,1]`` …; the plain name of a 0-d parameter."""
        pairs = zip(self.names, self.shapes, strict=True)
        return [label for name, shape in pairs for label in self._cells(name, shape)]

    @staticmethod
    def _cells(name: str, shape: Shape) -> list[str]:
        # Axis by axis: a million labels take 0.5 s, and 6.3 s index by index.
        if not shape:
            return [name]
        labels = [f"{name}["]
        for axis, length in enumerate(shape):
            end = "," if axis < len(shape) - 1 else "]"
            numbers = [f"{i}{end}" for i in range(length)]
            labels = [label + number for label in labels for number in numbers]
        return labels

    def _fields(self) -> list[tuple[int, int, str]]:
        pairs = list(zip(self.sizes, self.dtypes, strict=True))
        ends = list(accumulate(size * np.dtype(dtype).itemsize for size, dtype in pairs))
        return list(zip([0, *ends], ends, self.dtypes, strict=False))
