"""Rules at their edges: no elements, leading zeros, steps alone, values without a gradient."""

import math
import warnings
from typing import Any

import numpy as np
import pytest

from playground import InvalidType, Variable, no_backprop_mode
from playground.transforms import grad, hessian, jacobian, jvp, vjp, vmap

X = np.array([0.5, 1.5])

# Functions of steps: their results need no gradient, whatever is computed from them.
STEPS = {
    "floor": lambda x: np.sin(np.floor(x)),
    "sign": lambda x: np.exp(np.sign(x)) * 2,
    "rint": lambda x: np.eye(2) @ np.rint(x),
    "trunc": lambda x: np.cumsum(np.trunc(x)) ** 2,
    "ceil": lambda x: np.linalg.inv(np.diag(np.ceil(x))),
    "fix": lambda x: np.sqrt(np.fix(x)),
    "divmod": lambda x: np.hypot(np.divmod(x, 0.4)[0], 1.0),
    "modf": lambda x: np.sin(np.modf(x)[1]),
    "floor_divide": lambda x: np.einsum("i,i", x // 0.4, x // 0.4),
    "zeros_like": lambda x: np.cos(np.zeros_like(x)),
    "a comparison": lambda x: np.sin((x > 1) * 1.0),
    "heaviside": lambda x: np.tanh(np.heaviside(x - 1, 0.5)),
}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.filterwarnings("ignore:.*does not depend on argument")
def test_a_function_of_steps_alone_has_the_derivative_zero(name):
    f = STEPS[name]
    value, tangent = jvp(f, (X,), (np.ones(2),))
    np.testing.assert_array_equal(value, f(X))
    np.testing.assert_array_equal(tangent, np.zeros_like(f(X)))
    np.testing.assert_array_equal(vjp(f, X)[1](f(X))[0], [0, 0])
    lanes = vmap(lambda x: jvp(f, (x,), (x,))[1])(np.stack([X, X + 1]))
    np.testing.assert_array_equal(lanes, np.zeros((2, *np.shape(f(X)))))


def test_a_step_beside_a_slope():
    # Of (sin(floor(x)), x floor(x)) the second has a derivative, floor(x), and the first has none.
    value, tangent = jvp(lambda x: (np.sin(np.floor(x)), x * np.floor(x)), (X,), (np.ones(2),))
    np.testing.assert_array_equal(value[1], [0, 1.5])
    np.testing.assert_array_equal(tangent[0], [0, 0])
    np.testing.assert_array_equal(tangent[1], [0, 1])
    quotient, rest = jvp(lambda x: np.divmod(x, 0.4), (X,), (np.ones(2),))[1]
    np.testing.assert_array_equal([quotient, rest], [[0, 0], [1, 1]])
    part, whole = jvp(np.modf, (X,), (np.ones(2),))[1]
    np.testing.assert_array_equal([part, whole], [[1, 1], [0, 0]])


CONTRACTIONS = {
    "matmul": (np.matmul, (2, 0), (0, 2)),
    "matmul of a row": (np.matmul, (0,), (0, 2)),
    "matmul with a column": (np.matmul, (2, 0), (0,)),
    "dot": (np.dot, (0,), (0,)),
    "inner": (np.inner, (2, 0), (3, 0)),
    "tensordot": (lambda a, b: np.tensordot(a, b, 1), (1, 0), (0, 1)),
    "einsum": (lambda a, b: np.einsum("ij,jk", a, b), (2, 0), (0, 3)),
    "vecdot": (np.vecdot, (2, 0), (2, 0)),
}


@pytest.mark.parametrize("lanes", [1, 2, 300])
@pytest.mark.parametrize("inner", [False, True])
@pytest.mark.parametrize("name", CONTRACTIONS)
def test_lanes_of_a_sum_over_nothing(name, inner, lanes):
    f, *shapes = CONTRACTIONS[name]
    axis = -1 if inner else 0
    a, b = (np.zeros((*s, lanes) if inner else (lanes, *s)) for s in shapes)
    expected = f(*map(np.zeros, shapes))
    found = vmap(f, axis)(a, b)
    np.testing.assert_array_equal(found, np.zeros((lanes, *expected.shape)))
    by_a = vmap(jacobian(f), axis)(a, b)
    assert by_a.shape == (lanes, *expected.shape, *shapes[0])


POLYNOMIALS = [
    ([0, 0, 1, 2], [1, 2]),
    ([1, 2], [0, 0, 3]),
    ([0, 1, 2], [0, 0, 3, 0]),
    ([0, 0], [1, 2]),
    ([0], []),
    (3, [1, 2]),
    ([], [0, 5]),
    ([1, -1, 0], [2]),
]


@pytest.mark.parametrize("name", ["polymul", "polyadd", "polysub"])
@pytest.mark.parametrize(("p", "q"), POLYNOMIALS)
def test_polynomials_have_numpys_length(name, p, q):
    f, p, q = getattr(np, name), np.array(p, float), np.array(q, float)
    np.testing.assert_array_equal(f(Variable(p), q).array, f(p, q))
    np.testing.assert_array_equal(f(p, Variable(q)).array, f(p, q))


def test_the_gradient_of_a_product_with_leading_zeros():
    # (p1 x + p2)(x + 2) with p0 = 0: the coefficients p1, p2 + 2 p1, 2 p2.
    found = jacobian(np.polymul)(np.array([0.0, 1.0, 3.0]), np.array([1.0, 2.0]))
    np.testing.assert_array_equal(found, [[0, 1, 0], [0, 2, 1], [0, 0, 2]])
    lanes = np.array([[1.0, 2.0], [3.0, 4.0]])
    found = vmap(lambda p: np.polymul(p, np.array([1.0, 1.0])))(lanes)
    np.testing.assert_array_equal(found, [[1, 3, 2], [3, 7, 4]])
    with pytest.raises(InvalidType, match="convolve"):
        vmap(lambda p: np.polymul(p, p))(np.array([[0.0, 2.0], [3.0, 4.0]]))


DIVIDED = [
    ([2.0, 3.3, -1.0, 4.0], [1.0, 2.0, 0.5]),
    ([1.0, -3.0, 2.0], [1.0, -1.0]),  # without a remainder
    ([1.0, 2.0], [3.0, 1.0, 4.0]),  # the divisor is the longer one
    ([0.0, 0.0, 1.0, 2.0], [2.0, 1.0]),
    ([1.0, 0.0, 0.0, 0.0, -1.0], [1.0, 0.0, 1.0]),
    ([4.0, 2.0], [2.0]),
    ([0.0, 3.0], [1.0, 1.0, 1.0]),
    ([3.0], [0.1]),
]


@pytest.mark.parametrize(("u", "v"), DIVIDED)
def test_quotient_and_remainder_are_numpys_to_the_last_bit(u, v):
    u, v = np.array(u), np.array(v)
    for found in (np.polydiv(Variable(u), v), np.polydiv(u, Variable(v))):
        for mine, theirs in zip(found, np.polydiv(u, v), strict=True):
            np.testing.assert_array_equal(mine.array, theirs)


def test_derivatives_of_a_division():
    # (a x + b) / (c x + d): quotient a / c, remainder b - a d / c.
    u, v = np.array([3.0, 5.0]), np.array([2.0, 7.0])
    by_u, rest_by_u = jacobian(np.polydiv)(u, v)
    np.testing.assert_allclose(by_u, [[1 / 2, 0]], rtol=1e-15)
    np.testing.assert_allclose(rest_by_u, [[-7 / 2, 1]], rtol=1e-15)
    by_v, rest_by_v = jacobian(np.polydiv, argnums=1)(u, v)
    np.testing.assert_allclose(by_v, [[-3 / 4, 0]], rtol=1e-15)
    np.testing.assert_allclose(rest_by_v, [[3 * 7 / 4, -3 / 2]], rtol=1e-15)
    second = hessian(lambda v: np.polydiv(u, v)[1].sum())(v)
    np.testing.assert_allclose(second, [[-2 * 3 * 7 / 8, 3 / 4], [3 / 4, 0]], rtol=1e-15)
    many = np.stack([u, u + 1])
    for found, expected in zip(
        vmap(np.polydiv, in_axes=(0, None))(many, v),
        ([[1.5], [2.0]], [[-5.5], [-8.0]]),
        strict=True,
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-15)


def test_divisions_that_make_no_sense():
    with pytest.raises(IndexError, match="polydiv"):
        np.polydiv(Variable(np.ones((2, 2))), [1.0])
    with pytest.raises(IndexError, match="polydiv"):
        np.polydiv(Variable(np.ones(2)), np.ones(0))
    with pytest.raises(InvalidType, match="one length in all lanes"):
        # (x + 1) and (2 x + 1) as remainders of x ** 2 + …: in the first lane x drops out.
        vmap(np.polydiv, in_axes=(0, None))(
            np.array([[1.0, 0.0, 1.0], [1.0, 2.0, 1.0]]), np.array([1.0, 0.0, 1.0])
        )


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
@pytest.mark.parametrize(
    "name", ["median", "nanmedian", "nanquantile", "quantile", "nanpercentile"]
)
def test_a_choice_among_no_elements_is_numpys(name, shape):
    x, more = np.ones(shape), (np.array([0.2, 0.5]),) if "ile" in name else ()
    for axis in (None, 0, -1):
        for keepdims in (False, True):
            f = lambda x, k=keepdims, a=axis: getattr(np, name)(x, *more, axis=a, keepdims=k)  # noqa: E731
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    expected = f(x)
                except IndexError:
                    with pytest.raises(IndexError, match=name):
                        f(Variable(x))
                    continue
                found = f(Variable(x))
            np.testing.assert_array_equal(found.array, expected)
            assert found.shape == np.shape(expected)
            assert grad(lambda x, f=f: np.sum(f(x)))(x).shape == shape


@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (3, 3), (2, 3, 2)])
def test_factors_without_a_derivative_have_their_values(shape):
    x = np.random.default_rng(0).standard_normal(shape)
    calls = [lambda x, m=m: np.linalg.qr(x, m) for m in ("complete", "raw", "reduced")]
    for f in (*calls, np.linalg.svd):
        if shape == (2, 3, 2) and f is calls[1]:
            continue
        for found in (f(Variable(x, requires_grad=False)), _unrecorded(f, x)):
            for part, expected in zip(found, f(x), strict=True):
                np.testing.assert_array_equal(part.array, expected)
    for mode in ("complete", "raw"):
        with pytest.raises(ValueError, match=rf"qr: mode '{mode}' has no derivative"):
            np.linalg.qr(Variable(x), mode)


