"""PrintReport: the log as a table on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from playground.graph.types import Scalar, Serializing
from playground.training.extension import Extension
from playground.training.extensions.console import erase_below, standard_output
from playground.training.extensions.log_report import LogReport

if TYPE_CHECKING:
    from playground.training.trainer import Trainer

__all__ = ["PrintReport"]


class PrintReport(Extension):
    """One line for each entry of a :class:`LogReport`, a column for each of ``entries``.

    Args:
        entries: names of values; where an entry has none, the place is empty.
        log_report: the name of the trainer's LogReport, or one that is used here alone.
        out: where to; default: standard output.
    """

    def __init__(
        self,
        entries: Sequence[str],
        log_report: str | LogReport = "LogReport",
        out: TextIO | None = None,
    ) -> None:
        self._widths = {entry: max(10, len(entry)) for entry in entries}
        self._log_report = log_report
        self._out = standard_output(out)
        self._printed = 0
        self._header: str | None = "  ".join(f"{e:{w}}" for e, w in self._widths.items()) + "\n"

    def __call__(self, trainer: Trainer) -> None:
        if self._header:
            self._out.write(self._header)
            self._header = None
        report = self._report_of(trainer)
        # More than one where a snapshot has brought a log with it.
        for entry in report.log[self._printed :]:
            # What may stand there is a progress bar.
            erase_below(self._out)
            self._out.write(self._line(entry))
            if hasattr(self._out, "flush"):
                self._out.flush()
        self._printed = len(report.log)

    def _report_of(self, trainer: Trainer) -> LogReport:
        report = self._log_report
        if isinstance(report, str):
            return trainer.get_extension(report)
        if not isinstance(report, LogReport):
            raise TypeError(
                f"PrintReport: log_report is to be a LogReport or the name of one, got "
                f"{type(report).__name__}"
            )
        report(trainer)
        return report

    def _line(self, entry: dict[str, Any]) -> str:
        cells = [_cell(entry.get(name, ""), width) for name, width in self._widths.items()]
        return "".join(f"{cell}  " for cell in cells) + "\n"

    def serialize(self, serializer: Serializing) -> None:
        """Save or load the LogReport that is used here alone."""
        if isinstance(self._log_report, LogReport):
            self._log_report.serialize(serializer["_log_report"])


def _cell(value: Scalar | str, width: int) -> str:
    # A postprocess of the log may add texts.
    return value.ljust(width) if isinstance(value, str) else f"{value:<{width}g}"
