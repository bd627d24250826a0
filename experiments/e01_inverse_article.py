"""The original study: the inverse of a random 3x3 matrix by steepest descent, step by step.

The loss is sum|XY - I| in float32. The step size starts at 0.01, grows by 1.2 after a better loss
and halves after any other. Below 1e-10 the point is kicked, Y += Y*randn*0.1/j with j the number of
the kick, and the step size starts anew; but the next step still takes the gradient of the point
before the kick, and its loss is compared with the loss before the kick, as the original did.

With seed 0 the course is that of Chainer 7.8.1, bit for bit: 39,466 steps, 422 kicks and a final
loss of 0.0009739520610310137 where the BLAS kernel fuses multiply and add; 47,146 steps, 509 kicks
and 0.000995039939880371 where it rounds between the two.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import playground.functions as F
from playground import Variable, read_log
from playground.graph.errors import PlaygroundError
from playground.lab.cli import whole
from playground.lab.runlog import RunLog

if TYPE_CHECKING:
    import pandas

SIZE = 3
TOLERANCE = 1e-3
INITIAL, GROW, SHRINK, SMALLEST = 0.01, 1.2, 0.5, 1e-10
KICK = 0.1
LARGEST_SEED = 2**32 - 1
MAX_STEPS, QUICK_STEPS = 1_000_000, 1_500


@dataclass(frozen=True)
class Course:
    """What one run came to; `path` is its log, from which the frames are read when asked for.

    `elog` has the loss and the step size after step i, `vlog` at i - 1 the point after step i and
    `glog` at i - 1 the gradient that step i took: the alignment of the original's own frames.
    """

    path: Path
    steps: int
    kicks: int
    loss: float
    matrix: np.ndarray
    inverse: np.ndarray
    reason: str

    @property
    def converged(self) -> bool:
        return self.loss < TOLERANCE

    @cached_property
    def record(self) -> Any:
        return read_log(self.path)

    @property
    def elog(self) -> pandas.DataFrame:
        return self.record.loss

    @property
    def vlog(self) -> pandas.DataFrame:
        points = self.record.params
        return points[points.index > 0].set_index(points.index[points.index > 0] - 1)

    @property
    def glog(self) -> pandas.DataFrame:
        gradients = self.record.grads
        return gradients[gradients.index < self.steps]


def problem(seed: int) -> tuple[np.random.RandomState, np.ndarray, np.ndarray]:
    """Return the generator, the matrix X and the first Y: float32 of shape (3, 3), in [0, 1)."""
    rng = np.random.RandomState(seed)
    x, y = (rng.rand(SIZE, SIZE).astype(np.float32) for _ in range(2))
    return rng, x, y


def residual(x: np.ndarray, y: Variable, eye: np.ndarray) -> Variable:
    """The loss sum|XY - I|, a scalar."""
    return F.sum(F.absolute(F.matmul(x, y) - eye))


def ending(value: float) -> str:
    """Say in one sentence why a course that stands at the loss `value` is over."""
    if value < TOLERANCE:
        return f"the loss fell below {TOLERANCE:g}"
    if not math.isfinite(value):
        return "the loss is no longer a finite number"
    return "the steps ran out; more are allowed by --max-steps"


def descend(
    rng: np.random.RandomState, x: np.ndarray, y: np.ndarray, log: RunLog, max_steps: int
) -> tuple[int, int, float, np.ndarray]:
    """Return steps, kicks, the last loss and the last point; every point goes to `log`.

    Row k holds point k, its loss, the step size that follows from this loss, and its gradient.
    """
    eye = np.eye(SIZE, dtype=np.float32)
    size, kicks, previous = INITIAL, 0, math.inf
    for step in range(max_steps + 1):
        point = Variable(y)
        loss = residual(x, point, eye)
        value = float(loss.array)
        better = value < previous
        if step:
            size *= GROW if better else SHRINK
        previous = value
        if not TOLERANCE <= value < math.inf or step == max_steps:
            log.row(value, size, kicks, better, y)
            break
        loss.backward()
        gradient = point.grad
        log.row(value, size, kicks, better, y, gradient)
        if size < SMALLEST:
            kicks += 1
            size = INITIAL
            y = (y + y * rng.randn(SIZE, SIZE) * KICK / kicks).astype(y.dtype)
        y = y - gradient * size
    return step, kicks, value, y


def study(seed: int, path: Path, max_steps: int) -> Course:
    """Run the study with its log in the directory `path`, and return what it came to."""
    rng, x, y = problem(seed)
    meta = {"experiment": "e01_inverse_article", "seed": seed, "x": x.tolist()}
    started = time.perf_counter()
    log = RunLog.create(
        path, names=["Y"], shapes=[x.shape], dtypes=[x.dtype], meta=meta, copy=False
    )
    with log:
        steps, kicks, value, found = descend(rng, x, y, log, max_steps)
        seconds = time.perf_counter() - started
        log.finish(
            {
                "steps": steps,
                "kicks": kicks,
                "loss": value,
                "reason": ending(value),
                "seconds": seconds,
            }
        )
    return Course(path, steps, kicks, value, x, found, ending(value))


def draw(course: Course) -> list[Path]:
    """Draw loss and step size, the points and the gradients; return the files written."""
    from playground.lab import plot

    truth = np.linalg.inv(course.matrix.astype(np.float64))
    kicks = plot.restart_steps(course.elog)
    norm, components = plot.stack(2)
    plot.gradient_norm(course.glog, norm, restarts=kicks)
    plot.gradient_components(course.glog, components, restarts=kicks)
    pictures = {
        "loss.png": plot.loss_and_step(course.elog, below=TOLERANCE)[0],
        "parameters.png": plot.parameters(course.vlog, truth, restarts=kicks),
        "gradients.png": norm,
    }
    return [plot.save(axes, course.path / name) for name, axes in pictures.items()]


def run(
    out: str | os.PathLike[str],
    quick: bool = False,
    *,
    seed: int = 0,
    max_steps: int | None = None,
    pictures: bool = True,
) -> Course:
    """Run the study into the directory `out`; `quick` stops after 1,500 steps."""
    limit = max_steps or (QUICK_STEPS if quick else MAX_STEPS)
    course = study(seed, Path(out), limit)
    if pictures:
        draw(course)
    return course


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


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.e01_inverse_article",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=whole(0), default=0, help="of X, Y and kicks (default 0)")
    parser.add_argument("--out", type=Path, help="directory of log and pictures (default: logs/…)")
    parser.add_argument(
        "--max-steps", type=whole(1), default=MAX_STEPS, help=f"default {MAX_STEPS:,}"
    )
    parser.add_argument("--no-plot", action="store_true", help="draw no pictures")
    args = parser.parse_args(argv)
    if args.seed > LARGEST_SEED:
        parser.error(f"argument --seed: expected at most {LARGEST_SEED}, got {args.seed}")
    args.out = args.out or default_directory(args.seed)
    return args


def default_directory(seed: int) -> Path:
    return Path("logs", "e01_inverse_article", f"{time.strftime('%Y%m%d-%H%M%S')}-{seed}")


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code: 0 converged, 1 not converged, 2 bad input, 130 interrupted (the log is kept)."""
    args = parse(argv)
    try:
        course = run(args.out, seed=args.seed, max_steps=args.max_steps, pictures=not args.no_plot)
    except (PlaygroundError, OSError) as error:
        print(f"e01_inverse_article: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"interrupted; the log is kept in {args.out}", file=sys.stderr)
        return 130
    print(report(course))
    return 0 if course.converged else 1


if __name__ == "__main__":
    sys.exit(main())
