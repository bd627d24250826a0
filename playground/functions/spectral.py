"""Eigenvalues and singular values, right also where they are equal.

The first derivative of a function of eigenvalues, V diag(g) Vᵀ, is an operation of its own, of
the matrix and of g. Its derivative has the quotients (gⱼ - gᵢ)/(λⱼ - λᵢ) (Daleckii and Krein,
1965). Inside a cluster of equal eigenvalues no quotient is formed: any basis of the cluster is as
good as another, so V is turned there to the one in which the direction VᵀGV is diagonal, and the
whole second derivative runs over the derivative of g. A quotient masked to 0 instead would give
sum λ² and (sum λ)²/n the same Hessian at the identity, where their first derivatives agree and
their second ones do not.
"""

from __future__ import annotations

import threading
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np

from playground.functions.lanes import OverMatrices
from playground.functions.operands import eye_like
from playground.graph import backend
from playground.graph.errors import DegenerateEigenvalueError, InvalidType
from playground.graph.op import Binary, Op, as_raw
from playground.graph.variable import Variable, as_variable

__all__ = ["eigh", "eigvalsh", "svd", "svdvals"]


class EighResult(NamedTuple):
    """Eigenvalues, ascending (…, n), and eigenvectors as columns (…, n, n)."""

    eigenvalues: Any
    eigenvectors: Any


class SVDResult(NamedTuple):
    """x = U diag(S) Vh with descending S (…, k)."""

    U: Any
    S: Any
    Vh: Any


def transposed(x: Any) -> Any:
    """x with its last two axes exchanged."""
    return x.swapaxes(-1, -2)


def _symmetric(x: Any) -> Any:
    return (x + transposed(x)) * 0.5


def _differences(w: Any) -> Any:
    """wⱼ - wᵢ at [i, j]."""
    return np.expand_dims(w, -2) - np.expand_dims(w, -1)


def _diagonal(matrix: Any) -> Any:
    return (matrix * eye_like(matrix)).sum(axis=-1)


def _spread(left: Any, values: Any, right: Any) -> Any:
    """left diag(values) right."""
    scaled = left * values[..., None, :]
    return np.dot(scaled, right) if scaled.ndim == 2 == right.ndim else np.matmul(scaled, right)


