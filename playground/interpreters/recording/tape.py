"""The tape: steps run again and again at the machine's speed, with the bits of NumPy's own calls.

A step is *lowered* to instructions for ``playground/_tape.c``: which inner loop, on which arrays,
along which axes. NumPy's iterator is asked for the axes, so their order, and with it the order of
every sum, is NumPy's. No loop is trusted: the first time that one is met on some layout it is
compared, bit for bit, with NumPy's call on other data of that very layout. What has no loop, or
another bit, is called back in Python.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from playground.graph.errors import PlaygroundError
from playground.graph.types import Function, HostArray, Index, Shape
from playground.interpreters.recording.core import compiled
from playground.interpreters.recording.steps import KINDS, Ended, Step, performed

__all__ = ["Tape"]

CAUSES = ("count", "time", "guard", "halt")


class Tape:
    """Phases of steps; iteration i of a run carries out one phase, in turn, on its row of the log.

    It holds every array it works on. ``called_back`` names what is called back in Python, and why.
    Floating-point warnings are off while it runs.
    """

    def __init__(self, phases: Sequence[Sequence[Step]]) -> None:
        self.phases = tuple(tuple(phase) for phase in phases)
        self.called_back: list[str] = []
        steps = [step for phase in self.phases for step in phase]
        if not self.phases:
            raise PlaygroundError("Tape: expected one phase at least, came none: pass [[step, …]]")
        for step in steps:
            _refuse_nonsense(step)
        self._rows = min((len(step.outputs[0]) for step in steps if step.kind == "log"), default=-1)
        extension = compiled()
        self._run: Running
        if extension is None:
            self._run = _interpreted(self.phases, self._rows)
            self._calls_python = True
        else:
            lowering = _Lowering(extension.Program, self.called_back)
            lowered = tuple(lowering.phase(phase) for phase in self.phases)
            self._run = extension.Program(lowered, self._rows).run
            self._calls_python = any(one[0] == PYTHON for phase in lowered for one in phase)

    def run(self, count: int, row: int = 0, phase: int = 0, seconds: float = 0.05) -> Ended:
        """At most ``count`` iterations, for about ``seconds``, the first one with ``phase``."""
        if self._calls_python:
            with np.errstate(all="ignore"):
                ended = self._run(count, row, phase, seconds)
        else:
            # There is nothing that could warn, and errstate takes as long as a small step.
            ended = self._run(count, row, phase, seconds)
        if ended is None:
            raise self._refusal(count, row, phase)
        done, cause, at = ended
        return Ended(done, CAUSES[cause], at)

    def _refusal(self, count: int, row: int, phase: int) -> PlaygroundError:
        """Why it did not run."""
        if min(count, row, phase) < 0:
            numbers = f"count={count}, row={row}, phase={phase}"
            return PlaygroundError(f"Tape.run: expected no negative number, came {numbers}")
        if 0 <= self._rows < row + count:
            return PlaygroundError(
                f"Tape.run: rows {row} to {row + count} do not fit into a log of {self._rows} "
                "rows: run fewer, or begin at an earlier row"
            )
        return PlaygroundError(
            "Tape.run: this tape is running already, in another thread or further up in this one: "
            "its arrays are its own, so make a tape for each"
        )


def _refuse_nonsense(step: Step) -> None:
    """What no run could make up for."""
    if step.kind not in KINDS:
        raise PlaygroundError(f"Tape: expected one of {', '.join(KINDS)}, came {step.kind!r}")
    for array in (*step.inputs, *step.outputs):
        if not isinstance(array, np.ndarray):
            raise PlaygroundError(f"Tape: {step.kind} takes arrays, came {type(array).__name__}")
    if step.kind in ("guard", "halt"):
        (flag,) = step.inputs
        if flag.dtype != bool or flag.size != 1:
            raise PlaygroundError(
                f"Tape: {step.kind} takes one boolean, came {_dtype_and_shape(flag)}"
            )
    if step.kind == "log":
        (x,), (rows,) = step.inputs, step.outputs
        room = rows[:1].size if len(rows) else x.size
        if rows.dtype != x.dtype or room != x.size or not rows.flags.c_contiguous:
            raise PlaygroundError(
                f"Tape: a log of {_dtype_and_shape(x)} cannot be {_dtype_and_shape(rows)}"
            )
        if x.dtype.hasobject or x.dtype.itemsize not in (1, 2, 4, 8, 16):
            raise PlaygroundError(f"Tape: no log of dtype {x.dtype}")


def _dtype_and_shape(array: HostArray) -> str:
    return f"{array.dtype} of shape {array.shape}"


# ------------------------------------------------------------------------------ in Python


# As Program.run of the extension: (count, row, phase, seconds) -> (done, cause, step), or None.
Running = Callable[[int, int, int, float], tuple[int, int, int] | None]


def _interpreted(phases: Sequence[Sequence[Step]], rows: int) -> Running:
    """The steps as they stand: slow, but right."""
    busy = threading.Lock()
    calls = [[(step.kind == "halt", performed(step)) for step in phase] for phase in phases]

    def run(count: int, row: int, phase: int, seconds: float) -> tuple[int, int, int]:
        end = time.monotonic() + seconds
        for done in range(count):
            halted = -1
            for at, (halts, call) in enumerate(calls[(phase + done) % len(calls)]):
                if not call(row + done):
                    if not halts:
                        return done, 2, at
                    halted = at if halted < 0 else halted
            if halted >= 0:
                return done + 1, 3, halted
            if done + 1 < count and time.monotonic() >= end:
                return done + 1, 1, -1
        return count, 0, -1

    def run_alone(count: int, row: int, phase: int, seconds: float) -> tuple[int, int, int] | None:
        full = 0 <= rows < row + count
        if min(count, row, phase) < 0 or full or not busy.acquire(blocking=False):
            return None
        try:
            return run(count, row, phase, seconds)
        finally:
            busy.release()

    return run_alone


# ------------------------------------------------------------------------------ lowering


class _NoLoop(Exception):  # noqa: N818 (a question answered, no error)
    """Why a step cannot be a loop."""


# Of the enumeration in _tape.c.
LOOP, LOG, PYTHON, GUARD, HALT = range(5)
# (kind, number of its step, ufunc or loop or callable, arrays, a number), as make_op reads them.
Instruction = tuple[int, int, Any, tuple[HostArray, ...], int]
# A loop and the arrays along whose axes it runs.
Nest = tuple[Function, tuple[HostArray, ...]]


class _Lowering:
    """Makes instructions of steps."""

    def __init__(self, program: Callable[..., Any], called_back: list[str]) -> None:
        self.program, self.called_back = program, called_back

    def phase(self, steps: Sequence[Step]) -> tuple[Instruction, ...]:
        return tuple(one for at, step in enumerate(steps) for one in self.step(at, step))

    def step(self, at: int, step: Step) -> list[Instruction]:
        if step.kind == "python":
            return [(PYTHON, at, step.function, (*step.inputs, *step.outputs), 0)]
        if step.kind in ("guard", "halt"):
            kind = GUARD if step.kind == "guard" else HALT
            return [(kind, at, None, step.inputs, int(bool(step.extra)))]
        if step.kind == "log":
            return _logged(at, step)
        try:
            _examine(step)
            with np.errstate(all="ignore"):
                way = _verdict(step, self.program)
                return _instructions(at, step, _LOOPS[step.kind](step)[way])
        except Exception as error:
            # Mostly NumPy would refuse such a step, too, and then it is NumPy that says so.
            why = str(error) if isinstance(error, _NoLoop) else repr(error)
            name = getattr(step.function, "__name__", "")
            self.called_back.append(f"{f'{step.kind} {name}'.strip()}: {why}")
            call = performed(step)
            return [(PYTHON, at, lambda: call(0), (), 1)]


def _instructions(at: int, step: Step, loops: Sequence[Nest]) -> list[Instruction]:
    checked = step.kind == "power" or bool(step.kind == "ufunc" and step.extra)
    return [(LOOP, at, loop, arrays, int(checked)) for loop, arrays in loops]


def _logged(at: int, step: Step) -> list[Instruction]:
    (x,), (rows,) = step.inputs, step.outputs
    if not len(rows):
        return []
    arrays = _along([x], [rows[0, ...].reshape(x.shape)])
    return [(LOG, at, "copy", arrays, rows.strides[0])]


def _examine(step: Step) -> None:
    """Raise _NoLoop for arrays that loops do not expect."""
    for array in (*step.inputs, *step.outputs):
        if array.dtype.kind not in "biufc" or not array.dtype.isnative:
            raise _NoLoop(f"dtype {array.dtype}")
        if not array.flags.aligned:
            raise _NoLoop("an array that is not aligned")
    for i, out in enumerate(step.outputs):
        if not out.flags.writeable:
            raise _NoLoop("an output that is read-only")
        for array in (*step.inputs, *step.outputs[:i]):
            if not _may_meet(array, out) or (_elementwise(step) and _one_view(array, out)):
                continue
            # NumPy makes a copy first, each time.
            raise _NoLoop("an input and an output that overlap")


def _elementwise(step: Step) -> bool:
    """Whether each element of the output is written when those it comes from have been read."""
    whole = step.kind == "ufunc" and step.function.signature is None
    return whole or step.kind in ("assign", "where", "power")


def _one_view(array: HostArray, other: HostArray) -> bool:
    return _layout(array) == _layout(other)


def _may_meet(array: HostArray, other: HostArray) -> bool:
    if not np.may_share_memory(array, other):
        return False
    try:
        return np.shares_memory(array, other, max_work=1000)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True


def _along(
    inputs: Sequence[HostArray], outputs: Sequence[HostArray], **more: Any
) -> tuple[HostArray, ...]:
    """The arrays in the order of axes in which NumPy would iterate over them, the inner one last.

    Axes that lie one behind the other are one; those that all run backwards are turned round.
    """
    flags = [["readonly"]] * len(inputs) + [["readwrite"]] * len(outputs)
    arrays = [*inputs, *outputs]
    kinds = ["external_loop", "zerosize_ok", "reduce_ok"]
    try:
        return tuple(np.nditer(arrays, kinds, flags, **more).itviews)  # type: ignore[arg-type]
    except ValueError as error:
        raise _NoLoop(f"NumPy's iterator: {error}") from None


# A step's ways to be loops; mostly one, else those of several versions of NumPy.
Ways = list[list[Nest]]


def lower_ufunc(step: Step) -> Ways:
    function = step.function
    if not isinstance(function, np.ufunc):
        raise _NoLoop("no ufunc")
    if function is np.power and step.outputs[0].dtype.kind in "iu":
        # Its loop raises an exception, which the run would see when it is over.
        raise _NoLoop("of integers")
    if function.signature is not None:
        return [[(function, _cores(function.signature, step))]]
    return [[(function, _along(step.inputs, step.outputs))]]


def _cores(signature: str, step: Step) -> tuple[HostArray, ...]:
    """The arrays of a generalised ufunc, all with the same axes before those of its own."""
    names = [re.findall(r"[^,\s]+", part) for part in re.findall(r"\(([^)]*)\)", signature)]
    arrays = [*step.inputs, *step.outputs]
    # A vector that matmul takes for a matrix of one row, or of one column.
    missing = {
        name
        for array, own in zip(step.inputs, names, strict=False)
        for name in own
        if array.ndim < len(own) and name.endswith("?")
    }
    full = []
    for array, own in zip(arrays, names, strict=True):
        outer = array.ndim - sum(name not in missing for name in own)
        if outer < 0:
            raise _NoLoop("too few axes")
        places = [None if name in missing else slice(None) for name in own]
        full.append(array[(*[slice(None)] * outer, *places, ...)])
    shapes = [array.shape[: array.ndim - len(own)] for array, own in zip(full, names, strict=True)]
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError as error:
        raise _NoLoop(str(error)) from None
    if any(outer != shape for outer in shapes[len(step.inputs) :]):
        raise _NoLoop("an output of another shape")
    return tuple(
        np.broadcast_to(array, shape + array.shape[array.ndim - len(own) :])
        for array, own in zip(full, names, strict=True)
    )


def lower_assign(step: Step) -> Ways:
    (x,), (out,) = step.inputs, step.outputs
    return [[_copied(x, out)]]


def _copied(x: HostArray, out: HostArray) -> Nest:
    if x.dtype != out.dtype and "c" in x.dtype.kind + out.dtype.kind:
        raise _NoLoop(f"from {x.dtype} to {out.dtype}")
    name = "copy" if x.dtype == out.dtype else f"{x.dtype.str[1:]}_{out.dtype.str[1:]}"
    return name, _along([x], [out])


def lower_where(step: Step) -> Ways:
    condition, *values = step.inputs
    if condition.dtype != bool or any(x.dtype != step.outputs[0].dtype for x in values):
        raise _NoLoop("operands of several dtypes")
    return [[("where", _along(step.inputs, step.outputs))]]


def lower_take(step: Step) -> Ways:
    (x,), (out,) = step.inputs, step.outputs
    table = _offsets(x, step.extra)
    if table is None:
        return [[_copied(x[step.extra], out)]]
    _same_dtype(step)
    return [[("take", _along([_origin(x), table], [out]))]]


def lower_put(step: Step) -> Ways:
    (x,), (out,) = step.inputs, step.outputs
    table = _offsets(out, step.extra)
    if table is None:
        return [[_copied(x, out[step.extra])]]
    _same_dtype(step)
    values = np.broadcast_to(x, table.shape)
    # In the order of the index: of elements that are named twice the last one stays.
    return [[("put", _along([values, table, _origin(out)], [], order="C"))]]


def _same_dtype(step: Step) -> None:
    if len({array.dtype for array in (*step.inputs, *step.outputs)}) > 1:
        raise _NoLoop("operands of several dtypes")


def _offsets(array: HostArray, index: Index) -> HostArray | None:
    """How many bytes behind the first element lies what the index names; None for a view."""
    if not array.size:
        raise _NoLoop("an empty array")
    steps = np.zeros(array.shape, np.intp)
    for axis, (length, stride) in enumerate(zip(array.shape, array.strides, strict=True)):
        shape = [1] * array.ndim
        shape[axis] = length
        steps += np.arange(length, dtype=np.intp).reshape(shape) * stride
    found = steps[index]
    if isinstance(found, np.ndarray) and np.may_share_memory(found, steps):
        return None
    return np.ascontiguousarray(found).reshape(np.shape(found))


def _origin(array: HostArray) -> HostArray:
    place: Index = (*[0] * array.ndim, ...)
    return array[place]


def lower_dot(step: Step) -> Ways:
    _same_dtype(step)
    (x, y), (out,) = step.inputs, step.outputs
    if x.dtype.kind == "c" or x.size != y.size or out.size != 1:
        raise _NoLoop("no product of two real vectors")
    if not x.size:
        return [[_copied(np.zeros((), out.dtype), out)]]
    target = np.broadcast_to(out.reshape(()), x.size)
    # BLAS may add in another order along a stride, and NumPy ravels only where it must.
    ways = []
    for may_stay in (_is_flat, lambda array: False):
        before: list[Nest] = []
        flat = []
        for array in (x, y):
            if not (array.flags.c_contiguous or may_stay(array)):
                copy = np.empty(array.shape, array.dtype)
                before.append(_copied(array, copy))
                array = copy
            flat.append(array.reshape(-1))
        ways.append([*before, ("dot", (*flat, target))])
    return ways


def _is_flat(array: HostArray) -> bool:
    """Whether its elements, in order, are all one stride apart."""
    return np.may_share_memory(array.reshape(-1), array)


def lower_power(step: Step) -> Ways:
    arrays = (*step.inputs, *step.outputs)
    if any(array.dtype != np.float64 or array.size != 1 for array in arrays):
        raise _NoLoop("not of single float64 numbers")
    return [[("power", tuple(array.reshape(()) for array in arrays))]]


# These begin with a copy of the first of their terms.
COPYING = (np.maximum, np.minimum, np.fmax, np.fmin)
# NumPy's iterator has a buffer of as many elements, and sums what is in it.
BUFFER = 8192
# Instructions that a step may become.
MANY = 1000


def lower_reduce(step: Step) -> Ways:
    function, (x,), (out,) = step.function, step.inputs, step.outputs
    before: list[Nest] = []
    if not isinstance(function, np.ufunc) or function.signature is not None:
        raise _NoLoop("no ufunc")
    if (function.nin, function.nout) != (2, 1):
        raise _NoLoop("not of two operands")
    if x.dtype != out.dtype:
        cast = np.empty_like(x, out.dtype)
        before.append(_copied(x, cast))
        x = cast
    axis = step.extra.get("axis", 0)
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    gone = {one % x.ndim for one in axes}
    # Where the first of what is reduced lies.
    firsts: Index = (*(0 if i in gone else slice(None) for i in range(x.ndim)), ...)
    if step.extra.get("keepdims"):
        out = out[firsts]
    before.append(_begun(function, x, out, firsts))
    if not x.size:
        return [before]
    copied = function in COPYING
    directions = (False, True) if copied and min(x.strides, default=0) < 0 else (_turns_round(),)
    orders = [_order(x, out, gone, turning) for turning in directions]
    return [[*before, *way] for order in orders for way in _sums(function, *order, copied)]


def _order(
    x: HostArray, out: HostArray, gone: set[int], turning: bool
) -> tuple[HostArray, HostArray]:
    """The result and the terms, along the axes in NumPy's order."""
    kept = iter(range(out.ndim))
    own = list(range(x.ndim))
    # The result comes first, as in NumPy's own call of its iterator.
    operands, places = [out, x], [[-1 if i in gone else next(kept) for i in own], own]
    if not turning:
        # A third one, which runs forwards, keeps ours from turning round what runs backwards.
        steps = [*map(abs, x.strides)]
        operands.append(np.lib.stride_tricks.as_strided(x, strides=steps, writeable=False))
        places.append(own)
    total, terms, *_ = _along(operands, [], op_axes=places)
    return total, terms


