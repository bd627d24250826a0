"""NegativeSampling: the loss of word2vec (Mikolov et al., 2013)."""

from __future__ import annotations

from typing import Any

import numpy as np

import playground.functions as F
from playground.graph.backend import array_like, to_cpu
from playground.graph.config import config
from playground.graph.parameter import Parameter
from playground.graph.types import DType, HostArray, Operand
from playground.graph.variable import Variable, as_variable
from playground.links.link import Link
from playground.utils.walker_alias import WalkerAlias

__all__ = ["NegativeSampling"]


class NegativeSampling(Link):
    """-log σ(x · w_t) - Σ log σ(-x · w_s): a word told from ``sample_size`` others.

    Args:
        in_size: elements of a vector x.
        counts: how often each word occurs; the others are drawn by these to the ``power``.
        sample_size: how many others a word is told from.
        dtype: of the probabilities; default: ``config.dtype``.
    """

    def __init__(
        self,
        in_size: int,
        counts: Any,
        sample_size: int,
        power: float = 0.75,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        self.sample_size = sample_size
        kind = np.dtype(config.dtype if dtype is None else dtype)
        # In this precision, which decides what is drawn.
        self.sampler = WalkerAlias(np.power(np.array(counts, kind), kind.type(power)))
        with self.init_scope():
            self.W = Parameter(0, (len(counts), in_size))

    def forward(self, x: Operand, t: Any, reduce: str = "sum", return_samples: bool = False) -> Any:
        """The loss of vectors ``x`` (batch, in_size) and words ``t``, of which -1 is no word.

        ``reduce``: ``'sum'``, or ``'no'`` for one loss a row. With ``return_samples`` the words
        compared come with it, each row's own first.
        """
        if reduce not in ("sum", "no"):
            raise ValueError(f"NegativeSampling: reduce is 'sum' or 'no', got {reduce!r}")
        x = as_variable(x)
        words = to_cpu(getattr(t, "array", t))
        samples = np.array(self.sampler.sample((len(words), self.sample_size + 1)))
        samples[:, 0] = words
        loss = self._losses(x, samples)
        loss = F.sum(loss) if reduce == "sum" else loss
        return (loss, array_like(samples, x.array)) if return_samples else loss

    def _losses(self, x: Variable, samples: HostArray) -> Variable:
        rows = array_like(np.where(samples == -1, 0, samples), x.array)
        # Towards the row's own word, away from the others; what is no word counts nothing.
        signs = np.ones(samples.shape, x.dtype)
        signs[:, 0] = -1
        counts = np.broadcast_to(samples[:, :1] != -1, samples.shape).astype(x.dtype)
        near = F.embed_id(rows, self.W) * F.broadcast_to(
            F.expand_dims(x, 1), (*samples.shape, x.shape[1])
        )
        losses = F.softplus(F.sum(near, axis=2) * array_like(signs, x.array))
        return F.sum(losses * array_like(counts, x.array), axis=1)
