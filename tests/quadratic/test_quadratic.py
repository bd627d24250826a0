"""The quadratic form three ways, and the command that shows them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sympy as sp

from playground.interpreters.symbols import to_sympy
from playground.lab.grids import grid_axis, grid_points
from playground.quadratic import (
    Algebra,
    Derivatives,
    MatrixForm,
    automatic,
    main,
    numerical,
    quadratic_form,
    zeros_of_gradient,
)
from playground.quadratic import command as module
from playground.transforms import grad, hessian
from tests.strict_array import StrictArray, registered

Q, B = np.array([[1.0, -1.0], [-1.0, 2.0]]), np.array([1.0, 1.0])
GRID = grid_points(grid_axis(-10, 9, 1), last_fastest=True)
RNG = np.random.default_rng(3)


def case(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A matrix that is not symmetric, a vector, and points."""
    rng = np.random.default_rng(n)
    return rng.normal(size=(n, n)), rng.normal(size=n), rng.normal(size=(7, n))


def expected(Q: np.ndarray, b: np.ndarray, points: np.ndarray) -> Derivatives:
    """By the formulas of linear algebra."""
    S = (Q + Q.T) / 2
    values = [x @ Q @ x / 2 + b @ x for x in points]
    return Derivatives(points, np.array(values), points @ S + b, np.array([S] * len(points)))


def assert_near(found: Derivatives, wanted: Derivatives, tolerance: float) -> None:
    for actual, right in zip(found, wanted, strict=True):
        np.testing.assert_allclose(actual, right, rtol=tolerance, atol=tolerance)


# ------------------------------------------------------------------------------- three ways


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_every_way_gives_what_linear_algebra_gives(n: int) -> None:
    Q, b, points = case(n)
    f, wanted = quadratic_form(Q, b), expected(Q, b, points)
    assert_near(automatic(f, points), wanted, 1e-13)
    assert_near(numerical(f, points), wanted, 1e-11)
    assert_near(numerical(f, points, h=2.0), wanted, 1e-12)
    assert_near(Algebra(Q, b).at(points), wanted, 1e-13)


def test_differences_on_the_grid_lose_nothing() -> None:
    """Neither to truncation, whatever the step, nor to rounding, for all numbers are short."""
    assert numerical(quadratic_form(Q, B), GRID).distance(expected(Q, B, GRID)) == (0, 0, 0)


def test_a_small_step_shows_its_rounding() -> None:
    errors = numerical(quadratic_form(Q, B), GRID, h=1e-4).distance(expected(Q, B, GRID))
    assert 1e-12 < errors[1] < 1e-7
    assert 1e-8 < errors[2] < 1e-4


def test_the_function_is_called_a_few_times_for_any_number_of_points() -> None:
    calls = []

    def counted(x: Any) -> Any:
        calls.append(x.shape)
        return quadratic_form(Q, B)(x)

    automatic(counted, GRID)
    numerical(counted, GRID)
    assert len(calls) <= 3
    assert set(calls) == {(2,)}


def test_precision_is_kept() -> None:
    f = quadratic_form(Q.astype("f"), B.astype("f"))
    for found in (automatic(f, GRID.astype("f")), numerical(f, GRID.astype("f"))):
        assert {part.dtype for part in found} == {np.dtype("f")}
        assert_near(found, expected(Q, B, GRID), 1e-5)


def test_integer_points_are_points() -> None:
    f, points = quadratic_form(Q, B), GRID.astype(int)
    for found in (automatic(f, points), numerical(f, points)):
        assert_near(found, expected(Q, B, GRID), 1e-13)
        assert {part.dtype for part in found} == {np.dtype(float)}


def test_points_on_a_device() -> None:
    with registered():
        f = quadratic_form(StrictArray.of(Q), StrictArray.of(B))
        points = StrictArray.of(GRID)
        for found in (automatic(f, points), numerical(f, points)):
            assert {type(part) for part in found} == {np.ndarray}
            assert_near(found, expected(Q, B, GRID), 1e-13)


