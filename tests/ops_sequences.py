"""The rows of functions over sequences and trees: recurrent layers, and what goes with them."""

from __future__ import annotations

from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.array import sequences
from playground.functions.rnn import trees
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


ROWS: tuple[Row, ...] = (
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
