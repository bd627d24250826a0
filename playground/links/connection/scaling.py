"""Bias and Scale: a term and a factor along some axes; and a link that is one parameter."""

from __future__ import annotations

import playground.functions as F
from playground.graph.parameter import Parameter as Learnt
from playground.graph.types import HostArray, Operand, Shape
from playground.graph.variable import Variable
from playground.links.chain import Chain
from playground.links.link import Link

__all__ = ["Bias", "Parameter", "Scale"]


class Bias(Link):
    """x + b, with b along the axes of x from ``axis`` on; b is learnt if it has a ``shape``.

    Without one it is the second argument of the call.
    """

    def __init__(self, axis: int = 1, shape: Shape | None = None) -> None:
        super().__init__()
        self.axis = axis
        if shape is not None:
            with self.init_scope():
                self.b = Learnt(0, shape)

    def forward(self, *xs: Operand) -> Variable:
        # By the names registered: an attribute of that name may be a user's.
        x, b = (*xs, self.b) if "b" in self._params else xs
        return F.bias(x, b, self.axis)


class Scale(Chain):
    """x · W, with W along the axes of x from ``axis`` on; W is learnt if it has a ``W_shape``.

    Without one it is the second argument of the call. ``bias_term`` adds a Bias behind it, of
    ``bias_shape`` if W is an argument.
    """

    def __init__(
        self,
        axis: int = 1,
        W_shape: Shape | None = None,
        bias_term: bool = False,
        bias_shape: Shape | None = None,
    ) -> None:
        super().__init__()
        self.axis = axis
        shape = bias_shape if W_shape is None else W_shape
        if bias_term and shape is None:
            raise ValueError("Scale: bias_term without a learnt W: give the bias its bias_shape")
        with self.init_scope():
            if W_shape is not None:
                self.W = Learnt(1, W_shape)
            if bias_term:
                self.bias = Bias(axis, shape)

    def forward(self, *xs: Operand) -> Variable:
        x, W = (*xs, self.W) if "W" in self._params else xs
        y = F.scale(x, W, self.axis)
        return self.bias(y) if "bias" in self._children else y


class Parameter(Link):
    """A link that is one parameter, W, and returns it when called."""

    def __init__(self, array: HostArray) -> None:
        super().__init__()
        with self.init_scope():
            self.W = Learnt(array)

    def forward(self) -> Variable:
        return F.identity(self.W)
