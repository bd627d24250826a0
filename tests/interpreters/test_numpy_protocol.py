"""Plain NumPy code on Variables: what records itself, what answers, what raises."""

from __future__ import annotations

import math
import operator
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground.functions as F
from playground import (
    GraphCutError,
    InvalidType,
    NoRuleError,
    Variable,
    as_variable,
    grad,
    no_backprop_mode,
)

X, Y = np.array([1.0, -2.0, 3.0]), np.array([4.0, 5.0, -6.0])


def gradient(function: Callable[..., Any], *arrays: Any) -> Any:
    """The gradient of the sum of ``function``, along its first argument, at arrays."""
    v = Variable(np.array(arrays[0]))
    y = function(v, *arrays[1:])
    assert type(y) is Variable
    F.sum(y).backward()
    return v.grad


# ---------------------------------------------------------------------- either position


@pytest.mark.parametrize(
    "op",
    [
        operator.add,
        operator.sub,
        operator.mul,
        operator.truediv,
        operator.pow,
        np.add,
        np.subtract,
        np.multiply,
        np.divide,
        np.power,
        np.arctan2,
        np.maximum,
        np.minimum,
    ],
)
@pytest.mark.parametrize("other", [Y, np.abs(Y), 2.5, np.float64(2.5), 4, [4.0, 5.0, 6.0]])
def test_a_variable_in_either_position(op: Callable[..., Any], other: Any) -> None:
    x = np.abs(X)
    for arguments in ((x, other), (np.abs(other), x)):
        value = op(*map(np.asarray, arguments))
        variable = [Variable(a) if a is x else a for a in arguments]
        z = op(*variable)
        assert type(z) is Variable
        np.testing.assert_allclose(z.array, value, rtol=1e-15)
        F.sum(z).backward()
        (v,) = (a for a in variable if isinstance(a, Variable))
        step = [a + 1e-6 * (a is x) for a in map(np.asarray, arguments)]
        back = [a - 1e-6 * (a is x) for a in map(np.asarray, arguments)]
        np.testing.assert_allclose(v.grad, (op(*step) - op(*back)) / 2e-6, rtol=1e-6)


def test_matmul_in_either_position() -> None:
    a, b = np.arange(6.0).reshape(2, 3), np.arange(3.0).reshape(3, 1)
    for left, right in ((Variable(a), b), (a, Variable(b)), (Variable(a), Variable(b))):
        for product in (left @ right, np.matmul(left, right), np.dot(left, right)):
            assert type(product) is Variable
            np.testing.assert_array_equal(product.array, a @ b)
    np.testing.assert_array_equal(gradient(lambda v: a @ v, b), a.sum(0)[:, None])
    np.testing.assert_array_equal(gradient(lambda v: v @ b, a), [b[:, 0]] * 2)


def test_dot_of_scalars_is_a_product() -> None:
    np.testing.assert_array_equal(gradient(lambda v: np.dot(v, 2.0), X), np.full(3, 2.0))
    np.testing.assert_array_equal(gradient(lambda v: np.dot(Y, v), np.array(3.0)), Y.sum())


def test_dot_of_three_dimensions_is_numpys() -> None:
    a, b = np.arange(4.0).reshape(2, 2), np.arange(8.0).reshape(2, 2, 2)
    np.testing.assert_array_equal(np.dot(Variable(a), b).array, np.dot(a, b))


def test_the_projects_loss_records_itself() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.random((3, 3)), rng.random((3, 3))
    loss = lambda y: np.abs(x @ y - np.eye(3)).sum()  # noqa: E731
    expected = x.T @ np.sign(x @ y - np.eye(3))
    np.testing.assert_allclose(gradient(loss, y), expected, rtol=1e-14)


def test_list_beside_a_variable_is_an_array() -> None:
    np.testing.assert_array_equal(gradient(lambda v: [1.0, 2.0, 3.0] * v, X), [1, 2, 3])
    joined = np.concatenate([Variable(X), [1.0, 2.0]])
    np.testing.assert_array_equal(joined.array, [*X, 1, 2])


