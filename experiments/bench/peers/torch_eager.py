"""PyTorch eager, on one thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from experiments.bench.problem import StepSize, matrices

NAME = "PyTorch, eager"

torch.set_num_threads(1)


def step(n: int) -> Callable[[], float]:
    x, y, eye = (torch.from_numpy(array) for array in matrices(n))
    y.requires_grad_()
    rule = StepSize()

    def one_step() -> float:
        loss = (x @ y - eye).abs().sum()
        value = loss.item()
        size = rule(value)
        y.grad = None
        loss.backward()
        with torch.no_grad():
            y.sub_(y.grad, alpha=size)
        return value

    return one_step


def chain(k: int, shape: tuple[int, ...]) -> Callable[[], Any]:
    start = torch.ones(shape)

    def build_and_differentiate() -> Any:
        x = start.clone().requires_grad_()
        y = x
        for _ in range(k):
            y = y + x
        y.backward(torch.ones_like(y))
        return x.grad

    return build_and_differentiate
