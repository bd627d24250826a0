"""Step rules, stop rules and restarts, each by itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

import playground
from playground import FitError
from playground.lab.descent import (
    Adam,
    BarzilaiBorwein,
    Below,
    Constant,
    Course,
    FreshStart,
    GradientBelow,
    GrowShrink,
    Kick,
    MaxSeconds,
    MaxSteps,
    NoRestart,
    Rule,
    make_restart,
    make_rule,
    make_stops,
)
from playground.lab.descent.vectors import inner, squared


def never():
    raise RuntimeError("the gradient is not needed here")


# ------------------------------------------------------------------------------------- rules


def sizes(rule, values):
    """The step sizes that a rule answers to a course of losses."""
    return [rule.step(value, [np.ones(1)], 1.0) for value in values]


def test_grow_shrink_grows_after_a_better_loss_only():
    rule = GrowShrink(initial=1.0, grow=1.5, shrink=0.25)
    assert sizes(rule, [5.0, 4.0, 4.0, 6.0, 5.0]) == [1.0, 1.5, 0.375, 0.09375, 0.140625]


def test_grow_shrink_compares_with_the_loss_before_not_with_the_best():
    assert sizes(GrowShrink(initial=1.0), [1.0, 9.0, 8.0])[2] == 0.5 * 1.2


def test_grow_shrink_of_the_original_study():
    rule = make_rule("grow-shrink")
    assert (rule.step_size, rule.minimum, rule.takes_back) == (0.01, 1e-10, False)
    assert sizes(rule, [2.0, 1.0, 3.0]) == [0.01, 0.01 * 1.2, 0.01 * 1.2 * 0.5]


def test_grow_shrink_forgets_at_a_restart():
    rule = GrowShrink()
    sizes(rule, [3.0, 2.0, 1.0])
    rule.reset()
    assert sizes(rule, [9.0, 8.0]) == [0.01, 0.01 * 1.2]


def test_take_back_refuses_what_is_not_better():
    rule = make_rule("grow-shrink-take-back")
    assert rule.takes_back
    assert rule.accepts(math.inf, never)  # the first point is a start
    rule.step(2.0, [], 0.0)
    assert [rule.accepts(value, never) for value in (1.9, 2.0, 2.1)] == [True, False, False]
    assert rule.refused() == 0.005
    assert rule.step(1.0, [], 0.0) == 0.005 * 1.2


def test_constant_keeps_its_step():
    rule = Constant(0.25)
    assert sizes(rule, [1.0, 9.0, 0.0]) == [0.25] * 3
    assert rule.minimum == 0.0


def descend(rule, function, point, steps):
    """Points and losses of a plain descent; ``function`` returns loss and gradient."""
    point = np.asarray(point, dtype=float)
    value, grad = function(point)
    course = [(point, value)]
    size = rule.step(value, [grad], squared([grad]))
    for _ in range(steps):
        candidate = point - size * grad
        found, new = function(candidate)
        if math.isfinite(found) and rule.accepts(found, lambda new=new: [new]):
            point, value, grad = candidate, found, new
            size = rule.step(value, [grad], squared([grad]))
            course.append((point, value))
        else:
            size = rule.refused()
    return course


def quadratic(curvatures):
    c = np.asarray(curvatures, dtype=float)
    return lambda x: (0.5 * float(c @ (x * x)), c * x)


def test_barzilai_borwein_solves_one_dimension_in_two_steps():
    course = descend(BarzilaiBorwein(initial=0.01), quadratic([8.0]), [3.0], 2)
    assert abs(course[2][0][0]) < 1e-12


def test_barzilai_borwein_takes_one_of_the_two_step_sizes():
    curvatures = np.array([1.0, 10.0])
    rule = BarzilaiBorwein(initial=0.01)
    (x0, _), (x1, _) = descend(rule, quadratic(curvatures), [1.0, 1.0], 1)
    s, y = x1 - x0, curvatures * (x1 - x0)
    long, short = s @ s / (s @ y), s @ y / (y @ y)
    assert rule.step_size == pytest.approx(short if short < 0.5 * long else long, rel=1e-12)


def test_barzilai_borwein_is_fast_where_curvatures_differ():
    function = quadratic(np.logspace(0, 3, 20))
    start = np.ones(20)
    best = min(value for _, value in descend(BarzilaiBorwein(1e-4), function, start, 300))
    plain = min(value for _, value in descend(Constant(1.9e-3), function, start, 300))
    assert best < 1e-9 * plain


def test_barzilai_borwein_keeps_a_rise_that_a_quadratic_explains():
    function = quadratic(np.logspace(0, 4, 30))
    values = [value for _, value in descend(BarzilaiBorwein(1e-5), function, np.ones(30), 200)]
    before = [max(values[max(0, k - 10) : k]) for k in range(1, len(values))]
    assert any(value > limit for value, limit in zip(values[1:], before, strict=True))


def test_barzilai_borwein_takes_back_any_other_rise():
    rule = BarzilaiBorwein(initial=1.0)
    rule.step(1.0, [np.array([2.0])], 4.0)
    # From x = 1 on x**2 the step 1 leads to -1; a loss of 50 there is no quadratic's.
    assert not rule.accepts(50.0, lambda: [np.array([-2.0])])
    assert rule.refused() == 0.5
    # On a steeper quadratic with f(-1) = 49 its gradient there would be -100.
    rule.step_size = 1.0
    assert rule.accepts(49.0, lambda: [np.array([-50.0])])
    assert rule.accepts(0.5, never)


@pytest.mark.parametrize("start", [[-1.2, 1.0], [2.0, -2.0], [-3.0, 4.0]])
def test_barzilai_borwein_is_safe_in_rosenbrocks_valley(start):
    def rosenbrock(p):
        x, y = p
        t = y - x * x
        return 100 * t * t + (1 - x) ** 2, np.array([-400 * x * t - 2 * (1 - x), 200 * t])

    course = descend(BarzilaiBorwein(), rosenbrock, start, 400)
    assert np.allclose(course[-1][0], [1.0, 1.0], atol=1e-6)


def test_barzilai_borwein_is_safe_where_the_loss_explodes():
    def steep(x):
        with np.errstate(over="ignore"):
            return float(np.exp(x[0]) + np.exp(-x[0])), np.exp(x) - np.exp(-x)

    course = descend(BarzilaiBorwein(), steep, [20.0], 200)
    assert abs(course[-1][0][0]) < 1e-6


def test_barzilai_borwein_goes_farther_where_there_is_no_curvature():
    course = descend(BarzilaiBorwein(initial=1.0), lambda x: (float(x[0]), np.ones(1)), [0.0], 4)
    assert [point[0] for point, _ in course] == [0.0, -1.0, -3.0, -7.0, -15.0]


def test_adam_says_by_itself_what_a_step_subtracts():
    rule = make_rule("adam")
    assert rule.stride is None
    size = rule.step(1.0, [np.array([-3.0, 1e3]), np.array(0.5)], 1.0)
    assert size == pytest.approx(1e-3 * math.sqrt(1 - 0.999) / (1 - 0.9))
    np.testing.assert_allclose(rule.stride[0], [-1e-3, 1e-3], rtol=1e-4)
    assert rule.stride[1] == pytest.approx(1e-3, rel=1e-4)
    rule.reset()
    assert rule.stride is None
    assert not rule.takes_back


@pytest.mark.parametrize("flags", [{}, {"amsgrad": True, "adabound": True, "beta1": 0.5}])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_adam_is_the_optimizer_bit_for_bit(flags, dtype):
    rng = np.random.default_rng(0)
    link = playground.Link()
    with link.init_scope():
        link.x = playground.Parameter(np.ones(3, dtype))
    optimizer = playground.optimizers.Adam(alpha=0.02, eps=1e-5, **flags).setup(link)
    rule, point = Adam(0.02, eps=1e-5, **flags), np.ones(3, dtype)
    for _ in range(200):
        grad = rng.normal(size=3).astype(dtype)
        link.x.grad = grad
        optimizer.update()
        rule.step(0.0, [grad], 1.0)
        point = point - rule.stride[0]
        assert np.array_equal(point, link.x.array)


@pytest.mark.parametrize("after", [1, 7])
def test_a_restored_adam_goes_on_as_the_original(after):
    grads = list(np.random.default_rng(1).normal(size=(20, 3)))
    whole, first, second = Adam(0.1), Adam(0.1), Adam(0.1)

    def strides(rule, part):
        found = []
        for grad in part:
            rule.step(0.0, [grad], 1.0)
            found.append(rule.stride[0])
        return np.array(found)

    expected = strides(whole, grads)
    strides(first, grads[:after])
    second.restore(first.state(), [grads[after - 1]])
    assert np.array_equal(second.stride[0], expected[after - 1])
    strides(first, grads[after:])  # must not reach into the state that was handed out
    assert np.array_equal(strides(second, grads[after:]), expected[after:])


@pytest.mark.parametrize("name", ["grow-shrink", "barzilai-borwein", "constant"])
@pytest.mark.parametrize("after", [1, 7])
def test_a_restored_rule_goes_on_as_the_original(name, after):
    rng = np.random.default_rng(1)
    course = [(value, rng.normal(size=3)) for value in rng.random(20)]
    whole, first, second = make_rule(name), make_rule(name), make_rule(name)

    def answers(rule, part):
        return [rule.step(value, [grad], squared([grad])) for value, grad in part]

    expected = answers(whole, course)
    assert answers(first, course[:after]) == expected[:after]
    second.restore(first.state(), [course[after - 1][1]])
    assert answers(second, course[after:]) == expected[after:]


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: GrowShrink(grow=0.9), "grow >= 1"),
        (lambda: GrowShrink(shrink=1.0), "shrink"),
        (lambda: GrowShrink(worse="maybe"), "'maybe'"),
        (lambda: GrowShrink(initial=-1.0), "above 0"),
        (lambda: Constant(math.nan), "above 0"),
        (lambda: BarzilaiBorwein(memory=0), "memory"),
        (lambda: make_rule("newton"), "expected one of grow-shrink"),
        (lambda: make_rule(0.01), "float"),
        (lambda: Adam(alpha=0), "above 0"),
        (lambda: Adam(learning_rate=1), "unknown hyperparameter learning_rate"),
    ],
)
def test_a_bad_rule(make, word):
    with pytest.raises(FitError, match=word):
        make()


def test_a_rule_object_is_taken_as_it_is():
    rule = Rule(0.5)
    assert make_rule(rule) is rule


# ------------------------------------------------------------------------------------- vectors


@pytest.mark.filterwarnings("ignore:overflow encountered in dot")
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_products_too_large_for_the_dtype(dtype):
    large = np.full(4, np.finfo(dtype).max / 8, dtype=dtype)
    if dtype == "f8":
        large = np.full(4, 1e150)
    exact = 4 * float(large[0]) ** 2
    assert squared([large]) == pytest.approx(exact)
    assert inner([large, large], [large, -large]) == 0.0
    assert math.isnan(squared([np.array([1.0, math.nan], dtype=dtype)]))


def test_products_of_several_arrays():
    a, b = np.arange(6.0).reshape(2, 3), np.array(2.0)
    assert inner([a, b], [a + 1, b + 1]) == float((a * (a + 1)).sum() + 6.0)
    assert squared([a[:, ::2], b]) == float((a[:, ::2] ** 2).sum() + 4.0)


# ------------------------------------------------------------------------------------- stops


def course(step=3, value=1.0, squared_norm=1.0, accepted=True, before=0.0, point=(2.0,)):
    found = Course(lambda function, arrays: function(*arrays), point, before)
    found.step, found.value, found.accepted = step, value, accepted
    found.squared_norm = squared_norm
    return found


@pytest.mark.parametrize(
    ("stop", "met", "unmet", "converged"),
    [
        (Below(0.5), {"value": 0.5}, {"value": 0.50001}, True),
        (Below(0.5), {"value": 0.1}, {"value": math.nan}, True),
        (Below(0.5), {"value": 0.1}, {"value": 0.1, "accepted": False}, True),
        (GradientBelow(0.1), {"squared_norm": 0.01}, {"squared_norm": 0.0101}, True),
        (GradientBelow(0.1), {"squared_norm": 0.0}, {"squared_norm": math.nan}, True),
        (MaxSteps(3), {"step": 3}, {"step": 2}, False),
        (MaxSeconds(60), {"before": 60.0}, {"before": 1.0}, False),
    ],
)
def test_a_stop_rule(stop, met, unmet, converged):
    assert not stop.met(course(**unmet))
    assert stop.met(course(**met))
    assert stop.converged is converged
    assert stop.reason
    assert converged or stop.hint


def test_a_measure_is_computed_only_where_the_bound_allows_it():
    calls = []

    def measure(x):
        calls.append(x)
        return 0.3

    stop = Below(0.5, measure=measure, bound=math.sqrt)
    assert not stop.met(course(value=0.26))
    assert calls == []
    assert stop.met(course(value=0.24, point=(7.0,)))
    assert calls == [7.0]
    assert "0.3" in stop.reason
    assert not Below(0.2, measure=measure).met(course(value=0.0))


def test_seconds_include_those_of_earlier_sessions():
    assert course(before=1000.0).seconds >= 1000.0
    assert course().seconds < 1000.0


def test_stops_from_what_users_pass():
    assert [type(stop) for stop in make_stops(None)] == [GradientBelow, MaxSteps]
    number, limit = make_stops(1e-3)
    assert number.tol == 1e-3
    assert isinstance(limit, MaxSteps)
    one = MaxSteps(5)
    assert make_stops(one) == make_stops([one]) == [one]
    assert make_stops(np.float32(0.5))[0].tol == 0.5


@pytest.mark.parametrize(
    "make",
    [
        lambda: make_stops("soon"),
        lambda: make_stops([1e-3, MaxSteps(3)]),
        lambda: MaxSteps(-1),
        lambda: MaxSteps(2.5),
        lambda: MaxSeconds(-1),
        lambda: Below(math.nan),
        lambda: Below("small"),
        lambda: GradientBelow(-1e-3),
    ],
)
def test_a_bad_stop(make):
    with pytest.raises(FitError):
        make()


# ------------------------------------------------------------------------------------- restarts


@pytest.mark.parametrize("number", [1, 7])
def test_a_kick_is_that_of_the_original_study(number):
    base = [np.arange(6, dtype="f4").reshape(2, 3), np.array(2.0)]
    before = [array.copy() for array in base]
    kicked = Kick().point(base, number, np.random.RandomState(5))
    rng = np.random.RandomState(5)
    for array, found in zip(before, kicked, strict=True):
        expected = array.copy()
        expected += expected * rng.randn(*array.shape) * 0.1 / number
        assert found.dtype == array.dtype
        assert found.shape == array.shape
        assert np.array_equal(found, expected)
    assert all(np.array_equal(a, b) for a, b in zip(base, before, strict=True))


def test_a_kick_accepts_a_generator():
    (found,) = Kick(scale=0.5).point([np.ones(3)], 1, np.random.default_rng(2))
    assert np.array_equal(found, 1 + 0.5 * np.random.default_rng(2).standard_normal(3))


@pytest.mark.parametrize("rng", [np.random.default_rng, np.random.RandomState])
def test_a_fresh_start(rng):
    base = [np.zeros((2, 2), dtype="f4")]
    (found,) = FreshStart().point(base, 1, rng(3))
    assert found.dtype == np.float32
    assert np.array_equal(found, rng(3).random((2, 2)).astype("f4"))
    drawn = FreshStart(lambda rng: rng.normal(size=2)).point(base, 1, rng(3))
    assert np.array_equal(drawn, rng(3).normal(size=2))


def test_restarts_from_what_users_pass():
    assert make_restart(None).limit == make_restart("none").limit == 0
    assert isinstance(make_restart(None), NoRestart)
    assert isinstance(make_restart("kick"), Kick)
    assert isinstance(make_restart("fresh"), FreshStart)
    kick = Kick(limit=3)
    assert make_restart(kick) is kick
    for bad in ("jump", 3):
        with pytest.raises(FitError):
            make_restart(bad)
    with pytest.raises(FitError, match="limit"):
        Kick(limit=-1)
    with pytest.raises(FitError, match="scale"):
        Kick(scale=0)