def test_constants_ahead_of_the_variable_are_recorded_too() -> None:
    np.testing.assert_array_equal(gradient(lambda v: np.concatenate([Y, v]), X), np.ones(3))
    np.testing.assert_array_equal(gradient(lambda v: np.stack([Y, v], axis=1), X), np.ones(3))
    np.testing.assert_array_equal(gradient(lambda v: np.where(X > 0, Y, v), X), [0, 1, 0])


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda v: np.sum(v, 0), np.ones(3)),
        (lambda v: np.amax(v), [0, 0, 1]),
        (lambda v: np.amin(v), [0, 1, 0]),
        (lambda v: np.mean(v, axis=None, keepdims=True), np.full(3, 1 / 3)),
        (lambda v: np.clip(v, -1.0, None), [1, 0, 1]),
        (lambda v: np.clip(v, None, np.array([0.0, 0.0, 9.0])), [0, 1, 1]),
        (lambda v: np.clip(v, np.array([2.0, -9.0, 0.0]), 2.0), [0, 1, 0]),
        (lambda v: np.concatenate([v, v], axis=None), np.full(3, 2.0)),
        (lambda v: np.full_like(np.sum(v), np.sum(v)), np.ones(3)),
        (lambda v: np.full_like(v, v[1]), [0, 3, 0]),
        (lambda v: +v, np.ones(3)),
        (lambda v: np.positive(v), np.ones(3)),
        (lambda v: sum([v, v]), np.full(3, 2.0)),
        (lambda v: sum(x * x for x in v), 2 * X),
        (lambda v: v * (v > 0), [1, 0, 1]),
        (lambda v: np.where(v > 0, v, 0.0), [1, 0, 1]),
    ],
)
def test_common_calls(call: Callable[..., Any], expected: Any) -> None:
    np.testing.assert_allclose(gradient(call, X), expected, rtol=1e-15)


def test_defaults_given_by_keyword_change_nothing() -> None:
    v = Variable(X)
    assert np.sum(v, axis=None, dtype=None, out=None).array == X.sum()
    np.testing.assert_array_equal(np.stack([v, v], out=None).array, [X, X])


# ------------------------------------------------------------------------ rules and their use


CONSTANT_UFUNCS = """
    equal greater greater_equal isfinite isinf isnan less less_equal logical_and logical_not
    logical_or logical_xor not_equal signbit
""".split()  # noqa: SIM905 (a list of words, as it is read)
CONSTANT_FUNCTIONS = """
    all allclose any argmax argmin argsort array2string array_equal array_repr array_str
    count_nonzero isclose iscomplexobj isrealobj ndim result_type shape size
""".split()  # noqa: SIM905


@pytest.mark.parametrize("name", CONSTANT_UFUNCS)
def test_every_constant_ufunc_answers_with_an_array(name: str) -> None:
    ufunc = getattr(np, name)
    arrays = [np.array([1.0, 0.0, np.nan]), np.array([1.0, 2.0, 0.0])][: ufunc.nin]
    answer = ufunc(*map(Variable, arrays))
    assert type(answer) is np.ndarray
    np.testing.assert_array_equal(answer, ufunc(*arrays))


CONSTANT_CALLS = {
    np.allclose: lambda v: (v, X),
    np.array_equal: lambda v: (X, v),
    np.isclose: lambda v: (v, 1.0),
    np.result_type: lambda v: (v, np.float32),
}


@pytest.mark.parametrize("name", CONSTANT_FUNCTIONS)
def test_every_constant_function_answers_with_numpys_value(name: str) -> None:
    func = getattr(np, name)
    arguments = CONSTANT_CALLS.get(func, lambda v: (v,))
    np.testing.assert_array_equal(func(*arguments(Variable(X))), func(*arguments(X)))


def test_constant_functions_take_their_arguments() -> None:
    v = Variable(np.array([[1.0, 5.0], [7.0, 2.0]]))
    np.testing.assert_array_equal(np.argmax(v, 1), [1, 0])
    np.testing.assert_array_equal(np.argsort(v, axis=-1), [[0, 1], [1, 0]])
    assert np.shape(v) == (2, 2)
    assert np.all(v > 0, axis=0).tolist() == [True, True]


def test_creation_like_a_variable_needs_no_gradient() -> None:
    v = Variable(X.astype("f"))
    for created in (
        np.zeros(2, like=v),
        np.ones((2, 2), like=v),
        np.empty(2, like=v),
        np.eye(2, like=v),
        np.eye(2, 3, 1, like=v),
        np.identity(2, like=v),
        np.zeros_like(v),
        np.ones_like(v),
        np.empty_like(v),
        np.full_like(v, 2.0),
    ):
        assert type(created) is Variable
        assert created.dtype == "f"
        assert not created.requires_grad
    for dtype in ("d", float, np.dtype("d")):
        assert np.zeros(2, dtype, like=v).dtype == np.zeros(2, dtype=dtype, like=v).dtype == "d"
    np.testing.assert_array_equal(np.eye(2, 3, 1, like=v).array, np.eye(2, 3, 1))
    np.testing.assert_array_equal(np.full_like(v, 2.0).array, np.full(3, 2.0))


@pytest.mark.parametrize(
    "function",
    [np.roots, np.histogram, np.linalg.eig, np.linalg.tensorinv, np.fft.fft, np.piecewise],
)
def test_a_function_without_a_rule_is_named(function: Any) -> None:
    name = f"{function.__module__}.{function.__name__}"
    with pytest.raises(NoRuleError, match=name.replace(".", r"\.")):
        function(Variable(np.eye(3)), *([[True], [abs]] if function is np.piecewise else []))