def _unrecorded(f, x):
    with no_backprop_mode():
        return f(Variable(x))


@pytest.mark.filterwarnings("ignore:.*divide by zero", "ignore:.*does not depend")
@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3), (0, 0), (2, 0, 3)])
@pytest.mark.parametrize("order", [None, math.inf, -math.inf, 1, -1, 2, 3, 0, "fro", "nuc"])
def test_norms_of_nothing(order: Any, shape: tuple[int, ...]) -> None:
    """NumPy's values, and an error where NumPy has one."""
    x = np.zeros(shape)
    for f in (
        lambda x: np.linalg.norm(x, order),
        lambda x: np.linalg.norm(x, order, axis=-1),
        lambda x: np.linalg.norm(x, order, axis=(0, 1), keepdims=True),
        lambda x: np.linalg.vector_norm(x, ord=order),
        lambda x: np.linalg.vector_norm(x, ord=order, axis=0, keepdims=True),
        lambda x: np.linalg.matrix_norm(x, ord=order),
        lambda x: np.linalg.cond(x, order),
    ):
        try:
            expected = f(x)
        except ValueError as error:
            with pytest.raises(ValueError):  # noqa: PT011 (of the same kind, whatever it says)
                f(Variable(x))
            if isinstance(error, np.linalg.LinAlgError):
                with pytest.raises(np.linalg.LinAlgError):
                    f(Variable(x))
            continue
        found = f(Variable(x))
        np.testing.assert_array_equal(found.array, expected)
        assert found.shape == np.shape(expected)
        assert grad(lambda x, f=f: np.sum(f(x)))(x).shape == shape


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize(
    "f",
    [
        np.diag,
        np.diagflat,
        lambda x: np.diag(x, -1),
        lambda x: np.modf(abs(x))[0],
        lambda x: np.modf(x)[1],
        lambda x: np.tril(np.stack([x, x])),
        lambda x: np.pad(x, 1, "edge"),
        lambda x: np.insert(x, 1, -0.0),
    ],
)
def test_what_only_moves_keeps_signs_of_zero_and_nan(f: Any) -> None:
    x = np.array([-0.0, 0.0, -0.0, 1.5, np.nan, np.inf])
    found, expected = f(Variable(x)).array, f(x)
    np.testing.assert_array_equal(found, expected)
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(found)[known], np.signbit(expected)[known])


