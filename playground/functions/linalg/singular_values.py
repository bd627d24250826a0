"""Singular values and vectors, by the same way as :mod:`eigenvalues`.

The values are eigenvalues of [[0, x], [xᵀ, 0]] with both signs, which is why sums sᵢ + sⱼ stand
beside differences sⱼ - sᵢ, and why a singular value 0 is a cluster too: with its own negative.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import reduce
from typing import NamedTuple

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
from playground.graph.config import config
from playground.graph.op import Binary, as_raw
from playground.graph.types import Array, Cotangents, Operand, Raw
from playground.graph.variable import Variable, as_variable

__all__ = ["svd", "svdvals"]


class SVDResult(NamedTuple):
    """x = U diag(S) Vh with descending S (…, k)."""

    U: Operand
    S: Operand
    Vh: Operand


class Svd(Decomposition):
    """U (…, m, k), s (…, k) descending, Vh (…, k, n) with x = U diag(s) Vh, k = min(m, n)."""

    __slots__ = ()
    keep = (0, 1, 2, 3)
    output_count = 3
    value_output, vector_outputs = 1, (0, 2)

    def forward(self, x: Raw) -> tuple[Raw, Raw, Raw]:
        u, s, vh = np.linalg.svd(x, full_matrices=False)
        self.basis = Basis(s, u, transposed(vh))
        remember(self)
        return u, s, vh

    def pull(self, gy: Cotangents) -> Sequence[Array]:
        self.record_if_met(used=gy[0] is not None or gy[2] is not None)
        return super().pull(gy)

    def meets(self) -> bool:
        return self.basis.has_clusters or self.basis.has_zero

    def backward(self, gys: Cotangents, x: Array, u: Array, s: Array, vh: Array) -> Array | None:
        gu, gs, gvh = gys
        # The values alone have a gradient at clusters and at 0 too, where vectors have none.
        if gu is None and gvh is None:
            # A function of the values alone that has no kink at those that are 0.
            basis = self.basis
            if isinstance(gs, Variable):
                refuse_strangers(self, gs, "derivative of singular values")
            even = basis.has_zero and isinstance(gs, Variable) and not config._transposed
            if even and basis.vanishes_at_zero(as_raw(gs)):
                gu, gvh = as_variable(as_raw(u) * 0), as_variable(as_raw(vh) * 0)
                return self._at_clusters(gu, gs, transposed(gvh), x, u, s, transposed(vh))
            if isinstance(gs, Variable) and self.meets():
                # Recorded as what it is, a function of the matrix, for the next derivative.
                gx = with_values(u, Limit(self.basis, taken=False)(gs), vh)
                return Given()(AlikeInClusters(self.basis, "singular values")(gx, gs))
            return SvdValuesGrad(self.basis)(x, gs)
        gu = u * 0 if gu is None else gu
        gvh = vh * 0 if gvh is None else gvh
        if self.meets():
            with no_others_below(self, gu, gs, gvh):
                return self._at_clusters(gu, gs, transposed(gvh), x, u, s, transposed(vh))
        gx = _vectors_gradient(gu, transposed(gvh), u, s, transposed(vh))
        return gx if gs is None else gx + SvdValuesGrad(self.basis)(x, gs)

    def _at_clusters(
        self, gu: Array, gs: Array | None, gv: Array, x: Array, u: Array, s: Array, v: Array
    ) -> Array:
        """The gradient in a recorded pass: exact if the function does not ask for the basis."""
        basis = self.basis
        down = Downstream(self)
        taken, floor = order = down.order(gu, gs, gv)
        used = largest(as_raw(gu)) > 0 or largest(as_raw(gv)) > 0
        stand = not used and down.stands_for_all(gu, gs, gv)
        if used or stand:
            _Asked(basis, down, ((gu, u), (gv, v)), stand).refuse(order)
        if taken and not down.last:
            what = "derivative of singular vectors at equal values, of that order"
            u, s, v = (DeadEnd(basis, what)(y) for y in (u, s, v))
        parts = _Parts(gu, gv, u, s, v, basis)
        if gs is not None:
            if down.vectors_used() and not taken:
                what = "derivative of a function of singular values and vectors"
                down.refuse_turned(gs, what, floor)
            parts.add_limits(down, gs, order, used, stand)
        return Given()(parts.gradient())


class _Asked:
    """What must vanish for a function of U and V not to depend on the basis of a cluster.

    At a cluster U and V turn together; at 0 each for itself, and a tall U's (a wide V's) vectors
    also leave the space that they span. Of cotangents that ``stand`` for all others it must vanish
    whatever they are.
    """

    def __init__(
        self, basis: Basis, down: Downstream, pairs: Sequence[tuple[Array, Array]], stand: bool
    ) -> None:
        self.basis, self.down, self.stand = basis, down, stand
        self.pairs = pairs if stand else [(as_raw(g), as_raw(y)) for g, y in pairs]
        self.given = [g for g, _ in pairs]
        self.raws = [as_raw(g) for g in self.given]
        self.zero = backend.array_like(basis.zero.astype(basis.values.dtype), self.raws[0])

    def refuse(self, order: Order) -> None:
        floor = order.floor
        self._check([np.matmul(transposed(y), g) for g, y in self.pairs], self.raws, floor)
        self._check_outside(floor)
        # They may also vanish in the one basis that there is, and not in those beside it.
        turning = backend.array_like(self.basis.turning, self.raws[0])
        turnings = (turning, turning)
        for turned in (turnings, (turning, -turning)):
            self._check_beside(turned, floor)
        if not order.taken:
            self._check_signs()

    def _slopes(self, index: int, g: Array, seed: Array) -> list[Array | None]:
        return self.down.slopes(index, g, as_raw(seed), not self.stand)

    def _check_signs(self) -> None:
        """At 0 the signs of u and v are free: what is of odd degree in one of them is refused."""
        if not self.basis.has_zero:
            return
        columns = self.zero[..., None, :]
        for index, g, (own, y) in zip((0, 2), self.given, self.pairs, strict=True):
            slot = self._slopes(index, g, y * columns)[index]
            n = own * 0 if slot is None else (slot if index == 0 else transposed(slot))
            self._check_zero(own - n, max(largest(as_raw(g)), 1e-300))

    def _check_beside(self, turnings: tuple[Raw, Raw], floor: float) -> None:
        columns = self.zero[..., None, :]
        opposite = turnings[0] is not turnings[1]
        found = [
            np.matmul(np.matmul(transposed(y), g), -t)
            for (g, y), t in zip(self.pairs, turnings, strict=True)
        ]
        if opposite:
            # Only at 0 may the two be turned against each other.
            turnings = tuple(t * columns for t in turnings)
            found = [f * columns for f in found]
        sizes = [*self.raws]
        for index, g, (_, y), turned in zip((0, 2), self.given, self.pairs, turnings, strict=True):
            slots = self._slopes(index, g, np.matmul(y, turned))
            for i, slot in ((0, slots[0]), (1, slots[2])):
                if slot is not None:
                    n = slot if i == 0 else transposed(slot)
                    found[i] = found[i] + np.matmul(transposed(self.pairs[i][1]), n)
                    sizes.append(as_raw(n))
        self._check(found, sizes, floor)

    def _check(self, products: list[Array], sizes: list[Raw], floor: float) -> None:
        basis, what = self.basis, "derivative of singular vectors"
        left, right = (skew(p) for p in products)
        both = self.zero[..., None, :] * self.zero[..., :, None]
        for ask in (left + right, left * both):
            if self.stand:
                self.down.refuse_placeholder(basis, ask, what)
            else:
                basis.refuse_asked(ask, what, *sizes, floor=floor)

    def _check_outside(self, floor: float) -> None:
        size = max(*(largest(g) for g in self.raws), floor)
        for g, y in self.pairs:
            if y.shape[-2] > y.shape[-1]:
                self._check_zero(g - np.matmul(y, np.matmul(transposed(y), g)), size)

    def _check_zero(self, ask: Array, size: float) -> None:
        """Raise unless the columns at singular values 0 vanish."""
        if self.stand:
            found = self.down.depends(ask * self.zero[..., None, :])
        else:
            found = not self.basis.vanishes_at_zero(abs(ask).max(axis=-2), size)
        if found:
            raise self.basis.refuse_zero("derivative of singular vectors")


class Limits(NamedTuple):
    """Limits inside clusters and at 0, and what they are judged by."""

    even: Array
    odd: Array
    left: Array | None
    right: Array | None
    asked: Array
    own: Array
    slopes: tuple[Array, Array]


def summed(parts: Sequence[Array | None]) -> Array | None:
    """The sum of arrays, None if there are none."""
    return None if parts[0] is None else reduce(operator.add, parts)


class _Parts:
    """The gradient U core Vᵀ + outside_u Vᵀ + U outside_vᵀ, with limits where it is 0/0."""

    def __init__(self, gu: Array, gv: Array, u: Array, s: Array, v: Array, basis: Basis) -> None:
        self.u, self.s, self.v, self.basis = u, s, v, basis
        skew_u = skew(np.matmul(transposed(u), gu))
        skew_v = skew(np.matmul(transposed(v), gv))
        zero = basis.zero.astype(basis.values.dtype)
        self.zero = backend.array_like(zero, as_raw(s))
        self.both = backend.array_like(zero[..., None, :] * zero[..., :, None], as_raw(s))
        self.total = np.expand_dims(s, -2) + np.expand_dims(s, -1)
        apart = basis.apart(s)
        core = (skew_u + skew_v) * apart / (differences(s) + (1 - apart))
        core = core + (skew_u - skew_v) * (1 - self.both) / (self.total + self.both)
        self.core = core * 0.5
        self.outside = [self._left_over(g, y) for g, y in ((gu, u), (gv, v))]

    def _left_over(self, g: Array, y: Array) -> Array | None:
        """What of a tall U's (a wide Vh's) cotangent lies outside its columns, by its value."""
        if y.shape[-2] <= y.shape[-1]:
            return None
        rest = g - np.matmul(y, np.matmul(transposed(y), g))
        scale = np.expand_dims((1 - self.zero) / (self.s + self.zero), -2)
        return rest * scale

    def add_limits(
        self, down: Downstream, gs: Array, order: Order, used: bool, stand: bool
    ) -> None:
        """Add the values' cotangents, and the limits of all quotients that are 0/0 here."""
        basis = self.basis
        self.core = self.core + np.expand_dims(gs, -2) * eye_like(self.core)
        places = range(1, int(basis.places.max()) + 1)
        found = [self._at_place(down, gs, place) for place in places]
        terms = [each for each in found if each is not None]
        if terms:
            asked = sum(as_raw(each.asked) for each in terms)
            sizes = [as_raw(gs), *(as_raw(n) for each in terms for n in each.slopes)]
            basis.refuse_asked(asked, "derivative of singular vectors", *sizes, floor=order.floor)
        if (used or stand) and not order.taken:
            self._refuse_kink(down, gs, sum((each.own for each in terms), gs * 0), stand)
        if terms:
            self._add(
                down,
                [summed(parts) for parts in zip(*(each[:4] for each in terms), strict=True)],
                order.taken,
            )

    def _at_place(self, down: Downstream, gs: Array, place: int) -> Limits | None:
        """What the values at one place of their clusters contribute."""
        basis = self.basis
        mine = (basis.places == place).astype(basis.values.dtype)
        n_u, _, n_vh = down.slopes(1, gs, backend.array_like(mine, as_raw(gs)), down.last)
        if n_u is None and n_vh is None:
            return None
        u, v = (as_raw(self.u), as_raw(self.v)) if down.last else (self.u, self.v)
        n_u = as_raw(u) * 0 if n_u is None else n_u
        n_v = as_raw(v) * 0 if n_vh is None else transposed(n_vh)
        p, q = np.matmul(transposed(u), n_u), np.matmul(transposed(v), n_v)
        zero = self._column(place) * self.zero[..., None, :]
        return Limits(
            skew(p + q) * basis.inside(place, -1, p) * 0.25,
            skew(p - q) * basis.inside(place, 1, p) * self.both * 0.25,
            (n_u - np.matmul(u, p)) * zero if u.shape[-2] > u.shape[-1] else None,
            (n_v - np.matmul(v, q)) * zero if v.shape[-2] > v.shape[-1] else None,
            skew(p + q),
            diagonal_of(p) * zero[..., 0, :],
            (n_u, n_v),
        )

    def _column(self, place: int) -> Raw:
        """1 for the columns at one place of their clusters."""
        mine = (self.basis.places == place).astype(self.basis.values.dtype)
        return backend.array_like(mine[..., None, :], as_raw(self.s))

    def _refuse_kink(self, down: Downstream, gs: Array, euler: Array, stand: bool) -> None:
        """A value 0 is a kink unless its cotangent changes sign with its vector."""
        basis, what = self.basis, "derivative of a function of singular values and vectors"
        if basis.has_zero and stand and down.depends((gs - euler) * self.zero):
            raise basis.refuse_zero(what)
        if not basis.vanishes_at_zero(as_raw(gs - euler), largest(as_raw(gs))):
            raise basis.refuse_zero(what)

    def _add(self, down: Downstream, limits: list[Array | None], taken: bool) -> None:
        """Add limits N'(0) of quotients N(t)/t, and -t N''(0)/2, which the next derivative sees."""
        basis, count, s = self.basis, int(self.basis.places.max()), self.s
        final = down.last or taken

        def bent(limit: Array, weights: Callable[[int], Raw], distance: Array) -> Array:
            if final or not isinstance(limit, Variable):
                return limit
            bends = down.bends(1, limit, count, basis.places)
            return limit - distance * sum(b * weights(i) for i, b in enumerate(bends, 1))

        def between(place: int, sign: int) -> Raw:
            return basis.inside(place, sign, as_raw(s)) * 0.25

        def beyond(place: int) -> Raw:
            return self._column(place) * self.zero[..., None, :] * 0.5

        even, odd, *outside = limits
        self.core = self.core + bent(even, lambda i: between(i, -1), differences(s))
        self.core = self.core + bent(odd, lambda i: between(i, 1) * self.both, self.total)
        for i, rest in enumerate(outside):
            if rest is not None:
                self.outside[i] = self.outside[i] + bent(rest, beyond, np.expand_dims(s, -2))

    def gradient(self) -> Array:
        u, v, (left, right) = self.u, self.v, self.outside
        gx = sandwiched(u, Limit(self.basis)(self.core), transposed(v))
        if left is not None:
            gx = gx + np.matmul(left, transposed(v))
        if right is not None:
            gx = gx + np.matmul(u, transposed(right))
        return gx


