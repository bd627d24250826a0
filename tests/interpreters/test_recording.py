"""Recording: every operation as a program, with the bits that it has without one.

The rows of the table are carried out on recorded arrays, value, gradients and second derivatives in
one pass; what is noted is laid out and run, and both must be what plain arrays give, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from playground import Variable
from playground.interpreters.recording.homes import Homes
from playground.interpreters.recording.program import Program, difference
from playground.interpreters.recording.recorded import Recorded, concrete, source_of
from playground.interpreters.recording.runners import runner
from playground.interpreters.recording.trace import Trace
from tests.op_checks import everything
from tests.ops import ROWS
from tests.rows import Row

# Derivatives of these look at the numbers themselves, at some order: such calls stay eager.
READ = {
    "batch_det": "values", "cond": "values", "det": "values", "eigh": "values",
    "eigvalsh": "values", "lstsq": "values", "norm:-2": "values", "norm:2": "values",
    "norm:nuc": "values", "polymul": "values", "svd": "values", "svdvals": "values",
    "trim_zeros": "values", "interp:by x": "index", "decorrelated_batch_normalization": "values",
}  # fmt: skip
# Where an element is counted by a mask NumPy has a scalar, whose division rounds otherwise than an
# array's: the comparison with eager rows finds that out.
OTHERWISE = {"nanmean", "nanstd"}


class Made:
    """A recording of a function of plain arrays."""

    def __init__(self, function: Callable[..., Any], *arrays: np.ndarray) -> None:
        self.trace = Trace()
        self.arrays = [np.array(x) for x in arrays]
        self.inputs = [self.trace.slot(x) for x in self.arrays]
        pairs = zip(self.arrays, self.inputs, strict=True)
        self.results = function(*(Recorded(x, slot, self.trace) for x, slot in pairs))
        self.sources = [source_of(y)[0] for y in self.results]

    @property
    def program(self) -> Program:
        assert not self.trace.failed
        return Program.of(self.trace, self.inputs, self.sources)

    def run(self, *arrays: np.ndarray, wanted: str = "python") -> list[np.ndarray]:
        homes = Homes(self.program)
        for place, array in zip(homes.inputs, arrays or self.arrays, strict=True):
            place[...] = array
        assert runner(wanted)[1]([homes.steps]).run(1).done == 1
        return [np.array(y) for y in homes.outputs]


def same_bits(one: Any, other: Any) -> bool:
    a, b = np.asarray(one), np.asarray(other)
    # Of numbers of 80 bits in 128 the rest is nobody's.
    if a.dtype == np.longdouble:
        return bool(np.array_equal(a, b, equal_nan=True))
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_operation_as_a_program(row: Row) -> None:
    case = row.cases[0]
    expected = [y for part in everything(row, case) for y in part if y is not None]
    inputs: list[tuple[Any, np.ndarray]] = []
    trace = Trace()

    def entered(x: np.ndarray) -> Recorded:
        array = np.array(x)
        inputs.append((trace.slot(array), array))
        return Recorded(array, inputs[-1][0], trace)

    found = [y for part in everything(row, case, entered) for y in part if y is not None]
    if row.name in READ:
        assert not trace.failed or READ[row.name] in trace.failed
    else:
        assert not trace.failed
    values = [concrete(y) for y in found]
    if row.name not in OTHERWISE:
        assert all(map(same_bits, values, expected))
    if trace.failed:
        return
    slots, arrays = zip(*inputs, strict=True) if inputs else ((), ())
    program = Program.of(trace, slots, [source_of(y)[0] for y in found])
    homes = Homes(program)
    for place, array in zip(homes.inputs, arrays, strict=True):
        place[...] = array
    assert runner()[1]([homes.steps]).run(1).done == 1
    assert all(map(same_bits, homes.outputs, values))


# ---------------------------------------------------------------------------------- what is noted


def inverse_step(Y: Any) -> tuple[Any, Any]:
    X = np.array([[2.0, 1.0], [0.5, 3.0]])
    v = Variable(Y)
    loss = np.abs(X @ v - np.eye(2)).sum()
    loss.backward()
    return loss.array, v.grad


def test_a_step_of_the_inverse_is_six_calls() -> None:
    """Product, difference, size, sum; sign, product: the ones of a sum's gradient cost nothing."""
    made = Made(inverse_step, np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert [call.kind for call in made.program.calls] == ["ufunc"] * 3 + ["reduce"] + ["ufunc"] * 2
    other = np.array([[0.3, -1.0], [2.0, 0.1]])
    expected = inverse_step(other)
    assert all(map(same_bits, made.run(other), expected))


def test_the_source_can_be_read() -> None:
    text = Made(inverse_step, np.eye(2)).program.source()
    assert "absolute(v0, out=v1)" in text
    assert "# x0: float64[2, 2]" in text
    assert text.splitlines()[-1].startswith("return ")


def test_what_no_output_needs_is_left_out() -> None:
    made = Made(lambda x: (np.sin(x), np.exp(x))[:1], np.ones(3))
    assert len(made.program.calls) == 1


def test_equal_calls_are_made_once() -> None:
    made = Made(lambda x: (np.sin(x)[0] + np.sin(x)[1], np.sin(x) * 2), np.ones(3))
    assert [call.function for call in made.program.calls].count(np.sin) == 1
    x = np.array([0.1, 0.2, 0.3])
    assert all(map(same_bits, made.run(x), (np.sin(x)[0] + np.sin(x)[1], np.sin(x) * 2)))


def test_what_depends_on_no_argument_is_folded() -> None:
    made = Made(lambda x: (x + np.linalg.inv(np.eye(3) * 2) @ np.ones(3),), np.ones(3))
    assert len(made.program.calls) == 1


def test_numbers_of_pythons_adapt() -> None:
    """A recorded number beside a float32 array is rounded to it, as 0.1 is."""

    def scaled(size: Any, x: Any) -> tuple[Any]:
        return (size.as_number() * x,)

    x = np.array([1.0, 3.0], np.float32)
    made = Made(scaled, np.array(0.1), x)
    (y,) = made.run(np.array(1 / 3), x)
    assert y.dtype == np.float32
    assert same_bits(y, (1 / 3) * x)


def summed(x: Any) -> Any:
    total = np.zeros_like(x)
    total[1:] += x[:-1]
    total[:2] += x[1:]
    return (total,)


def turned(x: Any) -> Any:
    y = x.copy()
    part = y.T[0]
    part *= 2.0
    y[0] = y[1]
    return y, part


def through_a_view(x: Any) -> Any:
    y = np.zeros((3, 3), like=x)
    np.einsum("ii->i", y)[...] = x
    return (y,)


def in_a_loop(x: Any) -> Any:
    y = x.copy()
    for row in y.reshape(3, 1):
        row += 1.0
    return (y,)


def into_out(x: Any) -> Any:
    y = np.empty_like(x)
    np.sin(x, out=y)
    return y, np.add(x, 1.0, out=y)


@pytest.mark.parametrize("function", [summed, turned, through_a_view, in_a_loop, into_out])
def test_what_is_written_in_place(function: Callable[..., Any]) -> None:
    given = np.array([1.0, 2.0, 3.0])
    if function is turned:
        given = np.arange(9.0).reshape(3, 3)
    made = Made(function, given)
    if not made.trace.failed:
        for x in (given, given[::-1] - 0.5):
            assert all(map(same_bits, made.run(x), function(x.copy())))
    assert all(map(same_bits, [concrete(y) for y in made.results], function(given.copy())))
    assert bool(made.trace.failed) == (function is turned)


def test_a_view_that_was_written_behind_is_not_read() -> None:
    def stale(x: Any) -> Any:
        y = x.copy()
        first, second = y[:2], y[1:]
        first *= 2.0
        return (second + 0.0,)

    made = Made(stale, np.ones(3))
    assert "through a view" in made.trace.failed
    assert concrete(made.results[0]).tolist() == [2.0, 1.0]


READINGS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "branch": (lambda x: x if (x > 0).any() else -x, "branch"),
    "float": (lambda x: x * float(x[0]), "float"),
    "int": (lambda x: x[int(x[0])], "int()"),
    "index": (lambda x: x * [1.0, 2.0, 3.0][x[0].astype(int)], "index"),
    "item": (lambda x: x * x[0].item(), "item"),
    "tolist": (lambda x: x * x.tolist()[0], "tolist"),
    "asarray": (lambda x: x * np.asarray(x), "asarray"),
    "format": (lambda x: x * float(f"{x[0]}"), "printed"),
    "mask": (lambda x: x[x > 0], "mask"),
    "nonzero": (lambda x: x[np.nonzero(x)[0]], "shape"),
    "unique": (lambda x: np.unique(x), "shape"),
    "allclose": (lambda x: x * np.allclose(x, x), "allclose"),
}


