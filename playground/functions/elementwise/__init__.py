"""Functions of each element by itself."""

from playground.functions.elementwise import (
    exponential,
    extrema,
    hyperbolic,
    powers,
    rounding,
    selection,
    special,
    trigonometric,
)
from playground.functions.elementwise.exponential import *  # noqa: F403
from playground.functions.elementwise.extrema import *  # noqa: F403
from playground.functions.elementwise.hyperbolic import *  # noqa: F403
from playground.functions.elementwise.powers import *  # noqa: F403
from playground.functions.elementwise.rounding import *  # noqa: F403
from playground.functions.elementwise.selection import *  # noqa: F403
from playground.functions.elementwise.special import *  # noqa: F403
from playground.functions.elementwise.trigonometric import *  # noqa: F403

__all__ = [
    *exponential.__all__,
    *extrema.__all__,
    *hyperbolic.__all__,
    *powers.__all__,
    *rounding.__all__,
    *selection.__all__,
    *special.__all__,
    *trigonometric.__all__,
]
