"""``playground.field``: gradients at many points, and the command as a user meets it."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import playground
from playground import field
from playground.field import pictures, problem
from playground.field.expression import ARITY, Expression
from playground.field.loading import load_function
from playground.graph.backend import Device
from playground.graph.errors import InputError
from playground.lab import grids, plot
from tests.paths import ROOT
from tests.strict_array import StrictArray, registered

POINTS = np.array([[1.0, 2.0], [-0.5, 0.25], [0.0, -3.0]])


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Carry out a command line in an empty directory, in this process."""
    monkeypatch.chdir(tmp_path)

    def command(*argv) -> tuple[int, str, str]:
        capsys.readouterr()
        code = field.main([str(word) for word in argv])
        return (code, *capsys.readouterr())

    return command


def table(path) -> dict[str, np.ndarray]:
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


# ---------------------------------------------------------------------- gradients at points

KNOWN = {
    "bowl": (lambda x: x[0] ** 2 + x[1] ** 2, lambda a, b: (2 * a, 2 * b)),
    "saddle": (lambda x: x[0] * x[1], lambda a, b: (b, a)),
    "waves": (
        lambda x: np.sin(x[0] * x[1]),
        lambda a, b: (b * np.cos(a * b), a * np.cos(a * b)),
    ),
    "whole": (lambda x: (x @ np.array([[2.0, 1.0], [0.0, 3.0]]) * x).sum(), None),
}


@pytest.mark.parametrize("name", ["bowl", "saddle", "waves"])
def test_gradients_are_those_of_the_closed_form(name: str) -> None:
    f, closed = KNOWN[name]
    expected = np.stack(closed(*POINTS.T), axis=1)
    assert np.allclose(field.gradient_field(f, POINTS), expected, rtol=1e-14, atol=1e-14)
    assert np.allclose(field.numerical_field(f, POINTS), expected, atol=1e-7)


def test_a_function_of_the_whole_point() -> None:
    """x'Ax has the gradient (A + A')x."""
    f, _ = KNOWN["whole"]
    expected = POINTS @ np.array([[4.0, 1.0], [1.0, 6.0]])
    assert np.allclose(field.gradient_field(f, POINTS), expected, rtol=1e-14)


def test_the_function_runs_once_for_all_points() -> None:
    calls = []

    def f(x):
        calls.append(x.shape)
        return x[0] * x[1]

    field.gradient_field(f, np.ones((1000, 2)))
    assert calls == [(2,)]


def test_central_differences_are_of_second_order() -> None:
    """For a cubic the error of the central difference is h^2 f'''/6, here h^2 exactly."""
    found = field.numerical_field(lambda x: x[0] ** 3 + 0 * x[1], [[1.0, 0.0]], h=0.1)
    assert found == pytest.approx(np.array([[3.0 + 0.01, 0.0]]), abs=1e-12)


@pytest.mark.parametrize("points", [[[1, 2], [3, 4]], np.array([[1, 2], [3, 4]], dtype=np.int8)])
def test_integer_points_become_float(points) -> None:
    found = field.gradient_field(lambda x: x[0] ** 2 * x[1], points)
    assert found.dtype == np.float64
    assert found.tolist() == [[4.0, 1.0], [24.0, 9.0]]


def test_single_precision_stays() -> None:
    f = KNOWN["waves"][0]
    assert field.gradient_field(f, POINTS.astype(np.float32)).dtype == np.float32
    assert field.numerical_field(f, POINTS.astype(np.float32)).dtype == np.float64


def test_two_points_are_rows() -> None:
    """(2, 2) could be read both ways: the rows are the points."""
    found = field.gradient_field(lambda x: x[0] ** 2, [[1.0, 5.0], [2.0, 7.0]])
    assert found.tolist() == [[2.0, 0.0], [4.0, 0.0]]


@pytest.mark.parametrize("count", [3, 4, 289])
@pytest.mark.parametrize("compute", [field.gradient_field, field.numerical_field])
def test_points_in_columns_are_refused(compute, count: int) -> None:
    with pytest.raises(InputError) as caught:
        compute(KNOWN["bowl"][0], np.ones((2, count)))
    message = str(caught.value)
    assert "a row for each point and a column for each of x0 and x1" in message
    assert f"(2, {count}), where the points lie in columns: pass points.T" in message