@pytest.mark.parametrize("name", READINGS)
def test_a_value_that_is_read_ends_the_attempt_and_nothing_else(name: str) -> None:
    call, why = READINGS[name]
    x = np.array([1.0, 2.0, 0.5])
    made = Made(lambda x: (call(x),), x)
    assert why in made.trace.failed
    assert "test_recording.py" in made.trace.failed
    assert same_bits(concrete(made.results[0]), call(x.copy()))


def test_a_guard_is_asked_again() -> None:
    def judged(x: Any) -> Any:
        positive = (x > 0).all()
        return (x if positive.holds() else -x,)

    made = Made(judged, np.ones(2))
    assert made.program.guards == 1
    homes = Homes(made.program)
    run = runner("python")[1]([homes.steps]).run
    homes.inputs[0][...] = 2.0
    assert run(1).done == 1
    homes.inputs[0][...] = -2.0
    ended = run(1)
    assert (ended.done, ended.cause) == (0, "guard")


def test_two_recordings_are_compared_with_their_constants() -> None:
    rng = np.random.default_rng(0)
    same = [Made(inverse_step, np.ones((2, 2))).program for _ in range(2)]
    assert difference(*same) == ""
    noise = [Made(lambda x: (x + rng.random(2),), np.ones(2)).program for _ in range(2)]
    assert "reads other numbers" in difference(*noise)
    index = [Made(lambda x, i=i: (x[[i, 0]],), np.ones(2)).program for i in (0, 1)]
    assert difference(*index)
    longer = [Made(lambda x, n=n: (sum([x] * n),), np.ones(2)).program for n in (2, 3)]
    assert "calls" in difference(*longer)


