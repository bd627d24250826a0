"""Every leaf's gradient is an array of its own: writing to one changes nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground
import playground.functions as F
from playground import GraphCutError, Variable, fit
from playground.transforms import grad, hessian, value_and_grad, vjp, vmap

A = np.array([[1.0, 2.0], [3.0, 4.0]])

SHARING: dict[str, Callable[..., Any]] = {
    "a + b": lambda a, b: F.sum(a + b),
    "three": lambda a, b: F.sum(a + b + a),
    "a.T + b": lambda a, b: F.sum((a.T + b) * A),
    "reversed": lambda a, b: F.sum((a[::-1] + b) * A),
    "reshaped": lambda a, b: F.sum((a.reshape(4) + b.reshape(4)) * A.ravel()),
    "constants": lambda a, b: F.sum((a + 1.0) + (b - 2.0)),
    "joined": lambda a, b: F.sum(np.concatenate([a, b]) * 2.0),
    "stacked": lambda a, b: F.sum(np.stack([a, b])),
    "copied": lambda a, b: F.sum((a.copy() + (+b)) * A),
    "F.add of three": lambda a, b: F.sum(F.add(a, b, a)),
    "swapped": lambda a, b: F.sum((np.swapaxes(a, 0, 1) + np.flip(b)) * A),
    "split": lambda a, b: F.sum(sum(np.split(a, 2)) + sum(np.split(b, 2))),
}


def both(name: str) -> tuple[Variable, Variable, Any]:
    a, b = Variable(A.copy()), Variable(A + 1)
    return a, b, SHARING[name](a, b)


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("name", SHARING)
def test_scaling_each_gradient_scales_it_once(name: str, recorded: bool) -> None:
    a, b, y = both(name)
    y.backward(enable_double_backprop=recorded)
    before = a.grad.copy(), b.grad.copy()
    if not recorded:
        for p in (a, b):
            p.grad *= 0.5
        np.testing.assert_array_equal([a.grad, b.grad], np.multiply(before, 0.5))
    assert not np.may_share_memory(a.grad, b.grad) or name in ("joined", "stacked")
    assert a.grad_var is not b.grad_var


@pytest.mark.parametrize("name", SHARING)
def test_grad_returns_arrays_of_their_own(name: str) -> None:
    a, b, y = both(name)
    ga, gb = playground.grad([y], [a, b])
    before = gb.array.copy()
    ga.array[...] = 7.0
    np.testing.assert_array_equal(gb.array, before)
    first, second = grad(SHARING[name], argnums=(0, 1))(A, A + 1)
    first[...] = 7.0
    np.testing.assert_array_equal(second, before)


def test_the_gradient_that_started_a_pass_stays_the_users() -> None:
    x, seed = Variable(A.copy()), np.ones((2, 2))
    y = x + 1.0
    y.grad = seed
    y.backward()
    x.grad *= 3.0
    np.testing.assert_array_equal(seed, np.ones((2, 2)))
    one = Variable(np.array(2.0))
    (one + 1.0).backward()
    one.grad *= 0.5  # the seed of all scalars is read-only
    assert one.grad == 0.5
    other = Variable(np.array(2.0))
    (other + 1.0).backward()
    assert other.grad == 1.0


def test_a_large_gradient_of_a_sum_can_be_written_to() -> None:
    x = Variable(np.ones(5000))
    F.sum(x).backward()
    x.grad *= 0.5
    np.testing.assert_array_equal(x.grad, np.full(5000, 0.5))


def test_what_an_operation_keeps_is_not_a_gradient() -> None:
    class Kept(playground.FunctionNode):
        def forward(self, inputs: Any) -> Any:
            self.weight = np.array([[5.0, 6.0], [7.0, 8.0]])
            return (np.array((inputs[0] * self.weight).sum()),)

        def backward(self, indexes: Any, gys: Any) -> Any:
            return (Variable(self.weight),)

    x, op = Variable(A.copy()), Kept()
    (y,) = op.apply((x,))
    y.backward()
    x.grad *= 0.0
    np.testing.assert_array_equal(op.weight, [[5.0, 6.0], [7.0, 8.0]])


def test_addgrad_and_retained_gradients_share_nothing() -> None:
    a, b = Variable(A.copy()), Variable(A.copy())
    b.grad = np.ones((2, 2))
    a.addgrad(b)
    a.grad *= 2.0
    np.testing.assert_array_equal(b.grad, np.ones((2, 2)))
    x = Variable(A.copy())
    h = x + 1.0
    F.sum(h * A).backward(retain_grad=True)
    h.grad *= 0.0
    np.testing.assert_array_equal(x.grad, A)


KEEPING: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "exp": (np.exp, np.exp),
    "sqrt": (np.sqrt, lambda x: 0.5 / np.sqrt(x)),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "reciprocal": (np.reciprocal, lambda x: -1 / x**2),
    "itself": (lambda x: x, np.ones_like),
    "tan": (np.tan, lambda x: 1 / np.cos(x) ** 2),
}


@pytest.mark.parametrize("name", KEEPING)
def test_the_value_of_vjp_can_be_written_to(name: str) -> None:
    f, derivative = KEEPING[name]
    x = np.array([0.3, 0.7, 1.1])
    for primal in (x, Variable(x)):
        value, pull = vjp(f, primal)
        array = value if isinstance(value, np.ndarray) else value.copy().array
        array[...] = 0.0
        (g,) = pull(np.ones(3))
        g = g.array if isinstance(g, Variable) else g
        np.testing.assert_allclose(g, derivative(x), rtol=1e-14)
    value, pull = vjp(lambda x: {"a": [np.exp(x)]}, x)
    value["a"][0][...] = 0.0
    np.testing.assert_allclose(pull({"a": [np.ones(3)]})[0], np.exp(x), rtol=1e-14)
    np.testing.assert_array_equal(x, [0.3, 0.7, 1.1])


TO_NUMBERS: dict[str, Callable[[Any], Any]] = {
    "item": lambda x: x.item(),
    "item of a sum": lambda x: x.sum().item(),
    "item of an element": lambda x: x.ravel()[0].item(),
    "item of a product": lambda x: (2.0 * x * x).sum().item(),
    "float": lambda x: float(x.sum()),
    "int": lambda x: int(x.sum()),
    "complex": lambda x: complex(x.sum()),
}


@pytest.mark.parametrize("name", TO_NUMBERS)
def test_a_number_taken_out_of_a_differentiated_function_raises(name: str) -> None:
    f, one = TO_NUMBERS[name], np.array([1.5])
    calls: list[Callable[[], Any]] = [
        lambda: grad(lambda x: (x * f(x)).sum())(one),
        lambda: value_and_grad(lambda x: (x * f(x)).sum())(one),
        lambda: hessian(lambda x: (x * f(x)).sum())(one),
        lambda: vjp(lambda x: x * f(x), one),
        lambda: vmap(grad(lambda x: (x * f(x)).sum()))(np.ones((2, 1))),
        lambda: fit(lambda x: (x * f(x)).sum(), one),
    ]
    for call in calls:
        with pytest.raises((GraphCutError, TypeError), match=r"drop the graph|would drop"):
            call()


def test_item_is_a_number_outside_as_in_chainer() -> None:
    loss = F.sum(Variable(A) * 2.0)
    assert loss.item() == 20.0
    assert grad(lambda x: x * x.array.item())(3.0) == 3.0
    with playground.no_backprop_mode():
        assert (Variable(np.array(3.0)) * 2.0).item() == 6.0
