"""Joining, splitting, inserting and deleting."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.array.joining import joined, operand, shaped, split_at
from playground.functions.reduction import normal_axes
from playground.functions.registry import answers
from playground.graph.variable import Variable


@answers(np.concatenate, "concat")
def concatenate_rule(arrays: Sequence[Any], /, axis: int | None = 0) -> Variable:
    if axis is None:
        return F.concat([shaped(x, (-1,)) for x in arrays], 0)
    return F.concat(arrays, axis)


@answers(np.column_stack)
def column_stack(tup: Sequence[Any]) -> Variable:
    columns = [operand(x) for x in tup]
    return F.concat([shaped(x, (-1, 1)) if x.ndim < 2 else x for x in columns], 1)


@answers(np.block)
def block(arrays: Any) -> Variable:
    depth = _depth(arrays)
    leaves = list(_blocks(arrays))
    ndim = max([depth, *(x.ndim for x in leaves)])
    if not isinstance(arrays, list):
        return F.identity(arrays)
    return _block_of(arrays, depth, ndim)


def _depth(arrays: Any) -> int:
    if not isinstance(arrays, list):
        return 0
    depths = {_depth(x) for x in arrays}
    if len(depths) != 1:
        raise ValueError("block: expected lists of one depth that are not empty")
    return depths.pop() + 1


def _blocks(arrays: Any) -> Any:
    if isinstance(arrays, list):
        for x in arrays:
            yield from _blocks(x)
    else:
        yield operand(arrays)


def _block_of(arrays: Any, depth: int, ndim: int) -> Any:
    if depth:
        return joined([_block_of(x, depth - 1, ndim) for x in arrays], ndim - depth)
    return _with_leading_axes(operand(arrays), ndim)


def _with_leading_axes(x: Any, ndim: int) -> Any:
    return shaped(x, (1,) * (ndim - x.ndim) + x.shape) if x.ndim < ndim else x


# -------------------------------------------------------------------------------- splitting


@answers(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Variable]:
    if not np.ndim(indices_or_sections):
        return list(F.split_axis(ary, int(indices_or_sections), axis))
    return array_split(ary, indices_or_sections, axis)


@answers(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Variable]:
    (along,) = normal_axes(axis, ary.ndim, "array_split")
    length = ary.shape[along]
    if np.ndim(indices_or_sections):
        bounds = [0, *(int(i) for i in indices_or_sections), length]
    else:
        bounds = _even_bounds(int(indices_or_sections), length)
    clipped = [min(bound, length) for bound in bounds]
    if clipped == sorted(clipped) and clipped[0] == 0:
        return list(split_at(ary, clipped, along))
    # Indices may also overlap, or count from the end.
    lead = (slice(None),) * along
    last = [*bounds[:-1], None]
    return [F.get_item(ary, (*lead, slice(a, b))) for a, b in pairwise(last)]


def _even_bounds(parts: int, length: int) -> list[int]:
    if parts < 1:
        raise ValueError(f"array_split: expected 1 part or more, got {parts}")
    each, extra = divmod(length, parts)
    return [i * each + min(i, extra) for i in range(parts + 1)]


@answers(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> list[Variable]:
    _require_axes("hsplit", ary, 1)
    return split(ary, indices_or_sections, 0 if ary.ndim == 1 else 1)


@answers(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> list[Variable]:
    _require_axes("vsplit", ary, 2)
    return split(ary, indices_or_sections, 0)


@answers(np.dsplit)
def dsplit(ary: Any, indices_or_sections: Any) -> list[Variable]:
    _require_axes("dsplit", ary, 3)
    return split(ary, indices_or_sections, 2)


def _require_axes(name: str, x: Any, ndim: int) -> None:
    if x.ndim < ndim:
        raise ValueError(f"{name}: expected {ndim} dimensions or more, got {x.ndim}")


# ---------------------------------------------------------------- appending, inserting, deleting


@answers(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Variable:
    return concatenate_rule([arr, values], axis=axis)


@answers(np.delete)
def delete(arr: Any, obj: Any, axis: int | None = None) -> Variable:
    x, along = _along(arr, axis, "delete")
    kept = np.delete(np.arange(x.shape[along]), obj)
    return F.get_item(x, (*(slice(None),) * along, kept))


@answers(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Variable:
    x, along = _along(arr, axis, "insert")
    length = x.shape[along]
    given = np.arange(length)[obj] if isinstance(obj, slice) else np.asarray(obj)
    count = np.count_nonzero(given) if given.dtype == bool else given.size
    block = _with_leading_axes(operand(values), x.ndim)
    if not given.ndim:
        block = _first_axis_to(block, along)
    count = block.shape[along] if count == 1 else count
    shape = (*x.shape[:along], count, *x.shape[along + 1 :])
    block = (
        F.broadcast_to(block, shape)
        if isinstance(block, Variable)
        else np.broadcast_to(block, shape)
    )
    # NumPy itself says where the new entries come to stand among the old.
    order = np.insert(np.arange(length), obj, np.arange(length, length + count))
    return F.get_item(F.concat([x, block], along), (*(slice(None),) * along, order))


def _first_axis_to(x: Any, axis: int) -> Any:
    return F.moveaxis(x, 0, axis) if isinstance(x, Variable) else np.moveaxis(x, 0, axis)


def _along(x: Any, axis: int | None, name: str) -> tuple[Any, int]:
    """The array and the axis to work along: everything flat where none is given."""
    x = operand(x)
    if axis is None:
        return shaped(x, (-1,)), 0
    (along,) = normal_axes(axis, x.ndim, name)
    return x, along
