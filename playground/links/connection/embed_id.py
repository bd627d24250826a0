"""EmbedID: rows of a table, looked up by whole numbers."""

from __future__ import annotations

from typing import Any

import playground.functions as F
from playground.graph.parameter import Parameter
from playground.graph.types import Operand
from playground.graph.variable import Variable
from playground.initializers import Normal
from playground.links.link import Link

__all__ = ["EmbedID"]


class EmbedID(Link):
    """y = W[x]: a vector of ``out_size`` elements for each of ``in_size`` numbers.

    ``initialW``: default: normal draws of deviation 1. Numbers equal to ``ignore_label`` give
    zeros.
    """

    # On the class: links from snapshots of older versions have no value of their own.
    ignore_label: int | None = None

    def __init__(
        self,
        in_size: int,
        out_size: int,
        initialW: Operand = None,
        ignore_label: int | None = None,
    ) -> None:
        super().__init__()
        self.ignore_label = ignore_label
        with self.init_scope():
            self.W = Parameter(Normal(1.0) if initialW is None else initialW, (in_size, out_size))

    @classmethod
    def from_params(cls, W: Any, ignore_label: int | None = None) -> Any:
        """A table that exists."""
        in_size, out_size = W.shape
        return cls(in_size, out_size, getattr(W, "array", W), ignore_label)

    def forward(self, x: Operand) -> Variable:
        return F.embed_id(x, self.W, self.ignore_label)
