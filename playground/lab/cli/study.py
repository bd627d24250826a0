"""What a study tells the shared command line, and the way from a command line to an exit code."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from playground import _interrupts
from playground.graph.backend import Device, parse_device
from playground.lab.cli import folder
from playground.lab.cli.ending import (
    BAD_INPUT,
    CONVERGED,
    NOT_CONVERGED,
    Picture,
    guarded,
    told_of,
    write_pictures,
)
from playground.lab.cli.flags import (
    FlagGroup,
    Parser,
    add_computing_flags,
    add_output_flags,
    add_reading_flags,
)
from playground.lab.cli.streams import complain, note, say, say_path
from playground.lab.cli.text import report

__all__ = ["Study", "run"]


class Study:
    """One command: a subclass says what is computed, and how it is told, written and drawn.

    A subclass checks its flags in :meth:`draw` and :meth:`prepare` (raise InputError), before
    anything is written, and computes in :meth:`work`.

    Attributes:
        settings: one attribute a flag.
        device: where arrays are put.
        data: host arrays by name: what :meth:`draw` returned, in this run or in the one that is
            resumed. They are written as ``<name>.npy`` before the work begins.
        assumed: how files were read that can be written in several ways, a sentence each.
        began: when the command did, of ``time.monotonic``.
    """

    name: ClassVar[str]  # runs land in logs/<name>/
    about: ClassVar[str]  # the head of --help; it may be indented
    examples: ClassVar[str]  # the foot of --help
    usage: ClassVar[str] = "[flags]"
    resumable: ClassVar[bool] = False  # whether --resume goes on with a run
    logged: ClassVar[bool] = False  # whether a run log is written
    reads: ClassVar[bool] = False  # whether a flag names a file with numbers
    # A directory with such files holds a run, or something else that must not be mixed with one.
    endings: ClassVar[tuple[str, ...]] = (".npy", ".png", ".csv", ".sqlite")
    began: float
    assumed: Sequence[str] = ()

    def __init__(
        self,
        settings: argparse.Namespace,
        device: Device,
        data: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self.settings, self.device = settings, device
        self.data = self.draw() if data is None else data
        self.prepare()

    # ------------------------------------------------------------------------- flags and data

    @classmethod
    def parser(cls, command: str) -> Parser:
        """The parser of all flags."""
        parser = Parser(command, cls.usage, cls.about, cls.examples)
        own = parser.add_argument_group(f"the {cls.name} study")
        if cls.reads:
            add_reading_flags(parser.add_argument_group("how the file is written"))
        cls.add_shared_flags(parser)
        add_output_flags(parser.add_argument_group("what is written"), cls.name, cls.resumable)
        # Last, though first in the help: it may change defaults of the flags that stand by then.
        cls.add_flags(own)
        return parser

    @classmethod
    def add_flags(cls, group: FlagGroup) -> None:
        """Add the study's own flags; ``group.set_defaults`` changes those of shared ones."""

    @classmethod
    def add_shared_flags(cls, parser: Parser) -> None:
        """Add the flags that such studies have in common."""
        add_computing_flags(parser.add_argument_group("how it is computed"))

    def draw(self) -> Mapping[str, np.ndarray]:
        """The data, from files or from ``settings.seed``. Raises InputError."""
        return {}

    def prepare(self) -> None:
        """Make of settings and data what the other methods need. Raises InputError."""

    def warnings(self) -> list[str]:
        """Sentences that the user should read before the work."""
        return []

    @property
    def traits(self) -> list[str]:
        """How large, which loss, which rule: words of the name of its folder."""
        return []

    # ---------------------------------------------------------------------------- the answer

    def work(self) -> None:
        """Compute, and keep what was found; ``self.settings.out`` exists and is this run's own."""
        raise NotImplementedError

    @property
    def success(self) -> bool:
        """Whether what was found is right: the exit code is 0 then, else 1."""
        return True

    def headline(self) -> str:
        """What was found, in a line: with ``--quiet`` it is said of a failure alone."""
        raise NotImplementedError

    def answer(self) -> tuple[list[str], list[tuple[str, str]]]:
        """What was found: paragraphs, then (label, text) pairs for the list at the end."""
        return [], []

    def report(self) -> str:
        """The answer as text."""
        return report(*self.answer(), f"written    {self.settings.out}")

    def files(self) -> Mapping[str, np.ndarray | bytes]:
        """Files by name: arrays for ``.npy``, else their bytes."""
        return {}

    def pictures(self) -> Mapping[str, Picture]:
        """Axes, figures, or functions that draw them, by the name of the file without its ending.

        What is drawn by a function of its own can fail without the others.
        """
        return {}


def run(study: type[Study], argv: Sequence[str] | None = None) -> int:
    """Carry out one command line; returns the exit code.

    0 done or converged, 1 not as it should be, 2 bad input (one line on standard error), 130
    interrupted.
    """
    command = f"python -m playground.{study.name}"
    words = sys.argv[1:] if argv is None else argv
    return guarded(command, lambda: _conduct(study, command, words))


def _conduct(study: type[Study], command: str, words: Sequence[str]) -> int:
    began = time.monotonic()
    flags, given = study.parser(command).read(words)
    meta = folder.look_into(study, command, given) if "resume" in given else None
    settings = argparse.Namespace(**(folder.resumed(flags, given, meta) if meta else flags))
    device = parse_device(settings.device)
    # "auto" and "0" are other names of it: the log says where the run was, and a resume compares.
    settings.device = device.name
    task = study(settings, device, folder.kept_data(settings.out, meta) if meta else None)
    task.began = began
    # Before a directory is made: who reads them may want to stop here.
    for sentence in [device.note, *task.assumed, *task.warnings()]:
        if sentence:
            note(sentence)
    if meta is None:
        folder.claim(task)
    with device.use():
        task.work()
    _interrupts.check()
    # On disk before a word is said: a closed pipe must not lose what was found.
    for name, content in task.files().items():
        folder.write(settings.out / name, content)
    told = _told(task, command)
    if not settings.no_plot:
        write_pictures(task.pictures(), settings.out, quiet=settings.quiet or not told)
    return (CONVERGED if task.success else NOT_CONVERGED) if told else BAD_INPUT


def _told(task: Study, command: str) -> bool:
    """Say what was found; False, and a word about it, where standard output takes nothing."""
    try:
        if task.settings.quiet:
            # For scripts: OUT=$(python -m playground.inverse --size 3 --quiet)
            say_path(task.settings.out)
        else:
            say(f"{task.headline()}\n{task.report()}")
    except OSError as error:
        where = f"what was found is in {task.settings.out}"
        complain(f"{command}: error: cannot write to standard output ({told_of(error)}): {where}")
        return False
    if task.settings.quiet and not task.success:
        note("; ".join(task.headline().splitlines()))
    return True
