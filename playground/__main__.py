"""``python -m playground`` lists the commands."""

from __future__ import annotations

import sys

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


def main(words: list[str]) -> int:
    """Say which commands there are; returns 0, or 2 where something else was meant."""
    if words and words[0] not in ("-h", "--help"):
        known = words[0] in COMMANDS
        meant = f"python -m playground.{words[0]}" if known else "python -m playground lists them"
        complain(f"python -m playground: error: no command {words[0]!r}: {meant}")
        return 2
    width = max(map(len, COMMANDS))
    lines = [f"  python -m playground.{name:<{width}}   {text}" for name, text in COMMANDS.items()]
    say("\n".join(["Commands (--help explains each):", "", *lines]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
