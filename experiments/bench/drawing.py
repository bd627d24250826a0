"""What the pictures of the main command cost, beside the import that no picture can do without.

`python -m experiments.bench.drawing ROUNDS` prints medians in seconds of processor time as JSON:
of processes that import matplotlib (with pyplot, and alone), and of the command with its pictures
and without them, in turns. "drawing" is the difference of the last two, "ratio" the median of it
over the import of the same round: a machine that is shared changes its speed from round to round.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

STUDY = ["-m", "playground.inverse", "--size", "3", "--quiet", "--out"]


def seconds(words: list[str]) -> float:
    """The processor time of a fresh Python."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    times: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            out = Path(folder, str(number))
            lines = {
                "import matplotlib.pyplot": ["-c", "import matplotlib.pyplot"],
                "import matplotlib": ["-c", "import matplotlib"],
                "with pictures": [*STUDY, f"{out}-drawn"],
                "without": [*STUDY, f"{out}-plain", "--no-plot"],
            }
            for name, words in lines.items():
                times.setdefault(name, []).append(seconds(words))
    medians = {name: round(statistics.median(found), 3) for name, found in times.items()}
    drawing = [a - b for a, b in zip(times["with pictures"], times["without"], strict=True)]
    ratios = [a / b for a, b in zip(drawing, times["import matplotlib.pyplot"], strict=True)]
    medians["drawing"] = round(statistics.median(drawing), 3)
    print(json.dumps({**medians, "ratio": round(statistics.median(ratios), 2)}))


if __name__ == "__main__":
    main()
