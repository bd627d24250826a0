"""The directory of a run: claimed by a new run, read again by a resumed one."""

from __future__ import annotations

import argparse
import shlex
import zlib
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from playground.graph.errors import InputError
from playground.lab.cli.problem import Problem
from playground.lab.cli.task import Task
from playground.lab.files import write_whole
from playground.lab.runlog import read_log

__all__ = ["LOG_FILE", "claim", "describe", "kept_data", "look_into", "write_array"]

LOG_FILE = "run.sqlite"


def describe(task: Problem) -> dict[str, Any]:
    """What the log keeps of a run: its settings, and checksums of its data."""
    about_command = ("out", "resume", "no_plot", "quiet")
    settings = {k: v for k, v in vars(task.settings).items() if k not in about_command}
    checksums = {name: _checksum(array) for name, array in task.data.items()}
    return {"problem": task.name, "settings": settings, "data": checksums}


def look_into(problem: type[Problem], command: str, settings: argparse.Namespace) -> dict[str, Any]:
    """What :func:`describe` said of the run to be resumed; its directory becomes ``out``.

    Raises LogError if there is no log, InputError if it is of another problem.
    """
    given = Path(settings.resume)
    directory = given.parent if given.name == LOG_FILE and given.is_file() else given
    if settings.out is not None and Path(settings.out) != directory:
        raise InputError("--out and --resume contradict each other: a run goes on where it is")
    meta = read_log(directory / LOG_FILE).meta
    parts = meta.get("settings"), meta.get("data")
    if meta.get("problem") != problem.name or not all(isinstance(part, dict) for part in parts):
        raise InputError(f"{directory} holds no run of {command}: it cannot be resumed by it")
    settings.resume = settings.out = directory
    return meta


def kept_data(problem: type[Problem], directory: Path, meta: dict[str, Any]) -> dict[str, Any]:
    """The data that the run in ``directory`` began with. Raises InputError."""
    return {name: _kept_array(directory, name, meta["data"]) for name in problem.data_names}


def _kept_array(directory: Path, name: str, checksums: dict[str, int]) -> np.ndarray:
    file = directory / f"{name}.npy"
    try:
        array = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        array = None
    if array is None or _checksum(array) != checksums.get(name):
        raise InputError(
            f"cannot resume: {file} is missing, damaged or not the one the run began with"
        )
    return array


def _checksum(array: np.ndarray) -> int:
    return zlib.crc32(array.tobytes(), zlib.crc32(repr((array.shape, array.dtype.str)).encode()))


def claim(task: Task) -> None:
    """Make the directory of a new run and put the data there. Raises InputError."""
    settings = task.settings
    if settings.out is None:
        settings.out = _new_directory(task.name, settings.seed)
    settings.out = Path(settings.out)
    try:
        settings.out.mkdir(parents=True, exist_ok=True)
        _refuse_used(task, settings.out)
        for name, array in task.data.items():
            write_array(settings.out / f"{name}.npy", array)
    except OSError as error:
        in_the_way = isinstance(error, (FileExistsError, NotADirectoryError))
        reason = "a file is in the way" if in_the_way else (error.strerror or str(error)).lower()
        raise InputError(
            f"cannot write to {settings.out} ({reason}): name another directory with --out"
        ) from error


def _new_directory(name: str, seed: int) -> Path:
    base = Path("logs") / name / f"{datetime.now():%Y%m%d-%H%M%S}-{seed}"
    tries = [base, *(base.with_name(f"{base.name}-{i}") for i in range(2, 1000))]
    return next(path for path in tries if not path.exists())


def _refuse_used(task: Task, out: Path) -> None:
    if task.resumable and (out / LOG_FILE).exists():
        way_on = f"--resume {shlex.quote(str(out))}"
        raise InputError(
            f"{out} holds a run already: continue it with {way_on}, or choose another --out"
        )
    taken = sorted(path.name for path in out.iterdir() if path.suffix in task.endings)
    if taken:
        raise InputError(f"{out} holds {taken[0]} already: choose an empty directory for --out")


def write_array(path: Path, array: np.ndarray) -> None:
    """Write a ``.npy`` file, whole or not at all. Raises OSError."""
    content = BytesIO()
    np.save(content, array, allow_pickle=False)
    write_whole(path, content.getvalue())