def test_distance_is_that_of_values_gradients_and_hessians() -> None:
    one = expected(Q, B, GRID)
    other = Derivatives(GRID, one.values + 1, one.gradients - 2, one.hessians * 2)
    assert one.distance(other) == (1.0, 2.0, 2.0)


# ---------------------------------------------------------------------------------- frames


def test_frames_pivot_to_the_grid() -> None:
    frames = automatic(quadratic_form(Q, B), GRID).frames()
    assert list(frames) == [
        *("f", "df_dx1", "df_dx2"),
        *("d2f_dx1dx1", "d2f_dx1dx2", "d2f_dx2dx1", "d2f_dx2dx2"),
    ]
    axis = np.arange(-10.0, 10.0)
    first, second = np.meshgrid(axis, axis, indexing="ij")
    tables = {
        "f": first**2 / 2 - first * second + second**2 + first + second,
        "df_dx1": first - second + 1,
        "df_dx2": 2 * second - first + 1,
        "d2f_dx1dx2": np.full((20, 20), -1.0),
        "d2f_dx2dx2": np.full((20, 20), 2.0),
    }
    for name, table in tables.items():
        assert list(frames[name].columns) == ["x1", "x2", "y"]
        pivot = frames[name].pivot(index="x1", columns="x2", values="y")
        assert pivot.index.tolist() == pivot.columns.tolist() == axis.tolist()
        np.testing.assert_allclose(pivot.to_numpy(), table, atol=1e-12)


def test_the_frame_shows_where_the_first_component_vanishes() -> None:
    """The table of the original study."""
    frame = automatic(quadratic_form(Q, B), GRID).frames()["df_dx1"]
    rows = frame[frame.y == 0]
    assert list(zip(rows.x1, rows.x2, strict=True)) == [(i, i + 1) for i in range(-10, 9)]


def test_zeros_are_found_but_for_rounding() -> None:
    f = quadratic_form(0.1 * Q, 0.1 * B)
    first, second = zeros_of_gradient(automatic(f, GRID))
    assert first.tolist() == [[i, i + 1] for i in range(-10, 9)]
    assert second.tolist() == [[2 * i + 1, i] for i in range(-5, 5)]


# ---------------------------------------------------------------------------------- algebra

x1, x2 = sp.symbols("x1 x2", real=True)


def test_formulas_of_the_original() -> None:
    algebra = Algebra(Q, B)
    assert algebra.expression == x1**2 / 2 - x1 * x2 + x2**2 + x1 + x2
    assert algebra.gradient == sp.Matrix([x1 - x2 + 1, -x1 + 2 * x2 + 1])
    assert algebra.jacobian == algebra.gradient.T
    assert algebra.hessian == sp.Matrix([[1, -1], [-1, 2]])


def test_numbers_in_formulas_are_those_that_were_meant() -> None:
    algebra = Algebra(np.array([[0.1, 0.0], [0.0, 1 / 3]]), np.array([0.0, 2.5]))
    assert algebra.expression == x1**2 / 20 + x2**2 / 6 + sp.Rational(5, 2) * x2


@pytest.mark.parametrize("symmetric", [True, False])
def test_the_matrix_form_is_that_of_the_components(symmetric: bool) -> None:
    matrix = Q if symmetric else np.array([[1.0, 3.0], [-1.0, 2.0]])
    algebra, form = Algebra(matrix, B), MatrixForm.of(symmetric)
    n = sp.Symbol("n", integer=True, positive=True)
    symbols = {s.name: s for s in form.expression.subs(n, 2).free_symbols}
    numbers = {"Q": sp.Matrix(matrix.astype(int)), "b": sp.ones(2, 1), "x": sp.Matrix([x1, x2])}

    def components(expression: Any) -> Any:
        expression = expression.subs(n, 2)
        known = {symbols[name]: numbers[name] for name in symbols}
        return sp.expand(sp.Matrix(expression.subs(known).doit()))

    assert components(form.expression)[0] == algebra.expression
    assert components(form.gradient) == algebra.gradient
    assert components(form.hessian) == algebra.hessian


