"""Stop rules: when to end a descent, and what to say about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from time import monotonic
from typing import Any

import numpy as np

from playground.graph.errors import FitError
from playground.lab.descent.rules import is_number

__all__ = ["Below", "Course", "GradientBelow", "MaxSeconds", "MaxSteps", "Stop", "make_stops"]


class Course:
    """Where a descent stands, for stop rules to read.

    Attributes:
        step: the number of the row, 0 for the start (-1 before it).
        value: the loss there.
        accepted: False for a point that was taken back.
        squared_norm: of the gradient at the newest accepted point.
        point: the newest accepted point, a list of arrays.
    """

    __slots__ = ("_before", "_began", "_call", "accepted", "point", "squared_norm", "step", "value")

    def __init__(
        self,
        call: Callable[[Callable[..., Any], Sequence[Any]], Any],
        point: Sequence[Any],
        before: float = 0.0,
    ) -> None:
        self.step = -1
        self.value = self.squared_norm = float("nan")
        self.accepted = True
        self.point = point
        self._call = call
        self._before, self._began = before, monotonic()

    def measure(self, function: Callable[..., Any]) -> Any:
        """``function`` of the point's arrays, passed in the form that the loss takes."""
        return self._call(function, self.point)

    @property
    def seconds(self) -> float:
        """Time spent on the run, sessions before a resume included."""
        return self._before + monotonic() - self._began


class Stop:
    """A stop rule.

    :meth:`met` is asked once after every row, and may be asked again about the same row.

    Attributes:
        converged: whether ending this way is success.
        reason: the sentence that says why, once it is met.
        hint: what would help to get further.
        here: whether the point that met it is the answer, rather than the best one.
    """

    converged = False
    here = False
    hint = ""
    reason = ""

    def met(self, course: Course) -> bool:
        """Whether to end here."""
        raise NotImplementedError

    def state(self) -> dict[str, Any]:
        """What :meth:`restore` needs, as JSON values."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from ``state``."""


class Below(Stop):
    """Success: the loss, or a measure of the point, is at most ``tol``.

    ``measure`` takes the arrays as the loss does and returns a number. Where ``bound`` is given,
    ``bound(loss)`` must never exceed the measure; the measure is then computed only when
    ``bound(loss) <= tol``. ``name`` is what the reason calls it.
    """

    converged = True
    here = True

    def __init__(
        self,
        tol: float,
        measure: Callable[..., Any] | None = None,
        bound: Callable[[float], float] | None = None,
        name: str = "",
    ) -> None:
        if not is_number(tol) or tol != tol:
            raise FitError(f"Below: expected a number as tolerance, got {tol!r}")
        self.tol, self.measure, self.bound = float(tol), measure, bound
        self.name = name or ("the loss" if measure is None else "the measure")

    def met(self, course: Course) -> bool:
        if not course.accepted:
            return False
        found = course.value
        if self.measure is not None:
            if self.bound is not None and not self.bound(found) <= self.tol:
                return False
            found = float(course.measure(self.measure))
        if not found <= self.tol:
            return False
        self.reason = f"{self.name} is {found:.6g}, at most the tolerance {self.tol:.6g}"
        return True


class GradientBelow(Stop):
    """Success: the norm of the gradient is at most ``tol``; the point is stationary."""

    converged = True

    def __init__(self, tol: float = 1e-8) -> None:
        if not (is_number(tol) and tol >= 0):
            raise FitError(f"GradientBelow: expected a tolerance of 0 or more, got {tol!r}")
        self.tol = float(tol)

    def met(self, course: Course) -> bool:
        if not course.squared_norm <= self.tol * self.tol or not course.accepted:
            return False
        norm = sqrt(course.squared_norm)
        self.reason = f"the norm of the gradient is {norm:.3g}, at most {self.tol:.3g}"
        return True


class MaxSteps(Stop):
    """Give up after ``limit`` steps; every row after the start is one."""

    def __init__(self, limit: int) -> None:
        if not (isinstance(limit, (int, np.integer)) and limit >= 0):
            raise FitError(f"MaxSteps: expected a whole number, 0 or more, got {limit!r}")
        self.limit = limit
        self.reason = f"the limit of {limit:,} steps is reached"
        self.hint = "allow more steps"

    def met(self, course: Course) -> bool:
        return course.step >= self.limit


class MaxSeconds(Stop):
    """Give up after ``limit`` seconds, those of earlier sessions of a resumed run included."""

    def __init__(self, limit: float) -> None:
        if not (is_number(limit) and limit >= 0):
            raise FitError(f"MaxSeconds: expected a number of seconds, 0 or more, got {limit!r}")
        self.limit = float(limit)
        self.reason = f"the limit of {limit:g} seconds is reached"
        self.hint = "allow more seconds"

    def met(self, course: Course) -> bool:
        return course.seconds >= self.limit


DEFAULT_STEPS = 10_000


def make_stops(stop: Any) -> list[Stop]:
    """A list of stop rules.

    None means a stationary point or 10,000 steps, a number t ``Below(t)`` or 10,000 steps; a rule
    or a list of rules is taken as it is.
    """
    if stop is None:
        return [GradientBelow(), MaxSteps(DEFAULT_STEPS)]
    if is_number(stop):
        return [Below(stop), MaxSteps(DEFAULT_STEPS)]
    rules = [stop] if isinstance(stop, Stop) else stop
    if not isinstance(rules, (list, tuple)) or not all(isinstance(rule, Stop) for rule in rules):
        raise FitError(f"stop: expected stop rules, a number or None, got {stop!r}")
    return list(rules)
