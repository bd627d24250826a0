"""Joining, splitting, inserting and deleting."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.array.joining import along, joined, operand, shaped, split_at
from playground.functions.reduction import normal_axes
from playground.functions.registry import answers
from playground.graph.types import Operand
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
def block(arrays: Operand) -> Variable:
    depth = _depth(arrays)
    leaves = list(_blocks(arrays))
    ndim = max([depth, *(x.ndim for x in leaves)])
    if not isinstance(arrays, list):
        # numpy.block copies, a single array too.
        return F.identity(arrays)
    return _block_of(arrays, depth, ndim)


def _depth(arrays: Operand) -> int:
    if not isinstance(arrays, list):
        return 0
    depths = {_depth(x) for x in arrays}
    if len(depths) != 1:
        raise ValueError("block: expected lists of one depth that are not empty")
    return depths.pop() + 1


def _blocks(arrays: Operand) -> Any:
    if isinstance(arrays, list):
        for x in arrays:
            yield from _blocks(x)
    else:
        yield operand(arrays)


def _block_of(arrays: Operand, depth: int, ndim: int) -> Any:
    if depth:
        return joined([_block_of(x, depth - 1, ndim) for x in arrays], ndim - depth)
    return _with_leading_axes(operand(arrays), ndim)


def _with_leading_axes(x: Operand, ndim: int) -> Any:
    return shaped(x, (1,) * (ndim - x.ndim) + x.shape) if x.ndim < ndim else x


# -------------------------------------------------------------------------------- splitting


@answers(np.split)
def split(ary: Operand, indices_or_sections: Operand, axis: int = 0) -> list[Variable]:
    if not np.ndim(indices_or_sections):
        # A number that does not divide the length is refused here, and taken by array_split.
        return list(F.split_axis(ary, int(indices_or_sections), axis))
    return array_split(ary, indices_or_sections, axis)


@answers(np.array_split)
def array_split(ary: Operand, indices_or_sections: Operand, axis: int = 0) -> list[Variable]:
    (position,) = normal_axes(axis, ary.ndim, "array_split")
    length = ary.shape[position]
    if np.ndim(indices_or_sections):
        bounds = [0, *(int(i) for i in indices_or_sections), length]
    else:
        parts = int(indices_or_sections)
        if parts < 1:
            raise ValueError(f"array_split: expected 1 part or more, got {parts}")
        # As NumPy has it, the first parts are the longer ones where the length is no multiple.
        each, extra = divmod(length, parts)
        bounds = [i * each + min(i, extra) for i in range(parts + 1)]
    clipped = [min(bound, length) for bound in bounds]
    if clipped == sorted(clipped) and clipped[0] == 0:
        return list(split_at(ary, clipped, position))
    # Indices may also overlap, or count from the end.
    lead = (slice(None),) * position
    last = [*bounds[:-1], None]
    return [F.get_item(ary, (*lead, slice(a, b))) for a, b in pairwise(last)]


@answers(np.hsplit)
def hsplit(ary: Operand, indices_or_sections: Operand) -> list[Variable]:
    _require_axes("hsplit", ary, 1)
    return split(ary, indices_or_sections, 0 if ary.ndim == 1 else 1)


@answers(np.vsplit)
def vsplit(ary: Operand, indices_or_sections: Operand) -> list[Variable]:
    _require_axes("vsplit", ary, 2)
    return split(ary, indices_or_sections, 0)


@answers(np.dsplit)
def dsplit(ary: Operand, indices_or_sections: Operand) -> list[Variable]:
    _require_axes("dsplit", ary, 3)
    return split(ary, indices_or_sections, 2)


def _require_axes(name: str, x: Operand, ndim: int) -> None:
    if x.ndim < ndim:
        raise ValueError(f"{name}: expected {ndim} dimensions or more, got {x.ndim}")


# ---------------------------------------------------------------- appending, inserting, deleting


@answers(np.append)
def append(arr: Operand, values: Operand, axis: int | None = None) -> Variable:
    return concatenate_rule([arr, values], axis=axis)


@answers(np.delete)
def delete(arr: Operand, obj: Operand, axis: int | None = None) -> Variable:
    x, position = along(arr, axis, "delete")
    # NumPy itself says which places are left.
    kept = np.delete(np.arange(x.shape[position]), obj)
    return F.get_item(x, (*(slice(None),) * position, kept))


@answers(np.insert)
def insert(arr: Operand, obj: Operand, values: Operand, axis: int | None = None) -> Variable:
    x, position = along(arr, axis, "insert")
    length = x.shape[position]
    given = np.arange(length)[obj] if isinstance(obj, slice) else np.asarray(obj)
    count = np.count_nonzero(given) if given.dtype == bool else given.size
    block = _with_leading_axes(operand(values), x.ndim)
    if not given.ndim:
        # NumPy's rule for a single place: values fit as in assigning to a[obj], not to a[[obj]].
        block = np.moveaxis(block, 0, position)
    count = block.shape[position] if count == 1 else count
    shape = (*x.shape[:position], count, *x.shape[position + 1 :])
    # By NumPy's own names, so that constants stay constants, to be cast to x's dtype.
    block = np.broadcast_to(block, shape)
    # NumPy itself says where the new entries come to stand among the old.
    order = np.insert(np.arange(length), obj, np.arange(length, length + count))
    return F.get_item(F.concat([x, block], position), (*(slice(None),) * position, order))
