"""Stacked recurrent layers over lists of sequences of any length: the NStep family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

import playground.functions as F
from playground.graph.backend import array_like
from playground.graph.errors import InvalidIndex
from playground.graph.parameter import Parameter
from playground.graph.types import HostArray, Operand
from playground.graph.variable import Variable, as_variable
from playground.initializers import get_initializer
from playground.links.chain_list import ChainList
from playground.links.link import Link

__all__ = [
    "NStepBiGRU",
    "NStepBiLSTM",
    "NStepBiRNNReLU",
    "NStepBiRNNTanh",
    "NStepGRU",
    "NStepLSTM",
    "NStepRNNReLU",
    "NStepRNNTanh",
]


class NStepRNNBase(ChainList):
    """Base of the family: a child link a layer and direction, with weights w0, w1, … and b0, b1, ….

    Args:
        n_layers: layers, one upon another.
        in_size: elements of a step of a sequence.
        out_size: units of a layer.
        dropout: the ratio of dropout on the way from one layer to the next.
        initialW, initial_bias: initializers of all weights and biases.
    """

    # Of one layer, in one direction.
    n_weights: int
    n_cells = 1
    use_bi_direction = False
    function: str
    options: ClassVar[dict[str, str]] = {}

    def __init__(
        self,
        n_layers: int,
        in_size: int,
        out_size: int,
        dropout: float,
        *,
        initialW: Operand = None,
        initial_bias: Operand = None,
    ) -> None:
        self.direction = 2 if self.use_bi_direction else 1
        fills = (
            get_initializer(initialW),
            get_initializer(0 if initial_bias is None else initial_bias),
        )
        # From the second layer on a layer sees what both directions of the one below give.
        sizes = [in_size] + [out_size * self.direction] * (n_layers - 1)
        layers = [
            self._layer(size, out_size, *fills) for size in sizes for _ in range(self.direction)
        ]
        super().__init__(*layers[: n_layers * self.direction])
        self.n_layers, self.dropout, self.out_size = n_layers, dropout, out_size

    def _layer(self, in_size: int, out_size: int, initialW: Any, initial_bias: Any) -> Link:
        layer, half = Link(), self.n_weights // 2
        with layer.init_scope():
            for j in range(self.n_weights):
                size = in_size if j < half else out_size
                setattr(layer, f"w{j}", Parameter(initialW, (out_size, size)))
                setattr(layer, f"b{j}", Parameter(initial_bias, out_size))
        return layer

    def _of_layers(self, letter: str) -> list[list[Parameter]]:
        return [[getattr(layer, f"{letter}{j}") for j in range(self.n_weights)] for layer in self]

    @property
    def ws(self) -> list[list[Parameter]]:
        """The weights of each layer and direction."""
        return self._of_layers("w")

    @property
    def bs(self) -> list[list[Parameter]]:
        """The biases of each layer and direction."""
        return self._of_layers("b")

    def init_hx(self, xs: Sequence[Any]) -> Variable:
        """First states: zeros."""
        like = as_variable(xs[0]).array
        shape = (self.n_layers * self.direction, len(xs), self.out_size)
        return Variable(np.zeros(shape, like.dtype, like=like))

    def rnn(self, *args: Any) -> Any:
        """The last states and the outputs: the function of F that a subclass names."""
        return getattr(F, self.function)(*args, **self.options)

    def _call(self, states: Sequence[Operand], xs: Any) -> tuple[list[Variable], list[Variable]]:
        if not isinstance(xs, (list, tuple)):
            raise TypeError(
                f"{type(self).__name__}: expected a list of sequences, got {type(xs).__name__}"
            )
        if not xs or min(map(len, xs)) == 0:
            raise InvalidIndex(
                type(self).__name__, "sequences of one step or more", f"{[len(x) for x in xs]}"
            )
        # Not stable, as Chainer's: the order decides what dropout drops of which sequence.
        order = np.argsort([-len(x) for x in xs]).astype(np.int32)
        xs = [xs[i] for i in order]
        # A state belongs to its sequence, wherever that has gone.
        firsts = [self.init_hx(xs) if s is None else _reordered(s, order) for s in states]
        steps = F.transpose_sequence(xs)
        *lasts, ys = self.rnn(self.n_layers, self.dropout, *firsts, self.ws, self.bs, steps)
        rows = F.transpose_sequence(ys)
        back = np.argsort(order)
        return [_reordered(s, back) for s in lasts], [rows[i] for i in back]

    def forward(self, hx: Operand, xs: Sequence[Operand]) -> Any:
        """(hy, ys) of first states (layers, b, units), None: zeros, and b sequences (steps, size).

        Layers count twice in both directions. ys are the outputs of the last layer, sequence by
        sequence, in the order of xs.
        """
        (hy,), ys = self._call([hx], xs)
        return hy, ys


def _reordered(state: Operand, order: HostArray) -> Variable:
    state = as_variable(state)
    return F.permutate(state, array_like(order, state.array), axis=1)


class NStepRNNTanh(NStepRNNBase):
    """Plain recurrent layers with tanh, see :func:`playground.functions.n_step_rnn`."""

    n_weights = 2
    function = "n_step_rnn"
    options: ClassVar = {"activation": "tanh"}


class NStepRNNReLU(NStepRNNBase):
    """Plain recurrent layers with rectifiers, see :func:`playground.functions.n_step_rnn`."""

    n_weights = 2
    function = "n_step_rnn"
    options: ClassVar = {"activation": "relu"}


class NStepBiRNNTanh(NStepRNNBase):
    """NStepRNNTanh in both directions, see :func:`playground.functions.n_step_birnn`."""

    n_weights = 2
    use_bi_direction = True
    function = "n_step_birnn"
    options: ClassVar = {"activation": "tanh"}


class NStepBiRNNReLU(NStepRNNBase):
    """NStepRNNReLU in both directions, see :func:`playground.functions.n_step_birnn`."""

    n_weights = 2
    use_bi_direction = True
    function = "n_step_birnn"
    options: ClassVar = {"activation": "relu"}


class NStepGRU(NStepRNNBase):
    """Gated recurrent layers, see :func:`playground.functions.n_step_gru`."""

    n_weights = 6
    function = "n_step_gru"


class NStepBiGRU(NStepRNNBase):
    """NStepGRU in both directions, see :func:`playground.functions.n_step_bigru`."""

    n_weights = 6
    use_bi_direction = True
    function = "n_step_bigru"


class NStepLSTM(NStepRNNBase):
    """Layers of LSTM cells, see :func:`playground.functions.n_step_lstm`."""

    n_weights = 8
    n_cells = 2
    function = "n_step_lstm"

    def forward(self, hx: Operand, cx: Operand, xs: Sequence[Operand]) -> Any:  # type: ignore[override]
        """(hy, cy, ys), as NStepRNNBase.forward; cx are the cells' first states."""
        (hy, cy), ys = self._call([hx, cx], xs)
        return hy, cy, ys


class NStepBiLSTM(NStepLSTM):
    """NStepLSTM in both directions, see :func:`playground.functions.n_step_bilstm`."""

    use_bi_direction = True
    function = "n_step_bilstm"
