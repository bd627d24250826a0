"""Random programs in plain NumPy, compared with NumPy and with differences.

``python -m tests.campaign --count 200 --seed 0`` makes and checks the programs of seeds 0 to 199.
A program that fails is shrunk and printed as Python that runs, with its seed; the exit code is
then 1. ``tests/campaign_calls.py`` lists the calls, ``tests/campaign_checks.py`` what is compared.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.campaign_calls import CALLS
from tests.campaign_checks import Fault, faults
from tests.campaign_programs import Program, make, shrunk

# Python that shows the fault, below the program.
SHOWN = {
    "value": "print(f({xs}), f({vs}))",
    "single": "print(f({fs}))",
    "first": "print(grad(lambda *xs: np.sum(f(*xs)), argnums={nums})({xs}))",
    "second": "print(hvp(lambda *xs: np.sum(f(*xs)), argnums={nums})({first}, ({ones}){rest}))",
    "lanes": "print(vmap(f)({stacks}), [f({xs})] * 2)",
    "slopes": "print(vmap(grad(lambda *xs: np.sum(f(*xs)), argnums={nums}))({stacks}), "
    "vmap(lambda *xs: jvp(f, xs, xs)[1])({stacks}))",
    "twice": "print(jacobian(jacobian(f))({xs}))",
    "forward": "print(jvp(f, ({xs},), ({ones})), vjp(f, {xs})[1](np.ones_like(f({xs}))))",
}

IMPORTS = """from playground import Variable
from playground.transforms import grad, hvp, jacobian, jvp, vjp, vmap"""


@dataclass
class Tally:
    """What a run has seen."""

    programs: int = 0
    late: list[int] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    silent: Counter[str] = field(default_factory=Counter)
    # (check, call at the end of the shrunk program) -> seeds.
    found: dict[tuple[str, str], list[int]] = field(default_factory=dict)


class OutOfTime(BaseException):
    """A program took longer than it may; passes every ``except Exception`` on its way."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raises OutOfTime in the body when it takes longer."""

    def stop(*_: object) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def run(seeds: range, limit: float, progress: bool = True) -> tuple[Tally, list[str]]:
    """Check the programs of ``seeds``; the reports are of one program each kind of fault."""
    tally, reports, begun = Tally(), [], time.monotonic()
    for seed in seeds:
        try:
            with time_limit(limit):
                program = make(seed)
                found, silent = faults(program, seed)
        except OutOfTime:
            tally.late.append(seed)
            continue
        except KeyboardInterrupt:  # what was found so far is reported
            break
        tally.programs += 1
        tally.calls.update(program.calls)
        tally.silent.update(text.partition(":")[0] for text in silent)
        for fault in found:
            reports += reported(tally, program, seed, fault, limit)
        if progress and tally.programs % 50 == 0:
            spent = time.monotonic() - begun
            known = sum(map(len, tally.found.values()))
            text = f"{tally.programs} of {len(seeds)} programs, {known} faults, {spent:.0f} s"
            print(text, file=sys.stderr, flush=True)
    return tally, reports


def reported(tally: Tally, program: Program, seed: int, fault: Fault, limit: float) -> list[str]:
    """The shrunk program as text, where its kind of fault is new; and it is counted."""
    check = fault.kind.partition(" ")[0]

    def fails(candidate: Program) -> bool:
        return any(f.kind == fault.kind for f in faults(candidate, seed, check)[0])

    try:
        with time_limit(10 * limit):
            program = shrunk(program, fails)
    except OutOfTime:
        pass
    key = (fault.kind, program.calls[-1])
    tally.found.setdefault(key, []).append(seed)
    if len(tally.found[key]) > 1:
        return []
    again = next(iter(faults(program, seed, check)[0]), fault)
    return [as_python(program, seed, again)]


def as_python(program: Program, seed: int, fault: Fault) -> str:
    """A failing program as a few lines that run and show it."""
    check, by = fault.kind.partition(" ")[0], program.by
    shown = SHOWN[check].format(
        xs=", ".join(by),
        first=by[0],
        rest="".join(f", {x}" for x in by[1:]),
        vs=", ".join(f"Variable({x})" for x in by),
        fs=", ".join(f"Variable({x}.astype('f'))" for x in by),
        nums=tuple(range(len(by))),
        ones=", ".join(f"np.ones({program.inputs[x].shape})" for x in by) + ",",
        stacks=", ".join(f"np.stack([{x}, {x}])" for x in by),
    )
    head = f"# seed {seed}, {fault.kind}: {fault.detail}"
    return f"{head}\n{IMPORTS}\n{program.text()}\n\n{shown}\n"


def summary(tally: Tally) -> str:
    """The figures of a run."""
    unseen = sorted(set(CALLS) - set(tally.calls))
    lines = [
        f"{tally.programs} programs, {sum(tally.calls.values())} calls of {len(tally.calls)} of "
        f"{len(CALLS)} functions, {len(tally.late)} out of time {tally.late[:5]}",
        "said nothing (kinks, steps, refusals by name): "
        + ", ".join(f"{check} {n}" for check, n in sorted(tally.silent.items())),
    ]
    if unseen:
        lines.append(f"not called: {' '.join(unseen)}")
    for (kind, call), seeds in sorted(tally.found.items(), key=lambda item: -len(item[1])):
        lines.append(f"{len(seeds):4d}  {kind}, {call}: seeds {seeds[:6]}")
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Run the programs of a range of seeds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=200, help="how many programs")
    parser.add_argument("--seed", type=int, default=0, help="the first one's seed")
    parser.add_argument("--limit", type=float, default=5.0, help="seconds a program may take")
    options = parser.parse_args(argv)
    seeds = range(options.seed, options.seed + options.count)
    tally, reports = run(seeds, options.limit)
    print("\n\n".join([*reports, summary(tally)]))
    return 1 if reports else 0


if __name__ == "__main__":
    sys.exit(main())
