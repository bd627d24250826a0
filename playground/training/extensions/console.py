"""Lines on a terminal that are written again and again at the same place."""

from __future__ import annotations

import sys
import time
from collections import deque
from typing import TextIO

__all__ = ["Bar", "erase_below", "standard_output"]


def standard_output(out: TextIO | None) -> TextIO:
    """``out``, or standard output as it is now."""
    return sys.stdout if out is None else out


def erase_below(out: TextIO) -> None:
    """Erase what stands from the cursor to the end of the screen."""
    out.write("\033[J")


class Bar:
    """Base class of progress bars: a subclass gives the lines."""

    def __init__(self, bar_length: int | None = None, out: TextIO | None = None) -> None:
        self._bar_length = 50 if bar_length is None else bar_length
        self._out = standard_output(out)
        self._recent: deque[tuple[int, float, float]] = deque(maxlen=100)

    def get_lines(self) -> list[str]:
        """The lines, each with its end."""
        raise NotImplementedError(f"{type(self).__name__}: define get_lines()")

    def bar(self, title: str, share: float) -> str:
        """A line with a bar of which ``share`` is filled."""
        marks = "#" * int(share * self._bar_length)
        return f"{title} [{marks.ljust(self._bar_length, '.')}] {share:6.2%}\n"

    def update_speed(self, iteration: int, epoch_detail: float) -> tuple[float, float]:
        """Iterations and epochs a second, over the last hundred calls."""
        now = time.time()
        self._recent.append((iteration, epoch_detail, now))
        # Over a hundred calls: from one to the next the speed would jump.
        then_iteration, then_epoch, then = self._recent[0]
        if now == then:
            return float("inf"), float("inf")
        return (iteration - then_iteration) / (now - then), (epoch_detail - then_epoch) / (
            now - then
        )

    def update(self) -> None:
        """Write the lines where they stood, and go back above them."""
        erase_below(self._out)
        lines = self.get_lines()
        self._out.writelines(lines)
        self._out.write(f"\033[{len(lines)}A")
        self._flush()

    def close(self) -> None:
        """Leave the place empty."""
        erase_below(self._out)
        self._flush()

    def _flush(self) -> None:
        # Anything with a method write() may stand for the terminal.
        if hasattr(self._out, "flush"):
            self._out.flush()