class Basis:
    """A decomposition's vectors, shared by the operations that differentiate it.

    ``same[i, j]`` says that values i and j form one cluster. Vectors turned inside a cluster are
    kept for the rest of the pass, in the thread that runs it. What only some derivatives ask for
    is computed when they do: the first ones of values look at no cluster.
    """

    def __init__(self, values: Any, *vectors: Any) -> None:
        self._values = values
        self.vectors = vectors

    @cached_property
    def values(self) -> np.ndarray:
        """The values, on the host."""
        return backend.to_cpu(self._values)

    @cached_property
    def same(self) -> np.ndarray:
        n = self.values.shape[-1]
        eps = np.finfo(self.values.dtype).eps if self.values.dtype.kind == "f" else 0.0
        scale = np.abs(self.values).max(axis=-1, initial=0.0, keepdims=True)
        apart = np.abs(np.diff(self.values, axis=-1)) > 8 * n * eps * scale
        labels = np.concatenate([np.zeros_like(scale, int), np.cumsum(apart, axis=-1)], axis=-1)
        return labels[..., :, None] == labels[..., None, :]

    @cached_property
    def has_clusters(self) -> bool:
        n = self.values.shape[-1]
        return bool((self.same & ~np.eye(n, dtype=bool)).any())

    @cached_property
    def has_zero(self) -> bool:
        return not self.values.all()

    @cached_property
    def _turned(self) -> threading.local:
        return threading.local()

    @property
    def current(self) -> tuple[Any, ...]:
        """The vectors, turned as the newest pass of this thread has left them."""
        if "_turned" not in vars(self):
            return self.vectors
        return getattr(self._turned, "vectors", self.vectors)

    def turn(self, direction: np.ndarray) -> None:
        """Turn the vectors of each cluster so that ``direction`` is diagonal inside it."""
        # A pass with lanes has them in front of the matrices' own axes.
        same = np.broadcast_to(self.same, direction.shape)
        blocked = np.where(same, direction, 0)
        turn = np.zeros_like(blocked)
        for index in np.ndindex(blocked.shape[:-2]):
            start = 0
            while start < blocked.shape[-1]:
                stop = start + int(same[index][start, start:].sum())
                part = slice(start, stop)
                turn[(*index, part, part)] = np.linalg.eigh(blocked[(*index, part, part)])[1]
                start = stop
        self._turned.vectors = tuple(
            np.matmul(vectors, backend.array_like(turn.astype(vectors.dtype), vectors))
            for vectors in self.vectors
        )

    def refuse(self, what: str, offending: np.ndarray | None = None) -> DegenerateEigenvalueError:
        """The error that names a cluster's indices and gap."""
        inside = self.same & ~np.eye(self.same.shape[-1], dtype=bool)
        found = inside if offending is None else offending & inside
        *batch, i, j = (int(k) for k in np.argwhere(found)[0])
        values = np.broadcast_to(self.values, found.shape[:-1])
        gap = abs(float(values[(*batch, i)] - values[(*batch, j)]))
        return DegenerateEigenvalueError(what, (i, j), gap, tuple(batch))

    def refuse_asked(self, asked: Any, what: str, *cotangents: Any) -> None:
        """Raise where cotangents tell vectors apart that only their cluster defines.

        ``asked`` is what must vanish inside clusters, up to rounding of the cotangents' numbers.
        """
        host = np.abs(backend.to_cpu(asked))
        scale = max(float(np.abs(backend.to_cpu(g)).max(initial=0.0)) for g in cotangents)
        bound = 1e4 * host.shape[-1] * np.finfo(host.dtype).eps * max(scale, 1e-300)
        if (self.same & (host > bound)).any():
            raise self.refuse(what, host > bound)

    def apart(self, like: Any) -> Any:
        """1 between values of different clusters, 0 inside; an array as ``like`` is one."""
        return backend.array_like((~self.same).astype(self.values.dtype), like)

    def equal_inside(self, g: Any) -> bool:
        """Whether g is the same throughout each cluster, to rounding.

        Near a minimum g itself is the rounding of eigenvalues, times a curvature.
        """
        g = backend.to_cpu(g)
        n = g.shape[-1]
        size = np.minimum(np.abs(self.values).max(axis=-1, initial=0.0), 1)
        size = np.maximum(np.abs(g).max(axis=-1, initial=0.0), size)
        bound = 1e4 * n * np.finfo(g.dtype).eps * size
        apart = np.abs(g[..., :, None] - g[..., None, :]) > bound[..., None, None]
        return not bool((apart & self.same).any())


class DeadEnd(Op):
    """A gradient computed at a cluster, which has no rule for one order more."""

    __slots__ = ("basis", "result", "what")

    def __init__(self, basis: Basis, what: str, result: Any) -> None:
        self.basis, self.what, self.result = basis, what, result
        self.output_count = len(result) if isinstance(result, tuple) else 1

    def forward(self, *arrays: Any) -> Any:
        return self.result

    def backward(self, gy: Any, *arrays: Any) -> Any:
        raise self.basis.refuse(self.what)


# -------------------------------------------------------------------- symmetric eigenvalues