@pytest.mark.parametrize("ufunc", [np.frexp, np.nextafter, np.spacing])
def test_a_ufunc_without_a_rule_is_named(ufunc: Any) -> None:
    with pytest.raises(NoRuleError, match=rf"numpy\.{ufunc.__name__} is not"):
        ufunc(*[Variable(X)] * ufunc.nin)


def test_a_ufunc_from_elsewhere_is_not_called_numpys() -> None:
    foreign = np.frompyfunc(math.gamma, 1, 1)
    with pytest.raises(NoRuleError, match=r"the ufunc gamma .*has no"):
        foreign(Variable(np.abs(X)))


@pytest.mark.parametrize(
    "call",
    [
        lambda v: np.sum(v, dtype="f4"),
        lambda v: np.sum(v, 0, np.float32),
        lambda v: np.mean(v, 0, "f4"),
        lambda v: np.add(v, 1.0, dtype="f4"),
        lambda v: np.add(v, 1.0, where=X > 0),
        lambda v: np.concatenate([v, v], dtype="f4"),
    ],
)
def test_an_argument_without_a_rule_is_named(call: Callable[..., Any]) -> None:
    with pytest.raises(NoRuleError, match=r"^numpy\.\w+: .*(=|by position)"):
        call(Variable(X))


def test_an_error_inside_a_rule_is_not_taken_for_a_wrong_argument() -> None:
    with pytest.raises(InvalidType):
        np.sum(Variable(X), axis=3, keepdims=True)


# ------------------------------------------------------------------- nothing is dropped silently


def store(a: np.ndarray, value: Any) -> None:
    a[0] = value


def into(a: np.ndarray, operation: Callable[..., Any], value: Any) -> Any:
    """An augmented assignment, which would write into ``a``."""
    return operation(a, value)


CUT = {
    "asarray": lambda v: np.asarray(v),
    "asanyarray": lambda v: np.asanyarray(v),
    "ascontiguousarray": lambda v: np.ascontiguousarray(v),
    "array": lambda v: np.array(v),
    "array with dtype": lambda v: np.array(v, dtype="f4"),
    "array of elements": lambda v: np.array([v[0], v[1]]),
    "array of variables": lambda v: np.array([v, v]),
    "sum of a list": lambda v: np.sum([v, v]),
    "max of a list": lambda v: np.max([v, v]),
    "exp of a list": lambda v: np.exp([v, v]),
    "reduce of a list": lambda v: np.maximum.reduce([v, v]),
    "allclose of a list": lambda v: np.allclose([v], [v]),
    "float": lambda v: float(v[0]),
    "int": lambda v: int(v[0]),
    "complex": lambda v: complex(v[0]),
    "math.sin": lambda v: math.sin(v[0]),
    "math.sqrt": lambda v: math.sqrt(v[0]),
    "math.hypot": lambda v: math.hypot(v[0], v[1]),
    "ndarray.dot": lambda v: np.ones((3, 3)).dot(v),
    "full": lambda v: np.full(3, v[0]),
    "arange": lambda v: np.arange(v[0]),
    "vectorize": lambda v: np.vectorize(math.sin)(v),
    "random": lambda v: np.random.default_rng(0).normal(v),
    "assert_allclose": lambda v: np.testing.assert_allclose(v, X),
    "stored element": lambda v: store(np.ones(3), v[0]),
    "stored in a slice": lambda v: np.ones(3).__setitem__(slice(None), v),
    "stored by a mask": lambda v: np.ones(3).__setitem__(X > 0, v[:2]),
    "fill": lambda v: np.ones(3).fill(v[0]),
    "put method": lambda v: np.ones(3).put([0], v[0]),
    "fromiter": lambda v: np.fromiter(v, float),
    "array index": lambda v: X[v],
}


@pytest.mark.parametrize("name", CUT)
def test_a_conversion_that_would_cut_the_graph_raises(name: str) -> None:
    """With our error first, or where NumPy raises its own, behind it."""
    with pytest.raises((GraphCutError, ValueError, IndexError)) as caught:
        CUT[name](Variable(X))
    chain, error = [], caught.value
    while error is not None:
        chain.append(error)
        error = error.__cause__ or error.__context__
    ours = [error for error in chain if isinstance(error, GraphCutError)]
    assert ours
    assert "v.array" in str(ours[0])
    assert "numpy.stack" in str(ours[0])


def test_the_error_calls_the_variable_by_its_name() -> None:
    with pytest.raises(GraphCutError, match="variable 'weight'"):
        np.asarray(Variable(X, name="weight"))


