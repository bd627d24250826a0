"""Arrays made after a Variable's likeness: Variables that need no gradient.

Where a Variable is among the values they are made of, they are recorded instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.array.joining import operand
from playground.functions.registry import CREATED, Answer, NumpyFunction, answers
from playground.graph import backend
from playground.graph.errors import InvalidType
from playground.graph.op import variable_of
from playground.graph.types import DType, Operand, Shape
from playground.graph.variable import Variable

# ----------------------------------------------------------------------------- ..._like(v)


def _like(function: NumpyFunction) -> Answer:
    def rule(a: Operand, dtype: DType = None, *, shape: Shape | None = None) -> Variable:
        return variable_of(function(a.array, dtype=dtype, shape=shape))

    return rule


# Empty means zeros here, as for numpy.empty below: the vocabulary has no other.
answers(np.zeros_like, np.empty_like)(_like(np.zeros_like))
answers(np.ones_like)(_like(np.ones_like))


@answers(np.full_like)
def full_like(
    a: Operand, fill_value: Operand, dtype: DType = None, *, shape: Shape | None = None
) -> Variable:
    if not isinstance(fill_value, Variable):
        return variable_of(np.full_like(a.array, fill_value, dtype=dtype, shape=shape))
    return _repeated_value(
        a.shape if shape is None else shape, fill_value, dtype or a.dtype, "full_like"
    )


def _repeated_value(shape: Shape, value: Variable, dtype: DType, name: str) -> Variable:
    if np.dtype(dtype).kind not in "fc":
        raise InvalidType(name, "a floating point dtype, as the fill value has", f"{dtype}")
    # A copy: elements of a view could not be assigned to.
    y = F.broadcast_to(F.cast(value, dtype), shape)
    return F.identity(y)


# ---------------------------------------------------------------------------------- like=v


def creates(function: NumpyFunction) -> Callable[[Answer], Answer]:
    """Decorator: the rule below answers ``function`` with ``like=``."""

    def register(rule: Answer) -> Answer:
        CREATED[function] = rule
        return rule

    return register


@creates(np.zeros)
@creates(np.empty)
def made_zeros(
    like: Variable, shape: Shape, dtype: DType = None, order: str = "C", *, device: Any = None
) -> Variable:
    return variable_of(np.zeros(shape, dtype or like.dtype, like=like.array))


@creates(np.full)
def made_full(
    like: Variable,
    shape: Shape,
    fill_value: Operand,
    dtype: DType = None,
    order: str = "C",
    *,
    device: Any = None,
) -> Variable:
    if isinstance(fill_value, Variable):
        return _repeated_value(shape, fill_value, dtype or fill_value.dtype, "full")
    # By assignment: numpy.full(…, like=) is not in the vocabulary.
    y = made_zeros(like, shape, dtype)
    y.array[...] = fill_value
    return y


@creates(np.ones)
def made_ones(like: Variable, shape: Shape, dtype: DType = None, **options: Any) -> Variable:
    return made_full(like, shape, 1, dtype, **options)


def _from_numbers(function: NumpyFunction, position: int) -> Answer:
    """The rule of a function of numbers alone; dtype, at ``position``, is by default that of v.

    NumPy passes its own default on, so that it cannot be told from a wish for it.
    """

    def rule(like: Variable, *args: Operand, **kwargs: Any) -> Variable:
        given = kwargs.get("dtype")
        if len(args) <= position and (given is None or given is float):
            kwargs["dtype"] = like.dtype
        return variable_of(backend.array_like(function(*args, **kwargs), like.array))

    return rule


creates(np.eye)(_from_numbers(np.eye, 3))
creates(np.identity)(_from_numbers(np.identity, 1))
creates(np.tri)(_from_numbers(np.tri, 3))


@creates(np.arange)
def made_arange(like: Variable, *args: Operand, dtype: DType = None) -> Variable:
    return variable_of(_beside(np.arange(*args, dtype=dtype), like, dtype))


@creates(np.array)
def made_array(
    like: Variable, object: Any, dtype: DType = None, *, copy: bool | None = True
) -> Variable:
    if isinstance(object, Variable):
        y = object if dtype is None else F.cast(object, dtype)
        # A cast has made a copy already.
        return F.identity(y) if copy and y is object else y
    if _holds_variables(object):
        y = _from_nested(object)
        return y if dtype is None else F.cast(y, dtype)
    return variable_of(_beside(np.array(object, dtype), like, dtype))


@creates(np.asarray)
@creates(np.asanyarray)
@creates(np.ascontiguousarray)
def made_asarray(like: Variable, a: Operand, dtype: DType = None) -> Variable:
    return made_array(like, a, dtype, copy=None)


def _beside(values: np.ndarray, like: Variable, dtype: DType) -> Any:
    """Host values where ``like`` is; floating point ones, unless asked for, in its dtype."""
    if dtype is None and values.dtype.kind == like.dtype.kind == "f":
        values = values.astype(like.dtype)
    return backend.array_like(values, like.array)


def _holds_variables(value: Operand) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_holds_variables, value))
    return isinstance(value, Variable)


def _from_nested(value: Operand) -> Any:
    """Nested lists with Variables in them, as one Variable."""
    if isinstance(value, (list, tuple)) and _holds_variables(value):
        return F.stack([_from_nested(x) for x in value])
    return operand(value)


# ----------------------------------------------------------------------------------- copies


@answers(np.copy)
def copy_rule(a: Operand) -> Variable:
    return F.identity(a)


@answers("astype")
def astype(
    x: Operand,
    dtype: DType,
    order: str = "K",
    casting: Any = "unsafe",
    subok: bool = True,
    copy: bool = True,
) -> Variable:
    """A copy, as NumPy makes one, also where the dtype stays."""
    if order not in ("K", "A", "C", "F"):
        raise ValueError(f"astype: order must be one of 'C', 'F', 'A', or 'K', got {order!r}")
    if not np.can_cast(x.dtype, dtype, casting):
        raise TypeError(
            f"astype: cannot cast from {x.dtype} to {np.dtype(dtype)} by the rule {casting!r}: "
            f"pass casting='unsafe'"
        )
    if np.dtype(dtype) != x.dtype:
        x, copy = F.cast(x, dtype), False
    if order == "F":
        # A copy has rows; that of the transpose has columns.
        return F.transpose(F.identity(F.transpose(x)))
    return F.identity(x) if copy or order == "C" else x
