"""gradient_check: what it finds, what it says then, and what it leaves untouched."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground.functions as F
from playground import FunctionNode, Parameter, PlaygroundError, Variable, as_variable
from playground.gradient_check import (
    GradientCheckError,
    GradientCheckInputError,
    NondifferentiableError,
    assert_allclose,
    check_backward,
    check_double_backward,
    numerical_grad,
)
from tests.strict_array import StrictArray, registered

X = np.array([[0.5, -1.2, 3.0], [0.7, 2.0, -0.4]])
GY = np.array([[0.3, -0.8, 1.1], [1.7, 0.2, -0.9]])


def sine_with(slope: Callable[[Any], Any]) -> Callable[[Any], Variable]:
    """The sine, with a derivative of one's own."""

    class Sine(FunctionNode):
        def forward(self, inputs: Any) -> Any:
            self.retain_inputs((0,))
            return (np.asarray(np.sin(inputs[0])),)

        def backward(self, indexes: Any, grad_outputs: Any) -> Any:
            return (slope(*self.get_retained_inputs()) * grad_outputs[0],)

    return lambda x: Sine().apply((x,))[0]


def wrong_at(place: tuple[int, ...], by: float) -> Callable[[Any], Variable]:
    """The sine, whose derivative is off at one element."""

    def slope(x: Any) -> Any:
        off = np.zeros(x.shape)
        off[place] = by
        return F.cos(x) + off

    return sine_with(slope)


def message_of(error: type[Exception], call: Callable[[], Any]) -> str:
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


# --------------------------------------------------------------------------- numerical_grad


def test_error_of_two_points_is_the_square_of_eps() -> None:
    """(x + h)³ - (x - h)³ = 2h (3x² + h²), so that the error for x³ is h² exactly."""
    x = np.array([0.5, -2.0])
    for eps in (0.5, 0.125):
        (gx,) = numerical_grad(lambda: (x**3,), (x,), (np.ones(2),), eps=eps)
        np.testing.assert_allclose(gx, 3 * x**2 + eps**2, rtol=1e-13)


def test_five_points_are_exact_up_to_degree_four() -> None:
    x = np.array([0.5, -2.0])
    (gx,) = numerical_grad(lambda: (x**4 - x**3,), (x,), (np.ones(2),), 0.5, True, diff_rtol=1.0)
    np.testing.assert_allclose(gx, 4 * x**3 - 3 * x**2, rtol=1e-13)


def test_the_function_reads_inputs_that_move_and_come_back() -> None:
    x, y = np.array([1.0, 2.0]), np.array(5.0)
    seen: list[tuple[float, ...]] = []

    def f() -> tuple[Any]:
        seen.append((*x, float(y)))
        return (x.sum() * y,)

    gx, gy = numerical_grad(f, (x, y), (1.0,), eps=0.5)
    assert seen == [(0.5, 2, 5), (1.5, 2, 5), (1, 1.5, 5), (1, 2.5, 5), (1, 2, 4.5), (1, 2, 5.5)]
    np.testing.assert_allclose(gx, [5, 5])
    np.testing.assert_allclose(gy, 3)
    assert (x.tolist(), float(y)) == ([1.0, 2.0], 5.0)


def test_looking_for_kinks_costs_four_points_an_element_and_one_more() -> None:
    x, calls = np.ones(3), []
    numerical_grad(lambda: (calls.append(1) or x,), (x,), (np.ones(3),), 1e-3, True)  # type: ignore[func-returns-value]
    assert len(calls) == 1 + 4 * 3


def test_inputs_come_back_when_the_function_raises() -> None:
    x = np.array([1.0, 2.0])

    def f() -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError):
        numerical_grad(f, (x,), (np.ones(2),))
    assert x.tolist() == [1.0, 2.0]


def test_the_function_may_return_the_same_array_again_and_again() -> None:
    x, buffer = np.array([1.0, 2.0]), np.empty(2)

    def f() -> tuple[np.ndarray, np.ndarray]:
        np.multiply(x, 3, out=buffer)
        return buffer, x

    (gx,) = numerical_grad(f, (x,), (np.ones(2), np.ones(2)))
    np.testing.assert_allclose(gx, [4, 4])


