"""Every function that Chainer 7.8.1 has too: values, gradients of two orders, dtypes, signatures.

A row says how to call the function and what it is called with; the same call runs on both engines
in float16, float32 and float64. ``test_every_shared_function_has_a_row`` keeps the table complete.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import pytest

import playground
from tests.differential.both import (
    Raised,
    assert_same,
    assert_takes_chainers_calls,
    chainer,
    raised,
    run,
)

TOLERANCE = {"e": 1e-2, "f": 1e-5, "d": 1e-12}


@dataclass(frozen=True)
class Row:
    """A call ``call(F, *variables)`` on inputs of these shapes, drawn from ``low`` to ``high``."""

    name: str
    call: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]
    low: float = -2.0
    high: float = 2.0
    # Where Chainer's own second derivative is wrong or missing.
    second: bool = True

    def arrays(self, dtype: str) -> list[np.ndarray]:
        rng = np.random.RandomState(zlib.crc32(self.name.encode()))
        return [
            np.asarray(rng.uniform(self.low, self.high, shape)).astype(dtype)
            for shape in self.shapes
        ]


def elementwise(name: str, low: float, high: float) -> list[Row]:
    def call(F: Any, x: Any) -> Any:
        return getattr(F, name)(x)

    return [Row(name, call, (shape,), low, high) for shape in ((2, 3), (), (0, 2))]


M, ROW, COLUMN, VECTOR = (2, 3), (1, 3), (2, 1), (3,)

ELEMENTWISE = {
    "absolute": (-2, 2),
    "arccos": (-0.9, 0.9),
    "arcsin": (-0.9, 0.9),
    "arctan": (-2, 2),
    "cos": (-3, 3),
    "cosh": (-2, 2),
    "exp": (-2, 2),
    "expm1": (-2, 2),
    "log": (0.3, 3),
    "log1p": (-0.5, 2),
    "log2": (0.3, 3),
    "log10": (0.3, 3),
    "rsqrt": (0.5, 3),
    "sin": (-3, 3),
    "sinh": (-2, 2),
    "sqrt": (0.5, 3),
    "square": (-2, 2),
    "tan": (-1, 1),
    "tanh": (-2, 2),
    "ceil": (-2, 2),
    "floor": (-2, 2),
    "sign": (-2, 2),
}

OPERATORS = [
    Row("+", lambda F, x, y: x + y, (M, M)),
    Row("+ broadcast", lambda F, x, y: x + y, (M, ROW)),
    Row("-", lambda F, x, y: x - y, (COLUMN, ROW)),
    Row("*", lambda F, x, y: x * y, (M, VECTOR)),
    Row("/", lambda F, x, y: x / y, (M, COLUMN), 0.5, 2),
    Row("/ 0-d", lambda F, x, y: x / y, (M, ()), 0.5, 2),
    Row("**", lambda F, x, y: x**y, (M, VECTOR), 0.5, 2),
    Row("** 2", lambda F, x: x**2, (M,)),
    Row("** 3", lambda F, x: x**3, (M,)),
    Row("** -1.5", lambda F, x: x**-1.5, (M,), 0.5, 2),
    Row("2 **", lambda F, x: 2**x, (M,)),
    Row("//", lambda F, x, y: x // y, (M, VECTOR), 0.5, 2),
    Row("neg", lambda F, x: -x, (M,)),
    Row("abs", lambda F, x: abs(x), (M,)),
    Row("x + 3", lambda F, x: x + 3, (M,)),
    Row("3 - x", lambda F, x: 3 - x, (M,)),
    Row("x * 3", lambda F, x: x * 3, (M,)),
    Row("x / 3", lambda F, x: x / 3, (M,)),
    Row("3 / x", lambda F, x: 3 / x, (M,), 0.5, 2),
    Row("array + x", lambda F, x: np.ones((2, 3)) + x, (M,)),
    Row("array / x", lambda F, x: np.ones((2, 3)) / x, (VECTOR,), 0.5, 2),
    Row("x used twice", lambda F, x: x * x + x / x, (M,), 0.5, 2),
    Row("@", lambda F, x, y: x @ y, (M, (3, 2))),
]

ARRAYS = [
    Row("broadcast", lambda F, x, y: sum(F.broadcast(x, y)), (COLUMN, ROW)),
    Row("broadcast_to", lambda F, x: F.broadcast_to(x, (4, 2, 3)), (ROW,)),
    Row("broadcast_to", lambda F, x: F.broadcast_to(x, (2, 3)), ((),)),
    Row("concat", lambda F, x, y: F.concat((x, y)), (M, (2, 1))),
    Row("concat", lambda F, x, y, z: F.concat([x, y, z], axis=0), (M, ROW, M)),
    Row("concat", lambda F, x, y: F.concat([x, y], -2), (M, ROW)),
    Row("expand_dims", lambda F, x: F.expand_dims(x, 1), (M,)),
    Row("expand_dims", lambda F, x: F.expand_dims(x, -1), (M,)),
    Row("flatten", lambda F, x: F.flatten(x), (M,)),
    Row("flatten", lambda F, x: F.flatten(x), ((),)),
    Row("get_item", lambda F, x: F.get_item(x, 1), (M,)),
    Row("get_item", lambda F, x: x[0, 2], (M,)),
    Row("get_item", lambda F, x: x[..., ::-1], (M,)),
    Row("get_item", lambda F, x: x[:, None, 1:], (M,)),
    Row("get_item", lambda F, x: x[[0, 1, 1], [2, 0, 0]], (M,)),
    Row("get_item", lambda F, x: x[[1, 1]], (M,)),
    Row("get_item", lambda F, x: x[:, np.array([[0, 2], [2, 2]])], (M,)),
    Row("get_item", lambda F, x: x[np.array([[True, False, True], [False] * 3])], (M,)),
    Row("get_item", lambda F, x: x[np.array([False, True])], (M,)),
    Row("get_item", lambda F, x: x[()], (M,)),
    Row("moveaxis", lambda F, x: F.moveaxis(x, 0, 2), ((2, 3, 4),)),
    Row("moveaxis", lambda F, x: F.moveaxis(x, (0, -1), (1, 0)), ((2, 3, 4),)),
    Row("reshape", lambda F, x: F.reshape(x, (3, -1)), (M,)),
    Row("reshape", lambda F, x: F.reshape(x, (1, 1)), ((),)),
    Row("squeeze", lambda F, x: F.squeeze(x), ((1, 3, 1),)),
    Row("squeeze", lambda F, x: F.squeeze(x, 0), ((1, 3, 1),)),
    Row("squeeze", lambda F, x: F.squeeze(x, axis=(0, -1)), ((1, 3, 1),)),
    Row("stack", lambda F, x, y: F.stack([x, y]), (M, M)),
    Row("stack", lambda F, x, y: F.stack((x, y, x), axis=-1), (M, M)),
    Row("sum_to", lambda F, x: F.sum_to(x, (1, 3)), (M,)),
    Row("sum_to", lambda F, x: F.sum_to(x, (2, 1)), ((4, 2, 3),)),
    Row("sum_to", lambda F, x: F.sum_to(x, ()), (M,)),
    Row("swapaxes", lambda F, x: F.swapaxes(x, 0, -1), ((2, 3, 4),)),
    Row("transpose", lambda F, x: F.transpose(x), ((2, 3, 4),)),
    Row("transpose", lambda F, x: F.transpose(x, axes=(2, 0, 1)), ((2, 3, 4),)),
    Row("transpose", lambda F, x: F.transpose(x, (-1, 0, 1)), ((2, 3, 4),)),
    Row("cast", lambda F, x: F.cast(x, "d"), (M,)),
    Row("cast", lambda F, x: F.cast(x, np.float16), (M,)),
    Row("where", lambda F, x, y: F.where(WHERE, x, y), (M, M)),
    Row("where", lambda F, x, y: F.where(WHERE, x, y), (ROW, COLUMN)),
    Row("where", lambda F, x, y: F.where(WHERE[0], x, y), (M, ())),
]
WHERE = np.array([[True, False, True], [False, False, True]])

ARITHMETIC = [
    Row("add", lambda F, x, y: F.add(x, y), (M, ROW)),
    Row("add", lambda F, x: F.add(x), (M,)),
    Row("add", lambda F, x, y, z: F.add(x, y, z), (M, M, M)),
    Row("add", lambda F, x, y, z: F.add(x, y, z, x), (ROW, COLUMN, M)),
    Row("add", lambda F, x: F.add(x, 2), (M,)),
    Row("arctan2", lambda F, x, y: F.arctan2(x, y), (M, M)),
    Row("maximum", lambda F, x, y: F.maximum(x, y), (M, M)),
    Row("maximum", lambda F, x, y: F.maximum(x, y), (M, COLUMN)),
    Row("minimum", lambda F, x, y: F.minimum(x, y), (M, M)),
    Row("minimum", lambda F, x, y: F.minimum(x, y), ((), M)),
    Row("clip", lambda F, x: F.clip(x, -0.5, 1.0), (M,)),
    Row("matmul", lambda F, x, y: F.matmul(x, y), (M, (3, 4))),
    Row("matmul", lambda F, x, y: F.matmul(x, y, transa=True), ((3, 2), (3, 4))),
    Row("matmul", lambda F, x, y: F.matmul(x, y, False, True), (M, (4, 3))),
    Row("matmul", lambda F, x, y: F.matmul(x, y, True, True), ((3, 2), (4, 3))),
    Row("matmul", lambda F, x, y: F.matmul(x, y), (VECTOR, VECTOR)),
    Row("matmul", lambda F, x, y: F.matmul(x, y), (M, VECTOR)),
    Row("matmul", lambda F, x, y: F.matmul(x, y), ((2,), M)),
    Row("matmul", lambda F, x, y: F.matmul(x, y), ((2, 2, 3), (2, 3, 2))),
    Row("matmul", lambda F, x, y: F.matmul(x, y, transb=True), ((2, 2, 3), (2, 4, 3))),
]

REDUCTIONS = [
    Row(name, lambda F, x, n=name, o=options: getattr(F, n)(x, **o), (shape,))
    for name in ("sum", "mean", "average", "max", "min")
    for shape, options in (
        (M, {}),
        (M, {"axis": 0}),
        (M, {"axis": -1, "keepdims": True}),
        ((2, 3, 4), {"axis": (0, 2)}),
        ((2, 3, 4), {"axis": (-1, 1), "keepdims": True}),
        (M, {"keepdims": True}),
        ((), {}),
    )
] + [
    Row("average", lambda F, x, w: F.average(x, weights=w), (M, M), 0.5, 2),
    Row("average", lambda F, x, w: F.average(x, 1, w), (M, VECTOR), 0.5, 2),
    Row("average", lambda F, x, w: F.average(x, 0, w, True), (M, (2,)), 0.5, 2),
    Row("mean", lambda F, x, w: F.mean(x, -1, w), (M, VECTOR), 0.5, 2),
]

ROWS = [
    *(row for name, limits in ELEMENTWISE.items() for row in elementwise(name, *limits)),
    *OPERATORS,
    *ARRAYS,
    *ARITHMETIC,
    *REDUCTIONS,
]


def _outcome(engine: Any, row: Row, dtype: str) -> Any:
    """Value, gradients, and gradients of the gradients, along random directions."""
    xs = [engine.Variable(a) for a in row.arrays(dtype)]
    y = row.call(engine.functions, *xs)
    if not y.requires_grad:
        return y, y.creator is None
    rng = np.random.RandomState(1)

    def direction(v: Any) -> Any:
        return engine.Variable(np.asarray(rng.uniform(-1, 1, v.shape)).astype(v.dtype))

    gy = direction(y)
    gxs = engine.grad([y], xs, [gy], enable_double_backprop=True)
    if not row.second:
        return y, gxs
    z = sum(engine.functions.sum(gx * direction(gx)) for gx in gxs)
    second = engine.grad([z], [*xs, gy])
    # A derivative that is zero everywhere may be no gradient at all.
    held = zip([*xs, gy], second, strict=True)
    return y, gxs, [np.zeros_like(v.array) if g is None else g for v, g in held]


@pytest.mark.parametrize("dtype", "efd")
@pytest.mark.parametrize("row", ROWS, ids=[f"{i}-{row.name}" for i, row in enumerate(ROWS)])
def test_values_and_gradients(row: Row, dtype: str) -> None:
    ours, theirs = (run(lambda e: _outcome(e, row, dtype), e) for e in (playground, chainer))
    assert_same(ours, theirs, TOLERANCE[dtype])


SHARED = sorted(set(playground.functions.__all__) & set(dir(chainer.functions)))


def test_every_shared_function_has_a_row() -> None:
    """Here, or in a file of its category beside this one."""
    files = (
        "arrays",
        "linalg",
        "math",
        "networks",
        "normalizing",
        "sampling",
        "sequences",
        "transforms",
    )
    beside = [import_module(f"tests.differential.test_functions_{file}") for file in files]
    named = {row.name for module in beside for row in module.ROWS} | {row.name for row in ROWS}
    scores = import_module("tests.differential.test_functions_networks").NAMED_IN_SCORES
    assert len(SHARED) >= 110
    # What is run again for its gradient has tests of its own, tests/functions/test_recomputing.py.
    assert set(SHARED) - named - scores - {"argmax", "argmin", "forget"} == set()


# Chainer's parameter is called ``self`` here, after the operator that it serves.
RENAMED = {"absolute"}


@pytest.mark.parametrize("name", SHARED)
def test_signature(name: str) -> None:
    assert_takes_chainers_calls(name, renamed=name in RENAMED)


# Functions that are compositions of others here, so that the last node is another one.
COMPOSED = {
    "add",
    "average",
    "broadcast",
    "expand_dims",
    "mean",
    "moveaxis",
    "stack",
    "sum_to",
    "swapaxes",
    "squeeze",
    "transpose",
}


@pytest.mark.parametrize("row", ROWS, ids=[f"{i}-{row.name}" for i, row in enumerate(ROWS)])
def test_labels_of_functions(row: Row) -> None:
    def label(engine: Any) -> Any:
        y = row.call(engine.functions, *(engine.Variable(a) for a in row.arrays("d")))
        return None if y.creator is None else y.creator.label

    if row.name not in COMPOSED:
        assert run(label, playground) == run(label, chainer)


# --------------------------------------------------------------------- ties, limits, zeros

TIES: dict[str, tuple[Callable[..., Any], list[list[float]]]] = {
    "maximum": (lambda F, x, y: F.maximum(x, y), [[1, 2, 3], [1, 3, 2]]),
    "minimum": (lambda F, x, y: F.minimum(x, y), [[1, 2, 3], [1, 3, 2]]),
    "maximum of itself": (lambda F, x: F.maximum(x, x), [[1, 2]]),
    "max": (lambda F, x: F.max(x), [[3, 1, 3, 2]]),
    "min": (lambda F, x: F.min(x), [[3, 1, 1, 2]]),
    "max along an axis": (lambda F, x: F.max(F.reshape(x, (2, 2)), 0), [[3, 1, 3, 2]]),
    "clip": (lambda F, x: F.clip(x, -1.0, 1.0), [[-2, -1, 0, 1, 2]]),
    "average with inf": (lambda F, x, w: F.average(x, 0, w), [[np.inf, 1], [1, 3]]),
    "absolute": (lambda F, x: F.absolute(x), [[-1, 0, -0.0, 1]]),
    "sqrt": (lambda F, x: F.sqrt(x), [[0, 1]]),
    "log": (lambda F, x: F.log(x), [[0, -1, 1]]),
    "1 / x": (lambda F, x: 1 / x, [[0, 1]]),
    "x / y": (lambda F, x, y: x / y, [[1, 0], [0, 2]]),
    "where": (lambda F, x, y: F.where(np.array([True, False]), x, y), [[1, 2], [3, 4]]),
}


@pytest.mark.parametrize("name", TIES)
def test_ties_limits_and_zeros(name: str) -> None:
    call, values = TIES[name]

    def script(engine: Any) -> Any:
        xs = [engine.Variable(np.array(v, "d")) for v in values]
        y = call(engine.functions, *xs)
        gy = engine.Variable(np.arange(1.0, y.size + 1).reshape(y.shape))
        return y, engine.grad([y], xs, [gy])

    assert_same(run(script, playground), run(script, chainer), 1e-15)


def test_deviation_nan_that_wins_is_selected() -> None:
    """NaN comes through, and so does the gradient; Chainer's comparisons with it give 0."""

    def script(engine: Any) -> Any:
        x, y = (engine.Variable(np.array(v)) for v in ([np.nan, 1.0], [1.0, np.nan]))
        z = engine.Variable(np.array([0.5, np.nan]))
        F = engine.functions
        found = engine.grad([F.sum(F.maximum(x, y)) + F.sum(F.clip(z, -1.0, 1.0))], [x, y, z])
        return [g.array.tolist() for g in found]

    assert script(playground) == [[1, 1], [1, 1], [1, 1]]
    assert run(script, chainer) == [[0, 0], [1, 1], [1, 0]]


