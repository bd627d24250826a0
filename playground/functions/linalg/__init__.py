"""Linear algebra: products, systems of equations, factors, eigenvalues and singular values."""

from playground.functions.linalg import (
    contractions,
    eigenvalues,
    factors,
    least_squares,
    products,
    singular_values,
    solving,
)
from playground.functions.linalg.contractions import *  # noqa: F403
from playground.functions.linalg.eigenvalues import *  # noqa: F403
from playground.functions.linalg.factors import *  # noqa: F403
from playground.functions.linalg.least_squares import *  # noqa: F403
from playground.functions.linalg.products import *  # noqa: F403
from playground.functions.linalg.singular_values import *  # noqa: F403
from playground.functions.linalg.solving import *  # noqa: F403

__all__ = [
    *contractions.__all__,
    *eigenvalues.__all__,
    *factors.__all__,
    *least_squares.__all__,
    *products.__all__,
    *singular_values.__all__,
    *solving.__all__,
]
