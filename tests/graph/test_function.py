"""The old style of a user's function, type checks, and backward from several outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import playground
from playground import Function, Variable
from playground.graph.errors import GradientError, GraphError, InvalidType
from playground.graph.type_check import expect, get_types, make_variable
from playground.utils import type_check
from tests.loops import about


class Power(Function):
    """x ** n, which keeps its output."""

    def __init__(self, n: int) -> None:
        self.n = n

    def check_type_forward(self, in_types: Any) -> None:
        type_check.expect(in_types.size() == 1)
        (x,) = in_types
        type_check.expect(x.dtype.kind == "f", x.ndim + 1 <= 3)

    def forward_cpu(self, inputs: Any) -> Any:
        self.retain_inputs((0,))
        self.retain_outputs((0,))
        return (inputs[0] ** self.n,)

    def backward_cpu(self, inputs: Any, grad_outputs: Any) -> Any:
        (y,) = self.output_data
        return (self.n * y / inputs[0] * grad_outputs[0],)


def test_forward_and_backward_on_arrays() -> None:
    x = Variable(np.array([1.0, 2.0], np.float32))
    y = Power(3)(x)
    (y * 2.0).sum().backward()
    np.testing.assert_allclose(x.grad, [6, 24])
    assert x.grad.dtype == np.float32
    assert y.creator.label == "Power"


class Both(Function):
    """x + y and x * y; the gradient of the second input is asked for or not."""

    def forward(self, inputs: Any) -> Any:
        x, y = inputs
        return x + y, x * y

    def backward(self, inputs: Any, grad_outputs: Any) -> Any:
        x, y = inputs
        a, b = (0 if g is None else g for g in grad_outputs)
        return a + b * y, a + b * x


def test_several_inputs_and_outputs() -> None:
    x, y = Variable(np.array([2.0])), Variable(np.array([5.0]))
    a, b = Both()(x, y)
    (a * 10 + b).sum().backward()
    assert (x.grad, y.grad) == (15, 12)
    x.cleargrad()
    _, b = Both()(x, np.array([5.0]))
    b.sum().backward()
    assert x.grad == 5


def test_a_function_that_is_gone_leaves_the_graph_alone() -> None:
    x = Variable(np.array([2.0]))
    y = Both()(x, x)[1]
    y.sum().backward()
    assert x.grad == 4
    with pytest.raises(GraphError, match="has not been applied"):
        Both().unchain()


@pytest.mark.parametrize(
    ("arrays", "expected", "actual"),
    [
        ((np.ones(2), np.ones(2)), "in_types.size() == 1", "2 != 1"),
        ((np.ones(2, int),), "in_types[0].dtype.kind == f", "i != f"),
        ((np.ones((1, 1, 1)),), "in_types[0].ndim + 1 <= 3", "4 > 3"),
    ],
)
def test_what_does_not_fit_is_named(arrays: Any, expected: str, actual: str) -> None:
    with pytest.raises(InvalidType) as caught:
        Power(2)(*arrays)
    assert (caught.value.expect, caught.value.actual) == (expected, actual)
    assert "Power (Forward)" in str(caught.value)


def test_expressions_say_what_they_are() -> None:
    (x, y) = get_types([np.ones((2, 3)), np.ones(4)], "in_types")
    n = make_variable(2, "n")
    for expression, text, value in (
        (x.shape[0] * 2 + n, "in_types[0].shape[0] * 2 + n", 6),
        ((x.ndim + n) * 3, "(in_types[0].ndim + n) * 3", 12),
        (2 - y.ndim, "2 - in_types[1].ndim", 1),
        (-y.shape[0] // 2, "-in_types[1].shape[0] // 2", -2),
        (x.size, "in_types[0].size", 6),
        (type_check.prod(x.shape), "prod(in_types[0].shape)", 6),
        (x.shape == (2, 3), "in_types[0].shape == (2, 3)", True),
        (y.ndim > 1, "in_types[1].ndim > 1", False),
    ):
        with about(text):
            assert str(expression) == text
            assert type_check.eval(expression) == value
    expect(x.ndim == 2, True)
    with pytest.raises(InvalidType, match="Expect: n < 1"):
        expect(n < 1)
    with pytest.raises(RuntimeError, match="give it to expect"):
        bool(x.ndim == 2)


def test_a_function_node_is_checked_too() -> None:
    class Node(playground.FunctionNode):
        def check_type_forward(self, in_types: Any) -> None:
            expect(in_types[0].ndim == 1)

        def forward(self, inputs: Any) -> Any:
            return inputs

    assert Node().apply((np.ones(3),))[0].shape == (3,)
    with pytest.raises(InvalidType, match="in_types"):
        Node().apply((np.ones((3, 1)),))
    with playground.using_config("type_check", False):
        assert Node().apply((np.ones((3, 1)),))[0].shape == (3, 1)


def test_backward_from_several_outputs() -> None:
    x = Variable(np.ones(3))
    y, z = x * 2.0, x * x * 3.0
    y.grad = np.full(3, 10.0)
    playground.backward([y, z], [None, Variable(np.ones(3))])
    np.testing.assert_array_equal(x.grad, [26, 26, 26])
    assert y._grad is None
    playground.backward([x * 1.0], [np.ones(3)])
    np.testing.assert_array_equal(x.grad, [27, 27, 27])
    with pytest.raises(GradientError, match="no gradient to start from"):
        playground.backward([x * 2.0])
    with pytest.raises(TypeError, match="a tuple or a list"):
        playground.backward(x)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="1 outputs, but 2"):
        playground.backward([y], [None, None])


def test_backward_from_several_outputs_can_be_recorded_and_scaled() -> None:
    x = Variable(np.array(2.0))
    y = x * x * x
    y.grad = np.array(1.0)
    playground.backward([y], enable_double_backprop=True)
    (second,) = playground.grad([x.grad_var], [x])
    assert second.array == 12
    x.cleargrad()
    playground.backward([x * x], [np.array(1.0)], loss_scale=8.0, retain_grad=True)
    assert x.grad == 32
