"""What an experiment found beside what was published, as a table, and the command that shows it."""

from __future__ import annotations

import argparse
import inspect
import math
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from playground.lab.cli import above_zero, guarded, whole

__all__ = ["Between", "Experiment", "Finding", "agree", "default_out", "main", "table"]

NOTHING = "-"
HEAD = ("what", "published", "ours", "difference")
# An array of more numbers than this is shown by its shape.
MOST_NUMBERS = 9


@dataclass(frozen=True)
class Between:
    """A published range, ends included; ``Between(high=3)`` means at most 3."""

    low: float = -math.inf
    high: float = math.inf

    def __str__(self) -> str:
        if self.low == -math.inf:
            return f"at most {_number(self.high)}"
        if self.high == math.inf:
            return f"at least {_number(self.low)}"
        return f"{_number(self.low)} to {_number(self.high)}"


@dataclass(frozen=True, eq=False)
class Finding:
    """One figure: numbers, arrays, texts, booleans, or a range (:class:`Between`) of numbers.

    Attributes:
        what: the figure in words.
        published: what others gave or what it has to be; None where there is nothing to compare.
        ours: what this run gave; for a range every number of it has to lie inside.
        tolerance: the largest difference that counts as agreement; 0 demands equality.
    """

    what: str
    published: Any
    ours: Any
    tolerance: float = 0.0

    @property
    def difference(self) -> float:
        """The largest absolute difference; infinite where texts, booleans or shapes differ.

        From a range it is the distance, 0 inside; NaN where nothing was published.
        """
        if self.published is None:
            return math.nan
        ours = _array(self.ours)
        if isinstance(self.published, Between):
            low, high = self.published.low, self.published.high
            return _largest(np.maximum(np.maximum(low - ours, ours - high), 0.0))
        published = _array(self.published)
        if not (_numeric(ours) and _numeric(published)):
            return 0.0 if np.array_equal(ours, published) else math.inf
        return _largest(np.abs(ours - published)) if ours.shape == published.shape else math.inf

    @property
    def agrees(self) -> bool:
        """Whether the difference is within the tolerance, or nothing was published."""
        return self.published is None or self.difference <= self.tolerance


Experiment = Callable[..., list[Finding]]


def agree(findings: Sequence[Finding]) -> bool:
    """Whether every finding is within its tolerance."""
    return all(finding.agrees for finding in findings)


def table(findings: Sequence[Finding]) -> str:
    """The findings as a Markdown table, one row each."""
    rows = [_row(finding) for finding in findings]
    cells = [HEAD, ("---",) * len(HEAD), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in cells)


def _row(finding: Finding) -> tuple[str, ...]:
    published = NOTHING if finding.published is None else _shown(finding.published)
    cells = [finding.what, published, _shown(finding.ours)]
    return (*(re.sub(r"[|*]", r"\\\g<0>", cell) for cell in cells), _difference(finding))


def _difference(finding: Finding) -> str:
    if finding.published is None:
        return NOTHING
    size = finding.difference
    if isinstance(finding.published, Between) and size == 0:
        return "inside"
    plain = "equal" if size == 0 else "differs" if size == math.inf else f"{size:.2g}"
    return plain if finding.agrees else f"**{plain}** (allowed: {finding.tolerance:.2g})"


def _shown(value: Any) -> str:
    if isinstance(value, (str, Between)):
        return str(value)
    array = np.asarray(value)
    if array.dtype == bool and array.ndim == 0:
        return "yes" if value else "no"
    if not _numeric(array):
        return str(value)
    if array.ndim == 0:
        return _number(array.item())
    if array.size > MOST_NUMBERS:
        return f"{' x '.join(f'{n:,}' for n in array.shape)} numbers"
    return _nested(array)


def _nested(array: np.ndarray) -> str:
    if array.ndim == 0:
        return _number(array.item(), digits=6)
    return "[" + ", ".join(_nested(part) for part in array) + "]"


def _number(value: Any, digits: int = 8) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.{digits}g}"


def _array(value: Any) -> np.ndarray:
    array = np.asarray(value)
    return array.astype(float) if array.dtype.kind in "iu" else array  # unsigned ones would wrap


def _numeric(array: np.ndarray) -> bool:
    return array.dtype.kind in "iufc"


def _largest(differences: np.ndarray) -> float:
    largest = float(np.max(differences, initial=0.0))
    return math.inf if math.isnan(largest) else largest


# ------------------------------------------------------------------------- the command line


def default_out(name: str) -> Path:
    """A new folder for the experiment ``name``: ``logs/experiments/<name>/<when>``."""
    base = Path("logs", "experiments", name, time.strftime("%Y%m%d-%H%M%S"))
    tries = [base, *(base.with_name(f"{base.name}-{i}") for i in range(2, 1000))]
    return next(path for path in tries if not path.exists())


def main(run: Experiment, argv: Sequence[str] | None = None) -> None:
    """The command line of an experiment: run it, print its table and its pictures, and exit.

    ``run(out, quick)`` may have keyword-only arguments with default values of type int, float or
    str: each is a flag. Exit code: 0 every finding agrees, 1 one does not, 2 bad input,
    130 interrupted.
    """
    name = Path(inspect.getfile(run)).stem
    flags = vars(_parser(name, run).parse_args(argv))
    out, quick = flags.pop("out") or default_out(name), flags.pop("quick")
    command = f"python -m experiments.{name}"
    sys.exit(guarded(command, lambda: _carry_out(run, out, quick, flags)))


def _parser(name: str, run: Experiment) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m experiments.{name}",
        description=run.__globals__["__doc__"],
        epilog=inspect.getdoc(run),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = f"folder of logs and pictures (default logs/experiments/{name}/<when>)"
    parser.add_argument("--out", type=Path, metavar="DIR", help=where)
    parser.add_argument("--quick", action="store_true", help="a short form of it, within seconds")
    for parameter in inspect.signature(run).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is not None:
            _add_flag(parser, parameter.name, parameter.default)
    return parser


def _add_flag(parser: argparse.ArgumentParser, name: str, default: Any) -> None:
    types: dict[type, Any] = {int: whole(0), float: above_zero, str: str}
    if type(default) in types:
        flag, kind = f"--{name.replace('_', '-')}", types[type(default)]
        shown = f"(default {default})" if default != "" else "(default: all)"
        parser.add_argument(flag, type=kind, default=default, metavar="X", help=shown)


def _carry_out(run: Experiment, out: Path, quick: bool, flags: dict[str, Any]) -> int:
    out.mkdir(parents=True, exist_ok=True)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.png")}
    findings = run(out, quick, **flags)
    print(table(findings))
    for path in sorted(out.rglob("*.png")):
        if before.get(path) != path.stat().st_mtime_ns:
            print(f"picture: {path}")
    apart = [finding.what for finding in findings if not finding.agrees]
    if apart:
        print(f"not as published: {'; '.join(apart)}", file=sys.stderr)
    return 1 if apart else 0
