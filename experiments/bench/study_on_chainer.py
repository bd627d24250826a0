"""The original study on Chainer, logged as one does at first: a `.loc` of a DataFrame a row.

`python -m experiments.bench.study_on_chainer [--max-steps N]` prints steps, kicks and final loss.
It is what the whole process of `experiments.e01_inverse_article` is timed against.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np
import pandas as pd

from tests.chainer_oracle import find_chainer

CELLS = [f"Y[{i},{j}]" for i in range(3) for j in range(3)]


class Frames:
    """Three frames of a fixed length: a frame that grows by `.loc` copies itself at every row."""

    def __init__(self, rows: int) -> None:
        self.elog = pd.DataFrame(np.nan, index=range(rows + 1), columns=["loss", "alpha"])
        self.vlog = pd.DataFrame(np.nan, index=range(rows), columns=CELLS)
        self.glog = pd.DataFrame(np.nan, index=range(rows), columns=CELLS)


def descend(chainer: Any, frames: Frames, max_steps: int) -> tuple[int, int, float]:
    """Return steps, kicks and final loss of the study with seed 0."""
    functions = chainer.functions
    rng = np.random.RandomState(0)
    x, y = (rng.rand(3, 3).astype(np.float32) for _ in range(2))
    eye, point = np.eye(3, dtype=np.float32), chainer.Variable(y)

    def evaluate() -> Any:
        return functions.sum(functions.absolute(functions.matmul(x, point) - eye))

    loss = evaluate()
    value, alpha, step, kicks = float(loss.array), 0.01, 0, 0
    frames.elog.loc[0] = value, alpha
    while value >= 1e-3 and step < max_steps:
        step += 1
        point.cleargrad()
        loss.backward()
        if alpha < 1e-10:
            kicks, alpha = kicks + 1, 0.01
            point.array += point.array * rng.randn(3, 3) * 0.1 / kicks
        frames.glog.loc[step - 1] = point.grad.ravel()
        point.array = point.array - point.grad * alpha
        loss, previous = evaluate(), value
        value = float(loss.array)
        alpha *= 1.2 if value < previous else 0.5
        frames.vlog.loc[step - 1] = point.array.ravel()
        frames.elog.loc[step] = value, alpha
    return step, kicks, value


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--max-steps", type=int, default=50_000, help="default 50,000")
    limit = parser.parse_args().max_steps
    chainer = find_chainer()
    if chainer is None:
        print("Chainer is not installed", file=sys.stderr)
        return 2
    steps, kicks, value = descend(chainer, Frames(limit), limit)
    print(f"steps {steps}  kicks {kicks}  final loss {value!r}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
