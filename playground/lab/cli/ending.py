"""How a run ended: in a sentence, in numbers, in pictures and as an exit code."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from playground.graph.errors import DeviceError, FitError, InputError, LogError
from playground.lab.cli.folder import write_array
from playground.lab.cli.problem import Problem
from playground.lab.descent import counted
from playground.lab.fit import Fit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "BAD_INPUT",
    "CONVERGED",
    "INTERRUPTED",
    "NOT_CONVERGED",
    "draw",
    "finish",
    "guarded",
    "has_grown",
    "note",
    "report",
    "say",
    "write_arrays",
]

CONVERGED, NOT_CONVERGED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


def guarded(command: str, work: Callable[[], int]) -> int:
    """The exit code of ``work``; what a user can mend becomes one line on standard error."""
    try:
        return work()
    except (InputError, DeviceError, LogError, FitError, OSError) as error:
        message = str(error)
    except MemoryError:
        message = "not enough memory: choose a smaller problem or --dtype float32"
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return INTERRUPTED
    print(f"{command}: error: {message}", file=sys.stderr)
    return BAD_INPUT


def finish(task: Problem, command: str, result: Fit) -> int:
    """Write and say what a run has found; returns the exit code."""
    settings = task.settings
    resume = f"{command} --resume {shlex.quote(str(settings.out))}"
    if result.interrupted:
        say(f"interrupted at step {result.steps:,}; the log is kept. Continue: {resume}")
        return INTERRUPTED
    write_arrays(settings.out, task.results(result))
    say(_headline(task, result, resume))
    if not settings.quiet:
        say(_report(task, result))
    if not settings.no_plot:
        draw(task.pictures(result), settings.out, quiet=settings.quiet)
    return CONVERGED if result.converged else NOT_CONVERGED


def note(sentence: str) -> None:
    """Tell the user, beside the output."""
    print(f"note: {sentence}", file=sys.stderr)


def write_arrays(out: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write each array to ``<name>.npy``. Raises OSError."""
    for name, array in arrays.items():
        write_array(out / f"{name}.npy", array)


def say(text: str) -> None:
    """Print to standard output."""
    try:
        print(text, flush=True)
    except BrokenPipeError:  # whoever read it, such as head, has gone; the run has not failed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _headline(task: Problem, result: Fit, resume: str) -> str:
    """What happened and, on a line of its own, what would help."""
    steps = counted(result.steps, "step")
    if result.converged:
        return f"{task.success} after {steps}: {result.reason}"
    ended = f"not converged after {steps}: {result.reason}\n"
    if task.hopeless:
        return f"{ended}no flag helps: {task.hopeless}"
    ways = [task.advice(result), _way_on(task.settings, result, resume)]
    return f"{ended}what would help: {', or '.join(filter(None, ways)) or result.hint}"


def _way_on(settings: argparse.Namespace, result: Fit, resume: str) -> str:
    """The command that takes a run past the limit it ended at, unless it went the wrong way."""
    if result.ending in ("MaxSteps", "MaxSeconds") and has_grown(result):
        return ""
    if result.ending == "MaxSteps":
        return f"go on with {resume} --max-steps {10 * max(settings.max_steps, result.steps)}"
    if result.ending == "MaxSeconds":
        return f"go on with {resume} --max-seconds {10 * settings.max_seconds:g}"
    if result.ending == "stuck" and settings.restart == "none":
        return "allow restarts with --restart kick"
    return ""


def has_grown(result: Fit) -> bool:
    """Whether the last loss of a run without restarts is larger than its first."""
    losses = result.loss["loss"].to_numpy()
    return bool(not result.restarts and len(losses) and losses[-1] > losses[0])


def _report(task: Problem, result: Fit) -> str:
    """The answer and the numbers of the run."""
    paragraphs, entries = task.answer(result)
    losses, gradients = result.loss_evaluations, result.gradient_evaluations
    counts = [
        ("steps, restarts", f"{result.steps:,}, {result.restarts:,}"),
        ("evaluations", f"{losses:,} of the loss, {gradients:,} of the gradient"),
        ("seconds", f"{result.seconds:.2f}"),
    ]
    log = f"log        {task.settings.out}  (read it with playground.read_log)"
    return report(paragraphs, [*entries, *counts], log)


def report(paragraphs: Sequence[str], entries: Sequence[tuple[str, str]], foot: str) -> str:
    """Paragraphs, the (label, text) pairs as an aligned list, and a last line."""
    width = max((len(label) for label, _ in entries), default=0)
    lines = [f"{label:<{width}}   {text}" for label, text in entries]
    return "\n" + "\n\n".join([*paragraphs, *(["\n".join(lines)] if lines else []), foot])


def draw(pictures: Mapping[str, Axes | Figure], out: Path, *, quiet: bool) -> None:
    """Write each picture to ``<name>.png``, and say which unless ``quiet``."""
    from playground.lab import plot

    written = []
    try:
        for name, axes in pictures.items():
            written.append(plot.save(axes, out / f"{name}.png").name)
    except OSError as error:
        note(f"the pictures could not all be written ({error})")
    if written and not quiet:
        say(f"pictures   {', '.join(written)}")
