"""What a recording writes down: the array calls of one pass, in their order.

Every call is carried out as it is written down, by NumPy on the numbers themselves: what is being
recorded has its usual result, once, whether the recording comes to something or not. What cannot be
repeated from the list alone (a value that was read as a Python number, a shape that depends on
values) ends the attempt: ``failed`` says why, and the pass goes on with plain arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from playground.graph.nonfinite import call_site
from playground.graph.types import DType, HostArray, Shape

__all__ = ["Call", "Slot", "Trace", "loop_dtypes"]


class Slot:
    """A value that every run computes anew: its number, shape, dtype and strides."""

    __slots__ = ("dtype", "number", "shape", "strides")

    def __init__(self, number: int, array: HostArray) -> None:
        self.number = number
        self.shape, self.dtype, self.strides = array.shape, array.dtype, array.strides

    @property
    def form(self) -> tuple[Shape, DType, Shape]:
        """What two slots must share to be the same place of two recordings."""
        return self.shape, self.dtype, self.strides

    def __repr__(self) -> str:
        return f"v{self.number}"


# What a call reads: the slot of what a run has computed before, or an array that is the same in
# all runs.
Source: TypeAlias = Any


class Call(NamedTuple):
    """One array call; ``kind`` is that of a step (``steps.Step``), or ``"view"``.

    A view is ``function(array, *extra)``, and shares the memory of its input. In what is called
    back in Python ``extra`` holds the arguments, with a :class:`Hole` where an input belongs.
    """

    kind: str
    function: Any
    inputs: tuple[Source, ...]
    outputs: tuple[Slot, ...]
    extra: Any = None


class Trace:
    """The calls of one recording.

    Attributes:
        calls: what was written down.
        failed: why the recording came to nothing, or "".
        closed: whether it is over; what is left of its arrays then computes without it.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.failed = ""
        self.closed = False
        # Weak references to what has been handed out, to see what somebody keeps.
        self.given: list[Any] = []
        self._count = 0

    @property
    def is_writing(self) -> bool:
        return not (self.closed or self.failed)

    def fail(self, reason: str) -> None:
        """End the attempt, naming the line of the user's code that led here."""
        if self.is_writing:
            site = call_site()
            self.failed = reason if site is None else f"{reason} ({site})"

    @property
    def is_kept(self) -> bool:
        """Whether an array of the recording is still held by somebody."""
        return any(reference() is not None for reference in self.given)

    def slot(self, array: HostArray) -> Slot:
        """A new slot for values such as ``array``."""
        self._count += 1
        return Slot(self._count - 1, array)

    def write(
        self,
        kind: str,
        function: Any,
        inputs: Sequence[Source],
        results: Sequence[HostArray],
        extra: Any = None,
    ) -> tuple[Slot, ...]:
        """Note a call that had these results. Returns their slots."""
        slots = tuple(self.slot(array) for array in results)
        self.calls.append(Call(kind, function, tuple(inputs), slots, extra))
        return slots

    def cast(self, source: Source, array: HostArray, dtype: DType) -> Source:
        """``source``, whose values are ``array``, in another dtype, as NumPy casts operands."""
        if array.dtype == dtype:
            return source
        cast = array.astype(dtype)
        return self.write("assign", None, (source,), [cast])[0] if type(source) is Slot else cast


@lru_cache(maxsize=4096)
def loop_dtypes(ufunc: np.ufunc, operands: tuple[Any, ...]) -> tuple[DType, ...]:
    """The dtypes of the loop that a ufunc takes for operands of these dtypes.

    Python's ``int``, ``float`` and ``complex`` stand for numbers of Python, which adapt.
    """
    return ufunc.resolve_dtypes((*operands, *(None,) * ufunc.nout))
