"""The symbolic array: every operation on symbols, and formulas from plain NumPy code."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp

import playground as pg
import playground.functions as F
from playground import SymbolError, Variable
from playground.functions.vocabulary import VOCABULARY
from playground.interpreters.symbols import Symbolic, as_sympy, symbolic, symbols, to_sympy
from playground.interpreters.symbols.array import FORMULAS
from playground.interpreters.symbols.expressions import exact
from playground.transforms import grad, hessian, jacobian, vmap
from tests.op_checks import cotangents, directions, first, inputs, second, values
from tests.ops import ROWS
from tests.ops_networks import MOVING
from tests.rows import Case, Row

# What has no formula here, by what it is made of: positions in an order, or in an array, and
# decompositions.
NO_FORM = {
    "order": {
        *("argmax", "argmin", "sort", "sort:flat", "median", "nanmedian", "quantile"),
        *("nanquantile", "percentile", "nanpercentile", "interp:by x"),
        "interp:all",
        *("argmax_crf1d", "roi_max_pooling_2d", "roi_pooling_2d", "roi_max_align_2d"),
        *("accuracy", "classification_summary", "precision", "recall", "f1_score"),
    },
    "place": {"spatial_transformer_sampler", "deformable_convolution_2d_sampler"},
    "complex numbers": {"fft", "ifft"},
    "decomposition": {
        *(
            "qr",
            "eigh",
            "decorrelated_batch_normalization",
            "eigvalsh",
            "svd",
            "svdvals",
            "norm:2",
            "norm:-2",
            "norm:nuc",
            "cond",
        ),
        *("lstsq", "pinv:cutoff", "decorrelated_batch_normalization"),
    },
}
WITHOUT = set().union(*NO_FORM.values())
MOST_SYMBOLS = 6


def small_cases(row: Row) -> list[Case]:
    sizes = [sum(int(np.prod(shape)) for shape in case.shapes) for case in row.cases]
    return [case for case, n in zip(row.cases, sizes, strict=True) if n <= MOST_SYMBOLS]


def small(row: Row) -> list[Case]:
    return small_cases(row) or [min(row.cases, key=lambda case: np.prod(case.shapes[0]))]


def by_row(rows: Any) -> Any:
    params = [pytest.param(row, id=row.name.replace(" ", "_")) for row in rows]
    return pytest.mark.parametrize("row", params)


def symbols_for(arrays: list[Any]) -> tuple[list[Any], dict[Any, Any]]:
    """Symbols in place of the floating point arrays, and what each stands for."""
    found, table = [], {}
    for i, x in enumerate(arrays):
        if x.dtype.kind != "f":
            found.append(x)
            continue
        found.append(Symbolic(symbols(f"a{i}_", x.shape).elements, x.dtype))
        table |= {
            symbol: sp.Float(float(value))
            for symbol, value in zip(found[-1].elements.flat, x.flat, strict=True)
        }
    return found, table


def evaluated(results: list[Any], table: dict[Any, Any]) -> list[Any]:
    """The numbers that formulas have; an expression met twice is computed once."""
    memo = dict(table)

    def number(expression: Any) -> Any:
        if expression not in memo:
            arguments = [number(part) for part in expression.args]
            value = expression.func(*arguments) if arguments else expression
            memo[expression] = sp.N(value) if isinstance(value, sp.Expr) else value
        return memo[expression]

    found = []
    for array in results:
        if isinstance(array, Symbolic):
            elements = np.frompyfunc(number, 1, 1)(array.elements)
            array = symbolic(np.array(elements, object), array.dtype).to_host()
        found.append(array)
    return found


def assert_same(actual: list[Any], expected: list[Any], tolerance: float = 1e-9) -> None:
    for a, e in zip(actual, expected, strict=True):
        if a is None or e is None:  # no connection is 0 as well
            assert not np.any([x for x in (a, e) if x is not None])
        else:
            assert a.shape == e.shape
            assert a.dtype == e.dtype
            np.testing.assert_allclose(a, e, rtol=tolerance, atol=tolerance)


# ------------------------------------------------------------------------------ every operation


# The windows of a whole image are formulas of dozens of symbols, and show nothing that those of a
# corner do not.
LARGE = {row.name for row in MOVING if not small_cases(row)}


@by_row(row for row in ROWS if row.name not in WITHOUT | LARGE)
def test_value_and_gradient_as_formulas(row: Row) -> None:
    """The operations' own texts, forward and backward, on symbols; then with numbers for them."""
    for case in small(row):
        host = inputs(row, case)
        us = cotangents(row, case, host)
        arrays, table = symbols_for(host)
        assert_same(evaluated(values(row, case, arrays), table), values(row, case, host))
        if row.order:
            gradients = first(row, case, arrays, list(map(symbolic, us)))
            assert_same(evaluated(gradients, table), first(row, case, host, us))


