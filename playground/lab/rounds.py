"""One round of a descent as a program: from one point to the next, with what the log keeps.

The text of the loss, the gradient, the rule and the stop rules is the one that the loop calls; here
it runs on recorded arrays, once, as a row of the run like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from playground.graph.backend import settled
from playground.graph.types import HostArray, Raw
from playground.interpreters.recording.homes import Homes, like
from playground.interpreters.recording.program import Program, difference
from playground.interpreters.recording.recorded import Recorded, concrete, source_of
from playground.interpreters.recording.steps import Step
from playground.interpreters.recording.trace import Slot, Trace
from playground.lab.descent import MaxSeconds, MaxSteps, Standing, Stop
from playground.optimizers.arithmetic import State, is_a_number, is_certain, square_sum
from playground.transforms.values import leaves, rebuilt

if TYPE_CHECKING:
    from playground.lab.loop import Loop

__all__ = [
    "LogColumns",
    "Recording",
    "Rounds",
    "Row",
    "carried",
    "eager_rows",
    "record",
    "repeatable",
    "same_round",
    "same_row",
]


def numbers_of(state: State) -> list[Any]:
    """The numbers and arrays of a state, in their order."""
    return [leaf for _, leaf in leaves(state)]


@dataclass(frozen=True)
class Row:
    """What a round comes to: the loop's next standing."""

    point: list[Raw]
    grads: list[Raw]
    value: Any
    squared_norm: Any
    state: State
    stride: Sequence[Raw]
    watched: list[Any]

    @property
    def leaves(self) -> list[Any]:
        """All of it, in one order; what is carried to the next round first."""
        carried = [*self.point, *numbers_of(self.state), *self.stride]
        return [*carried, *self.grads, self.value, self.squared_norm, *self.watched]

    def with_leaves(self, numbers: Sequence[Any]) -> Row:
        """The same with other numbers."""
        rest = iter(numbers)
        point = [next(rest) for _ in self.point]
        state = rebuilt(self.state, rest)
        stride = [next(rest) for _ in self.stride]
        grads = [next(rest) for _ in self.grads]
        value, squared_norm = next(rest), next(rest)
        return Row(point, grads, value, squared_norm, state, stride, [*rest])


@dataclass
class Recording:
    """A row that was carried out on recorded arrays.

    Attributes:
        row: what it came to, in plain numbers; None where the point was not moved to, so that the
            loop has to finish the row from ``point`` and ``value``.
        program: the round, None where it could not be recorded.
        failed: why not.
    """

    row: Row | None = None
    program: Program | None = None
    failed: str = ""
    point: list[Raw] = field(default_factory=list)
    value: float = 0.0


class _NotMovedToError(Exception):
    """The point is not finite, or is refused: such a row is not what a program repeats."""


def record(loop: Loop) -> Recording:
    """The loop's next row, which is neither the first nor one of a restart."""
    trace = Trace()
    made = _record(loop, trace)
    if made.row is not None:
        loop.objective.release(made.row.point)
    # What is put away on the way would be there for the recorded steps alone.
    if made.program is not None and trace.is_kept:
        made.program, made.failed = None, "the loss keeps arrays from one call to the next"
    return made


def _record(loop: Loop, trace: Trace) -> Recording:
    made, objective = Recording(), loop.objective
    inputs = [_as_recorded(trace, leaf) for leaf in carried(loop)]
    rest = iter(inputs)
    point = [next(rest) for _ in loop.point]
    state = rebuilt(loop.state, rest)
    try:
        row = _recorded_row(loop, made, point, state, [*rest])
    except _NotMovedToError:
        trace.closed = True
        if objective.grads is not None:
            objective.grads = [settled(grad) for grad in objective.grads]
        return made
    sources = [source_of(leaf)[0] for leaf in row.leaves]
    trace.closed = True
    made.row = row.with_leaves([settled(leaf) for leaf in row.leaves])
    made.failed = trace.failed
    if not trace.failed:
        made.program = Program.of(trace, [leaf.source for leaf in inputs], sources)
    return made


def eager_rows(loop: Loop, begun: list[Any], model: Row, count: int) -> list[Row]:
    """Up to ``count`` rows from where a row began, by the same text on plain arrays.

    The loop stays where it is. There are fewer where a point would not be moved to.
    """
    objective, rows = loop.objective, list[Row]()
    evaluations = objective.gradient_evaluations
    here = begun
    for _ in range(count):
        rest = iter(here)
        point = [next(rest) for _ in model.point]
        state = rebuilt(model.state, rest)
        try:
            row = _recorded_row(loop, Recording(), point, state, [*rest])
        except _NotMovedToError:
            break
        rows.append(row)
        here = row.leaves[: len(begun)]
    objective.gradient_evaluations = evaluations
    return rows


def carried(loop: Loop) -> list[Any]:
    """The numbers and arrays that a round begins with."""
    return [*loop.point, *numbers_of(loop.state), *loop.stride]


def _as_recorded(trace: Trace, leaf: Any) -> Recorded:
    array = np.asarray(leaf)
    return Recorded(array, trace.slot(array), trace, weak=not isinstance(leaf, np.ndarray))


