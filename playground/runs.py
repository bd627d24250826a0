"""``python -m playground.runs``: the runs below a folder, listed, compared or cleared away.

The listing is :func:`playground.read_runs`, one row a run.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from playground.graph.errors import InputError, nearest
from playground.lab.cli import guarded, whole
from playground.lab.cli.flags import Parser
from playground.lab.cli.streams import note, say
from playground.lab.meant import CALLED
from playground.lab.reading import counted_noun
from playground.lab.runlog import RunRecord, read_log
from playground.lab.runlog.listing import UNNAMED, Heading, comparables, headings, shape_text

__all__ = ["main"]

COMMAND = "python -m playground.runs"
FOLDER = Path("logs")
SYNONYMS = {
    "clean": "prune",
    "clear": "prune",
    "delete": "prune",
    "remove": "prune",
    "rm": "prune",
    "diff": "compare",
    "overlay": "compare",
    "plot": "compare",
    "vs": "compare",
}
MOST_GROUPS, MOST_VALUES = 10, 3
RUN_STATES = ("converged", "not converged", "interrupted", "running", "killed", "unreadable")
SORT = (
    "changed",
    "run",
    "problem",
    "parameters",
    "seed",
    "rule",
    "loss",
    "best",
    "steps",
    "seconds",
)
# What a run writes into its folder; everything else there is somebody else's.
WRITTEN = (".npy", ".png", ".csv", ".sqlite", ".sqlite-wal", ".sqlite-shm", ".sqlite-lease", ".tex")


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command line; returns the exit code: 0 done, 2 bad input, 130 interrupted."""
    words = list(sys.argv[1:] if argv is None else argv)
    ways: dict[str, Callable[[list[str]], int]] = {"compare": compare_runs, "prune": prune}
    way = ways.get(words[0]) if words else None

    def carry_out() -> int:
        if way is not None:
            return way(words[1:])
        if words:
            refuse_slip(words[0], [*ways])
        return listing(words)

    return guarded(COMMAND, carry_out)


def refuse_slip(word: str, ways: list[str]) -> None:
    """Raise InputError where a first word is no folder, and nearly what can be done with runs."""
    if word[:1] == "-" or Path(word).exists():
        return
    if word in ("list", "ls", "show"):
        raise InputError(f"there is no folder {word}: {COMMAND} without a word lists the runs")
    close = nearest(word, ways, SYNONYMS)
    if close:
        raise InputError(f"there is no folder {word}: did you mean {close!r}?")


# ------------------------------------------------------------------------------------- listing


