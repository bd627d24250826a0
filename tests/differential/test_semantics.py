"""How gradients travel: Chainer 7.8.1 and playground run the same scripts.

Where playground decides otherwise, the test is named ``test_deviation_…`` and shows both.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import playground
from tests.differential.both import Raised, chainer, raised, run, same


def arr(*values: Any, dtype: str = "f") -> np.ndarray:
    return np.array(values, dtype)


def leaf(engine: Any, *values: Any, dtype: str = "f") -> Any:
    return engine.Variable(arr(*values, dtype=dtype))


def logged(engine: Any, log: list[str]) -> Any:
    """An identity that notes its name when its backward runs."""

    class Logged(engine.FunctionNode):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def forward(self, inputs: Any) -> Any:
            return (inputs[0].copy(),)

        def backward(self, indexes: Any, grad_outputs: Any) -> Any:
            log.append(self.name)
            return grad_outputs

    return lambda name, x: Logged(name).apply((x,))[0]


# ----------------------------------------------------------- who keeps a gradient, and which


@same
def test_only_leaves_keep_a_gradient(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    h = x * 3
    y = engine.functions.sum(h * h)
    y.backward()
    return x.grad, h.grad, y.grad


@same
def test_retain_grad_keeps_intermediates_and_the_start(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    h = x * 3
    y = engine.functions.sum(h * h)
    y.backward(retain_grad=True)
    return x.grad, h.grad, y.grad


@same
def test_second_retain_grad_overwrites_intermediates_and_adds_to_leaves(engine: Any) -> Any:
    x = engine.Variable(np.array(2, "f"))
    h = x * x
    y = h * h
    y.backward(retain_grad=True)
    first = h.grad, x.grad
    y.backward(retain_grad=True)
    return first, h.grad, x.grad, y.grad


@same
def test_retain_grad_with_one_variable_used_twice(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    h = x + 1
    k = h * h + h
    engine.functions.sum(k * h).backward(retain_grad=True)
    return x.grad, h.grad, k.grad


@same
def test_start_gradient_is_used_up(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    y = x * x
    y.grad = arr(3, 4)
    y.backward()
    return x.grad, y.grad, isinstance(raised(y.backward), Raised)


@same
def test_scalar_can_be_propagated_twice(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    y = engine.functions.sum(x * x)
    y.backward()
    y.backward()
    return x.grad, y.grad


@same
def test_preset_gradient_of_an_intermediate_is_ignored_and_kept(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    h = x * x
    y = engine.functions.sum(h * 3)
    h.grad = arr(100, 100)
    y.backward()
    return x.grad, h.grad


@same
def test_accumulation_is_out_of_place(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    preset = arr(10, 20)
    x.grad = preset
    engine.functions.sum(x * x).backward()
    return x.grad, preset, x.grad is preset


@same
def test_accumulation_keeps_half_precision(engine: Any) -> Any:
    x = engine.Variable(np.array(3, "e"))
    x.grad = np.array(2048, "e")
    (x * 1).backward()
    return x.grad


def test_deviation_gradients_alias_neither_each_other_nor_the_start_gradient() -> None:
    a, b = playground.Variable(np.ones(2)), playground.Variable(np.ones(2))
    y = a + b
    y.grad = given = np.array([5.0, 6.0])
    y.backward()
    a.grad *= 0.5
    b.grad *= 0.5
    for grad, expected in ((a.grad, [2.5, 3.0]), (b.grad, [2.5, 3.0]), (given, [5.0, 6.0])):
        np.testing.assert_array_equal(grad, expected)


@same
def test_gradient_may_be_shared_so_a_sum_of_two_paths_is_new(engine: Any) -> Any:
    a = leaf(engine, 1, 2)
    y = a + a
    y.grad = given = arr(5, 6)
    y.backward()
    return a.grad, given


# ------------------------------------------------------------------------ where backward starts


@same
def test_backward_on_a_leaf(engine: Any) -> Any:
    x = engine.Variable(np.array(3, "f"))
    x.backward()
    z = leaf(engine, 1, 2)
    z.grad = given = arr(7, 8)
    z.backward()
    return x.grad, z.grad, z.grad is given


@same
def test_array_of_one_element_is_a_scalar(engine: Any) -> Any:
    x = leaf(engine, 3)
    (x * x).backward()
    z = engine.Variable(arr(2).reshape(1, 1))
    (z * z * z).backward()
    return x.grad, z.grad


@pytest.mark.parametrize("call", [lambda x: x * 2, lambda x: x + x, lambda x: x + 1])
def test_deviation_non_scalar_without_gradient_is_an_error_that_says_so(call: Any) -> None:
    """Chainer: an unclear TypeError, an AttributeError, or silence."""

    def script(engine: Any) -> Any:
        x = leaf(engine, 1, 2)
        y = call(x)
        return raised(y.backward), x.grad

    error, gradient = run(script, playground)
    assert isinstance(error.error, playground.GradientError)
    assert "(2,)" in str(error.error)
    assert gradient is None
    theirs, gradient = run(script, chainer)
    assert gradient is None
    assert theirs is None or isinstance(theirs.error, (TypeError, AttributeError))


@same
def test_loss_scale_multiplies_the_automatic_start_gradient(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    engine.functions.sum(x * x).backward(loss_scale=8)
    return x.grad


@same
def test_loss_scale_leaves_a_given_start_gradient_alone(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    y = x * x
    y.grad = arr(1, 1)
    y.backward(loss_scale=8)
    return x.grad


@same
def test_loss_scale_of_grad(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    y = x * x
    scaled = engine.grad([y], [x], loss_scale=8)
    given = engine.grad([y], [x], grad_outputs=[leaf(engine, 1, 1)], loss_scale=8)
    return scaled, given


# ------------------------------------------------------------------------------ double backprop


@same
def test_grad_var_is_a_leaf_by_default(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    engine.functions.sum(x * x * x).backward()
    return x.grad_var.creator is None, x.grad_var


@same
def test_second_backward_adds_into_the_same_gradient(engine: Any) -> Any:
    x = engine.Variable(np.array(3, "f"))
    y = x * x * x
    y.backward(enable_double_backprop=True)
    first = x.grad_var
    connected = first.creator is not None
    first.backward()
    return connected, first, x.grad


@same
def test_second_derivative_after_cleargrad(engine: Any) -> Any:
    x = engine.Variable(np.array(3, "f"))
    (x * x * x).backward(enable_double_backprop=True)
    first = x.grad_var
    x.cleargrad()
    first.backward(enable_double_backprop=True)
    second = x.grad_var
    x.cleargrad()
    second.backward()
    return first, second, x.grad


@same
def test_recorded_backward_inside_no_backprop_mode(engine: Any) -> Any:
    x = engine.Variable(np.array(3, "f"))
    y = x * x * x
    with engine.no_backprop_mode():
        y.backward(enable_double_backprop=True)
        mode = engine.config.enable_backprop
    return x.grad_var.creator is not None, x.grad, mode, engine.config.enable_backprop


@same
def test_recorded_gradients_of_several_paths(engine: Any) -> Any:
    F = engine.functions
    x, z = leaf(engine, 1, 2), leaf(engine, 3, 5)
    y = F.sum(x * z * x + F.exp(z) / x)
    gx, gz = engine.grad([y], [x, z], enable_double_backprop=True)
    return gx, gz, engine.grad([gx, gz], [x, z])


# --------------------------------------------------------------------------- what is recorded


@same
def test_requires_grad_is_read_only(engine: Any) -> Any:
    return raised(lambda: setattr(leaf(engine, 1), "requires_grad", False))


@same
def test_what_requires_a_gradient(engine: Any) -> Any:
    F = engine.functions
    x, constant = leaf(engine, 1, 2), arr(1, 2)
    fixed = engine.Variable(constant, requires_grad=False)
    return (
        leaf(engine, 1, dtype="i").requires_grad,
        engine.as_variable(constant).requires_grad,
        engine.as_variable(x) is x,
        F.exp(constant).requires_grad,
        (fixed * fixed).requires_grad,
        (fixed * x).requires_grad,
        F.floor(x).requires_grad,
        F.sign(x).requires_grad,
    )


@same
def test_output_that_needs_no_gradient_has_a_creator_and_backward_is_silent(engine: Any) -> Any:
    fixed = engine.Variable(np.array(2, "f"), requires_grad=False)
    y = fixed * fixed
    y.backward()
    return y.creator is not None, y.rank, fixed.grad


@same
def test_no_backprop_mode(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    with engine.no_backprop_mode():
        y = x * 2
        with engine.force_backprop_mode():
            z = x * 2
    with engine.using_config("enable_backprop", False):
        w = x * 2
    return [(v.creator is None, v.rank, v.requires_grad) for v in (y, z, w)]


@same
def test_gradient_stops_at_what_was_not_recorded(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    with engine.no_backprop_mode():
        h = x * 2
    engine.functions.sum(h * x).backward()
    return x.grad, h.grad


@same
def test_input_that_needs_no_gradient_gets_none(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    fixed = engine.Variable(arr(3, 4), requires_grad=False)
    engine.functions.sum(x * fixed).backward()
    return x.grad, fixed.grad


@same
def test_rank(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    a = x * 2
    b = a * x
    before = x.rank, a.rank, b.rank, b.creator.rank
    b.unchain()
    return before, b.rank, b.creator is None


# ----------------------------------------------------------------------------- order of backward


@same
def test_equal_ranks_go_in_order_of_discovery(engine: Any) -> Any:
    log: list[str] = []
    f = logged(engine, log)
    x = leaf(engine, 1, 2)
    p, q = f("p", x), f("q", x)
    engine.functions.sum(p + q).backward()
    engine.functions.sum(q + p).backward()
    return log


@same
def test_high_ranks_go_first(engine: Any) -> Any:
    log: list[str] = []
    f = logged(engine, log)
    x = leaf(engine, 1, 2)
    b, c = f("b", f("a", x)), f("c", x)
    engine.functions.sum(c + b).backward()
    engine.functions.sum(b + c).backward()
    return log


@same
def test_diamond_waits_for_both_branches(engine: Any) -> Any:
    log: list[str] = []
    f = logged(engine, log)
    x = leaf(engine, 1, 2)
    trunk = f("trunk", x)
    left, right = f("left", trunk), f("right2", f("right1", trunk))
    engine.functions.sum(left * right).backward()
    return log, x.grad


@same
def test_grad_visits_only_what_leads_to_its_inputs(engine: Any) -> Any:
    log: list[str] = []
    f = logged(engine, log)
    x, z = leaf(engine, 1, 2), leaf(engine, 3, 4)
    y = f("top", f("x side", x) * f("z side", z))
    return engine.grad([y], [x]), log


@same
def test_grad_does_not_go_beyond_an_intermediate_input(engine: Any) -> Any:
    log: list[str] = []
    f = logged(engine, log)
    x = leaf(engine, 1, 2)
    h = f("below", x)
    y = f("above", h * h)
    return engine.grad([y], [h]), log


# ---------------------------------------------------------------------------- cutting the graph


@same
def test_unchain_cuts_one_edge(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    h = x * x
    k = h * 3
    other = engine.functions.sum(h * 5)
    y = engine.functions.sum(k * k)
    k.unchain()
    y.backward()
    after_cut = x.grad, k.grad
    other.backward()
    return after_cut, x.grad


@same
def test_unchain_backward_makes_its_variable_a_leaf(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    h = x * x
    y = engine.functions.sum(h * 3)
    y.backward()
    y.unchain_backward()
    y.backward()
    return x.grad, y.grad, y.creator is None, h.creator is None, h.rank, y.rank


@same
def test_older_loss_stops_at_the_variable_that_was_unchained(engine: Any) -> Any:
    """A discriminator's loss, built before ``fake.unchain_backward()``."""
    F = engine.functions
    w, v = leaf(engine, 1, 2), leaf(engine, 3, 4)
    fake = F.tanh(w * 2)
    loss = F.sum(fake * v)
    fake.unchain_backward()
    loss.backward()
    return w.grad, v.grad, fake.grad


