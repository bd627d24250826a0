"""The two ways of the original study: the loss handed to the optimizer, or the gradient by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from playground.eigenvalue.problem import Entries, sum_of_squares, wrong_start
from playground.graph.errors import FitError
from playground.graph.parameter import Parameter
from playground.links import Link
from playground.optimizers import Adam, GradientMethod

__all__ = ["EPSILON", "LEARNING_RATE", "TARGETS", "TOLERANCE", "Spectrum", "Trajectory", "descend"]

TARGETS = (1.0, 1.0, 1.0)
TOLERANCE = 1e-8
# Of Adam, as in the original study.
LEARNING_RATE, EPSILON = 1e-3, 1e-7


class Spectrum(Link):
    """The entries r of a matrix as a parameter; calling it gives the loss.

    Attributes:
        eigenvalues: those of the newest call, shape (n,).
    """

    def __init__(self, start: np.ndarray, targets: Sequence[float]) -> None:
        super().__init__()
        with self.init_scope():
            self.r = Parameter(np.array(start))
        # eigh's eigenvalues come in ascending order, and are compared one by one.
        self.targets = np.sort(np.asarray(targets, self.r.dtype))
        self.entries = Entries(len(self.targets))
        if self.r.shape != (self.entries.size,):
            raise FitError(wrong_start(len(self.targets), self.r.size))

    def forward(self) -> Any:
        eigenvalues = self.entries.eigenvalues(self.r)
        self.eigenvalues = eigenvalues.array
        return sum_of_squares(eigenvalues - self.targets)


@dataclass(frozen=True)
class Trajectory:
    """A descent: row k of each array belongs to the point after k steps.

    Attributes:
        points: the entries r, shape (steps + 1, n (n + 1) / 2).
        eigenvalues: shape (steps + 1, n).
        losses: shape (steps + 1,).
        converged: whether the last loss is at most the tolerance.
    """

    points: np.ndarray
    eigenvalues: np.ndarray
    losses: np.ndarray
    converged: bool

    @property
    def steps(self) -> int:
        return len(self.losses) - 1


def descend(
    start: np.ndarray,
    targets: Sequence[float] = TARGETS,
    optimizer: GradientMethod | None = None,
    *,
    way: str = "loss",
    tol: float = TOLERANCE,
    max_steps: int = 100_000,
) -> Trajectory:
    """Update ``start`` until the loss is at most ``tol``, in either way of the original study.

    ``way='loss'`` hands the loss to the optimizer, ``optimizer.update(lossfun)``; ``'gradient'``
    computes the gradient by hand and applies it, ``optimizer.update()``. The two give the same
    points. The optimizer is Adam with step size 1e-3 and epsilon 1e-7 if none is given.
    """
    if way not in ("loss", "gradient"):
        raise FitError(f"descend: way is 'loss' or 'gradient', got {way!r}")
    model = Spectrum(start, targets)
    optimizer = optimizer or Adam(alpha=LEARNING_RATE, eps=EPSILON)
    optimizer.setup(model)
    rows: list[tuple[Any, Any, float]] = []

    def loss() -> Any:
        value = model()
        # A copy: the optimizer writes into r itself.
        rows.append((model.r.array.copy(), model.eigenvalues, value.item()))
        return value

    # A loss that is NaN exceeds nothing, and ends this too.
    while not rows or (rows[-1][2] > tol and len(rows) <= max_steps):
        if way == "loss":
            optimizer.update(loss)
        else:
            value = loss()
            model.cleargrads()
            value.backward()
            optimizer.update()
    points, eigenvalues, losses = zip(*rows, strict=True)
    return Trajectory(np.array(points), np.array(eigenvalues), np.array(losses), losses[-1] <= tol)
