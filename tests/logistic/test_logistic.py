"""``python -m playground.logistic``: its data, its mathematics, and what a user meets."""

from __future__ import annotations

import csv
import tomllib
from inspect import cleandoc
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog, minimize

import playground
from playground import Variable, logistic
from playground.graph.backend import Device
from playground.lab import cli
from playground.logistic import Logistic, design, iris, largest_curvature, logistic_losses, optimum
from tests.commands import Ran, running
from tests.paths import ROOT
from tests.strict_array import StrictArray, registered

PICTURES = {"loss.png", "weights.png", "gradient.png", "boundary.png"}
FAST = ("--rule", "barzilai-borwein", "--no-plot")
MIXED = ("--positive", "virginica", "--negative", "versicolor")
SEPAL = ("sepal_length", "sepal_width")


def flowers(positive, negative, features=SEPAL):
    """X with its column of ones, and 1 for the positive class, read without the package."""
    with open(ROOT / "playground" / "data" / "iris.csv", encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["species"] in (positive, negative)]
    X = np.array([[*(float(row[name]) for name in features), 1.0] for row in rows])
    return X, np.array([float(row["species"] == positive) for row in rows])


def by_hand(X, t, l2=0.0):
    """Loss, gradient and Hessian as functions of the weights, from the textbook."""
    ridge = np.append(np.full(X.shape[1] - 1, l2), 0.0)

    def chance(w):
        return 1 / (1 + np.exp(-X @ w))

    def loss(w):
        y = chance(w)
        return -np.sum(t * np.log(y) + (1 - t) * np.log(1 - y)) + 0.5 * np.sum(ridge * w**2)

    def gradient(w):
        return X.T @ (chance(w) - t) + ridge * w

    def hessian(w):
        y = chance(w)
        return X.T @ (X * (y * (1 - y))[:, None]) + np.diag(ridge)

    return loss, gradient, hessian


def scipys(X, t, l2=0.0):
    """The weights of least loss by SciPy's L-BFGS-B."""
    loss, gradient, _ = by_hand(X, t, l2)
    options = {"maxiter": 10_000, "ftol": 1e-15, "gtol": 1e-9}
    found = minimize(loss, np.zeros(X.shape[1]), jac=gradient, method="L-BFGS-B", options=options)
    return found.x


def parted(X, t):
    """Whether a plane has all of one class strictly on one side, by a linear program."""
    signed = X * (2 * t - 1)[:, None]
    found = linprog(np.zeros(X.shape[1]), A_ub=-signed, b_ub=-np.ones(len(X)), bounds=(None, None))
    return found.status == 0


# ------------------------------------------------------------------------------ the data


def test_the_irises_have_the_covariance_of_fishers_paper():
    columns = [iris().numbers(name) for name in (*SEPAL, "petal_length", "petal_width")]
    known = np.loadtxt(ROOT / "experiments" / "data" / "iris_covariance.csv", delimiter=",")
    assert np.allclose(np.cov(columns), known, rtol=0, atol=1e-12)
    assert np.mean(columns, axis=1) == pytest.approx(
        [5.843333, 3.057333, 3.758, 1.199333], abs=1e-6
    )


def test_the_irises_have_fishers_numbers_where_uci_has_others():
    table = iris()
    rows = list(zip(*table.columns.values(), strict=True))
    assert rows[34] == ("4.9", "3.1", "1.5", "0.2", "setosa")
    assert rows[37] == ("4.9", "3.6", "1.4", "0.1", "setosa")
    assert table.text("species") == ["setosa"] * 50 + ["versicolor"] * 50 + ["virginica"] * 50


def test_the_irises_are_shipped_small_and_with_their_source():
    folder = ROOT / "playground" / "data"
    assert (folder / "iris.csv").stat().st_size <= 4096
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert "Fisher" in readme
    assert "UCI" in readme
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "data/*" in project["tool"]["setuptools"]["package-data"]["playground"]


# ----------------------------------------------------------------------- the mathematics


