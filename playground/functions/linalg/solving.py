"""Inverses, systems of equations and determinants, batched (…, n, n)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from playground.functions.array import reshape
from playground.functions.lanes import OverMatrices
from playground.functions.linalg.matrices import (
    as_scale,
    check_square,
    eye_like,
    sandwiched,
    transposed,
)
from playground.functions.linalg.singular_values import Svd
from playground.functions.operands import real_only
from playground.functions.registry import answers
from playground.graph import backend
from playground.graph.op import Binary, Op, Unary, as_raw, sum_to_shape
from playground.graph.types import Array, Cotangents, Operand, Raw
from playground.graph.variable import Variable, as_variable

__all__ = ["batch_det", "batch_inv", "det", "inv", "slogdet", "solve"]


class SlogdetResult(NamedTuple):
    """det x = sign · exp(logabsdet)."""

    sign: Operand
    logabsdet: Operand


class Inv(Unary):
    """y = x⁻¹; dy = -y dx y."""

    __slots__ = ()
    keep = (1,)

    def forward(self, x: Raw) -> Raw:
        return np.linalg.inv(x)

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        yt = transposed(y)
        return -sandwiched(yt, gy, yt)


@answers(np.linalg.inv)
def inv(a: Operand) -> Variable:
    """Inverse of a square matrix (or of each of a batch)."""
    x = as_variable(a)
    check_square(x, "inv")
    return Inv().of(x)


def batch_inv(a: Operand) -> Variable:
    """Inverse of each matrix of a batch (…, n, n)."""
    return inv(a)


class Solve(Binary):
    """z = x⁻¹ y for y (…, n, k); dz = x⁻¹ (dy - dx z)."""

    __slots__ = ()
    keep = (0, 2)

    def forward(self, x: Raw, y: Raw) -> Raw:
        return np.linalg.solve(x, y)

    def backward(self, gz: Array, x: Array, y: Array, z: Array) -> Cotangents:
        # One system for both: x's cotangent is a product with that of y.
        gy = np.linalg.solve(transposed(x), gz)
        left, right = self.wants
        return (-np.matmul(gy, transposed(z)) if left else None), (gy if right else None)

    # NumPy broadcasts the leading axes of the two against each other.
    def fitted(self, gxs: Cotangents) -> Cotangents:
        return [
            None if gx is None else sum_to_shape(gx, node.shape)
            for gx, node in zip(gxs, self.inputs, strict=True)
        ]

    def pull(self, gy: Raw) -> Cotangents:
        return self.fitted(super().pull(gy))


@answers(np.linalg.solve)
def solve(a: Operand, b: Operand) -> Variable:
    """The x with a x = b; ``b`` is one vector (n,) or a matrix of columns (…, n, k)."""
    a, b = (x if isinstance(x, Variable) else as_raw(x) for x in (a, b))
    check_square(a, "solve")
    # NumPy 2's rule: only what has one axis is a vector, also beside a batch of matrices.
    if b.ndim != 1:
        return Solve().of(a, b)
    x = Solve().of(a, b.reshape((-1, 1)))
    return reshape(x, x.shape[:-1])


class Det(OverMatrices):
    """y = det x; dy = tr(Cᵀ dx) with the matrix C of cofactors."""

    __slots__ = ()
    keep = (0, 1)

    def forward(self, x: Raw) -> Raw:
        return np.linalg.det(x)

    def backward(self, gy: Array, x: Array, y: Array) -> Array:
        return as_scale(gy) * self._cofactors(x, y)

    @staticmethod
    def _cofactors(x: Array, y: Array) -> Array:
        """The derivative of y = det x, (det x) x⁻ᵀ; of a singular x by way of its decomposition.

        With x = U diag(s) Vh it is det(U) det(Vh) U diag(∏ of the other s) Vh, for any x.
        """
        # The determinant is a polynomial, so that its gradient exists where the inverse does not.
        if not backend.has_zero(as_raw(y)):
            return as_scale(y) * transposed(np.linalg.inv(x))
        u, s, vh = Svd()(x)
        mine = eye_like(s) == 1
        others = np.prod(np.where(mine, eye_like(s) * 0 + 1, np.expand_dims(s, -2)), axis=-1)
        # Signs alone, 1 or -1: they have no derivative, and are read off the arrays.
        sign = np.linalg.det(as_raw(u)) * np.linalg.det(as_raw(vh))
        return np.matmul(u * np.expand_dims(others * np.expand_dims(sign, -1), -2), vh)


@answers(np.linalg.det)
def det(a: Operand) -> Variable:
    """Determinant of a square matrix (or of each of a batch); its gradient are the cofactors."""
    x = as_variable(a)
    check_square(x, "det")
    determinant = Det()
    y = determinant.of(x)
    determinant.check_dtype(x.dtype, y.dtype)
    return y


def batch_det(a: Operand) -> Variable:
    """Determinant of each matrix of a batch (…, n, n)."""
    return det(a)


class Slogdet(Op):
    """s, l = sign and logarithm of |det x|; dl = tr(x⁻¹ dx)."""

    __slots__ = ()
    keep = (0,)
    output_count = 2

    def forward(self, x: Raw) -> tuple[Raw, Raw]:
        sign, logabsdet = np.linalg.slogdet(x)
        return sign, logabsdet

    def backward(self, gys: Cotangents, x: Array) -> Array | None:
        # No cofactors as for det: at determinant 0 the logarithm is infinite, without derivative.
        g = gys[1]
        return None if g is None else as_scale(g) * transposed(np.linalg.inv(x))


@answers(np.linalg.slogdet)
def slogdet(a: Operand) -> SlogdetResult:
    """Sign and logarithm of the absolute determinant; the sign has no gradient."""
    x = as_variable(a)
    check_square(x, "slogdet")
    real_only("slogdet", x)
    return SlogdetResult(*Slogdet().apply((x,)))
