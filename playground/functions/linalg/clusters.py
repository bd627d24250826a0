"""Clusters of equal eigenvalues or singular values: found, turned, refused by name.

Any basis of a cluster is as good as another, so that a derivative exists exactly where it does not
depend on which LAPACK has chosen. Where it does, an error names the values.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from playground.functions.lanes import OverMatrices
from playground.graph import backend
from playground.graph.config import config
from playground.graph.errors import DegenerateEigenvalueError
from playground.graph.op import Binary, Unary, as_raw
from playground.graph.types import Array, Cotangents, HostArray, Raw

# Values closer than this many n·eps·‖A‖ are one cluster. LAPACK leaves equal eigenvalues apart by
# at most 1.9 of them (measured, 2 <= n <= 300 in random bases; most at n = 3): what is farther
# apart than 8 is so in truth.
CLUSTER_GAP = 8
# Cotangents that differ by less than this many n·eps are equal inside a cluster: at a minimum they
# are the rounding of the values themselves, times a curvature, which may be large.
ROUNDING = 1e4


def largest(g: Raw) -> float:
    """The size of an array's largest number, in all lanes, 0 for none."""
    return float(np.absolute(backend.to_cpu(backend.base_of(g))).max(initial=0.0))


class Basis:
    """A decomposition's vectors, shared by the operations that differentiate it.

    ``same[i, j]`` says that values i and j form one cluster. What only some derivatives ask for is
    computed when they do: the first ones of values look at no cluster.
    """

    def __init__(self, values: Raw, *vectors: Raw) -> None:
        self._values = values
        self.vectors = vectors

    @cached_property
    def values(self) -> HostArray:
        """The values, on the host."""
        return backend.to_cpu(self._values)

    @cached_property
    def same(self) -> HostArray:
        n = self.values.shape[-1]
        eps = np.finfo(self.values.dtype).eps if self.values.dtype.kind == "f" else 0.0
        scale = np.abs(self.values).max(axis=-1, initial=0.0, keepdims=True)
        apart = np.abs(np.diff(self.values, axis=-1)) > CLUSTER_GAP * n * eps * scale
        # Values are sorted, so that a cluster is a run, and its number counts the gaps before it.
        labels = np.concatenate([np.zeros_like(scale, int), np.cumsum(apart, axis=-1)], axis=-1)
        return labels[..., :, None] == labels[..., None, :]

    @cached_property
    def has_clusters(self) -> bool:
        n = self.values.shape[-1]
        return bool((self.same & ~np.eye(n, dtype=bool)).any())

    @cached_property
    def places(self) -> HostArray:
        """The place of each value in its own cluster, 1 for the first."""
        return np.tril(self.same).sum(axis=-1)

    @cached_property
    def turning(self) -> HostArray:
        """A direction in which the vectors of each cluster can be turned: random, antisymmetric."""
        n = self.values.shape[-1]
        # Any direction would do that a function of the vectors does not single out by chance.
        numbers = np.random.default_rng(0).uniform(0.5, 1.5, (n, n)) * self.same
        return (numbers - numbers.swapaxes(-1, -2)).astype(self.values.dtype)

    @cached_property
    def zero(self) -> HostArray:
        """Which singular values are 0 to rounding."""
        eps = np.finfo(self.values.dtype).eps
        scale = self.values.max(axis=-1, initial=0.0, keepdims=True)
        return self.values <= CLUSTER_GAP * self.values.shape[-1] * eps * scale

    @cached_property
    def has_zero(self) -> bool:
        return bool(self.zero.any())

    def vanishes_at_zero(self, g: Raw, size: float | None = None) -> bool:
        """Whether what belongs to singular values (…, k) is 0 at those that are, to rounding.

        The rounding is that of numbers of a ``size``, by default g's own.
        """
        host = np.abs(backend.to_cpu(g))
        bound = self.rounding(largest(g) if size is None else size)
        return not bool((host * self.zero > bound).any())

    def refuse(self, what: str, offending: HostArray | None = None) -> DegenerateEigenvalueError:
        """The error that names a cluster's indices and gap."""
        inside = self.same & ~np.eye(self.same.shape[-1], dtype=bool)
        found = inside if offending is None else offending & inside
        *batch, i, j = (int(k) for k in np.argwhere(found)[0])
        values = np.broadcast_to(self.values, found.shape[:-1])
        gap = abs(float(values[(*batch, i)] - values[(*batch, j)]))
        return DegenerateEigenvalueError(what, (i, j), gap, tuple(batch))

    def refuse_uncomputed(self, what: str) -> DegenerateEigenvalueError:
        """The error where a derivative may exist, of an order that there is no rule for."""
        error = self.refuse(what) if self.has_clusters else self.refuse_zero(what)
        reason = "where derivatives of that order are not computed"
        return DegenerateEigenvalueError(what, error.indices, error.gap, error.batch, reason)

    def refuse_zero(self, what: str) -> DegenerateEigenvalueError:
        """The error for a singular value 0, where the signs of u and v are not tied together."""
        *batch, last = (int(k) for k in np.argwhere(self.zero)[-1])
        size = float(self.values[(*batch, last)])
        return DegenerateEigenvalueError(what, (last,), size, tuple(batch))

    def refuse_asked(self, asked: Raw, what: str, *cotangents: Raw, floor: float = 0.0) -> None:
        """Raise where cotangents tell vectors apart that only their cluster defines.

        ``asked`` is what must vanish inside clusters, up to rounding of the cotangents' numbers
        (or of numbers of size ``floor``).
        """
        host = np.abs(backend.to_cpu(asked))
        bound = self.rounding(max(*(largest(g) for g in cotangents), floor, 1e-300))
        if (self.same & (host > bound)).any():
            raise self.refuse(what, host > bound)

    def rounding(self, size: float) -> float:
        """What is rounding among cotangents of a size."""
        return float(ROUNDING * self.values.shape[-1] * np.finfo(self.values.dtype).eps * size)

    @property
    def cancelled(self) -> float:
        """The size of terms that cancel in second derivatives: that of the values, at most 1."""
        return min(float(np.abs(self.values).max(initial=0.0)), 1.0)

    def inside(self, index: int, sign: int, like: Array) -> Raw:
        """What the ``index``-th value of each cluster contributes to limits there; see Limit.

        At [i, j] it is 1 where j is that value, plus ``sign`` where i is it, 0 outside clusters.
        """
        mine = (self.places == index).astype(self.values.dtype)
        pairs = self.same * (mine[..., None, :] + sign * mine[..., :, None])
        return backend.array_like(pairs.astype(self.values.dtype), like)

    def apart(self, like: Array) -> Raw:
        """1 between values of different clusters, 0 inside; an array as ``like`` is one."""
        return backend.array_like((~self.same).astype(self.values.dtype), like)

    def inside_clusters(self, like: Array) -> Raw:
        """1 between values of one cluster, 0 elsewhere."""
        return backend.array_like(self.same.astype(self.values.dtype), like)

    def equal_inside(self, g: Raw) -> bool:
        """Whether g is the same throughout each cluster, to rounding."""
        g = backend.to_cpu(g)
        n = g.shape[-1]
        # Where g nearly vanishes, at a minimum, its size says nothing: that of the values does.
        size = np.minimum(np.abs(self.values).max(axis=-1, initial=0.0), 1)
        size = np.maximum(np.abs(g).max(axis=-1, initial=0.0), size)
        bound = ROUNDING * n * np.finfo(g.dtype).eps * size
        apart = np.abs(g[..., :, None] - g[..., None, :]) > bound[..., None, None]
        return not bool((apart & self.same).any())


