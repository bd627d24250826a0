"""The file of a run: SQLite, one row a chunk of steps, columns as blobs.

Tables: ``loss`` is complete; ``points`` holds every ``stride``-th row of params and grads;
``restarts`` the rows at which a restart happened; ``marks`` the last, the best and the current
point of the newest checkpoint; ``info`` and ``arrays`` everything else. A transaction is the unit
of acknowledgement: what a commit has returned from survives the death of the process.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from array import array
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from stat import S_ISDIR
from tempfile import TemporaryDirectory
from textwrap import shorten
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np

from playground.graph.errors import LogError
from playground.graph.types import HostArray
from playground.lab.runlog.layout import Layout
from playground.lab.runlog.lease import Lease

__all__ = [
    "SCHEMA",
    "TABLE_OF",
    "ArrayRow",
    "LossRow",
    "MarkRow",
    "PointRow",
    "RestartRow",
    "Store",
    "damaged",
    "log_file",
    "naming_the_file",
    "plain_meta",
    "revived",
    "take_apart",
]

SCHEMA = 1
FILE_NAME = "run.sqlite"
# Written into the header of the file, so that a log is told from any other SQLite file.
APPLICATION = 0x506C6179
# The word in ``info`` of a file that needs nothing beside it: a log without rows, or one that was
# closed. It goes before the first row comes. SQLite's own header does not tell a file whose newest
# rows were merged into it, when the process was killed, from one whose -wal was left behind.
WHOLE = "whole"
# What SQLite fails with: it may quote a damaged file, which then cannot be decoded.
FAILURES = (sqlite3.Error, UnicodeDecodeError, LogError)
_ANEW = "Start the run anew, without resume=True"


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

TABLE_OF: dict[Any, str] = {
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
# Their statements by their names, as SQLite keeps them.
_MADE = {made.split("(")[0].split()[-1]: made for made in _TABLES.strip().split(";\n")}
_MADE["marks"] = _MADE["marks"].rstrip(";")


def log_file(path: str | os.PathLike[str]) -> Path:
    """The file of the log at ``path``: itself if it ends in ``.sqlite``, else one inside it."""
    found = Path(path)
    return found if found.suffix == ".sqlite" else found / FILE_NAME


class _NothingError(LogError):
    """There is a file, and nothing in it: a new log may take its place."""


class Store:
    """One open log. Every method raises LogError, naming the file, where SQLite fails."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        where: str,
        lease: Lease | None = None,
        copy: TemporaryDirectory[str] | None = None,
    ) -> None:
        self._connection, self._lease, self._copy = connection, lease, copy
        self.where = where
        self._signature = ""

    # ---------------------------------------------------------------------------- opening

    @classmethod
    def create(
        cls, path: str | os.PathLike[str] | None, layout: Layout, meta: dict[str, Any]
    ) -> Store:
        """A new log at ``path`` (None: in memory). Raises LogError if one is there already."""
        if path is None:
            store = cls(_connect(":memory:"), "the log in memory")
            store._set_up(layout, meta)
            return store
        file = log_file(path)
        _make_place(file)
        lease = Lease.take(file)
        try:
            _refuse_taken(file)
            cls._make(file, layout, meta)
            return cls._to_write(file, lease)
        except BaseException:
            lease.release()
            raise

    @classmethod
    def open(
        cls, path: str | os.PathLike[str], *, write: bool = False, whole: bool = True
    ) -> Store:
        """The log at ``path``. Raises LogError if it is missing, foreign, damaged or too new.

        So it does, unless ``whole`` is False, for a file that was copied without its newest rows.

        To ``write`` is to hold its lease: LogError, with the owner's process, if another does.
        """
        file = log_file(path)
        if not write:
            return cls._to_read(file, whole)
        _look_for(file)
        if not os.access(file, os.W_OK):
            raise LogError(f"{file} cannot be continued: it may not be written to")
        lease = Lease.take(file)
        try:
            return cls._to_write(file, lease)
        except BaseException:
            lease.release()
            raise

    @classmethod
    def _make(cls, file: Path, layout: Layout, meta: dict[str, Any]) -> None:
        """Put a log without rows where ``file`` says: it is there whole, or not at all."""
        # A file that was killed in the making would be neither a log nor nothing. What lies beside
        # the file belonged to another one that is gone, and SQLite would mix it into this one.
        draft = file.with_name(f".{file.name}.draft")
        debris = [draft, *_sides(draft), *_sides(file)]
        try:
            for path in debris:
                path.unlink(missing_ok=True)
            with naming_the_file(str(file), "cannot be created"):
                store = cls(_connect(draft), str(file))
                try:
                    # No need to go back, nor to wait: a draft that fails is thrown away.
                    store._connection.execute("PRAGMA synchronous=OFF")
                    store._connection.execute("PRAGMA journal_mode=OFF").fetchone()
                    store._set_up(layout, meta)
                    store._connection.execute("PRAGMA journal_mode=WAL").fetchone()
                finally:
                    store.close()
            with draft.open("rb+") as stream:
                os.fsync(stream.fileno())
            os.replace(draft, file)
        except OSError as error:
            reason = error.strerror or str(error)
            raise LogError(f"{file} cannot be created: {reason}") from error
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)

    @classmethod
    def _to_write(cls, file: Path, lease: Lease) -> Store:
        store = cls(_connect_to(file, "rw"), str(file), lease)._checked()
        try:
            store._tune()
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def _to_read(cls, file: Path, whole: bool) -> Store:
        _look_for(file)
        # Asked before SQLite makes an empty one.
        alone = not _size_of(f"{file}-wal")
        try:
            store = cls(_connect_to(file, "ro"), str(file))._checked()
        except LogError as error:
            # What a killed run left must be put together first, which needs a place to write.
            if not _may_not_write(error.__cause__):
                raise
            store = cls._of_copy(file)
        if whole and alone and store._lacks_rows() and not Lease.is_taken(file):
            store.close()
            raise LogError(
                f"{file} is not whole: its run was killed, and {file.name}-wal, where its newest "
                f"rows are, is not beside it. Copy it along, or resume the run, which computes "
                f"them again"
            )
        return store

    @classmethod
    def _of_copy(cls, file: Path) -> Store:
        folder = TemporaryDirectory(prefix="playground-")
        copy = Path(folder.name, file.name)
        try:
            for path in [file, *_sides(file)[:2]]:
                if path.exists():
                    shutil.copyfile(path, copy.with_name(path.name))
            store = cls(_connect_to(copy, "rw"), str(file), copy=folder)
        except OSError as error:
            folder.cleanup()
            reason = error.strerror or str(error)
            raise LogError(f"{file} cannot be read: a copy of it failed ({reason})") from error
        except BaseException:
            folder.cleanup()
            raise
        return store._checked()

    def _checked(self) -> Store:
        try:
            self._check()
        except BaseException:
            self.close()
            raise
        return self

    def _lacks_rows(self) -> bool:
        """Whether this is the file of a run that was not closed, without what lay beside it."""
        with self._guard():
            shared = self._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            return shared and self.get(WHOLE) is None

    def sign(self, signature: str) -> None:
        """Say who writes from now on, and so that the file alone may lack rows."""
        self._signature = signature
        self.put("writer", signature)
        self.execute("DELETE FROM info WHERE key = ?", (WHOLE,))

    def merge(self) -> None:
        """Bring into the file what lies beside it, as far as nobody reads there."""
        with suppress(*FAILURES):
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def _set_up(self, layout: Layout, meta: dict[str, Any]) -> None:
        with self._guard("cannot be created"):
            # Large rows go to large pages: a row of 16 MB is written three times as fast.
            page = 4096 if layout.row_bytes < 1 << 15 else 1 << 16
            self._connection.execute(f"PRAGMA page_size={page}")
        with self.transaction():
            for statement in _MADE.values():
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA application_id={APPLICATION}")
            self._connection.execute(f"PRAGMA user_version={SCHEMA}")
            self.put("layout", asdict(layout))
            self.put("meta", meta)
            self.put(WHOLE, True)

    def _tune(self) -> None:
        with self._guard():
            run = self._connection.execute
            # NORMAL keeps the file sound across a power cut; rows may then be lost, not the log.
            run("PRAGMA synchronous=NORMAL")
            run("PRAGMA journal_mode=WAL").fetchone()
            (page,) = run("PRAGMA page_size").fetchone()
            run(f"PRAGMA wal_autocheckpoint={(16 << 20) // page}")
            run(f"PRAGMA journal_size_limit={32 << 20}")

    def _check(self) -> None:
        with self._guard():
            (application,) = self._connection.execute("PRAGMA application_id").fetchone()
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            schema = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql NOT NULL"
            tables = self._connection.execute(schema).fetchall()
        if application != APPLICATION:
            if not tables and not application:
                raise _NothingError(f"{self.where} holds no run: it is an empty file. {_ANEW}")
            raise LogError(f"{self.where} is not a run log: it is an SQLite file of another kind")
        if version > SCHEMA:
            raise LogError(
                f"{self.where} was written by a newer playground (log format {version}, this one "
                f"reads up to {SCHEMA}): update playground"
            )
        # A view, a trigger or a column that is computed would run what somebody else has written.
        found = {(kind, name, sql) for kind, name, table, sql in tables if table in _MADE}
        if version != SCHEMA or found != {("table", *item) for item in _MADE.items()}:
            raise damaged(self.where, "its tables are not those of a log")

    @property
    def is_writable(self) -> bool:
        """Whether this process may write: a child that was forked off may not."""
        return self._lease is None or self._lease.process == os.getpid()

    def close(self, *, tidy: bool = False) -> None:
        """Close the file; ``tidy`` leaves one plain file that any medium can hold."""
        if self._lease is None:
            self._connection.close()
        else:
            with self._kept_apart():
                if tidy:
                    # Fails while somebody reads: then the log stays as it is, complete as well.
                    with suppress(*FAILURES):
                        self._connection.execute("PRAGMA journal_mode=DELETE").fetchone()
                self._connection.close()
            self._lease.release()
        if self._copy is not None:
            self._copy.cleanup()

    @contextmanager
    def _kept_apart(self) -> Iterator[None]:
        """Say that the file is whole; where it cannot be said, let no row be merged into it.

        SQLite merges them when the last connection closes, and takes away what lay beside. Beside
        one that may only read it cannot.
        """
        with ExitStack() as reader:
            try:
                if not self.is_writable:
                    raise LogError(f"{self.where} is not this process's")
                # Left to the operating system like any file that is written: no wait for the disk.
                self._connection.execute("PRAGMA synchronous=OFF")
                with self.transaction():
                    if self.get("writer") != self._signature:
                        raise LogError(f"{self.where} is somebody else's by now")
                    self.put(WHOLE, True)
            except FAILURES:
                with suppress(*FAILURES):
                    # Not by its name, which may be relative to where the process was.
                    file = self._connection.execute("PRAGMA database_list").fetchone()[2]
                    last = reader.enter_context(closing(_connect_to(Path(file), "ro")))
                    last.execute("SELECT count(*) FROM info").fetchone()
            yield

    # ---------------------------------------------------------------------------- transactions

    @contextmanager
    def transaction(self, mode: str = "IMMEDIATE") -> Iterator[None]:
        """All or nothing."""
        with self._guard():
            try:
                # Inside: Ctrl-C may come between it and whatever is next.
                self._connection.execute(f"BEGIN {mode}")
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(*FAILURES):
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
        return self.get_all(key)[key]

    def get_all(self, *keys: str) -> dict[str, Any]:
        """The JSON values under the keys, each of them or None, as they are at one moment."""
        found = dict.fromkeys(keys)
        for row in self.read(InfoRow, f"WHERE key IN ({', '.join('?' * len(keys))})", keys):
            try:
                found[row.key] = json.loads(row.value)
            except (ValueError, TypeError, RecursionError) as error:
                raise damaged(self.where, f"its {row.key} is no JSON") from error
        return found

    def size(self) -> int:
        """The bytes of all pages, those beside the file included."""
        (pages,), (page,) = (
            self.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size")
        )
        return int(pages * page)

    @contextmanager
    def _guard(self, trouble: str = "cannot be used") -> Iterator[None]:
        with naming_the_file(self.where, trouble):
            yield


