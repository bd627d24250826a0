"""What NumPy's functions of whole arrays are on symbolic arrays."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np

from playground.functions.registry import full_name
from playground.graph.errors import SymbolError
from playground.interpreters.symbols.array import (
    Symbolic,
    answers,
    elements_of,
    on_ones,
    raised,
    symbolic,
)
from playground.interpreters.symbols.elementwise import FORMS
from playground.interpreters.symbols.expressions import as_number, as_truth, choice, exact, sympy

# ------------------------------------------------------- what NumPy does on objects by itself


@answers(np.broadcast_to, np.concatenate, np.expand_dims, np.reshape, np.swapaxes, np.transpose)
@answers(np.convolve, np.cumprod, np.cumsum, np.dot, np.einsum, np.matmul, np.prod, np.sum)
# Beyond the vocabulary, for who calls them on symbolic arrays themselves.
@answers(np.diagonal, np.flip, np.moveaxis, np.ravel, np.repeat, np.roll, np.squeeze, np.stack)
@answers(np.inner, np.mean, np.outer, np.tensordot, np.tile, np.trace)
def by_numpy(func: Any, *args: Any, **kwargs: Any) -> Symbolic:
    """Arranging, adding and multiplying: the same call on the arrays of expressions."""
    dtype = on_ones(func, args, kwargs).dtype
    kwargs.pop("dtype", None)
    return symbolic(func(*_objects(args), **{k: _objects(x) for k, x in kwargs.items()}), dtype)


def _objects(argument: Any) -> Any:
    """The arrays in an argument, of expressions and of numbers, as arrays of expressions."""
    if type(argument) in (list, tuple):
        return type(argument)(map(_objects, argument))
    if isinstance(argument, (Symbolic, np.ndarray)):
        return np.array(np.frompyfunc(as_number, 1, 1)(elements_of(argument)), object)
    return exact(argument) if isinstance(argument, float) else argument


@answers(np.take_along_axis)
def take_along_axis(func: Any, arr: Any, indices: Any, axis: Any = -1) -> Symbolic:
    """Elements by position along an axis."""
    return Symbolic(func(arr.elements, np.asarray(indices), axis), arr.dtype)


# --------------------------------------------------------------------------------- reductions


@answers(np.max, np.min)
def extremum(
    func: Any, a: Any, axis: Any = None, out: Any = None, keepdims: bool = False
) -> Symbolic:
    """The largest or smallest element over the axes, as SymPy's Max or Min."""
    like = on_ones(func, (a,), {"axis": axis, "keepdims": keepdims})
    axes = range(a.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    last = tuple(range(-len(axes), 0))
    moved = np.moveaxis(a.elements, tuple(axes), last)
    rows = moved.reshape((-1, int(np.prod(moved.shape[moved.ndim - len(axes) :]))))
    form = FORMS["maximum" if func is np.max else "minimum"]
    found = np.empty(len(rows), object)
    found[:] = [functools.reduce(form, row) for row in rows]
    return Symbolic(found.reshape(like.shape), like.dtype)


@answers(np.bincount)
def bincount(func: Any, x: Any, /, weights: Any = None, minlength: int = 0) -> Symbolic:
    """The sums of the weights of each number in ``x``."""
    places = np.asarray(x)
    sums = np.zeros(max(minlength, int(places.max(initial=-1)) + 1), object)
    for place, weight in zip(places.flat, weights.elements.flat, strict=True):
        sums[place] += weight
    return symbolic(sums, np.float64)


# ----------------------------------------------------------------------------------- choosing


@answers(np.where)
def where(func: Any, condition: Any, x: Any = None, y: Any = None, /) -> Symbolic:
    """x where the condition holds, else y: a Piecewise where that depends on symbols."""
    if x is None or y is None:
        raise SymbolError(
            "numpy.where(condition) alone depends on the symbols' values: use where(condition, x, "
            "y)"
        )
    dtype = np.result_type(*(getattr(part, "dtype", part) for part in (x, y)))
    fitting = as_truth if dtype.kind == "b" else as_number
    cond, x, y = (elements_of(part) for part in (condition, x, y))
    form = np.frompyfunc(lambda c, a, b: choice(as_truth(c), fitting(a), fitting(b)), 3, 1)
    return symbolic(form(cond, x, y), dtype)


# ----------------------------------------------------------------------------------- creating


@answers(np.zeros, np.ones, np.empty, np.full, np.eye)
def filled(func: Any, *args: Any, **kwargs: Any) -> Symbolic:
    """Numbers that expressions can be assigned to."""
    made = func(*args, **kwargs)
    return symbolic(np.zeros_like(made) if func is np.empty else made)


@answers(np.zeros_like, np.ones_like)
def filled_like(func: Any, a: Any, dtype: Any = None, shape: Any = None) -> Symbolic:
    """Zeros or ones of the shape and dtype of ``a``, unless others are given."""
    shape = a.shape if shape is None else shape
    make = np.zeros if func is np.zeros_like else np.ones
    return symbolic(make(shape, a.dtype if dtype is None else dtype))


@answers(np.arange)
def arange(func: Any, *args: Any, **kwargs: Any) -> np.ndarray:
    """Numbers as they are: beside symbols they need not be symbols."""
    return np.arange(*args, **kwargs)


@answers(np.isnan)
def isnan(func: Any, x: Any) -> np.ndarray:
    """Which elements are NaN; what symbols stand for never is."""
    found = [element is sympy().nan for element in elements_of(x).flat]
    return np.array(found, bool).reshape(x.shape)


# ------------------------------------------------------------------------- what has no formula


@answers(np.argmax, np.argmin, np.argsort, np.searchsorted)
def ordered(func: Any, *args: Any, **kwargs: Any) -> Any:
    """Positions in an order, which only numbers have."""
    parts = [x for x in itertools.chain(args, kwargs.values()) if isinstance(x, Symbolic)]
    for part in parts:
        part._number(f"{full_name(func)} of", "np.max, np.min or np.where")
    return func(*raised(args, np.asarray), **kwargs)


@answers(np.linalg.eigh, np.linalg.qr, np.linalg.svd)
def decomposed(func: Any, *args: Any, **kwargs: Any) -> Any:
    """Decompositions, which have no formula of use beyond the smallest sizes."""
    raise SymbolError(
        f"{full_name(func)} has no symbolic form here: use numbers, or SymPy's own Matrix methods "
        f"(eigenvals, eigenvects, QRdecomposition …) on the matrix that to_sympy gives"
    )
