"""The flags that every problem shares: read, checked and completed."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from playground.graph.errors import InputError
from playground.lab.cli.problem import Problem
from playground.lab.cli.task import Task

__all__ = [
    "RULES",
    "complete",
    "complete_study",
    "number",
    "positive",
    "read_flags",
    "read_study_flags",
    "whole",
]

RULES = Problem.rules
RESTARTS = ("kick", "fresh", "none")
DTYPES = ("float64", "float32")

# What a run does unless a flag says otherwise. Flags themselves default to None, so that a resumed
# run can tell what was asked for.
DEFAULTS: dict[str, Any] = {
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
# Those that a command without a descent has as well.
COMMON = ("dtype", "seed", "device")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message.removeprefix('argument ')} (--help explains the flags)")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        return super().parse_known_args(self._joined(args), namespace)

    def _joined(self, words: Sequence[str]) -> list[str]:
        """``--flag -1,2`` as ``--flag=-1,2``: argparse takes a value with a dash for a flag."""
        joined: list[str] = []
        for word in words:
            before = self._option_string_actions.get(joined[-1]) if joined else None
            takes_one = before is not None and before.nargs is None
            if takes_one and word[:1] == "-" and word not in self._option_string_actions:
                joined[-1] += f"={word}"
            else:
                joined.append(word)
        return joined


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


def positive(text: str) -> float:
    """The type of a flag that takes a number above 0."""
    value = _float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return value


def number(text: str) -> float:
    """The type of a flag that takes any finite number."""
    value = _float(text)
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"expected a finite number, got {text!r}")
    return value


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def read_flags(problem: type[Problem], command: str, argv: Sequence[str]) -> argparse.Namespace:
    """The flags as they were given, None where not. Raises InputError."""
    return _parser(problem, command).parse_args(argv)


def read_study_flags(study: type[Task], command: str, argv: Sequence[str]) -> argparse.Namespace:
    """The same for a command without a descent. Raises InputError."""
    parser = _frame(study, command, "%(prog)s [flags]")
    study.add_flags(parser.add_argument_group("the study"))
    _add_common_flags(parser.add_argument_group("how it is computed"))
    _add_output_flags(parser.add_argument_group("what is written"), study)
    return parser.parse_args(argv)


def complete(problem: type[Problem], settings: argparse.Namespace, logged: dict[str, Any]) -> None:
    """Give a value to every flag without one: of the run that is resumed, else the default.

    ``logged`` is empty for a new run. Raises InputError where a flag contradicts it.
    """
    for flag, value in logged.items():
        asked = getattr(settings, flag, None)
        if flag not in RESUMABLE and asked is not None and asked != value:
            raise InputError(_contradiction(flag, asked, value, settings.resume))
    first = {"loss": problem.losses[0], "rule": problem.rules[0]}
    _fill(settings, {**DEFAULTS, **first, **problem.defaults(), **logged})


def complete_study(study: type[Task], settings: argparse.Namespace) -> None:
    """Give its default to every flag without a value."""
    _fill(settings, {**{flag: DEFAULTS[flag] for flag in COMMON}, **study.defaults()})


def _fill(settings: argparse.Namespace, values: dict[str, Any]) -> None:
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
    parser = _frame(problem, command, f"%(prog)s ({problem.needs} | --resume DIR) [flags]")
    problem.add_flags(parser.add_argument_group("the problem"))
    _add_descent_flags(parser.add_argument_group("the descent"), problem)
    _add_end_flags(parser.add_argument_group("when it ends"), problem)
    _add_output_flags(parser.add_argument_group("what is written"), problem)
    return parser


def _frame(task: type[Task], command: str, usage: str) -> argparse.ArgumentParser:
    """A parser without flags yet."""
    return _Parser(
        prog=command,
        usage=usage,
        description=task.about,
        epilog=task.examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _add_descent_flags(group: Any, problem: type[Problem]) -> None:
    add, losses, rules = group.add_argument, problem.losses, problem.rules
    restart = problem.defaults().get("restart", DEFAULTS["restart"])
    add("--loss", choices=losses, help=f"what is minimised (default {losses[0]})")
    add("--rule", choices=rules, help=f"how the step size is chosen (default {rules[0]})")
    stuck = f"what follows a step size below 1e-10 (default {restart})"
    add("--restart", choices=RESTARTS, help=stuck)
    _add_common_flags(group)


def _add_common_flags(group: Any) -> None:
    add = group.add_argument
    add("--dtype", choices=DTYPES, help="precision of all numbers (default float64)")
    add("--seed", type=whole(0, 2**32 - 1), metavar="N", help="seed of all chance (default 0)")
    add("--device", metavar="D", help="cpu, cuda, cuda:1 or auto (default cpu)")


def _add_end_flags(group: Any, problem: type[Problem]) -> None:
    add, usual = group.add_argument, problem.defaults().get("tol", DEFAULTS["tol"])
    default = "" if usual is None else f" (default {usual:g})"
    add("--tol", type=positive, metavar="T", help=f"stop at {problem.measure} <= T{default}")
    limit = problem.defaults().get("max_steps") or "no limit"
    add("--max-steps", type=whole(1), metavar="N", help=f"stop after N steps in all ({limit})")
    add("--max-seconds", type=positive, metavar="S", help="stop after S seconds in all (600)")


def _add_output_flags(group: Any, task: type[Task]) -> None:
    add = group.add_argument
    add("--out", metavar="DIR", help=f"directory of this run (default logs/{task.name}/WHEN-SEED)")
    if task.resumable:
        resume = (
            "continue the run in DIR with its own settings; the flags of when it ends may change"
        )
        add("--resume", metavar="DIR", help=resume)
    add("--no-plot", action="store_true", help="draw no pictures")
    add("--quiet", action="store_true", help="no progress and no report, only how it ended")
