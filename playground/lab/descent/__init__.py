"""The parts of a descent: step rules, stop rules and restarts, as small objects that print nothing.

:func:`playground.lab.fit.fit` puts them together; each can be written by a user as well.
"""

from playground.lab.descent.restarts import FreshStart, Kick, NoRestart, Restart, make_restart
from playground.lab.descent.rules import (
    Adam,
    BarzilaiBorwein,
    Constant,
    GrowShrink,
    Rule,
    make_rule,
)
from playground.lab.descent.stops import (
    Below,
    Course,
    GradientBelow,
    MaxSeconds,
    MaxSteps,
    Stop,
    make_stops,
)

__all__ = [
    "Adam",
    "BarzilaiBorwein",
    "Below",
    "Constant",
    "Course",
    "FreshStart",
    "GradientBelow",
    "GrowShrink",
    "Kick",
    "MaxSeconds",
    "MaxSteps",
    "NoRestart",
    "Restart",
    "Rule",
    "Stop",
    "make_restart",
    "make_rule",
    "make_stops",
]