@pytest.mark.parametrize("name", ["vectorised", "loop"])
@pytest.mark.parametrize("l2", [0.0, 0.7])
def test_loss_and_two_derivatives_are_the_textbooks(name, l2):
    X, t = flowers("virginica", "versicolor")
    X, t = X[40:60], t[40:60]
    loss, gradient, hessian = by_hand(X, t, l2)
    at = np.array([0.3, -0.7, 0.2])
    w = Variable(at)
    y = logistic_losses(X, t, l2)[name](w)
    assert y.array.item() == pytest.approx(loss(at), rel=1e-12)
    (first,) = playground.grad([y], [w], enable_double_backprop=True)
    assert np.allclose(first.array, gradient(at), rtol=1e-12)
    rows = [playground.grad([first[i]], [w], retain_grad=True)[0].array for i in range(3)]
    assert np.allclose(rows, hessian(at), rtol=1e-12)


def test_the_losses_have_the_shapes_they_are_known_for():
    losses = logistic_losses(*flowers("versicolor", "setosa"))
    assert losses["vectorised"](np.zeros(3)) == pytest.approx(100 * np.log(2))
    assert losses["loop"](np.zeros(3)).shape == (1,)
    assert losses["loop"](Variable(np.zeros(3))).shape == (1,)


def test_the_vectorised_loss_neither_overflows_nor_loses_small_chances():
    X, t = np.array([[1000.0, 1.0], [-1000.0, 1.0], [40.0, 1.0]]), np.array([1.0, 1.0, 1.0])
    w = Variable(np.array([1.0, 0.0]))
    with np.errstate(all="raise", under="ignore"):
        y = logistic_losses(X, t)["vectorised"](w)
        y.backward()
    assert y.array == pytest.approx(1000)
    assert np.allclose(w.grad, [1000, -1])
    alone = logistic_losses(X[2:], t[2:])["vectorised"](np.array([1.0, 0.0]))
    assert alone == pytest.approx(np.exp(-40.0), rel=1e-12)


def test_the_bias_is_not_penalised():
    X, t = flowers("versicolor", "setosa")
    for w, extra in [(np.array([0.0, 0.0, 3.0]), 0.0), (np.array([1.0, -2.0, 3.0]), 0.5 * 4 * 5)]:
        plain, penalised = (logistic_losses(X, t, l2)["vectorised"](w) for l2 in (0.0, 4.0))
        assert penalised - plain == pytest.approx(extra)


@pytest.mark.parametrize("l2", [0.0, 0.01, 1.0])
@pytest.mark.parametrize("features", [SEPAL, ("petal_length", "petal_width"), ("sepal_width",)])
def test_the_optimum_is_scipys(l2, features):
    X, t = flowers("virginica", "versicolor", features)
    found = optimum(X, t, l2)
    assert not found.separable
    loss, gradient, hessian = by_hand(X, t, l2)
    w = found.weights
    # Newton's steps are accepted by comparing losses, sums of len(t) terms whose rounding another
    # kernel may do otherwise: nothing below it can be told apart. The gradient that this leaves
    # grows with the curvature (1e-7 here), so what is bounded is the loss above the least one.
    above = gradient(w) @ np.linalg.solve(hessian(w), gradient(w)) / 2
    assert above < len(t) * np.finfo(float).eps * loss(w)
    assert np.allclose(found.weights, scipys(X, t, l2), rtol=1e-3)


@pytest.mark.parametrize("scale", [1e-3, 1e4])
def test_the_optimum_does_not_mind_how_the_features_are_measured(scale):
    X, t = flowers("virginica", "versicolor")
    units = np.array([scale, 1.0, 1.0])
    found, scaled = optimum(X, t), optimum(X * units, t)
    assert np.allclose(scaled.weights * units, found.weights, rtol=1e-6)


def test_setosa_and_versicolor_are_separable_with_and_without_ucis_errors():
    X, t = flowers("versicolor", "setosa")
    uci = X.copy()
    uci[37, 1] = 3.1
    for version in (X, uci):
        assert parted(version, t)
        assert optimum(version, t).separable
        assert optimum(version, t).weights is None
        assert optimum(version, t, 1.0).weights is not None


def test_separable_is_what_a_linear_program_says():
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(60):
        X = np.column_stack([rng.standard_normal((10, 2)), np.ones(10)])
        t = (X @ [1.0, 1.0, 0.2] + 0.5 * rng.standard_normal(10) > 0).astype(float)
        if 0 < t.sum() < 10:
            assert optimum(X, t).separable == parted(X, t)
            seen.add(parted(X, t))
    assert seen == {True, False}