@by_row(row for row in ROWS if row.name not in WITHOUT | LARGE | {"sinc:near 0"} and row.order > 1)
def test_second_derivative_as_a_formula(row: Row) -> None:
    case = min(small(row), key=lambda case: sum(int(np.prod(s)) for s in case.shapes) or 99)
    host = inputs(row, case)
    us, vs = cotangents(row, case, host), directions(row, case, host, "second")
    arrays, table = symbols_for(host)
    found = second(row, case, arrays, list(map(symbolic, us)), list(map(symbolic, vs)))
    for a, e in zip(found, second(row, case, host, us, vs), strict=True):
        assert_same(evaluated(a, table), e, 1e-8)


@by_row(row for row in ROWS if row.name in WITHOUT)
def test_what_has_no_formula_says_so(row: Row) -> None:
    case = row.cases[0]
    arrays, _ = symbols_for(inputs(row, case))
    with pytest.raises(SymbolError, match=r"numpy\.[a-z.]+ |an index or a mask made of"):
        values(row, case, arrays)


def test_the_list_of_what_has_no_formula_is_of_rows() -> None:
    assert {row.name for row in ROWS} >= WITHOUT


@pytest.mark.parametrize("name", sorted(VOCABULARY))
def test_every_name_of_the_vocabulary_is_answered(name: str) -> None:
    function: Any = np
    for part in name.split("."):
        function = getattr(function, part)
    assert function in FORMULAS, (
        f"numpy.{name} has no word: give it one in interpreters/symbols (elementwise.py, "
        f"functions.py or linalg.py)"
    )


# ------------------------------------------------------------------------- formulas of functions

x, y = sp.symbols("x y", real=True)
x0, x1, x2 = sp.symbols("x0:3", real=True)
Q, B = np.array([[1.0, -1.0], [-1.0, 2.0]]), np.array([1.0, 1.0])


def gradient(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def of(v: Any) -> Any:
        (g,) = pg.grad([function(v)], [v], enable_double_backprop=True)
        return g

    return of


def same(a: Any, b: Any) -> bool:
    return sp.simplify(a - b) in (0, sp.zeros(*getattr(a, "shape", (1, 1))))


def test_a_quadratic_form() -> None:
    found = to_sympy(lambda x: 0.5 * x @ Q @ x + B @ x, 2)
    assert sp.expand(found) == x0**2 / 2 - x0 * x1 + x1**2 + x0 + x1
    found = to_sympy(gradient(lambda x: 0.5 * x @ Q @ x + B @ x), 2, names="x")
    assert found == sp.Matrix([x0 - x1 + 1, -x0 + 2 * x1 + 1])


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.exp(x[0]) * np.sin(x[1]),
        lambda x: np.log(x[0] ** 2 + 1) / (x[1] ** 2 + 2),
        lambda x: np.linalg.det(np.stack([x, x**2 + 1])),
        lambda x: np.arctan2(x[0], x[1] ** 2 + 1),
        lambda x: np.log(np.exp(x).sum()),
        lambda x: np.tanh(x @ np.array([[1.0, 2.0], [3.0, 4.0]])).prod(),
    ],
)
def test_backprop_and_sympy_find_the_same_derivatives(function: Any) -> None:
    """Our backward on symbols gives SymPy's gradient of the formula; recorded, its Hessian."""
    formula = to_sympy(function, 2)
    expected = sp.Matrix([sp.diff(formula, s) for s in (x0, x1)])
    assert same(to_sympy(gradient(function), 2, names="x"), expected)
    for i in (0, 1):
        row = to_sympy(gradient(lambda x, i=i: gradient(function)(x)[i]), 2, names="x")
        assert same(row, sp.Matrix([sp.diff(expected[i], s) for s in (x0, x1)]))


