"""Which rule answers which NumPy function: filled by the modules in ``rules``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Rule = Callable[..., Any]
R = TypeVar("R", bound=Rule)

# NumPy function or ufunc -> the rule that records it, with the function's own signature.
RECORDED: dict[Any, Rule] = {}


def answers(*functions: Any) -> Callable[[R], R]:
    """Decorator: the rule below answers these NumPy functions when they meet a Variable."""

    def register(rule: R) -> R:
        for function in functions:
            RECORDED[function] = rule
        return rule

    return register