def test_the_matrix_form_in_words() -> None:
    assert str(MatrixForm.of(True).gradient) == "Q*x + b"
    assert str(MatrixForm.of(True).hessian) == "Q"
    assert str(MatrixForm.of(False).gradient) == "((1/2)*Q + (1/2)*Q.T)*x + b"


def test_backprop_on_symbols_gives_the_same_formulas() -> None:
    f, algebra = quadratic_form(Q, B), Algebra(Q, B)
    assert to_sympy(grad(f), algebra.symbols) == algebra.gradient
    assert to_sympy(hessian(f), algebra.symbols) == algebra.hessian


def test_latex() -> None:
    found = Algebra(Q, B).latex()
    assert found["f(x)"].startswith(r"\frac{x_{1}^{2}}{2} - x_{1} x_{2} + x_{1}")
    assert found[r"\nabla f"].endswith("= Q x + b")
    assert found["H"].endswith(r"1 & -1\\-1 & 2\end{matrix}\right] = Q")
    assert set(found) == {"f(x)", r"\nabla f", "J", "H"}


@pytest.mark.parametrize(
    ("Q", "b", "kind", "directions"),
    [
        ([[1, -1], [-1, 2]], [1, 1], "minimum", 0),
        ([[-1, 0], [0, -3]], [1, 1], "maximum", 0),
        ([[0, 1], [1, 0]], [2, 3], "saddle point", 0),
        ([[1, 5], [-5, 1]], [1, 1], "minimum", 0),  # the antisymmetric part has no say
        ([[1, 1], [1, 1]], [2, 2], "minimum", 1),
        ([[-1, 1], [1, -1]], [0, 0], "maximum", 1),
        ([[1, 1], [1, 1]], [1, 2], "none", 0),
        ([[0, 0], [0, 0]], [0, 0], "plane", 2),
        ([[0, 0], [0, 0]], [0, 1], "none", 0),
        ([[0, 1], [-1, 0]], [0, 0], "plane", 2),
        ([[1, 0, 0], [0, -1, 0], [0, 0, 0]], [1, 1, 0], "saddle point", 1),
        ([[0.1, 0.2], [0.2, 0.4]], [0.3, 0.6], "minimum", 1),  # singular as meant
        ([[2]], [-3], "minimum", 0),
    ],
)
def test_where_the_gradient_vanishes(Q: Any, b: Any, kind: str, directions: int) -> None:
    algebra = Algebra(np.array(Q, float), np.array(b, float))
    found = algebra.stationary
    assert (found.kind, len(found.directions)) == (kind, directions)
    if kind == "none":
        assert found.point is None
        return
    for i in range(-1, len(found.directions)):
        point = found.point + (3 * found.directions[i] if i >= 0 else sp.zeros(*found.point.shape))
        at = dict(zip(algebra.symbols, point, strict=True))
        assert algebra.gradient.subs(at) == sp.zeros(len(b), 1)
        assert algebra.expression.subs(at) == found.value


# ------------------------------------------------------------------------------- the command


def run(tmp_path: Path, *words: str) -> int:
    return main([*words, "--out", str(tmp_path / "run")])


def test_the_command_tells_everything(tmp_path: Path, capsys: Any) -> None:
    assert run(tmp_path) == 0
    text = capsys.readouterr().out
    for part in (
        "algebra, backprop and differences agree",
        "f(x1, x2)   x1**2/2 - x1*x2 + x1 + x2**2 + x2",
        "df/dx1 = x1 - x2 + 1",
        "[x1 - x2 + 1, -x1 + 2*x2 + 1]",
        "Q*x + b",
        r"\frac{x_{1}^{2}}{2}",
        "numerical - algebraic",
        "19 of 400 points: (-10, -9) (-9, -8)",
        "(8, 9)\n",
        "minimum at (-3, -2), where f = -5/2",
    ):
        assert part in text
    names = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert names == [
        *("d2f_dx1dx1.csv", "d2f_dx1dx2.csv", "d2f_dx2dx1.csv", "d2f_dx2dx2.csv"),
        *("df_dx1.csv", "df_dx2.csv", "f.csv", "formulas.tex"),
        *("gradient.png", "hessian.png", "surface.png"),
    ]


