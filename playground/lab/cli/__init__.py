"""What every ``python -m playground.<study>`` shares: flags, directory, progress and ending.

A study is a subclass of :class:`Study`, one that is about a single logged descent of
:class:`Descent`, and the ``main`` of its command calls :func:`run`. Nothing is computed here: what
a study finds comes back as text, files, pictures and an exit code.
"""

from typing import TYPE_CHECKING

from playground.lab.cli.ending import BAD_INPUT, CONVERGED, INTERRUPTED, NOT_CONVERGED, guarded
from playground.lab.cli.flags import (
    STEP_RULES,
    FlagGroup,
    above_zero,
    dialect_of,
    not_negative,
    number,
    number_list,
    whole,
)
from playground.lab.cli.progress import ProgressLine
from playground.lab.cli.study import Study, run
from playground.lab.cli.text import matrix_text

if TYPE_CHECKING:
    from playground.lab.cli.descent import Descent

__all__ = [
    "BAD_INPUT",
    "CONVERGED",
    "INTERRUPTED",
    "NOT_CONVERGED",
    "STEP_RULES",
    "Descent",
    "FlagGroup",
    "ProgressLine",
    "Study",
    "above_zero",
    "dialect_of",
    "guarded",
    "matrix_text",
    "not_negative",
    "number",
    "number_list",
    "run",
    "whole",
]


if not TYPE_CHECKING:  # for a type checker every name would exist

    def __getattr__(name: str) -> object:
        # Late: it brings the rules of descent along, and what they are made of, which a listing
        # of runs has no use for and would wait for.
        if name != "Descent":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from playground.lab.cli.descent import Descent

        return Descent
