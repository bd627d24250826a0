"""The loop of a descent: where it stands, row after row, until it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan, sqrt
from textwrap import shorten
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from playground.graph.backend import array_like, as_number, is_array, is_recorded, to_cpu
from playground.graph.errors import FitError
from playground.graph.types import Random, Raw
from playground.lab.bounds import box_in_json
from playground.lab.descent import Restart, Rule, Standing, Stop, counted
from playground.lab.descent.advice import Course, what_helps
from playground.lab.descent.restarts import make_rng, restore_rng, rng_state
from playground.lab.engines import Engine
from playground.lab.objective import Objective
from playground.lab.runlog import RunLog
from playground.lab.runlog.points import Mark
from playground.lab.runlog.store import damaged
from playground.optimizers.arithmetic import State, is_possible, square_sum

if TYPE_CHECKING:
    from playground.lab.rounds import Rounds, Row

__all__ = ["Ending", "Loop", "ProgressFunction"]

PROGRESS_SECONDS = 0.1
# Called with step, value, step size, restarts and seconds.
ProgressFunction = Callable[[int, float, float, int, float], Any]
# Of the checkpoint. Without a number the state of a rule had other parts than the rule says now.
FORMAT = 2
# So many may lie between two values of one loss at one point, on two machines.
ROUNDINGS = 16


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

    ``point`` is the newest accepted point, ``grads`` the gradient there, ``state`` that of the
    rule, ``stride`` what the next point subtracts, and ``trouble`` says what is not finite.
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
        progress: ProgressFunction | None,
        engine: Engine | None = None,
    ) -> None:
        self.engine = Engine("eager") if engine is None else engine
        self.objective, self.rule, self.stops, self.restart = objective, rule, stops, restart
        self.box = objective.box
        self.log, self.watch, self.progress = log, list(watch.items()), progress
        self.point, self.grads = objective.start, list[Raw]()
        self.state: State = rule.begin(self.point)
        self.stride: Sequence[Raw] = ()
        self.restarts, self.trouble = 0, ""
        # Rows that were there before this session's first step.
        self.began = 0
        # Loss and norm of the gradient where it began, if it is known.
        self._first: tuple[float | None, float | None] = None, None
        self.takes_back = rule.takes_back
        # Whether all of this agrees with the newest row of the log.
        self.settled = False
        self._next_report = 0.0
        if log.rows:
            self._continue(rng)
        else:
            self.rng = make_rng(rng)
            self.standing = Standing(objective.call, self.point)
        if self.box is not None:
            self.standing.slope = "projected gradient"
        log.checkpoint = self.checkpoint

    # ---------------------------------------------------------------------------- the loop

    def run(self) -> Ending:
        """Rows until a stop rule is met, or there is no way on."""
        rule, standing, objective, engine = self.rule, self.standing, self.objective, self.engine
        if not self.log.rows:
            self.land(self.point, objective.check(), True)
            norm = sqrt(standing.squared_norm) if standing.squared_norm >= 0 else None
            self._first = float(standing.value), norm
        self.began = self.log.rows
        minimum, stops = rule.minimum, [(stop.met, stop) for stop in self.stops]
        while True:
            for met, stop in stops:
                if met(standing):
                    return self._ended_by(stop)
            fresh = not self.state.size >= minimum or bool(self.trouble)
            if fresh or engine.idle or not engine.advance(self):
                point = self._restarted() if fresh else objective.moved(self.point, self.stride)
                if point is None:
                    return self._stuck()
                self.land(point, objective.evaluate(point), fresh)
            if self.progress is not None and monotonic() >= self._next_report:
                self._report()

    def land(self, point: list[Raw], value: float, fresh: bool) -> None:
        """Move to a point that was evaluated, if it is accepted, and log it."""
        objective, rule, standing = self.objective, self.rule, self.standing
        judged = self.takes_back and not fresh
        accepted = isfinite(value) and (
            not judged or rule.accepts(self.state, value, objective.gradient)
        )
        if accepted:
            grads = objective.gradient()
            free = grads if self.box is None else self.box.projected(point, grads)
            squared_norm = square_sum(free)
        watched = self.watched(point) if self.watch else ()
        self.settled = False
        if accepted:
            self.point = standing.point = point
            self.grads, standing.squared_norm = grads, squared_norm
            if isfinite(squared_norm):
                self.state, self.stride = rule.step(self.state, value, grads, squared_norm)
            else:
                self.trouble = "the gradient is not finite"
        elif judged:
            self.state, self.stride = rule.refused(self.state, self.grads, value)
        else:
            self.trouble = f"the loss is {value}"
        standing.step += 1
        standing.value, standing.accepted = value, accepted
        logged: Any = objective.grads
        # One array by itself: a list of one would cost a call of its own to pack.
        row_point: Raw = point
        if objective.single:
            row_point, logged = point[0], logged and logged[0]
        size = self.state.size
        self.log.row(value, size, self.restarts, accepted, row_point, logged, watched)
        self.settled = True

    # ------------------------------------------------------------------------------ by an engine

    def is_met(self) -> bool:
        """Whether a stop rule is met where the loop stands, or the step size is too small."""
        met = any(is_possible(stop.met(self.standing)) for stop in self.stops)
        return met or not self.state.size >= self.rule.minimum

    def take_row(self, row: Row) -> None:
        """Go to a row that was carried out for this loop, and log it."""
        self.settled = False
        self.stand(row, 1)
        self.log_row(row)

    def retake(self, rows: Sequence[Row]) -> None:
        """Log the rows that led here; one by one, for a commit in between says where it stands."""
        evaluations = self.objective.gradient_evaluations
        self.standing.step -= len(rows)
        for left, row in enumerate(rows, 1 - len(rows)):
            self.objective.gradient_evaluations = evaluations + left
            self.take_row(row)

    def log_row(self, row: Row) -> None:
        """Log a row that the loop stands at."""
        logged = (row.point[0], row.grads[0]) if self.objective.single else (row.point, row.grads)
        point, grads = logged
        size = row.state.size
        self.log.row(row.value, size, self.restarts, True, point, grads, row.watched)
        self.settled = True

    def take_rounds(self, rounds: Rounds, done: int) -> None:
        """Go to where ``done`` rounds have led, and log their columns."""
        self.settled = False
        self.stand(rounds.row(done), done)
        self.objective.gradient_evaluations += done
        self.log.columns(self.restarts, *rounds.columns.first(done))
        self.settled = True

    def stand(self, row: Row, done: int) -> None:
        """Go to a row, ``done`` rows after this one."""
        standing = self.standing
        self.point = standing.point = row.point
        self.grads, self.state, self.stride = row.grads, row.state, row.stride
        standing.step += done
        standing.value, standing.accepted = row.value, True
        standing.squared_norm = row.squared_norm

    def _restarted(self) -> list[Raw] | None:
        """A point to start again from, or None if that is not to be."""
        limit = self.restart.limit
        if limit is not None and self.restarts >= limit:
            return None
        # From here to the next row the state is ahead of the log.
        self.settled = False
        self.restarts += 1
        base = [to_cpu(array) for array in self.point]
        point = self.objective.take(self.restart.point(base, self.restarts, self.rng))
        point = point if self.box is None else self.box.inside(point)
        self.state, self.trouble = self.rule.begin(point), ""
        return point

    def _ended_by(self, stop: Stop) -> Ending:
        hint = stop.hint if stop.converged else what_helps(*self._course(), stop.hint)
        reason = stop.reason(self.standing)
        return Ending(type(stop).__name__, reason, hint, stop.converged, stop.here)

    def _course(self) -> tuple[Course, str, list[Stop]]:
        """What an advice is made of."""
        standing, best = self.standing, self.log.best
        norm = sqrt(standing.squared_norm) if standing.squared_norm >= 0 else nan
        value = float(standing.value)
        finite = [v for v in (value, best and best.value) if v is not None and isfinite(v)]
        lowest = min(finite, default=value)
        rounding = max(float(np.finfo(dtype).eps) for dtype in self.objective.dtypes)
        course = Course(*self._first, value, lowest, norm, self.restarts, rounding)
        return course, self.rule.name, self.stops

    def _stuck(self) -> Ending:
        used = f", and all {counted(self.restarts, 'restart')} are used up" if self.restarts else ""
        if self.trouble:
            course = self._course()
            hint = "start elsewhere, or with a smaller step size"
            if course[0].is_bottomless:
                hint = what_helps(*course, hint)
            if not self.standing.step:  # no step was taken that could have been too long
                hint = "start elsewhere: playground.find_nan(loss, start) names the line"
            return Ending("not finite", f"{self.trouble}{used}", hint)
        zero = ": the gradient is zero" if self.standing.squared_norm == 0.0 else ""
        reason = f"the step size fell below {self.rule.minimum:g}{zero}{used}"
        hint = what_helps(*self._course(), "allow restarts ('kick' or 'fresh')")
        return Ending("stuck", reason, hint)

    def watched(self, point: list[Raw]) -> list[float]:
        """The values of the watch functions at a point."""
        return [self._number(name, function, point) for name, function in self.watch]

    def _number(self, name: str, function: Callable[..., Any], point: list[Raw]) -> float:
        try:
            value = self.objective.call(function, point)
        except Exception as error:
            error.add_note(f"This was raised by watch[{name!r}] of fit.")
            raise
        try:
            return as_number(value) if is_recorded(value) else float(to_cpu(value))
        except (TypeError, ValueError) as error:
            shape = getattr(value, "shape", None)
            what = type(value).__name__ if not shape else f"an array of shape {shape}"
            missing = ": is there a 'return' missing?" if value is None else ""
            raise FitError(
                f"fit: watch[{name!r}] must return one number, got {what}{missing}"
            ) from error

    def _report(self) -> None:
        at, size = self.standing, self.state.size
        self._next_report = monotonic() + PROGRESS_SECONDS
        if self.progress is not None:
            self.progress(at.step, at.value, size, self.restarts, at.seconds)

    # ---------------------------------------------------------------------------- resuming

    def checkpoint(self) -> dict[str, Any]:
        """Where the run stands, beside what the log knows itself."""
        standing = self.standing
        return {
            "format": FORMAT,
            "rule": self.rule.settings(),
            "restart": self.restart.settings(),
            **({} if self.box is None else {"bounds": box_in_json(self.box, self.objective.names)}),
            "rule_state": _stored(self.state),
            "rng": rng_state(self.rng),
            "restarts": self.restarts,
            "trouble": self.trouble,
            "accepted": standing.accepted,
            "squared_norm": standing.squared_norm,
            "gradient_evaluations": self.objective.gradient_evaluations,
            "seconds": standing.seconds,
        }

    def _continue(self, rng: Random | None) -> None:
        """Go back to the newest checkpoint of the log."""
        log, state = self.log, self.log.state
        self._check_parts(state)
        base, last = log.base, log.last
        if base is None or last is None:
            raise FitError(f"the log at {log.path} holds no checkpoint of a fit to resume from")
        try:
            self._take_up(rng, state, base, last)
        except FitError:
            raise
        except (LookupError, TypeError, ValueError, OverflowError, AttributeError) as error:
            what = " ".join(str(error).split())[:200]
            raise damaged(
                str(log.path), f"its checkpoint is not one of this run ({what})"
            ) from error
        self._compare(base)

    def _take_up(self, rng: Random | None, state: dict[str, Any], base: Mark, last: Mark) -> None:
        self.point, self.grads = self._arrays(base.point), self._arrays(base.grad)
        self.state = _revived(self.rule.begin(self.point), state["rule_state"])
        self.rng = restore_rng(rng, state["rng"])
        self.restarts = _number(state, "restarts", int)
        self.trouble = state["trouble"]
        accepted = state["accepted"]
        if not isinstance(self.trouble, str) or not isinstance(accepted, bool):
            raise TypeError("trouble, or accepted, is of another type")
        if not self.trouble:  # else there may have been no step yet, and none will follow
            self.stride = self.rule.stride(self.state, self.grads)
        evaluations = _number(state, "gradient_evaluations", int)
        self.objective.gradient_evaluations = evaluations
        seconds = _number(state, "seconds", (int, float))
        self.standing = standing = Standing(self.objective.call, self.point, seconds)
        standing.step, standing.value, standing.accepted = last.step, last.value, accepted
        standing.squared_norm = _number(state, "squared_norm", (int, float))
        self.settled = True

    def _compare(self, base: Mark) -> None:
        """Raise FitError unless the loss is the one that the log is about.

        A log half of one loss and half of another would look like one run. On the machine that
        wrote it the value is the same bit for bit; another one, or another BLAS, rounds otherwise.
        How much that can be: what the loss changes by where every entry of the point, and the
        value itself, is off by a few roundings (one was the most that other orders of the sums
        in a product of matrices made, from n = 3 to 400, from far away to the very bottom).
        """
        log, objective = self.log, self.objective
        value = objective.evaluate(self.point)
        if value == base.value or (value != value and base.value != base.value):
            return
        pairs = zip(self.point, self.grads, strict=True)
        slopes = [float(to_cpu(abs(point * grad).sum(dtype="float64"))) for point, grad in pairs]
        rounding = max(objective.precision, *(float(np.finfo(d).eps) for d in objective.dtypes))
        scale = abs(base.value) + sum(slope for slope in slopes if isfinite(slope))
        if isfinite(scale) and abs(value - base.value) <= ROUNDINGS * rounding * scale:
            return
        raise FitError(
            f"the log at {log.path} belongs to another loss: at step {base.step} it says "
            f"{base.value!r}, this loss is {value!r} there: resume it with the loss and the data "
            f"it began with, or start a new run from its best point"
        )

    def _check_parts(self, state: dict[str, Any]) -> None:
        if state and state.get("format") != FORMAT:
            raise FitError(
                f"the log at {self.log.path} was written by another playground (checkpoint "
                f"{state.get('format', 1)!r}, this one continues {FORMAT}): it can be read, and "
                f"its best point be the start of a new run"
            )
        box = None if self.box is None else box_in_json(self.box, self.objective.names)
        known = state.get("bounds")
        if state and known != box:
            raise FitError(
                f"the log at {self.log.path} belongs to another run: its bounds are "
                f"{shorten(str(known), 200)}, this one's {shorten(str(box), 200)}: resume it with "
                f"the same"
            )
        for what, part in (("rule", self.rule), ("restart", self.restart)):
            if state.get(what) != part.settings():
                raise FitError(
                    f"the log at {self.log.path} belongs to another run: its {what} is "
                    f"{state.get(what)!r}, this one's {part.settings()}: resume it with the same"
                )

    def _arrays(self, packed: Any) -> list[Raw]:
        layout = self.log.layout
        return self.objective.take(layout.split(layout.pack(packed)))


def _stored(state: State) -> Any:
    """A rule's state for the log: names beside the fields, and arrays on the host."""
    if hasattr(state, "_asdict"):
        return {name: _stored(value) for name, value in state._asdict().items()}
    if isinstance(state, (tuple, list)):
        return [_stored(item) for item in state]
    return to_cpu(state) if is_array(state) else state


def _revived(model: State, stored: Any) -> State:
    """What :func:`_stored` took apart, in the form of ``model`` and on its device."""
    if hasattr(model, "_asdict"):
        pairs = model._asdict().items()
        return type(model)(**{name: _revived(value, stored[name]) for name, value in pairs})
    if isinstance(model, (tuple, list)):
        return type(model)([_revived(*pair) for pair in zip(model, stored, strict=True)])
    if is_array(model):
        if not is_array(stored) or (stored.shape, stored.dtype.kind) != (model.shape, "f"):
            raise ValueError(f"an array of the rule is not of shape {model.shape}")
        return array_like(stored, model)
    if isinstance(model, (int, float)) and type(stored) not in (int, float, type(model)):
        raise TypeError("a number of the rule is none")
    return stored


def _number(state: Mapping[str, Any], name: str, kinds: Any) -> Any:
    """A number of the checkpoint that cannot be negative."""
    value = state[name]
    if isinstance(value, bool) or not isinstance(value, kinds) or value < 0:
        raise ValueError(f"{name}: got {ascii(value)[:80]}")
    return value
