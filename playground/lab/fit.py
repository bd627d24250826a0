"""From a loss to an answer: loss x rule x stop x restart x log x progress."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from playground.graph.backend import Device, parse_device, to_cpu
from playground.graph.config import force_backprop_mode
from playground.graph.errors import FitError, LogError
from playground.graph.types import Random, Tree, UserFunction
from playground.lab.bounds import box_in_json, make_box
from playground.lab.descent import (
    Adam,
    Restart,
    Rule,
    Stop,
    counted,
    make_restart,
    make_rule,
    make_stops,
)
from playground.lab.descent.arguments import knowing_its_arguments
from playground.lab.descent.box import drawn_within, kept_within
from playground.lab.descent.restarts import make_rng
from playground.lab.engines import Engine
from playground.lab.loop import Ending, Loop, ProgressFunction
from playground.lab.objective import Objective
from playground.lab.runlog import RunLog, RunRecord, read_log

if TYPE_CHECKING:
    import pandas

    from playground.lab.album import Pictures

__all__ = ["Fit", "fit"]


@knowing_its_arguments
def fit(
    loss: UserFunction,
    start: Tree,
    *,
    rule: str | Rule | Adam = "barzilai-borwein",
    stop: float | Stop | Sequence[Stop] | None = None,
    restart: str | Restart | None = None,
    bounds: Tree = None,
    log: str | os.PathLike[str] | RunLog | None = None,
    rng: Random | int | None = None,
    watch: Mapping[str, Callable[..., Any]] | None = None,
    resume: bool = False,
    progress: ProgressFunction | None = None,
    device: str | Device | None = None,
    meta: Mapping[str, Any] | None = None,
    engine: str = "auto",
) -> Fit:
    """Minimise ``loss`` by steepest descent from ``start``, with every step logged.

    Args:
        loss: a function written in plain NumPy that returns one real number.
        start: one array (``loss(array)``), a tuple (``loss(*arrays)``) or a dict
            (``loss(**arrays)``). Integers become float64; the values are copied.
        rule: a step rule or its name: ``'barzilai-borwein'``, ``'l-bfgs'``, ``'grow-shrink'`` (of
            the original study), ``'grow-shrink-take-back'``, ``'constant'``, ``'adam'``; or an Adam
            of ``playground.optimizers``, for its hyperparameters.
        stop: stop rules of ``playground.lab.descent`` (``Below``, ``MaxSteps``, ``MaxSeconds``,
            ``GradientBelow``), one or a list; a number t means ``Below(t)`` or 10,000 steps, None a
            gradient of norm at most 1e-8 or 10,000 steps.
        restart: what to do when stuck, or its name: ``'kick'``, ``'fresh'``, ``'none'``.
        bounds: what the point stays in at every evaluation: a pair (low, high) for all, one for
            each entry, or ``scipy.optimize.Bounds``; of a tuple or dict one such each. None is no
            bound. The gradient of a stop rule is then the projected one, without what leads out.
        log: where to log: a directory, a ``.sqlite`` file, a RunLog, or None for memory.
        rng: a numpy Generator or RandomState, or a seed; of the restarts.
        watch: functions of the point's arrays, called as the loss is, outside of the graph; their
            values are logged with every point.
        resume: continue the run logged at ``log`` from its newest checkpoint, bit for bit. Only
            the form of ``start`` is used then; the loss is evaluated once more at the checkpoint,
            and must be the one that stands there (but for rounding, on another machine).
        progress: called with (step, value, step size, restarts, seconds) at most every 0.1 s.
        device: where to put the parameters, such as ``'cuda'``; None leaves them where they are.
        meta: JSON values to keep with the log; NumPy's and paths are stored as JSON's.
        engine: what carries the steps out. ``'eager'`` calls the loss every time. ``'tape'`` and
            ``'python'`` call it until a step has been recorded: a flat list of NumPy's own calls,
            which is compared with eager steps bit for bit and then makes the steps by itself, at a
            fraction of the time (the tape in C, the other as generated Python). ``'auto'``, the
            default, does so in runs of some length. What ran, and why, stands in ``engine`` of the
            result. The loss must then be a function of its arguments alone: what it prints, counts
            or keeps on the way happens for a few steps only. Fresh random numbers, counters and
            branches that depend on values are noticed, and such runs stay eager.

    A point whose loss or gradient is not finite leads to a restart, or ends the run. Ctrl-C ends
    it as well, and an exception of ``loss`` passes through; both leave the log whole. Raises
    FitError where the parts do not fit together, LogError where the log cannot be written, and
    BranchError where the loss asks for the type of a value and goes another way for a Variable.
    """
    place = parse_device(device) if isinstance(device, (str, int)) else device
    parts = make_rule(rule), make_stops(stop), make_restart(restart)
    # None stays None: a run that is resumed then goes on with its checkpoint's generator.
    chance = None if rng is None else make_rng(rng)
    driver = Engine(engine)
    objective = Objective(loss, start, place)
    if bounds is not None:
        objective.box = make_box(bounds, start, objective.names, objective.start)
        rule, stops, restart = parts
        parts = kept_within(rule, objective.box), stops, drawn_within(restart, objective.box)
        meta = _with_bounds(meta, box_in_json(objective.box, objective.names))
    watched = _watch_list(watch)
    # Values that are not finite are dealt with, and logged: no warnings beside that.
    quiet = np.errstate(over="ignore", invalid="ignore")
    with (place or Device()).use(), force_backprop_mode(), quiet:
        journal, owned = _journal(log, resume, objective, tuple(watched), meta)
        try:
            loop = Loop(objective, *parts, journal, chance, watched, progress, driver)
            return _carry_out(loop)
        finally:
            journal.release()
            # A log in memory stays open, for the Fit to read.
            if owned and journal.path is not None:
                journal.close(settled=False)


@dataclass(frozen=True, repr=False, eq=False)
class Fit:
    """How a descent ended.

    Attributes:
        x: the point that met the stop rule, else the best one, on the host, in the form of start.
        value: the loss there.
        converged: whether a stop rule that means success was met.
        reason: why it ended, in a sentence.
        hint: what would help, or ''.
        ending: the name of the stop rule, or ``'stuck'``, ``'not finite'``, ``'interrupted'``.
        steps: number of the last row of the log; every point after the start is one step.
        restarts: how many of them were restarts.
        loss_evaluations, gradient_evaluations: how often each was computed.
        seconds: spent on the run, in all sessions.
        interrupted: whether Ctrl-C ended it.
        engine: what carried the rows of this session out, and why.
    """

    x: Tree
    value: float
    converged: bool
    reason: str
    hint: str
    ending: str
    steps: int
    restarts: int
    loss_evaluations: int
    gradient_evaluations: int
    seconds: float
    interrupted: bool
    engine: str
    _read: Callable[[], RunRecord] | None

    def __getstate__(self) -> dict[str, Any]:
        """All of it, for a copy or another process; a log in memory comes along as it is now."""
        known = dict(vars(self))
        if not isinstance(self._read, partial):
            known |= {"log": self.log, "_read": None}
        return known

    @cached_property
    def log(self) -> RunRecord:
        """The whole log."""
        if self._read is None:  # of a copy, which had it from the beginning
            raise LogError("this Fit has lost its log")
        return self._read()

    @property
    def loss(self) -> pandas.DataFrame:
        """Every step: loss, step_size, restart, accepted."""
        return self.log.loss

    @property
    def params(self) -> pandas.DataFrame:
        """The points, indexed by step."""
        return self.log.params

    @property
    def grads(self) -> pandas.DataFrame:
        """The gradients at the points, indexed by step."""
        return self.log.grads

    @property
    def watched(self) -> pandas.DataFrame:
        """The watched values, indexed by step."""
        return self.log.watched

    def plot(self, *names: str) -> Pictures:
        """Figures by name (loss, parameters, gradient, watched), all or those asked for.

        A notebook shows them; no window is opened.
        """
        from playground.lab.album import pictures_of

        return pictures_of(self.log, *names)

    def save_pictures(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write what :meth:`plot` draws as ``NAME.png`` into ``folder``. Returns the files."""
        return self.plot().save(folder)

    @property
    def took(self) -> str:
        """How many steps, in words: ``'1,234 steps'``."""
        return counted(self.steps, "step")

    def summary(self) -> dict[str, Any]:
        """All of it but the point and the log, by name."""
        kept = [item.name for item in fields(Fit) if item.name not in ("x", "_read")]
        return {name: getattr(self, name) for name in kept}

    def __repr__(self) -> str:
        how = "converged" if self.converged else "not converged"
        restarts = f", {self.restarts:,} of them restarts" if self.restarts else ""
        hint = "" if self.converged or not self.hint else f"; what may help: {self.hint}"
        ended = f"Fit: {how} after {self.took}{restarts}: {self.reason}"
        return f"{ended}; loss {self.value:.6g}{hint}"


