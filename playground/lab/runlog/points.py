"""The rows of params and grads that a log keeps, and the few that a checkpoint needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import chain
from math import inf, isfinite
from typing import Any, NamedTuple

import numpy as np

from playground.graph.errors import LogError
from playground.graph.types import HostArray, Raw
from playground.lab.runlog.layout import Layout, stride_for
from playground.lab.runlog.store import MarkRow, PointRow, RestartRow, Store

__all__ = ["Chunk", "Mark", "Marks", "PointRows", "pack", "side_by_side"]

# Rows of this many bytes are stored one by one, so that thinning them rewrites nothing.
LARGE_ROW = 4096


@dataclass(frozen=True)
class Chunk:
    """Consecutive steps from ``first`` on, by columns; points and gradients packed or as they came.

    The log gathers plain tuples, one a step, in the order of these columns, and turns them here
    once: to make a named row takes 0.97 us, a tuple 0.08, and nobody reads single rows.
    """

    first: int
    values: Sequence[float]
    step_sizes: Sequence[float]
    restarts: Sequence[int]
    accepted: Sequence[bool]
    points: Sequence[Raw]
    grads: Sequence[Raw]
    watched: Sequence[Sequence[float]]

    @classmethod
    def of(cls, first: int, rows: list[tuple[Any, ...]]) -> Chunk:
        """The columns of at least one row."""
        return cls(first, *zip(*rows, strict=True))

    def __len__(self) -> int:
        return len(self.values)

    def in_bytes(self, layout: Layout) -> Chunk:
        """The same with points and gradients as bytes, a row each."""
        points: Raw
        grads: Raw
        points, grads = (as_rows(column, layout) for column in (self.points, self.grads))
        return replace(self, points=points, grads=grads)

    @classmethod
    def joined(cls, parts: Sequence[Chunk], layout: Layout) -> Chunk:
        """Several chunks, each of which begins where the one before ends, as one."""
        if len(parts) == 1:
            return parts[0]
        parts = [part.in_bytes(layout) for part in parts]
        columns = [[getattr(part, item.name) for part in parts] for item in fields(cls)[1:]]
        long: list[Any] = [
            np.concatenate(column) if isinstance(column[0], np.ndarray) else [*chain(*column)]
            for column in columns
        ]
        return cls(parts[0].first, *long)


def as_rows(column: Sequence[Raw], layout: Layout) -> HostArray:
    """A column of points or gradients as bytes, one row after the other."""
    if isinstance(column, np.ndarray):
        return column
    rows = b"".join([pack(layout, row) for row in column])
    if len(rows) != len(column) * layout.row_bytes:
        raise LogError(
            f"run log: expected points and gradients of {layout.describe()}: keep their shapes and "
            f"dtypes during a run"
        )
    return np.frombuffer(rows, np.uint8).reshape(len(column), layout.row_bytes)


def side_by_side(arrays: Sequence[HostArray]) -> HostArray:
    """One array a parameter, a row a step, as the bytes of whole rows."""
    rows = len(arrays[0])
    # Bytes in the file's order: a machine of the other one turns them.
    little = [a.astype(a.dtype.newbyteorder("<"), copy=False) for a in arrays]
    parts = [np.ascontiguousarray(a).reshape(rows, -1).view(np.uint8) for a in little]
    return parts[0].copy() if len(parts) == 1 else np.concatenate(parts, axis=1)


class Mark(NamedTuple):
    """A row that is remembered: where a run stands, or how far it got."""

    step: int
    value: float
    point: Raw
    grad: Raw


def pack(layout: Layout, arrays: Raw | None) -> bytes:
    """A row of params or grads as bytes; None is a row of NaN."""
    return layout.missing if arrays is None else layout.pack(arrays)


class PointRows:
    """Every ``stride``-th row, and every ``restart_stride``-th restart.

    Both strides double when ``layout.limit`` rows are exceeded. All methods but :meth:`passed`
    belong into a transaction and may be repeated if it fails: they change only what a repetition
    would change in the same way.
    """

    def __init__(self, store: Store, layout: Layout, rows: int = 0, restart: int = 0) -> None:
        self._store, self._layout = store, layout
        self.restart = restart
        self._set_strides(rows, restart)
        # Whether rows are stored that the strides do not keep any more.
        self.crowded = False

    def _set_strides(self, rows: int, restart: int) -> None:
        self.stride = stride_for(rows, self._layout.limit)
        self.restart_stride = stride_for(restart, self._layout.limit)

    def write(self, chunk: Chunk) -> None:
        """Store what is to be kept of a chunk."""
        before = self.stride, self.restart_stride
        self._set_strides(chunk.first + len(chunk), chunk.restarts[-1])
        self.crowded |= before != (self.stride, self.restart_stride)
        kept = self._next_kept(chunk.first)
        points = chunk.points[kept - chunk.first :: self.stride]
        grads = chunk.grads[kept - chunk.first :: self.stride]
        group = 1 if self._layout.row_bytes >= LARGE_ROW else max(1, len(points))
        for i in range(0, len(points), group):
            self._write(kept + i * self.stride, points[i : i + group], grads[i : i + group])
        if chunk.restarts[-1] != self.restart:
            self._write_restarts(chunk)

    def _next_kept(self, step: int) -> int:
        """The first step from ``step`` on that the stride keeps."""
        return -(-step // self.stride) * self.stride

    def _write(self, first: int, points: Sequence[Raw], grads: Sequence[Raw]) -> None:
        params, packed = self._packed(points), self._packed(grads)
        for blob in (params, packed):
            if len(blob) != len(points) * self._layout.row_bytes:
                raise LogError(
                    f"run log: rows from {first} on: expected points and gradients of "
                    f"{self._layout.describe()}: keep their shapes and dtypes during a run"
                )
        self._store.insert(PointRow(first, len(points), self.stride, params, packed))

    def _packed(self, column: Sequence[Raw]) -> bytes:
        if isinstance(column, np.ndarray):
            return column.tobytes()
        array, layout = np.ndarray, self._layout  # a call for each would double the cost of a row
        return b"".join([a.tobytes() if type(a) is array else pack(layout, a) for a in column])

    def passed(self, chunk: Chunk) -> None:
        """The transaction that wrote ``chunk`` has been committed."""
        self.restart = chunk.restarts[-1]

    def thin(self) -> None:
        """Remove the rows that the strides do not keep any more."""
        stale = "DELETE FROM restarts WHERE (number - 1) % ? != 0"
        self._store.execute(stale, (self.restart_stride,))
        # A chunk of one row that is kept stays as it is.
        old = "SELECT first FROM points WHERE stride < ? AND (rows > 1 OR first % ? != 0)"
        for (first,) in self._store.execute(old, (self.stride, self.stride)).fetchall():
            self._thin_chunk(first)

    def _thin_chunk(self, first: int) -> None:
        (old,) = self._store.read(PointRow, "WHERE first = ?", (first,))
        self._store.execute("DELETE FROM points WHERE first = ?", (first,))
        kept = self._next_kept(first)
        # Strides are powers of two, so that the new one is a multiple of the old.
        begin, ratio = (kept - first) // old.stride, self.stride // old.stride
        if begin < old.rows:
            tables = [
                np.frombuffer(blob, np.uint8).reshape(old.rows, -1)[begin::ratio]
                for blob in (old.params, old.grads)
            ]
            params, grads = (table.tobytes() for table in tables)
            self._store.insert(PointRow(kept, len(tables[0]), self.stride, params, grads))

    def _write_restarts(self, chunk: Chunk) -> None:
        known = self.restart
        for i, number in enumerate(chunk.restarts):
            if number != known:
                known = number
                if (known - 1) % self.restart_stride == 0:
                    packed = (
                        pack(self._layout, column[i]) for column in (chunk.points, chunk.grads)
                    )
                    self._store.insert(RestartRow(chunk.first + i, known, *packed))


class Marks:
    """The newest row, the newest accepted one (``base``) and the one of the smallest finite value.

    Of equal values the first one is the best. Only points that are not stored yet are written.
    """

    def __init__(self, store: Store, layout: Layout) -> None:
        self._store, self._layout = store, layout
        self.last: Mark | None = None
        self.base: Mark | None = None
        self.best: Mark | None = None
        self._stored: set[int] = set()

    def load(self, heads: dict[str, Any]) -> None:
        """Read what :meth:`write` stored; ``heads`` is what it returned."""
        stored = {row.step: row for row in self._store.read(MarkRow)}
        for name in ("last", "base", "best"):
            mark = None
            if heads.get(name):
                step, value = heads[name]
                mark = Mark(step, value, stored[step].params, stored[step].grads)
            setattr(self, name, mark)
        self._stored = set(stored)

    def look(self, chunk: Chunk) -> None:
        """Take note of the rows of a chunk (harmless when repeated)."""
        base = next((i for i in range(len(chunk) - 1, -1, -1) if chunk.accepted[i]), -1)
        if base < 0 and self.base is None:
            base = 0
        if base >= 0:
            self.base = self._mark(chunk, base)
        best = self._best(chunk)
        if best >= 0:
            self.best = self._mark(chunk, best)
        self.last = self._mark(chunk, len(chunk) - 1)

    def _best(self, chunk: Chunk) -> int:
        """Where the chunk is better than all before it, or -1."""
        lowest = min(chunk.values)
        # A NaN makes min() depend on the order; the slow way is taken only where one may be.
        if not isfinite(lowest):
            lowest = min(filter(isfinite, chunk.values), default=inf)
        before = self.best.value if self.best else inf
        return chunk.values.index(lowest) if lowest < before else -1

    def _mark(self, chunk: Chunk, i: int) -> Mark:
        point, grad = chunk.points[i], chunk.grads[i]
        if isinstance(chunk.points, np.ndarray):  # of which a view would keep all in memory
            point, grad = point.tobytes(), grad.tobytes()
        return Mark(chunk.first + i, chunk.values[i], point, grad)

    def write(self) -> tuple[dict[str, Any], int]:
        """Store the marks. Returns their steps and values, and the bytes that were new."""
        named = {"last": self.last, "base": self.base, "best": self.best}
        marks = {mark.step: mark for mark in named.values() if mark}
        fresh = set(marks) - self._stored
        for step in fresh:
            point, grad = marks[step].point, marks[step].grad
            self._store.insert(MarkRow(step, pack(self._layout, point), pack(self._layout, grad)))
        for step in self._stored - set(marks):
            self._store.execute("DELETE FROM marks WHERE step = ?", (step,))
        heads = {name: mark and (mark.step, mark.value) for name, mark in named.items()}
        return heads, 2 * self._layout.row_bytes * len(fresh)

    def passed(self) -> None:
        """The transaction around :meth:`write` has been committed."""
        self._stored = {mark.step for mark in (self.last, self.base, self.best) if mark}
