"""A symmetric matrix with given eigenvalues, found by descent on sum((t - λ)**2).

    python -m playground.eigenvalue --targets 1,1,1

Nothing here knows how to build such a matrix: the entries r are written into zeros, NumPy's eigh
gives the eigenvalues λ, and backprop goes through it.
"""

from playground.eigenvalue.command import Eigenvalue, main
from playground.eigenvalue.problem import Entries, SecondDerivatives, spectral_loss
from playground.eigenvalue.ways import (
    EPSILON,
    LEARNING_RATE,
    TOLERANCE,
    Spectrum,
    Trajectory,
    descend,
)

__all__ = [
    "EPSILON",
    "LEARNING_RATE",
    "TOLERANCE",
    "Eigenvalue",
    "Entries",
    "SecondDerivatives",
    "Spectrum",
    "Trajectory",
    "descend",
    "main",
    "spectral_loss",
]
