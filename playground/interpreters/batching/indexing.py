"""Elements of batched arrays by index, read and written.

NumPy's rule, with the lanes in front: the axes that index arrays make stand where the arrays
stand if these are neighbours, else they come first. An index that is itself batched reads another
element in each lane: it gets the lanes as one axis more, beside an index array that counts them if
the array has lanes too, and NumPy's rule then says where that axis comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from playground.functions.array.indexing import is_mask, taken
from playground.graph.errors import InvalidIndex
from playground.graph.types import Index, Operand, Raw
from playground.interpreters.batching.batched import Batched, newest, padded
from playground.interpreters.batching.levels import Level

__all__ = ["get", "put", "read"]


def _spelled_out(index: Index, ndim: int) -> list[Index]:
    """The parts of an index, the Ellipsis spelled out and missing slices added.

    An Ellipsis that stands for no axis stays: index arrays on its two sides are no neighbours.
    """

    def axes_read(part: Index) -> int:
        if part is None or part is Ellipsis or isinstance(part, bool):
            return 0
        return part.ndim if is_mask(part) else 1

    parts = list(index) if isinstance(index, tuple) else [index]
    parts = [np.asarray(part) if isinstance(part, list) else part for part in parts]
    used = sum(map(axes_read, parts))
    dots = next((i for i, part in enumerate(parts) if part is Ellipsis), None)
    fill: list[Index] = [slice(None)] * max(ndim - used, 0)
    if dots is None:
        return parts + fill
    return parts[:dots] + (fill or [Ellipsis]) + parts[dots + 1 :]


class _Plan:
    """Where the axes made by index arrays stand.

    ``before``: how many axes of the result precede them, in NumPy's order for one lane;
    ``ndim``: how many they are. ``adjacent``: whether they are neighbours in the index.
    """

    def __init__(self, parts: Sequence[Index]) -> None:
        arrays = [part for part in parts if self.is_array(part)]
        # Index arrays are broadcast; a mask counts as the one array of its places.
        self.ndim = max((1 if is_mask(p) else p.ndim for p in arrays), default=0)
        # A number beside an array is an array without axes: x[0, :, i] is not adjacent.
        advanced = [
            i
            for i, p in enumerate(parts)
            if arrays and not (p is None or p is Ellipsis or isinstance(p, slice))
        ]
        self.adjacent = not advanced or advanced[-1] - advanced[0] + 1 == len(advanced)
        ahead = parts[: advanced[0]] if advanced and self.adjacent else []
        # What is still an Ellipsis here makes no axis.
        self.before = sum(part is not Ellipsis for part in ahead)

    @staticmethod
    def is_array(part: Index) -> bool:
        """An index array (NumPy takes one without axes for a number, unless it has lanes)."""
        if isinstance(part, Batched) or is_mask(part):
            return True
        return hasattr(part, "ndim") and not isinstance(part, np.generic) and part.ndim > 0


def get(self: Batched, index: Index) -> Batched:
    """``x[index]`` in each lane."""
    if isinstance(index, (int, slice)):
        return Batched(self.array[:, index], self.level)
    parts = _spelled_out(index, self.ndim)
    if any(isinstance(part, Batched) for part in parts):
        return _read_lanes(self, parts)
    plan = _Plan(parts)
    result = self.array[(slice(None), *parts)]
    if plan.adjacent:
        return Batched(result, self.level)
    # Arrays that are no neighbours put their axes first, ahead of the lanes.
    rest = (i for i in range(result.ndim) if i != plan.ndim)
    return Batched(result.transpose((plan.ndim, *rest)), self.level)


def read(self: Batched, x: Raw, index: Index) -> Batched:
    """``x[index]`` where this array is part of the index, and x may have no lanes."""
    return x[index] if isinstance(x, Batched) else _read_lanes(x, _spelled_out(index, x.ndim))


def _read_lanes(x: Raw, parts: list[Index]) -> Batched:
    """``x[index]`` with an index that has lanes; x may be without."""
    level = newest([x, *parts])
    has = isinstance(x, Batched) and x.level is level
    plan = _Plan(parts)
    full = _with_lanes(parts, level, plan, has, x)
    result = taken(x.array if has else x, full)
    return Batched(result.transpose(_lanes_first(plan, has, result.ndim)), level)


def _with_lanes(
    parts: Sequence[Index], level: Level, plan: _Plan, has: bool, x: Raw
) -> tuple[Index, ...]:
    """The index of the whole array: the lanes are one more axis of the index arrays."""
    full: list[Any] = []
    for part in parts:
        if isinstance(part, Batched) and part.level is level:
            if is_mask(part):
                raise InvalidIndex(
                    "indexing under vmap",
                    "an index of integers",
                    "a mask that differs from lane to lane, and so the number of elements",
                    "Use np.where(mask, x, 0), or sums weighted with the mask.",
                )
            full.append(padded(part.array, plan.ndim))
        else:
            full.append(part)
    if not has:
        return tuple(full)
    # Lane i of the index reads in lane i of the array.
    lanes = np.arange(level.size, like=x.base_array)
    return (lanes.reshape((level.size, *(1,) * plan.ndim)), *full)


def _lanes_first(plan: _Plan, has: bool, ndim: int) -> tuple[int, ...]:
    """The transposition that puts the lanes first and the index arrays' axes where they belong."""
    # With the array's own lanes in the index everything that arrays make comes first: the lanes
    # are an index array at the front. Without, NumPy's rule holds, with the lanes as one more axis.
    start = 0 if has else plan.before
    made = list(range(start, start + 1 + plan.ndim))
    rest = [i for i in range(ndim) if i not in made]
    return (made[0], *rest[: plan.before], *made[1:], *rest[plan.before :])


def put(self: Batched, index: Index, value: Operand) -> None:
    """``x[index] = value`` in each lane, in place."""
    parts = _spelled_out(index, self.ndim)
    level = self.level
    beyond = [v for v in (value, *parts) if isinstance(v, Batched) and v.level.depth > level.depth]
    if beyond:
        raise ValueError("a value with more lanes than the array that it is written into")
    plan = _Plan(parts)
    if any(isinstance(part, Batched) and part.level is level for part in parts):
        full = _with_lanes(parts, level, plan, True, self)
        order = _lanes_first(plan, True, self.array[full].ndim)
    else:
        full = (slice(None), *parts)
        ndim = self.array[full].ndim
        first = 0 if plan.adjacent else plan.ndim
        order = (first, *(i for i in range(ndim) if i != first))
    if isinstance(value, Batched) and value.level is level:
        value = value.array
    elif getattr(value, "ndim", 0):
        value = np.expand_dims(value, 0)
    if getattr(value, "ndim", 0):
        # More axes of length 1 than the target has are left out, missing ones are put in.
        excess = value.ndim - len(order)
        if excess > 0:
            value = value.reshape((value.shape[0], *value.shape[1 + excess :]))
        value = padded(value, len(order) - 1)
        # What is read comes out in another order than it is written in: turned back.
        value = value.transpose(sorted(range(len(order)), key=order.__getitem__))
    self.array[full] = value


setattr(Batched, "read", read)
setattr(Batched, "__getitem__", get)
setattr(Batched, "__setitem__", put)
