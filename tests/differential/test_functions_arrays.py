"""Arranging arrays as Chainer 7.8.1 does: values, gradients of two orders, signatures, errors."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
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
M, VECTOR = (2, 3), (4,)
ORDER = np.array([2, 0, 3, 1], "i")
MASK = np.array([[True, False, True], [False, True, True]])


@dataclass(frozen=True)
class Row:
    """A call ``call(F, *variables)`` on inputs of these shapes."""

    name: str
    call: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]
    # Whether Chainer differentiates it at all, and twice.
    orders: int = 2

    def arrays(self, dtype: str) -> list[np.ndarray]:
        rng = np.random.RandomState(zlib.crc32(self.name.encode()))
        return [np.asarray(rng.uniform(-2, 2, shape)).astype(dtype) for shape in self.shapes]


ROWS = [
    Row("identity", lambda F, x: F.identity(x), ((2, 3),)),
    Row("copy", lambda F, x: F.copy(x, -1), (M,)),
    Row("copy", lambda F, x: F.copy(x, "@numpy"), ((),)),
    Row("diagonal", lambda F, x: F.diagonal(x), ((3, 3),)),
    Row("diagonal", lambda F, x: F.diagonal(x, 1), (M,)),
    Row("diagonal", lambda F, x: F.diagonal(x, -1, 2, 0), ((2, 3, 4),)),
    Row("diagonal", lambda F, x: F.diagonal(x, offset=2, axis1=-1, axis2=1), ((2, 3, 4),)),
    Row("dstack", lambda F, x, y: F.dstack([x, y]), (M, M)),
    Row("dstack", lambda F, x, y: F.dstack((x, y)), (VECTOR, VECTOR)),
    Row("dstack", lambda F, x, y: F.dstack((x, y)), ((2, 3, 1), (2, 3, 2))),
    Row("flip", lambda F, x: F.flip(x, 1), (M,)),
    Row("flip", lambda F, x: F.flip(x, -2), (M,)),
    Row("fliplr", lambda F, x: F.fliplr(x), (M,)),
    Row("flipud", lambda F, x: F.flipud(x), (M,)),
    Row("hstack", lambda F, x, y: F.hstack([x, y]), (M, (2, 1))),
    Row("hstack", lambda F, x, y: F.hstack([x, y]), (VECTOR, (2,))),
    Row("pad", lambda F, x: F.pad(x, 1, "constant"), (M,)),
    Row("pad", lambda F, x: F.pad(x, (1, 2), "constant"), (M,)),
    Row("pad", lambda F, x: F.pad(x, ((0, 1), (2, 0)), mode="constant"), (M,)),
    Row("pad", lambda F, x: F.pad(x, 1, "constant", constant_values=3.0), (M,)),
    Row("pad", lambda F, x: F.pad(x, 1, "constant", constant_values=(1.0, -1.0)), (M,)),
    Row("pad_sequence", lambda F, x, y, z: F.pad_sequence([x, y, z]), ((3,), (1,), (4,))),
    Row("pad_sequence", lambda F, x, y: F.pad_sequence([x, y], 4, -1.0), (M, (3, 3))),
    Row("permutate", lambda F, x: F.permutate(x, ORDER), ((4, 2),)),
    Row("permutate", lambda F, x: F.permutate(x, ORDER, axis=1), ((2, 4),)),
    Row("permutate", lambda F, x: F.permutate(x, ORDER, inv=True), (VECTOR,)),
    Row("permutate", lambda F, x: F.permutate(x, ORDER, 1, True), ((2, 4),)),
    Row("repeat", lambda F, x: F.repeat(x, 2), (M,)),
    Row("repeat", lambda F, x: F.repeat(x, 2, axis=0), (M,)),
    Row("repeat", lambda F, x: F.repeat(x, (1, 0, 3), axis=1), (M,)),
    Row("repeat", lambda F, x: F.repeat(x, 3, -1), (M,)),
    Row("rollaxis", lambda F, x: F.rollaxis(x, 2), ((2, 3, 4),)),
    Row("rollaxis", lambda F, x: F.rollaxis(x, 0, 2), ((2, 3, 4),)),
    Row("rollaxis", lambda F, x: F.rollaxis(x, -1, start=-2), ((2, 3, 4),)),
    Row("rollaxis", lambda F, x: F.rollaxis(x, 0, 3), ((2, 3, 4),)),
    Row("scatter_add", lambda F, x, y: F.scatter_add(x, 1, y), (M, (3,))),
    Row("scatter_add", lambda F, x, y: F.scatter_add(x, np.s_[:, 1:], y), (M, (2, 2))),
    Row("scatter_add", lambda F, x, y: F.scatter_add(x, (np.array([1, 1, 0]), 2), y), (M, (3,))),
    Row("scatter_add", lambda F, x, y: F.scatter_add(x, MASK, y), (M, (4,))),
    Row("select_item", lambda F, x: F.select_item(x, np.array([2, 0], "i")), (M,)),
    Row("separate", lambda F, x: _weighted(F, F.separate(x)), (M,)),
    Row("separate", lambda F, x: F.separate(x, axis=1)[2], (M,)),
    Row("separate", lambda F, x: _weighted(F, F.separate(x, -2)), ((2, 3, 4),)),
    Row("split_axis", lambda F, x: _weighted(F, F.split_axis(x, 3, 1)), ((2, 6),)),
    Row("split_axis", lambda F, x: F.split_axis(x, [1, 4], 1)[1], ((2, 6),)),
    Row("split_axis", lambda F, x: F.split_axis(x, np.array([1]), 0)[0], ((2, 6),)),
    Row("split_axis", lambda F, x: F.split_axis(x, 1, 1, force_tuple=False), ((2, 6),)),
    Row("split_axis", lambda F, x: F.split_axis(x, 1, 1)[0], ((2, 6),)),
    Row("tile", lambda F, x: F.tile(x, 2), (M,)),
    Row("tile", lambda F, x: F.tile(x, (2, 1)), (M,)),
    Row("tile", lambda F, x: F.tile(x, (2, 1, 2)), (M,)),
    Row("tile", lambda F, x: F.tile(x, (3,)), (VECTOR,)),
    Row("vstack", lambda F, x, y: F.vstack([x, y]), (M, (1, 3))),
    Row("vstack", lambda F, x, y: F.vstack((x, y)), (VECTOR, VECTOR)),
]
NAMES = sorted({row.name for row in ROWS})


def _weighted(F: Any, parts: Any) -> Any:
    """Parts that each count differently."""
    return sum(part * float(i + 1) for i, part in enumerate(parts))


def _outcome(engine: Any, row: Row, dtype: str) -> Any:
    """Value, gradients, and gradients of the gradients, along random directions."""
    xs = [engine.Variable(a) for a in row.arrays(dtype)]
    y = row.call(engine.functions, *xs)
    rng = np.random.RandomState(1)

    def direction(v: Any) -> Any:
        return engine.Variable(np.asarray(rng.uniform(-1, 1, v.shape)).astype(v.dtype))

    gy = direction(y)
    gxs = engine.grad([y], xs, [gy], enable_double_backprop=True)
    z = sum(engine.functions.sum(gx * direction(gx)) for gx in gxs)
    (ggy,) = engine.grad([z], [gy])
    return y, gxs, ggy


@pytest.mark.parametrize("dtype", "efd")
@pytest.mark.parametrize("row", ROWS, ids=[f"{i}-{row.name}" for i, row in enumerate(ROWS)])
def test_values_and_gradients(row: Row, dtype: str) -> None:
    ours, theirs = (run(lambda e: _outcome(e, row, dtype), e) for e in (playground, chainer))
    assert_same(ours, theirs, TOLERANCE[dtype])


@pytest.mark.parametrize("name", NAMES)
def test_signature(name: str) -> None:
    assert_takes_chainers_calls(name)


@pytest.mark.parametrize("name", NAMES)
def test_plain_arrays_are_accepted(name: str) -> None:
    row = next(row for row in ROWS if row.name == name)

    def script(engine: Any) -> Any:
        y = row.call(engine.functions, *row.arrays("f"))
        return isinstance(y, engine.Variable), y, y.requires_grad

    assert_same(run(script, playground), run(script, chainer))


def test_forms_of_what_is_returned() -> None:
    def script(engine: Any) -> Any:
        F, x = engine.functions, engine.Variable(np.ones((2, 4), "f"))
        results = [
            F.split_axis(x, 2, 1),
            F.split_axis(x, [1, 3], 1),
            F.split_axis(x, [], 1),
            F.split_axis(x, 1, 1),
            F.split_axis(x, 2, 1, False),
            F.separate(x),
        ]
        return [(type(r).__name__, len(r), [y.shape for y in r]) for r in results]

    assert_same(run(script, playground), run(script, chainer))


_M = np.ones((2, 3), "f")

ERRORS: dict[str, Callable[[Any, Any], Any]] = {
    "vstack shapes": lambda F, V: F.vstack([V(_M), V(np.ones((2, 2), "f"))]),
    "hstack shapes": lambda F, V: F.hstack([V(_M), V(np.ones((3, 3), "f"))]),
    "dstack shapes": lambda F, V: F.dstack([V(_M), V(np.ones((3, 3), "f"))]),
    "split_axis uneven": lambda F, V: F.split_axis(V(_M), 2, 1),
    "split_axis axis": lambda F, V: F.split_axis(V(_M), 1, 2),
    "split_axis beyond": lambda F, V: F.split_axis(V(_M), [4], 1),
    "split_axis floats": lambda F, V: F.split_axis(V(_M), 1.5, 1),
    "split_axis float indices": lambda F, V: F.split_axis(V(_M), np.array([1.0]), 1),
    "separate axis": lambda F, V: F.separate(V(_M), 2),
    "flip axis": lambda F, V: F.flip(V(_M), 2),
    "fliplr of a vector": lambda F, V: F.fliplr(V(_M[0])),
    "rollaxis axis": lambda F, V: F.rollaxis(V(_M), 2),
    "rollaxis start": lambda F, V: F.rollaxis(V(_M), 0, 4),
    "permutate axis": lambda F, V: F.permutate(V(_M), np.array([1, 0]), axis=2),
    "permutate floats": lambda F, V: F.permutate(V(_M), np.array([1.0, 0.0])),
    "permutate matrix": lambda F, V: F.permutate(V(_M), np.array([[1, 0]])),
    "repeat negative": lambda F, V: F.repeat(V(_M), -1),
    "repeat count": lambda F, V: F.repeat(V(_M), (1, 2), axis=1),
    "repeat axis": lambda F, V: F.repeat(V(_M), 2, axis=2),
    "tile negative": lambda F, V: F.tile(V(_M), -1),
    "select_item of a vector": lambda F, V: F.select_item(V(_M[0]), np.array([0])),
    "select_item lengths": lambda F, V: F.select_item(V(_M), np.array([0, 1, 2])),
    "select_item floats": lambda F, V: F.select_item(V(_M), np.array([0.0, 1.0])),
    "scatter_add shape": lambda F, V: F.scatter_add(V(_M), 0, V(np.ones(2, "f"))),
    "scatter_add index": lambda F, V: F.scatter_add(V(_M), 2, V(np.ones(3, "f"))),
    "scatter_add broadcast": lambda F, V: F.scatter_add(V(_M), 0, V(np.ones(1, "f"))),
    "pad width": lambda F, V: F.pad(V(_M), ((1, 1), (1, 1), (1, 1)), "constant"),
    "pad negative": lambda F, V: F.pad(V(_M), -1, "constant"),
    "pad_sequence shapes": lambda F, V: F.pad_sequence([V(_M), V(np.ones((2, 2), "f"))]),
    "pad_sequence length": lambda F, V: F.pad_sequence([V(_M)], length=1),
    "pad_sequence of a number": lambda F, V: F.pad_sequence([V(np.array(1.0, "f"))]),
    "copy to nowhere": lambda F, V: F.copy(V(_M), "@nowhere"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_error_conditions(name: str) -> None:
    ours, theirs = (
        run(lambda e: raised(lambda: ERRORS[name](e.functions, e.Variable)), engine)
        for engine in (playground, chainer)
    )
    assert isinstance(ours, Raised)
    assert len(str(ours.error)) > 10
    if name not in UNLIKE:
        assert_same(ours, theirs)


# A device that does not exist is a DeviceError here.
UNLIKE = {"copy to nowhere"}


@pytest.mark.parametrize("mode", ["edge", "reflect", "symmetric", "wrap"])
def test_deviation_padding_with_elements_gives_them_their_gradient(mode: str) -> None:
    """In Chainer the copies in the frame are constants, whatever the mode."""
    a = np.arange(6.0).reshape(2, 3)
    counts = np.bincount(np.pad(np.arange(6).reshape(2, 3), 1, mode).ravel()).reshape(2, 3)

    def gradient(engine: Any) -> Any:
        x = engine.Variable(a)
        engine.functions.sum(engine.functions.pad(x, 1, mode) ** 2).backward()
        return x.grad

    np.testing.assert_array_equal(gradient(playground), 2 * a * counts)
    np.testing.assert_array_equal(run(gradient, chainer), 2 * a)


def test_deviation_a_permutation_with_a_repeated_index_has_its_true_gradient() -> None:
    """Chainer scatters by the inverse, in which one of the two is lost."""

    def gradient(engine: Any) -> Any:
        x = engine.Variable(np.arange(3.0))
        engine.functions.sum(engine.functions.permutate(x, np.array([0, 0, 2]))).backward()
        return x.grad

    np.testing.assert_array_equal(gradient(playground), [2.0, 0.0, 1.0])
    assert not np.array_equal(run(gradient, chainer), [2.0, 0.0, 1.0])