COORDINATES = np.array([0.0, 0.3, 1.0, 1.2, 4.0])
SPACED: dict[str, tuple[Any, ...]] = {
    "none": (),
    "a number": (0.3,),
    "coordinates": (COORDINATES,),
    "coordinates at equal distances": (np.arange(5.0) * 2,),
}


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("name", SPACED)
def test_differences_are_those_of_numpy_to_the_last_bit(name, edge_order):
    """Of equal samples the slope is 0, or a rounding: whatever follows must meet the same one."""
    spacing, rng = SPACED[name], np.random.default_rng(0)
    samples = [np.full(5, 0.5), np.full(5, 0.7), rng.normal(size=5), np.exp(rng.normal(size=5))]
    for x in samples + [x.astype("f") for x in samples]:
        spaced = tuple(np.asarray(h).astype(x.dtype) for h in spacing)
        expected = np.gradient(x, *spaced, edge_order=edge_order)
        found = np.gradient(Variable(x), *spaced, edge_order=edge_order)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found.array, expected)
        table = np.stack([x, x[::-1]])
        found = np.gradient(Variable(table), *spaced, axis=1, edge_order=edge_order)
        np.testing.assert_array_equal(
            found.array, np.gradient(table, *spaced, axis=1, edge_order=edge_order)
        )


def test_differences_move_with_their_coordinates():
    """Coordinates at equal distances are not taken for one distance where somebody moves them."""
    step, y = 1e-6, COORDINATES**2
    for t in (COORDINATES, np.arange(5.0)):
        slopes = jacobian(lambda t: np.gradient(y, t, edge_order=2))(t)
        for i in range(5):
            moved = [t + sign * step * (np.arange(5) == i) for sign in (1, -1)]
            ahead, back = (np.gradient(y, x, edge_order=2) for x in moved)
            np.testing.assert_allclose(slopes[:, i], (ahead - back) / (2 * step), atol=1e-7)
