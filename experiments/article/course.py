"""The course of the original study: the inverse of a random 3x3 matrix, step by step, logged."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import playground.functions as F
from playground import Variable, read_log, replay
from playground.lab.runlog import RunLog

if TYPE_CHECKING:
    import pandas

SIZE = 3
TOLERANCE = 1e-3
INITIAL, GROW, SHRINK, SMALLEST = 0.01, 1.2, 0.5, 1e-10
KICK = 0.1
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


def measured(x: np.ndarray) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Loss and gradient of a point; recorded at the first one, and run from there."""
    eye = np.eye(SIZE, dtype=np.float32)

    def at(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        point = Variable(y)
        loss = residual(x, point, eye)
        loss.backward()
        return loss.array, point.grad

    return replay(at)


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
    measure = measured(x)
    size, kicks, previous = INITIAL, 0, math.inf
    for step in range(max_steps + 1):
        loss, gradient = measure(y)
        value = float(loss)
        better = value < previous
        if step:
            size *= GROW if better else SHRINK
        previous = value
        if not TOLERANCE <= value < math.inf or step == max_steps:
            log.row(value, size, kicks, better, y)
            break
        log.row(value, size, kicks, better, y, gradient)
        if size < SMALLEST:
            kicks += 1
            size = INITIAL
            y = (y + y * rng.randn(SIZE, SIZE) * KICK / kicks).astype(y.dtype)
        y = y - gradient * size
    return step, kicks, value, y


def follow(seed: int, path: Path, max_steps: int = MAX_STEPS) -> Course:
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