class Eigh(OverMatrices):
    """w, V = eigenvalues (…, n), ascending, and eigenvectors (…, n, n) of a symmetric matrix.

    One triangle of x is read, and the gradient lies there.
    """

    __slots__ = ("basis", "uplo")
    keep = (0, 1, 2)
    output_count = 2

    def __init__(self, uplo: Any = "L") -> None:
        self.uplo = uplo

    def forward(self, x: Any) -> Any:
        w, v = np.linalg.eigh(x, self.uplo)
        self.basis = Basis(w, v)
        return w, v

    def backward(self, gys: Any, x: Any, w: Any, v: Any) -> Any:
        gw, gv = gys
        gx = None if gw is None else EighValuesGrad(self.basis, self.uplo)(x, gw)
        if gv is not None:
            gx_vectors = self._through_vectors(gv, x, w, v)
            gx = gx_vectors if gx is None else gx + gx_vectors
        return gx * _folding(gx, self.uplo)

    def _through_vectors(self, gv: Any, x: Any, w: Any, v: Any) -> Any:
        basis = self.basis
        if not basis.has_clusters:
            eye = eye_like(v)
            quotients = (1 - eye) / (_differences(w) + eye)
            m = np.matmul(transposed(v), gv)
            return _symmetric(np.matmul(np.matmul(v, quotients * m), transposed(v)))
        result = _at_clusters(basis, as_raw(gv), as_raw(w), as_raw(v))
        what = "second derivative of eigenvectors"
        return DeadEnd(basis, what, result)(x, gv) if isinstance(gv, Variable) else result


def _at_clusters(basis: Basis, gv: Any, w: Any, v: Any) -> Any:
    """The eigenvectors' cotangent where they are not unique: exact if it does not ask which."""
    m = np.matmul(transposed(v), gv)
    basis.refuse_asked(m - transposed(m), "derivative of eigenvectors", gv)
    apart = basis.apart(w)
    quotients = apart / (_differences(w) + (1 - apart))
    return _symmetric(np.matmul(np.matmul(v, quotients * m), transposed(v)))


class EighValuesGrad(OverMatrices, Binary):
    """y = V diag(g) Vᵀ, the derivative of a function of the eigenvalues of x; g its gradient."""

    __slots__ = ("basis", "uplo")
    keep = (0, 1)

    def __init__(self, basis: Basis, uplo: str) -> None:
        self.basis, self.uplo = basis, uplo

    def forward(self, x: Any, g: Any) -> Any:
        (v,) = self.basis.current
        return _spread(v, g, transposed(v))

    def backward(self, gy: Any, x: Any, g: Any) -> Any:
        gx, gg = self._symmetric_gradients(gy, x, g)
        return gx * _folding(gx, self.uplo), gg

    def _symmetric_gradients(self, gy: Any, x: Any, g: Any) -> Any:
        if self.basis.has_clusters:
            result = self._at_clusters(as_raw(gy), as_raw(g))
            if isinstance(gy, Variable):
                what = "third derivative of a function of eigenvalues"
                return DeadEnd(self.basis, what, result).apply((x, g, gy))
            return result
        if isinstance(x, Variable):
            w, v = Eigh(self.uplo)(x)
        else:
            w, v = self._values(x), self.basis.vectors[0]
        p = np.matmul(np.matmul(transposed(v), _symmetric(gy)), v)
        quotients = _differences(g) / (_differences(w) + eye_like(p))
        return np.matmul(np.matmul(v, quotients * p), transposed(v)), _diagonal(p)

    def _values(self, like: Any) -> Any:
        return backend.array_like(self.basis.values, like)

    def _at_clusters(self, gy: Any, g: Any) -> Any:
        basis = self.basis
        if not basis.equal_inside(g):
            raise basis.refuse("second derivative of a function that tells equal eigenvalues apart")
        (v,) = basis.vectors
        basis.turn(backend.to_cpu(np.matmul(np.matmul(transposed(v), _symmetric(gy)), v)))
        (v,) = basis.current
        p = np.matmul(np.matmul(transposed(v), _symmetric(gy)), v)
        apart = basis.apart(p)
        quotients = apart * _differences(g) / (_differences(self._values(g)) + (1 - apart))
        return np.matmul(np.matmul(v, quotients * p), transposed(v)), _diagonal(p)


def _square_real(x: Variable, operation: str) -> None:
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise InvalidType(operation, "square matrices (…, n, n)", f"shape {x.shape}")
    _real(x, operation)


