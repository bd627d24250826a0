"""Runs to be killed and resumed: ``python -m tests.resume_runs NAME LOG [--kill-at K --delay S]``.

The process goes on with the run logged at LOG if there is one. At the row number K of this session
a thread is started that sends SIGKILL to its own process after S seconds, so that death comes at
any place, also in the middle of a commit. ``--engine`` says what makes the rows; a recorded program
makes few at a time here, or it would be at its end before death comes.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from playground import LogError, fit, read_log
from playground.lab import engines
from playground.lab.descent import LBFGS, BarzilaiBorwein, MaxSteps
from playground.lab.runlog import RunLog, RunRecord
from tests.paths import ROOT

FRAMES = ("loss", "params", "grads", "watched")


def kicked(log: Any, resume: bool, engine: str = "eager") -> None:
    """The absolute loss: a kick about every hundred steps, drawn from a RandomState."""
    rng = np.random.RandomState(0)
    X, Y, identity = rng.rand(3, 3), rng.rand(3, 3), np.eye(3)

    def loss(Y: Any) -> Any:
        return np.abs(X @ Y - identity).sum()

    watch = {"trace": np.trace, "corner": lambda Y: Y[0, 0]}
    fit(loss, Y, rule="grow-shrink", restart="kick", stop=MaxSteps(STEPS["kicked"]), rng=rng,
        watch=watch, log=log, resume=resume, engine=engine)  # fmt: skip


def barzilai(log: Any, resume: bool, engine: str = "eager") -> None:
    """A valley with a kink, in two parameters: points are taken back, and kicks follow."""
    rng = np.random.default_rng(2)
    start = rng.normal(size=4).astype(np.float32), rng.normal(size=4).astype(np.float32)

    def loss(a: Any, b: Any) -> Any:
        return np.abs(b - a * a).sum() + 0.1 * np.square(1 - a).sum()

    fit(loss, start, rule=BarzilaiBorwein(minimum=1e-6), restart="kick", rng=rng, log=log,
        stop=MaxSteps(STEPS["barzilai"]), watch={"far": lambda a, b: abs(b).max()},
        resume=resume, engine=engine)  # fmt: skip


def thinned(log: Any, resume: bool, engine: str = "eager") -> None:
    """Points so large, and a cap so small, that rows are thinned and checkpoints come late."""
    rng = np.random.RandomState(2)
    X, identity = rng.rand(80, 80), np.eye(80)
    start = rng.rand(80, 80)

    def loss(Y: Any) -> Any:
        return np.square(X @ Y - identity).sum()

    cap = 20 * start.size
    journal = RunLog.resume(log) if resume else RunLog.create(
        log, ["Y"], [start.shape], [start.dtype], ["first"], cap=cap)  # fmt: skip
    with journal:
        fit(loss, start, rule="grow-shrink-take-back", restart="kick", rng=rng, log=journal,
            stop=MaxSteps(STEPS["thinned"]), watch={"first": lambda Y: Y[0, 0]},
            engine=engine)  # fmt: skip


def remembering(log: Any, resume: bool, engine: str = "eager") -> None:
    """The same valley under L-BFGS, whose memory is most of the checkpoint."""
    rng = np.random.default_rng(3)
    start = rng.normal(size=4), rng.normal(size=4)

    def loss(a: Any, b: Any) -> Any:
        return np.abs(b - a * a).sum() + 0.1 * np.square(1 - a).sum()

    fit(loss, start, rule=LBFGS(memory=4, minimum=1e-9), restart="kick", rng=rng, log=log,
        stop=MaxSteps(STEPS["remembering"]), resume=resume, engine=engine)  # fmt: skip


RUNS = {"kicked": kicked, "barzilai": barzilai, "remembering": remembering, "thinned": thinned}
STEPS = {"kicked": 3000, "barzilai": 2000, "remembering": 1500, "thinned": 800}


def start(name: str, log: Path, *flags: str) -> int:
    """Run one session in a process of its own; returns its exit status."""
    command = [sys.executable, "-m", "tests.resume_runs", name, str(log), *flags]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def kill_and_resume(
    name: str, log: Path, expected: RunRecord, rng: np.random.Generator, engine: str = "eager"
) -> None:
    """Kill a session at a random moment; what it left must be the beginning of ``expected``."""
    left = STEPS[name] - (read_log(log).rows if log.exists() else 0)
    flags = ["--kill-at", str(int(rng.integers(1, max(2, left // 3)))),
             "--delay", str(rng.uniform(0, 0.01 if engine == "eager" else 0.002)),
             "--engine", engine]  # fmt: skip
    status = start(name, log, *flags)
    if status != -signal.SIGKILL:
        raise AssertionError(f"{name}: the session was to be killed, it ended with {status}")
    found = read_log(log)
    if not found.loss.equals(expected.loss.iloc[: found.rows]):
        raise AssertionError(f"{name}: {found.rows} rows that are not those of the whole run")


def at_once(name: str, log: Path, count: int) -> dict[int, str]:
    """Start sessions at one moment. What each of them, by its process, was refused with, or ''."""
    gate, door = os.pipe()
    sessions = {}
    for _ in range(count):
        said, say = os.pipe()
        process = os.fork()
        if not process:
            os.close(door)
            os.read(gate, 1)  # until the parent closes it: all go on together
            message = ""
            try:
                RUNS[name](log, True)
            except LogError as error:
                message = str(error)
            except BaseException as error:
                message = repr(error)
            os.write(say, message.encode())
            os._exit(0)
        os.close(say)
        sessions[process] = said
    os.close(gate)
    os.close(door)
    outcome = {}
    for process, said in sessions.items():
        with open(said, "rb") as stream:
            outcome[process] = stream.read().decode()
        os.waitpid(process, 0)
    return outcome


def check_rivals(name: str, log: Path, expected: RunRecord, count: int = 4) -> None:
    """Of sessions that begin at once one runs, and the others are told which."""
    outcome = at_once(name, log, count)
    owners = [process for process, message in outcome.items() if not message]
    refused = [message for message in outcome.values() if message]
    if len(owners) != 1 or not all(f"by process {owners[0]}:" in text for text in refused):
        raise AssertionError(f"{name}: one session was to run, they said {outcome}")
    if differences(read_log(log), expected):
        raise AssertionError(f"{name}: the log is not that of one run")


def differences(found: RunRecord, expected: RunRecord) -> list[str]:
    """The frames that are not equal to the last bit."""
    pairs = [(name, getattr(found, name), getattr(expected, name)) for name in FRAMES]
    return [name for name, a, b in pairs if not (a.equals(b) and a.index.equals(b.index))]


def main() -> None:
    """One session."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=RUNS)
    parser.add_argument("log", type=Path)
    parser.add_argument("--kill-at", type=int, default=-1)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--engine", choices=engines.ENGINES, default="eager")
    options = parser.parse_args()
    count = 0

    def die() -> None:
        time.sleep(options.delay)
        os.kill(os.getpid(), signal.SIGKILL)

    def counted(write: Callable[..., None]) -> Callable[..., None]:
        def counting(log: RunLog, first: Any, *others: Any) -> None:
            nonlocal count
            before, count = count, count + (len(others[0]) if write is columns else 1)
            if before < options.kill_at <= count:
                threading.Thread(target=die, daemon=True).start()
            write(log, first, *others)

        return counting

    row, columns = RunLog.row, RunLog.columns
    RunLog.row, RunLog.columns = counted(row), counted(columns)  # type: ignore[method-assign]
    engines.ROUNDS_AT_ONCE = 3
    RUNS[options.name](options.log, (options.log / "run.sqlite").exists(), options.engine)


if __name__ == "__main__":
    main()
