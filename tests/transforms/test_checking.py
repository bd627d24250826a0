"""``check_grads`` passes what is right and finds what is wrong, at the order where it is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import playground.functions as F
from playground import FunctionNode, GradientError, Variable
from playground.functions.array import stack
from playground.transforms import check_grads, grad, jacobian

X = np.array([[0.3, -1.2, 0.7], [1.1, 0.4, -0.5]])


class Scaled(FunctionNode):
    """y = x³, whose first or second derivative may be off by a factor, at one place or at all."""

    def __init__(self, first: Any = 1.0, second: Any = 1.0) -> None:
        self.first, self.second = first, second

    def forward(self, inputs: Any) -> Any:
        self.retain_inputs((0,))
        return (inputs[0] ** 3,)

    def backward(self, indexes: Any, gys: Any) -> Any:
        (x,) = self.get_retained_inputs()
        # x² (second - 1) less its own value: nothing in the value, all in the derivative.
        extra = (self.second - 1) * (x * x - x.array * x.array)
        return ((self.first * 3 * x * x + extra) * gys[0],)


def scaled(x: Any, first: Any = 1.0, second: Any = 1.0) -> Any:
    return Scaled(first, second).apply((Variable(x) if isinstance(x, np.ndarray) else x,))[0]


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize(
    "f",
    [
        np.sin,
        lambda x: np.tanh(x @ x.T),
        lambda x: np.exp(x).sum(),
        lambda x: np.linalg.inv(x[:, :2] + 3 * np.eye(2)),
        lambda x: {"a": x**2, "b": [x[0] * 3, 2.0]},
        lambda x: 5 * x,
        lambda x: x * 1e6 + x**2 * 1e8,
        lambda x: x * 1e-9,
        lambda x: np.sin(x) + 1e8,
        lambda x: x**3 * (x > 0),
    ],
)
def test_what_is_right_passes(f: Any, order: int) -> None:
    assert check_grads(f, order)(X) is None


def test_a_wrong_first_derivative_is_found_and_told() -> None:
    with pytest.raises(GradientError) as caught:
        check_grads(lambda x: scaled(x, first=1.5))(X)
    text = str(caught.value)
    assert text.startswith("check_grads: <lambda>: order 1, argument 0: ")
    exact, numeric = numbers_of(text)
    assert exact / numeric == pytest.approx(1.5)
    assert "a relative difference of 0.33" in text
    exact, numeric = worst_of(text)[1:]
    assert exact / numeric == pytest.approx(1.5)


def worst_of(text: str) -> tuple[str, float, float]:
    place, values = text.split("(most at element ")[1].split(")")[0].split(": ")
    exact, numeric = values.split(" against ")
    return place, float(exact), float(numeric)


def numbers_of(text: str) -> tuple[float, float]:
    words = text.split(" direction is ")[1].split()
    return float(words[0]), float(words[words.index("and") + 1])


def test_one_wrong_element_is_found() -> None:
    factor = np.ones((2, 3))
    factor[1, 0] = 1.01
    with pytest.raises(GradientError) as caught:
        check_grads(lambda x: scaled(x, first=factor))(X)
    place, exact, numeric = worst_of(str(caught.value))
    assert place == "[1, 0]"
    assert exact / numeric == pytest.approx(1.01)


def test_a_wrong_second_derivative_is_found_at_its_order() -> None:
    wrong = lambda x: scaled(x, second=1.5)  # noqa: E731
    check_grads(wrong, order=1)(X)
    with pytest.raises(GradientError, match="order 2, argument 0"):
        check_grads(wrong, order=2)(X)


def test_the_argument_is_named() -> None:
    def f(p: Any, n: int, q: Any) -> Any:
        return p["a"] ** 2 + scaled(q[1], first=2.0) * p["a"] * n

    arguments = ({"a": X}, 3, (X, X))
    with pytest.raises(GradientError, match=r"check_grads: f: order 1, argument 2\[1\]: "):
        check_grads(f)(*arguments)
    check_grads(f, argnums=0)(*arguments)
    with pytest.raises(GradientError, match=r"argument 2\[1\]"):
        check_grads(f, argnums=(0, -1))(*arguments)


def test_a_value_copied_out_of_the_graph_is_found() -> None:
    def f(x: Any) -> Any:
        return x * getattr(x, "array", x)

    with pytest.raises(GradientError, match="copied out of the graph"):
        check_grads(f)(X)


def test_nan_is_no_agreement() -> None:
    with pytest.raises(GradientError, match="nan"), np.errstate(all="ignore"):
        check_grads(np.log)(X)


@pytest.mark.parametrize("dtype", ["f4", "f8", "c16"])
def test_defaults_fit_the_dtype(dtype: str) -> None:
    x = X.astype(dtype)
    check_grads(lambda x: np.tanh(x) * np.exp(x))(x)
    with pytest.raises(GradientError):
        check_grads(lambda x: scaled(x, first=1.01))(x)


def test_points_of_any_size() -> None:
    """The step grows with the point; for a function that varies faster it is the caller's."""
    with pytest.raises(GradientError, match=r"differences of step 0\.01,"):
        check_grads(lambda x: scaled(x, first=2.0))(X * 1e3)
    check_grads(lambda x: np.sin(x / 1e6) * x)(X * 1e6)
    check_grads(lambda x: np.sin(x * 1e3) * x, eps=1e-8, rtol=1e-5)(X * 1e-3)


