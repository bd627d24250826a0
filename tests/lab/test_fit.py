"""fit: from a loss to an answer, with a log that says what happened."""

from __future__ import annotations

import copy
import gc
import math
import pickle
import statistics
import weakref

import numpy as np
import pytest

import playground
from playground import FitError, LogError, read_log
from playground.lab import engines
from playground.lab.descent import (
    AdamSteps,
    BarzilaiBorwein,
    Below,
    Constant,
    FreshStart,
    GradientBelow,
    GrowShrink,
    Kick,
    MaxSeconds,
    MaxSteps,
    Restart,
    make_rule,
)
from playground.lab.runlog import RunLog, writer
from playground.lab.runlog.points import Marks
from tests.strict_array import StrictArray, registered

FRAMES = ("loss", "params", "grads", "watched")


def fit(*args, **options):
    """Most of what follows was found, and measured, with the rule of the original study."""
    return playground.fit(*args, **({"rule": "grow-shrink"} | options))


def bowl(Y):
    """A quadratic with its minimum 0 at 3."""
    return np.square(Y - 3.0).sum()


class Inverse:
    """The inverse of a random matrix, the way the study posed it."""

    def __init__(self, n, seed, dtype="f8", wrap=lambda array: array):
        self.rng = np.random.RandomState(seed)
        self.X, self.Y = (wrap(self.rng.rand(n, n).astype(dtype)) for _ in range(2))
        self.identity = wrap(np.eye(n, dtype=dtype))

    def absolute(self, Y):
        return np.absolute(self.X @ Y - self.identity).sum()

    def squared(self, Y):
        return np.square(self.X @ Y - self.identity).sum()

    def fit(self, steps, loss="squared", **options):
        measure = {"measure": lambda Y: float(self.absolute(Y)), "bound": math.sqrt}
        goal = Below(1e-3, **(measure if loss == "squared" else {}))
        return fit(getattr(self, loss), self.Y, stop=[goal, MaxSteps(steps)], rng=self.rng,
                   **options)  # fmt: skip


# ------------------------------------------------------------------------------- what it finds


def test_it_finds_an_inverse():
    problem = Inverse(3, seed=0)
    found = problem.fit(2000)
    assert found.converged
    assert found.ending == "Below"
    assert np.allclose(found.x, np.linalg.inv(problem.X), atol=0.01)
    assert found.value == problem.squared(found.x)
    assert repr(found).startswith(f"Fit: converged after {found.steps:,} steps: the measure is")


@pytest.mark.parametrize(
    ("rule", "n", "low", "high"),
    [
        # Measured elsewhere, with NumPy alone, on the same ten matrices: 372 and 9,338 steps for
        # grow-shrink; 18, 144 and 1,971 for the plain method of Barzilai and Borwein.
        ("grow-shrink", 3, 300, 450),
        ("barzilai-borwein", 3, 5, 18),
        ("barzilai-borwein", 10, 40, 144),
        ("barzilai-borwein", 30, 300, 1971),
    ],
)
def test_steps_of_the_squared_loss(rule, n, low, high):
    # The worst of the matrices takes 6,700 steps on one BLAS kernel and 11,000 on another.
    found = [Inverse(n, seed).fit(40_000, rule=rule) for seed in range(10)]
    assert all(fit.converged for fit in found)
    assert low <= statistics.median(fit.steps for fit in found) <= high


def test_kicks_carry_the_absolute_loss_to_its_minimum():
    found = Inverse(3, seed=7).fit(30_000, "absolute", restart="kick")
    assert found.converged
    assert found.restarts > 3
    assert found.value <= 1e-3


def test_taking_back_jams_on_the_absolute_loss():
    found = Inverse(3, seed=0).fit(5000, "absolute", rule="grow-shrink-take-back")
    assert not found.converged
    assert found.ending == "stuck"
    assert found.reason == "the step size fell below 1e-10"
    assert "kick" in found.hint


# ----------------------------------------------------------------------------- forms of start


def test_one_array():
    found = fit(bowl, np.zeros((2, 2)), stop=1e-12)
    assert np.allclose(found.x, 3.0)
    assert list(found.params.columns) == ["Y[0,0]", "Y[0,1]", "Y[1,0]", "Y[1,1]"]


def test_a_tuple_and_a_dict_of_arrays():
    def loss(a, b):
        return ((a - 1.0) ** 2).sum() + (b - 2.0) ** 2

    first = fit(loss, (np.zeros(2), 0.0), stop=1e-12)
    second = fit(loss, {"b": 0.0, "a": [0, 0]}, stop=1e-12)
    assert isinstance(first.x, tuple)
    assert list(second.x) == ["b", "a"]
    for a, b in (first.x, (second.x["a"], second.x["b"])):
        assert np.allclose(a, 1.0)
        assert b.shape == ()
        assert b == pytest.approx(2.0, abs=1e-5)
    assert list(first.params.columns) == ["a[0]", "a[1]", "b"]
    assert list(second.params.columns) == ["b", "a[0]", "a[1]"]


