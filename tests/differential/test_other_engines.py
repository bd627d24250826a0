"""Gradients against autograd and JAX, where they are installed: functions Chainer lacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from playground import Variable

RNG = np.random.default_rng(0)
SQUARE = RNG.uniform(-1, 1, (3, 3)) + 4 * np.eye(3)
TALL = RNG.uniform(-1, 1, (4, 3))
BATCH = RNG.uniform(-1, 1, (2, 3, 3)) + 4 * np.eye(3)
WEIGHTS = RNG.uniform(-1, 1, 200)

Call = Callable[[Any, Any], Any]
CASES: dict[str, tuple[Call, np.ndarray]] = {
    "inv": (lambda np_, x: np_.linalg.inv(x), SQUARE),
    "inv, batch": (lambda np_, x: np_.linalg.inv(x), BATCH),
    "det": (lambda np_, x: np_.linalg.det(x), SQUARE),
    "slogdet": (lambda np_, x: np_.linalg.slogdet(x)[1], BATCH),
    "solve": (lambda np_, x: np_.linalg.solve(x, TALL[:3]), SQUARE),
    "svd": (lambda np_, x: np_.linalg.svd(x, full_matrices=False)[1], TALL),
    "eigh": (lambda np_, x: np_.linalg.eigh(x + x.T)[0], SQUARE),
    "cholesky": (lambda np_, x: np_.linalg.cholesky(x @ x.T), SQUARE),
    "norm": (lambda np_, x: np_.linalg.norm(x, axis=1), TALL),
    "einsum": (lambda np_, x: np_.einsum("ij,kj->ik", x, x), TALL),
    "tensordot": (lambda np_, x: np_.tensordot(x, SQUARE, 1), TALL),
    "kron": (lambda np_, x: np_.kron(x, SQUARE), TALL[:2]),
    "outer": (lambda np_, x: np_.outer(x[0], x[1]), TALL),
    "prod": (lambda np_, x: np_.prod(x, axis=0), TALL),
    "var": (lambda np_, x: np_.var(x, axis=1), TALL),
    "std": (lambda np_, x: np_.std(x, axis=0), TALL),
    "cumsum": (lambda np_, x: np_.cumsum(x, axis=1), TALL),
    "logaddexp": (lambda np_, x: np_.logaddexp(x, 0.3), TALL),
    "max": (lambda np_, x: np_.max(x, axis=0), TALL),
    "sort": (lambda np_, x: np_.sort(x[:, 0]), TALL),
    "where": (lambda np_, x: np_.where(x > 0, x**2, x), TALL),
    "roll": (lambda np_, x: np_.roll(x, 2, axis=0), TALL),
    "tile": (lambda np_, x: np_.tile(x, (2, 2)), TALL),
    "pad": (lambda np_, x: np_.pad(x, 1, "constant"), TALL),
    "diag": (lambda np_, x: np_.diag(x), SQUARE),
    "triu": (lambda np_, x: np_.triu(x), SQUARE),
    "trace": (lambda np_, x: np_.trace(x), SQUARE),
    "sinc": (lambda np_, x: np_.sinc(x), TALL),
    "tanh": (lambda np_, x: np_.tanh(x), TALL),
    "matrix product, thrice": (lambda np_, x: x @ x @ x, SQUARE),
}


def weighted(np_: Any, y: Any) -> Any:
    """One number of all elements, each with a weight of its own."""
    flat = np_.ravel(y)
    return (flat * WEIGHTS[: flat.shape[0]]).sum()


def ours(call: Call, x: np.ndarray) -> np.ndarray:
    v = Variable(x)
    weighted(np, call(np, v)).backward()
    return v.grad


@pytest.mark.parametrize("name", CASES)
def test_gradient_is_autograds(name: str) -> None:
    autograd = pytest.importorskip("autograd", reason="autograd is not installed")
    anp = pytest.importorskip("autograd.numpy")
    call, x = CASES[name]
    expected = autograd.grad(lambda a: weighted(anp, call(anp, a)))(x)
    np.testing.assert_allclose(ours(call, x), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_gradient_is_jaxs(name: str) -> None:
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    call, x = CASES[name]
    expected = jax.grad(lambda a: weighted(jnp, call(jnp, a)))(jnp.asarray(x))
    np.testing.assert_allclose(ours(call, x), np.asarray(expected), rtol=1e-9, atol=1e-12)


def test_jax_gives_nan_where_eigenvalues_are_equal_and_we_do_not() -> None:
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    hessian = jax.hessian(lambda a: (jnp.linalg.eigvalsh(a) ** 2).sum())(jnp.eye(3))
    assert bool(jnp.isnan(hessian).any())
