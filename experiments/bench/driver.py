"""Workers and processes timed in turn, so that every noise of the machine meets all of them."""

from __future__ import annotations

import functools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.bench.worker import pin

ROOT = Path(__file__).resolve().parents[2]
ONE_THREAD = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


def environment() -> dict[str, str]:
    """The environment of every process timed: one thread, this tree first on the path.

    Bytecode may be kept, so that what is timed is an import, and not a compilation each time.
    """
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    mine = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**mine, **ONE_THREAD, "PYTHONPATH": path}


def on_one_thread(module: str) -> None:
    """Start ``module`` anew with one thread a library, unless this process has one already.

    The libraries read it when they are loaded, which this process has done.
    """
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        command = [sys.executable, "-m", module, *sys.argv[1:]]
        raise SystemExit(subprocess.run(command, env=environment(), check=False).returncode)


class PeerError(Exception):
    """A peer cannot answer: not installed, not able, or dead."""


class Worker:
    """A peer in its own pinned process; `error` says why it cannot be asked."""

    def __init__(self, peer: str, cpu: int) -> None:
        self.peer = peer
        command = [sys.executable, "-m", "experiments.bench.worker", peer, str(cpu)]
        self.process = subprocess.Popen(
            command,
            env=environment(),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        first = self._read()
        self.name: str = first.get("name", peer)
        self.error: str | None = first.get("error")

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Put one question to the worker; raise PeerError where it has no answer."""
        answer: dict[str, Any] = {"error": self.error}
        if not self.error:
            try:
                print(json.dumps({"do": do, **arguments}), file=self.process.stdin, flush=True)
                answer = self._read()
            except OSError:
                answer = {"error": "the worker died"}
        if "error" in answer:
            raise PeerError(answer["error"])
        return answer

    def seconds(self, repeats: int) -> float:
        """The seconds a call takes, over `repeats` calls."""
        return self.ask("time", repeats=repeats)["seconds"]

    def _read(self) -> dict[str, Any]:
        line = self.process.stdout.readline() if self.process.stdout else ""
        return json.loads(line) if line else {"error": "the worker died"}

    def close(self) -> None:
        """End the process and wait for it."""
        self.process.communicate()


def time_workers(
    workers: Sequence[Worker], question: dict[str, Any], rounds: int, slice_seconds: float
) -> dict[str, float | str]:
    """Return peer -> median seconds a call, or the reason why there is none."""
    results: dict[str, float | str] = {}
    slices: dict[Worker, tuple[int, list[float]]] = {}
    for worker in workers:
        try:
            worker.ask(**question)
            once = min(worker.seconds(3) for _ in range(3))
        except PeerError as error:
            results[worker.peer] = str(error)
        else:
            slices[worker] = max(1, int(slice_seconds / once)), []
    for _ in range(rounds):
        for worker, (repeats, times) in slices.items():
            times.append(worker.seconds(repeats))
    results |= {worker.peer: statistics.median(times) for worker, (_, times) in slices.items()}
    return {worker.peer: results[worker.peer] for worker in workers}


def run_process(command: Sequence[str], cwd: str, cpu: int) -> tuple[float, str, str | None]:
    """Run one pinned process; return its seconds, its output, and an error or None."""
    start = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment(),
        text=True,
        capture_output=True,
        check=False,
        preexec_fn=functools.partial(pin, cpu) if os.name == "posix" else None,
    )
    seconds = time.perf_counter() - start
    last = (done.stderr.strip() or "no word").splitlines()[-1]
    error = f"exit code {done.returncode}: {last}" if done.returncode else None
    return seconds, done.stdout, error


def time_processes(
    commands: Mapping[str, Sequence[str]],
    cwd: str,
    cpu: int,
    rounds: int,
    *,
    printed: bool = False,
) -> dict[str, float | str]:
    """Return name -> median seconds of the process, or of the number that it printed.

    The first, untimed run of each fills the caches of the file system and of the compiler.
    """
    results: dict[str, float | str] = {}
    times: dict[str, list[float]] = {}
    for name, command in commands.items():
        error = run_process(command, cwd, cpu)[2]
        if error:
            results[name] = error
        else:
            times[name] = []
    for _ in range(rounds):
        for name, values in times.items():
            seconds, output, _ = run_process(commands[name], cwd, cpu)
            values.append(float(output) if printed else seconds)
    results |= {name: statistics.median(values) for name, values in times.items()}
    return {name: results[name] for name in commands}
