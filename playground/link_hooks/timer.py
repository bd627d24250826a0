"""How long the calls of links take."""

from __future__ import annotations

import sys
from time import perf_counter
from typing import Any, ClassVar, TextIO

import numpy as np

from playground.link_hook import LinkHook

__all__ = ["TimerHook"]


def _unit_of(seconds: float) -> str:
    units = TimerHook.table
    return next((unit for unit in units if seconds * units[unit] >= 1), "ns")


class TimerHook(LinkHook):
    """Times every call within ``with TimerHook() as hook:``.

    Attributes:
        call_history: pairs of the class of a link and the seconds of one of its calls, in the order
            in which they were over.
    """

    name = "TimerHook"
    table: ClassVar[dict[str, float]] = {"sec": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}

    def __init__(self) -> None:
        self.call_history: list[tuple[str, float]] = []
        self._began: list[float] = []
        self._total = 0.0

    def _now(self, args: Any) -> float:
        xp = args.link.xp
        if xp is not np:
            # A device works on when its function has returned.
            xp.cuda.get_current_stream().synchronize()
        return perf_counter()

    def forward_preprocess(self, args: Any) -> None:
        self._began.append(self._now(args))

    def forward_postprocess(self, args: Any) -> None:
        seconds = self._now(args) - self._began.pop()
        self.call_history.append((type(args.link).__name__, seconds))
        # A link within another is in the other's time already.
        if not self._began:
            self._total += seconds

    def forward_failed(self, args: Any) -> None:
        self._began.pop()

    def total_time(self) -> float:
        """Seconds of all calls; those within another call count once."""
        return self._total

    def summary(self) -> dict[str, dict[str, float]]:
        """``elapsed_time`` and ``occurrence`` by the class of a link."""
        found: dict[str, dict[str, float]] = {}
        for name, seconds in self.call_history:
            record = found.setdefault(name, {"elapsed_time": 0, "occurrence": 0})
            record["elapsed_time"] += seconds
            record["occurrence"] += 1
        return found

    def print_report(self, unit: str = "auto", file: TextIO | None = None) -> None:
        """A table of :meth:`summary`.

        ``unit`` is sec, ms, us or ns; ``auto`` takes one that suits the largest time, and
        ``auto_foreach`` one for each.
        """
        records = self.summary()
        if unit == "auto":
            unit = _unit_of(max([r["elapsed_time"] for r in records.values()], default=0.0))
        if unit not in (*self.table, "auto_foreach"):
            raise KeyError(f"print_report: expected one of {[*self.table]}, auto, got {unit!r}")
        rows = [("LinkName", "ElapsedTime", "Occurrence")]
        for name, record in records.items():
            seconds = record["elapsed_time"]
            own = _unit_of(seconds) if unit == "auto_foreach" else unit
            shown = f"{seconds * self.table[own]:3.2f}{own}"
            rows.append((name, shown, str(record["occurrence"])))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        # sys.stdout as it is now: a notebook replaces it.
        out = sys.stdout if file is None else file
        for row in rows:
            print("  ".join(map(str.rjust, row, widths)), file=out)
        out.flush()
