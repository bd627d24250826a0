"""Bounds in the forms that SciPy takes, or in the form of the start, as a box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

import numpy as np

from playground.graph.backend import array_like, is_array, to_cpu
from playground.graph.errors import FitError
from playground.graph.types import DType, HostArray, Raw, Shape, Tree
from playground.lab.descent.box import Box
from playground.lab.descent.rules import is_number

__all__ = ["box_in_json", "make_box"]


def make_box(bounds: Tree, start: Tree, names: Sequence[str], point: Sequence[Raw]) -> Box:
    """The box of ``bounds`` for parameters of these names, which are at ``point``.

    ``start`` is what ``fit`` was given, for its form. Raises FitError where they do not fit.
    """
    sides = []
    for name, one, array in zip(names, _by_parameter(bounds, start, names), point, strict=True):
        low, high = _both_sides(name, one, array.shape)
        low, high = _rounded_inwards(name, low, high, array.dtype)
        _check_start(name, to_cpu(array), low, high)
        sides.append((array_like(low, array), array_like(high, array)))
    return Box(tuple(low for low, _ in sides), tuple(high for _, high in sides))


def box_in_json(box: Box, names: Sequence[str]) -> dict[str, Any]:
    """A box in JSON: (lower, upper) by name, None for no bound, one number where all are equal."""
    sides = zip(names, box.lower, box.upper, strict=True)
    return {
        name: [_side_in_json(to_cpu(low)), _side_in_json(to_cpu(high))] for name, low, high in sides
    }


def _side_in_json(side: HostArray) -> Any:
    # JSON has no infinity, and a checkpoint need not hold one bound a thousand times.
    values = [value if abs(value) < inf else None for value in side.ravel().tolist()]
    return values[0] if values.count(values[0]) == len(values) else values


# ----------------------------------------------------------------------------- the forms


def _by_parameter(bounds: Tree, start: Tree, names: Sequence[str]) -> list[Any]:
    """The bounds of each parameter; one pair of numbers holds for all."""
    if _is_pair(bounds) or (_is_scipys(bounds) and np.ndim(bounds.lb) == np.ndim(bounds.ub) == 0):
        return [bounds] * len(names)
    if isinstance(start, dict):
        if not isinstance(bounds, Mapping):
            raise FitError(
                f"fit: bounds: expected a dict, as start is one, or one pair (low, high) for all, "
                f"got {_quoted_bounds(bounds)}"
            )
        other = [name for name in bounds if name not in names]
        if other:
            raise FitError(
                f"fit: bounds: start has no {other[0]!r}: expected some of {', '.join(names)}"
            )
        return [bounds.get(name) for name in names]
    if not isinstance(start, tuple):
        return [bounds]
    if not isinstance(bounds, (tuple, list)) or len(bounds) != len(names):
        raise FitError(
            f"fit: bounds: start is a tuple of {len(names)}: expected a tuple of as many bounds, "
            f"or one pair (low, high) for all, got {_quoted_bounds(bounds)}"
        )
    return list(bounds)


def _both_sides(name: str, given: Any, shape: Shape) -> tuple[HostArray, HostArray]:
    """Lower and upper bounds of one parameter, in its shape."""
    # First of all: two pairs for two entries are pairs, as SciPy reads them, also if both of them
    # came as arrays and were meant as the lower and the upper bounds.
    if given is None:
        given = (None, None)
    if _is_pair(given):
        low, high = _numbers(name, [given[0]], -inf), _numbers(name, [given[1]], inf)
        return np.full(shape, low[0]), np.full(shape, high[0])
    if _is_scipys(given):
        return _one_side(name, given.lb, shape, -inf), _one_side(name, given.ub, shape, inf)
    count = int(np.prod(shape))
    try:
        # Of objects: None has no other dtype, and text must not become a number.
        table = np.array(given if hasattr(given, "__len__") else list(given), dtype=object)
    except (TypeError, ValueError):
        table = np.empty(0, dtype=object)
    if table.shape not in ((count, 2), (*shape, 2)):
        raise FitError(
            f"fit: bounds: {name} has {count} {'entry' if count == 1 else 'entries'}: expected a "
            f"pair (low, high) for each, or one for all, or scipy.optimize.Bounds, "
            f"got {_quoted_bounds(given)}"
        )
    columns = table.reshape(count, 2).T
    low, high = _numbers(name, columns[0], -inf), _numbers(name, columns[1], inf)
    return low.reshape(shape), high.reshape(shape)


def _is_scipys(bounds: Any) -> bool:
    # By what it has: SciPy need not be there.
    return hasattr(bounds, "lb") and hasattr(bounds, "ub")


def _is_pair(bounds: Any) -> bool:
    """Whether this is one pair of numbers."""
    sized = isinstance(bounds, (tuple, list)) or (is_array(bounds) and bounds.shape == (2,))
    return sized and len(bounds) == 2 and all(map(_is_side, bounds))


def _is_side(value: Any) -> bool:
    return value is None or is_number(value) or (is_array(value) and value.shape == ())


def _one_side(name: str, side: Any, shape: Shape, missing: float) -> HostArray:
    """One side of SciPy's Bounds, for the entries in a row or in the shape of the parameter."""
    array = np.asarray(side, dtype=object)
    values = _numbers(name, array.ravel(), missing).reshape(array.shape)
    try:
        flat = values.ndim == 1 and values.size == np.prod(shape)
        return values.reshape(shape) if flat else np.broadcast_to(values, shape).copy()
    except ValueError:
        raise FitError(
            f"fit: bounds: {name} is of shape {shape}, got bounds of shape {array.shape}"
        ) from None


