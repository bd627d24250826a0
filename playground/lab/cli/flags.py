"""Flags: the types of their values, a parser that knows which were given, and the shared ones.

A flag is declared once, with its default, and ``--help`` prints it. A study that wants another
default for a shared flag says so with argparse's own ``set_defaults``.
"""

from __future__ import annotations

import argparse
import inspect
import math
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeAlias

from playground.graph.errors import InputError, nearest
from playground.lab.cli.streams import say
from playground.lab.meant import CALLED, FLAGS_OF_OTHERS, VALUES_OF_OTHERS
from playground.lab.reading import (
    Dialect,
    decimal_mark,
    encoding_name,
    numbers_of_text,
    separator_name,
)
from playground.lab.reading.numerals import DecimalMarks, value_of

__all__ = [
    "STEP_RULES",
    "FlagGroup",
    "Parser",
    "above_zero",
    "add_computing_flags",
    "add_descent_flags",
    "add_output_flags",
    "add_reading_flags",
    "dialect_of",
    "not_negative",
    "number",
    "number_list",
    "whole",
]

# What add_argument_group gives; argparse has no public name for it.
FlagGroup: TypeAlias = argparse._ArgumentGroup

STEP_RULES = (
    "grow-shrink",
    "grow-shrink-take-back",
    "barzilai-borwein",
    "l-bfgs",
    "conjugate-gradient",
    "constant",
)


# ---------------------------------------------------------------------- types of values


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """The type of a flag that takes a whole number from ``least`` to ``most``."""
    range_ = f"{least} or more" if most is None else f"{least} to {most}"

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            # Refused below, in the words for a number out of range.
            value = least - 1
        if value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f"expected a whole number, {range_}, got {text!r}")
        return value

    return read


def _real(what: str, holds: Callable[[float], bool]) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            # Such as one with the minus sign of a web page.
            found = value_of(text, DecimalMarks())
            value = math.nan if found is None else found
        if not holds(value):
            raise argparse.ArgumentTypeError(f"expected {what}, got {text!r}")
        return value

    return read


# Types of flags that take a number; NaN, which compares with nothing, is refused by each.
number = _real("a finite number", math.isfinite)
above_zero = _real("a number above 0", lambda value: value > 0)
not_negative = _real("a number, 0 or more", lambda value: 0 <= value < math.inf)


