"""Inverses, systems of equations and determinants, batched (…, n, n)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from playground.functions.array import reshape
from playground.functions.lanes import OverMatrices
from playground.functions.linalg.clusters import Basis, DeadEnd
from playground.functions.linalg.matrices import (
    as_scale,
    check_square,
    diagonal_of,
    eye_like,
    sandwiched,
    transposed,
)
from playground.functions.operands import real_only
from playground.functions.registry import answers
from playground.graph import backend
from playground.graph.op import Binary, Op, Unary, as_raw, sum_to_shape
from playground.graph.types import Array, Cotangents, Operand, Raw
from playground.graph.variable import Variable, as_variable

__all__ = ["batch_det", "batch_inv", "det", "inv", "slogdet", "solve"]


# Up to this condition of a matrix its determinant's derivatives are taken from the inverse: the
# second one loses as many digits as the number has.
SOUND = 1e3


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
        # The determinant is a polynomial, so that its gradient exists where the inverse does not.
        if not backend.has_zero(as_raw(y)):
            inverse = np.linalg.inv(x)
            if is_sound(as_raw(x), as_raw(inverse)):
                return as_scale(y) * transposed(inverse)
        return Cofactors()(x)


class Cofactors(OverMatrices):
    """y = the cofactors of x (…, n, n), the gradient of det x, for matrices near singular ones.

    With x = U diag(s) Vh they are det(U) det(Vh) U diag(∏ of the other s) Vh, for any x, and their
    derivative has the products of all s but two, as a polynomial's has: no division.
    """

    __slots__ = ()
    keep = (0,)

    def forward(self, x: Raw) -> Raw:
        u, s, vh = np.linalg.svd(x)
        sign = np.expand_dims(np.linalg.det(u) * np.linalg.det(vh), -1)
        others = np.prod(left_out(s, eye_like(s)), axis=-1)
        return np.matmul(contragredient(u) * np.expand_dims(others * sign, -2), contragredient(vh))

    def backward(self, gy: Array, x: Array) -> Array:
        u, s, vh = np.linalg.svd(as_raw(x))
        basis = Basis(s, u)
        if isinstance(gy, Variable) and not basis.has_zero:
            # Recorded, for derivatives of third order on, which no other rule is there for.
            inverse, y = np.linalg.inv(x), Det()(x)
            turned = transposed(inverse)
            along = (gy * turned).sum(axis=(-2, -1))
            return as_scale(y) * (
                as_scale(along) * turned - sandwiched(turned, transposed(gy), turned)
            )
        sign = as_scale(np.linalg.det(u) * np.linalg.det(vh))
        u, vh = contragredient(u), contragredient(vh)
        if isinstance(gy, Variable):
            # By gy the result may be differentiated, as a jvp does, by x no more.
            u = u + DeadEnd(basis, "third derivative of a determinant")(x * 0)
        p = sandwiched(transposed(u), gy, transposed(vh))
        # Of rows i and j and columns i and j the minor is ∏ of the other s, of each sign once.
        eye = eye_like(s)
        both = np.expand_dims(eye, -2) + np.expand_dims(eye, -3)
        minors = np.prod(left_out(np.expand_dims(s, -2), both), axis=-1) * (1 - eye)
        core = np.expand_dims((minors * np.expand_dims(diagonal_of(p), -2)).sum(axis=-1), -2) * eye
        return sandwiched(u, (core - minors * transposed(p)) * sign, vh)


def contragredient(u: Raw) -> Raw:
    """u⁻ᵀ, u itself for a real unitary matrix, its conjugate for a complex one."""
    return transposed(np.linalg.inv(u)) if u.dtype.kind == "c" else u


def left_out(s: Raw, where: Raw) -> Raw:
    """Rows of the numbers s, with 1 in place of those that are left out."""
    return np.where(where > 0, eye_like(s) * 0 + 1, np.expand_dims(s, -2))


def is_sound(x: Raw, inverse: Raw) -> bool:
    """Whether products of an inverse's elements are worth something; always with symbols."""
    x, inverse = backend.to_cpu(x), backend.to_cpu(inverse)
    if x.dtype.kind not in "fc" or not x.size:
        return True
    sizes = [abs(a).max(axis=(-2, -1)) for a in (x, inverse)]
    return backend.everywhere(sizes[0] * sizes[1] < SOUND)


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
