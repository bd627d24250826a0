"""What runs the steps of a program: the tape where it is compiled, else generated Python."""

from __future__ import annotations

from typing import Any

from playground.interpreters.recording.source import Generated

__all__ = ["runner"]


def runner(wanted: str = "auto") -> tuple[str, Any]:
    """The name of what is to run steps, and what makes a run of phases of them."""
    if wanted == "python":
        return "python", Generated
    from playground.interpreters.recording.core import compiled
    from playground.interpreters.recording.tape import Tape

    # Of the tape's two cores the one in Python serves its tests; generated code is twice as fast.
    return ("tape", Tape) if compiled() is not None else ("python", Generated)
