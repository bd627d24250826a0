"""GRU layers: one that remembers its state, one that is handed it (Cho et al., 2014)."""

from __future__ import annotations

from typing import Any

import playground.functions as F
from playground.graph.types import Operand
from playground.links.chain import Chain
from playground.links.connection.linear import Linear
from playground.links.rnn.state import KeepsOutput

__all__ = ["GRU", "StatefulGRU", "StatelessGRU"]


class StatelessGRU(Chain):
    """The next state: ``h = gru(h, x)``.

    With gates r and z, both sigmoid(W x + U h): h' = (1 - z) · h + z · tanh(W x + U (r · h)).

    Args:
        in_size: elements of an input; None finds it out at the first call.
        out_size: units.
        init, inner_init: initializers of the weights of x and of h.
        bias_init: of all biases.
    """

    def __init__(
        self,
        in_size: int | None,
        out_size: int,
        init: Operand = None,
        inner_init: Operand = None,
        bias_init: Operand = None,
    ) -> None:
        super().__init__()
        self.state_size = out_size

        def layer(size: int | None, initial: Operand) -> Linear:
            return Linear(size, out_size, initialW=initial, initial_bias=bias_init)

        # In this order, in which Chainer draws.
        with self.init_scope():
            self.W_r, self.U_r = layer(in_size, init), layer(out_size, inner_init)
            self.W_z, self.U_z = layer(in_size, init), layer(out_size, inner_init)
            self.W, self.U = layer(in_size, init), layer(out_size, inner_init)

    def next_state(self, h: Any, x: Any) -> Any:
        """The state after one step from ``h``; None stands for zeros."""
        z, new = self.W_z(x), self.W(x)
        if h is None:
            # Without the products by 0: their layers, where they are made later, stay unmade.
            return F.sigmoid(z) * F.tanh(new)
        r = F.sigmoid(self.W_r(x) + self.U_r(h))
        z, new = F.sigmoid(z + self.U_z(h)), F.tanh(new + self.U(r * h))
        return F.linear_interpolate(z, new, h)

    def forward(self, h: Any, x: Any) -> Any:
        # In Chainer's order, in which layers that are made later draw.
        r = F.sigmoid(self.W_r(x) + self.U_r(h))
        z = F.sigmoid(self.W_z(x) + self.U_z(h))
        return F.linear_interpolate(z, F.tanh(self.W(x) + self.U(r * h)), h)


class StatefulGRU(KeepsOutput, StatelessGRU):
    """The output of one time step; the state ``h`` is kept for the next."""

    def __init__(
        self,
        in_size: int | None,
        out_size: int,
        init: Operand = None,
        inner_init: Operand = None,
        bias_init: Operand = 0,
    ) -> None:
        super().__init__(in_size, out_size, init, inner_init, bias_init)
        self.reset_state()

    def forward(self, x: Any) -> Any:  # type: ignore[override]
        self.h = self.next_state(self.h, x)
        return self.h


class GRU(StatefulGRU):
    """StatefulGRU under its usual name; in Chainer 1 it was the stateless one."""

    def forward(self, *args: Any) -> Any:
        if len(args) != 1:
            raise ValueError(
                f"GRU: expected one argument, the input, got {len(args)}: the layer that is handed "
                f"its state is StatelessGRU"
            )
        return super().forward(args[0])
