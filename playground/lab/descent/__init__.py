"""The parts of a descent: step rules, stop rules and restarts, as small frozen values.

:func:`playground.lab.fit.fit` puts them together; each can be written by a user as well.
"""

from playground.lab.descent.restarts import FreshStart, Kick, NoRestart, Restart, make_restart
from playground.lab.descent.rules import (
    LBFGS,
    AdamSteps,
    BarzilaiBorwein,
    ConjugateGradient,
    Constant,
    GrowShrink,
    Rule,
    make_rule,
)
from playground.lab.descent.stops import (
    Below,
    GradientBelow,
    MaxSeconds,
    MaxSteps,
    Standing,
    Stop,
    counted,
    make_stops,
)

# A rule can be asked for by Chainer's optimizer: there is one Adam.
from playground.optimizers import Adam

__all__ = [
    "LBFGS",
    "Adam",
    "AdamSteps",
    "BarzilaiBorwein",
    "Below",
    "ConjugateGradient",
    "Constant",
    "FreshStart",
    "GradientBelow",
    "GrowShrink",
    "Kick",
    "MaxSeconds",
    "MaxSteps",
    "NoRestart",
    "Restart",
    "Rule",
    "Standing",
    "Stop",
    "counted",
    "make_restart",
    "make_rule",
    "make_stops",
]