@same
def test_truncated_backpropagation_through_time(engine: Any) -> Any:
    """Losses cut every two steps, the state kept: the parameters' gradients, and the state's."""
    F = engine.functions
    w, u = leaf(engine, 0.5, -0.25, dtype="d"), leaf(engine, 1.5, 0.75, dtype="d")
    h = leaf(engine, 0, 0, dtype="d")
    loss, course = 0, []
    for step, x in enumerate(np.random.RandomState(0).randn(7, 2)):
        h = F.tanh(w * x + u * h)
        loss = loss + F.sum(h * h)
        if step % 2:
            w.cleargrad()
            u.cleargrad()
            loss.backward()
            loss.unchain_backward()
            course.append((w.grad, u.grad, h.grad, h.creator is None))
    return course


@same
def test_truncation_with_a_state_beside_the_loss(engine: Any) -> Any:
    """The state is computed from the trunk, before the cut, but is no part of the loss."""
    F = engine.functions
    w = leaf(engine, 0.5, -0.25, dtype="d")
    state = leaf(engine, 0, 0, dtype="d")
    course = []
    for x in np.random.RandomState(0).randn(4, 2):
        h = F.tanh(w * x + state)
        state = h * 0.5
        loss = F.sum(h * h)
        w.cleargrad()
        loss.backward()
        loss.unchain_backward()
        course.append((w.grad, h.creator is None, state.creator is None))
    return course


