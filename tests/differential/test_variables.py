"""What Variables, nodes and Parameters are and hold: Chainer 7.8.1 and playground, one script.

Where playground decides otherwise, the test is named ``test_deviation_…`` and shows both.
"""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import playground
from tests.differential.both import Raised, chainer, raised, run, same
from tests.differential.test_semantics import arr, leaf


@contextmanager
def reference_counting_alone() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def outcomes(script: Callable[[Any], Any]) -> tuple[Any, Any]:
    """What playground and what Chainer make of a script on which they differ."""
    return run(script, playground), run(script, chainer)


# ------------------------------------------------------------------------- ownership, memory


@same
def test_array_that_no_function_keeps_dies_with_its_variable(engine: Any) -> Any:
    with reference_counting_alone():
        x = leaf(engine, 1, 2)
        h = x * 3
        array, y = weakref.ref(h.array), engine.functions.sum(h + 1)
        alive = array() is not None
        del h
        return alive, array() is None, y


@same
def test_array_that_a_function_keeps_lives_as_long_as_the_graph(engine: Any) -> Any:
    with reference_counting_alone():
        x = leaf(engine, 1, 2)
        h = x * 3
        array, y = weakref.ref(h.array), engine.functions.sum(h * h)
        del h
        kept = array() is not None
        del y
        return kept, array() is None


@same
def test_kept_output_lives_as_long_as_the_graph(engine: Any) -> Any:
    with reference_counting_alone():
        x = leaf(engine, 1, 2)
        h = engine.functions.exp(x)
        array, y = weakref.ref(h.array), engine.functions.sum(h + 1)
        del h
        kept = array() is not None
        del y
        return kept, array() is None


@same
def test_function_and_nodes_die_with_the_last_output(engine: Any) -> Any:
    with reference_counting_alone():
        x = leaf(engine, 1, 2)
        h = engine.functions.exp(x) * x
        y = engine.functions.sum(h)
        refs = [weakref.ref(o) for o in (h, h.node, h.creator, y, y.node, y.creator)]
        del h
        living = [r() is not None for r in refs]
        y.backward()
        del y
        return living, [r() is not None for r in refs]


@same
def test_graph_is_freed_by_unchain_backward(engine: Any) -> Any:
    with reference_counting_alone():
        x = leaf(engine, 1, 2)
        h = engine.functions.exp(x)
        k = engine.functions.tanh(h * h)
        y = engine.functions.sum(k)
        refs = [weakref.ref(o) for o in (h.array, h.node, h.creator, k.array, k.creator, y.creator)]
        del h, k
        y.unchain_backward()
        return [r() is not None for r in refs], y


@same
def test_backward_works_when_the_leaf_is_dead(engine: Any) -> Any:
    x, z = leaf(engine, 1, 2), leaf(engine, 3, 4)
    y = engine.functions.sum(x * z)
    del x
    y.backward()
    return z.grad


