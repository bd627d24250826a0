"""The loop of a descent: where it stands, row after row, until it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from time import monotonic
from typing import Any

from playground.graph.backend import to_cpu
from playground.graph.errors import FitError
from playground.lab.chance import Random, make_rng, restore_rng, rng_state
from playground.lab.descent import BarzilaiBorwein, Course, Restart, Rule, Stop
from playground.lab.descent.vectors import squared
from playground.lab.objective import Objective
from playground.lab.runlog import RunLog

__all__ = ["Ending", "Loop", "Progress"]

PROGRESS_SECONDS = 0.1
Progress = Callable[[int, float, float, int, float], Any]


@dataclass(frozen=True)
class Ending:
    """Why a loop ended; ``here`` if the point it ended at is the answer."""

    name: str
    reason: str
    hint: str = ""
    converged: bool = False
    here: bool = False


class Loop:
    """A descent under way: its parts, and where it stands.

    ``point`` is the newest accepted point, ``grads`` the gradient there, ``step_size`` that of the
    step that leaves it, and ``trouble`` says what is not finite.
    """

    def __init__(
        self,
        objective: Objective,
        rule: Rule,
        stops: list[Stop],
        restart: Restart,
        log: RunLog,
        rng: Random | None,
        watch: Mapping[str, Callable[..., Any]],
        progress: Progress | None,
    ) -> None:
        self.objective, self.rule, self.stops, self.restart = objective, rule, stops, restart
        self.log, self.watch, self.progress = log, list(watch.values()), progress
        rule.reset()  # it may have served another run
        self.point, self.grads = objective.start, list[Any]()
        self.step_size = rule.step_size
        self.restarts, self.trouble = 0, ""
        # Whether all of this agrees with the newest row of the log.
        self.settled = False
        self._next_report = 0.0
        if log.rows:
            self._continue(rng)
        else:
            self.rng = make_rng(rng)
            self.course = Course(objective.call, self.point)
        log.checkpoint = self.state

    # ---------------------------------------------------------------------------- the loop

    def run(self) -> Ending:
        """Rows until a stop rule is met, or there is no way on."""
        rule, course, objective = self.rule, self.course, self.objective
        if not self.log.rows:
            self._land(self.point, objective.check(), True)
        while True:
            for stop in self.stops:
                if stop.met(course):
                    return self._ended_by(stop)
            fresh = not self.step_size >= rule.minimum or bool(self.trouble)
            if fresh:
                point = self._restarted()
            elif rule.stride is not None:
                point = objective.moved(self.point, 1.0, rule.stride)
            else:
                point = objective.moved(self.point, self.step_size, self.grads)
            if point is None:
                return self._stuck()
            self._land(point, objective.evaluate(point), fresh)
            if self.progress is not None and monotonic() >= self._next_report:
                self._report()

    def _land(self, point: Any, value: float, fresh: bool) -> None:
        """Move to a point that was evaluated, if it is accepted, and log it."""
        objective, rule, course = self.objective, self.rule, self.course
        judged = rule.takes_back and not fresh
        accepted = isfinite(value) and (not judged or rule.accepts(value, objective.gradient))
        if accepted:
            grads = objective.gradient()
            squared_norm = squared(grads)
        watched = self._watched(point) if self.watch else ()
        self.settled = False
        if accepted:
            self.point = course.point = point
            self.grads, course.squared_norm = grads, squared_norm
            if isfinite(squared_norm):
                self.step_size = rule.step(value, grads, squared_norm)
            else:
                self.trouble = "the gradient is not finite"
        elif judged:
            self.step_size = rule.refused()
        else:
            self.trouble = f"the loss is {value}"
        course.step += 1
        course.value, course.accepted = value, accepted
        logged: Any = objective.grads
        if objective.single:
            point, logged = point[0], logged and logged[0]
        self.log.row(value, self.step_size, self.restarts, accepted, point, logged, watched)
        self.settled = True

    def _restarted(self) -> list[Any] | None:
        """A point to start again from, or None if that is not to be."""
        limit = self.restart.limit
        if limit is not None and self.restarts >= limit:
            return None
        self.settled = False
        self.restarts += 1
        self.rule.reset()
        self.step_size, self.trouble = self.rule.step_size, ""
        base = [to_cpu(array) for array in self.point]
        return self.objective.take(self.restart.point(base, self.restarts, self.rng))

    def _ended_by(self, stop: Stop) -> Ending:
        name = type(stop).__name__
        hint = stop.hint if stop.converged else self._advised(stop.hint)
        return Ending(name, stop.reason or name, hint, stop.converged, stop.here)

    def _advised(self, hint: str) -> str:
        better = BarzilaiBorwein.name
        other = "" if self.rule.name == better else f"try the rule {better!r}"
        return ", or ".join(filter(None, [hint, other]))

    def _stuck(self) -> Ending:
        used = f", and all {self.restarts:,} restarts are used up" if self.restarts else ""
        if self.trouble:
            hint = "start elsewhere, or with a smaller step size"
            return Ending("not finite", f"{self.trouble}{used}", hint)
        zero = ": the gradient is zero" if self.course.squared_norm == 0.0 else ""
        reason = f"the step size fell below {self.rule.minimum:g}{zero}{used}"
        return Ending("stuck", reason, self._advised("allow restarts ('kick' or 'fresh')"))

    def _watched(self, point: list[Any]) -> list[float]:
        return [float(to_cpu(self.objective.call(function, point))) for function in self.watch]

    def _report(self) -> None:
        course = self.course
        self._next_report = monotonic() + PROGRESS_SECONDS
        if self.progress is not None:
            self.progress(course.step, course.value, self.step_size, self.restarts, course.seconds)

    # ---------------------------------------------------------------------------- resuming

    def state(self) -> dict[str, Any]:
        """Where the run stands, beside what the log knows itself."""
        course = self.course
        return {
            "rule": self.rule.settings(),
            "restart": self.restart.settings(),
            "rule_state": self.rule.state(),
            "stop_states": [[type(stop).__name__, stop.state()] for stop in self.stops],
            "rng": rng_state(self.rng),
            "step_size": self.step_size,
            "restarts": self.restarts,
            "trouble": self.trouble,
            "accepted": course.accepted,
            "squared_norm": course.squared_norm,
            "gradient_evaluations": self.objective.gradient_evaluations,
            "seconds": course.seconds,
        }

    def _continue(self, rng: Random | None) -> None:
        """Go back to the newest checkpoint of the log."""
        log, state = self.log, self.log.state
        self._check_parts(state)
        base, last = log.base, log.last
        if base is None or last is None:
            raise FitError(f"the log at {log.path} holds no checkpoint of a fit to resume from")
        self.point, self.grads = self._arrays(base.point), self._arrays(base.grad)
        self.rule.restore(state["rule_state"], self.grads)
        for stop, (name, saved) in zip(self.stops, state["stop_states"], strict=False):
            if type(stop).__name__ == name:
                stop.restore(saved)
        self.rng = restore_rng(rng, state["rng"])
        self.step_size, self.restarts = state["step_size"], state["restarts"]
        self.trouble = state["trouble"]
        self.objective.gradient_evaluations = state["gradient_evaluations"]
        self.course = course = Course(self.objective.call, self.point, state["seconds"])
        course.step, course.value = last.step, last.value
        course.accepted, course.squared_norm = state["accepted"], state["squared_norm"]
        self.settled = True

    def _check_parts(self, state: dict[str, Any]) -> None:
        for what, part in (("rule", self.rule), ("restart", self.restart)):
            if state.get(what) != part.settings():
                raise FitError(
                    f"the log at {self.log.path} belongs to another run: its {what} is "
                    f"{state.get(what)}, this one's {part.settings()}: resume it with the same"
                )

    def _arrays(self, packed: Any) -> list[Any]:
        layout = self.log.layout
        return self.objective.take(layout.split(layout.pack(packed)))