def test_a_single_dict_entry_is_passed_by_keyword():
    found = fit(lambda *, scale: (scale - 2.0) ** 2, {"scale": 0.0}, stop=1e-12)
    assert found.x["scale"] == pytest.approx(2.0, abs=1e-5)


@pytest.mark.parametrize("start", [5, 5.0, np.array(5.0), np.float32(5.0)])
def test_a_number(start):
    found = fit(lambda t: (t - 1) ** 2, start, stop=1e-9)
    assert isinstance(found.x, np.ndarray)
    assert found.x.shape == ()
    assert found.params.columns.to_list() == ["t"]
    assert found.x.dtype == (np.float32 if isinstance(start, np.float32) else np.float64)


def test_integers_become_float64_and_lists_arrays():
    assert fit(bowl, np.array([1, 2]), stop=MaxSteps(1)).x.dtype == np.float64
    assert fit(bowl, [1, 2], stop=MaxSteps(1)).x.shape == (2,)


def test_names_where_the_loss_has_none():
    found = fit(
        lambda *arrays: sum((a**2).sum() for a in arrays), (np.ones(1), np.ones(1)), stop=1.0
    )
    assert list(found.params.columns) == ["x0[0]", "x1[0]"]


def test_the_start_is_left_alone():
    start = np.ones(3)
    fit(bowl, start, stop=MaxSteps(5))
    assert np.array_equal(start, np.ones(3))
    found = fit(bowl, start, stop=MaxSteps(0))
    start += 1
    assert np.array_equal(found.x, np.ones(3))


def test_float32_stays_float32():
    problem = Inverse(3, seed=0, dtype="f4")
    found = problem.fit(50)
    assert found.x.dtype == np.float32
    assert {*found.params.dtypes, *found.grads.dtypes} == {np.dtype("f4")}


# ------------------------------------------------------------------------------ what it logs


def test_row_k_is_point_k():
    problem = Inverse(3, seed=1)
    found = problem.fit(60)
    points, grads = (found.log.arrays(kind)[1].reshape(-1, 3, 3) for kind in ("params", "grads"))
    losses, sizes = found.loss["loss"], found.loss["step_size"]
    assert len(points) == found.steps + 1 == 61
    assert np.array_equal(points[0], problem.Y)
    for k, point in enumerate(points):
        residual = problem.X @ point - np.eye(3)
        assert losses[k] == pytest.approx((residual**2).sum(), rel=1e-12)
        assert np.allclose(grads[k], 2 * problem.X.T @ residual, rtol=1e-10)
        if k:
            assert np.array_equal(point, points[k - 1] - sizes[k - 1] * grads[k - 1])
            better = losses[k] < losses[k - 1]
            assert sizes[k] == sizes[k - 1] * (1.2 if better else 0.5)


def test_a_kick_is_a_row_of_its_own():
    rule = GrowShrink(minimum=1e-3)
    problem = Inverse(3, seed=3)
    found = problem.fit(400, "absolute", rule=rule, restart=Kick(0.2))
    loss, (_, points) = found.loss, found.log.arrays("params")
    kicks = np.flatnonzero(np.diff(loss["restart"]))
    assert len(kicks) == found.restarts > 2
    rng = np.random.RandomState(3)
    rng.rand(18)
    for number, k in enumerate(kicks, 1):
        assert loss["step_size"][k] < 1e-3
        noise = rng.randn(3, 3).ravel()
        assert np.array_equal(points[k + 1], points[k] + points[k] * noise * 0.2 / number)
        assert loss["step_size"][k + 1] == 0.01
        assert loss["restart"][k + 1] == number


def test_a_point_taken_back_is_a_row_and_the_next_step_starts_before_it():
    found = fit(bowl, np.zeros(2), rule=GrowShrink(0.9, worse="take-back"), stop=MaxSteps(20))
    loss, points, grads = found.loss, found.params.to_numpy(), found.grads.to_numpy()
    refused = np.flatnonzero(~loss["accepted"])
    assert refused.size
    for k in refused:
        base = np.flatnonzero(loss["accepted"][:k])[-1]
        assert loss["loss"][k] >= loss["loss"][base]
        assert np.isnan(grads[k]).all()
        assert loss["step_size"][k] == loss["step_size"][k - 1] * 0.5
        if k + 1 < len(points):
            assert np.array_equal(points[k + 1], points[base] - loss["step_size"][k] * grads[base])
    assert found.gradient_evaluations == loss["accepted"].sum()


def test_every_evaluation_is_counted():
    calls = 0

    def loss(Y):
        nonlocal calls
        calls += 1
        return np.abs(Y).sum() + np.square(Y - 1).sum()

    for rule in ("grow-shrink", "grow-shrink-take-back", "barzilai-borwein"):
        calls = 0
        found = fit(loss, np.full(3, 2.0), rule=rule, restart="kick", stop=MaxSteps(200))
        assert calls == found.loss_evaluations == found.steps + 1 == 201
        computed = int(found.grads.notna().all(axis=1).sum())
        assert found.gradient_evaluations == computed


