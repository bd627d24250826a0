"""Derivatives by backprop held against central differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import playground
from experiments.functions import ten
from playground import Variable
from playground.gradient_check.differences import TWO


@dataclass(frozen=True)
class Case:
    """A function, the point it is differentiated at, and its other arguments."""

    function: Callable[..., Any]
    point: np.ndarray
    rest: tuple[Any, ...] = ()

    def value(self, x: Any) -> Any:
        return self.function(x, *self.rest)


@dataclass(frozen=True)
class Outcome:
    """Value, gradient, Hessian-vector product, and their errors against differences.

    ``slopes`` and ``curvatures`` are the first and second derivative along one direction, each by
    differences and by backprop.
    """

    name: str
    value: float
    gradient: np.ndarray
    product: np.ndarray
    gradient_error: float
    product_error: float
    slopes: tuple[float, float]
    curvatures: tuple[float, float]


def cases(seed: int = 0) -> list[Case]:
    """The ten functions with data drawn from one seed."""
    rng = np.random.default_rng(seed)
    normal = rng.standard_normal
    x = np.sort(rng.random(12))
    signal = np.cumsum(normal(25))
    return [
        Case(ten.least_squares, normal(4), (normal((9, 4)), normal(9))),
        Case(ten.log_determinant, normal((5, 3))),
        Case(ten.softmax_regression, normal((4, 3)), (normal((20, 4)), rng.integers(0, 3, 20))),
        Case(ten.kalman_likelihood, np.array([-1.0, 0.5]), (signal,)),
        Case(ten.gaussian_process, np.array([-1.0, 0.3, -2.0]), (x, np.sin(6 * x))),
        Case(ten.spline_roughness, normal(7), (np.arange(7.0), rng.uniform(0, 6, 30))),
        Case(ten.power_iteration, normal((6, 4))),
        Case(ten.pendulum, np.array([1.0, 0.2, 0.1])),
        Case(ten.explained_variance, normal((15, 4)) * np.array([3.0, 2.0, 1.0, 0.5])),
        Case(ten.smoothing_error, np.array([0.4, 0.2]), (signal,)),
    ]


def derivatives(case: Case, point: np.ndarray, direction: np.ndarray) -> tuple[Any, Any, Any]:
    """Value, gradient, and the Hessian times ``direction``, by two passes over one graph."""
    x = Variable(point)
    y = case.value(x)
    (gradient,) = playground.grad([y], [x], enable_double_backprop=True)
    (product,) = playground.grad([(gradient * direction).sum()], [x])
    return float(y.array), gradient.array, product.array


def examine(case: Case, rng: np.random.Generator, step: float = 1e-5) -> Outcome:
    """Differentiate one function twice and compare with central differences."""
    direction = rng.standard_normal(case.point.shape)
    value, gradient, product = derivatives(case, case.point, direction)
    slope = TWO.slope(lambda t: case.value(case.point + t * direction), step)
    turn = TWO.slope(lambda t: derivatives(case, case.point + t * direction, direction)[1], step)
    return Outcome(
        case.function.__name__,
        value,
        gradient,
        product,
        abs(slope - np.sum(gradient * direction)) / max(abs(slope), 1e-8),
        float(np.linalg.norm(turn - product) / max(np.linalg.norm(turn), 1e-8)),
        (float(slope), float(np.sum(gradient * direction))),
        (float(np.sum(turn * direction)), float(np.sum(product * direction))),
    )


def lines(outcomes: list[Outcome]) -> list[str]:
    """A table as text: value, size of the gradient, errors of gradient and product."""
    head = f"{'function':<20} {'value':>12} {'|gradient|':>12} {'gradient err':>13} {'H·v err':>9}"
    rows = [
        f"{o.name:<20} {o.value:12.5g} {np.linalg.norm(o.gradient):12.5g} "
        f"{o.gradient_error:13.1e} {o.product_error:9.1e}"
        for o in outcomes
    ]
    return [head, *rows]