@same
def test_truncation_with_a_state_that_is_another_output_of_the_same_function(engine: Any) -> Any:
    F = engine.functions

    class Cell(engine.FunctionNode):
        def forward(self, inputs: Any) -> Any:
            x, c = inputs
            return x + c, x * c

        def backward(self, indexes: Any, grad_outputs: Any) -> Any:
            gh, gc = grad_outputs
            return gh, gh if gc is None else gh + gc

    w, c = leaf(engine, 1, 2), leaf(engine, 3, 4)
    course = []
    for _ in range(3):
        h, c = Cell().apply((w * 2, c))
        loss = F.sum(h * h)
        w.cleargrad()
        loss.backward()
        loss.unchain_backward()
        course.append((w.grad, c.creator is None, c.grad))
    return course


def test_deviation_older_loss_that_meets_a_cut_trunk_says_so() -> None:
    """Chainer stops there in silence, and the parameters get no gradient."""

    def script(engine: Any) -> Any:
        x = leaf(engine, 1, 2)
        h = x * x
        first, second = engine.functions.sum(h * 3), engine.functions.sum(h * 5)
        first.backward()
        first.unchain_backward()
        x.cleargrad()
        return raised(second.backward), x.grad, h.grad

    error, gradient, _ = run(script, chainer)
    assert error is None
    assert gradient is None
    error, gradient, held = run(script, playground)
    assert isinstance(error.error, playground.GraphError)
    assert "unchain_backward" in str(error.error)
    assert gradient is None
    assert held is None


