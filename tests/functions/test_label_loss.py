"""softmax_cross_entropy of labels that all count, which is one operation, and its neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import playground
import playground.functions as F
from playground import Variable

X = np.array([[0.5, -1.0, 2.0], [3.0, 0.0, -2.0]])
T = np.array([2, 1], np.int32)
P = np.exp(X) / np.exp(X).sum(1, keepdims=True)
ONE_HOT = np.eye(3)[T]


def pieces(x: Any, t: Any) -> Any:
    """The same by probabilities, whose loss takes another way."""
    return F.softmax_cross_entropy(x, np.eye(3)[t])


def test_value_and_two_derivatives() -> None:
    x = Variable(X.copy())
    y = F.softmax_cross_entropy(x, T)
    assert y.shape == ()
    assert len([f for f in (y.creator,) if f is not None and f.inputs[0] is x.node]) == 1
    np.testing.assert_allclose(y.array, -np.log(P[[0, 1], T]).mean())
    (gx,) = playground.grad([y], [x], enable_double_backprop=True)
    np.testing.assert_allclose(gx.array, (P - ONE_HOT) / 2)
    (hx,) = playground.grad([F.sum(gx * X)], [x])
    wanted = (P * X - P * (P * X).sum(1, keepdims=True)) / 2
    np.testing.assert_allclose(hx.array, wanted, atol=1e-15)


@pytest.mark.parametrize("dtype", ["e", "f", "d"])
def test_it_is_the_loss_of_the_pieces(dtype: str) -> None:
    for t in (T, T.astype("u1"), T.astype("i8"), [2, 1]):
        x, z = Variable(X.astype(dtype)), Variable(X.astype(dtype))
        y = F.softmax_cross_entropy(x, t)
        w = pieces(z, np.asarray(t))
        y.backward()
        w.backward()
        assert y.dtype == x.grad.dtype == np.dtype(dtype)
        close = {"e": 2e-3, "f": 1e-6, "d": 1e-14}[dtype]
        np.testing.assert_allclose(y.array, w.array, rtol=close)
        np.testing.assert_allclose(x.grad, z.grad, atol=close)


def test_scores_of_minus_infinity_have_no_part() -> None:
    x = Variable(np.array([[0.0, -np.inf, 0.0]]))
    y = F.softmax_cross_entropy(x, np.array([2]))
    y.backward()
    np.testing.assert_allclose(y.array, np.log(2))
    np.testing.assert_allclose(x.grad, [[0.5, 0, -0.5]])


@pytest.mark.parametrize("bad", [[3, 0], [0, 7], [[0, 1]], [0]])
def test_a_label_that_is_no_class_is_refused(bad: Any) -> None:
    with pytest.raises((playground.InvalidIndex, playground.InvalidType)):
        F.softmax_cross_entropy(Variable(X), np.array(bad))


def test_ignored_and_empty() -> None:
    x = Variable(X.copy())
    y = F.softmax_cross_entropy(x, np.array([2, -1]))
    y.backward()
    np.testing.assert_allclose(y.array, -np.log(P[0, 2]))
    np.testing.assert_allclose(x.grad, (P - ONE_HOT) * [[1], [0]])
    zero = F.softmax_cross_entropy(x, np.array([-1, -1]))
    assert zero.item() == 0
    assert F.softmax_cross_entropy(Variable(np.zeros((0, 3))), np.zeros(0, int)).item() == 0
    # A label that is ignored although it is a class.
    other = F.softmax_cross_entropy(x, T, ignore_label=2)
    np.testing.assert_allclose(other.array, -np.log(P[1, 1]))


def test_under_vmap_labels_may_have_lanes() -> None:
    def loss(x: Any, t: Any) -> Any:
        return F.softmax_cross_entropy(F.reshape(x, (1, 3)), t.reshape((1,)))

    found = playground.transforms.vmap(loss)(X, T)
    np.testing.assert_allclose(getattr(found, "array", found), -np.log(P[[0, 1], T]))