@pytest.mark.parametrize("shape", [(2,), (4, 3), (0, 2), (5, 2, 2), (2, 0), (1, 1), ()])
def test_other_shapes_are_refused(shape) -> None:
    with pytest.raises(InputError, match=r"expected shape \(k, 2\)"):
        field.gradient_field(KNOWN["bowl"][0], np.ones(shape))


@pytest.mark.parametrize("points", [np.ones((3, 2), dtype=complex), [["a", "b"]]])
def test_what_is_no_real_number_is_refused(points) -> None:
    with pytest.raises(InputError, match="expected real numbers"):
        field.gradient_field(KNOWN["bowl"][0], points)


def test_a_function_that_decides_by_if_is_computed_point_by_point() -> None:
    def bent(x):
        return x[0] ** 2 if x[0] > x[1] else 3 * x[1]

    found = problem.Field.of(bent, [[2.0, 1.0], [0.0, 1.0]])
    assert found.values.tolist() == [4.0, 3.0]
    assert found.automatic.tolist() == [[4.0, 0.0], [0.0, 3.0]]
    assert np.allclose(found.numerical, found.automatic, atol=1e-7)


def test_one_number_in_an_array_will_do() -> None:
    found = problem.Field.of(lambda x: x[:1] * x[1:], POINTS)
    assert found.values.tolist() == (POINTS[:, 0] * POINTS[:, 1]).tolist()
    assert found.automatic.tolist() == POINTS[:, ::-1].tolist()


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda x: x, r"array of shape \(2,\) at a point.*\.sum\(\)"),
        (lambda x: x[0] > 0, "truth values"),
        (lambda x: x[0] * 1j, "complex|holomorphic"),
    ],
)
def test_a_function_that_gives_no_real_number_is_refused(f, words) -> None:
    with pytest.raises((InputError, TypeError), match=words):
        problem.Field.of(f, POINTS)


def test_it_computes_on_a_device() -> None:
    f = KNOWN["waves"][0]
    with registered():
        found = problem.Field.of(f, StrictArray(POINTS))
    assert type(found.values) is type(found.automatic) is np.ndarray
    assert np.allclose(found.automatic, field.gradient_field(f, POINTS), rtol=1e-14)


# ---------------------------------------------------------------------- what a run writes


def test_the_default_is_the_bowl_with_four_descents(run, tmp_path) -> None:
    code, out, err = run("--out", "o")
    assert (code, err) == (0, "")
    assert {p.name for p in (tmp_path / "o").iterdir()} == {
        "field.csv", "field.png", "gradients.png", "paths.png", "paths",
    }  # fmt: skip
    found = table("o/field.csv")
    assert len(found["x0"]) == 17 * 17
    assert set(found["x0"]) == set(found["x1"]) == set(np.arange(-8, 9) / 4)
    assert np.array_equal(found["f"], found["x0"] ** 2 + found["x1"] ** 2)
    for i in "01":
        assert np.array_equal(found[f"gradient{i}"], 2 * found[f"x{i}"])
        assert np.allclose(found[f"numerical{i}"], 2 * found[f"x{i}"], atol=1e-9)
    for number in range(1, 5):
        record = playground.read_log(tmp_path / f"o/paths/{number}")
        assert np.abs(record.params.to_numpy()[-1]).max() < 1e-6
        assert list(record.params.columns) == ["x[0]", "x[1]"]
    assert "17 x 17 points, -2 to 2" in out
    assert out.count("(0, 0)") >= 4


@pytest.mark.parametrize("preset", ["bowl", "saddle", "waves"])
def test_every_preset(run, preset) -> None:
    assert run("--preset", preset, "--out", "o", "--no-plot", "--starts", 0)[0] == 0
    found = table("o/field.csv")
    expected = KNOWN[preset][1](found["x0"], found["x1"])
    for i in (0, 1):
        assert np.allclose(found[f"gradient{i}"], expected[i], rtol=1e-13, atol=1e-13)