def _with_bounds(meta: Mapping[str, Any] | None, bounds: dict[str, Any]) -> dict[str, Any]:
    known = dict(meta or {})
    if "bounds" in known:
        raise FitError("fit: meta: 'bounds' is where the log keeps bounds=: give it another name")
    return {**known, "bounds": bounds}


def _watch_list(watch: Any) -> dict[str, Callable[..., Any]]:
    if watch is not None and not isinstance(watch, Mapping):
        raise FitError(
            f"watch: expected functions by name, {{'residual': function}}, got {watch!r}"
        )
    found = dict(watch or {})
    for name, function in found.items():
        if not isinstance(name, str) or not callable(function):
            raise FitError(f"watch: expected functions by name, got {name!r}: {function!r}")
    return found


def _journal(
    log: Any, resume: bool, objective: Objective, watch: tuple[str, ...], meta: Any
) -> tuple[RunLog, bool]:
    """The log to write to, and whether it was opened here."""
    if isinstance(log, RunLog):
        _check_layout(log, objective, watch)
        return log, False
    if resume:
        if log is None:
            raise FitError("fit: resume=True continues a logged run: say where with log=PATH")
        journal = RunLog.resume(log, copy=False)
        try:
            _check_layout(journal, objective, watch)
        except FitError:
            journal.close()
            raise
        return journal, True
    # A loss that cannot be descended leaves no log behind.
    objective.check()
    described = objective.names, objective.shapes, objective.dtypes
    return RunLog.create(log, *described, watch, meta, copy=False), True


