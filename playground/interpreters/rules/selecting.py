"""Elements chosen by index, by condition or by order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.array.joining import along, operand
from playground.functions.basic_math import unshared
from playground.functions.reduction import normal_axes
from playground.functions.registry import answers
from playground.graph import backend
from playground.graph.op import as_raw
from playground.graph.types import Axis, Operand
from playground.graph.variable import Variable


@answers(np.where)
def where_rule(condition: Operand, x: Operand = None, y: Operand = None, /) -> Any:
    if x is None and y is None:
        # A condition has no gradient, also where a Variable holds it.
        return np.where(as_raw(condition))
    return F.where(as_raw(condition), x, y)


@answers(np.clip)
def clip_rule(
    a: Operand,
    a_min: Operand = None,
    a_max: Operand = None,
    *,
    min: Operand = None,
    max: Operand = None,
) -> Any:
    low, high = a_min if min is None else min, a_max if max is None else max
    if isinstance(a, Variable):
        return F.clip(a, low, high)
    y = a if low is None else np.maximum(a, low)
    return y if high is None else np.minimum(y, high)


# ----------------------------------------------------------------------------------- by index


def _in_range(indices: Operand, length: int, mode: str, name: str) -> Any:
    if mode == "wrap":
        return indices % length
    if mode == "clip":
        return np.clip(indices, 0, length - 1)
    if mode != "raise":
        raise ValueError(f"{name}: expected mode 'raise', 'wrap' or 'clip', got {mode!r}")
    return indices


@answers(np.take)
def take(a: Operand, indices: Operand, axis: int | None = None, *, mode: str = "raise") -> Variable:
    x, position = along(a, axis, "take")
    index = _in_range(as_raw(indices), x.shape[position], mode, "take")
    return F.get_item(x, (*(slice(None),) * position, index))


@answers(np.take_along_axis)
def take_along_axis_rule(arr: Operand, indices: Operand, axis: int | None = -1) -> Variable:
    indices = as_raw(indices)
    x, position = along(arr, axis, "take_along_axis")
    indices = indices.reshape(-1) if axis is None else indices
    if indices.ndim != x.ndim:
        raise ValueError(
            f"take_along_axis: expected indices of {x.ndim} dimensions, got {indices.ndim}"
        )
    grid: list[Any] = [
        np.arange(n).reshape([-1 if i == j else 1 for j in range(x.ndim)])
        for i, n in enumerate(x.shape)
    ]
    grid[position] = indices
    return F.get_item(x, tuple(grid))


@answers(np.choose)
def choose(a: Operand, choices: Operand, *, mode: str = "raise") -> Variable:
    options = [operand(x) for x in choices]
    index = _in_range(as_raw(a), len(options), mode, "choose")
    if (index < 0).any() or (index >= len(options)).any():
        raise ValueError(f"choose: expected entries from 0 to {len(options) - 1}")
    result = options[-1]
    for i in reversed(range(len(options) - 1)):
        result = np.where(index == i, options[i], result)
    shape = np.broadcast_shapes(index.shape, result.shape)
    # One option alone was never chosen from, and stands here as it came.
    return unshared(F.broadcast_to(result, shape), options[0])


# ------------------------------------------------------------------------------- by condition


@answers(np.compress)
def compress_rule(condition: Operand, a: Operand, axis: int | None = None) -> Variable:
    x, position = along(a, axis, "compress")
    lead = (slice(None),) * position
    chosen = as_raw(condition)
    if chosen.ndim != 1:
        raise ValueError(f"compress: expected a condition of one dimension, got {chosen.ndim}")
    # A condition may be shorter than the axis; a mask may not.
    part = x[(*lead, slice(len(chosen)))]
    return F.get_item(part, (*lead, chosen != 0))


@answers(np.extract)
def extract(condition: Operand, arr: Operand) -> Variable:
    flat, chosen = F.ravel(arr), as_raw(condition).reshape(-1) != 0
    if chosen.shape == flat.shape:
        return F.get_item(flat, chosen)
    # NumPy takes the places of what is true: a condition may be shorter, or longer and false there.
    return F.get_item(flat, np.nonzero(chosen))


@answers(np.select)
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Operand = 0) -> Any:
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ValueError(
            f"select: expected as many choices as conditions, one at least, got "
            f"{len(choicelist)} and {len(condlist)}"
        )
    conditions = [as_raw(condition) for condition in condlist]
    values = [operand(x) for x in (*choicelist, default)]
    shape = np.broadcast_shapes(*(x.shape for x in (*conditions, *values)))
    result = values[-1]
    # From behind: the first condition that holds has the last word.
    for condition, x in zip(reversed(conditions), reversed(values[:-1]), strict=True):
        result = np.where(condition, x, result)
    return F.broadcast_to(result, shape)


@answers(np.trim_zeros)
def trim_zeros(filt: Operand, trim: str = "fb", axis: Axis = None) -> Variable:
    # Where to cut is a question about values, asked on the host.
    filled = np.nonzero(backend.to_cpu(filt.array))
    axes = normal_axes(axis, filt.ndim, "trim_zeros")
    index: list[slice] = []
    for i, n in enumerate(filt.shape):
        found = filled[i]
        first, last = (int(found.min()), int(found.max()) + 1) if len(found) else (n, n)
        start = first if i in axes and "f" in trim.lower() else 0
        stop = last if i in axes and "b" in trim.lower() else n
        index.append(slice(start, stop))
    return F.get_item(filt, tuple(index))


@answers(np.bincount)
def bincount_rule(x: Operand, /, weights: Operand = None, minlength: int = 0) -> Any:
    index = as_raw(x)
    if not isinstance(weights, Variable):
        return np.bincount(index, weights, minlength)
    count = max(int(index.max(initial=-1)) + 1, minlength)
    return F.scatter_add(np.zeros(count, weights.dtype, like=weights.array), index, weights)


# ----------------------------------------------------------------------------------- by order


@answers(np.sort)
def sort_rule(
    a: Operand,
    axis: int | None = -1,
    kind: str | None = None,
    *,
    stable: bool | None = None,
    descending: bool | None = None,
) -> Variable:
    x, along = (F.ravel(a), 0) if axis is None else (a, axis)
    # By way of the negative, and not reversed, NaN comes last either way, as NumPy has it.
    return F.negative(F.sort(F.negative(x), along)) if descending else F.sort(x, along)
