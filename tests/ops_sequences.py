"""The rows of functions over sequences and trees: recurrent layers, and what goes with them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.array import sequences
from playground.functions.loss import labelled_sequences
from playground.functions.rnn import trees
from playground.graph import backend
from playground.graph.op import as_raw
from playground.graph.variable import Variable
from tests.rows import Case, Row, case


def _s(v: Any) -> Any:
    return 1 / (1 + np.exp(-v))


def _slstm(c1: Any, c2: Any, x1: Any, x2: Any) -> Any:
    c, o = 0, 0
    for before, x in ((c1, x1), (c2, x2)):
        a, i, f, more = (x[:, k::4] for k in range(4))
        c, o = c + np.tanh(a) * _s(i) + _s(f) * before, o + more
    return c, _s(o) * np.tanh(c)


def _tree(*cs_x: Any) -> Any:
    *cs, x = cs_x
    a, i, o, *fs = np.split(x, 3 + len(cs), 1)
    c = np.tanh(a) * _s(i) + sum(_s(f) * before for f, before in zip(fs, cs, strict=True))
    return c, _s(o) * np.tanh(c)


def _turned(*xs: Any) -> Any:
    return [np.stack([x[j] for x in xs if len(x) > j]) for j in range(len(xs[0]))]


# --------------------------------------------------------------- layers over whole sequences


def _lstm_step(x: Any, state: Any, w: Any, b: Any) -> Any:
    h, c = state
    i, f, a, o = (x @ w[k].T + h @ w[k + 4].T + b[k] + b[k + 4] for k in range(4))
    c = _s(f) * c + _s(i) * np.tanh(a)
    return _s(o) * np.tanh(c), c


def _gru_step(x: Any, state: Any, w: Any, b: Any) -> Any:
    (h,) = state
    r, z = (_s(x @ w[k].T + h @ w[k + 3].T + b[k] + b[k + 3]) for k in range(2))
    new = np.tanh(x @ w[2].T + b[2] + r * (h @ w[5].T + b[5]))
    return ((1 - z) * new + z * h,)


def _plain_step(x: Any, state: Any, w: Any, b: Any) -> Any:
    return (np.tanh(x @ w[0].T + state[0] @ w[1].T + b[0] + b[1]),)


def _layered(step: Any, states: Any, ws: Any, bs: Any, xs: Any, directions: int) -> Any:
    """Row by row, each sequence for itself."""
    lasts = [np.array(s, copy=True) for s in states]
    ys = list(xs)
    for layer in range(len(ws) // directions):
        found = [np.zeros((len(y), len(bs[0][0]) * directions), y.dtype) for y in ys]
        for side in range(directions):
            k, units = layer * directions + side, len(bs[0][0])
            for row in range(states[0].shape[1]):
                state = tuple(s[k, row] for s in states)
                times = [t for t, y in enumerate(ys) if len(y) > row]
                for t in reversed(times) if side else times:
                    state = step(ys[t][row], state, ws[k], bs[k])
                    found[t][row, side * units : (side + 1) * units] = state[0]
                for last, s in zip(lasts, state, strict=True):
                    last[k, row] = s
        ys = found
    return (*lasts, *ys)


def _over_sequences(name: str, step: Any, states: int, weights: int, both: bool) -> Row:
    """The row of one layer, in one direction or both, over two sequences of two steps and one.

    Its inputs: the states, the weights of the input, of the state, the biases, and the two steps.
    """
    layers = 2 if both else 1

    def parts(inputs: Any) -> Any:
        first, (W, U, b), xs = inputs[:states], inputs[states:-2], inputs[-2:]
        half = range(weights // 2)
        ws = [[*(W[k, j] for j in half), *(U[k, j] for j in half)] for k in range(layers)]
        return first, ws, [[b[k, j] for j in range(weights)] for k in range(layers)], xs

    def call(*inputs: Any) -> Any:
        first, ws, bs, xs = parts(inputs)
        *lasts, ys = getattr(F, name)(1, 0.0, *first, ws, bs, xs)
        return (*lasts, *ys)

    def of(*steps: Any) -> Case:
        weight = (layers, weights // 2, 1)
        shapes = [(layers, 2, 1)] * states
        return case(*shapes, (*weight, 2), (*weight, 1), (layers, weights, 1), *steps)

    return Row(
        name,
        None,
        (of((2, 2), (1, 2)),),
        f=call,
        ref=lambda *inputs: _layered(step, *parts(inputs), layers),
        # The weights take the precision of the inputs, the inputs that of the states.
        mixes=False,
        bad=(of((1, 2), (2, 2)), of((3, 2), (2, 2))),
    )


def _rows(name: str, op: Any, *cases: Case, **options: Any) -> Row:
    return Row(name, op, cases, **options)


# ------------------------------------------------------------------- labels of sequences


def _paths(xs: Any, row: int) -> Any:
    """All ways to label the sequence of a row."""
    return itertools.product(range(xs[0].shape[1]), repeat=sum(len(x) > row for x in xs))


def _path_score(cost: Any, xs: Any, row: int, path: Any) -> Any:
    ways = sum(cost[i, j] for i, j in itertools.pairwise(path))
    return ways + sum(x[row, j] for x, j in zip(xs, path, strict=False))


def _crf(cost: Any, *xs: Any, ys: Any, reduce: str = "mean") -> Any:
    losses = []
    for row in range(len(xs[0])):
        scores = [_path_score(cost, xs, row, path) for path in _paths(xs, row)]
        mine = [y[row] for y in ys if len(y) > row]
        losses.append(np.log(np.exp(scores).sum()) - _path_score(cost, xs, row, mine))
    return np.array(losses) if reduce == "no" else np.mean(losses)


def _best(cost: Any, *xs: Any) -> Any:
    rows = range(len(xs[0]))
    return np.array([max(_path_score(cost, xs, r, p) for p in _paths(xs, r)) for r in rows])


def _collapsed(path: Any) -> list[int]:
    """A path of symbols without repetitions and blanks (0)."""
    return [symbol for symbol, _ in itertools.groupby(path) if symbol]


def _ctc(*xs: Any, t: Any, reduce: str = "mean", lengths: Any = None, counts: Any = None) -> Any:
    losses = []
    for row, label in enumerate(t):
        steps = len(xs) if lengths is None else lengths[row]
        wanted = list(label if counts is None else label[: counts[row]])
        p = [np.exp(x[row]) / np.exp(x[row]).sum() for x in xs[:steps]]
        paths = itertools.product(range(xs[0].shape[1]), repeat=steps)
        likely = [q for q in paths if _collapsed(q) == wanted]
        chances = [np.prod([p[k][s] for k, s in enumerate(q)]) for q in likely]
        losses.append(-np.log(sum(chances)))
    return np.array(losses) if reduce == "no" else np.mean(losses)


def _of_steps(
    *xs: Any, t: Any, reduce: str = "mean", lengths: Any = None, counts: Any = None
) -> Any:
    return F.connectionist_temporal_classification(xs, t, 0, lengths, counts, reduce)


def _step_of_paths(x: Any, gain: Any, jumps: Any) -> Any:
    like = next((as_raw(v) for v in (x, gain) if isinstance(v, Variable)), x)
    return labelled_sequences.PathStep(backend.array_like(jumps, like), -1e3).of(x, gain)


def _path_step(x: Any, gain: Any, jumps: Any) -> Any:
    y = np.empty_like(x)
    for row, s in np.ndindex(x.shape):
        terms = x[row, max(s - (2 if jumps[row, s] else 1), 0) : s + 1]
        y[row, s] = np.log(np.exp(terms).sum()) + gain[row, s]
    return y


# ------------------------------------------------------------------ words and clusters


def _black_out(x: Any, W: Any, t: Any, samples: Any, reduce: str = "mean") -> Any:
    losses = []
    for row, drawn in zip(x, np.column_stack([t, samples]), strict=True):
        p = np.exp(W[drawn] @ row)
        p = p / p.sum()
        losses.append(-np.log(p[0]) - np.log(1 - p[1:]).sum())
    return np.array(losses, x.dtype) if reduce == "no" else np.mean(losses, dtype=x.dtype)


def _margins(e: Any, labels: Any, norm: int = 1) -> Any:
    """delta_v 0.1, delta_d 2, factors of 1, 2 and 3; a loop over images and clusters."""
    n, count = e.shape[:2]
    means, spread, size, near = np.zeros((n, count, count)), 0.0, 0.0, 0.0
    for c in range(count):
        total = 0.0
        for image in range(n):
            pixels = e[image][:, labels[image] == c + 1]
            if pixels.size:
                means[image, c] = pixels.mean(1)
                away = np.linalg.norm(pixels - means[image, c][:, None], norm, axis=0)
                total += (np.maximum(away - 0.1, 0) ** 2).sum()
        spread += total / max((labels == c + 1).sum(), 1)
    # The length is that of all a cluster's means together.
    for c in range(count):
        size += np.linalg.norm(means[:, c].reshape(-1), norm)
    pairs = list(itertools.combinations(range(count), 2))
    for image in range(n):
        for i, j in pairs:
            gap = np.linalg.norm(means[image, i] - means[image, j], norm)
            near += max(4 - gap, 0) ** 2
    losses = spread / count, 2 * near / (len(pairs) * n), 3 * size / (count * n)
    return [np.array(loss, e.dtype) for loss in losses]


COLOURS = np.array([[[1, 2], [2, 1]], [[2, 2], [0, 1]]])
ROWS: tuple[Row, ...] = (
    _rows(
        "crf1d",
        None,
        case((2, 2), (2, 2), (1, 2), ys=[np.array([1, 0]), np.array([1])]),
        case((2, 2), (2, 2), (2, 2), (1, 2), ys=[np.array([1, 0])] * 2 + [[0]], reduce="no"),
        f=lambda cost, *xs, ys, **args: F.crf1d(cost, xs, ys, **args),
        ref=_crf,
        bad=(
            case((2, 2), (1, 2), (2, 2), ys=[np.array([0]), np.array([1, 0])]),
            case((2, 2), (2, 3), ys=[np.array([1, 0])]),
            case((2, 2), (2, 2), ys=[np.array([1])]),
            case((2, 2), (2, 2), ys=[np.array([1.0, 0.0])]),
        ),
    ),
    _rows(
        "argmax_crf1d",
        None,
        case((2, 2), (2, 2), (1, 2)),
        f=lambda cost, *xs: F.argmax_crf1d(cost, xs)[0],
        ref=_best,
        bad=(case((2, 2), (1, 2), (2, 2)), case((2, 3), (2, 2))),
    ),
    _rows(
        "connectionist_temporal_classification",
        None,
        case((2, 3), (2, 3), (2, 3), t=np.array([[1, 1], [2, 1]])),
        case(
            *((2, 2),) * 3,
            t=np.array([[1], [1]]),
            lengths=np.array([2, 3]),
            counts=np.array([0, 1]),
            reduce="no",
        ),
        f=_of_steps,
        ref=_ctc,
        bad=(case((2, 2), (1, 2), t=np.array([[1], [1]])), case((2, 2), t=np.array([1, 1]))),
    ),
    _rows(
        "a step of paths",
        labelled_sequences.PathStep,
        case((2, 5), (2, 5), jumps=np.arange(10).reshape(2, 5) % 3 == 2),
        case((1, 1), (1, 1), jumps=np.zeros((1, 1), bool)),
        f=_step_of_paths,
        ref=_path_step,
    ),
    _rows(
        "black_out",
        None,
        case((2, 2), (3, 2), t=np.array([1, 0]), samples=np.array([[2, 0], [1, 2]])),
        case((2, 2), (3, 2), t=np.array([1, 0]), samples=np.array([[2], [1]]), reduce="no"),
        f=lambda x, W, t, samples, **args: F.black_out(x, t, W, samples, **args),
        domain=(0.1, 0.9),
        ref=_black_out,
        bad=(case((2, 2), (3, 2), t=np.array([1]), samples=np.array([[2], [1]])),),
    ),
    _rows(
        "discriminative_margin_based_clustering_loss",
        None,
        case((2, 2, 2, 2), labels=COLOURS),
        case((2, 2, 2, 2), labels=COLOURS, norm=2),
        f=lambda e, labels, norm=1: F.discriminative_margin_based_clustering_loss(
            e, labels, 0.1, 2.0, 2, norm, 1.0, 2.0, 3.0
        ),
        ref=_margins,
        bad=(case((2, 3, 2, 2), labels=COLOURS), case((2, 2, 2), labels=COLOURS)),
    ),
    _rows(
        "slstm",
        trees.Cells,
        case((2, 1), (2, 1), (2, 4), (2, 4)),
        case((1, 2, 1), (1, 2, 1), (1, 8, 1), (1, 8, 1)),
        ref=_slstm,
        bad=(case((2, 1), (2, 2), (2, 4), (2, 4)), case((2, 1), (2, 1), (2, 3), (2, 4))),
    ),
    _rows(
        "tree_lstm",
        trees.Cells,
        case((2, 1), (2, 1), (2, 5)),
        case((2, 2), (2, 8)),
        case((1, 1, 2), (1, 1, 2), (1, 1, 2), (1, 6, 2)),
        ref=_tree,
        bad=(case((2, 1), (2, 2), (2, 5)), case((2, 1), (2, 5)), case((2, 5))),
    ),
    _rows(
        "transpose_sequence",
        sequences.TransposeSequence,
        case((3, 2), (2, 2), (1, 2)),
        case((1,), (1,)),
        case((2, 1, 2)),
        f=lambda *xs: F.transpose_sequence(xs),
        ref=_turned,
        bad=(case((1, 2), (2, 2)), case((2, 2), (2, 3))),
    ),
    *(
        _over_sequences(f"n_step_{prefix}{kind}", step, states, weights, bool(prefix))
        for kind, step, states, weights in (
            ("lstm", _lstm_step, 2, 8),
            ("gru", _gru_step, 1, 6),
            ("rnn", _plain_step, 1, 2),
        )
        for prefix in ("", "bi")
    ),
)
