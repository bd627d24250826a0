"""The file of a run: SQLite, one row a chunk of steps, columns as blobs.

Tables: ``loss`` is complete; ``points`` holds every ``stride``-th row of params and grads;
``restarts`` the rows at which a restart happened; ``marks`` the last, the best and the current
point of the newest checkpoint; ``info`` and ``arrays`` everything else. A transaction is the unit
of acknowledgement: what a commit has returned from survives the death of the process.
"""

from __future__ import annotations

import json
import os
import sqlite3
from array import array
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np

from playground.graph.errors import LogError
from playground.graph.types import HostArray
from playground.lab.runlog.layout import Layout

__all__ = [
    "SCHEMA",
    "ArrayRow",
    "LossRow",
    "MarkRow",
    "PointRow",
    "RestartRow",
    "Store",
    "log_file",
    "revive",
    "take_apart",
]

SCHEMA = 1
FILE_NAME = "run.sqlite"
# Written into the header of the file, so that a log is told from any other SQLite file.
APPLICATION = 0x506C6179


# What SQLite takes for a blob, and gives as bytes.
Buffer: TypeAlias = "bytes | array[float] | array[int]"


# ---------------------------------------------------------------------------------- the tables

# A row of a table by the names of its columns. One row a chunk and not one a step: 0.9 us a step to
# write and 3 ms to read 40,000 steps, where a row a step costs 2 us and 60 to 100 ms.


class LossRow(NamedTuple):
    """The columns of the loss from step ``first`` on, complete."""

    first: int
    rows: int
    value: Buffer
    step_size: Buffer
    restart: Buffer
    accepted: Buffer
    watched: Buffer


class PointRow(NamedTuple):
    """Packed points and gradients at the steps ``first``, ``first + stride`` …"""

    first: int
    rows: int
    stride: int
    params: bytes
    grads: bytes


class RestartRow(NamedTuple):
    """Point and gradient at the first step after a restart."""

    step: int
    number: int
    params: bytes
    grads: bytes


class MarkRow(NamedTuple):
    """Point and gradient of a step that the newest checkpoint names."""

    step: int
    params: bytes
    grads: bytes


class ArrayRow(NamedTuple):
    """An array of the state of the newest checkpoint."""

    name: str
    data: bytes


class InfoRow(NamedTuple):
    """A JSON value: layout, meta, state, summary, writer."""

    key: str
    value: str


# Which of them a method is about.
TableRow = TypeVar("TableRow", LossRow, PointRow, RestartRow, MarkRow, ArrayRow, InfoRow)

TABLE_OF: dict[type, str] = {
    InfoRow: "info",
    ArrayRow: "arrays",
    LossRow: "loss",
    PointRow: "points",
    RestartRow: "restarts",
    MarkRow: "marks",
}
_TABLES = """
CREATE TABLE info(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE arrays(name TEXT PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE loss(first INTEGER PRIMARY KEY, rows INTEGER NOT NULL, value BLOB, step_size BLOB,
                  restart BLOB, accepted BLOB, watched BLOB);
CREATE TABLE points(first INTEGER PRIMARY KEY, rows INTEGER NOT NULL, stride INTEGER NOT NULL,
                    params BLOB, grads BLOB);
CREATE TABLE restarts(step INTEGER PRIMARY KEY, number INTEGER NOT NULL, params BLOB, grads BLOB);
CREATE TABLE marks(step INTEGER PRIMARY KEY, params BLOB, grads BLOB);
"""


def log_file(path: str | os.PathLike[str]) -> Path:
    """The file of the log at ``path``: itself if it ends in ``.sqlite``, else one inside it."""
    found = Path(path)
    return found if found.suffix == ".sqlite" else found / FILE_NAME


