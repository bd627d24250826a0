"""What the run log costs: writing a step at 9 parameters, reading 40,000 rows into three frames.

`python -m experiments.bench.log_cost ROWS ROUNDS` prints the two medians in seconds as JSON.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from playground import read_log
from playground.lab.runlog import RunLog

SIZE = 9


def write(path: Path, points: list[np.ndarray]) -> float:
    """Return the seconds a row takes, opening, commits and closing included.

    The log need not copy: like `playground.fit`, the caller makes new arrays at every step.
    """
    start = time.perf_counter()
    log = RunLog.create(path, names=["Y"], shapes=[(3, 3)], dtypes=["float32"], copy=False)
    with log:
        row = log.row
        for point in points:
            row(1.5, 0.01, 0, True, point, point)
    return (time.perf_counter() - start) / len(points)


def read(path: Path) -> float:
    """Return the seconds that opening the log and building its three frames takes."""
    start = time.perf_counter()
    record = read_log(path)
    frames = record.loss, record.params, record.grads
    seconds = time.perf_counter() - start
    if len({len(frame) for frame in frames}) != 1:
        raise RuntimeError(f"frames of unequal length: {[len(frame) for frame in frames]}")
    return seconds


def main() -> None:
    rows, rounds = (int(text) for text in sys.argv[1:])
    import pandas  # noqa: F401  (its import is no part of reading)

    points = list(np.random.RandomState(0).rand(rows, SIZE).astype(np.float32))
    times: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            path = Path(folder, str(number))
            times.append((write(path, points), read(path)))
    writing, reading = (statistics.median(column) for column in zip(*times, strict=True))
    print(json.dumps({"write": writing, "read": reading}))


if __name__ == "__main__":
    main()
