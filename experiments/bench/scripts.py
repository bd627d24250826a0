"""Old scripts on playground and on real Chainer: ``python -m experiments.bench.scripts``.

Each engine runs the scripts of ``tests/legacy`` in a process of its own, both are pinned to one
processor and take turns. A figure is the median of the rounds, a ratio that of the rounds' ratios.
Inside: from the script's first line to its last, once its imports are there. Process: all of it,
as a user waits for it. Chainer is real Chainer 7.8.1, which tests/chainer_oracle.py makes
importable; scripts of Chainer 1 and Python 2 are compared with their twins in Chainer 7's words.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import NamedTuple

from experiments.bench.driver import ROOT, environment, run_process
from experiments.bench.machine import description

SCRIPTS = ROOT / "tests" / "legacy" / "scripts"
ENGINES = ("playground", "chainer")
IRIS = [str(ROOT / "playground" / "data" / "iris.csv")]
# Script -> what it is, and how many times faster it is to be at least.
CASES: dict[str, tuple[str, float]] = {
    "variables": ("Variables and derivatives", 2),
    "inverse": ("the inverse study, 250 steps", 2),
    "old_function": ("an old-style Function", 2),
    "function_node": ("a FunctionNode", 2),
    "by_hand": ("an MLP by hand", 2),
    "iris": ("an MLP on iris, Chainer 1", 3),
    "with_trainer": ("an MLP with Trainer and extensions", 2),
    "resume": ("optimizers, saved and resumed", 1),
    "lstm_sine": ("LSTM, truncated backprop", 2),
    "gru_sine": ("GRU with Trainer", 2),
    "char_rnn": ("a character RNN, Chainer 1", 2),
    "word2vec": ("word2vec, negative sampling", 2),
    "dqn": ("a DQN on a cart-pole", 2),
    "gradient_penalty": ("gradient penalty", 2),
    "conv_mnist": ("a conv net on digits", 1),
    "vae": ("a VAE on digits", 1),
    "gan": ("a GAN, two optimizers", 1),
}
CHAINER = (
    "import runpy, sys; from tests.chainer_oracle import load_chainer; load_chainer();"
    "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
)


class Engine:
    """A process that runs scripts."""

    def __init__(self, name: str, cpu: int) -> None:
        command = [sys.executable, "-m", "experiments.bench.script_worker", name, str(cpu)]
        self.name, self.process = name, subprocess.Popen(
            command, env=environment(), text=True, cwd=ROOT, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )  # fmt: skip

    def seconds(self, case: str, repeats: int) -> list[float]:
        """The seconds of each of some runs of a script."""
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the worker has no pipes")
        asked = {"path": path_of(case, self.name), "arguments": arguments_of(case)}
        print(json.dumps({**asked, "repeats": repeats}), file=stdin, flush=True)
        line = stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} died in {case!r}: its own words are above")
        found: list[float] = json.loads(line)
        return found

    def close(self) -> None:
        """End the process and wait for it."""
        self.process.communicate()


class Row(NamedTuple):
    """Seconds inside a script and of its process, on playground and on Chainer."""

    ours: float
    theirs: float
    ratio: float
    processes: tuple[float, float]


def path_of(case: str, engine: str) -> str:
    twin = SCRIPTS / f"{case}_as_of_chainer_7.py"
    return str(twin if engine == "chainer" and twin.exists() else SCRIPTS / f"{case}.py")


def arguments_of(case: str) -> list[str]:
    return IRIS if case == "iris" else []


def inside(engines: Sequence[Engine], case: str, rounds: int, slice_seconds: float) -> list[float]:
    """Median seconds of each engine, and the median of the rounds' ratios."""
    # Two runs that are not counted: what is imported late is there afterwards.
    once = [min(engine.seconds(case, 3)) for engine in engines]
    repeats = [max(1, round(slice_seconds / seconds)) for seconds in once]
    times: list[tuple[float, ...]] = []
    for i in range(rounds):
        order = [0, 1] if i % 2 == 0 else [1, 0]
        found = {j: statistics.median(engines[j].seconds(case, repeats[j])) for j in order}
        times.append((found[0], found[1]))
    ratios = [theirs / ours for ours, theirs in times]
    return [*map(statistics.median, zip(*times, strict=True)), statistics.median(ratios)]


def processes(case: str, rounds: int, cpu: int, folder: str) -> tuple[float, float]:
    """Median seconds of the whole process on each engine."""
    commands = (
        [sys.executable, "-m", "playground.run", "--quiet", path_of(case, "playground")],
        [sys.executable, "-c", CHAINER, path_of(case, "chainer")],
    )
    times: list[list[float]] = [[], []]
    for _ in range(rounds):
        for command, found in zip(commands, times, strict=True):
            seconds, _, error = run_process([*command, *arguments_of(case)], folder, cpu)
            if error:
                raise SystemExit(f"{case}: {error}")
            found.append(seconds)
    return statistics.median(times[0]), statistics.median(times[1])


def shown(case: str, row: Row) -> str:
    """One row of the table."""
    what, goal = CASES[case]
    whole = f"{row.processes[0]:.2f} | {row.processes[1]:.2f}" if row.processes[0] else " | "
    word = "" if row.ratio >= goal else ", missed"
    times = f"{1e3 * row.ours:.1f} | {1e3 * row.theirs:.1f} | {row.ratio:.2f}"
    return f"| {what} | {times} | {goal:g}{word} | {whole} |"


def main(argv: Sequence[str] | None = None) -> int:
    """Print one row a script; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.bench.scripts",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=11, metavar="K", help="slices an engine")
    parser.add_argument("--slice", type=float, default=0.2, metavar="SECONDS")
    parser.add_argument("--processes", type=int, default=3, metavar="K", help="0: not timed")
    parser.add_argument("--only", default="", metavar="TEXT", help="scripts whose name has it")
    parser.add_argument("--cpu", type=int, default=0, help="processor to pin everything to")
    args = parser.parse_args(argv)
    from playground.datasets.stand_ins import make_stand_in

    print(description(), flush=True)
    print("| script | ours, ms | Chainer, ms | times faster | goal | process, s | Chainer's, s |")
    print("|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        make_stand_in("mnist", train=200, test=60, root=folder)
        os.environ["CHAINER_DATASET_ROOT"] = folder
        engines = [Engine(name, args.cpu) for name in ENGINES]
        try:
            for case in (case for case in CASES if args.only in case):
                figures = inside(engines, case, args.rounds, args.slice)
                whole = (0.0, 0.0)
                if args.processes:
                    whole = processes(case, args.processes, args.cpu, folder)
                print(shown(case, Row(*figures, whole)), flush=True)
        finally:
            for engine in engines:
                engine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