def _connect(place: Path | str, *, uri: bool = False) -> sqlite3.Connection:
    # SQLite would take a name such as "file:x" for a URI: the whole path begins with its root.
    name = os.path.abspath(place) if isinstance(place, Path) else place
    # A fit may run in one thread and be read in another; one transaction at a time all the same.
    return sqlite3.connect(
        name, isolation_level=None, timeout=30.0, uri=uri, check_same_thread=False
    )


def _connect_to(file: Path, mode: str) -> sqlite3.Connection:
    """The file, if it is there: to read it (``ro``) or to write to it (``rw``)."""
    with naming_the_file(str(file)):
        return _connect(f"{file.resolve().as_uri()}?mode={mode}", uri=True)


def _may_not_write(error: BaseException | None) -> bool:
    """Whether SQLite would have had to write beside the file, or into it, to read it."""
    refusals = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
    return getattr(error, "sqlite_errorcode", 0) & 255 in refusals


def _make_place(file: Path) -> None:
    """The folder of a new log. Raises LogError."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LogError(f"{file.parent} cannot hold a log: {error.strerror or error}") from error
    _refuse_taken(file)


def _refuse_taken(file: Path) -> None:
    """Raise LogError unless a new log may stand at ``file``."""
    if not os.path.lexists(file):
        return
    try:
        Store.open(file).close()
    except _NothingError:
        return
    except LogError as error:
        raise LogError(f"{error}; or choose another path") from error
    raise LogError(
        f"{file} holds a run already: continue it with resume=True, or choose another path"
    )


def _look_for(file: Path) -> None:
    """Raise LogError where there is nothing to open."""
    # By its size alone: to open and close the file would drop the locks that SQLite holds on it
    # for a run in another thread of this process.
    try:
        found = file.stat()
    except OSError as error:
        raise LogError(f"there is no log at {file}: {error.strerror or error}") from error
    if S_ISDIR(found.st_mode):
        raise LogError(f"there is no log at {file}: it is a directory")
    if not found.st_size:
        raise _NothingError(f"{file} is not a run log: it is an empty file. {_ANEW}")


def _size_of(file: str) -> int:
    try:
        return os.stat(file).st_size
    except OSError:
        return 0


def _sides(file: Path) -> list[Path]:
    """The files that SQLite keeps beside ``file``."""
    return [file.with_name(file.name + end) for end in ("-journal", "-wal", "-shm")]


@contextmanager
def naming_the_file(where: str, trouble: str = "cannot be used") -> Iterator[None]:
    """Give an error of SQLite the name of the file."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise LogError(f"{where} {trouble}: {_in_short(error)}") from error
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise LogError(f"{where} is not a run log, or is damaged: {_in_short(error)}") from error


