"""Arguments that a function or a rule does not have: what was meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from inspect import signature
from typing import Any, TypeVar

__all__ = ["knowing_its_arguments", "unknown_name"]

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


def knowing_its_arguments(function: F) -> F:
    """A function, or a class's ``__init__``, that says what an unknown keyword may have meant."""
    known = [name for name in signature(function).parameters if name != "self"]
    constructs = function.__name__ == "__init__"

    @wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        unknown = keywords.keys() - {*known}
        if unknown:
            name = type(args[0]).__name__ if constructs else function.__name__
            raise TypeError(_explained_slip(name, min(unknown), known, {} if constructs else MEANT))
        return function(*args, **keywords)

    return call  # type: ignore[return-value]


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
    # Not above, where every import of the lab would load it.
    from difflib import get_close_matches

    close = get_close_matches(name, known, 1, 0.6)
    meant = f"did you mean {close[0]!r}? It is" if close else "expected"
    return f"unknown {what} {name!r}: {meant} one of {', '.join(known)}"
