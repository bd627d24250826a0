"""Elements of batched arrays by index, read and written.

NumPy's rule, with the lanes in front: the axes that index arrays make stand where the arrays
stand if these are neighbours, else they come first. An index that is itself batched reads another
element in each lane.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from playground.functions.array.indexing import taken
from playground.graph.errors import InvalidIndex
from playground.interpreters.batching.batched import Batched, Level, newest, padded

__all__ = ["get", "put"]


def _entries(index: Any, ndim: int) -> list[Any]:
    """The parts of an index, the Ellipsis spelled out and missing slices added."""
    parts = list(index) if isinstance(index, tuple) else [index]
    parts = [np.asarray(part) if isinstance(part, list) else part for part in parts]
    used = sum(_consumes(part) for part in parts)
    dots = next((i for i, part in enumerate(parts) if part is Ellipsis), None)
    fill = [slice(None)] * max(ndim - used, 0)
    if dots is None:
        return parts + fill
    return parts[:dots] + fill + parts[dots + 1 :]


def _consumes(part: Any) -> int:
    """How many axes of the array a part stands for."""
    if part is None or part is Ellipsis or isinstance(part, (bool, np.bool_)):
        return 0
    return part.ndim if _is_mask(part) else 1


def _is_mask(part: Any) -> bool:
    return getattr(part, "dtype", None) is not None and part.dtype.kind == "b"


def _is_array(part: Any) -> bool:
    """An index array (NumPy takes one without axes for a number, unless it has lanes)."""
    if isinstance(part, Batched):
        return True
    if isinstance(part, (bool, np.bool_)):
        return True
    return hasattr(part, "ndim") and not isinstance(part, np.generic) and part.ndim > 0


def _is_number(part: Any) -> bool:
    return not (part is None or isinstance(part, slice) or _is_array(part))


class _Plan:
    """Where the axes made by index arrays stand.

    ``before``: how many axes of the result precede them, in NumPy's order for one lane;
    ``ndim``: how many they are. ``adjacent``: whether they are neighbours in the index.
    """

    def __init__(self, parts: list[Any]) -> None:
        arrays = [i for i, part in enumerate(parts) if _is_array(part)]
        self.ndim = max((_made(parts[i]) for i in arrays), default=0)
        self.any = bool(arrays)
        advanced = [i for i, p in enumerate(parts) if _is_array(p) or (self.any and _is_number(p))]
        self.adjacent = not advanced or advanced[-1] - advanced[0] + 1 == len(advanced)
        first = advanced[0] if advanced else 0
        self.before = first if self.adjacent else 0


def _made(part: Any) -> int:
    """How many axes of the result an index array makes, alone."""
    return 1 if _is_mask(part) else getattr(part, "ndim", 0)


def get(self: Batched, index: Any) -> Any:
    """``x[index]`` in each lane."""
    if isinstance(index, (int, slice)):
        return Batched(self.array[:, index], self.level)
    parts = _entries(index, self.ndim)
    if any(isinstance(part, Batched) for part in parts):
        return read_lanes(self, parts)
    plan = _Plan(parts)
    result = self.array[(slice(None), *parts)]
    return Batched(result if plan.adjacent else np_moved(result, plan.ndim, 0), self.level)


def read(self: Batched, x: Any, index: Any) -> Any:
    """``x[index]`` where this array is part of the index, and x may have no lanes."""
    return x[index] if isinstance(x, Batched) else read_lanes(x, _entries(index, x.ndim))


def np_moved(array: Any, source: int, target: int) -> Any:
    """``array`` with one axis moved."""
    order = [i for i in range(array.ndim) if i != source]
    order.insert(target, source)
    return array.transpose(tuple(order))


def read_lanes(x: Any, parts: list[Any]) -> Any:
    """``x[index]`` with an index that has lanes; x may be without."""
    level = newest([x, *parts])
    has = isinstance(x, Batched) and x.level is level
    plan = _Plan(parts)
    full = _with_lanes(parts, level, plan, has, x)
    result = taken(x.array if has else x, full)
    return Batched(result.transpose(_order(plan, has, result.ndim)), level)


def _with_lanes(parts: list[Any], level: Level, plan: _Plan, has: bool, x: Any) -> tuple[Any, ...]:
    """The index of the whole array: the lanes are one more axis of the index arrays."""
    full = []
    for part in parts:
        if isinstance(part, Batched) and part.level is level:
            if _is_mask(part):
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
    lanes = np.arange(level.size, like=x.base_array)
    return (lanes.reshape((level.size, *(1,) * plan.ndim)), *full)


def _order(plan: _Plan, has: bool, ndim: int) -> tuple[int, ...]:
    """The transposition that puts the lanes first and the index arrays' axes where they belong."""
    # With the array's own lanes in the index everything that arrays make comes first: the lanes
    # are an index array at the front. Without, NumPy's rule holds, with the lanes as one more axis.
    start = 0 if has else plan.before
    made = list(range(start, start + 1 + plan.ndim))
    rest = [i for i in range(ndim) if i not in made]
    return (made[0], *rest[: plan.before], *made[1:], *rest[plan.before :])


def put(self: Batched, index: Any, value: Any) -> None:
    """``x[index] = value`` in each lane, in place."""
    parts = _entries(index, self.ndim)
    level = self.level
    beyond = [v for v in (value, *parts) if isinstance(v, Batched) and v.level.depth > level.depth]
    if beyond:
        raise ValueError("a value with more lanes than the array that it is written into")
    plan = _Plan(parts)
    if any(isinstance(part, Batched) and part.level is level for part in parts):
        full = _with_lanes(parts, level, plan, True, self)
        order = _order(plan, True, self.array[full].ndim)
    else:
        full = (slice(None), *parts)
        ndim = self.array[full].ndim
        first = 0 if plan.adjacent else plan.ndim
        order = (first, *(i for i in range(ndim) if i != first))
    if isinstance(value, Batched) and value.level is level:
        value = _fitting(value.array, len(order))
    elif getattr(value, "ndim", 0):
        value = np.expand_dims(_trimmed(value, len(order) - 1), 0)
    if getattr(value, "ndim", 0):
        value = padded(value, len(order) - 1)
        inverse = sorted(range(len(order)), key=order.__getitem__)
        value = value.transpose(inverse)
    self.array[full] = value


def _fitting(array: Any, ndim: int) -> Any:
    """Lanes first, without axes of length 1 that the target does not have."""
    excess = array.ndim - ndim
    return array.reshape((array.shape[0], *array.shape[1 + excess :])) if excess > 0 else array


def _trimmed(value: Any, ndim: int) -> Any:
    excess = value.ndim - ndim
    return value.reshape(value.shape[excess:]) if excess > 0 else value


setattr(Batched, "read", read)
setattr(Batched, "__getitem__", get)
setattr(Batched, "__setitem__", put)
