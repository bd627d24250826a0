"""Stacked recurrent layers over whole sequences, in one direction or in both.

The inputs of all steps meet their weights in one product a layer; what is left for each step is
the product of the state with its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from playground.functions.activation import relu, sigmoid
from playground.functions.array import concat, reshape, separate, split_axis, stack
from playground.functions.basic_math import add, multiply
from playground.functions.connection.dense import linear
from playground.functions.elementwise import tanh
from playground.functions.noise.masks import dropout
from playground.functions.operands import together
from playground.functions.rnn.lstm import lstm
from playground.functions.scaling import linear_interpolate
from playground.graph.errors import InvalidIndex, InvalidType
from playground.graph.types import Operand
from playground.graph.variable import Variable

__all__ = [
    "n_step_bigru",
    "n_step_bilstm",
    "n_step_birnn",
    "n_step_gru",
    "n_step_lstm",
    "n_step_rnn",
]

# The weights of a layer in one direction, W_0, W_1, … of Chainer's formulas; so the biases.
Weights = Sequence[Operand]
# One step: what the input gives, and the state (h, and c of an LSTM), to the next state.
OneStep = Callable[..., list[Variable]]


class StepCell(NamedTuple):
    """A layer in one direction: what the inputs are multiplied with and added to, and the step."""

    W: Variable
    b: Variable
    step: OneStep


def _pairs(b: Weights) -> list[Variable]:
    """The biases that inputs and states have for the same gate, added."""
    # Only their sum counts, but for GRUs: one addition a layer in place of one a step.
    half = len(b) // 2
    return [add(*together("n_step", b[k], b[k + half])) for k in range(half)]


def _neighbours(parts: Weights) -> Variable:
    """The rows of several arrays, those of one number next to each other."""
    # Through the graph, so that each matrix keeps its own gradient.
    rows = stack(parts, axis=1)
    return reshape(rows, (rows.shape[0] * rows.shape[1], *rows.shape[2:]))


def _lstm_cell(w: Weights, b: Weights) -> StepCell:
    # In the order a, i, f, o, which F.lstm reads.
    order, biases = (2, 0, 1, 3), _pairs(b)
    U = _neighbours([w[k + 4] for k in order])

    def step(x: Variable, h: Variable, c: Variable) -> list[Variable]:
        c, h = lstm(c, add(x, linear(h, U)))
        return [h, c]

    return StepCell(
        _neighbours([w[k] for k in order]), _neighbours([biases[k] for k in order]), step
    )


def _gru_cell(w: Weights, b: Weights) -> StepCell:
    U, bias = concat(w[3:], axis=0), concat(b[3:], axis=0)

    def step(x: Variable, h: Variable) -> list[Variable]:
        # The gate r multiplies what the state gives with its bias: here they stay apart.
        u = linear(h, U, bias)
        two = 2 * h.shape[1]
        r, z = split_axis(sigmoid(add(x[:, :two], u[:, :two])), 2, 1)
        return [linear_interpolate(z, h, tanh(add(x[:, two:], multiply(r, u[:, two:]))))]

    return StepCell(concat(w[:3], axis=0), concat(b[:3], axis=0), step)


def _plain_cell(activation: str) -> Callable[[Weights, Weights], StepCell]:
    function: Callable[..., Variable] = tanh if activation == "tanh" else relu

    def cell(w: Weights, b: Weights) -> StepCell:
        W, U = w

        def step(x: Variable, h: Variable) -> list[Variable]:
            return [function(add(x, linear(h, U)))]

        return StepCell(W, _pairs(b)[0], step)

    return cell


class _Rows:
    """The states of the rows that a step has; those of the others wait, the last on top."""

    def __init__(self, states: list[Variable]) -> None:
        self.states = states
        self.waiting: list[list[Variable]] = []

    def of(self, count: int) -> list[Variable]:
        """The states of the first ``count`` rows."""
        here = self.states[0].shape[0]
        if count < here:
            self.waiting.append([v[count:] for v in self.states])
            self.states = [v[:count] for v in self.states]
        # Backwards the short sequences begin later: their first states have waited until now.
        while count > self.states[0].shape[0]:
            more = self.waiting.pop()
            self.states = [concat(pair, axis=0) for pair in zip(self.states, more, strict=True)]
            self.of(count)
        return self.states

    def all(self) -> list[Variable]:
        """The states of all rows."""
        parts = [self.states, *reversed(self.waiting)]
        return [concat(vs, axis=0) if len(vs) > 1 else vs[0] for vs in zip(*parts, strict=True)]


def _through(
    cell: StepCell, x: Variable, sizes: list[int], states: list[Variable], back: bool
) -> tuple[list[Variable], list[Variable]]:
    """The last states, and the outputs of all steps, of one layer in one direction."""
    # The one large product; a step adds its own small one.
    given = split_axis(linear(x, cell.W, cell.b), np.cumsum(sizes[:-1]), 0)
    rows, outputs = _Rows(states), []
    for gates in reversed(given) if back else given:
        rows.states = cell.step(gates, *rows.of(gates.shape[0]))
        outputs.append(rows.states[0])
    return rows.all(), outputs[::-1] if back else outputs


def _stacked(
    operation: str,
    make: Callable[[Weights, Weights], StepCell],
    n_layers: int,
    dropout_ratio: float,
    states: Sequence[Operand],
    ws: Sequence[Weights],
    bs: Sequence[Weights],
    xs: Sequence[Operand],
    directions: int,
) -> tuple[list[Variable], tuple[Variable, ...]]:
    """The last states, stacked as they were given, and the outputs of the last layer, by step."""
    states, xs = _fitting_steps(operation, n_layers * directions, states, ws, xs)
    sizes = [x.shape[0] for x in xs]
    # One state a layer and direction, in Chainer's order.
    firsts = list(zip(*(separate(v) for v in states), strict=True))
    lasts, outputs = [], list(xs)
    x: Any = concat(xs, axis=0)
    for layer in range(n_layers):
        sides = []
        for direction in range(directions):
            k = layer * directions + direction
            # Each direction draws its own mask, as in Chainer.
            seen: Any = dropout(x, dropout_ratio) if layer else x
            last, found = _through(make(ws[k], bs[k]), seen, sizes, list(firsts[k]), direction == 1)
            lasts.append(last)
            sides.append(found)
        outputs = sides[0] if directions == 1 else [concat(s) for s in zip(*sides, strict=True)]
        # The last layer's outputs are handed out by step, and joined for nobody.
        x = concat(outputs, axis=0) if layer < n_layers - 1 else x
    return [stack(vs) for vs in zip(*lasts, strict=True)], tuple(outputs)


def _fitting_steps(
    operation: str,
    layers: int,
    states: Sequence[Operand],
    ws: Sequence[Weights],
    xs: Sequence[Operand],
) -> tuple[list[Variable], list[Variable]]:
    """The states and the inputs as Variables that fit together."""
    if not len(xs):
        raise InvalidIndex(operation, "the inputs of one step or more", "none")
    # Constants take the dtype of the first Variable, whichever of them that is.
    count = len(states)
    found = together(operation, *states, *xs)
    states, xs = found[:count], found[count:]
    if xs[0].ndim != 2 or any(x.shape[1:] != xs[0].shape[1:] for x in xs):
        shapes = ", ".join(str(x.shape) for x in xs)
        raise InvalidType(operation, "inputs (b_t, size) of one size", f"shapes {shapes}")
    if any(s.ndim != 3 or s.shape != states[0].shape for s in states):
        shapes = ", ".join(str(s.shape) for s in states)
        raise InvalidType(operation, "states (layers, b, units) of one shape", f"shapes {shapes}")
    if min(len(ws), states[0].shape[0]) < layers:
        raise InvalidIndex(
            operation,
            f"states and weights of {layers} layers, those of both directions counted",
            f"states of {states[0].shape[0]} and weights of {len(ws)}",
        )
    sizes = [states[0].shape[1], *(x.shape[0] for x in xs)]
    if sizes != sorted(sizes, reverse=True):
        raise InvalidType(
            operation,
            "steps with the same or fewer rows one after the other, and states for all of them",
            f"states of {sizes[0]} rows and steps of {sizes[1:]}",
        )
    # A ValueError, and no InvalidType, as in Chainer.
    if ws[0][0].shape[1] != xs[0].shape[1]:
        raise ValueError(
            f"{operation}: expected inputs of {ws[0][0].shape[1]} elements, as the first layer's "
            f"weights, got {xs[0].shape[1]}"
        )
    return states, xs


def _of_lstm(
    operation: str,
    n_layers: int,
    ratio: float,
    hx: Operand,
    cx: Operand,
    ws: Sequence[Weights],
    bs: Sequence[Weights],
    xs: Sequence[Operand],
    directions: int,
) -> tuple[Variable, Variable, tuple[Variable, ...]]:
    (h, c), ys = _stacked(operation, _lstm_cell, n_layers, ratio, (hx, cx), ws, bs, xs, directions)
    return h, c, ys


def n_step_lstm(
    n_layers: int,
    dropout_ratio: float,
    hx: Operand,
    cx: Operand,
    ws: Sequence[Weights],
    bs: Sequence[Weights],
    xs: Sequence[Operand],
) -> tuple[Variable, Variable, tuple[Variable, ...]]:
    """Layers of LSTM cells over sequences: (hy, cy, ys).

    Args:
        n_layers: how many.
        dropout_ratio: of dropout on the way from one layer to the next.
        hx, cx: first states (layers, b, units).
        ws: eight matrices a layer: of the input for i, f, a and o (input gate, forget gate, the
            cell's input, output gate), then those of the state.
        bs: eight vectors a layer, in the same order.
        xs: an array (b_t, size) a step, b_t never larger than before: the rows are the steps of
            sequences, of which the longest come first (see :func:`transpose_sequence`).

    Returns:
        The last states (layers, b, units), and the outputs of the last layer (b_t, units), by step.
    """
    return _of_lstm("n_step_lstm", n_layers, dropout_ratio, hx, cx, ws, bs, xs, 1)


def n_step_bilstm(
    n_layers: int,
    dropout_ratio: float,
    hx: Operand,
    cx: Operand,
    ws: Sequence[Weights],
    bs: Sequence[Weights],
    xs: Sequence[Operand],
) -> tuple[Variable, Variable, tuple[Variable, ...]]:
    """:func:`n_step_lstm` in both directions at once.

    States and weights of layer l have the places 2 l (forward) and 2 l + 1 (backward); the outputs
    (b_t, 2 units) are those of both side by side, which the next layer reads.
    """
    return _of_lstm("n_step_bilstm", n_layers, dropout_ratio, hx, cx, ws, bs, xs, 2)


def n_step_gru(
    n_layers: int,
    dropout_ratio: float,
    hx: Operand,
    ws: Sequence[Weights],
    bs: Sequence[Weights],
    xs: Sequence[Operand],
) -> tuple[Variable, tuple[Variable, ...]]:
    """Layers of gated recurrent units over sequences: (hy, ys).

    The arguments are those of :func:`n_step_lstm` without the cells, and with six matrices and
    vectors a layer: of the input for the gates r and z and for the new state, then of the state.
    """
    (h,), ys = _stacked("n_step_gru", _gru_cell, n_layers, dropout_ratio, (hx,), ws, bs, xs, 1)
    return h, ys


def n_step_bigru(
    n_layers: int,
    dropout_ratio: float,
    hx: Operand,
    ws: Sequence[Weights],
    bs: Sequence[Weights],
    xs: Sequence[Operand],
) -> tuple[Variable, tuple[Variable, ...]]:
    """:func:`n_step_gru` in both directions at once; see :func:`n_step_bilstm`."""
    (h,), ys = _stacked("n_step_bigru", _gru_cell, n_layers, dropout_ratio, (hx,), ws, bs, xs, 2)
    return h, ys


def _checked_activation(operation: str, activation: str) -> Callable[[Weights, Weights], StepCell]:
    if activation not in ("tanh", "relu"):
        raise ValueError(f"{operation}: activation must be 'tanh' or 'relu', got {activation!r}")
    return _plain_cell(activation)


def n_step_rnn(
    n_layers: int,
    dropout_ratio: float,
    hx: Operand,
    ws: Sequence[Weights],
    bs: Sequence[Weights],
    xs: Sequence[Operand],
    activation: str = "tanh",
) -> tuple[Variable, tuple[Variable, ...]]:
    """Layers of plain recurrent units over sequences: (hy, ys).

    h = f(W_0 x + b_0 + W_1 h' + b_1), with f 'tanh' or 'relu'. The arguments are those of
    :func:`n_step_lstm` without the cells, and with two matrices and vectors a layer.
    """
    make = _checked_activation("n_step_rnn", activation)
    (h,), ys = _stacked("n_step_rnn", make, n_layers, dropout_ratio, (hx,), ws, bs, xs, 1)
    return h, ys


def n_step_birnn(
    n_layers: int,
    dropout_ratio: float,
    hx: Operand,
    ws: Sequence[Weights],
    bs: Sequence[Weights],
    xs: Sequence[Operand],
    activation: str = "tanh",
) -> tuple[Variable, tuple[Variable, ...]]:
    """:func:`n_step_rnn` in both directions at once; see :func:`n_step_bilstm`."""
    make = _checked_activation("n_step_birnn", activation)
    (h,), ys = _stacked("n_step_birnn", make, n_layers, dropout_ratio, (hx,), ws, bs, xs, 2)
    return h, ys
