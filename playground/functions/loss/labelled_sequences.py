"""Losses of sequences with labels: conditional random fields, and labels without their times."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from playground.functions.activation import log_softmax
from playground.functions.array import concat, expand_dims, get_item, reshape, separate, stack
from playground.functions.basic_math import add, divide, subtract
from playground.functions.elementwise import logaddexp, where
from playground.functions.loss.common import check_choice
from playground.functions.operands import together
from playground.functions.reduction import logsumexp, max, mean, sum
from playground.graph import backend
from playground.graph.errors import InvalidType
from playground.graph.op import Binary
from playground.graph.types import Array, Cotangents, Operand, Raw
from playground.graph.variable import Variable, as_array_of, as_variable

__all__ = ["argmax_crf1d", "connectionist_temporal_classification", "crf1d"]


# ----------------------------------------------------------------- conditional random fields


def _scored(operation: str, cost: Operand, xs: Sequence[Operand]) -> list[Variable]:
    """cost (k, k) and xs (b_t, k) as Variables that fit together."""
    if not len(xs):
        raise InvalidType(operation, "the scores of one step or more", "none")
    cost, *xs = together(operation, cost, *xs)
    sizes = [x.shape[0] for x in xs if x.ndim == 2]
    labels = cost.shape[0] if cost.ndim else 0
    if cost.shape != (labels, labels) or any(x.shape[1:] != (labels,) for x in xs):
        raise InvalidType(
            operation,
            "costs (k, k) of the ways between k labels, and scores (b_t, k) of each step",
            f"shapes {cost.shape} and {', '.join(str(x.shape) for x in xs)}",
        )
    if sizes != sorted(sizes, reverse=True):
        raise InvalidType(operation, "steps with the same or fewer rows than before", f"{sizes}")
    return [cost, *xs]


def crf1d(
    cost: Operand, xs: Sequence[Operand], ys: Sequence[Operand], reduce: str = "mean"
) -> Variable:
    """Negative log-likelihood of labels under a linear-chain conditional random field.

    Args:
        cost: (k, k), what going from label i to label j adds to the score.
        xs: scores (b_t, k) of the labels, an array a step, b_t never larger than before: the rows
            are the steps of sequences, of which the longest come first (see
            :func:`transpose_sequence`).
        ys: the labels (b_t,), by step.
        reduce: 'mean', the sum over the number of sequences; 'no', the loss of each.
    """
    check_choice("crf1d", "reduce", reduce, ("mean", "no"))
    cost, *xs = _scored("crf1d", cost, xs)
    labels = [backend.constant_like(as_array_of(y), cost.array, "crf1d") for y in ys]
    if [y.shape for y in labels] != [x.shape[:1] for x in xs]:
        raise InvalidType(
            "crf1d",
            f"labels of shapes {', '.join(str(x.shape[:1]) for x in xs)}",
            ", ".join(str(y.shape) for y in labels),
        )
    if any(y.dtype.kind not in "iu" for y in labels):
        raise InvalidType("crf1d", "integer labels", ", ".join(str(y.dtype) for y in labels))
    loss = subtract(_log_partition(cost, xs), _path_scores(cost, xs, labels))
    return loss if reduce == "no" else divide(sum(loss), float(xs[0].shape[0]))


def _log_partition(cost: Variable, xs: list[Variable]) -> Variable:
    """The logarithm of the sum over all paths of each sequence."""
    alpha, ended = xs[0], []
    for x in xs[1:]:
        count = x.shape[0]
        if count < alpha.shape[0]:
            ended.append(alpha[count:])
            alpha = alpha[:count]
        # The forward algorithm in logarithms: a product of many steps would underflow.
        alpha = add(logsumexp(add(expand_dims(alpha, 2), cost), 1), x)
    return logsumexp(concat([alpha, *reversed(ended)], axis=0), 1)


def _path_scores(cost: Variable, xs: list[Variable], labels: list[Raw]) -> Variable:
    """The score of the labels of each sequence."""
    rows = xs[0].shape[0]
    # All steps in one index, for the way of a gather back is a scatter of its whole operand.
    flat = np.concatenate(labels)
    points = get_item(concat(xs, axis=0), (np.arange(flat.shape[0], like=flat), flat))
    scores = _by_rows(points, labels, rows)
    if len(xs) == 1:
        return scores
    before = [y[: after.shape[0]] for y, after in pairwise(labels)]
    ways = get_item(cost, (np.concatenate(before), np.concatenate(labels[1:])))
    return add(scores, _by_rows(ways, labels[1:], rows))


def _by_rows(values: Variable, steps: list[Raw], rows: int) -> Variable:
    """The sums over all steps of each row; ``values`` lie step by step."""
    counts = [len(step) for step in steps]
    starts = np.cumsum([0, *counts[:-1]])
    row = np.expand_dims(np.arange(rows), 1)
    there = row < np.asarray(counts)
    places = np.where(there, row + starts, 0)
    index, mask = (backend.array_like(v, values.array) for v in (places, there))
    return sum(where(mask, get_item(values, index), 0.0), 1)


def argmax_crf1d(cost: Operand, xs: Sequence[Operand]) -> tuple[Variable, list[Raw]]:
    """The largest score of a path of labels, and that path; see :func:`crf1d`.

    Returns the scores (b_0,), and labels (b_t,) by step, as arrays.
    """
    cost, *xs = _scored("argmax_crf1d", cost, xs)
    alpha, ended, steps = xs[0], [], []
    for x in xs[1:]:
        count = x.shape[0]
        # Sequences that end here keep what they have until the way back meets them.
        rest = alpha[count:] if count < alpha.shape[0] else None
        ended.append(rest)
        scores = add(expand_dims(alpha[:count], 2), cost)
        steps.append(np.argmax(scores.array, 1))
        alpha = add(max(scores, 1), x)
    best = np.argmax(alpha.array, 1)
    path, score = [best], [max(alpha, 1)]
    for step, rest in zip(reversed(steps), reversed(ended), strict=True):
        best = np.take_along_axis(step, np.expand_dims(best, 1), axis=1)[:, 0]
        if rest is not None:
            best = np.concatenate((best, np.argmax(rest.array, 1)))
            score.append(max(rest, 1))
        path.append(best)
    return concat(score, axis=0), [labels.astype("i") for labels in reversed(path)]


# -------------------------------------------------------------------- labels without their times


class PathStep(Binary):
    """y[:, s] = log(exp x[:, s] + exp x[:, s - 1] + exp x[:, s - 2]) + gain[:, s].

    The last term is there only where ``jumps``; ahead of x stands ``never``, in place of log 0.
    """

    __slots__ = ("jumps", "never")
    keep = (0, 1, 2)

    def __init__(self, jumps: Raw, never: float) -> None:
        self.jumps, self.never = jumps, never

    def _terms(self, x: Array) -> tuple[Array, Array]:
        edge = np.zeros_like(x[:, :1]) + self.never
        wide = np.concatenate((edge, edge, x), axis=1)
        return wide[:, 1:-1], np.where(self.jumps, wide[:, :-2], self.never)

    def forward(self, x: Raw, gain: Raw) -> Raw:
        one, two = self._terms(x)
        top = np.maximum(np.maximum(x, one), two)
        return np.log(np.exp(x - top) + np.exp(one - top) + np.exp(two - top)) + top + gain

    def backward(self, gy: Array, x: Array, gain: Array, y: Array) -> Cotangents:
        one, two = self._terms(x)
        total = y - gain
        # What each term has of the sum: the softmax of three.
        shares = [gy * np.exp(term - total) for term in (x, one, two)]
        # Each share goes back to where its term came from.
        none = np.zeros_like(shares[0][:, :1])
        first = np.concatenate((shares[1][:, 1:], none), axis=1)
        second = np.concatenate((shares[2][:, 2:], none, none), axis=1)[:, : x.shape[1]]
        return shares[0] + first + second, gy


def connectionist_temporal_classification(
    x: Sequence[Operand],
    t: Operand,
    blank_symbol: int,
    input_length: Operand = None,
    label_length: Operand = None,
    reduce: str = "mean",
) -> Variable:
    """Negative log-likelihood of sequences of labels whose times are unknown (Graves et al., 2006).

    It is that of all ways to write them over the steps: each label once or more, with the blank
    between equal ones, and anywhere else if need be.

    Args:
        x: scores (b, symbols), an array a step; their softmax are the probabilities.
        t: labels (b, length).
        blank_symbol: the number of the blank.
        input_length, label_length: how many steps and labels (b,) of each sequence count;
            None: all.
        reduce: 'mean', or 'no' for the loss of each.
    """
    name = "connectionist_temporal_classification"
    check_choice(name, "reduce", reduce, ("mean", "no"))
    if not isinstance(x, Sequence):
        raise TypeError(f"{name}: x is a list of arrays, one a step, got {type(x).__name__}")
    if not isinstance(blank_symbol, int):
        raise TypeError(f"{name}: blank_symbol is an integer, got {type(blank_symbol).__name__}")
    scores = _of_one_shape(name, x)
    steps, (rows, symbols) = len(scores), scores[0].shape
    if not 0 <= blank_symbol < symbols:
        raise ValueError(
            f"{name}: expected a blank_symbol from 0 to {symbols - 1}, got {blank_symbol}"
        )
    like = scores[0].array
    labels = backend.constant_like(as_array_of(t), like, name)
    if labels.ndim != 2 or labels.shape[0] != rows or labels.dtype.kind not in "iu":
        raise InvalidType(
            name, f"integer labels ({rows}, length)", f"{labels.dtype} of shape {labels.shape}"
        )
    lengths = _lengths(name, input_length, rows, steps, like)
    counts = _lengths(name, label_length, rows, labels.shape[1], like)
    # What stands behind the last label is never reached: any symbol does there.
    labels = np.where(np.arange(labels.shape[1], like=labels) < counts, labels, blank_symbol)
    loss = -_log_likelihood(stack(scores), labels, blank_symbol, lengths, counts)
    return loss if reduce == "no" else mean(loss)


def _of_one_shape(name: str, x: Sequence[Operand]) -> list[Variable]:
    if not x:
        raise InvalidType(name, "the scores of one step or more", "none")
    scores = together(name, *x)
    if scores[0].ndim != 2 or any(s.shape != scores[0].shape for s in scores):
        shapes = ", ".join(str(s.shape) for s in scores)
        raise InvalidType(name, "scores (b, symbols) of one shape", f"shapes {shapes}")
    if scores[0].dtype.kind != "f":
        raise InvalidType(name, "scores of floating point", f"dtype {scores[0].dtype}")
    return scores


def _lengths(name: str, given: Operand, rows: int, most: int, like: Raw) -> Raw:
    """Lengths as a column (rows, 1); ``most`` where none are given."""
    if given is None:
        given = np.zeros((rows,), int) + most
    lengths = backend.constant_like(as_array_of(given), like, name)
    if lengths.shape != (rows,) or lengths.dtype.kind not in "iu":
        raise InvalidType(
            name, f"integer lengths ({rows},)", f"{lengths.dtype} of shape {lengths.shape}"
        )
    return np.expand_dims(lengths, 1)


def _log_likelihood(
    scores: Variable, labels: Raw, blank: int, lengths: Raw, counts: Raw
) -> Variable:
    """The logarithm of the probability of each row's labels; scores (steps, b, symbols)."""
    steps, rows = scores.shape[:2]
    # The path: blank, label, blank, label, …, blank.
    # As many places as the longest labelling has; a shorter one ends before.
    pairs = np.expand_dims(labels, 2)
    path = np.concatenate((np.zeros_like(pairs) + blank, pairs), axis=2).reshape((rows, -1))
    path = np.concatenate((path, np.zeros_like(path[:, :1]) + blank), axis=1)
    row = np.expand_dims(np.arange(rows, like=path), 1)
    by_step = get_item(log_softmax(scores, 2), (slice(None), row, path))
    # From two places before only where a blank would not have to stand in between.
    jumps = np.concatenate((path[:, :2] != path[:, :2], path[:, 2:] != path[:, :-2]), axis=1)
    # As good as log 0, but for the NaN that two of those would give; half precision has less.
    never = -1e4 if scores.dtype.char == "e" else -1e10
    start = np.where(np.arange(path.shape[1], like=path) == 0, 0.0, never)
    alpha = as_variable((start + np.zeros_like(path)).astype(scores.dtype))
    # Mostly all sequences are as long as the input, and nothing has to be chosen.
    all_steps = backend.everywhere(lengths == steps)
    for k, gain in enumerate(separate(by_step)):
        new = PathStep(jumps, never).of(alpha, gain)
        alpha = new if all_steps else where(k < lengths, new, alpha)
    # The paths that end with the blank behind the last label, and with that itself.
    silent, label = get_item(alpha, (row, 2 * counts)), get_item(alpha, (row, 2 * counts - 1))
    return reshape(logaddexp(silent, where(counts > 0, label, never)), (rows,))
