"""Chainer 7.8.1 beside reductions, activations, losses and the rest of elementwise functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground
from tests.differential.both import Raised, assert_same, chainer, raised, run
from tests.differential.test_functions import TOLERANCE, Row, _outcome

M, T, IMAGE = (2, 3), (2, 3, 4), (2, 3, 2, 2)
BINARY_LABELS = np.array([[1, 0, -1], [0, 1, 1]], "i")
LABELS = np.array([2, -1, 0, 1], "i")
IMAGE_LABELS = np.array([[[0, 2], [1, -1]], [[2, 2], [-1, 1]]], "i")
WEIGHTS = [0.5, 1.0, 2.0]
ORDERS = (np.array([1], "i"), np.array([2, 1, 3], "i"))
EXPONENTS = (np.array([2.0], "f"), np.array([2.5, 1.5, 3.0], "f"))
PROBABILITIES = [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]]


def plain(name: str, low: float = -2.0, high: float = 2.0, **options: Any) -> list[Row]:
    """A function of one array, with options, of several shapes."""

    def call(F: Any, x: Any) -> Any:
        return getattr(F, name)(x, **options)

    return [Row(name, call, (shape,), low, high) for shape in (M, T, (4, 1))]


def reduced(name: str, *axes: Any, **options: Any) -> list[Row]:
    """A function along axes."""
    return [
        Row(name, lambda F, x, a=axis: getattr(F, name)(x, axis=a, **options), (shape,), 0.4, 2)
        for axis in axes
        for shape in (M, T)
    ]


def with_labels(name: str, shape: tuple[int, ...], t: Any, **options: Any) -> Row:
    def call(F: Any, x: Any) -> Any:
        return getattr(F, name)(x, t, **options)

    return Row(name, call, (shape,), second=options.pop("second", True))


def cross_entropy(shape: tuple[int, ...], t: Any, weighted: bool = False, **options: Any) -> Row:
    def call(F: Any, x: Any) -> Any:
        weight = np.array(WEIGHTS, x.dtype) if weighted else None
        return F.softmax_cross_entropy(
            x, t, class_weight=weight, enable_double_backprop=True, **options
        )

    return Row("softmax_cross_entropy", call, (shape,))


def soft_cross_entropy(**options: Any) -> Row:
    def call(F: Any, x: Any) -> Any:
        return F.softmax_cross_entropy(x, np.array(PROBABILITIES, x.dtype), **options)

    # Chainer has no second derivative for probabilities.
    return Row("softmax_cross_entropy", call, (M,), second=False)


ELEMENTWISE = [
    *plain("arctanh", -0.9, 0.9),
    *plain("fix"),
    Row("fmod", lambda F, x, y: F.fmod(x, y), (M, M), 0.5, 3),
    Row("squared_difference", lambda F, x, y: F.squared_difference(x, y), (M, M)),
    Row("linear_interpolate", lambda F, p, x, y: F.linear_interpolate(p, x, y), (M, M, M)),
    Row("bias", lambda F, x, y: F.bias(x, y), (T, (3,))),
    Row("bias", lambda F, x, y: F.bias(x, y, axis=0), (T, M)),
    Row("scale", lambda F, x, y: F.scale(x, y), (T, (3, 4))),
    Row("scale", lambda F, x, y: F.scale(x, y, 2), (T, (4,))),
]

SPECIAL = [
    *(row for name in ("erf", "erfc", "erfcx", "ndtr", "log_ndtr") for row in plain(name)),
    *plain("erfinv", -0.8, 0.8),
    *plain("erfcinv", 0.3, 1.7),
    *plain("ndtri", 0.1, 0.9),
    *plain("lgamma", 0.5, 3),
    *plain("digamma", 0.5, 3),
    *(Row("polygamma", lambda F, x, n=n: F.polygamma(n, x), (M,), 0.5, 3) for n in ORDERS),
    *(Row("zeta", lambda F, q, x=x: F.zeta(x, q), (M,), 0.5, 3) for x in EXPONENTS),
]

REDUCTIONS = [
    *reduced("prod", None, 0, -1, (0, 1)),
    *reduced("prod", 1, keepdims=True),
    *reduced("cumsum", None, 0, -1),
    Row("cumprod", lambda F, x: F.cumprod(x), (M,), 0.4, 2),
    *reduced("cumprod", 0, -1),
    *reduced("logsumexp", None, 0, -1, (0, 1)),
    *plain("batch_l2_norm_squared"),
]

ACTIVATIONS = [
    *plain("sigmoid"),
    *plain("relu"),
    *plain("relu6", -3, 9),
    *plain("clipped_relu", z=1.0),
    *plain("leaky_relu"),
    *plain("leaky_relu", slope=0.7),
    *plain("elu"),
    *plain("elu", alpha=0.3),
    *plain("selu"),
    *plain("crelu"),
    *plain("crelu", axis=-1),
    *plain("softplus"),
    *plain("softplus", beta=3.0),
    *plain("hard_sigmoid", -4, 4),
    *plain("softmax"),
    *plain("softmax", axis=0),
    *plain("log_softmax"),
    *plain("log_softmax", axis=-1),
    Row("maxout", lambda F, x: F.maxout(x, 2), ((3, 4),)),
    Row("maxout", lambda F, x: F.maxout(x, 3, axis=0), ((6, 2),)),
    Row("prelu", lambda F, x, w: F.prelu(x, w), (M, (3,))),
    Row("prelu", lambda F, x, w: F.prelu(x, w), (T, (3, 4))),
    Row("swish", lambda F, x, b: F.swish(x, b), (M, (3,))),
    Row("swish", lambda F, x, b: F.swish(x, b), (T, (3,))),
]

DISTANCES = ("squared_error", "absolute_error", "mean_squared_error", "mean_absolute_error")
REDUCE = ("sum", "mean", "no")
LOSSES = [
    *(Row(n, lambda F, x, y, n=n: getattr(F, n)(x, y), (shape, shape)) for n in DISTANCES
      for shape in (M, ())),
    Row("huber_loss", lambda F, x, t: F.huber_loss(x, t, 1.0), (M, M)),
    Row("huber_loss", lambda F, x, t: F.huber_loss(x, t, 0.5, reduce="no"), (T, T)),
    with_labels("sigmoid_cross_entropy", M, BINARY_LABELS),
    with_labels("sigmoid_cross_entropy", M, BINARY_LABELS, normalize=False),
    with_labels("sigmoid_cross_entropy", M, BINARY_LABELS, reduce="no"),
    cross_entropy((4, 3), LABELS),
    cross_entropy((4, 3), LABELS, normalize=False),
    cross_entropy((4, 3), LABELS, reduce="no"),
    cross_entropy((4, 3), np.array([2, 1, 0, 2], "i"), ignore_label=2),
    cross_entropy((4, 3), LABELS, weighted=True),
    cross_entropy(IMAGE, IMAGE_LABELS),
    cross_entropy(IMAGE, IMAGE_LABELS, weighted=True, reduce="no"),
    soft_cross_entropy(),
    soft_cross_entropy(reduce="no"),
    soft_cross_entropy(soft_target_loss="kl-divergence"),
    with_labels("hinge", (4, 3), LABELS % 3, second=False),
    with_labels("hinge", (4, 3), LABELS % 3, norm="L2", second=False),
    with_labels("hinge", (4, 3), LABELS % 3, reduce="no", second=False),
    *(Row("bernoulli_nll", lambda F, x, y, r=r: F.bernoulli_nll(x, y, r), (M, M)) for r in REDUCE),
    *(Row("gaussian_nll", lambda F, x, m, v, r=r: F.gaussian_nll(x, m, v, r), (M, M, M))
      for r in REDUCE),
    *(Row("gaussian_kl_divergence", lambda F, m, v, r=r: F.gaussian_kl_divergence(m, v, r), (M, M))
      for r in REDUCE),
]  # fmt: skip

ROWS = [*ELEMENTWISE, *SPECIAL, *REDUCTIONS, *ACTIVATIONS, *LOSSES]
every_row = pytest.mark.parametrize("row", ROWS, ids=[f"{i}-{r.name}" for i, r in enumerate(ROWS)])


@pytest.mark.parametrize("dtype", "efd")
@every_row
def test_values_and_gradients(row: Row, dtype: str) -> None:
    ours, theirs = (run(lambda e: _outcome(e, row, dtype), e) for e in (playground, chainer))
    assert_same(ours, theirs, TOLERANCE[dtype])


@every_row
def test_plain_arrays_are_accepted(row: Row) -> None:
    def script(engine: Any) -> Any:
        y = row.call(engine.functions, *row.arrays("f"))
        return isinstance(y, engine.Variable), y, y.requires_grad

    assert_same(run(script, playground), run(script, chainer), 1e-5)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@pytest.mark.parametrize("axis", [None, 0, -1])
def test_indexes(name: str, axis: int | None) -> None:
    """Of the first of equal elements. Chainer's claim a gradient, which they cannot have."""
    x = np.array([[1, 3, 3], [0, 0, 3]], "f")

    def script(engine: Any) -> Any:
        return getattr(engine.functions, name)(engine.Variable(x), axis)

    assert_same(run(script, playground), run(script, chainer))
    assert not script(playground).requires_grad


