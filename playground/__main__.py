"""``python -m playground``, or ``playground``: lists the commands, or carries out one of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from playground.graph.errors import nearest
from playground.lab.cli.streams import complain, say

COMMANDS = {
    "inverse": "the inverse of a matrix by steepest descent",
    "eigenvalue": "a symmetric matrix with given eigenvalues",
    "quadratic": "the derivatives of a quadratic form: algebra, backprop, differences",
    "field": "the gradient field of a function of two variables",
    "logistic": "logistic regression",
    "runs": "the runs below a folder: listed, compared, cleared away",
    "run": "an old Chainer script, as it stands",
    "doctor": "is everything here, and does it work?",
}

CALLED_OTHERWISE = {
    "check": "doctor",
    "diagnose": "doctor",
    "list": "runs",
    "logs": "runs",
    "ls": "runs",
    "compare": "runs",
    "prune": "runs",
    "invert": "inverse",
    "script": "run",
    "exec": "run",
    "regression": "logistic",
    "gradient": "field",
    "hessian": "quadratic",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command line, its first word the command; returns the exit code.

    Without a command it says which there are; 2 where there is no such command.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    # By name and only when asked for: to list the commands nothing has to be loaded.
    if words and words[0] in COMMANDS:
        code: int = import_module(f"playground.{words[0]}").main(words[1:])
        return code
    if words and words[0] not in ("-h", "--help", "help"):
        close = nearest(words[0], COMMANDS, CALLED_OTHERWISE)
        meant = f"did you mean {close!r}?" if close else "python -m playground lists them"
        complain(f"python -m playground: error: no command {words[0]!r}: {meant}")
        return 2
    width = max(map(len, COMMANDS))
    lines = [f"  python -m playground.{name:<{width}}   {text}" for name, text in COMMANDS.items()]
    say("\n".join(["Commands (--help explains each):", "", *lines]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
