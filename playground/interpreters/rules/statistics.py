"""Order statistics and covariances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.operands import real_only, together
from playground.functions.reduction import kept_shape, normal_axes
from playground.functions.registry import answers
from playground.graph import backend
from playground.graph.errors import InvalidIndex, NoRuleError
from playground.graph.types import Axis, Operand
from playground.graph.variable import Variable


@answers(np.quantile)
def quantile(
    a: Operand,
    q: Operand,
    axis: Axis = None,
    *,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
) -> Variable:
    return _quantile("quantile", a, q, axis, method, keepdims, False)


@answers(np.nanquantile)
def nanquantile(
    a: Operand,
    q: Operand,
    axis: Axis = None,
    *,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
) -> Variable:
    return _quantile("nanquantile", a, q, axis, method, keepdims, True)


@answers(np.percentile)
def percentile(a: Operand, q: Operand, axis: Axis = None, **options: Any) -> Variable:
    return quantile(a, _fractions("percentile", q) / 100, axis, **options)


@answers(np.nanpercentile)
def nanpercentile(a: Operand, q: Operand, axis: Axis = None, **options: Any) -> Variable:
    return nanquantile(a, _fractions("nanpercentile", q) / 100, axis, **options)


@answers(np.median)
def median(
    a: Operand, axis: Axis = None, *, overwrite_input: bool = False, keepdims: bool = False
) -> Variable:
    return _median("median", a, axis, keepdims, False)


@answers(np.nanmedian)
def nanmedian(
    a: Operand, axis: Axis = None, *, overwrite_input: bool = False, keepdims: bool = False
) -> Variable:
    return _median("nanmedian", a, axis, keepdims, True)


def _median(name: str, a: Operand, axis: Axis, keepdims: bool, ignore_nan: bool) -> Variable:
    axes = normal_axes(axis, a.ndim, name)
    if not math.prod(a.shape[i] for i in axes):
        return _of_nothing(a, axes, keepdims)
    return _quantile(name, a, 0.5, axis, "linear", keepdims, ignore_nan)


def _of_nothing(a: Operand, axes: tuple[int, ...], keepdims: bool) -> Variable:
    """NaN, in the shape that a choice among no elements has."""
    return F.add(F.sum(a, axes, keepdims), math.nan)


def _fractions(name: str, q: Operand) -> np.ndarray:
    if isinstance(q, Variable):
        raise NoRuleError(
            f"numpy.{name}: between the data it is a step or a line in q, which has no rule: "
            f"give q as a number or an array"
        )
    return np.asarray(q, float)


def _quantile(
    name: str, a: Operand, q: Operand, axis: Axis, method: str, keepdims: bool, ignore_nan: bool
) -> Variable:
    if method != "linear":
        raise NoRuleError(f"numpy.{name}: method={method!r} has no rule: use method='linear'")
    q = _fractions(name, q)
    if not ((q >= 0) & (q <= 1)).all():
        raise ValueError(f"{name}: expected fractions from 0 to 1, got {q}")
    axes = normal_axes(axis, a.ndim, name)
    rest = [i for i in range(a.ndim) if i not in axes]
    lanes = [a.shape[i] for i in rest]
    if ignore_nan and not math.prod(a.shape):
        # NumPy's answer has no axis for several fractions here.
        return _of_nothing(a, axes, keepdims)
    if not math.prod(a.shape[i] for i in axes):
        raise InvalidIndex(name, "something to choose from", f"an array of shape {a.shape}")
    moved = F.transpose(a, (*rest, *axes))
    flat = F.reshape(moved, (math.prod(lanes), math.prod(a.shape[i] for i in axes)))
    rows = _of_rows(flat, q.reshape(-1).tolist(), ignore_nan)
    shape = kept_shape(a.shape, axes) if keepdims else tuple(lanes)
    return F.reshape(rows, q.shape + shape)


def _of_rows(x: Variable, qs: list[float], ignore_nan: bool) -> Variable:
    """The quantiles ``qs`` of each row of x (m, n), as (len(qs), m)."""
    values = x.array
    missing = (values != values).sum(axis=-1)
    counts = values.shape[1] - missing if ignore_nan else missing * 0 + values.shape[1]
    # NaN is sorted behind all numbers.
    order = np.argsort(values, axis=-1)
    rows = np.arange(values.shape[0], like=values)
    found = []
    for q in qs:
        place = q * np.maximum(counts - 1, 0)
        low, high = np.floor(place), np.ceil(place)
        part = (place - low).astype(x.dtype)
        # Only the reading is recorded: which elements are neighbours of the quantile is a step.
        lower = F.get_item(x, (rows, order[rows, low.astype("int64")]))
        upper = F.get_item(x, (rows, order[rows, high.astype("int64")]))
        between = F.add(F.multiply(lower, 1 - part), F.multiply(upper, part))
        # Infinity times a part of 0 is no number.
        found.append(F.where(part == 0, lower, between))
    bad = counts == 0 if ignore_nan else missing > 0
    if not backend.anywhere(bad):
        return F.stack(found)
    # Which elements a row with NaN is made of nobody knows: its gradient is NaN as its value is.
    return F.where(bad, F.sum(F.multiply(x, math.nan), 1), F.stack(found))


# ----------------------------------------------------------------------------- covariances


@answers(np.cov)
def cov(
    m: Operand,
    y: Operand = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Operand = None,
    aweights: Operand = None,
) -> Variable:
    if fweights is not None or aweights is not None:
        raise NoRuleError(
            "numpy.cov: fweights= and aweights= have no rule: use numpy.average for the weighted "
            "means, of the data and of the products of deviations"
        )
    parts = []
    for v in together("cov", m, *(() if y is None else (y,))):
        if v.ndim > 2:
            raise ValueError(f"cov: expected one or two dimensions, got {v.ndim}")
        # Variables as rows, observations as columns; a vector is one variable, whatever rowvar.
        rows = v.reshape((1, v.size)) if v.ndim < 2 else v
        parts.append(rows if rowvar or v.ndim < 2 else rows.T)
    x = F.concat(parts, 0) if len(parts) > 1 else parts[0]
    real_only("cov", x)
    free = x.shape[1] - (int(not bias) if ddof is None else ddof)
    # A division, as NumPy's: by the reciprocal, as F.mean, equal observations would leave other
    # rounding errors than NumPy's, which corrcoef divides by each other.
    means = F.divide(F.sum(x, 1, keepdims=True), np.asarray(float(x.shape[1])))
    deviations = F.subtract(x, means)
    products = F.matmul(deviations, F.transpose(deviations))
    # No degree of freedom left is NumPy's division by 0, not by a negative number.
    return F.squeeze(F.divide(products, float(max(free, 0))))


@answers(np.corrcoef)
def corrcoef(x: Operand, y: Operand = None, rowvar: bool = True) -> Variable:
    c = cov(x, y, rowvar)
    if c.ndim == 0:
        return F.divide(c, c)
    index = np.arange(c.shape[0])
    # NumPy divides by the two deviations in turn, not by their product: the same last bit.
    deviations = F.sqrt(F.get_item(c, (index, index)))
    scaled = F.divide(c, F.expand_dims(deviations, 1))
    found = F.divide(scaled, F.expand_dims(deviations, 0))
    # NumPy cuts off what rounding puts above 1. The value alone is moved: there the correlation
    # has its largest value, and a curvature, which the derivatives of a cut would lose.
    value = found.array
    return F.add(found, np.maximum(np.minimum(value, 1.0), -1.0) - value)
