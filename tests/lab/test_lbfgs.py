"""L-BFGS: what it remembers, how it searches, and how far it gets beside SciPy's."""

from __future__ import annotations

import math

import numpy as np
import pytest

import playground
from playground.lab.descent import LBFGS, Below, GradientBelow, MaxSteps
from playground.lab.descent.rules import shortened, turned
from playground.optimizers.arithmetic import square_sum
from playground.transforms import value_and_grad


def rosenbrock(x):
    return (100 * np.square(x[1:] - x[:-1] ** 2) + np.square(1 - x[:-1])).sum()


def dense(pairs, scale, n):
    """The inverse Hessian written down: H+ = (I - rho s y') H (I - rho y s') + rho s s'."""
    H, one = scale * np.eye(n), np.eye(n)
    for s, y, rho in pairs:
        H = (one - rho * np.outer(s, y)) @ H @ (one - rho * np.outer(y, s)) + rho * np.outer(s, s)
    return H


@pytest.mark.parametrize("count", [0, 1, 2, 5, 12])
def test_the_direction_is_that_of_the_matrix_written_down(count):
    rng = np.random.default_rng(count)
    A = rng.normal(size=(6, 6))
    A = A @ A.T + np.eye(6)
    steps = rng.normal(size=(count, 6))
    pairs = [(s, A @ s, 1.0 / float(s @ A @ s)) for s in steps]
    grads = rng.normal(size=6)
    split = [([s[:4], s[4:]], [y[:4], y[4:]], rho) for s, y, rho in pairs]
    found = np.concatenate(turned([grads[:4], grads[4:]], split, 0.3, 0.0))
    assert found == pytest.approx(dense(pairs, 0.3, 6) @ grads, rel=1e-9)


def test_pairs_that_are_not_there_yet_change_nothing():
    zeros, grads = [np.zeros(3)], [np.array([1.0, -2.0, 3.0])]
    (found,) = turned(grads, [(zeros, zeros, 0.0)] * 4, 0.5, 0.0)
    assert found.tolist() == [0.5, -1.0, 1.5]