WRITING = {
    "add.at": lambda v: np.add.at(np.ones(3), 0, v[0]),
    "add.at on a Variable": lambda v: np.add.at(v, 0, 1.0),
    "copyto": lambda v: np.copyto(np.ones(3), v),
    "copyto on a Variable": lambda v: np.copyto(v, np.ones(3)),
    "put": lambda v: np.put(np.ones(3), [0], v[:1]),
    "put on a Variable": lambda v: np.put(v, [0], 1.0),
    "place": lambda v: np.place(np.ones(3), X > 0, v),
    "putmask": lambda v: np.putmask(np.ones(3), X > 0, v),
    "fill_diagonal": lambda v: np.fill_diagonal(v, 1.0),
    "put_along_axis": lambda v: np.put_along_axis(np.ones(3), np.array([0]), v[:1], 0),
}


@pytest.mark.parametrize("name", WRITING)
def test_writing_in_place_raises_and_says_what_to_do(name: str) -> None:
    function = name.split()[0].replace(".", r"\.")
    with pytest.raises(NoRuleError, match=rf"^numpy\.{function} changes an array.*numpy\.stack"):
        WRITING[name](Variable(X))


OUT = {
    "ufunc": lambda v: np.add(v, 1.0, out=np.ones(3)),
    "ufunc of arrays into a Variable": lambda v: np.add(X, X, out=v),
    "constant ufunc": lambda v: np.isfinite(v, out=np.ones(3, bool)),
    "function": lambda v: np.sum(v, out=np.ones(())),
    "concatenate": lambda v: np.concatenate([v, v], out=np.ones(6)),
    "+=": lambda v: into(np.ones(3), operator.iadd, v),
    "@=": lambda v: into(np.ones(3), operator.imatmul, Variable(np.eye(3))),
}


@pytest.mark.parametrize("name", OUT)
def test_out_raises_and_says_what_to_do(name: str) -> None:
    with pytest.raises(NoRuleError, match=r"^numpy\.\w+: out= .*drop out="):
        OUT[name](Variable(X))


def test_ufunc_methods_are_recorded_or_named() -> None:
    v = Variable(X)
    assert np.add.reduce(v).array == X.sum()
    np.testing.assert_array_equal(np.add.accumulate(v).array, np.cumsum(X))
    np.testing.assert_array_equal(np.multiply.outer(v, v).array, np.outer(X, X))
    with pytest.raises(NoRuleError, match=r"numpy\.add\.reduceat has no"):
        np.add.reduceat(v, [0, 1])


def test_augmented_assignment_of_a_variable_makes_a_new_one() -> None:
    v = w = Variable(X)
    w += Y
    assert w is not v
    np.testing.assert_array_equal(v.array, X)
    np.testing.assert_array_equal(w.array, X + Y)


def test_conversions_work_where_no_gradient_is_wanted() -> None:
    plain = as_variable(X)
    np.testing.assert_array_equal(np.asarray(plain), X)
    np.testing.assert_array_equal(np.array([plain, plain]), [X, X])
    assert np.asarray(plain, dtype="f4").dtype == "f"
    assert np.array(plain) is not X
    one = as_variable(np.array(2.5))
    assert (float(one), int(one), complex(one), math.floor(one)) == (2.5, 2, 2.5 + 0j, 2)
    v = Variable(np.array(2.5))
    with no_backprop_mode():
        assert float(v) == float(np.asarray(v)) == 2.5
        assert float(v * 2) == 5.0
    with pytest.raises(GraphCutError):
        float(v)


def test_a_refused_conversion_leaves_the_array_alone() -> None:
    a = np.ones(3)
    for call in (np.copyto, operator.iadd, lambda a, v: store(a, v[0]), lambda a, v: a.fill(v[0])):
        with pytest.raises((GraphCutError, NoRuleError, ValueError)):
            call(a, Variable(X))
    np.testing.assert_array_equal(a, np.ones(3))


# ---------------------------------------------------------------------- comparisons, identity


@pytest.mark.parametrize(
    "compare",
    [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne, np.less],
)
def test_comparisons_return_booleans(compare: Callable[..., Any]) -> None:
    for other in (Y, 1.0, [1.0, -2.0, 0.0], np.float32(3)):
        expected = compare(X, np.asarray(other))
        for answer in (compare(Variable(X), other), compare(Variable(X), as_variable(Y) + 0 * Y)):
            assert type(answer) is np.ndarray
            assert answer.dtype == bool
        np.testing.assert_array_equal(compare(Variable(X), other), expected)
        swapped = compare(np.asarray(other), X)
        np.testing.assert_array_equal(compare(other, Variable(X)), swapped)
    np.testing.assert_array_equal(compare(Variable(X), Variable(Y)), compare(X, Y))


