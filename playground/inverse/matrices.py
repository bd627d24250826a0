"""What NumPy knows of matrices: how the problem begins and ends."""

from __future__ import annotations

import math
import os

import numpy as np

from playground.graph.errors import InputError
from playground.lab.reading import counted_noun

__all__ = [
    "balanced",
    "condition_number",
    "inverted",
    "likely_cause",
    "require_memory",
    "require_square",
]

# Beyond this size the condition number of the 2-norm takes longer than many a step.
EXACT_CONDITION = 1000


def require_square(matrix: np.ndarray, what: str) -> None:
    """Raise InputError unless ``matrix`` has shape (n, n) with n at least 1."""
    rows, columns = matrix.shape
    if rows != columns or rows == 0:
        raise InputError(
            f"{what} has {counted_noun(rows, 'row')} and {counted_noun(columns, 'column')}: "
            f"only a square matrix has an inverse{likely_cause(matrix)}"
        )


def likely_cause(matrix: np.ndarray) -> str:
    """What may stand in a file beside the numbers of a square matrix."""
    rows, columns = matrix.shape
    if rows == columns + 1:
        return "; if row 1 names the columns, --header yes skips it"
    if columns == rows + 1:
        return "; if column 1 names or numbers the rows, leave it out (pandas: index=False)"
    if columns == 2 * rows and (matrix == np.round(matrix)).all():
        return "; if the commas are decimal ones, separate the numbers by semicolons"
    return ""


def require_memory(size: int, dtype: str, alive: int) -> None:
    """Raise InputError if ``alive`` matrices of shape (size, size) exceed this machine's memory."""
    needed = alive * size**2 * np.dtype(dtype).itemsize
    try:
        present = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):  # such as on Windows: it will be seen
        return
    if needed > present:
        raise InputError(
            f"a {size} x {size} matrix of {dtype} needs about {needed / 1e9:,.0f} GB to run, "
            f"this machine has {present / 1e9:,.0f} GB: choose a smaller one"
        )


def inverted(matrix: np.ndarray) -> np.ndarray | None:
    """What ``numpy.linalg.inv`` finds in float64, None where it finds nothing finite."""
    try:
        found = np.linalg.inv(matrix.astype(np.float64))
    except np.linalg.LinAlgError:
        return None
    return found if np.isfinite(found).all() else None


def balanced(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """A matrix with rows, then columns, divided by their largest size; and its inverse."""
    scaled = matrix.astype(np.float64)
    for axis in (1, 0):
        largest = np.abs(scaled).max(axis=axis, keepdims=True)
        scaled = scaled / np.where(largest > 0, largest, 1.0)
    return scaled, inverted(scaled)


def condition_number(matrix: np.ndarray, inverse: np.ndarray | None) -> float:
    """The condition number in the 2-norm, for a very large matrix in the cheaper 1-norm.

    ``inverse`` is what :func:`inverted` found: without one the number is infinite.
    """
    if inverse is None:
        return math.inf
    # In float32 anything above 1e7 would be noise.
    exact = matrix.astype(np.float64)
    if len(exact) <= EXACT_CONDITION:
        return float(np.linalg.cond(exact))
    return float(np.linalg.norm(exact, 1) * np.linalg.norm(inverse, 1))
