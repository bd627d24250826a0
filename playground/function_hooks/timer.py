"""How long functions take, forward and backward."""

from __future__ import annotations

from time import perf_counter
from typing import ClassVar, TextIO

from playground.backend import get_array_module
from playground.function_hooks.reports import (
    TIMES,
    Record,
    class_of,
    print_table,
    totals_of,
    wait_for,
)
from playground.graph.function_hook import FunctionHook
from playground.graph.types import Function, Raw

__all__ = ["TimerHook"]


class TimerHook(FunctionHook):
    """Times every forward and backward within ``with TimerHook() as hook:``.

    Attributes:
        call_history: pairs of the class of a function and the seconds of one of its calls, in the
            order in which they were over.
    """

    name = "TimerHook"
    table: ClassVar[dict[str, float]] = TIMES

    def __init__(self) -> None:
        self.call_history: list[tuple[str, float]] = []
        self._running: list[tuple[Function, float]] = []
        # Beginnings and lengths of the calls that are over and, so far, within no other.
        self._outer: list[tuple[float, float]] = []

    def forward_preprocess(self, function: Function, in_data: tuple[Raw, ...]) -> None:
        wait_for(get_array_module(*in_data))
        self._running.append((function, perf_counter()))

    def forward_postprocess(self, function: Function, in_data: tuple[Raw, ...]) -> None:
        wait_for(get_array_module(*in_data))
        now = perf_counter()
        # One that raised was never over, and is passed by.
        while self._running:
            begun, since = self._running.pop()
            if begun is function:
                self.call_history.append((class_of(function), now - since))
                # What began later was called by it.
                while self._outer and self._outer[-1][0] > since:
                    self._outer.pop()
                self._outer.append((since, now - since))
                return

    def backward_preprocess(
        self, function: Function, in_data: tuple[Raw, ...], out_grad: tuple[Raw, ...]
    ) -> None:
        self.forward_preprocess(function, in_data + out_grad)

    def backward_postprocess(
        self, function: Function, in_data: tuple[Raw, ...], out_grad: tuple[Raw, ...]
    ) -> None:
        self.forward_postprocess(function, in_data + out_grad)

    def total_time(self) -> float:
        """Seconds of all calls; those within another call count once."""
        return sum(seconds for _, seconds in self._outer)

    def summary(self) -> dict[str, Record]:
        """``elapsed_time`` and ``occurrence`` by the class of a function."""
        return totals_of((name, {"elapsed_time": time}) for name, time in self.call_history)

    def print_report(self, unit: str = "auto", file: TextIO | None = None) -> None:
        """A table of :meth:`summary`.

        ``unit`` is sec, ms, us or ns; ``auto`` takes one that suits the largest time, and
        ``auto_foreach`` one for each.
        """
        heads = ("FunctionName", "ElapsedTime", "Occurrence")
        print_table(heads, ("elapsed_time",), self.summary(), self.table, unit, file)