def test_old_scripts_run_as_they_are() -> None:
    x, gy = Variable(X.copy()), GY
    (gx,) = numerical_grad(lambda: (x.data**2,), (x.data,), (gy,))
    np.testing.assert_allclose(gx, 2 * X * GY, rtol=1e-9)
    assert_allclose(gx, 2 * X * GY)
    check_backward(F.relu, X, GY)


def test_variables_are_as_good_as_their_arrays() -> None:
    x = Variable(X.copy())
    (gx,) = numerical_grad(lambda: F.sin(x), (x,), (Variable(GY),))
    np.testing.assert_allclose(gx, np.cos(X) * GY, rtol=1e-5)


def test_noncontiguous_inputs_move_in_place() -> None:
    base = X.copy()
    x = base.T[::2]
    (gx,) = numerical_grad(lambda: (base**2,), (x,), (np.ones_like(base),))
    np.testing.assert_allclose(gx, 2 * x, rtol=1e-9)


@pytest.mark.parametrize("kind", ["c16", "i8"])
def test_numbers_that_are_not_real_are_refused_by_name(kind: str) -> None:
    x = np.ones(2, kind)
    text = message_of(GradientCheckInputError, lambda: numerical_grad(lambda: (X,), (X, x), (GY,)))
    assert "inputs[1]" in text
    assert str(x.dtype) in text


def test_complex_outputs_are_refused() -> None:
    x = np.ones(2)
    text = message_of(
        GradientCheckInputError, lambda: numerical_grad(lambda: (x * 1j,), (x,), (np.ones(2),))
    )
    assert "outputs[0] is complex128" in text
    # One that does not count may be anything.
    (gx,) = numerical_grad(lambda: (x * 1j, x * 2), (x,), (None, np.ones(2)))
    np.testing.assert_allclose(gx, [2, 2])


def test_outputs_that_change_their_shape_are_refused() -> None:
    x = np.ones(1)
    text = message_of(
        GradientCheckError,
        lambda: numerical_grad(lambda: (np.ones(2 if x[0] > 1 else 3),), (x,), (1.0,)),
    )
    assert "(3,), (2,)" in text or "(2,), (3,)" in text


# -------------------------------------------------------------------------- nondifferentiable


def test_the_error_names_input_and_output_and_shows_the_samples() -> None:
    a, b = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.0, 5.0], [3.0, 9.0]])
    text = message_of(
        NondifferentiableError,
        lambda: numerical_grad(lambda: (a * 2, np.maximum(a, b)), (a, b), (1.0, 1.0), 1e-3, True),
    )
    assert "inputs[0][1, 0] = 3.0" in text
    assert "outputs[1][1, 0]" in text
    assert "-1.0 eps: 3.0" in text
    assert "+1.0 eps: 3.001" in text
    assert a[1, 0] == 3.0


@pytest.mark.parametrize("kink", [0.0, 3e-4, -7e-4])
def test_a_residual_is_that_of_a_least_squares_parabola(kink: float) -> None:
    """numpy.polyfit says how far a parabola stays away from |x|, beside the kink and on it."""
    at = np.array(kink)
    ys = np.abs(at + np.linspace(-1e-3, 1e-3, 5))
    _, (left, *_) = np.polynomial.polynomial.polyfit(range(5), ys, 2, full=True)
    residual = float(np.sqrt(left[0] / 5))
    numerical_grad(lambda: (np.abs(at),), (at,), (1.0,), 1e-3, True, residual * 1.01, 0.0)
    with pytest.raises(NondifferentiableError):
        numerical_grad(lambda: (np.abs(at),), (at,), (1.0,), 1e-3, True, residual * 0.99, 0.0)