@cache
def _turns_round() -> bool:
    """Whether this NumPy, given a place, sums an array that runs backwards from its end."""
    total = np.ones(())
    np.add.reduce(np.array([1.0, 1e16, -1e16])[::-1], out=total)
    return bool(total == 0)


def _sums(function: Function, total: HostArray, terms: HostArray, copied: bool) -> Ways:
    """The orders in which versions of NumPy sum; which one it is is found by comparing."""
    whole = _passes(function, total, terms, copied)
    inner = 0
    while inner < terms.ndim and total.strides[-1 - inner] == 0:
        inner += 1
    if inner == 0 or (inner == 1 and terms.shape[-1] <= BUFFER):
        return [whole]
    outer = terms.shape[: terms.ndim - inner]
    own = terms.shape[len(outer) :]
    before: list[Nest] = []
    if inner > 1:
        # Copied into the iterator's buffer they lie one behind the other.
        copy = np.empty(terms.shape, terms.dtype)
        before.append(_copied(terms, copy))
        terms = copy.reshape(*outer, -1)
    total = np.broadcast_to(total[(..., *[0] * inner, None)], terms.shape)
    ways = [] if inner > 1 and own[-1] <= BUFFER else [whole]
    for size in dict.fromkeys((_whole_axes(own), BUFFER)):
        if terms.shape[-1] <= MANY * size:
            way = [*before]
            for start in range(0, terms.shape[-1], size):
                part = (..., slice(start, start + size))
                way += _passes(function, total[part], terms[part], copied and not start)
            ways.append(way)
    return ways


