"""Figures with their targets, as lines while they are measured and as Markdown for the README."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# The cases that every peer takes part in.
SHARED = ("step ", "node of chain ", "peak ")
UNITS = {"us": 1e6, "ms": 1e3, "s": 1.0, "buffers": 1.0}


@dataclass(frozen=True)
class Figure:
    """One number of one case; `ratio` is taken to the peer `to`, `note` says why value is None."""

    case: str
    peer: str
    value: float | None
    unit: str
    ratio: float | None = None
    to: str = ""
    at_most: float | None = None
    note: str = ""

    @property
    def judged(self) -> float | None:
        """What the target speaks about: the ratio where there is one, else the value."""
        return self.ratio if self.to else self.value

    @property
    def target(self) -> str:
        if self.at_most is None or self.judged is None:
            return ""
        word = "met" if self.judged <= self.at_most else "MISSED"
        return f"at most {self.at_most:.3g}: {word}"


def figures(
    case: str,
    results: dict[str, float | str],
    unit: str,
    *,
    to: dict[str, str] | str = "",
    at_most: dict[str, float] | None = None,
) -> list[Figure]:
    """Turn peer -> seconds (or the reason why there are none) into figures.

    `to` names the peer that ratios are taken to: one for all, or one for each that has any.
    """
    rows: list[Figure] = []
    for peer, result in results.items():
        if isinstance(result, str):
            rows.append(Figure(case, peer, None, unit, note=result))
            continue
        other = to if isinstance(to, str) else to.get(peer, "")
        base = results.get(other)
        ratio = result / base if isinstance(base, float) else None
        limit = (at_most or {}).get(peer)
        rows.append(Figure(case, peer, result * UNITS[unit], unit, ratio, other, limit))
    return rows


def number(value: float) -> str:
    """Three digits or more, never an exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def line(figure: Figure) -> str:
    """A figure on one line of the terminal."""
    head = f"{figure.case:<27} {figure.peer:<16}"
    if figure.value is None:
        return f"{head} skipped: {figure.note}"
    ratio = "" if figure.ratio is None else f"x{figure.ratio:.3g} of {figure.to}"
    return f"{head} {number(figure.value):>9} {figure.unit:<8}{ratio:<26}{figure.target}".rstrip()


def markdown(rows: Sequence[Figure], names: dict[str, str], head: str) -> str:
    """Two tables: every peer on the work that all share, and every target with its figure."""
    measured = [row for row in rows if row.value is not None]
    shared = [row for row in measured if row.case.startswith(SHARED)]
    aimed = [row for row in measured if row.target]
    return "\n".join([head, "", *_by_peer(shared, names), "", *_by_target(aimed, names)])


def _by_peer(rows: Sequence[Figure], names: dict[str, str]) -> list[str]:
    if not rows:
        return []
    titles = {row.case: f"{row.case.removeprefix('step ')}, {row.unit}" for row in rows}
    cells = {(row.peer, row.case): _cell(row) for row in rows}
    table = [["(ratio to the first)", *titles.values()]]
    for peer in dict.fromkeys(row.peer for row in rows):
        table.append([names.get(peer, peer), *(cells.get((peer, case), "") for case in titles)])
    return _table(table)


def _cell(row: Figure) -> str:
    steps = row.case.startswith("step ") and row.ratio is not None
    return number(row.value or 0) + (f" ({row.ratio:.2f})" if steps else "")


def _by_target(rows: Sequence[Figure], names: dict[str, str]) -> list[str]:
    if not rows:
        return []
    table = [["case", "who", "figure", "ratio", "target"]]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.3g} x {names.get(row.to, row.to)}"
        figure = f"{number(row.value or 0)} {row.unit}"
        table.append([row.case, names.get(row.peer, row.peer), figure, ratio, row.target])
    return _table(table)


def _table(cells: Sequence[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return [lines[0], "|" + "---|" * len(cells[0]), *lines[1:]]
