"""What the values and vectors of a decomposition are used for, as its own backward can ask it.

At equal values the cotangents alone do not say what the derivative is: of f(A) = V diag(f(w)) Vᵀ
the quotient (f(wⱼ) - f(wᵢ))/(wⱼ - wᵢ) is 0/0 there, and its limit by de l'Hospital's rule is the
derivative of the numerator, a cotangent, by w. In a recorded pass cotangents are Variables, so that
this derivative is one more pass back, from a cotangent to the decomposition's own outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar, NamedTuple
from weakref import ref

import numpy as np

from playground.functions.array import reshape, stack
from playground.functions.lanes import OverMatrices, _all_levels, _shown
from playground.functions.linalg.clusters import Basis, DeadEnd, largest
from playground.functions.linalg.matrices import diagonal_of, eye_like, skew, transposed
from playground.graph import backend
from playground.graph.backprop import NeedsRecording, leading_to, nodes_above, propagate
from playground.graph.config import config
from playground.graph.errors import DegenerateEigenvalueError
from playground.graph.op import Unary, as_raw
from playground.graph.types import Array, Function, HostArray, Node, Raw
from playground.graph.variable import Variable, as_variable


class Limit(Unary):
    """y = x: marks what a derivative at a cluster is made of, ``taken`` if it holds limits."""

    __slots__ = ("basis", "taken")

    def __init__(self, basis: Basis, taken: bool = True) -> None:
        self.basis, self.taken = basis, taken

    def forward(self, x: Raw) -> Raw:
        return x

    def backward(self, gy: Array, x: Array) -> Array:
        # Marked itself: a pass forward through this one, of a jvp, is its transpose.
        return Limit(self.basis, self.taken)(gy)


class Given(Unary):
    """y = x, a matrix's gradient: of what another decomposition asks, it is a constant.

    Where that matrix is a function of the other one, f(B(A)), the derivative is B'(A) applied to
    f'(B), whatever this is: a limit is one of B alone, so that each decomposition needs no more
    than the orders it has by itself.
    """

    __slots__ = ()

    def forward(self, x: Raw) -> Raw:
        return x

    def backward(self, gy: Array, x: Array) -> Array:
        return gy


class Decomposition(OverMatrices):
    """Base of what takes a matrix apart into values and vectors."""

    __slots__ = ("basis",)
    indivisible: ClassVar[bool] = True
    # Which outputs are what.
    value_output: ClassVar[int]
    vector_outputs: ClassVar[tuple[int, ...]]
    basis: Basis

    def meets(self) -> bool:
        """Whether a derivative has quotients 0/0 here."""
        return self.basis.has_clusters

    def record_if_met(self, used: bool) -> None:
        """Ask for a recorded pass where limits are to be taken; ``used`` says of the vectors.

        Of values alone none are, unless another decomposition has the vectors beside them. Whether
        there are clusters is looked at last: it takes as long as a small decomposition.
        """
        if (used or len(_known) > 1) and self.meets() and (used or strangers(self)):
            raise NeedsRecording(as_variable)


class Order(NamedTuple):
    """Whether cotangents are derivatives of limits, and the size of terms that cancel in them."""

    taken: bool
    floor: float


class Downstream:
    """The function of one decomposition's outputs that a recorded pass back has come from.

    Args:
        op: the decomposition; its outputs are where all passes end.
        beside: another one, whose outputs they do not pass either.
    """

    def __init__(self, op: Decomposition, beside: Decomposition | None = None) -> None:
        ndim = op.basis.values.ndim + 1
        self.op = op
        self.ndims = [ndim - (i == op.value_output) for i in range(op.output_count)]
        self.ends: set[Function] = {op} if beside is None else {op, beside}
        # Nothing will differentiate what a raw pass finds in the end.
        self.last = config._last
        # A cotangent 0 stands for all others where a pass is recorded only to be transposed (jvp).
        self.placeholders = config._transposed and not config._last

    def vectors_used(self) -> bool:
        """Whether the vectors live: they may be used where their cotangents are 0."""
        return any(self.op.outputs[i]() is not None for i in self.op.vector_outputs)

    def stands_for_all(self, *cotangents: Array | None) -> bool:
        """Whether cotangents that are all 0 stand for others, and hang on something."""
        if not self.placeholders:
            return False
        given = [g for g in cotangents if g is not None and g.requires_grad]
        if any(largest(g._array) for g in given):
            return False
        return any(self.size_elsewhere(g, np.ones_like(g._array)) for g in given)

    def order(self, *cotangents: Array) -> Order:
        """What the cotangents are themselves derivatives of, at the same clusters."""
        basis, nodes = self.op.basis, [g.node for g in cotangents if g is not None]
        found = {
            node.creator.taken
            for node in nodes_above(nodes)
            if isinstance(node.creator, Limit) and node.creator.basis is basis
        }
        return Order(True in found, basis.cancelled if found else 0.0)

    def slopes(self, index: int, g: Variable, seed: Raw, last: bool) -> list[Array | None]:
        """Derivatives of sum(seed · g) by the outputs; g is the cotangent of output ``index``.

        They are Variables, unless it is the ``last`` derivative.
        """
        if not g.requires_grad:
            return [None] * len(self.ndims)
        lead = g.shape[: g.ndim - self.ndims[index]]
        if not lead or config._lift is None:
            return self._pass(g, seed, last)
        # Where lanes are recorded what comes from them is summed: each by itself, then.
        found = []
        for lane in np.ndindex(lead):
            only = np.zeros((*lead, *(1 for _ in range(self.ndims[index]))), g.dtype)
            only[lane] = 1
            found.append(self._pass(g, backend.array_like(only, g._array) * seed, last))
        joined: list[Array | None] = []
        for parts in zip(*found, strict=True):
            if any(part is None for part in parts):
                joined.append(None)
                continue
            together = stack([as_variable(part) for part in parts])
            together = reshape(together, (*lead, *parts[0].shape))
            joined.append(together._array if last else together)
        return joined

    def _pass(self, g: Variable, seed: Array, last: bool) -> list[Array | None]:
        found: dict[int, Array] = {}

        def observe(node: Node, cotangent: Array) -> None:
            if node.creator is self.op:
                found[node.output_index] = cotangent

        needed = self._needed(g.node)
        if g.node.creator not in needed:
            return [None] * len(self.ndims)
        start = seed
        if not isinstance(seed, Variable):
            start = np.broadcast_to(seed, g.shape) + np.zeros_like(g._array)
            start = start if last else Variable(start, requires_grad=False)
        # The outputs' own function is told of, and not passed.
        propagate(
            [(g.node, start)],
            not last,
            observe,
            needed | self.ends,
            self.ends,
        )
        slots = [found.get(i) for i in range(len(self.ndims))]
        levels = _all_levels([slot for slot in slots if slot is not None])
        return [_shown(slot, levels) for slot in slots]

    def _needed(self, top: Node) -> set[Function]:
        """The functions between the outputs and a cotangent that depends on them."""
        needed: set[Function] = set()
        above = {f for f in _creators(top) - self.ends if not _given(f, Given)}
        for function in sorted(above, key=lambda function: function.rank):
            creators = [node.creator for node in function.inputs or ()]
            if any(creator is self.op or creator in needed for creator in creators):
                needed.add(function)
        return needed

    def bends(self, index: int, limits: Variable, counts: int, places: HostArray) -> list[Array]:
        """Derivatives of limits by the values (output ``index``), those of each place in a cluster.

        The pass back is linear in its cotangent: its derivative by that is the one forward.
        """
        dual = Variable(np.zeros_like(limits._array))
        first = self._pass(limits, dual, False)[index]
        zeros = np.zeros_like(limits._array)
        if first is None or not first.requires_grad:
            return [zeros] * counts
        needed = leading_to({dual.node}, _creators(first.node))
        found = []
        for place in range(1, counts + 1):
            seed = backend.array_like((places == place).astype(first.dtype), first._array)
            start = np.broadcast_to(seed, first.shape) + np.zeros_like(first._array)
            start = Variable(start, requires_grad=False)
            leaves = propagate([(first.node, start)], True, None, needed)
            found.append(leaves.get(dual.node, zeros))
        return found

    def size_elsewhere(self, g: Variable, seed: Raw) -> float:
        """The size of the derivatives of sum(seed · g) by all but outputs of decompositions."""
        start = np.broadcast_to(seed, g.shape) + np.zeros_like(g._array)
        ends = {self.op, *(f for f in _creators(g.node) if _given(f, DeadEnd))}
        # Only a pass that tells of its nodes can be ended anywhere.
        leaves = propagate([(g.node, start)], False, lambda node, cotangent: None, None, ends)
        return max((largest(c) for c in leaves.values()), default=0.0)

    def refuse_turned(self, g: Array, what: str, floor: float = 0.0) -> None:
        """Raise where the gradient inside clusters changes as the vectors turn there.

        It is V core Vᵀ, the core made of the values' cotangents g and of limits. All of them may
        exist and yet be those of one basis, where a function has no derivative: of
        w[0] v[0, 0]**2, or of the largest value and a function of the vectors together.
        """
        basis, like = self.op.basis, as_raw(g)
        host = np.abs(basis.turning) + np.diag(np.cos(np.arange(basis.values.shape[-1])))
        weights = backend.array_like(host.astype(basis.values.dtype), like)
        # Along a turn T, sum(weights · core) changes by <along, T>: by the vectors on both sides
        # of the core, by those in the limits, and by what limits and cotangents depend on.
        core: Array = np.expand_dims(g, -2) * eye_like(weights)
        slots = [self.slopes(self.op.value_output, g, diagonal_of(weights), False)]
        along, sizes, limits = _commutator(weights, core), [like], None
        for place, product in self._turned_by_place(g):
            inside = basis.inside(place, -1, product) * 0.25
            term = skew(product) * inside
            limits = term if limits is None else limits + term
            along = along - np.matmul(product, weights * inside) * 2
            sizes.append(as_raw(product))
        if limits is not None:
            along = along + _commutator(weights, limits)
            slots.append(self.slopes(self.op.vector_outputs[0], limits, weights, False))
        for slot in slots:
            product = _turned(self.op, slot)
            if product is not None:
                along = along + product
                sizes.append(as_raw(product))
        basis.refuse_asked(as_raw(skew(along)), what, *sizes, floor=floor)
        if self.placeholders and not largest(like):
            self.refuse_placeholder(basis, skew(along), what)

    def _turned_by_place(self, g: Array) -> Iterator[tuple[int, Array]]:
        """How the cotangents of values change along a turn, by place in the cluster."""
        for place in range(1, int(self.op.basis.places.max()) + 1):
            seed = (self.op.basis.places == place).astype(self.op.basis.values.dtype)
            like = as_raw(g)
            slots = self.slopes(self.op.value_output, g, backend.array_like(seed, like), False)
            product = _turned(self.op, slots)
            if product is not None:
                yield place, product

    def refuse_placeholder(self, basis: Basis, ask: Variable, what: str) -> None:
        """Raise where what must vanish inside clusters does for a cotangent 0 alone."""
        weights = backend.array_like(basis.turning, ask._array)
        if self.depends(ask * basis.inside_clusters(ask), weights):
            raise basis.refuse(what)

    def depends(self, ask: Variable, weights: Raw | None = None) -> bool:
        """Whether something depends on cotangents that stand for all others."""
        if weights is None:
            # Any would do that a function does not single out by chance.
            numbers = np.random.default_rng(0).uniform(0.5, 1.5, ask.shape[-2:])
            weights = backend.array_like(numbers.astype(ask.dtype), ask._array)
        return self.size_elsewhere(ask, weights) > self.op.basis.rounding(1.0)


def _meeting(nodes: Iterable[Node]) -> Iterator[Decomposition]:
    """Decompositions at clusters that nodes were computed from."""
    for node in nodes_above(nodes):
        if isinstance(node.creator, Decomposition) and node.creator.meets():
            yield node.creator


def _creators(top: Node) -> set[Function]:
    """The functions that a node came of."""
    return {node.creator for node in nodes_above([top]) if node.creator is not None}


def _given(function: Function, kind: type[Function]) -> bool:
    """Whether a function is a decomposition at clusters, or of a kind."""
    if isinstance(function, Decomposition):
        return function.meets()
    return isinstance(function, kind)


@contextmanager
def no_others_below(op: Decomposition, *cotangents: Array | None) -> Iterator[None]:
    """Say of a refusal what is true where another decomposition at a cluster came of this one.

    Its matrix may depend on the basis that was chosen here, though what came of it does not.
    """
    try:
        yield
    except DegenerateEigenvalueError as error:
        nodes = [g.node for g in cotangents if g is not None]
        alone = all(other is op for other in _meeting(nodes))
        if alone or "not computed" in error.reason:
            raise
        what = "derivative through a decomposition of what came of another one"
        reason = (
            "and the function, or the second one's matrix, depends on the basis chosen there: of "
            "the first it does not exist, of the second it is not computed (make that matrix of "
            "products that are the same in every basis, as V diag(f(w)) Vᵀ is); else"
        )
        raise DegenerateEigenvalueError(
            what, error.indices, error.gap, error.batch, reason
        ) from None


# Decompositions that live, by id: a WeakSet must not grow while another thread looks at it.
_known: dict[int, ref[Decomposition]] = {}


def remember(op: Decomposition) -> None:
    """Tell other decompositions of this one."""
    key = id(op)
    _known[key] = ref(op, lambda _: _known.pop(key, None))


def strangers(op: Decomposition) -> list[Decomposition]:
    """Other decompositions at clusters whose vectors are used."""
    return [
        other
        for other in [known() for known in list(_known.values())]
        if other is not None
        and other is not op
        and hasattr(other, "outputs")
        and Downstream(other).vectors_used()
        and other.basis.has_clusters
    ]


def refuse_strangers(op: Decomposition, g: Variable, what: str) -> None:
    """Raise where the cotangent of values depends on a cluster's basis in another decomposition.

    Of w and v from two calls each has half of what the derivative of V diag(w) Vᵀ is made of.
    """
    if len(_known) < 2 or not op.meets():
        return
    try:
        _refuse_strangers(op, g, what)
    except DegenerateEigenvalueError as error:
        reason = (
            "and the vectors beside them are another decomposition's, where each has half of what "
            "the derivative is made of: take values and vectors from one call; else"
        )
        raise DegenerateEigenvalueError(
            what, error.indices, error.gap, error.batch, reason
        ) from None


def _refuse_strangers(op: Decomposition, g: Variable, what: str) -> None:
    for other in strangers(op):
        basis, down = other.basis, Downstream(other, beside=op)
        seed = np.cos(np.arange(g.shape[-1])).astype(g.dtype)
        weights = backend.array_like(basis.turning, as_raw(g))
        slots = down.slopes(other.value_output, g, backend.array_like(seed, as_raw(g)), False)
        products = _turned(other, slots)
        if products is None:
            continue
        slots = down.slopes(other.vector_outputs[0], skew(products), weights, False)
        along, beside = np.matmul(products, weights) * -2, _turned(other, slots)
        asks = [products, along if beside is None else along + beside]
        for ask in asks:
            basis.refuse_asked(as_raw(skew(ask)), what, *(as_raw(a) for a in asks))
            if down.placeholders and not largest(as_raw(g)):
                down.refuse_placeholder(basis, skew(ask), what)


def _commutator(a: Array, b: Array) -> Array:
    return np.matmul(a, b) - np.matmul(b, a)


def _turned(op: Decomposition, slots: Sequence[Array | None]) -> Array | None:
    """The derivative along a turn of all vectors of a decomposition, from those by its outputs."""
    total = None
    for i, vectors in zip(op.vector_outputs, op.basis.vectors, strict=True):
        n = slots[i]
        if n is not None:
            # Singular vectors on the right come as rows.
            n = transposed(n) if i == 2 else n
            term = np.matmul(transposed(vectors), n)
            total = term if total is None else total + term
    return total