def _real(x: Variable, operation: str) -> None:
    if x.dtype.kind != "f":
        raise InvalidType(
            operation, "a real floating point matrix", f"dtype {x.dtype}", "Cast it with F.cast."
        )


@lru_cache(maxsize=64)
def _weights(n: int, dtype: Any, uplo: str) -> np.ndarray:
    row, column = np.arange(n)[:, None], np.arange(n)
    inside = row > column if uplo == "L" else row < column
    weights = (2 * inside + (row == column)).astype(dtype)
    weights.flags.writeable = False
    return weights


def _folding(like: Any, uplo: str) -> Any:
    """What brings a symmetric gradient to the triangle that is read, where each stands for two."""
    array = as_raw(like)
    return backend.array_like(_weights(array.shape[-1], array.dtype, uplo), array)


def eigh(a: Any, UPLO: str = "L") -> EighResult:
    """Eigenvalues and eigenvectors of the symmetric matrix that one triangle of ``a`` defines.

    The gradient is the derivative of what is read: it lies in that triangle. Derivatives of
    functions of the eigenvalues are right to second order also at equal eigenvalues;
    DegenerateEigenvalueError names the indices and the gap where no derivative exists.
    """
    return _decomposed(a, UPLO, "eigh")


def _decomposed(a: Any, uplo: str, operation: str) -> EighResult:
    x = as_variable(a)
    _square_real(x, operation)
    if uplo not in ("L", "U"):
        if uplo.upper() not in ("L", "U"):
            raise ValueError(f"eigh: UPLO must be 'L' or 'U', got {uplo!r}")
        uplo = uplo.upper()
    return EighResult(*Eigh(uplo).apply((x,)))


def eigvalsh(a: Any, UPLO: str = "L") -> Variable:
    """Eigenvalues, ascending, of a symmetric matrix; see :func:`eigh`."""
    return _decomposed(a, UPLO, "eigvalsh").eigenvalues


# --------------------------------------------------------------------------- singular values


class Svd(OverMatrices):
    """U (…, m, k), s (…, k) descending, Vh (…, k, n) with x = U diag(s) Vh, k = min(m, n)."""

    __slots__ = ("basis",)
    keep = (0, 1, 2, 3)
    output_count = 3

    def forward(self, x: Any) -> Any:
        u, s, vh = np.linalg.svd(x, full_matrices=False)
        self.basis = Basis(s, u, transposed(vh))
        return u, s, vh

    def backward(self, gys: Any, x: Any, u: Any, s: Any, vh: Any) -> Any:
        gu, gs, gvh = gys
        gx = None if gs is None else SvdValuesGrad(self.basis)(x, gs)
        if gu is None and gvh is None:
            return gx
        gu = np.zeros_like(u) if gu is None else gu
        gvh = np.zeros_like(vh) if gvh is None else gvh
        gx_vectors = self._through_vectors(gu, transposed(gvh), x, u, s, transposed(vh))
        return gx_vectors if gx is None else gx + gx_vectors

    def _through_vectors(self, gu: Any, gv: Any, x: Any, u: Any, s: Any, v: Any) -> Any:
        basis = self.basis
        if basis.has_zero:
            raise DegenerateEigenvalueError(
                "derivative of singular vectors at singular value 0",
                (basis.values.shape[-1] - 1,) * 2,
                0.0,
                (),
            )
        if not basis.has_clusters:
            eye = eye_like(s)
            return _vectors_gradient(gu, gv, u, s, v, eye)
        raw_gu, raw_gv, u, s, v = (as_raw(a) for a in (gu, gv, u, s, v))
        asked = _skew(u, raw_gu) + _skew(v, raw_gv)
        basis.refuse_asked(asked, "derivative of singular vectors", raw_gu, raw_gv)
        result = _vectors_gradient(raw_gu, raw_gv, u, s, v, 1 - basis.apart(s))
        what = "second derivative of singular vectors"
        return DeadEnd(basis, what, result)(x, gu, gv) if isinstance(gu, Variable) else result