def listing(words: list[str]) -> int:
    """List the runs at and below a folder."""
    parser = Parser(COMMAND, "[FOLDER] [flags]", __doc__ or "", EXAMPLES)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, metavar="FOLDER")
    add_choice(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object a run, one a line")
    flags = argparse.Namespace(**parser.read(words)[0])
    found = [*headings(flags.folder)]
    chosen = asked_for(found, flags)
    if flags.json:
        for heading in chosen:
            say(json.dumps({**heading._asdict(), "changed": heading.changed.isoformat()}))
    elif chosen:
        say(table_of(chosen))
    else:
        asked = " that are asked for" if is_choosy(flags) else ""
        note(f"no runs in {flags.folder}{asked}{meant_by(flags, found)}")
    return 0


EXAMPLES = """\
  python -m playground.runs                                     every run below logs/
  python -m playground.runs --problem inverse --sort loss       the smallest loss first
  python -m playground.runs --state killed --json               for other programs
  python -m playground.runs compare logs/inverse/* -o losses.png
  python -m playground.runs prune --keep-best 10                asks before it deletes
"""


def add_choice(parser: argparse.ArgumentParser) -> None:
    """The flags that say which runs, in which order."""
    parser.add_argument("--problem", metavar="NAME", help="runs of this study alone")
    parser.add_argument("--rule", metavar="NAME", help="runs with this step rule alone")
    parser.add_argument("--state", choices=RUN_STATES, help="runs that ended so, or have not")
    parser.add_argument("--sort", choices=SORT, default="changed", help="smallest or oldest first")
    parser.add_argument("--reverse", action="store_true", help="the other way round")
    parser.add_argument("--limit", type=whole(1), metavar="N", help="at most so many")


def is_choosy(flags: argparse.Namespace) -> bool:
    """Whether some runs are left out."""
    return any((flags.problem, flags.rule, flags.state))


def meant_by(flags: argparse.Namespace, found: Sequence[Heading]) -> str:
    """Which problem or rule of the runs that are there may have been meant."""
    for flag, synonyms in (("problem", {}), ("rule", CALLED)):
        asked, there = getattr(flags, flag), {getattr(heading, flag) for heading in found}
        close = nearest(asked, sorted(there - {""}), synonyms) if asked else ""
        if close and asked not in there:
            return f": did you mean --{flag} {close}?"
    return ""


def asked_for(found: Any, flags: argparse.Namespace) -> list[Heading]:
    """The runs that are asked for, those without the number that they are sorted by at the end."""
    chosen = [
        h
        for h in found
        if flags.problem in (None, h.problem)
        and flags.rule in (None, h.rule)
        and flags.state in (None, h.state)
    ]
    known = [h for h in chosen if is_known(getattr(h, flags.sort))]
    unknown = [h for h in chosen if not is_known(getattr(h, flags.sort))]
    known.sort(key=lambda h: getattr(h, flags.sort), reverse=flags.reverse)
    return [*known, *unknown][: flags.limit]


def is_known(value: object) -> bool:
    """Neither None nor NaN, which has no place in an order."""
    return value is not None and value == value


HEADS = ("run", "problem", "shape", "seed", "rule", "loss", "steps", "seconds", "state")


def table_of(chosen: Sequence[Heading]) -> str:
    """The runs as aligned columns."""
    rows = [HEADS, *([cell_of(heading, name) for name in HEADS] for heading in chosen)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADS))]
    numeric = {HEADS.index(name) for name in ("seed", "loss", "steps", "seconds")}
    lines = (
        "  ".join(
            cell.rjust(width) if i in numeric else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def cell_of(heading: Heading, name: str) -> str:
    """One cell."""
    value = getattr(heading, name)
    if value is None:
        return "-"
    if name == "seconds":
        return f"{value:.2f}"
    return (
        f"{value:.3g}"
        if isinstance(value, float)
        else f"{value:,}"
        if name == "steps"
        else str(value)
    )


# ------------------------------------------------------------------------------------- comparing


def compare_runs(words: list[str]) -> int:
    """Draw the losses of several runs over their steps on one picture."""
    parser = Parser(
        f"{COMMAND} compare", "RUN [RUN ...] -o PICTURE", compare_runs.__doc__ or "", EXAMPLES
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folder or .sqlite file")
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="PICTURE",
        required=True,
        help="the file that is written; its ending names the format",
    )
    flags = argparse.Namespace(**parser.read(words)[0])
    from playground.lab import plot  # late: a listing draws nothing

    records = {name: read_log(run) for name, run in zip(names(flags.runs), flags.runs, strict=True)}
    warning = incomparable(records)
    if warning:
        note(warning)
    losses = {name: record.loss for name, record in records.items()}
    try:
        with plot.offscreen():
            plot.save(plot.losses(losses), flags.out)
    except ValueError as error:  # of a format that is not known
        raise InputError(f"--out: {flags.out}: {error}") from error
    except OSError as error:
        raise InputError(f"--out: {flags.out}: {error.strerror or error}") from error
    say(f"picture   {flags.out}")
    return 0


def incomparable(records: Mapping[str, RunRecord]) -> str:
    """In a line, why a smaller loss of these runs is no better one; '' where it is."""
    unnamed = [name for name, record in records.items() if "problem" not in record.meta]
    if unnamed:
        whose = f"{unnamed[0]} does not say what its loss is about (fit(…, meta={{'problem': …}}))"
        return f"{whose}: only losses of one problem can be compared" if len(records) > 1 else ""
    traits = [
        {
            "problem": str(record.meta["problem"]),
            "shape": shape_text(record.layout.shapes),
            **comparables(record.meta),
        }
        for record in records.values()
    ]
    parts = []
    for trait in dict.fromkeys(name for one in traits for name in one):
        values = [*dict.fromkeys(one.get(trait, "none") for one in traits)]
        if len(values) > 1:
            more = ", …" if len(values) > MOST_VALUES else ""
            parts.append(f"{trait} ({', '.join(values[:MOST_VALUES])}{more})")
    # Of another problem everything else is other anyway.
    parts = parts[:1] if parts and parts[0].startswith("problem ") else parts
    return (
        f"these losses cannot be compared: the runs differ in {', '.join(parts)}" if parts else ""
    )


def names(runs: Sequence[Path]) -> list[str]:
    """What tells the runs apart: their last parts, or as many as that takes."""
    for depth in range(1, 1 + max(len(run.parts) for run in runs)):
        found = ["/".join(run.parts[-depth:]) for run in runs]
        if len(set(found)) == len(found):
            return found
    raise InputError("compare: one run is named twice")


# ------------------------------------------------------------------------------------- clearing


def prune(words: list[str]) -> int:
    """Delete all runs but the best of those whose losses can be compared; asks before.

    These are runs of one problem and shape with the same loss, the same data (the matrix, the
    table) and the same penalty, whatever their rule, start and stop. What meta= says of a run of
    your own fit(…) counts as well, as {"problem": "ridge", "penalty": 0.1}; without a problem in
    it the run stays.
    """
    parser = Parser(
        f"{COMMAND} prune", "[FOLDER] --keep-best N [flags]", prune.__doc__ or "", EXAMPLES
    )
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, metavar="FOLDER")
    parser.add_argument(
        "--keep-best",
        type=whole(0),
        metavar="N",
        required=True,
        help="runs of the smallest loss that stay, of all that are about one thing",
    )
    add_choice(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    flags = argparse.Namespace(**parser.read(words)[0])
    found = [*headings(flags.folder)]
    kinds = of_one_kind(asked_for(found, flags))
    doomed = [heading for kind in kinds.values() for heading in kind[flags.keep_best :]]
    if not doomed:
        say(f"nothing to delete{in_groups(kinds, flags.keep_best)}")
        return 0
    say(f"to be deleted, {len(doomed)} of {len(found)} runs{in_groups(kinds, flags.keep_best)}")
    say(table_of(doomed))
    if not (flags.yes or agreed(f"delete these {len(doomed)} runs?")):
        say("nothing is deleted")
        return 0
    for heading in doomed:
        remove_run(Path(heading.run))
    say(f"deleted {len(doomed)} runs")
    return 0


Kind: TypeAlias = tuple[str, str, str]


def of_one_kind(chosen: Sequence[Heading]) -> dict[Kind, list[Heading]]:
    """The runs that may go, by what their losses are about, the best of each kind first.

    A run that ``fit`` logged without ``meta={"problem": …}`` may be about any loss, with which no
    other can be compared: it stays. So does one that is running, or unreadable.
    """
    kinds: dict[Kind, list[Heading]] = {}
    for heading in chosen:
        # The paths of a field are parts of one run.
        part = Path(heading.run).parent.name == "paths"
        known = heading.state not in ("running", "unreadable") and heading.problem != UNNAMED
        if known and not part:
            about = heading.problem, heading.shape, heading.about
            kinds.setdefault(about, []).append(heading)
    for kind in kinds.values():
        kind.sort(key=lambda h: (not is_known(h.best), h.best))
    return kinds


def in_groups(kinds: Mapping[Kind, Sequence[Heading]], count: int) -> str:
    """Which runs were compared with which, and how many go."""
    large = {about: kind for about, kind in kinds.items() if len(kind) > count}
    small = len(kinds) - len(large)
    lines = [
        f"  {len(kind) - count} of {len(kind)} of {', '.join(filter(None, about))}"
        for about, kind in large.items()
    ]
    shown, more = lines[:MOST_GROUPS], len(lines) - MOST_GROUPS
    if more > 0:
        shown.append(f"  some of {counted_noun(more, 'other group')}")
    if small:
        shown.append(f"  none of {counted_noun(small, 'group')} of {count} or fewer")
    return ", by what their losses are about:\n" + "\n".join(shown) if shown else ""


def agreed(question: str) -> bool:
    """Ask; no answer means no."""
    if not sys.stdin or not sys.stdin.isatty():
        raise InputError("nobody can be asked here, as standard input is no terminal: add --yes")
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def remove_run(run: Path) -> None:
    """Take a run away: what it wrote, and its folder where nothing else is in there."""
    # Never a whole tree: a folder of runs may hold a user's own notes.
    if run.is_file():
        files, folder = [run, *run.parent.glob(f"{run.name}-*")], None
    else:
        files, folder = [f for f in run.iterdir() if f.name.endswith(WRITTEN)], run
    try:
        for file in files:
            if not file.is_dir():
                file.unlink()
        if folder is not None and not any(folder.iterdir()):
            folder.rmdir()
        elif folder is not None:
            note(f"{folder} stays: it holds other files")
    except OSError as error:
        raise InputError(f"{error.filename}: {error.strerror}") from error


if __name__ == "__main__":
    sys.exit(main())