def test_watch_without_names_is_refused():
    with pytest.raises(playground.FitError, match="functions by name"):
        playground.fit(lambda y: (y**2).sum(), np.ones(2), watch=lambda y: y)


def test_watched_functions_see_plain_arrays():
    kinds = set()

    def far(Y):
        kinds.add(type(Y))
        return np.abs(Y - 3).max()

    found = fit(bowl, np.zeros(2), stop=MaxSteps(30), watch={"far": far, "first": lambda Y: Y[0]})
    assert kinds == {np.ndarray}
    assert np.array_equal(found.watched["far"], np.abs(found.params - 3).max(axis=1))
    assert np.array_equal(found.watched["first"], found.params["Y[0]"])


def test_the_log_on_disk_is_the_log_in_memory(tmp_path):
    watch = {"trace": np.trace}
    first = Inverse(3, 2).fit(700, "absolute", restart="kick", watch=watch)
    second = Inverse(3, 2).fit(
        700, "absolute", restart="kick", watch=watch, log=tmp_path / "run", meta={"seed": 2}
    )
    third = read_log(tmp_path / "run")
    for name in FRAMES:
        assert getattr(first, name).equals(getattr(second, name))
        assert getattr(first, name).equals(getattr(third, name))
    assert third.meta == {"seed": 2}
    assert third.summary["reason"] == second.reason
    assert third.summary["steps"] == second.steps == 700
    assert third.summary["best_step"] == third.best_step


def test_a_log_of_the_users_own():
    log = RunLog.create(None, ["Y"], [(2,)], ["f8"], cap=20)
    found = fit(bowl, np.zeros(2), rule=Constant(0.1), stop=MaxSteps(100), log=log)
    assert len(found.loss) == 101
    assert len(found.params) <= 12
    with pytest.raises(FitError, match="belongs to another problem"):
        fit(bowl, np.zeros(3), log=RunLog.create(None, ["Y"], [(2,)], ["f8"]))


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_log_of_the_users_own_is_resumed(interrupted, tmp_path):
    problem = Inverse(3, 1)
    armed = interrupted

    class Jump(Kick):
        def point(self, base, number, rng):
            if armed and number == 3:
                raise KeyboardInterrupt  # at a moment when the state is ahead of the log
            return super().point(base, number, rng)

    def run(log, steps):
        with log:
            fit(problem.absolute, problem.Y, rule=GrowShrink(minimum=1e-3), restart=Jump(), rng=2,
                stop=MaxSteps(steps), log=log, watch={"w": lambda Y: Y[0, 0]})  # fmt: skip
        return read_log(log.path)

    what = ["Y"], [(3, 3)], ["f8"], ["w"]
    first = run(RunLog.create(tmp_path / "torn", *what), 200)
    assert (first.rows < 201) == interrupted
    armed = False
    resumed = run(RunLog.resume(tmp_path / "torn"), 400)
    whole = run(RunLog.create(tmp_path / "whole", *what), 400)
    for name in FRAMES:
        assert getattr(resumed, name).equals(getattr(whole, name)), name


def test_the_best_point_is_the_answer_where_nothing_converged():
    found = fit(bowl, np.zeros(1), rule=Constant(1.02), stop=MaxSteps(9))
    assert found.value == found.loss["loss"].min() == found.loss["loss"][0]
    assert found.x == 0.0
    assert "not converged after 9 steps" in repr(found)


def test_the_answer_is_the_point_that_met_the_measure():
    # From -3 to 3.6: the loss rises, so that the start stays the best point.
    goal = Below(3.3, measure=lambda Y: abs(Y[0] - 0.4))
    found = fit(lambda Y: np.square(Y).sum(), np.array([-3.0]), rule=Constant(1.1), stop=goal)
    assert found.converged
    assert found.steps == found.log.best_step + 1 == 1
    assert found.x == pytest.approx(3.6)
    assert found.value == pytest.approx(3.6**2)


def test_the_same_seed_gives_the_same_run_and_no_global_state_is_used():
    np.random.seed(1)
    before = np.random.get_state(legacy=False)["state"]["key"].copy()
    options = {"restart": "kick", "rule": GrowShrink(minimum=1e-3), "stop": MaxSteps(300)}
    problem = Inverse(3, 5)
    runs = [fit(problem.absolute, problem.Y, rng=rng, **options) for rng in (7, 7, 8, None, 0)]
    assert runs[0].params.equals(runs[1].params)
    assert not runs[0].params.equals(runs[2].params)
    assert runs[3].params.equals(runs[4].params)
    assert np.array_equal(np.random.get_state(legacy=False)["state"]["key"], before)


def test_a_rule_can_serve_twice():
    rule = BarzilaiBorwein()
    first, second = (Inverse(3, 0).fit(100, rule=rule) for _ in range(2))
    assert first.params.equals(second.params)


# ---------------------------------------------------------------------------------- how it ends


