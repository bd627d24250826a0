"""Long short-term memory: one step of its cells."""

from __future__ import annotations

import numpy as np

from playground.functions.operands import together
from playground.graph.errors import InvalidType
from playground.graph.op import Op
from playground.graph.types import Array, Cotangents, Operand, Raw
from playground.graph.variable import Variable

__all__ = ["lstm"]


class LSTM(Op):
    """c = tanh(a) s(i) + s(f) c', h = s(o) tanh(c), with s the logistic function.

    c' (n, u, …); x (m, 4 u, …), m <= n, holds a, i, f, o of each unit in turn; c (n, u, …), of
    which the entries from m on are those of c', and h (m, u, …).
    """

    __slots__ = ("gates", "length")
    output_count = 2
    keep = (0, 1, 2)

    def forward(self, c_prev: Raw, x: Raw) -> Raw:
        self.length = m = x.shape[0]
        self.gates = a, i, f, o = _gates(x)
        c = a * i + f * c_prev[:m]
        h = o * np.tanh(c)
        if m < c_prev.shape[0]:
            c = np.concatenate((c, c_prev[m:]), axis=0)
        return c, h

    def backward(self, gys: Cotangents, c_prev: Array, x: Array, c: Array, *h: Array) -> Cotangents:
        gc, gh = gys
        m = self.length
        # Raw, the gates are those that forward has computed; recorded, they depend on x.
        a, i, f, o = _gates(x) if isinstance(x, Variable) else self.gates
        t = np.tanh(c[:m])
        inner = 0.0 if gc is None else gc[:m]
        if gh is not None:
            inner = inner + gh * o * (1 - t * t)
        go = np.zeros_like(o) if gh is None else gh * t * o * (1 - o)
        parts = (
            inner * i * (1 - a * a),
            inner * a * i * (1 - i),
            inner * c_prev[:m] * f * (1 - f),
            go,
        )
        gx = np.concatenate([np.expand_dims(g, 2) for g in parts], axis=2).reshape(x.shape)
        gc_prev = inner * f
        if m < c_prev.shape[0]:
            rest = np.zeros_like(c_prev[m:]) if gc is None else gc[m:]
            gc_prev = np.concatenate((gc_prev, rest), axis=0)
        return gc_prev, gx


def _gates(x: Array) -> tuple[Array, ...]:
    """tanh(a), s(i), s(f) and s(o); the logistic function by tanh, which cannot overflow."""
    r = x.reshape((x.shape[0], x.shape[1] // 4, 4, *x.shape[2:]))
    a = np.tanh(r[:, :, 0])
    return (a, *(np.tanh(r[:, :, k] * 0.5) * 0.5 + 0.5 for k in (1, 2, 3)))


def lstm(c_prev: Operand, x: Operand) -> tuple[Variable, ...]:
    """One step of LSTM cells: their next state c and output h.

    c_prev (n, u, …), and x (m, 4 u, …) with the four inputs a, i, f, o of a unit as neighbours;
    where x has fewer entries than c_prev the further ones of c stay as they are.
    """
    c_prev, x = together("lstm", c_prev, x)
    fits = c_prev.ndim >= 2 and c_prev.ndim == x.ndim and x.shape[0] <= c_prev.shape[0]
    if not fits or x.shape[1:] != (4 * c_prev.shape[1], *c_prev.shape[2:]):
        raise InvalidType(
            "lstm",
            "c_prev (n, u, …) and x (m, 4 u, …), m not larger than n",
            f"shapes {c_prev.shape} and {x.shape}",
        )
    return LSTM().apply((c_prev, x))
