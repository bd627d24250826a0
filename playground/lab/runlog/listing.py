"""Many runs at a glance: what a listing shows of each, without reading its rows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from playground.graph.errors import LogError
from playground.graph.types import Shape
from playground.lab.runlog.checks import layout_of
from playground.lab.runlog.lease import Lease
from playground.lab.runlog.record import frame_of
from playground.lab.runlog.store import Store, naming_the_file

if TYPE_CHECKING:
    import pandas

__all__ = [
    "UNNAMED",
    "Heading",
    "comparables",
    "heading_of",
    "headings",
    "read_runs",
    "shape_text",
]


# The problem of a run that fit was given no name for.
UNNAMED = "fit"
# Settings of a study that say how to get there, from where and until when, and how a file is read.
ABOUT_THE_WAY = {
    *("rule", "restart", "device", "tol", "max_steps", "max_seconds", "lr", "step_size", "starts"),
    *("engine", "start", "anyway", "decimal", "sep", "header", "encoding"),
}
# Those that say where data come from: of two names for one matrix its checksum knows better.
SOURCES = {"seed", "size", "matrix", "data", "targets"}


class Heading(NamedTuple):
    """One run in a line; what is not known is None.

    ``run`` is its folder, ``shape`` that of the parameters (``parameters`` of them), ``about`` what
    its losses are about beside problem and shape (:func:`comparables`), ``loss`` the one at its
    end, ``best`` the smallest, ``state`` one of converged, not converged, interrupted, running,
    killed and unreadable; ``note`` says why it ended, or what is wrong with the file.
    """

    run: str
    problem: str
    shape: str
    parameters: int | None
    seed: int | None
    criterion: str
    about: str
    rule: str
    loss: float | None
    best: float | None
    steps: int | None
    restarts: int | None
    seconds: float | None
    state: str
    changed: datetime
    note: str


def read_runs(folder: str | os.PathLike[str] = "logs") -> pandas.DataFrame:
    """Every run at and below ``folder``, one row each, the oldest first.

    The columns are those of a listing: ``run`` (its folder, which :func:`read_log` takes), problem,
    shape and number of the parameters, seed, criterion, about (runs with the same text there, of
    one problem and shape, have losses that can be compared), rule, loss at the end and best, steps,
    restarts, seconds, state, changed (when the file was) and a note. Raises LogError if there is no
    such folder.
    """
    found = sorted(headings(folder), key=lambda heading: heading.changed)
    return frame_of({name: [getattr(h, name) for h in found] for name in Heading._fields})


def headings(folder: str | os.PathLike[str]) -> Iterator[Heading]:
    """The runs at and below a folder, in the order of their names. Raises LogError."""
    if not os.path.isdir(folder):
        raise LogError(f"there is no folder {os.fspath(folder)}: name one that holds runs")
    for where, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.endswith(".sqlite"):
                yield heading_of(Path(where, name))


def heading_of(file: Path) -> Heading:
    """The heading of one log."""
    run = os.fspath(file.parent if file.name == "run.sqlite" else file)
    changed = datetime.fromtimestamp(file.stat().st_mtime)
    known = {"run": run, "changed": changed, "state": "unreadable", "note": ""}
    for word in ("problem", "shape", "criterion", "about", "rule"):
        known[word] = ""
    try:
        store = Store.open(file)
        try:
            known |= _said_by(store, file)
        finally:
            store.close()
    except LogError as error:
        known["note"] = str(error)
    return Heading(**{**dict.fromkeys(Heading._fields), **known})  # type: ignore[arg-type]


def shape_text(shapes: Sequence[Shape]) -> str:
    """The shapes of all parameters: 3x3, 3."""
    return ", ".join("x".join(map(str, shape)) or "1" for shape in shapes)


def comparables(meta: Mapping[str, Any]) -> dict[str, str]:
    """What of ``meta`` makes losses another thing, by name: the loss, the data, a penalty …

    Whatever is not known to be about the way alone counts. Where the log has checksums of its data,
    these stand for the names of files and the seed; but not the start's, which is the way's.
    """
    settings, sums = _dict(meta.get("settings")), _dict(meta.get("data"))
    aside = ABOUT_THE_WAY | (SOURCES if sums else set())
    other = {name: value for name, value in meta.items() if name not in ("problem", "settings")}
    if sums:
        other |= {"data": None} | {name: _hex(value) for name, value in sums.items()}
        other.pop("start", None)
    found = {**{k: v for k, v in settings.items() if k not in aside}, **other}
    # What is off, or not there, is not worth a word.
    return {k: v if isinstance(v, str) else json.dumps(v) for k, v in found.items() if v}


def _hex(checksum: object) -> str:
    return f"{checksum:08x}" if isinstance(checksum, int) else str(checksum)


def _said_by(store: Store, file: Path) -> dict[str, Any]:
    # At once: the parts then agree, while the run goes on.
    with naming_the_file(store.where):
        found = store.get_all("layout", "meta", "summary", "state")
    layout = layout_of(store.where, found["layout"])
    # Of a damaged log everything may be of any type.
    meta, summary, head = (_dict(found[key]) for key in ("meta", "summary", "state"))
    settings, state, marks = map(
        _dict, (meta.get("settings"), head.get("state"), head.get("marks"))
    )
    rows = _float(head.get("rows"))
    return {
        "problem": str(meta.get("problem", UNNAMED)),
        "shape": shape_text(layout.shapes),
        "parameters": layout.size,
        "seed": _whole(settings.get("seed")),
        "criterion": str(settings.get("loss", "")),
        "about": ", ".join(f"{name} {text}" for name, text in comparables(meta).items()),
        "rule": str(_dict(state.get("rule")).get("name", "")),
        "loss": _float(summary.get("value", _second(marks.get("last")))),
        "best": _float(_second(marks.get("best"))),
        "steps": _whole(summary.get("steps", None if rows is None else max(rows - 1, 0))),
        "restarts": _whole(state.get("restarts")),
        "seconds": _float(state.get("seconds")),
        "state": _state(summary, file),
        "note": str(summary.get("reason", "")),
    }


def _state(summary: dict[str, Any], file: Path) -> str:
    if not summary:
        return "running" if Lease.is_taken(file) else "killed"
    if summary.get("converged"):
        return "converged"
    return "interrupted" if summary.get("interrupted") else "not converged"


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _second(pair: object) -> Any:
    return pair[1] if isinstance(pair, list) and len(pair) == 2 else None


def _float(value: object) -> float | None:
    # A whole number of a damaged log may be larger than any float.
    if isinstance(value, int) and abs(value) >= 1 << 1000:
        return None
    return float(value) if isinstance(value, (int, float)) else None


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, (int, float)) and value == value // 1 else None