def test_what_is_kept_of_a_recording_is_noticed() -> None:
    kept: list[Any] = []
    made = Made(lambda x: (x + 1.0, kept.append(x * 2.0))[:1], np.ones(2))
    made.results, made.sources, made.trace.closed = (), [], True
    assert made.trace.is_kept
    # It is an array of its own by now.
    assert np.asarray(kept[0]).tolist() == [2.0, 2.0]
    kept.clear()
    assert not made.trace.is_kept


def test_memory_is_used_again() -> None:
    def chain(x: Any) -> Any:
        for _ in range(50):
            x = np.sin(x) + 1.0
        return (x,)

    homes = Homes(Made(chain, np.ones(1000)).program)
    assert len({array.ctypes.data for array in homes.made}) <= 2


def test_layouts_are_kept() -> None:
    """A sum over memory in another order would round otherwise."""
    x = np.asfortranarray(np.random.default_rng(0).random((37, 41)))
    made = Made(lambda x: (np.exp(x).sum(), np.exp(x).T.sum(axis=0)), x)
    assert all(map(same_bits, made.run(x), (np.exp(x).sum(), np.exp(x).T.sum(axis=0))))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.max(x, initial=0.5),
        lambda x: np.min(x, axis=0, where=x > 0, initial=9.0),
        lambda x: np.sum(x, axis=1, dtype="f4"),
        lambda x: np.sum(x, axis=(0, 1), keepdims=True),
        lambda x: np.prod(x, axis=-1, initial=2.0),
        lambda x: np.any(x > 0, axis=0) * 1.0,
        lambda x: np.sum(x > 0),
    ],
)
def test_reductions_with_all_that_they_take(call: Callable[[Any], Any]) -> None:
    x = np.random.default_rng(1).normal(size=(3, 4))
    made = Made(lambda x: (call(x),), x)
    assert same_bits(made.run(x[::-1].copy())[0], call(x[::-1].copy()))
