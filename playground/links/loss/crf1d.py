"""CRF1d: labels of sequences, each of which depends on the one before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import playground.functions as F
from playground.graph.parameter import Parameter
from playground.graph.types import HostArray, Operand, Raw
from playground.graph.variable import Variable
from playground.links.link import Link

__all__ = ["CRF1d"]


class CRF1d(Link):
    """A linear-chain conditional random field, with learnt costs of the ways between labels.

    Args:
        n_label: labels.
        initial_cost: initializer of the costs; default 0.
    """

    def __init__(self, n_label: int, initial_cost: Operand = None) -> None:
        super().__init__()
        with self.init_scope():
            self.cost = Parameter(0 if initial_cost is None else initial_cost, (n_label, n_label))

    def forward(
        self,
        xs: Sequence[Any],
        ys: Sequence[Any],
        reduce: str = "mean",
        transpose: bool = False,
    ) -> Variable:
        """The loss :func:`playground.functions.crf1d` of scores xs and labels ys.

        They are given by step, or with ``transpose`` by sequence. With ``reduce='no'`` the losses
        then have the order of the lengths, the longest first.
        """
        if transpose:
            order = _by_length(xs)
            xs, ys = (F.transpose_sequence([vs[i] for i in order]) for vs in (xs, ys))
        return F.crf1d(self.cost, xs, ys, reduce)

    def argmax(self, xs: Sequence[Any], transpose: bool = False) -> tuple[Variable, list[Raw]]:
        """The best labels: their scores, and the labels as arrays, in the form that xs has.

        With ``transpose`` the scores have the order of the lengths, the longest first.
        """
        if not transpose:
            return F.argmax_crf1d(self.cost, xs)
        order = _by_length(xs)
        score, path = F.argmax_crf1d(self.cost, F.transpose_sequence([xs[i] for i in order]))
        rows = F.transpose_sequence(path)
        # The paths go back to the order of xs; Chainer leaves the scores as they are.
        return score, [rows[i].array for i in np.argsort(order)]


def _by_length(xs: Sequence[Any]) -> HostArray:
    return np.argsort([-len(x) for x in xs])