def _check_layout(log: RunLog, objective: Objective, watch: tuple[str, ...]) -> None:
    described = objective.names, objective.shapes, objective.dtypes
    # With the log's own cap, which says how much is kept and not what.
    wanted = type(log.layout).of(*described, watch, log.layout.cap)
    if wanted != log.layout:
        names = ", ".join(watch) or "nothing"
        known = ", ".join(log.layout.watch) or "nothing"
        raise FitError(
            f"the log at {log.path} belongs to another problem: it holds {log.layout.describe()} "
            f"and watches {known}, this run has {wanted.describe()} and watches {names}"
        )


def _carry_out(loop: Loop) -> Fit:
    """Run the loop, and say how it ended."""
    log = loop.log
    try:
        ending = loop.run()
    except KeyboardInterrupt:
        ending = Ending("interrupted", "interrupted", "resume it from its log")
    except BaseException:
        with suppress(LogError):  # of the two errors the first one tells more
            log.flush(settled=loop.settled)
        raise
    log.flush(settled=loop.settled)
    result = _result(loop, ending)
    best = {"best_step": log.best and log.best.step}
    log.finish(result.summary() | best, settled=loop.settled)
    return result


def _result(loop: Loop, ending: Ending) -> Fit:
    log, layout, objective = loop.log, loop.log.layout, loop.objective
    # A rule met by a point is about the newest one accepted, which may not be the best.
    mark = (log.base if ending.here else log.best) or log.last
    if mark is None:
        found, value = [to_cpu(array) for array in objective.start], math.nan
    else:
        found, value = layout.split(layout.pack(mark.point)), mark.value
    path = log.path
    return Fit(
        x=objective.give(found),
        value=value,
        converged=ending.converged,
        reason=ending.reason,
        hint=ending.hint,
        ending=ending.name,
        # Row 0 is the start; Ctrl-C may come before it.
        steps=max(log.rows - 1, 0),
        restarts=loop.restarts,
        loss_evaluations=log.rows,
        gradient_evaluations=objective.gradient_evaluations,
        seconds=loop.standing.seconds,
        interrupted=ending.name == "interrupted",
        engine=loop.engine.describe(max(log.rows - loop.began, 0)),
        _read=log.record if path is None else partial(read_log, path),
    )
