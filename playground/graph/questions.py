"""Who asks what a Variable is: its answer is not that of the number it stands for.

``isinstance(x, float)``, ``numpy.isscalar(x)``, ``x.__class__`` and ``match`` are answered by the
type of the object, which no protocol lets a Variable choose for itself. What can be known is that
code outside of the package has asked: Python looks up ``__class__`` where the type itself is not
the one asked for. A transform looks at the notes after it has called a user's function.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from types import CodeType, FrameType
from typing import NamedTuple

__all__ = ["QUESTIONS", "Answering", "Place", "asked_since"]

# Modules through which isinstance goes on its way here.
_BETWEEN = ("abc", "_py_abc", "typing")
_NUMPY_ASKS = ("isscalar",)


class Place(NamedTuple):
    """Where a question was asked."""

    code: CodeType
    line: int

    @property
    def text(self) -> str:
        """As errors tell of it."""
        return f"{self.code.co_name}, {os.path.basename(self.code.co_filename)}:{self.line}"


class Questions:
    """The newest questions in the process, and how many there were: a clock for those who look."""

    def __init__(self) -> None:
        self.count = 0
        self.newest: deque[Place] = deque(maxlen=32)


QUESTIONS = Questions()


def asked_since(moment: int) -> tuple[Place, ...]:
    """The places that have asked since their count was that, each once; the newest of many."""
    new = QUESTIONS.count - moment
    if not new:
        return ()
    return tuple(dict.fromkeys(list(QUESTIONS.newest)[-new:]))


def _note(frame: FrameType | None) -> None:
    """Remember a question, unless the package or NumPy asks for reasons of its own."""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith("playground."):
            return
        if module.startswith("numpy."):
            if frame.f_code.co_name not in _NUMPY_ASKS:
                return
        elif module not in _BETWEEN:
            break
        frame = frame.f_back
    if frame is not None:
        QUESTIONS.newest.append(Place(frame.f_code, frame.f_lineno))
        QUESTIONS.count += 1


class Answering:
    """What is asked for its type, or its hash, notes it and answers as ever."""

    __slots__ = ()

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        _note(sys._getframe(1))
        return type(self)

    def __hash__(self) -> int:
        # A number finds its equal in a set or among the keys of a dict, a Variable itself alone.
        _note(sys._getframe(1))
        return object.__hash__(self)