def test_classes_that_touch_have_no_optimum_and_are_not_separable():
    X = np.column_stack([[0.0, 1.0, 1.0, 2.0], np.ones(4)])
    assert optimum(X, np.array([0.0, 0.0, 1.0, 1.0])) == logistic.Optimum(None, separable=False)


def test_the_optimum_of_a_feature_that_never_changes():
    X, t = flowers("virginica", "versicolor")
    double = np.column_stack([np.full(len(X), 5.0), X])
    found, known = optimum(double, t).weights, optimum(X, t).weights
    assert np.allclose(double @ found, X @ known, atol=1e-6)


def test_no_second_derivative_exceeds_the_largest_curvature():
    X, t = flowers("versicolor", "setosa")
    at_zero = np.linalg.eigvalsh(by_hand(X, t)[2](np.zeros(3)))[-1]  # where it is largest
    assert largest_curvature(X) == pytest.approx(at_zero, rel=1e-12)
    assert largest_curvature(X, 2.0) == pytest.approx(at_zero + 2)


def test_standardised_features_have_mean_0_and_variance_1_unless_they_never_change():
    points = np.column_stack([flowers("versicolor", "setosa")[0][:, :2], np.full(100, 7.0)])
    X, middle, spread = design(points, True)
    assert X.mean(axis=0) == pytest.approx([0, 0, 0, 1], abs=1e-12)
    assert X.std(axis=0) == pytest.approx([1, 1, 0, 0])
    assert np.allclose(X[:, :3] * spread + middle, points)
    assert np.array_equal(design(points, False)[0], np.column_stack([points, np.ones(100)]))


# --------------------------------------------------------------------------- the command


run = running(logistic.main)


def refused(ran: Ran) -> str:
    """The one line with which a command line is refused."""
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("python -m playground.logistic: error: ")
    assert ran.err.count("\n") == 1
    return ran.err.partition("error: ")[2].strip()


def weights(directory) -> np.ndarray:
    return np.load(f"{directory}/weights.npy")


def test_without_flags_it_is_the_original_study(run):
    X, t = flowers("versicolor", "setosa")
    loss, gradient, _ = by_hand(X, t)
    points = [np.zeros(3)]
    for _ in range(1000):
        points.append(points[-1] - 0.001 * gradient(points[-1]))
    ran = run("--out", "o")
    assert ran.code == 0
    assert ran.out.startswith("done after 1,000 steps")
    log = playground.read_log("o")
    assert np.allclose(log.params, points, rtol=1e-9)
    assert np.allclose(log.loss.loss, [loss(w) for w in points], rtol=1e-9)
    right = [np.mean((X @ w > 0) == (t > 0)) for w in points]
    assert np.array_equal(log.watched["accuracy"], right)
    assert np.allclose(weights("o"), points[-1], rtol=1e-9)
    assert "99 of 100 (99.0%)" in ran.out
    assert "setosa at (4.5, 2.3)" in ran.out
    assert "0, which no weights reach" in ran.out
    assert {path.name for path in Path("o").glob("*.png")} == PICTURES


def test_the_loop_takes_the_same_steps_and_tells_its_time(run):
    run("--max-steps", 20, "--no-plot", "--out", "fast")
    ran = run("--max-steps", 20, "--no-plot", "--out", "slow", "--loss", "loop")
    assert ran.code == 0
    assert np.allclose(weights("fast"), weights("slow"), rtol=1e-12)
    assert "ms in a loop" in ran.out
    assert "vectorised" in ran.out


@pytest.mark.parametrize("rule", Logistic.rules)
def test_every_rule_comes_to_scipys_optimum(run, rule):
    petals = ("--features", "petal_width", *MIXED, "--standardise", "--step-size", 0.03)
    argv = ("--rule", rule, "--tol", 1e-5, "--max-steps", 5000, "--no-plot", "--out", "o")
    ran = run(*petals, *argv)
    assert ran.code == 0
    assert ran.out.startswith("converged after ")
    truth = scipys(*flowers("virginica", "versicolor", ("petal_width",)))
    assert np.allclose(weights("o"), truth, rtol=1e-4)


