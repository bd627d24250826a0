"""Products of sparse matrices, as their elements that are not 0, with dense ones."""

from __future__ import annotations

import math

import numpy as np

from playground.functions.array import get_item, reshape, swapaxes
from playground.functions.array.indexing import GetItemGrad
from playground.functions.elementwise import cast
from playground.graph import backend, special
from playground.graph.errors import InvalidType
from playground.graph.op import Binary, as_raw
from playground.graph.types import Array, Cotangents, HostArray, Operand, Raw, Shape
from playground.graph.variable import Variable, as_variable

__all__ = ["sparse_matmul"]


class CooMatrix:
    """A sparse matrix, or a batch of them: values and their places.

    Args:
        data: values (n,) or (batch, n).
        row, col: the places of the values, of data's shape; -1 for a value that does not count.
        shape: rows and columns.
        order: 'C' if the places are sorted by row and then by column, 'F' by column and then by
            row, else 'other'; None finds it out.
        requires_grad: whether the values get a gradient.
    """

    def __init__(
        self,
        data: Raw,
        row: Raw,
        col: Raw,
        shape: Shape,
        order: str | None = None,
        requires_grad: bool = False,
    ) -> None:
        if data.ndim not in (1, 2) or not data.shape == row.shape == col.shape:
            raise ValueError(
                f"CooMatrix: expected data, row and col (n,) or (batch, n) of one shape, got "
                f"{data.shape}, {row.shape} and {col.shape}"
            )
        if len(shape) != 2 or min(shape) <= 0:
            raise ValueError(f"CooMatrix: shape is two lengths of 1 or more, got {shape}")
        if order not in ("C", "F", "other", None):
            raise ValueError(f"CooMatrix: order is 'C', 'F', 'other' or None, got {order!r}")
        self.data = Variable(data, requires_grad=requires_grad)
        self.row, self.col, self.shape = row, col, tuple(shape)
        self.order = get_order(row, col) if order is None else order

    def to_dense(self) -> Raw:
        """The matrix, or the batch of them, as an array; values at one place are added."""
        places, lead, wide = _places_in_batch(self.row, self.col, self.shape)
        chosen = self.data.array.reshape(-1)[places[0]]
        index = places[1] * self.shape[1] + places[2] % self.shape[1]
        dense = np.bincount(index, weights=backend.to_cpu(chosen), minlength=wide)
        made = dense.astype(self.data.dtype).reshape(*lead, *self.shape)
        return backend.array_like(made, self.data.array)


def to_coo(x: Raw, ldnz: int | None = None, requires_grad: bool = False) -> CooMatrix:
    """An array (m, n) or (batch, m, n) as a :class:`CooMatrix`, with room for ``ldnz`` values."""
    if x.ndim not in (2, 3):
        raise ValueError(f"to_coo: expected x (m, n) or (batch, m, n), got shape {x.shape}")
    host = np.asarray(backend.to_cpu(x))
    found = [np.nonzero(part) for part in (host if x.ndim == 3 else host[None])]
    width = max([ldnz or 0, *(len(rows) for rows, _ in found)])
    data = np.zeros((len(found), width), host.dtype)
    row, col = np.full((2, len(found), width), -1, np.int32)
    for k, (at, beside) in enumerate(found):
        part = host[k] if x.ndim == 3 else host
        data[k, : len(at)] = part[at, beside]
        row[k, : len(at)], col[k, : len(at)] = at, beside
    values, rows, columns = (
        backend.array_like(v if x.ndim == 3 else v[0], x) for v in (data, row, col)
    )
    return CooMatrix(values, rows, columns, x.shape[-2:], requires_grad=requires_grad)


def get_order(row: Raw, col: Raw) -> str:
    """How places are sorted: 'C' by row and then by column, 'F' the other way, or 'other'."""
    if row.shape != col.shape:
        raise ValueError(f"get_order: row and col of one shape, got {row.shape} and {col.shape}")
    rows, columns = (np.atleast_2d(backend.to_cpu(v)) for v in (row, col))
    if ((rows < 0) != (columns < 0)).any():
        raise ValueError("get_order: expected -1 in row and col at the same places")
    if _is_sorted(rows, columns):
        return "C"
    return "F" if _is_sorted(columns, rows) else "other"


def _is_sorted(first: HostArray, second: HostArray) -> bool:
    """Whether each row of places is sorted by the first number, and by the second among equals."""
    for a, b in zip(first, second, strict=True):
        steps, inner = np.diff(a[a >= 0]), np.diff(b[b >= 0])
        if (steps < 0).any() or (inner[steps == 0] < 0).any():
            return False
    return True


def _places_in_batch(row: Raw, col: Raw, shape: Shape) -> tuple[list[HostArray], Shape, int]:
    """Which values count, and the rows and columns they have in one matrix below the other."""
    rows, columns = (np.asarray(backend.to_cpu(v)) for v in (row, col))
    lead = rows.shape[:-1]
    counted = np.flatnonzero(rows >= 0)
    if not lead and len(counted) == rows.size:
        return [counted, rows, columns], lead, math.prod(shape)
    batch = np.arange(math.prod(lead)).reshape((*lead, 1))
    places = [
        counted,
        (rows + batch * shape[0]).reshape(-1)[counted],
        (columns + batch * shape[1]).reshape(-1)[counted],
    ]
    return places, lead, math.prod((*lead, *shape))


