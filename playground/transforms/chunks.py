"""Very many entries taken a chunk at a time, the results written one behind the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

import playground.functions as F
from playground.graph.types import Array, Tree
from playground.graph.variable import Variable
from playground.transforms.values import leaves, rebuilt

__all__ = ["Chunks", "automatic_chunk", "part_of"]

# Elements of one argument in a chunk: intermediate results stay in the cache, and their memory is
# used again, where millions of elements would be fetched from the system page by page every time.
CHUNK_ELEMENTS = 1 << 16


def automatic_chunk(places: Iterable[Any], size: int, small: int) -> int:
    """How many entries to take at a time: all, unless they are very many small host arrays.

    ``places`` are leaves with ``value`` and ``axis``; an entry is small up to ``small`` elements.
    """
    lane = 1
    for place in places:
        if place.axis is not None:
            if type(place.value) is not np.ndarray:
                return size
            lane = max(lane, place.value.size // max(size, 1))
    step = CHUNK_ELEMENTS // lane
    return step if lane <= small and size > 4 * step else size


def part_of(x: Array, axis: int, start: int, stop: int) -> Any:
    """The entries ``start`` to ``stop`` of an array or a Variable along an axis."""
    return x[_at(axis % len(x.shape), start, stop)]


def _at(axis: int, start: int, stop: int) -> tuple[slice, ...]:
    return (*(slice(None),) * axis, slice(start, stop))


class Chunks:
    """The results of chunks, trees of one form."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.form: Any = None
        self.leaves: list[_Leaf] = []

    def add(self, tree: Tree, axes: Sequence[int], start: int) -> None:
        """Take the results of the chunk that begins at ``start``."""
        values = [value for _, value in leaves(tree)]
        if not start:
            self.form = tree
            self.leaves = [
                _Leaf(value, axis, self.size) for value, axis in zip(values, axes, strict=True)
            ]
        for leaf, value in zip(self.leaves, values, strict=True):
            leaf.add(value, start)

    def joined(self) -> Any:
        """The results of all."""
        return rebuilt(self.form, iter([leaf.joined() for leaf in self.leaves]))


class _Leaf:
    """One array of the results."""

    def __init__(self, first: Array, axis: int, size: int) -> None:
        self.axis = axis % len(first.shape)
        self.parts: list[Any] = []
        self.whole: Any = None
        if type(first) is np.ndarray:
            shape = list(first.shape)
            shape[self.axis] = size
            self.whole = np.empty(shape, first.dtype)

    def add(self, part: Array, start: int) -> None:
        if self.whole is None:
            self.parts.append(part)
        else:
            self.whole[_at(self.axis, start, start + part.shape[self.axis])] = part

    def joined(self) -> Any:
        if self.whole is not None:
            return self.whole
        if isinstance(self.parts[0], Variable):
            return F.concat(self.parts, self.axis)
        return np.concatenate(self.parts, axis=self.axis)