# -------------------------------------------------------------------- ties, zeros, extremes

POINTS: dict[str, tuple[Callable[..., Any], list[Any]]] = {
    "relu": (lambda F, x: F.relu(x), [[-1, 0, -0.0, 2]]),
    "leaky_relu": (lambda F, x: F.leaky_relu(x), [[-1, 0, 2]]),
    "elu": (lambda F, x: F.elu(x), [[-1, 0, 2, 900]]),
    "clipped_relu": (lambda F, x: F.clipped_relu(x, 1.0), [[-1, 0, 0.5, 1, 2]]),
    "hard_sigmoid": (lambda F, x: F.hard_sigmoid(x), [[-3, -2.5, 0, 2.5, 3]]),
    "prelu": (lambda F, x, w: F.prelu(x, w), [[[-1, 0, 2]], [0.5, 0.5, 0.5]]),
    "softplus": (lambda F, x: F.softplus(x), [[-700, 0, 700]]),
    "sigmoid": (lambda F, x: F.sigmoid(x), [[-800, 0, 800]]),
    "log_softmax": (lambda F, x: F.log_softmax(x), [[[1000, 0, -1000], [0, 0, 0]]]),
    "softmax": (lambda F, x: F.softmax(x), [[[1000, 0, -1000], [3, 3, 3]]]),
    "logsumexp": (lambda F, x: F.logsumexp(x, 1), [[[1000, 0, -1000], [3, 3, 3]]]),
    "logsumexp with -inf": (lambda F, x: F.logsumexp(x, 1), [[[1, -np.inf, 2]]]),
    "absolute_error": (lambda F, x, y: F.absolute_error(x, y), [[1, 2], [1, 3]]),
    "huber_loss": (lambda F, x, y: F.huber_loss(x, y, 1, "no"), [[[1, 2, 3]], [[1, 1, 1]]]),
    "hinge": (lambda F, x: F.hinge(x, np.array([0, 1], "i")), [[[1, -1], [2, 1]]]),
    "maxout": (lambda F, x: F.maxout(x, 2), [[[1, 1, 0, 2]]]),
    "prod of zeros": (lambda F, x: F.prod(x, 1), [[[0, 2, 3], [0, 0, 3], [0, 0, 0]]]),
    "cumprod of zeros": (lambda F, x: F.cumprod(x, 1), [[[0, 2, 3], [2, 0, 3], [0, 0, 3]]]),
    "all ignored": (
        lambda F, x: F.softmax_cross_entropy(x, np.array([-1, -1], "i")),
        [[[1, 2], [3, 4]]],
    ),
    "fix": (lambda F, x: F.fix(x), [[-1.5, -0.5, 0.5, 1.5]]),
}


