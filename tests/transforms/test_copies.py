"""Copies inside a differentiated function are steps of it; outside they are Chainer's leaves."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import playground
from playground import GraphCutError, Variable, fit
from playground.transforms import grad, hessian, jacobian, vjp, vmap

X = np.array([0.5, -1.2, 2.0])


@dataclass
class State:
    position: Any
    history: list[Any]


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x: Any) -> None:
        self.x = x


# Each is sum(x**3), with a copy on the way: the gradient is 3 x**2.
COPYING: dict[str, Callable[[Any], Any]] = {
    "copy of the argument": lambda x: (copy.copy(x) ** 3).sum(),
    "deepcopy of the argument": lambda x: (copy.deepcopy(x) ** 3).sum(),
    "copy of a value": lambda x: (copy.copy(x * x) * x).sum(),
    "deepcopy of a value": lambda x: (x * copy.deepcopy(x * x)).sum(),
    "list": lambda x: sum(v**3 for v in copy.deepcopy([x[0], x[1], x[2]])),
    "shallow list": lambda x: (copy.copy([x])[0] ** 3).sum(),
    "dict of a dict": lambda x: (copy.deepcopy({"a": {"b": x}})["a"]["b"] ** 3).sum(),
    "tuple": lambda x: (copy.deepcopy((x, 1))[0] ** 3).sum(),
    "dataclass": lambda x: (copy.deepcopy(State(x, [x * x])).history[0] * x).sum(),
    "slots": lambda x: (copy.deepcopy(Slotted(x)).x ** 3).sum(),
    "copy of a copy": lambda x: (copy.copy(copy.deepcopy(x)) ** 3).sum(),
    "method": lambda x: (x.copy() * x.__copy__() * x.__deepcopy__({})).sum(),
}


@pytest.mark.parametrize("name", COPYING)
def test_a_copy_is_connected_in_every_transform(name: str) -> None:
    f = COPYING[name]
    np.testing.assert_allclose(grad(f)(X), 3 * X**2, rtol=1e-14)
    np.testing.assert_allclose(jacobian(f)(X), 3 * X**2, rtol=1e-14)
    np.testing.assert_allclose(hessian(f)(X), np.diag(6 * X), rtol=1e-14)
    np.testing.assert_allclose(vjp(f, X)[1](2.0)[0], 6 * X**2, rtol=1e-14)
    np.testing.assert_allclose(vmap(grad(f))(np.stack([X, X + 1]))[1], 3 * (X + 1) ** 2, rtol=1e-13)
    assert type(grad(f)(X)) is np.ndarray
    x = Variable(X)
    grad(f)(x).sum().backward()
    np.testing.assert_allclose(x.grad, 6 * X, rtol=1e-14)


def test_one_thing_copied_deeply_stays_one_thing() -> None:
    def f(x: Any) -> Any:
        first, second = copy.deepcopy([x, x])
        assert first is second
        first[0] = 7.0
        return (first * second * x).sum()

    np.testing.assert_allclose(grad(f)(X), [49.0, *(3 * X[1:] ** 2)], rtol=1e-14)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_fit_goes_through_a_copy(duplicate: Callable[[Any], Any]) -> None:
    result = fit(lambda y: ((duplicate(y) - 1.0) ** 2).sum(), X, stop=1e-12, rng=0)
    np.testing.assert_allclose(result.x, 1.0, rtol=1e-5)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_a_recorded_pass_goes_through_a_copy(duplicate: Callable[[Any], Any]) -> None:
    class Cube(playground.FunctionNode):
        def forward(self, inputs: Any) -> Any:
            self.retain_inputs((0,))
            return (inputs[0] ** 3,)

        def backward(self, indexes: Any, gys: Any) -> Any:
            (x,) = self.get_retained_inputs()
            return (duplicate(gys[0]) * 3 * duplicate(x * x),)

    x = Variable(X)
    y = Cube().apply((x,))[0]
    (gx,) = playground.grad([y], [x], enable_double_backprop=True)
    (ggx,) = playground.grad([gx], [x])
    np.testing.assert_allclose(ggx.array, 6 * X, rtol=1e-14)


def test_outside_a_copy_is_a_leaf_as_in_chainer() -> None:
    for v in (Variable(X), Variable(X) * 2.0):
        for c in (copy.copy(v), copy.deepcopy(v), copy.deepcopy([v])[0]):
            assert c.creator is None
            assert c.requires_grad


def test_pickling_a_value_of_a_graph_says_what_is_lost() -> None:
    with pytest.warns(UserWarning, match=r"pickling a variable drops the graph .* v\.array"):
        thawed = pickle.loads(pickle.dumps(Variable(X) * 2.0))  # noqa: S301
    np.testing.assert_array_equal(thawed.array, 2 * X)
    for value in (lambda x: x * x, lambda x: [x * x], lambda x: {"a": (x * 2.0,)}):
        with pytest.raises(GraphCutError, match=r"drops the graph"):
            grad(lambda x, value=value: (pickle.dumps(value(x)), x.sum())[1])(X)
    with playground.no_backprop_mode():
        pickle.dumps(Variable(X) * 2.0)
