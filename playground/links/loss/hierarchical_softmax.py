"""BinaryHierarchicalSoftmax: the loss of a word as a way through a tree (Morin, Bengio, 2005)."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.operands import together
from playground.graph.backend import array_like, to_cpu
from playground.graph.config import config
from playground.graph.errors import InvalidType
from playground.graph.parameter import Parameter
from playground.graph.types import DType, Operand, Tree
from playground.graph.variable import Variable, as_array_of
from playground.initializers import Uniform
from playground.links.link import Link

__all__ = ["BinaryHierarchicalSoftmax"]

# The inner nodes on the way to a word, and to which side it leaves each: 1 left, -1 right.
Way = tuple[list[int], list[float]]


class BinaryHierarchicalSoftmax(Link):
    """-the sum of log σ(± w_k · x) over the inner nodes k on the way to a word.

    Args:
        in_size: elements of a vector x.
        tree: words (numbers from 0) in pairs of pairs, such as ``((0, 1), (2, (3, 4)))``.
        dtype: of Chainer's signs; the loss has x's.

    The loss of all words together costs time in proportion to the logarithm of their number, in
    a tree made by :meth:`create_huffman_tree`.
    """

    def __init__(self, in_size: int, tree: Tree, dtype: DType | None = None) -> None:
        super().__init__()
        self._dtype = np.dtype(config.dtype if dtype is None else dtype)
        ways = dict(_ways(tree))
        self._ways = ways
        inner = 1 + max((max(nodes, default=-1) for nodes, _ in ways.values()), default=-1)
        with self.init_scope():
            self.W = Parameter(Uniform(1), (inner, in_size))

    @staticmethod
    def create_huffman_tree(word_counts: Mapping[int, int]) -> Tree:
        """A tree in which frequent words have short ways, from a dict of counts by word."""
        if not word_counts:
            raise ValueError("create_huffman_tree: expected the count of a word or more")
        queue: list[Any] = [(count, i, word) for i, (word, count) in enumerate(word_counts.items())]
        heapq.heapify(queue)
        while len(queue) > 1:
            (count1, i1, left), (count2, i2, right) = heapq.heappop(queue), heapq.heappop(queue)
            # The number tells equal counts apart; of two nodes the first one's stays.
            heapq.heappush(queue, (count1 + count2, min(i1, i2), (left, right)))
        return queue[0][2]

    def forward(self, x: Operand, t: Operand) -> Variable:
        """The sum of the losses of vectors ``x`` (n, in_size) and words ``t``; -1 is no word."""
        x, W = together("BinaryHierarchicalSoftmax", x, self.W)
        words = to_cpu(as_array_of(t))
        fits = x.ndim == 2 and x.shape[1] == W.shape[1] and words.shape == x.shape[:1]
        if not fits or words.dtype.kind not in "iu" or x.dtype != W.dtype:
            raise InvalidType(
                "BinaryHierarchicalSoftmax",
                f"x (n, {W.shape[1]}) of {W.dtype} and integer words (n,)",
                f"{x.dtype} {x.shape} and {words.dtype} {words.shape}",
            )
        rows, nodes, signs = self._steps(words.tolist())
        at, row = (array_like(np.array(v, np.int64), x.array) for v in (nodes, rows))
        scores = F.sum(F.get_item(W, at) * F.get_item(x, row), axis=1)
        return F.sum(F.softplus(scores * array_like(-np.array(signs, x.dtype), x.array)))

    def _steps(self, words: list[int]) -> tuple[list[int], list[int], list[float]]:
        """Row, inner node and side of each step on the ways to the words."""
        rows, nodes, signs = [], [], []
        for row, word in enumerate(words):
            if word not in self._ways and not -1 <= word <= max(self._ways):
                raise IndexError(
                    f"BinaryHierarchicalSoftmax: expected words up to {max(self._ways)}, got {word}"
                )
            # What has no place in the tree has no way, and no loss.
            passed, sides = self._ways.get(word, ([], []))
            rows += [row] * len(passed)
            nodes += passed
            signs += sides
        return rows, nodes, signs


def _ways(tree: Tree) -> Iterator[tuple[int, Way]]:
    """Each word of a tree with its way; inner nodes are numbered as they are met, left first."""
    # Not by recursion: a tree of rare words can be as deep as there are words.
    waiting: list[tuple[Any, list[int], list[float]]] = [(tree, [], [])]
    count = 0
    while waiting:
        node, passed, sides = waiting.pop()
        if not isinstance(node, tuple):
            yield node, (passed, sides)
            continue
        if len(node) != 2:
            raise ValueError(
                f"BinaryHierarchicalSoftmax: expected pairs as the nodes of the tree, got {node!r}"
            )
        left, right = node
        passed = [*passed, count]
        waiting += [(right, passed, [*sides, -1.0]), (left, passed, [*sides, 1.0])]
        count += 1
