"""Where the values of a program live: one array each, for as long as the program does.

A view of a value is a real view of its array, made once. What is read for the last time gives its
memory to what is made next, so that a step of a large matrix needs few arrays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from playground.graph.types import HostArray, Shape
from playground.interpreters.recording.program import Program
from playground.interpreters.recording.recorded import with_arrays
from playground.interpreters.recording.steps import Step
from playground.interpreters.recording.trace import Call, Slot, Source

__all__ = ["Homes", "like"]


def like(slot: Slot) -> HostArray:
    """A new array in the form of a slot: its axes in memory in the order of its strides."""
    if slot.strides and 0 not in slot.shape:
        order = sorted(range(len(slot.shape)), key=lambda i: -abs(slot.strides[i]))
        shape = [slot.shape[i] for i in order]
        array = np.empty(shape, slot.dtype).transpose(np.argsort(order))
        if array.strides == slot.strides:
            return array
    return np.empty(slot.shape, slot.dtype)


class Spot(NamedTuple):
    """What decides whether one array can take the place of another."""

    shape: Shape
    dtype: Any
    strides: Shape


class Homes:
    """A program's arrays, and its calls as steps on them.

    Args:
        program: what is to be laid out.
        inputs: the arrays of its inputs, made anew where there are none.
        outputs: the arrays that outputs are to be written to, by number.
        shared: memory of another layout of the same program, whose steps never run at one time.
    """

    def __init__(
        self,
        program: Program,
        inputs: Sequence[HostArray] | None = None,
        outputs: Mapping[int, HostArray] | None = None,
        shared: Homes | None = None,
    ) -> None:
        self.program = program
        self.inputs = [like(x) for x in program.inputs] if inputs is None else [*inputs]
        self.arrays: dict[Slot, HostArray] = dict(zip(program.inputs, self.inputs, strict=True))
        self.steps: list[Step] = []
        self._roots: dict[Slot, Slot] = {slot: slot for slot in program.inputs}
        self._free: defaultdict[Spot, list[HostArray]] = defaultdict(list)
        self.made: list[HostArray] = []
        if shared is not None:
            for array in shared.made:
                self._free[_spot_of(array)].append(array)
        self._wanted = self._wanted_places({} if outputs is None else outputs)
        self._ends = self._last_uses()
        for number, call in enumerate(program.calls):
            self._lay_out(number, call)
        self.outputs = [self._of(x) for x in program.outputs]
        for number, array in (outputs or {}).items():
            self._deliver(self.outputs[number], array)

    # ------------------------------------------------------------------------------- memory

    def _wanted_places(self, outputs: Mapping[int, HostArray]) -> dict[Slot, HostArray]:
        """Arrays that values are computed into right away, where that is where they are to go."""
        found: dict[Slot, HostArray] = {}
        makers = {slot: call for call in self.program.calls for slot in call.outputs}
        for number, array in outputs.items():
            source = self.program.outputs[number]
            if type(source) is Slot and source not in found:
                call = makers.get(source)
                if call is not None and call.kind != "view" and source.strides == array.strides:
                    found[source] = array
        return found

    def _last_uses(self) -> dict[int, list[Slot]]:
        """The values that are read for the last time by each call; outputs never are."""
        roots, last = self._roots, dict[Slot, int]()
        for number, call in enumerate(self.program.calls):
            for source in call.inputs:
                if type(source) is Slot:
                    last[roots[source]] = number
            for slot in call.outputs:
                first = call.inputs[0] if call.inputs else None
                looks = call.kind == "view" and type(first) is Slot
                roots[slot] = roots[first] if looks else slot  # type: ignore[index]
                last.setdefault(roots[slot], number)
                last[roots[slot]] = max(last[roots[slot]], number)
        kept = {roots[x] for x in self.program.outputs if type(x) is Slot}
        kept.update(self.program.inputs)
        ends: dict[int, list[Slot]] = defaultdict(list)
        for slot, number in last.items():
            if slot not in kept and slot not in self._wanted:
                ends[number].append(slot)
        return ends

    def _new(self, slot: Slot) -> HostArray:
        """An array for a value: where it is to go, one that is free, or a new one."""
        if slot in self._wanted:
            return self._wanted[slot]
        free = self._free.get(Spot(*slot.form))
        if free:
            return free.pop()
        array = like(slot)
        self.made.append(array)
        return array

    def _of(self, source: Source) -> HostArray:
        return self.arrays[source] if type(source) is Slot else source

    # -------------------------------------------------------------------------------- steps

    def _lay_out(self, number: int, call: Call) -> None:
        inputs = tuple(map(self._of, call.inputs))
        ending = self._ends.get(number, [])
        if call.kind == "view":
            (slot,) = call.outputs
            self.arrays[slot] = call.function(inputs[0])
        else:
            # An elementwise loop may write over what it reads for the last time, in one place.
            early = [slot for slot in ending if self._can_be_written_over(slot, call)]
            self._release(early)
            outputs = tuple(map(self._new, call.outputs))
            self.arrays.update(zip(call.outputs, outputs, strict=True))
            self._add(call, inputs, outputs)
            ending = [slot for slot in ending if slot not in early]
        self._release(ending)

    def _can_be_written_over(self, slot: Slot, call: Call) -> bool:
        if call.kind == "put":
            return (
                slot is call.inputs[0]
                and slot.form == call.outputs[0].form
                and (call.outputs[0] not in self._wanted)
            )
        if call.kind != "ufunc" or call.function.signature is not None or slot in call.outputs:
            return False
        # All that the call reads of this memory lies as its output will lie.
        output = call.outputs[0]
        reading = [x for x in call.inputs if type(x) is Slot and self._roots[x] is slot]
        return len(call.outputs) == 1 and all(x.form == output.form for x in reading)

    def _release(self, slots: Iterable[Slot]) -> None:
        for slot in slots:
            array = self.arrays[slot]
            self._free[_spot_of(array)].append(array)

    def _add(
        self, call: Call, inputs: tuple[HostArray, ...], outputs: tuple[HostArray, ...]
    ) -> None:
        kind, add = call.kind, self.steps.append
        if kind == "put":
            before, value = inputs
            if before is not outputs[0]:
                add(Step("assign", None, (before,), outputs))
            add(Step("put", None, (value,), outputs, call.extra))
        elif kind == "concatenate":
            self._join(inputs, outputs[0], call.extra)
        elif kind == "python":
            function = call_again(call, len(inputs))
            add(Step("python", function, inputs, outputs, call.function))
        else:
            add(Step(kind, call.function, inputs, outputs, call.extra))

    def _join(self, parts: Sequence[HostArray], whole: HostArray, axis: int) -> None:
        begin = 0
        for part in parts:
            end = begin + part.shape[axis]
            place = whole[(slice(None),) * axis + (slice(begin, end),)]
            self.steps.append(Step("assign", None, (part,), (place,)))
            begin = end

    def _deliver(self, array: HostArray, place: HostArray) -> None:
        if array is not place:
            self.steps.append(Step("assign", None, (array,), (place,)))


def _spot_of(array: HostArray) -> Spot:
    return Spot(array.shape, array.dtype, array.strides)


class OtherShapeError(Exception):
    """A call that is repeated returned another shape than when it was recorded."""


def call_again(call: Call, count: int) -> Callable[..., None]:
    """A function of inputs and outputs that repeats a call of NumPy's in Python."""
    args, kwargs = call.extra

    def repeat(*arrays: HostArray) -> None:
        read, written = arrays[:count], arrays[count:]
        result = call.function(*with_arrays(args, read), **with_arrays(kwargs, read))
        results = result if isinstance(result, (tuple, list)) else (result,)
        for place, array in zip(written, results, strict=True):
            if np.shape(array) != place.shape:
                raise OtherShapeError(getattr(call.function, "__name__", "a call"))
            place[...] = array

    return repeat
