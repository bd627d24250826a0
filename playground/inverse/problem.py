"""How far XY is from the identity: the losses whose smallest value is at the inverse Y of X."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from playground.graph.types import Operand

__all__ = ["residual_losses"]


def residual_losses(X: Operand, I: Operand) -> dict[str, Callable[[Operand], Any]]:  # noqa: E741
    """The losses by name, functions of Y; X, the identity I and Y have shape (n, n)."""

    def squared(Y: Operand) -> Any:
        return ((X @ Y - I) ** 2).sum()

    def absolute(Y: Operand) -> Any:
        return np.abs(X @ Y - I).sum()

    return {"squared": squared, "absolute": absolute}
