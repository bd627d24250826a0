"""What layers have in common: a bias that starts at 0 where nothing is said of it."""

from __future__ import annotations

from playground.graph.parameter import Parameter
from playground.graph.types import Operand
from playground.initializers import get_initializer

__all__ = ["bias_parameter"]


def bias_parameter(
    nobias: bool, initial_bias: Operand, shape: int | tuple[int, ...] | None
) -> Parameter | None:
    """The bias of a layer, of ``shape`` or made later; None where there is to be none."""
    if nobias:
        return None
    return Parameter(get_initializer(0 if initial_bias is None else initial_bias), shape)
