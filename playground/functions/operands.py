"""The operands of a composition, brought together as those of one operation are."""

from __future__ import annotations

from typing import Any

from playground.graph.function_node import Op, as_raw
from playground.graph.variable import Variable, as_variable


class Meeting(Op):
    """Casts and moves constants, under the name of the composition; computes nothing."""

    __slots__ = ("label",)
    label: str

    def __init__(self, label: str) -> None:
        self.label = label


def together(operation: str, *xs: Any) -> list[Variable]:
    """All operands as Variables, constants in the dtype and the array type of the first Variable.

    Raises InvalidType, in the name of ``operation``, for constants that do not fit.
    """
    first = next((x for x in xs if isinstance(x, Variable)), None)
    if first is None:
        return [as_variable(as_raw(x)) for x in xs]
    meeting = Meeting(operation)
    return [
        x if isinstance(x, Variable) else as_variable(meeting.constant(x, first, first.dtype))
        for x in xs
    ]
