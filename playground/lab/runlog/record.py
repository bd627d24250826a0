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
from playground.graph.types import DType, HostArray
from playground.lab.files import write_whole
from playground.lab.runlog.checks import checked
from playground.lab.runlog.layout import Layout, stride_for
from playground.lab.runlog.store import (
    LossRow,
    MarkRow,
    PointRow,
    RestartRow,
    Store,
    damaged,
    revived,
)

if TYPE_CHECKING:
    import pandas

    from playground.lab.album import Pictures

__all__ = ["RunRecord", "read_log", "read_meta", "read_store"]


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


def read_meta(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What was stored with a log that can be resumed, be it without its newest rows."""
    store = Store.open(path, whole=False)
    try:
        with store.transaction("DEFERRED"):
            return checked(store).meta
    finally:
        store.close()


def read_store(store: Store) -> RunRecord:
    """What an open store holds."""
    # One snapshot: what a running fit commits meanwhile is not seen by half.
    with store.transaction("DEFERRED"):
        contents = checked(store)
        record = RunRecord(
            where=store.where,
            layout=contents.layout,
            meta=contents.meta,
            summary=contents.summary,
            _head=contents.head or {"rows": 0, "state": {}, "marks": {}},
            _arrays=store.arrays(),
            _loss=store.read(LossRow, "ORDER BY first"),
            _points=store.read(PointRow, "ORDER BY first"),
            _restarts=store.read(RestartRow, "ORDER BY step"),
            _marks=store.read(MarkRow),
            _bytes=store.size(),
        )
    # What is left without the bytes of truth values: a fifth of the time of looking at each.
    if any(bytes(row.accepted).translate(None, b"\0\1") for row in record._loss):
        raise damaged(store.where, "it does not say which rows were accepted")
    return record


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
    _loss: list[LossRow]
    _points: list[PointRow]
    _restarts: list[RestartRow]
    _marks: list[MarkRow]
    _bytes: int

    # ---------------------------------------------------------------------------- frames

    @cached_property
    def loss(self) -> pandas.DataFrame:
        """Every step: ``loss``, ``step_size`` (of the step that leaves the point), ``restart``
        (restarts so far), ``accepted`` (False: the point was taken back)."""
        import pandas

        return pandas.DataFrame(self.columns(), index=self._index(np.arange(self.rows)))

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

        values = self._column("watched", "<f8").reshape(self.rows, len(self.layout.watch))
        index = self._index(np.arange(self.rows))
        return pandas.DataFrame(values, index=index, columns=list(self.layout.watch))

    def columns(self) -> dict[str, HostArray]:
        """The columns of ``loss`` as arrays, a value a step: cheap where a frame would be huge."""
        return {
            "loss": self._column("value", "<f8"),
            "step_size": self._column("step_size", "<f8"),
            "restart": self._column("restart", "<i4").astype(np.int64),
            "accepted": self._column("accepted", np.bool_),
        }

    def arrays(self, kind: str) -> tuple[HostArray, HostArray]:
        """``(steps, values)`` of ``'params'`` or ``'grads'``: shapes (rows,) and (rows, size)."""
        if kind not in ("params", "grads"):
            raise ValueError(f"RunRecord.arrays: expected 'params' or 'grads', got {kind!r}")
        steps, values = self._regular(kind)
        extra = {row.step: getattr(row, kind) for row in self._special()}
        # A special row may be one of the stride too, and is to come once.
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
        return sum(row.rows for row in self._loss)

    @cached_property
    def checkpoint(self) -> dict[str, Any]:
        """The state of the run at its newest checkpoint."""
        return revived(self.where, self._head["state"], self._arrays)

    @property
    def rule(self) -> str:
        """The name of the step rule, or '' where the run never got to a checkpoint."""
        found = self._head["state"].get("rule")
        return str(found.get("name", "")) if isinstance(found, dict) else ""

    @property
    def best_step(self) -> int | None:
        """The step of the smallest finite loss, as of the newest checkpoint."""
        mark = self._head["marks"].get("best")
        return mark and mark[0]

    def __repr__(self) -> str:
        return f"<RunRecord of {self.rows} rows, {self.layout.size} parameters: {self.where}>"

    # --------------------------------------------------------------------------- pictures

    def plot(self, *names: str) -> Pictures:
        """Figures by name (loss, parameters, gradient, watched), all or those asked for.

        A notebook shows them; no window is opened.
        """
        from playground.lab.album import pictures_of

        return pictures_of(self, *names)

    def save_pictures(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write what :meth:`plot` draws as ``NAME.png`` into ``folder``. Returns the files."""
        return self.plot().save(folder)

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
            # Into memory first, so that an error leaves no half a file.
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

    def _column(self, name: str, dtype: DType) -> HostArray:
        # A bytearray and not bytes: an array over it, and so the frame, can be written to.
        return np.frombuffer(bytearray().join([getattr(row, name) for row in self._loss]), dtype)

    def _regular(self, kind: str) -> tuple[HostArray, HostArray]:
        """The rows of the stride."""
        rows = self._points
        values = self.layout.unpack(bytearray().join([getattr(row, kind) for row in rows]))
        if not rows:
            return np.arange(0), values
        # A log that is read between two checkpoints may hold rows that are to be thinned yet.
        stride = stride_for(self.rows, self.layout.limit)
        steps = np.concatenate([row.first + row.stride * np.arange(row.rows) for row in rows])
        kept = steps % stride == 0
        return (steps, values) if kept.all() else (steps[kept], values[kept])

    def _special(self) -> list[RestartRow | MarkRow]:
        """First rows after a restart, the best row and the last one."""
        marks = {mark[0] for name, mark in self._head["marks"].items() if mark and name != "base"}
        count = max((row.number for row in self._restarts), default=0)
        stride = stride_for(count, self.layout.limit)
        restarts = [row for row in self._restarts if not (row.number - 1) % stride]
        return [*restarts, *(row for row in self._marks if row.step in marks)]

    @cached_property
    def _labels(self) -> pandas.Index:
        import pandas

        # Nothing else says that a log without rows means what it claims; a name takes 80 bytes.
        if not self.rows and 8 * self.layout.size > self._bytes:
            raise LogError(
                f"{self.where} holds no rows yet, of {self.layout.size:,} parameters: read it later"
            )
        return pandas.Index(self.layout.labels())

    def _frame(self, kind: str) -> pandas.DataFrame:
        import pandas

        steps, values = self.arrays(kind)
        index = self._index(steps)
        return pandas.DataFrame(values, index=index, columns=self._labels, copy=False)

    def _index(self, steps: HostArray) -> pandas.Index:
        import pandas

        # Of a complete run 8 bytes a step are saved, and every .loc is a subtraction.
        if len(steps) == self.rows:
            return pandas.RangeIndex(self.rows, name="step")
        return pandas.Index(steps, name="step")


def frame_of(columns: Mapping[str, Any]) -> pandas.DataFrame:
    """Columns of one length, by name, as a frame whose rows are numbered from 0."""
    import pandas

    return pandas.DataFrame(dict(columns))


def _room(directory: str | os.PathLike[str]) -> Path:
    path = Path(directory)
    path.mkdir(parents=True, exist_ok=True)
    return path
