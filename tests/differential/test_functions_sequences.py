"""Chainer 7.8.1 beside functions over sequences and trees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground
from tests.differential.both import Raised, assert_same, chainer, raised, run
from tests.differential.test_functions import TOLERANCE, Row, _outcome

STATES = {"lstm": 2, "gru": 1, "rnn": 1}
WEIGHTS = {"lstm": 8, "gru": 6, "rnn": 2}
# Three sequences, the longest first: the rows of each step.
STEPS = (3, 2, 2, 1)


def _weights(kind: str, layers: int, directions: int, size: int, units: int, dtype: Any) -> Any:
    rng, half = np.random.RandomState(3), WEIGHTS[kind] // 2

    def drawn(*shape: int) -> np.ndarray:
        return rng.uniform(-1, 1, shape).astype(dtype)

    ws = []
    for layer in range(layers):
        for _ in range(directions):
            seen = units * directions if layer else size
            ws.append([drawn(units, seen if j < half else units) for j in range(2 * half)])
    return ws, [[drawn(units) for _ in w] for w in ws]


def layered(name: str, layers: int = 2, ratio: float = 0.0, **options: Any) -> Row:
    """A function of n steps: all it gives, put into one vector, of states and inputs."""
    kind, directions = name.removeprefix("n_step_").removeprefix("bi"), 1 + ("bi" in name)

    def call(F: Any, *inputs: Any) -> Any:
        np.random.seed(5)
        states, xs = inputs[: STATES[kind]], inputs[STATES[kind] :]
        ws, bs = _weights(kind, layers, directions, 2, 3, xs[0].dtype)
        # Weights that the result depends on too.
        ws = [[F.tanh(states[0][0, 0, 0]) * w for w in layer] for layer in ws]
        *lasts, ys = getattr(F, name)(layers, ratio, *states, ws, bs, xs, **options)
        assert [y.shape for y in ys] == [(n, 3 * directions) for n in STEPS]
        assert all(last.shape == states[0].shape for last in lasts)
        return F.concat([F.reshape(v, (-1,)) for v in (*lasts, *ys)], axis=0)

    shapes = [(layers * directions, 3, 3)] * STATES[kind] + [(n, 2) for n in STEPS]
    return Row(name, call, tuple(shapes))


ROWS = [
    Row("slstm", lambda F, *xs: sum(F.slstm(*xs)), ((3, 2), (3, 2), (3, 8), (3, 8))),
    Row("slstm", lambda F, *xs: F.slstm(*xs)[0], ((2, 1, 2), (2, 1, 2), (2, 4, 2), (2, 4, 2))),
    # Chainer's is an old-style function: without a second derivative.
    Row("tree_lstm", lambda F, *xs: sum(F.tree_lstm(*xs)), ((3, 2), (3, 8)), second=False),
    Row("tree_lstm", lambda F, *xs: F.tree_lstm(*xs)[1], ((2, 2),) * 3 + ((2, 12),), second=False),
    Row(
        "transpose_sequence",
        lambda F, *xs: F.concat(F.transpose_sequence(xs), axis=0),
        ((3, 2), (3, 2), (1, 2)),
    ),
    Row("transpose_sequence", lambda F, x: sum(F.transpose_sequence([x])), ((3, 1, 2),)),
    *(layered(f"n_step_{name}") for name in ("lstm", "bilstm", "gru", "bigru", "rnn", "birnn")),
    *(layered(f"n_step_{name}", 3, 0.4) for name in ("lstm", "bigru")),
    layered("n_step_rnn", activation="relu"),
    layered("n_step_birnn", 1, activation="relu"),
]
LABELS = [np.array(y, "i") for y in ([1, 0, 2], [2, 1], [0, 0], [1])]
# Of two sequences, one symbol twice in the first.
SYMBOLS = np.array([[1, 1, 3], [2, 3, 1]], "i")
WORDS, SAMPLES = np.array([1, 0, 3], "i"), np.array([[2, 0], [1, 3], [0, 1]], "i")
IMAGE = np.array([[[1, 2, 3], [2, 0, 1]], [[1, 1, 2], [3, 3, 3]], [[0, 0, 1], [1, 2, 2]]], "i")
MARGINS = (0.3, 1.0, 3)


def unaligned(*args: Any, steps: int = 5, **options: Any) -> Row:
    """Labels without times; Chainer's is an old-style function, without a second derivative."""

    def call(F: Any, *xs: Any) -> Any:
        return F.connectionist_temporal_classification(xs, SYMBOLS, *args, **options)

    return Row("connectionist_temporal_classification", call, ((2, 4),) * steps, second=False)


