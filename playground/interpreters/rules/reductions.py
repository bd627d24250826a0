"""Sums, means, extrema and other functions that make many elements one, and running ones.

``where=`` leaves elements out, ``initial=`` adds one; the functions whose names begin with nan
leave out what is not a number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.array.joining import operand
from playground.functions.elementwise.selection import nan_from_nan
from playground.functions.norms import euclidean_norm
from playground.functions.operands import real_only, together
from playground.functions.reduction import kept_shape, largest, normal_axes, smallest
from playground.functions.registry import Answer, answers, constant, refuse
from playground.graph.backend import is_symbolic
from playground.graph.types import Axis, Keywords, Operand
from playground.graph.variable import Variable

constant("argmax argmin nanargmax nanargmin all any count_nonzero digitize searchsorted")
refuse(
    "histogram histogram2d histogramdd histogram_bin_edges",
    "counts have no gradient: compute it on v.array",
)


def _kept(a: Operand, where: Operand, neutral: Operand) -> Variable:
    """``a`` with ``neutral`` in place of the elements that ``where`` leaves out."""
    # Their gradient is 0 by the choice itself, also where they are infinite or NaN.
    return a if where is True else F.where(where, a, neutral)


def _is_number(a: Operand) -> Any:
    """Where ``a`` is not NaN."""
    # NaN differs from itself, for every array type; isnan is not in the vocabulary.
    return a.array == a.array


# --------------------------------------------------------------------------- sums, products


@answers(np.sum)
def sum_rule(
    a: Operand,
    axis: Axis = None,
    *,
    keepdims: bool = False,
    initial: Operand = 0,
    where: Operand = True,
) -> Variable:
    total = F.sum(_kept(a, where, 0), axis, keepdims)
    return total if isinstance(initial, int) and initial == 0 else F.add(total, initial)


@answers(np.prod)
def prod_rule(
    a: Operand,
    axis: Axis = None,
    *,
    keepdims: bool = False,
    initial: Operand = 1,
    where: Operand = True,
) -> Variable:
    total = F.prod(_kept(a, where, 1), axis, keepdims)
    return total if isinstance(initial, int) and initial == 1 else F.multiply(total, initial)


@answers("cumulative_sum")
def cumulative_sum(
    x: Operand, /, *, axis: int | None = None, include_initial: bool = False
) -> Variable:
    y = F.cumsum(x, _only_axis("cumulative_sum", x, axis))
    return _after(y, np.zeros_like, axis) if include_initial else y


@answers("cumulative_prod")
def cumulative_prod(
    x: Operand, /, *, axis: int | None = None, include_initial: bool = False
) -> Variable:
    y = F.cumprod(x, _only_axis("cumulative_prod", x, axis))
    return _after(y, np.ones_like, axis) if include_initial else y


def _only_axis(name: str, x: Operand, axis: int | None) -> int:
    if axis is None and x.ndim != 1:
        raise ValueError(f"{name}: expected an axis for an array of {x.ndim} dimensions")
    return 0 if axis is None else axis


def _after(y: Variable, filled: Answer, axis: int | None) -> Variable:
    """``y`` behind one entry of ``filled`` along the axis."""
    (along,) = normal_axes(axis or 0, y.ndim, "cumulative")
    shape = (*y.shape[:along], 1, *y.shape[along + 1 :])
    return F.concat([filled(np.zeros(shape, y.dtype, like=y.array)), y], along)


@answers(np.nansum)
def nansum(a: Operand, axis: Axis = None, **options: Any) -> Variable:
    return sum_rule(_kept(a, _is_number(a), 0), axis, **options)


@answers(np.nanprod)
def nanprod(a: Operand, axis: Axis = None, **options: Any) -> Variable:
    return prod_rule(_kept(a, _is_number(a), 1), axis, **options)


@answers(np.nancumsum)
def nancumsum(a: Operand, axis: int | None = None) -> Variable:
    return F.cumsum(_kept(a, _is_number(a), 0), axis)


@answers(np.nancumprod)
def nancumprod(a: Operand, axis: int | None = None) -> Variable:
    return F.cumprod(_kept(a, _is_number(a), 1), axis)


# --------------------------------------------------------------------------------- extrema


def _extremum_rule(
    name: str,
    extremum: Callable[[Operand, Axis, bool], Variable],
    of_two: Callable[[Operand, Operand], Variable],
    left_out: float,
) -> Callable[..., Variable]:
    """The rule of np.max or np.min; ``left_out`` never is the extremum."""

    def rule(
        a: Operand,
        axis: Axis = None,
        *,
        keepdims: bool = False,
        initial: Operand = None,
        where: Operand = True,
    ) -> Variable:
        if where is not True and initial is None:
            raise ValueError(f"{name}: where= may leave nothing to choose from: give initial= too")
        if initial is None:
            return extremum(a, axis, keepdims)
        if 0 in [a.shape[i] for i in normal_axes(axis, a.ndim, name)]:
            # Nothing to choose from.
            return _repeated(name, initial, a, axis, keepdims)
        # What is left out is infinite, not the initial value: that may tie with what is not.
        return of_two(extremum(_kept(a, where, left_out), axis, keepdims), initial)

    return rule


max_rule = answers(np.max, np.amax)(_extremum_rule("max", largest, F.maximum, -math.inf))
min_rule = answers(np.min, np.amin)(_extremum_rule("min", smallest, F.minimum, math.inf))


def _repeated(name: str, initial: Operand, a: Operand, axis: Axis, keepdims: bool) -> Variable:
    """The initial value, which is all there is, in the shape of the result."""
    axes = normal_axes(axis, a.ndim, name)
    shape = kept_shape(a.shape, axes)
    if not keepdims:
        shape = tuple(n for i, n in enumerate(shape) if i not in axes)
    return F.broadcast_to(together(name, a, initial)[1], shape)


@answers(np.ptp)
def ptp(a: Operand, axis: Axis = None, *, keepdims: bool = False) -> Variable:
    found = F.subtract(largest(a, axis, keepdims), smallest(a, axis, keepdims))
    return nan_from_nan(_always_zero(found, a))


def _always_zero(y: Variable, a: Operand) -> Variable:
    """What measures how far elements are apart: of one it is 0, so that none is used."""
    # A formula of one element is 0 by itself. Infinities and NaN have no distance of 0.
    alone = y.size == a.size and not is_symbolic(a.array)
    return F.where(_is_number(y), 0, y) if alone else y


@answers(np.nanmax)
def nanmax(a: Operand, axis: Axis = None, *, keepdims: bool = False, **options: Any) -> Variable:
    # -inf loses against any number.
    kept = _or_all(a, axis, options)
    return nan_from_nan(max_rule(_kept(a, kept, -math.inf), axis, keepdims=keepdims, **options))


@answers(np.nanmin)
def nanmin(a: Operand, axis: Axis = None, *, keepdims: bool = False, **options: Any) -> Variable:
    kept = _or_all(a, axis, options)
    return nan_from_nan(min_rule(_kept(a, kept, math.inf), axis, keepdims=keepdims, **options))


def _or_all(a: Operand, axis: Axis, options: Keywords) -> Any:
    """Where ``a`` is not NaN, and where nothing else is: the result is NaN there, of all of it.

    With an initial value there is one more to choose.
    """
    numbers = _is_number(a)
    if options.get("initial") is not None:
        return numbers
    return np.where(numbers.sum(axis=axis, keepdims=True) == 0, True, numbers)


# ----------------------------------------------------------------------- means and variances


@answers(np.mean)
def mean_rule(
    a: Operand, axis: Axis = None, *, keepdims: bool = False, where: Operand = True
) -> Variable:
    if where is True:
        return F.mean(a, axis, keepdims=keepdims)
    counts = _counts(a, axis, where, keepdims)
    return F.divide(F.sum(_kept(a, where, 0), axis, keepdims), counts)


def _counts(a: Operand, axis: Axis, where: Operand, keepdims: bool) -> Any:
    """How many elements ``where`` leaves, in a's dtype: a number, or an array."""
    if where is True:
        return float(math.prod(a.shape[i] for i in normal_axes(axis, a.ndim, "mean")))
    chosen = np.broadcast_to(operand(where), a.shape)
    return chosen.sum(axis=axis, keepdims=keepdims).astype(a.dtype)