def test_the_default_stops_at_a_stationary_point():
    found = fit(bowl, np.zeros(2))
    assert found.converged
    assert found.ending == "GradientBelow"
    assert np.linalg.norm(found.grads.iloc[-1]) <= 1e-8


@pytest.mark.parametrize(
    ("stop", "ending"),
    [(MaxSteps(1), "MaxSteps"), (MaxSeconds(0), "MaxSeconds"), (GradientBelow(9), "GradientBelow")],
)
def test_each_ending_has_its_reason(stop, ending):
    found = fit(bowl, np.zeros(2), stop=stop)
    assert found.ending == ending
    assert found.reason != ending
    assert found.converged is stop.converged
    assert found.hint == (f"{stop.hint}, or try the rule 'barzilai-borwein'" if stop.hint else "")
    again = fit(bowl, np.zeros(2), stop=stop, rule="barzilai-borwein")
    assert again.hint == stop.hint


def trap(limit):
    """Finite on one side of ``limit`` only."""

    def loss(Y):
        return -Y.sum() if float(Y.array[0]) < limit else np.log(Y - Y - 1).sum()

    return loss


def test_a_loss_that_is_not_finite_ends_the_run():
    found = fit(trap(0.5), np.zeros(1), rule=Constant(0.2), stop=MaxSteps(50))
    assert found.ending == "not finite"
    assert found.reason == "the loss is nan"
    assert not found.converged
    assert found.hint
    assert math.isnan(found.loss["loss"].iloc[-1])
    assert not found.loss["accepted"].iloc[-1]
    assert np.isnan(found.grads.iloc[-1]).all()
    assert found.x == pytest.approx(0.4)


def test_a_loss_that_is_not_finite_leads_to_a_restart():
    def draw(rng):
        return rng.uniform(0.0, 0.4, 1)

    found = fit(trap(0.5), np.zeros(1), rule=Constant(0.2), restart=FreshStart(draw, limit=3),
                stop=MaxSteps(50), rng=1)  # fmt: skip
    bad = np.flatnonzero(found.loss["loss"].isna())
    assert len(bad) == 4
    assert np.array_equal(np.flatnonzero(np.diff(found.loss["restart"])), bad[:-1])
    assert found.restarts == 3
    assert found.reason == "the loss is nan, and all 3 restarts are used up"


def test_a_rule_that_takes_back_steps_over_a_loss_that_is_not_finite():
    rule = GrowShrink(initial=0.3, worse="take-back")
    found = fit(trap(0.5), np.zeros(1), rule=rule, stop=MaxSteps(50))
    assert found.loss["loss"].isna().any()
    assert found.ending == "MaxSteps"
    assert found.x == pytest.approx(0.5, abs=1e-3)


def test_a_start_whose_loss_is_not_finite():
    found = fit(trap(-1.0), np.zeros(1), stop=MaxSteps(5))
    assert found.steps == 0
    assert found.reason == "the loss is nan"
    assert np.array_equal(found.x, [0.0])


def test_a_gradient_of_zero_says_so():
    found = fit(bowl, np.full(2, 3.0), stop=MaxSteps(100))
    assert found.ending == "stuck"
    assert "the gradient is zero" in found.reason


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_a_gradient_that_is_not_finite():
    def loss(Y):
        return np.sqrt(Y).sum()

    start = np.array([0.0, 1.0])
    found = fit(loss, start, rule=Constant(0.1), stop=MaxSteps(5))
    assert found.steps == 0
    assert found.reason == "the gradient is not finite"
    assert np.isinf(found.grads.iloc[0, 0])
    again = fit(loss, start, rule=Constant(0.1), stop=MaxSteps(2), restart=FreshStart(limit=1))
    assert again.restarts == 1
    assert again.steps == 2


def test_an_exception_passes_through_and_the_log_is_kept(tmp_path):
    calls = 0

    def loss(Y):
        nonlocal calls
        calls += 1
        if calls == 40:
            raise ZeroDivisionError("mine")
        return bowl(Y)

    with pytest.raises(ZeroDivisionError, match="mine"):
        fit(loss, np.zeros(2), log=tmp_path, stop=MaxSteps(100))
    assert read_log(tmp_path).rows == 39
    found = fit(loss, np.zeros(2), log=tmp_path, stop=MaxSteps(100), resume=True)
    whole = fit(bowl, np.zeros(2), stop=MaxSteps(100))
    assert found.params.equals(whole.params)


