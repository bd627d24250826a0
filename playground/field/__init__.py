"""The gradient field of a function of two variables: arrows over contours, and paths along them.

    python -m playground.field --function "x0*exp(-x1**2)"

The gradient is computed twice, by backprop at all points in one call and by central differences,
and their difference is shown. :func:`gradient_field` and :func:`numerical_field` do it for any
function written in plain NumPy.
"""

from playground.field.command import PRESETS, FieldStudy, Leaves, main
from playground.field.problem import Field, gradient_field, numerical_field

__all__ = [
    "PRESETS",
    "Field",
    "FieldStudy",
    "Leaves",
    "gradient_field",
    "main",
    "numerical_field",
]
