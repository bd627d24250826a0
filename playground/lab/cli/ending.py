"""How a command ends: in a sentence, in pictures and as an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from playground.graph.errors import DeviceError, FitError, InputError, LogError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "BAD_INPUT",
    "CONVERGED",
    "INTERRUPTED",
    "NOT_CONVERGED",
    "Interrupted",
    "guarded",
    "note",
    "say",
    "write_pictures",
]

CONVERGED, NOT_CONVERGED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with a sentence about what was kept and how to go on."""


def guarded(command: str, work: Callable[[], int]) -> int:
    """The exit code of ``work``; what a user can mend becomes one line on standard error."""
    try:
        return work()
    except (InputError, DeviceError, LogError, FitError, OSError) as error:
        message = str(error)
    except MemoryError:
        message = "not enough memory: choose a smaller problem or --dtype float32"
    except Interrupted as stop:
        say(str(stop))
        return INTERRUPTED
    except KeyboardInterrupt:
        # The terminal has written ^C into the line.
        print("\ninterrupted", file=sys.stderr)
        return INTERRUPTED
    print(f"{command}: error: {message}", file=sys.stderr)
    return BAD_INPUT


def note(sentence: str) -> None:
    """Tell the user, beside the output."""
    print(f"note: {sentence}", file=sys.stderr)


def say(text: str) -> None:
    """Print to standard output."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # Whoever read it, such as head, has gone: the run has not failed. Python would still
        # complain on leaving, when it flushes standard output once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_pictures(pictures: Mapping[str, Axes | Figure], out: Path, *, quiet: bool) -> None:
    """Write each picture to ``<name>.png``, and say which unless ``quiet``."""
    from playground.lab import plot

    written = []
    try:
        for name, picture in pictures.items():
            written.append(plot.save(picture, out / f"{name}.png").name)
    except OSError as error:
        # The answer and the log are written by now: a full disk must not make them look lost.
        note(f"the pictures could not all be written ({error})")
    if written and not quiet:
        say(f"pictures   {', '.join(written)}")