@same
def test_node_gives_a_new_variable_each_time_once_its_own_is_dead(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    h = x * 3
    y = h * h
    node = h.node
    own = node.get_variable() is h, node.get_variable_or_none() is h
    del h
    first, second = node.get_variable(), node.get_variable()
    return own, first is second, node.get_variable_or_none() is None, first, first.node is node, y


@same
def test_nodes_are_shared_with_the_function(engine: Any) -> Any:
    x, z = leaf(engine, 1, 2), leaf(engine, 3, 4)
    y = x * z
    function = y.creator
    return (
        [node is v.node for node, v in zip(function.inputs, (x, z), strict=True)],
        y.node.creator is function,
        y.creator_node is function,
        y.node.creator_node is function,
        (y.node.rank, y.node.requires_grad, y.node.shape, y.node.dtype.name),
        len(function.inputs),
    )


@same
def test_data_lives_on_the_node_only_where_it_is_kept(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    x + 1
    before = x.node.data
    x * x
    other = leaf(engine, 3)
    other.retain_data()
    return before is None, x.node.data is x.array, other.node.data


# ----------------------------------------------------------------------------------- retention


def _keeping(engine: Any, inputs: Any, outputs: Any, seen: list[Any]) -> Any:
    class Keeping(engine.FunctionNode):
        def forward(self, arrays: Any) -> Any:
            if inputs is not None:
                self.retain_inputs(inputs)
            if outputs is not None:
                self.retain_outputs(outputs)
            return arrays[0] * 2, arrays[0] + arrays[1]

        def backward(self, indexes: Any, grad_outputs: Any) -> Any:
            seen.append((self.get_retained_inputs(), self.get_retained_outputs()))
            g = grad_outputs[0]
            return g * 2, g

    return Keeping()


@same
def test_retained_inputs_are_the_very_variables(engine: Any) -> Any:
    seen: list[Any] = []
    x, z = leaf(engine, 1, 2), leaf(engine, 3, 4)
    y, _ = _keeping(engine, (1, 0), None, seen).apply((x, z))
    engine.functions.sum(y).backward()
    ((second, first), outputs) = seen[0]
    return first is x, second is z, outputs


@same
def test_nothing_retained_gives_empty_tuples(engine: Any) -> Any:
    seen: list[Any] = []
    x, z = leaf(engine, 1, 2), leaf(engine, 3, 4)
    y, _ = _keeping(engine, None, None, seen).apply((x, z))
    engine.functions.sum(y).backward()
    return seen, x.node.data is None


@same
def test_inputs_are_freed_when_nothing_is_retained(engine: Any) -> Any:
    with reference_counting_alone():
        x, z = leaf(engine, 1, 2), leaf(engine, 3, 4)
        h = x * 1
        array = weakref.ref(h.array)
        y = _keeping(engine, None, None, []).apply((h, z))
        del h
        return array() is None, y[0]


@same
def test_retained_outputs_alive_and_dead(engine: Any) -> Any:
    seen: list[Any] = []
    x, z = leaf(engine, 1, 2), leaf(engine, 3, 4)
    y, w = _keeping(engine, (), (0, 1), seen).apply((x, z))
    loss = engine.functions.sum(y)
    creator = y.creator
    del w
    loss.backward()
    _, (first, second) = seen[0]
    return first is y, first, second, second.creator is creator, second.rank


@same
def test_retained_output_that_died_is_differentiable(engine: Any) -> Any:
    class Exp(engine.FunctionNode):
        def forward(self, inputs: Any) -> Any:
            self.retain_outputs((0,))
            return (np.exp(inputs[0]),)

        def backward(self, indexes: Any, grad_outputs: Any) -> Any:
            return (self.get_retained_outputs()[0] * grad_outputs[0],)

    x = leaf(engine, 0.5, 1)
    y = engine.functions.sum(Exp().apply((x,))[0] * 2)
    (first,) = engine.grad([y], [x], enable_double_backprop=True)
    del y
    (second,) = engine.grad([first], [x], enable_double_backprop=True)
    return first, second, engine.grad([second], [x])


# --------------------------------------------------------------------------------- in-place edits


@same
def test_array_is_not_copied_and_edits_are_seen(engine: Any) -> Any:
    a = arr(1, 2)
    x = engine.Variable(a)
    y = engine.functions.sum(x * x)
    x.array[...] = 10
    y.backward()
    return x.array is a, x.data is a, x.grad


@same
def test_rebinding_the_array_changes_what_the_graph_keeps(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    y = engine.functions.sum(x * x)
    x.array = arr(10, 20)
    y.backward()
    z = leaf(engine, 1, 2)
    w = engine.functions.sum(z * z)
    z.data = arr(5, 7)
    w.backward()
    return x.grad, z.grad


@same
def test_rebinding_an_array_of_another_shape_leaves_the_gradient(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    x.grad = arr(3, 4)
    x.array = np.ones((2, 3))
    return x.shape, x.dtype.name, x.grad.shape, x.node.shape, x.node.dtype.name


@same
def test_copydata_addgrad_cleargrad_zerograd(engine: Any) -> Any:
    x, z = leaf(engine, 1, 2), leaf(engine, 5, 6)
    array = x.array
    x.copydata(z)
    x.grad, z.grad = arr(1, 1), arr(2, 3)
    held = x.grad
    x.addgrad(z)
    added = x.grad
    fresh = leaf(engine, 0, 0)
    fresh.addgrad(z)
    z.cleargrad()
    cleared = z.grad
    z.addgrad(engine.Variable(arr(1, 1)))
    return x.array is array, array, added, held, fresh.grad, cleared, z.grad


@same
def test_grad_setter_checks_shape_and_dtype(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    return (
        raised(lambda: setattr(x, "grad", arr(1, 2, 3))),
        raised(lambda: setattr(x, "grad", arr(1, 2, dtype="d"))),
        raised(lambda: setattr(x, "grad", [1, 2])),
        raised(lambda: setattr(x, "grad_var", leaf(engine, 1, 2, 3))),
        x.grad,
    )


@same
def test_constructor_does_not_check_the_gradient(engine: Any) -> Any:
    x = engine.Variable(arr(1, 2), grad=arr(1, 2, 3, dtype="d"))
    return x.grad


@same
def test_constructor_refuses_what_is_no_array(engine: Any) -> Any:
    return [raised(lambda v=v: engine.Variable(v)) for v in ([1, 2], 1.0, "a")]


# ---------------------------------------------------------------------------- dtypes and scalars

SCALARS = [2, 2.5, True, np.float32(0.5), np.float64(2.5), np.int64(2), np.bool_(True)]
OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "v+c": lambda v, c: v + c,
    "c+v": lambda v, c: c + v,
    "v-c": lambda v, c: v - c,
    "c-v": lambda v, c: c - v,
    "v*c": lambda v, c: v * c,
    "c*v": lambda v, c: c * v,
    "v/c": lambda v, c: v / c,
    "c/v": lambda v, c: c / v,
    "v**c": lambda v, c: v**c,
    "c**v": lambda v, c: c**v,
    "v//c": lambda v, c: v // c,
    "c//v": lambda v, c: c // v,
}
# Chainer's own error on a constant of these kinds: -True, and NumPy's refusal to subtract booleans.
UNLIKE = {("v-c", "bool"), ("v-c", "bool_")}


@pytest.mark.parametrize("dtype", ["e", "f", "d"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_scalar_is_cast_to_the_variables_dtype(operation: str, dtype: str) -> None:
    from tests.differential.both import assert_same

    tolerance = {"e": 2e-3, "f": 1e-6, "d": 1e-14}[dtype]
    call = OPERATIONS[operation]
    for scalar in SCALARS:
        if (operation, type(scalar).__name__) in UNLIKE:
            continue

        def script(engine: Any, scalar: Any = scalar) -> Any:
            x = leaf(engine, 0.5, 1.5, -2 if "**" not in operation else 2, dtype=dtype)
            y = call(x, scalar)
            F = engine.functions
            if not y.requires_grad:
                return y
            (gx,) = engine.grad([F.sum(y)], [x], enable_double_backprop=True)
            second = engine.grad([F.sum(gx)], [x])[0] if gx.creator is not None else None
            return y, gx, np.zeros_like(x.array) if second is None else second

        assert_same(*outcomes(script), tolerance, f"{scalar!r}: outcome")


@same
def test_division_by_a_number_multiplies_by_its_reciprocal(engine: Any) -> Any:
    """To the last bit, which true division would change for 5, 7, 10 …"""
    numbers = np.random.RandomState(0).rand(200).astype("f")
    x = engine.Variable(numbers)
    return [(x / c, (x / c).creator.label) for c in (3, 5, 7, 10, 14, 17, 0.3)]


@same
def test_subtraction_of_a_number_adds_its_negative(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    return [(x - 3).creator.label, (x + 3).creator.label, (3 - x).creator.label, x - 0.1]


@same
def test_0d_array_is_an_operand_not_a_scalar(engine: Any) -> Any:
    y = leaf(engine, 1, 2) * np.array(3, "f")
    return y, y.creator.label, len(y.creator.inputs)


@same
def test_constant_array_is_cast_to_the_variables_dtype(engine: Any) -> Any:
    x, c = leaf(engine, 1, 2), arr(0.1, 0.7, dtype="d")
    half = leaf(engine, 1, 2, dtype="e")
    return x - c, c - x, x * c, c / x, x**c, half + arr(1e5, 1, dtype="d"), x + arr(1, 2, dtype="i")


@same
def test_two_variables_of_different_dtype_do_not_mix(engine: Any) -> Any:
    x, z = leaf(engine, 1, 2), leaf(engine, 3, 4, dtype="d")
    F = engine.functions
    return [
        raised(call)
        for call in (
            lambda: x + z,
            lambda: x - z,
            lambda: x * z,
            lambda: x / z,
            lambda: x**z,
            lambda: F.maximum(x, z),
            lambda: F.where(np.array([True, False]), x, z),
            lambda: F.concat([x, z], 0),
        )
    ]


def test_deviation_a_wider_arctan2_has_gradients() -> None:
    """Chainer's raises in backward, where its matmul gives each operand its own dtype."""

    def script(engine: Any) -> Any:
        x, y = leaf(engine, 1, 2), leaf(engine, 3, 4, dtype="d")
        z = engine.functions.arctan2(x, y)
        z.grad = np.ones(2)
        return z.array, raised(z.backward), x.grad, y.grad

    ours, theirs = outcomes(script)
    np.testing.assert_allclose(ours[0], theirs[0])
    assert isinstance(theirs[1], Raised)
    np.testing.assert_allclose(ours[2], [3 / 10, 4 / 20], rtol=1e-6)
    np.testing.assert_allclose(ours[3], [-1 / 10, -2 / 20], rtol=1e-6)
    assert [ours[2].dtype, ours[3].dtype] == [np.dtype("f"), np.dtype("d")]


def test_deviation_sum_to_refuses_a_shape_that_is_larger() -> None:
    ours, theirs = outcomes(
        lambda engine: raised(lambda: engine.functions.sum_to(leaf(engine, 1, 2), (3,)))
    )
    assert theirs.shape == (2,)
    assert isinstance(ours.error, ValueError)
    assert "sum_to" in str(ours.error)


def test_deviation_function_form_casts_a_constant_like_the_operator() -> None:
    """Chainer: ``F.add(array, variable)`` does not cast; operators, F and NumPy are one here."""

    def script(engine: Any) -> Any:
        x, c = leaf(engine, 1, 2), arr(0.5, 1.5, dtype="d")
        return raised(lambda: engine.functions.add(c, x))

    ours, theirs = outcomes(script)
    assert theirs.is_invalid_type
    assert ours.dtype == np.float32
    np.testing.assert_array_equal(ours.array, [1.5, 3.5])


INTEGERS: dict[str, Callable[[Any], Any]] = {
    "x + 1.5": lambda x: x + 1.5,
    "x * 1.5": lambda x: x * 1.5,
    "x / 2": lambda x: x / 2,
    "x + array([1.7, 1.7])": lambda x: x + arr(1.7, 1.7, dtype="d"),
}


@pytest.mark.parametrize("name", INTEGERS)
def test_deviation_integer_variables_are_not_truncated(name: str) -> None:
    """Chainer truncates the other operand in silence: 1.5 becomes 1, 1/2 becomes 0."""

    def script(engine: Any) -> Any:
        return raised(lambda: INTEGERS[name](leaf(engine, 1, 2, dtype="i")))

    ours, theirs = outcomes(script)
    assert theirs.dtype.kind == "i"
    assert ours.is_invalid_type
    assert "int32" in str(ours.error)


def test_deviation_complex_constant_on_a_real_variable_is_refused() -> None:
    def script(engine: Any) -> Any:
        return raised(lambda: leaf(engine, 1, 2) * np.array([1j, 2j]))

    assert run(script, playground).is_invalid_type


def test_deviation_number_out_of_range_of_a_half_is_infinite_as_in_numpy() -> None:
    """One answer for both: 1e6 is infinite in float16."""
    ours, theirs = outcomes(lambda engine: leaf(engine, 1, dtype="e") * 1e6)
    assert ours.dtype == theirs.dtype
    assert np.isinf(ours.array).all()
    assert np.isinf(theirs.array).all()


@same
def test_invalid_type_shows_expected_and_actual(engine: Any) -> Any:
    text = str(raised(lambda: leaf(engine, 1, 2) - leaf(engine, 3, 4, dtype="d")).error)
    words = ("Invalid operation is performed in: _ - _ (Forward)", "Expect:", "Actual:")
    return [word in text for word in (*words, "float32 != float64")]


@same
def test_shapes_that_do_not_fit(engine: Any) -> Any:
    x, z = leaf(engine, 1, 2), leaf(engine, 1, 2, 3)
    F = engine.functions
    m = engine.Variable(np.ones((2, 3), "f"))
    return [
        isinstance(raised(call), Raised)
        for call in (
            lambda: x + z,
            lambda: x * z,
            lambda: F.maximum(x, z),
            lambda: m @ m,
            lambda: F.matmul(m, x),
            lambda: F.reshape(x, (3,)),
            lambda: F.broadcast_to(z, (2,)),
            lambda: F.concat([m, x], 0),
            lambda: F.sum(x, axis=1),
        )
    ]


# ------------------------------------------------------------------------------------------ 0-d


@same
def test_0d_outputs_are_arrays(engine: Any) -> Any:
    F = engine.functions
    x = engine.Variable(np.array(3.0))
    results = [x * x, x + 1, -x, abs(x), x**2, F.exp(x), F.sum(x), F.max(leaf(engine, 1, 2)), x / x]
    return [(type(y.array) is np.ndarray, y.shape, repr(y)) for y in results]


@same
def test_0d_gradients_are_arrays(engine: Any) -> Any:
    x = engine.Variable(np.array(3.0))
    (engine.functions.exp(x) * x * 2).backward()
    return type(x.grad) is np.ndarray, x.grad


@same
def test_forward_must_return_a_tuple_of_arrays(engine: Any) -> Any:
    def returning(value: Any) -> Any:
        class Odd(engine.FunctionNode):
            def forward(self, inputs: Any) -> Any:
                return value

        return raised(lambda: Odd().apply((leaf(engine, 1, 2),)))

    return [returning(value) for value in ((np.float32(1),), arr(1, 2), [arr(1, 2)], (3.0,))]


@same
def test_forward_may_return_none(engine: Any) -> Any:
    class Nothing(engine.FunctionNode):
        def forward(self, inputs: Any) -> Any:
            return None, inputs[0] * 2

        def backward(self, indexes: Any, grad_outputs: Any) -> Any:
            return (grad_outputs[1] * 2,)

    x = leaf(engine, 1, 2)
    nothing, y = Nothing().apply((x,))
    engine.functions.sum(y).backward()
    return nothing.array, x.grad


def test_deviation_iterating_a_0d_variable_raises() -> None:
    """Chainer: an empty list."""
    ours, theirs = outcomes(lambda engine: raised(lambda: list(engine.Variable(np.array(3.0)))))
    assert theirs == []
    assert isinstance(ours.error, TypeError)
    assert "0-d" in str(ours.error)


@same
def test_0d_variable_has_no_elements(engine: Any) -> Any:
    return isinstance(raised(lambda: engine.Variable(np.array(3.0))[0]), Raised)


@same
def test_float_of_a_variable_raises(engine: Any) -> Any:
    return raised(lambda: float(engine.Variable(np.array(3.0))))


def test_deviation_numpy_array_of_a_variable_raises() -> None:
    """Chainer: an object array of Variables."""
    ours, theirs = outcomes(lambda engine: raised(lambda: np.array(leaf(engine, 1, 2))))
    assert theirs.dtype == object
    assert isinstance(ours.error, playground.GraphCutError)


@same
def test_iteration_gives_connected_variables(engine: Any) -> Any:
    x = leaf(engine, 1, 2, 3)
    first, second, third = x
    (first * second + third).backward()
    return len(x), x.grad


# -------------------------------------------------------------------- identity of no-op functions


@same
def test_which_functions_return_their_argument(engine: Any) -> Any:
    F = engine.functions
    x, z = engine.Variable(np.ones((2, 3), "f")), leaf(engine, 1, 2)
    return {
        "reshape": F.reshape(x, (2, 3)) is x,
        "reshape method": x.reshape(2, 3) is x,
        "broadcast_to": F.broadcast_to(x, (2, 3)) is x,
        "sum_to": F.sum_to(x, (2, 3)) is x,
        "flatten": F.flatten(z) is z,
        "cast": F.cast(x, "f") is x,
        "squeeze": F.squeeze(x) is x,
        "squeeze axis": F.squeeze(engine.Variable(np.ones((1, 2), "f")), 0) is x,
        "transpose": F.transpose(x, (0, 1)) is x,
        "swapaxes": F.swapaxes(x, 0, 0) is x,
        "clip": F.clip(x, 0.0, 9.0) is x,
        "as_variable": engine.as_variable(x) is x,
    }


def test_deviation_plus_x_is_a_copy_as_numpys_is() -> None:
    y = playground.Variable(np.array([1.0, 2.0])) * 1.0
    z = +y
    z[0] = 10.0
    assert y.array.tolist() == [1.0, 2.0]
    assert z.array.tolist() == [10.0, 2.0]


def test_deviation_augmented_assignment_that_numpy_would_show_elsewhere_raises() -> None:
    y = playground.Variable(np.array([1.0, 2.0])) * 1.0
    z = y
    with pytest.raises(playground.GraphCutError, match=r"another name"):
        z += 1.0
    part = y[:1]
    with pytest.raises(playground.GraphCutError, match=r"a part or another shape"):
        part += 1.0
    # A leaf keeps Chainer's rule: a new Variable, and the old one under its other names.
    x = w = playground.Variable(np.array([1.0, 2.0]))
    w += 1.0
    assert x.array.tolist() == [1.0, 2.0]


@same
def test_reshape_shares_memory(engine: Any) -> Any:
    F = engine.functions
    x = engine.Variable(np.arange(6, dtype="f").reshape(2, 3))
    views = F.reshape(x, (3, 2)), F.transpose(x), F.expand_dims(x, 0), x[0], F.flatten(x)
    return [np.shares_memory(x.array, view.array) for view in views]


# ------------------------------------------------------------------------------------- Parameter


@same
def test_uninitialised_parameter(engine: Any) -> Any:
    p = engine.Parameter()
    return (
        p.array,
        p.is_initialized,
        raised(lambda: p.grad),
        raised(lambda: p.grad_var),
        raised(lambda: p.shape),
        repr(p),
    )


def test_deviation_dtype_of_an_uninitialised_parameter_is_the_one_it_will_have() -> None:
    """Chainer announces float64 and makes float32."""

    def script(engine: Any) -> Any:
        p = engine.Parameter()
        announced = p.dtype
        p.initialize((2,))
        return announced, p.dtype

    ours, theirs = outcomes(script)
    assert theirs == (np.float64, np.float32)
    assert ours == (np.float32, np.float32)


@same
def test_initialised_parameter_starts_with_nan_gradient(engine: Any) -> Any:
    late, now = engine.Parameter(3.0), engine.Parameter(3.0, (2,))
    late.initialize((2,))
    given = engine.Parameter(arr(1, 2))
    before = late.array, late.grad, now.array, now.grad, given.array, given.grad
    for p in (late, now, given):
        engine.functions.sum(p * p).backward()
    after = late.grad, now.grad, given.grad
    for p in (late, now, given):
        p.cleargrad()
        engine.functions.sum(p * p).backward()
    return before, after, late.grad, now.grad, given.grad


@same
def test_parameter_cleared_before_it_is_initialised_starts_without_gradient(engine: Any) -> Any:
    cleared, zeroed = engine.Parameter(3.0), engine.Parameter(3.0)
    cleared.cleargrad()
    zeroed.zerograd()
    for p in (cleared, zeroed):
        p.initialize((2,))
    return cleared.grad, zeroed.grad


@same
def test_parameter_initialisers(engine: Any) -> Any:
    def halves(array: Any) -> None:
        array[...] = 0.5

    by_function = engine.Parameter(halves, (2, 2))
    default = engine.Parameter(shape=3)
    filled = engine.Parameter(arr(1, 2), shape=(2,))
    return by_function.array, default.array, by_function.requires_grad, filled.array


@same
def test_parameter_has_a_name_and_no_update_rule(engine: Any) -> Any:
    p = engine.Parameter(arr(1, 2), name="w")
    p.update()
    return p.name, repr(p), p.update_rule, isinstance(p, engine.Variable)


@same
def test_parameter_survives_copy_and_pickle(engine: Any) -> Any:
    p = engine.Parameter(arr(1, 2), name="w")
    p.grad = arr(3, 4)
    copies = copy.copy(p), copy.deepcopy(p), pickle.loads(pickle.dumps(p))  # noqa: S301
    return [(type(c) is engine.Parameter, c.array, c.grad, c.name) for c in copies]


@same
def test_uninitialised_parameter_survives_pickle(engine: Any) -> Any:
    p = pickle.loads(pickle.dumps(engine.Parameter(2.0, name="w")))  # noqa: S301
    p.initialize((2,))
    return p.array, p.name


# ----------------------------------------------------------------------------- names, text, copies


@same
def test_repr_and_str(engine: Any) -> Any:
    arrays = [
        arr(1, 2),
        np.array(9.0),
        np.arange(6).reshape(2, 3),
        np.zeros((0, 2)),
        np.zeros(0),
        np.random.RandomState(0).rand(3, 3).astype("f"),
        np.arange(3000.0),
        None,
    ]
    plain = [(repr(v), str(v)) for v in map(engine.Variable, arrays)]
    named = [(repr(v), str(v)) for v in (engine.Variable(a, name="w") for a in arrays)]
    return plain, named


@same
def test_name_lives_on_the_node(engine: Any) -> Any:
    x = engine.Variable(arr(1, 2), name="w")
    node_name = x.node.name
    x.name = "v"
    return node_name, x.node.name, leaf(engine, 1).name


@same
def test_labels_of_variables(engine: Any) -> Any:
    arrays = arr(1, 2), np.array(3.0), np.ones((2, 3), "e")
    return [engine.Variable(a).label for a in arrays], engine.Variable(arr(1), name="w").label


@same
def test_copies_lose_the_creator(engine: Any) -> Any:
    x = leaf(engine, 1, 2)
    y = x * 2
    y.name, y.grad = "y", arr(5, 6)
    shallow, thawed = copy.copy(y), pickle.loads(pickle.dumps(y))  # noqa: S301
    return [
        (c.array, c.grad, c.name, c.creator is None, c.requires_grad, c is y)
        for c in (shallow, thawed)
    ], shallow.array is y.array


@same
def test_shape_facts(engine: Any) -> Any:
    v = engine.Variable(np.ones((2, 3), "f"))
    return v.shape, v.ndim, v.size, len(v), v.dtype.name, v.T.shape, leaf(engine, 7).item()


@same
def test_reshape_and_transpose_methods(engine: Any) -> Any:
    v = engine.Variable(np.arange(6, dtype="f").reshape(1, 2, 3))
    return [
        v.reshape(3, 2),
        v.reshape((6,)),
        v.reshape([2, -1]),
        v.reshape(-1),
        v.transpose(),
        v.transpose(2, 0, 1),
        v.transpose((1, 0, 2)),
        v.transpose([0, 2, 1]),
        v.transpose(None),
        v.T,
    ]


@same
def test_function_node_is_not_called(engine: Any) -> Any:
    class Identity(engine.FunctionNode):
        def forward(self, inputs: Any) -> Any:
            return inputs

    return raised(lambda: Identity()(leaf(engine, 1))), Identity().label


def test_deviation_backward_through_an_older_application_says_so() -> None:
    """Chainer overwrites the node, and its backward gets None for the gradient."""

    def script(engine: Any) -> Any:
        class Double(engine.FunctionNode):
            def forward(self, inputs: Any) -> Any:
                return (inputs[0] * 2,)

            def backward(self, indexes: Any, grad_outputs: Any) -> Any:
                return (grad_outputs[0] * 2,)

        node, x, z = Double(), leaf(engine, 1), leaf(engine, 2)
        first = node.apply((x,))[0]
        second = node.apply((z,))[0]
        failure = raised(first.backward)
        second.backward()
        return failure, x.grad, z.grad

    (failure, gx, gz), (unclear, gx_there, _) = outcomes(script)
    assert isinstance(unclear.error, TypeError)
    assert gx_there is None
    assert isinstance(failure.error, playground.GraphError)
    assert "applied again" in str(failure.error)
    assert gx is None
    np.testing.assert_array_equal(gz, [2])


def test_deviation_comparisons_answer_as_numpy_does() -> None:
    """Chainer raises TypeError for all of these, and a Variable is unhashable."""

    def script(engine: Any) -> Any:
        x, z = leaf(engine, 1, 5), leaf(engine, 3, 4)
        one = engine.Variable(np.array(1.0))
        return [
            raised(call)
            for call in (
                lambda: x < z,
                lambda: x <= 1,
                lambda: x > arr(0, 9),
                lambda: arr(2, 2) >= x,
                lambda: x == x,
                lambda: x != z,
                lambda: bool(one),
                lambda: hash(x) == hash(x),
                lambda: one in [engine.Variable(np.array(2.0))],
            )
        ]

    ours, theirs = outcomes(script)
    assert all(isinstance(error.error, TypeError) for error in theirs)
    expected = [[1, 0], [1, 0], [1, 0], [1, 0], [1, 1], [1, 1], True, True, False]
    for answer, value in zip(ours, expected, strict=True):
        np.testing.assert_array_equal(answer, np.array(value, bool))
    assert all(type(answer) is np.ndarray for answer in ours[:6])


def test_deviation_a_single_element_can_be_formatted() -> None:
    """Chainer raises; a loss is printed in every loop."""

    def script(engine: Any) -> Any:
        return raised(lambda: f"{engine.functions.sum(leaf(engine, 1, 2)):.2f}")

    ours, theirs = outcomes(script)
    assert ours == "3.00"
    assert isinstance(theirs, Raised)


@same
def test_grad_of_an_uninitialised_parameter_after_cleargrad(engine: Any) -> Any:
    p = engine.Parameter()
    p.cleargrad()
    return p.grad, p.grad_var


@same
def test_zerograd_of_values_that_are_no_numbers(engine: Any) -> Any:
    v = engine.Variable(np.array([np.nan, np.inf, 1], "f4"))
    v.zerograd()
    return v.grad


@same
def test_where_a_variable_is_and_what_it_prints(engine: Any) -> Any:
    x = engine.Variable(np.array([[1, 2], [3, 5]], "f"), name="x")
    prints = [x.summary(), x.debug_print(), engine.Variable().debug_print()[20:]]
    for gradient in (np.zeros((2, 2), "f"), np.array([[1, 0], [2, 4]], "f")):
        x.grad = gradient
        prints.append(x.debug_print())
    moved = [x.to_cpu(), x.to_device("@numpy"), engine.Parameter(1.0).to_cpu()]
    names = [str(x.device), str(engine.Parameter(1.0).device), x.xp.__name__]
    return prints[:2], prints[3:], moved, names, x, x.grad
