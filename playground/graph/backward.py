"""``backward`` from several Variables at once, in one traversal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from playground.graph import backprop
from playground.graph.backend import is_array
from playground.graph.errors import GradientError
from playground.graph.types import Array, Node
from playground.graph.variable import Variable, with_earlier

__all__ = ["backward"]


def backward(
    outputs: Sequence[Variable],
    grad_outputs: Sequence[Array | None] | None = None,
    *,
    enable_double_backprop: bool = False,
    retain_grad: bool = False,
    loss_scale: float | None = None,
) -> None:
    """Propagate gradients from all ``outputs`` to every leaf, adding to their ``.grad``.

    Each starts from its gradient in ``grad_outputs``, or else its own ``.grad``, which is used up.
    Raises GradientError for one that has neither (Chainer warns, and computes nothing).
    """
    if not isinstance(outputs, (tuple, list)):
        raise TypeError(f"backward: outputs must be a tuple or a list, not {type(outputs)}")
    given = [None] * len(outputs) if grad_outputs is None else grad_outputs
    if len(given) != len(outputs):
        raise ValueError(f"backward: {len(outputs)} outputs, but {len(given)} grad_outputs")
    seeds = [
        (y._node, _seed(y, gy, enable_double_backprop, loss_scale))
        for y, gy in zip(outputs, given, strict=True)
        if y.requires_grad
    ]
    seen: dict[Node, Any] = {}
    observe = seen.__setitem__ if retain_grad else None
    leaves = backprop.propagate(seeds, enable_double_backprop, observe)
    leaves = with_earlier(leaves, max((node.born for node, _ in seeds), default=0))
    # Used up, as one Variable's backward does: a second call is not to count it twice.
    for y in outputs:
        if y.creator_node is not None:
            y.grad_var = None
    gradients = seen | leaves
    del leaves, seen  # what unshared counts are references
    for node, gradient in backprop.unshared(gradients).items():
        node.store_grad(gradient)
        if loss_scale is not None and node.creator is None:
            node._loss_scale = loss_scale


def _seed(y: Variable, gy: Any, recorded: bool, loss_scale: float | None) -> Any:
    if gy is None:
        gy = y.grad_var
        if gy is None:
            raise GradientError(
                "backward: an output has no gradient to start from: set its .grad, or grad_outputs"
            )
    elif is_array(gy):
        gy = Variable(gy)
    if loss_scale is not None:
        gy = gy * loss_scale
    return gy if recorded else gy.array
