"""How a run ended: in a sentence, in numbers, in pictures and as an exit code."""

from __future__ import annotations

import argparse
import os
import shlex
import sys

from playground.lab.cli.folder import write_array
from playground.lab.cli.problem import Problem
from playground.lab.fit import Fit

__all__ = ["BAD_INPUT", "CONVERGED", "INTERRUPTED", "NOT_CONVERGED", "finish", "note"]

CONVERGED, NOT_CONVERGED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


def finish(task: Problem, command: str, result: Fit) -> int:
    """Write and say what a run has found; returns the exit code."""
    settings = task.settings
    resume = f"{command} --resume {shlex.quote(str(settings.out))}"
    if result.interrupted:
        _say(f"interrupted at step {result.steps:,}; the log is kept. Continue: {resume}")
        return INTERRUPTED
    for name, array in task.results(result).items():
        write_array(settings.out / f"{name}.npy", array)
    _say(_headline(task, result, resume))
    if not settings.quiet:
        _say(_report(task, result))
    if not settings.no_plot:
        _draw(task, result)
    return CONVERGED if result.converged else NOT_CONVERGED


def note(sentence: str) -> None:
    """Tell the user, beside the output."""
    print(f"note: {sentence}", file=sys.stderr)


def _say(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:  # whoever read it, such as head, has gone; the run has not failed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _headline(task: Problem, result: Fit, resume: str) -> str:
    """What happened and, on a line of its own, what would help."""
    steps = f"{result.steps:,} step{'' if result.steps == 1 else 's'}"
    if result.converged:
        return f"converged after {steps}: {result.reason}"
    ended = f"not converged after {steps}: {result.reason}\n"
    if task.hopeless:
        return f"{ended}no flag helps: {task.hopeless}"
    ways = [task.advice(result), _way_on(task.settings, result, resume)]
    return f"{ended}what would help: {', or '.join(filter(None, ways)) or result.hint}"


def _way_on(settings: argparse.Namespace, result: Fit, resume: str) -> str:
    """The command that takes a run past the limit it ended at."""
    if result.ending == "MaxSteps":
        return f"go on with {resume} --max-steps {10 * max(settings.max_steps, result.steps)}"
    if result.ending == "MaxSeconds":
        return f"go on with {resume} --max-seconds {10 * settings.max_seconds:g}"
    if result.ending == "stuck" and settings.restart == "none":
        return "allow restarts with --restart kick"
    return ""


def _report(task: Problem, result: Fit) -> str:
    """The answer and the numbers of the run."""
    paragraphs, entries = task.answer(result)
    losses, gradients = result.loss_evaluations, result.gradient_evaluations
    counts = [
        ("steps, restarts", f"{result.steps:,}, {result.restarts:,}"),
        ("evaluations", f"{losses:,} of the loss, {gradients:,} of the gradient"),
        ("seconds", f"{result.seconds:.2f}"),
    ]
    width = max(len(label) for label, _ in [*entries, *counts])
    lines = [f"{label:<{width}}   {text}" for label, text in [*entries, *counts]]
    log = f"log        {task.settings.out}  (read it with playground.read_log)"
    return "\n" + "\n\n".join([*paragraphs, "\n".join(lines), log])


def _draw(task: Problem, result: Fit) -> None:
    from playground.lab import plot

    written = []
    try:
        for name, axes in task.pictures(result).items():
            written.append(plot.save(axes, task.settings.out / f"{name}.png").name)
    except OSError as error:
        note(f"the pictures could not all be written ({error})")
    if not task.settings.quiet:
        _say(f"pictures   {', '.join(written)}")