@pytest.mark.parametrize("place", [(0, 0), (3, 41), (7, 99)])
def test_check_backward_finds_the_one_kink_among_many_elements(place: tuple[int, int]) -> None:
    x = np.random.default_rng(3).uniform(0.5, 2, (8, 100))
    x[place] = 0.0
    text = message_of(
        NondifferentiableError,
        lambda: check_backward(
            lambda a, x: F.absolute(x) * a,
            (np.ones(()), x),
            np.ones(x.shape),
            detect_nondifferentiable=True,
        ),
    )
    assert f"x_data[1][{place[0]}, {place[1]}] = 0.0" in text


# ------------------------------------------------------------------------------- the message


def test_the_message_shows_both_values_and_the_worst_element() -> None:
    x = np.array([[0.1, 0.2], [0.3, 0.4]])
    text = message_of(
        GradientCheckError,
        lambda: check_backward(wrong_at((1, 0), 0.5), x, np.full((2, 2), 2.0)),
    )
    # By hand: d sin(x) · 2 = 2 cos 0.3 = 1.91067…, backprop has 2 · 0.5 more.
    assert "worst element: x_data[0][1, 0] = 0.3" in text
    after = text[text.index("worst element") :].splitlines()
    assert after[1].split()[:3] == ["numerical", "=", after[1].split()[2]]
    assert float(after[1].split()[2]) == pytest.approx(2 * np.cos(0.3), rel=1e-6)
    assert float(after[2].split()[2]) == pytest.approx(2 * np.cos(0.3) + 1, rel=1e-12)
    assert float(after[3].split("=")[1].split()[0]) == pytest.approx(1, rel=1e-2)
    assert float(after[4].split("=")[1]) == pytest.approx(1 / (2 * np.cos(0.3) + 1), rel=1e-2)
    assert "shape (2, 2), float64, from Sine" in text
    assert "direction [[" in text
    assert f"backprop / numerical is {1 + 1 / (2 * np.cos(0.3)):.4g}" in text


def test_the_slopes_in_the_message_are_those_along_the_direction() -> None:
    """A direction of a single element is 1 or -1, up to the floor under its elements."""
    text = message_of(
        GradientCheckError,
        lambda: check_backward(sine_with(lambda x: 3 * F.cos(x)), np.array(0.3), np.array(1.0)),
    )
    lines = text.splitlines()
    assert abs(float(lines[2].split("=")[1])) == pytest.approx(np.cos(0.3), rel=1e-6)
    assert abs(float(lines[3].split("=")[1])) == pytest.approx(3 * np.cos(0.3), rel=1e-12)
    assert "backprop / numerical is 3" in text


@pytest.mark.parametrize("place", [(0,), (777,), (2999,)])
def test_the_offender_is_found_in_a_long_vector(place: tuple[int]) -> None:
    x = np.random.default_rng(5).normal(size=3000)
    text = message_of(
        GradientCheckError,
        lambda: check_backward(
            lambda a, x: a * wrong_at(place, 3.0)(x), (np.ones(3000), x), np.ones(3000)
        ),
    )
    assert f"x_data[1][{place[0]}] =" in text
    # A long array is shortened.
    assert text.count("...") >= 4
    assert len(text) < 4000


def test_an_element_that_is_nan_is_the_worst() -> None:
    text = message_of(
        GradientCheckError, lambda: check_backward(wrong_at((2,), np.nan), np.ones(4), np.ones(4))
    )
    assert "x_data[0][2]" in text


def test_advice_where_the_graph_is_cut() -> None:
    text = message_of(
        GradientCheckError, lambda: check_backward(lambda x, y: x.array * y, (X, X), GY)
    )
    assert "no gradient arrives at x_data[0]" in text.splitlines()[-1]


def test_advice_where_rounding_is_to_blame() -> None:
    x, gy = X.astype("f"), GY.astype("f")
    text = message_of(GradientCheckError, lambda: check_backward(F.sin, x, gy, rtol=1e-7, atol=0))
    assert "dtype=numpy.float64" in text.splitlines()[-1]
    # And the advice helps.
    check_backward(F.sin, x, gy, rtol=1e-6, atol=0, dtype=np.float64)


def test_advice_where_the_function_is_not_deterministic() -> None:
    rng = np.random.default_rng(0)
    text = message_of(
        GradientCheckError, lambda: check_backward(lambda x: x * rng.random(X.shape), X, GY)
    )
    assert "not deterministic" in text.splitlines()[-1]


