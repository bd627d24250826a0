"""Kill, trip and crowd runs many times: ``python -m tests.soak_resume --count 1000``.

The same checks as in ``tests/lab``, for longer; no test of the suite. ``--count`` faults are put
into runs, at any call of the system on their logs (:mod:`tests.faults`); ``--times`` runs of each
kind are killed and resumed; in ``--rounds`` rounds four sessions resume one run at once. Exits with
1 at the first difference.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import numpy as np

from playground import read_log
from tests.faults import compiler, in_faulty_process
from tests.resume_runs import RUNS, check_rivals, differences, kill_and_resume, start


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


def trip(count: int, seed: int) -> None:
    """Put faults into runs, a hundred at a time."""
    if compiler() is None:
        raise SystemExit("faults need Linux and a C compiler: run with --count 0")
    for done in range(0, count, 100):
        found = in_faulty_process(min(100, count - done), seed + done)
        for line in found["wrong"]:
            print(line)
        if found["wrong"]:
            raise SystemExit(f"{len(found['wrong'])} faults went wrong")
        print(
            f"{done + sum(found['outcome'].values())} of {count} faults, {found['outcome']}",
            flush=True,
        )


def crowd(rounds: int, rng: np.random.Generator) -> None:
    """Let four sessions resume one run at once."""
    with tempfile.TemporaryDirectory() as folder:
        start("barzilai", Path(folder, "whole"))
        expected = read_log(Path(folder, "whole"))
        for number in range(rounds):
            begun, log = Path(folder, f"begun-{number // 10}"), Path(folder, str(number))
            if not begun.exists():
                kill_and_resume("barzilai", begun, expected, rng)
            shutil.copytree(begun, log)
            check_rivals("barzilai", log, expected)
            print(f"{number + 1} of {rounds} rounds: one ran, three were told who", flush=True)


def main() -> None:
    """Read the flags and soak every kind of run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000, help="faults")
    parser.add_argument("--times", type=int, default=50, help="kills of each kind of run")
    parser.add_argument("--kills", type=int, default=5, help="kills of one run")
    parser.add_argument("--rounds", type=int, default=100, help="rounds of four at once")
    parser.add_argument("--seed", type=int, default=None, help="of the moments; default: chance")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    trip(options.count, int(rng.integers(2**31)) if options.seed is None else options.seed)
    total = sum(soak(name, options.times, options.kills, rng) for name in RUNS if options.times)
    crowd(options.rounds, rng)
    print(f"{options.count} faults, {total} kills, {options.rounds} rounds: all as never disturbed")


if __name__ == "__main__":
    main()
