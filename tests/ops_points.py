"""Special points of operations, where the random inputs of the table's rows never are.

Zeros, ties, equal eigenvalues, infinities: each point says what the gradient and the Hessian are
there, from closed forms. ``tests/functions/test_points.py`` checks them, and ``tests/mutate.py``
sees by them what the rows do not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import playground as pg
import playground.functions as F
from playground import DegenerateEigenvalueError, Variable
from playground.functions import basic_math, norms, reduction
from playground.functions.elementwise import exponential, extrema, hyperbolic, powers
from playground.functions.linalg import eigenvalues, singular_values
from playground.graph.op import as_raw
from playground.transforms import grad, hessian, hvp

norm = np.linalg.norm
NAN, INF = math.nan, math.inf
FAR = 1e17  # its logarithms' digits are gone: log(2) is less than half of the last one


@dataclass(frozen=True)
class Point:
    """What the sum of ``call(x)`` has for derivatives at x, an operation's special point.

    ``value`` is what ``call`` returns of the plain array if it is None: NumPy's own. With a text in
    ``refused`` the Hessian, or without a gradient the gradient, raises an error that says it.
    """

    op: type
    name: str
    call: Callable[[Any], Any]
    x: Any
    gradient: Any = None
    hessian: Any = None
    refused: str = ""
    value: Any = None
    room: float = 1e-13

    @property
    def title(self) -> str:
        return f"{self.op.__name__} {self.name}"


def point_faults(point: Point) -> Iterator[str]:
    """What is wrong at a point: of its value, its gradient, its Hessian, alone and times a vector.

    The last three each take a way of their own through a recorded backward.
    """
    x = np.asarray(point.x)

    def total(v: Any) -> Any:
        return np.sum(point.call(v))

    wanted = point.call(x) if point.value is None else point.value
    if not _near(point.call(Variable(x)), wanted, point.room):
        yield "value"
    if point.gradient is not None:
        v = Variable(x)
        F.sum(point.call(v)).backward()
        if not _near(v.grad, point.gradient, point.room):
            yield "gradient"
    if point.refused:
        if not _refuses(hessian if point.gradient is not None else grad, total, point):
            yield "refusal"
    elif point.hessian is not None:
        yield from _hessian_faults(total, x, np.asarray(point.hessian, float), point.room)


def _hessian_faults(total: Any, x: Any, wanted: Any, room: float) -> Iterator[str]:
    if not _near(hessian(total)(x), wanted, room):
        yield "Hessian"
    direction = np.cos(np.arange(1.0, x.size + 1)).reshape(x.shape)
    if not _near(hvp(total)(x, direction), np.tensordot(wanted, direction, x.ndim), room):
        yield "Hessian times a vector"
    v = Variable(x)
    (g,) = pg.grad([total(v)], [v], enable_double_backprop=True)
    if not _near(g, grad(total)(x), room):
        yield "recorded gradient"


def _refuses(transform: Any, total: Any, point: Point) -> bool:
    try:
        transform(total)(point.x)
    except DegenerateEigenvalueError as error:
        return re.search(point.refused, str(error)) is not None
    return False


def _near(found: Any, wanted: Any, room: float) -> bool:
    found, wanted = as_raw(found), np.asarray(as_raw(wanted))
    size = np.abs(wanted[np.isfinite(wanted)]).max(initial=1)
    return found.shape == wanted.shape and np.allclose(
        found, wanted, rtol=room, atol=room * size, equal_nan=True
    )


# ------------------------------------------------------------------------- distances that are 0

CENTRE = np.array([1.0, -2.0, 0.5])
Radial = Callable[[Any], Any]

# f of a distance r, and f''(0), or NaN where f'(0) is not 0 or f has no second derivative.
RADIAL: dict[str, tuple[Radial, float]] = {
    "r": (lambda r: r, NAN),
    "r**2": (lambda r: r**2, 2),
    "square": (np.square, 2),
    "r*r": (lambda r: r * r, 2),
    "power": (lambda r: np.power(r, 2.0), 2),
    "scaled": (lambda r: (r / 3) ** 2, 2 / 9),
    "r**3": (lambda r: r**3, 0),
    "r**4": (lambda r: r**4, 0),
    "r**1.5": (lambda r: r**1.5, NAN),
    "gauss": (lambda r: np.exp(-(r**2) / 2), -1),
    "gauss of a length": (lambda r: np.exp(-((r / 0.5) ** 2) / 2), -4),
    "exp": (lambda r: np.exp(-r), NAN),
    "matern 3/2": (lambda r: (1 + math.sqrt(3) * r) * np.exp(-math.sqrt(3) * r), -3),
    "matern 5/2": (
        lambda r: (1 + math.sqrt(5) * r + 5 / 3 * r * r) * np.exp(-math.sqrt(5) * r),
        -5 / 3,
    ),
    "rational quadratic": (lambda r: (1 + r**2 / 4) ** -2.0, -1),
    "cos": (np.cos, -1),
    "cosh": (np.cosh, 1),
    "log cosh": (lambda r: np.log(np.cosh(r)), 1),
    "log1p": (lambda r: np.log1p(r**2), 2),
    "hypot with 1": (lambda r: np.hypot(r, 1.0), 1),
    "sinc": (np.sinc, -(math.pi**2) / 3),
    "r tanh r": (lambda r: r * np.tanh(r), 2),
    "huber": (lambda r: np.where(r < 1, r**2 / 2, r - 0.5), 1),
    "r - sin r": (lambda r: r - np.sin(r), 0),
}


def _hypot(x: Any) -> Any:
    return np.hypot(x[0] - CENTRE[0], x[1] - CENTRE[1])


# A distance from the centre, its operation, and its dimension.
DISTANCES: dict[str, tuple[Radial, type, int]] = {
    "norm": (lambda x: norm(x - CENTRE), norms.EuclideanNorm, 3),
    "norm along an axis": (lambda x: norm(x - CENTRE, axis=-1), norms.EuclideanNorm, 3),
    "norm 2": (lambda x: norm(x - CENTRE, 2), norms.EuclideanNorm, 3),
    "frobenius": (lambda x: norm((x - CENTRE).reshape(3, 1)), norms.EuclideanNorm, 3),
    "vector_norm": (lambda x: np.linalg.vector_norm(x - CENTRE), norms.EuclideanNorm, 3),
    "matrix_norm": (
        lambda x: np.linalg.matrix_norm((x - CENTRE).reshape(1, 3)),
        norms.EuclideanNorm,
        3,
    ),
    "hypot": (_hypot, powers.Hypot, 2),
}


def _radial_points() -> Iterator[Point]:
    for name, (distance, op, n) in DISTANCES.items():
        for form, (f, second) in RADIAL.items():
            bends = np.zeros((3, 3))
            bends[:n, :n] = np.full((n, n), NAN) if math.isnan(second) else second * np.eye(n)
            call = lambda x, f=f, distance=distance: f(distance(x))  # noqa: E731
            yield Point(op, f"{name}, {form}", call, CENTRE, np.zeros(3), bends)


def _absolute_points() -> Iterator[Point]:
    """Where the slope jumps at 0 the second derivative is what it is on both sides."""
    for form, (f, second) in RADIAL.items():
        second = {"r": 0.0, "exp": 1.0}.get(form, second)
        for distance in (np.abs, np.fabs):
            call = lambda x, f=f, distance=distance: f(distance(x[0]))  # noqa: E731
            yield Point(
                basic_math.Absolute,
                f"{distance.__name__}, {form}",
                call,
                np.zeros(1),
                [0],
                [[second]],
            )


ZEROS, EYE2 = np.zeros(2), np.eye(2)
ROWS_APART = np.array([0.0, 0, 3, 4])
UNIT = np.array([0.6, 0.8])
HALVES = np.array([[0.5, -0.5], [-0.5, 0.5]])


def _blocks(first: Any, second: Any) -> Any:
    zeros = np.zeros((2, 2))
    return np.block([[first, zeros], [zeros, second]])


def _smooth(op: type, **forms: tuple[Callable[[Any], Any], Any]) -> tuple[Point, ...]:
    return tuple(
        Point(op, name.replace("_", " "), f, ZEROS, ZEROS, bends)
        for name, (f, bends) in forms.items()
    )


# (|a|^3 + |b|^3)^(1/3) at (3, 4): (p - 1) (diag(q) - g g') / y with q = x / y and g = q^2.
CUBIC = 91 ** (1 / 3)
CUBIC_SLOPE = np.array([3.0, 4]) ** 2 / CUBIC**2
CUBIC_BEND = 2 / CUBIC * (np.diag([3.0, 4]) / CUBIC - np.outer(CUBIC_SLOPE, CUBIC_SLOPE))

AT_REST: tuple[Point, ...] = (
    *_radial_points(),
    *_absolute_points(),
    *_smooth(
        basic_math.Absolute,
        itself=(np.abs, np.zeros((2, 2))),
        squares=(lambda x: abs(x) ** 2, 2 * EYE2),
        a_product_of_Gauss_functions=(lambda x: np.prod(np.exp(-(abs(x) ** 2) / 2)), -EYE2),
    ),
    Point(
        basic_math.Absolute,
        "one of two, squared",
        lambda x: abs(x) ** 2 + abs(x),
        [0.0, -3.0],
        [0, -7],
        2 * EYE2,
    ),
    Point(basic_math.Absolute, "bent both ways", lambda x: x * abs(x), np.zeros(1), [0], [[NAN]]),
    *_smooth(
        norms.EuclideanNorm,
        twice_the_same=(lambda x: norm(x) * norm(x), 2 * EYE2),
        std=(np.std, np.full((2, 2), NAN)),
        std_squared=(lambda x: np.std(x) ** 2, HALVES),
        std_squared_with_ddof=(lambda x: np.std(x, ddof=1) ** 2, 2 * HALVES),
        nanstd_squared=(lambda x: np.nanstd(x) ** 2, HALVES),
        times_an_element=(lambda x: norm(x) ** 2 * x[0], np.zeros((2, 2))),
        times_a_function=(lambda x: norm(x) ** 2 * np.cos(x[0]), 2 * EYE2),
        norms_of_rows=(lambda x: norm(x.reshape(2, 1), axis=1) ** 2, 2 * EYE2),
    ),
    # Of two norms only the one that is 0 has no second derivative: (I - u u') / 5 is the other's.
    Point(
        norms.EuclideanNorm,
        "one of two",
        lambda x: norm(x.reshape(2, 2), axis=1),
        ROWS_APART,
        [0, 0, *UNIT],
        _blocks(np.full((2, 2), NAN), (EYE2 - np.outer(UNIT, UNIT)) / 5),
    ),
    # (x - mean) / (n std), of as many numbers as each row has.
    Point(
        norms.EuclideanNorm,
        "with gaps",
        lambda x: np.nanstd(x, axis=1),
        [[1.0, NAN, 3], [2, 5, 8], [4, 4, NAN]],
        [[-0.5, 0, 0.5], [-1 / math.sqrt(6), 0, 1 / math.sqrt(6)], [0, 0, 0]],
    ),
    Point(
        norms.EuclideanNorm,
        "one of two, squared",
        lambda x: norm(x.reshape(2, 2), axis=1) ** 2,
        ROWS_APART,
        2 * ROWS_APART,
        2 * np.eye(4),
    ),
    *_smooth(
        norms.PowerNorm,
        order_3_cubed=(lambda x: norm(x, 3) ** 3, np.zeros((2, 2))),
        order_4_to_the_fourth=(lambda x: norm(x, 4) ** 4, np.zeros((2, 2))),
        order_3=(lambda x: norm(x, 3), np.full((2, 2), NAN)),
        order_4=(lambda x: norm(x, 4), np.full((2, 2), NAN)),
        order_3_squared=(lambda x: norm(x, 3) ** 2, np.full((2, 2), NAN)),
    ),
    Point(
        norms.PowerNorm,
        "one of two",
        lambda x: norm(x.reshape(2, 2), 3, axis=1),
        ROWS_APART,
        [0, 0, *CUBIC_SLOPE],
        _blocks(np.full((2, 2), NAN), CUBIC_BEND),
    ),
    *_smooth(powers.Hypot, rows=(lambda x: np.hypot(x, x[::-1]) ** 2, 4 * EYE2)),
    Point(
        powers.Hypot,
        "one of two",
        lambda x: np.hypot(x[:2], x[2:]),
        [0.0, 3, 0, 4],
        [0, 0.6, 0, 0.8],
        [
            [NAN, 0, NAN, 0],
            [0, 0.128, 0, -0.096],
            [NAN, 0, NAN, 0],
            [0, -0.096, 0, 0.072],
        ],
    ),
    Point(powers.Hypot, "with a constant", lambda x: np.hypot(x, 0.0) ** 2, ZEROS, ZEROS, 2 * EYE2),
    Point(powers.Hypot, "of a constant", lambda x: np.hypot(0.0, x) ** 2, ZEROS, ZEROS, 2 * EYE2),
)

# ------------------------------------------------------------------ ties, limits, infinities

TIED = np.array([[1.0, 2, 2], [3, 1, 1]])
FLAT = np.zeros((2, 3, 2, 3))
TWO_APART = 0.25 * np.array([[1, -1], [-1, 1]])


def _extrema(op: type, name: str, sign: int) -> Iterator[Point]:
    """Chainer's gives each tied element the gradient, NumPy's a share of it."""
    ours, numpys = getattr(F, name), getattr(np, name)
    x = sign * TIED
    each, shared = [[0, 1, 1], [1, 0, 0]], [[0, 0.5, 0.5], [1, 0, 0]]
    for keepdims in (False, True):
        options: Any = {"axis": 1, "keepdims": keepdims}
        value = numpys(x, **options)
        call = lambda v, options=options: ours(v, **options)  # noqa: E731
        yield Point(op, f"Chainer's, {options}", call, x, each, FLAT, value=value)
        call = lambda v, options=options: numpys(v, **options)  # noqa: E731
        yield Point(op, f"NumPy's, {options}", call, x, shared, FLAT)
    yield Point(op, "of all", lambda v: numpys(v) ** 2, [sign * 2.0] * 4, [sign * 1.0] * 4)
    alone = [[0, 0, 0], [2 * 3 * sign, 0, 0]]
    bends = np.zeros((2, 3, 2, 3))
    bends[1, 0, 1, 0] = 2
    yield Point(op, "without a tie", lambda v: numpys(v) ** 2, x, alone, bends)


CHOSEN: tuple[Point, ...] = (
    *_extrema(reduction.Max, "max", 1),
    *_extrema(reduction.Min, "min", -1),
    # Between limits that meet nothing can move.
    *(
        Point(
            extrema.Clip,
            f"{low} to {high}",
            lambda v, low=low, high=high: np.clip(v, low, high),
            [0.0, 1.0, 2.0],
            expected,
            np.zeros((3, 3)),
        )
        for low, high, expected in (
            (1.0, 1.0, [0, 0, 0]),
            (1, 1, [0, 0, 0]),
            (3.0, 1.0, [0, 0, 0]),
            (0.0, 1.0, [1, 1, 0]),
            (1.0, None, [0, 1, 1]),
            (None, 1.0, [1, 1, 0]),
        )
    ),
    # Terms exp(-inf) are nothing, and two that are equal are a half each, however large.
    *(
        Point(reduction.LogSumExp, name, F.logsumexp, x, slopes, bends, value=value)
        for name, x, value, slopes, bends in (
            ("of nothing", [-INF, -INF], -INF, [0, 0], np.zeros((2, 2))),
            ("of nothing and one", [-INF, 3.0], 3.0, [0, 1], np.zeros((2, 2))),
            ("of infinity and one", [INF, 3.0], INF, [1, 0], np.zeros((2, 2))),
            ("of two infinities", [INF, INF], INF, [0.5, 0.5], None),
            ("of two far away", [FAR, FAR], FAR, [0.5, 0.5], TWO_APART),
            ("of two far below", [-FAR, -FAR], -FAR, [0.5, 0.5], TWO_APART),
        )
    ),
    *(
        Point(op, name, lambda v, f=f: f(v[0], v[1]), x, slopes, bends)
        for op, f, base in (
            (exponential.LogAddExp, np.logaddexp, 1.0),
            (exponential.LogAddExp2, np.logaddexp2, math.log(2)),
        )
        for name, x, slopes, bends in (
            ("of nothing", [-INF, -INF], [0, 0], np.zeros((2, 2))),
            ("of nothing and one", [-INF, 3.0], [0, 1], np.zeros((2, 2))),
            ("of two infinities", [INF, INF], [0.5, 0.5], None),
            ("of two far away", [FAR, FAR], [0.5, 0.5], TWO_APART * base),
            ("of two far below", [-FAR, -FAR], [0.5, 0.5], TWO_APART * base),
        )
    ),
    # Complex numbers, on both sides of the cuts from i upwards and from -i downwards.
    *(
        Point(hyperbolic.Arcsinh, str(z), np.arcsinh, [z], [1 / np.sqrt(1 + z * z)])
        for z in (0.5 + 2j, -0.5 + 2j, 0.1 - 3j, -0.1 - 3j, 3 + 4j, 0.3 + 0.2j)
    ),
)

# ----------------------------------------------------------- eigenvalues that are equal

_RNG = np.random.default_rng(11)
WEIGHTS, TURN = _RNG.standard_normal((3, 3)), np.linalg.qr(_RNG.standard_normal((3, 3)))[0]
WEIGHTS_SYM = (WEIGHTS + WEIGHTS.T) / 2
EYE, DOUBLE = np.eye(3), np.diag([1.0, 1.0, 2.0])


def as_read(g: np.ndarray) -> np.ndarray:
    """A symmetric gradient, gathered in the lower triangle, which is the one that is read."""
    return np.tril(g + g.T) - np.diag(np.diag(g))


def _as_matrix(linear: Callable[[np.ndarray], np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """The Hessian, of four axes, that maps a direction so."""
    steps = np.eye(shape[0] * shape[1]).reshape(-1, *shape)
    return np.stack([linear(step) for step in steps], axis=-1).reshape(*shape, *shape)


def _of_triangle(name: str, f: Any, x: Any, slope: Any, bend: Any) -> Point:
    """Of a function of the lower triangle, its derivatives as maps of symmetric matrices."""

    def along(d: np.ndarray) -> np.ndarray:
        return as_read(bend(np.tril(d) + np.tril(d, -1).T))

    bends = _as_matrix(along, (3, 3))
    return Point(eigenvalues.Eigh, name, f, x, as_read(slope), bends, room=1e-11)


def _of_values(f: Any) -> Any:
    return lambda a: f(np.linalg.eigvalsh(a))


def _put_together(f: Any) -> Any:
    """Weighted elements of V f(w) V'."""

    def function(a: Any) -> Any:
        w, v = np.linalg.eigh(a)
        return WEIGHTS * ((v * f(w)) @ v.T)

    return function