def test_a_formula_of_your_own(run) -> None:
    argv = ("--function", "x0*exp(-x1**2)", "--from", 0, "--to", 1, "--step", 0.5, "--no-plot")
    assert run(*argv, "--out", "o")[0] == 0
    found = table("o/field.csv")
    x0, x1 = found["x0"], found["x1"]
    assert len(x0) == 9
    assert np.allclose(found["gradient0"], np.exp(-(x1**2)), rtol=1e-14)
    assert np.allclose(found["gradient1"], -2 * x0 * x1 * np.exp(-(x1**2)), rtol=1e-14)


@pytest.mark.parametrize(
    ("low", "high", "step", "last"), [(0, 0.3, 0.1, 0.3), (-1, 1, 0.3, 0.8), (0, 1, 0.1, 1.0)]
)
def test_the_grid_ends_where_it_is_told_to(run, low, high, step, last) -> None:
    """Also where rounding makes 0.3 / 0.1 less than 3; a step that does not divide stays below."""
    run("--from", low, "--to", high, "--step", step, "--no-plot", "--starts", 0, "--out", "o")
    assert table("o/field.csv")["x0"].max() == pytest.approx(last, abs=1e-12)


def test_starts_are_given_or_random_by_seed(run) -> None:
    one = ("--no-plot", "--starts", 2, "--start", "[1, -0.5]", "--start", "-1, 1.5")
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        assert run(*one, "--seed", seed, "--out", name)[0] == 0

    def starts(name: str) -> list[tuple[float, float]]:
        logs = (playground.read_log(f"{name}/paths/{i}") for i in range(1, 5))
        return [tuple(log.params.to_numpy()[0]) for log in logs]

    assert starts("a")[:2] == [(1.0, -0.5), (-1.0, 1.5)]
    assert starts("a") == starts("b")
    assert starts("a")[:2] == starts("c")[:2]
    assert starts("a")[2:] != starts("c")[2:]
    assert np.abs(starts("a")).max() <= 2


def test_a_start_alone_brings_no_random_ones(run) -> None:
    run("--start", "1,1", "--no-plot", "--out", "o")
    assert [p.name for p in Path("o/paths").iterdir()] == ["1"]


def test_random_starts_are_where_the_function_is_finite(run) -> None:
    run("--function", "log(x0) + x1**2", "--starts", 5, "--no-plot", "--out", "o")
    for i in range(1, 6):
        assert playground.read_log(f"o/paths/{i}").params.to_numpy()[0, 0] > 0


def test_descents_end_at_minima_and_ascents_at_maxima(run) -> None:
    """x0 exp(-x0^2-x1^2) has its minimum at (-1/sqrt 2, 0) and its maximum at (1/sqrt 2, 0)."""
    argv = ("--function", "x0*exp(-x0**2-x1**2)", "--start", "0.1,0.4", "--no-plot")
    run(*argv, "--out", "down")
    run(*argv, "--uphill", "--out", "up")
    down, up = (playground.read_log(f"{name}/paths/1") for name in ("down", "up"))
    place, height = 1 / math.sqrt(2), math.exp(-0.5) / math.sqrt(2)
    assert down.params.to_numpy()[-1] == pytest.approx([-place, 0], abs=1e-5)
    assert up.params.to_numpy()[-1] == pytest.approx([place, 0], abs=1e-5)
    assert down.loss["loss"].iloc[-1] == pytest.approx(-height, abs=1e-9)
    assert up.watched["f"].iloc[-1] == pytest.approx(height, abs=1e-9)


def test_a_path_stops_where_it_leaves_the_picture(run) -> None:
    _, out, _ = run("--preset", "saddle", "--start", "1,-0.9", "--no-plot", "--out", "o")
    points = playground.read_log("o/paths/1").params.to_numpy()
    assert (np.abs(points[:-1]) <= 2).all()
    assert np.abs(points[-1]).max() > 2
    assert "it left the picture" in out


@pytest.mark.parametrize("rule", ["grow-shrink", "barzilai-borwein", "constant"])
def test_the_rule_and_its_first_step_are_chosen(run, rule) -> None:
    argv = ("--start", "1,1", "--rule", rule, "--step-size", 0.03, "--max-steps", 5)
    assert run(*argv, "--no-plot", "--out", "o")[0] == 0
    record = playground.read_log("o/paths/1")
    assert record.params.to_numpy()[1] == pytest.approx([0.94, 0.94])
    assert len(record.loss) <= 6
    if rule == "constant":
        assert record.params.to_numpy()[5] == pytest.approx([0.94**5] * 2)