def _recorded_row(
    loop: Loop, made: Recording, point: list[Raw], state: State, stride: Sequence[Raw]
) -> Row:
    """What the loop does at a point, on recorded arrays."""
    objective, rule, box = loop.objective, loop.rule, loop.box
    point = objective.moved(point, stride)
    made.point = [concrete(x) for x in point]
    value: Any = objective.evaluate(point)
    made.value = concrete(value)
    if not is_a_number(value):
        raise _NotMovedToError
    if rule.takes_back and not is_certain(rule.accepts(state, value, objective.gradient)):
        raise _NotMovedToError
    grads = objective.gradient()
    squared_norm = square_sum(grads if box is None else box.projected(point, grads))
    if not is_a_number(squared_norm):
        raise _NotMovedToError
    watched = loop.watched(point)
    state, stride = rule.step(state, value, grads, squared_norm)
    row = Row(point, grads, value, squared_norm, state, [*stride], [*watched])
    _note_ends(loop, row)
    return row


def _note_ends(loop: Loop, row: Row) -> None:
    """After which rounds a run has to ask the loop: where a stop rule is met, or the size is 0."""
    here = Standing(loop.objective.call, row.point)
    here.value, here.squared_norm = row.value, row.squared_norm
    for stop in loop.stops:
        if stop.pure:
            _note_halt(stop.may_be_met(here), True)
    _note_halt(row.state.size >= loop.rule.minimum, False)


def _note_halt(condition: Any, ending: bool) -> None:
    if isinstance(condition, Recorded) and condition.slot is not None:
        condition.trace.write("halt", None, (condition.slot,), (), ending)


def repeatable(loop: Loop) -> str:
    """Why the rounds of a loop cannot be recorded at all; "" where that is to be tried."""
    if any(type(x) is not np.ndarray for x in loop.point):
        return "the parameters are on a device"
    other = next((x for x in loop.stops if not (x.pure or counts_outside(x))), None)
    return "" if other is None else f"the stop rule {type(other).__name__} does not say it is pure"


def counts_outside(stop: Stop, kinds: Sequence[type[Stop]] = (MaxSteps, MaxSeconds)) -> bool:
    """Whether a stop rule is a limit of steps or seconds, which no program counts."""
    return any(isinstance(stop, kind) and type(stop).met is kind.met for kind in kinds)


class LogColumns:
    """What the log takes of rounds: an array a column, a row a round."""

    def __init__(self, row: Row, rows: int) -> None:
        self.values, self.sizes = np.empty(rows), np.empty(rows)
        self.points = [np.empty((rows, *x.shape), x.dtype) for x in row.point]
        self.grads = [np.empty((rows, *x.shape), x.dtype) for x in row.grads]
        self.watched = [np.empty(rows) for _ in row.watched]

    def first(self, rows: int) -> tuple[Any, ...]:
        """Values, sizes, points, gradients and watched values of the first rows."""
        points, grads, watched = (
            [column[:rows] for column in columns]
            for columns in (self.points, self.grads, self.watched)
        )
        return self.values[:rows], self.sizes[:rows], points, grads, watched

    def steps(self, row: Row) -> list[Step]:
        """What writes a row, whose leaves are arrays."""
        pairs = [
            (row.value, self.values),
            (row.state.size, self.sizes),
            *zip(row.point, self.points, strict=True),
            *zip(row.grads, self.grads, strict=True),
            *zip(row.watched, self.watched, strict=True),
        ]
        return [Step("log", None, (source,), (column,)) for source, column in pairs]


class Rounds:
    """A recorded round laid out twice: each reads what the other one has written.

    The arrays of a round that ended early are spoiled, those that it began with are not: there the
    loop takes over.
    """

    def __init__(self, program: Program, model: Row, rows: int, core: Any) -> None:
        self._model = model
        self.columns = LogColumns(model, rows)
        self._leaves = model.leaves
        places = [[_array_for(source) for source in program.outputs] for _ in range(2)]
        self._places, self.capacity = places, rows
        self._carried = len(program.inputs)
        phases, shared = [], None
        for before, after in (places[::-1], places):
            homes = Homes(program, before[: self._carried], dict(enumerate(after)), shared)
            shared = shared or homes
            phases.append([*homes.steps, *self.columns.steps(model.with_leaves(after))])
        self.engine = core(phases)

    def load(self, numbers: Sequence[Any]) -> None:
        """Begin the next run with these numbers."""
        for place, leaf in zip(self._places[1], numbers, strict=False):
            place[...] = leaf

    def run(self, count: int, seconds: float) -> Any:
        """Up to ``count`` rounds."""
        return self.engine.run(count, 0, 0, seconds)

    def row(self, done: int) -> Row:
        """What the last of ``done`` rounds came to."""
        places = self._places[(done - 1) % 2]
        pairs = zip(self._leaves, places, strict=True)
        return self._model.with_leaves(
            [
                place.copy() if isinstance(leaf, np.ndarray) else place.item()
                for leaf, place in pairs
            ]
        )


def _array_for(source: Slot | HostArray) -> HostArray:
    return like(source) if isinstance(source, Slot) else source.copy()


def same_round(one: Program, other: Program) -> str:
    """Why two recorded rounds are not one program; "" where they are, and can be repeated."""
    found = difference(one, other)
    if found:
        return found
    for given, made in zip(other.inputs, other.outputs, strict=False):
        form = made.form if isinstance(made, Slot) else (made.shape, made.dtype, made.strides)
        if form != given.form:
            return f"what a round begins with is {given.form}, what it ends with {form}"
    return ""


def same_row(one: Row, other: Row) -> bool:
    """Whether two rows are equal bit for bit."""
    pairs = zip(one.leaves, other.leaves, strict=True)
    return all(np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in pairs)
