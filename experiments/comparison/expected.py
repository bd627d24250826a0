"""What the comparison is held against."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.comparison.methods import TOLERANCE
from experiments.comparison.runs import Cell
from experiments.findings import Between, Finding

# Successes of ten in the study that these rules come from, on matrices of its own; and by how much
# ten others may differ, about two standard deviations of a binomial count. (The course of
# Barzilai-Borwein at n = 100 depends on the rounding of the BLAS kernel.)
SUCCESSES = {
    ("squared/grow-shrink", 3): (10, 0),
    ("squared/grow-shrink", 10): (10, 0),
    ("squared/grow-shrink", 30): (4, 3),
    ("squared/grow-shrink", 100): (0, 0),
    ("absolute/grow-shrink", 3): (9, 2),
    ("absolute/grow-shrink", 10): (0, 0),
    ("absolute/grow-shrink-take-back", 3): (0, 0),
    **{("squared/barzilai-borwein", size): (10, 0) for size in (3, 10, 30)},
    ("squared/barzilai-borwein", 100): (10, 1),
}
# Their median steps, and by how much another machine's rounding may move them.
STEPS = {
    ("squared/grow-shrink", 3): (372, 4),
    ("squared/grow-shrink", 10): (9_338, 100),
    ("absolute/grow-shrink", 3): (51_510, 5_000),
}
# Steps of the Barzilai-Borwein method without adaptive choice: ours has to need no more.
PLAIN_STEPS = {3: 18, 10: 144, 30: 1_971, 100: 13_246}
TEN = 10


def findings(cells: Sequence[Cell]) -> list[Finding]:
    """Published figures where ten matrices were tried, and what holds for any run."""
    known = {(cell.method, cell.size): cell for cell in cells if len(cell.runs) == TEN}
    found = []
    for key, (successes, room) in SUCCESSES.items():
        if key in known:
            ours = len(known[key].successes)
            found.append(Finding(f"{_name(*key)}: inverted of 10", successes, ours, room))
    for key, (steps, room) in STEPS.items():
        if key in known:
            found.append(Finding(f"{_name(*key)}: median steps", steps, known[key].steps, room))
    for size, steps in PLAIN_STEPS.items():
        key = ("squared/barzilai-borwein", size)
        if key in known:
            limit = Between(high=steps)
            found.append(Finding(f"{_name(*key)}: median steps", limit, known[key].steps))
    return [*found, *_sound(cells)]


def _sound(cells: Sequence[Cell]) -> list[Finding]:
    """Newton-Schulz always arrives; what counts as inverted is near the inverse.

    Y - inv(X) = inv(X) (XY - I), so no entry is off by more than sum|XY - I| times the largest.
    """
    successes = [run for cell in cells for run in cell.successes]
    arrived = all(cell.rate == 1 for cell in cells if "/" not in cell.method)
    worst = max((run.distance for run in successes), default=0.0)
    what = "largest distance from numpy.linalg.inv of all that count as inverted, as a share"
    return [
        Finding("Newton-Schulz and numpy.linalg.inv invert every matrix", True, arrived),
        Finding(what, Between(high=TOLERANCE), worst, tolerance=1e-9),
    ]


def _name(method: str, size: int) -> str:
    return f"{method.replace('/', ' loss, ')}, n = {size}"