@pytest.mark.parametrize(("l2", "dtype", "close"), [(1, "float64", 1e-6), (1, "float32", 3e-2)])
# In float32 the gradient is known to some 1e-5, and the penalty alone curves the loss along the
# weights: where a run ends depends on roundings to the second digit.
def test_the_penalty_gives_separable_classes_an_optimum(run, l2, dtype, close):
    ran = run("--l2", l2, "--dtype", dtype, *FAST, "--out", "o")
    assert ran.code == 0
    assert np.allclose(weights("o"), scipys(*flowers("versicolor", "setosa"), l2), rtol=close)
    assert "by Newton's method" in ran.out
    assert playground.read_log("o").params.dtypes.unique() == [np.dtype(dtype)]


def test_standardised_features_lead_to_the_same_weights_in_fewer_steps(run):
    for name, argv in (("plain", ()), ("standard", ("--standardise",))):
        assert run(*MIXED, *argv, *FAST, "--tol", 1e-8, "--out", name).code == 0
    truth = scipys(*flowers("virginica", "versicolor"))
    assert np.allclose(weights("plain"), truth, rtol=1e-4)
    assert np.allclose(weights("standard"), truth, rtol=1e-4)
    assert len(playground.read_log("standard").loss) < len(playground.read_log("plain").loss)


def test_a_rule_begins_with_the_step_size_it_is_given(run):
    for rule in Logistic.rules:
        run("--rule", rule, "--step-size", 0.0003, "--max-steps", 1, "--no-plot", "--out", rule)
        start, first = playground.read_log(rule).params.to_numpy()
        _, gradient, _ = by_hand(*flowers("versicolor", "setosa"))
        # These begin with a step of that length.
        slope = gradient(start)
        scale = np.linalg.norm(slope) if rule in ("l-bfgs", "conjugate-gradient") else 1.0
        assert np.allclose(first, start - 0.0003 / scale * slope, rtol=1e-12)


def test_a_run_with_a_tolerance_that_is_not_met_says_what_would_help(run):
    ran = run("--tol", 1e-6, "--max-steps", 10, "--no-plot", "--out", "o")
    assert ran.code == 1
    assert "not converged after 10 steps" in ran.out
    assert "--l2 1" in ran.out
    assert "--resume o --max-steps 100" in ran.out
    mixed = run(*MIXED, "--tol", 1e-6, "--max-steps", 10, "--no-plot", "--out", "m")
    assert "--rule barzilai-borwein" in mixed.out


def test_steps_that_are_too_long_are_announced(run):
    assert run("--max-steps", 2, "--no-plot", "--out", "o").err == ""
    ran = run("--step-size", 0.1, "--max-steps", 2, "--no-plot", "--out", "p")
    assert "may lead uphill" in ran.err
    assert "uphill" not in run("--step-size", 0.1, *FAST, "--out", "q").err


def test_the_loop_ends_where_its_logarithm_does(run):
    ran = run("--loss", "loop", "--step-size", 10, "--no-plot", "--out", "o")
    assert ran.code == 1
    assert "--loss vectorised" in ran.out


def test_every_loss_weight_and_gradient_is_logged(run):
    run("--max-steps", 50, "--no-plot", "--out", "o")
    _, gradient, _ = by_hand(*flowers("versicolor", "setosa"))
    log = playground.read_log("o")
    assert len(log.loss) == len(log.params) == 51
    assert np.allclose(log.grads, [gradient(w) for w in log.params.to_numpy()], atol=1e-10)


def test_three_features_are_drawn_as_scores(run):
    names = ("petal_length", "petal_width", "sepal_width")
    argv = ("--features", ",".join(names), "--rule", "barzilai-borwein", "--l2", 1, "--out", "o")
    ran = run(*argv)
    assert ran.code == 0
    assert {path.name for path in Path("o").glob("*.png")} == PICTURES
    assert np.allclose(weights("o"), scipys(*flowers("versicolor", "setosa", names), 1), rtol=1e-4)


# ---------------------------------------------------------------------------- own data


def write(text: str, name: str = "mine.csv") -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


