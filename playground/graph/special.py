"""Special functions, which NumPy has not: the one home of scipy (and of CuPy's twin of it)."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from playground.graph.backend import base_of
from playground.graph.errors import MissingLibraryError
from playground.graph.types import Raw, Shape


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


def sparse_product(values: Raw, rows: Raw, columns: Raw, shape: Shape, dense: Raw) -> Raw:
    """A sparse matrix, by its values and their places, times a dense one; by SciPy.

    None where SciPy is not installed, or knows nothing of such arrays: NumPy can do it, too.
    """
    if type(values) is not np.ndarray or type(dense) is not np.ndarray or values.dtype.char == "e":
        return None
    try:
        from scipy.sparse import coo_matrix
    except ImportError:
        return None
    return coo_matrix((values, (rows, columns)), shape=shape).dot(dense)
