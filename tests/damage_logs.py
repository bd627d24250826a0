"""Damage logs at random: ``python -m tests.damage_logs --count N --seed S``.

Each damaged log is read, listed, printed, written, plotted and resumed. It may turn out to be sound
(a byte in a value changes nothing but the value); else each of these says what is wrong in one line
of a LogError, calls nothing that the file names, and takes no more memory than ten times the file.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import io
import json
import shutil
import sqlite3
import sys
import tempfile
import tracemalloc
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from playground import FitError, LogError, fit, inverse, read_log
from playground.lab import plot
from playground.lab.descent import MaxSteps
from playground.lab.runlog import RunLog, RunRecord
from playground.lab.runlog.listing import headings
from tests.resume_runs import RUNS, STEPS

Rng = np.random.Generator
# Where nothing waits for a disk.
MEMORY = Path("/dev/shm")
# Beyond ten times the file: what the first frame costs, and a plot.
SPARE = 2 << 20
TABLES = ("info", "arrays", "loss", "points", "restarts", "marks")


# ------------------------------------------------------------------------------- sound logs


def make_logs(folder: Path) -> dict[str, Path]:
    """One log of each kind, by name: each in a directory of its own."""
    for name, steps in (("kicked", 300), ("barzilai", 120), ("remembering", 90), ("thinned", 24)):
        STEPS[name] = steps
        RUNS[name](folder / name, False)
    live = RunLog.create(folder / "live", ["Y"], [(3, 3)], ["f8"], meta={"n": 3})
    for k in range(900):
        point = np.full((3, 3), float(k))
        live.row(1.0 / (k + 1), 0.1, k // 400, True, point, -point)
        if k in (300, 700):
            live.flush()
    live.flush()
    # Its newest rows lie beside the file, as when a process is killed.
    shutil.copytree(folder / "live", folder / "killed")
    (folder / "killed" / "run.sqlite-shm").unlink()
    live.close()
    RunLog.create(folder / "new", ["Y"], [(3, 3)], ["f8"]).close()
    quietly(["--size", "2", "--max-steps", "60", "--out", str(folder / "command")])
    names = ("kicked", "barzilai", "remembering", "thinned", "killed", "new", "command")
    return {name: folder / name for name in names}


def quietly(words: list[str]) -> tuple[int, str]:
    """The exit code of the command of the inverse, and what it said on standard error."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        code = inverse.main([*words, "--quiet", "--no-plot"])
    return code, said.getvalue()


# --------------------------------------------------------------------------------- damages


def bytes_changed(rng: Rng, log: Path) -> None:
    """A few bytes, in the whole file or in its first page."""
    file = some_file(rng, log)
    data = bytearray(file.read_bytes())
    end = len(data) if rng.random() < 0.6 else min(len(data), 4096)
    for at in rng.integers(0, end, int(rng.integers(1, 30))):
        data[at] = rng.integers(256)
    file.write_bytes(data)


def text_changed(rng: Rng, log: Path) -> None:
    """A byte of what is text: names, JSON and statements."""
    file = log / "run.sqlite"
    data = bytearray(file.read_bytes())
    places = np.flatnonzero(np.isin(np.frombuffer(data, "u1"), np.frombuffer(b'[]{}":,', "u1")))
    for at in rng.choice(places, int(rng.integers(1, 6))):
        data[at] = rng.choice(np.frombuffer(b'[]{}":,0x\n\xff', "u1"))
    file.write_bytes(data)


def cut(rng: Rng, log: Path) -> None:
    """The end of a file is lost."""
    file = some_file(rng, log)
    data = file.read_bytes()
    file.write_bytes(data[: int(rng.integers(0, len(data)))])


def stretched(rng: Rng, log: Path) -> None:
    """Something follows in a file."""
    file = some_file(rng, log)
    file.write_bytes(file.read_bytes() + rng.bytes(int(rng.integers(1, 10000))))


def pages_moved(rng: Rng, log: Path) -> None:
    """Two pages change places, or one is empty."""
    file = log / "run.sqlite"
    data = bytearray(file.read_bytes())
    pages = len(data) // 4096
    a, b = (int(k) * 4096 for k in rng.integers(0, max(pages, 1), 2))
    one, other = data[a : a + 4096], data[b : b + 4096]
    data[a : a + 4096] = other if rng.random() < 0.5 else bytes(len(one))
    data[b : b + 4096] = one
    file.write_bytes(data)


def neighbour_lost(rng: Rng, log: Path) -> None:
    """What lay beside the file is gone, or belongs to another."""
    wal = log / "run.sqlite-wal"
    if wal.exists() and rng.random() < 0.5:
        wal.unlink()
    else:
        wal.write_bytes(rng.bytes(int(rng.integers(0, 9000))))


def some_file(rng: Rng, log: Path) -> Path:
    files = [path for path in (log / "run.sqlite", log / "run.sqlite-wal") if path.exists()]
    return files[int(rng.integers(len(files)))]


