"""Engines of fit: rows by a program equal rows that are made eagerly, to the last bit."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground.functions as F
from playground import FitError, fit, read_log
from playground.lab import engines
from playground.lab.descent import (
    LBFGS,
    AdamSteps,
    BarzilaiBorwein,
    Below,
    Constant,
    FreshStart,
    GradientBelow,
    GrowShrink,
    MaxSeconds,
    MaxSteps,
    Stop,
)
from playground.lab.runlog import RunLog
from tests.op_checks import inputs
from tests.ops import ROWS
from tests.rows import Row, as_tuple

FRAMES = ("loss", "params", "grads", "watched")
RNG = np.random.default_rng(3)
X = RNG.random((4, 4)) + np.eye(4)
START = RNG.random((4, 4))


def squared(Y: Any) -> Any:
    return ((X @ Y - np.eye(4)) ** 2).sum()


def absolute(Y: Any) -> Any:
    return abs(X @ Y - np.eye(4)).sum()


def both(loss: Callable[..., Any], start: Any, engine: str, **options: Any) -> Any:
    """A run by an engine, whose rows and result are those of the eager run."""
    # Chance enters in the same order; a generator is used up.
    seed = options.pop("rng", 5)
    plain = fit(loss, start, engine="eager", rng=seed, **options)
    fast = fit(loss, start, engine=engine, rng=seed, **options)
    for name in FRAMES:
        assert getattr(fast, name).equals(getattr(plain, name)), name
    left = {"seconds", "engine"}
    one, other = fast.summary(), plain.summary()
    assert {k: v for k, v in one.items() if k not in left} == {
        k: v for k, v in other.items() if k not in left
    }
    return fast


RULES = {
    "constant": Constant(1e-3),
    "grow-shrink": GrowShrink(minimum=1e-4),
    "take-back": GrowShrink(worse="take-back", minimum=1e-4),
    "barzilai-borwein": BarzilaiBorwein(),
    "adam": AdamSteps(1e-2),
    "amsgrad": AdamSteps(1e-2, amsgrad=True),
    "adabound": AdamSteps(1e-2, adabound=True),
    "l-bfgs": LBFGS(memory=3),
}


@pytest.mark.parametrize("engine", ["python", "tape"])
@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_its_bits(rule: str, engine: str) -> None:
    run = both(
        absolute if rule in ("grow-shrink", "take-back") else squared,
        START,
        engine,
        rule=RULES[rule],
        restart="kick",
        stop=[Below(1e-9), GradientBelow(1e-7), MaxSteps(300)],
        watch={"trace": np.trace, "corner": lambda Y: Y[0, 0] ** 2},
    )
    assert run.engine.startswith(("python; ", "tape; "))


PARAMETERS: dict[str, tuple[Callable[..., Any], Any]] = {
    "several": (lambda a, b: ((a @ b - 1) ** 2).sum() + (b**4).sum(), (START, START[0])),
    "by name": (lambda *, w, b: (np.tanh(X @ w + b) ** 2).sum(), {"w": START[0], "b": 0.5}),
    "a number": (lambda x: (x - 2) ** 2, 0.0),
    "single precision": (squared, START.astype(np.float32)),
    "mixed precisions": (
        lambda a, b: ((X @ a) ** 2).sum() + F.cast((b**2).sum(), "float64"),
        (START, START[0].astype(np.float32)),
    ),
    "in columns": (squared, np.asfortranarray(START)),
    "unused": (lambda a, b: ((a - 1) ** 2).sum() + 0 * b.sum(), (START, START[0])),
    "eigenvalues": (lambda A: ((np.linalg.eigvalsh(A + A.T) - np.arange(4)) ** 2).sum(), START),
    "determinant": (lambda A: (np.linalg.slogdet(A @ A.T + np.eye(4))[1] - 1) ** 2, START),
    "written in place": (lambda A: _filled(A), START[0]),
    "chosen": (lambda A: np.where(A > 0.5, np.sqrt(abs(A)), A**2).sum(), START),
    "indexed": (lambda A: (A[[0, 2, 2]] ** 2).sum() + A[1:, ::2].sum() ** 2, START),
}


def _filled(x: Any) -> Any:
    y = np.zeros_like(x)
    y[1:] = x[:-1] ** 2
    y[0] += x[-1]
    return ((y - 1) ** 2).sum()


@pytest.mark.parametrize("engine", ["python", "tape"])
@pytest.mark.parametrize("name", PARAMETERS)
def test_every_form_of_parameters(name: str, engine: str) -> None:
    loss, start = PARAMETERS[name]
    run = both(loss, start, engine, rule=AdamSteps(1e-2), stop=MaxSteps(40))
    assert run.engine.startswith(("python; 40 steps, 2", "tape; 40 steps, 2"))


@pytest.mark.parametrize("bounds", [(0.2, 0.6), (-np.inf, 0.5)])
@pytest.mark.parametrize("rule", ["grow-shrink", "adam", "barzilai-borwein", "l-bfgs"])
def test_in_a_box(rule: str, bounds: tuple[float, float]) -> None:
    both(squared, np.full((4, 4), 0.4), "tape", rule=rule, bounds=bounds, stop=MaxSteps(60))


def loss_through(row: Row) -> tuple[Callable[..., Any], tuple[np.ndarray, ...]]:
    """A loss that goes through an operation of the table, and where it begins."""
    case = row.cases[0]

    def loss(*xs: Any) -> Any:
        rng = np.random.default_rng(0)
        parts = as_tuple(row(*xs, **case.args))
        total = sum((y * rng.normal(size=y.shape)).sum() for y in parts)
        return total + sum(((x - 1) ** 2).sum() for x in xs)

    return loss, tuple(np.array(x) for x in inputs(row, case))


# Where a result has another dtype than the inputs, the sum below is not one.
UNEVEN = {"cast"}
SMOOTH = [row for row in ROWS if row.order == 2 and row.cases[0].dtypes is None]
SMOOTH = [row for row in SMOOTH if row.name not in UNEVEN]


@pytest.mark.parametrize("row", SMOOTH[:: max(1, len(SMOOTH) // 40)], ids=lambda row: row.name)
def test_losses_through_the_operations(row: Row) -> None:
    loss, arrays = loss_through(row)
    if all(array.size for array in arrays):
        both(loss, arrays, "tape", rule=Constant(1e-4), stop=MaxSteps(12))


# ---------------------------------------------------------------------------- what is not recorded


def counter() -> Callable[..., Any]:
    calls = itertools.count()
    return lambda Y: squared(Y) * (1 + 1e-9 * next(calls))


def noise() -> Callable[..., Any]:
    rng = np.random.default_rng(0)
    return lambda Y: squared(Y) + 1e-3 * rng.normal()


def keeper() -> Callable[..., Any]:
    kept: list[Any] = []

    def loss(Y: Any) -> Any:
        kept.append(Y.array)
        return squared(Y)

    return loss


def branch() -> Callable[..., Any]:
    return lambda Y: squared(Y) if bool((Y > 0).any()) else absolute(Y)


def dtype() -> Callable[..., Any]:
    calls = itertools.count()
    return lambda Y: F.cast(squared(Y), "float32" if next(calls) % 2 else "float64")


HIDDEN = {
    "counter": (counter, "differ"),
    "noise": (noise, "differ"),
    "keeper": (keeper, "keeps arrays"),
    "branch": (branch, "branch"),
    "dtype": (dtype, "differ"),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_hides_state_stays_eager_with_the_same_answer(name: str) -> None:
    make, why = HIDDEN[name]
    plain = fit(make(), START, rule="grow-shrink", engine="eager", stop=MaxSteps(40))
    fast = fit(make(), START, rule="grow-shrink", engine="tape", stop=MaxSteps(40))
    assert fast.engine.startswith("eager (not recorded: ")
    assert why in fast.engine
    for frame in FRAMES:
        assert getattr(fast, frame).equals(getattr(plain, frame))


def test_an_error_of_the_loss_passes_through_and_leaves_the_log_whole(tmp_path: Any) -> None:
    calls = itertools.count()

    def loss(Y: Any) -> Any:
        if next(calls) == 3:
            raise ZeroDivisionError("mine")
        return squared(Y)

    with pytest.raises(ZeroDivisionError, match="mine"):
        fit(loss, START, engine="tape", log=tmp_path, stop=MaxSteps(50))
    assert read_log(tmp_path).rows in (1, 2)


def test_a_rule_of_a_users_own_is_asked_after_every_row() -> None:
    class Patience(Stop):
        def __init__(self) -> None:
            self.seen: list[int] = []

        def met(self, standing: Any) -> bool:
            self.seen.append(standing.step)
            return bool(standing.step >= 7)

    stop = Patience()
    run = fit(squared, START, stop=[stop, MaxSteps(50)], engine="tape")
    assert run.steps == 7
    assert stop.seen == [*range(8)]
    assert "the stop rule Patience" in run.engine


def test_a_measure_and_its_bound_end_where_they_do_eagerly() -> None:
    stop = Below(1e-3, lambda Y: abs(X @ Y - np.eye(4)).sum(), lambda loss: math.sqrt(loss))
    run = both(squared, START, "tape", rule=BarzilaiBorwein(), stop=[stop, MaxSteps(500)])
    assert run.converged


def test_points_that_are_not_finite() -> None:
    both(
        lambda x: np.exp(x).sum() + (x**2).sum(), np.array([1.0, 2.0]), "tape",
        rule=Constant(0.4), stop=MaxSteps(60), restart=FreshStart(limit=3),
    )  # fmt: skip
    ended = both(lambda x: -(x**4).sum(), np.array([1.0]), "tape", rule=Constant(0.5))
    assert ended.ending == "not finite"


def test_a_limit_of_time_is_kept() -> None:
    run = fit(squared, START, rule=Constant(1e-9), stop=MaxSeconds(0.3), engine="tape")
    assert run.ending == "MaxSeconds"
    assert run.seconds < 3


def test_rows_are_thinned_as_eagerly(tmp_path: Any) -> None:
    for engine in ("eager", "tape"):
        log = RunLog.create(tmp_path / engine, ["Y"], [(4, 4)], ["f8"], cap=16 * 60)
        with log:
            fit(absolute, START, rule=GrowShrink(minimum=1e-3), restart="kick", rng=1, log=log,
                stop=MaxSteps(1000), engine=engine)  # fmt: skip
    one, other = read_log(tmp_path / "eager"), read_log(tmp_path / "tape")
    for name in FRAMES:
        assert getattr(one, name).equals(getattr(other, name))


def test_one_engine_goes_on_where_another_one_stopped(tmp_path: Any) -> None:
    whole = fit(absolute, START, rule="grow-shrink", restart="kick", rng=2, stop=MaxSteps(900))
    for number, engine in enumerate(["tape", "eager", "python", "tape"], 1):
        found = fit(absolute, START, rule="grow-shrink", restart="kick", rng=2, engine=engine,
                    stop=MaxSteps(225 * number), log=tmp_path, resume=number > 1)  # fmt: skip
    for name in FRAMES:
        assert getattr(found, name).equals(getattr(whole, name))


def test_short_runs_are_not_recorded_by_default() -> None:
    assert fit(squared, START, stop=MaxSteps(50)).engine == "eager"
    assert fit(squared, START, rule=Constant(1e-6), stop=MaxSteps(900)).engine.startswith(
        ("tape; 900 steps", "python; 900 steps")
    )


def test_large_points_are_left_alone_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "LARGE", 16 * 8 - 1)
    options = {"rule": Constant(1e-6), "stop": MaxSteps(300)}
    assert fit(squared, START, **options).engine.startswith("eager (of points this large")
    assert fit(squared, START, engine="tape", **options).engine.startswith(("tape", "python"))


def test_an_unknown_engine_is_named() -> None:
    with pytest.raises(FitError, match=r"engine: expected one of 'auto', 'eager'.*got 'fast'"):
        fit(squared, START, engine="fast")


def test_a_call_that_raises_in_a_program_leaves_the_steps_to_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from playground.lab.rounds import Rounds

    run, calls = Rounds.run, itertools.count()

    def raising(self: Rounds, count: int, seconds: float) -> Any:
        if next(calls) == 5:
            raise np.linalg.LinAlgError("here")
        return run(self, min(count, 7), seconds)

    monkeypatch.setattr(Rounds, "run", raising)
    found = fit(squared, START, rule=Constant(1e-3), stop=MaxSteps(60), engine="tape")
    monkeypatch.undo()
    plain = fit(squared, START, rule=Constant(1e-3), stop=MaxSteps(60), engine="eager")
    assert found.loss.equals(plain.loss)
    assert "raised LinAlgError" in found.engine