@pytest.mark.parametrize("where", ["loss", "watch", "progress", "restart", "commit"])
def test_ctrl_c_ends_the_run_and_it_can_be_resumed(where, tmp_path, monkeypatch):
    armed = True
    calls = 0

    def strike(place, after):
        nonlocal calls
        calls += place == where
        if armed and calls > after and place == where:
            raise KeyboardInterrupt

    def loss(Y):
        strike("loss", 300)
        return problem.absolute(Y)

    class Nudge(Restart):
        name = "nudge"

        def point(self, base, number, rng):
            drawn = [array + rng.normal(size=array.shape) for array in base]
            strike("restart", 2)
            return drawn

    def write(marks):
        strike("commit", 2)
        return original(marks)

    original = Marks.write
    monkeypatch.setattr(Marks, "write", write)

    def watched(Y):
        strike("watch", 300)
        return Y[0, 0]

    # A program calls neither the loss nor what is watched.
    engine = "eager" if where in ("loss", "watch") else "python"
    monkeypatch.setattr(writer, "GATHERED_ROWS", 64)
    monkeypatch.setattr(engines, "ROUNDS_AT_ONCE", 16)

    def run(log, **options):
        return fit(loss, problem.Y, rule=GrowShrink(minimum=1e-3), restart=Nudge(), rng=4,
                   stop=MaxSteps(3000), watch={"w": watched}, log=log, engine=engine,
                   **options)  # fmt: skip

    problem = Inverse(3, 6)
    found = run(tmp_path, progress=lambda *args: strike("progress", 0))
    assert found.interrupted
    assert found.ending == "interrupted"
    assert not found.converged
    assert 0 < found.steps < 3000
    assert len(found.loss) == found.steps + 1
    armed = False
    resumed, whole = run(tmp_path, resume=True), run(None)
    for name in FRAMES:
        assert getattr(resumed, name).equals(getattr(whole, name)), name
    assert not resumed.interrupted


def test_progress_is_told_where_the_run_stands():
    told = []
    found = fit(bowl, np.zeros(1), stop=MaxSteps(20), progress=lambda *args: told.append(args))
    step, value, step_size, restarts, seconds = told[0]
    assert value == found.loss["loss"][step]
    assert step_size == found.loss["step_size"][step]
    assert restarts == 0
    assert 0 <= seconds <= found.seconds


# ------------------------------------------------------------------------------------- resuming


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng,
    lambda seed: np.random.Generator(np.random.Philox(seed))])  # fmt: skip
@pytest.mark.parametrize("passed", [True, False])
def test_a_run_goes_on_beyond_its_limit(make, passed, tmp_path):
    problem = Inverse(3, 4)

    def run(steps, log=None, **options):
        return fit(problem.absolute, problem.Y, rule=GrowShrink(minimum=1e-3), restart="kick",
                   stop=MaxSteps(steps), log=log, **options)  # fmt: skip

    first = run(333, tmp_path, rng=make(9))
    other = {"rng": make(123)} if passed else {}
    second = run(1000, tmp_path, resume=True, **other)
    whole = run(1000, rng=make(9))
    assert first.steps == 333
    for name in FRAMES:
        assert getattr(second, name).equals(getattr(whole, name)), name
    for name in ("steps", "restarts", "loss_evaluations", "gradient_evaluations", "value"):
        assert getattr(second, name) == getattr(whole, name)
    assert second.seconds > first.seconds


def test_a_converged_run_stays_converged(tmp_path):
    problem = Inverse(3, 0)
    first = problem.fit(1000, log=tmp_path)
    second = problem.fit(1000, log=tmp_path, resume=True)
    assert second.converged
    assert second.steps == first.steps
    assert np.array_equal(second.x, first.x)


def test_the_memory_layout_of_gradients_survives_a_resume(tmp_path):
    # The gradient of Y.T @ X comes transposed, and BLAS rounds by layout.
    X = np.random.RandomState(0).rand(40, 40)

    def run(steps, log=None, resume=False):
        return fit(lambda Y: np.square(Y.T @ X - np.eye(40)).sum(), X, rule="barzilai-borwein",
                   stop=MaxSteps(steps), log=log, resume=resume)  # fmt: skip

    run(50, tmp_path)
    assert run(120, tmp_path, resume=True).params.equals(run(120).params)


def test_trouble_is_remembered(tmp_path):
    def run(limit, log=None, resume=False):
        restart = FreshStart(lambda rng: rng.uniform(0.0, 0.4, 1), limit)
        return fit(trap(0.5), np.zeros(1), rule=Constant(0.2), restart=restart, rng=1,
                   stop=MaxSteps(50), log=log, resume=resume)  # fmt: skip

    run(1, tmp_path)
    resumed, whole = run(4, tmp_path, resume=True), run(4)
    assert resumed.restarts == 4
    assert resumed.loss.equals(whole.loss)


def test_seconds_of_earlier_sessions_count(tmp_path):
    first = fit(bowl, np.zeros(2), rule=Constant(1e-6), stop=MaxSteps(2000), log=tmp_path)
    stop = MaxSeconds(first.seconds / 2)
    second = fit(bowl, np.zeros(2), rule=Constant(1e-6), stop=stop, log=tmp_path, resume=True)
    assert second.ending == "MaxSeconds"
    assert second.steps == first.steps


def test_a_run_killed_before_its_first_commit_starts_again(tmp_path):
    RunLog.create(tmp_path, ["Y"], [(2,)], ["f8"]).close()
    found = fit(bowl, np.zeros(2), stop=MaxSteps(50), log=tmp_path, resume=True)
    assert found.params.equals(fit(bowl, np.zeros(2), stop=MaxSteps(50)).params)


