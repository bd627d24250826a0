"""Every operation under ``vmap``, forward and backward, equal to one lane after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import playground as pg
from playground import Variable
from playground.interpreters.batching import Batched, Diagonal, Level, unit_lanes
from playground.interpreters.batching.linalg import MANY_LANES
from playground.transforms import vmap
from tests.op_checks import Arrays, cotangents, directions, first, inputs, second, values
from tests.ops import ROWS
from tests.rows import Case, Row, as_tuple
from tests.strict_array import StrictArray, registered

LANES = 3
# The shape of their results depends on the values, and so would differ from lane to lane.
RAGGED = {"trim_zeros"}
BATCHED = [row for row in ROWS if row.function not in RAGGED]
DIFFERENTIABLE = [row for row in BATCHED if row.order]


def by_row(rows: Sequence[Row]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "row", [pytest.param(row, id=row.name.replace(" ", "_")) for row in rows]
    )


def lanes_of(row: Row, case: Case) -> list[tuple[Arrays, Arrays, Arrays]]:
    """Inputs, cotangents and directions of each lane: other numbers in each."""
    lanes = []
    for i in range(LANES):
        numbered = replace(row, name=f"{row.name}~{i}")
        arrays = inputs(numbered, case)
        us = [rolled(u, i) for u in cotangents(row, case, arrays)]
        lanes.append((arrays, us, directions(numbered, case, arrays, "second")))
    return lanes


def rolled(u: np.ndarray, i: int) -> np.ndarray:
    return np.array(u * (1 + i) - 0.1 * i, u.dtype)


def together(columns: Sequence[Arrays]) -> Arrays:
    """Lane by lane to array by array."""
    return [np.stack(column) for column in zip(*columns, strict=True)]


def check(found: Sequence[Any], lanes: Sequence[Sequence[Any]], show: Callable[[Any], Any]) -> None:
    """What was found for all lanes equals what each lane gave."""
    for y, expected in zip(found, zip(*lanes, strict=True), strict=True):
        if y is None:
            assert all(e is None or not np.any(e) for e in expected)
            continue
        stacked = np.stack([np.zeros(np.shape(show(y))[1:]) if e is None else e for e in expected])
        shown = np.asarray(show(y))
        assert shown.dtype == stacked.dtype or any(e is None for e in expected)
        np.testing.assert_allclose(shown, stacked, rtol=1e-9, atol=1e-10)


def lanes_first(a: np.ndarray) -> np.ndarray:
    return a


def lanes_last(a: np.ndarray) -> np.ndarray:
    """The same with lanes as neighbours in memory."""
    return np.moveaxis(np.moveaxis(a, 0, -1).copy(), -1, 0)


@pytest.mark.parametrize("layout", [lanes_first, lanes_last])
@by_row(BATCHED)
def test_row_in_lanes(row: Row, layout: Callable[[np.ndarray], np.ndarray]) -> None:
    """Values, first and second derivatives of Variables that hold lanes: vmap of grad of grad."""
    for case in row.cases:
        lanes = lanes_of(row, case)
        level = Level(LANES)
        columns = [together(c) for c in zip(*lanes, strict=True)]
        arrays, us, vs = ([level.hide(layout(a)) for a in column] for column in columns)
        check(
            values(row, case, arrays),
            [values(row, case, arrays) for arrays, _, _ in lanes],
            level.show,
        )
        if row.order:
            expected = [first(row, case, a, u) for a, u, _ in lanes]
            check(first(row, case, arrays, us), expected, level.show)
            expected = [[*chain(second(row, case, *lane))] for lane in lanes]
            check(chain(second(row, case, arrays, us, vs)), expected, level.show)


def chain(pair: tuple[Arrays, Arrays]) -> Arrays:
    return [*pair[0], *pair[1]]


@by_row(DIFFERENTIABLE)
def test_row_in_nested_lanes(row: Row) -> None:
    case = row.cases[0]
    outer, inner = Level(LANES), Level(LANES)
    lanes = lanes_of(row, case)
    arrays, us, vs = zip(*lanes, strict=True)

    def nested(columns: Any) -> Arrays:
        """Lane i, j has the numbers of lane i + j."""
        ring = [together([columns[(i + j) % LANES] for j in range(LANES)]) for i in range(LANES)]
        return [inner.hide(outer.hide(a)) for a in together(ring)]

    def show(y: Any) -> Any:
        return outer.show(inner.show(y)).reshape((LANES * LANES, *y.shape))

    order = [(i + j) % LANES for j in range(LANES) for i in range(LANES)]
    found = second(row, case, nested(arrays), nested(us), nested(vs))
    check(chain(found), [chain(second(row, case, *lanes[k])) for k in order], show)


@by_row(DIFFERENTIABLE)
def test_gradient_of_a_row_under_vmap(row: Row) -> None:
    """Leaves outside of vmap: mapped over, or closed over (gradients summed), to second order."""
    for case in row.cases:
        lanes = lanes_of(row, case)
        for mapped in patterns(len(case.shapes)):
            fixed = [a if not m else None for a, m in zip(lanes[0][0], mapped, strict=True)]
            mixed = [
                ([a if f is None else f for a, f in zip(arrays, fixed, strict=True)], us, vs)
                for arrays, us, vs in lanes
            ]
            check_outside(row, case, mixed, mapped)


def patterns(count: int) -> list[tuple[bool, ...]]:
    """All mapped over, and each alone."""
    alone = [tuple(i == k for i in range(count)) for k in range(count)]
    return [(True,) * count, *(alone if count > 1 else [])]


def check_outside(row: Row, case: Case, lanes: Any, mapped: Sequence[bool]) -> None:
    columns = [together(c) for c in zip(*lanes, strict=True)]
    arrays = [a if m else np.asarray(a[0]) for a, m in zip(columns[0], mapped, strict=True)]
    us = columns[1]
    vs = [v if m else np.asarray(v[0]) for v, m in zip(columns[2], mapped, strict=True)]

    def call(*xs: Any, **args: Any) -> Any:
        over = [x for x, m in zip(xs, mapped, strict=True) if m]

        def one(*mine: Any) -> Any:
            rest = iter(mine)
            return as_tuple(
                row(*(next(rest) if m else x for x, m in zip(xs, mapped, strict=True)), **args)
            )

        return tuple(vmap(one)(*over))

    found = chain(second(call, case, arrays, us, vs))
    known = [(first(call, case, arrays, us), expected_first(row, case, lanes))]
    mixed = [
        (a, u, [v if m else w for v, w, m in zip(d, vs, mapped, strict=True)]) for a, u, d in lanes
    ]
    known.append((found[: len(mapped)], [second(row, case, *lane)[0] for lane in mixed]))
    for gradients, expected in known:
        for g, column, m in zip(gradients, zip(*expected, strict=True), mapped, strict=True):
            parts = [p for p in column if p is not None]
            if g is None or not parts:
                assert not np.any(g) if g is not None else not np.any(parts)
                continue
            whole = np.stack(parts) if m else np.sum(parts, axis=0)
            np.testing.assert_allclose(g, whole, rtol=1e-8, atol=1e-9)


def expected_first(row: Row, case: Case, lanes: Any) -> list[Arrays]:
    return [first(row, case, a, u) for a, u, _ in lanes]


@by_row(DIFFERENTIABLE)
def test_batched_cotangents_of_a_row(row: Row) -> None:
    """One graph without lanes, one reverse pass with them: what a Jacobian does; twice."""
    for case in row.cases:
        lanes = lanes_of(row, case)
        arrays = lanes[0][0]
        level = Level(LANES)
        us = [level.hide(u) for u in together([us for _, us, _ in lanes])]
        xs = list(map(Variable, arrays))
        ys = as_tuple(row(*xs, **case.args))
        raw = pg.grad(ys, xs, [Variable(u) for u in us])
        each = [first(row, case, arrays, u) for _, u, _ in lanes]
        check([None if g is None else g.array for g in raw], each, level.show)
        check_recorded(row, case, lanes, us, level)


def check_recorded(row: Row, case: Case, lanes: Any, us: Arrays, level: Level) -> None:
    """The gradients of all lanes, recorded, differentiated along the inputs: a sum over lanes."""
    arrays = lanes[0][0]
    xs = list(map(Variable, arrays))
    ys = as_tuple(row(*xs, **case.args))
    with level.recording():
        gxs = pg.grad(ys, xs, [Variable(u) for u in us], enable_double_backprop=True)
    stacked = together([vs for _, _, vs in lanes])
    known = [(g, v) for g, v in zip(gxs, stacked, strict=True) if g is not None]
    if not known:
        return
    tops, starts = zip(*known, strict=True)
    found = pg.grad(tops, xs, [Variable(level.hide(v)) for v in starts])
    each = [second(row, case, arrays, u, v)[0] for _, u, v in lanes]
    for g, column in zip(found, zip(*each, strict=True), strict=True):
        parts = [p for p in column if p is not None]
        if g is None or not parts:
            assert not np.any(parts)
            continue
        np.testing.assert_allclose(g.array, np.sum(parts, axis=0), rtol=1e-8, atol=1e-9)


@by_row([row for row in ROWS if row.function in RAGGED])
def test_ragged_results_are_refused(row: Row) -> None:
    x = np.array([[0.0, 1, 2], [0, 0, 1]])
    with pytest.raises(ValueError, match="differs from lane to lane"):
        vmap(row)(x)


@pytest.mark.parametrize("layout", [lanes_first, lanes_last])
@pytest.mark.parametrize("shapes", [((3, 2), (2, 4)), ((8, 8), (8, 8)), ((2, 20), (20, 2))])
def test_products_in_many_lanes(shapes: Any, layout: Callable[[np.ndarray], np.ndarray]) -> None:
    """Summed term by term or not, which depends on sizes, layout and the number of lanes."""
    rng, level = np.random.default_rng(0), Level(MANY_LANES)
    a, b = (rng.normal(size=(MANY_LANES, *shape)) for shape in shapes)
    found = level.show(level.hide(layout(a)) @ level.hide(layout(b)))
    np.testing.assert_allclose(found, np.einsum("lij,ljk->lik", a, b), rtol=1e-12, atol=1e-12)


@by_row(DIFFERENTIABLE)
def test_a_diagonal_seed_is_the_unit_lanes(row: Row) -> None:
    """A reverse pass from the diagonal form equals one from the full matrix, also recorded."""
    for case in row.cases:
        arrays = inputs(row, case)
        for k, y in enumerate(as_tuple(row(*map(Variable, arrays), **case.args))):
            if not y.requires_grad or not y.size:
                continue
            slim = unit_lanes(y.array)
            level = Level(y.size)
            full = level.hide(np.eye(y.size, dtype=y.dtype).reshape((y.size, *y.shape)))
            for recorded in (False, True):
                rows = [rows_from(row, case, arrays, k, seed, recorded) for seed in (slim, full)]
                for a, b in zip(*rows, strict=True):
                    assert (a is None) == (b is None)
                    if a is not None:
                        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def rows_from(row: Row, case: Case, arrays: Arrays, k: int, seed: Any, recorded: bool) -> Arrays:
    xs = list(map(Variable, arrays))
    y = as_tuple(row(*xs, **case.args))[k]
    with seed.level.recording():
        start = Variable(seed, requires_grad=False)
        gxs = pg.grad([y], xs, [start], enable_double_backprop=recorded)
    return [None if g is None else np.asarray(seed.level.show(g.array)) for g in gxs]


def test_a_diagonal_stays_one_through_elementwise_functions() -> None:
    x = Variable(np.linspace(0.1, 0.9, 4))
    y = np.tanh(np.where(x.array > 0.5, x, 2 * x).reshape(2, 2) / 3) * np.ones((2, 1))
    (g,) = pg.grad([y], [x], [Variable(unit_lanes(y.array))])
    assert type(g.array) is Diagonal
    expected = np.diag((1 - y.array**2).reshape(-1) * np.where(x.array > 0.5, 1, 2) / 3)
    np.testing.assert_allclose(g.array.level.show(g.array), expected)


DIAGONALS = {
    "minus a batched array": lambda d, b, w: b - d,
    "batched array minus it": lambda d, b, w: d - b,
    "times a batched array": lambda d, b, w: b * d,
    "over a batched array": lambda d, b, w: d / b,
    "plus a constant": lambda d, b, w: d + 1,
    "plus an array": lambda d, b, w: w + d,
    "times a matrix that spreads it": lambda d, b, w: d * np.outer(w, w),
    "times a matrix of a vector": lambda d, b, w: d * w[:, None],
    "a constant over it": lambda d, b, w: np.exp(d) * (1.0 / (d + 2)),
    "plus a batched array": lambda d, b, w: b + d + d,
    "in a product from the left": lambda d, b, w: np.outer(w, w + 1) @ d,
    "in a product from the right": lambda d, b, w: d @ np.outer(w, w + 1),
    "in a product of vectors": lambda d, b, w: d @ w + w @ d,
    "its sum": lambda d, b, w: d.sum() + d.sum(axis=0) + d.sum(keepdims=True)[0],
    "indexed": lambda d, b, w: d[1:] * d[[0, 1]],
    "negated": lambda d, b, w: -d,
    "in another shape": lambda d, b, w: d.reshape(3, 1) * np.expand_dims(d, 0),
    "where": lambda d, b, w: np.where(w > 0, d, np.zeros_like(d)) + np.where(w > 0, d, b),
    "as float32": lambda d, b, w: d.astype("f4") * np.float32(2),
    "by a list": lambda d, b, w: d * [1.0, 2.0, 3.0] + [1.0, 2.0, 3.0] * d,
}


@pytest.mark.parametrize("name", DIAGONALS)
def test_arithmetic_of_diagonals(name: str) -> None:
    """Equal to that of the full array, whatever it meets."""
    w = np.array([0.5, -1.0, 2.0])
    slim = unit_lanes(w)
    full = Batched(np.eye(3), slim.level)
    dense = Batched(np.random.default_rng(0).normal(size=(3, 3)) + 3, slim.level)
    found, expected = (
        slim.level.show(DIAGONALS[name](d, dense, w)) for d in (slim * w * 1.5, full * w * 1.5)
    )
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected)


@by_row(BATCHED)
def test_row_in_lanes_on_the_strict_stand_in(row: Row) -> None:
    """Lanes on a device: nothing is converted, mixed or called that CuPy would refuse."""
    case = row.cases[0]
    lanes = lanes_of(row, case)
    host, device = Level(LANES), Level(LANES)
    columns = [together(c) for c in zip(*lanes, strict=True)]
    with registered():
        found = in_lanes(row, case, [[device.hide(StrictArray.of(a)) for a in c] for c in columns])
        shown = [None if y is None else device.show(y) for y in found]
        assert all(y is None or type(y) is StrictArray for y in shown)
        shown = [None if y is None else y.get() for y in shown]
    expected = in_lanes(row, case, [[host.hide(a) for a in c] for c in columns])
    for y, e in zip(shown, expected, strict=True):
        assert (y is None) == (e is None)
        if y is not None:
            np.testing.assert_allclose(y, host.show(e), rtol=1e-12, atol=1e-13)


def in_lanes(row: Row, case: Case, columns: Sequence[Arrays]) -> Arrays:
    """Values and all derivatives."""
    arrays, us, vs = columns
    found = values(row, case, arrays)
    if row.order:
        found += first(row, case, arrays, us) + chain(second(row, case, arrays, us, vs))
    return found