def test_comparison_with_a_number_is_in_the_variables_dtype() -> None:
    v = Variable(np.array([0.1], "f"))
    assert (v == 0.1).all()
    assert np.equal(v, 0.1).all()
    assert not (v > 0.1).any()
    assert np.isclose(v, 0.1).all()


def test_truth_of_one_element() -> None:
    assert bool(Variable(np.array(2.0)))
    assert not Variable(np.array([[0.0]]))
    with pytest.raises(ValueError, match="ambiguous"):
        bool(Variable(X))


def test_hash_is_identity() -> None:
    v, w = Variable(X), Variable(X)
    assert len({v, w, v}) == 2
    assert {v: 1}[v] == 1
    assert hash(v) == hash(v)


def test_masks_select() -> None:
    v = Variable(X)
    np.testing.assert_array_equal(v[v > 0].array, [1, 3])
    np.testing.assert_array_equal(gradient(lambda v: v[v > 0] * 2, X), [2, 0, 2])
    np.testing.assert_array_equal(((v > 0) & (v < 2)), [True, False, False])
    assert [i.tolist() for i in np.where(v > 0)] == [[0, 2]]
    np.testing.assert_array_equal(np.where(v)[0], [0, 1, 2])


def test_iteration_length_and_pickle() -> None:
    v = Variable(X)
    assert len(v) == 3
    assert [x.array.item() for x in v] == X.tolist()
    with pytest.raises(TypeError, match="0-d"):
        iter(Variable(np.array(1.0)))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(v)).array, X)  # noqa: S301


# ----------------------------------------------------------------------------- other array types


