"""F.forget: the same values and gradients, and nothing in between that is kept."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pytest

import playground
import playground.functions as F
import playground.links as L
from playground import GraphError, Variable
from playground.transforms import vmap

X, Y = np.array([0.5, -1.0, 2.0]), np.array([1.5, 0.25, -3.0])


def test_values_and_gradients_are_those_of_the_function() -> None:
    x, y = Variable(X.copy()), Variable(Y.copy())
    product, root = F.forget(lambda x, y: (F.exp(x) * y, F.sqrt(x * x + 1)), x, y)
    F.sum(product * root).backward()
    np.testing.assert_allclose(product.array, np.exp(X) * Y)
    wanted = np.exp(X) * Y * np.sqrt(X * X + 1) + np.exp(X) * Y * X / np.sqrt(X * X + 1)
    np.testing.assert_allclose(x.grad, wanted)
    np.testing.assert_allclose(y.grad, np.exp(X) * np.sqrt(X * X + 1))


def test_of_outputs_some_may_be_unused_and_what_is_held_outside_gets_its_gradient() -> None:
    x, w = Variable(X.copy()), Variable(Y.copy())
    doubled = w * 2
    used, _ = F.forget(lambda x: (x * doubled, F.exp(x)), x)
    F.sum(used).backward()
    np.testing.assert_allclose(x.grad, 2 * Y)
    np.testing.assert_allclose(w.grad, 2 * X)


def test_nothing_in_between_is_kept() -> None:
    inside: list[Any] = []

    def function(x: Any) -> Any:
        y = F.exp(x)
        inside.append(weakref.ref(y.array))
        return F.exp(y)

    x = Variable(X.copy())
    z = F.forget(function, x)
    assert inside[0]() is None
    F.sum(z).backward()
    assert len(inside) == 2
    np.testing.assert_allclose(x.grad, np.exp(np.exp(X)) * np.exp(X))


@pytest.mark.parametrize("generator", [False, True])
def test_what_is_drawn_is_drawn_again(generator: bool) -> None:
    rng = np.random.default_rng(3) if generator else None
    np.random.seed(3)
    with playground.using_config("rng", rng):
        x = Variable(np.ones(1000))
        y = F.forget(lambda x: F.dropout(x, 0.5), x)
        after = F.dropout(x, 0.5).array
        F.sum(y).backward()
        then = F.dropout(x, 0.5).array
    np.testing.assert_array_equal(x.grad, y.array)
    assert not np.array_equal(after, y.array)
    assert not np.array_equal(then, after)
    # As if the function had not been run again.
    np.random.seed(3)
    with playground.using_config("rng", np.random.default_rng(3) if generator else None):
        again = [F.dropout(x, 0.5).array for _ in range(3)]
    np.testing.assert_array_equal(again, [y.array, after, then])


def test_statistics_count_a_batch_once() -> None:
    plain, forgotten = L.BatchNormalization(3), L.BatchNormalization(3)
    for layer, apply in ((plain, plain), (forgotten, lambda x: F.forget(forgotten, x))):
        x = Variable(np.stack([X, Y]).astype("f"))
        F.sum(apply(x) * np.float32([[1], [3]])).backward()
        layer.given = x.grad
    np.testing.assert_array_equal(plain.avg_mean, forgotten.avg_mean)
    np.testing.assert_array_equal(plain.avg_var, forgotten.avg_var)
    np.testing.assert_allclose(plain.given, forgotten.given, atol=1e-7)
    np.testing.assert_allclose(plain.gamma.grad, forgotten.gamma.grad, atol=1e-7)


def test_a_weight_of_a_hook_is_the_same_again() -> None:
    from playground.link_hooks import SpectralNormalization

    grads = []
    for forget in (False, True):
        np.random.seed(1)
        layer = L.Linear(3, 2).add_hook(SpectralNormalization())
        x = Variable(np.stack([X, Y]).astype("f"))
        F.sum(F.forget(layer, x) if forget else layer(x)).backward()
        grads.append((x.grad, layer.W.grad, layer.W_u))
    for a, b in zip(*grads, strict=True):
        np.testing.assert_array_equal(a, b)


def test_under_vmap() -> None:
    found = vmap(lambda x: F.forget(F.exp, x))(X)
    np.testing.assert_allclose(found, np.exp(X))


def test_a_second_derivative_is_refused() -> None:
    x = Variable(X.copy())
    y = F.sum(F.forget(F.exp, x))
    with pytest.raises(GraphError, match="cannot be differentiated"):
        playground.grad([y], [x], enable_double_backprop=True)


def test_what_is_no_function_of_variables_is_refused() -> None:
    with pytest.raises(TypeError, match="expected a function"):
        F.forget(X, X)
    with pytest.raises(GraphError, match="got ndarray"):
        F.forget(lambda x: x.array, X)
    with pytest.raises(GraphError, match="got float"):
        F.forget(lambda x: (x, 1.0), X)
