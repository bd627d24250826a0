"""Which step rule for which size: steps to an inverse, over several random matrices.

``python -m experiments.e02_step_rules`` prints, for each loss, rule and size, how many of the
matrices were inverted (sum|XY - I| at most 1e-3) within the limits, and the median of the steps
that those took. Matrices and starts are uniform random, float64.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from playground.inverse import residual_losses
from playground.lab.descent import Below, MaxSeconds, MaxSteps
from playground.lab.files import write_whole
from playground.lab.fit import Fit, fit

TOLERANCE = 1e-3
CASES = (
    ("squared", "grow-shrink", (3, 10)),
    ("squared", "barzilai-borwein", (3, 10, 30, 100)),
    ("absolute", "grow-shrink", (3,)),
    ("absolute", "grow-shrink-take-back", (3,)),
)


@dataclass(frozen=True)
class Result:
    """Of ``tried`` matrices, the ``steps`` of those that were inverted, ascending."""

    loss: str
    rule: str
    size: int
    tried: int
    steps: tuple[int, ...]

    @property
    def median(self) -> float:
        """Median steps of the successes; NaN where there are none."""
        return statistics.median(self.steps) if self.steps else float("nan")


def invert(loss: str, rule: str, size: int, seed: int, max_steps: int, max_seconds: float) -> Fit:
    """One descent from a random start to the inverse of a random matrix."""
    rng = np.random.RandomState(seed)
    X, Y, eye = rng.random_sample((size, size)), rng.random_sample((size, size)), np.eye(size)
    losses = residual_losses(X, eye)
    bound = np.sqrt if loss == "squared" else None
    stop = [
        Below(TOLERANCE, losses["absolute"], bound),
        MaxSteps(max_steps),
        MaxSeconds(max_seconds),
    ]
    return fit(losses[loss], Y, rule=rule, stop=stop, restart="kick", rng=rng)


def measure(
    loss: str, rule: str, size: int, matrices: int, max_steps: int, max_seconds: float
) -> Result:
    """The same for ``matrices`` seeds."""
    fits = [invert(loss, rule, size, seed, max_steps, max_seconds) for seed in range(matrices)]
    return Result(loss, rule, size, matrices, tuple(sorted(f.steps for f in fits if f.converged)))


def run(
    out: Path | None = None,
    quick: bool = False,
    matrices: int = 10,
    max_steps: int = 300_000,
    max_seconds: float = 20.0,
) -> list[Result]:
    """All cases (``quick``: three matrices of size 3); ``out`` gets the table as Markdown."""
    results = []
    for loss, rule, sizes in CASES:
        for size in sizes[:1] if quick else sizes:
            limits = (3, 2_000, 5.0) if quick else (matrices, max_steps, max_seconds)
            results.append(measure(loss, rule, size, *limits))
            print(row(results[-1]), flush=True)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_whole(out / "step_rules.md", "\n".join([*HEAD, *map(row, results), ""]).encode())
    return results


HEAD = ("| loss | rule | n | inverted | median steps |", "|---|---|---|---|---|")


def row(result: Result) -> str:
    median = f"{result.median:,.0f}" if result.steps else "-"
    return (
        f"| {result.loss} | {result.rule} | {result.size} | {len(result.steps)} of "
        f"{result.tried} | {median} |"
    )


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.e02_step_rules",
        description="Steps to an inverse by loss, rule and size, over several random matrices.",
    )
    parser.add_argument("--matrices", type=int, default=10, help="matrices a case (default 10)")
    parser.add_argument("--max-steps", type=int, default=300_000, help="steps at most for each")
    parser.add_argument("--max-seconds", type=float, default=20.0, help="seconds at most for each")
    parser.add_argument("--out", type=Path, help="folder for the table")
    args = parser.parse_args(argv)
    print("\n".join(HEAD))
    run(
        args.out,
        matrices=args.matrices,
        max_steps=args.max_steps,
        max_seconds=args.max_seconds,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
