"""JAX: the step compiled once, its loss read on the host at every step."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from experiments.bench.problem import StepSize, matrices

NAME = "JAX, jit"


def step(n: int) -> Callable[[], float]:
    x, y, eye = (jnp.asarray(array) for array in matrices(n))
    evaluate = jax.value_and_grad(lambda y: jnp.abs(x @ y - eye).sum())
    rule = StepSize()

    # The update comes first, so that one compiled call a step is enough.
    @jax.jit
    def advance(y: jax.Array, gradient: jax.Array, size: float) -> tuple[jax.Array, ...]:
        moved = y - size * gradient
        return (moved, *evaluate(moved))

    gradient, size = jnp.zeros_like(y), 0.0

    def one_step() -> float:
        nonlocal y, gradient, size
        y, loss, gradient = advance(y, gradient, size)
        value = float(loss)
        size = rule(value)
        return value

    return one_step
