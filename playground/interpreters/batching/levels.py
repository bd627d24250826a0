"""Levels: the hidden axes, the ways of arrays into them and out, and what connects Variables.

A level is one ``vmap``, or one batched reverse pass. Levels nest as those do, and the newest is
outermost: an array of two levels is a Batched of the newer one that holds one of the older.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from itertools import count

import numpy as np

from playground.functions.lanes import HiddenAxis, Lift, levels
from playground.graph import backend
from playground.graph.config import config, using_own
from playground.graph.types import Node, Raw
from playground.graph.variable import Variable, VariableNode, constant_node
from playground.interpreters.batching.batched import Batched

__all__ = ["Level"]

_depths = count(1)


class Level:
    """One hidden axis of ``size`` lanes; newer than every level made before.

    ``apart`` says that of lanes that are the rows of an identity no zero is written down yet: none
    can have met an infinite derivative, 0 times which is NaN.
    """

    __slots__ = ("apart", "depth", "size")

    def __init__(self, size: int, apart: bool = False) -> None:
        self.size, self.apart = size, apart
        self.depth = next(_depths)

    def hide(self, array: Raw) -> Raw:
        """``array`` (size, …) as a batched array (…)."""
        if isinstance(array, Batched) and array.level.depth > self.depth:
            # The newer level stays outside: its lanes come first again.
            return Batched(self.hide(array.array.swapaxes(0, 1)), array.level)
        return Batched(array, self)

    def show(self, array: Raw) -> Raw:
        """A batched array (…) as (size, …); one without this level is repeated."""
        if isinstance(array, Batched):
            if array.level is self:
                return array.array
            if array.level.depth > self.depth:
                return Batched(self.show(array.array).swapaxes(0, 1), array.level)
        # A view of strides 0: what is the same in all lanes is not copied for them.
        return np.broadcast_to(array, (self.size, *array.shape))

    def spread(self, array: Raw) -> Raw:
        """``array`` in every lane, a view."""
        return self.hide(self.show(array))

    def total(self, array: Raw) -> Raw:
        """The sum over all lanes."""
        if isinstance(array, Batched):
            if array.level is self:
                return backend.as_array(array.array.sum(axis=0))
            if array.level.depth > self.depth:
                return Batched(self.total(array.array), array.level)
        # Without the level: the same value in each lane.
        return array * self.size

    def recording(self) -> AbstractContextManager[None]:
        """Context manager: what is recorded inside connects Variables without lanes by a sum.

        It belongs around user code that is batched, and around a recorded backward pass whose
        cotangents are.
        """
        outer = config._lift.levels if config._lift is not None else ()
        return using_own({"_lift": _Recording((*outer, self))})


class _Recording:
    """What connects operations to lanes while they are recorded; knows the levels around."""

    __slots__ = ("levels",)

    def __init__(self, levels: tuple[Level, ...]) -> None:
        self.levels = levels

    def __call__(
        self, nodes: Iterable[Node], arrays: Sequence[Raw], outputs: Sequence[Raw]
    ) -> list[Node]:
        """The nodes of an operation's inputs, each brought to the levels of its outputs.

        Between a node without a level and the operation stands then a :class:`Lift`, whose
        backward sums over the lanes.
        """
        nodes = list(nodes)
        if self._agree(nodes, arrays, outputs):
            return nodes
        wanted = {level for y in outputs for level in levels(y)}
        if not wanted:
            return nodes
        for i, (node, array) in enumerate(zip(nodes, arrays, strict=True)):
            if node.requires_grad and (missing := wanted - {*levels(array)}):
                # So that the newest level ends up outermost.
                oldest_first = sorted(missing, key=lambda level: level.depth)
                nodes[i] = LiftedNode.above(node, array, oldest_first)
        return nodes

    @staticmethod
    def _agree(nodes: Sequence[Node], arrays: Sequence[Raw], outputs: Sequence[Raw]) -> bool:
        """Whether all is plainly of one level, or has none: the frequent cases, told quickly."""
        y = outputs[0]
        if not isinstance(y, Batched):
            return len(outputs) == 1
        level = y.level
        if len(outputs) > 1 or isinstance(y.array, Batched):
            return False
        for node, array in zip(nodes, arrays, strict=True):
            if node.requires_grad and not (isinstance(array, Batched) and array.level is level):
                return False
        return True


class LiftedNode(VariableNode):
    """A node of an array without lanes that stands for a value in each.

    An operation's raw passes use the array as it is; recorded ones get it with the lanes, so that
    whatever they compute from it has them too: of a product of two such values each would
    otherwise be summed over the lanes, and the sum counted twice.
    """

    __slots__ = ("levels",)
    levels: Sequence[HiddenAxis]

    def _revive(self) -> Variable:
        variable = super()._revive()
        for level in self.levels:
            variable._array = level.spread(variable._array)
        return variable

    @staticmethod
    def above(node: Node, array: Raw, levels: Sequence[HiddenAxis]) -> Node:
        """A node behind ``node``, with a :class:`Lift` between them for each level."""
        for level in levels:
            function = Lift(level)
            function.inputs, function.rank = (node,), node.rank
            node = constant_node(array, LiftedNode)
            node.creator, node.rank, node.requires_grad = function, function.rank + 1, True
        node.levels = levels
        return node
