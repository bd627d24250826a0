"""The command line of the original study: flags, the report, and exit codes."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.article.course import MAX_STEPS, QUICK_STEPS, Course, follow
from experiments.findings import Finding, table
from playground.graph.errors import PlaygroundError
from playground.lab.cli import whole

NAME = "e01_inverse_article"
LARGEST_SEED = 2**32 - 1


def report(course: Course) -> str:
    """The text shown at the end: steps, kicks, final loss, the inverse found and the true one."""
    truth = np.linalg.inv(course.matrix.astype(np.float64))
    with np.printoptions(precision=8, suppress=True):
        return "\n".join(
            [
                f"ended       {course.reason}",
                f"steps       {course.steps:,}",
                f"kicks       {course.kicks:,}",
                f"final loss  {course.loss!r}",
                f"inverse found by descent:\n{course.inverse}",
                f"true inverse:\n{truth.astype(np.float32)}",
                f"largest difference  {np.abs(course.inverse - truth).max():.3g}",
                f"log and pictures    {course.path}",
            ]
        )


def parse(argv: Sequence[str] | None, about: str | None) -> argparse.Namespace:
    """The flags; ends the process with code 2 and one line where they are wrong."""
    parser = argparse.ArgumentParser(
        prog=f"python -m experiments.{NAME}",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--seed", type=whole(0), default=0, help="of X, Y and kicks (default 0)")
    add("--out", type=Path, help="directory of log and pictures (default: logs/…)")
    add("--max-steps", type=whole(1), default=MAX_STEPS, help=f"default {MAX_STEPS:,}")
    quick: dict[str, Any] = {"dest": "max_steps", "action": "store_const", "const": QUICK_STEPS}
    add("--quick", **quick, help=f"the same as --max-steps {QUICK_STEPS}")
    add("--no-plot", action="store_true", help="draw no pictures")
    args = parser.parse_args(argv)
    if args.seed > LARGEST_SEED:
        parser.error(f"argument --seed: expected at most {LARGEST_SEED}, got {args.seed}")
    args.out = args.out or default_directory(args.seed)
    return args


def default_directory(seed: int) -> Path:
    """``logs/e01_inverse_article/<when>-<seed>``."""
    return Path("logs", NAME, f"{time.strftime('%Y%m%d-%H%M%S')}-{seed}")


def main(
    compare: Callable[[Course], list[Finding]],
    argv: Sequence[str] | None = None,
    about: str | None = None,
) -> int:
    """Exit code: 0 converged, 1 not converged, 2 bad input, 130 interrupted (the log is kept).

    ``compare`` holds a course against what was published; its table follows the report.
    """
    args = parse(argv, about)
    try:
        course = follow(args.seed, args.out, args.max_steps)
        if not args.no_plot:
            from experiments.article.pictures import draw

            draw(course)
    except (PlaygroundError, OSError) as error:
        print(f"{NAME}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"interrupted; the log is kept in {args.out}", file=sys.stderr)
        return 130
    print(report(course))
    if args.seed == 0 and course.converged:
        print(f"\n{table(compare(course))}")
    return 0 if course.converged else 1