def test_written_frames_are_read_again(tmp_path: Path) -> None:
    assert run(tmp_path, "--no-plot", "--quiet") == 0
    frame = pd.read_csv(tmp_path / "run" / "df_dx2.csv")
    pivot = frame.pivot(index="x1", columns="x2", values="y")
    assert pivot.shape == (20, 20)
    assert pivot.loc[-3, -2] == 0
    assert not list((tmp_path / "run").glob("*.png"))
    assert r"\[ f(x) = " in (tmp_path / "run" / "formulas.tex").read_text()


def test_quiet_is_one_line(tmp_path: Path, capsys: Any) -> None:
    assert run(tmp_path, "--quiet", "--no-plot") == 0
    assert capsys.readouterr().out.count("\n") == 1


def test_a_matrix_and_a_vector_of_the_user(tmp_path: Path, capsys: Any) -> None:
    words = ("--Q", "-1,1/2;1/2,2", "--b", "-1 .5", "--from", "-1", "--to", "1", "--step", "0.5")
    assert run(tmp_path, *words, "--no-plot") == 0
    text = capsys.readouterr().out
    assert "-x1**2/2 + x1*x2/2 - x1 + x2**2 + x2/2" in text
    assert "25 points" in text
    assert "saddle point at " in text


def test_other_numbers_of_variables(tmp_path: Path, capsys: Any) -> None:
    assert run(tmp_path, "--Q", "1,2,3;0,1,0;0,0,4", "--seed", "5") == 0
    text = capsys.readouterr().out
    assert "f(x1, x2, x3)" in text
    assert "((1/2)*Q + (1/2)*Q.T)*x + b" in text
    frame = pd.read_csv(tmp_path / "run" / "points.csv")
    assert frame.shape == (400, 3 + 1 + 3 + 9)
    assert np.ptp(frame.x3) > 15
    np.testing.assert_allclose(frame.df_dx3, 4 * frame.x3 + 1.5 * frame.x1 + 1, rtol=1e-12)
    assert not list((tmp_path / "run").glob("*.png"))


@pytest.mark.parametrize(
    ("Q", "b", "found"),
    [
        ("0,0;0,0", "0,0", "plane at (0, 0), where f = 0"),
        ("0,0;0,0", "1,0", "the gradient vanishes nowhere"),
        ("0", "0", "plane at (0), where f = 0"),
    ],
)
def test_a_form_without_squares(tmp_path: Path, capsys: Any, Q: str, b: str, found: str) -> None:
    assert run(tmp_path, "--Q", Q, "--b", b) == 0
    text = capsys.readouterr().out
    assert "algebra, backprop and differences agree" in text
    assert found in text


def test_formulas_give_floats_of_whole_numbers() -> None:
    found = Algebra(np.zeros((2, 2)), np.ones(2)).at(GRID)
    assert {part.dtype for part in found} == {np.dtype(float)}
    assert_near(found, expected(np.zeros((2, 2)), np.ones(2), GRID), 0.0)


