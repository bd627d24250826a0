"""The ways of a Variable into the lanes of a level and out of them.

A *level* is one hidden axis (that of the batched arrays in ``interpreters.batching``), a *lane* one
place along it. To *hide* is to take an array's leading axis as the lanes, to *show* the way back.
An array without the level stands for the same value in all lanes: to *lift* it gives it the lanes,
a view that costs nothing, and its gradient is the *total*, the sum over them.

These ways are operations: of two that lead back and forth each is the other's backward, so that
gradients of any order pass through ``vmap``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Protocol

import numpy as np

from playground.functions.array import stack
from playground.graph.backend import level_of
from playground.graph.function_node import FunctionNode
from playground.graph.op import Op, Unary
from playground.graph.types import Array, Cotangents, Raw
from playground.graph.variable import Variable

__all__ = ["OverMatrices", "hide", "lift", "show"]


class HiddenAxis(Protocol):
    """A level, as the operations know it: the same ways, of raw arrays."""

    size: int
    depth: int

    def hide(self, array: Raw) -> Raw: ...
    def show(self, array: Raw) -> Raw: ...
    def spread(self, array: Raw) -> Raw: ...
    def total(self, array: Raw) -> Raw: ...


class InLanes(Unary):
    """Base: an operation that knows a level."""

    __slots__ = ("level",)
    # These are the connections themselves: nothing is to be connected in between.
    keeps_lanes = True

    def __init__(self, level: HiddenAxis) -> None:
        self.level = level


class Hide(InLanes):
    """y = x (size, …), whose leading axis becomes the lanes of the level."""

    __slots__ = ()

    def forward(self, x: Raw) -> Raw:
        return self.level.hide(x)

    def backward(self, gy: Array, x: Array) -> Array:
        return Show(self.level)(gy)


class Show(InLanes):
    """y = x with the lanes of the level as its leading axis (size, …)."""

    __slots__ = ()

    def forward(self, x: Raw) -> Raw:
        return self.level.show(x)

    def backward(self, gy: Array, x: Array) -> Array:
        return Hide(self.level)(gy)


class Lift(InLanes):
    """y = x in all lanes, a view; the gradient is the sum over them."""

    __slots__ = ()
    lifts = True

    def forward(self, x: Raw) -> Raw:
        return self.level.spread(x)

    def backward(self, gy: Array, x: Array) -> Array:
        return Total(self.level)(gy)


class Total(InLanes):
    """y = the sum of x over the lanes."""

    __slots__ = ()

    def forward(self, x: Raw) -> Raw:
        return self.level.total(x)

    def backward(self, gy: Array, x: Array) -> Array:
        return Lift(self.level)(gy)


def levels(x: Array) -> list[HiddenAxis]:
    """The levels of an array or of a Variable's array, newest first."""
    found = []
    array: Raw = getattr(x, "_array", x)
    # A batched array holds that of the level below: from outside in, the newest comes first.
    while (level := level_of(array)) is not None:
        found.append(level)
        array = array.array
    return found


def lift(x: Variable, level: HiddenAxis) -> Variable:
    """x as a value of all lanes of the level; x itself if it has it."""
    return x if level in levels(x) else Lift(level).of(x)


def hide(x: Variable, level: HiddenAxis) -> Variable:
    """x (size, …) with its leading axis as the lanes of the level."""
    return Hide(level).of(x)


def show(x: Variable, level: HiddenAxis) -> Variable:
    """x with the lanes of the level as its leading axis; repeated, if it does not have them."""
    return Show(level).of(lift(x, level))


def _shown(x: Array | None, found: Sequence[HiddenAxis]) -> Array:
    """x, an array, a Variable or None, with the lanes of all levels in front."""
    for level in found:
        if x is not None:
            x = show(x, level) if isinstance(x, Variable) else level.show(x)
    return x


def _hidden(x: Array | None, found: Sequence[HiddenAxis]) -> Array:
    """The way back."""
    # Shown newest first, the oldest level's lanes stand in front, and are hidden first.
    for level in reversed(found):
        if x is not None:
            x = hide(x, level) if isinstance(x, Variable) else level.hide(x)
    return x


def _all_levels(xs: Iterable[Array]) -> list[HiddenAxis]:
    """The levels of several operands together, newest first."""
    found: set[HiddenAxis] = set()
    for x in xs:
        # Mostly there are none: the look at a host array must cost next to nothing.
        array = x._array if isinstance(x, Variable) else x
        if type(array) is not np.ndarray and level_of(array) is not None:
            found.update(levels(array))
    return sorted(found, key=lambda level: -level.depth) if found else []


class OverMatrices(Op):
    """Base of operations over leading axes (…, n, n) that have to see the numbers.

    They compute with the lanes as further leading axes: what they decide (whether eigenvalues are
    equal, whether a determinant is 0) they decide for each matrix.
    """

    __slots__ = ()

    def apply(self, inputs: Sequence[Array]) -> tuple[Variable, ...]:
        found = _all_levels(inputs)
        if not found:
            return super().apply(inputs)
        outputs = super().apply([_shown(x, found) for x in inputs])
        return tuple(_hidden(y, found) for y in outputs)

    def pull(self, gy: Cotangents) -> Cotangents:
        gys = gy if self.output_count > 1 else (gy,)
        found = _all_levels(gys)
        if not found:
            return super().pull(gy)
        shown = [_shown(g, found) for g in gys]
        # What the forward pass kept is broadcast against the lanes in front.
        gxs = self.backward(shown if self.output_count > 1 else shown[0], *self.arguments())
        return [_hidden(gx, found) for gx in Op.fitted(self, gxs)]

    def pull_recorded(self, gy: Cotangents) -> Cotangents:
        gys = gy if self.output_count > 1 else (gy,)
        found = _all_levels(gys)
        if not found:
            return super().pull_recorded(gy)
        shown = [_shown(g, found) for g in gys]
        arguments = [_shown(x, found) for x in self.recorded_arguments()]
        gxs = self.backward(shown if self.output_count > 1 else shown[0], *arguments)
        return [_hidden(gx, found) for gx in Op.fitted(self, gxs)]

    def of(self, *xs: Array) -> Variable:
        """Apply, for the one output."""
        return self.apply(xs)[0]


def over_lanes(function: FunctionNode, variables: list[Variable]) -> tuple[Variable, ...]:
    """A user's function of batched Variables: a copy of it for each lane, the results stacked.

    Its ``forward`` may do with arrays whatever it likes, and has to see those of one lane.
    """
    # One level at a time: in the loop ``apply`` meets the next one and comes here again.
    level = _all_levels(variables)[0]
    shown = [(show(x, level), True) if level in levels(x) else (x, False) for x in variables]
    # A copy a lane: a FunctionNode remembers its inputs, and serves one application only.
    results = [
        copy(function).apply([x[i] if has else x for x, has in shown]) for i in range(level.size)
    ]
    return tuple(hide(stack(ys), level) for ys in zip(*results, strict=True))


setattr(FunctionNode, "over_lanes", staticmethod(over_lanes))