def number_list(text: str) -> list[float]:
    """The type of a flag that takes numbers: 1,2,3 or [1, 2, 3]."""
    try:
        return numbers_of_text(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


# -------------------------------------------------------------------------- the parser


class Parser(argparse.ArgumentParser):
    """A parser whose errors are InputErrors, and whose help names the defaults."""

    def __init__(self, command: str, usage: str, about: str, examples: str) -> None:
        super().__init__(
            prog=command,
            usage=f"%(prog)s {usage}",
            description=inspect.cleandoc(about),
            epilog=inspect.cleandoc(examples),
            formatter_class=_Help,
            # A script that says --max would stop working when a second such flag comes.
            allow_abbrev=False,
        )

    def read(self, words: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The value of every flag, and of those that were given. Raises InputError.

        A resumed run has to know what was asked for: a default contradicts no log.
        """
        if any("\0" in word for word in words):
            raise InputError("a null byte stands in the command line: no name or number holds one")
        actions = [action for action in self._actions if action.default is not argparse.SUPPRESS]
        defaults = {action.dest: action.default for action in actions}
        # argparse sets a default only where the namespace has no such attribute yet.
        found = self.parse_args(words, argparse.Namespace(**dict.fromkeys(defaults)))
        given = {flag: value for flag, value in vars(found).items() if value is not None}
        return {**defaults, **given}, given

    def accepts(self, flag: str, value: Any) -> bool:
        """Whether a command line could have given the flag this value; a flag of old ones may."""
        action = next((action for action in self._actions if action.dest == flag), None)
        if action is None or value is None:
            return action is None or action.default is None
        if action.nargs == 0:
            return isinstance(value, bool)
        if action.choices is not None:
            return isinstance(value, str) and value in action.choices
        if not callable(action.type):
            return isinstance(value, str)
        # A list as it is given on a command line.
        text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
        try:
            return bool(action.type(text) == value)
        except (argparse.ArgumentTypeError, ValueError):
            return False

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        found, extra = self.parse_known_args(args, namespace)
        if extra:
            self.error(f"unrecognized arguments: {' '.join(extra)}{self._meant_by(extra[0])}")
        return found

    def _meant_by(self, word: str) -> str:
        """Which flag an unknown one may be."""
        known = [flag[2:] for flag in self._option_string_actions if flag[:2] == "--"]
        close = nearest(word.partition("=")[0], known, FLAGS_OF_OTHERS)
        return f": did you mean --{close}?" if close else ""

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        names = list(map(str, action.choices))
        close = nearest(str(value), names, CALLED | VALUES_OF_OTHERS)
        meant = f": did you mean {close!r}?" if close else ""
        listed = ", ".join(map(repr, names))
        text = f"invalid choice: {value!r}{meant} (choose from {listed})"
        raise argparse.ArgumentError(action, text)

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message.removeprefix('argument ')} (--help explains the flags)")

    def _print_message(self, message: str, file: Any = None) -> None:
        # Of the help: argparse's own ends in a traceback where a terminal lacks a character.
        say(message.removesuffix("\n"))

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        return super().parse_known_args(self._joined(args), namespace)

    def _joined(self, words: Sequence[str]) -> list[str]:
        """``--flag -1,2`` as ``--flag=-1,2``: argparse takes a value with a dash for a flag."""
        joined: list[str] = []
        for word in words:
            before = self._option_string_actions.get(joined[-1]) if joined else None
            takes_one = before is not None and before.nargs is None
            flag, _, value = word.partition("=")
            # argparse drops it, and hands on a list without a value.
            if (takes_one and word == "--") or (flag[:2] == "--" and value == "--"):
                raise InputError(f"{joined[-1] if takes_one else flag}: expected a value, got '--'")
            if takes_one and word[:1] == "-" and word not in self._option_string_actions:
                joined[-1] += f"={word}"
            else:
                joined.append(word)
        return joined


class _Help(argparse.RawDescriptionHelpFormatter):
    """The help of a flag with its default; argparse's own would also say "default: None"."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        # A name that is broken at its hyphen could not be found, or copied.
        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)

    def _get_help_string(self, action: argparse.Action) -> str:
        value, text = action.default, action.help or ""
        if value is None or value is False or value is argparse.SUPPRESS:
            return text
        parts = value if isinstance(value, list) else [value]
        shown = ",".join(f"{part:g}" if isinstance(part, float) else str(part) for part in parts)
        return f"{text} (default {shown})"


# -------------------------------------------------------------------- the shared flags


def add_computing_flags(group: FlagGroup) -> None:
    """How it is computed."""
    add = group.add_argument
    dtypes = ("float64", "float32")
    add("--dtype", choices=dtypes, default="float64", help="precision of all numbers")
    # RandomState, which draws what the original studies drew, takes no larger seed.
    add("--seed", type=whole(0, 2**32 - 1), default=0, metavar="N", help="seed of all chance")
    add("--device", default="cpu", metavar="D", help="cpu, cuda, cuda:1 or auto")


def add_descent_flags(
    parser: Parser, losses: Sequence[str], rules: Sequence[str], measure: str
) -> None:
    """The descent, and when it ends; the first loss and the first rule are the defaults."""
    # Late: a listing of runs, which has flags too, has no use for what a descent is made of.
    from playground.lab.engines import ENGINES

    group = parser.add_argument_group("the descent")
    add = group.add_argument
    add("--loss", choices=losses, default=losses[0], help="what is minimised")
    how = f"how the step size is chosen: {', '.join(rules)}"
    add("--rule", choices=rules, default=rules[0], metavar="RULE", help=how)
    restarts, stuck = ("kick", "fresh", "none"), "what follows a step size below 1e-10"
    add("--restart", choices=restarts, default="kick", help=stuck)
    add_computing_flags(group)
    engine = "what makes the steps; all give the same bits, auto records a long run"
    add("--engine", choices=ENGINES, default=ENGINES[0], help=engine)
    add = parser.add_argument_group("when it ends").add_argument
    add("--tol", type=above_zero, default=1e-3, metavar="T", help=f"stop at {measure} <= T")
    add("--max-steps", type=whole(1), metavar="N", help="stop after N steps in all")
    # A limit by default: with restarts a run that cannot converge would go on for ever.
    seconds = "stop after S seconds in all"
    add("--max-seconds", type=above_zero, default=600.0, metavar="S", help=seconds)


def add_reading_flags(group: FlagGroup) -> None:
    """How a file is written; auto finds it out where it can be meant in one way only."""
    add = group.add_argument
    marks = "decimal mark, . or ,; auto: what all numbers agree with, 1,200 alone is refused"
    add("--decimal", type=decimal_mark, metavar="M", help=marks, default="auto")
    parts = "comma, semicolon, tab, bar or blank, or the sign; auto: what makes rows of numbers"
    add("--sep", type=separator_name, metavar="S", help=parts, default="auto")
    head = "yes or no: the first row names columns; auto: if it is made of words alone"
    add("--header", choices=("auto", "yes", "no"), help=head, default="auto")
    known = "such as utf-16; auto: by the mark at its begin, else UTF-8, else Latin-1"
    add("--encoding", type=encoding_name, metavar="E", help=known, default="auto")


def dialect_of(settings: argparse.Namespace) -> Dialect:
    """What the flags say of a file."""
    names = ("decimal", "sep", "header", "encoding")
    return Dialect(*(getattr(settings, name, "auto") for name in names))


def add_output_flags(group: FlagGroup, name: str, resumable: bool) -> None:
    """What is written."""
    add = group.add_argument
    add("--out", metavar="DIR", help=f"directory of this run (default logs/{name}/WHAT-WHEN)")
    if resumable:
        resume = (
            "continue the run in DIR with its own settings; the flags of when it ends may change"
        )
        add("--resume", metavar="DIR", help=resume)
    add("--no-plot", action="store_true", help="draw no pictures")
    add("--quiet", action="store_true", help="print only the directory of the run")
