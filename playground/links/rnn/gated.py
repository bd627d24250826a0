"""Recurrent layers beside LSTM and GRU: with peepholes, with zoneout, with a single gate."""

from __future__ import annotations

from typing import Any

import numpy as np

import playground.functions as F
from playground.graph.config import config
from playground.graph.types import DType
from playground.graph.variable import Variable, as_variable
from playground.links.chain import Chain
from playground.links.connection.linear import Linear
from playground.links.rnn.state import KeepsCells, KeepsOutput

__all__ = ["StatefulMGU", "StatefulPeepholeLSTM", "StatefulZoneoutLSTM", "StatelessMGU"]


class WithCells(KeepsCells, Chain):
    """Base: a chain with the state c and h, None before the first step."""

    def __init__(self, in_size: int | None, out_size: int) -> None:
        super().__init__()
        self.state_size = out_size
        self.reset_state()
        with self.init_scope():
            self.upward = Linear(in_size, 4 * out_size)
            self.lateral = Linear(out_size, 4 * out_size, nobias=True)

    def sources(self, x: Any) -> list[Variable]:
        """The sources of a, i, f and o, each (n, units); the states are zeros from now on."""
        sources = self.upward(x)
        if self.h is not None:
            sources = sources + self.lateral(self.h)
        # Made at the first step, when the size of the batch is known.
        self.c = state_zeros(x, self.state_size) if self.c is None else self.c
        self.h = state_zeros(x, self.state_size) if self.h is None else self.h
        return [sources[:, k::4] for k in range(4)]


def state_zeros(x: Any, size: int, dtype: DType = None) -> Variable:
    """A state of zeros: on the input's device, and in its precision unless ``dtype`` says other."""
    array = as_variable(x).array
    return Variable(np.zeros((len(array), size), dtype or array.dtype, like=array))


class StatefulPeepholeLSTM(WithCells):
    """An LSTM whose gates see the cells too, and that keeps its state (Gers and Schmidhuber, 2000).

    Args:
        in_size: elements of an input; None finds it out at the first call.
        out_size: units.
    """

    def __init__(self, in_size: int | None, out_size: int) -> None:
        super().__init__(in_size, out_size)
        with self.init_scope():
            self.peep_i = Linear(out_size, out_size, nobias=True)
            self.peep_f = Linear(out_size, out_size, nobias=True)
            self.peep_o = Linear(out_size, out_size, nobias=True)

    def forward(self, x: Any) -> Variable:
        a, i, f, o = self.sources(x)
        i, f = F.sigmoid(i + self.peep_i(self.c)), F.sigmoid(f + self.peep_f(self.c))
        self.c = F.tanh(a) * i + f * self.c
        self.h = F.sigmoid(o + self.peep_o(self.c)) * F.tanh(self.c)
        return self.h


class StatefulZoneoutLSTM(WithCells):
    """An LSTM of which states, drawn anew at each step, stay as they are (Krueger et al., 2016).

    Args:
        in_size: elements of an input; None finds it out at the first call.
        out_size: units.
        c_ratio, h_ratio: the chances that an element of c and of h stays, in training.
    """

    def __init__(
        self, in_size: int | None, out_size: int, c_ratio: float = 0.5, h_ratio: float = 0.5
    ) -> None:
        super().__init__(in_size, out_size)
        self.c_ratio, self.h_ratio = c_ratio, h_ratio

    def forward(self, x: Any) -> Variable:
        a, i, f, o = self.sources(x)
        c = F.tanh(a) * F.sigmoid(i) + F.sigmoid(f) * self.c
        # The output comes from the new cells, those that stay back included.
        self.c = F.zoneout(self.c, c, self.c_ratio)
        self.h = F.zoneout(self.h, F.sigmoid(o) * F.tanh(c), self.h_ratio)
        return self.h


class StatelessMGU(Chain):
    """The next state of minimal gated units: ``h = mgu(h, x)`` (Zhou et al., 2016).

    f = sigmoid(W_f [h, x]), and h' = f · tanh(W_h [f · h, x]) + (1 - f) · h.
    """

    def __init__(self, n_inputs: int, n_units: int) -> None:
        super().__init__()
        with self.init_scope():
            self.W_f = Linear(n_inputs + n_units, n_units)
            self.W_h = Linear(n_inputs + n_units, n_units)

    def next_state(self, h: Any, x: Any) -> Variable:
        """The state after one step from ``h``."""
        f = F.sigmoid(self.W_f(F.concat([h, x])))
        return F.linear_interpolate(f, F.tanh(self.W_h(F.concat([f * h, x]))), h)

    def forward(self, h: Any, x: Any) -> Variable:
        return self.next_state(h, x)


class StatefulMGU(KeepsOutput, StatelessMGU):
    """The output of one time step; the state ``h`` is kept for the next."""

    def __init__(self, in_size: int, out_size: int) -> None:
        super().__init__(in_size, out_size)
        self._state_size = out_size
        self.reset_state()

    def forward(self, x: Any) -> Variable:  # type: ignore[override]
        # In the configured precision and not in the input's, as in Chainer.
        h = state_zeros(x, self._state_size, config.dtype) if self.h is None else self.h
        self.h = self.next_state(h, x)
        return self.h
