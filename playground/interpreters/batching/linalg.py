"""Linear algebra in lanes: products, systems of equations, decompositions.

Where one operand has no lanes, the lanes become rows or columns of one large product; where lanes
are neighbours in memory, products of small matrices are sums of elementwise products.

A function of one matrix in the vocabulary needs no word here: NumPy's own take leading axes, which
is what lanes are. ``a_has`` says below whether a's leading axis are the lanes.
"""

from __future__ import annotations

import operator
import string
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from playground.functions.vocabulary import LINALG
from playground.graph.types import Operand, Raw
from playground.interpreters.batching.batched import (
    Batched,
    elementwise,
    in_lanes,
    is_higher,
    lanes_inner,
    looped,
    newest,
    padded,
)
from playground.interpreters.batching.levels import Level

# A product of matrices whose lanes are neighbours in memory is summed term by term up to so many
# terms and elements of the result, from so many lanes on. Against NumPy's own loop over 1000 lanes
# that is 7.7 times as fast for 2 x 2 matrices, 1.9 for 4 x 4, 1.3 for 6 x 6, 0.8 for 8 x 8 and 0.1
# for 16 x 16; over 100 lanes it is slower from 3 x 3 on (measured with NumPy 2 on one core).
FEW_TERMS, FEW_ELEMENTS, SUMMED_FROM = 16, 36, 300


def _in_each_lane(function: Callable[..., Any]) -> Callable[..., Any]:
    def decompose(x: Batched, *args: Operand, **kwargs: Operand) -> Any:
        result = function(x.array, *args, **kwargs)
        if not isinstance(result, tuple):
            return x.with_array(result)
        parts = [x.with_array(part) for part in result]
        return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)

    return decompose


for _name in LINALG - {"solve"}:
    in_lanes(getattr(np.linalg, _name))(_in_each_lane(getattr(np.linalg, _name)))


def _opened(x: Operand, level: Level) -> tuple[Raw, bool]:
    """The array inside, and whether its leading axis are the lanes of ``level``."""
    if isinstance(x, Batched) and x.level is level:
        return x.array, True
    return (np.asarray(x) if isinstance(x, (list, tuple)) else x), False


# ------------------------------------------------------------------------------- products


@in_lanes(np.matmul)
def product_in_lanes(x: Operand, y: Operand) -> Batched:
    """x @ y in each lane."""
    level = newest((x, y))
    a, a_has = _opened(x, level)
    b, b_has = _opened(y, level)
    m, n = a.ndim - a_has, b.ndim - b_has
    if not m or not n:
        raise ValueError("matmul: an operand has no axis: multiply with * instead")
    if m == 1 and n == 1:
        return Batched(_scalar_products(a, b, a_has, b_has), level)
    if m == 1 and n == 2 and a_has and not b_has:
        return Batched(_rows_times(a, b), level)
    if n == 1 and m == 2 and b_has and not a_has:
        return Batched(_rows_times(b, a.transpose()), level)
    # Any others as matrices; a vector's axis of length 1 is left out of the result again.
    if m == 1:
        a = np.expand_dims(a, -2)
    if n == 1:
        b = np.expand_dims(b, -1)
    ndim = max(a.ndim - a_has, b.ndim - b_has)
    a = padded(a, ndim) if a_has else a
    b = padded(b, ndim) if b_has else b
    c = _products_of_matrices(a, b, a_has, b_has)
    if m == 1:
        c = c.reshape((*c.shape[:-2], *c.shape[-1:]))
    elif n == 1:
        c = c.reshape(c.shape[:-1])
    return Batched(c, level)


def _scalar_products(a: Raw, b: Raw, a_has: bool, b_has: bool) -> Raw:
    """The scalar product of two vectors, in each lane."""
    if not a_has:
        return np.dot(b, a)
    if not b_has:
        return np.dot(a, b)
    if lanes_inner(a) or lanes_inner(b) or a.shape[-1] <= FEW_TERMS:
        return (a * b).sum(axis=-1)
    return np.matmul(np.expand_dims(a, -2), np.expand_dims(b, -1)).reshape(a.shape[:1])


def _rows_times(rows: Raw, matrix: Raw) -> Raw:
    """Each row (lane) times one matrix: a product of two matrices."""
    if lanes_inner(rows):
        # The transposed product, so that the result's lanes are neighbours in memory too.
        return np.dot(matrix.transpose(), rows.transpose()).transpose()
    return np.dot(rows, matrix)


