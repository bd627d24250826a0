"""Operands of two precisions: the widest computes where Chainer promotes, or they are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import playground
import playground.functions as F
from playground import InvalidType, Variable
from playground.transforms import vmap

A = np.array([[0.5, 0.25], [1.0, -2.0]])
B = np.array([[3.0, 1.0], [-0.5, 0.125]])
ONES = np.ones((2, 2))
WAYS: dict[str, Any] = {
    "F.matmul": (F.matmul, lambda g: (g @ B.T, A.T @ g)),
    "@": (lambda x, y: x @ y, lambda g: (g @ B.T, A.T @ g)),
    "np.matmul": (np.matmul, lambda g: (g @ B.T, A.T @ g)),
    "np.dot": (np.dot, lambda g: (g @ B.T, A.T @ g)),
    "F.einsum": (lambda x, y: F.einsum("ij,jk->ik", x, y), lambda g: (g @ B.T, A.T @ g)),
    "np.einsum": (lambda x, y: np.einsum("ij,kj->ik", x, y), lambda g: (g @ B, g.T @ A)),
    "F.tensordot": (lambda x, y: F.tensordot(x, y, 1), lambda g: (g @ B.T, A.T @ g)),
    "np.tensordot": (lambda x, y: np.tensordot(x, y, (0, 0)), lambda g: (B @ g.T, A @ g)),
    "F.arctan2": (F.arctan2, lambda g: (g * B / (A**2 + B**2), -g * A / (A**2 + B**2))),
    "np.arctan2": (np.arctan2, lambda g: (g * B / (A**2 + B**2), -g * A / (A**2 + B**2))),
}


@pytest.mark.parametrize("dtypes", ["fd", "df", "ef", "de"])
@pytest.mark.parametrize("name", WAYS)
def test_the_widest_computes(name: str, dtypes: str) -> None:
    function, derivative = WAYS[name]
    x, y = (Variable(a.astype(d)) for a, d in zip((A, B), dtypes, strict=True))
    z = function(x, y)
    assert z.dtype == np.result_type(*dtypes)
    plain = function(A, B)
    np.testing.assert_allclose(z.array, getattr(plain, "array", plain), rtol=1e-3)
    z.grad = ONES.astype(z.dtype)
    z.backward()
    for v, wanted in zip((x, y), derivative(ONES), strict=True):
        assert v.grad.dtype == v.dtype
        np.testing.assert_allclose(v.grad, wanted, rtol=1e-6 if v.dtype == "d" else 2e-3)


def test_second_derivatives_and_lanes_of_two_precisions() -> None:
    x, y = Variable(A.astype("f")), Variable(B.copy())
    (gx,) = playground.grad([F.sum(F.matmul(x, y) ** 2)], [x], enable_double_backprop=True)
    (gxy,) = playground.grad([F.sum(gx)], [y])
    assert (gx.dtype, gxy.dtype) == (np.dtype("f"), np.dtype("d"))
    # d/dB of sum(2 A B B^T): 2 (A^T 1 + 1^T A) B, with 1 all ones.
    np.testing.assert_allclose(gxy.array, 2 * (A.T @ ONES + ONES.T @ A) @ B, rtol=1e-6)
    narrow = A.astype("f")
    found = vmap(lambda row: row @ Variable(B))(narrow)
    np.testing.assert_allclose(np.asarray(found.array), A @ B, rtol=1e-6)


@pytest.mark.parametrize("function", [F.add, F.multiply, F.maximum, np.hypot, F.minimum])
def test_elsewhere_two_precisions_are_refused(function: Any) -> None:
    with pytest.raises(InvalidType, match="float32 != float64"):
        function(Variable(A.astype("f")), Variable(B))


def test_kinds_are_not_promoted() -> None:
    with pytest.raises(InvalidType):
        F.matmul(Variable(A), Variable(B.astype("D")))
    integers = Variable(np.array([[1, 2], [3, 4]]), requires_grad=False)
    x = Variable(A.astype("f"))
    z = F.matmul(x, integers)
    assert z.dtype == "f"
    np.testing.assert_allclose(z.array, A @ integers.array)
