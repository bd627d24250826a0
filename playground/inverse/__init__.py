"""The inverse Y of a matrix X, found by steepest descent on the residual XY - I.

    python -m playground.inverse --size 3

Nothing here knows how to invert: the loss is plain NumPy on a matrix Y, backprop gives its
gradient, and the descent walks down. ``numpy.linalg.inv`` only checks the answer.
"""

from playground.inverse.command import Inverse, main
from playground.inverse.problem import residual_losses

__all__ = ["Inverse", "main", "residual_losses"]
