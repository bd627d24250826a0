"""Fourier transforms beside NumPy's, and sparse matrices beside dense ones."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import playground
import playground.functions as F
from playground import Variable
from playground.graph.errors import InvalidType
from playground.utils import CooMatrix, get_order, to_coo

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("n", [1, 2, 7, 16, 100])
def test_transforms_are_numpys_and_lead_back(n: int) -> None:
    real, imag = RNG.normal(size=(2, 3, n))
    y = F.fft((real, imag))
    expected = np.fft.fft(real + 1j * imag)
    np.testing.assert_allclose(y[0].array + 1j * y[1].array, expected, atol=1e-12)
    back = F.ifft(y)
    np.testing.assert_allclose([back[0].array, back[1].array], [real, imag], atol=1e-12)


def test_the_gradient_of_the_energy_is_parsevals() -> None:
    """Squares of a transform are n times those of what was transformed."""
    real, imag = (Variable(v) for v in RNG.normal(size=(2, 8)))
    parts = F.fft((real, imag))
    energy = F.sum(parts[0] ** 2) + F.sum(parts[1] ** 2)
    for g, v in zip(playground.grad([energy], [real, imag]), (real, imag), strict=True):
        np.testing.assert_allclose(g.array, 16 * v.array, rtol=1e-12)


def _sparse(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape) * (RNG.uniform(size=shape) > 0.6)


@pytest.mark.parametrize("with_scipy", [True, False])
@pytest.mark.parametrize("shape", [(4, 5), (3, 4, 5), (1, 1), (30, 40)])
def test_products_and_gradients_are_those_of_dense_matrices(
    shape: tuple[int, ...], with_scipy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not with_scipy:
        monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    a, b = _sparse(*shape), RNG.normal(size=(*shape[:-2], shape[-1], 2))
    sparse, x = to_coo(a, requires_grad=True), Variable(b)
    y = F.sparse_matmul(sparse, x)
    np.testing.assert_allclose(y.array, a @ b, atol=1e-12)
    u = RNG.normal(size=y.shape)
    g_data, gx = playground.grad([F.sum(y * u)], [sparse.data, x])
    np.testing.assert_allclose(gx.array, a.swapaxes(-1, -2) @ u, atol=1e-12)
    whole = u @ b.swapaxes(-1, -2)
    for at in np.ndindex(sparse.row.shape):
        place = (*at[:-1], sparse.row[at], sparse.col[at])
        assert g_data.array[at] == pytest.approx(whole[place] if sparse.row[at] >= 0 else 0)
    np.testing.assert_allclose(
        F.sparse_matmul(b, sparse, transa=True, transb=True).array,
        b.swapaxes(-1, -2) @ a.swapaxes(-1, -2),
        atol=1e-12,
    )


def test_what_is_not_read_spreads_nothing() -> None:
    """A 0 of a sparse matrix is no factor: beside an infinity it is nothing, and no NaN."""
    b = np.array([[1.0, np.inf], [2.0, 3.0]])
    y = F.sparse_matmul(to_coo(np.array([[0.0, 2.0], [0.0, 0.0]])), b)
    assert y.array.tolist() == [[4, 6], [0, 0]]


def test_precisions_meet_in_the_wider_one() -> None:
    sparse, x = to_coo(_sparse(3, 4).astype("f"), requires_grad=True), Variable(np.ones((4, 2)))
    y = F.sparse_matmul(sparse, x)
    assert y.dtype == "d"
    assert [g.dtype.char for g in playground.grad([F.sum(y)], [sparse.data, x])] == ["f", "d"]


def test_matrices_by_their_values() -> None:
    x = np.array([[0, 1, 0], [2, 0, 3]], "f")
    made = to_coo(x)
    assert (made.data.array.tolist(), made.row.tolist(), made.col.tolist()) == (
        [1, 2, 3],
        [0, 1, 1],
        [1, 0, 2],
    )
    assert made.order == "C"
    np.testing.assert_array_equal(made.to_dense(), x)
    twice = CooMatrix(np.ones(3, "f"), np.array([0, 0, -1]), np.array([1, 1, -1]), (1, 2))
    assert twice.to_dense().tolist() == [[0, 2]]
    assert get_order(np.array([0, 1, 0]), np.array([0, 0, 1])) == "F"
    assert get_order(np.array([1, 0, 1]), np.array([0, 1, 0])) == "other"


def test_what_is_refused_says_what_to_give() -> None:
    with pytest.raises(ValueError, match="a CooMatrix and a dense matrix, got ndarray and ndarray"):
        F.sparse_matmul(np.ones((2, 2)), np.ones((2, 2)))
    with pytest.raises(InvalidType, match="sparse_matmul"):
        F.sparse_matmul(to_coo(np.ones((2, 3))), np.ones((2, 3)))
    with pytest.raises(InvalidType, match="fft"):
        F.fft((np.ones(3), np.ones(2)))
