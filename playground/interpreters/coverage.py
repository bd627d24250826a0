"""Which NumPy functions are differentiable, constant, refused or not applicable: the whole list.

``python -m playground.interpreters.coverage`` prints it as Markdown for the running NumPy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

import playground.interpreters.rules  # noqa: F401 (fills the registry)
from playground.functions.registry import (
    CONSTANT,
    CREATED,
    NOT_APPLICABLE,
    RECORDED,
    REFUSED,
    NumpyFunction,
    numpy_function,
)

# Every public function of these versions is decided; on a newer one, what is not is refused.
VERSIONS = ("2.0", "2.1", "2.2", "2.3", "2.4", "2.5")
MODULES = ("", "linalg", "fft")
STATES = {
    "recorded": "has a rule: the result is a Variable in the graph, differentiable twice and more",
    "constant": "has no gradient by nature; an array comes out, or a Variable that needs none",
    "refused": "raises TypeError, which says why and what to use instead",
    "not applicable": "makes nothing of an array that could have a gradient",
}
UNDECIDED = "undecided"


def version() -> str:
    """The running NumPy as major.minor."""
    return ".".join(np.__version__.split(".")[:2])


def public_names() -> Iterator[str]:
    """Every public function, by its name below ``numpy``; types and modules are none."""
    for module in MODULES:
        prefix = f"{module}." if module else ""
        for name in sorted((numpy_function(module) if module else np).__all__):
            function = numpy_function(prefix + name)
            if name[0] != "_" and callable(function) and not isinstance(function, type):
                yield prefix + name


def state(function: NumpyFunction) -> tuple[str, str]:
    """The state of a function and, where there is one, the reason."""
    if function in RECORDED:
        return "recorded", ""
    if function in CREATED:
        return "constant", "with `like=v`"
    if function in CONSTANT:
        return "constant", ""
    for name, table in (("refused", REFUSED), ("not applicable", NOT_APPLICABLE)):
        if function in table:
            return name, table[function]
    return UNDECIDED, ""


def table() -> dict[str, tuple[str, str]]:
    """State and reason of every public function of the running NumPy."""
    return {name: state(numpy_function(name)) for name in public_names()}


def contradictions() -> list[str]:
    """Functions that stand in more than one state."""
    tables = (RECORDED, CREATED, CONSTANT, REFUSED, NOT_APPLICABLE)
    return [name for name in public_names() if sum(numpy_function(name) in t for t in tables) > 1]


def markdown() -> str:
    """The list as a Markdown page."""
    found = table()
    counts = Counter(name for name, _ in found.values())
    lines = [
        f"# NumPy {version()} on Variables",
        "",
        "Made by `python -m playground.interpreters.coverage`. The list is complete for NumPy "
        f"{VERSIONS[0]} to {VERSIONS[-1]}.",
        "",
        "| state | functions | |",
        "|---|---:|---|",
        *(f"| {key} | {counts[key]} | {meaning} |" for key, meaning in STATES.items()),
        f"| all | {len(found)} | |",
    ]
    for key in (*STATES, UNDECIDED):
        # Of a state the functions of one reason stand together: many share it.
        groups: dict[str, list[str]] = {}
        for name, (its_state, reason) in found.items():
            if its_state == key:
                groups.setdefault(reason, []).append(f"`{name}`")
        if groups:
            lines.extend(["", f"## {key}", ""])
        for reason, members in groups.items():
            lines.append(f"- {', '.join(members)}{f': {reason}' if reason else ''}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(markdown(), end="")
