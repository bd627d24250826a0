"""What the table cannot say about arranging arrays: constants, ties, errors, dtypes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground.functions as F
from playground import InvalidType, NoRuleError, Variable, as_variable

X = np.array([[3.0, 1.0, 2.0], [1.0, 1.0, 0.0]])


def gradient(function: Callable[[Any], Any], x: np.ndarray = X) -> np.ndarray:
    v = Variable(x)
    y = function(v)
    (F.sum(y * np.arange(1.0, y.size + 1).reshape(y.shape))).backward()
    return v.grad


def test_equal_elements_keep_their_order_when_sorted() -> None:
    np.testing.assert_array_equal(gradient(np.sort), [[3, 1, 2], [5, 6, 4]])
    np.testing.assert_array_equal(gradient(lambda v: np.sort(v, axis=None)), [[6, 2, 5], [3, 4, 1]])


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.5.0", reason="NumPy 2.5 has it")
def test_descending_order() -> None:
    x = np.array([2.0, np.nan, 3.0, 1.0])
    np.testing.assert_array_equal(
        np.sort(Variable(x), descending=True).array, np.sort(x, descending=True)
    )


def test_constants_beside_a_variable_come_out_as_they_are() -> None:
    """So that they take the dtype of the Variable that they meet next."""
    v, w = Variable(np.ones(3, "f")), np.linspace(0.0, 1.0, 2)
    for pair in (np.meshgrid(v, w), np.broadcast_arrays(v, w[:1]), np.ix_(v, w)):
        assert [type(y) for y in pair] == [Variable, np.ndarray]
        assert (pair[0] * pair[1]).dtype == "f"
    assert [type(y) for y in np.atleast_2d(v, w)] == [Variable, np.ndarray]


def test_an_axis_or_a_shape_may_be_numpys_integer() -> None:
    v, one = Variable(X), np.int64(1)
    calls: list[tuple[Any, tuple[int, ...]]] = [
        (v.reshape(np.int64(6)), (6,)),
        (v.reshape(np.array([3, 2])), (3, 2)),
        (np.expand_dims(v, one), (2, 1, 3)),
        (np.moveaxis(v, np.int64(0), one), (3, 2)),
        (np.roll(v, one, one), (2, 3)),
        (np.repeat(v, np.int64(2), one), (2, 6)),
        (np.tile(v, one), (2, 3)),
        (np.broadcast_to(v[0], np.array([2, 3])), (2, 3)),
        (np.take(v, one, one), (2,)),
        (np.split(v, np.int64(3), one)[0], (2, 1)),
    ]
    for y, shape in calls:
        assert y.shape == shape


def test_an_empty_list_is_an_index() -> None:
    v = Variable(X)
    assert v[[]].shape == (0, 3)
    y = v * 1.0
    y[[]] = 5.0
    np.testing.assert_array_equal(y.array, X)


def test_variables_are_indices_and_conditions() -> None:
    v, i = Variable(X), as_variable(np.array([1, 1, 0]))
    np.testing.assert_array_equal(v[0, i].array, [1, 1, 3])
    np.testing.assert_array_equal(np.take(v, i, 1).array, X[:, [1, 1, 0]])
    np.testing.assert_array_equal(np.choose(i, [v[0], v[1]]).array, [1, 1, 2])
    np.testing.assert_array_equal(np.compress(i, v, axis=1).array, X[:, :2])
    np.testing.assert_array_equal(np.where(i, v, 0.0).array, [[3, 1, 0], [1, 1, 0]])
    np.testing.assert_array_equal(F.permutate(v, as_variable(np.array([1, 0]))).array, X[::-1])


def test_complex_elements_read_twice_get_both_gradients() -> None:
    z = Variable(np.array([1 + 1j, 2 - 1j]))
    y = z[np.array([0, 0, 1])]
    y.grad = np.array([1j, 2.0, 3 - 1j])
    y.backward()
    np.testing.assert_array_equal(z.grad, [2 + 1j, 3 - 1j])


def test_half_precision_adds_up_without_loss() -> None:
    v = Variable(np.ones(1, "e"))
    F.sum(F.cast(v[np.zeros(3000, int)], "f")).backward()
    assert v.grad.dtype == "e"
    assert v.grad[0] == 3000


def test_split_parts_without_use_get_no_gradient() -> None:
    v = Variable(np.arange(6.0))
    parts = F.split_axis(v, 3, 0)
    (parts[0].sum() + 2.0 * parts[2].sum()).backward()
    np.testing.assert_array_equal(v.grad, [1, 1, 0, 0, 2, 2])
    (only,) = F.split_axis(v, 1, 0)
    alone = F.split_axis(v, 1, 0, force_tuple=False)
    assert type(only) is type(alone) is Variable
    assert type(F.split_axis(v, 2, 0, force_tuple=False)) is tuple
    assert F.separate(Variable(np.zeros((0, 2)))) == ()


def test_trimmed_zeros_get_no_gradient() -> None:
    x = np.array([0.0, 1.0, 0.0, 2.0, 0.0])
    np.testing.assert_array_equal(gradient(np.trim_zeros, x), [0, 1, 2, 3, 0])
    np.testing.assert_array_equal(gradient(lambda v: np.trim_zeros(v, "b"), x), [1, 2, 3, 4, 0])
    assert np.trim_zeros(Variable(np.zeros(3))).shape == np.trim_zeros(np.zeros(3)).shape


def test_counts_of_integers_are_constant() -> None:
    counts = np.bincount(as_variable(np.array([0, 2, 2])))
    np.testing.assert_array_equal(counts, [1, 0, 2])


def test_where_with_a_condition_alone_is_nonzero() -> None:
    assert [i.tolist() for i in np.where(Variable(X))] == [i.tolist() for i in np.where(X)]


def test_astype_copies() -> None:
    v = Variable(X)
    for y in (v.astype("d"), v.astype("f"), v.flatten(), Variable(X[0]).flatten()):
        assert not np.shares_memory(y.array, v.array) or y.array.base is not None
        assert y is not v
    assert v.astype("d", copy=False) is v


def test_array_with_like_joins_nested_lists() -> None:
    v = Variable(np.array([1.0, 2.0], "f"))
    y = np.array([[v[0] * v[1], 0.5], (v[1], v[0])], like=v)
    assert y.dtype == "f"
    np.testing.assert_array_equal(y.array, [[2, 0.5], [2, 1]])
    assert np.asarray(v, like=v) is v
    assert np.array(v, like=v) is not v
    assert np.asarray(v, dtype="d", like=v).dtype == "d"
    np.testing.assert_array_equal(np.asarray([v, v], like=v).array, [[1, 2], [1, 2]])


def test_what_is_made_like_an_array_has_its_shape_and_dtype_unless_others_are_given() -> None:
    v = Variable(X.astype("f"))
    for function in (np.zeros_like, np.ones_like, np.empty_like):
        assert function(v).dtype == "f"
        y = function(v, dtype="d", shape=(4,))
        assert (y.shape, y.dtype, y.requires_grad) == ((4,), "d", False)
    y = np.full_like(v, v[0, 0], shape=(2,))
    F.sum(y).backward()
    assert y.requires_grad
    np.testing.assert_array_equal(v.grad, [[2, 0, 0], [0, 0, 0]])
    with pytest.raises(InvalidType, match="full"):
        np.full(2, v[0, 0], dtype=int, like=v)
    with pytest.raises(NoRuleError):
        np.full_like(np.zeros(2, int), v[0, 0])


REFUSED: dict[str, tuple[Callable[[Any], Any], type[Exception], str]] = {
    "mean padding": (lambda v: np.pad(v, 1, "mean"), NoRuleError, "'reflect'"),
    "odd reflection": (lambda v: np.pad(v, 1, "reflect", reflect_type="odd"), NoRuleError, "odd"),
    "callable padding": (lambda v: np.pad(v, 1, lambda *a: None), NoRuleError, "constant"),
    "memory order": (lambda v: np.reshape(v, 6, order="A"), NoRuleError, "order='C'"),
    "memory order of ravel": (lambda v: np.ravel(v, "K"), NoRuleError, "order='C'"),
    "same axis twice": (lambda v: np.rot90(v, axes=(1, 1)), ValueError, "axes"),
    "matrix of an index": (lambda v: np.ix_(v), ValueError, "vectors"),
    "lists of two depths": (lambda v: np.block([[v], v]), ValueError, "depth"),
    "choice out of range": (lambda v: np.choose([0, 2], [v[0, :2], v[1, :2]]), ValueError, "1"),
    "mode": (lambda v: np.take(v, 0, mode="fold"), ValueError, "'wrap'"),
    "conditions and choices": (lambda v: np.select([X > 0], [v, v]), ValueError, "conditions"),
    "indexing": (lambda v: np.meshgrid(v[0], indexing="yx"), ValueError, "'xy'"),
    "no parts": (lambda v: np.array_split(v, 0), ValueError, "part"),
    "columns of a vector": (lambda v: np.vsplit(v[0], 1), ValueError, "2 dimensions"),
    "diagonal of a cube": (lambda v: np.diag(v[None]), ValueError, "dimensions"),
    "an unknown keyword": (lambda v: np.roll(v, 1, 0, dtype="f"), TypeError, "dtype"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_says_what_to_do(name: str) -> None:
    call, kind, cure = REFUSED[name]
    with pytest.raises(kind) as caught:
        call(Variable(X))
    assert cure in str(caught.value)
    if name != "an unknown keyword":
        assert isinstance(caught.value, (NoRuleError, ValueError))
