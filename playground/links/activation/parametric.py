"""Maxout, PReLU, Swish and SimplifiedDropconnect."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import playground.functions as F
from playground.graph.backend import is_array
from playground.graph.parameter import Parameter
from playground.graph.types import Operand, Shape
from playground.graph.variable import Variable
from playground.initializer import Initializer
from playground.initializers import Constant, HeNormal, get_initializer
from playground.links.chain import Chain
from playground.links.connection.linear import Linear
from playground.links.connection.weights import bias_parameter
from playground.links.link import Link

__all__ = ["Maxout", "PReLU", "SimplifiedDropconnect", "Swish"]


class Maxout(Chain):
    """The largest of ``pool_size`` linear functions, for each of ``out_size`` outputs.

    An array given as ``initialW`` has the shape (outputs, pool, inputs), one given as
    ``initial_bias`` (outputs, pool); ``initial_bias=None`` is no bias.
    """

    def __init__(
        self,
        in_size: int,
        out_size: int,
        pool_size: int,
        initialW: Operand = None,
        initial_bias: Operand = 0,
    ) -> None:
        super().__init__()
        self.out_size, self.pool_size = out_size, pool_size
        rows = out_size * pool_size
        with self.init_scope():
            self.linear = Linear(
                in_size,
                rows,
                nobias=initial_bias is None,
                initialW=_initial_rows(initialW, (out_size, pool_size, in_size), (rows, in_size)),
                initial_bias=_initial_rows(initial_bias, (out_size, pool_size), (rows,)),
            )

    def forward(self, x: Operand) -> Variable:
        return F.maxout(self.linear(x), self.pool_size)


def _initial_rows(given: Operand, shape: Shape, flat: Shape) -> Any:
    """An initializer for an array of shape ``flat``, of one for ``shape``."""
    if is_array(given):
        if given.ndim != len(shape):
            raise ValueError(f"Maxout: initial values have {len(shape)} axes, got {given.ndim}")
        return given.reshape(flat)
    # Chainer's own fill what they are given; functions of the user's know of outputs and pool.
    if isinstance(given, Initializer) or not callable(given):
        return given
    fill: Callable[[Any], None] = given
    return lambda array: fill(array.reshape(shape))


class PReLU(Link):
    """max(0, x) + W · min(0, x), with one learnt slope, or several of ``shape``."""

    def __init__(self, shape: int | Shape = (), init: Operand = 0.25) -> None:
        super().__init__()
        with self.init_scope():
            self.W = Parameter(init, shape)

    def forward(self, x: Operand) -> Variable:
        return F.prelu(x, self.W)


class Swish(Link):
    """x · sigmoid(beta · x), with a learnt beta of ``beta_shape``, or of the first input's."""

    def __init__(self, beta_shape: int | Shape | None, beta_init: Operand = 1.0) -> None:
        super().__init__()
        with self.init_scope():
            # Without a shape an array would be the parameter itself.
            initial = Constant(beta_init) if beta_shape is None else beta_init
            self.beta = Parameter(initial, beta_shape)

    def forward(self, x: Any) -> Variable:
        if self.beta._array is None:
            self.beta.initialize(x.shape[1:])
        return F.swish(x, self.beta)


class SimplifiedDropconnect(Link):
    """A linear layer whose weights are dropped at random, each with the chance ``ratio``."""

    def __init__(
        self,
        in_size: int | None,
        out_size: int,
        ratio: float = 0.5,
        nobias: bool = False,
        initialW: Operand = None,
        initial_bias: Operand = None,
    ) -> None:
        super().__init__()
        self.out_size, self.ratio = out_size, ratio
        if initialW is None:
            initialW = HeNormal(1.0 / math.sqrt(2))
        with self.init_scope():
            self.W = Parameter(get_initializer(initialW))
            if in_size is not None:
                self.W.initialize((out_size, in_size))
            self.b = bias_parameter(nobias, initial_bias, out_size)

    def forward(
        self, x: Any, train: bool = True, mask: Operand = None, use_batchwise_mask: bool = True
    ) -> Variable:
        if self.W._array is None:
            # Without a look at the axes, as Chainer: an image is flattened.
            self.W.initialize((self.out_size, x.size // len(x)))
        # Kept, so that a snapshot has the mask that its parameters were trained with.
        if mask is not None and "mask" not in vars(self):
            self.add_persistent("mask", mask)
        return F.simplified_dropconnect(
            x, self.W, self.b, self.ratio, train, mask, use_batchwise_mask
        )