class Foreign:
    """An array type that answers the protocols for itself, even beside a Variable."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return f"foreign {ufunc.__name__}"

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return f"foreign {func.__name__}"


@pytest.mark.parametrize("first", [True, False])
def test_a_foreign_array_type_gets_its_turn(first: bool) -> None:
    v, other = Variable(X), Foreign()
    pair = (v, other) if first else (other, v)
    assert np.add(*pair) == "foreign add"
    assert np.hypot(*pair) == "foreign hypot"
    assert np.less(*pair) == "foreign less"
    assert np.concatenate(pair) == "foreign concatenate"
    assert np.stack(pair) == "foreign stack"
    assert np.linalg.norm(v) if False else np.dot(*pair) == "foreign dot"


class Reluctant(Foreign):
    """One that will not answer either."""

    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> Any:
        return NotImplemented

    def __array_function__(self, *args: Any, **kwargs: Any) -> Any:
        return NotImplemented


def test_where_nobody_answers_numpy_raises() -> None:
    for call in (np.add, np.less, np.dot):
        with pytest.raises(TypeError):
            call(Variable(X), Reluctant())


def test_comparison_with_what_is_no_array_is_pythons() -> None:
    v = Variable(X)
    assert (v == "text") is False
    assert (v != object()) is True
    with pytest.raises(TypeError):
        v < "text"  # noqa: B015


# ------------------------------------------------------------------------------------ dtypes

BINARY = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.pow,
    np.add,
    np.subtract,
    np.multiply,
    np.divide,
    np.power,
    np.maximum,
    np.minimum,
    np.arctan2,
    F.add,
    F.subtract,
    F.multiply,
    F.divide,
    F.power,
    F.maximum,
    F.minimum,
    F.arctan2,
]
WIDE = [np.full(3, 1.5), np.array(1.5), np.float64(1.5), 1.5, 2, True, np.int64(2), [1.5] * 3]


def full_name(op: Any) -> str:
    return f"{getattr(op, '__module__', 'numpy')}.{op.__name__}"


@pytest.mark.parametrize("op", BINARY, ids=full_name)
def test_a_constant_takes_the_variables_dtype(op: Callable[..., Any]) -> None:
    for dtype in "ef":
        for other in WIDE:
            for swap in (False, True):
                v = Variable(np.abs(X).astype(dtype))
                y = op(other, v) if swap else op(v, other)
                assert y.dtype == dtype, other
                F.sum(y).backward()
                assert v.grad.dtype == dtype


@pytest.mark.parametrize("op", BINARY, ids=full_name)
def test_a_float_on_an_integer_variable_raises(op: Callable[..., Any]) -> None:
    v = Variable(np.array([1, 2, 3]))
    for other in (1.5, np.float32(1.5), np.full(3, 1.5), np.array(1.5)):
        for pair in ((v, other), (other, v)):
            with pytest.raises(InvalidType, match="int64"):
                op(*pair)


@pytest.mark.parametrize("op", BINARY[:-7], ids=full_name)
def test_a_complex_constant_on_a_real_variable_raises(op: Callable[..., Any]) -> None:
    v = Variable(np.abs(X))
    for other in (1j, np.complex64(1j), np.full(3, 1j)):
        for pair in ((v, other), (other, v)):
            with pytest.raises(InvalidType, match="float64"):
                op(*pair)


@pytest.mark.parametrize("op", BINARY, ids=full_name)
def test_two_variables_of_different_dtype_raise(op: Callable[..., Any]) -> None:
    if op in (np.arctan2, F.arctan2):
        pytest.skip("the widest computes: tests/functions/test_promotion.py")
    for other in (Variable(Y), as_variable(Y)):
        with pytest.raises(InvalidType) as caught:
            op(Variable(X.astype("f")), other)
        assert "float32 != float64" in str(caught.value)
        assert "F.cast" in str(caught.value)


def test_integers_stay_integers() -> None:
    v = Variable(np.array([7, -8, 9]))
    results = [v + 1, v - [1, 2, 3], 2 * v, -v, abs(v), v // 2, v**2, F.maximum(v, 0), v * v]
    expected = [[8, -7, 10], [6, -10, 6], [14, -16, 18], [-7, 8, -9], [7, 8, 9], [3, -4, 4]]
    expected += [[49, 64, 81], [7, 0, 9], [49, 64, 81]]
    for y, wanted in zip(results, expected, strict=True):
        assert y.dtype == int
        np.testing.assert_array_equal(y.array, wanted)
    for call in (lambda: v / 2, lambda: v / v, lambda: 2 / v, lambda: F.mean(v)):
        with pytest.raises(InvalidType):
            call()


def test_floor_division_is_exact() -> None:
    v = Variable(np.arange(1.0, 100.0))
    np.testing.assert_array_equal((v // v).array, np.ones(99))
    np.testing.assert_array_equal((49.0 * v // 49.0).array, v.array)
    np.testing.assert_array_equal((49.0 // v).array, 49.0 // v.array)


@pytest.mark.parametrize("kind", [np.bool_, np.uint8, np.int8, np.float32, bool, int])
def test_every_kind_of_number_subtracts(kind: Any) -> None:
    v = Variable(X)
    np.testing.assert_array_equal((v - kind(1)).array, X - 1)
    np.testing.assert_array_equal((kind(1) - v).array, 1 - X)


@pytest.mark.parametrize("kind", [float, np.float64, np.array, list, Variable])
def test_limits_of_clip_are_cast(kind: Any) -> None:
    """Numbers, arrays and Variables limit alike, in the dtype of what is limited."""
    x = X.astype("f")
    limit = (lambda c: [c] * 3) if kind is list else kind
    if kind is Variable:
        limit = lambda c: Variable(np.full(3, c, "f"))  # noqa: E731
    for clip in (np.clip, F.clip):
        v = Variable(x)
        y = clip(v, limit(-1.0), limit(2.0))
        assert y.dtype == "f"
        np.testing.assert_array_equal(y.array, [1, -1, 2])
        F.sum(y).backward()
        np.testing.assert_array_equal(v.grad, [1, 0, 0])


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.1.0", reason="NumPy 2.1's names")
def test_clip_takes_the_newer_names_of_its_limits() -> None:
    np.testing.assert_array_equal(np.clip(Variable(X), min=-1.0, max=2.0).array, [1, -1, 2])
    np.testing.assert_array_equal(np.reshape(Variable(X), shape=(3, 1)).array, X[:, None])


def test_a_limit_of_clip_has_a_gradient() -> None:
    low, high = Variable(np.array(-1.0)), Variable(np.full(3, 2.0))
    F.sum(np.clip(Variable(X), low, high)).backward()
    assert low.grad == 1.0
    np.testing.assert_array_equal(high.grad, [0, 0, 1])
    np.testing.assert_array_equal(gradient(lambda v: np.clip(Y, v, None), X), [0, 0, 1])


def test_numpys_integers_are_shapes_and_axes() -> None:
    v, one, two = Variable(np.arange(6.0).reshape(2, 3)), np.int64(1), np.int64(2)
    assert np.reshape(v, two * 3).shape == v.reshape(two * 3).shape == (6,)
    assert np.moveaxis(v, np.int64(0), one).shape == np.swapaxes(v, one, 0).shape == (3, 2)
    assert np.broadcast_to(Variable(X), np.int64(3)).shape == F.sum_to(v[0], np.int64(3)).shape
    assert np.sum(v, one).shape == np.mean(v, axis=one).shape == np.max(v, one).shape == (2,)
    assert np.average(v, axis=one, weights=[1.0, 2.0, 3.0]).shape == (2,)
    assert np.expand_dims(v, one).shape == (2, 1, 3)
    assert v.transpose(one, np.int64(0)).shape == (3, 2)
    assert np.squeeze(v[:, :1], one).shape == (2,)


def test_indices_and_conditions_are_not_cast() -> None:
    v = Variable(X.astype("f"))
    assert np.where(np.array([1, 0, 1]), v, 0.5).dtype == "f"
    assert v[np.array([2, 0], "i8")].dtype == "f"
    np.testing.assert_array_equal(v[Variable(np.array([2, 0]))].array, [3, 1])


def test_scalars_inside_stay_arrays() -> None:
    """What NumPy makes a scalar is a 0-d array in a Variable, and in its gradient."""
    v = Variable(X)
    for y in (v.sum(), np.sum(v), v[0], v @ Y, np.max(v), v.sum() * v.sum(), abs(v[1])):
        assert type(y.array) is np.ndarray
        assert y.shape == ()
    s = Variable(np.array(2.0))
    (s * s * 3.0).backward()
    assert type(s.grad) is np.ndarray
    assert s.grad == 12.0


# ---------------------------------------------------------------------- derivatives at zero


def derivatives(function: Callable[..., Any], at: float, count: int) -> list[float]:
    """The value and the first ``count`` derivatives of a function of one number."""
    x = Variable(np.array(at))
    y, found = function(x), []
    for _ in range(count + 1):
        found.append(0.0 if y is None else y.array.item())
        if y is not None:
            (y,) = grad([y], [x], enable_double_backprop=True)
    return found


@pytest.mark.parametrize(
    ("kind", "at"),
    [
        *(
            (kind, at)
            for kind in (int, float, np.int64, np.float64, np.array)
            for at in (0.0, -2.0)
        ),
        (Variable, 0.0),  # elsewhere below 0 the derivative along the exponent is not real
    ],
)
@pytest.mark.parametrize("exponent", range(6))
def test_powers_have_every_derivative_at_zero(kind: Any, exponent: int, at: float) -> None:
    c = kind(np.array(float(exponent))) if kind in (np.array, Variable) else kind(exponent)
    with np.errstate(all="raise"):
        found = derivatives(lambda x: x**c, at, exponent + 2)
    falling = [math.prod(range(exponent - k + 1, exponent + 1)) for k in range(exponent + 1)]
    expected = [f * at ** (exponent - k) for k, f in enumerate(falling)] + [0.0, 0.0]
    assert found == expected


def test_a_power_of_zero_is_flat() -> None:
    assert derivatives(lambda x: 0.0**x, 2.0, 2) == [0.0, 0.0, 0.0]


def test_a_root_at_zero_is_infinite_as_it_should_be() -> None:
    with np.errstate(divide="ignore"):
        assert derivatives(lambda x: x**0.5, 0.0, 1) == [0.0, np.inf]


def test_absolute_has_derivative_zero_at_zero() -> None:
    for function in (np.abs, abs, F.absolute, np.fabs):
        assert derivatives(function, 0.0, 3) == [0.0, 0.0, 0.0, 0.0]
        assert derivatives(function, -0.0, 2) == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(("op", "other"), [(np.maximum, 0.0), (np.minimum, 0.0)])
def test_a_tie_with_a_constant_goes_to_the_first(op: Any, other: float) -> None:
    assert derivatives(lambda x: op(x, other), 0.0, 2) == [0.0, 1.0, 0.0]
    assert derivatives(lambda x: op(other, x), 0.0, 2) == [0.0, 0.0, 0.0]


DTYPES = [float, np.float64, "float64", "f8", np.dtype(float)]
OF_ONE_DTYPE = {
    "sum": lambda x, d: np.sum(x, dtype=d),
    "mean": lambda x, d: np.mean(x, dtype=d),
    "prod": lambda x, d: np.prod(x, axis=0, dtype=d),
    "cumsum": lambda x, d: np.cumsum(x, dtype=d),
    "cumprod": lambda x, d: np.cumprod(x, dtype=d),
    "std": lambda x, d: np.std(x, dtype=d),
    "var": lambda x, d: np.var(x, axis=0, dtype=d, ddof=1),
    "nansum": lambda x, d: np.nansum(x, dtype=d),
    "nanmean": lambda x, d: np.nanmean(x, dtype=d),
    "trace": lambda x, d: np.trace(np.outer(x, x), dtype=d),
    "add": lambda x, d: np.add(x, x, dtype=d),
    "exp": lambda x, d: np.exp(x, dtype=d),
    "reduce": lambda x, d: np.add.reduce(x, dtype=d),
    "concatenate": lambda x, d: np.concatenate([x, x], dtype=d),
    "stack": lambda x, d: np.stack([x, x], dtype=d),
    "einsum": lambda x, d: np.einsum("i,i", x, x, dtype=d),
    "matmul": lambda x, d: np.matmul(x, x, dtype=d),
    "linspace": lambda x, d: np.linspace(x, 2 * x, 3, dtype=d),
    "cumsum of a Variable": lambda x, d: x.cumsum(dtype=d),
}


@pytest.mark.parametrize("name", OF_ONE_DTYPE)
def test_a_dtype_that_changes_nothing_is_taken_and_another_refused(name):
    f, x = OF_ONE_DTYPE[name], np.array([1.0, 2.0, 4.0])
    for dtype in DTYPES:
        found = f(Variable(x), dtype)
        assert found.dtype == x.dtype
        np.testing.assert_allclose(found.array, f(x, dtype), rtol=1e-15)
    if name != "linspace":
        with pytest.raises(NoRuleError, match="astype"):
            f(Variable(x), np.float32)


def test_the_layout_of_a_result_is_no_matter_and_the_order_of_reading_is():
    x = np.arange(6.0).reshape(2, 3)
    v = Variable(x)
    for order in "KACF":
        np.testing.assert_array_equal(np.exp(v, order=order).array, np.exp(x, order=order))
        np.testing.assert_array_equal(np.copy(v, order=order).array, x)
        np.testing.assert_array_equal(np.add(v, v, casting="same_kind", order=order).array, 2 * x)
    np.testing.assert_array_equal(np.ravel(v.T, order="F").array, np.ravel(x.T, order="F"))
    for order in "KA":
        # It was dropped, and the elements came in another order than NumPy's.
        with pytest.raises(NoRuleError, match="where an array lies in memory"):
            np.ravel(v.T, order=order)


def test_row_stack_is_vstack():
    if not hasattr(np, "row_stack"):
        pytest.skip("NumPy 2.5 has no row_stack")
    x = Variable(np.array([1.0, 2.0]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        y = getattr(np, "row_stack")([x, 3 * x])  # noqa: B009 (a linter wants it gone already)
    np.testing.assert_array_equal(y.array, [[1, 2], [3, 6]])
    (y * np.array([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    np.testing.assert_array_equal(x.grad, [1 + 9, 2 + 12])


BY_NUMPY = {
    "numpy.r_": (lambda s: np.r_[s, 1.0], "numpy.concatenate"),
    "numpy.c_": (lambda s: np.c_[s, s], "numpy.column_stack"),
    "numpy.full": (lambda s: np.full(3, s), "like=v"),
    "numpy.mean": (lambda s: np.mean([s, s]), r"numpy.mean\(numpy.stack"),
    "numpy.max": (lambda s: np.max([s, 1.0]), r"numpy.max\(numpy.stack"),
    "numpy.std": (lambda s: np.std([s, s]), r"numpy.std\(numpy.stack"),
    "numpy.median": (lambda s: np.median([s, s]), r"numpy.median\(numpy.stack"),
    "numpy.linalg.norm": (lambda s: np.linalg.norm([s, s]), r"numpy.linalg.norm\(numpy.stack"),
    "numpy.vectorize": (lambda s: np.vectorize(lambda a: a * a)(s), "the function itself"),
    "numpy.ndenumerate": (lambda s: [*np.ndenumerate(s)], "loop over the Variable"),
}


@pytest.mark.parametrize("name", BY_NUMPY)
def test_the_function_that_would_cut_the_graph_is_named(name):
    f, advice = BY_NUMPY[name]
    with pytest.raises(GraphCutError, match=rf"{name}, which makes .*: use .*{advice}"):
        f(Variable(np.array([2.0])))


def by_module(v: Variable) -> float:
    return math.sin(v)


def by_name(v: Variable) -> float:
    from math import atan2

    return atan2(v, 1.0)


def by_another_name(v: Variable) -> float:
    import math as m

    return m.pow(v, 2)


def by_two(v: Variable) -> float:
    return math.exp(v) + math.acosh(v)


OF_MATH = [
    (by_module, ["numpy.sin in place of math.sin"]),
    (by_name, ["numpy.arctan2 in place of math.atan2"]),
    (by_another_name, ["numpy.power in place of math.pow"]),
    (by_two, ["numpy.exp in place of math.exp", "numpy.arccosh in place of math.acosh"]),
    (lambda v: math.dist([v], [0.0]), ["numpy.linalg.norm in place of math.dist"]),
    (lambda v: math.erf(v), ["playground.functions.erf in place of math.erf"]),
]


@pytest.mark.parametrize(("f", "advice"), OF_MATH)
def test_a_function_of_math_is_named_with_its_twin(f, advice):
    with pytest.raises(GraphCutError, match=r"float\(v\), which math") as caught:
        f(Variable(np.array(2.0)))
    assert [twin for twin in advice if twin not in str(caught.value)] == []


def test_a_function_of_math_that_is_not_named_is_not_blamed():
    with pytest.raises(GraphCutError, match=r"float\(v\), which a function of math calls too"):
        float(Variable(np.array(2.0)))
