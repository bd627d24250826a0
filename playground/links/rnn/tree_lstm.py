"""Layers over trees: a node's state from those of its children (Tai et al., 2015)."""

from __future__ import annotations

from typing import Any

import numpy as np

import playground.functions as F
from playground.graph.types import Shape
from playground.graph.variable import Variable, as_variable
from playground.links.chain import Chain
from playground.links.connection.linear import Linear

__all__ = ["ChildSumTreeLSTM", "NaryTreeLSTM"]


def _split_arguments(link: Chain, children: int, given: tuple[Any, ...], in_size: int) -> Any:
    """Cells, outputs and input of a call; an input of None is zeros."""
    if len(given) != 2 * children + 1:
        raise ValueError(
            f"{type(link).__name__}: expected the cells of all children, then their outputs, then "
            f"the input, got {len(given)} arguments"
        )
    cs, hs, x = given[:children], given[children:-1], given[-1]
    if x is None:
        states = [v for v in (*cs, *hs) if v is not None]
        if not states:
            raise ValueError(f"{type(link).__name__}: cells, outputs and input are all None")
        x = _zeros((len(states[0]), in_size), as_variable(states[0]))
    return cs, hs, as_variable(x)


def _zeros(shape: Shape, like: Variable) -> Any:
    return np.zeros(shape, like.dtype, like=like.array)


class ChildSumTreeLSTM(Chain):
    """c and h of a node with any number of children: ``link(c1, c2, …, h1, h2, …, x)``.

    The order of the children does not count; None stands for zeros.

    Args:
        in_size: elements of an input.
        out_size: units.
    """

    def __init__(self, in_size: int, out_size: int) -> None:
        super().__init__()
        with self.init_scope():
            self.W_x = Linear(in_size, 4 * out_size)
            self.W_h_aio = Linear(out_size, 3 * out_size, nobias=True)
            self.W_h_f = Linear(out_size, out_size, nobias=True)
        self.in_size, self.state_size = in_size, out_size

    def forward(self, *cshsx: Any) -> tuple[Variable, ...]:
        cs, hs, x = _split_arguments(self, len(cshsx) // 2, cshsx, self.in_size)
        aio, f = F.split_axis(self.W_x(x), [3 * self.state_size], axis=1)
        # A leaf: without children there are no cells to forget.
        if not hs:
            a, i, o = F.split_axis(aio, 3, axis=1)
            c = F.sigmoid(i) * F.tanh(a)
            return c, F.sigmoid(o) * F.tanh(c)
        # A child that is None is one of zeros, and still gets a gate.
        zeros = _zeros((x.shape[0], self.state_size), x)
        cs, hs = ([zeros if v is None else v for v in vs] for vs in (cs, hs))
        aio = self.W_h_aio(F.add(*hs)) + aio
        # All children in one product, as rows below each other.
        forgets = F.split_axis(self.W_h_f(F.concat(hs, axis=0)), len(hs), axis=0)
        return F.tree_lstm(*cs, F.concat([aio, *(forget + f for forget in forgets)], axis=1))


class NaryTreeLSTM(Chain):
    """c and h of a node with ``n_ary`` children, each with weights of its own.

    ``link(c1, c2, …, h1, h2, …, x)``; None stands for zeros.

    Args:
        in_size: elements of an input.
        out_size: units.
        n_ary: children.
    """

    def __init__(self, in_size: int, out_size: int, n_ary: int = 2) -> None:
        super().__init__()
        if n_ary < 1:
            raise ValueError(f"NaryTreeLSTM: expected n_ary of 1 or more, got {n_ary}")
        with self.init_scope():
            self.W_x = Linear(in_size, (3 + n_ary) * out_size)
            for i in range(1, n_ary + 1):
                setattr(self, f"W_h{i}", Linear(out_size, (3 + n_ary) * out_size, nobias=True))
        self.in_size, self.state_size, self.n_ary = in_size, out_size, n_ary

    def forward(self, *cshsx: Any) -> tuple[Variable, ...]:
        cs, hs, x = _split_arguments(self, self.n_ary, cshsx, self.in_size)
        sources = self.W_x(x)
        for i, h in enumerate(hs, start=1):
            # Of zeros a product without a bias is nothing to add.
            if h is not None:
                sources = sources + getattr(self, f"W_h{i}")(h)
        zeros = _zeros((x.shape[0], self.state_size), x)
        return F.tree_lstm(*(zeros if c is None else c for c in cs), sources)