@answers(np.nanmean)
def nanmean(
    a: Operand, axis: Axis = None, *, keepdims: bool = False, where: Operand = True
) -> Variable:
    a = _kept(a, where, math.nan)
    # What where= leaves out is NaN by now, and so one mask serves for both.
    return nan_from_nan(mean_rule(a, axis, keepdims=keepdims, where=_or_all(a, axis, {})))


@answers(np.average)
def average_rule(
    a: Operand,
    axis: Axis = None,
    weights: Operand = None,
    returned: bool = False,
    *,
    keepdims: bool = False,
) -> Any:
    if not returned:
        return F.average(a, axis, weights, keepdims)
    if weights is None:
        y = F.average(a, axis, None, keepdims)
        ones = Variable(np.ones_like(y.array), requires_grad=False)
        return y, ones * _counts(a, axis, True, keepdims)
    a, weights = together("average", a, weights)
    y = F.average(a, axis, weights, keepdims)
    whole = weights.shape == a.shape
    total = weights.sum(axis=axis, keepdims=keepdims) if whole else weights.sum()
    return y, F.broadcast_to(total, y.shape)


@answers(np.var)
def var(
    a: Operand,
    axis: Axis = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    where: Operand = True,
    mean: Operand = None,
    correction: float | None = None,
) -> Variable:
    """Mean square of the deviations; its derivative where all are 0 is 0."""
    ddof = ddof if correction is None else correction
    deviations = _deviations("var", a, axis, where, mean)
    free = _degrees_of_freedom(a, axis, where, keepdims, ddof)
    y = F.divide(F.sum(F.square(deviations), axis, keepdims), _divisor(free))
    return _always_zero(y, a) if mean is None else y


