"""Runs whose calls of the system fail, or are the last: what is left can be read and continued.

``python -m tests.soak_resume`` tries many. A library of our own, ``faults.c``, stands before the
system's: it kills the process at a call on the log's files, or lets the call fail, at whatever
moment of the run's life, its making and its end included. It needs Linux and a C compiler.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from playground import LogError, fit, read_log
from playground.lab.descent import MaxSteps
from playground.lab.runlog import RunLog, RunRecord, writer
from tests.paths import ROOT
from tests.resume_runs import differences

KINDS = ("killed before", "killed after", "killed within", "EIO once", "EIO from then on",
    "disk full once", "disk full from then on")  # fmt: skip
STEPS = 80
# Where nothing waits for a disk.
MEMORY = Path("/dev/shm")


def compiler() -> str | None:
    """The command that makes the library, if it can be made here."""
    return (shutil.which("cc") or shutil.which("gcc")) if sys.platform == "linux" else None


def in_faulty_process(count: int, seed: int) -> dict[str, Any]:
    """The outcome of :func:`campaign`, in a process before which the library stands."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder, "faults.so")
        source = ROOT / "tests" / "faults.c"
        make = [
            compiler() or "cc",
            "-shared",
            "-fPIC",
            "-O1",
            "-o",
            str(library),
            str(source),
            "-ldl",
        ]
        subprocess.run(make, check=True)
        words = [sys.executable, "-m", "tests.faults", str(library), str(count), str(seed)]
        environment = os.environ | {"LD_PRELOAD": str(library), "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(
            words, cwd=ROOT, env=environment, check=True, capture_output=True, text=True
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def run(log: Path | None, resume: bool, steps: int = STEPS) -> None:
    """A run of many commits."""
    rng = np.random.RandomState(0)
    X, start = rng.rand(2, 2), rng.rand(2, 2)
    fit(lambda Y: np.abs(X @ Y - np.eye(2)).sum(), start, restart="kick", log=log, resume=resume,
        stop=MaxSteps(steps), meta={"name": "faulty"})  # fmt: skip


class Trial:
    """One fault: a session that meets it, and what is made of what it left."""

    def __init__(self, library: Any, expected: RunRecord, place: Path, rng: np.random.Generator):
        self.library, self.expected, self.rng = library, expected, rng
        self.log = place / "sub" / "run"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        self.place = place
        self.resume = bool(rng.random() < 0.5)
        if self.resume:
            self._begin()

    def _begin(self) -> None:
        """A run that was killed, or that has ended."""
        steps = int(self.rng.integers(1, STEPS))
        if self.rng.random() < 0.5:
            run(self.log, False, steps)
        elif not os.fork():
            RunLog.close = lambda *args, **options: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign]
            run(self.log, False, steps)
        else:
            os.wait()

    def calls(self, kind: int) -> int:
        """How many calls there are that could be hit."""
        copy = self.place.with_name("counted")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.place, copy)
        log, self.log = self.log, copy / "sub" / "run"
        self.place, place = copy, self.place
        number = int(self._session(10**9, kind)[1].split()[0])
        self.log, self.place = log, place
        return number

    def carry_out(self, kind: int) -> str:
        """What went wrong, or ''."""
        at = int(self.rng.integers(1, self.calls(kind) + 1))
        before = read_log(self.log).rows if self.resume else 0
        acknowledged, told = self._session(at, kind)
        _, _, message = told.partition(" ")
        if message:
            return f"{KINDS[kind]} {at}: {message}"
        found = self._left(max(acknowledged, before))
        return (
            found
            and f"{KINDS[kind]}, call {at} of a {'resumed' if self.resume else 'new'} run: {found}"
        )

    def _session(self, at: int, kind: int) -> tuple[int, str]:
        """Rows acknowledged by a session with a fault, and what it told in the end."""
        said, say = os.pipe()
        if not (process := os.fork()):
            os.close(said)
            told = self._faulty(at, kind, say)
            os.write(say, b"|" + told.encode())
            os._exit(0)
        os.close(say)
        with open(said, "rb") as stream:
            rows, _, told = stream.read().decode().partition("|")
        os.waitpid(process, 0)
        return max(map(int, rows.split()), default=0), told

    def _faulty(self, at: int, kind: int, say: int) -> str:
        commit = RunLog._commit

        def acknowledging(log: RunLog, **options: bool) -> None:
            commit(log, **options)
            os.write(say, b"%d " % log.rows)

        RunLog._commit = acknowledging  # type: ignore[method-assign, assignment]
        self.library.fault_arm(os.fsencode(self.place), at, kind)
        error = ""
        try:
            run(self.log, self.resume)
        except LogError as refusal:
            error = str(refusal)
        except Exception as other:
            return f"0 {type(other).__name__}: {other}"
        finally:
            self.library.fault_disarm()
        count = self.library.fault_count()
        # The same process goes on as well: nothing of the failed session is in its way.
        if error and ("\n" in error or (found := self._continued(0))):
            return f"{count} after {error!r}: {found}"
        return f"{count} "

    def _left(self, acknowledged: int) -> str:
        """What is wrong with what a session left, or ''."""
        try:
            record = read_log(self.log)
        except LogError as error:
            if acknowledged:
                return f"{acknowledged} rows cannot be read: {error}"
        else:
            if record.rows < acknowledged:
                return f"{acknowledged} rows were acknowledged, {record.rows} are there"
            if not record.loss.equals(self.expected.loss.iloc[: record.rows]):
                return "the rows are not those of the whole run"
        return self._continued(acknowledged)

    def _continued(self, acknowledged: int) -> str:
        """Go on by one of the two commands."""
        refusals = []
        for resume in (True, False):
            if not resume and acknowledged:
                break
            try:
                run(self.log, resume)
            except LogError as error:
                refusals.append(str(error))
                continue
            if differences(read_log(self.log), self.expected):
                return "the continued log is not that of the whole run"
            left = sorted(os.listdir(self.log))
            return "" if left == ["run.sqlite"] else f"left beside the log: {left}"
        return f"a dead end: {refusals}"


def campaign(library: Any, count: int, seed: int) -> dict[str, Any]:
    """How often each kind of fault was tried, and what went wrong."""
    writer.CHUNK_ROWS, writer.CHUNK_SECONDS = 6, 1e9  # type: ignore[attr-defined]
    # SQLite waits where a lock fails, for somebody who is not there.
    connect = sqlite3.connect
    sqlite3.connect = lambda *a, **kw: connect(*a, **kw | {"timeout": 0.05})  # type: ignore
    outcome: Counter[str] = Counter()
    wrong = []
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        run(Path(folder, "whole"), False)
        expected = read_log(Path(folder, "whole"))
        _ = expected.loss, expected.params
        for number in range(seed, seed + count):
            rng = np.random.default_rng(number)
            kind = int(rng.integers(len(KINDS)))
            found = Trial(library, expected, Path(folder, "trial"), rng).carry_out(kind)
            outcome[KINDS[kind]] += 1
            if found:
                wrong.append(f"seed {number}: {found}")
    return {"outcome": outcome, "wrong": wrong}


def main() -> None:
    """Try faults, in a process before which the library stands."""
    name, count, seed = sys.argv[1:]
    print(json.dumps(campaign(ctypes.CDLL(name), int(count), int(seed))))


if __name__ == "__main__":
    main()