def _anticommutator(a: Any, b: Any) -> Any:
    return a @ b + b @ a


def _sines(a: Any) -> Any:
    w, v = np.linalg.eigh(a)
    return WEIGHTS * np.sin((v * w) @ v.T)


def _eigenvalue_points() -> Iterator[Point]:
    # tr A^2: gradient 2 A, Hessian 2. (tr A)^2 / n has the same gradient, and another Hessian.
    f = _of_values(lambda w: w**2)
    yield _of_triangle("squares", f, EYE, 2 * EYE, lambda h: 2 * h)
    f = _of_values(lambda w: w.sum() ** 2 / 3)
    yield _of_triangle("squared sum", f, EYE, 2 * EYE, lambda h: 2 / 3 * np.trace(h) * EYE)
    for name, x in (
        ("identity", EYE),
        ("double", DOUBLE),
        ("turned", TURN @ DOUBLE @ TURN.T),
        ("other end", TURN @ np.diag([2.0, 1, 1]) @ TURN.T),
    ):
        x = (x + x.T) / 2
        # tr A^3: gradient 3 A^2, along H 3 (AH + HA).
        f, bend = _of_values(lambda w: w**3), lambda h, x=x: 3 * _anticommutator(x, h)
        yield _of_triangle(f"cubes, {name}", f, x, 3 * x @ x, bend)
        # tr C A^2: CA + AC, along H CH + HC.
        f, slope = _put_together(np.square), _anticommutator(WEIGHTS_SYM, x)
        bend = lambda h: _anticommutator(WEIGHTS_SYM, h)  # noqa: E731
        yield _of_triangle(f"square, {name}", f, x, slope, bend)
        # The sine of each element of the matrix itself.
        slope, bend = WEIGHTS_SYM * np.cos(x), lambda h, x=x: -WEIGHTS_SYM * np.sin(x) * h
        yield _of_triangle(f"sines, {name}", _sines, x, slope, bend)
    # exp(I + H) = e (I + H + H^2 / 2 + ...).
    f = _put_together(np.exp)
    bend = lambda h: math.e / 2 * _anticommutator(WEIGHTS_SYM, h)  # noqa: E731
    yield _of_triangle("exp", f, EYE, math.e * WEIGHTS_SYM, bend)