def _array(value: Any) -> Any:
    return getattr(value, "array", value)


def test_powers_at_zero() -> None:
    """Chainer agrees as far as its own derivatives are finite there."""

    def script(engine: Any, c: Any, order: int) -> Any:
        x = engine.Variable(np.array([0.0, 2.0]))
        g = x**c
        for _ in range(order):
            (g,) = engine.grad([engine.functions.sum(g)], [x], enable_double_backprop=True)
            if g is None:
                return np.zeros(2)
        return g

    for c, order in itertools.product((1, 2, 3, 4, 5, 2.0, 3.5), (0, 1, 2)):
        ours = np.asarray(_array(run(lambda e, c=c, o=order: script(e, c, o), playground)))
        theirs = np.asarray(_array(run(lambda e, c=c, o=order: script(e, c, o), chainer)))
        assert np.isfinite(theirs[1])
        good = np.isfinite(theirs)
        assert_same(ours[good], theirs[good], 1e-14, f"{c}, order {order}")


@pytest.mark.parametrize("c", [0, 1, 2, 3, 4])
def test_deviation_powers_have_finite_derivatives_of_every_order_at_zero(c: int) -> None:
    """Chainer: nan from the order c + 1 on (0 * 0 ** -1)."""

    def derivative(engine: Any, order: int) -> np.ndarray:
        x = engine.Variable(np.array([0.0, 2.0]))
        g = x**c
        for _ in range(order):
            (g,) = engine.grad([engine.functions.sum(g)], [x], enable_double_backprop=True)
            if g is None or not g.requires_grad:
                return np.zeros(2)
        return g.array

    falling = 1.0
    for order in range(c + 2):
        expected = falling * np.array([0.0, 2.0]) ** max(c - order, 0)
        np.testing.assert_allclose(run(lambda e, o=order: derivative(e, o), playground), expected)
        falling *= c - order


