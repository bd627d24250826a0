"""The Moore-Penrose inverse, and what it solves."""

from __future__ import annotations

import numpy as np

from playground.functions.linalg.clusters import CLUSTER_GAP
from playground.functions.linalg.matrices import as_scale, check_matrices, sandwiched, transposed
from playground.functions.linalg.products import matmul
from playground.functions.linalg.singular_values import Svd, svdvals
from playground.functions.operands import real_only, together
from playground.functions.registry import answers
from playground.graph import backend
from playground.graph.errors import InvalidMatrix
from playground.graph.nonfinite import refuse_nan
from playground.graph.op import Unary, as_raw
from playground.graph.types import Array, Operand, Raw
from playground.graph.variable import Variable, as_variable

__all__ = ["lstsq", "pinv"]


# What is cut off by default, by NumPy and by CuPy, which takes no None for it.
CUT = 1e-15


class Pinv(Unary):
    """y = the Moore-Penrose inverse of x, of constant rank (Golub and Pereyra, 1973)."""

    __slots__ = ("rcond",)
    keep = (0, 1)

    def __init__(self, rcond: float | None = None) -> None:
        self.rcond = CUT if rcond is None else rcond

    def forward(self, x: Raw) -> Raw:
        return np.linalg.pinv(x, self.rcond)

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        yt, gt = transposed(y), transposed(gy)
        # The inverse's term, and two for what of the cotangent lies outside x's range and rows:
        # they vanish for an invertible x.
        gx = -sandwiched(yt, gy, yt)
        # Of full rank what must vanish is rounding, which the square of y would make large.
        m, n = x.shape[-2:]
        short = self._short_of_rank(as_raw(x), as_raw(y))
        outside = gt
        for _ in range(2):  # what rounding has left of the range in it goes by a second time
            outside = outside - np.matmul(x, np.matmul(y, outside))
        outside = outside * short if m <= n else outside
        gx = gx + sandwiched(outside, y, yt)
        beyond = gt
        for _ in range(2):
            beyond = beyond - sandwiched(beyond, y, x)
        beyond = beyond * short if m >= n else beyond
        return gx + np.matmul(yt, np.matmul(y, beyond))

    @staticmethod
    def _short_of_rank(x: Raw, y: Raw) -> Raw | float:
        """1 for each matrix that has not full rank, else 0; the trace of x y is the rank."""
        if backend.is_symbolic(x):
            return 1.0
        rank = (x * transposed(y)).sum(axis=(-2, -1))
        return as_scale((rank < min(x.shape[-2:]) - 0.5).astype(x.dtype))


@answers(np.linalg.pinv)
def pinv(a: Operand, rcond: float | None = None) -> Variable:
    """Moore-Penrose inverse; its derivative assumes that the rank stays as it is.

    Singular values up to ``rcond`` times the largest are cut off, and the derivative is that of
    the inverse without them. DegenerateEigenvalueError where equal ones are kept and cut.
    """
    x = as_variable(a)
    check_matrices(x, "pinv")
    real_only("pinv", x)
    refuse_nan((x._array,), "pinv")  # or LAPACK complains of it, in words of its own
    if rcond is None or not _cuts(x, rcond):
        return Pinv(rcond).of(x)
    parts: tuple[Array, ...] = Svd().apply((x,))
    u, s, vh = parts
    kept = _kept(as_raw(s), rcond)
    inverted = np.where(kept, 1 / np.where(kept, s, 1), 0)
    return matmul(transposed(vh), np.expand_dims(inverted, -1) * transposed(u))


def _kept(s: Raw, rcond: float | Raw) -> Raw:
    """Which singular values (…, k) a cut leaves."""
    limit = rcond if isinstance(rcond, (int, float)) else np.expand_dims(rcond, -1)
    return s > limit * s.max(axis=-1, keepdims=True)


def _cuts(x: Variable, rcond: float | Raw) -> bool:
    """Whether values are cut off by more than rounding.

    One that is 0 is among them: the inverse without it is smooth there, where that of a cut at
    rounding is smooth only as long as the rank stays.
    """
    m, n = x.shape[-2:]
    rounding = max(m, n, CLUSTER_GAP * min(m, n)) * np.finfo(x.dtype).eps
    if not m or not n or not np.any(np.asarray(rcond) > rounding):
        return False
    s = np.linalg.svd(x._array, full_matrices=False)[1]
    return not backend.everywhere(_kept(s, rcond))


@answers(np.linalg.lstsq)
def lstsq(
    a: Operand, b: Operand, rcond: float | None = None
) -> tuple[Variable, Variable, int | Raw, Variable]:
    """Least squares solution x of a x = b, the residuals' squares, the rank, the singular values.

    ``rcond`` cuts singular values off as in :func:`pinv` (None: at max(m, n) times the machine
    epsilon; negative: at the machine epsilon), and the rank counts those that are left. As in
    NumPy, the residuals are empty where that is not full column rank or ``a`` is not tall.
    """
    a, b = together("lstsq", a, b)
    if a.ndim != 2:
        raise InvalidMatrix("lstsq", "one matrix (m, n)", f"shape {a.shape}")
    if b.ndim not in (1, 2) or b.shape[0] != a.shape[0]:
        raise InvalidMatrix("lstsq", f"b of {a.shape[0]} rows", f"shape {b.shape}")
    m, n = a.shape
    if rcond is None or rcond < 0:
        rcond = float(np.finfo(a.dtype).eps) * (max(m, n) if rcond is None else 1)
    x, sizes = matmul(pinv(a, rcond), b), svdvals(a)
    host = backend.to_cpu(sizes.array)
    rank = _kept(host, rcond).sum(axis=-1) if host.size else host.sum(axis=-1).astype(int)
    # With lanes the rank is an array: one shape of the residuals has to serve all of them.
    if m > n and backend.everywhere(rank == n):
        difference = matmul(a, x) - b
        residuals = (difference * difference).sum(axis=0, keepdims=x.ndim == 1)
    else:
        residuals = as_variable(np.zeros((0,), a.dtype, like=a.array))
    return x, residuals, int(rank) if isinstance(rank, np.integer) else rank, sizes
