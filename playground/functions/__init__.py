"""F: every operation, each written once for arrays, devices and Variables."""

from typing import TYPE_CHECKING

from playground.functions import (
    accumulation,
    activation,
    array,
    assignment,
    basic_math,
    convolution,
    elementwise,
    linalg,
    loss,
    reduction,
    scaling,
)
from playground.functions.accumulation import *  # noqa: F403
from playground.functions.activation import *  # noqa: F403
from playground.functions.array.arranging import *  # noqa: F403
from playground.functions.array.indexing import *  # noqa: F403
from playground.functions.array.joining import *  # noqa: F403
from playground.functions.array.shaping import *  # noqa: F403
from playground.functions.basic_math import *  # noqa: F403
from playground.functions.convolution import *  # noqa: F403
from playground.functions.elementwise.exponential import *  # noqa: F403
from playground.functions.elementwise.extrema import *  # noqa: F403
from playground.functions.elementwise.hyperbolic import *  # noqa: F403
from playground.functions.elementwise.powers import *  # noqa: F403
from playground.functions.elementwise.rounding import *  # noqa: F403
from playground.functions.elementwise.selection import *  # noqa: F403
from playground.functions.elementwise.special import *  # noqa: F403
from playground.functions.elementwise.trigonometric import *  # noqa: F403
from playground.functions.linalg.contractions import *  # noqa: F403
from playground.functions.linalg.eigenvalues import *  # noqa: F403
from playground.functions.linalg.factors import *  # noqa: F403
from playground.functions.linalg.least_squares import *  # noqa: F403
from playground.functions.linalg.products import *  # noqa: F403
from playground.functions.linalg.singular_values import *  # noqa: F403
from playground.functions.linalg.solving import *  # noqa: F403
from playground.functions.loss import *  # noqa: F403
from playground.functions.reduction import *  # noqa: F403
from playground.functions.scaling import *  # noqa: F403
from playground.graph.errors import no_such_name

__all__ = [
    *accumulation.__all__,
    *activation.__all__,
    *array.__all__,
    *assignment.__all__,
    *basic_math.__all__,
    *convolution.__all__,
    *elementwise.__all__,
    *linalg.__all__,
    *loss.__all__,
    *reduction.__all__,
    *scaling.__all__,
]


if not TYPE_CHECKING:  # for a type checker every name would exist

    def __getattr__(name: str) -> object:
        raise no_such_name(__name__, name, __all__)