def cube(Z):
    return np.square(Z).sum()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"start": np.zeros(3)}, r"another problem.*Y \(2,\) float64.*Y \(3,\) float64"),
        ({"start": np.zeros(2, dtype="f4")}, "another problem.*float32"),
        ({"loss": cube}, r"another problem.*Z \(2,\)"),
        ({"watch": {"a": np.max}}, "watches nothing.*watches a"),
        ({"rule": "barzilai-borwein"}, "another run: its rule is"),
        ({"rule": GrowShrink(initial=0.02)}, "0.02"),
        ({"restart": "none"}, "another run: its restart is"),
        ({"rng": np.random.RandomState(0)}, "drew from a Generator"),
    ],
)
def test_a_different_problem_is_not_resumed(change, words, tmp_path):
    same = {"loss": bowl, "start": np.zeros(2), "restart": "kick", "stop": MaxSteps(20)}
    fit(**same, log=tmp_path)
    with pytest.raises(FitError, match=words) as caught:
        fit(**{**same, **change}, log=tmp_path, resume=True)
    assert "\n" not in str(caught.value)
    assert read_log(tmp_path).rows == 21
    assert fit(**same, log=tmp_path, resume=True).steps == 20


X = np.random.RandomState(7).rand(3, 3)


def squares(Y):
    return np.square(X @ Y - np.eye(3)).sum()


@pytest.mark.parametrize("steps", [0, 1, 40, 700])
@pytest.mark.parametrize(
    "other",
    [
        lambda Y: np.abs(X @ Y - np.eye(3)).sum(),
        lambda Y: 2 * squares(Y),
        lambda Y: squares(Y) * (1 + 1e-9),
        lambda Y: squares(Y) + 1e-9,
        lambda Y: np.square((X + 1e-6) @ Y - np.eye(3)).sum(),
        lambda Y: squares(Y) * np.nan,
        lambda Y: squares(Y) + np.inf,
    ],
)
def test_another_loss_is_not_resumed(other, steps, tmp_path):
    """Its value at the checkpoint is another one: both are said, and the log stays as it is."""
    options = {"log": tmp_path}
    first = fit(squares, np.full((3, 3), 0.5), stop=MaxSteps(steps), **options)
    before = read_log(tmp_path)
    with pytest.raises(FitError, match="belongs to another loss: at step") as caught:
        fit(other, X, stop=MaxSteps(steps + 9), resume=True, **options)
    at = first.loss["loss"].to_numpy()[first.loss["accepted"].to_numpy()][-1]
    assert f"it says {float(at)!r}, this loss is" in str(caught.value)
    assert "\n" not in str(caught.value)
    after = read_log(tmp_path)
    assert after.loss.equals(before.loss)
    assert after.summary == before.summary
    found = fit(squares, X, stop=MaxSteps(steps + 9), resume=True, **options)
    whole = fit(squares, np.full((3, 3), 0.5), stop=MaxSteps(steps + 9))
    assert found.loss.equals(whole.loss)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("steps", [0, 10, 5000])
@pytest.mark.parametrize("absolute", [False, True])
def test_a_loss_that_is_rounded_otherwise_is_resumed(dtype, steps, absolute, tmp_path):
    """As on another machine: the same sums, added up in another order."""
    n = 12
    A = np.random.RandomState(1).rand(n, n).astype(dtype)
    one = np.eye(n, dtype=dtype)

    def size(R):
        return abs(R).sum() if absolute else np.square(R).sum()

    def loss(Y):
        return size(A @ Y - one)

    def again(Y):
        terms = [A[:, k : k + 1] * Y[k] for k in range(n - 1, -1, -1)]
        return size(sum(terms[1:], terms[0]) - one)

    start = np.linalg.inv(A) + np.random.RandomState(2).rand(n, n).astype(dtype) * 1e-2
    options = {"rule": "barzilai-borwein", "log": tmp_path}
    fit(loss, start, stop=[Below(0.0), MaxSteps(steps)], **options)
    at = read_log(tmp_path).rows - 1
    assert fit(again, start, stop=MaxSteps(at + 5), resume=True, **options).steps >= at


def test_a_loss_that_was_never_finite_is_resumed(tmp_path):
    fit(trap(-1.0), np.zeros(1), stop=MaxSteps(5), log=tmp_path)
    found = fit(trap(-1.0), np.zeros(1), stop=MaxSteps(9), log=tmp_path, resume=True)
    assert found.reason == "the loss is nan"
    with pytest.raises(FitError, match=r"it says nan, this loss is 9\.0 there"):
        fit(lambda Y: np.square(Y - 3).sum(), np.zeros(1), log=tmp_path, resume=True)


