"""Sequences of different lengths, turned from one array a sequence to one a step."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from playground.functions.operands import together
from playground.graph.errors import InvalidType
from playground.graph.op import Op
from playground.graph.types import Cotangents, Operand, Raw
from playground.graph.variable import Variable

__all__ = ["transpose_sequence"]


class TransposeSequence(Op):
    """ys[j][i] = xs[i][j]; the lengths of the xs do not grow, and there are ``output_count`` ys."""

    __slots__ = ("output_count", "shapes")

    def __init__(self, output_count: int) -> None:
        self.output_count = output_count

    def forward(self, *xs: Raw) -> Raw:
        lengths = [len(x) for x in xs]
        starts = np.concatenate(([0], np.cumsum(lengths)))
        counts = [sum(n > j for n in lengths) for j in range(self.output_count)]
        # All rows in one gather: Chainer copies them one by one in Python.
        order = np.concatenate([starts[:count] + j for j, count in enumerate(counts)])
        rows = np.concatenate(xs, axis=0)[order]
        ends = [0, *(int(end) for end in np.cumsum(counts))]
        ys = [rows[start:end] for start, end in pairwise(ends)]
        # For steps that nobody uses: their cotangents come as None and tell no shape.
        self.shapes = [y.shape for y in ys]
        return tuple(ys) if self.output_count > 1 else ys[0]

    def backward(self, gys: Cotangents, *xs: None) -> Cotangents:
        gys = gys if self.output_count > 1 else (gys,)
        like = next(gy for gy in gys if gy is not None)
        full = [
            np.zeros_like(like, shape=shape) if gy is None else gy
            for gy, shape in zip(gys, self.shapes, strict=True)
        ]
        # The way back is the same, with the roles of sequences and steps exchanged.
        return TransposeSequence(len(xs))(*full)


def transpose_sequence(xs: Sequence[Operand]) -> tuple[Variable, ...]:
    """Arrays of steps, one a sequence, as arrays of sequences, one a step: ys[j][i] = xs[i][j].

    xs: n arrays (l_i, …), the longest first. Returns l_0 arrays, of as many entries as there are
    sequences that long.
    """
    if not len(xs):
        return ()
    xs = together("transpose_sequence", *xs)
    lengths = [len(x) for x in xs]
    if sorted(lengths, reverse=True) != lengths or any(x.shape[1:] != xs[0].shape[1:] for x in xs):
        raise InvalidType(
            "transpose_sequence",
            "arrays alike but for their lengths, the longest first",
            f"shapes {', '.join(str(x.shape) for x in xs)}",
        )
    return TransposeSequence(lengths[0]).apply(xs) if lengths[0] else ()
