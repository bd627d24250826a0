"""Run the experiments one after the other, and print what each found beside what was published.

  python -m experiments --quick            all of them in a short form
  python -m experiments --only e01,e07     some of them, at full length
  python -m experiments --only e06 --out logs/all --write

The comparison e06 takes an hour at full length; a run with the same --out goes on where it ended.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from experiments import gallery
from experiments.findings import agree, default_out, table
from playground.graph.errors import InputError
from playground.lab.cli import guarded

# What some of them need beside the core dependencies, by the name to import and the name in print.
NEEDS = {
    "e03_quadratic": ("sympy", "SymPy"),
    "e05_logistic": ("scipy", "SciPy"),
    "e06_inverse_comparison": ("scipy", "SciPy"),
}


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The flags."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--only", default="", metavar="NAME,…", help="by their first letters (default: all)")
    add("--quick", action="store_true", help="short forms, within a minute in all")
    add("--out", type=Path, metavar="DIR", help="default logs/experiments/all/<when>")
    add("--write", action="store_true", help="put tables and pictures into experiments/README.md")
    return parser.parse_args(argv)


def carry_out(args: argparse.Namespace) -> int:
    """Run what was chosen; 0 where all of it ran and every finding agrees, else 1."""
    if args.quick and args.write:
        raise InputError("--write shows the experiments at full length: leave --quick out")
    out = args.out or default_out("all")
    results = []
    chosen = gallery.choose(args.only)
    skipped = [name for name in chosen if name in NEEDS and not _found(NEEDS[name][0])]
    for name in skipped:
        told = f"{name[:3]} skipped: needs {NEEDS[name][1]} (pip install '.[test]')"
        print(told, file=sys.stderr, flush=True)
    for name in chosen:
        if name in skipped:
            continue
        print(f"\n## {name}\n", flush=True)
        results.append(gallery.carry_out(name, out, args.quick))
        print(table(results[-1].findings), flush=True)
    print(f"\nlogs and pictures: {out}")
    if args.write:
        gallery.write_page(results)
        print(f"written: {gallery.PAGE}")
    apart = [result.name for result in results if not agree(result.findings)]
    if apart:
        print(f"not as published: {', '.join(apart)}", file=sys.stderr)
    return 1 if apart or skipped else 0


def _found(module: str) -> bool:
    return find_spec(module) is not None


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code: 0 as published, 1 not or skipped, 2 bad input, 130 interrupted."""
    args = parse(argv)
    return guarded("python -m experiments", lambda: carry_out(args))


if __name__ == "__main__":
    sys.exit(main())
