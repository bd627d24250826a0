"""Factors with triangles: Cholesky's and QR, batched (…, m, n)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from playground.functions.linalg.clusters import CLUSTER_GAP
from playground.functions.linalg.matrices import (
    as_constants,
    check_matrices,
    check_square,
    diagonal_of,
    is_constant,
    transposed,
)
from playground.functions.operands import real_only
from playground.functions.registry import answers
from playground.graph import backend
from playground.graph.errors import InvalidMatrix
from playground.graph.op import Op, Unary, as_raw
from playground.graph.types import Array, Cotangents, Operand, Raw
from playground.graph.variable import Variable, as_variable

__all__ = ["cholesky", "qr"]


class QRResult(NamedTuple):
    """x = Q R with orthonormal columns in Q and an upper triangular R."""

    Q: Operand
    R: Operand


def _lower(matrix: Array, diagonal: float) -> Array:
    """The lower triangle, its diagonal times ``diagonal``."""
    column = np.arange(matrix.shape[-1])
    row = column.reshape((-1, 1))
    weights = (row > column) + (row == column) * diagonal
    return matrix * backend.array_like(weights.astype(matrix.dtype), as_raw(matrix))


class Cholesky(Unary):
    """y = the lower triangular L with L Lᵀ = x, of which the lower triangle is read."""

    __slots__ = ()
    keep = (1,)

    def forward(self, x: Raw) -> Raw:
        return np.linalg.cholesky(x)

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        # Murray (2016): with P the lower triangle whose diagonal is halved, the derivative along
        # a symmetric dx is L P(L⁻¹ dx L⁻ᵀ); the last step returns it to the triangle that is read.
        yt = transposed(y)
        inner = _lower(np.matmul(yt, _lower(gy, 1.0)), 0.5)
        left = np.linalg.solve(yt, inner)
        full = transposed(np.linalg.solve(yt, transposed(left)))
        return _lower(full + transposed(full), 0.5)


@answers(np.linalg.cholesky)
def cholesky(a: Operand) -> Variable:
    """Lower Cholesky factor of a positive definite matrix, of which the lower triangle is read."""
    x = as_variable(a)
    check_square(x, "cholesky")
    real_only("cholesky", x)
    return Cholesky().of(x)


class QR(Op):
    """q (…, m, k), r (…, k, n) with x = q r, k = min(m, n)."""

    __slots__ = ()
    keep = (0, 1, 2)
    output_count = 2

    def forward(self, x: Raw) -> tuple[Raw, Raw]:
        q, r = np.linalg.qr(x)
        return q, r

    def backward(self, gys: Cotangents, x: Array, q: Array, r: Array) -> Array:
        gq, gr = gys
        k = q.shape[-1]
        if r.shape[-1] == k:
            return _qr_gradient(gq, gr, q, r)
        # A wide x = [x₁ x₂] has r = [r₁ qᵀx₂]: x₂ acts through r₂ alone, and on q's cotangent.
        first, second = (slice(None, k),), (slice(k, None),)
        x2 = x[(..., *second)]
        gr2 = None if gr is None else gr[(..., *second)]
        gr1 = None if gr is None else gr[(..., *first)]
        if gr2 is None:
            gx2 = np.zeros_like(x2)
        else:
            gx2 = np.matmul(q, gr2)
            through = np.matmul(x2, transposed(gr2))
            gq = through if gq is None else gq + through
        return np.concatenate([_qr_gradient(gq, gr1, q, r[(..., *first)]), gx2], axis=-1)


def _qr_gradient(gq: Array | None, gr: Array | None, q: Array, r: Array) -> Array:
    """Cotangent of a tall or square x = q r (Walter, Lehmann, Lamour 2012)."""
    _refuse_dependent(as_raw(r))
    m = np.matmul(r, transposed(gr)) if gr is not None else 0
    if gq is not None:
        m = m - np.matmul(transposed(gq), q)
    # q's change along its own columns is antisymmetric and r's is a triangle: together they are one
    # full matrix, and m's lower triangle, mirrored, is what acts on it.
    mirrored = _lower(m, 0.5)
    mirrored = mirrored + transposed(mirrored)
    right = np.matmul(q, mirrored)
    right = right if gq is None else gq + right
    return transposed(np.linalg.solve(r, transposed(right)))


def _refuse_dependent(r: Raw) -> None:
    """Raise where columns depend on those before them: what lies beyond is LAPACK's choice."""
    if backend.is_symbolic(r) or not r.size:
        return
    # To rounding, a pivot is seldom 0 where it is so in truth, and dividing by it makes noise.
    rounding = CLUSTER_GAP * r.shape[-1] * float(np.finfo(r.dtype).eps)
    found = abs(diagonal_of(r)) <= abs(r).max(axis=(-2, -1), keepdims=True)[..., 0] * rounding
    if not backend.anywhere(found):
        return
    column = backend.place_where(found)[-1]
    raise InvalidMatrix(
        "the gradient of qr",
        "a matrix of independent columns",
        f"column {column} depends on those before it to rounding, and Q's is LAPACK's choice",
        "Leave such columns out, or use numpy.linalg.pinv or svd.",
    )


@answers(np.linalg.qr)
def qr(a: Operand, mode: str = "reduced") -> Any:
    """QR decomposition, ``reduced`` (Q and R) or ``r``; without a gradient NumPy's others, too."""
    x = as_variable(a)
    check_matrices(x, "qr")
    if mode in ("complete", "raw") and is_constant(x):
        # The value alone is asked for, and it exists in every mode.
        return as_constants(np.linalg.qr(x.array, mode))  # type: ignore[call-overload]
    real_only("qr", x)
    # "complete" fills Q up with columns that any others could replace, as svd's full_matrices does.
    if mode not in ("reduced", "r"):
        raise ValueError(
            f"qr: mode {mode!r} has no derivative: use 'reduced' or 'r', or v.array for the value"
        )
    q, r = QR().apply((x,))
    return QRResult(q, r) if mode == "reduced" else r
