"""Chainer 7.8.1 beside Fourier transforms and sparse matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground
from tests.differential.both import Raised, assert_same, chainer, raised, run, same
from tests.differential.test_functions import TOLERANCE, Row, _outcome

pytest.importorskip("scipy")  # Chainer's products of sparse matrices need it

# Where the values of a 4 x 3 matrix are that are not 0, and of a batch of two.
PLACES = np.array([[0, 1], [1, 0], [1, 2], [3, 1]], "i")
IN_BATCH = np.array([PLACES, [[0, 0], [2, 1], [2, 2], [-1, -1]]], "i")


def transformed(name: str, part: int, *shape: int) -> Row:
    return Row(name, lambda F, r, i: getattr(F, name)((r, i))[part], (shape, shape))


def multiplied(dense: tuple[int, ...], right: bool = False, **turns: bool) -> Row:
    """A product whose sparse operand has the values of the first input."""
    batch = len(dense) == 3
    places = IN_BATCH if batch else PLACES

    def call(F: Any, data: Any, d: Any) -> Any:
        utils = chainer.utils if type(data).__module__.startswith("chainer") else playground.utils
        sparse = utils.CooMatrix(data.array, places[..., 0], places[..., 1], (4, 3))
        sparse.data = data
        return F.sparse_matmul(*((d, sparse) if right else (sparse, d)), **turns)

    return Row("sparse_matmul", call, ((2, 4) if batch else (4,), dense))


ROWS = [
    *(transformed(name, part, 3, 5) for name in ("fft", "ifft") for part in (0, 1)),
    transformed("fft", 1, 8),
    multiplied((3, 2)),
    multiplied((4, 2), transa=True),
    multiplied((2, 3), transb=True),
    multiplied((2, 4), right=True),
    multiplied((3, 2), right=True, transa=True, transb=True),
    multiplied((2, 3, 2)),
    multiplied((2, 2, 4), right=True),
]
every_row = pytest.mark.parametrize("row", ROWS, ids=[f"{i}-{r.name}" for i, r in enumerate(ROWS)])


@pytest.mark.parametrize("dtype", "efd")
@every_row
def test_values_and_gradients(row: Row, dtype: str) -> None:
    if dtype == "e" and row.name == "sparse_matmul":
        return  # SciPy's matrices have no half precision
    ours, theirs = (run(lambda e: _outcome(e, row, dtype), e) for e in (playground, chainer))
    assert_same(ours, theirs, TOLERANCE[dtype])


def _matrix(*shape: int) -> np.ndarray:
    """Half of the elements are 0."""
    rng = np.random.RandomState(3)
    return (rng.uniform(-1, 1, shape) * (rng.uniform(size=shape) > 0.5)).astype("f")


@same
def test_sparse_matrices(engine: Any) -> Any:
    utils, found = engine.utils, []
    for x, room in ((_matrix(3, 4), None), (_matrix(3, 4), 20), (_matrix(2, 3, 4), None)):
        made = utils.to_coo(x, room, requires_grad=True)
        found.append((made.data, made.row, made.col, made.shape, made.order, made.to_dense()))
        found.append((made.data.requires_grad, utils.to_coo(x.swapaxes(-1, -2)).order))
    orders = [utils.get_order(*np.array(p)) for p in ([[0, 1], [1, 0]], [[1, 0], [0, 1]])]
    return found, orders, utils.get_order(np.array([1, 0, 1]), np.array([0, 0, 1]))


_X = np.ones((3, 4), "f")
ERRORS: dict[str, Callable[[Any], Any]] = {
    "two dense ones": lambda e: e.functions.sparse_matmul(_X, _X),
    "two sparse ones": lambda e: e.functions.sparse_matmul(*[e.utils.to_coo(_X)] * 2),
    "shapes": lambda e: e.functions.sparse_matmul(e.utils.to_coo(_X), _X),
    "a batch": lambda e: e.functions.sparse_matmul(e.utils.to_coo(_X), np.ones((2, 4, 3), "f")),
    "integers": lambda e: e.functions.sparse_matmul(e.utils.to_coo(_X), np.ones((4, 3), "i")),
    "a vector of a matrix": lambda e: e.utils.to_coo(_X[0]),
    "places": lambda e: e.utils.CooMatrix(_X[0], np.zeros((1, 4)), np.zeros((1, 4)), (3, 4)),
    "shape": lambda e: e.utils.CooMatrix(_X[0], np.zeros(4, "i"), np.zeros(4, "i"), (0, 4)),
    "order": lambda e: e.utils.CooMatrix(_X[0], np.zeros(4, "i"), np.zeros(4, "i"), (3, 4), "A"),
    "no place in one": lambda e: e.utils.get_order(np.array([0, -1]), np.array([0, 1])),
    "fft of two shapes": lambda e: e.functions.fft((_X, _X[0])),
    "fft of integers": lambda e: e.functions.ifft((_X.astype("i"), _X.astype("i"))),
    "fft of numbers": lambda e: e.functions.fft((np.ones((), "f"), np.ones((), "f"))),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    ours, theirs = (
        run(lambda e: raised(lambda: ERRORS[name](e)), e) for e in (playground, chainer)
    )
    assert isinstance(theirs, Raised)
    assert_same(ours, theirs)
