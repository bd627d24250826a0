"""Ten ordinary NumPy functions, differentiated twice as they stand.

Shown are, for each of them, the value, the gradient's size and the errors of the gradient and of a
Hessian-vector product against central differences. None of the functions knows of playground:
NumPy is all they import.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from experiments.findings import Finding, main
from experiments.functions.differences import Outcome, cases, examine, lines
from experiments.functions.picture import draw
from playground.lab.files import write_whole

# Central differences at a step of 1e-5 are good for about nine digits.
DIGITS = 1e-7


def run(out: Path, quick: bool = False, *, seed: int = 0) -> list[Finding]:
    """Examine all ten on data drawn from ``seed``; ``out`` gets a table and a picture."""
    rng = np.random.default_rng(seed + 1)
    outcomes = [examine(case, rng) for case in cases(seed)]
    print("\n".join(lines(outcomes)), end="\n\n")
    write(outcomes, Path(out) / "plain_numpy.csv")
    draw(outcomes, Path(out) / "errors.png")
    return [beside_differences(outcome) for outcome in outcomes]


def beside_differences(outcome: Outcome) -> Finding:
    """First and second derivative along a random direction, by differences and by backprop."""
    differences, ours = zip(outcome.slopes, outcome.curvatures, strict=True)
    scale = max(map(abs, differences))
    what = f"{outcome.name}: slope and curvature, against differences"
    return Finding(what, differences, ours, tolerance=DIGITS * max(scale, 1.0))


def write(outcomes: list[Outcome], path: Path) -> None:
    """The outcomes as comma-separated values."""
    rows = [f"{o.name},{o.value!r},{o.gradient_error},{o.product_error}" for o in outcomes]
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(["function,value,gradient_error,product_error", *rows, ""])
    write_whole(path, text.encode())


if __name__ == "__main__":
    main(run)
