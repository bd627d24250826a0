"""Shapes, elements, joining and splitting; and arrays made after a Variable's likeness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import playground.functions as F
from playground.graph.function_node import as_raw
from playground.graph.variable import Variable
from playground.interpreters.registry import RECORDED, answers, constant

RECORDED.update({np.broadcast_to: F.broadcast_to, np.moveaxis: F.moveaxis, np.swapaxes: F.swapaxes})


@answers(np.ravel)
def ravel(a: Any) -> Variable:
    return F.ravel(a)


@answers(np.reshape)
def reshape(a: Any, /, shape: Any) -> Variable:
    return F.reshape(a, shape)


@answers(np.transpose)
def transpose(a: Any, axes: Sequence[int] | None = None) -> Variable:
    return F.transpose(a, axes)


@answers(np.expand_dims)
def expand_dims(a: Any, axis: int) -> Variable:
    return F.expand_dims(a, axis)


@answers(np.squeeze)
def squeeze(a: Any, axis: Any = None) -> Variable:
    return F.squeeze(a, axis)


@answers(np.concatenate)
def concatenate(arrays: Sequence[Any], axis: int | None = 0) -> Variable:
    if axis is None:
        return F.concat([F.ravel(x) for x in arrays], 0)
    return F.concat(arrays, axis)


@answers(np.stack)
def stack(arrays: Sequence[Any], axis: int = 0) -> Variable:
    return F.stack(arrays, axis)


@answers(np.copy)
def copy(a: Any) -> Variable:
    return F.identity(a)


@answers(np.where)
def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None and y is None:
        return np.where(as_raw(condition))
    return F.where(condition, x, y)


@answers(np.clip)
def clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    low, high = a_min if min is None else min, a_max if max is None else max
    if isinstance(low, Variable) or np.ndim(low):
        return F.minimum(F.maximum(a, low), high) if high is not None else F.maximum(a, low)
    if isinstance(high, Variable) or np.ndim(high):
        return F.minimum(a if low is None else F.clip(a, low, None), high)
    return F.clip(a, low, high)


# ---------------------------------------------------------------------------------- creation


def _constant(array: Any) -> Variable:
    return Variable(array, requires_grad=False)


@answers(np.zeros_like)
def zeros_like(a: Any) -> Variable:
    return _constant(np.zeros_like(a.array))


@answers(np.ones_like)
def ones_like(a: Any) -> Variable:
    return _constant(np.ones_like(a.array))


@answers(np.empty_like)
def empty_like(a: Any) -> Variable:
    return _constant(np.empty_like(a.array))


@answers(np.full_like)
def full_like(a: Any, fill_value: Any) -> Variable:
    return _constant(np.full_like(a.array, as_raw(fill_value)))


@answers(np.zeros)
def zeros(shape: Any, dtype: Any = None, *, like: Variable) -> Variable:
    """Zeros of the array type of ``like``, and of its dtype unless another is given."""
    return _constant(np.zeros(shape, dtype or like.dtype, like=like.array))


constant(
    "allclose argsort array_equal isclose ndim shape size iscomplexobj isrealobj result_type "
    "array_repr array_str array2string"
)
