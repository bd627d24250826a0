"""Complex Variables: the gradient is the complex derivative, and what is not holomorphic raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from playground import InvalidType, NoRuleError, Variable

Z = np.array([[2 + 1j, 0.3], [0.1j, 1.5 - 0.5j]])
DIRECTION = np.array([[1, 0.5], [-0.3, 0.2]])

HOLOMORPHIC: dict[str, Callable[[Any], Any]] = {
    "arithmetic": lambda z: (z * z + 3) / (z - 1j) - z**3,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "prod": np.prod,
    "cumsum": np.cumsum,
    "mean": np.mean,
    "matmul": lambda z: z @ z,
    "einsum": lambda z: np.einsum("ij,jk->k", z, z),
    "inv": np.linalg.inv,
    "det": np.linalg.det,
    "solve": lambda z: np.linalg.solve(z, np.ones(2)),
    "index": lambda z: z[[0, 0, 1], [1, 1, 0]] ** 2,
}


@pytest.mark.parametrize("name", HOLOMORPHIC)
@pytest.mark.parametrize("turn", [1, 1j])
def test_the_gradient_is_the_complex_derivative(name: str, turn: complex) -> None:
    """The same from the real and from the imaginary direction, as it must be."""
    f = HOLOMORPHIC[name]
    z = Variable(Z)
    f(z).sum().backward()
    assert z.grad.dtype == Z.dtype
    step = 1e-6 * turn
    slope = (f(Z + step * DIRECTION).sum() - f(Z - step * DIRECTION).sum()) / (2 * step)
    np.testing.assert_allclose((z.grad * DIRECTION).sum(), slope, rtol=1e-7)


OTHERS: dict[str, Callable[[Any], Any]] = {
    "abs": np.abs,
    "conj": np.conj,
    "real": np.real,
    "imag": np.imag,
    "angle": np.angle,
    "norm": np.linalg.norm,
    "vector_norm": np.linalg.vector_norm,
    "nuclear norm": lambda z: np.linalg.norm(z, "nuc"),
    "vdot": lambda z: np.vdot(z, z),
    "vdot with a constant": lambda z: np.vdot(Z, z),
    "var": np.var,
    "std": np.std,
    "cov": np.cov,
    "cholesky": np.linalg.cholesky,
    "qr": np.linalg.qr,
    "pinv": np.linalg.pinv,
    "lstsq": lambda z: np.linalg.lstsq(z, np.ones(2), rcond=None),
    "slogdet": np.linalg.slogdet,
    "svd": np.linalg.svd,
    "eigh": np.linalg.eigh,
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_not_holomorphic_raises(name: str) -> None:
    with pytest.raises((InvalidType, NoRuleError)):
        OTHERS[name](Variable(Z))