GOOD = "height;sold;size, m2\n1;no;10\n2;yes;20\n3;no;15\n4;yes;12\n2.5;yes;9\n"


def test_own_data_with_nothing_but_a_target(run):
    ran = run("--data", write(GOOD), "--target", "sold", *FAST, "--l2", 0.1, "--out", "o")
    assert ran.code == 0
    assert "5: 2 no, 3 yes" in ran.out
    X = np.array([[1, 10, 1], [2, 20, 1], [3, 15, 1], [4, 12, 1], [2.5, 9, 1]], dtype=float)
    t = np.array([0.0, 1.0, 0.0, 1.0, 1.0])
    assert np.allclose(weights("o"), scipys(X, t, 0.1), rtol=1e-4, atol=1e-5)
    assert np.array_equal(np.load("o/points.npy"), X[:, :2])
    assert np.array_equal(np.load("o/labels.npy"), t)


def test_own_features_and_positive_class(run):
    argv = ("--features", '"size, m2"', "--positive", "no", "--out", "o", *FAST, "--l2", 1)
    ran = run("--data", write(GOOD), "--target", "sold", *argv)
    assert ran.code == 0
    assert "no where" in ran.out
    assert np.array_equal(np.load("o/labels.npy"), [1, 0, 1, 0, 0])
    assert np.array_equal(np.load("o/points.npy").ravel(), [10, 20, 15, 12, 9])


def test_one_class_against_all_others(run):
    ran = run("--positive", "virginica", *FAST, "--max-steps", 5, "--out", "o")
    assert "150: 100 not virginica, 50 virginica" in ran.out
    assert np.load("o/labels.npy").tolist() == [0.0] * 100 + [1.0] * 50


def test_the_default_step_is_short_enough_for_any_data(run):
    rng = np.random.default_rng(1)
    x, noise = 1000 * rng.random(200), rng.normal(size=200)
    rows = "\n".join(f"{v},{int(v + 300 * e > 500)}" for v, e in zip(x, noise, strict=True))
    data = ("--data", write("x,y\n" + rows), "--target", "y")
    ran = run(*data, *AS_THEY_ARE, "--out", "o")
    assert ran.code == 0
    assert ran.err == ""
    losses = playground.read_log("o").loss.loss.to_numpy()
    assert np.all(np.diff(losses) < 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (",x,k\n0,1.5,no\n1,2,yes\n2,4,no\n", "comma-separated, column 1, the index, left out"),
        ("x;k\n1,5;no\n2;yes\n4;no\n", "semicolon-separated with decimal commas"),
        ('"x","k",""\n"1,5","no",\n2,"yes",\n4,"no",\n', "with decimal commas, empty cells at"),
        ("x\tk\n1,5\tno\n2\tyes\n4\tno\n", "tab-separated with decimal commas"),
        ("x,k\n1.5,no\n2,yes\n4,no\n", ""),
    ],
)
def test_tables_of_spreadsheets(run, text, said):
    flags = ("--target", "k", *FAST, "--l2", 1, "--no-standardise", "--out", "o")
    ran = run("--data", write(text), *flags)
    assert ran.code == 0
    assert np.load("o/points.npy").tolist() == [[1.5], [2.0], [4.0]]
    assert said in ran.err
    assert ran.err.count("\n") == bool(said)


def test_a_column_without_a_name_is_no_feature_unasked(run):
    data = ("--data", write(",x,k\n5,1.5,no\n7,2,yes\n2,4,no\n"), "--target", "k", "--no-plot")
    assert "--features names the columns to use" in refused(run(*data, "--out", "o"))
    run(*data, "--features", "x", "--max-steps", 2, "--out", "o")
    assert np.load("o/points.npy").tolist() == [[1.5], [2.0], [4.0]]


AS_THEY_ARE = ("--rule", "constant", "--no-standardise", "--no-plot")


