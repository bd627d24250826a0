"""Conjugate gradients: on a quadratic as many lines as it has curvatures, elsewhere downhill."""

from __future__ import annotations

import numpy as np
import pytest

import playground
from playground import FitError
from playground.lab.descent import Below, ConjugateGradient, GradientBelow, MaxSteps, NoRestart


def fit(loss, start, **how):
    how.setdefault("stop", [GradientBelow(1e-7), MaxSteps(3_000)])
    return playground.fit(loss, start, rule=how.pop("rule", "conjugate-gradient"), **how)


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("size", [8, 40])
def test_a_line_a_curvature(count, size) -> None:
    """In exact numbers one line for each different curvature, of two steps each: theory."""
    curvatures = np.resize(np.linspace(1.0, 9.0, count), size)
    wanted = np.arange(1.0, size + 1)
    found = fit(lambda x: 0.5 * (curvatures * (x - wanted) ** 2).sum(), np.zeros(size))
    assert found.converged
    assert found.steps <= 2 * count + 2
    assert np.allclose(found.x, wanted, rtol=1e-7)


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1.0, 1e3, 1e6])
def test_the_unit_of_the_loss_is_no_matter(scale) -> None:
    curvatures = np.geomspace(1.0, 1e3, 6)
    loss = lambda x: 0.5 * scale * (curvatures * (x - 1) ** 2).sum()  # noqa: E731
    found = fit(loss, np.zeros(6), stop=[GradientBelow(1e-8 * scale), MaxSteps(200)])
    assert found.converged
    assert np.allclose(found.x, 1.0)


@pytest.mark.parametrize("condition", [1e2, 1e4, 1e5])
@pytest.mark.parametrize("size", [4, 10, 20])
def test_inverses_of_covariance_matrices(condition, size) -> None:
    rng = np.random.default_rng(size)
    Q = np.linalg.qr(rng.normal(size=(size, size)))[0]
    values = np.geomspace(1.0, 1 / condition, size)
    X, inverse = (Q * values) @ Q.T, (Q / values) @ Q.T
    identity = np.eye(size)
    stop = [Below(1e-3, measure=lambda Y: np.abs(X @ Y - identity).sum()), MaxSteps(2_000)]
    found = fit(lambda Y: ((X @ Y - identity) ** 2).sum(), rng.random((size, size)), stop=stop)
    assert found.converged
    assert np.abs(found.x - inverse).max() <= 1e-3 * condition


ELSEWHERE = {
    "rosenbrock": (rosenbrock, [-1.2, 1.0], [1.0, 1.0]),
    "rosenbrock of six": (rosenbrock, [0.5] * 6, [1.0] * 6),
    "a barrier": (lambda x: (x - np.log(x)).sum(), [1e-3, 50.0], [1.0, 1.0]),
    "cosh": (lambda x: (np.cosh(np.array([1.0, 3.0]) * x) - 1).sum(), [0.5, -0.5], [0.0, 0.0]),
    "exp": (lambda x: (np.exp(x) - 2 * x).sum(), [-9.0, 4.0], [np.log(2)] * 2),
    "a valley of fourth order": (
        lambda x: ((x - 3) ** 4 + (x - 3) ** 2).sum(),
        [0.0, 9.0],
        [3.0] * 2,
    ),
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_elsewhere_it_gets_there_too(name) -> None:
    loss, start, bottom = ELSEWHERE[name]
    found = fit(loss, np.array(start))
    assert found.converged
    assert np.allclose(found.x, bottom, atol=1e-4)


def test_single_precision() -> None:
    curvatures = np.geomspace(1, 100, 5, dtype="f4")
    loss = lambda x: (curvatures * (x - 2) ** 2).sum()  # noqa: E731
    found = fit(loss, np.zeros(5, "f4"), stop=[Below(1e-8), MaxSteps(100)])
    assert found.converged
    assert found.x.dtype == np.float32
    assert np.allclose(found.x, 2, atol=1e-4)


def test_several_parameters_are_one_point() -> None:
    def loss(a, b):
        return ((a - 1) ** 2).sum() + 50 * (b + 2) ** 2 + 5 * ((a - 1).sum() * (b + 2))

    found = fit(loss, (np.zeros((2, 2)), 0.0))
    assert found.steps <= 10
    assert np.allclose(found.x[0], 1)
    assert np.allclose(found.x[1], -2)


def test_downhill_without_a_bottom_steps_grow() -> None:
    found = fit(lambda x: x.sum(), np.zeros(2), stop=MaxSteps(30))
    assert found.value < -1e6
    assert found.hint.startswith("check the sign of the loss")


def test_a_probe_beyond_the_edge_is_taken_back() -> None:
    """log has no value below 0: nearer, until there is one."""
    found = fit(
        lambda x: -np.log(x).sum() + 100 * x.sum(), np.array([1.0]), rule=ConjugateGradient(9.0)
    )
    assert found.converged
    assert found.x == pytest.approx(0.01)
    assert not found.loss["accepted"].all()


def test_settings_are_checked_and_said() -> None:
    assert repr(ConjugateGradient(initial=0.5)) == "ConjugateGradient(initial=0.5)"
    for bad in ({"initial": 0}, {"trust": 1.0}, {"trust": -0.1}, {"minimum": 0.0}):
        with pytest.raises(FitError):
            ConjugateGradient(**bad)
    with pytest.raises(FitError, match="does not know how to keep to bounds: use rule='l-bfgs'"):
        fit(lambda x: (x * x).sum(), np.ones(2), bounds=(0, 2))


def test_at_a_kink_it_ends() -> None:
    found = fit(lambda x: abs(x).sum(), np.array([1.0, 0.3]), restart=NoRestart())
    assert found.ending == "stuck"
    assert found.value < 1e-3
