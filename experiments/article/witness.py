"""What the original study's course is held against: Chainer, the article, and NumPy by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.article.course import GROW, INITIAL, KICK, SHRINK, SIZE, SMALLEST, problem

# The article's own figures for seed 0: the inverse that it found, and the one that NumPy gave.
FOUND = (
    (1.99044645, 1.79943597, -2.45138288),
    (2.87577653, -3.14501214, 0.30953932),
    (-3.56536412, 2.09323907, 1.86472368),
)
TRUE = (
    (1.9896084, 1.7991375, -2.4503546),
    (2.8759089, -3.1447117, 0.3088823),
    (-3.5648208, 2.0931487, 1.8645432),
)
# Steps, kicks and final loss that Chainer 7.8.1 comes to with seed 0, by whether the BLAS kernel
# fuses multiply and add or rounds between the two.
CHAINER = {
    "fused": (39_466, 422, 0.0009739520610310137),
    "rounded": (47_146, 509, 0.000995039939880371),
}
# One pair in fifty has the same product either way.
PAIRS = 8


def product(a: np.ndarray, b: np.ndarray, fused: bool) -> np.ndarray:
    """The matrix product in float32, term by term, with or without rounding in between."""
    total = np.zeros((len(a), b.shape[1]), np.float32)
    for k in range(len(b)):
        exact = a[:, k : k + 1].astype(np.float64) * b[k : k + 1]
        total = (total + (exact if fused else exact.astype(np.float32))).astype(np.float32)
    return total


def kernel() -> str | None:
    """How this machine multiplies 3x3 matrices: 'fused', 'rounded', or None for neither."""
    rng = np.random.RandomState(1)
    pairs = rng.randn(PAIRS, 2, SIZE, SIZE).astype(np.float32)
    for name, fused in (("fused", True), ("rounded", False)):
        if all(np.array_equal(a @ b, product(a, b, fused)) for a, b in pairs):
            return name
    return None


@dataclass(frozen=True)
class Hand:
    """The course in plain NumPy: losses and step sizes from the start on, points and gradients."""

    losses: list[float]
    sizes: list[float]
    points: np.ndarray
    gradients: np.ndarray
    kicks: int


def by_hand(seed: int, steps: int) -> Hand:
    """The first ``steps`` steps with the gradient of sum|XY - I| written out, X' sign(XY - I)."""
    rng, x, y = problem(seed)
    eye = np.eye(SIZE, dtype=np.float32)
    residual, size, kicks = x @ y - eye, INITIAL, 0
    losses, sizes, points, gradients = [float(np.abs(residual).sum())], [size], [], []
    for _ in range(steps):
        gradients.append(x.T @ np.sign(residual))
        if size < SMALLEST:
            kicks, size = kicks + 1, INITIAL
            y = (y + y * rng.randn(SIZE, SIZE) * KICK / kicks).astype(np.float32)
        y = y - np.float32(size) * gradients[-1]
        residual = x @ y - eye
        losses.append(float(np.abs(residual).sum()))
        size *= GROW if losses[-1] < losses[-2] else SHRINK
        sizes.append(size)
        points.append(y)
    return Hand(losses, sizes, np.array(points), np.array(gradients), kicks)