@pytest.mark.parametrize(
    ("function", "formula"),
    [
        (np.linalg.norm, sp.sqrt(x0**2 + x1**2)),
        (np.mean, (x0 + x1) / 2),
        (np.ptp, sp.Max(x0, x1) - sp.Min(x0, x1)),
        (lambda x: np.hypot(x[0], x[1]), sp.sqrt(x0**2 + x1**2)),
        (lambda x: np.average(x, weights=[1.0, 2.0]), (x0 + 2 * x1) / 3),
        (lambda x: np.var(np.outer(x, [1.0, 1.0])), (x0 - x1) ** 2 / 4),
        (lambda x: np.polyval(x, 3.0), 3 * x0 + x1),
        (lambda x: np.trapezoid(x) if hasattr(np, "trapezoid") else x.mean(), (x0 + x1) / 2),
    ],
)
def test_functions_outside_the_vocabulary(function: Any, formula: Any) -> None:
    """They are composed of operations, on Variables."""
    assert sp.simplify(to_sympy(function, 2, names="x") - formula) == 0


def test_the_gradient_of_a_norm_keeps_the_exception_at_zero() -> None:
    found = to_sympy(gradient(np.linalg.norm), 2, names="x")
    assert found.subs({x0: 3, x1: 4}) == sp.Matrix([sp.Rational(3, 5), sp.Rational(4, 5)])
    assert found.subs({x0: 0, x1: 0}) == sp.Matrix([0, 0])


def test_choices_become_piecewise() -> None:
    found = to_sympy(lambda x: np.where(x > 1, x**2, -x), ())
    assert found == sp.Piecewise((x**2, x > 1), (-x, True))
    assert to_sympy(lambda x: x * (x > 1), ()) == sp.Piecewise((x, x > 1), (0, True))
    assert to_sympy(gradient(lambda x: np.where(x > 1, x**2, -x)), (), names="x") == sp.Piecewise(
        (2 * x, x > 1), (-1, True)
    )


def test_stable_forms_are_joined_to_the_formula_that_was_meant() -> None:
    sigmoid = 1 / (1 + sp.exp(-x))
    assert to_sympy(F.sigmoid, ()) == sigmoid
    assert same(to_sympy(gradient(F.sigmoid), (), names="x"), sp.diff(sigmoid, x))
    assert same(to_sympy(gradient(F.softplus), (), names="x"), sigmoid)
    assert to_sympy(gradient(F.relu), (), names="x") == sp.Piecewise((1, x > 0), (0, True))


def test_the_power_of_two_variables_has_no_exception_that_is_no_exception() -> None:
    found = to_sympy(gradient(lambda x: np.power(x[0], x[1])), 2, names="x")
    assert same(found[0], x1 * x0 ** (x1 - 1))
    assert found[1] == sp.Piecewise((0, sp.Eq(x0, 0)), (x0**x1 * sp.log(x0), True))


def test_matrices_by_formula() -> None:
    A = sp.Matrix(2, 2, sp.symbols("A00 A01 A10 A11", real=True))
    assert same(to_sympy(np.linalg.inv, (2, 2), names="A"), A.inv())
    assert same(to_sympy(np.linalg.det, (2, 2), names="A"), A.det())
    b = sp.Matrix(sp.symbols("b0 b1", real=True))
    assert same(to_sympy(np.linalg.solve, (2, 2), 2, names=("A", "b")), A.inv() * b)
    lower = to_sympy(np.linalg.cholesky, (2, 2), names="A")
    assert same((lower * lower.T)[1, :], sp.Matrix([[A[1, 0], A[1, 1]]]))
    assert same(to_sympy(gradient(np.linalg.det), (2, 2), names="A"), A.cofactor_matrix())
    sign, logarithm = to_sympy(np.linalg.slogdet, (2, 2), names="A")
    assert (sign, logarithm) == (sp.sign(A.det()), sp.log(sp.Abs(A.det())))
    with pytest.raises(pg.InvalidType, match="Singular"):
        to_sympy(lambda x: np.linalg.inv(x * np.zeros((2, 2))), ())


def test_assignment_builds_a_formula() -> None:
    def swapped(x: Any) -> Any:
        z = np.zeros((2, 2), like=x)
        z[0, 1] = x[0]
        z[1] = x
        return z

    assert to_sympy(swapped, 2) == sp.Matrix([[0, x0], [x0, x1]])


