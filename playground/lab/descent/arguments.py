"""Arguments that a function or a rule does not have: what was meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields
from functools import wraps
from inspect import signature
from math import isfinite
from typing import Any, TypeVar

import numpy as np

from playground.graph.errors import nearest
from playground.lab.meant import CALLED

__all__ = ["as_typed", "knowing_its_arguments", "make_parts", "unknown_name"]

F = TypeVar("F", bound=Callable[..., Any])

# What other libraries call it, or what is a part of another argument -> what to write.
MEANT = {
    "bound": "bounds=",
    "callback": "progress=, or watch= for values to log",
    "iterations": "stop=playground.lab.descent.MaxSteps(…)",
    "lr": "rule=Constant(…), or rule=Adam(lr=…)",
    "max_iter": "stop=playground.lab.descent.MaxSteps(…)",
    "max_seconds": "stop=playground.lab.descent.MaxSeconds(…)",
    "max_steps": "stop=playground.lab.descent.MaxSteps(…)",
    "maxiter": "stop=playground.lab.descent.MaxSteps(…)",
    "method": "rule=",
    "options": "the arguments of the rule, as in rule=LBFGS(memory=5)",
    "seed": "rng=",
    "step_size": "rule=Constant(…), or another rule's first argument",
    "steps": "stop=playground.lab.descent.MaxSteps(…)",
    "tol": "stop=playground.lab.descent.Below(…)",
    "x0": "start=",
}


# The same of the settings of a rule, a stop rule or a restart.
PARTS = {
    **dict.fromkeys(("lr", "learning_rate", "rate", "eta", "alpha"), ("alpha", "step", "initial")),
    **dict.fromkeys(("step_size", "size", "initial", "step"), ("initial", "step", "alpha")),
    **dict.fromkeys(("steps", "max_steps", "seconds", "max_seconds", "n", "count"), ("limit",)),
    **dict.fromkeys(("tolerance", "threshold", "eps", "value", "gtol"), ("tol",)),
    **dict.fromkeys(("history", "history_size", "m", "maxcor"), ("memory",)),
    **dict.fromkeys(("min", "smallest", "min_step"), ("minimum",)),
}


def knowing_its_arguments(function: F) -> F:
    """A function, or a class's ``__init__``, that says what an unknown keyword may have meant.

    NumPy's scalars become Python's numbers for a class, which keeps them.
    """
    known = [name for name in signature(function).parameters if name != "self"]
    constructs = function.__name__ == "__init__"

    @wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        unknown = keywords.keys() - {*known}
        if unknown:
            name = type(args[0]).__name__ if constructs else function.__name__
            meant = _parts(known) if constructs else MEANT
            raise TypeError(_explained_slip(name, min(unknown), known, meant))
        if constructs:
            args = tuple(map(_of_python, args))
            keywords = {name: _of_python(value) for name, value in keywords.items()}
        return function(*args, **keywords)

    return call  # type: ignore[return-value]


def _parts(known: Sequence[str]) -> dict[str, str]:
    """What others call the settings of a part, of which it has one."""
    words = ((word, name) for word, names in PARTS.items() for name in names if name in known)
    return {word: f"{name}=" for word, name in words}


def _of_python(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def make_parts(*classes: type) -> None:
    """Let dataclasses, the parts of a descent, know their arguments and say how they are typed."""
    # Called below their bodies, over which a dataclass gets these methods.
    for part in classes:
        setattr(part, "__init__", knowing_its_arguments(part.__init__))  # type: ignore[misc]
        setattr(part, "__repr__", as_typed)


def as_typed(part: Any) -> str:
    """A rule, a stop rule or a restart as it could be typed, without what is the default."""
    given = []
    for item in fields(part):
        value = getattr(part, item.name)
        if item.init and (item.default is MISSING or value != item.default):
            given.append(f"{item.name}={_typed(value)}")
    return f"{type(part).__name__}({', '.join(given)})"


def _typed(value: Any) -> str:
    if isinstance(value, float) and not isfinite(value):
        return f"float('{value}')"
    return getattr(value, "__name__", "") or repr(value)


def _explained_slip(function: str, unknown: str, known: list[str], meant: dict[str, str]) -> str:
    # Not above, where every import of the lab would load it.
    from difflib import get_close_matches

    close = get_close_matches(unknown, known, 1, 0.6)
    cure = meant.get(unknown) or (f"{close[0]}=" if close else "")
    if cure:
        return f"{function}: there is no argument {unknown!r}: did you mean {cure}?"
    return f"{function}: there is no argument {unknown!r}: it takes {', '.join(known) or 'none'}"


def unknown_name(what: str, name: str, known: Sequence[str]) -> str:
    """What is wrong with the name of a rule or a restart, and which may have been meant."""
    close = nearest(name, known, CALLED)
    meant = f"did you mean {close!r}? It is" if close else "expected"
    return f"unknown {what} {name!r}: {meant} one of {', '.join(known)}"