CRF = ((3, 3), *((n, 3) for n in STEPS))
ROWS += [
    Row("crf1d", lambda F, c, *xs: F.crf1d(c, xs, LABELS), CRF),
    Row("crf1d", lambda F, c, *xs: F.crf1d(c, xs, LABELS, reduce="no"), CRF),
    Row("argmax_crf1d", lambda F, c, *xs: F.argmax_crf1d(c, xs)[0], CRF),
    unaligned(0),
    unaligned(0, steps=8, reduce="no"),
    unaligned(0, np.array([5, 4], "i"), np.array([2, 3], "i"), reduce="no"),
    unaligned(0, label_length=np.array([0, 1], "i")),
    Row("black_out", lambda F, x, W: F.black_out(x, WORDS, W, SAMPLES), ((3, 2), (4, 2))),
    Row(
        "black_out",
        lambda F, x, W: F.black_out(x, WORDS, W, SAMPLES, reduce="no"),
        ((3, 2), (4, 2)),
    ),
    *(
        Row(
            "discriminative_margin_based_clustering_loss",
            lambda F, e, a=args: sum(
                F.discriminative_margin_based_clustering_loss(e, IMAGE[: len(e)], *MARGINS, *a)
            ),
            ((images, 3, 2, 3),),
            # Where an image has no pixel of a cluster Chainer divides 0 by 0 for the norm 2.
            second=args[:1] != (2,),
        )
        for args in ((), (1, 2.0, 0.5, 0.1))
        for images in (1, 3)
    ),
]
every_row = pytest.mark.parametrize("row", ROWS, ids=[f"{i}-{r.name}" for i, r in enumerate(ROWS)])


@pytest.mark.parametrize("dtype", "efd")
@every_row
def test_values_and_gradients(row: Row, dtype: str) -> None:
    # In half precision Chainer's sums over steps are rounded in another order.
    tolerance = {"e": 5e-2}.get(dtype, TOLERANCE[dtype])
    ours, theirs = (run(lambda e: _outcome(e, row, dtype), e) for e in (playground, chainer))
    assert_same(ours, theirs, tolerance)


def test_without_training_nothing_is_dropped() -> None:
    row = layered("n_step_lstm", 2, 0.9)

    def script(engine: Any) -> Any:
        with engine.using_config("train", False):
            return row.call(engine.functions, *map(engine.Variable, row.arrays("d")))

    assert_same(run(script, playground), run(script, chainer), 1e-12)


def _steps(F: Any, states: Any, xs: Any, **options: Any) -> Any:
    ws, bs = _weights("rnn", 2, 1, 2, 3, "f")
    return F.n_step_rnn(2, 0.0, states, ws, bs, xs, **options)


def _unaligned(F: Any, xs: Any, blank_symbol: Any = 0, **options: Any) -> Any:
    return F.connectionist_temporal_classification(xs, SYMBOLS, blank_symbol, **options)


def _ones(*shape: int) -> Any:
    return np.ones(shape, "f")


