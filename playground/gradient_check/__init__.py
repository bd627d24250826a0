"""Are the gradients right? Backprop against finite differences, under Chainer's names.

``numerical_grad`` differentiates any function of arrays element by element; ``check_backward`` and
``check_double_backward`` compare the first and the second derivative along one random direction.
"""

from playground.gradient_check.backward import check_backward, check_double_backward
from playground.gradient_check.closeness import assert_allclose
from playground.gradient_check.numerical import numerical_grad
from playground.graph.errors import (
    GradientCheckError,
    GradientCheckInputError,
    NondifferentiableError,
)

__all__ = [
    "GradientCheckError",
    "GradientCheckInputError",
    "NondifferentiableError",
    "assert_allclose",
    "check_backward",
    "check_double_backward",
    "numerical_grad",
]
