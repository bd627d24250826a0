"""The directory of a run: claimed by a new run, read again by a resumed one."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from playground.graph.errors import InputError
from playground.lab.cli.text import shell_word
from playground.lab.files import make_folder, write_whole
from playground.lab.runlog import read_meta

if TYPE_CHECKING:
    from playground.lab.cli.study import Study

__all__ = ["LOG_FILE", "claim", "kept_data", "logged_meta", "look_into", "resumed", "write"]

LOG_FILE = "run.sqlite"
# SQLite takes 512 bytes, of which the name of the log and of what lies beside it are some.
LONGEST_PATH = 480
# These say when to stop, or by what means, not how to get there: a resumed run may change them.
RESUMABLE = ("tol", "max_steps", "max_seconds", "engine")
# These are about the command, and no part of what is logged.
ABOUT_COMMAND = ("out", "resume", "no_plot", "quiet")


def logged_meta(task: Study) -> dict[str, Any]:
    """What the log keeps of a run: its settings, and checksums of its data."""
    settings = {k: v for k, v in vars(task.settings).items() if k not in ABOUT_COMMAND}
    checksums = {name: _checksum(array) for name, array in task.data.items()}
    return {"problem": task.name, "settings": settings, "data": checksums}


def look_into(study: type[Study], command: str, given: dict[str, Any]) -> dict[str, Any]:
    """What :func:`logged_meta` said of the run to be resumed; its directory becomes ``out``.

    Raises LogError if there is no log, InputError if it is of another study.
    """
    asked = Path(given["resume"])
    # The log itself is what a shell completes DIR/ to.
    directory = asked.parent if asked.name == LOG_FILE and asked.is_file() else asked
    if "out" in given and Path(given["out"]) != directory:
        raise InputError("--out and --resume contradict each other: a run goes on where it is")
    meta = read_meta(directory / LOG_FILE)
    parts = meta.get("settings"), meta.get("data")
    if meta.get("problem") != study.name or not all(isinstance(part, dict) for part in parts):
        raise InputError(f"{directory} holds no run of {command}: it cannot be resumed by it")
    parser = study.parser(command)
    for flag, value in meta["settings"].items():
        if not parser.accepts(flag, value):
            raise InputError(
                f"{directory} cannot be resumed: its log is damaged, it was made with "
                f"{ascii(value)[:80]} as its {flag!a}"
            )
    given["resume"] = given["out"] = directory
    return meta


def resumed(
    flags: dict[str, Any], given: Mapping[str, Any], meta: Mapping[str, Any]
) -> dict[str, Any]:
    """The flags of a resumed run: those given, else its own, else the defaults in ``flags``.

    Raises InputError where a flag contradicts the run.
    """
    logged = meta["settings"]
    # What is chosen by itself was chosen when the run began.
    given = {flag: value for flag, value in given.items() if value != "auto"}
    for flag, value in logged.items():
        asked = given.get(flag)
        if flag not in RESUMABLE and asked is not None and asked != value:
            name = "--" + flag.replace("_", "-")
            was = f"no {name}" if value is None else f"{name} {value}"
            raise InputError(
                f"{name} {asked} contradicts the run in {given['resume']}, which has {was}: leave "
                f"the flag out, or start a new run without --resume"
            )
    return {**flags, **logged, **given}


class _Kept(dict[str, np.ndarray]):
    """Data by name, of a run whose log says which there are."""

    def __missing__(self, name: str) -> np.ndarray:
        raise InputError(f"cannot resume: the log is damaged, it says nothing of the data {name!r}")


def kept_data(directory: Path, meta: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The data that the run in ``directory`` began with. Raises InputError."""
    kept = _Kept()
    for name, checksum in meta["data"].items():
        if not name.isidentifier():  # it could lead to another directory
            raise InputError(f"cannot resume: the log in {directory} is damaged")
        file = directory / f"{name}.npy"
        try:
            # Without pickle: a log may come from somebody else.
            array = np.load(file, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            array = None
        if array is None or _checksum(array) != checksum:
            raise InputError(
                f"cannot resume: {file} is missing, damaged or not the one the run began with"
            )
        kept[name] = array
    return kept


def _checksum(array: np.ndarray) -> int:
    # Shape and dtype as well: zeros of any shape have the same bytes. Against mix-ups, not malice.
    return zlib.crc32(array.tobytes(), zlib.crc32(repr((array.shape, array.dtype.str)).encode()))


def claim(task: Study) -> None:
    """Make the directory of a new run and put the data there. Raises InputError."""
    settings = task.settings
    if settings.out is None:
        base = Path("logs") / task.name / folder_name(task)
        # Several runs may begin within one second.
        tries = [base, *(base.with_name(f"{base.name}-{i}") for i in range(2, 1000))]
        settings.out = next(path for path in tries if not path.exists())
    settings.out = Path(settings.out)
    length = len(os.fsencode(settings.out.absolute()))
    if task.logged and length > LONGEST_PATH:
        long = f"--out: a path of {length:,} bytes is too long for a run log, which is SQLite's"
        raise InputError(f"{long}: at most {LONGEST_PATH}")
    try:
        make_folder(settings.out)
        # Two runs in one directory would mix their data and pictures without a word.
        if task.resumable and (settings.out / LOG_FILE).exists():
            way_on = f"--resume {shell_word(settings.out)}"
            held = f"{settings.out} holds a run already"
            raise InputError(f"{held}: continue it with {way_on}, or choose another --out")
        taken = sorted(p.name for p in settings.out.iterdir() if p.suffix in task.endings)
        if taken:
            held = f"{settings.out} holds {taken[0]} already"
            raise InputError(f"{held}: choose an empty directory for --out")
        for name, array in task.data.items():
            write(settings.out / f"{name}.npy", array)
    except OSError as error:
        in_the_way = isinstance(error, (FileExistsError, NotADirectoryError))
        reason = "a file is in the way" if in_the_way else (error.strerror or str(error)).lower()
        raise InputError(
            f"cannot write to {settings.out} ({reason}): name another directory with --out"
        ) from error


def folder_name(task: Study) -> str:
    """What a listing alone shall say of a run: problem, size, loss, rule, seed and time."""
    words = [task.name, *task.traits, f"seed{task.settings.seed}"]
    # Lower case and cut: two names that differ in case alone are one on some systems.
    plain = (re.sub(r"[^a-z0-9.]+", "-", word.lower()).strip("-.")[:40] for word in words)
    return "-".join([*filter(None, plain), f"{datetime.now():%Y%m%d-%H%M%S}"])


def write(path: Path, content: np.ndarray | bytes) -> None:
    """Write a file, an array as ``.npy``, whole or not at all. Raises OSError."""
    if isinstance(content, np.ndarray):
        stream = BytesIO()
        np.save(stream, content, allow_pickle=False)
        content = stream.getvalue()
    write_whole(path, content)