@pytest.mark.parametrize("name", POINTS)
def test_where_a_rule_must_be_chosen(name: str) -> None:
    call, points = POINTS[name]

    def script(engine: Any) -> Any:
        xs = [engine.Variable(np.array(p, "d")) for p in points]
        y = call(engine.functions, *xs)
        if not y.requires_grad:
            return y
        y.grad = np.ones_like(y.array)
        y.backward()
        return y, [x.grad for x in xs]

    assert_same(run(script, playground), run(script, chainer), 1e-14)


@pytest.mark.parametrize("name", ["prod", "cumprod"])
@pytest.mark.parametrize("zeros", [(), (1,), (0, 2), (0, 1, 3)])
def test_second_derivatives_of_products_with_zeros(name: str, zeros: tuple[int, ...]) -> None:
    values = np.array([2.0, -1.5, 0.5, 3.0])
    values[list(zeros)] = 0

    def script(engine: Any) -> Any:
        x = engine.Variable(values)
        y = getattr(engine.functions, name)(x)
        (gx,) = engine.grad(
            [y], [x], [engine.Variable(np.ones(y.shape))], enable_double_backprop=True
        )
        weights = engine.Variable(np.array([1.0, -2.0, 3.0, 0.5]))
        return engine.grad([gx], [x], [weights])[0]

    assert_same(run(script, playground), run(script, chainer), 1e-13)