def test_rounding_and_remainders_by_formula() -> None:
    points = [-2.5, -1.5, -1.2, -0.5, 0.0, 0.4, 0.5, 1.5, 2.5, 2.7]
    for function in (np.rint, np.trunc, np.floor, np.ceil, lambda x: x % 2, lambda x: x // 2):
        formula = to_sympy(function, ())
        assert [float(formula.subs(x, sp.Rational(p))) for p in points] == [
            float(function(np.float64(p))) for p in points
        ]
    assert float(to_sympy(np.cbrt, ()).subs(x, -8)) == pytest.approx(-2)


# -------------------------------------------------------------------------------- in and out


def test_results_in_the_form_that_their_axes_ask_for() -> None:
    assert to_sympy(lambda x: x * 2, ()) == 2 * x
    assert to_sympy(lambda x: x * 2, 2) == sp.Matrix([2 * x0, 2 * x1])
    assert to_sympy(lambda x: x.reshape(1, 2), 2) == sp.Matrix([[x0, x1]])
    cube = to_sympy(lambda x: x.reshape(1, 2, 1), 2)
    assert cube == sp.Array([[[x0], [x1]]])
    pair = to_sympy(lambda x: (x[0], {"other": x[1]}), 2)
    assert pair == (x0, {"other": x1})
    assert to_sympy(lambda x: x > 1, ()) == (x > 1)
    assert list(to_sympy(lambda x: x > 1, 2)) == [x0 > 1, x1 > 1]
    assert to_sympy(lambda: 3.0) == 3


def test_names() -> None:
    assert to_sympy(lambda x: x, (2, 2)).free_symbols == {
        sp.Symbol(f"x{i}{j}", real=True) for i in (0, 1) for j in (0, 1)
    }
    assert to_sympy(lambda a, b: a * b, (), ()) == sp.prod(sp.symbols("a b", real=True))
    assert to_sympy(np.sin, ()) == sp.sin(x)
    assert to_sympy(lambda x: x.sum(), 2, names="x1:3") == sum(sp.symbols("x1 x2", real=True))
    assert to_sympy(lambda x: x.sum(), 2, names=["u, v"]) == sum(sp.symbols("u v", real=True))
    assert sp.Symbol("x_11", real=True) in to_sympy(lambda x: x, 12).free_symbols
    assert to_sympy(lambda *xs: xs[0] - xs[1], (), ()) == x - y
    with pytest.raises(SymbolError, match="expected 2 names for the shape"):
        symbols("a b c", 2)


def test_arguments_may_be_given_themselves() -> None:
    a, b = sp.symbols("a b")
    assert to_sympy(lambda x, k: k * x**2, (), a) == a * x**2
    assert to_sympy(lambda x, k: k @ x, 2, sp.Matrix([[a, b]])) == sp.Matrix([a * x0 + b * x1])
    assert to_sympy(lambda x, k: (k * x).sum(), 2, [a, 3]) == a * x0 + 3 * x1
    assert to_sympy(lambda x, k: k @ x, 2, Q) == sp.Matrix([x0 - x1, 2 * x1 - x0])


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (2.0, sp.Integer(2)),
        (-0.5, sp.Rational(-1, 2)),
        (0.1, sp.Rational(1, 10)),
        (1 / 3, sp.Rational(1, 3)),
        (1e-7, sp.Rational(1, 10**7)),
        (np.pi, sp.pi),
        (2 * np.pi / 3, 2 * sp.pi / 3),
        (np.log(2), sp.log(2)),
        (-np.sqrt(2) / 2, -sp.sqrt(2) / 2),
        (np.inf, sp.oo),
        (7, sp.Integer(7)),
        (np.int64(7), sp.Integer(7)),
        (True, sp.true),
        (np.bool_(False), sp.false),
        (1 + 2j, 1 + 2 * sp.I),
        (0.0, sp.Integer(0)),
    ],
)
def test_floats_are_taken_as_what_was_meant(value: Any, meant: Any) -> None:
    assert exact(value) == meant


def test_no_float_changes_its_value() -> None:
    rng = np.random.default_rng(0)
    for value in np.concatenate([rng.normal(size=50), 10.0 ** rng.uniform(-300, 300, 50)]):
        assert float(exact(value)) == value
    assert exact(float("nan")) is sp.nan


