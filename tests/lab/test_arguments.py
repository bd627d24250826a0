"""What a user gives to fit that it cannot take: each error names what was meant."""

from __future__ import annotations

import numpy as np
import pytest

import playground
from playground.graph.errors import FitError
from playground.lab import descent
from playground.lab.descent import (
    LBFGS,
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
    make_restart,
)

START = np.array([1.0, 2.0])


def bowl(x):
    return ((x - 3.0) ** 2).sum()


def fit(loss=bowl, **options):
    return playground.fit(loss, START, **options)


@pytest.mark.parametrize(
    "part",
    [
        GrowShrink(0.02, worse="take-back"),
        BarzilaiBorwein(memory=3),
        Constant(0.1),
        AdamSteps(alpha=0.01),
        LBFGS(memory=5),
        Below(1e-3, name="residual"),
        GradientBelow(1e-6),
        MaxSteps(7),
        MaxSeconds(1.5),
        Kick(0.2, 3),
        FreshStart(limit=2),
        make_restart("none"),
    ],
    ids=lambda part: type(part).__name__,
)
def test_what_a_part_shows_could_be_typed(part):
    assert eval(repr(part), vars(descent)) == part  # noqa: S307


@pytest.mark.parametrize(
    ("options", "meant"),
    [
        ({"rules": "adam"}, "did you mean rule="),
        ({"max_steps": 5}, r"did you mean stop=.*MaxSteps\(…\)"),
        ({"maxiter": 5}, r"did you mean stop=.*MaxSteps\(…\)"),
        ({"tol": 1e-3}, r"did you mean stop=.*Below\(…\)"),
        ({"x0": START}, "did you mean start="),
        ({"lr": 0.1}, r"did you mean rule=Constant\(…\)"),
        ({"zzz": 1}, "it takes loss, start, rule, stop"),
    ],
)
def test_an_unknown_argument_of_fit(options, meant):
    with pytest.raises(
        TypeError, match=f"fit: there is no argument '{next(iter(options))}': .*{meant}"
    ):
        fit(**options)


@pytest.mark.parametrize(
    ("make", "meant"),
    [
        (
            lambda: GrowShrink(groww=2),
            "GrowShrink: there is no argument 'groww': did you mean grow=",
        ),
        (lambda: LBFGS(memry=2), "LBFGS: there is no argument 'memry': did you mean memory="),
        (lambda: Constant(zzz=2), "Constant: there is no argument 'zzz': it takes step"),
    ],
)
def test_an_unknown_argument_of_a_rule(make, meant):
    with pytest.raises(TypeError, match=meant):
        make()


def test_unknown_names():
    with pytest.raises(FitError, match="unknown rule 'barzilai': did you mean 'barzilai-borwein'"):
        fit(rule="barzilai")
    with pytest.raises(FitError, match="unknown restart 'kik': did you mean 'kick'"):
        fit(restart="kik")


@pytest.mark.parametrize("stop", [100, np.int64(100), 1, 10**6])
def test_a_number_of_steps_is_no_tolerance(stop):
    with pytest.raises(FitError, match=rf"stop={stop}: .*write MaxSteps\({stop}\)"):
        fit(stop=stop)


def test_a_tolerance_may_stand_in_a_list():
    assert fit(stop=[1e-6, MaxSteps(50)]).value <= 1e-6
    with pytest.raises(FitError, match=r"stop=100: .*MaxSteps\(100\)"):
        fit(stop=[100])


@pytest.mark.parametrize("stop", [True, "100", ["100"], [True], {"tol": 1}])
def test_what_is_no_stop_rule(stop):
    with pytest.raises(FitError, match=r"stop: expected (a tolerance, )?stop rules"):
        fit(stop=stop)


@pytest.mark.parametrize("stop", [0, 0.5, 1e-6, np.float32(0.5), 100.0])
def test_tolerances(stop):
    assert fit(stop=stop).value <= stop


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (lambda x: None, "loss returned None: is there a 'return' missing"),
        (lambda x: (bowl(x), 1), "loss returned tuple: return the loss alone"),
        (lambda x: [bowl(x)], "loss returned list: return the loss alone"),
        (lambda x: "loss", "loss returned str: return one real number"),
        (lambda x: x * 2.0, r"an array of shape \(2,\) .*end it with .sum\(\)"),
        (lambda x: 3.0, "loss returned float, not a Variable, so there is no gradient"),
    ],
)
def test_what_a_loss_returns(returned, said):
    with pytest.raises(FitError, match=said):
        fit(returned)


