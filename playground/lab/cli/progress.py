"""What a run shows while it goes on."""

from __future__ import annotations

import shutil
from typing import TextIO

from playground import _interrupts
from playground.lab.cli.streams import write_to

__all__ = ["ProgressLine"]


class ProgressLine:
    """One line rewritten on a terminal; elsewhere a plain line now and then, ever more seldom."""

    def __init__(self, stream: TextIO | None, *, quiet: bool = False) -> None:
        self.stream, self.quiet = stream, quiet
        # In a file or a pipe \r would pile up lines on one.
        self.live = stream is not None and not stream.closed and stream.isatty()
        self.width = 0
        self.next_line = 5.0  # seconds; doubles up to a minute between lines

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *error: object) -> None:
        if self.width:
            # What is printed next begins on an empty line.
            self._rewrite("")
            self._put("\r")

    def __call__(
        self, step: int, value: float, step_size: float, restarts: int, seconds: float
    ) -> None:
        _interrupts.check()
        if self.quiet or not (self.live or seconds >= self.next_line):
            return
        line = (
            f"step {step:,}  loss {value:.4g}  step size {step_size:.2g}  "
            f"restarts {restarts:,}  {seconds:.1f} s"
        )
        if self.live:
            self._rewrite(line)
        else:
            self.next_line += min(self.next_line, 60.0)
            self._put(f"{line}\n")

    def tell(self, text: str) -> None:
        """What goes on, in words: on a terminal alone."""
        if self.live and not self.quiet:
            self._rewrite(text)

    def _rewrite(self, line: str) -> None:
        # One less than there are: in the last column some terminals begin a new line.
        line = line[: shutil.get_terminal_size().columns - 1]
        self._put("\r" + line.ljust(self.width))
        self.width = len(line)

    def _put(self, text: str) -> None:
        try:
            write_to(self.stream, text)
        except OSError:
            # A full disk below a log of the progress ends no run.
            self.quiet = True
