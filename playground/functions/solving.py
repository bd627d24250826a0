"""Inverses, systems of equations, determinants and triangular factors, batched (…, n, n)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from playground.functions.array import reshape
from playground.functions.lanes import OverMatrices
from playground.functions.linalg import matmul
from playground.functions.operands import eye_like, real_only, together
from playground.functions.spectral import Svd, svdvals, transposed
from playground.graph import backend
from playground.graph.errors import InvalidType
from playground.graph.op import Binary, Op, Unary, as_raw, sum_to_shape
from playground.graph.variable import Variable, as_variable

__all__ = [
    "batch_det",
    "batch_inv",
    "cholesky",
    "det",
    "inv",
    "lstsq",
    "pinv",
    "qr",
    "slogdet",
    "solve",
]


class QRResult(NamedTuple):
    """x = Q R with orthonormal columns in Q and an upper triangular R."""

    Q: Any
    R: Any


class SlogdetResult(NamedTuple):
    """det x = sign · exp(logabsdet)."""

    sign: Any
    logabsdet: Any


def _square(x: Any, operation: str) -> None:
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise InvalidType(operation, "square matrices (…, n, n)", f"shape {x.shape}")


class Inv(Unary):
    """y = x⁻¹; dy = -y dx y."""

    __slots__ = ()
    keep = (1,)

    def forward(self, x: Any) -> Any:
        return np.linalg.inv(x)

    def backward(self, gy: Any, x: Any, y: Any) -> Any:
        yt = transposed(y)
        return -np.matmul(np.matmul(yt, gy), yt)


def inv(a: Any) -> Variable:
    """Inverse of a square matrix (or of each of a batch)."""
    x = as_variable(a)
    _square(x, "inv")
    return Inv().of(x)


def batch_inv(a: Any) -> Variable:
    """Inverse of each matrix of a batch (…, n, n)."""
    return inv(a)


class Solve(Binary):
    """z = x⁻¹ y for y (…, n, k); dz = x⁻¹ (dy - dx z)."""

    __slots__ = ()
    keep = (0, 2)

    def forward(self, x: Any, y: Any) -> Any:
        return np.linalg.solve(x, y)

    def backward(self, gz: Any, x: Any, y: Any, z: Any) -> Any:
        gy = np.linalg.solve(transposed(x), gz)
        left, right = self.wants
        return (-np.matmul(gy, transposed(z)) if left else None), (gy if right else None)

    def fitted(self, gxs: Any) -> Any:
        return [
            None if gx is None else sum_to_shape(gx, node.shape)
            for gx, node in zip(gxs, self.inputs, strict=True)
        ]

    def pull(self, gy: Any) -> Any:
        return self.fitted(super().pull(gy))


def solve(a: Any, b: Any) -> Variable:
    """The x with a x = b; ``b`` is one vector (n,) or a matrix of columns (…, n, k)."""
    _square(a, "solve")
    if b.ndim != 1:
        return Solve().of(a, b)
    x = Solve().of(a, b.reshape((-1, 1)))
    return reshape(x, x.shape[:-1])


def _cofactors(x: Any, y: Any) -> Any:
    """The derivative of y = det x, (det x) x⁻ᵀ; of a singular x by way of its decomposition.

    With x = U diag(s) Vh it is det(U) det(Vh) U diag(∏ of the other s) Vh, for any x.
    """
    if not backend.has_zero(as_raw(y)):
        return np.expand_dims(np.expand_dims(y, -1), -1) * transposed(np.linalg.inv(x))
    u, s, vh = Svd()(x)
    mine = eye_like(s) == 1
    others = np.prod(np.where(mine, eye_like(s) * 0 + 1, np.expand_dims(s, -2)), axis=-1)
    sign = np.linalg.det(as_raw(u)) * np.linalg.det(as_raw(vh))
    return np.matmul(u * np.expand_dims(others * np.expand_dims(sign, -1), -2), vh)


class Det(OverMatrices):
    """y = det x; dy = tr(Cᵀ dx) with the matrix C of cofactors."""

    __slots__ = ()
    keep = (0, 1)

    def forward(self, x: Any) -> Any:
        return np.linalg.det(x)

    def backward(self, gy: Any, x: Any, y: Any) -> Any:
        return np.expand_dims(np.expand_dims(gy, -1), -1) * _cofactors(x, y)


def det(a: Any) -> Variable:
    """Determinant of a square matrix (or of each of a batch); its gradient are the cofactors."""
    x = as_variable(a)
    _square(x, "det")
    determinant = Det()
    y = determinant.of(x)
    determinant.check_dtype(x.dtype, y.dtype)
    return y


def batch_det(a: Any) -> Variable:
    """Determinant of each matrix of a batch (…, n, n)."""
    return det(a)


class Slogdet(Op):
    """s, l = sign and logarithm of |det x|; dl = tr(x⁻¹ dx)."""

    __slots__ = ()
    keep = (0,)
    output_count = 2

    def forward(self, x: Any) -> Any:
        sign, logabsdet = np.linalg.slogdet(x)
        return sign, logabsdet

    def backward(self, gys: Any, x: Any) -> Any:
        g = gys[1]
        if g is None:
            return None
        return np.expand_dims(np.expand_dims(g, -1), -1) * transposed(np.linalg.inv(x))


def slogdet(a: Any) -> SlogdetResult:
    """Sign and logarithm of the absolute determinant; the sign has no gradient."""
    x = as_variable(a)
    _square(x, "slogdet")
    real_only("slogdet", x)
    return SlogdetResult(*Slogdet().apply((x,)))


def _lower(matrix: Any, diagonal: float) -> Any:
    """The lower triangle, its diagonal times ``diagonal``."""
    column = np.arange(matrix.shape[-1])
    row = column.reshape((-1, 1))
    weights = (row > column) + (row == column) * diagonal
    return matrix * backend.array_like(weights.astype(matrix.dtype), as_raw(matrix))


class Cholesky(Unary):
    """y = the lower triangular L with L Lᵀ = x, of which the lower triangle is read."""

    __slots__ = ()
    keep = (1,)

    def forward(self, x: Any) -> Any:
        return np.linalg.cholesky(x)

    def backward(self, gy: Any, x: Any, y: Any) -> Any:
        # Murray (2016): with P the lower triangle whose diagonal is halved, the derivative along
        # a symmetric dx is L P(L⁻¹ dx L⁻ᵀ); the last step returns it to the triangle that is read.
        yt = transposed(y)
        inner = _lower(np.matmul(yt, _lower(gy, 1.0)), 0.5)
        left = np.linalg.solve(yt, inner)
        full = transposed(np.linalg.solve(yt, transposed(left)))
        return _lower(full + transposed(full), 0.5)


def cholesky(a: Any) -> Variable:
    """Lower Cholesky factor of a positive definite matrix, of which the lower triangle is read."""
    x = as_variable(a)
    _square(x, "cholesky")
    real_only("cholesky", x)
    return Cholesky().of(x)


class QR(Op):
    """q (…, m, k), r (…, k, n) with x = q r, k = min(m, n)."""

    __slots__ = ()
    keep = (0, 1, 2)
    output_count = 2

    def forward(self, x: Any) -> Any:
        q, r = np.linalg.qr(x)
        return q, r

    def backward(self, gys: Any, x: Any, q: Any, r: Any) -> Any:
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


def _qr_gradient(gq: Any, gr: Any, q: Any, r: Any) -> Any:
    """Cotangent of a tall or square x = q r (Walter, Lehmann, Lamour 2012)."""
    m = np.matmul(r, transposed(gr)) if gr is not None else 0
    if gq is not None:
        m = m - np.matmul(transposed(gq), q)
    symmetric = _lower(m, 0.5)
    symmetric = symmetric + transposed(symmetric)
    right = np.matmul(q, symmetric)
    right = right if gq is None else gq + right
    return transposed(np.linalg.solve(r, transposed(right)))


def qr(a: Any, mode: str = "reduced") -> Any:
    """QR decomposition, ``reduced`` (Q and R) or ``r``."""
    x = as_variable(a)
    if x.ndim < 2:
        raise InvalidType("qr", "matrices (…, m, n)", f"shape {x.shape}")
    real_only("qr", x)
    if mode not in ("reduced", "r"):
        raise ValueError(f"qr: mode {mode!r} has no derivative: use 'reduced' or 'r'")
    q, r = QR().apply((x,))
    return QRResult(q, r) if mode == "reduced" else r


class Pinv(Unary):
    """y = the Moore-Penrose inverse of x, of constant rank (Golub and Pereyra, 1973)."""

    __slots__ = ("rcond",)
    keep = (0, 1)

    def __init__(self, rcond: float | None = None) -> None:
        self.rcond = rcond

    def forward(self, x: Any) -> Any:
        return np.linalg.pinv(x) if self.rcond is None else np.linalg.pinv(x, self.rcond)

    def backward(self, gy: Any, x: Any, y: Any) -> Any:
        yt, gt = transposed(y), transposed(gy)
        gx = -np.matmul(np.matmul(yt, gy), yt)
        outside = gt - np.matmul(x, np.matmul(y, gt))
        gx = gx + np.matmul(np.matmul(outside, y), yt)
        beyond = gt - np.matmul(np.matmul(gt, y), x)
        return gx + np.matmul(yt, np.matmul(y, beyond))


def pinv(a: Any, rcond: float | None = None) -> Variable:
    """Moore-Penrose inverse; its derivative assumes that the rank stays as it is."""
    x = as_variable(a)
    if x.ndim < 2:
        raise InvalidType("pinv", "matrices (…, m, n)", f"shape {x.shape}")
    real_only("pinv", x)
    return Pinv(rcond).of(x)


def lstsq(a: Any, b: Any, rcond: float | None = None) -> tuple[Any, Any, int, Any]:
    """Least squares solution x of a x = b, the residuals' squares, the rank, the singular values.

    As in NumPy, the residuals are empty where ``a`` has not full column rank or is not tall.
    """
    a, b = together("lstsq", a, b)
    if a.ndim != 2:
        raise InvalidType("lstsq", "one matrix (m, n)", f"shape {a.shape}")
    x, sizes = matmul(pinv(a, rcond), b), svdvals(a)
    rank = np.linalg.matrix_rank(backend.to_cpu(a.array))
    m, n = a.shape
    if m > n and backend.everywhere(rank == n):
        difference = matmul(a, x) - b
        residuals = (difference * difference).sum(axis=0, keepdims=x.ndim == 1)
    else:
        residuals = as_variable(np.zeros((0,), a.dtype, like=a.array))
    return x, residuals, int(rank) if isinstance(rank, np.integer) else rank, sizes
