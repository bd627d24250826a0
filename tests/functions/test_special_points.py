"""Zeros, infinities, NaN and far tails of elementwise functions, reductions and losses.

And what is refused here: each case raises in the name of its function and says what to do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground as pg
import playground.functions as F
from playground import NoRuleError, Variable, transforms

INF, NAN = math.inf, math.nan


def leaf(*values: Any) -> Variable:
    return Variable(np.array(values, float))


def gradient(call: Callable[[Variable], Variable], *values: Any) -> np.ndarray:
    """Of the sum of what ``call`` returns."""
    x = leaf(*values)
    F.sum(call(x)).backward()
    return x.grad


def hessian(call: Callable[[Variable], Variable], *values: Any) -> np.ndarray:
    x = leaf(*values)
    (gx,) = pg.grad([F.sum(call(x))], [x], enable_double_backprop=True)
    rows = [pg.grad([gx[i]], [x])[0] for i in range(len(values))]
    return np.array([np.zeros(len(values)) if row is None else row.array for row in rows])


# ----------------------------------------------------------------------- products and zeros


@pytest.mark.parametrize("values", [(2.0, 3.0, 5.0), (0.0, 3.0, 5.0), (0.0, 0.0, 5.0), (0.0,) * 3])
def test_second_derivatives_of_a_product_are_products_of_the_others(
    values: tuple[float, float, float],
) -> None:
    x, y, z = values
    expected = [[0, z, y], [z, 0, x], [y, x, 0]]
    np.testing.assert_allclose(hessian(np.prod, *values), expected, rtol=1e-15)
    # Sum of x, xy and xyz.
    running = [[0, 1 + z, y], [1 + z, 0, x], [y, x, 0]]
    np.testing.assert_allclose(hessian(np.cumprod, *values), running, rtol=1e-15)


def test_third_derivative_of_a_product_at_zero() -> None:
    x = leaf(0.0, 0.0, 0.0)
    g = np.prod(x)
    for i in range(2):
        (gx,) = pg.grad([g], [x], enable_double_backprop=True)
        g = gx[i]
    np.testing.assert_array_equal(pg.grad([g], [x])[0].array, [0, 0, 1])


# --------------------------------------------------------------------------- removable gaps


def test_sinc_is_smooth_at_zero() -> None:
    """pi x less its cube over 6: derivatives 0, -pi^2 / 3 and, of fourth order, pi^4 / 5."""
    x = leaf(0.0)
    found, y = [], np.sinc(x)
    for _ in range(4):
        (y,) = pg.grad([y], [x], enable_double_backprop=True)
        found.append(float(y.array[0]))
    expected = [0, -(math.pi**2) / 3, 0, math.pi**4 / 5]
    np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-15)


def test_derivatives_of_sinc_meet_where_its_two_ways_meet() -> None:
    edge = 1 / math.pi
    for order in range(1, 6):
        op = F.elementwise.trigonometric.Sinc(order)  # type: ignore[attr-defined]
        edge = (1 + order / 2) / math.pi
        below, above = op(np.array([edge * (1 - 1e-15), edge * (1 + 1e-15)]))
        assert below == pytest.approx(above, rel=1e-12)


# -------------------------------------------------------------------------- chosen to be zero


def test_standard_deviation_of_equal_elements() -> None:
    np.testing.assert_array_equal(gradient(np.std, 2.0, 2.0, 2.0), np.zeros(3))
    two = Variable(np.array([[1.0, 1.0], [1.0, 3.0]]))
    F.sum(np.std(two, axis=1)).backward()
    np.testing.assert_allclose(two.grad, [[0, 0], [-0.5, 0.5]])
    # As the norm of the deviations, which are 0, it has no second derivative.
    assert np.isnan(hessian(np.std, 2.0, 2.0)).all()


# ------------------------------------------------------------------------------------- tails


def test_tails_keep_their_digits() -> None:
    far = leaf(-40.0, -700.0)
    np.testing.assert_allclose(F.sigmoid(far).array, np.exp([-40.0, -700.0]), rtol=1e-14)
    np.testing.assert_allclose(F.softplus(far).array, np.exp([-40.0, -700.0]), rtol=1e-14)
    np.testing.assert_allclose(gradient(F.softplus, -40.0), np.exp([-40.0]), rtol=1e-14)
    np.testing.assert_allclose(F.softplus(leaf(800.0)).array, [800.0])
    big = Variable(np.array([[1e4, 0.0], [-1e4, 0.0]]))
    loss = F.softmax_cross_entropy(big, np.array([1, 0]), reduce="no")
    np.testing.assert_allclose(loss.array, [1e4, 1e4])
    assert (F.sigmoid_cross_entropy(big, np.array([[0, 1], [1, 0]])).array) == pytest.approx(
        (2e4 + 2 * math.log(2)) / 4
    )


@pytest.mark.filterwarnings("error")
def test_nothing_overflows_on_the_way() -> None:
    for call in (F.sigmoid, F.softplus, F.elu, F.selu):
        assert np.isfinite(gradient(call, -1e3, 0.0, 1e3)).all()
    assert np.isfinite(gradient(F.logsumexp, -1e3, 0.0, 1e3)).all()


# --------------------------------------------------------------------------------------- NaN

COLUMNS = np.array([[1.0, NAN, 3.0, NAN], [4.0, 5.0, NAN, NAN], [2.0, 1.0, 0.0, NAN]])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "name",
    "nansum nanprod nanmean nanvar nanstd nanmax nanmin nanmedian median max sum".split(),  # noqa: SIM905
)
def test_missing_numbers(name: str) -> None:
    """Also where a column has nothing else."""
    x = Variable(COLUMNS)
    y = getattr(np, name)(x, axis=0)
    np.testing.assert_allclose(y.array, getattr(np, name)(COLUMNS, axis=0), rtol=1e-14)
    F.sum(y[:3]).backward()
    if name.startswith("nan"):
        assert (x.grad[np.isnan(COLUMNS)] == 0).all()


def test_infinite_elements() -> None:
    np.testing.assert_array_equal(np.median(leaf(1.0, INF, INF)).array, INF)
    np.testing.assert_array_equal(np.quantile(leaf(-INF, 0.0, 1.0), 0.5).array, 0)
    parts = np.modf(leaf(INF, -1.5))
    np.testing.assert_array_equal(parts[0].array, [0, -0.5])
    np.testing.assert_array_equal(parts[1].array, [INF, -1])
    fixed = np.nan_to_num(leaf(NAN, INF, -INF, 2.0), nan=1.0, posinf=5.0)
    np.testing.assert_array_equal(fixed.array, [1, 5, np.finfo(float).min, 2])
    np.testing.assert_array_equal(gradient(np.nan_to_num, NAN, INF, 2.0), [0, 0, 1])
    steps = np.heaviside(leaf(-1.0, 0.0, NAN, 3.0), 0.5)
    np.testing.assert_array_equal(steps.array, [0, 0.5, NAN, 1])


# ---------------------------------------------------------------------------------- remainders


@pytest.mark.parametrize("function", [np.remainder, np.fmod])
def test_remainder_differentiates_by_the_quotient_that_it_took(function: Any) -> None:
    """Where x / y rounds up to an integer that the quotient does not reach."""
    x, y = np.array([0.9, 0.6, 1.0, -0.9]), np.array([0.3, 0.2, 0.1, 0.3])
    v = Variable(y)
    rest = function(x, v)
    F.sum(rest).backward()
    np.testing.assert_allclose(rest.array + y * -v.grad, x, rtol=1e-15)


def test_operators() -> None:
    x = leaf(7.5, -7.5)
    for ours, expected in (
        (x % 2, [1.5, 0.5]),
        (20 % x, [5.0, -2.5]),
        (divmod(x, 2)[0], [3, -4]),
        (divmod(20, x)[1], [5.0, -2.5]),
    ):
        np.testing.assert_array_equal(ours.array, expected)


# ------------------------------------------------------------------------------------ refused

REFUSED: dict[str, tuple[Callable[[Variable], Any], str]] = {
    "frexp": (np.frexp, "log2"),
    "nextafter": (lambda v: np.nextafter(v, 1.0), "v.array"),
    "spacing": (np.spacing, "v.array"),
    "i0": (np.i0, "series"),
    "piecewise": (lambda v: np.piecewise(v, [v > 0], [1.0, 2.0]), "numpy.where"),
    "histogram": (np.histogram, "v.array"),
    "roots": (np.roots, "Newton"),
    "polyfit": (lambda v: np.polyfit(np.arange(3.0), v, 1), "lstsq"),
    "poly": (np.poly, "convolve"),
    "quantile": (lambda v: np.quantile(v, 0.5, method="lower"), "linear"),
    "cov": (lambda v: np.cov(v, aweights=[1, 2, 3]), "average"),
    "interp": (lambda v: np.interp(v, [0.0, 1.0], [0.0, 1.0], period=1.0), "remainder"),
    "exp": (lambda v: np.exp(v, where=np.array([True, False, True])), "where="),
    "add": (lambda v: np.add(v, 1.0, dtype="f"), "dtype="),
    "nan_to_num": (lambda v: np.nan_to_num(v, copy=False), "in place"),
    "maximum.accumulate": (np.maximum.accumulate, "use the function"),
    "add.reduceat": (lambda v: np.add.reduceat(v, [0, 1]), "use the function"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_name_and_with_advice(name: str) -> None:
    call, advice = REFUSED[name]
    with pytest.raises(NoRuleError, match=rf"numpy\.{re.escape(name)}.*{re.escape(advice)}"):
        call(leaf(1.0, 2.0, 3.0))


ILL_POSED: dict[str, Callable[[], Any]] = {
    "max": lambda: np.max(leaf(1.0), where=np.array([True])),
    "quantile": lambda: np.quantile(leaf(1.0), 1.5),
    "gradient": lambda: np.gradient(leaf(1.0)),
    "diff": lambda: np.diff(leaf(1.0), n=-1),
    "interp": lambda: np.interp(leaf(1.0), [0.0, 1.0], [0.0]),
    "cumulative_sum": lambda: np.cumulative_sum(Variable(np.ones((2, 2)))),
    "convolve": lambda: np.convolve(leaf(), leaf(1.0)),
    "vander": lambda: np.vander(Variable(np.ones((2, 2)))),
}


@pytest.mark.parametrize("name", ILL_POSED)
def test_arguments_that_make_no_sense(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        ILL_POSED[name]()


def test_labels_are_checked_in_debug_mode() -> None:
    x = Variable(np.ones((2, 3)))
    with pg.using_config("debug", True), pytest.raises(ValueError, match="labels from 0 to 2"):
        F.softmax_cross_entropy(x, np.array([0, 3]))
    with pg.using_config("debug", True):
        F.softmax_cross_entropy(x, np.array([0, -1]))


LINE = np.array([0.3, 1.7, -0.4])


@pytest.mark.parametrize(
    "rows",
    [
        np.full((2, 3), 14.047414902553118),
        np.array([[-1.784, -0.467, -0.366], [-1.819, -1.805, 1.997], [0.609, -1.062, -0.26]]),
        np.stack([LINE, 3 * LINE + 0.1]),
        np.stack([LINE, -LINE / 7]),
        np.stack([LINE, LINE * 1e-9 + 5.0]),
        np.random.default_rng(3).normal(size=(6, 7)),
    ],
)
def test_a_correlation_is_numpys_and_never_above_one(rows: np.ndarray) -> None:
    found = np.corrcoef(Variable(rows)).array
    np.testing.assert_allclose(found, np.corrcoef(rows), rtol=1e-14)
    assert np.abs(found).max() <= 1


def test_the_curvature_of_a_correlation_at_its_largest_value() -> None:
    """Along t, line and line + t d correlate as 1 - t^2 |d across|^2 / (2 |line|^2)."""
    line, d = LINE - LINE.mean(), np.array([1.0, 0.0, 0.0]) - 1 / 3
    across = d - (d @ line) / (line @ line) * line
    correlation = lambda t: np.corrcoef(LINE, LINE + t * d)[0, 1]  # noqa: E731
    second = transforms.grad(transforms.grad(correlation))(0.0)
    np.testing.assert_allclose(second, -(across @ across) / (line @ line), rtol=1e-12)


@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize(
    "name",
    "sum prod max min nansum nanprod nanmax nanmin nanmean ptp nanvar".split(),  # noqa: SIM905
)
def test_a_number_has_an_axis_that_is_none_of_it(name: str, axis: int) -> None:
    """NumPy reduces a 0-d array along axis 0 or -1 to itself."""
    f = lambda x: getattr(np, name)(x * x, axis=axis)  # noqa: E731
    points = np.array([1.3, -0.5, 2.0])
    slopes = 0 * points if name in ("ptp", "nanvar") else 2 * points
    bends = 0 * points if name in ("ptp", "nanvar") else 2 + 0 * points
    for x, slope, bend in zip(points, slopes, bends, strict=True):
        assert f(Variable(np.array(x))).array == f(np.array(x))
        assert transforms.grad(f)(np.array(x)) == slope
        assert transforms.hessian(f)(np.array(x)) == bend
    np.testing.assert_array_equal(transforms.vmap(f)(points), [f(np.array(x)) for x in points])
    np.testing.assert_array_equal(transforms.vmap(transforms.grad(f))(points), slopes)


def test_an_axis_that_numpy_does_not_take_of_a_number_is_refused() -> None:
    for name, axis in (("mean", 0), ("sum", 1), ("sum", (0,)), ("median", 0), ("max", (-1,))):
        for x in (np.array(1.3), Variable(np.array(1.3))):
            with pytest.raises((IndexError, ValueError)):
                getattr(np, name)(x, axis=axis)


def test_a_power_whose_exponent_is_zero() -> None:
    """x^p at p = 0: the mixed derivative is 1/x, where the one by x alone is 0."""
    x = np.array([0.5, 2.0])
    for power in (np.power, np.float_power):
        both = transforms.hessian(lambda x, p, f=power: f(x, p).sum(), argnums=(0, 1))(
            x, np.array(0.0)
        )
        np.testing.assert_allclose(both[0][1], 1 / x)
        np.testing.assert_allclose(both[1][0], 1 / x)
        np.testing.assert_allclose(both[1][1], (np.log(x) ** 2).sum())
        np.testing.assert_allclose(both[0][0], 0)


SPREADS = "var std ptp nanvar nanstd".split()  # noqa: SIM905


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", SPREADS)
def test_a_spread_of_one_element_is_0_and_uses_none(name: str) -> None:
    """It is 0 whatever the element is: an infinite slope ahead of it is not used."""
    spread = getattr(np, name)
    for f in (
        lambda x: spread(np.cbrt(x - x)),
        lambda x: spread(np.cbrt(x[:1])),
        lambda x: spread(np.sqrt(x)[None], axis=0),
    ):
        np.testing.assert_array_equal(gradient(f, 0.0), [0])
        np.testing.assert_array_equal(hessian(f, 0.0), [[0]])
    # Infinities and NaN have no distance from themselves, as in NumPy.
    for value in (INF, NAN, 1.0):
        np.testing.assert_array_equal(spread(leaf(value)).array, spread(np.array([value])))
    # Of two there is a slope, and it is infinite.
    assert not np.isfinite(gradient(lambda x: spread(np.cbrt(x)), 0.0, 1.0)).all()


# ------------------------------------------------------------------------- NaN that is chosen

LOST: dict[str, tuple[Callable[[Any], Any], list[float], list[float]]] = {
    "ptp": (np.ptp, [1, NAN, 3], [0, NAN, 0]),
    "nanmax": (np.nanmax, [NAN, NAN], [NAN, NAN]),
    "nanmin": (np.nanmin, [NAN, NAN], [NAN, NAN]),
    "nanmean": (np.nanmean, [NAN, NAN], [NAN, NAN]),
    "nanvar": (np.nanvar, [NAN, NAN], [NAN, NAN]),
    "nanstd": (np.nanstd, [NAN, NAN], [NAN, NAN]),
    "nanmedian": (np.nanmedian, [NAN, NAN], [NAN, NAN]),
    "nanquantile": (lambda x: np.nanquantile(x, 0.3), [NAN, NAN], [NAN, NAN]),
    "nanmax of rows": (
        lambda x: np.nanmax(x.reshape(2, 2), axis=1),
        [NAN, NAN, 1, NAN],
        [NAN, NAN, 1, 0],
    ),
    "nanmean of rows": (
        lambda x: np.nanmean(x.reshape(2, 2), axis=1, keepdims=True),
        [NAN, NAN, 1, NAN],
        [NAN, NAN, 1, 0],
    ),
    "median": (np.median, [1, NAN, 3], [NAN, NAN, NAN]),
    "quantile": (lambda x: np.quantile(x, 0.3), [1, NAN, 3], [NAN, NAN, NAN]),
    "percentile": (lambda x: np.percentile(x, 30), [1, NAN, 3], [NAN, NAN, NAN]),
    "var": (np.var, [1, NAN, 3], [NAN, NAN, NAN]),
    "std": (np.std, [1, NAN, 3], [NAN, NAN, NAN]),
    "norm": (np.linalg.norm, [1, NAN, 3], [NAN, NAN, NAN]),
    "clip below": (lambda x: np.clip(x, NAN, 2), [1, 3], [NAN, NAN]),
    "clip above": (lambda x: np.clip(x, 0, NAN), [1, 3], [NAN, NAN]),
    "clip by an array": (lambda x: np.clip(x, np.array([0, NAN, 0]), 2.0), [1, 1, 3], [1, NAN, 0]),
    "clip between arrays": (lambda x: np.clip(x, [0, 0], [NAN, 2]), [1, 1], [NAN, 1]),
    "interp": (lambda x: np.interp(x, [0, 1, 2], [0, 1, 4]), [0.5, NAN], [1, NAN]),
    # A sum is linear, and a selection is the element: their slopes do not depend on values.
    "max": (np.max, [1, NAN, 3], [0, 1, 0]),
    "min": (np.min, [1, NAN, 3], [0, 1, 0]),
    "sort": (lambda x: np.sort(x)[-1], [1, NAN, 3], [0, 1, 0]),
    "sum": (np.sum, [1, NAN, 3], [1, 1, 1]),
    "nansum": (np.nansum, [NAN, NAN], [0, 0]),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", LOST)
def test_a_value_that_is_lost_in_nan_has_no_slope_that_looks_like_one(name: str) -> None:
    f, point, expected = LOST[name]
    x = np.array(point, float)
    np.testing.assert_array_equal(f(Variable(x)).array, f(x))
    np.testing.assert_allclose(gradient(f, *point), expected)

    def loss(x: Any) -> Any:
        return np.sum(f(x))

    lanes = transforms.vmap(transforms.grad(loss))(np.stack([x, np.ones_like(x), x]))
    np.testing.assert_allclose(lanes[::2], [expected, expected])
    assert np.isfinite(lanes[1]).all() or name.startswith("clip")
    # What was not selected adds nothing: not the NaN of its slope either.
    unused = gradient(lambda x: np.where(np.isnan(f(x).array), 0.0, f(x)), *point)
    assert not np.isnan(unused).any()