def test_a_log_of_an_older_checkpoint_is_read_and_not_continued(tmp_path):
    fit(bowl, np.zeros(2), log=tmp_path, stop=MaxSteps(20))
    with RunLog.resume(tmp_path) as log:
        old = {name: value for name, value in log.state.items() if name != "format"}
        log.checkpoint = lambda: old
        log.flush()
        log.release()
    assert read_log(tmp_path).rows == 21
    with pytest.raises(FitError, match=r"another playground \(checkpoint 1, .* can be read"):
        fit(bowl, np.zeros(2), log=tmp_path, stop=MaxSteps(30), resume=True)


ALL_RULES = [
    *("grow-shrink", "barzilai-borwein", "constant", "adam", "l-bfgs", "conjugate-gradient"),
]


@pytest.mark.parametrize("rule", ALL_RULES)
def test_a_checkpoint_is_the_state_of_the_rule(rule, tmp_path):
    """By the names of its fields, and on disk as it was in memory."""
    found = fit(bowl, np.zeros(2, "f4"), rule=rule, stop=MaxSteps(9), log=tmp_path)
    state = read_log(tmp_path).checkpoint["rule_state"]
    assert list(state) == list(make_rule(rule).begin([np.zeros(2)])._fields)
    assert state["size"] == found.loss["step_size"].iloc[-1]
    for start in (np.zeros(2, "f4"), (np.zeros(2, "f4"), np.float32(1.0))):
        loss = bowl if isinstance(start, np.ndarray) else lambda a, b: bowl(a) * (b * b + 1)
        fit(loss, start, rule=rule, stop=MaxSteps(9), log=tmp_path / type(start).__name__)
        options = {"rule": rule, "stop": MaxSteps(30)}
        again = fit(loss, start, **options, log=tmp_path / type(start).__name__, resume=True)
        whole = fit(loss, start, **options)
        assert again.params.equals(whole.params)
        assert again.loss.equals(whole.loss)


def test_an_optimizer_is_a_rule():
    optimizer = playground.optimizers.Adam(alpha=0.1, beta1=0.5)
    first = fit(bowl, np.zeros(2), rule=optimizer, stop=MaxSteps(30))
    second = fit(bowl, np.zeros(2), rule=AdamSteps(0.1, beta1=0.5), stop=MaxSteps(30))
    assert first.params.equals(second.params)


@pytest.mark.parametrize("where", ["file:run", "file:run.sqlite", "file:x?mode=memory&y.sqlite",
    "file::memory:.sqlite", ":memory:", "a%20b#c?d.sqlite", "file:///run.sqlite"])  # fmt: skip
def test_a_path_is_a_path_whatever_it_looks_like(where, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fit(bowl, np.zeros(2), stop=MaxSteps(20), log=where)
    assert (tmp_path / where).exists()
    assert read_log(where).rows == 21
    fit(bowl, np.zeros(2), stop=MaxSteps(30), log=where, resume=True)
    assert read_log(tmp_path / where).rows == 31
    with pytest.raises(LogError, match="holds a run already"):
        fit(bowl, np.zeros(2), log=where)


@pytest.mark.parametrize("log", [None, "run"])
def test_a_fit_can_be_copied_and_sent(log, tmp_path):
    start = {"a": np.zeros(2), "b": np.float64(0.5)}
    found = fit(lambda a, b: bowl(a) * (1 + b * b), start, watch={"b": lambda a, b: b},
                stop=MaxSteps(30), log=log and tmp_path / log)  # fmt: skip
    copies = [copy.copy(found), copy.deepcopy(found)]
    for _ in range(2):
        copies.append(pickle.loads(pickle.dumps(copies[-1])))  # noqa: S301
    for twin in copies:
        assert twin.summary() == found.summary()
        assert np.array_equal(twin.x["a"], found.x["a"])
        for name in FRAMES:
            assert getattr(twin, name).equals(getattr(found, name)), name
        assert twin.log.meta == {}


LOOP: list[object] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("meta", "words"),
    [
        ({(1, 2): 3}, r"meta: expected names that are text.*\(1, 2\) \(tuple\)"),
        ({1: 2}, r"meta: expected names that are text.*1 \(int\)"),
        ({"a": {"b": {None: 1}}}, r"meta\['a'\]\['b'\]: expected names"),
        ({b"a": 1}, r"\(bytes\)"),
        ({"a": [0, {1, 2}]}, r"meta\['a'\]\[1\]: expected what JSON can hold.*got set"),
        ({"a": object()}, "got object"),
        ({"a": 1j}, "got complex"),
        ({"a": np.array([1j])}, "got complex"),
        ({"a": np.square}, "got ufunc"),
        ({"a": LOOP}, "deep without end"),
        ({"a": 10**5000}, "give it as text"),
        ([("a", 1)], "expected JSON values by name, got list"),
    ],
)
def test_what_json_cannot_hold_is_said_before_a_folder_is_made(meta, words, tmp_path):
    with pytest.raises(LogError, match=words) as caught:
        fit(bowl, np.zeros(2), log=tmp_path / "run", meta=meta)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_what_json_has_another_word_for_is_stored_as_that(tmp_path):
    given = {"n": np.float32(1.5), "k": np.arange(3), "t": (1, None), "p": tmp_path / "x", "e": {}}
    fit(bowl, np.zeros(2), log=tmp_path, meta=given, stop=MaxSteps(3))
    plain = {"n": 1.5, "k": [0, 1, 2], "t": [1, None], "p": str(tmp_path / "x"), "e": {}}
    assert read_log(tmp_path).meta == plain


