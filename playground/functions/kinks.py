"""Second derivatives where a distance is 0: of |x|, of norms, of hypot.

A distance r = |x| has no derivative at x = 0. A function f(r) may have two: its gradient, which
is f'(r) x / r, is 0 there, and the derivative of that is the limit of f'(r) / r, by l'Hospital's
rule f''(0) if f'(0) is 0. The graph knows f' as the cotangent that arrives at r, and so f'' by one
more pass, from that cotangent back to r. Where f'(0) is not 0, or the cotangent depends on more
than r, there is no second derivative, and what is asked for it is NaN.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from playground.graph import backend
from playground.graph.backprop import leading_to, nodes_above, propagate
from playground.graph.config import config
from playground.graph.op import Op, Unary, as_raw
from playground.graph.types import Array, Axis, Function, Node, Operand, Raw
from playground.graph.variable import Variable

# Two passes of different weights agree on a diagonal up to rounding.
ROUNDING = 1e-4


class Undefined(Unary):
    """y = x; where the mask is set, the derivative that is asked for after ``spare`` more is NaN.

    Along ``axes`` that of one element is NaN in all.
    """

    __slots__ = ("axes", "mask", "spare")
    keep = (0,)

    def __init__(self, mask: Raw, spare: int = 0, axes: Axis = ()) -> None:
        self.mask, self.spare, self.axes = mask, spare, axes

    def forward(self, x: Raw) -> Raw:
        # The mask may have lanes that x has not: y has them then, so that its gradient may.
        return np.where(self.mask, x, x)

    def backward(self, gy: Array, x: Array) -> Array:
        recorded = isinstance(gy, Variable)
        if self.spare:
            return Undefined(self.mask, self.spare - 1, self.axes)(gy) if recorded else gy
        lost = Lost(self.mask, self.axes)(gy)
        if not recorded:
            return lost
        # What does not exist has no derivative either: a term that is 0, and has none.
        nothing = Undefined(self.mask, 0, self.axes)(x) - as_raw(x)
        return lost + nothing * (as_raw(gy) != 0)


class Lost(Unary):
    """y = x; where the mask is set and x is not 0, NaN: the product with what does not exist.

    It is linear, so that it is its own derivative.
    """

    __slots__ = ("axes", "mask")

    def __init__(self, mask: Raw, axes: Axis) -> None:
        self.mask, self.axes = mask, axes

    def forward(self, x: Raw) -> Raw:
        size = abs(x) if self.axes == () else abs(x).sum(axis=self.axes, keepdims=True)
        return np.where(self.mask & (size != 0), np.ones_like(x) * math.nan, x)

    def backward(self, gy: Array, x: Array) -> Array:
        return Lost(self.mask, self.axes)(gy)


def undefined(x: Array, mask: Raw | None, axes: Axis = ()) -> Array:
    """x, with the derivative NaN where the mask is set, if there is one."""
    return x if mask is None else Undefined(mask, 0, axes)(x)


class AtRest(NamedTuple):
    """What a recorded backward adds at distances 0: the factor of x, and where there is none."""

    factor: Array
    undefined: Raw | None = None


def at_rest(op: Op, gy: Array, r: Array, smooth: bool = False) -> AtRest | None:
    """The term that the backward of a distance r lacks where r is 0; None where there is none.

    Args:
        op: the operation that computes r.
        gy: the cotangent of r, recorded.
        smooth: whether a slope f'(0) of its own is nothing to complain of, as it is for functions
            that are linear on both sides: their second derivative is set to 0, as beside it.
    """
    distance, slope = as_raw(r), as_raw(gy)
    if distance.dtype.kind != "f" or backend.is_symbolic(distance) or backend.is_symbolic(slope):
        return None
    zero = distance == 0
    if not backend.anywhere(zero):
        return None
    if config._transposed:
        slope = _placeholders(gy, zero)
    level = zero & (slope == 0)
    nowhere = zero & (slope != 0) & (not smooth)
    factor = None
    if gy.requires_grad and gy.node.creator is not None:
        factor, doubtful = _curvature(op, gy, zero if smooth else level)
        nowhere = np.maximum(nowhere, doubtful & level)
    if not backend.anywhere(nowhere):
        return None if factor is None else AtRest(factor)
    if factor is None:
        factor = Variable(np.zeros_like(slope), requires_grad=False)
    # Any factor will do there that is not 0: the derivative is NaN, and the value 0.
    # Of placeholders it is one of them, which a jvp differentiates by.
    return AtRest(_chosen(nowhere, gy if config._transposed else 1.0, factor), nowhere)


def _placeholders(gy: Variable, zero: Raw) -> Raw:
    """The slope f'(0) where a cotangent is 0 as it stands for all: not 0 if it depends on them.

    It is linear in them, so that nothing else has a derivative of it there that is not 0.
    """
    if not gy.requires_grad:
        return gy._array
    seed = np.where(zero, np.ones_like(gy._array), np.zeros_like(gy._array))
    leaves = propagate([(gy.node, seed)])
    used = any(backend.anywhere(as_raw(g) != 0) for g in leaves.values())
    return gy._array + (seed if used else 0 * seed)


def _curvature(op: Op, gy: Variable, places: Raw) -> tuple[Variable | None, Raw]:
    """The derivative of gy along r at the places, and at which of them that is not all there is."""
    none = places & (places != places)
    if not backend.anywhere(places):
        return None, none
    twins = _twins(op, gy.node)
    slope = gy.array
    zeros, ones = np.zeros_like(slope), np.ones_like(slope)
    # Weights that no sum of others repeats: what is not a diagonal shows by the difference.
    count = np.arange(math.prod(slope.shape), like=backend.base_of(slope)).reshape(slope.shape)
    weights, control = ((np.cos(count * k) * 0.25 + 1).astype(slope.dtype) for k in (1.7, 2.3))
    plain, others = _pass(gy.node, np.where(places, control * ones, zeros), twins, False)
    if others:
        return None, places
    if plain is None:
        return None, none
    seed = Variable(np.where(places, weights * ones, zeros), requires_grad=False)
    weighted, _ = _pass(gy.node, seed, twins, True)
    coupled = (places == 0) & (plain != 0)
    if weighted is None or backend.level_of(plain) is not backend.level_of(slope):
        return None, places
    if backend.anywhere(coupled):
        return None, places
    found = as_raw(weighted)
    with np.errstate(invalid="ignore"):
        diagonal = abs(found * control - weights * plain) <= ROUNDING * abs(found)
    # An infinite second derivative leaves NaN here, which is not small either.
    doubtful = places & (diagonal == 0)
    factor = _chosen(places & diagonal, weighted / weights, 0.0)
    return _limited(factor, twins, places, ones), doubtful


def _limited(factor: Variable, twins: set[Function], places: Raw, ones: Raw) -> Variable:
    """The factor, with no more derivatives along r than those which it shares with f'(r) / r.

    Where f'' is a + b r + c r^2 / 2, that is a + b r / 2 + c r^2 / 6: b has to be 0, for r has no
    derivative, and for c the factor is another function.
    """
    if factor.node.creator is None:
        return factor
    slope, _ = _pass(factor.node, ones, twins, False)
    if slope is None:
        return factor
    factor = Undefined(places, 2)(factor)
    bends = places & (slope != 0)
    return Undefined(bends)(factor) if backend.anywhere(bends) else factor


def _chosen(condition: Raw, x: Operand, y: Operand) -> Variable:
    """``numpy.where`` of Variables; F's own is built on what is below here."""
    chosen: Any = np.where(condition, x, y)
    return chosen


