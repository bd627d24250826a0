"""Shifting and scaling along axes, and mixing."""

from __future__ import annotations

from playground.functions.array import broadcast_to, reshape
from playground.functions.basic_math import add, multiply, subtract
from playground.functions.operands import together
from playground.graph.errors import InvalidType
from playground.graph.types import Operand
from playground.graph.variable import Variable

__all__ = ["bias", "linear_interpolate", "scale"]


def bias(x: Operand, y: Operand, axis: int = 1) -> Variable:
    """x + y, where y has the shape of x's axes from ``axis`` on."""
    x, y = together("bias", x, y)
    return add(x, _along_axes("bias", x, y, axis))


def scale(x: Operand, y: Operand, axis: int = 1) -> Variable:
    """x y, where y has the shape of x's axes from ``axis`` on."""
    x, y = together("scale", x, y)
    return multiply(x, _along_axes("scale", x, y, axis))


def _along_axes(operation: str, x: Variable, y: Variable, axis: int) -> Variable:
    if x.shape[axis : axis + y.ndim] != y.shape:
        raise InvalidType(
            operation,
            f"an operand of the shape of x's axes from {axis} on, x of shape {x.shape}",
            f"shape {y.shape}",
        )
    shape = (1,) * axis + y.shape + (1,) * (x.ndim - axis - y.ndim)
    return broadcast_to(reshape(y, shape), x.shape)


def linear_interpolate(p: Operand, x: Operand, y: Operand) -> Variable:
    """p x + (1 - p) y, of arrays of one shape."""
    p, x, y = together("linear_interpolate", p, x, y)
    if not p.shape == x.shape == y.shape:
        raise InvalidType(
            "linear_interpolate", "operands of one shape", f"{p.shape}, {x.shape}, {y.shape}"
        )
    return add(multiply(p, x), multiply(subtract(1.0, p), y))
