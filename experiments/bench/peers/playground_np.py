"""playground through plain NumPy calls on a Variable."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from experiments.bench.problem import StepSize, matrices
from playground import Variable

NAME = "playground, plain np"


def step(n: int) -> Callable[[], float]:
    x, y, eye = matrices(n)
    point, rule = Variable(y), StepSize()

    def one_step() -> float:
        loss = np.abs(x @ point - eye).sum()
        value = float(loss.array)
        size = rule(value)
        point.cleargrad()
        loss.backward()
        np.subtract(y, point.grad * size, out=y)
        return value

    return one_step
