"""The operands of a composition, brought together as those of one operation are."""

from __future__ import annotations

from typing import Any

import numpy as np

from playground.graph.backend import as_array
from playground.graph.errors import InvalidType
from playground.graph.op import Op, as_raw
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


def eye_like(matrix: Any, n: int | None = None) -> Any:
    """The identity of n rows (default: of the last axis), a plain array as ``matrix`` holds.

    Made of a comparison, for ``numpy.eye(…, like=…)`` hands arguments on that CuPy lacks.
    """
    array = as_array(as_raw(matrix))
    column = np.arange(array.shape[-1] if n is None else n, like=array)
    return (column.reshape((-1, 1)) == column).astype(array.dtype)


def real_only(operation: str, *xs: Any) -> None:
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
