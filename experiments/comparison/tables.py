"""The comparison as Markdown: a row a case as it comes, and the whole with a column a size."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.bench.machine import description
from experiments.comparison.runs import Cell

HEAD = (
    "| loss | method | n | inverted | median steps | median time |",
    "|---|---|---|---|---|---|",
)


def row(cell: Cell) -> str:
    """One case."""
    loss, method = _names(cell.method)
    some = bool(cell.successes)
    steps, time = (f"{cell.steps:,.0f}", duration(cell.seconds)) if some else ("-", "-")
    return f"| {loss} | {method} | {cell.size} | {_share(cell)} | {steps} | {time} |"


def whole(cells: Sequence[Cell]) -> str:
    """All cases, methods down and sizes across: inverted, median steps, median time."""
    sizes = sorted({cell.size for cell in cells})
    known = {(cell.method, cell.size): cell for cell in cells}
    lines = [
        "| loss | method | " + " | ".join(f"n = {size}" for size in sizes) + " |",
        "|---" * (2 + len(sizes)) + "|",
    ]
    for method in dict.fromkeys(cell.method for cell in cells):
        entries = [_entry(known.get((method, size))) for size in sizes]
        lines.append("| " + " | ".join([*_names(method), *entries]) + " |")
    return "\n".join(lines)


def page(cells: Sequence[Cell]) -> str:
    """The whole, and what it was measured on."""
    return f"{whole(cells)}\n\n(Medians of the successes. {description()}.)\n"


def duration(seconds: float) -> str:
    """A time with two digits and the unit that suits it."""
    units = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))
    unit, scale = next((pair for pair in units if seconds >= pair[1]), units[-1])
    value = seconds / scale
    return f"{value:.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}"


def _names(method: str) -> tuple[str, str]:
    loss, _, name = method.rpartition("/")
    return loss or "-", name


def _share(cell: Cell) -> str:
    return f"{len(cell.successes)} of {len(cell.runs)}"


def _entry(cell: Cell | None) -> str:
    if cell is None:
        return ""
    if not cell.successes:
        return _share(cell)
    steps = "1 step" if cell.steps == 1 else f"{cell.steps:,.0f} steps"
    return f"{_share(cell)}: {steps}, {duration(cell.seconds)}"
