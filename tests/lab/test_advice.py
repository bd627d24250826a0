"""What a run that did not converge is told would help: true of where it stands."""

from __future__ import annotations

import numpy as np
import pytest

import playground
from playground.inverse.command import main as inverse
from playground.lab.descent import Below, Constant, GradientBelow, MaxSeconds, MaxSteps
from tests.commands import running

run = running(inverse)

ONE = np.ones(3)
CONVERGED = "which calls this converged"
BOTTOMLESS = "check the sign of the loss, or set bounds=: it fell from "
STATIONARY = "start elsewhere, unless this is a minimum: a zero gradient leads nowhere"
MORE = "allow more steps"


def bowl(x):
    return (x * x).sum()


def saddle(x):
    return x[0] ** 2 - x[1] ** 2


def hint(loss, start=ONE, **how) -> str:
    found = playground.fit(loss, start, **how)
    assert not found.converged
    return found.hint


# Steps of 0.3 along 2x leave 0.4 of the point: after 40 of them 1e-16 is left.
SOLVED = [
    {"rule": Constant(0.3), "stop": MaxSteps(40)},
    {"rule": Constant(0.3), "stop": [MaxSteps(60), MaxSeconds(60.0)]},
    {"rule": "barzilai-borwein", "stop": MaxSteps(50)},
    {"rule": "l-bfgs", "stop": MaxSteps(50)},
    {"rule": "grow-shrink", "stop": MaxSteps(500)},
    {"rule": Constant(0.3), "stop": MaxSteps(60), "bounds": (-2, 5)},
]


@pytest.mark.parametrize("how", SOLVED)
def test_a_solved_problem_is_sent_to_no_more_steps(how) -> None:
    said = hint(bowl, **how)
    assert said.startswith("GradientBelow(1e-08) as a stop rule, ")
    assert CONVERGED in said
    # And so it does.
    stops = how["stop"] if isinstance(how["stop"], list) else [how["stop"]]
    again = playground.fit(bowl, ONE, **{**how, "stop": [GradientBelow(1e-8), *stops]})
    assert again.converged


def test_the_tolerance_is_one_of_the_precision() -> None:
    single = ONE.astype(np.float32)
    said = hint(bowl, single, rule=Constant(0.3), stop=MaxSteps(15))
    # 0.4^15 * 2 * sqrt(3) is 3.7e-6.
    assert said.startswith("GradientBelow(0.0001) as a stop rule")
    assert hint(bowl, rule=Constant(0.3), stop=MaxSteps(15)).startswith(MORE)


@pytest.mark.parametrize(
    ("loss", "rule"),
    [
        (lambda x: x.sum(), "barzilai-borwein"),
        (lambda x: x.sum(), "grow-shrink"),
        (lambda x: -(x**2).sum(), "constant"),
        (lambda x: -(x**2).sum(), "l-bfgs"),
        (lambda x: -(x**2).sum(), "grow-shrink"),
        (lambda x: -(x**3).sum(), "barzilai-borwein"),
        (lambda x: -np.exp(x).sum(), "barzilai-borwein"),
    ],
)
def test_a_loss_without_a_lower_bound_is_named(loss, rule) -> None:
    assert hint(loss, rule=rule, stop=MaxSteps(1_000)).startswith(BOTTOMLESS)


@pytest.mark.parametrize(
    "rule", ["constant", "grow-shrink", "adam", "barzilai-borwein", "l-bfgs", "conjugate-gradient"]
)
def test_a_start_with_a_zero_gradient_is_left_by_no_rule(rule) -> None:
    assert hint(saddle, np.zeros(2), rule=rule, stop=MaxSteps(20)) == STATIONARY
    assert hint(lambda x: np.maximum(x, 0).sum(), -ONE, rule=rule, stop=MaxSteps(5)) == STATIONARY


@pytest.mark.parametrize(
    "stop",
    [
        [Below(0.5), MaxSteps(60)],
        [0.5, MaxSteps(60)],
        [Below(0.5, measure=lambda x: abs(x).sum() + 1), MaxSteps(60)],
        [GradientBelow(1e-300), Below(0.5), MaxSteps(60)],
        [Below(0.5), MaxSeconds(0.1)],
    ],
)
def test_a_tolerance_out_of_reach_is_named(stop) -> None:
    said = hint(lambda x: bowl(x) + 1, rule=Constant(0.3), stop=stop)
    assert said.startswith("a larger tolerance, or another start: where the gradient is ")


@pytest.mark.parametrize(
    ("loss", "how", "said"),
    [
        (bowl, {"rule": "constant", "stop": MaxSteps(20)}, f"{MORE}, or try the rule"),
        (bowl, {"stop": MaxSteps(0)}, MORE),
        # Steps of 1.01 along 2x: 1.02 times as far, on the other side.
        (bowl, {"rule": Constant(1.01), "stop": MaxSteps(9)}, "take smaller steps, for the loss"),
        # Small because its unit is: nothing is solved.
        (lambda x: 1e-12 * bowl(x), {"rule": "constant", "stop": MaxSteps(9)}, MORE),
        (bowl, {"rule": Constant(1e-6), "stop": MaxSeconds(0.01)}, "allow more seconds"),
        # Of a finer tolerance more steps are what it takes.
        (bowl, {"rule": Constant(0.3), "stop": [GradientBelow(1e-30), MaxSteps(40)]}, MORE),
        # A large negative minimum is one.
        (lambda x: bowl(x) - 1e9, {"rule": Constant(0.1), "stop": MaxSteps(9)}, MORE),
        (lambda x: 1e9 * (bowl(x - 9) - 250), {"rule": Constant(1e-10), "stop": MaxSteps(9)}, MORE),
        (lambda x: 1e9 * (bowl(x - 9) - 192), {"rule": Constant(1e-14), "stop": MaxSteps(9)}, MORE),
    ],
)
def test_what_is_under_way_is_told_to_go_on(loss, how, said) -> None:
    assert hint(loss, **how).startswith(said)


def test_a_resumed_run_knows_what_it_can(tmp_path) -> None:
    how = {"rule": Constant(0.3), "log": tmp_path / "run"}
    assert hint(bowl, stop=MaxSteps(5), **how).startswith(MORE)
    assert CONVERGED in hint(bowl, stop=MaxSteps(60), resume=True, **how)


def test_a_command_does_not_go_on_where_it_is_at_rest(run) -> None:
    words = ("--size", 2, "--rule", "barzilai-borwein", "--no-plot", "--out", "a")
    ran = run(*words, "--tol", 1e-300, "--max-steps", 200)
    assert ran.code == 1
    assert "what would help: a larger tolerance" in ran.out
    assert "--resume" not in ran.out.splitlines()[1]