# ----------------------------------------------------------------------------------- errors


def _v(engine: Any, *shape: int, dtype: str = "f") -> Any:
    return engine.Variable(np.ones(shape, dtype))


ERRORS: dict[str, Callable[[Any], Any]] = {
    "shapes of mean_squared_error": lambda e: e.functions.mean_squared_error(_v(e, 2), _v(e, 3)),
    "dtypes of mean_squared_error": lambda e: e.functions.mean_squared_error(
        _v(e, 2), _v(e, 2, dtype="d")
    ),
    "broadcast absolute_error": lambda e: e.functions.absolute_error(_v(e, 2, 3), _v(e, 3)),
    "shapes of huber_loss": lambda e: e.functions.huber_loss(_v(e, 2, 3), _v(e, 3), 1.0),
    "reduce of huber_loss": lambda e: e.functions.huber_loss(_v(e, 2, 3), _v(e, 2, 3), 1, "mean"),
    "axis of prod": lambda e: e.functions.prod(_v(e, 2, 3), axis=2),
    "axis of cumsum": lambda e: e.functions.cumsum(_v(e, 2, 3), axis=2),
    "axis of cumprod": lambda e: e.functions.cumprod(_v(e, 2, 3), axis=-3),
    "axis of logsumexp": lambda e: e.functions.logsumexp(_v(e, 2, 3), axis=(0, 2)),
    "double axis of prod": lambda e: e.functions.prod(_v(e, 2, 3), axis=(0, 0)),
    "reduce of softmax_cross_entropy": lambda e: e.functions.softmax_cross_entropy(
        _v(e, 2, 3), np.zeros(2, "i"), reduce="sum"
    ),
    "kind of soft targets": lambda e: e.functions.softmax_cross_entropy(
        _v(e, 2, 3), np.zeros((2, 3), "f"), soft_target_loss="mse"
    ),
    "class weights as a Variable": lambda e: e.functions.softmax_cross_entropy(
        _v(e, 2, 3), np.zeros(2, "i"), class_weight=_v(e, 3)
    ),
    "class weights of two dimensions": lambda e: e.functions.softmax_cross_entropy(
        _v(e, 2, 3), np.zeros(2, "i"), class_weight=np.ones((1, 3), "f")
    ),
    "real labels of sigmoid_cross_entropy": lambda e: e.functions.sigmoid_cross_entropy(
        _v(e, 2, 3), np.ones((2, 3), "f")
    ),
    "norm of hinge": lambda e: e.functions.hinge(_v(e, 2, 3), np.zeros(2, "i"), norm="L3"),
    "labels of hinge": lambda e: e.functions.hinge(_v(e, 2, 3), np.zeros(3, "i")),
    "reduce of bernoulli_nll": lambda e: e.functions.bernoulli_nll(_v(e, 2), _v(e, 2), "avg"),
    "weights of prelu": lambda e: e.functions.prelu(_v(e, 2, 3), _v(e, 2)),
    "beta of swish": lambda e: e.functions.swish(_v(e, 2, 3), _v(e, 2)),
    "pool of maxout": lambda e: e.functions.maxout(_v(e, 2, 3), 2),
    "shapes of linear_interpolate": lambda e: e.functions.linear_interpolate(
        _v(e, 2), _v(e, 3), _v(e, 2)
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    ours, theirs = (
        run(lambda e: raised(lambda: ERRORS[name](e)), e) for e in (playground, chainer)
    )
    assert isinstance(theirs, Raised)
    assert_same(ours, theirs)
