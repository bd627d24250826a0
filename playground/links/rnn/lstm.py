"""LSTM layers: one that remembers its state, one that is handed it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import playground.functions as F
from playground.graph.errors import InvalidType
from playground.graph.types import Operand
from playground.graph.variable import Variable, as_variable
from playground.initializers import get_initializer
from playground.links.chain import Chain
from playground.links.connection.linear import Linear
from playground.links.rnn.state import KeepsCells

__all__ = ["LSTM", "StatelessLSTM"]


class StatelessLSTM(Chain):
    """(c, h) of the next time step: ``c, h = lstm(c, h, x)``; None stands for zeros.

    Args:
        in_size: elements of an input; None, or left out, is found out at the first call.
        out_size: units.
        lateral_init, upward_init: initializers of the weights of h and of x, gate by gate.
        bias_init, forget_bias_init: of the biases; defaults 0, and 1 for the forget gate's.
    """

    def __init__(
        self,
        in_size: int | None,
        out_size: int | None = None,
        lateral_init: Operand = None,
        upward_init: Operand = None,
        bias_init: Operand = None,
        forget_bias_init: Operand = None,
    ) -> None:
        super().__init__()
        if out_size is None:
            in_size, out_size = None, in_size
        size: Any = out_size
        self.state_size = size
        self.lateral_init, self.upward_init = lateral_init, upward_init
        self.bias_init = 0 if bias_init is None else bias_init
        # At first a cell keeps what it has: gradients reach far back.
        self.forget_bias_init = 1 if forget_bias_init is None else forget_bias_init
        with self.init_scope():
            self.upward = Linear(in_size, 4 * size, initialW=0)
            self.lateral = Linear(size, 4 * size, nobias=True, initialW=0)
        if in_size is not None:
            self._initialize_params()

    def _initialize_params(self) -> None:
        lateral, upward = get_initializer(self.lateral_init), get_initializer(self.upward_init)
        size = self.state_size
        # Block by block, as Chainer draws: the fans are those of one gate.
        for start in range(0, 4 * size, size):
            for fill, weights in ((lateral, self.lateral.W), (upward, self.upward.W)):
                block = np.empty_like(weights._array[start : start + size])
                fill(block)
                weights._array[start : start + size] = block
        other, forget = get_initializer(self.bias_init), get_initializer(self.forget_bias_init)
        gates = self.upward.b._array.reshape(size, 4)  # type: ignore[union-attr]
        for place in range(4):
            # Three axes, so that an initializer that asks for fans finds some.
            block = np.empty_like(gates[:, place].reshape(1, size, 1))
            (forget if place == 2 else other)(block)
            gates[:, place] = block.reshape(size)

    def _gates(self, h: Any, x: Any) -> Any:
        if self.upward.W._array is None:
            self.upward._initialize_params(math.prod(x.shape[1:]))
            self._initialize_params()
        gates = self.upward(x)
        return gates if h is None else gates + self.lateral(h)

    def _zeros(self, x: Any) -> Variable:
        array = as_variable(x).array
        # On the input's device, in its precision.
        return Variable(np.zeros((len(array), self.state_size), array.dtype, like=array))

    def forward(self, c: Any, h: Any, x: Any) -> Any:
        gates = self._gates(h, x)
        return F.lstm(self._zeros(x) if c is None else c, gates)


class LSTM(KeepsCells, StatelessLSTM):
    """The output of one time step; the state is kept for the next.

    A batch may be shorter than the one before: the states of its last rows stay as they are.

    Attributes:
        c, h: the state, None before the first step and after :meth:`reset_state`.
    """

    def __init__(self, in_size: int | None, *sizes: Any, **initializers: Any) -> None:
        super().__init__(in_size, *sizes, **initializers)
        self.reset_state()

    def forward(self, x: Any) -> Any:  # type: ignore[override]
        h, batch, rest = self.h, len(x), None
        if h is not None and len(h) < batch:
            raise InvalidType("LSTM", f"a batch of at most {len(h)}, as before", f"{batch}")
        if h is not None and len(h) > batch:
            h, rest = h[:batch], h[batch:]
        gates = self._gates(h, x)
        self.c, y = F.lstm(self._zeros(x) if self.c is None else self.c, gates)
        self.h = y if rest is None else F.concat([y, rest], axis=0)
        return y
