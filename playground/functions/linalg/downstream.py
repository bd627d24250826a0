"""What the values and vectors of a decomposition are used for, as its own backward can ask it.

At equal values the cotangents alone do not say what the derivative is: of f(A) = V diag(f(w)) Vᵀ
the quotient (f(wⱼ) - f(wᵢ))/(wⱼ - wᵢ) is 0/0 there, and its limit by de l'Hospital's rule is the
derivative of the numerator, a cotangent, by w. In a recorded pass cotangents are Variables, so that
this derivative is one more pass back, from a cotangent to the decomposition's own outputs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from playground.functions.array import reshape, stack
from playground.functions.lanes import _all_levels, _shown
from playground.functions.linalg.clusters import Basis, largest
from playground.graph import backend
from playground.graph.backprop import leading_to, nodes_above, propagate
from playground.graph.config import config
from playground.graph.op import Op, Unary
from playground.graph.types import Array, Function, HostArray, Node, Raw
from playground.graph.variable import Variable, as_variable


class Limit(Unary):
    """y = x, which holds limits at a cluster: marks what has been differentiated there before."""

    __slots__ = ("basis",)

    def __init__(self, basis: Basis) -> None:
        self.basis = basis

    def forward(self, x: Raw) -> Raw:
        return x

    def backward(self, gy: Array, x: Array) -> Array:
        return gy


class Downstream:
    """The function of one decomposition's outputs that a recorded pass back has come from.

    Args:
        op: the decomposition; its outputs are where all passes end.
        ndims: the axes of its outputs, without lanes of this pass.
    """

    def __init__(self, op: Op, ndims: Sequence[int]) -> None:
        self.op, self.ndims = op, ndims
        # Nothing will differentiate what a raw pass finds in the end.
        self.last = config._last

    def stands_for_all(self, *cotangents: Array | None) -> bool:
        """Whether cotangents that are all 0 hang on something that is not.

        A pass that is recorded only to be transposed, for a jvp, has such ones.
        """
        given = [g for g in cotangents if g is not None and g.requires_grad]
        if any(largest(g._array) for g in given):
            return False
        return any(self.size_elsewhere(g, np.ones_like(g._array)) for g in given)

    def limits_taken(self, basis: Basis, *cotangents: Array) -> bool:
        """Whether the cotangents are themselves derivatives of limits at the same clusters."""
        nodes = [g.node for g in cotangents if g is not None]
        return any(
            isinstance(node.creator, Limit) and node.creator.basis is basis
            for node in nodes_above(nodes)
        )

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
            needed | {self.op},
            {self.op},
        )
        slots = [found.get(i) for i in range(len(self.ndims))]
        levels = _all_levels([slot for slot in slots if slot is not None])
        return [_shown(slot, levels) for slot in slots]

    def _needed(self, top: Node) -> set[Function]:
        """The functions between the outputs and a cotangent that depends on them."""
        above = {node.creator for node in nodes_above([top]) if node.creator is not None}
        needed: set[Function] = set()
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
        above = {node.creator for node in nodes_above([first.node]) if node.creator is not None}
        needed = leading_to({dual.node}, above)
        found = []
        for place in range(1, counts + 1):
            seed = backend.array_like((places == place).astype(first.dtype), first._array)
            start = np.broadcast_to(seed, first.shape) + np.zeros_like(first._array)
            start = Variable(start, requires_grad=False)
            leaves = propagate([(first.node, start)], True, None, needed)
            found.append(leaves.get(dual.node, zeros))
        return found

    def size_elsewhere(self, g: Variable, seed: Raw) -> float:
        """The size of the derivatives of sum(seed · g) by all but the outputs."""
        start = np.broadcast_to(seed, g.shape) + np.zeros_like(g._array)
        # Only a pass that tells of its nodes can be ended anywhere.
        leaves = propagate([(g.node, start)], False, lambda node, cotangent: None, None, {self.op})
        return max((largest(c) for c in leaves.values()), default=0.0)
