"""What NumPy's functions of whole arrays are on symbolic arrays."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np

from playground.functions.registry import full_name
from playground.graph.errors import SymbolError
from playground.graph.types import Axis, DType, HostArray, Operand, Shape
from playground.interpreters.symbols.array import (
    Formula,
    Symbolic,
    elements_of,
    in_symbols,
    on_ones,
    raised,
    symbolic,
)
from playground.interpreters.symbols.expressions import choice, exact, number_of, sympy, truth_of

# ------------------------------------------------------- what NumPy does on objects by itself


@in_symbols(np.broadcast_to, np.concatenate, np.expand_dims, np.reshape, np.swapaxes, np.transpose)
@in_symbols(np.convolve, np.cumprod, np.cumsum, np.prod, np.sum)
# Beyond the vocabulary, for who calls them on symbolic arrays themselves.
@in_symbols(np.diagonal, np.flip, np.moveaxis, np.ravel, np.repeat, np.roll, np.squeeze, np.stack)
@in_symbols(np.mean, np.tile, np.trace)
def by_numpy(func: Formula, *args: Operand, **kwargs: Operand) -> Symbolic:
    """Arranging, adding and multiplying: the same call on the arrays of expressions."""
    # On objects NumPy's loops call Python's + and *, which are SymPy's.
    dtype = on_ones(func, args, kwargs).dtype
    kwargs.pop("dtype", None)
    return symbolic(func(*_objects(args), **{k: _objects(x) for k, x in kwargs.items()}), dtype)


def _objects(argument: Operand) -> Any:
    """The arrays in an argument, of expressions and of numbers, as arrays of expressions."""
    if type(argument) in (list, tuple):
        return type(argument)(map(_objects, argument))
    if isinstance(argument, (Symbolic, np.ndarray)):
        # Conditions count as 1 and 0 in sums, as NumPy's do; SymPy's cannot be added.
        return np.array(np.frompyfunc(number_of, 1, 1)(elements_of(argument)), object)
    return exact(argument) if isinstance(argument, float) else argument


@in_symbols(np.take_along_axis)
def taken_along(func: Formula, arr: Operand, indices: Operand, axis: int = -1) -> Symbolic:
    """Elements by position along an axis."""
    return Symbolic(func(arr.elements, np.asarray(indices), axis), arr.dtype)


# --------------------------------------------------------------------------------- reductions


@in_symbols(np.max, np.min)
def extremum(
    func: Formula, a: Operand, axis: Axis = None, out: None = None, keepdims: bool = False
) -> Symbolic:
    """The largest or smallest element over the axes, as SymPy's Max or Min."""
    like = on_ones(func, (a,), {"axis": axis, "keepdims": keepdims})
    axes = range(a.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    last = tuple(range(-len(axes), 0))
    moved = np.moveaxis(a.elements, tuple(axes), last)
    rows = moved.reshape((-1, int(np.prod(moved.shape[moved.ndim - len(axes) :]))))
    form = sympy().Max if func is np.max else sympy().Min
    found = np.empty(len(rows), object)
    found[:] = [functools.reduce(form, row) for row in rows]
    return Symbolic(found.reshape(like.shape), like.dtype)


@in_symbols(np.bincount)
def summed_weights(
    func: Formula, x: Operand, /, weights: Operand = None, minlength: int = 0
) -> Symbolic:
    """The sums of the weights of each number in ``x``."""
    places = np.asarray(x)
    sums = np.zeros(max(minlength, int(places.max(initial=-1)) + 1), object)
    for place, weight in zip(places.flat, weights.elements.flat, strict=True):
        sums[place] += weight
    return symbolic(sums, np.float64)


# ----------------------------------------------------------------------------------- choosing


@in_symbols(np.where)
def chosen_by_condition(
    func: Formula, condition: Operand, x: Operand = None, y: Operand = None, /
) -> Symbolic:
    """x where the condition holds, else y: a Piecewise where that depends on symbols."""
    if x is None or y is None:
        raise SymbolError(
            "numpy.where(condition) alone depends on the symbols' values: use where(condition, x, "
            "y)"
        )
    dtype = np.result_type(*(getattr(part, "dtype", part) for part in (x, y)))
    fitting = truth_of if dtype.kind == "b" else number_of
    cond, x, y = (elements_of(part) for part in (condition, x, y))
    form = np.frompyfunc(lambda c, a, b: choice(truth_of(c), fitting(a), fitting(b)), 3, 1)
    return symbolic(form(cond, x, y), dtype)


# ----------------------------------------------------------------------------------- creating


@in_symbols(np.zeros, np.ones, np.empty, np.full, np.eye)
def filled(func: Formula, *args: Operand, **kwargs: Operand) -> Symbolic:
    """Numbers that expressions can be assigned to."""
    made = func(*args, **kwargs)
    # What lies in empty memory cannot be made exact: it may be NaN or 1e-312.
    return symbolic(np.zeros_like(made) if func is np.empty else made)


@in_symbols(np.zeros_like, np.ones_like)
def filled_like(
    func: Formula, a: Operand, dtype: DType = None, shape: int | Shape | None = None
) -> Symbolic:
    """Zeros or ones of the shape and dtype of ``a``, unless others are given."""
    shape = a.shape if shape is None else shape
    make = np.zeros if func is np.zeros_like else np.ones
    return symbolic(make(shape, a.dtype if dtype is None else dtype))


@in_symbols(np.arange)
def plain_numbers(func: Formula, *args: Operand, **kwargs: Operand) -> HostArray:
    """Numbers as they are: beside symbols they need not be symbols."""
    return np.arange(*args, **kwargs)


@in_symbols(np.isnan)
def which_are_nan(func: Formula, x: Operand) -> HostArray:
    """Which elements are NaN; what symbols stand for never is."""
    found = [element is sympy().nan for element in elements_of(x).flat]
    return np.array(found, bool).reshape(x.shape)


# ------------------------------------------------------------------------- what has no formula


@in_symbols(np.argmax, np.argmin, np.argsort, np.searchsorted)
def ordered(func: Formula, *args: Operand, **kwargs: Operand) -> Any:
    """Positions in an order, which only numbers have."""
    parts = [x for x in itertools.chain(args, kwargs.values()) if isinstance(x, Symbolic)]
    for part in parts:
        part._number(f"{full_name(func)} of", "np.max, np.min or np.where")
    return func(*raised(args, np.asarray), **kwargs)
