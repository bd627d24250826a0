"""Logistic regression: which of two classes a flower, or a row of your table, belongs to.

    python -m playground.logistic

The loss is plain NumPy on the weights, backprop gives its gradient, and the descent walks down.
Newton's method, which needs the second derivatives by hand, only checks the answer.
"""

from playground.logistic.command import Logistic, main
from playground.logistic.problem import (
    Optimum,
    design,
    largest_curvature,
    logistic_losses,
    optimum,
    step_seconds,
)
from playground.logistic.rows import iris, read_rows

__all__ = [
    "Logistic",
    "Optimum",
    "design",
    "iris",
    "largest_curvature",
    "logistic_losses",
    "main",
    "optimum",
    "read_rows",
    "step_seconds",
]