def _passes(function: Function, total: HostArray, terms: HostArray, copied: bool) -> list[Nest]:
    """All terms; but those that have been copied into the result are left out."""
    if not copied:
        return [(function, (total, terms, total))]
    gone = [axis for axis in range(terms.ndim) if total.strides[axis] == 0]
    passes: list[Nest] = []
    for axis in reversed(gone):
        # The first of the axes around it, and all of those within.
        place: list[Index] = [slice(None)] * terms.ndim
        for other in gone[: gone.index(axis)]:
            place[other] = slice(1)
        place[axis] = slice(1, None)
        part = tuple(place)
        passes.append((function, (total[part], terms[part], total[part])))
    return passes


def _whole_axes(shape: Shape) -> int:
    """How many elements NumPy from 2.3 on takes into its buffer: whole axes of them."""
    count = 1
    for length in reversed(shape):
        if count * length > BUFFER:
            return count * max(BUFFER // count, 1)
        count *= length
    return count


def _begun(function: np.ufunc, x: HostArray, out: HostArray, firsts: Index) -> Nest:
    """What stands in the result before anything is added."""
    if function in COPYING and x.size:
        return _copied(x[firsts], out)
    if function.identity is None:
        raise _NoLoop("no identity")
    start = np.full((), function.identity, out.dtype)
    if function is np.add and x.size and out.dtype.kind == "f":
        # -0.0 in some versions: then a sum of nothing but -0.0 is -0.0, too.
        start = np.copysign(start, np.add.reduce(np.full(1, -0.0, out.dtype)))
    return _copied(np.asarray(start), out)


_LOOPS: dict[str, Callable[[Step], Ways]] = {
    "ufunc": lower_ufunc,
    "reduce": lower_reduce,
    "assign": lower_assign,
    "where": lower_where,
    "take": lower_take,
    "put": lower_put,
    "dot": lower_dot,
    "power": lower_power,
}


# ------------------------------------------------------------------------------ comparing

# By what the loop depends on: which way is NumPy's, or why none is.
_verdicts: dict[Any, int | str] = {}
# Longer arrays run through the same code, except where the order of a sum is at stake.
ENOUGH = 1500
ENOUGH_CORE = 24


def _verdict(step: Step, program: Callable[..., Any]) -> int:
    """Which of the ways has the bits of NumPy's own call; raises _NoLoop where none has."""
    step = _shorter(step)
    arrays = (*step.inputs, *step.outputs)
    blocks = _taken_memory(arrays)
    spots = tuple(_lying(array, blocks) for array in arrays)
    sizes = [(low % CACHE_LINE, high - low) for low, high in blocks]
    if step.kind in ("take", "put"):  # whose index may be anything
        found = _compared(step, spots, sizes, program)
    else:
        key = (step.kind, step.function, repr(step.extra), spots)
        if key not in _verdicts:
            if len(_verdicts) > 10_000:
                _verdicts.clear()
            _verdicts[key] = _compared(step, spots, sizes, program)
        found = _verdicts[key]
    if isinstance(found, str):
        raise _NoLoop(found)
    return found


def _shorter(step: Step) -> Step:
    """The same layout with less of it, where more of it runs through the same code."""
    if step.kind not in ("ufunc", "assign", "where"):
        return step
    if all(array.size <= ENOUGH for array in (*step.inputs, *step.outputs)):
        return step
    if not _elementwise(step):
        return _with_less(step, lambda array: (*[slice(ENOUGH_CORE)] * array.ndim, ...))
    shape, behind = list(step.outputs[0].shape), 1
    for axis in reversed(range(len(shape))):
        shape[axis] = min(shape[axis], max(4, ENOUGH // behind))
        behind *= max(shape[axis], 1)
    return _with_less(step, lambda array: _ends(array.ndim, shape))


def _ends(ndim: int, shape: Sequence[int]) -> Index:
    return (*(slice(length) for length in shape[len(shape) - ndim :]), ...)


def _with_less(step: Step, cut: Callable[[HostArray], Index]) -> Step:
    inputs = tuple(array[cut(array)] for array in step.inputs)
    outputs = tuple(array[cut(array)] for array in step.outputs)
    return step._replace(inputs=inputs, outputs=outputs)


# In which stretch of memory an array lies, how far behind its beginning, and how.
Lying = tuple[int, int, Shape, Shape, np.dtype[Any]]


def _compared(
    step: Step,
    spots: Sequence[Lying],
    sizes: Sequence[tuple[int, int]],
    program: Callable[..., Any],
) -> int | str:
    left: list[int] | None = None
    theirs, memory = _shadow(step, spots, sizes)
    ours, copies = _shadow(step, spots, sizes)
    witness, ways = performed(theirs), _LOOPS[step.kind](ours)
    # Two orders of a short sum can agree by chance.
    turns = (10 if step.inputs[0].size < 1000 else 3) if step.kind in ("reduce", "dot") else 1
    for turn in range(turns):
        _fill(theirs, turn)
        data = [part.copy() for part in memory]
        try:
            went_on = witness(0)
        except Exception as error:  # which no loop could raise
            return f"{type(error).__name__}: {error}"
        still = []
        for way in range(len(ways)) if left is None else left:
            for copy, part in zip(copies, data, strict=True):
                copy[...] = part
            try:
                run = program((tuple(_instructions(0, ours, ways[way])),)).run
            except ValueError as error:
                return str(error)
            went_on_here = run(1, 0, 0, 1.0)[0]
            same = all(map(_equal, memory, copies))
            if same and went_on_here == went_on:
                still.append(way)
        if not still:
            return "not the bits of NumPy's own call"
        left = still
    return left[0] if left else "nothing compared"


def _equal(one: HostArray, other: HostArray) -> bool:
    # Of few bytes copies are compared sooner.
    few = one.size < 10_000
    return one.tobytes() == other.tobytes() if few else np.array_equal(one, other)


def _layout(array: HostArray) -> tuple[int, Shape, Shape, str]:
    return (_address(array), array.shape, array.strides, array.dtype.char)


def _address(array: HostArray) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _extent(array: HostArray) -> tuple[int, int]:
    low = high = _address(array)
    for length, stride in zip(array.shape, array.strides, strict=True):
        reach = stride * (length - 1) if length else 0
        low, high = low + min(reach, 0), high + max(reach, 0)
    return low, high + array.dtype.itemsize


def _taken_memory(arrays: Sequence[HostArray]) -> list[tuple[int, int]]:
    """The stretches of memory that the arrays lie in."""
    blocks: list[tuple[int, int]] = []
    for low, high in sorted({_extent(array) for array in arrays}):
        if blocks and low < blocks[-1][1]:
            low, high = blocks[-1][0], max(high, blocks.pop()[1])
        blocks.append((low, high))
    return blocks


def _lying(array: HostArray, blocks: Sequence[tuple[int, int]]) -> Lying:
    address = _address(array)
    for number, (low, high) in enumerate(blocks):
        if low <= address < high:
            return number, address - low, array.shape, array.strides, array.dtype
    raise _NoLoop("an array outside of its memory")


# Bytes of a line of the cache.
CACHE_LINE = 64


def _shadow(
    step: Step, spots: Sequence[Lying], sizes: Sequence[tuple[int, int]]
) -> tuple[Step, list[HostArray]]:
    """The step on other memory, of the very same layout; and that memory, as bytes."""
    memory = []
    for place, size in sizes:
        room = np.zeros(size + CACHE_LINE, np.uint8)
        start = (place - _address(room)) % CACHE_LINE
        memory.append(room[start : start + size])
    arrays = [
        np.ndarray(shape, dtype, memory[number].data, offset, strides)
        for number, offset, shape, strides, dtype in spots
    ]
    inputs, outputs = arrays[: len(step.inputs)], arrays[len(step.inputs) :]
    return step._replace(inputs=(*inputs,), outputs=(*outputs,)), memory


POOL = 5003
# Data in which the order of a reduction shows; else those of a sum.
_SPECIAL = {
    np.multiply: "product",
    np.maximum: "most",
    np.fmax: "most",
    np.minimum: "least",
    np.fmin: "least",
}
# Where loops go separate ways, or do what is not defined.
ODD = (0.0, -0.0, np.inf, -np.inf, np.nan, 1e-310, -1.0, 1e30)


def _fill(step: Step, turn: int) -> None:
    """Write data into the step's arrays: random ones, and odd ones where each stays for itself."""
    for number, array in enumerate((*step.outputs, *step.inputs)):
        size, kind = array.size, "odd" if _elementwise(step) else "plain"
        if step.kind in ("reduce", "dot"):
            kind = _SPECIAL.get(step.function, "sum")
        pool = _pool(array.dtype, kind)
        # Never the same data twice, and without drawing them anew, which would take longer.
        start = (101 * number + 397 * turn) % 1000
        part = pool[start:] if size <= POOL - 1000 else np.resize(pool[start:], size)
        array[...] = part[:size].reshape(array.shape)
        square = array.ndim > 1 and array.shape[-2] == array.shape[-1]
        if square and kind == "plain" and step.kind == "ufunc":
            # Symmetric and far from singular, or LAPACK would have nothing to say.
            array[...] = array + np.swapaxes(array, -1, -2)
            array[...] += (200 * np.eye(array.shape[-1])).astype(array.dtype)


@cache
def _pool(dtype: np.dtype[Any], kind: str) -> HostArray:
    rng = np.random.default_rng(0)
    x: HostArray = rng.normal(size=POOL)
    if dtype.kind == "b":
        return x > 0
    if dtype.kind in "iu":
        return rng.integers(0 if dtype.kind == "u" else -9, 100, POOL).astype(dtype)
    if dtype.kind == "c":
        x = x + 1j * rng.normal(size=POOL)
    elif kind == "product":
        x = 1 + x / 100
    elif kind in ("most", "least"):
        # Which of several zeros it is.
        x = np.abs(np.where(x > 0.5, 0, x)) * np.where(rng.random(POOL) < 0.5, 1, -1)
        x = np.where(x == 0, x, -np.abs(x) if kind == "most" else np.abs(x))
    elif kind == "sum":
        # Large numbers that cancel each other: what came between them is rounded.
        large = rng.permutation(POOL)[: 2 * (POOL // 6)]
        x[large] = 0.25 / np.finfo(dtype).eps * np.where(np.arange(len(large)) % 2, 1, -1)
    elif kind == "odd":
        x[::5] = rng.choice(ODD, len(x[::5]))
    return x.astype(dtype)
