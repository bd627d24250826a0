"""How far XY is from the identity: the losses whose smallest value is at the inverse Y of X."""

from __future__ import annotations

import numpy as np

from playground.graph.types import Array, Operand, UserFunction

__all__ = ["residual_losses"]


def residual_losses(X: Operand, I: Operand) -> dict[str, UserFunction]:  # noqa: E741
    """The losses by name, functions of Y; X, the identity I and Y have shape (n, n)."""

    def squared(Y: Operand) -> Array:
        return ((X @ Y - I) ** 2).sum()

    def absolute(Y: Operand) -> Array:
        return np.abs(X @ Y - I).sum()

    return {"squared": squared, "absolute": absolute}