def _again(a: Any) -> Any:
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return (u * s) @ vh


def _singular_points() -> Iterator[Point]:
    op = singular_values.Svd
    # Sum of the values at an orthogonal Q: gradient Q, along D (D - Q D' Q) / 2.
    bends = _as_matrix(lambda d: (d - TURN @ d.T @ TURN) / 2, (3, 3))
    yield Point(op, "nuclear norm", np.linalg.svdvals, TURN, TURN, bends, room=1e-11)
    for shape in ((3, 3), (4, 3), (3, 4)):
        for rank in range(4):
            # The sum of squares is that of the elements.
            x, name = _of_rank(rank, shape)
            f = lambda a: np.linalg.svdvals(a) ** 2  # noqa: E731
            bends = _as_matrix(lambda d: 2 * d, shape)
            yield Point(op, f"squares, {name}", f, x, 2 * x, bends, room=1e-11)
    for shape, rank in (((2, 2), 0), ((2, 2), 1), ((2, 2), 2), ((3, 2), 1), ((2, 3), 2)):
        # What a decomposition puts together is the matrix itself.
        weights = np.cos(np.arange(shape[0] * shape[1])).reshape(shape)
        x, name = _of_rank(rank, shape)
        f = lambda a, c=weights: c * np.square(_again(a))  # noqa: E731
        bends = _as_matrix(lambda d, c=weights: 2 * c * d, shape)
        yield Point(op, f"again, {name}", f, x, 2 * weights * x, bends, room=1e-11)
    for values in ((3.0, 2, 0), (3.0, 0, 0), (3.0, 1, 1), (2.0, 2, 1)):
        yield from _projector_points(np.array(values))


