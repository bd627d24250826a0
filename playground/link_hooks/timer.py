"""How long the calls of links take."""

from __future__ import annotations

from time import perf_counter
from typing import Any, ClassVar, TextIO

from playground.function_hooks.reports import (
    TIMES,
    Record,
    print_table,
    totals_of,
    wait_for,
)
from playground.link_hook import LinkHook

__all__ = ["TimerHook"]


class TimerHook(LinkHook):
    """Times every call within ``with TimerHook() as hook:``.

    Attributes:
        call_history: pairs of the class of a link and the seconds of one of its calls, in the order
            in which they were over.
    """

    name = "TimerHook"
    table: ClassVar[dict[str, float]] = TIMES

    def __init__(self) -> None:
        self.call_history: list[tuple[str, float]] = []
        self._began: list[float] = []
        self._total = 0.0

    def _now(self, args: Any) -> float:
        wait_for(args.link.xp)
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

    def summary(self) -> dict[str, Record]:
        """``elapsed_time`` and ``occurrence`` by the class of a link."""
        return totals_of((name, {"elapsed_time": time}) for name, time in self.call_history)

    def print_report(self, unit: str = "auto", file: TextIO | None = None) -> None:
        """A table of :meth:`summary`.

        ``unit`` is sec, ms, us or ns; ``auto`` takes one that suits the largest time, and
        ``auto_foreach`` one for each.
        """
        heads = ("LinkName", "ElapsedTime", "Occurrence")
        print_table(heads, ("elapsed_time",), self.summary(), self.table, unit, file)