def _twins(op: Op, node: Node) -> set[Function]:
    """The operation, and those above the node that compute the same distance again."""
    # Below a selection a copy stands for the operation, and reads a copy of its input.
    known = getattr(op, "stands_for", op)
    twins: set[Function] = {op, known}
    above: set[Any] = {x.creator for x in nodes_above([node]) if x.creator is not None}
    # By rank, for what lifts a distance to lanes stands above it: there the lanes are apart still.
    for other in sorted(above, key=lambda function: function.rank):
        if type(other) is type(op):
            same = all(a is b for a, b in zip(other.inputs, known.inputs, strict=True))
            if same and getattr(other, "setting", None) == getattr(op, "setting", None):
                twins.add(other)
        elif getattr(other, "lifts", False) and other.inputs[0].creator in twins:
            twins.add(other)
    return twins


def _pass(
    node: Node, seed: Array, twins: set[Function], recorded: bool
) -> tuple[Array | None, bool]:
    """What reaches the distance from a node, and whether something reaches x by another way."""
    # Once a function, whose cotangent is complete, however many nodes stand for its output.
    found: dict[Any, Array] = {}
    others: list[Array] = []
    inputs = {x for twin in twins for x in twin.inputs if x.creator not in twins}
    # Whatever x was computed from: a cotangent that arrives there has not come by the distance.
    origins = set(nodes_above(inputs))

    def observe(node: Node, cotangent: Array) -> None:
        creator = node.creator
        if creator in twins:
            found[creator] = cotangent
        elif node in origins:
            others.append(as_raw(cotangent) != 0)
        elif hasattr(creator, "distance"):
            # Another one that is 0 hides, by a gradient set to 0, what comes through it.
            others.append((as_raw(cotangent) != 0) & (creator.distance() == 0))

    nodes = list(nodes_above([node]))
    above = {x.creator for x in nodes if x.creator is not None}
    ends = twins | {x.creator for x in inputs if x.creator is not None}
    needed = leading_to({x for x in nodes if x.creator in twins}, above) if recorded else above
    propagate([(node, seed)], recorded, observe, needed | twins, ends)
    total = None
    for cotangent in found.values():
        total = cotangent if total is None else total + cotangent
    return total, any(backend.anywhere(x) for x in others)
