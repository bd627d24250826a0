"""Products of vectors, matrices and tensors, and norms: what numpy has and F has not."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

import playground.functions as F
from playground.functions.array.joining import operand
from playground.functions.linalg.matrices import check_matrices, check_square
from playground.functions.norms import euclidean_norm, power_norm
from playground.functions.operands import real_only, together
from playground.functions.reduction import largest, normal_axes, smallest
from playground.functions.registry import answers
from playground.graph.errors import InvalidMatrix, InvalidType
from playground.graph.op import variable_of
from playground.graph.types import Axis, Operand, Scalar
from playground.graph.variable import Variable

# The order of a norm: NumPy's numbers and names.
Order: TypeAlias = Scalar | str | None


@answers(np.dot)
def dot(a: Operand, b: Operand) -> Variable:
    a, b = operand(a), operand(b)
    if a.ndim == 0 or b.ndim == 0:
        return F.multiply(a, b)
    # With more axes dot sums over the last but one of b for each of a's, where matmul broadcasts.
    return F.matmul(a, b) if b.ndim <= 2 else F.tensordot(a, b, ((-1,), (-2,)))


@answers(np.vdot)
def vdot(a: Operand, b: Operand) -> Variable:
    real_only("vdot", a, b)
    a, b = operand(a).reshape(-1), operand(b).reshape(-1)
    _equally_long("vdot", a, b)
    return F.sum(F.multiply(a, b))


def _equally_long(name: str, a: Operand, b: Operand, axis: int = -1) -> None:
    """Refuse what a product of elements would broadcast and NumPy's contraction does not."""
    if not a.ndim or not b.ndim:
        raise InvalidType(name, "operands of one dimension or more", f"{a.ndim} and {b.ndim}")
    if a.shape[axis] != b.shape[axis]:
        raise InvalidType(
            name, f"one length along axis {axis}", f"operands of shape {a.shape} and {b.shape}"
        )


@answers(np.vecdot, np.linalg.vecdot)
def vecdot(x1: Operand, x2: Operand, /, *, axis: int = -1) -> Variable:
    real_only("vecdot", x1, x2)
    a, b = together("vecdot", x1, x2)
    normal_axes(axis, min(a.ndim, b.ndim), "vecdot")
    _equally_long("vecdot", a, b, axis)
    # Each operand counts its axes by itself; the others are broadcast from behind.
    return F.sum(F.multiply(F.moveaxis(a, axis, -1), F.moveaxis(b, axis, -1)), -1)


@answers(np.inner)
def inner_product(a: Operand, b: Operand) -> Variable:
    a, b = operand(a), operand(b)
    if a.ndim == 0 or b.ndim == 0:
        return F.multiply(a, b)
    return F.tensordot(a, b, ((-1,), (-1,)))


@answers(np.outer)
def outer(a: Operand, b: Operand) -> Variable:
    return F.multiply(operand(a).reshape((-1, 1)), operand(b).reshape((1, -1)))


@answers(np.linalg.outer)
def outer_of_vectors(x1: Operand, x2: Operand, /) -> Variable:
    a, b = operand(x1), operand(x2)
    if a.ndim != 1 or b.ndim != 1:
        raise InvalidType("outer", "vectors, of one dimension", f"{a.ndim} and {b.ndim}")
    return outer(a, b)


@answers(np.kron)
def kron(a: Operand, b: Operand) -> Variable:
    a, b = operand(a), operand(b)
    ndim = max(a.ndim, b.ndim)
    left, right = (1,) * (ndim - a.ndim) + a.shape, (1,) * (ndim - b.ndim) + b.shape
    # Each axis as a pair, of a and of b: one broadcast product, whose pairs are then merged.
    shape_a = [n for length in left for n in (length, 1)]
    shape_b = [n for length in right for n in (1, length)]
    product = F.multiply(a.reshape(shape_a), b.reshape(shape_b))
    return F.reshape(product, [m * n for m, n in zip(left, right, strict=True)])


