"""Stop rules: when to end a descent, and what to say about it.

A stop rule is a frozen value; whether it is met is read from where the descent stands, with
arithmetic that holds for numbers and for lanes of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, nan
from time import monotonic
from typing import Any, ClassVar

import numpy as np

from playground.graph.backend import as_number
from playground.graph.errors import FitError
from playground.graph.types import Raw, UserFunction
from playground.lab.descent.arguments import make_parts
from playground.lab.descent.rules import is_number
from playground.optimizers.arithmetic import Number, Truth, is_possible, square_root

__all__ = [
    "Below",
    "GradientBelow",
    "MaxSeconds",
    "MaxSteps",
    "Standing",
    "Stop",
    "counted",
    "make_stops",
]


class Standing:
    """Where a descent stands, for stop rules to read.

    Attributes:
        step: the number of the row, 0 for the start (-1 before it).
        value: the loss there.
        accepted: False for a point that was taken back.
        squared_norm: of the gradient at the newest accepted point; in a box, of the projected one.
        slope: what that is called.
        point: the newest accepted point, a list of arrays.
    """

    # Not frozen as what reads it is: a new object a row would cost as much as all its stop rules.
    __slots__ = (
        "_before", "_began", "_call", "accepted", "point", "slope", "squared_norm", "step", "value",
    )  # fmt: skip

    def __init__(
        self,
        call: Callable[[UserFunction, Sequence[Raw]], Number],
        point: Sequence[Raw],
        before: float = 0.0,
    ) -> None:
        self.step = -1
        self.value: Number = nan
        self.squared_norm: Number = nan
        self.slope = "gradient"
        self.accepted: Truth = True
        self.point = point
        self._call = call
        # Monotonic: a clock that is set in between must not end a run.
        self._before, self._began = before, monotonic()

    def measure(self, function: UserFunction) -> Number:
        """``function`` of the point's arrays, passed in the form that the loss takes."""
        return self._call(function, self.point)

    @property
    def seconds(self) -> float:
        """Time spent on the run, sessions before a resume included."""
        return self._before + monotonic() - self._began


class Stop:
    """A stop rule; a subclass is a frozen dataclass of its settings.

    :meth:`met` is asked once after every row, and may be asked again about the same row.

    Attributes:
        converged: whether ending this way is success.
        hint: what would help to get further.
        here: whether the point that met it is the answer, rather than the best one.
        pure: whether :meth:`met` computes from where the descent stands and nothing else, in
            arithmetic of arrays, so that it can be recorded with the step.
    """

    converged: ClassVar[bool] = False
    here: ClassVar[bool] = False
    pure: ClassVar[bool] = False
    hint: ClassVar[str] = ""

    def met(self, standing: Standing) -> Truth:
        """Whether to end here."""
        raise NotImplementedError(f"{type(self).__name__}: define met(standing)")

    def may_be_met(self, standing: Standing) -> Truth:
        """What holds wherever the rule is met, at a smaller cost if it can be had."""
        return self.met(standing)

    def reason(self, standing: Standing) -> str:
        """The sentence that says why, where it is met; by default its name."""
        return type(self).__name__


@dataclass(frozen=True)
class Below(Stop):
    """Success: the loss, or a measure of the point, is at most ``tol``.

    ``measure`` takes the arrays as the loss does and returns a number. Where ``bound`` is given,
    ``bound(loss)`` must never exceed the measure; the measure is then computed only when
    ``bound(loss) <= tol``. Written in arithmetic and NumPy's functions (``numpy.sqrt``, not
    ``math.sqrt``) it is recorded with the step. ``name`` is what the reason calls it.
    """

    converged: ClassVar[bool] = True
    here: ClassVar[bool] = True
    pure: ClassVar[bool] = True

    tol: float
    measure: Callable[..., Any] | None = None
    bound: Callable[[float], float] | None = None
    name: str = ""

    def __post_init__(self) -> None:
        # No loss is at most NaN: the run would never end by it.
        if not is_number(self.tol) or self.tol != self.tol:
            raise FitError(f"Below: expected a number as tolerance, got {self.tol!r}")
        object.__setattr__(self, "tol", float(self.tol))

    def met(self, standing: Standing) -> Truth:
        met = self.may_be_met(standing) if self.bound or not self.measure else standing.accepted
        if self.measure is None:
            return met
        # A measure may cost as much as the loss: it is computed where it can decide something.
        return met & (self._found(standing) <= self.tol) if is_possible(met) else met

    def may_be_met(self, standing: Standing) -> Truth:
        # & below and not ``and``: where there are lanes, both sides are arrays.
        if self.measure is None:
            return standing.accepted & (standing.value <= self.tol)
        if self.bound is None:
            return self.met(standing)
        return standing.accepted & (self.bound(standing.value) <= self.tol)

    def _found(self, standing: Standing) -> Number:
        if self.measure is None:
            return standing.value
        found = standing.measure(self.measure)
        # One number may come as an array of a device, whose comparisons are arrays as well.
        return found if isinstance(found, np.ndarray) and found.ndim else as_number(found)

    def reason(self, standing: Standing) -> str:
        name = self.name or ("the loss" if self.measure is None else "the measure")
        return f"{name} is {self._found(standing):.6g}, at most the tolerance {self.tol:.6g}"


