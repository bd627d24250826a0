"""The operands of a composition, brought together as those of one operation are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from playground.graph.errors import InvalidType, OperandError
from playground.graph.op import Op, as_raw
from playground.graph.types import Operand
from playground.graph.variable import Variable, as_variable


class Meeting(Op):
    """Casts and moves constants, under the name of the composition; computes nothing."""

    __slots__ = ("label",)
    label: str

    def __init__(self, label: str) -> None:
        self.label = label


class Promoting:
    """Mixed in ahead of the base of an operation whose Variables may have different precisions.

    As NumPy does, it computes in the widest; each gradient has its own operand's dtype.
    """

    __slots__ = ()

    def without_integers(self, inputs: Sequence[Any]) -> Sequence[Any]:
        """The inputs, where their dtypes differ: with a common one, if there is one."""
        inputs = super().without_integers(inputs)  # type: ignore[misc]
        dtypes = [x.dtype for x in inputs if isinstance(x, Variable)]
        if {dtype.kind for dtype in dtypes} not in ({"f"}, {"c"}):
            return inputs
        widest = np.result_type(*dtypes)
        return [x.astype(widest) if isinstance(x, Variable) else x for x in inputs]


def together(operation: str, *xs: Operand) -> list[Variable]:
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


def operator(function: Callable[..., Any], ufunc: np.ufunc, reflected: str = "") -> Any:
    """An operator's method, which leaves an operand that it does not know to that one's own.

    ``reflected`` names the other's method; '' is said of those methods themselves, where the other
    stands on the left and has had its turn.
    """

    def operate(self: Variable, other: Operand) -> Any:
        try:
            return function(self, other) if reflected else function(other, self)
        except OperandError:
            return turn_of(self, other, ufunc, reflected)

    return operate


def turn_of(self: Variable, other: Operand, ufunc: np.ufunc, reflected: str = "") -> Any:
    """What an operator answers while an OperandError is handled; or that error, once more."""
    # Python's own types know nothing, nor does a table: it would ask for the Variable's values.
    if type(other).__module__ in ("builtins", "decimal") or hasattr(other, "to_numpy"):
        raise
    if reflected and hasattr(type(other), reflected):
        return NotImplemented
    if getattr(other, "__array_ufunc__", None) is None:
        raise
    return ufunc(self, other) if reflected else ufunc(other, self)


def real_only(operation: str, *xs: Operand) -> None:
    """Refuse complex operands where the operation is not holomorphic.

    The gradient of a complex Variable is the complex derivative, which exists for holomorphic
    operations alone; a conjugate or an absolute value inside has none.
    """
    for x in xs:
        dtype = getattr(x, "dtype", None)
        if dtype is not None and dtype.kind == "c":
            raise InvalidType(
                operation,
                "real operands",
                f"dtype {dtype}",
                "It is not holomorphic: differentiate it as a function of real and imaginary part.",
            )