def test_deviation_older_loss_through_another_output_of_a_cut_function_says_so() -> None:
    """As above, where the two losses take different outputs of one function."""

    def script(engine: Any) -> Any:
        Pair = _pair(engine, [], lambda self, gys: [sum(g for g in gys if g is not None)] * 2)
        x = leaf(engine, 1, 2)
        p, q = Pair().apply((x * 2, x * 3))
        first, second = engine.functions.sum(p), engine.functions.sum(q)
        first.unchain_backward()
        return raised(second.backward), x.grad

    assert run(script, chainer) == (None, None)
    error, gradient = run(script, playground)
    assert isinstance(error, Raised)
    assert isinstance(error.error, playground.GraphError)
    assert gradient is None


# -------------------------------------------------------------------------------- function nodes


def _pair(engine: Any, seen: list[Any], answer: Any) -> type:
    """A function of two inputs and two outputs that shows what reaches its backward."""

    class Pair(engine.FunctionNode):
        def forward(self, inputs: Any) -> Any:
            self.retain_inputs((0,))
            a, b = inputs
            return a * b, a + b

        def backward(self, indexes: Any, grad_outputs: Any) -> Any:
            kinds = [None if g is None else isinstance(g, engine.Variable) for g in grad_outputs]
            seen.append((indexes, kinds))
            return answer(self, grad_outputs)

    return Pair


@same
def test_unused_output_gives_none(engine: Any) -> Any:
    seen: list[Any] = []
    Pair = _pair(engine, seen, lambda self, gys: (gys[0], gys[0]))
    a, b = leaf(engine, 1, 2), leaf(engine, 3, 4)
    p, _ = Pair().apply((a, b))
    engine.functions.sum(p).backward()
    return seen, a.grad, b.grad


@same
def test_dead_output_gives_none(engine: Any) -> Any:
    seen: list[Any] = []
    Pair = _pair(engine, seen, lambda self, gys: (gys[1], gys[1]))
    a, b = leaf(engine, 1, 2), leaf(engine, 3, 4)
    q = Pair().apply((a, b))[1]
    engine.functions.sum(q).backward(retain_grad=True)
    return seen, a.grad, b.grad, q.grad