def test_help_says_which_step_is_the_grids(tmp_path: Path, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        run(tmp_path, "--help")
    text = capsys.readouterr().out
    assert "from A to B in steps of S" in text
    assert text.count("what is written:") == 1


def test_one_variable(tmp_path: Path, capsys: Any) -> None:
    assert run(tmp_path, "--Q", "2", "--b", "-3") == 0
    text = capsys.readouterr().out
    assert "minimum at (3/2), where f = -9/4" in text
    assert "pictures" not in text  # there are none


@pytest.mark.parametrize("words", [("--dtype", "float32"), ("--h", "1e-3"), ("--h", "100")])
def test_other_ways_to_compute_agree_too(tmp_path: Path, words: tuple[str, str]) -> None:
    assert run(tmp_path, *words, "--no-plot", "--quiet") == 0


def test_ways_that_disagree_are_reported(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*args: Any) -> Derivatives:
        found = numerical(*args)
        return found._replace(gradients=found.gradients + 1e-6)

    monkeypatch.setattr(module, "numerical", wrong)
    assert run(tmp_path, "--no-plot") == 1
    assert "DISAGREE" in capsys.readouterr().out


def test_a_step_that_rounding_spoils_is_no_agreement(tmp_path: Path, capsys: Any) -> None:
    words = ("--dtype", "float32", "--h", "1e-4", "--no-plot", "--quiet")
    assert run(tmp_path, *words) == 1
    assert "what would help: a larger step of the differences" in capsys.readouterr().err


def test_no_stationary_point_and_lines_of_them(tmp_path: Path, capsys: Any) -> None:
    assert run(tmp_path / "a", "--Q", "1,1;1,1", "--b", "1,2", "--no-plot") == 0
    assert "the gradient vanishes nowhere" in capsys.readouterr().out
    assert run(tmp_path / "b", "--Q", "1,1;1,1") == 0
    assert "minimum at (-1, 0), where f = -1/2 and all points along 1 direction: (-1, 1)" in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize("Q", ["[[2,1],[1,3]]", "[2 1; 1 3]", "{{2, 1}, {1, 3}}", "2 1;1 3"])
@pytest.mark.parametrize("b", ["[1, -2]", "(1, -2)", "[1; -2]", "1 \u22122"])
def test_numbers_in_brackets(Q: str, b: str) -> None:
    assert module.read_matrix_text(Q).tolist() == [[2, 1], [1, 3]]
    assert module.read_numbers(b, 2).tolist() == [1, -2]
    # Through the parser of flags as well, which takes a minus for another flag.
    given = module.QuadraticStudy.parser("x").read(["--Q", Q, "--b", b])[1]
    assert given == {"Q": Q, "b": b}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--Q", "1,2;3"), "row 2 is of length 1, row 1 of 2"),
        (("--Q", "1,2,3;4,5,6"), "as many rows as columns, got 2 x 3"),
        (("--Q", "1,2"), "got 1 x 2: write the rows after semicolons"),
        (("--Q", "1,a;2,3"), "--Q: expected a finite number, got 'a'"),
        (("--Q", "1,nan;2,3"), "finite number, got 'nan'"),
        (("--Q", "1,1e999;2,3"), "finite number, got '1e999'"),
        (("--Q", "1,1/0;2,3"), "finite number, got '1/0'"),
        (("--Q", ""), "expected numbers after commas"),
        (("--Q", ";".join(["0," * 20 + "1"] * 21)), "21 variables"),
        (("--b", "1,2,3"), "expected 2 numbers, as --Q has rows, got 3"),
        (("--b", "1,x"), "--b: expected a finite number, got 'x'"),
        (("--b", "1,,2"), "--b: expected a finite number, got ''"),
        (("--b", "1,5 2,5"), "has commas and blanks between numbers"),
        (("--Q", "[[1,2],[3,...]]"), "holds '...'"),
        (("--Q", "[[1,2],[3]]"), "row 2 is of length 1, row 1 of 2"),
        (("--Q", "[[1,2],[3,4]"), "a bracket does not close"),
        (("--step", "1e-6"), "more than 1,000,000: choose a step"),
        (("--step", "-1"), "expected a number above 0"),
        (("--from", "5", "--to", "5"), "has to end above its beginning"),
        (("--h", "0"), "expected a number above 0"),
        (("--device", "nowhere"), "unknown device"),
        (("--resume", "x"), "--resume"),
    ],
)
def test_bad_input_is_one_line(
    tmp_path: Path, capsys: Any, words: tuple[str, ...], message: str
) -> None:
    assert run(tmp_path, *words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert message in told.err
    assert not (tmp_path / "run").exists()


def test_without_sympy_there_is_a_cure(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sympy", None)
    assert run(tmp_path) == 2
    assert "pip install sympy" in capsys.readouterr().err


def test_as_a_module(tmp_path: Path) -> None:
    words = ["--help"]
    done = subprocess.run(
        [sys.executable, "-m", "playground.quadratic", *words],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "python -m playground.quadratic" in done.stdout
    assert "--Q ROWS" in done.stdout