def _numbers(name: str, values: Any, missing: float) -> HostArray:
    found = []
    for value in values:
        number: Any = missing if value is None else value
        if is_array(number) and number.shape == ():
            number = to_cpu(number).item()
        if not is_number(number) or number != number:
            raise FitError(
                f"fit: bounds: {name}: expected numbers or None, got {_quoted_bounds(value)}"
            )
        found.append(float(number))
    return np.array(found)


def _quoted_bounds(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."


# ----------------------------------------------------------------------------- what holds


def _rounded_inwards(
    name: str, low: HostArray, high: HostArray, dtype: DType
) -> tuple[HostArray, HostArray]:
    """Both sides in the dtype of the parameter, rounded inwards: nothing outside is evaluated."""
    wrong = (low > high) | (low == inf) | (high == -inf)
    if wrong.any():
        where = _first(wrong)
        raise FitError(
            f"fit: bounds: no number lies between those of {name}{_index(where)}: "
            f"low {low[where]:g}, high {high[where]:g}"
        )
    # 0.1 in float32 is larger than 0.1, and a loss that ends there would be asked beyond it.
    with np.errstate(over="ignore"):
        lower, upper = low.astype(dtype), high.astype(dtype)
    lower = np.where(lower < low, np.nextafter(lower, lower.dtype.type(inf)), lower)
    upper = np.where(upper > high, np.nextafter(upper, upper.dtype.type(-inf)), upper)
    # What is fixed stays so, at the nearest number there is.
    fixed = lower > upper
    between = fixed & (low != high)
    if between.any():
        where = _first(between)
        raise FitError(
            f"fit: bounds: no number of {dtype} lies between those of {name}{_index(where)}: "
            f"low {low[where]!r}, high {high[where]!r}"
        )
    nearest = low.astype(dtype)
    return np.where(fixed, nearest, lower), np.where(fixed, nearest, upper)


def _check_start(name: str, start: HostArray, low: HostArray, high: HostArray) -> None:
    # Refused and not moved: the first row of the log is what was passed. NaN is outside as well.
    outside = ~((start >= low) & (start <= high))
    if outside.any():
        where = _first(outside)
        raise FitError(
            f"fit: start lies outside of bounds: {name}{_index(where)} is {start[where].item()!r}, "
            f"expected {low[where].item():g} to {high[where].item():g}: begin inside, for example "
            f"at numpy.clip(start, low, high)"
        )


def _first(mask: HostArray) -> tuple[int, ...]:
    return tuple(int(axis[0]) for axis in np.nonzero(np.atleast_1d(mask)))[: mask.ndim]


def _index(where: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, where))}]" if where else ""