def natural(columns="") -> tuple[np.ndarray, np.ndarray, str]:
    """Ages, incomes and kelvins, the classes, and their table; ``columns`` are constants."""
    rng = np.random.default_rng(4)
    scale, middle = np.array([12, 2e4, 5]), np.array([45, 6e4, 288])
    points = (middle + scale * rng.normal(size=(150, 3))).round(1)
    labels = (points - middle) / scale @ [1, 1, -0.5] + rng.logistic(size=150) > 0
    more = "".join(f"{column}," for column in columns.split())
    names = "".join(f"c{i}," for i in range(len(columns.split())))
    lines = [
        f"{more}{a},{b},{c},{'yes' if t else 'no'}"
        for (a, b, c), t in zip(points, labels, strict=True)
    ]
    return points, labels.astype(float), f"{names}age,income,kelvin,k\n" + "\n".join(lines)


def least_weights(points, labels, l2):
    """SciPy's, of features in units in which it finds them; the penalty is that of the others."""
    middle, spread = points.mean(axis=0), points.std(axis=0)
    X = np.column_stack([(points - middle) / spread, np.ones(len(points))])
    w = minimize(
        lambda w: (
            np.logaddexp(0, -(2 * labels - 1) * (X @ w)).sum()
            + 0.5 * l2 * ((w[:-1] / spread) ** 2).sum()
        ),
        np.zeros(4),
        method="BFGS",
        options={"gtol": 1e-6},
    ).x
    return np.append(w[:-1] / spread, w[-1] - (w[:-1] / spread) @ middle)


@pytest.mark.parametrize("l2", [0, 1e-6, 1, 30, 1e4])
def test_a_penalty_is_on_the_weights_as_they_are_told(run, l2):
    points, labels, text = natural()
    argv = ("--data", write(text), "--target", "k", "--l2", l2, "--no-plot", "--out", "o")
    ran = run(*argv, "--max-steps", 3)
    assert ("and so is the penalty" in ran.err) == bool(l2)
    assert run("--resume", "o", "--max-steps", 1000, "--no-plot").code == 0
    assert np.allclose(np.load("o/weights.npy"), least_weights(points, labels, l2), rtol=2e-4)


@pytest.mark.parametrize("columns", ["7", "0", "0.1", "0.1 1e5 -0.0027", "100000.3", "1e-9"])
@pytest.mark.parametrize("l2", [0, 1])
def test_a_constant_column_is_given_no_weight(run, columns, l2):
    points, labels, text = natural(columns)
    argv = ("--data", write(text), "--target", "k", "--l2", l2, "--no-plot", "--out", "o")
    ran = run(*argv)
    assert ran.code == 0
    assert "by Newton's method" in ran.out
    *extra, age, income, kelvin, bias = np.load("o/weights.npy")
    assert extra == [0.0] * len(columns.split())
    assert np.allclose([age, income, kelvin, bias], least_weights(points, labels, l2), rtol=2e-4)


def test_a_table_in_natural_units_gets_there_by_itself(run):
    rng = np.random.default_rng(3)
    age, income = 20 + 50 * rng.random(300), 1e4 + 2e5 * rng.random(300)
    bought = 0.1 * (age - 45) + 4e-5 * (income - 1e5) + rng.logistic(size=300) > 0
    rows = zip(age.round(), income.round(), bought, strict=True)
    text = "\n".join(f"{a:g},{i:g},{'yes' if b else 'no'}" for a, i, b in rows)
    ran = run("--data", write("age,income,bought\n" + text), "--target", "bought", "--no-plot",
              "--out", "o")  # fmt: skip
    assert ran.code == 0
    assert "rule barzilai-borwein, on standardised features" in ran.err
    assert "by Newton's method: the loss found is " in ran.out
    points = np.column_stack([age.round(), income.round()])
    w, spread = playground.read_log("o").params.to_numpy()[-1], points.std(axis=0)
    slopes = w[:-1] / spread
    scaled = np.column_stack([(points - points.mean(axis=0)) / spread, np.ones(300)])
    truth = scipys(scaled, bought.astype(float))
    assert np.allclose(slopes, truth[:-1] / spread, rtol=1e-4)


def test_a_feature_that_counts_the_rows_is_told_of(run):
    data = ("--data", write("id,x,k\n1,1.5,no\n2,2,yes\n3,4,no\n"), "--target", "k", *AS_THEY_ARE)
    said = run(*data, "--max-steps", 2, "--out", "o").err
    assert said == (
        "note: column 'id' of mine.csv counts the rows, and is a feature: --features names others\n"
    )
    assert run(*data, "--features", "id,x", "--max-steps", 2, "--out", "p").err == ""


