"""A command that evaluates and draws, without one descent that it is about."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from playground.graph.backend import Device, parse_device
from playground.lab.cli.ending import (
    CONVERGED,
    NOT_CONVERGED,
    draw,
    guarded,
    note,
    report,
    say,
    write_arrays,
)
from playground.lab.cli.flags import complete_study, read_study_flags
from playground.lab.cli.folder import claim
from playground.lab.cli.task import Task
from playground.lab.files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Study", "run_study"]


class Study(Task):
    """One study: a subclass says what is computed, and how it is told, written and drawn.

    Made from the settings and the device; a subclass checks its flags in ``__init__`` (raise
    InputError), before anything is written, and computes in :meth:`work`. Arrays in ``self.data``
    are written as ``<name>.npy`` when the directory is claimed.
    """

    resumable = False
    endings = (".npy", ".png", ".csv", ".sqlite")

    def __init__(self, settings: argparse.Namespace, device: Device) -> None:
        super().__init__(settings, {})
        self.device = device

    def work(self) -> None:
        """Compute, and keep what was found; ``self.settings.out`` exists and is this run's own."""
        raise NotImplementedError

    def headline(self) -> str:
        """What was found, in a line: all that ``--quiet`` prints."""
        raise NotImplementedError

    def answer(self) -> tuple[list[str], list[tuple[str, str]]]:
        """What was found: paragraphs, then (label, text) pairs for the list at the end."""
        return [], []

    @property
    def success(self) -> bool:
        """Whether what was found is right: the exit code is 0 then, else 1."""
        return True

    def results(self) -> dict[str, np.ndarray]:
        """Arrays that are written to ``<name>.npy``."""
        return {}

    def files(self) -> Mapping[str, bytes]:
        """Other files by name, such as ``field.csv``."""
        return {}

    def pictures(self) -> Mapping[str, Axes | Figure]:
        """Axes or figures by the name of the file they are written to, without its ending."""
        return {}


def run_study(study: type[Study], argv: Sequence[str] | None = None) -> int:
    """Carry out one command line; returns the exit code.

    0 done, 1 done but not as it should be, 2 bad input (one line on standard error), 130
    interrupted.
    """
    command = f"python -m playground.{study.name}"
    words = sys.argv[1:] if argv is None else argv
    return guarded(command, lambda: _run(study, command, words))


def _run(study: type[Study], command: str, argv: Sequence[str]) -> int:
    settings = read_study_flags(study, command, argv)
    complete_study(study, settings)
    device = parse_device(settings.device)
    settings.device = device.name
    task = study(settings, device)
    for sentence in [device.note, *task.warnings()]:
        if sentence:
            note(sentence)
    claim(task)
    with device.use():
        task.work()
    return _finish(task)


def _finish(task: Study) -> int:
    settings = task.settings
    write_arrays(settings.out, task.results())
    for name, content in task.files().items():
        write_whole(settings.out / name, content)
    say(task.headline())
    if not settings.quiet:
        say(report(*task.answer(), f"written    {settings.out}"))
    if not settings.no_plot:
        draw(task.pictures(), settings.out, quiet=settings.quiet)
    return CONVERGED if task.success else NOT_CONVERGED