class AlikeInClusters(OverMatrices, Binary):
    """y = x, made of values' cotangents g: of equal values they have to be equal to go on.

    That of a jvp is linear in g, whatever it is.
    """

    __slots__ = ("basis", "transposed", "values")
    keep = (1,)

    def __init__(self, basis: Basis, values: str) -> None:
        self.basis, self.values, self.transposed = basis, values, config._transposed

    def forward(self, x: Raw, g: Raw) -> Raw:
        return x

    def backward(self, gy: Array, x: Array, g: Array) -> Cotangents:
        basis = self.basis
        if not self.transposed:
            if self.values == "singular values" and basis.has_zero:
                # A singular value is |λ| of [[0, x], [xᵀ, 0]], and has a kink there.
                what = "second derivative of a function of singular values at 0"
                raise basis.refuse_zero(what)
            if not basis.equal_inside(as_raw(g)):
                what = f"second derivative of a function that tells equal {self.values} apart"
                raise basis.refuse(what)
        return gy, None


class DeadEnd(Unary):
    """y = x, a value or vector of a derivative that has no rule for one order more by it.

    By its cotangents it may still be differentiated, as a jvp does: it is linear in them.
    """

    __slots__ = ("basis", "what")

    def __init__(self, basis: Basis, what: str) -> None:
        self.basis, self.what = basis, what

    def forward(self, x: Raw) -> Raw:
        return x

    def backward(self, gy: Array, x: Array) -> Array:
        raise self.basis.refuse_uncomputed(self.what)
