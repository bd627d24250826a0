"""Arrays made after a Variable's likeness: Variables that need no gradient.

Where a Variable is among the values they are made of, they are recorded instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.array.joining import operand
from playground.functions.registry import CREATED, Rule, answers
from playground.graph import backend
from playground.graph.errors import InvalidType
from playground.graph.variable import Variable


def _constant(array: Any) -> Variable:
    return Variable(array, requires_grad=False)


# ----------------------------------------------------------------------------- ..._like(v)


def _like(function: Any) -> Rule:
    def rule(a: Any, dtype: Any = None, *, shape: Any = None) -> Variable:
        return _constant(function(a.array, dtype=dtype, shape=shape))

    return rule


answers(np.zeros_like)(_like(np.zeros_like))
answers(np.ones_like)(_like(np.ones_like))
answers(np.empty_like)(_like(np.empty_like))


@answers(np.full_like)
def full_like(a: Any, fill_value: Any, dtype: Any = None, *, shape: Any = None) -> Variable:
    if not isinstance(fill_value, Variable):
        return _constant(np.full_like(a.array, fill_value, dtype=dtype, shape=shape))
    return _filled(a.shape if shape is None else shape, fill_value, dtype or a.dtype, "full_like")


def _filled(shape: Any, value: Variable, dtype: Any, name: str) -> Variable:
    if np.dtype(dtype).kind not in "fc":
        raise InvalidType(name, "a floating point dtype, as the fill value has", f"{dtype}")
    y = F.broadcast_to(F.cast(value, dtype), shape)
    return F.identity(y)


# ---------------------------------------------------------------------------------- like=v


def creates(function: Any) -> Callable[[Rule], Rule]:
    """Decorator: the rule below answers ``function`` with ``like=``."""

    def register(rule: Rule) -> Rule:
        CREATED[function] = rule
        return rule

    return register


@creates(np.zeros)
@creates(np.empty)
def zeros(
    like: Variable, shape: Any, dtype: Any = None, order: str = "C", *, device: Any = None
) -> Variable:
    return _constant(np.zeros(shape, dtype or like.dtype, like=like.array))


@creates(np.full)
def full(
    like: Variable,
    shape: Any,
    fill_value: Any,
    dtype: Any = None,
    order: str = "C",
    *,
    device: Any = None,
) -> Variable:
    if isinstance(fill_value, Variable):
        return _filled(shape, fill_value, dtype or fill_value.dtype, "full")
    y = zeros(like, shape, dtype)
    y.array[...] = fill_value
    return y


@creates(np.ones)
def ones(like: Variable, shape: Any, dtype: Any = None, **options: Any) -> Variable:
    return full(like, shape, 1, dtype, **options)


def _from_numbers(function: Any, position: int) -> Rule:
    """The rule of a function of numbers alone; dtype, at ``position``, is by default that of v.

    NumPy passes its own default on, so that it cannot be told from a wish for it.
    """

    def rule(like: Variable, *args: Any, **kwargs: Any) -> Variable:
        given = kwargs.get("dtype")
        if len(args) <= position and (given is None or given is float):
            kwargs["dtype"] = like.dtype
        return _constant(backend.array_like(function(*args, **kwargs), like.array))

    return rule


creates(np.eye)(_from_numbers(np.eye, 3))
creates(np.identity)(_from_numbers(np.identity, 1))
creates(np.tri)(_from_numbers(np.tri, 3))


@creates(np.arange)
def arange(like: Variable, *args: Any, dtype: Any = None) -> Variable:
    return _constant(_placed(np.arange(*args, dtype=dtype), like, dtype))


@creates(np.array)
def array(like: Variable, object: Any, dtype: Any = None, *, copy: bool | None = True) -> Variable:
    if isinstance(object, Variable):
        y = object if dtype is None else F.cast(object, dtype)
        return F.identity(y) if copy and y is object else y
    if _holds_variables(object):
        y = _stacked(object)
        return y if dtype is None else F.cast(y, dtype)
    return _constant(_placed(np.array(object, dtype), like, dtype))


@creates(np.asarray)
@creates(np.asanyarray)
@creates(np.ascontiguousarray)
def asarray(like: Variable, a: Any, dtype: Any = None) -> Variable:
    return array(like, a, dtype, copy=None)


def _placed(values: np.ndarray, like: Variable, dtype: Any) -> Any:
    """Host values where ``like`` is; floating point ones, unless asked for, in its dtype."""
    if dtype is None and values.dtype.kind == like.dtype.kind == "f":
        values = values.astype(like.dtype)
    return backend.array_like(values, like.array)


def _holds_variables(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_holds_variables, value))
    return isinstance(value, Variable)


def _stacked(value: Any) -> Any:
    """Nested lists with Variables in them, as one Variable."""
    if isinstance(value, (list, tuple)) and _holds_variables(value):
        return F.stack([_stacked(x) for x in value])
    return operand(value)


# ----------------------------------------------------------------------------------- copies


@answers(np.copy)
def copy(a: Any) -> Variable:
    return F.identity(a)


@answers("astype")
def astype(x: Any, dtype: Any, /, *, copy: bool = True) -> Variable:
    """A copy, as NumPy makes one, also where the dtype stays."""
    if np.dtype(dtype) != x.dtype:
        return F.cast(x, dtype)
    return F.identity(x) if copy else x
