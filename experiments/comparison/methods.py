"""The ways to an inverse: each takes a start and limits, and gives a matrix and its steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from playground.graph.errors import InputError
from playground.inverse import residual_losses
from playground.lab.cli import STEP_RULES
from playground.lab.descent import Below, MaxSeconds, MaxSteps
from playground.lab.fit import fit
from playground.transforms import value_and_grad

LOSSES = ("squared", "absolute")
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Limits:
    """What a single run may take."""

    steps: int = 300_000
    seconds: float = 20.0


class Start:
    """A random matrix X and a random start Y, both uniform in [0, 1), float64, shape (n, n)."""

    def __init__(self, size: int, seed: int) -> None:
        self.rng = np.random.RandomState(seed)
        self.X, self.Y = (self.rng.random_sample((size, size)) for _ in range(2))
        self.eye = np.eye(size)

    @cached_property
    def losses(self) -> dict[str, Callable[[Any], Any]]:
        return residual_losses(self.X, self.eye)

    def residual(self, Y: np.ndarray) -> float:
        """sum|XY - I|, by which every method is judged."""
        return float(self.losses["absolute"](Y))


Method = Callable[[Start, Limits], tuple[np.ndarray, int]]


def descent(loss: str, rule: str, start: Start, limits: Limits) -> tuple[np.ndarray, int]:
    """Steepest descent; a point that is stuck is kicked, as in the original study."""
    bound = np.sqrt if loss == "squared" else None
    stop = [
        Below(TOLERANCE, start.losses["absolute"], bound),
        MaxSteps(limits.steps),
        MaxSeconds(limits.seconds),
    ]
    # A constant step fails by diverging: a kick of a point at 1e150 leads nowhere.
    restart = "none" if rule == "constant" else "kick"
    found = fit(start.losses[loss], start.Y, rule=rule, stop=stop, restart=restart, rng=start.rng)
    return found.x, found.steps


def lbfgs(loss: str, start: Start, limits: Limits) -> tuple[np.ndarray, int]:
    """SciPy's L-BFGS-B on value and gradient by backprop; a step is one of its iterations."""
    minimize = _minimize()
    shape, deadline = start.Y.shape, time.perf_counter() + limits.seconds
    value_and_gradient = value_and_grad(lambda flat: start.losses[loss](flat.reshape(shape)))

    def judge(intermediate_result: Any) -> None:
        done = start.residual(intermediate_result.x.reshape(shape)) <= TOLERANCE
        if done or time.perf_counter() > deadline:
            raise StopIteration

    endless = {"maxiter": limits.steps, "maxfun": 20 * limits.steps, "ftol": 0.0, "gtol": 0.0}
    first = start.Y.ravel()
    found = minimize(
        value_and_gradient, first, jac=True, method="L-BFGS-B", callback=judge, options=endless
    )
    return found.x.reshape(shape), int(found.nit)


def _minimize() -> Callable[..., Any]:
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise InputError("L-BFGS-B needs SciPy: pip install scipy") from error
    return minimize


def newton_schulz(start: Start, limits: Limits) -> tuple[np.ndarray, int]:
    """Y = Y(2I - XY) from Y = X'/(|X|_1 |X|_inf): the error I - XY is squared at every step.

    Schulz 1933; the start, by which it converges for every regular X, is Ben-Israel's, 1966.
    """
    X, steps = start.X, 0
    Y = X.T / (np.linalg.norm(X, 1) * np.linalg.norm(X, np.inf))
    twice, deadline = 2 * start.eye, time.perf_counter() + limits.seconds
    while start.residual(Y) > TOLERANCE and steps < limits.steps:
        Y = Y @ (twice - X @ Y)
        steps += 1
        if time.perf_counter() > deadline:
            break
    return Y, steps


def by_elimination(start: Start, limits: Limits) -> tuple[np.ndarray, int]:
    """numpy.linalg.inv: the LU decomposition of LAPACK, counted as one step."""
    return np.linalg.inv(start.X), 1


METHODS: dict[str, Method] = {
    **{f"{loss}/{rule}": partial(descent, loss, rule) for loss in LOSSES for rule in STEP_RULES},
    **{f"{loss}/l-bfgs-b": partial(lbfgs, loss) for loss in LOSSES},
    "newton-schulz": newton_schulz,
    "linalg.inv": by_elimination,
}