# ------------------------------------------------------------------------------- error conditions

_M = np.ones((2, 3), "f")
_I = np.array([1, 2, 3], "i")

ERRORS: dict[str, Callable[[Any, Any], Any]] = {
    "add of nothing": lambda F, V: F.add(),
    "add shapes": lambda F, V: F.add(V(_M), V(_M.T.copy())),
    "matmul shapes": lambda F, V: F.matmul(V(_M), V(_M)),
    "matmul 0-d": lambda F, V: F.matmul(V(_M), V(np.array(1, "f"))),
    "reshape size": lambda F, V: F.reshape(V(_M), (4,)),
    "reshape two unknown": lambda F, V: F.reshape(V(_M), (-1, -1)),
    "transpose axes": lambda F, V: F.transpose(V(_M), (0, 0)),
    "transpose count": lambda F, V: F.transpose(V(_M), (0,)),
    "swapaxes out of range": lambda F, V: F.swapaxes(V(_M), 0, 2),
    "moveaxis out of range": lambda F, V: F.moveaxis(V(_M), 0, 2),
    "moveaxis count": lambda F, V: F.moveaxis(V(_M), (0, 1), 0),
    "expand_dims out of range": lambda F, V: F.expand_dims(V(_M), 4),
    "squeeze longer axis": lambda F, V: F.squeeze(V(_M), 0),
    "squeeze out of range": lambda F, V: F.squeeze(V(_M), 2),
    "broadcast_to": lambda F, V: F.broadcast_to(V(_M), (3, 2)),
    "broadcast": lambda F, V: F.broadcast(V(_M), V(_M.T.copy())),
    "concat shapes": lambda F, V: F.concat([V(_M), V(np.ones((3, 3), "f"))], 1),
    "concat ranks": lambda F, V: F.concat([V(_M), V(np.ones(3, "f"))], 0),
    "concat nothing": lambda F, V: F.concat([]),
    "concat axis": lambda F, V: F.concat([V(_M), V(_M)], 2),
    "stack shapes": lambda F, V: F.stack([V(_M), V(np.ones((3, 3), "f"))]),
    "stack axis": lambda F, V: F.stack([V(_M), V(_M)], 3),
    "sum axis": lambda F, V: F.sum(V(_M), 2),
    "sum axis twice": lambda F, V: F.sum(V(_M), (0, 0)),
    "sum axis twice, once negative": lambda F, V: F.sum(V(_M), (1, -1)),
    "mean axis": lambda F, V: F.mean(V(_M), 2),
    "average weights": lambda F, V: F.average(V(_M), 0, V(np.ones(5, "f"))),
    "max axis": lambda F, V: F.max(V(_M), 2),
    "max of nothing": lambda F, V: F.max(V(np.ones(0, "f"))),
    "get_item out of range": lambda F, V: V(_M)[2],
    "get_item too many": lambda F, V: V(_M)[0, 0, 0],
    "get_item kind": lambda F, V: V(_M)["a"],
    "get_item floats": lambda F, V: V(_M)[1.5],
    "where shapes": lambda F, V: F.where(np.array([True, False]), V(_M), V(_M)),
    "maximum shapes": lambda F, V: F.maximum(V(_M), V(_M.T.copy())),
    "add text": lambda F, V: V(_M) + "a",
    "add None": lambda F, V: V(_M) + None,
    "power text": lambda F, V: V(_M) ** "a",
}
# Chainer's own checks are missing here; what comes out is named.
UNCHECKED = {
    "add of nothing",
    "reshape two unknown",
    "sum axis twice, once negative",
}


