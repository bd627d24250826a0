"""What becomes of each NumPy function that meets a Variable; filled by the modules in ``rules``.

A function is *recorded* (a rule answers it), *constant* (its result has no gradient by nature, and
is computed on the arrays inside), *refused* (with the reason, and what to use instead) or *not
applicable* (it makes nothing of an array that could have a gradient). What stands nowhere, in a
NumPy newer than this table, is refused too.
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
# A function that makes arrays -> the rule for ``like=v``, which gets v ahead of the arguments.
CREATED: dict[Any, Rule] = {}
# A NumPy function -> why it has no rule and what to use instead, said of it: "is not …".
REFUSED: dict[Any, str] = {}
NOT_APPLICABLE: dict[Any, str] = {}


def answers(*functions: Any) -> Callable[[R], R]:
    """Decorator: the rule below answers these NumPy functions when they meet a Variable.

    A function that only some versions of NumPy have is given by its name.
    """

    def register(rule: R) -> R:
        for function in functions:
            function = find(function) if isinstance(function, str) else function
            if function is not None:
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
    _declare(REFUSED, names, f"is not differentiable here: {reason}")


def refuse_writing(names: str) -> None:
    """Declare functions, by names separated by spaces, that change an array in place."""
    _declare(REFUSED, names, WRITING)


WRITING = (
    "changes an array in place, which cannot be recorded: assign to elements of a Variable made "
    "with numpy.zeros(shape, like=v), or join parts with numpy.where or numpy.stack"
)


def _declare(table: dict[Any, str], names: str, text: str) -> None:
    table.update((f, text) for f in map(find, names.split()) if f is not None)


def not_applicable(names: str, reason: str) -> None:
    """Declare functions, by names separated by spaces, that have nothing to differentiate."""
    _declare(NOT_APPLICABLE, names, f"has nothing to differentiate: {reason}")


def full_name(function: Any) -> str:
    """``numpy.linalg.inv`` of a function; ``numpy.exp`` of a ufunc that is NumPy's own."""
    name = getattr(function, "__name__", str(function))
    if isinstance(function, np.ufunc):
        return f"numpy.{name}" if getattr(np, name, None) is function else f"the ufunc {name}"
    return f"{getattr(function, '__module__', None) or 'numpy'}.{name}"