class Store:
    """One open log. Every method raises LogError, naming the file, where SQLite fails."""

    def __init__(self, connection: sqlite3.Connection, where: str) -> None:
        self._connection = connection
        self.where = where

    # ---------------------------------------------------------------------------- opening

    @classmethod
    def create(
        cls, path: str | os.PathLike[str] | None, layout: Layout, meta: dict[str, Any]
    ) -> Store:
        """A new log at ``path`` (None: in memory). Raises LogError if one is there already."""
        if path is None:
            store = cls(_connect(":memory:"), "the log in memory")
        else:
            file = log_file(path)
            cls._make_place(file)
            with naming_the_file(str(file), "cannot be created"):
                store = cls(_connect(file), str(file))
        try:
            store._set_up(layout, meta)
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, write: bool = False) -> Store:
        """The log at ``path``. Raises LogError if it is missing, foreign, damaged or too new."""
        file = cls._existing(path)
        if write and not os.access(file, os.W_OK):
            raise LogError(f"{file} cannot be continued: it may not be written to")
        place = f"{file.resolve().as_uri()}?mode={'rw' if write else 'ro'}"
        with naming_the_file(str(file)):
            store = cls(_connect(place), str(file))
        try:
            store._check()
            if write:
                store._tune()
        except BaseException:
            store.close()
            raise
        return store

    @staticmethod
    def _make_place(file: Path) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            taken = file.exists() and file.stat().st_size > 0
        except OSError as error:
            raise LogError(f"{file.parent} cannot hold a log: {error.strerror or error}") from error
        if taken:
            raise LogError(
                f"{file} holds a run already: continue it with resume=True, or choose another path"
            )

    @staticmethod
    def _existing(path: str | os.PathLike[str]) -> Path:
        file = log_file(path)
        try:
            with file.open("rb") as stream:
                head = stream.read(16)
        except OSError as error:
            raise LogError(f"there is no log at {file}: {error.strerror or error}") from error
        if head != b"SQLite format 3\0":
            what = "no SQLite" if head else "an empty"
            raise LogError(f"{file} is not a run log: it is {what} file")
        return file

    def _set_up(self, layout: Layout, meta: dict[str, Any]) -> None:
        with self._guard("cannot be created"):
            # Large rows go to large pages: a row of 16 MB is written three times as fast.
            page = 4096 if layout.row_bytes < 1 << 15 else 1 << 16
            self._connection.execute(f"PRAGMA page_size={page}")
        self._tune()
        with self.transaction():
            for statement in _TABLES.strip().split(";")[:-1]:
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA application_id={APPLICATION}")
            self._connection.execute(f"PRAGMA user_version={SCHEMA}")
            self.put("layout", asdict(layout))
            self.put("meta", meta)

    def _tune(self) -> None:
        with self._guard():
            run = self._connection.execute
            run("PRAGMA journal_mode=WAL").fetchone()
            (page,) = run("PRAGMA page_size").fetchone()
            # NORMAL keeps the file sound across a power cut; rows may then be lost, not the log.
            run("PRAGMA synchronous=NORMAL")
            run(f"PRAGMA wal_autocheckpoint={(16 << 20) // page}")
            run(f"PRAGMA journal_size_limit={32 << 20}")

    def _check(self) -> None:
        with self._guard():
            (application,) = self._connection.execute("PRAGMA application_id").fetchone()
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if application != APPLICATION:
            raise LogError(f"{self.where} is not a run log: it is an SQLite file of another kind")
        if version > SCHEMA:
            raise LogError(
                f"{self.where} was written by a newer playground (log format {version}, this one "
                f"reads up to {SCHEMA}): update playground"
            )

    def close(self, *, tidy: bool = False) -> None:
        """Close the file; ``tidy`` leaves one plain file that any medium can hold."""
        if tidy:
            # Fails while somebody reads: then the log stays as it is, complete as well.
            with suppress(sqlite3.Error):
                # Left to the operating system like any file that is written: no wait for the disk.
                self._connection.execute("PRAGMA synchronous=OFF")
                self._connection.execute("PRAGMA journal_mode=DELETE").fetchone()
        self._connection.close()

    # ---------------------------------------------------------------------------- transactions

    @contextmanager
    def transaction(self, mode: str = "IMMEDIATE") -> Iterator[None]:
        """All or nothing."""
        with self._guard():
            self._connection.execute(f"BEGIN {mode}")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        """Run one statement of the caller's transaction."""
        return self._connection.execute(statement, values)

    def insert(self, row: TableRow) -> None:
        """Store a row, in place of one with the same key: a mark, an array and a word change."""
        columns, slots = ", ".join(row._fields), ", ".join("?" * len(row))
        table = TABLE_OF[type(row)]
        self.execute(f"INSERT OR REPLACE INTO {table}({columns}) VALUES ({slots})", row)

    def read(
        self, kind: type[TableRow], which: str = "", values: tuple[Any, ...] = ()
    ) -> list[TableRow]:
        """Rows of a table; ``which`` is the rest of the query, from WHERE or ORDER BY on."""
        query = f"SELECT {', '.join(kind._fields)} FROM {TABLE_OF[kind]} {which}"
        return [kind(*row) for row in self.execute(query, values)]

    def arrays(self) -> dict[str, bytes]:
        """The arrays of the newest checkpoint, by name."""
        return {row.name: row.data for row in self.read(ArrayRow)}

    def put(self, key: str, value: Any) -> None:
        """Store a JSON value."""
        self.insert(InfoRow(key, json.dumps(value, default=_for_json)))

    def get(self, key: str) -> Any:
        """The JSON value under ``key``, or None."""
        found = self.read(InfoRow, "WHERE key = ?", (key,))
        return json.loads(found[0].value) if found else None

    def layout(self) -> Layout:
        """How the rows of this log are packed."""
        stored = self.get("layout")
        try:
            return Layout.of(**stored)
        except TypeError as error:
            raise LogError(f"{self.where} is damaged: it says nothing about its rows") from error

    @contextmanager
    def _guard(self, trouble: str = "cannot be used") -> Iterator[None]:
        with naming_the_file(self.where, trouble):
            yield


