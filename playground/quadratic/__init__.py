"""A quadratic form three ways: by algebra, by backprop, and by central differences.

    python -m playground.quadratic --Q "1,-1;-1,2" --b "1,1"

:func:`automatic` and :func:`numerical` give value, gradient and Hessian at many points in one call,
as arrays and as frames; :class:`Algebra` gives them as formulas.
"""

from playground.quadratic.algebra import Algebra, MatrixForm, Stationary
from playground.quadratic.command import QuadraticStudy, main, zeros_of_gradient
from playground.quadratic.problem import Derivatives, automatic, numerical, quadratic_form

__all__ = [
    "Algebra",
    "Derivatives",
    "MatrixForm",
    "QuadraticStudy",
    "Stationary",
    "automatic",
    "main",
    "numerical",
    "quadratic_form",
    "zeros_of_gradient",
]