BAD = {
    "a,k\n1,x\nfour,y\n": "'a' is 'four', not a number (--features names the columns to use)",
    "a,k\n1,x\nnan,y\n": "every number must be finite",
    "a,k\n1,x\n,y\n": "line 3, column 'a' is empty",
    "a,k\n1,x\n2,x\n": "holds one class only, 'x'",
    "a,k\n1,x\n2,\n": "line 3, column 'k' is empty: a row needs a class",
    "a,k\n1,x\n2,y\n3,z\n": "holds 3 classes, 'x', 'y', 'z': choose one with --positive",
    "a,b\n1,2\n": "no column 'k': it has 'a', 'b'",
    "k\nx\ny\n": "--features: expected columns of mine.csv other than the target 'k'",
    "a,k\n1e300,x\n2,y\n": "numbers too large for float64",
}


@pytest.mark.parametrize("text", BAD)
def test_bad_data_are_refused(run, text):
    said = refused(run("--data", write(text), "--target", "k", "--no-plot", "--out", "o"))
    assert BAD[text] in said
    assert not Path("o").exists()


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--data", "no.csv", "--target", "k"), "cannot read no.csv"),
        (("--features", "sepal_length,nothing"), "no column 'nothing'"),
        (("--features", "sepal_length,sepal_length"), "each once"),
        (("--features", "species"), "other than the target"),
        (("--positive", "rose"), "--positive rose: column 'species' of iris.csv holds 'setosa'"),
        (("--positive", "setosa", "--negative", "setosa"), "are both 'setosa'"),
        (("--negative", "setosa"), "choose one with --positive"),
        (("--l2", "-1"), "--l2: expected a number, 0 or more"),
        (("--l2", "nan"), "--l2: expected a"),
        (("--step-size", "0"), "--step-size: expected a number above 0"),
        (("--loss", "squared"), "--loss"),
        (("--resume", "nowhere"), "nowhere"),
    ],
)
def test_bad_flags_are_refused(run, argv, said):
    assert said in refused(run(*argv))


@pytest.mark.parametrize("value", ["1", "0.1"])  # three times 0.1 has a variance by rounding
def test_a_constant_column_is_not_standardised(run, value):
    rows = write(f"a,b,k\n{value},2,p\n{value},4,q\n{value},5,p\n")
    argv = ("--data", rows, "--target", "k", "--standardise", "--no-plot", "--out", "o")
    said = refused(run(*argv))
    assert "column 'a' is constant, it cannot be standardised: leave it out of --features" in said
    assert not Path("o").exists()
    assert run(*argv, "--features", "b", "--rule", "constant", "--max-steps", 2).code == 0
    automatic = [word for word in argv if word not in ("--standardise", "o")] + ["automatic"]
    assert run(*automatic, "--max-steps", 2).code == 1


def test_own_data_need_a_target(run):
    said = refused(run("--data", write(GOOD)))
    assert "--target" in said
    assert "'height', 'sold', 'size, m2'" in said


# ------------------------------------------------------------------------ resume, devices


def same_frames(one, other) -> bool:
    one, other = playground.read_log(one), playground.read_log(other)
    return all(
        getattr(one, frame).equals(getattr(other, frame)) for frame in ("loss", "params", "grads")
    )


@pytest.mark.parametrize("rule", Logistic.rules)
def test_a_resumed_run_goes_on_bit_for_bit(run, rule):
    own = ("--data", write(GOOD), "--target", "sold", "--features", "height", "--standardise")
    argv = (*own, "--rule", rule, "--l2", 0.5, "--no-plot", "--tol", 1e-13)
    run(*argv, "--max-steps", 12, "--out", "whole")
    run(*argv, "--max-steps", 5, "--out", "parts")
    Path("mine.csv").unlink()  # the run keeps its rows
    ran = run("--resume", "parts", "--max-steps", 12, "--no-plot")
    assert same_frames("whole", "parts")
    assert "height" in ran.out
    assert "2 no, 3 yes" in ran.out