def _connect(place: Path | str) -> sqlite3.Connection:
    # A fit may run in one thread and be read in another; one transaction at a time all the same.
    return sqlite3.connect(
        place,
        isolation_level=None,
        timeout=30.0,
        uri=isinstance(place, str) and place.startswith("file:"),
        check_same_thread=False,
    )


@contextmanager
def naming_the_file(where: str, trouble: str = "cannot be used") -> Iterator[None]:
    """Give an error of SQLite the name of the file."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise LogError(f"{where} {trouble}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise LogError(f"{where} is not a run log, or is damaged: {error}") from error


# ---------------------------------------------------------------------------------- the state

# A state is JSON with arrays in it. They are taken out and stored as they are: bit for bit, each by
# its name, so that one that has not changed since the checkpoint before is not written again.
_MARK = "__array__"


def take_apart(value: Any, arrays: dict[str, HostArray], name: str = "state") -> Any:
    """``value`` with every array moved into ``arrays`` and a reference left in its place."""
    if isinstance(value, dict):
        return {str(k): take_apart(v, arrays, f"{name}.{k}") for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [take_apart(item, arrays, f"{name}.{i}") for i, item in enumerate(value)]
    if isinstance(value, np.ndarray):
        arrays[name] = value
        return {_MARK: name, "dtype": value.dtype.str, "shape": list(value.shape)}
    return value.item() if isinstance(value, np.generic) else value


def revive(value: Any, blobs: dict[str, bytes]) -> Any:
    """The inverse of :func:`take_apart` (tuples come back as lists)."""
    if isinstance(value, list):
        return [revive(item, blobs) for item in value]
    if not isinstance(value, dict):
        return value
    if _MARK in value:
        flat = np.frombuffer(blobs[value[_MARK]], value["dtype"])
        return flat.reshape(value["shape"]).copy()
    return {key: revive(item, blobs) for key, item in value.items()}


def _for_json(value: object) -> Any:
    """What JSON has no word for: NumPy values as Python's, everything else as its text."""
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else str(value)
