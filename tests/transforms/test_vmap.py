"""``vmap`` as users meet it: axes, trees, nesting, closures, loops over lanes, errors."""

from __future__ import annotations

import threading
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground as pg
import playground.functions as F
from playground import FunctionNode, Variable
from playground.transforms import grad, jvp, vjp, vmap

RNG = np.random.default_rng(0)
X = RNG.normal(size=(5, 3))
M = RNG.normal(size=(5, 3, 3))
W = RNG.normal(size=(3, 3))


def each(function: Callable[..., Any], *columns: Any) -> np.ndarray:
    return np.stack([function(*row) for row in zip(*columns, strict=True)])


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "elementwise": lambda x: np.sin(x) * np.exp(-x),
    "reduction": lambda x: x.sum() + x.max() - np.prod(x),
    "axis": lambda x: np.stack([x, x**2]).sum(axis=0),
    "negative axis": lambda x: np.outer(x, x).mean(axis=-1),
    "matrix times vector": lambda x: W @ x,
    "vector times matrix": lambda x: x @ W,
    "quadratic form": lambda x: x @ W @ x,
    "reshape": lambda x: np.outer(x, x).reshape(-1)[::2],
    "transpose": lambda x: np.outer(x, 2 * x + 1).T,
    "index": lambda x: x[[2, 0, 0]] * x[1],
    "mask": lambda x: x[np.array([True, False, True])],
    "where": lambda x: np.where(x > 0, x, 0.1 * x),
    "sort": lambda x: np.sort(x),
    "take of the largest": lambda x: (x**2)[np.argmax(x)],
    "row of a table": lambda x: F.get_item(W, np.argmin(x)) * x,
    "inverse": lambda x: np.linalg.inv(np.outer(x, x) + 5 * np.eye(3)),
    "solve with a fixed matrix": lambda x: np.linalg.solve(W, x),
    "solve": lambda x: np.linalg.solve(np.outer(x, x) + np.eye(3), x),
    "eigenvalues": lambda x: np.linalg.eigvalsh(np.outer(x, x) + np.diag(x)),
    "determinant": lambda x: np.linalg.det(np.outer(x, x) + W),
    "norm": lambda x: np.linalg.norm(x),
    "einsum": lambda x: np.einsum("i,ij,j->ij", x, W, x),
    "median": lambda x: np.median(x),
    "cumulative": lambda x: np.cumsum(x) + np.cumprod(x),
    "interpolation": lambda x: np.interp(x, [-2.0, 0, 3], [1.0, -1, 0.5]),
    "convolution": lambda x: np.convolve(x, x[::-1], "same"),
    "concatenate with a constant": lambda x: np.concatenate([np.ones(2), x]),
    "loop": lambda x: sum(x[i] * x[i - 1] for i in range(len(x))),
    "polynomial": lambda x: np.polyval([1.0, -2.0, 0.5], x),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_of_one_is_a_function_of_many(name: str) -> None:
    function = FUNCTIONS[name]
    found = vmap(function)(X)
    assert type(found) is np.ndarray
    np.testing.assert_allclose(found, each(function, X), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_many_small_lanes(name: str) -> None:
    """So many that they are neighbours in memory."""
    xs = np.random.default_rng(1).normal(size=(300, 3))
    np.testing.assert_allclose(
        vmap(FUNCTIONS[name])(xs), each(FUNCTIONS[name], xs), rtol=1e-9, atol=1e-11
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradient_through_vmap(name: str) -> None:
    """Of a sum over entries: each entry's own gradient."""
    x, alone = Variable(X), Variable(X)
    (vmap(FUNCTIONS[name])(x) ** 2).sum().backward()
    F.add(*((FUNCTIONS[name](row) ** 2).sum() for row in alone)).backward()
    np.testing.assert_allclose(x.grad, alone.grad, rtol=1e-9, atol=1e-10)


def test_axes() -> None:
    outer = vmap(np.multiply, in_axes=(0, None))(X, 2.0)
    np.testing.assert_array_equal(outer, X * 2)
    np.testing.assert_array_equal(vmap(np.sum, in_axes=1)(X), X.sum(axis=0))
    np.testing.assert_array_equal(vmap(np.sum, in_axes=-1)(M), M.sum(axis=(0, 1)))
    np.testing.assert_array_equal(vmap(lambda x: 2 * x, out_axes=1)(X), 2 * X.T)
    np.testing.assert_array_equal(vmap(lambda x: 2 * x, out_axes=-1)(M), np.moveaxis(2 * M, 0, -1))
    np.testing.assert_array_equal(vmap(lambda x: x, in_axes=(1,), out_axes=1)(X), X)


def test_axes_of_a_variable() -> None:
    x = Variable(M)
    y = vmap(lambda a: a @ W, in_axes=2, out_axes=1)(x)
    expected = np.stack([M[:, :, k] @ W for k in range(3)], axis=1)
    np.testing.assert_allclose(y.array, expected)
    y.sum().backward()
    np.testing.assert_allclose(x.grad, np.broadcast_to(W.sum(axis=1)[:, None], (5, 3, 3)))


def test_trees() -> None:
    Pair = namedtuple("Pair", "a b")
    state = {"x": X, "pair": Pair(M, 2.0)}

    def function(state: Any) -> Any:
        x, (a, b) = state["x"], state["pair"]
        return {"moved": a @ x * b, "both": Pair(x, [a])}

    axes = ({"x": 0, "pair": (0, None)},)
    found = vmap(function, in_axes=axes)(state)
    np.testing.assert_allclose(found["moved"], 2 * each(np.matmul, M, X))
    assert type(found["both"]) is Pair
    np.testing.assert_array_equal(found["both"].a, X)
    np.testing.assert_array_equal(found["both"].b[0], M)


def test_a_result_without_lanes_is_repeated_and_can_be_written_to() -> None:
    found = vmap(lambda x: (np.ones(2), 3, x))(X)
    np.testing.assert_array_equal(found[0], np.ones((5, 2)))
    np.testing.assert_array_equal(found[1], np.full(5, 3))
    found[0][0, 0] = 7
    assert found[0].sum() == 16


def test_keywords_are_the_same_for_all() -> None:
    np.testing.assert_array_equal(vmap(np.sum)(M, axis=0), M.sum(axis=1))


def test_a_table_can_be_read_by_an_index_of_each_lane() -> None:
    found = vmap(lambda i, table: table[i], in_axes=(0, None))(np.array([2, 0]), W)
    np.testing.assert_array_equal(found, W[[2, 0]])


def test_nested() -> None:
    pairwise = vmap(vmap(lambda x, y: ((x - y) ** 2).sum(), in_axes=(None, 0)), in_axes=(0, None))
    expected = ((X[:, None] - X[None]) ** 2).sum(-1)
    np.testing.assert_allclose(pairwise(X, X), expected)
    crossed = vmap(lambda x: vmap(lambda y: x @ y)(X))(X)
    np.testing.assert_allclose(crossed, X @ X.T)


def test_nested_over_one_array_axis_by_axis() -> None:
    three = vmap(vmap(vmap(np.exp)))(M)
    np.testing.assert_allclose(three, np.exp(M))
    turned = vmap(vmap(lambda a: a, in_axes=1, out_axes=1), in_axes=2, out_axes=2)(M)
    np.testing.assert_array_equal(turned, M)


def test_closed_over_variables_get_the_sum_over_lanes() -> None:
    w = Variable(W)
    y = vmap(lambda x: np.tanh(w @ x))(X)
    assert isinstance(y, Variable)
    (y**2).sum().backward()
    alone = Variable(W)
    (np.tanh(X @ alone.T) ** 2).sum().backward()
    np.testing.assert_allclose(w.grad, alone.grad)


def test_closed_over_variable_in_nested_lanes() -> None:
    w, v = Variable(W), Variable(X)
    y = vmap(lambda x: vmap(lambda row: (row * x * w[0]).sum())(v))(X)
    y.sum().backward()
    np.testing.assert_allclose(w.grad[0], X.sum(0) * X.sum(0))
    assert not w.grad[1:].any()
    np.testing.assert_allclose(v.grad, np.broadcast_to(X.sum(0) * W[0], X.shape))


def test_second_derivative_of_a_closed_over_variable() -> None:
    w = Variable(W[0])
    y = vmap(lambda x: np.exp(w @ x))(X).sum()
    (g,) = pg.grad([y], [w], enable_double_backprop=True)
    (h,) = pg.grad([g[0]], [w])
    expected = (np.exp(X @ W[0])[:, None] * X[:, :1] * X).sum(0)
    np.testing.assert_allclose(h.array, expected)


def test_a_result_that_is_a_closed_over_variable() -> None:
    w = Variable(W[0])
    vmap(lambda x: w)(X).sum().backward()
    np.testing.assert_array_equal(w.grad, np.full(3, 5.0))


def test_outside_values_are_not_touched() -> None:
    w = Variable(W)
    before = w.node
    vmap(lambda x: w @ x)(X)
    assert w.node is before
    assert w.creator is None


def test_integers_keep_numpys_promotion() -> None:
    n = np.arange(4)
    halves = vmap(lambda i: i / 2)(n)
    assert halves.dtype == np.float64
    np.testing.assert_array_equal(halves, n / 2)
    assert vmap(lambda i: i + 1)(n).dtype == n.dtype
    np.testing.assert_array_equal(vmap(lambda i: i % 2 == 0)(n), n % 2 == 0)
    np.testing.assert_array_equal(vmap(lambda i, x: np.take(x, i))(np.array([0, 2, 1, 0, 2]), X),
                                  X[range(5), [0, 2, 1, 0, 2]])  # fmt: skip


def test_float32_and_complex() -> None:
    assert vmap(lambda x: x * 2.0 + 1)(X.astype("f4")).dtype == np.float32
    z = X + 1j
    np.testing.assert_allclose(vmap(lambda a: a * a)(z), z * z)


def test_index_of_each_lane() -> None:
    index = np.array([[0, 1], [2, 2], [1, 0], [0, 0], [2, 1]])
    x = Variable(M)
    y = vmap(lambda a, i: a[i] * a[0, i][:, None])(x, index)
    expected = each(lambda a, i: a[i] * a[0, i][:, None], M, index)
    np.testing.assert_allclose(y.array, expected)
    columns = vmap(lambda a, i: a[:, i])(M, index)
    np.testing.assert_allclose(columns, each(lambda a, i: a[:, i], M, index))
    cubes = np.random.default_rng(2).normal(size=(5, 3, 3, 3))
    for read in (
        lambda a, i: a[None, i, :, i],
        lambda a, i: a[1:, i[:, None], 0],
        lambda a, i: a[..., i],
        lambda a, i: a[0, :, i],
        lambda a, i: a[np.array([0, 1]), i],
    ):
        np.testing.assert_allclose(vmap(read)(cubes, index), each(read, cubes, index))


def test_assignment_at_an_index_of_each_lane() -> None:
    index = np.array([0, 2, 1, 0, 2])

    def function(x: Any, i: Any) -> Any:
        y = np.zeros_like(x)
        y[i] = x[i] ** 2
        y[1] = 3 * x[0]
        return y

    x = Variable(X)
    y = vmap(function)(x, index)
    np.testing.assert_allclose(y.array, each(function, X, index))
    y.sum().backward()
    alone = Variable(X)
    F.add(*(function(alone[k], int(i)).sum() for k, i in enumerate(index))).backward()
    np.testing.assert_allclose(x.grad, alone.grad)


def test_assignment_into_what_has_no_lanes() -> None:
    def function(x: Any) -> Any:
        y = np.zeros(4, like=w)
        y[1:] = x
        y[0] = w[0]
        return y

    w = Variable(W[0])
    y = vmap(function)(X)
    np.testing.assert_array_equal(y.array[:, 1:], X)
    y.sum().backward()
    np.testing.assert_array_equal(w.grad, [5, 0, 0])


class Cube(FunctionNode):
    """A user's function that knows nothing of lanes, and looks at its numbers."""

    def forward(self, inputs: Any) -> Any:
        (x,) = inputs
        assert type(x) is np.ndarray
        assert float(x.sum()) < 1e9
        self.retain_inputs((0,))
        return (x**3,)

    def backward(self, indexes: Any, grad_outputs: Any) -> Any:
        (x,) = self.get_retained_inputs()
        return (3 * x**2 * grad_outputs[0],)


def test_function_node_of_a_user() -> None:
    x = Variable(X)
    y = vmap(lambda a: Cube().apply((a,))[0])(x)
    np.testing.assert_allclose(y.array, X**3)
    y.sum().backward()
    np.testing.assert_allclose(x.grad, 3 * X**2)


def test_numpy_functions_without_a_rule_go_lane_by_lane() -> None:
    n = np.array([[3, 1, 2], [5, 5, 4]])
    np.testing.assert_array_equal(vmap(np.median)(n), np.median(n, axis=1))
    np.testing.assert_array_equal(vmap(np.add.reduce)(n), n.sum(1))
    np.testing.assert_array_equal(vmap(lambda a: a.std())(n), n.std(axis=1))
    parts = vmap(np.divmod)(n, n[::-1])
    np.testing.assert_array_equal(parts, np.divmod(n, n[::-1]))


def test_ufuncs_of_scipy() -> None:
    special = pytest.importorskip("scipy.special")
    np.testing.assert_allclose(vmap(special.gamma)(np.arange(1, 5)), [1, 1, 2, 6])


def test_no_backprop_mode_records_nothing() -> None:
    with pg.no_backprop_mode():
        y = vmap(np.sin)(Variable(X))
    assert y.creator is None
    np.testing.assert_allclose(y.array, np.sin(X))


def test_no_lanes_at_all() -> None:
    assert vmap(lambda x: x.sum())(np.zeros((0, 3))).shape == (0,)
    with pytest.raises(ValueError, match="no lane to call it for"):
        vmap(lambda i: np.median(i))(np.zeros((0, 3), int))


def test_threads() -> None:
    found: dict[int, Any] = {}

    def work(k: int) -> None:
        found[k] = [vmap(lambda x: x @ W * k)(X) for _ in range(20)][-1]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in range(4):
        np.testing.assert_allclose(found[k], X @ W * k)


def test_the_mode_ends_with_the_call() -> None:
    with pytest.raises(ZeroDivisionError):
        vmap(lambda x: 1 / 0)(X)
    assert pg.config._lift is None
    assert pg.config.plain


ERRORS: dict[str, tuple[Callable[[], Any], type, str]] = {
    "no function": (lambda: vmap(3), TypeError, "expected a function, got a int"),
    "no axis": (lambda: vmap(np.sin)(2.0), pg.InputError, "argument 0 has no axis 0"),
    "axis out of range": (
        lambda: vmap(np.sin, in_axes=2)(X), pg.InputError, "no axis 2 to map over: its shape is"
    ),
    "lengths": (lambda: vmap(np.add)(X, X[:2]), pg.InputError, r"5 \(argument 0\), 2 \(argument 1"),
    "lengths in a tree": (
        lambda: vmap(lambda t: t)({"a": X, "b": X[:1]}), pg.InputError, r"argument 0\['b'\]"
    ),
    "nothing mapped": (lambda: vmap(np.sin, in_axes=None)(X), pg.InputError, "no argument is"),
    "number of axes": (lambda: vmap(np.sin, in_axes=(0, 0))(X), pg.InputError, "one entry an"),
    "out axes": (lambda: vmap(np.sin, out_axes=None)(X), pg.InputError, "out_axes as a number"),
    "out axes beyond": (lambda: vmap(np.sin, out_axes=2)(X), pg.InputError, "from -2 to 1"),
    "out axes below": (lambda: vmap(np.sum, out_axes=-2)(X), pg.InputError, "from -1 to 0"),
    "truth as an axis": (lambda: vmap(np.sin, in_axes=True)(X), pg.InputError, "no axis True"),
    "a list": (lambda: vmap(np.sin)([1.0, 2.0]), pg.InputError, "pass an array"),
    "truth": (
        lambda: vmap(lambda x: x if x.sum() > 0 else -x)(X), pg.GraphCutError, "np.where"
    ),
    "number": (lambda: vmap(lambda x: float(x[0]))(X), pg.GraphCutError, "keep it an array"),
    "plain array": (lambda: vmap(lambda x: np.asarray(x))(X), pg.GraphCutError, "read it after"),
    "index of a list": (
        lambda: vmap(lambda i: [1, 2, 3][i])(np.arange(3)), pg.GraphCutError, "get_item"
    ),
    "index of an array": (
        lambda: vmap(lambda i: np.ones(3)[i])(np.arange(3)), pg.GraphCutError, "get_item"
    ),
    "mask of each lane": (lambda: vmap(lambda x: x[x > 0])(X), IndexError, "np.where"),
    "out": (lambda: vmap(lambda i: np.add(np.ones(3), i, out=np.ones(3)))(M[0].astype(int)),
            TypeError, "use the returned value"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors_say_what_to_do(name: str) -> None:
    call, kind, text = ERRORS[name]
    with pytest.raises(kind, match=text):
        call()


def test_chunks_are_joined() -> None:
    xs = np.random.default_rng(3).normal(size=(10, 3))
    calls = []

    def function(x: Any, t: Any, w: Any) -> Any:
        calls.append(x.array.level.size)
        return {"a": np.outer(x, t["y"]) * w, "b": (x.sum(), 1.0)}

    axes = (0, {"y": 1}, None)
    out = {"a": 1, "b": 0}
    arguments = (xs, {"y": np.cos(xs.T)}, 2.0)
    whole = vmap(function, axes, out, chunk=None)(*arguments)
    parts = vmap(function, axes, out, chunk=4)(*arguments)
    assert calls == [10, 4, 4, 2]
    assert parts["a"].shape == (3, 10, 3)
    np.testing.assert_array_equal(parts["a"], whole["a"])
    for found, expected in zip(parts["b"], whole["b"], strict=True):
        np.testing.assert_array_equal(found, expected)


def test_chunks_of_variables() -> None:
    x, w = Variable(X), Variable(W)
    y = vmap(lambda a: w @ a, out_axes=1, chunk=2)(x)
    assert y.shape == (3, 5)
    (y**2).sum().backward()
    x2, w2 = Variable(X), Variable(W)
    ((w2 @ x2.T) ** 2).sum().backward()
    np.testing.assert_allclose(x.grad, x2.grad)
    np.testing.assert_allclose(w.grad, w2.grad)


def test_very_many_entries_go_in_chunks_by_themselves() -> None:
    xs = np.random.default_rng(4).normal(size=(300_001, 2))
    sizes = []

    def function(x: Any) -> Any:
        sizes.append(x.array.level.size)
        return x @ x, x * 2

    squares, doubled = vmap(function)(xs)
    assert len(sizes) > 1
    assert sum(sizes) == len(xs)
    np.testing.assert_allclose(squares, (xs**2).sum(1))
    np.testing.assert_array_equal(doubled, 2 * xs)


def test_a_chunk_must_be_a_size() -> None:
    with pytest.raises(pg.InputError, match="chunk as a positive number"):
        vmap(np.sin, chunk=0)


def test_reductions_with_further_arguments() -> None:
    n = np.arange(12).reshape(4, 3)
    np.testing.assert_array_equal(vmap(lambda a: np.sum(a, 0, float))(n), n.sum(1, float))
    np.testing.assert_array_equal(vmap(lambda a: a.sum(dtype="f4"))(n), n.sum(1))
    np.testing.assert_array_equal(vmap(lambda a: a.max(initial=5))(n), np.maximum(n.max(1), 5))
    odd = vmap(lambda a: np.sum(a, where=a % 2 == 1))(n)
    np.testing.assert_array_equal(odd, (n * (n % 2)).sum(1))


# A part of what was computed, and its derivative along t.
PARTS: dict[str, tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]] = {
    "slice": (lambda x: np.sin(x)[:1], lambda x, t: (np.cos(x) * t)[:1]),
    "number": (lambda x: np.exp(x)[1], lambda x, t: np.exp(x[1]) * t[1]),
    "max": (lambda x: np.max(x**3), lambda x, t: (3 * x**2 * t)[np.argmax(x)]),
    "where": (lambda x: np.where(x > 0, x**2, 0.0), lambda x, t: np.where(x > 0, 2 * x * t, 0)),
    "maximum": (lambda x: np.maximum(x**2, 0.1), lambda x, t: (x**2 > 0.1) * 2 * x * t),
    "clip": (lambda x: np.clip(x, -0.5, 0.5), lambda x, t: (abs(x) < 0.5) * t),
    "sort": (lambda x: np.sort(x)[0], lambda x, t: t[np.argmin(x)]),
    "assigned": (lambda x: np.tril(np.outer(x, x))[1], lambda x, t: np.array([*_both(x, t), 0])),
    "eigenvalue": (
        lambda x: np.linalg.eigvalsh(np.outer(x, x))[-1],
        lambda x, t: 2 * x @ t,
    ),
}


def _both(x: Any, t: Any) -> Any:
    return x[1] * t[:2] + t[1] * x[:2]


@pytest.mark.parametrize("name", PARTS)
def test_the_derivative_forward_of_a_part(name: str) -> None:
    f, along = PARTS[name]
    ts = np.cos(np.arange(15.0)).reshape(X.shape)
    found = vmap(lambda x, t: jvp(f, (x,), (t,))[1])(X, ts)
    np.testing.assert_allclose(found, each(along, X, ts), atol=1e-12)
    # The same by hand: a pass back is linear in its cotangent, also where that is 0.
    shape = np.shape(f(X[0]))

    def twice(x: Any, t: Any) -> Any:
        return grad(lambda w: np.sum(vjp(f, x)[1](w)[0] * t))(np.zeros(shape) + 0 * x[0])

    np.testing.assert_allclose(vmap(twice)(X, ts), each(along, X, ts), atol=1e-12)


@pytest.mark.parametrize(
    "describe",
    [
        np.shape,
        np.ndim,
        np.size,
        np.iscomplexobj,
        np.isrealobj,
        np.result_type,
        np.min_scalar_type,
        np.common_type,
        lambda x: np.can_cast(x.dtype, "f"),
        lambda x: np.einsum_path("ij,jk", x, x)[0],
        lambda x: tuple(part.tolist() for part in np.tril_indices_from(x)),
        lambda x: tuple(part.tolist() for part in np.triu_indices_from(x)),
        lambda x: tuple(part.tolist() for part in np.diag_indices_from(x)),
    ],
)
def test_what_describes_an_array_is_one_answer_for_all_lanes(describe: Any) -> None:
    told: list[Any] = []

    def f(x: Any) -> Any:
        told.append(describe(x))
        return np.ones(np.shape(x)) * x

    np.testing.assert_array_equal(vmap(f)(M), M)
    np.testing.assert_array_equal(vmap(grad(lambda x: np.sum(f(x))))(M), np.ones_like(M))
    assert told == [describe(M[0])] * 2
