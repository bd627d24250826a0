"""HIPS autograd: a wrapped NumPy, gradients by tracing the function anew at every call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd
import autograd.numpy as wrapped
import numpy as np

from experiments.bench.problem import DTYPE, StepSize, matrices

NAME = "autograd"


def step(n: int) -> Callable[[], float]:
    x, y, eye = matrices(n)
    rule = StepSize()
    evaluate = autograd.value_and_grad(
        lambda y: wrapped.sum(wrapped.abs(wrapped.matmul(x, y) - eye))
    )

    def one_step() -> float:
        loss, gradient = evaluate(y)
        value = float(loss)
        np.subtract(y, gradient * rule(value), out=y)
        return value

    return one_step


def chain(k: int, shape: tuple[int, ...]) -> Callable[[], Any]:
    start = np.ones(shape, DTYPE)

    def total(x: Any) -> Any:
        y = x
        for _ in range(k):
            y = y + x
        return wrapped.sum(y) if shape else y

    differentiate = autograd.grad(total)
    return lambda: differentiate(start)
