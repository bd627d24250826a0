"""BlackOut: a word told from sampled others (Ji et al., 2015)."""

from __future__ import annotations

from typing import Any

import numpy as np

import playground.functions as F
from playground.graph.parameter import Parameter
from playground.graph.types import Operand, Raw
from playground.graph.variable import Variable
from playground.links.link import Link
from playground.utils.walker_alias import WalkerAlias

__all__ = ["BlackOut"]


class BlackOut(Link):
    """The loss :func:`playground.functions.black_out` over learnt vectors of words.

    As in Chainer the vectors ``W`` are NaN until values are put into them.

    Args:
        in_size: elements of a vector.
        counts: how often each word occurs; by these others are drawn.
        sample_size: how many others a word is told from.

    Attributes:
        sample_data: words (n, samples) to be used in place of drawn ones, or None.
    """

    sample_data: Raw = None

    def __init__(self, in_size: int, counts: Any, sample_size: int) -> None:
        super().__init__()
        # In single precision, which decides what is drawn.
        self.sampler = WalkerAlias(np.array(counts, np.float32))
        self.sample_size = sample_size
        with self.init_scope():
            self.W = Parameter(shape=(len(counts), in_size))

    def forward(self, x: Operand, t: Operand) -> Variable:
        """The mean loss of vectors ``x`` (n, in_size) and words ``t``."""
        samples = self.sample_data
        if samples is None:
            samples = self.sampler.sample((len(x), self.sample_size))
        return F.black_out(x, t, self.W, samples)
