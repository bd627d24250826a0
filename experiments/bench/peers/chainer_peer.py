"""Chainer 7.8.1, made importable by the tests' own helper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from experiments.bench.problem import DTYPE, StepSize, matrices
from tests.chainer_oracle import find_chainer

NAME = "Chainer 7.8.1"

chainer: Any = find_chainer()
if chainer is None:
    raise ImportError("No module named 'chainer'", name="chainer")
F = chainer.functions


def step(n: int) -> Callable[[], float]:
    x, y, eye = matrices(n)
    rule = StepSize()

    def one_step() -> float:
        point = chainer.Variable(y)
        loss = F.sum(F.absolute(F.matmul(x, point) - eye))
        value = float(loss.array)
        size = rule(value)
        loss.backward()
        np.subtract(y, point.grad * size, out=y)
        return value

    return one_step


def chain(k: int, shape: tuple[int, ...]) -> Callable[[], Any]:
    start = np.ones(shape, DTYPE)

    def build_and_differentiate() -> np.ndarray:
        x = chainer.Variable(start)
        y = x
        for _ in range(k):
            y = y + x
        y.grad = np.ones_like(start)
        y.backward()
        return x.grad

    return build_and_differentiate
