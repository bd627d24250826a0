"""``grad`` and its kin beside autograd's and JAX's, on the same functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from playground import transforms

RNG = np.random.default_rng(5)
X = RNG.standard_normal(4)
V = RNG.standard_normal(4)
M = RNG.standard_normal((3, 4))
S = RNG.standard_normal((4, 4))

# Of a NumPy-like namespace and a vector: one number.
SCALARS: dict[str, Callable[[Any, Any], Any]] = {
    "log-sum-exp": lambda np, x: np.log(np.sum(np.exp(M @ x))),
    "loop": lambda np, x: _loop(np, x),
    "determinant": lambda np, x: np.linalg.slogdet(np.outer(x, x) + 3 * np.eye(4) + S.T @ S)[1],
    "solve": lambda np, x: x @ np.linalg.solve(np.eye(4) + np.outer(x, x), np.sin(x)),
    "eigenvalues": lambda np, x: np.sum(np.linalg.eigh(np.outer(x, x) + S + S.T)[0] ** 3),
    "pieces": lambda np, x: np.sum(np.where(x > 0, x**2, np.exp(x)) * np.maximum(x, 0.3)),
    "einsum": lambda np, x: np.einsum("i,ij,j,j->", x, S, x, np.cos(x)),
    "norm": lambda np, x: np.sqrt(np.sum((M @ x) ** 2)) * np.mean(np.abs(x)),
    "reversed": lambda np, x: np.sum(x[::-1] ** 3 * np.cumsum(x)),
    "concatenated": lambda np, x: np.prod(np.concatenate([np.tanh(x), x[1:3] + 2])),
}

# A vector or a matrix.
ARRAYS: dict[str, Callable[[Any, Any], Any]] = {
    "layer": lambda np, x: np.tanh(M @ x + 0.1),
    "softmax": lambda np, x: np.exp(x) / np.sum(np.exp(x)),
    "outer": lambda np, x: np.outer(np.sin(x), x[:3]),
    "inverse": lambda np, x: np.linalg.inv(np.outer(x, x) + 2 * np.eye(4)),
    "reshaped": lambda np, x: np.reshape(x**2, (2, 2)) @ np.reshape(x, (2, 2)),
    "stacked": lambda np, x: np.stack([x, np.sin(x) * x[0]]).T,
    "number": lambda np, x: np.sum(x**3),
}


def _loop(np: Any, x: Any) -> Any:
    y = x[0]
    for i in range(1, 4):
        y = np.sin(y) * x[i] + y / (1 + x[i] ** 2)
    return y


def close(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(ours, np.asarray(theirs), rtol=1e-9, atol=1e-10)


# ------------------------------------------------------------------------------------ autograd


@pytest.fixture(scope="module")
def autograd() -> Any:
    pytest.importorskip("autograd")
    import autograd
    import autograd.numpy

    return autograd


def both(f: Any, theirs: Any) -> tuple[Any, Any]:
    return (lambda x: f(np, x)), (lambda x: f(theirs, x))


@pytest.mark.parametrize("name", SCALARS)
def test_functions_of_one_value_as_autograd(autograd: Any, name: str) -> None:
    ours, theirs = both(SCALARS[name], autograd.numpy)
    close(transforms.grad(ours)(X), autograd.grad(theirs)(X))
    for mine, reference in zip(
        transforms.value_and_grad(ours)(X), autograd.value_and_grad(theirs)(X), strict=True
    ):
        close(mine, reference)
    close(transforms.hessian(ours)(X), autograd.hessian(theirs)(X))
    product = autograd.hessian_vector_product(theirs)(X, V)
    close(transforms.hvp(ours)(X, V), product)


@pytest.mark.parametrize("name", ARRAYS)
def test_functions_of_several_values_as_autograd(autograd: Any, name: str) -> None:
    ours, theirs = both(ARRAYS[name], autograd.numpy)
    close(transforms.jacobian(ours)(X), autograd.jacobian(theirs)(X))
    second = autograd.jacobian(autograd.jacobian(theirs))(X)
    close(transforms.jacobian(transforms.jacobian(ours))(X), second)
    value, pull = transforms.vjp(ours, X)
    u = RNG.standard_normal(np.shape(value))
    their_pull, their_value = autograd.make_vjp(theirs)(X)
    close(value, their_value)
    close(pull(u)[0], their_pull(u))


def test_trees_as_autograd(autograd: Any) -> None:
    params = {"w": M, "b": [X, (2.0, V)]}

    def f(np: Any) -> Any:
        return lambda p: np.sum(np.tanh(p["w"] @ p["b"][0])) * p["b"][1][0] + p["b"][1][1] @ X

    ours, theirs = transforms.grad(f(np))(params), autograd.grad(f(autograd.numpy))(params)
    close(ours["w"], theirs["w"])
    close(ours["b"][0], theirs["b"][0])
    close(ours["b"][1][0], theirs["b"][1][0])
    close(ours["b"][1][1], theirs["b"][1][1])


def test_high_orders_as_autograd(autograd: Any) -> None:
    def f(np: Any) -> Any:
        return lambda x: np.exp(np.sin(x)) / (1 + x**2)

    ours, theirs = f(np), f(autograd.numpy)
    for _ in range(4):
        ours, theirs = transforms.grad(ours), autograd.grad(theirs)
        close(ours(0.4), theirs(0.4))


# ----------------------------------------------------------------------------------------- JAX


@pytest.fixture(scope="module")
def jax() -> Any:
    jax = pytest.importorskip("jax")
    pytest.importorskip("jax.numpy")
    jax.config.update("jax_enable_x64", True)
    return jax


@pytest.mark.parametrize("name", SCALARS)
def test_functions_of_one_value_as_jax(jax: Any, name: str) -> None:
    ours, theirs = both(SCALARS[name], jax.numpy)
    points = np.stack([X, V, X + V])
    close(transforms.grad(ours)(X), jax.grad(theirs)(X))
    close(transforms.hessian(ours)(X), jax.hessian(theirs)(X))
    close(transforms.hvp(ours)(X, V), jax.hessian(theirs)(X) @ V)
    close(
        transforms.vmap(transforms.grad(ours))(points),
        jax.vmap(jax.grad(theirs))(points),
    )


@pytest.mark.parametrize("name", ARRAYS)
def test_functions_of_several_values_as_jax(jax: Any, name: str) -> None:
    ours, theirs = both(ARRAYS[name], jax.numpy)
    close(transforms.jacobian(ours)(X), jax.jacrev(theirs)(X))
    points = np.stack([X, V, X + V])
    close(
        transforms.vmap(transforms.jacobian(ours))(points),
        jax.vmap(jax.jacrev(theirs))(points),
    )
    for mine, reference in zip(
        transforms.jvp(ours, (X,), (V,)), jax.jvp(theirs, (X,), (V,)), strict=True
    ):
        close(mine, reference)
    mapped = transforms.vmap(lambda x, v: transforms.jvp(ours, (x,), (v,))[1])(points, points)
    close(mapped, jax.vmap(lambda x, v: jax.jvp(theirs, (x,), (v,))[1])(points, points))


def test_trees_of_jacobians_and_hessians_as_jax(jax: Any) -> None:
    params = {"a": X, "b": [2.0, M]}

    def f(np: Any) -> Any:
        return lambda p, x: (p["b"][1] @ (p["a"] * x), {"s": np.sum(p["a"] ** 3) * p["b"][0] * x})

    def g(np: Any) -> Any:
        return lambda p, x: np.sum(f(np)(p, x)[0] ** 2) + f(np)(p, x)[1]["s"]

    ours = transforms.jacobian(f(np), (0, 1))(params, 3.0)
    theirs = jax.jacrev(f(jax.numpy), (0, 1))(params, 3.0)
    same_trees(jax, ours, theirs)
    ours = transforms.hessian(g(np), (0, 1))(params, 3.0)
    theirs = jax.hessian(g(jax.numpy), (0, 1))(params, 3.0)
    same_trees(jax, ours, theirs)


def same_trees(jax: Any, ours: Any, theirs: Any) -> None:
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    for mine, reference in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert np.shape(mine) == np.shape(reference)
        close(mine, reference)


def test_nested_transforms_as_jax(jax: Any) -> None:
    def f(np: Any, t: Any) -> Any:
        jacobian = getattr(t, "jacobian", None) or t.jacrev

        def curvature(x: Any) -> Any:
            return np.sum(t.hessian(lambda y: np.sum(np.sin(y * x) * y))(x) * np.outer(x, x))

        def mixed(s: Any) -> Any:
            inner = t.vmap(lambda a: t.grad(lambda b: np.sin(a * b * s) * b)(s))(X)
            return np.sum(inner) + np.sum(jacobian(lambda y: y * s * np.cumsum(y))(X))

        return curvature, mixed

    (ours, ours_of_number), (theirs, theirs_of_number) = f(np, transforms), f(jax.numpy, jax)
    close(transforms.grad(ours)(X), jax.grad(theirs)(X))
    close(transforms.hessian(ours)(X), jax.hessian(theirs)(X))
    close(ours_of_number(0.7), theirs_of_number(0.7))
    close(transforms.grad(ours_of_number)(0.7), jax.grad(theirs_of_number)(0.7))
