"""Functions of two variables at many points: values, and gradients in two ways."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np

from playground.gradient_check.differences import gradients_at
from playground.graph.backend import is_array, to_cpu
from playground.graph.errors import GraphCutError, InputError
from playground.graph.types import Array, Operand, UserFunction
from playground.transforms import grad, vmap

__all__ = [
    "DIFFERENCE_STEP",
    "Field",
    "Track",
    "as_points",
    "gradient_field",
    "numbers",
    "numerical_field",
]

# Of the central differences: near the cube root of eps, where the terms that are left out and the
# rounding, which is divided by it, are about as large.
DIFFERENCE_STEP = 1e-4


def gradient_field(f: UserFunction, points: Operand) -> Array:
    """The gradient of ``f`` at each point by backprop, all points in one call: shape (k, 2).

    ``f`` is plain NumPy on one point x of shape (2,); ``points`` has shape (k, 2), a row a point.
    Integers become float64. Raises InputError for points that lie in columns.
    """
    return _everywhere(grad(f), as_points(points))


def numerical_field(f: UserFunction, points: Operand, h: float = DIFFERENCE_STEP) -> Array:
    """The same by central differences, (f(x + h e_i) - f(x - h e_i)) / 2h, in float64."""
    points = as_points(points).astype(np.float64)
    return gradients_at(partial(numbers, f), points, h)


def as_points(points: Operand) -> Array:
    """Points as floats of shape (k, 2), a row a point. Raises InputError, saying what is which."""
    array = points if is_array(points) else np.asarray(points)
    if array.dtype.kind not in "fiub":
        raise InputError(f"points: expected real numbers, got dtype {array.dtype}")
    # NumPy stacks x0 and x1 in rows. Of two points it cannot be told which is meant.
    if array.ndim == 2 and array.shape[0] == 2 and array.shape[1] not in (0, 2):
        raise InputError(
            f"points: expected shape (k, 2), a row for each point and a column for each of x0 and "
            f"x1, got {array.shape}, where the points lie in columns: pass points.T"
        )
    if array.ndim != 2 or array.shape[1] != 2 or not len(array):
        raise InputError(
            f"points: expected shape (k, 2), a row for each point and a column for each of x0 and "
            f"x1, got {array.shape}"
        )
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def _everywhere(function: UserFunction, points: Array) -> Array:
    try:
        return vmap(function)(points)
    except GraphCutError:  # such as "if x[0] > 0": Python decides for one point at a time
        return np.stack([function(point) for point in points])


def numbers(f: UserFunction, points: Array) -> Array:
    """``f`` at each point, shape (k,). Raises InputError unless it gives one real number."""
    found = _everywhere(f, points)
    if math.prod(found.shape[1:]) != 1:
        raise InputError(
            f"the function gives an array of shape {found.shape[1:]} at a point, where one number "
            f"is needed: end it with .sum(), or pick one element"
        )
    if found.dtype.kind not in "fiu":
        kinds = {"b": "truth values: write where(condition, a, b)", "c": "complex numbers"}
        kind = kinds.get(found.dtype.kind, f"dtype {found.dtype}")
        raise InputError(f"the function gives {kind}, where real numbers are needed")
    return found.reshape(-1)


class Track(NamedTuple):
    """A path: points of shape (n, 2), the function there and the steps, both (n,)."""

    points: np.ndarray
    values: np.ndarray
    steps: np.ndarray
    name: str = ""


@dataclass(frozen=True)
class Field:
    """A function and its gradient at points: all arrays on the host.

    Attributes:
        points: shape (k, 2), a row a point.
        values: the function there, shape (k,).
        automatic: the gradient by backprop, shape (k, 2); NaN where the value is not finite.
        numerical: the same by central differences in float64, shape (k, 2).
    """

    points: np.ndarray
    values: np.ndarray
    automatic: np.ndarray
    numerical: np.ndarray

    @classmethod
    def of(cls, f: UserFunction, points: Operand) -> Field:
        """All of it for ``f``; ``points`` may be on a device. Raises InputError."""
        points = as_points(points)
        values = to_cpu(numbers(f, points))
        # log(x0) has the slope 1/x0 by its formula even where it has no value itself.
        there = np.isfinite(values)[:, None]
        ways = (to_cpu(way(f, points)) for way in (gradient_field, numerical_field))
        return cls(to_cpu(points), values, *(np.where(there, way, np.nan) for way in ways))

    @cached_property
    def error(self) -> np.ndarray:
        """How far the two gradients are apart, the larger component, shape (k,); NaN in gaps."""
        with np.errstate(invalid="ignore"):
            return np.abs(self.automatic - self.numerical).max(axis=1)

    def csv(self) -> bytes:
        """A line for each point, with a head."""
        columns = [self.points, self.values[:, None], self.automatic, self.numerical]
        # repr writes the shortest text that reads back as the same number.
        rows = np.concatenate(columns, axis=1).tolist()
        head = "x0,x1,f,gradient0,gradient1,numerical0,numerical1"
        return "\n".join([head, *(",".join(map(repr, row)) for row in rows), ""]).encode()