@same
def test_both_outputs_meet_in_one_call(engine: Any) -> Any:
    seen: list[Any] = []
    Pair = _pair(engine, seen, lambda self, gys: (gys[0] + gys[1], gys[1]))
    a, b = leaf(engine, 1, 2), leaf(engine, 3, 4)
    p, q = Pair().apply((a, b))
    engine.functions.sum(p * q).backward(retain_grad=True)
    return seen, a.grad, b.grad, p.grad, q.grad


@same
def test_indexes_name_the_inputs_that_need_a_gradient(engine: Any) -> Any:
    outcome = []
    for length in (1, 2):
        seen: list[Any] = []
        Pair = _pair(engine, seen, lambda self, gys, n=length: (gys[0],) * n)
        a, b = arr(1, 2), leaf(engine, 3, 4)
        engine.functions.sum(Pair().apply((a, b))[0]).backward()
        outcome.append((seen, b.grad))
    return outcome


@same
def test_wrong_number_of_gradients(engine: Any) -> Any:
    Triple = _pair(engine, [], lambda self, gys: (gys[0],) * 3)
    Single = _pair(engine, [], lambda self, gys: (gys[0],))
    outcome = []
    for Wrong in (Triple, Single):
        a, b = leaf(engine, 1, 2), leaf(engine, 3, 4)
        y = engine.functions.sum(Wrong().apply((a, b))[0])
        outcome.append((raised(y.backward), a.grad, b.grad))
    return outcome


@same
def test_gradient_of_wrong_shape_or_dtype(engine: Any) -> Any:
    F = engine.functions
    Shape = _pair(engine, [], lambda self, gys: (F.sum(gys[0]), gys[0]))
    Type = _pair(engine, [], lambda self, gys: (F.cast(gys[0], "d"), gys[0]))
    outcome = []
    for Wrong in (Shape, Type):
        y = F.sum(Wrong().apply((leaf(engine, 1, 2), leaf(engine, 3, 4)))[0])
        outcome.append(isinstance(raised(y.backward), Raised))
    return outcome


def test_deviation_returning_an_array_is_a_clear_type_error() -> None:
    """Chainer: AttributeError about 'raw_array'."""

    def script(engine: Any) -> Any:
        Array = _pair(engine, [], lambda self, gys: (gys[0].array, gys[0].array))
        y = engine.functions.sum(Array().apply((leaf(engine, 1, 2), leaf(engine, 3, 4)))[0])
        return raised(y.backward).error

    assert isinstance(run(script, chainer), AttributeError)
    error = run(script, playground)
    assert isinstance(error, TypeError)
    assert "Pair" in str(error)
    assert "ndarray" in str(error)


@same
def test_default_backward_gives_no_gradient_and_leaves_a_preset_one(engine: Any) -> Any:
    class Silent(engine.FunctionNode):
        def forward(self, inputs: Any) -> Any:
            return (inputs[0] * 2,)

    x, z = leaf(engine, 1, 2), leaf(engine, 1, 2)
    z.grad = given = arr(5, 5)
    for v in (x, z):
        engine.functions.sum(Silent().apply((v,))[0]).backward()
    return x.grad, z.grad is given


@same
def test_piecewise_constant_functions_leave_gradients_alone(engine: Any) -> Any:
    F = engine.functions
    outcome = []
    for f in (F.floor, F.ceil, F.sign):
        x, z = leaf(engine, 1.5, 2), leaf(engine, 1.5, 2)
        z.grad = arr(5, 5)
        for v in (x, z):
            F.sum(f(v)).backward()
        outcome.append((x.grad, z.grad))
    return outcome


@same
def test_backward_accumulate_can_be_overridden(engine: Any) -> Any:
    class Fused(engine.FunctionNode):
        def forward(self, inputs: Any) -> Any:
            return (inputs[0] * 2,)

        def backward_accumulate(self, indexes: Any, gys: Any, gxs: Any) -> Any:
            gx = gys[0] * 2
            return (gx if gxs[0] is None else gx + gxs[0],)

    x = leaf(engine, 1, 2)
    engine.functions.sum(Fused().apply((x,))[0] * x).backward()
    return x.grad


