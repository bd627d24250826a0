"""Singular values and vectors, by the same way as :mod:`eigenvalues`.

The values are eigenvalues of [[0, x], [xᵀ, 0]] with both signs, which is why sums sᵢ + sⱼ stand
beside differences sⱼ - sᵢ, and why a singular value 0 is a cluster too: with its own negative.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from playground.functions.lanes import OverMatrices
from playground.functions.linalg.clusters import Basis, DeadEnd
from playground.functions.linalg.matrices import (
    as_constants,
    check_floating,
    check_matrices,
    diagonal_of,
    differences,
    eye_like,
    is_constant,
    sandwiched,
    skew,
    symmetric,
    transposed,
    with_values,
)
from playground.functions.registry import answers
from playground.graph import backend
from playground.graph.op import Binary, as_raw
from playground.graph.types import Array, Cotangents, Operand, Raw
from playground.graph.variable import Variable, as_variable

__all__ = ["svd", "svdvals"]


class SVDResult(NamedTuple):
    """x = U diag(S) Vh with descending S (…, k)."""

    U: Operand
    S: Operand
    Vh: Operand


class Svd(OverMatrices):
    """U (…, m, k), s (…, k) descending, Vh (…, k, n) with x = U diag(s) Vh, k = min(m, n)."""

    __slots__ = ("basis",)
    keep = (0, 1, 2, 3)
    output_count = 3

    def forward(self, x: Raw) -> tuple[Raw, Raw, Raw]:
        u, s, vh = np.linalg.svd(x, full_matrices=False)
        self.basis = Basis(s, u, transposed(vh))
        return u, s, vh

    def backward(self, gys: Cotangents, x: Array, u: Array, s: Array, vh: Array) -> Array | None:
        gu, gs, gvh = gys
        gx = None if gs is None else SvdValuesGrad(self.basis)(x, gs)
        # The values alone have a gradient at clusters and at 0 too, where vectors have none.
        if gu is None and gvh is None:
            return gx
        gu = np.zeros_like(u) if gu is None else gu
        gvh = np.zeros_like(vh) if gvh is None else gvh
        gx_vectors = self._through_vectors(gu, transposed(gvh), x, u, s, transposed(vh))
        return gx_vectors if gx is None else gx + gx_vectors

    def _through_vectors(
        self, gu: Array, gv: Array, x: Array, u: Array, s: Array, v: Array
    ) -> Array:
        basis = self.basis
        if basis.has_zero:
            raise basis.refuse_zero("derivative of singular vectors at singular value 0")
        if not basis.has_clusters:
            return _vectors_gradient(gu, gv, u, s, v, eye_like(s))
        raw_gu, raw_gv, u, s, v = (as_raw(a) for a in (gu, gv, u, s, v))
        # Inside a cluster U and V turn together: only what both ask for in sum is undefined.
        asked = skew(np.matmul(transposed(u), raw_gu)) + skew(np.matmul(transposed(v), raw_gv))
        basis.refuse_asked(asked, "derivative of singular vectors", raw_gu, raw_gv)
        result = _vectors_gradient(raw_gu, raw_gv, u, s, v, 1 - basis.apart(s))
        what = "second derivative of singular vectors"
        return DeadEnd(basis, what, result)(x, gu, gv) if isinstance(gu, Variable) else result


def _vectors_gradient(gu: Array, gv: Array, u: Array, s: Array, v: Array, same: Array) -> Array:
    """Cotangent of x from those of U and V; ``same`` is 1 inside clusters (Townsend, 2016)."""
    skew_u = skew(np.matmul(transposed(u), gu))
    skew_v = skew(np.matmul(transposed(v), gv))
    total = np.expand_dims(s, -2) + np.expand_dims(s, -1)
    # What U and V turn by together is divided by differences, the rest by sums: never 0.
    core = (skew_u + skew_v) * 0.5 * (1 - same) / (differences(s) + same)
    core = core + (skew_u - skew_v) * 0.5 / total
    gx = sandwiched(u, core, transposed(v))
    # What of a tall U's (a wide Vh's) cotangent lies outside its columns.
    if u.shape[-2] > u.shape[-1]:
        rest = gu - np.matmul(u, np.matmul(transposed(u), gu))
        gx = gx + np.matmul(rest / np.expand_dims(s, -2), transposed(v))
    if v.shape[-2] > v.shape[-1]:
        rest = gv - np.matmul(v, np.matmul(transposed(v), gv))
        gx = gx + np.matmul(u, transposed(rest / np.expand_dims(s, -2)))
    return gx


class SvdValuesGrad(OverMatrices, Binary):
    """y = U diag(g) Vᵀ, the derivative of a function of the singular values of x."""

    __slots__ = ("basis",)
    keep = (0, 1)

    def __init__(self, basis: Basis) -> None:
        self.basis = basis

    def forward(self, x: Raw, g: Raw) -> Raw:
        u, v = self.basis.current
        return with_values(u, g, transposed(v))

    def backward(self, gy: Array, x: Array, g: Array) -> Cotangents:
        basis = self.basis
        if not basis.has_clusters and not basis.has_zero:
            if isinstance(x, Variable):
                # Recorded, the vectors have to depend on x: its own decomposition once more.
                u, s, vh = Svd()(x)
                return _values_second(gy, g, u, s, transposed(vh), eye_like(s))
            u, v = basis.vectors
            s = backend.array_like(basis.values, g)
            return _values_second(gy, g, u, s, v, eye_like(s))
        result = self._at_clusters(as_raw(gy), as_raw(g))
        if isinstance(gy, Variable):
            what = "third derivative of a function of singular values"
            return DeadEnd(basis, what, result).apply((x, g, gy))
        return result

    def _at_clusters(self, gy: Raw, g: Raw) -> Cotangents:
        basis = self.basis
        if basis.has_zero:
            # A singular value is |λ| of the symmetric matrix above, and has a kink there.
            raise basis.refuse_zero("second derivative of a function of singular values at 0")
        if not basis.equal_inside(g):
            raise basis.refuse(
                "second derivative of a function that tells equal singular values apart"
            )
        u, v = basis.vectors
        basis.turn(backend.to_cpu(symmetric(sandwiched(transposed(u), gy, v))))
        u, v = basis.current
        return _values_second(gy, g, u, backend.array_like(basis.values, g), v, 1 - basis.apart(g))


def _values_second(
    gy: Array, g: Array, u: Array, s: Array, v: Array, same: Array
) -> tuple[Array, Array]:
    """Cotangents of x and g from that of U diag(g) Vᵀ; ``same`` is 1 inside clusters."""
    p = sandwiched(transposed(u), gy, v)
    even, odd = symmetric(p), skew(p) * 0.5
    sums_g = np.expand_dims(g, -2) + np.expand_dims(g, -1)
    sums_s = np.expand_dims(s, -2) + np.expand_dims(s, -1)
    core = even * (1 - same) * differences(g) / (differences(s) + same) + odd * sums_g / sums_s
    gx = sandwiched(u, core, transposed(v))
    # A direction that leaves the columns of U (V) turns these towards it, by g / s.
    ratio = np.expand_dims(g / s, -2)
    if u.shape[-2] > u.shape[-1]:
        rest = np.matmul(gy, v) - np.matmul(u, p)
        gx = gx + np.matmul(rest * ratio, transposed(v))
    if v.shape[-2] > v.shape[-1]:
        rest = np.matmul(transposed(gy), u) - np.matmul(v, transposed(p))
        gx = gx + np.matmul(u, transposed(rest * ratio))
    return gx, diagonal_of(p)


@answers(np.linalg.svd)
def svd(a: Operand, full_matrices: bool = True, compute_uv: bool = True) -> SVDResult | Variable:
    """Singular value decomposition, x = U diag(S) Vh, or S alone.

    A non-square matrix needs ``full_matrices=False`` where a gradient is wanted (the extra vectors
    have no derivative).
    """
    if not compute_uv:
        return svdvals(a)
    x = _real_matrices(a, "svd")
    if full_matrices and x.shape[-1] != x.shape[-2]:
        if is_constant(x):
            return SVDResult(*as_constants(np.linalg.svd(x.array)))
        raise ValueError(
            f"svd: full_matrices=True of a non-square matrix {x.shape} adds vectors that have no "
            f"derivative: pass full_matrices=False, or v.array for the value"
        )
    return SVDResult(*Svd().apply((x,)))


@answers(np.linalg.svdvals)
def svdvals(x: Operand) -> Variable:
    """Singular values, descending."""
    return Svd().apply((_real_matrices(x, "svdvals"),))[1]


def _real_matrices(a: Operand, operation: str) -> Variable:
    x = as_variable(a)
    check_matrices(x, operation)
    check_floating(x, operation)
    return x
