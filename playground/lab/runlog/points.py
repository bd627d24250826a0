"""The rows of params and grads that a log keeps, and the few that a checkpoint needs."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isfinite
from typing import Any, NamedTuple

import numpy as np

from playground.graph.errors import LogError
from playground.lab.runlog.layout import Layout, stride_for
from playground.lab.runlog.store import Store

__all__ = ["Mark", "Marks", "PointRows", "Row", "pack"]

# Rows of this many bytes are stored one by one, so that thinning them rewrites nothing.
LARGE_ROW = 4096


class Row(NamedTuple):
    """One step; ``point`` and ``grad`` packed or as they came."""

    value: float
    step_size: float
    restart: int
    accepted: bool
    point: Any
    grad: Any
    watched: Sequence[float]


class Mark(NamedTuple):
    """A row that is remembered: where a run stands, or how far it got."""

    step: int
    value: float
    point: Any
    grad: Any


def pack(layout: Layout, arrays: Any) -> bytes:
    """A row of params or grads as bytes; None is a row of NaN."""
    return layout.missing if arrays is None else layout.pack(arrays)


def pack_all(layout: Layout, column: list[Any]) -> bytes:
    """Rows of params or grads as one string of bytes."""
    array = np.ndarray  # a call for each array would double the cost of a row
    return b"".join([a.tobytes() if type(a) is array else pack(layout, a) for a in column])


class PointRows:
    """Every ``stride``-th row, and every ``restart_stride``-th restart.

    Both strides double when ``layout.limit`` rows are exceeded. All methods but :meth:`passed`
    belong into a transaction and may be repeated if it fails.
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

    def write(self, first: int, chunk: Sequence[Row]) -> None:
        """Store what is to be kept of the rows from step ``first`` on."""
        before = self.stride, self.restart_stride
        self._set_strides(first + len(chunk), chunk[-1][2])
        self.crowded |= before != (self.stride, self.restart_stride)
        kept = -(-first // self.stride) * self.stride
        rows = chunk[kept - first :: self.stride]
        group = 1 if self._layout.row_bytes >= LARGE_ROW else max(1, len(rows))
        for i in range(0, len(rows), group):
            self._write_rows(kept + i * self.stride, rows[i : i + group])
        if chunk[-1][2] != self.restart:
            self._write_restarts(first, chunk)

    def _write_rows(self, first: int, rows: Sequence[Row]) -> None:
        params = pack_all(self._layout, [row[4] for row in rows])
        grads = pack_all(self._layout, [row[5] for row in rows])
        self._check(first, len(rows), params, grads)
        self._put(first, len(rows), self.stride, params, grads)

    def passed(self, chunk: Sequence[Row]) -> None:
        """The transaction that wrote ``chunk`` has been committed."""
        self.restart = chunk[-1][2]

    def thin(self) -> None:
        """Remove the rows that the strides do not keep any more."""
        stale = "DELETE FROM restarts WHERE (number - 1) % ? != 0"
        self._store.execute(stale, (self.restart_stride,))
        # A chunk of one row that is kept stays as it is.
        old = "SELECT first FROM points WHERE stride < ? AND (rows > 1 OR first % ? != 0)"
        for (first,) in self._store.execute(old, (self.stride, self.stride)).fetchall():
            self._thin_chunk(first)

    def _thin_chunk(self, first: int) -> None:
        query = "SELECT stride, rows, params, grads FROM points WHERE first = ?"
        stride, rows, *blobs = self._store.execute(query, (first,)).fetchone()
        self._store.execute("DELETE FROM points WHERE first = ?", (first,))
        kept = -(-first // self.stride) * self.stride
        begin, ratio = (kept - first) // stride, self.stride // stride
        if begin < rows:
            tables = [np.frombuffer(blob, np.uint8).reshape(rows, -1) for blob in blobs]
            thinned = [table[begin::ratio].tobytes() for table in tables]
            self._put(kept, len(range(begin, rows, ratio)), self.stride, *thinned)

    def _write_restarts(self, first: int, chunk: Sequence[Row]) -> None:
        known = self.restart
        for step, row in enumerate(chunk, first):
            if row[2] != known:
                known = row[2]
                if (known - 1) % self.restart_stride == 0:
                    data = (step, known, pack(self._layout, row[4]), pack(self._layout, row[5]))
                    self._store.execute("INSERT OR REPLACE INTO restarts VALUES (?, ?, ?, ?)", data)

    def _check(self, first: int, rows: int, *blobs: bytes) -> None:
        for blob in blobs:
            if len(blob) != rows * self._layout.row_bytes:
                raise LogError(
                    f"run log: rows from {first} on: expected points and gradients of "
                    f"{self._layout.describe()}: keep their shapes and dtypes during a run"
                )

    def _put(self, *row: Any) -> None:
        self._store.execute("INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?, ?)", row)


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
        points = {step: rest for step, *rest in self._store.execute("SELECT * FROM marks")}
        for name in ("last", "base", "best"):
            head = heads.get(name)
            setattr(self, name, Mark(*head, *points[head[0]]) if head else None)
        self._stored = set(points)

    def look(self, first: int, chunk: Sequence[Row]) -> None:
        """Take note of the rows from step ``first`` on (harmless when repeated)."""
        base = next((i for i in range(len(chunk) - 1, -1, -1) if chunk[i][3]), -1)
        if base < 0 and self.base is None:
            base = 0
        if base >= 0:
            self.base = self._mark(first, chunk, base)
        best = self._best(chunk)
        if best >= 0:
            self.best = self._mark(first, chunk, best)
        self.last = self._mark(first, chunk, len(chunk) - 1)

    def _best(self, chunk: Sequence[Row]) -> int:
        """Where the chunk is better than all before it, or -1."""
        values = [row[0] for row in chunk]
        lowest = min(values)
        if not isfinite(lowest):
            lowest = min(filter(isfinite, values), default=inf)
        before = self.best.value if self.best else inf
        return values.index(lowest) if lowest < before else -1

    def _mark(self, first: int, chunk: Sequence[Row], i: int) -> Mark:
        row = chunk[i]
        return Mark(first + i, row[0], row[4], row[5])

    def write(self) -> tuple[dict[str, Any], int]:
        """Store the marks. Returns their steps and values, and the bytes that were new."""
        named = {"last": self.last, "base": self.base, "best": self.best}
        marks = {mark.step: mark for mark in named.values() if mark}
        fresh = set(marks) - self._stored
        for step in fresh:
            data = (step, *(pack(self._layout, arrays) for arrays in marks[step][2:]))
            self._store.execute("INSERT OR REPLACE INTO marks VALUES (?, ?, ?)", data)
        for step in self._stored - set(marks):
            self._store.execute("DELETE FROM marks WHERE step = ?", (step,))
        heads = {name: mark and mark[:2] for name, mark in named.items()}
        return heads, 2 * self._layout.row_bytes * len(fresh)

    def passed(self) -> None:
        """The transaction around :meth:`write` has been committed."""
        self._stored = {mark.step for mark in (self.last, self.base, self.best) if mark}
