"""Special functions, which NumPy has not: the one home of scipy (and of CuPy's twin of it)."""

from __future__ import annotations

from types import ModuleType

from playground.graph.backend import base_of
from playground.graph.errors import MissingLibraryError
from playground.graph.types import Raw


def library(array: Raw) -> ModuleType:
    """The module with the special functions for an array's type.

    Raises MissingLibraryError, with the cure, where it is not installed.
    """
    if type(base_of(array)).__module__.partition(".")[0] == "cupy":
        import cupyx.scipy.special

        return cupyx.scipy.special
    try:
        import scipy.special
    except ImportError as error:
        raise MissingLibraryError(
            "special functions (F.erf, F.lgamma …) need SciPy, which is not installed: install "
            "it with pip install scipy"
        ) from error
    return scipy.special