def _of_rank(rank: int, shape: tuple[int, int]) -> tuple[np.ndarray, str]:
    x = 2 * np.eye(shape[0], rank) @ np.eye(rank, shape[1])
    return x, f"{shape[0]} x {shape[1]} of rank {rank}"


def _projector_points(values: np.ndarray) -> Iterator[Point]:
    """Of vectors of one side: P = V1 V1' of the largest value, whatever the others are.

    From x'x: dP is the sum of v_j (v_j' d(x'x) v_1) v_1' / (s_1^2 - s_j^2) and its transpose.
    """
    op = singular_values.Svd
    count = int(np.sum(values == values[0]))
    slope = np.zeros((3, 3))
    for i in range(count):
        for j in range(count, 3):
            share = 2 * WEIGHTS_SYM[i, j] / (values[i] ** 2 - values[j] ** 2)
            slope[i, j], slope[j, i] = share * values[i], share * values[j]

    def right(a: Any) -> Any:
        v = np.linalg.svd(a)[2][:count].T
        return WEIGHTS * (v @ v.T)

    def left(a: Any) -> Any:
        u = np.linalg.svd(a)[0][:, :count]
        return WEIGHTS * (u @ u.T)

    x = np.diag(values)
    yield Point(op, f"right projector, {values}", right, x, slope)
    yield Point(op, f"left projector, {values}", left, x, slope.T)


