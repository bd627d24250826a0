"""How a command ends: in a sentence, in pictures and as an exit code."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from playground import _interrupts
from playground.graph.errors import InvalidType, PlaygroundError
from playground.lab.cli.progress import ProgressLine
from playground.lab.cli.streams import complain, fill_gaps, flush_all, note, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "BAD_INPUT",
    "CONVERGED",
    "INTERRUPTED",
    "NOT_CONVERGED",
    "Interrupted",
    "Picture",
    "guarded",
    "told_of",
    "write_pictures",
]

CONVERGED, NOT_CONVERGED, BAD_INPUT, INTERRUPTED = 0, 1, 2, _interrupts.INTERRUPTED

# Drawn when it is its turn: what goes wrong with one leaves the others alone.
Picture: TypeAlias = "Axes | Figure | Callable[[], Axes | Figure]"


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with a sentence about what was kept and how to go on."""


def guarded(command: str, work: Callable[[], int]) -> int:
    """The exit code of ``work``; what a user can mend becomes one line on standard error."""
    fill_gaps()
    try:
        with _interrupts.Raised(), _unwarned():
            code = work()
    except KeyboardInterrupt as stop:
        code = _interrupted(stop)
    except Exception as error:
        if _interrupts.pressed():  # a library makes an error of its own of it, such as ImportError
            code = _interrupted(error)
        else:
            complain(f"{command}: error: {_explained(error)}")
            code = BAD_INPUT
    flush_all()
    return code


def _unwarned() -> warnings.catch_warnings:
    """A command says in words what is not finite: NumPy's warnings tell a user nothing."""
    return warnings.catch_warnings(action="ignore", category=RuntimeWarning)


def _interrupted(stop: BaseException) -> int:
    try:
        if isinstance(stop, Interrupted):
            say(str(stop))
            return INTERRUPTED
    except OSError:
        complain(str(stop))
        return INTERRUPTED
    # What the press broke off may be told of as well: a log that could not be written, say.
    more = f": {_explained(stop)}" if isinstance(stop, (PlaygroundError, OSError)) else ""
    # The terminal has written ^C into the line.
    complain(f"interrupted{more}", fresh=True)
    return INTERRUPTED


def _explained(error: Exception) -> str:
    """What is wrong, in one line. Raises the error where it is none that a user could mend."""
    if isinstance(error, MemoryError):
        return "not enough memory: choose a smaller problem or --dtype float32"
    if isinstance(error, OSError):
        return told_of(error)
    if isinstance(error, InvalidType):  # of several lines
        return "; ".join(filter(None, map(str.strip, str(error).splitlines())))
    if isinstance(error, PlaygroundError):
        return str(error)
    if isinstance(error, (ArithmeticError, np.linalg.LinAlgError)):
        return f"the numbers are too large or too small to be computed with ({error})"
    raise error


def told_of(error: OSError) -> str:
    """What the system refused, and of which file."""
    reason = (error.strerror or str(error)).lower()
    file = error.filename2 or error.filename
    return reason if file is None else f"{os.fsdecode(file)}: {reason}"


def write_pictures(pictures: Mapping[str, Picture], out: Path, *, quiet: bool) -> None:
    """Write each picture to ``<name>.png``, and say which unless ``quiet``.

    One that cannot be drawn or written is left out with a word: the answer and the log are there
    by now, and must not look lost.
    """
    from playground.lab import plot

    written: list[str] = []
    left_out: dict[str, list[str]] = {}
    quietly = np.errstate(all="ignore")
    with ProgressLine(sys.stderr, quiet=quiet) as progress, plot.offscreen(), quietly:
        for name, picture in pictures.items():
            progress.tell(f"drawing {name}.png …")
            try:
                drawn = picture() if callable(picture) else picture
                written.append(plot.save(drawn, out / f"{name}.png").name)
            # Of numbers at the edge of float64 a library may raise anything.
            except Exception as error:
                _interrupts.check()
                reason = told_of(error) if isinstance(error, OSError) else _named(error)
                left_out.setdefault(reason, []).append(f"{name}.png")
    for reason, names in left_out.items():
        note(f"left out of the pictures: {', '.join(names)} ({reason})")
    if written and not quiet:
        say(f"pictures   {', '.join(written)}")


def _named(error: Exception) -> str:
    """An exception in a line."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
