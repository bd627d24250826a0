"""What would help a run that did not converge: read from where it began and where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10, sqrt
from typing import NamedTuple

from playground.lab.descent.rules import LBFGS, BarzilaiBorwein, ConjugateGradient
from playground.lab.descent.stops import Below, GradientBelow, Stop

__all__ = ["OUT_OF_REACH", "Course", "what_helps"]

OUT_OF_REACH = "a larger tolerance, or another start"

# The gradient has become so much smaller where the scale of the loss cannot be why it is small.
AT_REST = 1e-3
# So far below its begin, and not flatter there, a loss is taken for one without a lower bound.
BOTTOMLESS = 1e6


class Course(NamedTuple):
    """A run that has ended: the loss and the norm of the gradient at its start, and now.

    What is not known of a start, as in a resumed run, is None. ``best`` is the smallest loss,
    ``rounding`` the relative one of the dtype.
    """

    first: float | None
    first_norm: float | None
    last: float
    best: float
    norm: float
    restarts: int
    rounding: float

    @property
    def tolerance(self) -> float:
        """Of the norm of a gradient: 1e-8 in float64, as GradientBelow has it, 1e-4 in float32."""
        return float(10.0 ** floor(log10(sqrt(self.rounding))))

    @property
    def is_at_rest(self) -> bool:
        """Whether there is next to no slope left."""
        smaller = self.first_norm is None or self.norm <= AT_REST * self.first_norm
        return self.norm <= self.tolerance and smaller

    @property
    def is_bottomless(self) -> bool:
        """Whether the loss falls and falls, and no less steeply."""
        if self.first is None or self.first_norm is None:
            return False
        # A gradient that is no number any more is not smaller either.
        flatter = self.norm < (1.0 - 1e-9) * self.first_norm
        return self.best < -BOTTOMLESS * max(1.0, abs(self.first)) and not flatter

    @property
    def has_grown(self) -> bool:
        """Whether the loss is larger than it was, where no restart took it elsewhere."""
        return self.first is not None and not self.restarts and self.last > self.first


def what_helps(course: Course, rule: str, stops: Sequence[Stop], usual: str) -> str:
    """What would help, ``usual`` and a better rule where nothing else is known."""
    if course.is_bottomless:
        fell = f"from {course.first:.3g} to {course.best:.3g}"
        return f"check the sign of the loss, or set bounds=: it fell {fell} without getting flatter"
    if course.norm == 0.0 and not course.first_norm:
        return "start elsewhere, unless this is a minimum: a zero gradient leads nowhere"
    missed = any(isinstance(stop, Below) for stop in stops)
    if course.is_at_rest and missed:
        flat = f"where the gradient is {course.norm:.2g} more steps hardly lower the loss"
        return f"{OUT_OF_REACH}: {flat}"
    if course.is_at_rest and not any(isinstance(stop, GradientBelow) for stop in stops):
        cure = f"GradientBelow({course.tolerance:g}) as a stop rule"
        return f"{cure}, which calls this converged: the gradient is {course.norm:.2g}"
    good = rule in (BarzilaiBorwein.name, LBFGS.name, ConjugateGradient.name)
    if course.has_grown and not good:
        usual = "take smaller steps, for the loss has grown"
    other = "" if good else f"try the rule {BarzilaiBorwein.name!r}"
    return ", or ".join(filter(None, [usual, other]))
