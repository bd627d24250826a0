"""Flags, progress and endings that every ``python -m playground.<problem>`` shares.

A problem is a subclass of :class:`Problem`, and the ``main`` of its module calls :func:`run`; a
command without a descent of its own is a subclass of :class:`Study`, run by :func:`run_study`.
Nothing is computed here: the settings go to :func:`playground.lab.fit.fit`, and what it finds comes
back as text, pictures and an exit code.
"""

from playground.lab.cli.command import run
from playground.lab.cli.ending import BAD_INPUT, CONVERGED, INTERRUPTED, NOT_CONVERGED, has_grown
from playground.lab.cli.flags import RULES, number, positive, whole
from playground.lab.cli.problem import Problem
from playground.lab.cli.progress import Progress
from playground.lab.cli.study import Study, run_study
from playground.lab.cli.text import matrix_text

__all__ = [
    "BAD_INPUT",
    "CONVERGED",
    "INTERRUPTED",
    "NOT_CONVERGED",
    "RULES",
    "Problem",
    "Progress",
    "Study",
    "has_grown",
    "matrix_text",
    "number",
    "positive",
    "run",
    "run_study",
    "whole",
]