def _deviations(name: str, a: Operand, axis: Axis, where: Operand, mean: Operand) -> Variable:
    real_only(name, a)
    if mean is None:
        total = F.sum(_kept(a, where, 0), axis, keepdims=True)
        mean = F.divide(total, _divisor(_counts(a, axis, where, True)))
    # In two passes, as NumPy: the mean of squares less the squared mean would cancel.
    return _kept(F.subtract(a, mean), where, 0)


def _divisor(count: Any) -> Any:
    """A count to divide by as NumPy does, where a number is multiplied by its reciprocal."""
    return np.asarray(float(count)) if isinstance(count, (int, float)) else count


def _degrees_of_freedom(a: Operand, axis: Axis, where: Operand, keepdims: bool, ddof: float) -> Any:
    free = _counts(a, axis, where, keepdims) - ddof
    # No degree of freedom left is NumPy's division by 0, not by a negative number.
    return np.maximum(free, 0) if where is not True else free if free > 0 else 0.0


@answers(np.std)
def std(
    a: Operand,
    axis: Axis = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    where: Operand = True,
    mean: Operand = None,
    correction: float | None = None,
) -> Variable:
    """Root of the variance; its derivative where all elements are equal is set to 0, not NaN."""
    ddof = ddof if correction is None else correction
    deviations = _deviations("std", a, axis, where, mean)
    free = _degrees_of_freedom(a, axis, where, keepdims, ddof)
    y = euclidean_norm(deviations, axis, keepdims, free)
    return _always_zero(y, a) if mean is None else y


@answers(np.nanvar)
def nanvar(a: Operand, axis: Axis = None, *, where: Operand = True, **options: Any) -> Variable:
    a = _kept(a, where, math.nan)
    return var(a, axis, where=_or_all(a, axis, options), **options)


@answers(np.nanstd)
def nanstd(a: Operand, axis: Axis = None, *, where: Operand = True, **options: Any) -> Variable:
    a = _kept(a, where, math.nan)
    return std(a, axis, where=_or_all(a, axis, options), **options)