def test_a_plan_can_be_made_longer(run):
    run("--max-steps", 10, "--no-plot", "--out", "parts")
    ran = run("--resume", "parts", "--max-steps", 30, "--no-plot")
    assert ran.out.startswith("done after 30 steps")
    run("--max-steps", 30, "--no-plot", "--out", "whole")
    assert same_frames("whole", "parts")


def test_a_resumed_run_is_not_given_other_classes(run):
    run("--max-steps", 3, "--no-plot", "--out", "o")
    assert "contradicts" in refused(run("--resume", "o", "--positive", "virginica"))
    assert "contradicts" in refused(run("--resume", "o", "--step-size", 0.1))


class StrictDevice(Device):
    """A device whose arrays refuse what a GPU's would."""

    name = "strict"

    def put(self, array):
        return array if isinstance(array, StrictArray) else StrictArray.of(array)


@pytest.mark.parametrize("loss", ["vectorised", "loop"])
def test_a_run_stays_on_its_device(run, monkeypatch, loss):
    argv = ("--loss", loss, "--l2", 1, "--max-steps", 10, "--no-plot")
    host = run(*argv, "--out", "host")
    monkeypatch.setattr(cli.study, "parse_device", lambda name: StrictDevice())
    with registered():
        device = run(*argv, "--out", "device")
    assert device.code == host.code == 0
    one, other = (playground.read_log(name).params for name in ("host", "device"))
    assert np.allclose(one, other, rtol=1e-12)


@pytest.mark.gpu
def test_a_run_on_a_gpu(run):
    pytest.importorskip("cupy")
    assert run("--l2", 1, *FAST, "--device", "cuda", "--out", "o").code == 0
    assert np.allclose(weights("o"), scipys(*flowers("versicolor", "setosa"), 1), rtol=1e-6)


def test_a_plan_that_runs_out_of_time_says_how_to_go_on(run):
    ran = run("--max-steps", 10**9, "--max-seconds", 0.2, "--no-plot", "--out", "o")
    assert ran.code == 1
    assert "what would help: go on with python -m playground.logistic --resume o" in ran.out


def test_help_explains(run, capsys):
    with pytest.raises(SystemExit) as ended:
        run("--help")
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for flag in ("--data", "--target", "--features", "--positive", "--l2", "--step-size"):
        assert flag in text
    # argparse wraps the flags to the terminal, but not what stands around them.
    own = [*cleandoc(Logistic.about).splitlines(), *cleandoc(Logistic.examples).splitlines()]
    assert max(map(len, own)) <= 80
    assert set(own) <= set(text.splitlines())


@pytest.mark.parametrize("scale", [1e-320, 1e-300, 1e-250, 1e-200, 1e-160, 1e-100, 1e-20])
def test_of_tiny_features_the_optimum_is_that_of_the_first_order(scale: float) -> None:
    """Where w.x is next to 0 every chance is 1/2, and w = sum (t - 1/2) x / l2, exactly."""
    x, t = np.array([[3.0, 1], [1, 2], [2, 5], [7, 1]]) * scale, np.array([1.0, 0, 1, 0])
    X = np.concatenate([x, np.ones((4, 1))], axis=1)
    for l2 in (1.0, 0.25):
        found = optimum(X, t, l2).weights
        assert found is not None
        # Of 1e-320 some 2000 numbers are left.
        close = 1e-6 if scale > 1e-307 else 1e-2
        np.testing.assert_allclose(found[:2], (t - 0.5) @ x / l2, rtol=close)
        assert abs(found[2]) < 1e-12


@pytest.mark.parametrize("numbers", [[1e200, -1e200], [1e308, 1.0], [1e160, 1e-160], [np.inf, 1.0]])
def test_of_numbers_that_overflow_an_optimum_is_found_or_none(numbers: list[float], capfd) -> None:
    """LAPACK is not asked about what is not finite: it complains by itself, or does not end."""
    X = np.array([[numbers[0], 1.0], [numbers[1], 1.0], [-numbers[0], 1.0], [0.5, 1.0]])
    with np.errstate(all="ignore"):
        for l2 in (0.0, 1.0, 1e300):
            found = optimum(X, np.array([1.0, 0, 0, 1]), l2).weights
            assert found is None or np.isfinite(found).all()
    assert capfd.readouterr() == ("", "")
