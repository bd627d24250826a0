"""The rows of Fourier transforms and of products with sparse matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.linalg import fourier, sparse
from playground.functions.linalg.sparse import CooMatrix
from playground.graph import backend
from playground.graph.op import as_raw
from playground.graph.variable import Variable
from tests.rows import Row, case


def _transform(real: Any, imag: Any, sign: int, scale: float) -> Any:
    n = real.shape[-1]
    turns = np.exp(sign * 2j * np.pi * np.outer(np.arange(n), np.arange(n)) / n)
    y = (real + 1j * imag) @ turns * scale
    return y.real.astype(real.dtype), y.imag.astype(real.dtype)


# Five values in a matrix of 3 x 2, two of them at one place, and one that does not count.
ROW, COL = np.array([0, 2, 1, 2, -1]), np.array([1, 0, 0, 0, -1])
# The same, and others, in a batch of two.
ROWS_OF, COLS_OF = np.array([ROW, [2, 1, 0, 0, 1]]), np.array([COL, [0, 1, 1, 0, 1]])


def _sparse(data: Any) -> Any:
    """The matrix, or the batch of two, whose values the operand is."""
    batch = data.ndim == 2
    places = (ROWS_OF, COLS_OF) if batch else (ROW, COL)
    matrix = CooMatrix(as_raw(data), *places, (3, 2))
    matrix.data = data
    return matrix


def _of_variable(*xs: Any) -> Any:
    return next((as_raw(v) for v in xs if isinstance(v, Variable)), xs[0])


def _dense(data: Any) -> Any:
    batch = data.ndim == 2
    y = np.zeros((*data.shape[:-1], 3, 2), data.dtype)
    for at in np.ndindex(data.shape):
        row, col = (places[at] for places in ((ROWS_OF, COLS_OF) if batch else (ROW, COL)))
        if row >= 0:
            y[(*at[:-1], row, col)] += data[at]
    return y


def _turned(x: Any, turn: bool) -> Any:
    return x.swapaxes(-1, -2) if turn else x


def _left(data: Any, b: Any, transa: bool = False, transb: bool = False) -> Any:
    return _turned(_dense(data), transa) @ _turned(b, transb)


def _right(data: Any, a: Any, transa: bool = False, transb: bool = False) -> Any:
    return _turned(a, transa) @ _turned(_dense(data), transb)


ROWS: tuple[Row, ...] = (
    *(
        Row(
            name,
            fourier.FFT,
            (case((2, 3), (2, 3)), case((4,), (4,)), case((1,), (1,))),
            f=lambda real, imag, name=name: getattr(F, name)((real, imag)),
            ref=lambda real, imag, sign=sign: _transform(
                real, imag, sign, 1.0 if sign < 0 else 1 / real.shape[-1]
            ),
            bad=(case((2, 3), (2, 2)), case((), ())),
        )
        for name, sign in (("fft", -1), ("ifft", 1))
    ),
    Row(
        "sparse_matmul",
        sparse.SparseProduct,
        (case((5,), (2, 2)), case((5,), (2, 3), transa=True, transb=True), case((2, 5), (2, 2, 1))),
        f=lambda data, b, **turns: F.sparse_matmul(_sparse(data), b, **turns),
        ref=_left,
        mixes=False,
        bad=(case((5,), (3, 2)), case((5,), (2,)), case((2, 5), (2, 2))),
    ),
    Row(
        "sparse_matmul:on the right",
        sparse.SparseProduct,
        (case((5,), (2, 3)), case((5,), (2, 1), transa=True, transb=True)),
        f=lambda data, a, **turns: F.sparse_matmul(a, _sparse(data), **turns),
        ref=_right,
        mixes=False,
    ),
    *(
        Row(
            f"products at places of {name}",
            sparse.SampledProduct,
            (case((3, 2), (length, 2)),),
            f=lambda x, y, length=length: sparse.SampledProduct(
                *(backend.array_like(v[:3], _of_variable(x, y)) for v in (ROW, COL)), (3, length)
            ).of(x, y),
            ref=lambda x, y: np.einsum("ij,kj->ik", x, y)[ROW[:3], COL[:3]],
        )
        for name, length in (("a small matrix", 2), ("a large one", 40))
    ),
)
