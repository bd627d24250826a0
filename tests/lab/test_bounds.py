"""Bounds: the forms they come in, minima in a box, and that no evaluation leaves it."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

import playground
from playground import FitError, read_log
from playground.lab.bounds import box_in_json, make_box
from playground.lab.descent import LBFGS, Below, FreshStart, GradientBelow, MaxSteps, Rule
from playground.transforms import value_and_grad
from tests.strict_array import StrictArray, registered

INF = math.inf
RULES = ["l-bfgs", "barzilai-borwein", "grow-shrink", "grow-shrink-take-back", "constant", "adam"]


def fit(loss, start, bounds, rule="l-bfgs", **options):
    return playground.fit(loss, start, bounds=bounds, rule=rule, **options)


def rosenbrock(x):
    return (100 * np.square(x[1:] - x[:-1] ** 2) + np.square(1 - x[:-1])).sum()


def bowl(x):
    return np.square(x - np.array([3.0, -1.0, 0.5])).sum()


# ------------------------------------------------------------------------------- minima


def bounded_quadratic(n, condition, seed):
    rng = np.random.default_rng(seed)
    Q, _ = np.linalg.qr(rng.normal(size=(n, n)))
    A = Q @ np.diag(np.logspace(0, condition, n)) @ Q.T
    b = A @ rng.normal(size=n) * 1.5
    return (lambda x: 0.5 * (x @ (A @ x)) - b @ x), np.zeros(n), [(-1, 1)] * n


def least_squares(n, seed):
    rng = np.random.default_rng(seed)
    A, b = rng.normal(size=(2 * n, n)), rng.normal(size=2 * n)
    return (lambda x: np.square(A @ x - b).sum()), np.ones(n), [(0, None)] * n


def logistic(n, seed):
    rng = np.random.default_rng(seed)
    D = rng.normal(size=(100, n))
    t = np.sign(D @ rng.normal(size=n) + rng.normal(size=100))
    return (lambda v: np.logaddexp(0, -t * (D @ v)).mean()), np.zeros(n), [(-0.3, 0.3)] * n


CASES = {
    "valley below": (rosenbrock, np.zeros(5), [(None, 0.5)] * 5),
    "corner": (rosenbrock, np.array([-1.2, -1.0]), [(-1.5, -0.5), (-1, 0.2)]),
    "some": (rosenbrock, np.full(10, 2.0), [(1.5, 3) if k % 3 == 0 else (None, None)
                                            for k in range(10)]),
    "fixed": (rosenbrock, np.array([0.5, 0.3, 0.2]), [(0.5, 0.5), (None, None), (0, 1)]),
    "quadratic of 5": bounded_quadratic(5, 2, 0),
    "quadratic of 30": bounded_quadratic(30, 4, 1),
    "least squares": least_squares(12, 2),
    "logistic": logistic(6, 3),
    "linear": (lambda x: (x * np.array([1.0, -1.0, 2.0])).sum(), np.zeros(3), [(-1, 1)] * 3),
}  # fmt: skip


@pytest.mark.parametrize("rule", ["l-bfgs", "barzilai-borwein"])
@pytest.mark.parametrize("name", CASES)
def test_the_minimum_is_scipys(name, rule):
    minimize = pytest.importorskip("scipy.optimize").minimize
    f, start, bounds = CASES[name]
    both = value_and_grad(f)
    theirs = minimize(
        lambda x: tuple(map(np.asarray, both(x))), start, jac=True, method="L-BFGS-B",
        bounds=bounds, options={"ftol": 0.0, "gtol": 1e-9},
    )  # fmt: skip
    run = fit(f, start, bounds, rule)
    assert run.converged, run
    assert "of the projected gradient" in run.reason or run.steps == 0
    assert run.value == pytest.approx(float(theirs.fun), rel=1e-9)
    assert run.x == pytest.approx(theirs.x, abs=3e-6)
    assert run.loss_evaluations <= (2 if rule == "l-bfgs" else 6) * theirs.nfev + 5


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_of_steps_along_the_gradient_finds_it(rule):
    run = fit(bowl, np.zeros(3), [(-1, 1), (-0.5, None), (None, None)], rule,
              stop=[GradientBelow(1e-7), MaxSteps(20_000)])  # fmt: skip
    assert run.converged
    assert run.x == pytest.approx([1.0, -0.5, 0.5], abs=1e-6)


EDGES = {
    # The minimum of x log x + a x is at exp(-1 - a), near the bound at which log ends.
    "logarithm": (lambda x: (x * np.log(x) + x * np.arange(1.0, 6.0)).sum(), np.full(5, 0.5),
                  (0, None), np.exp(-1 - np.arange(1.0, 6.0))),
    # Of x - a log x it is at a, or at the bound.
    "barrier": (lambda x: (x - np.array([0.2, 3.0]) * np.log(x)).sum(), np.ones(2), (0.0, 2.0),
                [0.2, 2.0]),
    "slope of infinity": (lambda x: (np.sqrt(x) + 0.1 * x).sum(), np.full(3, 0.5), (0, 1),
                          [0.0, 0.0, 0.0]),
    "the same beside a valley": (lambda x: np.sqrt(x[:2]).sum() + rosenbrock(1 + x[2:]),
                                 np.array([0.0, 0.0, 1.0, 2.0]), (0, None), np.zeros(4)),
    "root": (lambda x: (x - np.sqrt(x)).sum(), np.full(2, 0.9), (0, 1), [0.25, 0.25]),
    "inverse": (lambda x: (1 / x + 4 * x).sum(), np.full(2, 0.1), (1e-3, 0.4), [0.4, 0.4]),
    "arcsine": (lambda x: np.arcsin(x).sum(), np.zeros(2), (-1, 1), [-1.0, -1.0]),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", EDGES)
def test_no_evaluation_leaves_the_box(name, rule):
    f, start, (low, high), expected = EDGES[name]
    seen = []

    def loss(x):
        seen.append(x.array)
        return f(x)

    restart = FreshStart(lambda rng: rng.normal(size=start.shape) * 9, limit=2)
    stop = [GradientBelow(1e-6), MaxSteps(1500)]
    run = fit(loss, start, (low, high), rule, stop=stop, restart=restart)
    every = np.array(seen)
    assert (every >= low).all()
    assert (every <= (INF if high is None else high)).all()
    assert len(every) > 1
    if rule in RULES[:2] and not run.restarts and name != "arcsine":
        assert run.converged, run
        assert run.x == pytest.approx(np.array(expected), abs=1e-5)


def test_a_fresh_start_is_drawn_from_the_box():
    starts = []

    def loss(x):
        starts.append(x.array)
        return np.abs(x * 1e300 * 1e300).sum()  # never finite: every point is a start

    bounds = [(-5, -3), (2, None), (-1e308, 1e308), (0.25, 0.25)]
    start = np.array([-4.0, 3.0, 1.0, 0.25])
    fit(loss, start, bounds, restart=FreshStart(limit=200), rng=1)
    every = np.array(starts[1:])
    assert len(every) > 100
    assert every[:, 0].min() < -4.8
    assert every[:, 0].max() > -3.2
    assert 2 <= every[:, 1].min() < 2.1
    assert 2.9 < every[:, 1].max() < 3
    assert every[:, 2].max() > 1e307
    assert every[:, 2].min() < -1e307
    assert (every[:, 3] == 0.25).all()


def test_units_do_not_make_a_minimum():
    """A distance of 5e-10 to a bound is no small gradient."""
    run = fit(lambda x: np.square(x * 1e9 - 3.0).sum(), np.full(2, 0.5e-9), (0, 1e-9))
    assert run.x.tolist() == [1e-9, 1e-9]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_bounds_are_rounded_inwards(dtype):
    run = fit(lambda x: -x.sum(), np.zeros(2, dtype), (-0.1, 0.1))
    assert run.x.dtype == dtype
    assert (run.x.astype("f8") <= 0.1).all()
    assert run.x == pytest.approx(0.1)
    run = fit(lambda x: x.sum(), np.zeros(2, dtype), (-0.7, 0.7))
    assert (run.x.astype("f8") >= -0.7).all()


@pytest.mark.parametrize("rule", RULES[:2])
def test_on_a_device(rule):
    with registered():
        host = fit(bowl, np.zeros(3), (0, 1), rule)

        def loss(x):
            centre = StrictArray.of(np.array([3.0, -1.0, 0.5]))
            return np.square(x - centre).sum()

        run = fit(loss, StrictArray.of(np.zeros(3)), (0, 1), rule)
        assert run.x == pytest.approx(host.x)


# -------------------------------------------------------------------------------- forms


def box(bounds, start, *names):
    values = list(start.values()) if isinstance(start, dict) else start
    point = [np.asarray(x, float) for x in (values if isinstance(values, (list, tuple)) else
                                            [values])]  # fmt: skip
    return box_in_json(make_box(bounds, start, names, point), names)


TWO = np.full(2, 0.5)
SQUARE = np.full((2, 2), 0.5)


@pytest.mark.parametrize(
    ("bounds", "start", "expected"),
    [
        ((0, 1), TWO, {"x": [0.0, 1.0]}),
        ((None, 1), TWO, {"x": [None, 1.0]}),
        (np.array([0, 1]), TWO, {"x": [0.0, 1.0]}),
        ([(0, 1), (None, 2)], TWO, {"x": [[0.0, None], [1.0, 2.0]]}),
        (((0, 1), (0.25, INF)), TWO, {"x": [[0.0, 0.25], [1.0, None]]}),
        (np.array([[0, 1], [-INF, 2]]), TWO, {"x": [[0.0, None], [1.0, 2.0]]}),
        (zip([0, 0], [1, 2], strict=True), TWO, {"x": [0.0, [1.0, 2.0]]}),
        (SimpleNamespace(lb=0, ub=[1, 2]), TWO, {"x": [0.0, [1.0, 2.0]]}),
        (SimpleNamespace(lb=[-INF, 0], ub=np.float32(3)), TWO, {"x": [[None, 0.0], 3.0]}),
        ([(0, 1)] * 3 + [(0, 9)], SQUARE, {"x": [0.0, [1.0, 1.0, 1.0, 9.0]]}),
        ([[(0, 1), (0, 2)], [(0, 3), (0, 4)]], SQUARE, {"x": [0.0, [1.0, 2.0, 3.0, 4.0]]}),
        (SimpleNamespace(lb=0, ub=[1, 2]), SQUARE, {"x": [0.0, [1.0, 2.0, 1.0, 2.0]]}),
        (SimpleNamespace(lb=[0] * 4, ub=[1, 2, 3, 4]), SQUARE, {"x": [0.0, [1.0, 2.0, 3.0, 4.0]]}),
        ([(0, 1)], 0.5, {"x": [0.0, 1.0]}),
        ((0, 1), (0.5, TWO), {"a": [0.0, 1.0], "b": [0.0, 1.0]}),
        (((0, 1), None), (0.5, TWO), {"a": [0.0, 1.0], "b": [None, None]}),
        (((0, 1), [(0, 1), (0, 2)]), (0.5, TWO), {"a": [0.0, 1.0], "b": [0.0, [1.0, 2.0]]}),
        ({"b": (0, 1)}, {"a": TWO, "b": 0.5}, {"a": [None, None], "b": [0.0, 1.0]}),
        (SimpleNamespace(lb=0, ub=1), {"a": TWO, "b": 0.5}, {"a": [0.0, 1.0], "b": [0.0, 1.0]}),
    ],
)  # fmt: skip
def test_a_form(bounds, start, expected):
    assert box(bounds, start, *expected) == expected


def test_scipys_own_bounds():
    optimize = pytest.importorskip("scipy.optimize")
    run = fit(bowl, np.zeros(3), optimize.Bounds([-1, -0.5, -INF], [1, INF, INF]))
    assert run.x == pytest.approx([1.0, -0.5, 0.5])


@pytest.mark.parametrize(
    ("bounds", "start", "words"),
    [
        ((1, 0), TWO, r"no number lies between those of x\[0\]: low 1, high 0"),
        ([(0, 1), (2, -2)], TWO, r"those of x\[1\]: low 2, high -2"),
        ((INF, INF), TWO, "no number lies between"),
        ((None, -INF), TWO, "no number lies between"),
        ((math.nan, 1), TWO, "expected numbers or None, got nan"),
        ([(0, 1), (0, np.nan)], TWO, "expected numbers or None, got nan"),
        (SimpleNamespace(lb=[0, np.nan], ub=1), TWO, "got nan"),
        (("0", "1"), TWO, "x has 2 entries: expected a pair"),
        ([("0", 1), (0, 1)], TWO, "expected numbers or None, got '0'"),
        ([(0, 1j), (0, 1)], TWO, "expected numbers or None, got 1j"),
        ([(0, 1)] * 3, TWO, r"x has 2 entries: expected a pair \(low, high\) for each"),
        ([(0, 1), (0, 1, 2)], TWO, "x has 2 entries"),
        (5, TWO, "x has 2 entries"),
        ((), TWO, "x has 2 entries"),
        (SimpleNamespace(lb=[0, 0, 0], ub=1), TWO, r"shape \(2,\), got bounds of shape \(3,\)"),
        ((1, 2), TWO, r"start lies outside of bounds: x\[0\] is 0.5, expected 1 to 2"),
        ([(0, 1), (0, 0.4)], TWO, r"x\[1\] is 0.5, expected 0 to 0.4"),
        ((0, 1), np.array([0.5, np.nan]), r"x\[1\] is nan"),
        ({"c": (0, 1)}, {"a": TWO, "b": 0.5}, "start has no 'c': expected some of a, b"),
        ([(0, 1), (0, 1)], {"a": TWO, "b": 0.5}, "expected a dict, as start is one"),
        ([(0, 1)] * 3, (TWO, 0.5), "start is a tuple of 2: expected a tuple of as many"),
    ],
)
def test_what_is_no_box(bounds, start, words):
    names = tuple(start) if isinstance(start, dict) else "ab" if type(start) is tuple else "x"
    with pytest.raises(FitError, match=words) as caught:
        box(bounds, start, *names)
    assert "\n" not in str(caught.value)


def test_what_no_number_of_the_dtype_is_in():
    with pytest.raises(FitError, match="no number of float32 lies between"):
        fit(bowl, np.full(3, 0.1, "f4"), (0.1, 0.1 + 1e-12))
    # What is fixed is taken at the nearest one.
    assert fit(lambda x: x.sum(), np.full(3, 0.1, "f4"), (0.1, 0.1)).x.tolist() == [
        np.float32(0.1)] * 3  # fmt: skip


def test_a_rule_that_does_not_keep_to_bounds_names_one_that_does():
    class Mine(Rule):
        name = "mine"

    with pytest.raises(FitError, match=r"'mine' does not know how to keep to bounds: .*'l-bfgs'"):
        fit(bowl, np.zeros(3), (0, 1), Mine())


# ------------------------------------------------------------------------------ the log


@pytest.mark.parametrize("rule", [*RULES, LBFGS(memory=3)])
@pytest.mark.parametrize("steps", [1, 7, 12])
def test_a_run_in_a_box_is_resumed_bit_for_bit(rule, steps, tmp_path):
    A = np.random.default_rng(0).normal(size=(9, 6))

    def loss(a, b):
        return np.square(A @ np.concatenate([a, b]) - 1).sum() + np.abs(a).sum()

    start = np.zeros(3), np.zeros(3)
    options = {"bounds": ((-0.1, 0.1), [(0, 1), (None, 0.2), (None, None)]), "rule": rule}
    restart = {"restart": "fresh", "rng": 3}
    playground.fit(loss, start, **options, **restart, stop=MaxSteps(steps), log=tmp_path)
    again = playground.fit(loss, start, **options, **restart, stop=MaxSteps(40), log=tmp_path,
                           resume=True)  # fmt: skip
    whole = playground.fit(loss, start, **options, **restart, stop=MaxSteps(40))
    assert again.loss.equals(whole.loss)
    assert again.params.equals(whole.params)
    kept = {"a": [-0.1, 0.1], "b": [[0.0, None, None], [1.0, 0.2, None]]}
    assert read_log(tmp_path).meta["bounds"] == kept


@pytest.mark.parametrize("other", [None, (0, 2), [(0, 1), (0, 1), (None, 1)]])
def test_other_bounds_are_not_resumed(other, tmp_path):
    options = {"rule": "l-bfgs", "log": tmp_path}
    playground.fit(bowl, np.full(3, 0.3), bounds=(0, 1), stop=MaxSteps(1), **options)
    with pytest.raises(FitError, match=r"another run: its bounds are .*this one's") as caught:
        playground.fit(bowl, np.full(3, 0.3), bounds=other, resume=True, **options)
    assert "\n" not in str(caught.value)
    assert playground.fit(bowl, np.full(3, 0.3), bounds=(0, 1), resume=True, **options).converged


def test_a_run_without_bounds_does_not_get_them(tmp_path):
    options = {"rule": "l-bfgs", "log": tmp_path}
    playground.fit(bowl, np.full(3, 0.3), stop=MaxSteps(1), **options)
    with pytest.raises(FitError, match="its bounds are None"):
        playground.fit(bowl, np.full(3, 0.3), bounds=(0, 1), resume=True, **options)


def test_the_meta_of_a_user_stays_apart(tmp_path):
    run = fit(bowl, np.zeros(3), (0, 1), log=tmp_path, meta={"who": "me"})
    assert read_log(tmp_path).meta == {"who": "me", "bounds": {"x": [0.0, 1.0]}}
    assert run.converged
    with pytest.raises(FitError, match="meta: 'bounds' is where"):
        fit(bowl, np.zeros(3), (0, 1), meta={"bounds": 1})


def test_the_gradient_of_the_log_is_the_whole_one():
    run = fit(bowl, np.zeros(3), (0, 1), stop=Below(-1.0))
    assert run.grads.iloc[-1].tolist() == [-4.0, 2.0, 0.0]
    assert run.x.tolist() == [1.0, 0.0, 0.5]