def test_advice_at_a_kink_that_nobody_looked_for() -> None:
    text = message_of(
        GradientCheckError, lambda: check_backward(F.absolute, np.array([1e-4, 1]), np.ones(2))
    )
    assert "detect_nondifferentiable=True" in text.splitlines()[-1]


def test_a_function_that_fails_beside_the_point_does_not_hide_the_finding() -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(1)
        if len(calls) == 4:  # after backprop and the two points on the line
            raise KeyError("mine")
        return sine_with(lambda x: 3 * F.cos(x))(x)

    text = message_of(GradientCheckError, lambda: check_backward(f, X, GY))
    assert "no single element could be looked at: KeyError" in text


def test_errors_are_caught_as_chainers_and_as_ours() -> None:
    assert issubclass(GradientCheckError, AssertionError)
    assert issubclass(GradientCheckInputError, ValueError)
    assert issubclass(GradientCheckInputError, RuntimeError)
    assert not issubclass(GradientCheckInputError, AssertionError)
    assert not issubclass(NondifferentiableError, AssertionError)
    for kind in (GradientCheckError, GradientCheckInputError, NondifferentiableError):
        assert issubclass(kind, PlaygroundError)


# ------------------------------------------------------------------------------- check_backward


@pytest.mark.parametrize("slot", [0, 1, 2])
def test_a_wrong_gradient_is_found_wherever_it_arrives(slot: int) -> None:
    parameter = Parameter(X.copy())

    def f(x: Any, y: Any) -> Any:
        operands = [x, y, parameter]
        operands[slot] = sine_with(lambda x: F.cos(x) * 1.01)(operands[slot])
        return operands[0] * operands[1] * operands[2]

    text = message_of(GradientCheckError, lambda: check_backward(f, (X, X + 1), GY, (parameter,)))
    assert f"worst element: {('x_data[0]', 'x_data[1]', 'params[0]')[slot]}[" in text


def test_parameters_are_put_back_even_if_the_function_raises() -> None:
    parameter = Parameter(np.ones(3))
    array, calls = parameter.array, []

    def f(x: Any) -> Any:
        calls.append(parameter.array.copy())
        if len(calls) == 2:
            raise KeyError("mine")
        return x * parameter

    with pytest.raises(KeyError):
        check_backward(f, X, GY, parameter)
    assert not np.array_equal(calls[1], array), "the parameter moved"
    assert parameter.array is array
    assert array.tolist() == [1, 1, 1]


def test_a_parameter_may_get_its_shape_in_the_first_call() -> None:
    parameter = Parameter(2.0)

    def f(x: Any) -> Any:
        if not parameter.is_initialized:
            parameter.initialize(x.shape[1:])
        return x * parameter * parameter

    check_backward(f, X.astype("f"), GY.astype("f"), parameter, dtype=np.float64)
    assert parameter.grad is None
    with pytest.raises(GradientCheckInputError, match=r"params\[0\] has no array"):
        check_backward(lambda x: x * x, X, GY, Parameter())


def test_the_data_are_not_touched() -> None:
    x, gy = X.copy(), GY.copy()
    x.flags.writeable = gy.flags.writeable = False
    check_backward(lambda x: x * x, x, gy)
    check_double_backward(lambda x: x * x, x, gy, gy)


def test_a_backward_that_works_in_place_does_not_move_the_cotangent() -> None:
    class Doubled(FunctionNode):
        def forward(self, inputs: Any) -> Any:
            return (inputs[0] * 2,)

        def backward(self, indexes: Any, grad_outputs: Any) -> Any:
            array = grad_outputs[0].array
            array *= 2
            return (as_variable(array),)

    gy = GY.copy()
    check_backward(lambda x: Doubled().apply((x,))[0], X, gy)
    np.testing.assert_array_equal(gy, GY)


