"""Time playground and its peers on the same work; quote the ratios, never the microseconds.

cases  step    forward, backward and update of sum|XY - I|, float32, at each --n
       chain   1000 additions built and differentiated, a node, at shapes () and (3, 3)
       peak    n-by-n buffers alive at the peak of a step at n=1000, X, Y and I among them
       study   the original study, whole process with its log, against the same on Chainer
       inverse python -m playground.inverse --size 3 --no-plot, whole process
       log     writing a step with 9 parameters to disk; reading 40,000 rows as three frames
       import  import playground against import numpy, and what it loads

Every peer has a process of its own, all are pinned to one processor and take turns, and a figure
is the median of its rounds. A peer that is not installed is skipped with a word.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from experiments.bench import machine
from experiments.bench.driver import PeerError, Worker, run_process, time_processes, time_workers
from experiments.bench.report import Figure, figures, line, markdown
from playground.lab.files import write_whole

PEERS = (
    "numpy_limit",
    "numpy_naive",
    "playground_f",
    "playground_np",
    "chainer_peer",
    "autograd_peer",
    "mygrad_peer",
    "torch_eager",
    "jax_jit",
)
WITHOUT_CHAIN = ("numpy_limit", "numpy_naive", "playground_np", "jax_jit")
ON_NUMPY = PEERS[:-2]
SIZES = (3, 10, 32, 100, 300, 1000)
SHAPES = ((), (3, 3))
ADDITIONS = 1000
ROWS = 40_000
HEAVY = ("pandas", "matplotlib", "cupy")
QUICK_STUDY = (
    "from experiments.e01_inverse_article import run; run('log', quick=True, pictures=False)"
)
CLOCK = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"


def step_case(args: argparse.Namespace, workers: list[Worker]) -> Iterator[Figure]:
    for n in args.n:
        results = time_workers(workers, {"do": "step", "n": n}, args.rounds, args.slice)
        most = {3: 7.0, 1000: 1.25}.get(n)
        yield from figures(
            f"step n={n}",
            results,
            "us",
            to="numpy_limit",
            at_most={"playground_f": most} if most else None,
        )
        yield from plain_against_f(n, results)


def plain_against_f(n: int, results: dict[str, float | str]) -> Iterator[Figure]:
    """What plain np calls cost over the same step through F."""
    to, most = {"playground_np": "playground_f"}, {"playground_np": 1.25}
    for row in figures(f"plain np, n={n}", results, "us", to=to, at_most=most):
        if row.ratio is not None:
            yield row


def chain_case(args: argparse.Namespace, workers: list[Worker]) -> Iterator[Figure]:
    able = [worker for worker in workers if worker.peer not in WITHOUT_CHAIN]
    for shape in SHAPES:
        question = {"do": "chain", "k": ADDITIONS, "shape": shape}
        results = time_workers(able, question, args.rounds, args.slice)
        nodes = {
            peer: result if isinstance(result, str) else result / ADDITIONS
            for peer, result in results.items()
        }
        to, most = {"playground_f": "torch_eager"}, {"playground_f": 3.2 / 3.1}
        yield from figures(f"node of chain {shape}", nodes, "us", to=to, at_most=most)


def peak_case(args: argparse.Namespace, workers: list[Worker]) -> Iterator[Figure]:
    n = 100 if args.quick else SIZES[-1]
    for worker in (worker for worker in workers if worker.peer in ON_NUMPY):
        case, most = f"peak of a step n={n}", 9.1 if worker.peer.startswith("playground") else None
        try:
            buffers = worker.ask("peak", n=n)["bytes"] / (4 * n * n)
        except PeerError as error:
            yield Figure(case, worker.peer, None, "buffers", note=str(error))
        else:
            yield Figure(case, worker.peer, buffers, "buffers", at_most=most)


def study_case(args: argparse.Namespace, workers: list[Worker]) -> Iterator[Figure]:
    ours = module("experiments.e01_inverse_article", "--no-plot")
    theirs = module("experiments.bench.study_on_chainer")
    if args.quick:
        ours, theirs = python(QUICK_STUDY), [*theirs, "--max-steps", "200"]
    commands = {"playground": ours, "chainer": theirs}
    yield from whole(args, "study", commands, "chainer", 1 / 15, rounds=max(1, args.rounds // 3))


def inverse_case(args: argparse.Namespace, workers: list[Worker]) -> Iterator[Figure]:
    ours = module("playground.inverse", "--size", "3", "--no-plot")
    commands = {"playground": ours, "numpy+pandas": python("import numpy, pandas")}
    yield from whole(args, "inverse --size 3", commands, "numpy+pandas", 2.5, rounds=args.rounds)


def log_case(args: argparse.Namespace, workers: list[Worker]) -> Iterator[Figure]:
    rows = ROWS // 100 if args.quick else ROWS
    command = module("experiments.bench.log_cost", str(rows), str(args.rounds))
    _, output, error = run_process(command, args.folder, args.cpu)
    if error:
        yield Figure("log", "playground", None, "us", note=error)
        return
    times = json.loads(output)
    writing, reading = times["write"] * 1e6, times["read"] * 1e3
    yield Figure("log, a step written", "playground", writing, "us", at_most=1.5)
    yield Figure(f"log, {rows:,} rows read", "playground", reading, "ms", at_most=15)


def import_case(args: argparse.Namespace, workers: list[Worker]) -> Iterator[Figure]:
    commands = {name: python(CLOCK.format(name)) for name in ("playground", "numpy")}
    results = time_processes(commands, args.folder, args.cpu, args.rounds, printed=True)
    to, most = {"playground": "numpy"}, {"playground": 1.5}
    yield from figures("import", results, "ms", to=to, at_most=most)
    code = f"import playground, sys; print(*[m for m in {HEAVY} if m in sys.modules])"
    _, output, error = run_process(python(code), args.folder, args.cpu)
    loaded = float(len(output.split()))
    case = f"import, loads {output.strip() or 'nothing heavy'}"
    value = None if error else loaded
    yield Figure(case, "playground", value, "modules", at_most=0, note=error or "")


CASES: dict[str, Callable[[argparse.Namespace, list[Worker]], Iterator[Figure]]] = {
    "step": step_case,
    "chain": chain_case,
    "peak": peak_case,
    "study": study_case,
    "inverse": inverse_case,
    "log": log_case,
    "import": import_case,
}
WITH_WORKERS = ("step", "chain", "peak")


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", name, *arguments]


def whole(
    args: argparse.Namespace,
    case: str,
    commands: dict[str, list[str]],
    to: str,
    most: float,
    *,
    rounds: int,
) -> list[Figure]:
    """Whole processes side by side."""
    results = time_processes(commands, args.folder, args.cpu, rounds)
    limits = {"playground": most}
    return figures(case, results, "s", to={"playground": to}, at_most=limits)


def names_of(known: Iterable[str]) -> Callable[[str], list[str]]:
    """The type of a flag that takes some of the known names."""

    def read(text: str) -> list[str]:
        names = [name.strip() for name in text.split(",") if name.strip()]
        if not names or set(names) - set(known):
            raise argparse.ArgumentTypeError(f"{text!r}: choose from {', '.join(known)}")
        return names

    return read


def sizes_of(text: str) -> list[int]:
    try:
        sizes = [int(part) for part in text.split(",")]
    except ValueError:
        sizes = [0]
    if min(sizes) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: sizes are whole numbers from 1, as 3,10,32")
    return sizes


def positive(kind: type) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = 0
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"{text!r}: more than 0 is needed")
        return value

    return read


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.bench.steps",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_choices(parser)
    add = parser.add_argument
    add("--json", type=Path, metavar="FILE", help="write the figures there")
    add("--markdown", action="store_true", help="print the tables for the README at the end")
    add("--quick", action="store_true", help="see that it runs: n=3, one round, figures worthless")
    args = parser.parse_args(argv)
    if args.json and not args.json.absolute().parent.is_dir():
        parser.error(f"argument --json: there is no directory {args.json.absolute().parent}")
    if args.quick:
        args.n, args.rounds, args.slice = [3], 1, 0.002
    return args


def add_choices(parser: argparse.ArgumentParser) -> None:
    """The flags that say what is measured, and how long."""

    def add(flag: str, kind: Callable[[str], Any], default: Any, metavar: str, text: str) -> None:
        parser.add_argument(flag, type=kind, default=default, metavar=metavar, help=text)

    sizes, peers = ",".join(map(str, SIZES)), ", ".join(PEERS)
    add("--only", names_of(CASES), list(CASES), "CASE,…", "cases to run (default: all)")
    add("--peers", names_of(PEERS), list(PEERS), "PEER,…", f"of {peers} (default: all)")
    add("--n", sizes_of, list(SIZES), "N,…", f"sizes of the case step (default {sizes})")
    add("--rounds", positive(int), 9, "K", "slices a peer (default 9); the study a third of it")
    add("--slice", positive(float), 0.06, "SECONDS", "length of a slice (default 0.06)")
    add("--cpu", int, 0, "CPU", "processor to pin everything to (default 0)")


def measure(args: argparse.Namespace, workers: list[Worker]) -> list[Figure]:
    """Run the chosen cases and print every figure as it comes."""
    rows: list[Figure] = []
    for case in args.only:
        for row in CASES[case](args, workers):
            if args.quick:
                row = replace(row, at_most=None)
            print(line(row), flush=True)
            rows.append(row)
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    head = machine.description()
    print(head, flush=True)
    needed = args.peers if set(args.only) & set(WITH_WORKERS) else []
    workers = [Worker(peer, args.cpu) for peer in needed]
    try:
        with tempfile.TemporaryDirectory() as args.folder:
            rows = measure(args, workers)
    finally:
        for worker in workers:
            worker.close()
    if args.json:
        text = {"machine": head, "figures": [asdict(row) for row in rows]}
        write_whole(args.json, json.dumps(text, indent=1).encode() + b"\n")
    if args.markdown:
        print(f"\n{markdown(rows, {worker.peer: worker.name for worker in workers}, head)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
