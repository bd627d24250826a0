"""NumPy as one writes it at first go, the gradient derived by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from experiments.bench.problem import StepSize, matrices

NAME = "NumPy, first go"


def step(n: int) -> Callable[[], float]:
    x, y, eye = matrices(n)
    rule = StepSize()

    def one_step() -> float:
        nonlocal y
        residual = x @ y - eye
        loss = float(np.abs(residual).sum())
        y = y - rule(loss) * (x.T @ np.sign(residual))
        return loss

    return one_step