def _products_of_matrices(a: Raw, b: Raw, a_has: bool, b_has: bool) -> Raw:
    """Products of matrices, lanes first: a (L, …, m, k) or (…, m, k), b likewise."""
    if a_has and b_has:
        if a.shape[-1] == 1:
            return a * b  # an outer product
        few = 0 < a.shape[-1] <= FEW_TERMS and a.shape[-2] * b.shape[-1] <= FEW_ELEMENTS
        if few and a.shape[0] >= SUMMED_FROM and (lanes_inner(a) or lanes_inner(b)):
            # Term by term: each is one loop over all lanes, where matmul would loop inside of each.
            terms = (a[..., :, i : i + 1] * b[..., i : i + 1, :] for i in range(a.shape[-1]))
            return reduce(operator.add, terms)
        return np.matmul(a, b)
    if a.ndim != 2 + a_has or b.ndim != 2 + b_has:
        return np.matmul(a, b)
    if a_has:
        if lanes_inner(a):
            return _matrix_times(b.transpose(), a.swapaxes(-1, -2)).swapaxes(-1, -2)
        lanes, m, k = a.shape
        return np.dot(a.reshape((lanes * m, k)), b).reshape((lanes, m, b.shape[1]))
    return _matrix_times(a, b)


def _matrix_times(matrix: Raw, matrices: Raw) -> Raw:
    """One matrix (m, k) times the matrix (k, n) of each lane."""
    lanes, k, n = matrices.shape
    if lanes_inner(matrices):
        columns = matrices.transpose((1, 2, 0)).reshape((k, n * lanes))
        return np.dot(matrix, columns).reshape((matrix.shape[0], n, lanes)).transpose((2, 0, 1))
    if n == 1:
        return np.expand_dims(np.dot(matrices.reshape((lanes, k)), matrix.transpose()), -1)
    return np.matmul(matrix, matrices)


@in_lanes(np.dot)
def dot_in_lanes(x: Operand, y: Operand) -> Any:
    """``numpy.dot`` in each lane."""
    ndims = getattr(x, "ndim", 0), getattr(y, "ndim", 0)
    if 0 in ndims:
        return elementwise(np.multiply, (x, y))
    # Of more axes dot and matmul differ: no op text has those.
    return product_in_lanes(x, y) if ndims[1] <= 2 else looped(np.dot, (x, y), {})


@in_lanes(np.einsum)
def einsum_in_lanes(subscripts: str | Operand, *operands: Operand, **options: Operand) -> Any:
    """``numpy.einsum`` in each lane: the lanes are one more label, shared by all that have them."""
    if not isinstance(subscripts, str) or "->" not in subscripts:
        return looped(np.einsum, (subscripts, *operands), options)
    level = newest(operands)
    inputs, output = subscripts.replace(" ", "").split("->")
    label = next(c for c in string.ascii_letters if c not in subscripts)
    terms, arrays = [], []
    for term, x in zip(inputs.split(","), operands, strict=True):
        array, has = _opened(x, level)
        terms.append(label + term if has else term)
        arrays.append(array)
    return Batched(np.einsum(f"{','.join(terms)}->{label}{output}", *arrays, **options), level)


# -------------------------------------------------------------------- systems of equations


@in_lanes(np.linalg.solve)
def solution_in_lanes(a: Operand, b: Operand) -> Batched:
    """The x with a x = b in each lane; b a vector (n,) or a matrix of columns (…, n, k)."""
    level = newest((a, b))
    left, left_has = _opened(a, level)
    right, right_has = _opened(b, level)
    vector = right.ndim - right_has == 1
    if vector:
        right = np.expand_dims(right, -1)
    if not left_has and left.ndim == 2 and right.ndim == 3:
        # One factorisation: the columns of all lanes are solved for together.
        lanes, n, k = right.shape
        columns = right.transpose((1, 2, 0)).reshape((n, k * lanes))
        x = np.linalg.solve(left, columns).reshape((n, k, lanes)).transpose((2, 0, 1))
    else:
        ndim = max(left.ndim - left_has, right.ndim - right_has)
        left = padded(left, ndim) if left_has else left
        right = padded(right, ndim) if right_has else right
        x = np.linalg.solve(left, right)
    return Batched(x.reshape(x.shape[:-1]) if vector else x, level)


# ----------------------------------------------------------------------------- the methods


def _operator_product(x: Operand, y: Operand) -> Batched:
    if is_higher(x) or is_higher(y):
        return NotImplemented
    return product_in_lanes(x, y)


setattr(Batched, "dot", lambda self, other: dot_in_lanes(self, other))
setattr(Batched, "__matmul__", _operator_product)
setattr(Batched, "__rmatmul__", lambda self, other: _operator_product(other, self))
