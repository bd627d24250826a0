"""Samples of functions: differences, integrals, interpolation, convolution; and ranges."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.array.joining import operand
from playground.functions.elementwise.selection import nan_from_nan
from playground.functions.operands import together
from playground.functions.reduction import normal_axes
from playground.functions.registry import answers
from playground.graph.errors import NoRuleError
from playground.graph.types import Axis, Operand, Scalar
from playground.graph.variable import Variable


def _cut(axis: int, *part: Operand) -> tuple[Any, ...]:
    """An index that takes a slice of one axis."""
    return (*(slice(None),) * axis, slice(*part))


# ----------------------------------------------------------------------------- differences


@answers(np.diff)
def diff(
    a: Operand,
    n: int = 1,
    axis: int = -1,
    prepend: Operand = np._NoValue,
    append: Operand = np._NoValue,
) -> Variable:
    if n < 0:
        raise ValueError(f"diff: expected an order n >= 0, got {n}")
    y = operand(a)
    (position,) = normal_axes(axis, y.ndim, "diff")
    ends = [_end(prepend, y, position), y, _end(append, y, position)]
    ends = [x for x in ends if x is not None]
    y = F.concat(ends, position) if len(ends) > 1 else y
    for _ in range(n):
        y = F.subtract(y[_cut(position, 1, None)], y[_cut(position, None, -1)])
    return y


def _end(value: Operand, y: Operand, axis: int) -> Any:
    """What goes before or behind y: an array, or a number repeated."""
    if value is np._NoValue:
        return None
    value = operand(value)
    shape = (*y.shape[:axis], 1, *y.shape[axis + 1 :])
    return value if value.ndim else np.broadcast_to(value, shape)


@answers(np.ediff1d)
def ediff1d(ary: Operand, to_end: Operand = None, to_begin: Operand = None) -> Variable:
    parts = [to_begin, diff(operand(ary).reshape(-1)), to_end]
    flat = [operand(x).reshape(-1) for x in parts if x is not None]
    return F.concat(flat, 0) if len(flat) > 1 else flat[0]


@answers(np.gradient)
def gradient_rule(f: Operand, *spacings: Operand, axis: Axis = None, edge_order: int = 1) -> Any:
    """Central differences inside, one-sided ones of order 1 or 2 at the edges."""
    f, *steps = together("gradient", f, *spacings)
    checked = normal_axes(axis, f.ndim, "gradient")
    # In the order in which they were given, which is that of the results.
    axes = checked if axis is None else axis
    axes = tuple(a % f.ndim for a in ((axes,) if isinstance(axes, int) else axes))
    if edge_order not in (1, 2):
        raise ValueError(f"gradient: edge_order must be 1 or 2, got {edge_order}")
    slopes = [
        _slope(f, a, h, edge_order)
        for a, h in zip(axes, _spacings(steps, [f.shape[a] for a in axes]), strict=True)
    ]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def _spacings(steps: list[Any], lengths: list[int]) -> list[Any]:
    """One an axis: None, a number, or the distances between the coordinates that were given."""
    if not steps:
        return [None] * len(lengths)
    if len(steps) == 1 and steps[0].ndim == 0:
        return steps * len(lengths)
    if len(steps) != len(lengths):
        raise TypeError(f"gradient: expected one spacing for each of {len(lengths)} axes")
    for step, length in zip(steps, lengths, strict=True):
        if step.ndim and step.shape != (length,):
            raise ValueError(f"gradient: expected {length} coordinates, got shape {step.shape}")
    return [_distances(step) if step.ndim else step for step in steps]


def _distances(x: Variable) -> Variable:
    """Those between neighbours; a single one if they are all the same, and nobody moves them."""
    apart = x[1:] - x[:-1]
    fixed = type(apart.array) is np.ndarray and apart.size and not apart.requires_grad
    return apart[0] if fixed and bool((apart.array == apart.array[0]).all()) else apart


def _slope(f: Operand, axis: int, h: Operand, edge_order: int) -> Variable:
    if f.shape[axis] < edge_order + 1:
        raise ValueError(
            f"gradient: expected {edge_order + 1} samples or more along axis {axis}, got "
            f"{f.shape[axis]}"
        )
    y = F.moveaxis(f, axis, 0)
    # In NumPy's order, to its last bit: of equal samples the slope is the same rounding, or the
    # same 0, that it is there.
    if h is None or not h.ndim:
        h = 1.0 if h is None else h
        inside = (y[2:] - y[:-2]) / (2.0 * h)
        steps = h, h
        edges: Any = (-1.5 / h, 2.0 / h, -0.5 / h), (0.5 / h, -2.0 / h, 1.5 / h)
    else:
        h = h.reshape((-1, *(1,) * (y.ndim - 1)))
        steps = h[0], h[-1]
        inside = _weighted(_at_middle(h[:-1], h[1:]), y[:-2], y[1:-1], y[2:])
        edges = _at_edges(h) if edge_order == 2 else ()
    if edge_order == 2:
        first, last = _weighted(edges[0], y[:1], y[1:2], y[2:3]), _weighted(edges[1], *_ends(y))
    else:
        first, last = (y[1:2] - y[:1]) / steps[0], (y[-1:] - y[-2:-1]) / steps[1]
    return F.moveaxis(F.concat([first, inside, last], 0), 0, axis)


def _weighted(weights: Any, a: Variable, b: Variable, c: Variable) -> Variable:
    return weights[0] * a + weights[1] * b + weights[2] * c


def _ends(y: Variable) -> tuple[Variable, Variable, Variable]:
    return y[-3:-2], y[-2:-1], y[-1:]


def _at_middle(before: Variable, after: Variable) -> tuple[Variable, Variable, Variable]:
    """The weights of three samples in the slope of their parabola at the middle one."""
    both = before + after
    return -after / (before * both), (after - before) / (before * after), before / (after * both)


def _at_edges(h: Variable) -> tuple[tuple[Variable, ...], tuple[Variable, ...]]:
    """The same at the first of all samples, and at the last."""
    (a, b), (c, d) = (h[0], h[1]), (h[-2], h[-1])
    first = -(2.0 * a + b) / (a * (a + b)), (a + b) / (a * b), -a / (b * (a + b))
    last = d / (c * (c + d)), -(d + c) / (c * d), (2.0 * d + c) / (d * (c + d))
    return first, last


@answers("trapezoid", "trapz")
def trapezoid(y: Operand, x: Operand = None, dx: Scalar = 1.0, axis: int = -1) -> Variable:
    y, widths = together("trapezoid", y, dx if x is None else x)
    (position,) = normal_axes(axis, y.ndim, "trapezoid")
    if x is not None:
        widths = diff(widths, axis=position if widths.ndim > 1 else -1)
        if widths.ndim == 1:
            widths = widths.reshape((-1, *(1,) * (y.ndim - position - 1)))
    pairs = F.add(y[_cut(position, 1, None)], y[_cut(position, None, -1)])
    return F.multiply(F.sum(F.multiply(pairs, widths), position), 0.5)


# --------------------------------------------------------------------------- interpolation


@answers(np.interp)
def interp(
    x: Operand,
    xp: Operand,
    fp: Operand,
    left: Operand = None,
    right: Operand = None,
    period: Scalar = None,
) -> Variable:
    """Piecewise linear, differentiated in all arguments; at a knot the slope is the right one."""
    if period is not None:
        raise NoRuleError("numpy.interp: period= has no rule: reduce x with numpy.remainder")
    x, xp, fp = together("interp", x, xp, fp)
    if xp.ndim != 1 or xp.shape != fp.shape or not xp.size:
        raise ValueError(f"interp: expected xp and fp of one length, got {xp.shape}, {fp.shape}")
    # Which two knots x lies between is a step; all that follows is recorded in x, xp and fp.
    at, knots = x.array, xp.array
    last = xp.shape[0] - 1
    index = np.minimum(np.maximum(np.searchsorted(knots, at, "right") - 1, 0), max(last - 1, 0))
    following = np.minimum(index + 1, last)
    x0, x1, f0, f1 = xp[index], xp[following], fp[index], fp[following]
    # A single knot has no slope.
    width = F.subtract(x1, x0) if last else np.ones_like(at)
    y = F.add(F.multiply(F.divide(F.subtract(f1, f0), width), F.subtract(x, x0)), f0)
    y = nan_from_nan(y)
    # Beyond the ends the outer lines went on: where() drops their values and their gradients.
    y = F.where(at < knots[0], fp[0] if left is None else left, y)
    return F.where(at > knots[-1], fp[-1] if right is None else right, y)


@answers(np.unwrap)
def unwrap(
    p: Operand, discont: float | None = None, axis: int = -1, *, period: float = 2 * math.pi
) -> Variable:
    """The jumps that are added have no gradient."""
    x = p.array
    (position,) = normal_axes(axis, p.ndim, "unwrap")
    step = x[_cut(position, 1, None)] - x[_cut(position, None, -1)]
    half = period / 2
    short = np.remainder(step + half, period) - half
    zeros = np.zeros_like(step)
    # Half a period up stays up.
    short = np.where(step > 0, np.where(short == -half, -short, short), short)
    limit = half if discont is None else max(discont, half)
    jumps = np.where(abs(step) < limit, zeros, short - step)
    start = np.zeros_like(x[_cut(position, None, 1)])
    return F.add(p, np.concatenate([start, np.cumsum(jumps, position)], axis=position))


# ----------------------------------------------------------------------------- convolution


@answers(np.correlate)
def correlate(a: Operand, v: Operand, mode: str = "valid") -> Variable:
    a, v = together("correlate", a, v)
    if mode == "same" and v.size > a.size:
        # NumPy exchanges the two, and so the middle of the result shifts.
        return F.flip(correlate(v, a, mode), 0)
    return F.convolve(a, v.reshape(-1)[::-1], mode)


# ---------------------------------------------------------------------------------- ranges


@answers(np.linspace)
def linspace(
    start: Operand,
    stop: Operand,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    *,
    axis: int = 0,
) -> Any:
    start, stop = together("linspace", start, stop)
    intervals = num - 1 if endpoint else num
    # A Variable by now, so that the constants beside it take its dtype.
    difference = F.subtract(stop, start)
    # A single point is the start; its step is NaN below, as NumPy has it.
    parts = (np.arange(num) / max(intervals, 1)).reshape((num, *(1,) * difference.ndim))
    y = F.add(F.multiply(difference, parts), start)
    y = F.moveaxis(y, 0, axis) if axis else y
    return (y, F.divide(difference, float(intervals or math.nan))) if retstep else y


@answers(np.logspace)
def logspace(
    start: Operand,
    stop: Operand,
    num: int = 50,
    endpoint: bool = True,
    base: Operand = 10.0,
    *,
    axis: int = 0,
) -> Variable:
    start, stop, base = together("logspace", start, stop, base)
    return F.power(base, linspace(start, stop, num, endpoint, axis=axis))


@answers(np.geomspace)
def geomspace(
    start: Operand, stop: Operand, num: int = 50, endpoint: bool = True, *, axis: int = 0
) -> Variable:
    start, stop = together("geomspace", start, stop)
    negative = start.array < 0
    # Both ends have one sign, which is put back at the end.
    first, last = (F.log(F.absolute(x)) for x in (start, stop))
    y = F.exp(linspace(first, last, num, endpoint, axis=axis))
    return F.where(negative, -y, y)
