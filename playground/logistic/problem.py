"""The loss of logistic regression, the point where it is smallest, and how far it bends."""

from __future__ import annotations

import timeit
from dataclasses import dataclass

import numpy as np

from playground.graph.types import Array, Operand, UserFunction
from playground.graph.variable import Variable

__all__ = [
    "Optimum",
    "design",
    "largest_curvature",
    "logistic_losses",
    "optimum",
    "step_seconds",
]

# In float64 a gain per round by e, as on classes that touch, is over after some 36 rounds.
ROUNDS = 30


def logistic_losses(X: Operand, t: Operand, l2: Operand = 0.0) -> dict[str, UserFunction]:
    """The losses by name, functions of the weights w.

    X has shape (rows, features + 1), its last column ones, t shape (rows,) with 1 for the positive
    class and 0 for the other; w has shape (features + 1,). ``l2`` times half the squared length of
    w without its last entry, the bias, is added; as an array, shape (features,), it has one penalty
    for each weight.
    """
    signed = X * (2 * t - 1)[:, None]

    def penalised(loss: Array, w: Operand) -> Array:
        if np.ndim(l2):
            return loss + 0.5 * (l2 * w[:-1] ** 2).sum()
        return loss + 0.5 * l2 * (w[:-1] ** 2).sum() if l2 else loss

    def vectorised(w: Operand) -> Array:
        # log(1 + exp(-m)) without the exponential of a large -m, which overflows beyond 709.
        return penalised(np.logaddexp(0, -(signed @ w)).sum(), w)

    def loop(w: Operand) -> Array:
        # As the original wrote it, one logarithm after the other, to measure the other form by.
        total = np.zeros(1, dtype=X.dtype)
        for row, target in zip(X, t, strict=True):
            y = 1 / (1 + np.exp(-(row @ w)))
            total = total - (target * np.log(y) + (1 - target) * np.log(1 - y))
        return penalised(total, w)

    return {"vectorised": vectorised, "loop": loop}


@dataclass(frozen=True)
class Optimum:
    """Where the loss is smallest.

    Attributes:
        weights: shape (features + 1,), or None where none was found.
        separable: the classes are parted without an error, so that without a penalty the loss
            tends to 0 while the weights grow without bound.
    """

    weights: np.ndarray | None
    separable: bool = False


def optimum(X: np.ndarray, t: np.ndarray, l2: float | np.ndarray = 0.0) -> Optimum:
    """The weights of least loss by Newton's method; X, t and l2 as in :func:`logistic_losses`.

    Known as iteratively reweighted least squares (Hastie, Tibshirani, Friedman: The Elements of
    Statistical Learning, section 4.4.1), here with step halving.
    """
    X, t = X.astype(np.float64), t.astype(np.float64)
    ridge = np.append(np.broadcast_to(l2, X.shape[1] - 1), 0.0).astype(np.float64)
    # A feature in other units, 1e4 times as large, is 1e8 in the curvature: scaled to 1 each. Not
    # one so small that the penalty would overflow, of which the weight is then nearly 0.
    size = np.maximum(np.maximum(np.abs(X).max(axis=0), np.sqrt(ridge)), np.finfo(float).tiny)
    size[~X.any(axis=0)] = 1.0  # the weight of a feature of zeros is 0, whatever its units
    scaled = X / size
    signed = scaled * (2 * t - 1)[:, None]
    # The penalty is on the weights of the features as they came, w / size.
    ridge = ridge / size**2

    def loss(w: np.ndarray) -> float:
        return float(np.logaddexp(0, -(signed @ w)).sum() + 0.5 * ridge @ w**2)

    w = np.zeros(X.shape[1])
    for _ in range(ROUNDS):
        margins = signed @ w
        if not ridge.any() and margins.min() > 0:
            # These very weights part the classes: longer ones in their direction are better.
            return Optimum(None, separable=True)
        wrong = np.exp(-np.logaddexp(0, margins))  # the chance given to the other class
        slope = ridge * w - signed.T @ wrong
        curvature = scaled.T @ (scaled * (wrong * (1 - wrong))[:, None]) + np.diag(ridge)
        if not (np.isfinite(curvature).all() and np.isfinite(slope).all()):
            return Optimum(None)  # of numbers at the edge of float64, on which LAPACK may not end
        # Not solve: a feature that never changes makes the curvature singular.
        step = np.linalg.lstsq(curvature, slope, rcond=None)[0]
        # Far from the border the curvature vanishes, and a whole Newton step overshoots.
        while loss(w - step) > loss(w) and np.abs(step).max() > 1e-12 * np.abs(w).max():
            step = step / 2
        w = w - step
        if np.abs(step).max() <= 1e-7 * np.abs(w).max():  # the next would be below rounding
            weights = w / size
            return Optimum(weights if np.isfinite(weights).all() else None)
    return Optimum(None)


def largest_curvature(X: np.ndarray, l2: float | np.ndarray = 0.0) -> float:
    """No second derivative of the loss exceeds it: a quarter of the largest of X'X, and ``l2``."""
    exact = X.astype(np.float64)
    return float(np.linalg.norm(exact, 2) ** 2 / 4 + np.max(l2))


def design(
    points: np.ndarray, standardise: bool, least: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X as :func:`logistic_losses` takes it, and the (features,) taken off and divided by for it.

    ``points`` has shape (rows, features). A feature without variance is not divided, and none by
    less than ``least``: by the root of the sum of both squares.
    """
    middle, spread = np.zeros_like(points[0]), np.ones_like(points[0])
    if standardise:
        middle, spread = points.mean(axis=0), points.std(axis=0)
        # By the extent: the mean of equal numbers is rounded, and so their variance above 0.
        constant = np.ptp(points, axis=0) == 0
        middle[constant] = points[0, constant]
        spread[constant | (spread == 0)] = 1  # nor of numbers whose squares are 0
        spread = np.hypot(spread, np.asarray(least, spread.dtype)) if least else spread
    ones = np.ones((len(points), 1), dtype=points.dtype)
    return np.concatenate([(points - middle) / spread, ones], axis=1), middle, spread


def step_seconds(loss: UserFunction, w: np.ndarray) -> float:
    """Seconds that a loss and its gradient take, the best of three."""

    def once() -> None:
        loss(Variable(w)).backward()

    # The best: what is slower had to share the machine.
    return min(timeit.repeat(once, number=1, repeat=3))
