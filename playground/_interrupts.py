"""Ctrl-C while ``python -m playground.<study>`` runs, from the first line of the package on.

Python raises KeyboardInterrupt wherever it happens to be: among the imports, where nobody catches
it, or in a callback that swallows it. Here it ends the process at once while it starts, is raised
and remembered while it works, and comes too late once it has ended. In any other process (a
notebook, a test, a script) nothing is installed, and Ctrl-C is what Python makes of it.
"""

# Nothing that takes time to load: in each millisecond Ctrl-C would still be a traceback.
import _signal  # type: ignore[import-not-found]
import contextlib
import os
import sys
from types import FrameType, TracebackType

__all__ = ["INTERRUPTED", "Raised", "check", "is_command", "pressed"]

INTERRUPTED = 130


class _Stage:
    """Of a process."""

    STARTING, WORKING, ENDING = range(3)


class _Process:
    """Where this process stands."""

    stage = _Stage.STARTING
    pressed = False
    command = False


def _install() -> None:
    """Take over Ctrl-C if this process is one of the package's commands."""
    # While "python -m" still looks for the module that it is to run.
    modules = (word.removeprefix("-m").partition(".")[0] for word in sys.orig_argv)
    # The script "playground" of an installed package.
    script = (
        os.path.basename(sys.argv[0]) in ("playground", "playground.exe") if sys.argv else False
    )
    _Process.command = script or (sys.argv[:1] == ["-m"] and "playground" in modules)
    if _Process.command:
        # Refused outside of the main thread; a handler of somebody's own, or none, stays.
        with contextlib.suppress(ValueError):
            if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
                _signal.signal(_signal.SIGINT, _on_press)
                sys.unraisablehook = _unraisable


def is_command() -> bool:
    """Whether this process is one of the package's commands, and nobody else's."""
    return _Process.command


def pressed() -> bool:
    """Whether Ctrl-C was pressed in this process."""
    return _Process.pressed


def check() -> None:
    """Raise KeyboardInterrupt if one was swallowed, as some callbacks do."""
    if _Process.pressed:
        raise KeyboardInterrupt


class Raised:
    """Within it Ctrl-C raises KeyboardInterrupt; after it the process only has to end."""

    def __enter__(self) -> None:
        _Process.stage = _Stage.WORKING

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _Process.stage = _Stage.ENDING


def _on_press(number: int, frame: FrameType | None) -> None:
    _Process.pressed = True
    if _Process.stage == _Stage.WORKING:
        raise KeyboardInterrupt
    if _Process.stage == _Stage.STARTING:
        with contextlib.suppress(OSError):
            # The terminal has written ^C into the line.
            os.write(2, b"\ninterrupted\n")
        # Nothing is open yet, and an exception would become a traceback, or an ImportError.
        os._exit(INTERRUPTED)


def _unraisable(found: "sys.UnraisableHookArgs") -> None:
    # A finalizer or a callback was interrupted: check() raises it again elsewhere.
    if not isinstance(found.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(found)


_install()
