"""The Moore-Penrose inverse, and what it solves."""

from __future__ import annotations

import numpy as np

from playground.functions.linalg.matrices import check_matrices, sandwiched, transposed
from playground.functions.linalg.products import matmul
from playground.functions.linalg.singular_values import svdvals
from playground.functions.operands import real_only, together
from playground.functions.registry import answers
from playground.graph import backend
from playground.graph.errors import InvalidMatrix
from playground.graph.op import Unary
from playground.graph.types import Array, Operand, Raw
from playground.graph.variable import Variable, as_variable

__all__ = ["lstsq", "pinv"]


class Pinv(Unary):
    """y = the Moore-Penrose inverse of x, of constant rank (Golub and Pereyra, 1973)."""

    __slots__ = ("rcond",)
    keep = (0, 1)

    def __init__(self, rcond: float | None = None) -> None:
        self.rcond = rcond

    def forward(self, x: Raw) -> Raw:
        return np.linalg.pinv(x) if self.rcond is None else np.linalg.pinv(x, self.rcond)

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        yt, gt = transposed(y), transposed(gy)
        # The inverse's term, and two for what of the cotangent lies outside x's range and rows:
        # they vanish for an invertible x.
        gx = -sandwiched(yt, gy, yt)
        outside = gt - np.matmul(x, np.matmul(y, gt))
        gx = gx + sandwiched(outside, y, yt)
        beyond = gt - sandwiched(gt, y, x)
        return gx + np.matmul(yt, np.matmul(y, beyond))


@answers(np.linalg.pinv)
def pinv(a: Operand, rcond: float | None = None) -> Variable:
    """Moore-Penrose inverse; its derivative assumes that the rank stays as it is."""
    x = as_variable(a)
    check_matrices(x, "pinv")
    real_only("pinv", x)
    return Pinv(rcond).of(x)


@answers(np.linalg.lstsq)
def lstsq(
    a: Operand, b: Operand, rcond: float | None = None
) -> tuple[Variable, Variable, int | Raw, Variable]:
    """Least squares solution x of a x = b, the residuals' squares, the rank, the singular values.

    As in NumPy, the residuals are empty where ``a`` has not full column rank or is not tall.
    """
    a, b = together("lstsq", a, b)
    if a.ndim != 2:
        raise InvalidMatrix("lstsq", "one matrix (m, n)", f"shape {a.shape}")
    if b.ndim not in (1, 2) or b.shape[0] != a.shape[0]:
        raise InvalidMatrix("lstsq", f"b of {a.shape[0]} rows", f"shape {b.shape}")
    x, sizes = matmul(pinv(a, rcond), b), svdvals(a)
    rank = np.linalg.matrix_rank(backend.to_cpu(a.array))
    m, n = a.shape
    # With lanes the rank is an array: one shape of the residuals has to serve all of them.
    if m > n and backend.everywhere(rank == n):
        difference = matmul(a, x) - b
        residuals = (difference * difference).sum(axis=0, keepdims=x.ndim == 1)
    else:
        residuals = as_variable(np.zeros((0,), a.dtype, like=a.array))
    return x, residuals, int(rank) if isinstance(rank, np.integer) else rank, sizes