@pytest.mark.parametrize(
    ("watched", "said"),
    [
        (
            lambda x: None,
            r"watch\['far'\] must return one number, got NoneType: is there a 'return'",
        ),
        (lambda x: x, r"watch\['far'\] must return one number, got an array of shape \(2,\)"),
        (lambda x: "far", r"watch\['far'\] must return one number, got str"),
    ],
)
def test_what_a_watch_returns(watched, said):
    with pytest.raises(FitError, match=said):
        fit(watch={"far": watched})


def test_an_error_inside_a_watch_names_it():
    with pytest.raises(ZeroDivisionError) as caught:
        fit(watch={"far": lambda x: 1 / 0})
    assert caught.value.__notes__ == ["This was raised by watch['far'] of fit."]


def test_the_default_rule_gets_there_and_a_run_says_what_would_help():
    run = fit()
    assert run.converged
    assert np.allclose(run.x, 3.0, atol=1e-6)
    assert run.steps < 30
    short = fit(rule="grow-shrink", stop=MaxSteps(2))
    assert repr(short).endswith(
        "what may help: allow more steps, or try the rule 'barzilai-borwein'"
    )
    assert "what may help" not in repr(run)


def test_a_loss_that_is_nowhere_at_its_start_is_sent_to_find_nan():
    run = playground.fit(lambda x: np.log(x).sum(), [0.5, -1.0])
    assert run.hint == "start elsewhere: playground.find_nan(loss, start) names the line"


@pytest.mark.parametrize(
    "rule", ["barzilai-borwein", "l-bfgs", "conjugate-gradient", "grow-shrink"]
)
@pytest.mark.parametrize("start", [[0.0, 0.0], [0.0, -0.0]])
def test_a_run_that_stands_still_says_so_at_once(rule, start):
    run = playground.fit(lambda x: x[0] ** 2 - x[1] ** 2, start, rule=rule, stop=MaxSteps(3_000))
    assert run.steps < 40
    assert (run.ending, "the gradient is zero" in run.reason) == ("stuck", True)


@pytest.mark.parametrize(
    ("make", "meant"),
    [
        (lambda: descent.Constant(lr=1.0), "step="),
        (lambda: descent.Constant(learning_rate=1.0), "step="),
        (lambda: descent.BarzilaiBorwein(step_size=1.0), "initial="),
        (lambda: descent.LBFGS(history_size=5), "memory="),
        (lambda: descent.ConjugateGradient(trsut=0.2), "trust="),
        (lambda: descent.MaxSteps(steps=5), "limit="),
        (lambda: descent.MaxSeconds(max_seconds=5), "limit="),
        (lambda: descent.Below(threshold=1e-3), "tol="),
        (lambda: descent.GradientBelow(gtol=1e-3), "tol="),
    ],
)
def test_a_setting_by_the_name_that_others_have_for_it(make, meant):
    with pytest.raises(TypeError, match=f"did you mean {meant}"):
        make()


@pytest.mark.parametrize("stop", [100, 1, 1e4, 1000.0, [500], [5e3], np.float64(2000), np.int64(7)])
def test_a_whole_number_is_steps_also_as_a_float_and_in_a_list(stop):
    with pytest.raises(FitError, match=r"write MaxSteps\(\d+\) for these, Below\("):
        fit(stop=stop)


@pytest.mark.parametrize("stop", [1e-6, 0.5, 1.0, 30.0, 123.5, -1.0, 0])
def test_what_may_be_a_tolerance_is_one(stop):
    assert fit(stop=[stop, MaxSteps(3)]).steps <= 3


@pytest.mark.parametrize("name", ["MaxSteps", "MaxSeconds", "Below", "GradientBelow"])
def test_the_class_of_a_stop_rule_is_told_from_one(name):
    kind = getattr(descent, name)
    for stop in (kind, [kind], [kind, MaxSteps(5)]):
        with pytest.raises(FitError, match=rf"got its class: write {name}\(.+\)"):
            fit(stop=stop)
