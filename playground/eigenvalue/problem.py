"""Symmetric matrices by their entries, the loss of their eigenvalues, its second derivatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from playground.graph.backend import to_cpu
from playground.graph.errors import DegenerateEigenvalueError
from playground.graph.types import Array, Operand, UserFunction
from playground.transforms import hessian

__all__ = ["NEAR", "Entries", "SecondDerivatives", "spectral_loss", "sum_of_squares", "wrong_start"]

# Curvatures below this share of the largest are 0 but for rounding; off the targets, below so many
# times the distance over the gaps, while that is small.
FLAT, FLAT_TIMES, MOST_BENT = 1e-9, 10.0, 0.05
# How far from eigenvalues that are equal to rounding the second derivatives are looked at instead.
NEAR = 1e-6


class Entries:
    """Symmetric n x n matrices by their n (n + 1) / 2 entries r: the diagonal, then those above it.

    Attributes:
        n: rows and columns.
        rows, columns: where each entry of r stands, in the upper triangle.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        diagonals = [np.arange(n - k) for k in range(n)]
        self.rows = np.concatenate(diagonals)
        self.columns = np.concatenate([rows + k for k, rows in enumerate(diagonals)])

    @property
    def size(self) -> int:
        """How many entries there are."""
        return len(self.rows)

    def upper(self, r: Operand) -> Array:
        """The upper triangle with the entries r, zeros below; an array or a Variable, as r is."""
        # Like r: zeros that are a Variable where r is one, so that writing into them is recorded.
        A = np.zeros((self.n, self.n), r.dtype, like=r)
        A[self.rows, self.columns] = r
        return A

    def eigenvalues(self, r: Operand) -> Array:
        """Ascending, shape (n,)."""
        # "U": the zeros below the diagonal are not read, and get no gradient.
        return np.linalg.eigh(self.upper(r), "U")[0]

    def matrix(self, r: np.ndarray) -> np.ndarray:
        """The whole matrix, on the host."""
        A = to_cpu(self.upper(r))
        return A + np.triu(A, 1).T

    def of(self, A: np.ndarray) -> np.ndarray:
        """The entries of a matrix."""
        return A[self.rows, self.columns]


def spectral_loss(targets: Operand) -> UserFunction:
    """The function r -> sum((t - λ)**2); ``targets`` ascending, of shape (n,)."""
    entries = Entries(len(targets))

    def loss(r: Operand) -> Array:
        return sum_of_squares(entries.eigenvalues(r) - targets)

    return loss


def sum_of_squares(difference: Array) -> Array:
    """The sum of the squares of a vector."""
    return difference @ difference


def wrong_start(n: int, got: int) -> str:
    """What to say of a start of another length."""
    size = Entries(n).size
    return f"a symmetric {n} by {n} matrix has {size} entries r, got {got} of them"


@dataclass(frozen=True)
class SecondDerivatives:
    """The second derivatives of the loss, by backprop through backprop.

    Attributes:
        matrix: shape (m, m) for m entries r.
        steep: its eigenvalues, the curvatures, without those that are 0 at the targets.
        flat: how many these are.
        moved: whether they are those of a point close by.
    """

    matrix: np.ndarray
    steep: np.ndarray
    flat: int
    moved: bool

    @classmethod
    def at(cls, r: np.ndarray, targets: np.ndarray) -> SecondDerivatives:
        """Those at ``r``, or close by where eigenvalues are equal to rounding.

        The gradients of such eigenvalues differ by rounding, too, which no derivative can tell from
        a difference that is meant. Raises DegenerateEigenvalueError where it is meant.
        """
        second = hessian(spectral_loss(targets))
        try:
            return cls._of(second(r), r, targets, moved=False)
        except DegenerateEigenvalueError:
            # Another shift for each entry: a common one would leave equal eigenvalues equal.
            near = r + NEAR * max(1.0, np.abs(r).max()) * np.linspace(-1.0, 1.0, len(r))
            return cls._of(second(near), near, targets, moved=True)

    @classmethod
    def _of(
        cls, matrix: np.ndarray, r: np.ndarray, targets: np.ndarray, moved: bool
    ) -> SecondDerivatives:
        curvatures = np.linalg.eigvalsh(matrix)
        top = np.abs(curvatures).max()
        # Off the targets a flat direction is bent by about the distance over the gaps.
        gaps = np.diff(np.unique(targets))
        distance = np.abs(Entries(len(targets)).eigenvalues(r) - targets).max()
        bent = FLAT_TIMES * float(distance) / min(1.0, gaps.min(initial=1.0))
        level = max(FLAT, bent if bent < MOST_BENT else 0.0) * top
        steep = curvatures[np.abs(curvatures) > level]
        shown = np.where(np.abs(matrix) > FLAT * top, matrix, 0.0)
        return cls(shown, steep, len(curvatures) - len(steep), moved)
