"""Step rules, stop rules and restarts, each by itself."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

import playground
from playground import FitError
from playground.lab.descent import (
    LBFGS,
    Adam,
    AdamSteps,
    BarzilaiBorwein,
    Below,
    ConjugateGradient,
    Constant,
    FreshStart,
    GradientBelow,
    GrowShrink,
    Kick,
    MaxSeconds,
    MaxSteps,
    NoRestart,
    Standing,
    counted,
    make_restart,
    make_rule,
    make_stops,
)
from playground.optimizers.arithmetic import inner_product, select, square_sum


def never():
    raise RuntimeError("the gradient is not needed here")


# ------------------------------------------------------------------------------------- rules


def sizes(rule, values):
    """The step sizes that a rule answers to a course of losses."""
    state, found = rule.begin([np.ones(1)]), []
    for value in values:
        state, (stride,) = rule.step(state, value, [np.ones(1)], 1.0)
        assert stride == state.size
        found.append(state.size)
    return found


def test_grow_shrink_grows_after_a_better_loss_only():
    rule = GrowShrink(initial=1.0, grow=1.5, shrink=0.25)
    assert sizes(rule, [5.0, 4.0, 4.0, 6.0, 5.0]) == [1.0, 1.5, 0.375, 0.09375, 0.140625]


def test_grow_shrink_compares_with_the_loss_before_not_with_the_best():
    assert sizes(GrowShrink(initial=1.0), [1.0, 9.0, 8.0])[2] == 0.5 * 1.2


def test_grow_shrink_of_the_original_study():
    rule = make_rule("grow-shrink")
    assert (rule.initial, rule.minimum, rule.takes_back) == (0.01, 1e-10, False)
    assert sizes(rule, [2.0, 1.0, 3.0]) == [0.01, 0.01 * 1.2, 0.01 * 1.2 * 0.5]


def test_a_course_begins_with_what_no_other_course_has_left():
    rule = GrowShrink()
    sizes(rule, [3.0, 2.0, 1.0])
    assert sizes(rule, [9.0, 8.0]) == [0.01, 0.01 * 1.2]


def test_take_back_refuses_what_is_not_better():
    rule = make_rule("grow-shrink-take-back")
    assert rule.takes_back
    begun = rule.begin([])
    assert rule.accepts(begun, math.inf, never)  # the first point is a start
    state, _ = rule.step(begun, 2.0, [], 0.0)
    assert [rule.accepts(state, value, never) for value in (1.9, 2.0, 2.1)] == [True, False, False]
    refused, (stride,) = rule.refused(state, [np.full(2, 10.0)], 2.0)
    assert refused.size == 0.005
    assert stride.tolist() == [0.05, 0.05]
    assert rule.step(refused, 1.0, [], 0.0)[0].size == 0.005 * 1.2


def test_constant_keeps_its_step():
    rule = Constant(0.25)
    assert sizes(rule, [1.0, 9.0, 0.0]) == [0.25] * 3
    assert rule.minimum == 0.0


def descend(rule, function, point, steps):
    """Points and losses of a plain descent; ``function`` returns loss and gradient."""
    point = np.asarray(point, dtype=float)
    value, grad = function(point)
    course = [(point, value)]
    state, (stride,) = rule.step(rule.begin([point]), value, [grad], square_sum([grad]))
    for _ in range(steps):
        candidate = point - stride
        found, new = function(candidate)
        if math.isfinite(found) and rule.accepts(state, found, lambda new=new: [new]):
            point, value, grad = candidate, found, new
            state, (stride,) = rule.step(state, value, [grad], square_sum([grad]))
            course.append((point, value))
        else:
            state, (stride,) = rule.refused(state, [grad], found)
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
    (x0, _), (x1, _), (x2, _) = descend(rule, quadratic(curvatures), [1.0, 1.0], 2)
    s, y = x1 - x0, curvatures * (x1 - x0)
    long, short = s @ s / (s @ y), s @ y / (y @ y)
    size = short if short < 0.5 * long else long
    assert x2 == pytest.approx(x1 - size * curvatures * x1, rel=1e-12)


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
    rule, grads = BarzilaiBorwein(initial=1.0), [np.array([2.0])]
    state, _ = rule.step(rule.begin(grads), 1.0, grads, 4.0)
    # From x = 1 on x**2 the step 1 leads to -1; a loss of 50 there is no quadratic's.
    assert not rule.accepts(state, 50.0, lambda: [np.array([-2.0])])
    refused, (stride,) = rule.refused(state, grads, 50.0)
    assert refused.size == 0.5
    assert stride.tolist() == [1.0]
    # On a steeper quadratic with f(-1) = 49 its gradient there would be -100.
    assert rule.accepts(state, 49.0, lambda: [np.array([-50.0])])
    assert rule.accepts(state, 0.5, never)


@pytest.mark.parametrize("scale", [1e-20, 1e-9, 1.0, 1e9, 1e20])
def test_barzilai_borwein_believes_the_gradient_where_the_loss_is_rounding(scale):
    rule, grads = BarzilaiBorwein(initial=1 / scale), [np.array([2e-6 * scale])]
    state, _ = rule.step(rule.begin(grads), scale, grads, square_sum(grads))
    # The slopes promise 3e-12 of the loss less: a loss of 1e-9 more says nothing about that.
    assert rule.accepts(state, scale * (1 + 1e-9), lambda: [np.array([1e-6 * scale])])
    assert not rule.accepts(state, scale * (1 + 1e-3), lambda: [np.array([1e-6 * scale])])
    # A rise that the slopes do not explain is seen.
    assert not rule.accepts(state, scale * (1 + 1e-9), lambda: [np.array([-9e5 * scale])])


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
    rule, grads = make_rule("adam"), [np.array([-3.0, 1e3]), np.array(0.5)]
    state, stride = rule.step(rule.begin(grads), 1.0, grads, 1.0)
    assert state.size == pytest.approx(1e-3 * math.sqrt(1 - 0.999) / (1 - 0.9))
    np.testing.assert_allclose(stride[0], [-1e-3, 1e-3], rtol=1e-4)
    assert stride[1] == pytest.approx(1e-3, rel=1e-4)
    assert [type(array) for array in state.m + state.v] == [np.ndarray] * 4
    assert not rule.takes_back


ADAMS = [{}, {"amsgrad": True, "adabound": True, "beta1": 0.5}]


@pytest.mark.parametrize("flags", ADAMS)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_adam_is_the_optimizer_bit_for_bit(flags, dtype):
    rng = np.random.default_rng(0)
    link = playground.Link()
    with link.init_scope():
        link.x = playground.Parameter(np.ones(3, dtype))
    optimizer = playground.optimizers.Adam(alpha=0.02, eps=1e-5, **flags).setup(link)
    rule, point = make_rule(optimizer), np.ones(3, dtype)
    state = rule.begin([point])
    for _ in range(200):
        grad = rng.normal(size=3).astype(dtype)
        link.x.grad = grad
        optimizer.update()
        state, (stride,) = rule.step(state, 0.0, [grad], 1.0)
        point = point - stride
        assert np.array_equal(point, link.x.array)


def test_there_is_one_adam():
    assert Adam is playground.optimizers.Adam
    assert make_rule(Adam(0.02, eps=1e-5)) == AdamSteps(0.02, eps=1e-5)
    assert make_rule(playground.optimizers.AMSGrad(0.02)) == AdamSteps(0.02, amsgrad=True)
    with pytest.raises(FitError, match="AdamW: expected eta=1 and weight_decay_rate=0"):
        make_rule(playground.optimizers.AdamW(weight_decay_rate=0.1))


RULES = [
    Constant(0.3),
    GrowShrink(minimum=1e-3),
    GrowShrink(worse="take-back"),
    BarzilaiBorwein(memory=3, window=4),
    LBFGS(memory=3),
    ConjugateGradient(initial=0.1),
    *(AdamSteps(0.1, **flags) for flags in ADAMS),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_a_value(rule):
    """Equal settings are equal, nothing is written into a state, and the stride is its own."""
    assert rule == type(rule)(**settings_of(rule))
    assert hash(rule) == hash(type(rule)(**settings_of(rule)))
    with pytest.raises(AttributeError):
        rule.minimum = 1.0
    rng = np.random.default_rng(1)
    states, state = [], rule.begin([np.zeros(3)])
    for value in rng.random(12):
        grads = [rng.normal(size=3)]
        states.append((state, repr(state)))
        state, stride = rule.step(state, float(value), grads, square_sum(grads))
        again = rule.stride(state, grads)
        assert np.array_equal(stride, again)
    assert all(repr(state) == before for state, before in states)


def settings_of(rule):
    """What its constructor takes."""
    settings = {name: value for name, value in rule.settings().items() if name != "name"}
    return {"step": settings["initial"]} if type(rule) is Constant else settings


def lane(state, k=None):
    """A state in plain numbers; of several starts, start ``k`` of them."""
    if isinstance(state, (tuple, list)):
        return [lane(item, k) for item in state]
    # What no start has changed yet is one number for all.
    return np.asarray(state if k is None or not np.ndim(state) else state[k]).tolist()


STARTS = 5


def some_gradients(rng, points, before):
    """Gradients of several starts: mostly as they come, now and then without any curvature."""
    if rng.random() < 0.2:
        return before
    scale = rng.choice([0.1, 1.0, 3.0], STARTS)
    drawn = [rng.normal(size=(*point.shape[1:], STARTS)) * scale for point in points]
    return [np.ascontiguousarray(np.moveaxis(a, -1, 0), dtype=points[0].dtype) for a in drawn]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_several_starts_at_once_are_the_starts_one_by_one(rule, dtype):
    """Bit for bit: states, strides and what is accepted, while some are refused and some begin."""
    rng = np.random.default_rng(7)
    points = [np.zeros((STARTS, *shape), dtype) for shape in [(2, 3), ()]]
    states = rule.begin(points)
    alone = [rule.begin([point[0] for point in points])] * STARTS
    kept = points
    for number in range(40):
        if number % 13 == 12:  # the third start begins anew
            states = select(np.arange(STARTS) == 2, rule.begin(points), states)
            alone[2] = rule.begin([point[2] for point in points])
        grads = some_gradients(rng, points, kept)
        values = rng.random(STARTS) * 0.9**number
        norms = square_sum(grads, values)
        accepted = rule.accepts(states, values, lambda grads=grads: grads)
        moved = np.broadcast_to(accepted, STARTS) if rule.takes_back else np.ones(STARTS, bool)
        stepped, strides = rule.step(states, values, grads, norms)
        if rule.takes_back:
            refused, shorter = rule.refused(states, kept, values)
            stepped, strides = select(moved, (stepped, list(strides)), (refused, list(shorter)))
        for k in range(STARTS):
            own, value = [grad[k] for grad in grads], float(values[k])
            answer = rule.accepts(alone[k], value, lambda own=own: own)
            assert answer == moved[k] or not rule.takes_back
            if moved[k]:
                alone[k], one = rule.step(alone[k], value, own, square_sum(own))
            else:
                alone[k], one = rule.refused(alone[k], [grad[k] for grad in kept], value)
            assert lane(stepped, k) == lane(alone[k]), (number, k)
            for mine, theirs in zip(one, strides, strict=True):
                assert theirs.dtype == mine.dtype == dtype
                assert np.array_equal(mine, theirs[k])
        states, kept = stepped, select(moved, grads, kept)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: GrowShrink(grow=0.9), "grow >= 1"),
        (lambda: GrowShrink(shrink=1.0), "shrink"),
        (lambda: GrowShrink(worse="maybe"), "'maybe'"),
        (lambda: GrowShrink(initial=-1.0), "above 0"),
        (lambda: Constant(math.nan), "above 0"),
        (lambda: BarzilaiBorwein(memory=0), "memory"),
        (lambda: LBFGS(memory=0), "memory of 1 step or more, got 0"),
        (lambda: LBFGS(memory=True), "got True"),
        (lambda: LBFGS(initial=math.inf), "step size above 0"),
        (lambda: LBFGS(minimum=0.0), "minimum above 0"),
        (lambda: make_rule("newton"), "expected one of grow-shrink"),
        (lambda: make_rule(0.01), "float"),
        (lambda: make_rule("constant", 0.0), "above 0"),
        (lambda: make_rule(Adam(alpha=0)), "above 0"),
    ],
)
def test_a_bad_rule(make, word):
    with pytest.raises(FitError, match=word):
        make()


def test_a_rule_object_is_taken_as_it_is():
    rule = Constant(0.5)
    assert make_rule(rule) is rule


@pytest.mark.parametrize("name", ["grow-shrink", "grow-shrink-take-back", "barzilai-borwein",
    "constant", "adam", "l-bfgs", "conjugate-gradient"])  # fmt: skip
def test_a_rule_by_name_with_a_first_step_size(name):
    rule = make_rule(name, 0.125)
    assert rule.settings()["alpha" if name == "adam" else "initial"] == 0.125
    assert rule.name == make_rule(name).name == name
    assert rule.begin([np.ones(2)]).size == (1.0 if name == "l-bfgs" else 0.125)


# ------------------------------------------------------------------------------------- vectors


@pytest.mark.filterwarnings("ignore:overflow encountered in dot")
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_products_too_large_for_the_dtype(dtype):
    large = np.full(4, np.finfo(dtype).max / 8, dtype=dtype)
    if dtype == "f8":
        large = np.full(4, 1e150)
    exact = 4 * float(large[0]) ** 2
    assert square_sum([large]) == pytest.approx(exact)
    assert inner_product([large, large], [large, -large]) == 0.0
    assert math.isnan(square_sum([np.array([1.0, math.nan], dtype=dtype)]))


def test_products_of_several_arrays():
    a, b = np.arange(6.0).reshape(2, 3), np.array(2.0)
    assert inner_product([a, b], [a + 1, b + 1]) == float((a * (a + 1)).sum() + 6.0)
    assert square_sum([a[:, ::2], b]) == float((a[:, ::2] ** 2).sum() + 4.0)


# ------------------------------------------------------------------------------------- stops


def standing(step=3, value=1.0, squared_norm=1.0, accepted=True, before=0.0, point=(2.0,)):
    found = Standing(lambda function, arrays: function(*arrays), point, before)
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
    assert not stop.met(standing(**unmet))
    assert stop.met(standing(**met))
    assert stop.converged is converged
    assert stop.reason(standing(**met)) not in ("", type(stop).__name__)
    assert converged or stop.hint


@pytest.mark.parametrize(
    "stop",
    [Below(0.5), GradientBelow(0.7), Below(0.5, measure=lambda x: x / 2, bound=np.sqrt)],
    ids=["loss", "gradient", "measure"],
)
def test_a_stop_rule_is_met_by_several_starts_at_once(stop):
    values, norms = np.array([0.1, 0.2, 0.3, 0.9, math.nan]), np.array([0.6, 0.4, 0.49, 0.1, 0.2])
    accepted, points = np.array([True, False, True, True, True]), np.linspace(0.0, 2.0, 5)
    together = standing(value=values, squared_norm=norms, accepted=accepted, point=(points,))
    alone = [
        stop.met(standing(value=v, squared_norm=n, accepted=a, point=(p,)))
        for v, n, a, p in zip(
            values.tolist(), norms.tolist(), accepted.tolist(), points.tolist(), strict=True
        )
    ]
    assert stop.met(together).tolist() == alone
    assert {True, False} == set(alone)


@pytest.mark.parametrize("stop", [Below(0.5), GradientBelow(), MaxSteps(3), MaxSeconds(2.5)])
def test_a_stop_rule_is_a_value(stop):
    assert stop == dataclasses.replace(stop)
    assert hash(stop) == hash(dataclasses.replace(stop))
    with pytest.raises(dataclasses.FrozenInstanceError):
        stop.limit = 7


def test_what_was_spent_before_counts():
    assert MaxSeconds(10.0, spent=9.0).met(standing(before=1.0))
    assert not MaxSeconds(10.0, spent=9.0).met(standing())
    assert MaxSeconds(10.0, spent=9.0).reason(standing()) == "the limit of 10 seconds is reached"


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 steps"), (1, "1 step"), (1200, "1,200 steps")]
)
def test_a_number_of_steps_in_words(number, words):
    assert counted(number, "step") == words


def test_a_measure_is_computed_only_where_the_bound_allows_it():
    calls = []

    def measure(x):
        calls.append(x)
        return 0.3

    stop = Below(0.5, measure=measure, bound=math.sqrt)
    assert not stop.met(standing(value=0.26))
    assert calls == []
    assert stop.met(standing(value=0.24, point=(7.0,)))
    assert calls == [7.0]  # and once more for the reason, at the end
    assert "0.3" in stop.reason(standing(value=0.24, point=(7.0,)))
    assert not Below(0.2, measure=measure).met(standing(value=0.0))


def test_seconds_include_those_of_earlier_sessions():
    assert standing(before=1000.0).seconds >= 1000.0
    assert standing().seconds < 1000.0


def test_stops_from_what_users_pass():
    assert [type(stop) for stop in make_stops(None)] == [GradientBelow, MaxSteps]
    number, limit = make_stops(1e-3)
    assert number.tol == 1e-3
    assert isinstance(limit, MaxSteps)
    one = MaxSteps(5)
    assert make_stops(one) == make_stops([one]) == [one]
    assert make_stops(np.float32(0.5))[0].tol == 0.5
    assert make_stops(1.0)[0] == Below(1.0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: make_stops("soon"),
        lambda: make_stops(["soon", MaxSteps(3)]),
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


@pytest.mark.parametrize(
    ("stop", "said"),
    [
        (100, r"MaxSteps\(100\) for these, Below\(100.0\)"),
        (np.int32(7), r"MaxSteps\(7\)"),
        (1, r"MaxSteps\(1\)"),
        ([1e-6, 50], r"MaxSteps\(50\)"),
        (math.inf, "end where it starts"),
        (True, "got True"),
        ("100", "got '100'"),
        ([], "may never end"),
        ((), "may never end"),
        (MaxSteps, r"got its class: write MaxSteps\(1_000\)"),
    ],
)
def test_what_is_no_tolerance_is_refused(stop, said):
    with pytest.raises(FitError, match=said):
        make_stops(stop)


@pytest.mark.parametrize("make", [MaxSteps, MaxSeconds, Below, GradientBelow])
def test_a_truth_value_is_no_number(make):
    with pytest.raises(FitError, match="got True"):
        make(True)


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (Constant(np.float64(0.5)), "Constant(step=0.5)"),
        (GrowShrink(grow=np.float64(1.5)), "GrowShrink(grow=1.5)"),
        (BarzilaiBorwein(memory=np.int64(3)), "BarzilaiBorwein(memory=3)"),
        (AdamSteps(0.5, amsgrad=np.True_), "AdamSteps(alpha=0.5, amsgrad=True)"),
        (LBFGS(memory=4), "LBFGS(memory=4)"),
        (Below(np.float32(0.5)), "Below(tol=0.5)"),
        (Below(-math.inf), "Below(tol=float('-inf'))"),
        (GradientBelow(), "GradientBelow()"),
        (MaxSteps(np.int64(5)), "MaxSteps(limit=5)"),
        (MaxSeconds(math.inf, spent=np.float64(2)), "MaxSeconds(limit=float('inf'), spent=2.0)"),
        (NoRestart(), "NoRestart()"),
        (Kick(0.5, limit=np.int64(3)), "Kick(scale=0.5, limit=3)"),
        (FreshStart(limit=2), "FreshStart(limit=2)"),
    ],
)
def test_a_part_is_shown_as_it_could_be_typed(part, text):
    assert repr(part) == text
    assert eval(text) == part  # noqa: S307 (of the list above)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: MaxSteps(limits=3),
            "MaxSteps: there is no argument 'limits': did you mean limit=",
        ),
        (lambda: Below(tole=1.0), "Below: there is no argument 'tole': did you mean tol="),
        (lambda: GradientBelow(toll=1.0), "did you mean tol="),
        (lambda: MaxSeconds(zzz=3), "MaxSeconds: .* it takes limit, spent"),
        (lambda: MaxSeconds(seconds=3), "MaxSeconds: .* did you mean limit="),
        (lambda: Kick(sclae=1.0), "Kick: .* did you mean scale="),
        (lambda: FreshStart(drwa=None), "did you mean draw="),
        (lambda: NoRestart(limit=1), "NoRestart: .* it takes none"),
        (lambda: BarzilaiBorwein(inital=1.0), "did you mean initial="),
        (lambda: Constant(lr=1.0), "Constant: .* did you mean step="),
    ],
)
def test_an_argument_that_a_part_does_not_have(make, said):
    with pytest.raises(TypeError, match=said):
        make()


@pytest.mark.parametrize("make", [make_rule, make_restart])
def test_a_class_is_no_part(make):
    part = BarzilaiBorwein if make is make_rule else Kick
    with pytest.raises(FitError, match=rf"write {part.__name__}\(\)"):
        make(part)


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
