"""Two checkouts of playground side by side: ``python -m experiments.bench.trees BEFORE [AFTER]``.

What a change costs: each checkout answers from a process of its own, both are pinned to one
processor and take turns, and a figure is the median of the rounds' ratios, with the middle half of
them beside it. BEFORE is a folder, as ``git worktree add BEFORE REVISION`` makes one; AFTER is this
one unless it is named.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from experiments.bench.driver import ROOT, environment
from experiments.bench.machine import description

WORKER = Path(__file__).with_name("tree_worker.py")


class Compared(NamedTuple):
    """Seconds a unit before and after, and the quartiles of after / before."""

    before: float
    after: float
    quartiles: tuple[float, float, float]


class Tree:
    """The worker of one checkout."""

    def __init__(self, folder: Path, cpu: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(WORKER), str(cpu)],
            env={**environment(), "PYTHONPATH": str(folder)},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def seconds(self, case: str, repeats: int) -> float:
        """Seconds a unit of the case, over ``repeats`` calls."""
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the worker has no pipes")
        print(json.dumps({"case": case, "repeats": repeats}), file=stdin, flush=True)
        line = stdout.readline()
        if not line:
            raise SystemExit(f"the worker died in {case!r}: its own words are above")
        return float(line)

    def close(self) -> None:
        """End the process and wait for it."""
        self.process.communicate()


def compared(trees: Sequence[Tree], case: str, units: int, args: argparse.Namespace) -> Compared:
    """Time one case in both checkouts, in turns."""
    once = min(tree.seconds(case, 1) for tree in trees for _ in range(3)) * units
    repeats = max(1, int(args.slice / once))
    times: list[tuple[float, float]] = []
    for i in range(args.rounds):
        # Who goes first changes, so that what the one leaves in the caches helps both alike.
        order = trees if i % 2 == 0 else trees[::-1]
        found = {tree: tree.seconds(case, repeats) for tree in order}
        times.append((found[trees[0]], found[trees[1]]))
    first, middle, third = statistics.quantiles([after / before for before, after in times], n=4)
    before, after = (statistics.median(column) for column in zip(*times, strict=True))
    return Compared(before, after, (first, middle, third))


def main(argv: Sequence[str] | None = None) -> int:
    """Print one row a case; returns the exit code."""
    sys.path.insert(0, str(ROOT))
    from experiments.bench.tree_worker import CASES

    parser = argparse.ArgumentParser(
        prog="python -m experiments.bench.trees",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("before", type=Path, metavar="BEFORE")
    parser.add_argument("after", type=Path, nargs="?", default=ROOT, metavar="AFTER")
    parser.add_argument("--rounds", type=int, default=21, metavar="K", help="slices a checkout")
    parser.add_argument("--slice", type=float, default=0.05, metavar="SECONDS")
    parser.add_argument("--only", default="", metavar="TEXT", help="cases whose name has it")
    parser.add_argument("--cpu", type=int, default=0, help="processor to pin everything to")
    args = parser.parse_args(argv)
    for folder in (args.before, args.after):
        if not (folder / "playground" / "__init__.py").is_file():
            parser.error(f"{os.fspath(folder)} is no checkout: it has no playground/__init__.py")
    print(description(), flush=True)
    print("| | before, us | after, us | ratio (middle half) |\n|---|---|---|---|")
    trees = [Tree(folder.resolve(), args.cpu) for folder in (args.before, args.after)]
    try:
        for case in (case for case in CASES if args.only in case):
            found = compared(trees, case, CASES[case][1], args)
            low, ratio, high = found.quartiles
            before, after = (f"{1e6 * seconds:.4g}" for seconds in found[:2])
            row = f"| {case} | {before} | {after} | {ratio:.3f} ({low:.3f} to {high:.3f}) |"
            print(row, flush=True)
    finally:
        for tree in trees:
            tree.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
