"""Steps and seconds to the inverse of a random matrix: every rule and loss, and three others.

For each method and size, how many of ten matrices were inverted (sum|XY - I| at most 1e-3) within
the limits, and the median steps and time of these. Matrices and starts are uniform random, float64.
The others are SciPy's L-BFGS-B on gradients by backprop, the Newton-Schulz iteration, and
numpy.linalg.inv as the floor. Every run is kept in DIR/runs.json: the same command with the same
--out goes on where it was interrupted.

  python -m experiments.e06_inverse_comparison --out logs/comparison
  python -m experiments.e06_inverse_comparison --only squared/barzilai-borwein,newton-schulz/100
"""

from __future__ import annotations

from pathlib import Path

from experiments.comparison import tables
from experiments.comparison.expected import findings
from experiments.comparison.methods import Limits
from experiments.comparison.runs import choose, compare
from experiments.findings import Finding, main
from playground.lab.files import write_whole

SIZES = (3, 10, 30, 100)
QUICK_SIZES, QUICK_MATRICES, QUICK_LIMITS = (3, 10), 2, Limits(500, 3.0)


def run(
    out: Path,
    quick: bool = False,
    *,
    only: str = "",
    matrices: int = 10,
    max_steps: int = 300_000,
    max_seconds: float = 20.0,
    workers: int = 1,
) -> list[Finding]:
    """Compare on ``matrices`` matrices, or ``only`` some methods, such as squared/constant/30.

    ``max_steps`` and ``max_seconds`` limit each run, of which ``workers`` go on at a time.
    ``quick``: two matrices of sizes 3 and 10.
    """
    from experiments.comparison.picture import draw

    cases = choose(only, QUICK_SIZES if quick else SIZES)
    size = (QUICK_MATRICES, QUICK_LIMITS) if quick else (matrices, Limits(max_steps, max_seconds))
    cells = []
    print("\n".join(tables.HEAD))
    for cell in compare(Path(out), cases, *size, workers):
        print(tables.row(cell), flush=True)
        cells.append(cell)
    write_whole(Path(out) / "comparison.md", tables.page(cells).encode())
    draw(cells, Path(out) / "comparison.png")
    print()
    return findings(cells)


if __name__ == "__main__":
    main(run)
