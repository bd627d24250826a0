"""What the hooks that measure have in common: units, totals by name, a table of them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

import numpy as np

from playground.graph.function import FunctionAdapter
from playground.graph.types import Function

__all__ = ["TIMES", "Record", "class_of", "print_table", "totals_of", "unit_in", "wait_for"]

Record = dict[str, float]
# How many of a unit are one second.
TIMES: dict[str, float] = {"sec": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}


def wait_for(xp: Any) -> None:
    """Wait for the device: it works on when its function has returned."""
    if xp is not np:
        xp.cuda.get_current_stream().synchronize()


def class_of(function: Function) -> str:
    """The class of a function, by name; of an old-style one its own, and not its node's."""
    own = function.function if isinstance(function, FunctionAdapter) else function
    return type(own).__name__


def totals_of(calls: Iterable[tuple[str, Record]]) -> dict[str, Record]:
    """The sums of what was measured, and the number of calls (``occurrence``), by name."""
    found: dict[str, Record] = {}
    for name, measured in calls:
        record = found.setdefault(name, {**dict.fromkeys(measured, 0), "occurrence": 0})
        for key, value in measured.items():
            record[key] += value
        record["occurrence"] += 1
    return found


def unit_in(units: Mapping[str, float], amount: float) -> str:
    """The largest unit of which there is one at least; the smallest if there is none."""
    return next((unit for unit in units if amount * units[unit] >= 1), [*units][-1])


def print_table(
    heads: Sequence[str],
    keys: Sequence[str],
    totals: Mapping[str, Record],
    units: Mapping[str, float],
    unit: str,
    file: TextIO | None,
) -> None:
    """Print ``totals``, a row a name, what stands under ``keys`` in ``unit``.

    ``auto`` takes, for each column, one that suits its largest entry, and ``auto_foreach`` one for
    each entry.
    """
    if unit not in (*units, "auto", "auto_foreach"):
        choices = [*units, "auto", "auto_foreach"]
        raise KeyError(f"print_report: expected one of {choices}, got {unit!r}")
    columns: list[Sequence[str]] = [[*totals]]
    for key in keys:
        columns.append(_in_units([record[key] for record in totals.values()], units, unit))
    columns.append([str(record["occurrence"]) for record in totals.values()])
    rows = [tuple(heads), *zip(*columns, strict=True)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    # sys.stdout as it is now: a notebook replaces it.
    out = sys.stdout if file is None else file
    for row in rows:
        print("  ".join(map(str.rjust, row, widths)), file=out)
    if hasattr(out, "flush"):
        out.flush()


def _in_units(column: Sequence[float], units: Mapping[str, float], unit: str) -> list[str]:
    shown = []
    for amount in column:
        own = unit
        if unit in ("auto", "auto_foreach"):
            own = unit_in(units, amount if unit == "auto_foreach" else max(column))
        shown.append(f"{amount * units[own]:3.2f}{own}")
    return shown