def test_a_symbolic_array_answers_plain_calls() -> None:
    s = symbols("x", 3)
    assert s.dtype == np.float64
    assert as_sympy(np.exp(s)) == sp.Matrix([sp.exp(x0), sp.exp(x1), sp.exp(x2)])
    assert as_sympy(s @ s) == x0**2 + x1**2 + x2**2
    assert as_sympy(2.0 ** s[0] - s[1] / 3 + abs(-s[2])) == 2**x0 - x1 / 3 + sp.Abs(x2)
    assert as_sympy(np.einsum("i,i", s, np.arange(3.0))) == x1 + 2 * x2
    assert as_sympy(s[::-1].T.reshape(3, 1).swapaxes(0, 1)) == sp.Matrix([[x2, x1, x0]])
    assert as_sympy(s.max() - s.min()) == sp.Max(x0, x1, x2) - sp.Min(x0, x1, x2)
    assert as_sympy(x + s[0]) == x + x0
    assert [as_sympy(e) for e in s] == [x0, x1, x2]
    assert as_sympy((s > 0) & (s < 2))[0] == sp.And(x0 > 0, x0 < 2)
    assert as_sympy(~(s > 0))[0] == (x0 <= 0)
    assert len(s) == 3
    assert "x0" in repr(s)


def test_functions_that_numpy_has_for_objects() -> None:
    s = symbols("x", 2)
    assert as_sympy(np.mean(s)) == (x0 + x1) / 2
    assert as_sympy(np.outer(s, [1.0, 2.0])) == sp.Matrix([[x0, 2 * x0], [x1, 2 * x1]])
    assert as_sympy(np.stack([s, s])) == sp.Matrix([[x0, x1], [x0, x1]])
    assert as_sympy(np.roll(s, 1) - np.flip(s)) == sp.Matrix([0, 0])
    assert as_sympy(np.eye(2, like=s) @ s) == sp.Matrix([x0, x1])
    assert as_sympy(np.full(2, 0.5, like=s) + np.empty(2, like=s)) == sp.Matrix([1, 1]) / 2


def test_transforms_on_symbols() -> None:
    """Batched arrays of symbols too: all rows of a Jacobian in one pass back."""

    def f(x: Any) -> Any:
        return x[0] ** 3 * np.sin(x[1])

    formula = x0**3 * sp.sin(x1)
    assert to_sympy(hessian(f), 2) == sp.hessian(formula, (x0, x1))
    found = to_sympy(jacobian(lambda x: np.stack([f(x), x @ x])), 2)
    assert found == sp.Matrix([formula, x0**2 + x1**2]).jacobian([x0, x1])
    rows = to_sympy(vmap(grad(f)), (3, 2), names="a")
    for i in range(3):
        at = dict(zip((x0, x1), sp.symbols(f"a{i}0 a{i}1", real=True), strict=True))
        gradient_there = sp.Matrix([formula.diff(s).subs(at) for s in (x0, x1)])
        assert gradient_there == rows[i, :].T


def test_a_variable_stands_above_symbols_in_either_order() -> None:
    s, v = symbols("x", 2), Variable(np.ones(2))
    for found in (s * v, v * s, np.add(s, v), np.dot(v, s), np.concatenate([s, v])):
        assert isinstance(found, Variable)
        assert isinstance(found.array, Symbolic)
    (v * s).sum().backward()
    assert as_sympy(v.grad) == sp.Matrix([x0, x1])


def test_an_unknown_array_type_above_is_asked() -> None:
    class Above:
        def __array_ufunc__(self, *args: Any, **kwargs: Any) -> str:
            return "asked"

        def __array_function__(self, *args: Any, **kwargs: Any) -> str:
            return "asked"

    s = symbols("x", 2)
    assert np.add(s, Above()) == "asked"
    assert s + Above() == "asked"
    assert np.concatenate([s, Above()]) == "asked"


def test_numbers_come_out_as_numbers() -> None:
    s = symbolic(np.array([1.0, 2.5]), np.float32)
    assert np.asarray(s).dtype == np.float32
    assert float(s[1]) == 2.5
    assert s[0].item() == 1.0
    assert int(s[0]) == 1
    assert bool(s[0])
    assert np.argmax(s) == 1
    assert s.astype(int).dtype == int
    assert as_sympy((s > 2).astype(float)) == sp.Matrix([0, 1])
    assert s[symbolic(np.array([1]))].item() == 2.5
    assert np.asarray(symbols("x", 2)).tolist() == [x0, x1]


