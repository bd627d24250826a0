"""The work that all peers share: one step of the descent on E = sum|XY - I|, in float32."""

from __future__ import annotations

import numpy as np

DTYPE = np.float32


def matrices(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return X, the first Y and the identity: float32 of shape (n, n), the same for every peer."""
    rng = np.random.RandomState(0)
    x, y = (rng.rand(n, n).astype(DTYPE) for _ in range(2))
    return x, y, np.eye(n, dtype=DTYPE)


class StepSize:
    """x1.2 after a better loss, x0.5 after any other, 0.01 anew below 1e-10; there is no kick."""

    __slots__ = ("previous", "size")

    def __init__(self) -> None:
        self.size, self.previous = 0.01, float("inf")

    def __call__(self, loss: float) -> float:
        size = self.size * (1.2 if loss < self.previous else 0.5)
        self.size, self.previous = (size if size >= 1e-10 else 0.01), loss
        return self.size
