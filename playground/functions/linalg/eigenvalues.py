"""Eigenvalues and eigenvectors of symmetric matrices, right also where eigenvalues are equal.

The first derivative of a function of eigenvalues, V diag(g) Vᵀ, is an operation of its own, of
the matrix and of g. Its derivative has the quotients (gⱼ - gᵢ)/(λⱼ - λᵢ) (Daleckii and Krein,
1965). Inside a cluster of equal eigenvalues they are 0/0. A quotient masked to 0 would give sum λ²
and (sum λ)²/n the same Hessian at the identity, where their first derivatives agree and their
second ones do not: V diag(g) Vᵀ is recorded there as what it is, a function of the matrix.

Where eigenvectors are used beside equal eigenvalues, the cotangents of both do not determine the
gradient inside the cluster, and limits are taken: see :mod:`downstream`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np

from playground.functions.lanes import OverMatrices
from playground.functions.linalg.clusters import AlikeInClusters, Basis, DeadEnd, largest
from playground.functions.linalg.downstream import (
    Decomposition,
    Downstream,
    Given,
    Limit,
    Order,
    no_others_below,
    refuse_strangers,
    remember,
)
from playground.functions.linalg.matrices import (
    check_floating,
    check_square,
    diagonal_of,
    differences,
    eye_like,
    sandwiched,
    skew,
    symmetric,
    transposed,
    with_values,
)
from playground.functions.registry import answers
from playground.graph import backend
from playground.graph.op import Binary, as_raw
from playground.graph.types import Array, Cotangents, DType, HostArray, Operand, Raw
from playground.graph.variable import Variable, as_variable

__all__ = ["eigh", "eigvalsh"]

# Which triangle of a symmetric matrix is read.
Triangle = Literal["L", "U", "l", "u"]


class EighResult(NamedTuple):
    """Eigenvalues, ascending (…, n), and eigenvectors as columns (…, n, n)."""

    eigenvalues: Operand
    eigenvectors: Operand


class Eigh(Decomposition):
    """w, V = eigenvalues (…, n), ascending, and eigenvectors (…, n, n) of a symmetric matrix.

    One triangle of x is read, and the gradient lies there.
    """

    __slots__ = ("uplo",)
    keep = (0, 1, 2)
    output_count = 2
    value_output, vector_outputs = 0, (1,)

    def __init__(self, uplo: Triangle = "L") -> None:
        self.uplo = uplo

    def forward(self, x: Raw) -> tuple[Raw, Raw]:
        w, v = np.linalg.eigh(x, self.uplo)
        self.basis = Basis(w, v)
        remember(self)
        return w, v

    def pull(self, gy: Cotangents) -> Sequence[Array]:
        self.record_if_met(used=gy[1] is not None)
        return super().pull(gy)

    def backward(self, gys: Cotangents, x: Array, w: Array, v: Array) -> Array:
        gw, gv = gys
        if gv is not None and self.basis.has_clusters:
            with no_others_below(self, gw, gv):
                gx = self._at_clusters(gw, gv, w, v)
            return Given()(gx * _folding(gx, self.uplo))
        if isinstance(gw, Variable):
            refuse_strangers(self, gw, "derivative of eigenvalues")
        if isinstance(gw, Variable) and self.basis.has_clusters:
            # Recorded as what it is, a function of the matrix, for the next derivative.
            gx = with_values(v, Limit(self.basis, taken=False)(gw), transposed(v))
            gx = AlikeInClusters(self.basis, "eigenvalues")(gx, gw)
            return Given()(gx * _folding(gx, self.uplo))
        gx = None if gw is None else EighValuesGrad(self.basis, self.uplo)(x, gw)
        if gv is not None:
            eye = eye_like(v)
            quotients = (1 - eye) / (differences(w) + eye)
            m = np.matmul(transposed(v), gv)
            gx_vectors = symmetric(sandwiched(v, quotients * m, transposed(v)))
            gx = gx_vectors if gx is None else gx + gx_vectors
        return gx * _folding(gx, self.uplo)

    def _at_clusters(self, gw: Array | None, gv: Array, w: Array, v: Array) -> Array:
        """The gradient in a recorded pass: exact if the function does not ask for the basis."""
        basis = self.basis
        down = Downstream(self)
        taken, floor = order = down.order(gw, gv)
        self._refuse_asked(down, gv, as_raw(v), floor)
        if taken and not down.last:
            what = "third derivative of a function of eigenvalues and eigenvectors"
            w, v = (DeadEnd(basis, what)(y) for y in (w, v))
        m = np.matmul(transposed(v), gv)
        apart = basis.apart(w)
        core = symmetric(m * apart / (differences(w) + (1 - apart)))
        if gw is not None:
            core = core + np.expand_dims(gw, -2) * eye_like(v)
            if not taken:
                what = "derivative of a function of eigenvalues and eigenvectors"
                down.refuse_turned(gw, what, floor)
            limits = self._limits(down, gw, w, v, order)
            core = core if limits is None else core + limits
        return sandwiched(v, Limit(basis)(core), transposed(v))

    def _refuse_asked(self, down: Downstream, gv: Array, v: Raw, floor: float) -> None:
        """Raise where the function depends on which basis of a cluster it got."""
        # Turning a cluster by a small angle changes the function by the antisymmetric part of m.
        basis, what, m = (
            self.basis,
            "derivative of eigenvectors",
            np.matmul(transposed(v), as_raw(gv)),
        )
        basis.refuse_asked(skew(m), what, as_raw(gv), floor=floor)
        # It may also vanish in the one basis that there is, and not in those beside it.
        turning = backend.array_like(basis.turning, v)
        turned = np.matmul(v, turning)
        n_v = down.slopes(1, gv, turned, True)[1]
        n_v = as_raw(gv) * 0 if n_v is None else n_v
        asked = skew(np.matmul(transposed(v), n_v) - np.matmul(m, turning))
        basis.refuse_asked(asked, what, as_raw(gv), n_v, floor=floor)
        if down.placeholders and not largest(as_raw(gv)):
            m_of_all = np.matmul(transposed(v), gv)
            asks = [skew(m_of_all)]
            n_v = down.slopes(1, gv, turned, False)[1]
            n = -np.matmul(m_of_all, turning)
            n = n if n_v is None else n + np.matmul(transposed(v), n_v)
            for ask in (*asks, skew(n)):
                down.refuse_placeholder(basis, ask, what)

    def _limits(
        self, down: Downstream, gw: Array, w: Array, v: Array, order: Order
    ) -> Array | None:
        """The limits of the quotients inside clusters, symmetric, 0 outside and on the diagonal."""
        basis, total, asked, sizes = self.basis, None, 0.0, [as_raw(gw)]
        count = int(basis.places.max())
        for place in range(1, count + 1):
            seed = (basis.places == place).astype(basis.values.dtype)
            n_v = down.slopes(0, gw, backend.array_like(seed, as_raw(gw)), down.last)[1]
            if n_v is None:
                continue
            turned = skew(np.matmul(transposed(as_raw(v) if down.last else v), n_v))
            term = turned * basis.inside(place, -1, n_v) * 0.25
            total = term if total is None else total + term
            asked = asked + as_raw(turned)
            sizes.append(as_raw(n_v))
        if total is None:
            return None
        # The sum of a cluster's values is the same in every basis.
        basis.refuse_asked(asked, "derivative of eigenvectors", *sizes, floor=order.floor)
        if down.last or order.taken:
            return total
        # N(s)/s is N'(s) - s N''(s)/2 to first order in the gap s, which the next derivative sees,
        # though it is 0 here.
        bends = down.bends(0, total, count, basis.places)
        bend = sum(b * basis.inside(i, -1, b) for i, b in enumerate(bends, 1))
        return total - differences(w) * bend * 0.25


class EighValuesGrad(OverMatrices, Binary):
    """y = V diag(g) Vᵀ, the derivative of a function of the eigenvalues of x; g its gradient.

    Recorded only where no eigenvalues are equal.
    """

    __slots__ = ("basis", "uplo")
    keep = (0, 1)

    def __init__(self, basis: Basis, uplo: Triangle) -> None:
        self.basis, self.uplo = basis, uplo

    def forward(self, x: Raw, g: Raw) -> Raw:
        (v,) = self.basis.vectors
        return with_values(v, g, transposed(v))

    def backward(self, gy: Array, x: Array, g: Array) -> Cotangents:
        gx, gg = self._symmetric_gradients(gy, x, g)
        return gx * _folding(gx, self.uplo), gg

    def _symmetric_gradients(self, gy: Array, x: Array, g: Array) -> Cotangents:
        if isinstance(x, Variable):
            # Recorded, the vectors have to depend on x: its own decomposition, made once more.
            w, v = Eigh(self.uplo)(x)
        else:
            w, v = backend.array_like(self.basis.values, x), self.basis.vectors[0]
        p = sandwiched(transposed(v), symmetric(gy), v)
        quotients = differences(g) / (differences(w) + eye_like(p))
        return sandwiched(v, quotients * p, transposed(v)), diagonal_of(p)


@lru_cache(maxsize=64)
def _weights_of_triangle(n: int, dtype: DType, uplo: Triangle) -> HostArray:
    """2 inside the triangle, 1 on the diagonal, 0 outside."""
    # Kept: to make it takes as long as eigh of a 3 x 3 matrix does.
    row, column = np.arange(n)[:, None], np.arange(n)
    inside = row > column if uplo == "L" else row < column
    weights = (2 * inside + (row == column)).astype(dtype)
    weights.flags.writeable = False
    return weights


def _folding(like: Array, uplo: Triangle) -> Raw:
    """What brings a symmetric gradient to the triangle that is read, where each stands for two."""
    array = as_raw(like)
    weights = _weights_of_triangle(array.shape[-1], array.dtype, uplo)
    return backend.array_like(weights, array)


@answers(np.linalg.eigh)
def eigh(a: Operand, UPLO: Triangle = "L") -> EighResult:
    """Eigenvalues and eigenvectors of the symmetric matrix that one triangle of ``a`` defines.

    The gradient is the derivative of what is read: it lies in that triangle. Derivatives of
    functions of the eigenvalues, and of functions of the matrix such as V diag(f(w)) Vᵀ, are right
    to second order also at equal eigenvalues. DegenerateEigenvalueError names the indices and the
    gap where the result depends on the basis of a cluster. A function of the values alone that
    tells equal ones apart, such as the largest, has a subgradient there and no second derivative.
    """
    return _symmetric_decomposition(a, UPLO, "eigh")


def _symmetric_decomposition(a: Operand, uplo: Triangle, operation: str) -> EighResult:
    x = as_variable(a)
    check_square(x, operation)
    check_floating(x, operation)
    if uplo not in ("L", "U", "l", "u"):
        raise ValueError(f"eigh: UPLO must be 'L' or 'U', got {uplo!r}")
    return EighResult(*Eigh("L" if uplo in ("L", "l") else "U").apply((x,)))


@answers(np.linalg.eigvalsh)
def eigvalsh(a: Operand, UPLO: Triangle = "L") -> Variable:
    """Eigenvalues, ascending, of a symmetric matrix; see :func:`eigh`."""
    return _symmetric_decomposition(a, UPLO, "eigvalsh").eigenvalues