def test_single_precision(run) -> None:
    assert run("--dtype", "float32", "--preset", "waves", "--out", "o", "--no-plot")[0] == 0
    found = table("o/field.csv")
    assert np.array_equal(found["f"], found["f"].astype(np.float32))
    assert np.abs(found["gradient0"] - found["numerical0"]).max() < 1e-5
    assert playground.read_log("o/paths/1").layout.dtypes == ("<f4",)


def test_gaps_are_said_in_words_and_drawn(run) -> None:
    """log(x0) is finite right of 0: 8 of 17 columns; at x0 = 0.25 and beyond."""
    code, _, err = run("--function", "log(x0)*x1", "--out", "o")
    assert code == 0
    assert f"not finite at {9 * 17} points: gaps in the pictures (the first at (-2, -2))" in err
    found = table("o/field.csv")
    assert np.isnan(found["f"][found["x0"] < 0]).all()
    assert np.isfinite(found["f"][found["x0"] > 0]).all()


def test_a_gradient_that_is_not_finite_is_said_in_words(run) -> None:
    """sqrt(|x0|) is 0 at 0, where its slope is infinite or undefined."""
    _, _, err = run("--function", "sqrt(abs(x0))", "--no-plot", "--starts", 0, "--out", "o")
    assert "the automatic gradient is not finite at 17 points: no arrow there" in err


def test_where_the_function_has_no_value_it_has_no_gradient(run) -> None:
    """log(x0) has the slope 1/x0, 0.5 to 4 where it is defined; left of 0 the formula says -0.5."""
    _, out, _ = run("--function", "log(x0)+x1", "--no-plot", "--starts", 0, "--out", "o")
    found = table("o/field.csv")
    gone = ~np.isfinite(found["f"])
    for name in ("gradient0", "gradient1", "numerical0", "numerical1"):
        assert np.array_equal(np.isnan(found[name]), gone)
    low, high = np.hypot(0.5, 1), np.hypot(4, 1)
    assert re.search(rf"length of the gradient +{low:.6g} to {high:.6g}", out)


def test_a_flat_function_has_no_paths(run) -> None:
    code, _, err = run("--function", "floor(x0/8) + 0*x1", "--out", "o")
    assert code == 0
    assert "the gradient is 0 at every point: there are no paths" in err
    assert not Path("o/paths").exists()


def test_a_function_finite_in_a_corner_gets_fewer_starts(run) -> None:
    """A disc of radius 0.1 around (1, 1) is 0.2 % of the square."""
    formula = "log(0.01 - (x0-1)**2 - (x1-1)**2)"
    _, _, err = run("--function", formula, "--starts", 9, "--no-plot", "--out", "o")
    assert re.search(r"only \d of 9 random starts are where log\(", err)


def test_a_function_that_fails_on_the_way_is_named(run, tmp_path) -> None:
    (tmp_path / "fence.py").write_text(
        "def fence(x):\n"
        "    if abs(x[0]) > 2:\n"
        "        raise ValueError('out of\\nbounds')\n"
        "    return x[0] * x[1]\n"
    )
    argv = ("--function", "fence:fence", "--start", "1.7,-1", "--from", "-1.75", "--to", "1.75")
    code, _, err = run(*argv, "--step-size", 1, "--no-plot", "--out", "o")
    assert code == 2
    assert err.endswith("fence:fence cannot be computed: ValueError: out of; bounds\n")


def test_help_lists_every_function_of_a_formula(capsys) -> None:
    with pytest.raises(SystemExit):
        field.main(["--help"])
    assert set(ARITY) <= set(capsys.readouterr().out.split())


def test_quiet_says_one_line(run) -> None:
    code, out, err = run("--quiet", "--no-plot", "--out", "o")
    assert (code, err) == (0, "")
    assert out == "o\n"


# ---------------------------------------------------------------------- functions in modules