@same
def test_backward_may_use_functions_and_be_differentiated(engine: Any) -> Any:
    F = engine.functions

    class Cube(engine.FunctionNode):
        def forward(self, inputs: Any) -> Any:
            self.retain_inputs((0,))
            return (inputs[0] ** 3,)

        def backward(self, indexes: Any, grad_outputs: Any) -> Any:
            (x,) = self.get_retained_inputs()
            return (F.square(x) * 3 * grad_outputs[0],)

    x = leaf(engine, 1, 2)
    y = F.sum(Cube().apply((x,))[0])
    (first,) = engine.grad([y], [x], enable_double_backprop=True)
    (second,) = engine.grad([first], [x], enable_double_backprop=True)
    (third,) = engine.grad([second], [x])
    return first, second, third


@same
def test_one_node_may_serve_a_loop(engine: Any) -> Any:
    """Each application takes the node over; the gradients are those of the newest one."""

    class Triple(engine.FunctionNode):
        def forward(self, inputs: Any) -> Any:
            return (inputs[0] * 3,)

        def backward(self, indexes: Any, grad_outputs: Any) -> Any:
            return (grad_outputs[0] * 3,)

    node, gradients = Triple(), []
    for value in (1, 2):
        x = leaf(engine, value)
        y = engine.functions.sum(node.apply((x * x,))[0])
        y.backward()
        gradients.append(x.grad)
    return gradients


# ------------------------------------------------------------------------------------------ grad


