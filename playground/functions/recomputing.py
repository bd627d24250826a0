"""Memory for time: a function whose graph is made anew when its backward comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from playground.graph.backward import backward
from playground.graph.config import config, force_backprop_mode, no_backprop_mode, using_own
from playground.graph.errors import GraphError
from playground.graph.function_node import FunctionNode
from playground.graph.random import drawn_again, generator_state
from playground.graph.types import Operand, UserFunction
from playground.graph.variable import Variable, as_variable

__all__ = ["forget"]


class Forget(FunctionNode):
    """Runs a function twice: without a graph in forward, and with one in backward."""

    def __init__(self, func: UserFunction) -> None:
        self.func = func

    def forward(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        self.retain_inputs(range(len(inputs)))
        self._drawing = generator_state()
        with no_backprop_mode():
            return tuple(y.array for y in self._called([Variable(x) for x in inputs]))

    def backward(
        self, target_input_indexes: tuple[int, ...], grad_outputs: tuple[Any, ...]
    ) -> Sequence[Any]:
        if config.enable_backprop:
            raise GraphError(
                "forget: the gradient of a function that is forgotten cannot be differentiated: "
                "call the function itself where a pass is recorded"
            )
        xs = [Variable(x.array) for x in self.get_retained_inputs()]
        recomputing = using_own({"in_recomputing": True})
        # A dropout has to drop what it dropped.
        with force_backprop_mode(), recomputing, drawn_again(self._drawing):
            ys = self._called(xs)
        arrived = [(y, g) for y, g in zip(ys, grad_outputs, strict=True) if g is not None]
        backward([y for y, _ in arrived], [g for _, g in arrived])
        return tuple(xs[i].grad_var for i in target_input_indexes)

    def _called(self, xs: Sequence[Variable]) -> tuple[Variable, ...]:
        ys = self.func(*xs)
        ys = ys if isinstance(ys, tuple) else (ys,)
        for y in ys:
            if not isinstance(y, Variable):
                raise GraphError(
                    f"forget: expected a function that returns a Variable or a tuple of them, "
                    f"got {type(y).__name__}"
                )
        return ys


def forget(func: UserFunction, *xs: Operand) -> Any:
    """``func(*xs)``, of which nothing in between is kept: its backward runs it once more.

    What ``func`` draws at random it draws again. While it runs for the second time,
    ``config.in_recomputing`` is on. Its gradient cannot be differentiated.
    """
    if not callable(func):
        raise TypeError(f"forget: expected a function ahead of its operands, got {func!r}")
    ys = Forget(func).apply(
        [as_variable(x) if isinstance(x, Variable) else Variable(x) for x in xs]
    )
    return ys[0] if len(ys) == 1 else ys
