"""A program: the calls of a recording that its outputs and guards need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from playground.graph.types import HostArray
from playground.interpreters.recording.trace import Call, Slot, Source, Trace

__all__ = ["Program", "difference"]


@dataclass(frozen=True, eq=False)
class Program:
    """A flat list of array calls.

    Attributes:
        inputs: the slots that a run is given arrays for.
        calls: in the order in which they are carried out.
        outputs: what a run returns; some may be inputs or constants.
    """

    inputs: tuple[Slot, ...]
    calls: tuple[Call, ...]
    outputs: tuple[Source, ...]

    @classmethod
    def of(cls, trace: Trace, inputs: Sequence[Slot], outputs: Sequence[Source]) -> Program:
        """What is needed of a trace for these outputs, and for its guards."""
        known, others = _without_twins(trace.calls)
        outputs = [
            known.get(source, source) if type(source) is Slot else source for source in outputs
        ]
        needed = {source for source in outputs if type(source) is Slot}
        calls = []
        for call in reversed(others):
            if not call.outputs or not needed.isdisjoint(call.outputs):
                calls.append(call)
                needed.update(source for source in call.inputs if type(source) is Slot)
        return cls(tuple(inputs), tuple(reversed(calls)), tuple(outputs))

    @cached_property
    def guards(self) -> int:
        """How many conditions are checked."""
        return sum(call.kind == "guard" for call in self.calls)

    def source(self) -> str:
        """The program as straight-line Python, to be read."""
        from playground.interpreters.recording.homes import Homes
        from playground.interpreters.recording.source import program_text

        return program_text(Homes(self))


def _without_twins(calls: Sequence[Call]) -> tuple[dict[Slot, Slot], list[Call]]:
    """The calls without those of a ufunc on what it was called on before; what stands for what.

    Two watched values may begin with the same decomposition.
    """
    known: dict[Slot, Slot] = {}
    first: dict[Any, Call] = {}
    kept = []
    for call in calls:
        inputs = tuple(known.get(x, x) if type(x) is Slot else x for x in call.inputs)
        call = call._replace(inputs=inputs)
        key = call.function, *(id(x) for x in inputs)
        twin = first.setdefault(key, call) if call.kind == "ufunc" else call
        if twin is call:
            kept.append(call)
        else:
            known.update(zip(call.outputs, twin.outputs, strict=True))
    return known, kept


def difference(one: Program, other: Program) -> str:
    """Where two recordings of one step differ, "" if they are the same program.

    Constants are compared bit by bit: fresh random numbers, or a counter, are others each time.
    """
    if len(one.calls) != len(other.calls):
        return f"{len(one.calls)} calls, then {len(other.calls)}"
    if [x.form for x in one.inputs] != [x.form for x in other.inputs]:
        return "the arguments are of other forms"
    numbers = dict(zip(one.inputs, other.inputs, strict=True))
    for i, (a, b) in enumerate(zip(one.calls, other.calls, strict=True)):
        alike = a.kind == b.kind and a.function == b.function and _equal_arguments(a.extra, b.extra)
        if not alike or len(a.inputs) != len(b.inputs) or len(a.outputs) != len(b.outputs):
            return f"call {i + 1}, {_call_name(a)}, then {_call_name(b)}"
        if not all(_same_source(x, y, numbers) for x, y in zip(a.inputs, b.inputs, strict=True)):
            return f"call {i + 1}, {_call_name(a)}, reads other numbers that are no arguments"
        for x, y in zip(a.outputs, b.outputs, strict=True):
            if x.form != y.form:
                return f"call {i + 1}, {_call_name(a)}, returns {x.form}, then {y.form}"
            numbers[x] = y
    if not all(
        _same_source(x, y, numbers) for x, y in zip(one.outputs, other.outputs, strict=True)
    ):
        return "the outputs are others"
    return ""


def _call_name(call: Call) -> str:
    return getattr(call.function, "__name__", call.kind)


def _same_source(one: Source, other: Source, numbers: dict[Slot, Slot]) -> bool:
    if type(one) is Slot or type(other) is Slot:
        return type(one) is Slot and numbers.get(one) is other
    return _same_array(one, other)


def _same_array(one: HostArray, other: HostArray) -> bool:
    if one is other:
        return True
    same = (one.dtype, one.shape, one.strides) == (other.dtype, other.shape, other.strides)
    return same and one.tobytes() == other.tobytes()


def _equal_arguments(one: Any, other: Any) -> bool:
    """Whether the arguments of two calls are equal, arrays among them."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return _same_array(one, other)
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(
            _equal_arguments(one[key], other[key]) for key in one
        )
    if isinstance(one, (tuple, list)):
        pairs = zip(one, other, strict=False)
        return len(one) == len(other) and all(_equal_arguments(*pair) for pair in pairs)
    return bool(one == other)