def _vectors_gradient(gu: Array, gv: Array, u: Array, s: Array, v: Array) -> Array:
    """Cotangent of x from those of U and V (Townsend, 2016)."""
    same = eye_like(s)
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
    """y = U diag(g) Vᵀ, the derivative of a function of the singular values of x.

    Recorded only where none are equal, or 0.
    """

    __slots__ = ("basis",)
    keep = (0, 1)

    def __init__(self, basis: Basis) -> None:
        self.basis = basis

    def forward(self, x: Raw, g: Raw) -> Raw:
        u, v = self.basis.vectors
        return with_values(u, g, transposed(v))

    def backward(self, gy: Array, x: Array, g: Array) -> Cotangents:
        if isinstance(x, Variable):
            # Recorded, the vectors have to depend on x: its own decomposition once more.
            u, s, vh = Svd()(x)
            return _values_second(gy, g, u, s, transposed(vh))
        u, v = self.basis.vectors
        return _values_second(gy, g, u, backend.array_like(self.basis.values, g), v)


def _values_second(gy: Array, g: Array, u: Array, s: Array, v: Array) -> tuple[Array, Array]:
    """Cotangents of x and g from that of U diag(g) Vᵀ."""
    p, same = sandwiched(transposed(u), gy, v), eye_like(s)
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