@answers(np.cross, np.linalg.cross)
def cross(
    a: Operand,
    b: Operand,
    axisa: int = -1,
    axisb: int = -1,
    axisc: int = -1,
    axis: int | None = None,
) -> Variable:
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = together("cross", a, b)
    a, b = F.moveaxis(a, axisa, -1), F.moveaxis(b, axisb, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise InvalidType("cross", "vectors of 3 elements", f"{a.shape[-1]} and {b.shape[-1]}")
    a0, a1, a2 = (a[..., i] for i in range(3))
    b0, b1, b2 = (b[..., i] for i in range(3))
    return F.stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], axis=axisc)


@answers(np.linalg.multi_dot)
def multi_dot(arrays: Sequence[Operand]) -> Variable:
    operands = together("multi_dot", *arrays)
    if len(operands) < 2:
        raise ValueError(f"multi_dot: expected two arrays or more, got {len(operands)}")
    if len(operands) == 2:  # nothing to choose, and so nothing to refuse
        return dot(*operands)
    ends = {0, len(operands) - 1}
    if not all(x.ndim == 2 or (x.ndim == 1 and i in ends) for i, x in enumerate(operands)):
        raise InvalidType(
            "multi_dot",
            "matrices, and vectors at the two ends alone",
            f"arrays of {', '.join(str(x.ndim) for x in operands)} dimensions",
        )
    # A vector is a row at the front and a column at the end.
    sizes = [1 if i == 0 and x.ndim == 1 else x.shape[0] for i, x in enumerate(operands)]
    sizes.append(operands[-1].shape[1] if operands[-1].ndim > 1 else 1)
    return _chain(operands, _splits(sizes), 0, len(operands) - 1)