def test_gradients_keep_the_dtype() -> None:
    v = Variable(Symbolic(symbols("x", 2).elements, np.float32))
    y = np.linalg.norm(v) * 2.0 + np.where(v > 0, v, 0).sum()
    assert y.dtype == np.float32
    y.backward()
    assert v.grad.dtype == np.float32


# -------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x if x > 0 else 0 * x, "x > 0 depends on the symbols' values: use np.where"),
        (lambda x: float(x.array), "float.. of x"),
        (lambda x: int(x.array), "int.. of x"),
        (lambda x: complex(x.array), "complex.. of x"),
        (lambda x: np.sort(np.stack([x, x])), "numpy.argsort"),
        (lambda x: np.stack([x, x])[np.stack([x, x]) > 0], "a mask"),
        (lambda x: np.linalg.eigh(x.reshape(1, 1)), "numpy.linalg.eigh.*eigenvals"),
        (lambda x: np.median(x.array), "numpy.median has no symbolic form.*Variable"),
        (lambda x: np.gcd(x.array, 2), "numpy.gcd has no symbolic form"),
        (lambda x: np.add.reduce(x.array.reshape(1)), "numpy.add.reduce has no symbolic form"),
        (lambda x: np.where(x.array), "where.condition."),
        (lambda x: np.add(x.array, 1.0, out=np.zeros(())), "numpy.add with out="),
        (lambda x: x.array * np.array("text"), "expected numbers or expressions"),
    ],
)
def test_what_symbols_cannot_do(function: Any, message: str) -> None:
    with pytest.raises(SymbolError, match=message):
        to_sympy(function, (), names="x")


def test_without_sympy_the_error_gives_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sympy", None)
    with pytest.raises(SymbolError, match="pip install sympy"):
        to_sympy(np.sin, ())


def test_sympy_is_imported_when_a_symbol_is_made() -> None:
    code = (
        "import sys, playground.interpreters.symbols as s; before = 'sympy' in sys.modules; "
        "s.symbols('x'); print(before, 'sympy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


# ------------------------------------------------------------------------------ the other way


@pytest.mark.parametrize(
    "formula",
    [
        x0**2 / 2 - x0 * x1 + x1**2 + x0 + x1,
        sp.exp(x0) * sp.sin(x1) / (1 + x0**2),
        sp.sqrt(x0**2 + x1**2) + sp.log(x1**2 + 1),
        sp.Abs(x0) * sp.tanh(x1) + sp.atan2(x0, x1),
        sp.Piecewise((x0**2, x0 > 1), (x1, True)),
        sp.Matrix([[x0, x1], [x1, x0 + 3]]).det(),
    ],
)
def test_lambdified_code_is_plain_numpy(formula: Any) -> None:
    """What SymPy writes is differentiable, and its gradient is SymPy's."""
    function = sp.lambdify((x0, x1), formula, modules="numpy")
    for point in ((0.7, -1.3), (1.9, 0.4)):
        vs = [Variable(np.array(p)) for p in point]
        found = pg.grad([function(*vs)], vs)
        for g, s in zip(found, (x0, x1), strict=True):
            expected = float(sp.diff(formula, s).subs({x0: point[0], x1: point[1]}))
            value = 0.0 if g is None else float(g.array)
            assert value == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_grad_of_lambdified_code() -> None:
    """With plain numbers and arrays in and out."""
    formula = sp.exp(x0) * x1**2
    function = sp.lambdify((x0, x1), formula, modules="numpy")
    assert grad(function, argnums=1)(0.5, 3.0) == pytest.approx(6 * np.exp(0.5), rel=1e-14)
    row = sp.lambdify([[x0, x1]], formula, modules="numpy")
    found = vmap(grad(row))(np.array([[0.0, 1.0], [1.0, 2.0]]))
    np.testing.assert_allclose(found, [[1, 2], [4 * np.e, 4 * np.e]], rtol=1e-14)


def test_there_and_back_again() -> None:
    formula = x0**3 * sp.cos(x1) - x1 / x0
    function = sp.lambdify([[x0, x1]], formula, modules="numpy")
    assert sp.expand(to_sympy(function, 2, names="x") - formula) == 0