class SparseProduct(Binary):
    """y = A x, with A (m, k) given by its values and their places, and x (k, n)."""

    __slots__ = ("columns", "rows", "shape")
    keep = (0, 1)

    def __init__(self, rows: Raw, columns: Raw, shape: Shape) -> None:
        self.rows, self.columns, self.shape = rows, columns, shape

    def forward(self, values: Raw, x: Raw) -> Raw:
        y = special.sparse_product(values, self.rows, self.columns, self.shape, x)
        if y is not None:
            return y
        # A row of x for each value, times the value, added up where its row is.
        parts = x[self.columns] * np.expand_dims(values, 1)
        return GetItemGrad(self.rows, (self.shape[0], x.shape[1]))(parts)

    def backward(self, gy: Array, values: Array, x: Array) -> Cotangents:
        wants, (rows, columns) = self.wants, (self.rows, self.columns)
        g_values = SampledProduct(rows, columns, self.shape)(gy, x) if wants[0] else None
        turned = SparseProduct(columns, rows, self.shape[::-1])
        return g_values, turned(values, gy) if wants[1] else None


class SampledProduct(Binary):
    """The elements of x y^T at the places alone: x (m, n), y (k, n)."""

    __slots__ = ("columns", "rows", "shape")
    keep = (0, 1)

    def __init__(self, rows: Raw, columns: Raw, shape: Shape) -> None:
        self.rows, self.columns, self.shape = rows, columns, shape

    def forward(self, x: Raw, y: Raw) -> Raw:
        # Of a matrix that is not very sparse the whole product takes less time than two gathers.
        if self.shape[0] * self.shape[1] <= 32 * self.rows.shape[0]:
            return np.matmul(x, y.T)[self.rows, self.columns]
        return (x[self.rows] * y[self.columns]).sum(axis=1)

    def backward(self, gy: Array, x: Array, y: Array) -> Cotangents:
        rows, columns = self.rows, self.columns
        turned = SparseProduct(columns, rows, self.shape[::-1])
        return SparseProduct(rows, columns, self.shape)(gy, y), turned(gy, x)


def sparse_matmul(
    a: Operand | CooMatrix, b: Operand | CooMatrix, transa: bool = False, transb: bool = False
) -> Variable:
    """a b, of which one is a :class:`CooMatrix` and the other dense; either turned if asked for.

    Matrices (m, k) and (k, n), or batches of them (batch, …). Both get a gradient; that of the
    sparse one is that of its values alone.
    """
    if isinstance(a, CooMatrix) == isinstance(b, CooMatrix):
        raise ValueError(
            f"sparse_matmul: expected a CooMatrix and a dense matrix, got {type(a).__name__} and "
            f"{type(b).__name__}"
        )
    if isinstance(a, CooMatrix):
        return _product_with(a, transa, as_variable(as_raw_or_self(b)), transb)
    # (B^T A^T)^T: the sparse matrix always stands on the left.
    turned = _product_with(b, not transb, as_variable(as_raw_or_self(a)), not transa)
    return swapaxes(turned, -1, -2)


def as_raw_or_self(x: Operand) -> Operand:
    """A Variable itself, or an array of what is none."""
    return x if isinstance(x, Variable) else as_raw(x)


def _product_with(sparse: CooMatrix, transa: bool, dense: Variable, transb: bool) -> Variable:
    row, col, shape = sparse.row, sparse.col, sparse.shape
    if transa:
        row, col, shape = col, row, shape[::-1]
    data, lead = sparse.data, sparse.row.shape[:-1]
    if dense.ndim >= 2 and transb:
        dense = swapaxes(dense, -1, -2)
    fits = dense.ndim == data.ndim + 1 and dense.shape[:-2] == lead
    if not fits or dense.shape[-2] != shape[1]:
        raise InvalidType(
            "sparse_matmul",
            f"a dense matrix {(*lead, shape[1], 'n')} for a sparse one {(*lead, *shape)}",
            f"shape {dense.shape}, turned as it is asked for",
        )
    kinds = data.dtype, dense.dtype
    if any(kind.kind != "f" for kind in kinds):
        raise InvalidType("sparse_matmul", "matrices of floating point", f"{kinds[0]}, {kinds[1]}")
    wide = np.result_type(*kinds)
    data, dense = (v if v.dtype == wide else cast(v, wide) for v in (data, dense))
    places, _, _ = _places_in_batch(row, col, shape)
    which, rows, columns = (backend.array_like(v, dense.array) for v in places)
    width, count = dense.shape[-1], math.prod(lead)
    factors = reshape(data, (data.size,))
    if places[0].size < data.size:
        factors = get_item(factors, which)
    op = SparseProduct(rows, columns, (count * shape[0], count * shape[1]))
    y = op.of(factors, reshape(dense, (count * shape[1], width)))
    return reshape(y, (*lead, shape[0], width))