@same
def test_grad_wants_sequences(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    y = x * x
    return (
        raised(lambda: engine.grad(y, [x])),
        raised(lambda: engine.grad([y], x)),
        raised(lambda: engine.grad([y], [x], grad_outputs=x)),
        raised(lambda: engine.grad([y], [x], grad_inputs=x)),
        raised(lambda: engine.grad([y], [x], grad_outputs=[x, x])),
        raised(lambda: engine.grad([y], [x], grad_inputs=[x, x])),
    )


@same
def test_grad_starts_from_ones_and_ignores_grad(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    y = x * x
    y.grad = arr(100, 100)
    x.grad = arr(50, 50)
    return engine.grad((y,), (x,)), x.grad, y.grad


@same
def test_grad_outputs_and_grad_inputs(engine: Any) -> Any:
    x, z = leaf(engine, 1, 2), leaf(engine, 3, 4)
    y, w = x * z, x + z
    seed, start = leaf(engine, 10, 20), leaf(engine, 1000, 2000)
    return (
        engine.grad([y, w], [x, z], grad_outputs=[seed, None]),
        engine.grad([y, w], [x, z], grad_inputs=[start, None]),
        start,
    )


@same
def test_grad_of_two_outputs_is_their_sum(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    y = x * x
    return engine.grad([y, y * x], [x])


@same
def test_grad_with_an_output_that_is_above_another(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    h = x * x
    return engine.grad([h * h, h * 3], [h, x])


@same
def test_grad_of_what_cannot_be_reached(engine: Any) -> Any:
    x, other = leaf(engine, 1, 2), leaf(engine, 5, 6)
    fixed = engine.Variable(arr(3, 4), requires_grad=False)
    y = x * x * fixed
    z = y * x
    return engine.grad([y], [other, x]), engine.grad([z], [fixed]), engine.grad([y], [other])


def test_deviation_grad_never_answers_for_what_needs_no_gradient() -> None:
    """Chainer does where such an input belongs to the function that it happens to pass last."""

    def script(engine: Any) -> Any:
        x = leaf(engine, 1, 2)
        fixed = engine.Variable(arr(3, 4), requires_grad=False)
        return engine.grad([x * fixed], [fixed, x])

    np.testing.assert_array_equal(run(script, chainer)[0].array, [1, 2])
    assert run(script, playground)[0] is None


@same
def test_grad_touches_no_grad_unless_asked(engine: Any) -> Any:
    outcome = []
    for options in ({}, {"set_grad": True}, {"retain_grad": True}):
        x = leaf(engine, 1, 2)
        h = x * x
        y = h * 3
        x.grad = arr(50, 50)
        results = engine.grad([y], [x], **options)
        outcome.append((results, x.grad, h.grad, y.grad))
    return outcome


@same
def test_set_grad_of_an_unreachable_input(engine: Any) -> Any:
    x, other = leaf(engine, 1, 2), leaf(engine, 5, 6)
    other.grad = arr(1, 1)
    engine.grad([x * x], [x, other], set_grad=True)
    return x.grad, other.grad


@same
def test_grad_of_intermediates(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    h = x * x
    k = h + x
    return engine.grad([k * h], [h, k, x])


@same
def test_grad_of_the_same_input_twice(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    return engine.grad([x * x], [x, x])


@same
def test_grad_is_connected_only_when_asked(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    y = x * x * x
    (raw,) = engine.grad([y], [x])
    (connected,) = engine.grad([y], [x], enable_double_backprop=True)
    return raw.creator is None, connected.creator is None, engine.grad([connected], [x])


@same
def test_grad_with_connected_grad_outputs(engine: Any) -> Any:
    x, seed = leaf(engine, 1, 2), leaf(engine, 3, 4)
    (gx,) = engine.grad([x * x], [x], grad_outputs=[seed], enable_double_backprop=True)
    return gx, engine.grad([gx], [seed, x])


@same
def test_grad_with_several_outputs_of_one_function(engine: Any) -> Any:
    Pair = _pair(engine, [], lambda self, gys: [sum(g for g in gys if g is not None)] * 2)
    a, b = leaf(engine, 1, 2), leaf(engine, 3, 4)
    p, q = Pair().apply((a, b))
    return engine.grad([p, q], [a]), engine.grad([p], [a, b]), engine.grad([q * p], [p, b])


def test_deviation_an_output_named_twice_counts_twice() -> None:
    """Chainer overwrites the first start gradient with the second."""

    def script(engine: Any) -> Any:
        x = leaf(engine, 1, 2)
        y = x * x
        seeds = [leaf(engine, 1, 1), leaf(engine, 10, 10)]
        return engine.grad([y, y], [x])[0].array, engine.grad([y, y], [x], seeds)[0].array

    for theirs, expected in zip(run(script, chainer), ([2, 4], [20, 40]), strict=True):
        np.testing.assert_array_equal(theirs, expected)
    for ours, expected in zip(run(script, playground), ([4, 8], [22, 44]), strict=True):
        np.testing.assert_array_equal(ours, expected)


# ------------------------------------------------------------------------------------ debug mode


@same
def test_debug_mode_refuses_nan_in_outputs(engine: Any) -> Any:
    F = engine.functions
    outcome = []
    for values in ([-1.0], [0.0], [np.nan]):
        with engine.using_config("debug", True):
            outcome.append(isinstance(raised(lambda v=values: F.log(leaf(engine, *v))), Raised))
            outcome.append(raised(lambda v=values: F.log(leaf(engine, *v))))
    return outcome


@same
def test_debug_mode_refuses_nan_in_gradients(engine: Any) -> Any:
    class Bad(engine.FunctionNode):
        def forward(self, inputs: Any) -> Any:
            return (inputs[0] * 1,)

        def backward(self, indexes: Any, grad_outputs: Any) -> Any:
            return (engine.Variable(np.full_like(grad_outputs[0].array, np.nan)),)

    def outcome(debug: bool) -> Any:
        x = leaf(engine, 1, 2)
        y = engine.functions.sum(Bad().apply((x,))[0])
        with engine.using_config("debug", debug):
            return raised(y.backward), x.grad

    error = outcome(True)[0].error
    return outcome(True), outcome(False), "Bad" in str(error), "backward" in str(error)


@same
def test_debug_error_names_function_and_direction(engine: Any) -> Any:
    with engine.using_config("debug", True):
        text = str(raised(lambda: engine.functions.log(leaf(engine, -1))).error)
    return "NaN" in text, "forward" in text, "log" in text


@same
def test_debug_mode_lets_infinity_pass(engine: Any) -> Any:
    x = leaf(engine, 0)
    with engine.using_config("debug", True):
        y = engine.functions.log(x)
        y.backward()
    return y, x.grad


@same
def test_an_old_style_function_is_differentiated_once(engine: Any) -> Any:
    class Square(engine.Function):  # type: ignore[misc]
        def forward(self, inputs: Any) -> Any:
            return (inputs[0] ** 2,)

        def backward(self, inputs: Any, gys: Any) -> Any:
            return (2 * inputs[0] * gys[0],)

    x = engine.Variable(np.array([1.5, -2.0], "f"))
    found = []
    for function in (lambda x: Square()(x), lambda x: Square()(x) * x, lambda x: Square()(3 * x)):
        y = engine.functions.sum(function(x))
        (gx,) = engine.grad([y], [x], enable_double_backprop=True)
        total = engine.functions.sum(gx * gx)
        found.append((gx.array, raised(lambda g=gx: engine.grad([g], [x], [x]))))
        found.append(raised(total.backward))
    return found
