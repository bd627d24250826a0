"""The flags that every problem shares: read, checked and completed."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from playground.graph.errors import InputError
from playground.lab.cli.problem import Problem

__all__ = ["RULES", "complete", "read_flags", "whole"]

RULES = ("grow-shrink", "grow-shrink-take-back", "barzilai-borwein", "constant")
RESTARTS = ("kick", "fresh", "none")
DTYPES = ("float64", "float32")

# What a run does unless a flag says otherwise. Flags themselves default to None, so that a resumed
# run can tell what was asked for.
DEFAULTS: dict[str, Any] = {
    "rule": "grow-shrink",
    "restart": "kick",
    "dtype": "float64",
    "seed": 0,
    "tol": 1e-3,
    "max_steps": None,
    "max_seconds": 600.0,
    "device": "cpu",
}
# These say when to stop, not how to get there: a resumed run may change them.
RESUMABLE = ("tol", "max_steps", "max_seconds")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message.removeprefix('argument ')} (--help explains the flags)")


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """The type of a flag that takes a whole number from ``least`` to ``most``."""
    range_ = f"{least} or more" if most is None else f"{least} to {most}"

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f"expected a whole number, {range_}, got {text!r}")
        return value

    return read


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not value > 0:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return value


def read_flags(problem: type[Problem], command: str, argv: Sequence[str]) -> argparse.Namespace:
    """The flags as they were given, None where not. Raises InputError."""
    return _parser(problem, command).parse_args(argv)


def complete(problem: type[Problem], settings: argparse.Namespace, logged: dict[str, Any]) -> None:
    """Give a value to every flag without one: of the run that is resumed, else the default.

    ``logged`` is empty for a new run. Raises InputError where a flag contradicts it.
    """
    for flag, value in logged.items():
        asked = getattr(settings, flag, None)
        if flag not in RESUMABLE and asked is not None and asked != value:
            raise InputError(_contradiction(flag, asked, value, settings.resume))
    values = {**DEFAULTS, "loss": problem.losses[0], **problem.defaults(), **logged}
    for flag, value in values.items():
        if getattr(settings, flag, None) is None:
            setattr(settings, flag, value)


def _contradiction(flag: str, asked: Any, logged: Any, where: Any) -> str:
    name = "--" + flag.replace("_", "-")
    was = f"no {name}" if logged is None else f"{name} {logged}"
    return (
        f"{name} {asked} contradicts the run in {where}, which has {was}: leave the flag out, or "
        f"start a new run without --resume"
    )


def _parser(problem: type[Problem], command: str) -> argparse.ArgumentParser:
    parser = _Parser(
        prog=command,
        usage=f"%(prog)s ({problem.needs} | --resume DIR) [flags]",
        description=problem.about,
        epilog=problem.examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    problem.add_flags(parser.add_argument_group("the problem"))
    _add_descent_flags(parser.add_argument_group("the descent"), problem.losses)
    _add_end_flags(parser.add_argument_group("when it ends"), problem.measure)
    _add_output_flags(parser.add_argument_group("what is written"), problem.name)
    return parser


def _add_descent_flags(group: Any, losses: Sequence[str]) -> None:
    add = group.add_argument
    add("--loss", choices=losses, help=f"what is minimised (default {losses[0]})")
    add("--rule", choices=RULES, help="how the step size is chosen (default grow-shrink)")
    add("--restart", choices=RESTARTS, help="what follows a step size below 1e-10 (default kick)")
    add("--dtype", choices=DTYPES, help="precision of all numbers (default float64)")
    add("--seed", type=whole(0, 2**32 - 1), metavar="N", help="seed of all chance (default 0)")
    add("--device", metavar="D", help="cpu, cuda, cuda:1 or auto (default cpu)")


def _add_end_flags(group: Any, measure: str) -> None:
    add = group.add_argument
    add("--tol", type=_positive, metavar="T", help=f"stop at {measure} <= T (default 1e-3)")
    add("--max-steps", type=whole(1), metavar="N", help="stop after N steps in all (no limit)")
    add("--max-seconds", type=_positive, metavar="S", help="stop after S seconds in all (600)")


def _add_output_flags(group: Any, name: str) -> None:
    add = group.add_argument
    add("--out", metavar="DIR", help=f"directory of this run (default logs/{name}/WHEN-SEED)")
    resume = "continue the run in DIR with its own settings; the flags of when it ends may change"
    add("--resume", metavar="DIR", help=resume)
    add("--no-plot", action="store_true", help="draw no pictures")
    add("--quiet", action="store_true", help="no progress and no report, only how it ended")
