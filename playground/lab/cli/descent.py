"""A study that is one descent: logged, resumable, and told by how it ended."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from playground.graph.types import UserFunction
from playground.lab.cli.ending import Interrupted
from playground.lab.cli.flags import STEP_RULES, Parser, add_descent_flags
from playground.lab.cli.folder import LOG_FILE, logged_meta
from playground.lab.cli.progress import ProgressLine
from playground.lab.cli.study import Study
from playground.lab.cli.text import report, shell_word
from playground.lab.descent import Below, MaxSeconds, MaxSteps, Restart, Rule, Stop
from playground.lab.descent.advice import OUT_OF_REACH
from playground.lab.fit import Fit, fit

__all__ = ["Descent"]


class Descent(Study):
    """One problem: a subclass says what is minimised, from where, and what the answer means.

    Its data hold the ``start``; ``self.result`` is what the descent found.
    """

    losses: ClassVar[tuple[str, ...]]  # the choices of --loss, the default first
    rules: ClassVar[tuple[str, ...]] = STEP_RULES  # the choices of --rule, the default first
    measure: ClassVar[str] = "the loss"  # what --tol is about
    usage = "[--resume DIR] [flags]"
    resumable = logged = True
    # Tables may lie there: the matrix that is read, for one.
    endings = (".npy", ".png")
    result: Fit

    @classmethod
    def add_shared_flags(cls, parser: Parser) -> None:
        add_descent_flags(parser, cls.losses, cls.rules, cls.measure)

    @property
    def extent(self) -> str:
        """How large the problem is, in a word."""
        return "x".join(map(str, self.data["start"].shape))

    @property
    def traits(self) -> list[str]:
        loss = self.settings.loss if len(self.losses) > 1 else ""
        rule = self.rule()
        return [self.extent, loss, rule if isinstance(rule, str) else rule.settings()["name"]]

    def loss(self) -> UserFunction:
        """The function of arrays that is minimised, its constants on ``self.device``."""
        raise NotImplementedError

    def rule(self) -> str | Rule:
        """The step rule, or its name."""
        return self.settings.rule

    def goal(self) -> Stop:
        """The stop rule that means success."""
        return Below(self.settings.tol)

    def restart(self) -> str | Restart:
        """What follows when the descent is stuck, or its name."""
        return self.settings.restart

    def watch(self) -> Mapping[str, Callable[..., Any]]:
        """Functions of the point whose values are logged with every step, by name."""
        return {}

    @property
    def met(self) -> str:
        """What the goal, once met, is called."""
        return "converged"

    def advice(self) -> str:
        """What would help a run that did not converge, or '' to leave it to the stop rule."""
        return ""

    # -------------------------------------------------------------------------- the descent

    def work(self) -> None:
        settings = self.settings
        limits: list[Stop] = [] if settings.max_steps is None else [MaxSteps(settings.max_steps)]
        self._spent_before = spent = time.monotonic() - self.began
        # What is not finite is reported by the fit: NumPy's warnings would tear the progress line.
        quietly = np.errstate(all="ignore")
        with quietly, ProgressLine(sys.stderr, quiet=settings.quiet) as progress:
            self.result = fit(
                self.loss(),
                self.data["start"],
                rule=self.rule(),
                # Reading and preparing count as well.
                stop=[
                    self.goal(),
                    *limits,
                    MaxSeconds(settings.max_seconds, spent),
                ],
                restart=self.restart(),
                log=settings.out / LOG_FILE,
                # Of the kicks: another generator than the one that drew the data with this seed.
                rng=settings.seed,
                watch=self.watch(),
                resume=settings.resume is not None,
                progress=progress,
                device=self.device,
                meta=logged_meta(self),
                engine=settings.engine,
            )
        self._ended = time.monotonic()
        if self.result.interrupted:
            at = f"{self.result.steps:,}; the log is kept"
            # Nothing is written or drawn then: who presses Ctrl-C wants out.
            raise Interrupted(f"interrupted at step {at}. Continue: {self._resume}")

    @property
    def seconds_left(self) -> float:
        """What is left of --max-seconds, sessions before a resume counted as well."""
        spent = self.result.seconds + self._spent_before + time.monotonic() - self._ended
        return float(self.settings.max_seconds) - spent

    def caption(self, what: str) -> str:
        """The title of the pictures: which problem, which loss, which rule, which seed."""
        settings = self.settings
        loss = f"loss {settings.loss}" if len(self.losses) > 1 else ""
        rule = f"rule {self.result.log.rule or settings.rule}"
        return " · ".join(filter(None, [what, loss, rule, f"seed {settings.seed}"]))

    # --------------------------------------------------------------------------- the ending

    @property
    def success(self) -> bool:
        return self.result.converged

    @property
    def _resume(self) -> str:
        """The command that goes on with this run."""
        return f"python -m playground.{self.name} --resume {shell_word(self.settings.out)}"

    def headline(self) -> str:
        """What happened and, on a line of its own, what would help."""
        result = self.result
        if result.converged:
            return f"{self.met} after {result.took}: {result.reason}"
        return f"not converged after {result.took}: {result.reason}\n{self.cure()}"

    def cure(self) -> str:
        """The line about what would help."""
        # Whatever is slow about a run that has ended: where it ended it would end again.
        if self.result.hint.startswith(OUT_OF_REACH):
            return f"what would help: {self.result.hint}"
        ways = filter(None, [self.advice(), self._way_on()])
        return f"what would help: {', or '.join(ways) or self.result.hint}"

    def _way_on(self) -> str:
        """The command that takes a run past the limit it ended at, unless it went the wrong way."""
        settings, result = self.settings, self.result
        limited = result.ending in ("MaxSteps", "MaxSeconds")
        # More of steps that lead uphill, or nowhere any more, would help nobody.
        if limited and (self.has_grown or not result.hint.startswith("allow more")):
            return ""
        if result.ending == "MaxSteps":
            more = 10 * max(settings.max_steps, result.steps)
            return f"go on with {self._resume} --max-steps {more}"
        if result.ending == "MaxSeconds":
            return f"go on with {self._resume} --max-seconds {10 * settings.max_seconds:g}"
        if result.ending == "stuck" and settings.restart == "none":
            return "allow restarts with --restart kick"
        return ""

    @property
    def has_grown(self) -> bool:
        """Whether the last loss of a run without restarts is larger than its first."""
        losses = self.result.loss["loss"].to_numpy()
        return bool(not self.result.restarts and len(losses) and losses[-1] > losses[0])

    def report(self) -> str:
        """The answer and the numbers of the run."""
        result = self.result
        paragraphs, entries = self.answer()
        losses, gradients = result.loss_evaluations, result.gradient_evaluations
        counts = [
            ("steps, restarts", f"{result.steps:,}, {result.restarts:,}"),
            ("evaluations", f"{losses:,} of the loss, {gradients:,} of the gradient"),
            ("seconds", f"{result.seconds:.2f}"),
            ("engine", result.engine),
        ]
        log = f"log        {self.settings.out}  (read it with playground.read_log)"
        return report(paragraphs, [*entries, *counts], log)
