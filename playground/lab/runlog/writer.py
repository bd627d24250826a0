"""RunLog: takes one row a step and commits it in chunks."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from itertools import chain
from time import monotonic
from types import TracebackType
from typing import Any
from uuid import uuid4

import numpy as np

from playground.graph.errors import LogError
from playground.graph.types import DType, HostArray, Raw
from playground.lab.runlog.checks import checked, layout_of
from playground.lab.runlog.layout import Layout
from playground.lab.runlog.points import Chunk, Mark, Marks, PointRows, pack, side_by_side
from playground.lab.runlog.record import RunRecord, read_store
from playground.lab.runlog.store import ArrayRow, LossRow, Store, plain_meta, revived, take_apart

__all__ = ["RunLog"]

CHUNK_ROWS = 256
CHUNK_SECONDS = 0.1
# Of rows that come as whole columns more wait for each other: to commit takes as long as they do.
GATHERED_ROWS = 1 << 14
# Rows of large points wait in smaller groups, so that waiting costs no more memory than this.
CHUNK_BYTES = 16 << 20
# Checkpoints are written at this rate at most, in bytes a second: at n = 1000, where the point and
# its gradient are 16 MB, every four seconds instead of ten times a second. The loss is committed
# all the same; a resumed run computes the rows after its checkpoint again.
CHECKPOINT_RATE = 4e6
CAP = 5_000_000


class Phase(Enum):
    """Whose the rows of a log are."""

    # Of whoever holds the log: a run, whose ``checkpoint`` says its state, or a user's own loop.
    OPEN = "open"
    # Of a run that has ended, in this session or in the one before. The stored checkpoint is its
    # state, and rows that somebody adds must not be put under it: a resume would take them for its
    # own. A new run, which brings a ``checkpoint``, goes on from it.
    LEFT = "left"
    CLOSED = "closed"


class RunLog:
    """The log of a run, on disk or in memory; made by :meth:`create` or :meth:`resume`.

    Row k is point k. Rows are committed every 256 rows or 0.1 s, and by :meth:`flush`; a committed
    row survives the death of the process. Every row of the loss is kept. Of params and grads
    ``cap`` values each are kept: every row while they fit, then every 2nd, 4th … row, and besides
    the first, the last and the best row and those at which a restart happened (thinned by the
    same rule, to as many rows again). Which rows are kept depends on counts alone.

    Attributes:
        checkpoint: called at a commit; returns the state (nested dicts of JSON values and arrays)
            from which the run can go on after the newest row.
        state: what ``checkpoint`` returned last, also in the session that is resumed.
        meta: the JSON values stored with the log.
        path: the directory or file, None for a log in memory.
    """

    def __init__(
        self,
        store: Store,
        layout: Layout,
        path: str | os.PathLike[str] | None,
        copy: bool,
    ) -> None:
        self.layout = layout
        self.path = None if path is None else os.path.abspath(path)
        self.meta: dict[str, Any] = {}
        self.state: dict[str, Any] = {}
        self.checkpoint: Callable[[], Mapping[str, Any]] | None = None
        self._store = store
        self._points = PointRows(store, layout)
        self._marks = Marks(store, layout)
        self._parts: list[Chunk] = []
        self._pending: list[tuple[Any, ...]] = []
        self._copy, self._phase = copy, Phase.OPEN
        self._chunk_rows = max(1, min(CHUNK_ROWS, CHUNK_BYTES // max(1, 2 * layout.row_bytes)))
        self._next_checkpoint = 0.0
        # Who signs the file last may write to it. The lease keeps others away; where it fails
        # (a hard link, lost locks) who was there before learns of it at its next commit.
        self._signature = uuid4().hex
        self._begun = False
        self._arrays: dict[str, bytes] = {}
        self._start_chunk(0)

    # ---------------------------------------------------------------------------- opening

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str] | None,
        names: Sequence[str],
        shapes: Sequence[Sequence[int]],
        dtypes: Sequence[DType],
        watch: Sequence[str] = (),
        meta: Mapping[str, Any] | None = None,
        cap: int = CAP,
        *,
        copy: bool = True,
    ) -> RunLog:
        """A new log in the directory (or ``.sqlite`` file) ``path``, in memory if that is None.

        Args:
            names, shapes, dtypes: of the parameters.
            watch: names of the watched values that each row brings.
            meta: JSON values to keep with the log; NumPy's and paths are stored as JSON's.
            cap: values of params, and of grads, to keep.
            copy: whether the caller may write into an array after passing it to :meth:`row`.

        Raises LogError where there is a log already, or none can be written.
        """
        layout = Layout.of(names, shapes, dtypes, watch, cap)
        known = plain_meta({} if meta is None else meta)
        log = cls(Store.create(path, layout, known), layout, path, copy)
        log.meta = known
        try:
            with log._store.transaction():
                log._store.sign(log._signature)
            log._store.merge()
        except BaseException:
            log._store.close()
            raise
        return log

    @classmethod
    def resume(cls, path: str | os.PathLike[str], *, copy: bool = True) -> RunLog:
        """The log at ``path``, to be continued after its newest checkpoint.

        Rows after the checkpoint stay readable until the first commit replaces them. Raises
        LogError if there is no log, or one that cannot be read.
        """
        store = Store.open(path, write=True)
        try:
            with store.transaction("DEFERRED"):
                layout = layout_of(store.where, store.get("layout"))
            log = cls(store, layout, path, copy)
            log._go_back()
        except BaseException:
            store.close(tidy=True)
            raise
        return log

    def _go_back(self) -> None:
        """Read the newest checkpoint."""
        store = self._store
        # Read and signed in one, so that nobody writes between the two.
        with store.transaction():
            contents = checked(store)
            self.meta, head = contents.meta, contents.head
            if head is not None:
                self._arrays = store.arrays()
                self._marks.load(head["marks"])
            store.sign(self._signature)
        store.merge()
        if head is not None:
            self.state = revived(store.where, head["state"], self._arrays)
            self._phase = Phase.LEFT if self.state else Phase.OPEN
            self._points = PointRows(store, self.layout, head["rows"], head["restart"])
            self._start_chunk(head["rows"])

    # ---------------------------------------------------------------------------- rows

    @property
    def rows(self) -> int:
        """Rows logged so far, committed or not."""
        return self._first + self._gathered + len(self._pending)

    @property
    def last(self) -> Mark | None:
        """The newest committed row."""
        return self._marks.last

    @property
    def base(self) -> Mark | None:
        """The newest committed row that was accepted."""
        return self._marks.base

    @property
    def best(self) -> Mark | None:
        """The committed row of the smallest finite value; the first of equal ones."""
        return self._marks.best

    def row(
        self,
        value: float,
        step_size: float,
        restart: int,
        accepted: bool,
        point: Raw,
        grad: Raw | None = None,
        watched: Sequence[float] = (),
    ) -> None:
        """Log the next row.

        Args:
            value: the loss at the point.
            step_size: of the step that leaves the point.
            restart: restarts so far; a row with a larger number than the one before is a restart.
            accepted: whether the point was moved to (False: a candidate that was taken back).
            point: the parameters, flat in one array or one array each.
            grad: the gradient there in the same form, or None where it was not computed.
            watched: the watched values.
        """
        if not self.rows:
            self.layout.check(point, "the first point")
        if self._copy:
            point = point.tobytes() if type(point) is np.ndarray else pack(self.layout, point)
            grad = grad.tobytes() if type(grad) is np.ndarray else pack(self.layout, grad)
        # One append is the whole row: an interrupt finds it logged, or not logged.
        self._add((value, step_size, restart, accepted, point, grad, watched))
        if len(self._pending) >= self._chunk_rows or monotonic() >= self._deadline:
            self._commit()

    def columns(
        self,
        restart: int,
        values: HostArray,
        step_sizes: HostArray,
        points: Sequence[HostArray],
        grads: Sequence[HostArray],
        watched: Sequence[HostArray] = (),
    ) -> None:
        """Log the next rows at once, all of them accepted: an array a column, a row a step.

        The arguments are those of :meth:`row`; ``points`` and ``grads`` hold an array a parameter
        whose first axis are the rows. All of it is copied.
        """
        first, count = self.rows, len(values)
        rows = [*zip(*(column.tolist() for column in watched), strict=True)] or [()] * count
        flat: tuple[Raw, Raw] = side_by_side(points), side_by_side(grads)
        chunk = Chunk(
            first, values.tolist(), step_sizes.tolist(), [restart] * count, [True] * count,
            *flat, rows,
        )  # fmt: skip
        parts, pending = self._parts, self._pending
        if pending:
            parts = [*parts, Chunk.of(first - len(pending), pending)]
        # One assignment is all the rows: an interrupt finds them logged, or not logged.
        gathered = first + count - self._first
        self._parts, self._pending, self._gathered = [*parts, chunk], [], gathered
        self._add = self._pending.append
        if self._gathered >= GATHERED_ROWS or self._is_late():
            self._commit()

    def _is_late(self) -> bool:
        large = self._gathered * self.layout.row_bytes * 2 >= CHUNK_BYTES
        return large or monotonic() >= self._deadline

    def _start_chunk(self, first: int) -> None:
        self._first, self._gathered = first, 0
        self._parts = []
        self._pending = []
        self._add = self._pending.append
        self._deadline = monotonic() + CHUNK_SECONDS

    # ---------------------------------------------------------------------------- commits

    def flush(self, *, settled: bool = True) -> None:
        """Commit every row now, with a checkpoint.

        ``settled`` is False where ``checkpoint`` would not match the newest row: then the rows are
        committed, and the checkpoint stays the one before.
        """
        self._commit(settled=settled, final=True)

    def finish(self, summary: Mapping[str, Any], *, settled: bool = True) -> None:
        """Commit every row, and how the run ended."""
        self.flush(settled=settled)
        with self._store.transaction():
            self._store.put("summary", dict(summary))

    def record(self) -> RunRecord:
        """What the log holds, to be read."""
        if self._pending or self._parts:
            self.flush(settled=self.checkpoint is None)
        return read_store(self._store)

    def release(self) -> None:
        """Let go of ``checkpoint``: its run has ended, and no later row belongs to its state."""
        self.checkpoint = None
        self._phase = Phase.LEFT

    def close(self, *, settled: bool = True) -> None:
        """Commit and close; a log in memory is gone then."""
        if self._phase is Phase.CLOSED:
            return
        try:
            # A resumed log to which nothing was added stays as it was.
            if self._pending or self._parts or (self._begun and self._store.is_writable):
                self.flush(settled=settled)
        finally:
            self._phase = Phase.CLOSED
            self._store.close(tidy=True)

    def __enter__(self) -> RunLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(settled=kind is None)

    def __del__(self) -> None:
        # Of a log whose making failed there is no phase yet, and no file.
        if getattr(self, "_phase", Phase.CLOSED) is not Phase.CLOSED:
            self._store.close()

    # A commit is one transaction: the claim, the chunk that has gathered, and, if it is time for
    # one, a checkpoint: everything that a run needs to go on after the newest row, bit for bit.
    # What the log believes of its file changes only after the transaction, so that a commit that
    # fails (a full disk, Ctrl-C) can be made again with the same rows.

    def _commit(self, *, settled: bool = True, final: bool = False) -> None:
        now, written = monotonic(), 0
        parts = [*self._parts]
        if self._pending:
            parts.append(Chunk.of(self._first + self._gathered, self._pending))
        chunk = Chunk.joined(parts, self.layout) if parts else None
        due = settled and (final or self._is_time(now))
        if not self._store.is_writable:
            raise LogError(
                f"{self._store.where} is written by the process that this was forked from"
            )
        with self._store.transaction():
            self._claim()
            if chunk:
                self._write_chunk(chunk)
            # Asked after writing, which may have made the stride double.
            due = due or (settled and self._points.crowded)
            due = due and (self._phase is Phase.OPEN or self.checkpoint is not None)
            if due:
                arrays, written = self._write_checkpoint(chunk)
        self._begun = True
        if chunk:
            self._points.passed(chunk)
        if due:
            self._points.crowded = False
            self._marks.passed()
            self._arrays = arrays
            self._next_checkpoint = now + written / CHECKPOINT_RATE
        self._start_chunk(self.rows)

    def _is_time(self, now: float) -> bool:
        # In memory nobody resumes: a checkpoint is only made at the end, for the marks.
        return self.path is not None and now >= self._next_checkpoint

    def _claim(self) -> None:
        """See that nobody else has signed the file; at the first commit, make room in it."""
        if self._store.get("writer") != self._signature:
            where = self._store.where
            raise LogError(f"{where}: another process continues this run: stop one of them")
        if self._begun:
            return
        # Rows that were committed after the checkpoint will be computed again.
        for table, key in (("loss", "first"), ("points", "first"), ("restarts", "step")):
            self._store.execute(f"DELETE FROM {table} WHERE {key} >= ?", (self._first,))
        self._store.execute("DELETE FROM info WHERE key = 'summary'")

    def _write_chunk(self, chunk: Chunk) -> None:
        self._marks.look(chunk)
        watched = array("d", chain.from_iterable(chunk.watched) if self.layout.watch else ())
        if len(watched) != len(chunk) * len(self.layout.watch):
            raise LogError(f"run log: every row brings {len(self.layout.watch)} watched values")
        self._store.insert(
            LossRow(
                first=chunk.first,
                rows=len(chunk),
                value=array("d", chunk.values),
                step_size=array("d", chunk.step_sizes),
                restart=array("i", chunk.restarts),
                accepted=bytes(chunk.accepted),
                watched=watched,
            )
        )
        self._points.write(chunk)

    def _write_checkpoint(self, chunk: Chunk | None) -> tuple[dict[str, bytes], int]:
        """Store marks and state. Returns its arrays, and how many bytes were new."""
        # Rows are thinned together with a checkpoint only: a resumed run goes back to it, and
        # must find every row that it kept at that time.
        if self._points.crowded:
            self._points.thin()
        marks, written = self._marks.write()
        arrays: dict[str, np.ndarray] = {}
        if self.checkpoint is not None:
            self.state = dict(self.checkpoint())
        state = take_apart(self.state, arrays)
        blobs = {name: values.tobytes() for name, values in arrays.items()}
        for name in blobs:
            if self._arrays.get(name) != blobs[name]:
                self._store.insert(ArrayRow(name, blobs[name]))
                written += len(blobs[name])
        restart = chunk.restarts[-1] if chunk else self._points.restart
        head = {"rows": self.rows, "restart": restart, "marks": marks, "state": state}
        self._store.put("state", head)
        return blobs, written