@pytest.mark.parametrize("name", ERRORS)
def test_error_conditions(name: str) -> None:
    ours, theirs = (
        run(lambda e: raised(lambda: ERRORS[name](e.functions, e.Variable)), engine)
        for engine in (playground, chainer)
    )
    assert isinstance(ours, Raised)
    assert len(str(ours.error)) > 10
    if name not in UNCHECKED:
        assert_same(ours, theirs)


INTEGER = [
    "arccos",
    "arcsin",
    "arctan",
    "cos",
    "cosh",
    "exp",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "rsqrt",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
]


@pytest.mark.parametrize("name", INTEGER)
def test_integer_input_is_refused(name: str) -> None:
    def script(engine: Any) -> Any:
        return raised(lambda: getattr(engine.functions, name)(engine.Variable(_I)))

    assert_same(run(script, playground), run(script, chainer))


def test_deviation_absolute_value_of_integers_is_an_integer() -> None:
    """Chainer refuses it; nothing would be rounded or widened."""

    def script(engine: Any) -> Any:
        return raised(lambda: engine.functions.absolute(engine.Variable(-_I)))

    assert run(script, chainer).is_invalid_type
    y = run(script, playground)
    assert y.dtype == _I.dtype
    np.testing.assert_array_equal(y.array, _I)


