"""Gradient fields of three functions: backprop at all points in one call, and closed forms."""

from pathlib import Path

import numpy as np

from experiments.findings import Between, Finding, main
from playground.field import PRESETS, gradient_field
from playground.field import main as command

CLOSED = {
    "bowl": lambda x0, x1: (2 * x0, 2 * x1),
    "saddle": lambda x0, x1: (x1, x0),
    "waves": lambda x0, x1: (x1 * np.cos(x0 * x1), x0 * np.cos(x0 * x1)),
}


def run(out: Path, quick: bool = False) -> list[Finding]:
    """The presets on -2 .. 2 in steps of 0.25, with four descents each (one if quick)."""
    findings = []
    for name, formula in PRESETS.items():
        words = ["--preset", name, "--starts", "1" if quick else "4", "--seed", "1", "--quiet"]
        code = command([*words, "--out", str(out / name)])
        table = np.genfromtxt(out / name / "field.csv", delimiter=",", names=True)
        found, numerical = (
            np.stack([table[f"{kind}{i}"] for i in (0, 1)]) for kind in ("gradient", "numerical")
        )
        closed = np.stack(CLOSED[name](table["x0"], table["x1"]))
        apart = np.abs(found - numerical).max()
        findings += [
            Finding(f"{formula}: gradient at {len(table)} points", closed, found, 1e-14),
            Finding(f"{formula}: automatic and numerical apart", Between(high=1e-7), apart),
            Finding(f"{formula}: exit code", 0, code),
        ]
    return [*findings, trap()]


def trap() -> Finding:
    """The original's trap: three points given as columns."""
    try:
        gradient_field(lambda x: x[0] * x[1], [[1, 2, 3], [4, 5, 6]])
    except ValueError as error:
        return Finding("points given as columns", "refused", "refused" if error else "")
    return Finding("points given as columns", "refused", "accepted")


if __name__ == "__main__":
    main(run)