def _in_short(error: Exception) -> str:
    # It may quote what it found in the file: anything, of any length.
    return shorten(ascii(str(error))[1:-1], 200, placeholder=" ...")


def damaged(where: str, what: str) -> LogError:
    """The error of a log whose parts do not agree."""
    return LogError(f"{where} is damaged: {what}. Bring back a copy, or start the run anew")


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


def revived(where: str, state: dict[str, Any], blobs: dict[str, bytes]) -> dict[str, Any]:
    """The state of a checkpoint. Raises LogError, with the file's name, where it is damaged."""
    try:
        found: dict[str, Any] = revive(state, blobs)
    except (KeyError, TypeError, ValueError, SyntaxError, RecursionError, MemoryError) as error:
        raise damaged(where, "an array of its checkpoint is not there, or not whole") from error
    return found


def _for_json(value: object) -> Any:
    """What JSON has no word for: NumPy values as Python's, everything else as its text."""
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else str(value)


# ---------------------------------------------------------------------------------- the meta


def plain_meta(meta: Any) -> dict[str, Any]:
    """``meta`` as it will be read. Raises LogError for what JSON cannot hold."""
    if not isinstance(meta, Mapping):
        raise LogError(f"meta: expected JSON values by name, got {type(meta).__name__}")
    try:
        plain = _plain(meta, "meta")
        json.dumps(plain)
    except LogError:
        raise
    except RecursionError:
        raise LogError("meta: expected JSON values, got one that is deep without end") from None
    except ValueError as error:  # a whole number of too many digits
        raise LogError(f"meta: JSON cannot hold it ({error}): give it as text") from None
    return plain


def _plain(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise LogError(
                    f"{name}: expected names that are text, as JSON has them, got {key!a} "
                    f"({type(key).__name__}): use str() on it"
                )
        return {str(key): _plain(item, f"{name}[{key!a}]") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{name}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if isinstance(value, np.longdouble):  # which NumPy has no Python number for
        return float(value)
    if isinstance(value, (np.ndarray, np.generic)):
        return _plain(value.tolist(), name)
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    raise LogError(
        f"{name}: expected what JSON can hold (text, numbers, lists, dicts), got "
        f"{type(value).__name__}: give it as text or numbers"
    )