# ------------------------------------------------------------------------------- other operands


@pytest.mark.parametrize("name", sorted({row.name for row in ROWS} & set(SHARED)))
def test_plain_arrays_are_accepted(name: str) -> None:
    row = next(row for row in ROWS if row.name == name)

    def script(engine: Any) -> Any:
        y = row.call(engine.functions, *row.arrays("f"))
        return isinstance(y, engine.Variable), y, y.requires_grad

    if name in ("broadcast", "get_item"):
        return  # their rows add or index the arrays themselves
    assert_same(run(script, playground), run(script, chainer), 1e-5)


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_deviation_maximum_takes_a_number(name: str) -> None:
    """Chainer's wants two arrays; NumPy's takes numbers, and ``np.maximum(v, 0)`` is this one."""

    def script(engine: Any) -> Any:
        x = engine.Variable(np.array([-1, 0, 2], "f"))
        return raised(lambda: getattr(engine.functions, name)(x, 0))

    assert isinstance(run(script, chainer), Raised)
    y = run(script, playground)
    np.testing.assert_array_equal(y.array, getattr(np, name)(np.array([-1, 0, 2], "f"), 0))
    assert y.dtype == np.float32


@pytest.mark.parametrize("name", ["max", "min"])
def test_deviation_an_extremum_of_numpy_shares_its_gradient_at_a_tie(name: str) -> None:
    """``F.max`` gives all of it to each that is tied, in both; only here NumPy's is recorded."""

    def script(engine: Any) -> Any:
        x = engine.Variable(np.full(3, 2.0))
        getattr(engine.functions, name)(x).backward()
        return x.grad

    for engine in (chainer, playground):
        np.testing.assert_array_equal(run(script, engine), np.ones(3))
    assert not hasattr(chainer.Variable, name)
    with pytest.raises(TypeError):
        getattr(np, name)(chainer.Variable(np.full(3, 2.0)))
    for call in (getattr(np, name), lambda v: getattr(v, name)()):
        x = playground.Variable(np.full(3, 2.0))
        call(x).backward()
        np.testing.assert_allclose(x.grad, np.full(3, 1 / 3))


