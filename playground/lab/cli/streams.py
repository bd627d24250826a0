"""The standard streams of a command, which may be closed, full, or of few characters.

What was found is on disk by the time it is told: a stream that takes nothing ends no run.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import TextIO

from playground.lab.cli.text import one_line

__all__ = ["complain", "fill_gaps", "flush_all", "note", "say", "say_path", "write_to"]


def say(text: str) -> None:
    """Print to standard output. Raises OSError where it is full."""
    write_to(sys.stdout, f"{text}\n")


def say_path(path: str | os.PathLike[str]) -> None:
    """Print a path to standard output, byte for byte what it is. Raises OSError as :func:`say`."""
    stream, text = sys.stdout, f"{os.fspath(path)}\n"
    bytes_below = getattr(stream, "buffer", None)
    if bytes_below is None or stream.closed or _encodable(text, stream) == text:
        say(text.removesuffix("\n"))
        return
    stream.flush()
    bytes_below.write(os.fsencode(path))
    say("")


def complain(sentence: str, *, fresh: bool = False) -> None:
    """Print one line to standard error, a fresh one where something stands in the last.

    Where it is full or closed, nobody can be told.
    """
    try:
        write_to(sys.stderr, "\n" * fresh + f"{one_line(sentence)}\n")
    except OSError:
        _silence(sys.stderr)


def note(sentence: str) -> None:
    """Tell the user, beside the output."""
    complain(f"note: {sentence}")


def write_to(stream: TextIO | None, text: str) -> None:
    """Write and flush; to a stream that is closed, or whose reader has gone, nothing.

    Raises OSError where it takes nothing for another reason.
    """
    if stream is None or stream.closed:  # as of 2>&-, or of pythonw
        return
    try:
        stream.write(_encodable(text, stream))
        stream.flush()
    except OSError as error:
        # What it holds by now would fail once more when Python flushes it on leaving.
        _silence(stream)
        # Whoever read it, such as head, has gone: the run has not failed.
        if error.errno not in (errno.EPIPE, errno.EBADF):
            raise


def flush_all() -> None:
    """Have it written what others have printed, so that Python leaves with the exit code."""
    for stream in (sys.stdout, sys.stderr):
        try:
            write_to(stream, "")
        except OSError:
            _silence(stream)


def fill_gaps() -> None:
    """Open what is closed of the descriptors 0, 1 and 2: a log shall not become one of them.

    Whoever writes to standard error below Python, such as LAPACK, would write into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free


def _silence(stream: TextIO | None) -> None:
    """Send what is still to come to nowhere."""
    try:
        number = -1 if stream is None else stream.fileno()
        if number >= 0:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, number)
            os.close(nowhere)
    except (OSError, ValueError):  # a stream of somebody else's, without a descriptor
        return


def _encodable(text: str, stream: TextIO) -> str:
    """The text with escapes for what the stream has no bytes for, as in a path not in UTF-8."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding, getattr(stream, "errors", None) or "strict")
    except UnicodeError:
        return text.encode(encoding, "backslashreplace").decode(encoding)
    return text