def _splits(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to split each run of the chain, by dynamic programming over multiplications."""
    count = len(sizes) - 1
    cost = {(i, i): 0 for i in range(count)}
    split: dict[tuple[int, int], int] = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            prices = {
                k: cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1]
                for k in range(i, j)
            }
            split[i, j] = min(prices, key=prices.__getitem__)
            cost[i, j] = prices[split[i, j]]
    return split


def _chain(operands: list[Variable], split: dict[tuple[int, int], int], i: int, j: int) -> Variable:
    if i == j:
        return operands[i]
    k = split[i, j]
    return F.matmul(_chain(operands, split, i, k), _chain(operands, split, k + 1, j))


@answers(np.linalg.matrix_power)
def matrix_power(a: Operand, n: int) -> Variable:
    check_square(a, "matrix_power")
    if n < 0:
        return matrix_power(F.inv(a), -n)
    if n == 0:
        eye = np.eye(a.shape[-1], dtype=a.dtype, like=a.array)
        return F.broadcast_to(eye, a.shape)
    if n == 1:
        return a
    half = matrix_power(a, n // 2)
    square = F.matmul(half, half)
    return F.matmul(square, a) if n % 2 else square


# ------------------------------------------------------------------------------------- norms


@answers(np.linalg.norm)
def norm(x: Operand, ord: Order = None, axis: Axis = None, keepdims: bool = False) -> Variable:
    if axis is None and (ord is None or x.ndim == 1):
        return _vector_norm(x, 2 if ord is None else ord, None, keepdims)
    axes = normal_axes(axis, x.ndim, "norm")
    if axis is not None and not isinstance(axis, int):
        # As given, not sorted as normal_axes has them: of a matrix norm they are row and column.
        axes = tuple(a % x.ndim for a in axis)
    if len(axes) == 1:
        return _vector_norm(x, 2 if ord is None else ord, axes[0], keepdims)
    if len(axes) != 2:
        raise ValueError(f"norm: expected one axis or two, got {axis} for {x.ndim} dimensions")
    return _matrix_norm(x, ord, axes, keepdims)


@answers(np.linalg.vector_norm)
def vector_norm(
    x: Operand, /, *, axis: Axis = None, keepdims: bool = False, ord: Order = 2
) -> Variable:
    ord = 2 if ord is None else ord
    axes = normal_axes(axis, x.ndim, "vector_norm")
    rest = [i for i in range(x.ndim) if i not in axes]
    # The length by name: of no elements -1 does not say what it stands for.
    count = math.prod(x.shape[i] for i in axes)
    flat = x.transpose((*rest, *axes)).reshape([*(x.shape[i] for i in rest), count])
    result = _vector_norm(flat, ord, len(rest), False)
    kept = [1 if i in axes else n for i, n in enumerate(x.shape)]
    return F.reshape(result, kept) if keepdims else result


@answers(np.linalg.matrix_norm)
def matrix_norm(x: Operand, /, *, keepdims: bool = False, ord: Order = "fro") -> Variable:
    check_matrices(x, "matrix_norm")
    return _matrix_norm(x, ord, (x.ndim - 2, x.ndim - 1), keepdims)


def _vector_norm(x: Operand, ord: Scalar, axis: Axis, keepdims: bool) -> Variable:
    real_only("norm", x)
    if isinstance(ord, str) or ord is None:
        raise ValueError(f"norm: the order {ord!r} is not defined for vectors")
    if ord == 2:
        return euclidean_norm(x, axis, keepdims)
    size = F.absolute(x)
    if ord == math.inf:
        return _largest(size, axis, keepdims)
    if ord == -math.inf:
        return smallest(size, axis, keepdims)
    if ord == 0:
        count = np.sum(x.array != 0, axis=axis, keepdims=keepdims).astype(x.dtype)
        return variable_of(count)
    if ord == 1:
        return F.sum(size, axis, keepdims)
    return power_norm(x, ord, axis, keepdims)


def _largest(sizes: Variable, axis: Axis, keepdims: bool = False) -> Variable:
    """The maximum of numbers that are not negative; 0 of none, as NumPy has it for norms."""
    empty = 0 in [sizes.shape[i] for i in normal_axes(axis, sizes.ndim, "norm")]
    return (F.sum if empty else largest)(sizes, axis, keepdims)


def _matrix_norm(x: Operand, ord: Order, axes: tuple[int, ...], keepdims: bool) -> Variable:
    row, column = axes
    real_only("norm", x)
    if ord in (None, "fro", "f"):
        return euclidean_norm(x, axes, keepdims)
    if ord in (1, -1, math.inf, -math.inf):
        first, second = (row, column) if ord in (1, -1) else (column, row)
        # With the axes kept the second has its number still, whichever is reduced first.
        sums = F.sum(F.absolute(x), first, keepdims=True)
        result = (_largest if ord > 0 else smallest)(sums, second, keepdims=True)
    elif ord in (2, -2, "nuc"):
        values = F.svdvals(F.moveaxis(x, (row, column), (-2, -1)))
        reductions: dict[Order, Callable[..., Variable]]
        reductions = {2: _largest, -2: smallest, "nuc": F.sum}
        reduced = reductions[ord](values, -1)
        result = F.expand_dims(F.expand_dims(reduced, min(axes)), max(axes))
    else:
        raise ValueError(f"norm: the order {ord!r} is not defined for matrices")
    return result if keepdims else F.squeeze(result, axes)


@answers(np.linalg.cond)
def cond(x: Operand, p: Order = None) -> Variable:
    if 0 in x.shape[-2:]:
        raise InvalidMatrix("cond", "a matrix that is not empty", f"shape {x.shape}")
    if p in (None, 2, -2):
        values = F.svdvals(x)
        # Sorted, and yet by the extrema: equal values share the gradient.
        quotient = F.divide(largest(values, -1), smallest(values, -1))
        return F.divide(1.0, quotient) if p == -2 else quotient
    axes = (x.ndim - 2, x.ndim - 1)
    return F.multiply(_matrix_norm(x, p, axes, False), _matrix_norm(F.inv(x), p, axes, False))