def test_variables_that_are_closed_over_are_constants() -> None:
    w = Variable(X)
    check_grads(lambda x: np.sin(x * w))(X)
    with pytest.raises(GradientError, match="order 1, argument 0"):
        check_grads(lambda x: scaled(x, first=2.0) * w)(X)
    assert w.grad is None


def test_tolerances_and_step_are_heeded() -> None:
    slightly = lambda x: scaled(x, first=1.001)  # noqa: E731
    check_grads(slightly, order=1, rtol=1e-2)(X)
    check_grads(slightly, order=1, atol=0.1)(X)
    with pytest.raises(GradientError, match=r"where 0\.0001 is allowed"):
        check_grads(slightly, order=1, rtol=1e-4)(X)
    with pytest.raises(GradientError, match=r"differences of step 0\.\d+,"):
        check_grads(np.exp, order=1, eps=0.2)(X)


def test_directions_come_from_the_generator() -> None:
    def text(seed: int | None) -> str:
        rng = None if seed is None else np.random.default_rng(seed)
        with pytest.raises(GradientError) as caught:
            check_grads(lambda x: scaled(x, first=1.5), rng=rng)(X)
        return str(caught.value)

    assert text(1) == text(1) != text(2)
    assert text(None) == text(None)


def test_numbers_variables_and_keywords() -> None:
    check_grads(lambda x, y, power=2: x * np.sin(y) ** power)(2.0, Variable(X), power=3)
    check_grads(lambda x, table: x[table] ** 2)(X[0], [2, 0])
    check_grads(lambda n: np.sqrt(n), argnums=0)(3)


def test_it_checks_transforms_too() -> None:
    check_grads(grad(lambda x: np.sin(x).prod()))(X)
    check_grads(jacobian(lambda x: F.softmax(x)))(X)
    check_grads(lambda *xs: stack([x**2 for x in xs]))(1.0, 2.0)


def test_what_cannot_be_checked_is_refused() -> None:
    with pytest.raises(TypeError, match="check_grads: expected a function"):
        check_grads(X)
    with pytest.raises(ValueError, match="order must be a whole number from 1 on, got 0"):
        check_grads(np.sin, order=0)
    with pytest.raises(TypeError, match="no argument holds numbers"):
        check_grads(lambda n: n)("text")
    with pytest.raises(TypeError, match="argument 0 must be an array of numbers"):
        check_grads(lambda n: n, argnums=0)("text")
    with pytest.raises(TypeError, match="check_grads: argnums 3 selects argument 3, but 1"):
        check_grads(np.sin, argnums=3)(X)


# Smooth at a small parameter, but not over a step of the usual length.
SMALL = {
    "log": lambda np_, x: np_.sum(np_.log(x)),
    "sqrt": lambda np_, x: np_.sum(np_.sqrt(x)),
    "reciprocal": lambda np_, x: np_.sum(1 / x) * 1e-9,
    "power": lambda np_, x: np_.sum(x**-0.5),
    "x log x": lambda np_, x: np_.sum(x * np_.log(x)),
    "ratio": lambda np_, x: np_.sum(x / (x + 1e-9)),
}


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("x", [1e-9, np.array([1e-9, 3e-9]), np.array([1e-9, 1.0, 2e-5])])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_right_gradient_at_small_parameters_passes(name, x):
    check_grads(lambda x: SMALL[name](np, x), order=1)(x)


@pytest.mark.parametrize("factor", [0.5, 1.001, -1.0])
@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_wrong_gradient_at_small_parameters_fails(factor, at):
    class Wrong(FunctionNode):
        def forward(self, inputs):
            self.retain_inputs((0,))
            return (np.log(inputs[0]),)

        def backward(self, indexes, grad_outputs):
            (x,) = self.get_retained_inputs()
            factors = np.ones(2)
            factors[at] = factor
            return (grad_outputs[0] / x * factors,)

    with pytest.raises(GradientError, match="check_grads"):
        check_grads(lambda x: np.sum(Wrong().apply((x,))[0]), order=1)(np.array([1e-9, 0.5]))


@pytest.mark.parametrize(
    "args", [(3,), (np.array([1, 2]),), ([1, 2],), (np.int64(2),), (np.uint8(3),)]
)
def test_whole_numbers_are_taken_where_there_are_no_others(args):
    check_grads(lambda x: np.sum(np.sin(x[0] if isinstance(x, list) else x)))(*args)


def test_a_whole_number_beside_others_stays_what_it_is():
    check_grads(lambda x, n: np.sum(x**n) * len(range(n)))(np.array([1.0, 2.0]), 3)
    with pytest.raises(TypeError, match="no argument holds numbers"):
        check_grads(lambda x: 1.0)(True)
