"""From a command line to an exit code."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from playground.graph.backend import Device, parse_device
from playground.lab.cli.ending import finish, guarded, note
from playground.lab.cli.flags import complete, read_flags
from playground.lab.cli.folder import LOG_FILE, claim, describe, kept_data, look_into
from playground.lab.cli.problem import Problem
from playground.lab.cli.progress import Progress
from playground.lab.descent import FreshStart, MaxSeconds, MaxSteps
from playground.lab.fit import Fit, fit

__all__ = ["run"]


def run(problem: type[Problem], argv: Sequence[str] | None = None) -> int:
    """Carry out one command line; returns the exit code.

    0 converged, 1 not converged, 2 bad input (one line on standard error), 130 interrupted.
    """
    command = f"python -m playground.{problem.name}"
    words = sys.argv[1:] if argv is None else argv
    return guarded(command, lambda: _run(problem, command, words))


def _run(problem: type[Problem], command: str, argv: Sequence[str]) -> int:
    started = time.monotonic()
    settings = read_flags(problem, command, argv)
    meta = None if settings.resume is None else look_into(problem, command, settings)
    complete(problem, settings, meta["settings"] if meta else {})
    device = parse_device(settings.device)
    settings.device = device.name
    data = kept_data(problem, settings.out, meta) if meta else problem.draw(settings)
    task = problem(settings, data)
    for sentence in [device.note, *task.warnings()]:
        if sentence:
            note(sentence)
    if meta is None:
        claim(task)
    return finish(task, command, _descend(task, device, started))


def _descend(task: Problem, device: Device, started: float) -> Fit:
    settings = task.settings
    loss, goal = task.loss(device), task.goal(device)
    limits: list[Any] = [MaxSteps(settings.max_steps)] if settings.max_steps is not None else []
    # What is not finite is reported by the fit: NumPy's warnings would tear the progress line.
    quietly = np.errstate(all="ignore")
    with quietly, Progress(sys.stderr, quiet=settings.quiet) as progress:
        return fit(
            loss,
            task.data["start"],
            rule=task.rule(),
            # Reading and preparing count as well.
            stop=[goal, *limits, MaxSeconds(settings.max_seconds, time.monotonic() - started)],
            restart=FreshStart(task.fresh) if settings.restart == "fresh" else settings.restart,
            log=settings.out / LOG_FILE,
            rng=settings.seed,
            watch=task.watch(device),
            resume=settings.resume is not None,
            progress=progress,
            device=device,
            meta=describe(task),
        )
