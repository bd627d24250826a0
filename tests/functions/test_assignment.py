"""``y[index] = value`` on Variables: what it records, and what it refuses."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any
from weakref import ref

import numpy as np
import pytest

import playground as pg
import playground.functions as F
from playground import GraphCutError, InvalidType, Variable, as_variable, no_backprop_mode
from tests.ops_arrays import ASSIGNMENTS

X = np.arange(1.0, 13.0).reshape(3, 4)


def hessian_along(function: Callable[..., Any], xs: list[np.ndarray], ds: list[Any]) -> list[Any]:
    """Second derivatives of a scalar function along a direction."""
    variables = list(map(Variable, xs))
    gxs = pg.grad([function(*variables)], variables, enable_double_backprop=True)
    total = F.add(*(F.sum(gx * d) for gx, d in zip(gxs, ds, strict=True) if gx is not None), 0.0)
    ggs = pg.grad([total], variables)
    return [np.zeros_like(x) if g is None else g.array for x, g in zip(xs, ggs, strict=True)]


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_value_and_derivatives(name: str) -> None:
    """Of a function that uses the old and the new elements, against the same without assignment."""
    index, shape = ASSIGNMENTS[name]
    value = np.linspace(-1.0, 2.0, int(np.prod(shape))).reshape(shape)
    inner = X.copy()
    inner[index] = value
    # Which element of the value an element of the result is; those written over stay -1.
    source = np.full(X.shape, -1)
    source[index] = np.arange(value.size).reshape(shape)

    def assigned(x: Variable, v: Variable) -> Any:
        y = x * x
        y[index] = v * v
        return F.sum(y * y * inner)

    def chosen(x: Variable, v: Variable) -> Any:
        picked = F.reshape(v * v, (-1,))[source] if value.size else x * x
        y = F.where(source < 0, x * x, picked)
        return F.sum(y * y * inner)

    for one, other in zip(*(gradients(f, X, value) for f in (assigned, chosen)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-14)
    directions = [np.cos(X), np.sin(value)]
    for one, other in zip(
        *(hessian_along(f, [X, value], directions) for f in (assigned, chosen)), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-13)
    y = Variable(X) * 1.0
    y[index] = value
    np.testing.assert_array_equal(y.array, inner)


def gradients(function: Callable[..., Any], *arrays: np.ndarray) -> list[Any]:
    variables = list(map(Variable, arrays))
    z = function(*variables)
    z.backward()
    return [z.array, *(np.zeros_like(v.array) if v.grad is None else v.grad for v in variables)]


def test_an_array_made_like_a_variable_is_filled_element_by_element() -> None:
    v = Variable(np.array([1.0, 2.0, 3.0]))
    y = np.zeros((3, 3), like=v)
    for i in range(3):
        for j in range(3):
            y[i, j] = v[i] * v[j]
    assert y.requires_grad
    np.testing.assert_array_equal(y.array, np.outer(v.array, v.array))
    F.sum(y).backward()
    np.testing.assert_array_equal(v.grad, np.full(3, 12.0))


def test_a_recurrence() -> None:
    a = Variable(np.array(0.5))
    y = np.empty_like(as_variable(np.zeros(4)))
    y[0] = 1.0
    for i in range(3):
        y[i + 1] = a * y[i]
    y[3].backward()
    assert a.grad == 3 * 0.5**2


def test_augmented_assignment_to_elements() -> None:
    v = Variable(np.array([1.0, 2.0, 3.0]))
    y = v * 1.0
    y[0] += v[1]
    y[1:] *= v[:2]
    y[-1] **= 2
    np.testing.assert_array_equal(y.array, [3.0, 2.0, 36.0])
    F.sum(y).backward()
    np.testing.assert_array_equal(v.grad, [1 + 2, 1 + 1 + 2 * 2 * 3 * 3, 2 * 2 * 3 * 2])


def test_elements_of_itself() -> None:
    v = Variable(np.array([1.0, 2.0, 3.0]))
    y = v * v
    y[0] = y[2]
    y[1:] = y[:2] * y[0]
    np.testing.assert_array_equal(y.array, [9.0, 81.0, 36.0])
    F.sum(y).backward()
    # y = v2², v2⁴, v1² v2²
    np.testing.assert_array_equal(v.grad, [0.0, 2 * 2 * 9, 2 * 3 + 4 * 27 + 4 * 6])


def test_what_read_the_old_value_keeps_it() -> None:
    v = Variable(np.array([2.0, 3.0]))
    y = v * 1.0
    square = y * y
    y[0] = 10.0
    np.testing.assert_array_equal(square.array, [4.0, 9.0])
    np.testing.assert_array_equal(v.array, [2.0, 3.0])
    F.sum(square + y).backward()
    np.testing.assert_array_equal(v.grad, [4.0, 7.0])


def test_the_value_is_not_aliased() -> None:
    v, value = Variable(np.zeros(2)), np.array([1.0, 2.0])
    y = v * 1.0
    y[:] = value
    value[:] = 7.0
    np.testing.assert_array_equal(y.array, [1.0, 2.0])


def test_a_value_may_come_before_any_gradient_is_wanted() -> None:
    y = np.zeros(2, like=Variable(np.zeros(1)))
    y[0] = 3.0
    assert not y.requires_grad
    y[1] = as_variable(np.array(4.0))
    assert not y.requires_grad
    np.testing.assert_array_equal(y.array, [3.0, 4.0])


@pytest.mark.parametrize("index", [(), Ellipsis, None], ids=str)
def test_zero_dimensions(index: Any) -> None:
    v = Variable(np.array(2.0))
    y = v * v
    y[index] = v * 3.0
    assert y.array == 6.0
    assert y.shape == ()
    y.backward()
    assert v.grad == 3.0


def test_constants_take_the_dtype_and_floats_do_not_enter_integers() -> None:
    y = np.zeros(4, "f", like=Variable(np.zeros(1)))
    for i, value in enumerate((1, 2.5, np.float64(3.5), np.array(4))):
        y[i] = value
    assert y.dtype == "f"
    np.testing.assert_array_equal(y.array, [1, 2.5, 3.5, 4])
    n = np.zeros(2, "i8", like=y)
    n[0] = 3
    with pytest.raises(InvalidType, match="float64"):
        n[1] = 2.5
    with pytest.raises(InvalidType, match="float32"):
        n[1] = y[0]
    np.testing.assert_array_equal(n.array, [3, 0])


def test_masks_and_indices_may_be_variables() -> None:
    v = Variable(np.array([1.0, -2.0, 3.0]))
    y = v * 1.0
    y[y < 0] = 0.0
    y[as_variable(np.array([0]))] = v[2:]
    np.testing.assert_array_equal(y.array, [3.0, 0.0, 3.0])
    F.sum(y).backward()
    np.testing.assert_array_equal(v.grad, [0.0, 0.0, 2.0])


@pytest.mark.parametrize(
    ("index", "value"),
    [(0, np.ones(5)), (3, 1.0), ((0, 0, 0), 1.0), (0.5, 1.0), (MASK := X[:2] > 0, 0)],
)
def test_what_does_not_fit_raises_and_changes_nothing(index: Any, value: Any) -> None:
    v = Variable(X)
    y = v * 1.0
    node, array = y.node, y.array
    with pytest.raises(InvalidType, match="SetItem"):
        y[index] = value
    assert y.node is node
    assert y.array is array


def test_a_leaf_whose_gradient_is_wanted_is_refused() -> None:
    v = Variable(X.copy(), name="weights")
    with pytest.raises(GraphCutError, match=r"'weights'.*y = x\.copy\(\)"):
        v[0] = 1.0
    np.testing.assert_array_equal(v.array, X)
    y = v.copy()
    y[0] = 1.0
    F.sum(y).backward()
    np.testing.assert_array_equal(
        v.grad, np.where(np.arange(3)[:, None] == 0, 0.0, np.ones((3, 4)))
    )


VIEWS: dict[str, Callable[[Any], Any]] = {
    "row": lambda y: y[0],
    "slice": lambda y: y[1:, :2],
    "transposed": lambda y: y.T,
    "reshaped": lambda y: y.reshape(4, 3),
    "flat": lambda y: np.ravel(y),
    "squeezed": lambda y: np.squeeze(y[None], 0),
    "swapped": lambda y: np.swapaxes(y, 0, 1),
    "split": lambda y: np.split(y, 3)[0],
    "diagonal": lambda y: np.diagonal(y),
    "of a loop": lambda y: next(iter(y)),
    "reversed": lambda y: np.flip(y, 0),
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_refused(name: str) -> None:
    """NumPy would change ``y`` too; a copy of the part alone would drop that in silence."""
    for make in (lambda: Variable(X) * 1.0, lambda: np.zeros((3, 4), like=Variable(X))):
        y = make()
        part = VIEWS[name](y)
        with pytest.raises(GraphCutError, match=r"y\[i, j\] = value"):
            part[0] = 1.0
        del y
        part[0] = 1.0  # now that nobody could see it


def test_what_numpy_copies_is_no_view() -> None:
    y = Variable(X) * 1.0
    flat = y.ravel() * 1.0
    copies = (y[[0, 1]], y[X > 0], y[:, [0, 1]], flat.flatten(), np.roll(y, 1), np.repeat(y, 2))
    for part in (*copies, np.copy(y), np.sort(y), y.astype("d"), np.tril(y), np.tile(y, 2)):
        before = y.array.copy()
        part[0] = 100.0
        np.testing.assert_array_equal(y.array, before)


def test_without_a_graph() -> None:
    v = Variable(X.copy())
    kept = v.array
    with no_backprop_mode():
        y = v * 2.0
        y[0] = 1.0
        y[1] += v[1]
        v[0] = 5.0
    assert y.creator is None
    np.testing.assert_array_equal(y.array, np.array([np.ones(4), 3 * X[1], 2 * X[2]]))
    np.testing.assert_array_equal(v.array[0], np.full(4, 5.0))
    np.testing.assert_array_equal(kept, X)  # the user's array is not written to
    F.sum(v * v).backward()  # and the Variable is still the leaf that it was
    np.testing.assert_array_equal(v.grad, 2 * v.array)


def test_without_a_graph_a_recorded_variable_is_refused() -> None:
    v = Variable(X)
    y = v * 2.0
    with no_backprop_mode(), pytest.raises(GraphCutError, match="no_backprop_mode"):
        y[0] = 1.0
    F.sum(y).backward()
    np.testing.assert_array_equal(v.grad, np.full((3, 4), 2.0))


def test_the_name_stays_and_the_gradient_goes() -> None:
    y = Variable(np.ones(2)) * 1.0
    y.name, y.grad = "y", np.ones(2)
    y[0] = 2.0
    assert (y.name, y.grad) == ("y", None)


def test_arrays_that_nobody_needs_are_freed() -> None:
    y = Variable(np.ones(3)) * 1.0
    before = ref(y.array)
    gc.disable()
    try:
        y[0] = 2.0
        assert before() is None
        node = ref(y.node)
        del y
        assert node() is None
    finally:
        gc.enable()


def test_retained_gradients_of_an_assigned_variable_are_those_of_its_newest_value() -> None:
    v = Variable(np.array([1.0, 2.0]))
    y = v * 3.0
    y[0] = v[1]
    F.sum(y * y).backward(retain_grad=True)
    np.testing.assert_array_equal(y.grad, 2 * y.array)
    np.testing.assert_array_equal(v.grad, [0.0, 2 * 2 + 2 * 6 * 3])
