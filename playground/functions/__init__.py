"""F: every operation, each written once for arrays, devices and Variables."""

from playground.functions import (
    array,
    assignment,
    basic_math,
    elementwise,
    linalg,
    products,
    reduction,
    solving,
    spectral,
)
from playground.functions.array import *  # noqa: F403
from playground.functions.assignment import *  # noqa: F403
from playground.functions.basic_math import *  # noqa: F403
from playground.functions.elementwise import *  # noqa: F403
from playground.functions.linalg import *  # noqa: F403
from playground.functions.products import *  # noqa: F403
from playground.functions.reduction import *  # noqa: F403
from playground.functions.solving import *  # noqa: F403
from playground.functions.spectral import *  # noqa: F403

__all__ = [
    *array.__all__,
    *assignment.__all__,
    *basic_math.__all__,
    *elementwise.__all__,
    *linalg.__all__,
    *products.__all__,
    *reduction.__all__,
    *solving.__all__,
    *spectral.__all__,
]