def test_gradients_that_a_parameter_had_do_not_enter() -> None:
    """The function hands out the parameter's gradient, which must be that of its own backward."""
    w = Parameter(np.array([0.5, -0.3, 0.8]))
    w.grad = np.full(3, 100.0)

    def penalty(x: Any) -> Any:
        F.sum(x * w * w).backward(enable_double_backprop=True)
        return w.grad_var * w.grad_var

    check_backward(penalty, X, GY[0], w, atol=1e-3)
    assert w.grad is None


def test_dtype_casts_floating_point_arrays_alone() -> None:
    kinds = []

    def f(x: Any, i: Any) -> Any:
        kinds.append((x.dtype.char, i.dtype.char))
        return x * x

    check_backward(f, (X.astype("f"), np.arange(3, dtype="i")), GY.astype("f"), dtype="d")
    assert kinds == [("f", "i"), ("d", "i"), ("d", "i")]


def test_cotangents_of_another_dtype_are_named() -> None:
    with pytest.raises(GradientCheckInputError, match=r"y_grad: \(2, 3\) float32"):
        check_backward(lambda x: x * x, X, GY.astype("f"))


def test_no_grads_keeps_an_input_where_it_is() -> None:
    seen = []

    def f(x: Any, y: Any) -> Any:
        seen.append(x.array.copy())
        return x.array * y

    check_backward(f, (X, X), GY, no_grads=[True, False])
    assert len(seen) == 3
    for x in seen:
        np.testing.assert_array_equal(x, X)


def test_no_grads_names_the_input_that_gets_a_gradient_after_all() -> None:
    with pytest.raises(GradientCheckInputError, match=r"x_data\[1\].*no_grads"):
        check_backward(lambda x, y: x * y, (X, X), GY, no_grads=[False, True])


def test_complex_inputs_are_refused_unless_they_stand_still() -> None:
    z = X + 1j
    with pytest.raises(GradientCheckInputError, match=r"x_data\[1\] is complex128"):
        check_backward(lambda x, z: x * x, (X, z), GY)
    check_backward(lambda x, z: x * x, (X, z), GY, no_grads=[False, True])


