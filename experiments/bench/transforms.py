"""Jacobians, Hessians and gradients at many points against autograd, PyTorch and JAX.

``python -m experiments.bench.transforms [--rounds N]``: every engine does the same work in one
process on one thread, its slices interleaved with those of the others; figures are medians of
milliseconds, and ratios are what to quote. Engines that are not installed are left out.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np

from experiments.bench.driver import on_one_thread
from experiments.bench.machine import description
from experiments.bench.plain import median_seconds
from playground.transforms import grad, hessian, jacobian, vmap

RNG = np.random.default_rng(0)
Q2, B2 = np.array([[1.0, -1.0], [-1.0, 2.0]]), np.array([1.0, 1.0])
POINTS = RNG.normal(size=(1_000_000, 2))
Call = Callable[[], Any]
Calls = dict[str, Call]


def quadratic(x: Any) -> Any:
    return 0.5 * x @ Q2 @ x + B2 @ x


# ------------------------------------------------------------------ the same work, by engine


def ours(A: np.ndarray, x: np.ndarray) -> dict[str, Call]:
    return {
        "jacobian": lambda: jacobian(lambda x: np.tanh(A @ x))(x),
        "hessian": lambda: hessian(lambda x: 0.5 * (x @ A @ x) + np.sum(np.sin(x)))(x),
    }


def with_autograd(A: np.ndarray, x: np.ndarray) -> dict[str, Call]:
    import autograd
    import autograd.numpy as anp

    return {
        "jacobian": lambda: autograd.jacobian(lambda x: anp.tanh(A @ x))(x),
        "hessian": lambda: autograd.hessian(
            lambda x: 0.5 * anp.dot(anp.dot(x, A), x) + anp.sum(anp.sin(x))
        )(x),
    }


def with_torch(A: np.ndarray, x: np.ndarray) -> dict[str, Call]:
    import torch

    torch.set_num_threads(1)
    M, v = torch.tensor(A), torch.tensor(x)
    return {
        "jacobian": lambda: torch.func.jacrev(lambda x: torch.tanh(M @ x))(v),
        "hessian": lambda: torch.func.hessian(lambda x: 0.5 * (x @ M @ x) + torch.sin(x).sum())(v),
    }


def with_jax(A: np.ndarray, x: np.ndarray) -> dict[str, Call]:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    jac = jax.jit(jax.jacrev(lambda x: jnp.tanh(A @ x)))
    hess = jax.jit(jax.hessian(lambda x: 0.5 * (x @ A @ x) + jnp.sum(jnp.sin(x))))
    v = jnp.asarray(x)
    return {
        "jacobian": lambda: jac(v).block_until_ready(),
        "hessian": lambda: hess(v).block_until_ready(),
    }


def product(A: np.ndarray, x: np.ndarray) -> dict[str, Call]:
    """What a Jacobian with batched cotangents costs at least: one product of two matrices."""
    eye = np.eye(len(x))
    return {"jacobian": lambda: eye @ A}


ENGINES: dict[str, Callable[..., dict[str, Call]]] = {
    "playground": ours,
    "autograd": with_autograd,
    "PyTorch, torch.func": with_torch,
    "JAX, jit (compiled before)": with_jax,
    "one product of matrices": product,
}


def matrices() -> dict[str, Calls]:
    """By task: the call of each engine that is installed."""
    tasks: dict[str, Calls] = {}
    for n in (20, 200):
        A, x = RNG.normal(size=(n, n)) / math.sqrt(n), RNG.normal(size=n)
        for engine, make in ENGINES.items():
            try:
                calls = make(A, x)
            except ImportError:
                continue
            for task, call in calls.items():
                tasks.setdefault(f"{task} n={n}", {})[engine] = call
    return tasks


# ------------------------------------------------------------------------------ many points


def many(count: int) -> Calls:
    """The gradient of a quadratic form in two unknowns at ``count`` points."""
    points = np.ascontiguousarray(POINTS[:count])
    calls: Calls = {
        "playground": lambda: vmap(grad(quadratic))(points),
        "NumPy, op by op, lanes first": lambda: bare(points),
        "NumPy, op by op, lanes last": lambda: bare_columns(points),
    }
    for name, make in (
        ("autograd", batched_autograd),
        ("PyTorch, torch.func", many_torch),
        ("JAX, jit (compiled before)", many_jax),
    ):
        try:
            calls[name] = make(points)
        except ImportError:
            continue
    return calls


def bare(x: np.ndarray) -> np.ndarray:
    """The calls that forward and backward make, written out, an array (points, 2)."""
    half = 0.5 * x
    turned = half @ Q2
    y = (turned * x).sum(axis=1) + x @ B2
    g = np.ones_like(y)[:, None]
    return g * turned + ((g * x) @ Q2.T) * 0.5 + g * B2


def bare_columns(points: np.ndarray) -> np.ndarray:
    """The same with an array (2, points)."""
    x = np.ascontiguousarray(points.T)
    half = 0.5 * x
    turned = Q2.T @ half
    y = (turned * x).sum(axis=0) + B2 @ x
    g = np.ones_like(y)
    return (g * turned + (Q2 @ (g * x)) * 0.5 + g * B2[:, None]).T


def batched_autograd(points: np.ndarray) -> Call:
    import autograd
    import autograd.numpy as anp

    def batch(x: Any) -> Any:
        return 0.5 * anp.sum(anp.dot(x, Q2) * x, axis=1) + anp.dot(x, B2)

    return lambda: autograd.elementwise_grad(batch)(points)


def many_torch(points: np.ndarray) -> Call:
    import torch

    torch.set_num_threads(1)
    q, b, v = torch.tensor(Q2), torch.tensor(B2), torch.tensor(points)
    gradient = torch.func.vmap(torch.func.grad(lambda x: 0.5 * x @ q @ x + b @ x))
    return lambda: gradient(v)


def many_jax(points: np.ndarray) -> Call:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    gradient = jax.jit(jax.vmap(jax.grad(lambda x: 0.5 * x @ Q2 @ x + B2 @ x)))
    v = jnp.asarray(points)
    return lambda: gradient(v).block_until_ready()


def one_by_autograd(x: np.ndarray) -> Any:
    import autograd

    return autograd.grad(quadratic)(x)


def pool_of_autograd(pool: ProcessPoolExecutor, count: int) -> Calls:
    """Point by point over processes, as the original study did it."""
    points = list(POINTS[:count])
    list(pool.map(one_by_autograd, points))
    return {
        "autograd, point by point over a process pool": lambda: list(
            pool.map(one_by_autograd, points, chunksize=count // 8)
        )
    }


# ------------------------------------------------------------------------------ the report


def check(calls: Calls) -> None:
    """All engines find the same numbers."""
    found = {
        name: np.asarray(call()) for name, call in calls.items() if not name.startswith("one ")
    }
    for name, result in found.items():
        np.testing.assert_allclose(result, found["playground"], rtol=1e-6, atol=1e-8, err_msg=name)


def measured(calls: Calls, rounds: int) -> dict[str, float]:
    """Milliseconds by engine."""
    check(calls)
    seconds = median_seconds(list(calls.values()), rounds, 0.02)
    return dict(zip(calls, (1e3 * s for s in seconds), strict=True))


def run(rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds by task and engine."""
    results = {task: measured(calls, rounds) for task, calls in matrices().items()}
    small = many(400)
    try:
        # Not forked: engines in this process have threads by now.
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
            small.update(pool_of_autograd(pool, 400))
            results["gradient at 400 points"] = measured(small, rounds)
    except ImportError:
        results["gradient at 400 points"] = measured(small, rounds)
    results["gradient at 1,000,000 points"] = measured(many(1_000_000), rounds)
    return results


def table(results: dict[str, dict[str, float]]) -> str:
    """Rows are engines, columns are tasks: milliseconds, and the ratio to ours."""
    engines = list(dict.fromkeys(engine for times in results.values() for engine in times))
    lines = ["| ms (ratio to playground) | " + " | ".join(results) + " |"]
    lines.append("|---" * (len(results) + 1) + "|")
    for engine in engines:
        cells = [
            f"{times[engine]:.3g} ({times[engine] / times['playground']:.2g})"
            if engine in times
            else ""
            for times in results.values()
        ]
        lines.append(f"| {engine} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=25, help="slices of each engine (25)")
    rounds = parser.parse_args().rounds
    print(f"{description()}\n")
    print(table(run(rounds)))
    return 0


if __name__ == "__main__":
    on_one_thread("experiments.bench.transforms")
    raise SystemExit(main())