def test_resuming_needs_a_log(tmp_path):
    with pytest.raises(FitError, match="log=PATH"):
        fit(bowl, np.zeros(2), resume=True)
    with pytest.raises(LogError, match="there is no log"):
        fit(bowl, np.zeros(2), log=tmp_path, resume=True)


def test_a_run_is_not_overwritten(tmp_path):
    fit(bowl, np.zeros(2), log=tmp_path, stop=MaxSteps(3))
    with pytest.raises(LogError, match="resume=True"):
        fit(bowl, np.zeros(2), log=tmp_path, stop=MaxSteps(3))
    assert read_log(tmp_path).rows == 4


# ------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("loss", "start", "words"),
    [
        (lambda Y: Y * 2, np.ones(3), r"one real number, got an array of shape \(3,\).*\.sum\(\)"),
        (lambda Y: (Y.array**2).sum(), np.ones(2), "returned float64, not a Variable.*NumPy"),
        (lambda Y: 1.0, np.ones(2), "returned float, not a Variable"),
        (lambda Y: None, np.ones(2), "returned None"),
        (lambda a, b: (a**2).sum(), (np.ones(2), np.ones(2)), "does not depend on b"),
        (lambda a: playground.Variable(np.array(1.0)), np.ones(2), "does not depend on a"),
        (bowl, np.ones(2) + 1j, "Y: expected real numbers, got complex"),
        (bowl, ["a"], "Y: expected real numbers, got dtype"),
        (bowl, np.ones((0, 2)), "Y has no elements"),
        (bowl, (), "start is an empty tuple"),
        (bowl, (np.ones(2), np.ones(2)), "loss does not take what start brings"),
        (bowl, {"Z": np.ones(2)}, "loss does not take what start brings"),
        ("bowl", np.ones(2), "loss must be a function"),
    ],
)
def test_a_loss_or_a_start_that_does_not_fit(loss, start, words, tmp_path):
    with pytest.raises(FitError, match=words) as caught:
        fit(loss, start, log=tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "options",
    [
        {"rule": "newton"},
        {"restart": "jump"},
        {"stop": "soon"},
        {"rng": "seed"},
        {"watch": {"a": 3}},
    ],
)
def test_options_that_do_not_fit(options, tmp_path):
    with pytest.raises(FitError):
        fit(bowl, np.ones(2), log=tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_a_fresh_start_of_another_shape():
    restart, rule = FreshStart(lambda rng: np.zeros(3)), GrowShrink(minimum=1e-3)
    with pytest.raises(FitError, match=r"Y: expected shape \(2,\), as in start, got \(3,\)"):
        fit(lambda Y: np.abs(Y).sum(), np.ones(2), restart=restart, rule=rule)


def test_a_run_is_freed_by_reference_counting_alone():
    class Loss:
        def __call__(self, Y):
            return np.square(Y).sum()

    gc.collect()
    gc.disable()
    try:
        loss = Loss()
        alive = weakref.ref(loss)
        found = fit(loss, np.ones(2), stop=[Below(1e-3, measure=np.max), MaxSteps(50)])
        del loss
        assert found.steps
        assert alive() is None
    finally:
        gc.enable()


def test_backprop_that_is_switched_off_outside_is_on_inside():
    with playground.no_backprop_mode():
        assert fit(bowl, np.zeros(2)).converged


# ------------------------------------------------------------------------------------- devices


@pytest.mark.parametrize(
    "rule", ["grow-shrink", "barzilai-borwein", "l-bfgs", "conjugate-gradient"]
)
def test_arrays_of_a_device(rule, tmp_path):
    with registered():
        host = Inverse(3, 0).fit(2000, rule=rule)
        device = Inverse(3, 0, wrap=StrictArray).fit(2000, rule=rule, log=tmp_path)
        assert device.converged
        assert type(device.x) is np.ndarray
        assert device.steps == host.steps
        assert np.allclose(device.x, host.x)


def test_a_run_on_a_device_is_resumed_there(tmp_path):
    def run(steps, log=None, resume=False):
        problem = Inverse(3, 0, wrap=StrictArray)
        return problem.fit(steps, "absolute", restart="kick", log=log, resume=resume,
                           rule=GrowShrink(minimum=1e-3),
                           watch={"w": problem.absolute})  # fmt: skip

    with registered():
        run(200, tmp_path)
        resumed, whole = run(500, tmp_path, resume=True), run(500)
        assert whole.restarts > 2
        for name in FRAMES:
            assert getattr(resumed, name).equals(getattr(whole, name)), name


def test_a_device_by_name():
    assert fit(bowl, np.zeros(2), device="cpu").converged
    with pytest.raises(playground.DeviceError):
        fit(bowl, np.zeros(2), device="abacus")