@contextlib.contextmanager
def opened(log: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(log / "run.sqlite", isolation_level=None)
    try:
        connection.execute("PRAGMA writable_schema=ON")
        yield connection
    finally:
        connection.close()


JUNK: list[Any] = [None, -1, 0, 1, 2, 3, 2**40, 2**62, 1e300, float("nan"), "", "abc", "1",
    b"", b"\x00" * 7, "\x00", "{}", "[]", "line\nline"]  # fmt: skip


def cells_changed(rng: Rng, log: Path) -> None:
    """Values of another type, or of another size."""
    table = TABLES[int(rng.integers(len(TABLES)))]
    with opened(log) as connection:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        for _ in range(int(rng.integers(1, 4))):
            column = columns[int(rng.integers(len(columns)))]
            chosen = f"SELECT rowid, {column} FROM {table} ORDER BY random() LIMIT 1"
            for row, old in connection.execute(chosen).fetchall():
                new = other_value(rng, old)
                with contextlib.suppress(sqlite3.Error, OverflowError):
                    change = f"UPDATE {table} SET {column} = ? WHERE rowid = ?"
                    connection.execute(change, (new, row))


def other_value(rng: Rng, old: Any) -> Any:
    if isinstance(old, (bytes, str)) and rng.random() < 0.5:
        end = int(rng.integers(0, len(old) + 1))
        return old[:end] if rng.random() < 0.5 else old + old[:end]
    if isinstance(old, int) and rng.random() < 0.5:
        return old + int(rng.integers(-3, 4))
    return JUNK[int(rng.integers(len(JUNK)))]


def rows_lost(rng: Rng, log: Path) -> None:
    """Rows of a table are gone, or there twice."""
    table = TABLES[int(rng.integers(len(TABLES)))]
    with opened(log) as connection, contextlib.suppress(sqlite3.Error):
        if rng.random() < 0.6:
            connection.execute(f"DELETE FROM {table} WHERE random() % 2 = 0")
        else:
            key = connection.execute(f"PRAGMA table_info({table})").fetchone()[1]
            connection.execute(f"CREATE TEMP TABLE t AS SELECT * FROM {table}")
            shift = int(rng.integers(1, 300))
            connection.execute(f"UPDATE t SET {key} = {key} + {shift}")
            connection.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM t")


def tables_changed(rng: Rng, log: Path) -> None:
    """Tables that are gone, are something else, or do something."""
    table = TABLES[int(rng.integers(len(TABLES)))]
    huge = "zeroblob(900000000)"
    statements = [
        f"DROP TABLE {table}",
        f"ALTER TABLE {table} RENAME TO other",
        f"ALTER TABLE {table} ADD COLUMN more BLOB GENERATED ALWAYS AS ({huge}) VIRTUAL",
        f"CREATE TRIGGER t AFTER INSERT ON {table} BEGIN DELETE FROM loss; END",
        f"CREATE INDEX i ON {table}(length(zeroblob(9)))",
        f"CREATE VIEW v AS SELECT {huge} AS x",
        f"ALTER TABLE {table} RENAME TO other; CREATE VIEW {table} AS SELECT {huge} AS first, 1 AS "
        f"rows, {huge} AS value, 'x' AS key, 1 AS step",
        f"ALTER TABLE {table} RENAME TO o; CREATE VIEW {table} AS SELECT a.* FROM o AS a, o, o b",
        "PRAGMA user_version=0",
        "PRAGMA user_version=2147483647",
        "PRAGMA application_id=1",
        "PRAGMA journal_mode=WAL",
        "DELETE FROM info; DELETE FROM loss",
        f"UPDATE sqlite_master SET sql = 'CREATE TABLE {table}(x' WHERE name = '{table}'",
        f"UPDATE sqlite_master SET rootpage = 99 WHERE name = '{table}'",
        f"UPDATE sqlite_master SET rootpage = 2 WHERE name = '{table}'",
    ]
    with opened(log) as connection, contextlib.suppress(sqlite3.Error):
        connection.executescript(statements[int(rng.integers(len(statements)))])


WORDS: list[Any] = [None, True, -1, 0, 1, 10**12, 10**30, 1e308, float("nan"), "", "canary", "O",
    "<f8", "<f4", "\ud800", "a\nb", "$x^", [], [[]], [None], {}, {"__array__": "x"},
    {"__array__": "state.rng.state.key", "dtype": "O", "shape": [1]},
    {"__array__": "state.rng.state.key", "dtype": "V9999999999", "shape": [10**12]},
    [10**12], [[10**6, 10**6]], list(range(300))]  # fmt: skip


def json_changed(rng: Rng, log: Path) -> None:
    """A place in the JSON holds something else."""
    with opened(log) as connection:
        found = connection.execute("SELECT key, value FROM info ORDER BY random() LIMIT 1")
        for key, text in found.fetchall():
            value = {"": json.loads(text)}
            for _ in range(int(rng.integers(1, 3))):
                changed_within(rng, value)
            new = json.dumps(value[""])
            if rng.random() < 0.03:
                new = "[" * 100_000
            connection.execute("UPDATE info SET value = ? WHERE key = ?", (new, key))


def changed_within(rng: Rng, tree: Any) -> None:
    """Go down at random, and change, add or take away one item."""
    while True:
        keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
        if not keys:
            return
        key = keys[int(rng.integers(len(keys)))]
        if isinstance(tree[key], (dict, list)) and tree[key] and rng.random() < 0.85:
            tree = tree[key]
            continue
        if rng.random() < 0.15 and "" not in tree:
            del tree[key]
        elif type(tree[key]) in (int, float) and rng.random() < 0.4:
            tree[key] += int(rng.integers(-2, 3))
        else:
            tree[key] = copy.deepcopy(WORDS[int(rng.integers(len(WORDS)))])
        return


DAMAGES: list[Callable[[Rng, Path], None]] = [bytes_changed, text_changed, cut, stretched,
    pages_moved, neighbour_lost, cells_changed, rows_lost, tables_changed, json_changed,
    json_changed, cells_changed]  # fmt: skip


# --------------------------------------------------------------------------------- what is done


def listed(record: RunRecord) -> None:
    """Everything that a record shows."""
    shown = [repr(record), repr(record.meta), repr(record.summary), repr(record.best_step)]
    shown += [record.layout.describe(), repr(record.checkpoint)]
    for name in ("loss", "params", "grads", "watched"):
        shown.append(str(getattr(record, name).head()))
    "\n".join(shown).encode()


def drawn(record: RunRecord) -> None:
    """Pictures of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plot.loss_and_step(record.loss)
        plot.gradient_norm(record.grads)
    import matplotlib.pyplot as plt

    plt.close("all")


def resumed(name: str, log: Path) -> None:
    """Go on for a few steps."""
    if name == "command":
        code, said = quietly(["--resume", str(log), "--max-steps", "70"])
        if code == 2:
            check_line(said.removesuffix("\n"))
        elif code not in (0, 1):
            raise AssertionError(f"the command ended with {code}")
    elif name in RUNS:
        RUNS[name](log, True)
    else:
        fit(lambda Y: np.square(Y).sum(), np.ones((3, 3)), log=log, resume=True, stop=MaxSteps(5))


def check_line(text: str) -> None:
    if "\n" in text or len(text) > 1500:
        raise AssertionError(f"not one line: {text[:300]!r} ...")


def tried(work: Callable[[], Any], errors: tuple[type[Exception], ...]) -> Any:
    """The result of ``work``; of an error the word for it. Raises what should not be raised."""
    try:
        return work()
    except errors as error:
        check_line(str(error))
        return None


def watched(name: str, log: Path, draw: bool) -> str:
    """Do all that is done with a log. In a word how that went."""
    size = sum(path.stat().st_size for path in log.iterdir())
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    record = tried(lambda: read_log(log), (LogError,))
    for heading in headings(log):
        check_line(heading.note)
    if record is not None:
        tried(lambda: listed(record), (LogError,))
    peak = tracemalloc.get_traced_memory()[1] - before
    if peak > 10 * size + SPARE:
        raise AssertionError(f"{peak:,} bytes allocated, for a log of {size:,}")
    if record is not None and record.rows and draw:
        tried(lambda: drawn(record), (LogError,))
        tried(lambda: record.to_csv(log / "csv"), (LogError,))
    tried(lambda: resumed(name, log), (LogError, FitError))
    return "read" if record is not None else "refused"


def one(seed: int, logs: dict[str, Path], place: Path, draw: bool) -> str:
    """Damage a log, and do all that is done with one. In a word how that went."""
    rng = np.random.default_rng(seed)
    damage = DAMAGES[int(rng.integers(len(DAMAGES)))]
    name = list(logs)[int(rng.integers(len(logs)))]
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(logs[name], place)
    # SQL after bytes: a file that SQLite cannot open is damaged enough.
    with contextlib.suppress(sqlite3.Error):
        damage(rng, place)
    return watched(name, place, draw and rng.random() < 0.1)


def campaign(count: int, seed: int = 0, draw: bool = True) -> tuple[Counter[str], list[str]]:
    """How many logs were read, and how many refused; and what went wrong."""
    outcome: Counter[str] = Counter()
    wrong: list[str] = []
    called: list[object] = []
    tracemalloc.start()
    np.random.canary = lambda *args: called.append(args)  # type: ignore[attr-defined]
    try:
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
            logs = make_logs(Path(folder, "sound"))
            for log in logs.values():  # what is imported on the way counts for none of them
                listed(read_log(log))
            for number in range(seed, seed + count):
                try:
                    outcome[one(number, logs, Path(folder, "damaged"), draw)] += 1
                except Exception as error:
                    wrong.append(f"--seed {number} --count 1: {type(error).__name__}: {error}")
                if called:
                    wrong.append(f"--seed {number} --count 1: the file chose what was called")
                    called.clear()
    finally:
        del np.random.canary  # type: ignore[attr-defined]
        tracemalloc.stop()
    return outcome, wrong


def main() -> int:
    """Damage as many logs as the flags say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    outcome, wrong = campaign(options.count, options.seed)
    for line in wrong:
        print(line)
    print(f"{options.count} damaged logs: {dict(outcome)}; {len(wrong)} went wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
