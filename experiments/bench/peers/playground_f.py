"""playground through its functions, as Chainer users write it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import playground.functions as F
from experiments.bench.problem import DTYPE, StepSize, matrices
from playground import Variable

NAME = "playground, F"


def step(n: int) -> Callable[[], float]:
    x, y, eye = matrices(n)
    point, rule = Variable(y), StepSize()

    def one_step() -> float:
        loss = F.sum(F.absolute(F.matmul(x, point) - eye))
        value = float(loss.array)
        size = rule(value)
        point.cleargrad()
        loss.backward()
        np.subtract(y, point.grad * size, out=y)
        return value

    return one_step


def chain(k: int, shape: tuple[int, ...]) -> Callable[[], Any]:
    start = np.ones(shape, DTYPE)

    def build_and_differentiate() -> np.ndarray:
        x = Variable(start)
        y = x
        for _ in range(k):
            y = y + x
        y.grad = np.ones_like(start)
        y.backward()
        return x.grad

    return build_and_differentiate
