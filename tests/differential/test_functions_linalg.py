"""Linear algebra that Chainer 7.8.1 has too, in the same table form as ``test_functions``.

LAPACK has no half precision, and Chainer no batches in ``inv`` and ``det``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import playground
from playground import InvalidType
from tests.differential.both import assert_same, chainer, run
from tests.differential.test_functions import TOLERANCE, Row, _outcome


def shifted(x: Any) -> Any:
    """Well conditioned, whatever was drawn."""
    return x + np.eye(x.shape[-1], dtype=x.dtype) * 6


def matrix(name: str, *shape: int, second: bool = True) -> Row:
    call = lambda F, x: getattr(F, name)(shifted(x))  # noqa: E731
    return Row(name, call, (shape,), second=second)


def positive(F: Any, x: Any) -> Any:
    """Chainer returns the gradient of both triangles, ours that of the triangle which is read:
    on a symmetric matrix of one vector they meet.
    """
    return F.cholesky(shifted(F.matmul(x, x, transb=True)))


ROWS = [
    matrix("inv", 3, 3),
    matrix("batch_inv", 2, 3, 3),
    matrix("det", 3, 3),
    matrix("batch_det", 2, 3, 3),
    Row("cholesky", positive, ((3, 2),)),
    Row("einsum", lambda F, x, y: F.einsum("ij,jk->ik", x, y), ((2, 3), (3, 4))),
    Row("einsum", lambda F, x, y: F.einsum("...ij,...j", x, y), ((2, 2, 3), (2, 3))),
    Row("einsum", lambda F, x: F.einsum("ii->i", x), ((3, 3),)),
    Row("einsum", lambda F, x: F.einsum("ij->", x), ((2, 3),)),
    Row("einsum", lambda F, x, y: F.einsum(x, [0, 1], y, [1, 2], [0, 2]), ((2, 3), (3, 2))),
    Row("tensordot", lambda F, x, y: F.tensordot(x, y), ((2, 3, 4), (3, 4, 2))),
    Row("tensordot", lambda F, x, y: F.tensordot(x, y, axes=1), ((2, 3), (3, 2))),
    Row("tensordot", lambda F, x, y: F.tensordot(x, y, axes=((0,), (1,))), ((2, 3), (4, 2))),
]


@pytest.mark.parametrize("dtype", "fd")
@pytest.mark.parametrize("row", ROWS, ids=[f"{i}-{row.name}" for i, row in enumerate(ROWS)])
def test_values_and_gradients(row: Row, dtype: str) -> None:
    ours, theirs = (run(lambda e: _outcome(e, row, dtype), e) for e in (playground, chainer))
    assert_same(ours, theirs, 10 * TOLERANCE[dtype])


@pytest.mark.parametrize("name", ["inv", "det", "batch_inv", "batch_det"])
def test_a_matrix_that_is_not_square_is_refused_by_both(name: str) -> None:
    x = np.ones((2, 2, 3) if "batch" in name else (2, 3), "f")
    with pytest.raises(InvalidType, match="square"):
        getattr(playground.functions, name)(playground.Variable(x))
    with pytest.raises(chainer.utils.type_check.InvalidType):
        getattr(chainer.functions, name)(chainer.Variable(x))


@pytest.mark.parametrize("name", ["matmul", "@", "tensordot", "transposed"])
@pytest.mark.parametrize("dtypes", ["fd", "df", "ef"])
def test_operands_of_two_precisions(name: str, dtypes: str) -> None:
    def script(engine: Any) -> Any:
        F = engine.functions
        x, y = (engine.Variable(np.arange(4.0).reshape(2, 2).astype(d) / 4) for d in dtypes)
        z = {
            "matmul": lambda: F.matmul(x, y),
            "@": lambda: x @ y,
            "tensordot": lambda: F.tensordot(x, y, 1),
            "transposed": lambda: F.matmul(x, y, transa=True, transb=True),
        }[name]()
        z.grad = np.ones_like(z.array)
        z.backward()
        return z, x.grad, y.grad

    assert_same(run(script, playground), run(script, chainer))