@pytest.mark.parametrize(
    ("promise", "rise", "expected"),
    [
        (1.0, 1.0, 0.25),  # f(t) = 2 t^2 - t
        (1.0, 0.5, 1 / 3),
        (1.0, 1e9, 0.1),  # clipped below
        (1.0, -0.5, 0.5),  # f(t) = t^2 / 2 - t, whose bottom is at 1: clipped above
        (1.0, math.inf, 0.1),
        (1.0, math.nan, 0.1),
        (1e308, 1e308, 0.1),
        (0.0, 0.0, 0.1),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow encountered in add")
def test_a_step_is_shortened_to_the_bottom_of_a_parabola(promise, rise, expected):
    assert shortened(1.0, promise, rise) == pytest.approx(expected)
    assert shortened(8.0, promise, rise) == pytest.approx(8 * expected)
    lanes = shortened(np.array([1.0, 8.0]), promise, np.array([rise, rise]))
    assert lanes == pytest.approx([expected, 8 * expected])


def test_a_quadratic_of_a_few_curvatures_takes_a_few_steps():
    """As many as there are curvatures, and as it needs to find the length of its first one."""
    curvatures = np.repeat([1.0, 20.0, 300.0], 7)
    run = playground.fit(
        lambda x: 0.5 * (curvatures * x * x).sum(), np.ones(21), rule="l-bfgs", stop=1e-20
    )
    assert run.converged
    assert run.loss_evaluations < 25


def test_the_first_step_is_no_longer_than_asked_for():
    for scale in (1e-3, 1.0, 1e6):
        run = playground.fit(
            lambda x, scale=scale: scale * np.square(x).sum(), np.ones(4),
            rule=LBFGS(initial=0.1), stop=MaxSteps(1),
        )  # fmt: skip
        length = np.linalg.norm(run.params.iloc[1] - run.params.iloc[0])
        assert length == pytest.approx(min(0.1, 0.1 * 4 * scale))


def test_a_memory_is_a_whole_number():
    assert LBFGS(memory=np.int64(3)) == LBFGS(memory=3)
    assert type(LBFGS(memory=np.int64(3)).settings()["memory"]) is int


def test_where_nothing_bends_the_steps_double():
    run = playground.fit(lambda x: x.sum(), np.zeros(1), rule="l-bfgs", stop=MaxSteps(4))
    assert run.params.iloc[:, 0].tolist() == [0.0, -1.0, -3.0, -7.0, -15.0]


def test_a_memory_that_misleads_is_forgotten():
    rule, grads = LBFGS(memory=2), [np.array([1.0, 0.0])]
    state, _ = rule.step(rule.begin(grads), 1.0, grads, 1.0)
    state, _ = rule.step(state, 0.5, [np.array([0.5, 0.1])], 0.26)
    assert state.size == 1.0
    assert state.pairs[-1][2] != 0.0
    kept, value = [np.array([0.5, 0.1])], 0.5
    for _ in range(7):
        state, (stride,) = rule.refused(state, kept, math.inf)
    assert [pair[2] for pair in state.pairs] == [0.0, 0.0]
    assert (state.size, state.value) == (1.0, value)
    assert stride.tolist() == [0.5, 0.1]


def test_a_start_at_the_bottom_is_stuck_at_once():
    run = playground.fit(lambda x: np.square(x).sum(), np.zeros(3), rule="l-bfgs", stop=Below(-1.0))
    assert (run.ending, run.steps) == ("stuck", 0)
    assert "the gradient is zero" in run.reason


@pytest.mark.parametrize("offset", [0.0, 1.0, 1e3, -1e6])
def test_a_gradient_is_made_small_where_the_loss_has_no_digits_left(offset):
    """1e-8 of a slope changes a loss of 1e6 by less than its rounding."""
    c = np.logspace(0, 3, 12)
    run = playground.fit(
        lambda x: (np.cosh(np.sqrt(c) * x) - 1).sum() + offset, np.full(12, 0.1), rule="l-bfgs"
    )
    assert run.converged, run
    assert run.steps < 300


@pytest.mark.parametrize("start", [[-1.2, 1.0], [2.0, -2.0], [-3.0, 4.0], [0.0, 0.0], [10.0, 10.0]])
def test_it_is_safe_in_rosenbrocks_valley(start):
    run = playground.fit(rosenbrock, np.array(start), rule="l-bfgs")
    assert run.converged, run
    assert run.x == pytest.approx([1.0, 1.0], abs=1e-7)
    assert run.steps < 120


def test_it_is_safe_where_the_loss_explodes_or_is_not_there():
    run = playground.fit(lambda x: np.exp(x).sum() + np.exp(-x).sum(), np.full(2, 300.0),
                         rule="l-bfgs")  # fmt: skip
    assert run.converged
    run = playground.fit(lambda x: (x - np.log(x)).sum(), np.array([1e-3, 50.0]), rule="l-bfgs")
    assert run.x == pytest.approx([1.0, 1.0])


def test_only_what_can_be_accepted_costs_a_gradient():
    run = playground.fit(rosenbrock, np.array([-1.2, 1.0]), rule="l-bfgs")
    accepted = int(run.loss["accepted"].sum())
    assert accepted <= run.gradient_evaluations <= accepted + 3 < run.loss_evaluations


# ------------------------------------------------------------------------------ beside SciPy's


def quadratic(n, seed):
    rng = np.random.default_rng(seed)
    Q, _ = np.linalg.qr(rng.normal(size=(n, n)))
    A = Q @ np.diag(np.logspace(0, 4, n)) @ Q.T
    return lambda x: 0.5 * (x @ (A @ x)), rng.normal(size=n)


def logistic(n, seed):
    rng = np.random.default_rng(seed)
    D, w = rng.normal(size=(200, n)), rng.normal(size=n)
    t = np.sign(D @ w + rng.normal(size=200))
    return lambda v: np.logaddexp(0, -t * (D @ v)).mean() + 1e-3 * (v @ v), np.zeros(n)


def inverse(n, seed):
    rng = np.random.RandomState(seed)
    X, Y = rng.rand(n, n), rng.rand(n, n)
    return lambda y: np.square(X @ y.reshape(n, n) - np.eye(n)).sum(), Y.ravel()


def evaluations(f, start, tol):
    """SciPy's, until the norm of the gradient is at most ``tol``; and its point."""
    from scipy.optimize import minimize

    both, norms = value_and_grad(f), []

    def fun(x):
        value, grad = both(x)
        norms.append(math.sqrt(square_sum([grad])))
        return float(value), grad

    options = {"ftol": 0.0, "gtol": tol / math.sqrt(start.size), "maxiter": 10**5, "maxfun": 10**5}
    found = minimize(fun, start, jac=True, method="L-BFGS-B", options=options)
    return next((k for k, norm in enumerate(norms, 1) if norm <= tol), len(norms)), found.x


CASES = {
    "quadratic of 2": quadratic(2, 0),
    "quadratic of 10": quadratic(10, 1),
    "Rosenbrock of 2": (rosenbrock, np.array([-1.2, 1.0])),
    "Rosenbrock of 10": (rosenbrock, np.random.default_rng(2).normal(size=10)),
    "logistic of 5": logistic(5, 3),
    "logistic of 20": logistic(20, 4),
    "inverse of 3": inverse(3, 5),
    "inverse of 5": inverse(5, 6),
}


def test_it_evaluates_about_as_often_as_scipys_and_finds_the_same():
    pytest.importorskip("scipy")
    ratios = []
    for name, (f, start) in CASES.items():
        theirs, point = evaluations(f, start, 1e-7)
        run = playground.fit(f, start, rule="l-bfgs", stop=[GradientBelow(1e-7), MaxSteps(10**4)])
        assert run.converged, name
        assert run.x == pytest.approx(point, rel=1e-3, abs=1e-5), name
        ratios.append(run.loss_evaluations / theirs)
    assert np.median(ratios) <= 1.2, ratios
    assert max(ratios) <= 2.0, ratios
