"""Dense layers: Linear, Bilinear, Highway."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import playground.functions as F
from playground.graph.backend import is_array
from playground.graph.errors import InvalidType
from playground.graph.parameter import Parameter
from playground.graph.types import Operand, Shape
from playground.graph.variable import Variable
from playground.initializers import get_initializer
from playground.links.chain import Chain
from playground.links.connection.weights import bias_parameter
from playground.links.link import Link

__all__ = ["Bilinear", "Highway", "Linear"]


class Linear(Link):
    """y = x Wᵀ + b.

    Args:
        in_size: elements of one input; None (or left out, with the size of the output in its
            place) leaves W to be made at the first call.
        out_size: elements of one output.
        nobias: whether there is no b.
        initialW: an initializer, number or array; default: LeCunNormal.
        initial_bias: the same of b; default: 0.
    """

    def __init__(
        self,
        in_size: int | None,
        out_size: int | None = None,
        nobias: bool = False,
        initialW: Operand = None,
        initial_bias: Operand = None,
    ) -> None:
        super().__init__()
        # Linear(10) is a layer of 10 outputs.
        if out_size is None:
            in_size, out_size = None, in_size
        self.in_size, self.out_size = in_size, out_size
        with self.init_scope():
            self.W = Parameter(get_initializer(initialW))
            # In this order, in which Chainer draws.
            if in_size is not None:
                self._initialize_params(in_size)
            self.b = bias_parameter(nobias, initial_bias, out_size)

    def _initialize_params(self, in_size: int) -> None:
        self.W.initialize((self.out_size, in_size))  # type: ignore[arg-type]

    @classmethod
    def from_params(cls, W: Any, b: Any = None, nobias: bool = False) -> Any:
        """A layer on weights, and perhaps a bias, that exist. Raises ValueError."""
        out_size, in_size = W.shape
        if b is not None and b.size != out_size:
            raise InvalidType("Linear.from_params", f"a bias of {out_size} elements", f"{b.size}")
        values = [getattr(x, "array", x) for x in (W, b)]
        return cls(in_size, out_size, nobias, initialW=values[0], initial_bias=values[1])

    @property
    def printable_specs(self) -> Iterator[tuple[str, Any]]:
        yield "in_size", self.in_size
        yield "out_size", self.out_size
        yield "nobias", self.b is None

    def forward(self, x: Any, n_batch_axes: int = 1) -> Variable:
        """The outputs of a batch; all axes behind the first ``n_batch_axes`` are one input."""
        if self.W._array is None:
            self._initialize_params(math.prod(x.shape[n_batch_axes:]))
        return F.linear(x, self.W, self.b, n_batch_axes)


class Bilinear(Link):
    """yₗ = Σⱼₖ aⱼ bₖ Wⱼₖₗ + a V1 + b V2 + b, the last three unless ``nobias``.

    ``initial_bias``: None, or initializers of V1, V2 and b.
    """

    def __init__(
        self,
        left_size: int,
        right_size: int,
        out_size: int,
        nobias: bool = False,
        initialW: Operand = None,
        initial_bias: tuple[Operand, Operand, Operand] | None = None,
    ) -> None:
        super().__init__()
        self.in_sizes, self.nobias = (left_size, right_size), nobias
        if not (initial_bias is None or isinstance(initial_bias, tuple)):
            raise ValueError("Bilinear: initial_bias is a tuple, of V1, V2 and b, or None")
        v1, v2, b = (None, None, 0) if initial_bias is None else initial_bias
        with self.init_scope():
            self.W = parameter_of(initialW, (left_size, right_size, out_size))
            if not nobias:
                self.V1 = parameter_of(v1, (left_size, out_size))
                self.V2 = parameter_of(v2, (right_size, out_size))
                self.b = parameter_of(b, (out_size,))

    def forward(self, e1: Operand, e2: Operand) -> Variable:
        if self.nobias:
            return F.bilinear(e1, e2, self.W)
        return F.bilinear(e1, e2, self.W, self.V1, self.V2, self.b)


def parameter_of(initializer: Operand, shape: Shape) -> Parameter:
    """A parameter of ``shape``; an array that is given must have it."""
    # A Constant would broadcast it.
    if is_array(initializer) and initializer.shape != shape:
        raise InvalidType("Bilinear", f"initial values of shape {shape}", f"{initializer.shape}")
    return Parameter(get_initializer(initializer), shape)


class Highway(Chain):
    """y = t · activate(plain(x)) + (1 - t) · x, with t = sigmoid(transform(x)).

    Srivastava, Greff and Schmidhuber, Highway networks, 2015.
    """

    def __init__(
        self,
        in_out_size: int,
        nobias: bool = False,
        activate: Callable[..., Any] = F.relu,
        init_Wh: Operand = None,
        init_Wt: Operand = None,
        init_bh: Operand = None,
        init_bt: Operand = -1,
    ) -> None:
        super().__init__()
        self.activate, n = activate, in_out_size
        with self.init_scope():
            self.plain = Linear(n, n, nobias, initialW=init_Wh, initial_bias=init_bh)
            # Its bias starts below 0: at first the layer hands its input on.
            self.transform = Linear(n, n, nobias, initialW=init_Wt, initial_bias=init_bt)

    def forward(self, x: Any) -> Any:
        share = F.sigmoid(self.transform(x))
        return self.activate(self.plain(x)) * share + x * (1 - share)