@dataclass(frozen=True)
class GradientBelow(Stop):
    """Success: the norm of the gradient is at most ``tol``; the point is stationary."""

    converged: ClassVar[bool] = True
    pure: ClassVar[bool] = True

    tol: float = 1e-8

    def __post_init__(self) -> None:
        if not (is_number(self.tol) and self.tol >= 0):
            raise FitError(f"GradientBelow: expected a tolerance of 0 or more, got {self.tol!r}")
        object.__setattr__(self, "tol", float(self.tol))

    def met(self, standing: Standing) -> Truth:
        return standing.accepted & (standing.squared_norm <= self.tol * self.tol)

    def reason(self, standing: Standing) -> str:
        norm = square_root(standing.squared_norm)
        return f"the norm of the {standing.slope} is {norm:.3g}, at most {self.tol:.3g}"


@dataclass(frozen=True)
class MaxSteps(Stop):
    """Give up after ``limit`` steps; every row after the start is one."""

    hint: ClassVar[str] = "allow more steps"

    limit: int

    def __post_init__(self) -> None:
        if not (isinstance(self.limit, int) and is_number(self.limit) and self.limit >= 0):
            raise FitError(f"MaxSteps: expected a whole number, 0 or more, got {self.limit!r}")

    def met(self, standing: Standing) -> Truth:
        return standing.step >= self.limit

    def reason(self, standing: Standing) -> str:
        return f"the limit of {counted(self.limit, 'step')} is reached"


@dataclass(frozen=True)
class MaxSeconds(Stop):
    """Give up after ``limit`` seconds, those of earlier sessions of a resumed run included.

    ``spent`` is what else has been used up of them, on what came before the descent.
    """

    hint: ClassVar[str] = "allow more seconds"

    limit: float
    spent: float = 0.0

    def __post_init__(self) -> None:
        if not (is_number(self.limit) and self.limit >= 0):
            raise FitError(
                f"MaxSeconds: expected a number of seconds, 0 or more, got {self.limit!r}"
            )
        object.__setattr__(self, "limit", float(self.limit))

    def met(self, standing: Standing) -> Truth:
        return standing.seconds + self.spent >= self.limit

    def reason(self, standing: Standing) -> str:
        return f"the limit of {self.limit:g} seconds is reached"


make_parts(Below, GradientBelow, MaxSteps, MaxSeconds)


def counted(number: int, thing: str) -> str:
    """A number of things in words: ``1 step``, ``1,200 steps``."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


DEFAULT_STEPS = 10_000
# A float without a fraction from here on, such as 1e4, is meant as steps as well.
LEAST_STEPS = 1000.0


def make_stops(stop: float | Stop | Sequence[Stop] | None) -> list[Stop]:
    """A list of stop rules.

    None means a stationary point or 10,000 steps, a number t ``Below(t)`` or 10,000 steps; a rule
    or a list of rules is taken as it is, with numbers as tolerances. Raises FitError for anything
    else, and for what looks like a number of steps: an integer from 1 on.
    """
    if stop is None:
        return [GradientBelow(), MaxSteps(DEFAULT_STEPS)]
    if is_number(stop):
        return [_tolerance(stop), MaxSteps(DEFAULT_STEPS)]
    rules = [stop] if isinstance(stop, (Stop, type)) else stop
    if isinstance(rules, (list, tuple)):
        if not rules:
            raise FitError("stop: without a stop rule a run may never end: add MaxSteps(1_000)")
        rules = [_tolerance(rule) if is_number(rule) else rule for rule in rules]
    if isinstance(rules, (list, tuple)):
        for rule in rules:
            if isinstance(rule, type) and issubclass(rule, Stop):
                example = {"MaxSteps": "1_000", "MaxSeconds": "60"}.get(rule.__name__, "1e-6")
                raise FitError(
                    f"stop: expected a stop rule, got its class: write {rule.__name__}({example})"
                )
    if not isinstance(rules, (list, tuple)) or not all(isinstance(rule, Stop) for rule in rules):
        raise FitError(
            f"stop: expected stop rules, a tolerance or None, got {stop!r}: for example "
            f"[Below(1e-6), MaxSteps(1_000)]"
        )
    return list(rules)


def _tolerance(stop: float) -> Below:
    """A number as a stop rule. Raises FitError for what is meant otherwise."""
    if stop == inf:
        raise FitError("stop=inf: any loss is below it, the run would end where it starts")
    whole = isinstance(stop, (int, np.integer)) or (stop >= LEAST_STEPS and stop == int(stop))
    if whole and stop >= 1:
        raise FitError(
            f"stop={stop}: a number is a tolerance, and a whole one looks like a number of steps: "
            f"write MaxSteps({int(stop)}) for these, Below({float(stop)}) for that tolerance (both "
            f"of playground.lab.descent)"
        )
    return Below(stop)
