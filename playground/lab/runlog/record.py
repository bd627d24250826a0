"""Reading a run: blobs into arrays, arrays into DataFrames. The home of pandas."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from playground.graph.errors import LogError
from playground.lab.files import write_whole
from playground.lab.runlog.layout import Layout, stride_for
from playground.lab.runlog.state import revive
from playground.lab.runlog.store import Store

if TYPE_CHECKING:
    import pandas

__all__ = ["RunRecord", "read_log", "read_store"]

# One stretch of rows: first step, distance between steps, rows, packed params, packed grads.
Piece = tuple[Any, ...]


def read_log(path: str | os.PathLike[str]) -> RunRecord:
    """Read the log of a run, finished, running or killed.

    ``path`` is the directory of the run or its ``.sqlite`` file. Everything committed so far is
    read at once, so that the frames agree with each other while the run goes on. Raises LogError
    if the log is missing, damaged, of another kind or too new.
    """
    store = Store.open(path)
    try:
        return read_store(store)
    finally:
        store.close()


def read_store(store: Store) -> RunRecord:
    """What an open store holds."""
    with store.transaction("DEFERRED"):
        layout = store.layout()
        head = store.get("state")
        return RunRecord(
            where=store.where,
            layout=layout,
            meta=store.get("meta"),
            summary=store.get("summary") or {},
            _head=head or {"rows": 0, "state": {}, "marks": {}},
            _arrays=dict(store.execute("SELECT name, data FROM arrays").fetchall()),
            _loss=store.execute("SELECT * FROM loss ORDER BY first").fetchall(),
            _points=store.execute(
                "SELECT first, stride, rows, params, grads FROM points ORDER BY first"
            ).fetchall(),
            _restarts=store.execute(
                "SELECT step, number, 1, params, grads FROM restarts ORDER BY step"
            ).fetchall(),
            _marks=store.execute("SELECT step, 1, 1, params, grads FROM marks").fetchall(),
        )


@dataclass(frozen=True, repr=False)
class RunRecord:
    """A run as it was logged: aligned DataFrames, all indexed by ``step``.

    Attributes:
        where: the file.
        meta: what was stored with the log when it was made.
        summary: how the run ended; empty while it goes on or if it was killed.
        layout: names, shapes and dtypes of the parameters.
    """

    where: str
    layout: Layout
    meta: dict[str, Any]
    summary: dict[str, Any]
    _head: dict[str, Any]
    _arrays: dict[str, bytes]
    _loss: list[tuple[Any, ...]]
    _points: list[Piece]
    _restarts: list[Piece]
    _marks: list[Piece]

    # ---------------------------------------------------------------------------- frames

    @cached_property
    def loss(self) -> pandas.DataFrame:
        """Every step: ``loss``, ``step_size`` (of the step that leaves the point), ``restart``
        (restarts so far), ``accepted`` (False: the point was taken back)."""
        import pandas

        columns = {
            "loss": self._column(2, "<f8"),
            "step_size": self._column(3, "<f8"),
            "restart": self._column(4, "<i4").astype(np.int64),
            "accepted": self._column(5, np.bool_),
        }
        return pandas.DataFrame(columns, index=_index(np.arange(self.rows), self.rows))

    @cached_property
    def params(self) -> pandas.DataFrame:
        """The points: one column a component, ``Y[0,0]`` …; rows thinned beyond the cap."""
        return self._frame("params")

    @cached_property
    def grads(self) -> pandas.DataFrame:
        """The gradients at the points, NaN where none was computed; thinned like ``params``."""
        return self._frame("grads")

    @cached_property
    def watched(self) -> pandas.DataFrame:
        """Every step: one column for each watched function."""
        import pandas

        values = self._column(6, "<f8").reshape(self.rows, len(self.layout.watch))
        index = _index(np.arange(self.rows), self.rows)
        return pandas.DataFrame(values, index=index, columns=list(self.layout.watch))

    def arrays(self, kind: str) -> tuple[np.ndarray, np.ndarray]:
        """``(steps, values)`` of ``'params'`` or ``'grads'``: shapes (rows,) and (rows, size)."""
        if kind not in ("params", "grads"):
            raise ValueError(f"RunRecord.arrays: expected 'params' or 'grads', got {kind!r}")
        which = 3 if kind == "params" else 4
        steps, values = self._regular(which)
        extra = {piece[0]: piece[which] for piece in self._special()}
        taken = np.isin(sorted(extra), steps)
        more = [step for step, known in zip(sorted(extra), taken, strict=True) if not known]
        if more:
            steps = np.concatenate([steps, more])
            order = np.argsort(steps, kind="stable")
            found = self.layout.unpack(bytearray().join(extra[step] for step in more))
            steps, values = steps[order], np.concatenate([values, found])[order]
        return steps, values

    # ---------------------------------------------------------------------------- facts

    @cached_property
    def rows(self) -> int:
        """Steps logged, the start included."""
        return sum(row[1] for row in self._loss)

    @cached_property
    def checkpoint(self) -> dict[str, Any]:
        """The state of the run at its newest checkpoint."""
        return revive(self._head["state"], self._arrays)

    @property
    def best_step(self) -> int | None:
        """The step of the smallest finite loss, as of the newest checkpoint."""
        mark = self._head["marks"].get("best")
        return mark and mark[0]

    def __repr__(self) -> str:
        return f"<RunRecord of {self.rows} rows, {self.layout.size} parameters: {self.where}>"

    # ---------------------------------------------------------------------------- exports

    def to_csv(self, directory: str | os.PathLike[str]) -> list[Path]:
        """Write every frame as ``NAME.csv`` into ``directory``. Returns the files."""
        return [
            write_whole(_room(directory) / f"{name}.csv", frame.to_csv().encode())
            for name, frame in self._frames()
        ]

    def to_parquet(self, directory: str | os.PathLike[str]) -> list[Path]:
        """Write every frame as ``NAME.parquet`` into ``directory``. Returns the files.

        Raises LogError if pandas finds no Parquet library.
        """
        files = []
        for name, frame in self._frames():
            buffer = io.BytesIO()
            try:
                frame.to_parquet(buffer)
            except ImportError as error:
                raise LogError("to_parquet needs a Parquet library: pip install pyarrow") from error
            files.append(write_whole(_room(directory) / f"{name}.parquet", buffer.getvalue()))
        return files

    def _frames(self) -> list[tuple[str, pandas.DataFrame]]:
        frames = [("loss", self.loss), ("params", self.params), ("grads", self.grads)]
        return frames + ([("watched", self.watched)] if self.layout.watch else [])

    # ---------------------------------------------------------------------------- inside

    def _column(self, which: int, dtype: Any) -> np.ndarray:
        return np.frombuffer(bytearray().join([row[which] for row in self._loss]), dtype)

    def _regular(self, which: int) -> tuple[np.ndarray, np.ndarray]:
        """The rows of the stride."""
        pieces = self._points
        values = self.layout.unpack(bytearray().join([piece[which] for piece in pieces]))
        if not pieces:
            return np.arange(0), values
        # A log that is read between two checkpoints may hold rows that are to be thinned yet.
        stride = stride_for(self.rows, self.layout.limit)
        steps = np.concatenate([first + step * np.arange(n) for first, step, n, *_ in pieces])
        kept = steps % stride == 0
        return (steps, values) if kept.all() else (steps[kept], values[kept])

    def _special(self) -> list[Piece]:
        """First rows after a restart, the best row and the last one."""
        marks = {mark[0] for name, mark in self._head["marks"].items() if mark and name != "base"}
        count = max((piece[1] for piece in self._restarts), default=0)
        stride = stride_for(count, self.layout.limit)
        restarts = [piece for piece in self._restarts if not (piece[1] - 1) % stride]
        return restarts + [piece for piece in self._marks if piece[0] in marks]

    @cached_property
    def _labels(self) -> pandas.Index:
        import pandas

        return pandas.Index(self.layout.labels())

    def _frame(self, kind: str) -> pandas.DataFrame:
        import pandas

        steps, values = self.arrays(kind)
        index = _index(steps, self.rows)
        return pandas.DataFrame(values, index=index, columns=self._labels, copy=False)


def frame_of(columns: Mapping[str, Any]) -> pandas.DataFrame:
    """Columns of one length, by name, as a frame whose rows are numbered from 0."""
    import pandas

    return pandas.DataFrame(dict(columns))


def _index(steps: np.ndarray, rows: int) -> pandas.Index:
    import pandas

    if len(steps) == rows:
        return pandas.RangeIndex(rows, name="step")
    return pandas.Index(steps, name="step")


def _room(directory: str | os.PathLike[str]) -> Path:
    path = Path(directory)
    path.mkdir(parents=True, exist_ok=True)
    return path
