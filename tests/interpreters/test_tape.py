"""The tape: every kind of step against NumPy's own call, bit for bit, by both cores."""

from __future__ import annotations

import gc
import itertools
import math
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import playground
from playground import PlaygroundError
from playground.interpreters.recording.core import CORE_VARIABLE
from playground.interpreters.recording.steps import Step
from playground.interpreters.recording.tape import Tape
from tests import fuzz_tape
from tests.loops import about

OLD = np.__version__.startswith("2.0.")
LINALG = np.linalg._umath_linalg


@pytest.fixture(params=["compiled", "python"])
def core(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The core that is asked for; the compiled one only where there is one, or must be."""
    asked = os.environ.get(CORE_VARIABLE)
    monkeypatch.setenv(CORE_VARIABLE, "auto")
    if request.param == "compiled" and asked != "compiled" and playground.core().name == "Python":
        pytest.skip(f"no compiled core: {playground.core()}")
    monkeypatch.setenv(CORE_VARIABLE, request.param)
    return request.param


# ------------------------------------------------------------------------------- arrays

LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "C": lambda a: a,
    "F": lambda a: a.copy(order="F"),
    "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a,
    "reversed": lambda a: np.flip(np.flip(a).copy()),
    "swapped": lambda a: np.swapaxes(np.swapaxes(a, 0, -1).copy(), 0, -1) if a.ndim else a,
    "gaps": lambda a: np.pad(a, 1)[(slice(1, -1),) * a.ndim],
}
SHAPES = [(), (1,), (3,), (20,), (3, 3), (2, 3, 4), (1, 5), (5, 1), (0,), (3, 0), (17, 13)]
DTYPES = ["f2", "f4", "f8", "i8", "?"]


def numbers(shape: tuple[int, ...], dtype: Any, layout: str = "C", seed: int = 0) -> np.ndarray:
    """Random numbers, with zeros of both signs among them."""
    rng = np.random.default_rng([seed, *shape])
    x = rng.normal(size=shape) * rng.choice([1e-2, 1.0, 30.0], shape)
    x = np.where(rng.random(shape) < 0.1, -0.0, x)
    x = np.asarray(np.asarray(x > 0 if dtype == "?" else x).astype(dtype))
    # Of an array without axes NumPy makes a number.
    return np.asarray(LAYOUTS[layout](x))


def bits(x: np.ndarray) -> bytes:
    return x.tobytes()


def ran(*steps: Step, count: int = 1, calls: int | None = 0) -> Tape:
    """A tape of the steps that has run; so many of them in Python."""
    tape = Tape([steps])
    assert calls is None or len(tape.called_back) == calls, tape.called_back
    assert tape.run(count, seconds=60) == (count, "count", -1)
    return tape


def agrees(step: Step, expected: Callable[[], Any], calls: int | None = 0) -> None:
    """The step writes what the call returns, whatever was there before."""
    with np.errstate(all="ignore"):
        results = expected()
        results = results if isinstance(results, tuple) else (results,)
        ran(step, calls=calls)
        for out, result in zip(step.outputs, results, strict=True):
            assert bits(out) == bits(np.broadcast_to(result, out.shape).astype(out.dtype))


def room(shape: tuple[int, ...], dtype: Any, layout: str = "C") -> np.ndarray:
    return numbers(shape, dtype, layout, seed=9)


def layouts() -> Iterator[tuple[tuple[int, ...], str, str]]:
    yield from itertools.product(SHAPES, LAYOUTS, ("C", "F", "strided"))


# ------------------------------------------------------------------------------- ufuncs

UNARY = [np.negative, np.absolute, np.sign, np.exp, np.sin, np.tanh, np.log, np.sqrt, np.square]
BINARY = [np.add, np.subtract, np.multiply, np.divide, np.power, np.maximum, np.arctan2, np.less]


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_elementwise(core: str, dtype: str) -> None:
    for (shape, layout, to), function in zip(
        layouts(), itertools.cycle([*UNARY, *BINARY]), strict=False
    ):
        inputs = tuple(numbers(shape, dtype, layout, seed) for seed in range(function.nin))
        with about(f"{function} {shape} {layout} {to}"):
            out = room(shape, "?" if function is np.less else dtype, to)
            agrees(Step("ufunc", function, inputs, (out,)), lambda: function(*inputs))  # noqa: B023


@pytest.mark.parametrize("dtype", DTYPES)
def test_elementwise_of_many_dtypes_and_sizes(core: str, dtype: str) -> None:
    for size in (1, 2, 3, 4, 5, 7, 8, 9, 16, 31, 33, 100, 1023, 20_000):
        for function in (np.logical_and, np.equal, np.maximum, np.isfinite):
            inputs = tuple(numbers((size,), dtype, seed=seed) for seed in range(function.nin))
            out = room((size,), "?" if function is not np.maximum else dtype)
            with about(f"{function} {size}"):
                agrees(Step("ufunc", function, inputs, (out,)), lambda: function(*inputs))  # noqa: B023


BROADCAST = [
    ((3, 4), (4,)),
    ((3, 4), (3, 1)),
    ((3, 4), ()),
    ((), (5,)),
    ((2, 1, 4), (3, 1)),
    ((1,), ()),
]


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8"])
def test_broadcast_inputs(core: str, dtype: str) -> None:
    for shapes, layout, swap in itertools.product(BROADCAST, LAYOUTS, (False, True)):
        pair = shapes[::-1] if swap else shapes
        a, b = (numbers(shape, dtype, layout, i) for i, shape in enumerate(pair))
        out = room(np.broadcast_shapes(*pair), dtype)
        with about(f"{pair} {layout}"):
            agrees(Step("ufunc", np.subtract, (a, b), (out,)), lambda: a - b)  # noqa: B023


def test_in_place_and_overlapping(core: str) -> None:
    x = np.arange(1.0, 7.0)
    ran(Step("ufunc", np.multiply, (x, x), (x,)))
    assert x.tolist() == [1, 4, 9, 16, 25, 36]
    # NumPy reads everything before it writes; only Python knows how.
    back = x[::-1]
    expected = x + back
    ran(Step("ufunc", np.add, (x, back), (x,)), calls=core == "compiled")
    assert x.tolist() == expected.tolist()
    ran(Step("ufunc", np.add, (x[:-1], x[:-1]), (x[1:],)), calls=core == "compiled")
    assert x.tolist() == [expected[0], *(2 * expected[:-1])]


def test_two_outputs(core: str) -> None:
    x = numbers((3, 4), "f8", "F")
    outs = room((3, 4), "f8"), room((3, 4), "f8")
    agrees(Step("ufunc", np.modf, (x,), outs), lambda: np.modf(x))


def test_a_loop_that_is_not_there_is_called_back(core: str) -> None:
    calls = int(core == "compiled")
    x = np.array([1, 2], object)
    out = np.array([0, 0], object)
    agrees_objects = Tape([[Step("ufunc", np.add, (x, x), (out,))]])
    agrees_objects.run(1)
    assert out.tolist() == [2, 4]
    assert len(agrees_objects.called_back) == calls
    swapped = numbers((4,), "f8").astype(">f8")
    agrees(
        Step("ufunc", np.add, (swapped, swapped), (room((4,), "f8"),)), lambda: swapped * 2, calls
    )
    # The loop is of float64 alone.
    single = numbers((4,), "f4")
    agrees(Step("ufunc", np.add, (single, single), (room((4,), "f8"),)), lambda: single * 2, calls)
    whole = np.array([2, 3])
    agrees(Step("ufunc", np.power, (whole, whole), (whole.copy(),)), lambda: whole**whole, calls)


PRODUCTS = [
    ((3, 3), (3, 3)),
    ((2, 5), (5, 4)),
    ((1, 4), (4, 1)),
    ((4,), (4, 3)),
    ((3, 4), (4,)),
    ((4,), (4,)),
    ((5, 3, 3), (3, 3)),
    ((2, 1, 3, 4), (5, 4, 2)),
    ((3, 0), (0, 2)),
    ((0, 3), (3, 2)),
    ((40, 30), (30, 50)),
    ((2, 3, 4), (4,)),
]


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i8"])
def test_matmul(core: str, dtype: str) -> None:
    for (left, right), a_layout, b_layout in itertools.product(PRODUCTS, LAYOUTS, LAYOUTS):
        a, b = numbers(left, dtype, a_layout), numbers(right, dtype, b_layout, 1)
        out = room((a @ b).shape, dtype)
        with about(f"{left} {a_layout} {right} {b_layout}"):
            agrees(Step("ufunc", np.matmul, (a, b), (out,)), lambda: a @ b)  # noqa: B023


def test_a_product_with_its_own_transpose(core: str) -> None:
    # BLAS has a routine of its own for it, with other bits.
    a = numbers((30, 20), "f4")
    agrees(Step("ufunc", np.matmul, (a, a.T), (room((30, 30), "f4"),)), lambda: a @ a.T)
    agrees(Step("ufunc", np.matmul, (a.T, a), (room((20, 20), "f4"),)), lambda: a.T @ a)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("shape", [(3, 3), (1, 1), (2, 4, 4), (0, 3, 3), (30, 30)])
def test_linear_algebra(core: str, dtype: str, shape: tuple[int, ...]) -> None:
    a = numbers(shape, dtype)
    n = shape[-1]
    a = a + np.swapaxes(a, -1, -2) + np.asarray(2000 * np.eye(n), dtype)
    b = numbers(shape, dtype, seed=1)
    vector = room(shape[:-1], dtype)
    checked = {"checked": True}
    cases = [
        (LINALG.inv, (a,), (room(shape, dtype),), np.linalg.inv),
        (LINALG.solve, (a, b), (room(shape, dtype),), np.linalg.solve),
        (LINALG.det, (a,), (room(shape[:-2], dtype),), np.linalg.det),
        (LINALG.cholesky_lo, (a,), (room(shape, dtype),), np.linalg.cholesky),
        (LINALG.eigh_lo, (a,), (vector, room(shape, dtype)), np.linalg.eigh),
        (LINALG.eigvalsh_lo, (a,), (vector.copy(),), np.linalg.eigvalsh),
    ]
    for function, inputs, outputs, public in cases:
        with about(function.__name__):
            step = Step("ufunc", function, inputs, outputs, checked)
            # numpy.linalg computes in float64, and rounds.
            agrees(step, lambda: function(*inputs))  # noqa: B023
            with np.errstate(all="ignore"):
                found = public(*inputs)
            for out, expected in zip(outputs, found if len(outputs) > 1 else [found], strict=True):
                if dtype == "f8":
                    assert bits(out) == bits(expected)


def test_a_singular_matrix_ends_the_run(core: str) -> None:
    a, out = np.eye(3), room((3, 3), "f8")
    log = np.zeros((5, 3))
    steps = [
        Step("log", None, (a[2],), (log,)),
        Step("ufunc", LINALG.inv, (a,), (out,), {"checked": True}),
        Step("ufunc", np.subtract, (a[2], np.array([0, 0, 0.5])), (a[2],)),
    ]
    assert Tape([steps]).run(5, seconds=9) == (2, "guard", 1)
    assert log[:, 2].tolist() == [1, 0.5, 0, 0, 0]
    # Nothing of it is left for the next call of NumPy's.
    with np.errstate(all="raise"):
        np.add(1.0, 1.0)


def test_a_singular_matrix_among_many_ends_the_run(core: str) -> None:
    for layout, place in itertools.product(LAYOUTS, [(0, 0), (0, 2), (1, 1)]):
        many = np.broadcast_to(np.eye(3), (2, 3, 3, 3)).copy()
        many[place] = 1
        step = Step(
            "ufunc", LINALG.inv, (LAYOUTS[layout](many),), (np.zeros_like(many),), {"checked": 1}
        )
        with about(f"{layout} {place}"):
            assert Tape([[step]]).run(1) == (0, "guard", 0)


# ------------------------------------------------------------------------------- sums

AXES: list[Any] = [None, 0, -1, (), (0, 1), (0, -1)]


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i8"])
def test_reductions_over_every_combination_of_axes(core: str, dtype: str) -> None:
    shapes = [
        (),
        (1,),
        (20,),
        (3, 3),
        (2, 3, 4),
        (5, 1),
        (17, 13),
        (130, 9),
        (9, 130),
        (3, 0),
        (0, 3),
    ]
    for shape, layout, keepdims in itertools.product(shapes, LAYOUTS, (False, True)):
        x = numbers(shape, dtype, layout)
        for count in range(len(shape) + 1):
            for axis in [*itertools.combinations(range(len(shape)), count), None]:
                for function in (np.add, np.multiply, np.maximum):
                    if not x.size and function is np.maximum:
                        continue
                    extra = {"axis": axis, "keepdims": keepdims}
                    out = room(x.sum(axis=axis, keepdims=keepdims).shape, dtype)
                    with about(f"{function} {shape} {layout} {axis} {keepdims}"):
                        expected = out.copy()
                        with np.errstate(all="ignore"):
                            function.reduce(x, axis=axis, keepdims=keepdims, out=expected)
                        # What the first zero is depends on where NumPy 2.0 begins.
                        first = OLD and layout == "reversed" and function is np.maximum
                        ran(
                            Step("reduce", function, (x,), (out,), extra),
                            calls=None if first else 0,
                        )
                        assert bits(out) == bits(expected)


@pytest.mark.parametrize("size", [8191, 8192, 8193, 20_000, 100_000])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_long_sums(core: str, size: int, dtype: str) -> None:
    x = numbers((size,), dtype)
    whole = {"axis": None, "keepdims": False}
    for y in (x, x[::-1], x[::3]):
        agrees(Step("reduce", np.add, (y,), (room((), dtype),), whole), lambda: total(y))  # noqa: B023


def total(x: np.ndarray, axis: int | None = None) -> np.ndarray:
    """The sum, written to a place of its own: NumPy 2.0 goes another way if it makes the place."""
    return np.add.reduce(x, axis=axis, out=np.empty_like(x.sum(axis)))


def test_long_sums_of_matrices(core: str) -> None:
    x = numbers((300, 334), "f4")
    for y, axis in itertools.product((x, x.T, x[:, ::2], x[::2]), (None, 0, 1)):
        out = np.empty_like(y.sum(axis))
        step = Step("reduce", np.add, (y,), (out,), {"axis": axis, "keepdims": False})
        agrees(step, lambda: total(y, axis))  # noqa: B023


def test_reductions_of_another_dtype(core: str) -> None:
    flags = numbers((7, 5), "?")
    count = room((), "i8")
    agrees(Step("reduce", np.add, (flags,), (count,), {"axis": None, "keepdims": False}), flags.sum)
    x = numbers((7, 5), "f4")
    some = room((7,), "?")
    agrees(
        Step("reduce", np.logical_or, (x,), (some,), {"axis": 1, "keepdims": False}),
        lambda: x.any(axis=1),
    )


def test_negative_zeros_are_summed_as_numpy_does(core: str) -> None:
    x = np.full((3, 4), -0.0)
    for axis in (None, 0, 1):
        out = room(x.sum(axis).shape, "f8")
        agrees(
            Step("reduce", np.add, (x,), (out,), {"axis": axis, "keepdims": False}),
            lambda: x.sum(axis),  # noqa: B023
        )


# ------------------------------------------------------------------------------- moving


def test_assign_casts_between_all_dtypes(core: str) -> None:
    codes = "?bBhHiIlLqQefd"
    for source, target in itertools.product(codes, codes):
        x = numbers((4, 5), "f8").astype(source)
        for array, out in ((x, room((4, 5), target)), (x.T[::-1], room((5, 4), target, "F"))):
            with about(f"{source} {target}"):
                # What a negative number is without a sign is left open, so Python may be asked.
                calls = None if source in "efd" and target in "BHILQ" else 0
                agrees(Step("assign", None, (array,), (out,)), lambda: array, calls)  # noqa: B023


def test_every_half_and_the_numbers_between_halves(core: str) -> None:
    patterns = np.arange(65536, dtype=np.uint16)
    # Not the NaN that signal, which become quiet on some ways.
    halves = patterns[(patterns & 0x7C00 != 0x7C00) | (patterns & 0x3FF == 0)].view("f2")
    for wide in ("f4", "f8"):
        agrees(Step("assign", None, (halves,), (room(halves.shape, wide),)), lambda: halves)
    finite = halves[np.isfinite(halves)].astype("f8")
    middles = np.concatenate([(finite[1:] + finite[:-1]) / 2, finite])
    for beside in (middles, np.nextafter(middles, 1e9), np.nextafter(middles, -1e9), middles * 64):
        for x in (beside, beside.astype("f4")):
            with np.errstate(over="ignore"):
                agrees(Step("assign", None, (x,), (room(x.shape, "f2"),)), lambda: x)  # noqa: B023


@pytest.mark.parametrize("dtype", [*DTYPES, "c16"])
def test_assign_broadcasts(core: str, dtype: str) -> None:
    for layout, to in itertools.product(LAYOUTS, LAYOUTS):
        for shape in ((3, 4), (4,), (3, 1), (), (1,)):
            x = numbers(shape, dtype, layout)
            with about(f"{shape} {layout} {to}"):
                agrees(Step("assign", None, (x,), (room((3, 4), dtype, to),)), lambda: x)  # noqa: B023


@pytest.mark.parametrize("dtype", DTYPES)
def test_where(core: str, dtype: str) -> None:
    for (condition, yes, no), layout in itertools.product(
        [
            ((3, 4), (3, 4), ()),
            ((3, 1), (4,), (3, 4)),
            ((), (3, 4), (1, 4)),
            ((), (), ()),
            ((0,),) * 3,
        ],
        LAYOUTS,
    ):
        c = numbers(condition, "?", layout, 5)
        a, b = numbers(yes, dtype, layout, 6), numbers(no, dtype, layout, 7)
        out = room(np.broadcast_shapes(condition, yes, no), dtype)
        with about(f"{condition} {yes} {no} {layout}"):
            agrees(Step("where", None, (c, a, b), (out,)), lambda: np.where(c, a, b))  # noqa: B023


def test_where_over_one_of_its_choices(core: str) -> None:
    x, y = np.arange(4.0), np.full(4, 9.0)
    ran(Step("where", None, (x > 1, y, x), (x,)))
    assert x.tolist() == [0, 1, 9, 9]


INDICES: list[Any] = [
    [2, 0, 0, -1],
    (np.array([[0, 1], [2, 0]]), 1),
    (slice(None), [3, 3, 0]),
    np.arange(12).reshape(3, 4) % 3 == 0,
    (1, 2),
    (slice(1, None), slice(None, None, -2)),
    Ellipsis,
    None,
    (slice(None), None, [1, 2]),
    [],
]


@pytest.mark.parametrize("dtype", DTYPES)
def test_take_and_put(core: str, dtype: str) -> None:
    for index, layout, to in itertools.product(INDICES, LAYOUTS, ("C", "F", "strided")):
        x = numbers((3, 4), dtype, layout)
        with about(f"{index} {layout} {to}"):
            found = np.asarray(x[index])
            out = room(found.shape, dtype, to)
            agrees(Step("take", None, (x,), (out,), index), lambda: x[index])  # noqa: B023
            for values in (numbers(found.shape, dtype, layout, 3), numbers((), dtype, seed=4)):
                expected, target = x.copy(), np.empty_like(x)
                target[...] = x
                expected[index] = values
                ran(Step("put", None, (values,), (target,), index))
                assert bits(target) == bits(expected)


def test_the_last_of_repeated_indices_stays(core: str) -> None:
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, 4, (2, 9, 7))
    for index in ((rows, columns), (rows.T, columns.T), rows[0], (slice(None), rows.T)):
        values = numbers(np.zeros((4, 4))[index].shape, "f8")
        for given in (values, np.asfortranarray(values)):
            target, expected = np.zeros((4, 4)), np.zeros((4, 4))
            expected[index] = given
            Tape([[Step("put", None, (given,), (target,), index)]]).run(1)
            assert bits(target) == bits(expected)


def test_random_steps(core: str) -> None:
    results = {seed: fuzz_tape.check(seed) for seed in range(400)}
    assert {seed: found for seed, found in results.items() if found.startswith("WRONG")} == {}
    assert sum(found == "loop" for found in results.values()) > 300


# ------------------------------------------------------------------------------- single numbers


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i8", "?"])
def test_dot(core: str, dtype: str) -> None:
    for shape, layout, other in itertools.product(
        [(1,), (3,), (20_000,), (5, 7), (2, 3, 4), (), (0,)], LAYOUTS, ("C", "F")
    ):
        x, y = numbers(shape, dtype, layout), numbers(shape, dtype, other, 1)
        with about(f"{shape} {layout} {other}"), np.errstate(all="ignore"):
            agrees(Step("dot", None, (x, y), (room((), dtype),)), lambda: np.vdot(x, y))  # noqa: B023
            agrees(Step("dot", None, (x, x), (room((), dtype),)), lambda: np.vdot(x, x))  # noqa: B023


def test_power(core: str) -> None:
    odd = [0.0, -0.0, 1.0, -1.0, 0.999, 2.0, -2.5, math.inf, -math.inf, math.nan, 3.0, 1e300, 0.5]
    for x, y in itertools.product(odd, odd):
        out = np.full((), 7.0)
        step = Step("power", None, (np.array(x), np.array(y)), (out,))
        with about(f"{x} {y}"):
            ended = Tape([[step]]).run(1)
            try:
                expected = math.pow(x, y)
            except (ValueError, OverflowError):
                assert ended == (0, "guard", 0)
                assert out == 7
            else:
                assert ended == (1, "count", -1)
                assert bits(out) == bits(np.array(expected))


# ------------------------------------------------------------------------------- running


def counting(limit: float = math.inf) -> tuple[np.ndarray, list[Step]]:
    """A number that grows by one an iteration, and a flag that says that it is at the limit."""
    x, one, there = np.zeros(()), np.ones(()), np.zeros((), bool)
    steps = [
        Step("ufunc", np.add, (x, one), (x,)),
        Step("ufunc", np.greater_equal, (x, np.array(limit)), (there,)),
    ]
    return x, steps


def test_a_guard_ends_the_run_before_its_iteration_counts(core: str) -> None:
    x, steps = counting(4.0)
    there = steps[1].outputs[0]
    log = np.zeros(10)
    tape = Tape(
        [[*steps, Step("guard", None, (there,), (), False), Step("log", None, (x,), (log,))]]
    )
    assert tape.run(10, seconds=9) == (3, "guard", 2)
    assert log.tolist() == [1, 2, 3, 0, 0, 0, 0, 0, 0, 0]


def test_a_halt_ends_the_run_after_its_iteration(core: str) -> None:
    x, steps = counting(4.0)
    there = steps[1].outputs[0]
    log = np.zeros(10)
    tape = Tape([[*steps, Step("halt", None, (there,), (), True), Step("log", None, (x,), (log,))]])
    assert tape.run(10, seconds=9) == (4, "halt", 2)
    assert log.tolist() == [1, 2, 3, 4, 0, 0, 0, 0, 0, 0]


def test_a_guard_behind_a_halt_goes_first_and_of_two_halts_the_first(core: str) -> None:
    yes = np.ones((1, 1), bool)
    halt, guard = Step("halt", None, (yes,), (), True), Step("guard", None, (yes,), (), False)
    assert Tape([[halt, guard]]).run(3) == (0, "guard", 1)
    assert Tape([[halt, halt]]).run(3) == (1, "halt", 0)
    assert Tape([[Step("halt", None, (yes,), (), False)]]).run(3) == (3, "count", -1)


def test_rows_and_phases(core: str) -> None:
    x, steps = counting()
    even, odd = np.zeros((9, 1)), np.zeros((9, 1))
    phases = [[*steps, Step("log", None, (x,), (rows,))] for rows in (even, odd)]
    tape = Tape(phases)
    assert tape.run(3, row=2, phase=1, seconds=9) == (3, "count", -1)
    assert odd[:, 0].tolist() == [0, 0, 1, 0, 3, 0, 0, 0, 0]
    assert even[:, 0].tolist() == [0, 0, 0, 2, 0, 0, 0, 0, 0]
    assert tape.run(1, row=8, phase=2, seconds=9).done == 1
    assert even[8, 0] == 4


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_log_has_the_elements_in_order(core: str, layout: str) -> None:
    for dtype, shape in itertools.product([*DTYPES, "i4", "c16"], [(), (3,), (3, 4), (2, 3, 4)]):
        x = numbers(shape, dtype, layout)
        for rows in (np.zeros((4, *shape), dtype), np.zeros((4, x.size), dtype)):
            tape = Tape([[Step("log", None, (x,), (rows,))]])
            assert tape.run(2, row=1).done == 2
            assert bits(rows[1]) == bits(rows[2]) == bits(x)
            assert not rows[[0, 3]].any()


def test_a_log_that_is_full(core: str) -> None:
    x, rows = np.ones(()), np.zeros(3)
    tape = Tape([[Step("log", None, (x,), (rows,))]])
    with pytest.raises(PlaygroundError, match="rows 2 to 4 do not fit into a log of 3"):
        tape.run(2, row=2)
    assert tape.run(1, row=2).done == 1
    assert Tape([[Step("log", None, (x,), (rows[:0],))]]).run(0).done == 0


def test_python_steps_and_their_errors(core: str) -> None:
    x, out = np.ones(()), np.zeros(())
    seen: list[float] = []

    def function(x: np.ndarray, out: np.ndarray) -> None:
        if len(seen) == 3:
            raise KeyError("enough")
        seen.append(out.item())
        out += x

    tape = Tape([[Step("python", function, (x,), (out,))]])
    assert tape.called_back == []
    assert tape.run(2).done == 2
    with pytest.raises(KeyError, match="enough"):
        tape.run(9)
    assert seen == [0, 1, 2]
    seen.clear()
    assert tape.run(2).done == 2


def test_it_comes_back_in_time(core: str) -> None:
    x, steps = counting()
    ended = Tape([steps]).run(10**15, seconds=0.02)
    assert ended.cause == "time"
    assert ended.done == x > 10
    assert Tape([steps]).run(10**15, seconds=0) == (1, "time", -1)


def test_others_run_meanwhile_but_not_the_same_tape(core: str) -> None:
    _, steps = counting()
    tape = Tape([steps])
    began = threading.Event()
    stop = Tape([[*steps]])
    thread = threading.Thread(target=lambda: (began.set(), tape.run(10**15, seconds=1.0)))
    thread.start()
    began.wait()
    refused = ""
    while thread.is_alive() and not refused:
        try:
            tape.run(1)
        except PlaygroundError as error:
            refused = str(error)
    thread.join()
    assert "running already" in refused
    assert stop.run(1).done == tape.run(1).done == 1


def test_a_tape_that_runs_itself(core: str) -> None:
    tapes: list[Tape] = []
    tapes.append(Tape([[Step("python", lambda: tapes[0].run(1), (), ())]]))
    with pytest.raises(PlaygroundError, match="further up"):
        tapes[0].run(1)


def test_it_holds_its_arrays_and_is_let_go(core: str) -> None:
    class Call:
        def __call__(self) -> None: ...

    call = Call()
    x = np.zeros(1000)
    tape = Tape(
        [[Step("ufunc", np.add, (x[:1], np.ones(1)), (x[:1],)), Step("python", call, (), ())]]
    )
    call.tape = tape  # type: ignore[attr-defined]
    array, gone = weakref.ref(x), weakref.ref(call)
    del x, call
    gc.collect()
    assert array() is not None
    assert tape.run(3).done == 3
    assert array()[0] == 3  # type: ignore[index]
    del tape
    gc.collect()
    assert array() is None
    assert gone() is None


def test_no_warnings_of_what_its_loops_meet(core: str) -> None:
    x, out = np.array([0.0, -1.0, 1e300]), np.zeros(3)
    with np.errstate(all="raise"):
        ran(Step("ufunc", np.log, (x,), (out,)), Step("ufunc", np.multiply, (x, x), (out,)))
        assert (np.ones(3) * 2).tolist() == [2, 2, 2]
        with pytest.raises(FloatingPointError):
            np.divide(1.0, x[0])


WRONG: dict[str, tuple[list[Any], str]] = {
    "no phase": ([], "one phase at least"),
    "no such kind": ([[Step("sum", None, (), ())]], "expected one of ufunc"),
    "a flag of two": ([[Step("guard", None, (np.ones(2, bool),), ())]], "one boolean"),
    "a flag that is none": ([[Step("halt", None, (np.ones(1),), ())]], "one boolean"),
    "a log of another dtype": (
        [[Step("log", None, (np.ones(1),), (np.ones((3, 1), "f4"),))]],
        "cannot be float32",
    ),
    "a log of another size": (
        [[Step("log", None, (np.ones(2),), (np.ones((3, 1)),))]],
        "cannot be",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_no_tape_is(core: str, what: str) -> None:
    phases, message = WRONG[what]
    with pytest.raises(PlaygroundError, match=message):
        Tape(phases)


def test_what_no_run_is(core: str) -> None:
    tape = Tape([[]])
    assert tape.run(5, seconds=9) == (5, "count", -1)
    with pytest.raises(PlaygroundError, match="no negative number, came count=1, row=-1"):
        tape.run(1, row=-1)


def test_a_step_that_numpy_refuses_raises_as_numpy_does(core: str) -> None:
    step = Step("ufunc", np.add, (np.ones(2), np.ones(3)), (np.ones(3),))
    with pytest.raises(ValueError, match="broadcast"):
        Tape([[step]]).run(1)
    step = Step("reduce", np.maximum, (np.ones(0),), (np.ones(()),), {"axis": 0, "keepdims": False})
    with pytest.raises(ValueError, match="zero-size"):
        Tape([[step]]).run(1)


def test_a_loop_with_other_bits_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CORE_VARIABLE, "auto")
    if playground.core().name == "Python":
        pytest.skip("no compiled core")
    from playground.interpreters.recording import tape as module

    monkeypatch.setattr(module, "_verdicts", {})
    # As if this machine's np.add had another loop than the one that the table names.
    monkeypatch.setitem(
        module._LOOPS, "ufunc", lambda step: [[(np.subtract, (*step.inputs, *step.outputs))]]
    )
    x, out = np.ones(3), np.zeros(3)
    tape = Tape([[Step("ufunc", np.add, (x, x), (out,))]])
    assert tape.called_back == ["ufunc add: not the bits of NumPy's own call"]
    assert tape.run(1).done == 1
    assert out.tolist() == [2, 2, 2]