def test_a_function_of_a_module(run, tmp_path) -> None:
    (tmp_path / "hills.py").write_text(
        "import numpy as np\n"
        "def whole(x):\n    return (x ** 3).sum()\n"
        "def parts(x0, x1):\n    return x0 ** 3 + np.sin(x1)\n"
    )
    for name, last in (("whole", lambda x: 3 * x**2), ("parts", np.cos)):
        assert run("--function", f"hills:{name}", "--no-plot", "--out", name)[0] == 0
        found = table(f"{name}/field.csv")
        assert np.allclose(found["gradient0"], 3 * found["x0"] ** 2, rtol=1e-14)
        assert np.allclose(found["gradient1"], last(found["x1"]), rtol=1e-14)
    assert str(tmp_path) not in sys.path


MODULES = {
    "leaver": "import sys\nsys.exit('enough')\n",
    "vexed": "raise RuntimeError('out of order')\n",
    "needy": "import a_module_that_is_not_there\n",
    "typo": "def f(x:\n",
    "odd": (
        "hill = 3\n"
        "def hills(x):\n    return x.sum()\n"
        "def three(a, b, c):\n    return a\n"
        "def wide(x):\n    return x\n"
        "def broken(x):\n    return x[0] + missing\n"
        "def deaf(x):\n    return 3.0\n"
    ),
}


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("nowhere:f", "there is no module nowhere in "),
        ("vexed:f", "vexed cannot be imported (RuntimeError: out of order)"),
        ("leaver:f", "leaver cannot be imported (SystemExit: enough)"),
        ("needy:f", "needy needs a_module_that_is_not_there, which is missing"),
        ("typo:f", "typo cannot be imported (SyntaxError"),
        ("odd:hilly", "did you mean hills?"),
        ("odd:zzz", "it has broken, deaf, hills, three, wide"),
        ("odd:hill", "hill is no function but of type int"),
        ("odd:three", "takes (a, b, c): expected (x) with the parts of x, or (x0, x1)"),
        ("odd:wide", "an array of shape (2,) at a point"),
        ("odd:broken", "cannot be computed: NameError: name 'missing' is not defined"),
        ("odd:", "expected module:name"),
        ("../odd:f", "expected module:name"),
        (":", "expected module:name"),
    ],
)
def test_what_is_wrong_with_a_module_is_said(run, tmp_path, function, words) -> None:
    for name, text in MODULES.items():
        (tmp_path / f"{name}.py").write_text(text)
        sys.modules.pop(name, None)
    code, out, err = run("--function", function, "--no-plot", "--out", "o")
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
    assert not (tmp_path / "o").exists()