K = np.array([1.0, 2.0, 4.0])


def of_eigh(f: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    return lambda a: f(*np.linalg.eigh((a + a.T) / 2))


def of_two(f: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    """The same with values and vectors of two decompositions."""
    return lambda a: f(np.linalg.eigvalsh((a + a.T) / 2), np.linalg.eigh((a + a.T) / 2)[1])


def of_svd(f: Callable[[Any, Any, Any], Any]) -> Callable[[Any], Any]:
    return lambda a: f(*np.linalg.svd(a))


# Of a double or threefold value 1, no vector of which has a cotangent that is not 0, or with limits
# of all quotients in the basis that LAPACK has chosen: and no derivative, or half of one.
UNDEFINED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "weighted gaps": (of_eigh(lambda w, v: ((w - 1) * K * v[0] ** 2).sum()), "not exist"),
    "one gap": (of_eigh(lambda w, v: (w[0] - 1) * v[0, 0] ** 2), "not exist"),
    "difference": (of_eigh(lambda w, v: (w[1] - w[0]) * v[0, 0]), "not exist"),
    "from the mean": (
        of_eigh(lambda w, v: ((w - (w[0] + w[1]) / 2) * K * v[0] ** 2)[:2].sum()),
        "not exist",
    ),
    "one and a function": (of_eigh(lambda w, v: w[0] + ((v * w) @ v.T)[0, 1]), "not exist"),
    "one times a function": (
        of_eigh(lambda w, v: w[0] * ((v * np.exp(w)) @ v.T).sum()),
        "not exist",
    ),
    "singular weighted": (
        of_svd(lambda u, s, v: ((s - 1) * K * u[0] ** 2)[-2:].sum()),
        "not exist",
    ),
    "singular both": (
        of_svd(lambda u, s, v: ((s - 1) * K * u[0] * v[:, 0])[-2:].sum()),
        "not exist",
    ),
    "singular one": (of_svd(lambda u, s, v: s[-1] + ((u * s) @ v)[0, 1]), "not exist"),
    "singular difference": (
        of_svd(lambda u, s, v: (s[-2] - s[-1]) * (u[0] * v[:, 0])[-1]),
        "not exist",
    ),
    "two": (of_two(lambda w, v: ((v * w) @ v.T)[0, 1]), "from one call"),
    "two exp": (of_two(lambda w, v: ((v * np.exp(w)) @ v.T).sum()), "from one call"),
    "two weighted": (of_two(lambda w, v: ((w - 1) * K * v[0] ** 2).sum()), "from one call"),
    "two square": (of_two(lambda w, v: ((v * w**2) @ v.T)[1, 1]), "from one call"),
    "two singular": (
        lambda a: (lambda u, s, v: ((u * np.linalg.svdvals(a) ** 3) @ v).sum())(*np.linalg.svd(a)),
        "from one call",
    ),
}


def _refused_points() -> Iterator[Point]:
    op = eigenvalues.Eigh
    first = np.linalg.eigh
    yield Point(op, "a basis", lambda a: WEIGHTS * first(a)[1], DOUBLE, refused="of eigenvectors")
    yield Point(
        op,
        "values apart",
        lambda a: np.linalg.eigvalsh(a) * np.arange(3.0),
        EYE,
        refused="second derivative",
        gradient=np.diag([0.0, 1, 2]),
    )
    op = singular_values.Svd
    u = lambda a: WEIGHTS * np.linalg.svd(a)[0]  # noqa: E731
    yield Point(op, "a basis", u, DOUBLE, refused="derivative of singular vectors")
    polar = lambda a: WEIGHTS * (np.linalg.svd(a)[0] @ np.linalg.svd(a)[2])  # noqa: E731
    yield Point(op, "a kink", polar, np.diag([3.0, 2, 0]), refused="singular value 2 is 0")
    for name, (f, reason) in UNDEFINED.items():
        of = singular_values.Svd if "singular" in name else eigenvalues.Eigh
        yield Point(of, name, f, EYE, refused=reason)
        yield Point(of, f"{name}, double", f, DOUBLE, refused=reason)


POINTS: tuple[Point, ...] = (
    *AT_REST,
    *CHOSEN,
    *_eigenvalue_points(),
    *_singular_points(),
    *_refused_points(),
)