def test_deviation_limits_that_meet_make_a_constant() -> None:
    def script(engine: Any) -> Any:
        x = engine.Variable(np.array([0.0, 1.0, 2.0]))
        y = raised(lambda: engine.functions.clip(x, 1.0, 1.0))
        if isinstance(y, Raised):
            return y
        engine.functions.sum(y).backward()
        return x.grad

    assert isinstance(run(script, chainer), Raised)
    np.testing.assert_array_equal(run(script, playground), np.zeros(3))


def test_deviation_a_squared_absolute_value_has_a_second_derivative_at_zero() -> None:
    def script(engine: Any) -> Any:
        x = engine.Variable(np.array([0.0, -1.0]))
        y = engine.functions.absolute(x) ** 2
        (gx,) = engine.grad([engine.functions.sum(y)], [x], enable_double_backprop=True)
        return engine.grad([gx], [x])[0].array

    np.testing.assert_array_equal(run(script, chainer), [0, 2])
    np.testing.assert_array_equal(run(script, playground), [2, 2])


def test_deviation_arrays_of_the_other_byte_order_are_copied_to_the_machines() -> None:
    foreign = np.arange(3.0).astype(np.dtype("d").newbyteorder())
    assert not run(lambda engine: engine.Variable(foreign).array, chainer).dtype.isnative
    held = run(lambda engine: engine.Variable(foreign).array, playground)
    assert held.dtype.isnative
    np.testing.assert_array_equal(held, foreign)
