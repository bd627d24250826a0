"""Draws from a discrete distribution in constant time, by Walker's alias method.

A. J. Walker, An efficient method for generating discrete random variables with general
distributions, ACM Transactions on Mathematical Software 3 (1977) 253-256.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from playground.graph.random import source
from playground.graph.types import HostArray, Random, Raw

__all__ = ["WalkerAlias"]


class WalkerAlias:
    """Sampler of the numbers 0 … n-1, each with a probability in proportion to ``probs``.

    n cells of equal size hold a number each, and, above a threshold, another one's surplus.
    """

    def __init__(self, probs: Any) -> None:
        shares = np.array(probs, np.float32)
        shares /= shares.sum()
        count = len(shares)
        self.threshold = np.empty(count, np.float32)
        self.values: HostArray = np.zeros((count, 2), np.int32)
        room = 0  # the first cell with room for another's surplus
        # From the smallest: what is ahead of a number has at most as large a share. The same cells
        # as Chainer's, so that one seed draws the same numbers.
        for cell, number in enumerate(np.lexsort((np.arange(count), shares))):
            share = shares[number] * np.float32(count)
            while share > 1 and room < cell:
                self.values[room, 1] = number
                share -= 1 - self.threshold[room]
                room += 1
            self.threshold[cell], self.values[cell, 0] = share, number

    def sample(self, shape: int | tuple[int, ...], rng: Random | None = None) -> Raw:
        """Numbers of that shape, int32."""
        drawn = source(rng).uniform(0, 1, shape) * len(self.threshold)
        cells = drawn.astype(np.int32)
        other = self.threshold[cells] < drawn - cells
        return self.values[cells, other.astype(np.int32)]

    def to_cpu(self) -> WalkerAlias:
        return self

    def to_gpu(self) -> WalkerAlias:
        return self
