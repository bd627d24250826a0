"""Long short-term memory over trees: a node's cells from those of its children."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from playground.functions.array import stack
from playground.functions.operands import together
from playground.graph.errors import InvalidType
from playground.graph.op import Op
from playground.graph.types import Array, Cotangents, Operand, Raw
from playground.graph.variable import Variable

__all__ = ["slstm", "tree_lstm"]


class Cells(Op):
    """c = the sum of tanh(a) s(i) + the sum of s(f) c', h = s(o) tanh(c), s the logistic function.

    c' (n, children, u, …); where x has the sources a, i, f and o is said by ``layout``.
    """

    __slots__ = ("gates", "label", "layout")
    label: str
    output_count = 2
    keep = (0, 1, 2)

    def __init__(self, label: str, layout: GateLayout) -> None:
        self.label, self.layout = label, layout

    def _gates(self, x: Array) -> tuple[Array, ...]:
        a, *rest = self.layout.split(x)
        # The logistic function by tanh, which cannot overflow.
        return (np.tanh(a), *(np.tanh(v * 0.5) * 0.5 + 0.5 for v in rest))

    def forward(self, c_prev: Raw, x: Raw) -> Raw:
        self.gates = a, i, f, o = self._gates(x)
        c = (a * i).sum(axis=1) + (f * c_prev).sum(axis=1)
        return c, o * np.tanh(c)

    def backward(self, gys: Cotangents, c_prev: Array, x: Array, c: Array, *h: Array) -> Cotangents:
        gc, gh = gys
        # Raw, the gates are those that forward has computed; recorded, they depend on x.
        a, i, f, o = self._gates(x) if isinstance(x, Variable) else self.gates
        t = np.tanh(c)
        inner = 0.0 if gc is None else gc
        if gh is not None:
            inner = inner + gh * o * (1 - t * t)
        go = np.zeros_like(o) if gh is None else gh * t * o * (1 - o)
        inner = np.expand_dims(inner, 1)
        ga, gi = inner * i * (1 - a * a), inner * a * i * (1 - i)
        gf = inner * c_prev * f * (1 - f)
        return inner * f, self.layout.joined(ga, gi, gf, np.expand_dims(go, 1)).reshape(x.shape)


class GateLayout(Protocol):
    """Where an array has the sources of gates."""

    def split(self, x: Array) -> tuple[Array, ...]:
        """a and i (n, k, u, …), f (n, children, u, …) and o (n, u, …)."""

    def joined(self, ga: Array, gi: Array, gf: Array, go: Array) -> Array:
        """The gradient of x, but for its shape, from theirs; that of o is (n, 1, u, …)."""


class Neighbours:
    """Two children, each with its own x: (n, 2, 4 u, …), a, i, f, o of a unit as neighbours."""

    def split(self, x: Array) -> tuple[Array, ...]:
        r = x.reshape((*x.shape[:2], x.shape[2] // 4, 4, *x.shape[3:]))
        a, i, f, o = (r[:, :, :, k] for k in range(4))
        return a, i, f, o.sum(axis=1)

    def joined(self, ga: Array, gi: Array, gf: Array, go: Array) -> Array:
        # Both children have a part in the one output gate.
        go = np.concatenate((go, go), axis=1)
        return np.concatenate([np.expand_dims(g, 3) for g in (ga, gi, gf, go)], axis=3)


class Blocks:
    """Any number of children and one x (n, (3 + children) u, …): all a, then i, o and the f's."""

    def __init__(self, units: int) -> None:
        self.units = units

    def split(self, x: Array) -> tuple[Array, ...]:
        r = x.reshape((x.shape[0], x.shape[1] // self.units, self.units, *x.shape[2:]))
        return r[:, 0:1], r[:, 1:2], r[:, 3:], r[:, 2]

    def joined(self, ga: Array, gi: Array, gf: Array, go: Array) -> Array:
        return np.concatenate((ga, gi, go, gf), axis=1)


def slstm(c_prev1: Operand, c_prev2: Operand, x1: Operand, x2: Operand) -> tuple[Variable, ...]:
    """Cells c and output h of a node with two children (S-LSTM).

    c = tanh(a1) s(i1) + tanh(a2) s(i2) + s(f1) c1 + s(f2) c2 and h = s(o1 + o2) tanh(c), with s the
    logistic function. c1 and c2 (n, u, …); x1 and x2 (n, 4 u, …), with a, i, f, o of a unit as
    neighbours.
    """
    c1, c2, x1, x2 = together("slstm", c_prev1, c_prev2, x1, x2)
    shape = c1.shape
    wide = (*shape[:1], *(4 * n for n in shape[1:2]), *shape[2:])
    if len(shape) < 2 or c2.shape != shape or x1.shape != wide or x2.shape != wide:
        raise InvalidType(
            "slstm",
            "c_prev1 and c_prev2 (n, u, …), x1 and x2 (n, 4 u, …)",
            f"shapes {shape}, {c2.shape}, {x1.shape} and {x2.shape}",
        )
    _of_fractions("slstm", c1, c2, x1, x2)
    # Stacked, two children are one array: half the calls of NumPy, which small cells cost most.
    op = Cells("SLSTM", Neighbours())
    return op.apply((stack([c1, c2], axis=1), stack([x1, x2], axis=1)))


def tree_lstm(*inputs: Operand) -> tuple[Variable, ...]:
    """Cells c and output h of a node with any number of children: ``c, h = tree_lstm(c1, …, x)``.

    c = tanh(a) s(i) + the sum of s(f_j) c_j and h = s(o) tanh(c), with s the logistic function.
    Each c_j is (n, u, …); x (n, (3 + children) u, …) holds all a, then all i, o, f_1, f_2, ….
    """
    *cs, x = together("tree_lstm", *inputs)
    shape = cs[0].shape if cs else ()
    wide = (*shape[:1], *((3 + len(cs)) * n for n in shape[1:2]), *shape[2:])
    if len(shape) < 2 or any(c.shape != shape for c in cs) or x.shape != wide:
        raise InvalidType(
            "tree_lstm",
            "c_1, c_2, … (n, u, …) and x (n, (3 + the number of c's) u, …)",
            f"shapes {', '.join(str(v.shape) for v in (*cs, x))}",
        )
    _of_fractions("tree_lstm", *cs, x)
    return Cells("TreeLSTM", Blocks(shape[1])).apply((stack(cs, axis=1), x))


def _of_fractions(operation: str, *xs: Variable) -> None:
    """Refuse what the logistic function and tanh would turn into another dtype."""
    if any(x.dtype.kind != "f" or x.dtype != xs[0].dtype for x in xs):
        found = ", ".join(str(x.dtype) for x in xs)
        raise InvalidType(operation, "operands of one floating point dtype", f"dtypes {found}")
