"""Kill and resume runs many times: ``python -m tests.soak_resume --times 50``.

The same check as ``tests/lab/test_resume.py``, for longer; no test of the suite. Exits with 1 at
the first difference.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from playground import read_log
from tests.resume_runs import RUNS, differences, kill_and_resume, start


def soak(name: str, times: int, kills: int, rng: np.random.Generator) -> int:
    """Kill runs of one kind ``times`` times, each of them ``kills`` times; returns the kills."""
    done = 0
    with tempfile.TemporaryDirectory() as folder:
        start(name, Path(folder, "whole"))
        expected = read_log(Path(folder, "whole"))
        for number in range(-(-times // kills)):
            log = Path(folder, str(number))
            for _ in range(min(kills, times - done)):
                kill_and_resume(name, log, expected, rng)
                done += 1
            start(name, log)
            found = read_log(log)
            if differences(found, expected):
                raise SystemExit(f"{name}: {', '.join(differences(found, expected))} differ")
            print(f"{name}: {done} of {times} kills, bit-identical", flush=True)
    return done


def main() -> None:
    """Read the flags and soak every kind of run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=50, help="kills of each kind of run")
    parser.add_argument("--kills", type=int, default=5, help="kills of one run")
    parser.add_argument("--seed", type=int, default=None, help="of the moments; default: chance")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    total = sum(soak(name, options.times, options.kills, rng) for name in RUNS)
    print(f"{total} kills, every resumed log bit-identical")


if __name__ == "__main__":
    main()