ERRORS: dict[str, Callable[[Any], Any]] = {
    "slstm shapes": lambda F: F.slstm(_ones(2, 3), _ones(2, 3), _ones(2, 12), _ones(2, 9)),
    "slstm of integers": lambda F: F.slstm(*(np.ones((1, n), "i") for n in (1, 1, 4, 4))),
    "tree_lstm of an input alone": lambda F: F.tree_lstm(_ones(2, 4)),
    "tree_lstm shapes": lambda F: F.tree_lstm(_ones(2, 1), _ones(2, 1), _ones(2, 4)),
    "transpose_sequence in disorder": lambda F: F.transpose_sequence([_ones(1), _ones(2)]),
    "transpose_sequence of sizes": lambda F: F.transpose_sequence([_ones(1, 2), _ones(1, 3)]),
    "n_step input size": lambda F: _steps(F, _ones(2, 3, 3), [_ones(3, 4)]),
    "n_step layers": lambda F: _steps(F, _ones(1, 3, 3), [_ones(3, 2)]),
    "n_step rows": lambda F: _steps(F, _ones(2, 2, 3), [_ones(3, 2)]),
    "n_step activation": lambda F: _steps(F, _ones(2, 3, 3), [_ones(3, 2)], activation="exp"),
    "crf1d reduce": lambda F: F.crf1d(_ones(3, 3), [_ones(1, 3)], [LABELS[3]], "sum"),
    "crf1d labels": lambda F: F.crf1d(_ones(3, 3), [_ones(1, 3)], [np.ones(1, "f")]),
    "ctc reduce": lambda F: _unaligned(F, [_ones(2, 4)], reduce="sum"),
    "ctc of an array": lambda F: _unaligned(F, _ones(5, 2, 4)),
    "ctc blank": lambda F: _unaligned(F, [_ones(2, 4)], blank_symbol="0"),
    "ctc labels": lambda F: _unaligned(F, [_ones(3, 4)]),
    "ctc lengths": lambda F: _unaligned(F, [_ones(2, 4)], input_length=np.ones(3, "i")),
    "black_out rows": lambda F: F.black_out(_ones(1, 2), WORDS, _ones(4, 2), SAMPLES),
    "margins norm": lambda F: F.discriminative_margin_based_clustering_loss(
        _ones(1, 3, 2, 3), IMAGE[:1], *MARGINS, 3
    ),
    "margins channels": lambda F: F.discriminative_margin_based_clustering_loss(
        _ones(1, 3, 2, 3), IMAGE[:1], 1.0, 1.0, 0
    ),
    "n_step of nothing": lambda F: _steps(F, _ones(2, 3, 3), []),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    ours, theirs = (
        run(lambda e: raised(lambda: ERRORS[name](e.functions)), e) for e in (playground, chainer)
    )
    assert isinstance(theirs, Raised)
    assert_same(ours, theirs)


def test_the_best_labels() -> None:
    """Their scores and the path, step by step, as int32."""

    def script(engine: Any) -> Any:
        cost, *xs = ROWS[[row.name for row in ROWS].index("argmax_crf1d")].arrays("f")
        score, path = engine.functions.argmax_crf1d(engine.Variable(cost), xs)
        return score, path, [y.dtype.name for y in path]

    assert_same(run(script, playground), run(script, chainer), 1e-6)


def test_distances_of_two_norms() -> None:
    """Where no distance is 0, at which Chainer's gradient is NaN."""

    def script(engine: Any) -> Any:
        e = engine.Variable(np.random.RandomState(0).uniform(-2, 2, (2, 2, 2, 3)).astype("d"))
        labels = np.array([[[1, 2, 1], [2, 1, 1]], [[1, 1, 2], [2, 2, 1]]], "i")
        F = engine.functions
        return F.discriminative_margin_based_clustering_loss(e, labels, 0.1, 1.0, 2, norm=2)

    assert_same(run(script, playground), run(script, chainer), 1e-12)


def test_nothing_to_transpose() -> None:
    def script(engine: Any) -> Any:
        F = engine.functions
        return F.transpose_sequence([]), F.transpose_sequence([np.zeros((0, 2), "f")])

    assert_same(run(script, playground), run(script, chainer))
