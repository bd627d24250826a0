"""The runs of a comparison: chosen, carried out, kept, and taken up again where they ended."""

from __future__ import annotations

import json
import os
import signal
import statistics
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

import numpy as np

from experiments.bench.driver import ONE_THREAD
from experiments.comparison.methods import METHODS, TOLERANCE, Limits, Start
from playground.graph.errors import InputError
from playground.lab.files import write_whole

FILE = "runs.json"
# A run shorter than this is repeated, and the shortest counts: the first one warms up.
SHORT, REPEATS = 0.02, 5


@dataclass(frozen=True)
class Run:
    """One method on one matrix: ``residual`` is sum|XY - I| at the end.

    ``distance`` is that from numpy.linalg.inv in the worst entry, as a share of the largest entry.
    """

    method: str
    size: int
    seed: int
    steps: int
    seconds: float
    residual: float
    distance: float
    max_steps: int
    max_seconds: float

    @property
    def inverted(self) -> bool:
        return self.residual <= TOLERANCE


@dataclass(frozen=True)
class Cell:
    """All runs of one method at one size."""

    method: str
    size: int
    runs: tuple[Run, ...]

    @property
    def successes(self) -> list[Run]:
        return [run for run in self.runs if run.inverted]

    @property
    def rate(self) -> float:
        return len(self.successes) / len(self.runs)

    @property
    def steps(self) -> float:
        """Median steps of the successes; NaN where there are none."""
        return statistics.median([run.steps for run in self.successes] or [np.nan])

    @property
    def seconds(self) -> float:
        """Median seconds of the successes; NaN where there are none."""
        return statistics.median([run.seconds for run in self.successes] or [np.nan])


def attempt(method: str, size: int, seed: int, limits: Limits) -> Run:
    """One run, timed, and judged by its residual."""
    Y, steps, seconds = _timed(method, size, seed, limits)
    repeats = REPEATS if seconds < SHORT else 0
    seconds = min([seconds, *(_timed(method, size, seed, limits)[2] for _ in range(repeats))])
    start = Start(size, seed)
    true = np.linalg.inv(start.X)
    with np.errstate(all="ignore"):  # a run that diverged
        residual = start.residual(Y)
        distance = float(np.abs(Y - true).max() / np.abs(true).max())
    limit: dict[str, Any] = {"max_steps": limits.steps, "max_seconds": limits.seconds}
    return Run(method, size, seed, int(steps), seconds, residual, distance, **limit)


def _timed(method: str, size: int, seed: int, limits: Limits) -> tuple[np.ndarray, int, float]:
    start = Start(size, seed)
    began = time.perf_counter()
    Y, steps = METHODS[method](start, limits)
    return Y, steps, time.perf_counter() - began


def choose(only: str, sizes: Iterable[int]) -> list[tuple[str, int]]:
    """Methods and sizes, all or those that begin with one of the names in ``only``.

    A name is ``squared``, ``squared/constant``, ``squared/constant/30`` …; names are separated by
    commas. Raises InputError for one that fits nothing.
    """
    every = [(method, size) for size in sizes for method in METHODS]
    names = [name.strip() for name in only.split(",") if name.strip()]
    for name in names:
        if not any(_fits(name, *pair) for pair in every):
            known = ", ".join(METHODS)
            raise InputError(
                f"--only: {name!r} names no case; expected METHOD or METHOD/N: {known}"
            )
    return [pair for pair in every if not names or any(_fits(name, *pair) for name in names)]


def _fits(name: str, method: str, size: int) -> bool:
    return f"{method}/{size}/".startswith(f"{name}/")


Task = tuple[str, int, int, Limits]


class Store:
    """The runs in a folder's ``runs.json``, rewritten after each, so that none is made twice."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self.runs: dict[Task, Run] = {}
        for run in self._read() if self.path.exists() else []:
            self._keep(run)

    def _read(self) -> list[Run]:
        try:
            return [Run(**entry) for entry in json.loads(self.path.read_text())]
        except (ValueError, TypeError) as error:
            raise InputError(f"{self.path} is damaged ({error}): remove it") from error

    def _keep(self, run: Run) -> None:
        limits = Limits(run.max_steps, run.max_seconds)
        self.runs[run.method, run.size, run.seed, limits] = run

    def add(self, run: Run) -> None:
        """Keep a run, on disk as well."""
        self._keep(run)
        text = json.dumps([asdict(run) for run in self.runs.values()], indent=0)
        write_whole(self.path, text.encode())


def compare(
    folder: Path, cases: Sequence[tuple[str, int]], matrices: int, limits: Limits, workers: int = 1
) -> Iterator[Cell]:
    """Each case on ``matrices`` matrices, as soon as it is done.

    Runs of an earlier session are taken from ``folder``; the others are made by ``workers``
    processes with one thread each. Raises InputError where SciPy is missing.
    """
    store = Store(folder)
    print(f"runs are kept in {store.path}", file=sys.stderr)
    tasks = {case: [(*case, seed, limits) for seed in range(matrices)] for case in cases}
    every = [task for case in cases for task in tasks[case]]
    with _workers(workers) as pool:
        made = pool.imap(_carry_out, [task for task in every if task not in store.runs])
        for number, case in enumerate(cases, start=1):
            say = f"[{number} of {len(cases)}] {case[0]}, n = {case[1]}"
            for task in tasks[case]:
                print(f"{say}, matrix {task[2]}", file=sys.stderr, flush=True)
                if task not in store.runs:
                    store.add(next(made))
            yield Cell(*case, tuple(store.runs[task] for task in tasks[case]))


def _carry_out(task: Task) -> Run:
    return attempt(*task)


def _prepare() -> None:
    # Ctrl-C is for the process that the workers belong to.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(ImportError):  # here, and not in the first run that is timed
        import_module("scipy.optimize")


@contextmanager
def _workers(count: int) -> Iterator[Pool]:
    """Processes of one thread each: the threads of a BLAS take turns at waiting for each other."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        with get_context("spawn").Pool(count, _prepare) as pool:
            yield pool
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
