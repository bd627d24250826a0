"""What becomes of each NumPy function that meets a Variable; filled by the modules in ``rules``.

A function is *recorded* (a rule answers it), *constant* (its result has no gradient by nature, and
is computed on the arrays inside) or *refused* (with the reason, and what to use instead). What
stands nowhere is refused too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

Rule = Callable[..., Any]
R = TypeVar("R", bound=Rule)

# A NumPy function, or (ufunc, method) -> the rule that records it, with the function's signature.
RECORDED: dict[Any, Rule] = {}
CONSTANT: set[Any] = set()
# A NumPy function -> why it has no rule and what to use instead, as the end of a sentence.
REFUSED: dict[Any, str] = {}


def answers(*functions: Any) -> Callable[[R], R]:
    """Decorator: the rule below answers these NumPy functions when they meet a Variable."""

    def register(rule: R) -> R:
        for function in functions:
            RECORDED[function] = rule
        return rule

    return register


def find(name: str) -> Any:
    """The function of a dotted name below ``numpy``, or None in a NumPy that lacks it."""
    found: Any = np
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def constant(names: str) -> None:
    """Declare functions, by names separated by spaces, whose results have no gradient."""
    CONSTANT.update(f for f in map(find, names.split()) if f is not None)


def refuse(names: str, reason: str) -> None:
    """Declare functions, by names separated by spaces, that raise with ``reason``."""
    for function in map(find, names.split()):
        if function is not None:
            REFUSED[function] = reason


def full_name(function: Any) -> str:
    """``numpy.linalg.inv`` of a function; ``numpy.exp`` of a ufunc."""
    module = getattr(function, "__module__", None) or "numpy"
    return f"{module}.{getattr(function, '__name__', function)}"
