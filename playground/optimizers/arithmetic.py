"""Arithmetic that is written once for numbers and for lanes: one number for each of several starts.

A step rule, or Adam, says ``select(value < before, grow, shrink) * size``. Where ``value`` is a
number that is Python's own conditional; where it is an array of shape (starts,) it is decided start
by start, and the arrays beside it, such as gradients, have that axis first. Lane k then equals the
start k by itself to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, TypeAlias

import numpy as np
from numpy import vdot

from playground.graph.backend import as_array, as_number, is_recorded, to_cpu
from playground.graph.types import DType, Raw

__all__ = [
    "Number",
    "State",
    "Truth",
    "beside",
    "clamped",
    "highest",
    "inner_product",
    "is_a_number",
    "is_certain",
    "is_possible",
    "kept",
    "lowest",
    "scaled",
    "select",
    "square_root",
    "square_sum",
    "to_the_power",
]

# A float, or one a lane: an array of shape (starts,).
Number: TypeAlias = Any
# A bool, or one a lane.
Truth: TypeAlias = Any
# Numbers and arrays in tuples and lists, named or not: what a step rule remembers.
State: TypeAlias = Any


def select(condition: Truth, a: State, b: State) -> State:
    """``a`` where ``condition`` holds and ``b`` elsewhere; of tuples, entry by entry."""
    # Identity first: np.where costs 1.5 us where a whole step of a rule is to cost 1.
    if condition is True:
        return a
    if condition is False:
        return b
    if isinstance(a, (tuple, list)):
        made = [select(condition, x, y) for x, y in zip(a, b, strict=True)]
        return getattr(type(a), "_make", type(a))(made)  # named tuples take no list
    axes = max(np.ndim(a), np.ndim(b)) - 1
    return np.where(condition.reshape(-1, *(1,) * axes) if axes > 0 else condition, a, b)


def is_possible(condition: Truth) -> bool:
    """Whether ``condition`` holds anywhere: whether what depends on it must be computed."""
    return condition if isinstance(condition, bool) else _is_true(condition, np.any)


def is_certain(condition: Truth) -> bool:
    """Whether ``condition`` holds everywhere, so that the alternative need not be computed."""
    return condition if isinstance(condition, bool) else _is_true(condition, np.all)


def _is_true(condition: Truth, anywhere: Callable[[Truth], Truth]) -> bool:
    # In a recording it is noted that this was asked, for every run to ask it again.
    return condition.holds() if is_recorded(condition) else bool(anywhere(condition))


def is_a_number(number: Number) -> bool:
    """Whether a number, Python's or a recorded one, is neither infinite nor NaN."""
    return math.isfinite(number) if type(number) is float else is_certain(abs(number) < math.inf)


def lowest(numbers: tuple[Number, ...]) -> Number:
    """The smallest of numbers, the newest of them last; lane by lane where that has lanes."""
    return min(numbers) if type(numbers[-1]) is float else reduce(np.minimum, numbers)


def highest(numbers: tuple[Number, ...]) -> Number:
    """The largest of numbers, the newest of them last; lane by lane where that has lanes."""
    return max(numbers) if type(numbers[-1]) is float else reduce(np.maximum, numbers)


def clamped(number: Number, low: float, high: float) -> Number:
    """``number``, or the bound that it is beyond."""
    if type(number) is float:
        return min(max(number, low), high)
    return np.minimum(np.maximum(number, low), high)


def to_the_power(base: float, exponent: Number) -> Number:
    """``base`` to the power of a count."""
    if isinstance(exponent, np.ndarray):
        # NumPy's vector loop may differ from C's pow in the last bit, and Chainer's is C's.
        return np.array([math.pow(base, count) for count in exponent.tolist()])
    return exponent.power_of(base) if is_recorded(exponent) else math.pow(base, exponent)


def square_root(number: Number) -> Number:
    """Correctly rounded, by C and by NumPy alike."""
    return math.sqrt(number) if isinstance(number, (float, int)) else np.sqrt(number)


def beside(number: Number, array: Raw) -> Number:
    """``number`` in a shape and dtype that fit ``array``, whose first axis is that of the lanes."""
    if isinstance(number, np.ndarray):
        # A float beside a float32 array is rounded to it first; so is each of several.
        return number.astype(array.dtype).reshape(-1, *(1,) * (array.ndim - 1))
    return number


def scaled(number: Number, array: Raw) -> Raw:
    """``number * array``: the stride of plain descent, step size times gradient."""
    return beside(number, array) * array


def kept(values: Raw, dtype: DType) -> Raw:
    """New values of a memory, in its dtype: those of 0-d arrays have become NumPy scalars."""
    return as_array(values if values.dtype == dtype else values.astype(dtype))


# -------------------------------------------------------------------------------- inner products


def square_sum(arrays: Sequence[Raw], like: Number = 0.0) -> Number:
    """The sum of the squares of all entries; not finite only if an entry or the sum is not."""
    if type(like) is not float and isinstance(like, np.ndarray):
        return _product_by_lane(arrays, arrays)
    total = 0.0
    for a in arrays:
        if type(a) is np.ndarray:
            total += float(vdot(a, a))
        else:
            total += _elsewhere(a, a)
    return total if is_a_number(total) else _wide_product(arrays, arrays)


def inner_product(left: Sequence[Raw], right: Sequence[Raw], like: Number = 0.0) -> Number:
    """The sum of the products of all entries; not finite only if an entry or the sum is not.

    The entries belong to one point of several arrays, on any device; where ``like`` has lanes, to
    one point a lane.
    """
    if type(like) is not float and isinstance(like, np.ndarray):
        return _product_by_lane(left, right)
    total = 0.0
    for a, b in zip(left, right):  # noqa: B905 (of one point)
        if type(a) is type(b) is np.ndarray:
            # The dot of both in one dimension, in two thirds of its time.
            total += float(vdot(a, b))
        else:
            total += _elsewhere(a, b)
    return total if is_a_number(total) else _wide_product(left, right)


def _elsewhere(a: Raw, b: Raw) -> Number:
    """The sum of products of arrays that are not, or not both, on the host."""
    if is_recorded(a) or is_recorded(b):
        return as_number(vdot(a, b))
    return float(to_cpu((a * b).sum()))


def _wide_product(left: Sequence[Raw], right: Sequence[Raw]) -> float:
    """In float64: products may be too large for float16 or float32 where the entries are not."""
    pairs = [(a.astype(np.float64), b.astype(np.float64)) for a, b in zip(left, right, strict=True)]
    return sum(float(to_cpu((a * b).sum())) for a, b in pairs)


def _product_by_lane(left: Sequence[Raw], right: Sequence[Raw]) -> np.ndarray:
    total = np.zeros(len(left[0]))
    for a, b in zip(left, right, strict=True):
        # A row times a column is the very dot that a lane by itself would take, if both are
        # contiguous: BLAS sums entries that lie apart in another order.
        rows = np.ascontiguousarray(a).reshape(len(a), 1, -1)
        columns = np.ascontiguousarray(b).reshape(len(b), -1, 1)
        total += to_cpu(np.matmul(rows, columns)).reshape(-1).astype(np.float64)
    for lane in np.flatnonzero(~np.isfinite(total)):
        total[lane] = inner_product([a[lane] for a in left], [b[lane] for b in right])
    return total
