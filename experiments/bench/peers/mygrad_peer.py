"""MyGrad: tensors over NumPy, written with its own functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mygrad
import numpy as np

from experiments.bench.problem import DTYPE, StepSize, matrices

NAME = "MyGrad"


def step(n: int) -> Callable[[], float]:
    x, y, eye = matrices(n)
    rule = StepSize()

    def one_step() -> float:
        point = mygrad.tensor(y, copy=False)
        loss = mygrad.sum(mygrad.abs(mygrad.matmul(x, point) - eye))
        value = float(loss.data)
        size = rule(value)
        loss.backward()
        np.subtract(y, point.grad * size, out=y)
        return value

    return one_step


def chain(k: int, shape: tuple[int, ...]) -> Callable[[], Any]:
    start = np.ones(shape, DTYPE)

    def build_and_differentiate() -> Any:
        x = mygrad.tensor(start)
        y = x
        for _ in range(k):
            y = y + x
        y.backward()
        return x.grad

    return build_and_differentiate
