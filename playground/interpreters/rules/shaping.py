"""Shapes: axes moved, added, dropped, reversed and repeated; diagonals and triangles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.array.indexing import GetItemGrad, along_diagonal
from playground.functions.array.joining import at_least, operand, shaped
from playground.functions.array.shaping import as_tuple
from playground.functions.reduction import normal_axes
from playground.functions.registry import answers
from playground.graph import backend
from playground.graph.errors import NoRuleError
from playground.graph.types import Axis, Index, Operand, Shape
from playground.graph.variable import Variable


@answers(np.reshape)
def reshape_rule(
    a: Operand,
    /,
    shape: Shape | None = None,
    order: str = "C",
    *,
    newshape: Shape | None = None,
    copy: bool | None = None,
) -> Variable:
    given = shape if newshape is None else newshape
    if given is None:
        raise TypeError("reshape: expected a shape, got none")
    if order == "F":
        # Order F of an array is order C of its transpose, going in and coming out.
        return F.transpose(F.reshape(F.transpose(a), as_tuple(given)[::-1]))
    _require_row_order("reshape", order)
    y = F.reshape(a, given)
    return F.identity(y) if copy else y


def _require_row_order(name: str, order: str) -> None:
    if order != "C":
        raise NoRuleError(
            f"numpy.{name}: order={order!r} depends on where an array lies in memory, which a "
            f"Variable leaves open: use order='C' or order='F'"
        )


@answers(np.ravel)
def ravel_rule(a: Operand, order: str = "C") -> Any:
    if order == "F":
        return F.ravel(F.transpose(a))
    _require_row_order("ravel", order)
    return F.ravel(a)


@answers("matrix_transpose", "linalg.matrix_transpose")
def matrix_transpose(x: Operand, /) -> Variable:
    return F.swapaxes(x, -1, -2)


@answers(np.atleast_1d)
def atleast_1d(*arys: Operand) -> Any:
    return _each_at_least(arys, 1)


@answers(np.atleast_2d)
def atleast_2d(*arys: Operand) -> Any:
    return _each_at_least(arys, 2)


@answers(np.atleast_3d)
def atleast_3d(*arys: Operand) -> Any:
    return _each_at_least(arys, 3)


def _each_at_least(arys: tuple[Any, ...], ndim: int) -> Any:
    raised = tuple(at_least(x, ndim) for x in arys)
    return raised[0] if len(raised) == 1 else raised


# ------------------------------------------------------------------------------ broadcasting


@answers(np.broadcast_arrays)
def broadcast_arrays(*args: Operand, subok: bool = False) -> tuple[Any, ...]:
    arrays = [operand(x) for x in args]
    shape = np.broadcast_shapes(*(x.shape for x in arrays))
    return tuple(np.broadcast_to(x, shape) for x in arrays)


@answers(np.meshgrid)
def meshgrid(
    *xi: Operand, copy: bool = True, sparse: bool = False, indexing: str = "xy"
) -> tuple[Any, ...]:
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: expected indexing='xy' or 'ij', got {indexing!r}")
    count = len(xi)
    places = list(range(count))
    if indexing == "xy" and count > 1:
        places[:2] = [1, 0]
    grids = [
        shaped(x, [-1 if i == place else 1 for i in range(count)])
        for x, place in zip(xi, places, strict=True)
    ]
    shape = np.broadcast_shapes(*(grid.shape for grid in grids))
    if not sparse:
        grids = [np.broadcast_to(grid, shape) for grid in grids]
    # Of the Variables alone: a constant is cast to its partner's dtype later.
    return tuple(
        F.identity(grid) if copy and isinstance(grid, Variable) else grid for grid in grids
    )


@answers(np.ix_)
def ix_(*args: Operand) -> tuple[Any, ...]:
    count = len(args)
    vectors = [operand(x) for x in args]
    one_long_axis_each = [[-1 if i == j else 1 for i in range(count)] for j in range(count)]
    for x in vectors:
        if x.ndim != 1:
            raise ValueError(f"ix_: expected vectors, got shape {x.shape}")
    return tuple(
        shaped(x.array.nonzero()[0] if x.dtype == bool and isinstance(x, Variable) else x, shape)
        for x, shape in zip(vectors, one_long_axis_each, strict=True)
    )


# -------------------------------------------------------------------- turned round, repeated


@answers(np.rot90)
def rot90(m: Operand, k: int = 1, axes: Sequence[int] = (0, 1)) -> Variable:
    first, second = (a % m.ndim for a in axes)
    if first == second or not all(-m.ndim <= a < m.ndim for a in axes):
        raise ValueError(f"rot90: expected two different axes of {m.ndim}, got {tuple(axes)}")
    if k % 4 == 0:
        return F.get_item(m, ...)
    if k % 4 == 2:
        return F.flip(m, (first, second))
    if k % 4 == 1:
        return F.swapaxes(F.flip(m, second), first, second)
    return F.flip(F.swapaxes(m, first, second), second)


@answers(np.roll)
def roll(a: Operand, shift: Operand, axis: Axis = None) -> Variable:
    if axis is None:
        return F.reshape(roll(F.ravel(a), shift, 0), a.shape)
    shifts, axes = np.broadcast_arrays(as_tuple(shift), as_tuple(axis))
    y = a
    for places, position in zip(shifts.tolist(), axes.tolist(), strict=True):
        (along,) = normal_axes(position, a.ndim, "roll")
        length = a.shape[along]
        if length and places % length:
            lead, cut = (slice(None),) * along, length - places % length
            # Two slices joined: the gradient of an index array would have to be counted.
            y = F.concat([y[(*lead, slice(cut, None))], y[(*lead, slice(cut))]], along)
    return F.identity(a) if y is a else y


@answers(np.fft.fftshift)
def fftshift(x: Operand, axes: Axis = None) -> Variable:
    axes = normal_axes(axes if axes is None else as_tuple(axes), x.ndim, "fftshift")
    return roll(x, [x.shape[a] // 2 for a in axes], axes)


@answers(np.fft.ifftshift)
def ifftshift(x: Operand, axes: Axis = None) -> Variable:
    axes = normal_axes(axes if axes is None else as_tuple(axes), x.ndim, "ifftshift")
    return roll(x, [-(x.shape[a] // 2) for a in axes], axes)


@answers(np.resize)
def resize(a: Operand, new_shape: Shape) -> Variable:
    shape = as_tuple(new_shape)
    size = int(np.prod(shape, dtype=int))
    if not a.size:  # NumPy repeats nothing to zeros; the sum of nothing is one that is connected
        return F.broadcast_to(F.sum(a), shape)
    return F.reshape(F.get_item(F.ravel(a), np.arange(size) % a.size), shape)


# ------------------------------------------------------------------- diagonals and triangles


@answers("linalg.diagonal")
def matrix_diagonal(x: Operand, /, *, offset: int = 0) -> Variable:
    return F.diagonal(x, offset, -2, -1)


@answers(np.trace)
def trace(a: Operand, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Variable:
    return F.sum(F.diagonal(a, offset, axis1, axis2), -1)


@answers("linalg.trace")
def matrix_trace(x: Operand, /, *, offset: int = 0) -> Variable:
    return trace(x, offset, -2, -1)


@answers(np.diag)
def diag(v: Operand, k: int = 0) -> Variable:
    if v.ndim == 2:
        return F.diagonal(v, k)
    if v.ndim != 1:
        raise ValueError(f"diag: expected one or two dimensions, got {v.ndim}")
    return diagflat(v, k)


@answers(np.diagflat)
def diagflat(v: Operand, k: int = 0) -> Variable:
    n = v.size + abs(k)
    return F.reshape(scattered(F.ravel(v), along_diagonal(n, n, k), (n * n,)), (n, n))


def scattered(x: Operand, index: Index, shape: tuple[int, ...]) -> Variable:
    """Zeros with x put at ``index``; what is added to zeros would lose the sign of its own."""
    return GetItemGrad(index, shape).of(x)


@answers(np.tril)
def tril(m: Operand, k: int = 0) -> Variable:
    # Chosen rather than multiplied: infinity times 0 is no number.
    return F.where(_triangle(m, k), m, 0)


@answers(np.triu)
def triu(m: Operand, k: int = 0) -> Variable:
    return F.where(_triangle(m, k - 1), 0, m)


def _triangle(m: Operand, k: int) -> Any:
    rows, columns = (m.shape * 2)[-2:]
    return backend.array_like(np.tri(rows, columns, k, dtype=bool), m.array)