def test_the_current_directory_comes_first(tmp_path, monkeypatch) -> None:
    (tmp_path / "colorsys.py").write_text("def own(x):\n    return 1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    assert load_function("colorsys:own")(0) == 1
    monkeypatch.delitem(sys.modules, "colorsys")


# ---------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--step", "0"], "--step 0: expected a number above 0"),
        (["--step", "-1"], "--step -1: expected a number above 0"),
        (["--step", "nan"], "--step: expected a finite number"),
        (["--from", "2", "--to", "2"], "has to end above its beginning"),
        (["--from", "3", "--to", "-3"], "has to end above its beginning"),
        (["--step", "9"], "longer than the grid"),
        (["--step", "0.001"], "4,001 x 4,001 points, more than 1,000,000: choose a step of at"),
        (["--step", "1e-300"], "more than 1,000,000"),
        (["--from", "-1e308", "--to", "1e308"], "too far apart"),
        (["--function", "sine(x0)"], "did you mean sin or sin"),
        (["--function", "7"], "depends on neither x0 nor x1"),
        (["--function", "log(-1-x0**2)"], "finite at no point of the grid"),
        (["--function", "x0 > x1"], "truth values"),
        (["--function", "x0", "--preset", "bowl"], "not both"),
        (["--preset", "bell"], "invalid choice: 'bell'"),
        (["--start", "1"], "expected two numbers such as 1,0.5, got '1'"),
        (["--start", "1,b"], "expected a finite number, got 'b'"),
        (["--start", "1,2.5"], "--start 1,2.5 lies outside of -2 .. 2"),
        (
            ["--function", "log(x0)", "--start", "1,1", "--start", "-1,1"],
            "--start -1,1 is where log(x0) is not finite",
        ),
        (["--starts", "-1"], "expected a whole number, 0 to 1000"),
        (["--step-size", "0"], "expected a number above 0"),
        (["--max-steps", "0"], "expected a whole number, 1 or more"),
        (["--rule", "newton"], "invalid choice: 'newton'"),
        (["--device", "abacus"], "unknown device"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(run, tmp_path, argv, words) -> None:
    code, out, err = run(*argv, "--out", "o")
    assert (code, out) == (2, "")
    assert err.startswith("python -m playground.field: error: ")
    assert words in err
    assert err.count("\n") == 1
    assert not (tmp_path / "o").exists()


def test_the_step_that_is_advised_works(run, monkeypatch) -> None:
    monkeypatch.setattr(grids, "MOST_POINTS", 10_000)
    _, _, err = run("--step", "0.001", "--out", "o")
    advised = float(err.rsplit(" ", 1)[1])
    assert 4 / 99 <= advised <= 1.05 * 4 / 99
    assert run("--step", advised, "--starts", 0, "--no-plot", "--quiet", "--out", "o")[0] == 0


def test_ctrl_c_during_a_path_ends_with_130(run, monkeypatch) -> None:
    def stop(self, course):
        raise KeyboardInterrupt

    monkeypatch.setattr(field.Leaves, "met", stop)
    code, _, err = run("--no-plot", "--out", "o")
    assert (code, err) == (130, "\ninterrupted\n")


def test_it_runs_as_a_module(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "playground.field", "--no-plot", "--quiet", "--starts", "1"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    (written,) = (tmp_path / "logs/field").iterdir()
    assert (written / "field.csv").exists()


# ---------------------------------------------------------------------- pictures


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """The Axes of a command line, by name."""

    def draw(*argv):
        monkeypatch.chdir(tmp_path)
        kept = {}
        plain = field.FieldStudy.pictures

        def pictures(study):
            def keeping(name, picture):
                return lambda: kept.setdefault(name, picture() if callable(picture) else picture)

            return {name: keeping(name, picture) for name, picture in plain(study).items()}

        monkeypatch.setattr(field.FieldStudy, "pictures", pictures)
        assert field.main([*argv, "--out", "o"]) == 0
        return kept

    return draw


def arrows_of(ax):
    from matplotlib.quiver import Quiver

    (found,) = (artist for artist in ax.get_children() if isinstance(artist, Quiver))
    return found


@pytest.mark.parametrize(("flags", "sign"), [([], -1), (["--uphill"], 1)])
def test_arrows_point_downhill_unless_told_otherwise(drawn, flags, sign) -> None:
    ax = drawn("--starts", "0", *flags)["field"]
    arrows = arrows_of(ax)
    along = np.stack([arrows.U, arrows.V], axis=1)
    assert along == pytest.approx(sign * 2 * arrows.XY)
    assert ax.get_aspect() == 1.0
    assert ax.figure.get_suptitle() == "f(x) = x₀²+x₁²"
    assert ax.get_title("left").endswith("uphill" if flags else "downhill")
    assert ax.figure.legends == []


def test_arrows_are_as_long_as_they_are_apart_at_most(drawn) -> None:
    """Drawn length is |gradient| / scale, in units of the axes."""
    arrows = arrows_of(drawn("--starts", "0")["field"])
    longest = np.hypot(arrows.U, arrows.V).max() / arrows.scale
    assert 0.8 * 0.25 <= longest <= 1.2 * 0.25


def test_a_pole_does_not_shrink_all_other_arrows(drawn) -> None:
    """1/x0^2 at 0.25 is 16, at 2 it is 1/4: the long ones are cut, in their own direction."""
    ax = drawn("--function", "1/x0", "--starts", "0")["field"]
    arrows = arrows_of(ax)
    lengths = np.hypot(arrows.U, arrows.V) / arrows.scale
    assert lengths.max() <= 1.5 * 0.25
    assert np.median(lengths) > 0.15 * 0.25
    assert (arrows.U > 0).all()


BUMP = ("--from", "-5", "--to", "5", "--step", "0.5", "--starts", "0", "--function")


def levels_of(ax) -> np.ndarray:
    from matplotlib.contour import QuadContourSet

    return next(kind.levels for kind in ax.get_children() if isinstance(kind, QuadContourSet))


def test_a_bump_on_a_plain_is_drawn_to_its_top(drawn) -> None:
    """exp(-r^2) is 1 at 0; on the grid it is steepest at r = 1/sqrt(2), with slope 0.8578."""
    ax = drawn(*BUMP, "exp(-x0**2-x1**2)")["field"]
    levels, arrows = levels_of(ax), arrows_of(ax)
    assert levels[0] == pytest.approx(0, abs=1e-12)
    assert levels[-1] == 1
    assert np.ptp(np.diff(levels)) < 1e-12
    lengths = np.hypot(arrows.U, arrows.V)
    points = np.array([arrows.X, arrows.Y]).T
    r = np.hypot(*points.T)
    np.testing.assert_allclose(lengths, 2 * r * np.exp(-(r**2)), atol=1e-12)


def test_a_pole_does_not_stretch_the_levels(drawn) -> None:
    """1/x0 is 60 beside the pole on the grid of the contours, and below 1 in half of it."""
    ax = drawn("--function", "1/x0", "--starts", "0")["field"]
    assert 1 < levels_of(ax)[-1] <= 20


@pytest.mark.parametrize("floor", [0, -40])
def test_a_valley_has_levels_by_powers_of_ten(drawn, floor: int) -> None:
    """Rosenbrock's function has its minimum 0 at (1, 1) and 3609 in a corner."""
    formula = f"(1-x0)**2+100*(x1-x0**2)**2+{floor}"
    levels = levels_of(drawn("--function", formula, "--starts", "0")["field"])
    assert levels[0] == floor
    heights = levels[1:] - floor
    assert heights[-1] == pytest.approx(10_000)
    assert heights[0] <= 3
    ratios = heights[1:] / heights[:-1]
    assert np.allclose(np.sort(np.unique(np.round(ratios, 3))), [3, 3.333])


def test_a_fine_grid_draws_few_arrows(drawn) -> None:
    arrows = arrows_of(drawn("--step", "0.05", "--starts", "0")["field"])
    assert len(arrows.XY) <= 25**2


def test_paths_have_a_legend_and_are_where_the_log_says(drawn) -> None:
    pictures = drawn("--start", "1,1", "--start", "-1.5,0.5")
    ax = pictures["field"]
    labels = [text.get_text() for text in ax.figure.legends[0].get_texts()]
    assert [label.partition(" in ")[0] for label in labels] == [
        "1: (1, 1) to (0, 0)",
        "2: (-1.5, 0.5) to (0, 0)",
    ]
    record = playground.read_log("o/paths/1")
    taken = record.params.to_numpy()[record.loss["accepted"].to_numpy()]
    lines = [line for line in ax.get_lines() if line.get_label() == labels[0]]
    assert np.array_equal(lines[0].get_xydata(), taken)
    assert len(pictures["paths"].get_lines()) == 2


def test_many_paths_share_a_line_in_the_legend(drawn) -> None:
    legend = drawn("--starts", "12")["field"].figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["12 descents"]


def test_the_two_gradients_stand_beside_their_difference(drawn) -> None:
    figure = drawn("--preset", "waves", "--starts", "0")["gradients"].figure
    titles = [ax.get_title("left") for ax in figure.axes]
    assert titles[:2] == ["Automatic", "Numerical"]
    assert titles[2].startswith("Difference, at most 1")
    assert titles[2].endswith("e-08")


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("x0**2+x1**12", "x₀²+x₁¹²"),
        ("2*x0**0.5", "2·x₀**0.5"),
        ("x0**-1*x01", "x₀**-1·x01"),
        ("(x0+x1)**3", "(x₀+x₁)³"),
    ],
)
def test_a_formula_is_typeset(formula: str, expected: str) -> None:
    assert plot.typeset(formula) == expected


def test_a_constant_picture_can_be_drawn() -> None:
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    axis = np.linspace(0, 1, 3)
    pictures.contours(axis, axis, np.ones((3, 3)), ax)
    pictures.arrows(ax, np.zeros((1, 2)), np.zeros((1, 2)))
    pictures.difference_map(np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([np.nan, np.nan]), ax)
    pictures.difference_map(np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([0.0, 0.0]), ax)


def test_devices_and_json_of_the_log(run) -> None:
    run("--function", "x0 + x1**2", "--start", "1,1", "--no-plot", "--out", "o")
    meta = playground.read_log("o/paths/1").meta
    assert json.loads(json.dumps(meta))["function"] == "x0 + x1**2"
    assert Device().name == "cpu"


@pytest.mark.parametrize("name", sorted(ARITY))
def test_every_function_of_a_formula_has_the_gradient_of_its_differences(name: str) -> None:
    """All points in one call; away from kinks and jumps."""
    arguments = {1: "x0", 2: "x0, x1", 3: "x0, x1, 2.9"}[ARITY[name]]
    logical = name.startswith("logical")
    formula = Expression(f"{name}({arguments})" + (" * x0" if logical else " + 0*x1"))
    low = 1.1 if name in ("acosh", "arccosh") else 0.13
    points = np.stack([np.linspace(low, low + 0.7, 5), np.linspace(0.35, 0.95, 5)], axis=1)
    found = problem.Field.of(lambda x: formula(x[0], x[1]), points)
    assert np.isfinite(found.automatic).all()
    assert np.allclose(found.automatic, found.numerical, rtol=1e-5, atol=1e-6)


def test_contours_and_colours_lie_where_the_points_do(drawn, monkeypatch) -> None:
    """For a function that is not symmetric in x0 and x1."""
    kept = []
    plain = pictures.contours
    monkeypatch.setattr(pictures, "contours", lambda *a, **k: kept.append(a[:3]) or plain(*a, **k))
    figure = drawn("--function", "x0**3 - exp(x1)", "--starts", "0")["gradients"].figure
    for axis0, axis1, values in kept:
        assert np.allclose(values, axis0[None, :] ** 3 - np.exp(axis1[:, None]))
        assert len(axis0) >= 200
    (mesh,) = figure.axes[2].collections
    found = table("o/field.csv")
    error = np.abs(np.stack([found[f"gradient{i}"] - found[f"numerical{i}"] for i in "01"]))
    cells = np.asarray(mesh.get_array()).reshape(17, 17)
    for x0, x1, size in zip(found["x0"], found["x1"], error.max(axis=0), strict=True):
        assert cells[round((x1 + 2) * 4), round((x0 + 2) * 4)] == pytest.approx(size)


def test_the_heights_of_an_ascent_rise(drawn) -> None:
    ax = drawn("--function", "1 - x0**2 - x1**2", "--uphill", "--start", "1,1")["paths"]
    (line,) = ax.get_lines()
    heights = line.get_ydata()
    assert heights[0] == -1.0
    assert heights[-1] == pytest.approx(1.0, abs=1e-9)
    assert (np.diff(heights) >= 0).all()


def test_paths_end_at_the_limit_of_seconds(run) -> None:
    code, out, _ = run("--max-seconds", "1e-9", "--starts", 3, "--no-plot", "--out", "o")
    assert code == 0
    assert out.count("the limit of 1e-09 seconds is reached") == 3


def test_steps_without_a_slope_have_no_paths(run) -> None:
    for number, formula in enumerate(("x0//x1", "sign(x0)", "trunc(x0)//x1", "rint(x0)", "x0>x1")):
        code, _, err = run("--function", formula, "--no-plot", "--out", f"o{number}")
        assert (code, "Warning" in err) == (2 if ">" in formula else 0, False)
        assert "there are no paths" in err or "truth values" in err


def test_what_a_function_warns_of_is_a_note(run, tmp_path) -> None:
    text = "import warnings\ndef f(x):\n    warnings.warn('careful, of\\nthis')\n    return x @ x\n"
    (tmp_path / "warner.py").write_text(text)
    code, _, err = run("--function", "warner:f", "--no-plot", "--out", "o", "--starts", 1)
    assert (code, err) == (0, "note: careful, of\\nthis\n")


def test_help_says_that_importing_runs_a_module(capsys) -> None:
    with pytest.raises(SystemExit):
        field.main(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "importing it runs the module" in said
    assert "name no module that you would not run" in said
