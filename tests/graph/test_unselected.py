"""NaN comes only from what was used: a cotangent of what was not selected stays 0.

The witness of each case is the same function written without the part that is not used: its
derivatives are finite by themselves.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import playground
import playground.functions as F
from playground import FunctionNode, Variable, using_config
from playground.graph import unselected
from playground.graph.types import UserFunction
from playground.transforms import grad, hessian, hvp, jacobian, jvp, vjp, vmap
from tests.strict_array import StrictArray, registered

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

X = np.array([[1.0, 2.0], [np.nan, 1.0], [3.0, np.inf]])
KNOWN = np.isfinite(X).all(axis=1)
GAP = np.array([1.0, np.nan, 2.0])
PLACES = np.array([0.0, 1.0, 2.0])
FIRST = np.array([True, False])
FROM_0 = (0.0, 1.5, 4.0)


class Case(NamedTuple):
    """A function that leaves something out, the same without that, and where."""

    name: str
    function: UserFunction
    witness: UserFunction
    at: Any


def assigned(x: Any) -> Any:
    y = 1 / x
    y[x <= 0] = 2.0
    return np.sum(y**2)


def roots_by_number(x: Any) -> Any:
    roots, total = np.sqrt(x), 0.0
    for i in (1, 2):
        total = total + roots[i] ** 3
    return total


def of_rows(function: Callable[[Any], Any]) -> UserFunction:
    """The sum over the first row of two; the other is dropped after the fact."""
    return lambda x: np.sum(np.where(FIRST, function(x), 0.0))


CASES = [
    Case("where", lambda x: np.where(x > 1, 2 * x, np.sqrt(1 - x)), lambda x: 2 * x, 3.0),
    Case("where at a pole", lambda x: np.where(x >= 1, x**3, np.sqrt(1 - x)), lambda x: x**3, 1.0),
    Case(
        "where of powers",
        lambda x: np.sum(np.where(x > 0, x**1.5, 0.0)),
        lambda x: np.sum(x[1:] ** 1.5),
        FROM_0,
    ),
    Case(
        "a mask as a factor",
        lambda x: np.sum(np.sqrt(x) * (PLACES > 0)),
        lambda x: np.sum(np.sqrt(x[1:])),
        FROM_0,
    ),
    Case(
        "a mask as a factor, broadcast",
        lambda x: np.sum((FIRST[:, None] * x**1.5 + x) ** 2),
        lambda x: np.sum((x**1.5 + x) ** 2 + x**2),
        (1.0, 4.0),
    ),
    Case("a truth value as a factor", lambda x: True * x + False * np.sqrt(x), lambda x: +x, 0.0),
    Case(
        "x log x",
        lambda x: np.sum(np.where(x > 0, x * np.log(x), 0.0)),
        lambda x: np.sum(x[1:] * np.log(x[1:])),
        FROM_0,
    ),
    Case(
        "a scalar to several powers",
        lambda x: np.sum(np.where(PLACES >= 1, x ** (PLACES + 0.5 * (PLACES == 0)), 0.0)),
        lambda x: x + x**2,
        0.0,
    ),
    Case(
        "select",
        lambda x: np.sum(np.select([x > 1, x < -1], [np.log(x), np.sqrt(-x)], x**2)),
        lambda x: np.log(x[0]) + np.sqrt(-x[1]) + x[2] ** 2 + x[3] ** 2,
        (2.0, -4.0, 0.5, 0.0),
    ),
    Case(
        "choose",
        lambda x: np.sum(np.choose([0, 1, 1], [np.sqrt(x), x**2])),
        lambda x: np.sqrt(x[0]) + x[1] ** 2 + x[2] ** 2,
        (1.0, -4.0, 0.0),
    ),
    Case("clip", lambda x: np.sum(np.clip(1 / x, 0, 3)), lambda x: np.sum(1 / x[1:]), FROM_0),
    Case(
        "maximum",
        lambda x: np.sum(np.maximum(1 - 1 / x, 0.0)),
        lambda x: 1 - 1 / x[2],
        (0.0, 0.5, 2.0),
    ),
    Case(
        "fmax",
        lambda x: np.sum(np.fmax(np.sqrt(x - 1), 0.1 * x)),
        lambda x: 0.1 * (x[0] + x[1]) + np.sqrt(x[2] - 1),
        (0.5, 1.0, 4.0),
    ),
    Case("relu", lambda x: np.sum(F.relu(-np.log(x))), lambda x: -np.log(x[0]), (0.5, 3.0, 2.0)),
    Case("max", lambda x: np.max(np.sqrt(x)), lambda x: np.sqrt(x[2]), FROM_0),
    Case("min", lambda x: np.min(1 / x), lambda x: 1 / x[2], FROM_0),
    Case("nanmax", lambda x: np.nanmax(np.sqrt(x)), lambda x: np.sqrt(x[2]), (-1.0, 0.0, 4.0)),
    Case(
        "sort", lambda x: np.sum(np.sort(np.sqrt(x))[1:]), lambda x: np.sum(np.sqrt(x[1:])), FROM_0
    ),
    Case("median", lambda x: np.median(np.log(x)), lambda x: np.log(x[1]), FROM_0),
    Case("mask", lambda x: np.sum(np.sqrt(x)[x > 0]), lambda x: np.sum(np.sqrt(x[1:])), FROM_0),
    Case(
        "fancy", lambda x: np.sum(np.log(x)[[2, 1, 2]]), lambda x: np.log(x[1] * x[2] ** 2), FROM_0
    ),
    Case("one by one", roots_by_number, lambda x: np.sum(np.sqrt(x[1:]) ** 3), FROM_0),
    Case(
        "split",
        lambda x: np.sum(np.split(np.sqrt(x), [1])[1]),
        lambda x: np.sum(np.sqrt(x[1:])),
        FROM_0,
    ),
    Case(
        "diagonal",
        lambda x: np.trace(np.log(x)),
        lambda x: np.log(x[0, 0] * x[1, 1]),
        np.diag((1.0, 3.0)),
    ),
    Case(
        "triu",
        lambda x: np.sum(np.triu(np.sqrt(x))),
        lambda x: np.sqrt(x[0, 0]) + np.sum(np.sqrt(x[:, 1])),
        ((1.0, 2.0), (0.0, 3.0)),
    ),
    Case(
        "take",
        lambda x: np.sum(np.take(np.sqrt(x), [2, 1])),
        lambda x: np.sum(np.sqrt(x[1:])),
        FROM_0,
    ),
    Case(
        "compress",
        lambda x: np.sum(np.compress([0, 1, 1], 1 / x)),
        lambda x: np.sum(1 / x[1:]),
        FROM_0,
    ),
    Case("assignment", assigned, lambda x: np.sum(x[1:] ** -2.0), FROM_0),
    Case(
        "sum(where=)",
        lambda x: np.sum(np.sqrt(x), where=PLACES > 0),
        lambda x: np.sum(np.sqrt(x[1:])),
        FROM_0,
    ),
    Case(
        "nan_to_num",
        lambda x: np.sum(np.nan_to_num(np.sqrt(x))),
        lambda x: np.sum(np.sqrt(x[1:])),
        (-1.0, 1.0, 4.0),
    ),
    Case(
        "nansum, a gap",
        lambda m: np.nansum((GAP - m) ** 2),
        lambda m: (1 - m) ** 2 + (2 - m) ** 2,
        0.5,
    ),
    Case(
        "nanmean",
        lambda m: np.nanmean((GAP - m) ** 2),
        lambda m: ((1 - m) ** 2 + (2 - m) ** 2) / 2,
        0.5,
    ),
    Case(
        "nanvar", lambda x: np.nanvar(np.log(x)), lambda x: np.var(np.log(x[1:])), (-1.0, 2.0, 4.0)
    ),
    Case(
        "nansum, a line",
        lambda p: np.nansum((GAP - p[0] * PLACES - p[1]) ** 2),
        lambda p: (1 - p[1]) ** 2 + (2 - 2 * p[0] - p[1]) ** 2,
        (0.5, 0.2),
    ),
    Case(
        "rows of data",
        lambda w: np.sum((X @ w)[KNOWN] ** 2),
        lambda w: (w[0] + 2 * w[1]) ** 2,
        (1.0, 2.0),
    ),
    Case(
        "rows by einsum",
        lambda w: np.sum(np.einsum("ij,j->i", X, w)[KNOWN] ** 2),
        lambda w: (w[0] + 2 * w[1]) ** 2,
        (1.0, 2.0),
    ),
    Case(
        "matmul",
        lambda x: np.sum(((1 / x) @ x)[0]),
        lambda x: np.sum((1 / x[:1]) @ x),
        ((1.0, 2.0), (0.0, 3.0)),
    ),
    Case(
        "prod",
        of_rows(lambda x: np.prod(1 / x, axis=1)),
        lambda x: 1 / (x[0, 0] * x[0, 1]),
        ((1.0, 2.0), (0.0, 3.0)),
    ),
    Case(
        "norm",
        of_rows(lambda x: np.linalg.norm(x, axis=1)),
        lambda x: np.sqrt(np.sum(x[0] ** 2)),
        ((3.0, 4.0), (0.0, 0.0)),
    ),
    Case(
        "softmax",
        of_rows(lambda x: F.softmax(x)[:, 0] ** 2),
        lambda x: F.softmax(x[:1])[0, 0] ** 2,
        ((1.0, 2.0), (np.inf, 2.0)),
    ),
    Case(
        "det",
        lambda x: np.log(np.linalg.det(x))[0],
        lambda x: np.log(np.linalg.det(x[0])),
        (((1.5, 0.5), (0.5, 1.5)), ((0.0, 0.0), (0.0, 0.0))),
    ),
    Case(
        "cumsum",
        lambda x: np.cumsum(np.sqrt(x))[1] ** 2,
        lambda x: np.sum(np.sqrt(x[:2])) ** 2,
        (1.0, 4.0, 0.0),
    ),
    Case("cumprod", lambda x: np.cumprod(1 / x)[1], lambda x: 1 / (x[0] * x[1]), (1.0, 4.0, 0.0)),
]


@pytest.fixture(params=CASES, ids=[case.name for case in CASES])
def case(request: Any) -> Case:
    found: Case = request.param
    return found._replace(at=np.asarray(found.at))


def test_what_was_not_selected_adds_nothing(case: Case) -> None:
    np.testing.assert_allclose(grad(case.function)(case.at), grad(case.witness)(case.at))


def test_nor_at_second_order(case: Case) -> None:
    wanted = hessian(case.witness)(case.at)
    np.testing.assert_allclose(hessian(case.function)(case.at), wanted, atol=1e-14)
    v = np.cos(np.arange(case.at.size)).reshape(case.at.shape)
    product = np.tensordot(wanted, v, case.at.ndim)
    np.testing.assert_allclose(hvp(case.function)(case.at, v), product, atol=1e-14)


def test_nor_forward(case: Case) -> None:
    v = np.cos(np.arange(case.at.size)).reshape(case.at.shape)
    along = np.sum(grad(case.witness)(case.at) * v)
    np.testing.assert_allclose(jvp(case.function, (case.at,), (v,))[1], along)


def test_nor_in_lanes(case: Case) -> None:
    if case.name in ("mask", "assignment"):
        pytest.skip("a mask that differs between lanes is no index")
    at = np.stack([case.at, case.at])
    for transform in (grad, hessian):
        once = transform(case.function)(case.at)
        np.testing.assert_allclose(vmap(transform(case.function))(at), np.stack([once, once]))


SYSTEM = np.array([[5.9, 0.9, 0.4], [0.8, 2.9, 0.2], [0.6, 0.1, 3.4]])
RIGHT = np.cos(np.arange(9.0)).reshape(3, 3)


@pytest.mark.parametrize(
    "part",
    [
        lambda y: y[:1],
        lambda y: y[1],
        lambda y: y[:, 2],
        lambda y: y[[0, -1]],
        lambda y: np.triu(y),
        lambda y: np.max(y),
        lambda y: np.bincount([0, 2], y[:2, 0]),
        lambda y: np.where(RIGHT > 0, y, 0.0),
    ],
)
@pytest.mark.parametrize("right", [np.eye(3), RIGHT])
def test_a_part_of_what_two_alike_operands_make(part: UserFunction, right: Any) -> None:
    def function(x: Any) -> Any:
        return np.sum(part(np.linalg.solve(x, right)) ** 2)

    # Of y = x⁻¹ b along t: dy = -x⁻¹ t y and d²y = 2 x⁻¹ t x⁻¹ t y; of y², 2 y dy and so on.
    t = np.sin(np.arange(9.0)).reshape(3, 3)
    y = np.linalg.solve(SYSTEM, right)
    step = -np.linalg.solve(SYSTEM, t)
    # A maximum's place stays the same: what was chosen is told from the cotangents of y itself.
    chosen = grad(lambda y: np.sum(part(y)))(y)
    first, second = step @ y, 2 * step @ step @ y
    slope = np.sum(chosen * 2 * y * first)
    assert jvp(function, (SYSTEM,), (t,))[1] == pytest.approx(slope)
    bend = np.sum(chosen * 2 * (first**2 + y * second))
    assert np.sum(hvp(function)(SYSTEM, t) * t) == pytest.approx(bend)


# Operations whose backward reads their outputs, or all of what they depend on.
WHOLES: dict[str, UserFunction] = {
    "std": lambda x: np.std(x, axis=0) * x,
    "solve": lambda x: np.linalg.solve(x, np.cos(x)),
    "inv": np.linalg.inv,
    "qr": lambda x: np.linalg.qr(x)[0],
    "cholesky": lambda x: np.linalg.cholesky(x @ x.T + np.eye(3)),
    "norm": lambda x: x / np.linalg.norm(x, axis=0),
    "softmax": F.softmax,
    "logsumexp": lambda x: F.logsumexp(x, axis=1) * x[0],
    "hypot": lambda x: np.hypot(x, x.T + 1),
    "cumprod": lambda x: np.cumprod(x, axis=1),
    "exp": lambda x: np.exp(np.sum(x, axis=0)) * np.sqrt(x),
    "det": lambda x: np.linalg.det(x) * x,
}
PARTS: dict[str, UserFunction] = {
    "row": lambda y: y[:1],
    "where": lambda y: np.where(np.arange(3) > 0, y, 0.0),
    "fancy": lambda y: y[[0, -1]],
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", WHOLES)
def test_a_jacobian_of_a_jacobian_of_a_part(name: str, part: str) -> None:
    f, select = WHOLES[name], PARTS[part]
    found = jacobian(jacobian(lambda x: select(f(x))))(SYSTEM)
    whole = jacobian(jacobian(f))(SYSTEM)
    # Of the numbers of the whole, the same part.
    wanted = vmap(select, in_axes=-1, out_axes=-1)(whole.reshape((*whole.shape[:-4], 81)))
    np.testing.assert_allclose(found.reshape(wanted.shape), wanted, rtol=1e-9, atol=1e-9)


def test_one_number_of_which_nothing_was_selected() -> None:
    at = np.array([[-2.0, 1.0], [-1.0, 2.0]])

    def function(x: Any) -> Any:
        zeros = np.ravel(x) - np.ravel(x)
        angles = np.arctan2(zeros, np.minimum.reduce(zeros))
        values = np.polyval(np.fmin(angles, angles), at)
        return np.sum(np.select([values < 0, values < 1], [-values, 2.0], values))

    np.testing.assert_array_equal(hvp(function)(2 * at, at), np.zeros((2, 2)))
    assert jvp(function, (2 * at,), (at,)) == (8.0, 0.0)


@pytest.mark.parametrize(
    ("function", "at"),
    [
        (lambda x: np.where(x > 1, np.sqrt(1 - x), 2 * x), 3.0),
        # 0 times infinity of a selected element: that it is 0 by value does not make it unused.
        (lambda x: np.where(x >= 0, x * np.sqrt(x), 1.0), 0.0),
        (lambda x: np.where(x >= 0, np.sqrt(x) * np.sqrt(x), 1.0), 0.0),
        (lambda x: np.where(x >= 0, 0.0 * np.log(x), 1.0), 0.0),
        (lambda x: np.clip(np.log(x) * x, -1, 1), 0.0),
        (lambda x: np.sqrt(np.stack([1 - x, x]))[0], 3.0),
        (lambda x: 0.0 * np.sqrt(x), 0.0),
        (lambda x: False * np.log(x), 0.0),
        (lambda x: np.maximum(np.sqrt(x), 0.0), -1.0),
        (lambda x: np.max(np.stack([np.sqrt(x), x])), -1.0),
        (lambda x: F.relu(np.sqrt(x)), -1.0),
        (lambda x: np.clip(np.sqrt(x), 0.0, 1.0), -1.0),
        (lambda x: np.minimum(1.0, np.sqrt(x)), -1.0),
    ],
)
def test_nan_of_what_was_selected_stays(function: UserFunction, at: float) -> None:
    assert np.isnan(grad(function)(at))
    assert np.isnan(hessian(function)(at))


def test_infinite_slopes_that_were_selected_stay() -> None:
    x = np.array([1.0, 0.0])
    np.testing.assert_array_equal(grad(lambda x: np.sum(np.sqrt(x)[x >= 0]))(x), [0.5, np.inf])


def test_higher_orders() -> None:
    def function(x: Any) -> Any:
        return np.where(x > 1, x**4, np.sqrt(1 - x))

    derivative = function
    for value in (108.0, 108.0, 72.0, 24.0):
        derivative = grad(derivative)
        assert derivative(3.0) == pytest.approx(value)


def test_rows_of_a_jacobian_know_what_they_did_not_choose() -> None:
    x = np.array([1.0, 0.0])
    # No element of the first sum depends on the second root, whose slope is infinite.
    np.testing.assert_array_equal(
        jacobian(lambda x: np.cumsum(np.sqrt(x)))(x), [[0.5, 0.0], [0.5, np.inf]]
    )
    found = jacobian(lambda x: np.where(x > 1, x**2, np.sqrt(1 - x)))(np.array([2.0, 0.0]))
    np.testing.assert_array_equal(found, [[4.0, 0.0], [0.0, -0.5]])
    chunks = jacobian(lambda x: np.cumsum(np.sqrt(x)), chunk=1)(x)
    np.testing.assert_array_equal(chunks, [[0.5, 0.0], [0.5, np.inf]])


def test_every_way_to_a_gradient() -> None:
    x = Variable(np.array([0.0, 1.0, 4.0]))
    roots = np.sqrt(x)
    y = np.sum(np.where(x.array > 0, roots, 0.0))
    wanted = [0.0, 0.5, 0.25]
    y.backward(retain_grad=True)
    np.testing.assert_array_equal(x.grad, wanted)
    np.testing.assert_array_equal(roots.grad, [0.0, 1.0, 1.0])
    for target, expected in ((x, wanted), (roots, [0.0, 1.0, 1.0])):
        (gx,) = playground.grad([y], [target])
        np.testing.assert_array_equal(gx.array, expected)
    (gx,) = playground.grad([y], [x], enable_double_backprop=True)
    (second,) = playground.grad([gx], [x])
    np.testing.assert_array_equal(second.array, [0.0, -0.25, -0.03125])
    value, pull = vjp(lambda x: np.sqrt(x)[1:], x.array)
    np.testing.assert_array_equal(pull(np.ones_like(value))[0], wanted)


@pytest.mark.parametrize("dtype", ["f", "d", "D"])
def test_dtypes_are_kept(dtype: str) -> None:
    x = Variable(np.array([0.0, 1.0, 4.0], dtype))
    np.sum(np.sqrt(x)[1:]).backward(enable_double_backprop=True)
    assert x.grad.dtype == dtype
    np.testing.assert_array_equal(x.grad, [0.0, 0.5, 0.25])


def test_debug_mode_does_not_complain_of_what_was_not_used() -> None:
    with using_config("debug", True):
        x = Variable(np.array([0.0, 1.0, 4.0]))
        np.sum(np.sqrt(x)[1:]).backward()
    np.testing.assert_array_equal(x.grad, [0.0, 0.5, 0.25])


def test_floating_point_errors_are_of_what_was_used() -> None:
    with np.errstate(all="raise"):
        x = Variable(np.array([0.0, 1.0, 4.0]))
        np.sum(np.sqrt(x)[1:]).backward()
        np.testing.assert_array_equal(x.grad, [0.0, 0.5, 0.25])
        with pytest.raises(FloatingPointError):
            np.sum(np.sqrt(x)[:2]).backward()


class Root(FunctionNode):
    """A user's square root."""

    def forward(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        self.retain_inputs((0,))
        return (np.sqrt(inputs[0]),)

    def backward(self, target_input_indexes: Any, grad_outputs: Any) -> Any:
        (x,) = self.get_retained_inputs()
        return grad_outputs[0] / (2 * np.sqrt(x))


def test_a_users_function_is_passed_by_where_nothing_of_it_was_selected() -> None:
    x = Variable(np.array([0.0, 1.0]))
    np.sum(np.where(False, Root().apply((x,))[0], 1.0)).backward()
    np.testing.assert_array_equal(x.grad, [0.0, 0.0])


def test_ranks_stay_chainers() -> None:
    x = Variable(np.array([1.0, 2.0]))
    y = np.sqrt(x)[0]
    assert (y.rank, (y * 2).rank) == (2, 3)
    # What is selected from a leaf leaves nothing out that was computed.
    assert (x[0] * 2).node.rank == 2 < unselected.SELECTED < y.node.rank


def test_a_graph_without_a_selection_never_takes_care(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> Any:
        raise AssertionError("the careful traversal was entered")

    monkeypatch.setattr("playground.graph.backprop.propagate_carefully", fail)
    x = Variable(np.array([0.0, 1.0]))
    np.sum(np.sqrt(x)).backward()
    np.sum(np.sqrt(x + 1)[0]).backward()  # nor where it finds nothing amiss
    assert np.isinf(x.grad[0])


def test_the_graph_is_freed_without_the_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        x = Variable(np.array([0.0, 1.0, 4.0]))
        roots = np.exp(np.sqrt(x))
        y = np.sum(np.tan(roots)[1:])
        (gx,) = playground.grad([y], [x], enable_double_backprop=True)
        (second,) = playground.grad([gx], [x])
        assert np.isfinite(second.array).all()
        watched = [weakref.ref(v.node) for v in (roots, y, gx, second)]
        del roots, y, gx, second
        assert [watch() for watch in watched] == [None] * 4
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "name", ["where", "x log x", "clip", "maximum", "max", "split", "prod", "cumprod", "matmul"]
)
def test_everything_stays_on_the_device(name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    at = np.asarray(case.at)
    # The constant conditions of some cases are host arrays, which are moved up as small ones.
    with registered():
        x = Variable(StrictArray(at))
        case.function(x).backward(enable_double_backprop=True)
        first = x.grad_var
        assert type(first.array) is StrictArray
        np.testing.assert_allclose(first.array.get(), grad(case.witness)(at))