def test_a_check_of_nothing_warns() -> None:
    with pytest.warns(UserWarning, match="nothing was checked"):
        check_backward(lambda i: Variable(np.ones(3)), np.arange(3), np.ones(3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_backward(lambda x: x * x, np.ones((0, 2)), np.ones((0, 2)))


def test_every_element_counts_even_beside_many() -> None:
    """The direction has no element below a tenth of the mean, so that none is overlooked."""
    x = np.linspace(0.1, 1, 500)
    for k in range(0, 500, 50):
        with pytest.raises(GradientCheckError):
            check_backward(wrong_at((k,), 1.0), x, np.ones(500), rtol=1e-5, rng=k)


def test_0d_arrays_and_numpy_scalars() -> None:
    check_backward(lambda x: x * x, np.array(0.5), np.array(2.0))
    check_backward(lambda x: x * x, np.float64(0.5), None)
    check_double_backward(lambda x: x**3, np.array(0.5), np.array(2.0), np.array(-1.0))
    with pytest.raises(GradientCheckError, match=r"worst element: x_data\[0\] = 0.5"):
        check_backward(sine_with(lambda x: x), np.array(0.5), np.array(2.0))


def test_plain_numpy_is_checked_as_well() -> None:
    check_backward(lambda x: np.tanh(x) @ np.ones(3), X, np.array([1.0, -2.0]))
    check_double_backward(np.linalg.inv, X[:, :2] + 2 * np.eye(2), GY[:, :2], GY[:, 1:])


@pytest.mark.parametrize(
    ("f", "name"), [(lambda x: x.array, "ndarray"), (lambda x: (x, 1.0), "float")]
)
def test_outputs_that_are_no_variables_are_named(f: Callable[[Any], Any], name: str) -> None:
    with pytest.raises(TypeError, match=f"func must return Variables, got {name}"):
        check_backward(f, X, GY)


def test_parameters_that_are_no_variables_are_named() -> None:
    with pytest.raises(TypeError, match=r"params\[0\] must be a Variable"):
        check_backward(lambda x: x, X, GY, params=(X,))  # type: ignore[arg-type]


# ------------------------------------------------------------------------------- second order


def test_a_wrong_second_derivative_is_found_behind_a_right_first_one() -> None:
    class Cosine(FunctionNode):
        """cos, with the sign of its derivative lost."""

        def forward(self, inputs: Any) -> Any:
            self.retain_inputs((0,))
            return (np.cos(inputs[0]),)

        def backward(self, indexes: Any, grad_outputs: Any) -> Any:
            (x,) = self.get_retained_inputs()
            return (F.sin(x) * grad_outputs[0],)

    f = sine_with(lambda x: Cosine().apply((x,))[0])
    check_backward(f, X, GY)
    text = message_of(GradientCheckError, lambda: check_double_backward(f, X, GY, GY))
    assert text.startswith("check_double_backward")
    assert "backprop / numerical is -1" in text
    assert "worst element: x_data[0][" in text
    assert "gradient of x_data[0]: shape (2, 3), float64" in text
    assert "y_grad[0]: shape (2, 3), float64" in text


def test_second_order_with_respect_to_the_cotangent_is_checked_too() -> None:
    """A backward that is linear in gy by its value only: its own gradient in gy is missing."""

    class Cut(FunctionNode):
        def forward(self, inputs: Any) -> Any:
            return (inputs[0] * 3,)

        def backward(self, indexes: Any, grad_outputs: Any) -> Any:
            return (as_variable(grad_outputs[0].array * 3),)

    def f(x: Any) -> Any:
        return Cut().apply((x,))[0]

    check_backward(f, X, GY)
    text = message_of(GradientCheckError, lambda: check_double_backward(f, X, GY, GY))
    assert "no gradient arrives at y_grad[0]" in text


def test_second_order_no_grads_holds_an_input_still() -> None:
    """x enters the first gradients, but those do not depend on y: neither does the check."""

    def f(x: Any, y: Any) -> Any:
        return x * x + 2 * y

    check_double_backward(f, (X, X), GY, (GY, GY), no_grads=[False, True, False])
    with pytest.raises(
        GradientCheckInputError, match="check_double_backward: no_grads must have 3"
    ):
        check_double_backward(f, (X, X), GY, (GY, GY), no_grads=[False, True])


def test_second_order_has_its_own_step_and_tolerances() -> None:
    """The first derivative of x⁴ is 4x³: central differences of it are off by 4 eps²."""

    def check(**options: float) -> None:
        check_double_backward(
            lambda x: x * x * x * x, np.ones(1), np.ones(1), np.ones(1), **options
        )

    check()
    assert "eps=0.5" in message_of(GradientCheckError, lambda: check(eps=0.5))
    check(eps=0.5, atol=2.0)
    check(eps=0.5, atol=0.0, rtol=0.2)


def test_second_order_of_parameters() -> None:
    w = Parameter(X + 2)
    check_double_backward(lambda x: np.log(w) * x * w, X, GY, GY, (w,), (GY,))
    with pytest.raises(GradientCheckInputError, match="x_grad_grad and params_grad_grad"):
        check_double_backward(lambda x: np.log(w) * x * w, X, GY, GY, (w,))


# --------------------------------------------------------------------------------------- rng


def points_of(rng: Any, times: int = 1) -> list[np.ndarray]:
    """Where a check evaluates its function."""
    seen: list[np.ndarray] = []

    def f(x: Any) -> Any:
        seen.append(x.array)
        return x * x

    for _ in range(times):
        check_backward(f, X, GY, rng=rng)
    return seen


def test_the_direction_is_the_same_every_time_unless_a_generator_is_passed() -> None:
    first, second = points_of(None), points_of(None)
    np.testing.assert_array_equal(first, second)
    other = points_of(7)
    assert not np.array_equal(first, other)
    np.testing.assert_array_equal(other, points_of(np.random.default_rng(7)))
    # A generator that is passed goes on.
    goes_on = points_of(np.random.default_rng(7), times=2)
    assert not np.array_equal(goes_on[1], goes_on[4])
    np.testing.assert_array_equal(
        points_of(np.random.RandomState(3)), points_of(np.random.RandomState(3))
    )


def test_the_direction_has_length_1_and_no_small_element() -> None:
    for seed in range(20):
        moved = points_of(seed)[2] - X  # by eps
        assert np.linalg.norm(moved) == pytest.approx(1e-3, rel=1e-9)
        assert np.abs(moved).min() >= 1e-3 * 0.1 / np.sqrt(X.size) * (1 - 1e-9)


def test_the_global_generator_is_left_alone() -> None:
    before = np.random.get_state()
    check_backward(lambda x: x * x, X, GY)
    check_double_backward(lambda x: x * x, X, GY, GY)
    with pytest.raises(GradientCheckError):
        check_backward(wrong_at((0, 0), 1.0), X, GY)
    after = np.random.get_state()
    assert before[0] == after[0]
    np.testing.assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]


# ------------------------------------------------------------------------------ device arrays


def test_device_arrays_are_checked_where_they_are() -> None:
    with registered():
        x, gy = StrictArray.of(X), StrictArray.of(GY)
        w = Parameter(StrictArray.of(X))
        check_backward(lambda x: np.sin(x) * w, x, gy, w, detect_nondifferentiable=True)
        check_double_backward(lambda x: np.sin(x) * w, x, gy, gy, w, gy)
        assert type(w.array) is StrictArray
        with pytest.raises(GradientCheckError, match=r"worst element: x_data\[0\]\["):
            check_backward(lambda x: F.sin(x) * as_variable(x.array), x, gy)
        (gx,) = numerical_grad(lambda: (np.sin(x),), (x,), (gy,))
        assert type(gx) is StrictArray
        assert_allclose(gx, np.cos(X) * GY)
        assert_allclose(Variable(x), X)


class Viewing(StrictArray):
    """Of which an element is a view, as it is on CuPy."""

    __slots__ = ()

    def __getitem__(self, index: Any) -> StrictArray:
        return StrictArray(self._host[(*index, ...)])


def test_an_element_that_is_a_view_comes_back() -> None:
    with registered():
        x = Viewing(X.copy())
        (gx,) = numerical_grad(lambda: (x * 3,), (x,), (StrictArray.of(GY),))
        np.testing.assert_array_equal(x.get(), X)
        assert_allclose(gx, 3 * GY)


def test_device_losses_need_no_cotangent() -> None:
    with registered():
        check_backward(lambda x: F.sum(x * x), StrictArray.of(X), None)


# ------------------------------------------------------------------------------ assert_allclose


def test_assert_allclose_names_the_worst_element() -> None:
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    y = np.array([[1.0, 2.5], [3.0, 2.0]])
    text = message_of(GradientCheckError, lambda: assert_allclose(x, y))
    assert "2 of 4 elements" in text
    assert "the worst [1, 1]" in text
    assert "x                   = 4.0" in text
    assert "y                   = 2.0" in text
    assert "absolute difference = 2 " in text
    assert "relative difference = 1" in text
    assert "[3. 4.]" in text
    assert "[3. 4.]" not in message_of(
        GradientCheckError, lambda: assert_allclose(x, y, verbose=False)
    )


def test_assert_allclose_measures_against_the_second_array() -> None:
    assert_allclose(1.0, 1.1, atol=0, rtol=0.0910)
    with pytest.raises(GradientCheckError):
        assert_allclose(1.1, 1.0, atol=0, rtol=0.0999)


def test_the_worst_is_the_one_farthest_beyond_its_tolerance() -> None:
    x, y = np.array([1e6 + 10, 9.5]), np.array([1e6, 0.0])
    with pytest.raises(GradientCheckError, match=r"the worst \[1\]"):
        assert_allclose(x, y, atol=0, rtol=1e-6)
    with pytest.raises(GradientCheckError, match=r"the worst \[1\]"):
        assert_allclose(np.array([9.0, np.nan]), np.zeros(2))


def test_assert_allclose_does_not_wrap_around() -> None:
    text = message_of(
        GradientCheckError, lambda: assert_allclose(np.uint8([3]), np.uint8([5]), verbose=False)
    )
    assert "absolute difference = 2 " in text