def _skew(vectors: Any, g: Any) -> Any:
    m = np.matmul(transposed(vectors), g)
    return m - transposed(m)


def _vectors_gradient(gu: Any, gv: Any, u: Any, s: Any, v: Any, same: Any) -> Any:
    """Cotangent of x from those of U and V; ``same`` is 1 inside clusters (Townsend, 2016)."""
    skew_u, skew_v = _skew(u, gu), _skew(v, gv)
    total = np.expand_dims(s, -2) + np.expand_dims(s, -1)
    core = (skew_u + skew_v) * 0.5 * (1 - same) / (_differences(s) + same)
    core = core + (skew_u - skew_v) * 0.5 / total
    gx = np.matmul(np.matmul(u, core), transposed(v))
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

    def forward(self, x: Any, g: Any) -> Any:
        u, v = self.basis.current
        return _spread(u, g, transposed(v))

    def backward(self, gy: Any, x: Any, g: Any) -> Any:
        basis = self.basis
        if not basis.has_clusters and not basis.has_zero:
            if isinstance(x, Variable):
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

    def _at_clusters(self, gy: Any, g: Any) -> Any:
        basis = self.basis
        if basis.has_zero:
            raise DegenerateEigenvalueError(
                "second derivative of a function of singular values at 0",
                (basis.values.shape[-1] - 1,) * 2,
                0.0,
                (),
            )
        if not basis.equal_inside(g):
            raise basis.refuse(
                "second derivative of a function that tells equal singular values apart"
            )
        u, v = basis.vectors
        basis.turn(backend.to_cpu(_symmetric(np.matmul(np.matmul(transposed(u), gy), v))))
        u, v = basis.current
        return _values_second(gy, g, u, backend.array_like(basis.values, g), v, 1 - basis.apart(g))


def _values_second(gy: Any, g: Any, u: Any, s: Any, v: Any, same: Any) -> Any:
    """Cotangents of x and g from that of U diag(g) Vᵀ; ``same`` is 1 inside clusters."""
    p = np.matmul(np.matmul(transposed(u), gy), v)
    even, odd = _symmetric(p), (p - transposed(p)) * 0.5
    sums_g = np.expand_dims(g, -2) + np.expand_dims(g, -1)
    sums_s = np.expand_dims(s, -2) + np.expand_dims(s, -1)
    core = even * (1 - same) * _differences(g) / (_differences(s) + same) + odd * sums_g / sums_s
    gx = np.matmul(np.matmul(u, core), transposed(v))
    ratio = np.expand_dims(g / s, -2)
    if u.shape[-2] > u.shape[-1]:
        rest = np.matmul(gy, v) - np.matmul(u, p)
        gx = gx + np.matmul(rest * ratio, transposed(v))
    if v.shape[-2] > v.shape[-1]:
        rest = np.matmul(transposed(gy), u) - np.matmul(v, transposed(p))
        gx = gx + np.matmul(u, transposed(rest * ratio))
    return gx, _diagonal(p)


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Singular value decomposition, x = U diag(S) Vh, or S alone.

    A non-square matrix needs ``full_matrices=False`` (the extra vectors have no derivative).
    """
    if not compute_uv:
        return svdvals(a)
    x = _real_matrices(a, "svd")
    if full_matrices and x.shape[-1] != x.shape[-2]:
        raise ValueError(
            f"svd: full_matrices=True of a non-square matrix {x.shape} adds vectors that have no "
            f"derivative: pass full_matrices=False"
        )
    return SVDResult(*Svd().apply((x,)))


def svdvals(x: Any) -> Variable:
    """Singular values, descending."""
    return Svd().apply((_real_matrices(x, "svdvals"),))[1]


def _real_matrices(a: Any, operation: str) -> Variable:
    x = as_variable(a)
    if x.ndim < 2:
        raise InvalidType(operation, "matrices (…, m, n)", f"shape {x.shape}")
    _real(x, operation)
    return x
