"""The eigenvalue study: its mathematics, the published figures, and the command."""

from __future__ import annotations

import numpy as np
import pytest

import playground
from experiments.bench.eigenvalue import torch_steps
from experiments.spectrum import published
from playground import FitError, Variable, eigenvalue
from playground.eigenvalue import (
    Entries,
    SecondDerivatives,
    Spectrum,
    Trajectory,
    descend,
    spectral_loss,
)
from playground.lab.descent import AdamSteps, Below
from playground.optimizers import SGD, Adam
from tests.commands import running
from tests.strict_array import StrictArray, registered

PICTURES = {"eigenvalues.png", "loss.png", "matrix.png", "parameters.png"}


def start(seed: int, n: int = 3) -> np.ndarray:
    return np.random.RandomState(seed).random_sample(n * (n + 1) // 2)


def gradient(targets: np.ndarray, r: np.ndarray) -> np.ndarray:
    x = Variable(r)
    spectral_loss(targets)(x).backward()
    return x.grad


def gradient_by_hand(targets: np.ndarray, r: np.ndarray) -> np.ndarray:
    """From dλ = v' dA v: each entry above the diagonal stands for two of A."""
    A = Entries(len(targets)).matrix(r)
    w, V = np.linalg.eigh(A)
    G = sum(2 * (w[k] - targets[k]) * np.outer(V[:, k], V[:, k]) for k in range(len(w)))
    return Entries(len(targets)).of(G + np.triu(G, 1))


# --------------------------------------------------------------------------------- the matrix


def test_where_the_entries_stand() -> None:
    r = np.array([1.0, 2, 3, 4, 5, 6])
    assert Entries(3).matrix(r).tolist() == [[1, 4, 6], [4, 2, 5], [6, 5, 3]]
    assert Entries(3).upper(r).tolist() == [[1, 4, 6], [0, 2, 5], [0, 0, 3]]
    assert Entries(1).matrix(np.array([7.0])).tolist() == [[7]]
    four = Entries(4)
    assert four.size == 10
    assert four.of(np.arange(16).reshape(4, 4)).tolist() == [0, 5, 10, 15, 1, 6, 11, 2, 7, 3]
    assert four.of(four.matrix(np.arange(10.0))).tolist() == list(range(10))


def test_the_loss_and_its_gradient() -> None:
    targets = np.array([-1.0, 0.5, 2.0, 7.0])
    for seed in range(5):
        r = start(seed, 4)
        w = np.linalg.eigvalsh(Entries(4).matrix(r))
        assert spectral_loss(targets)(r) == pytest.approx(np.sum((targets - w) ** 2), rel=1e-12)
        np.testing.assert_allclose(gradient(targets, r), gradient_by_hand(targets, r), rtol=1e-9)


def test_other_array_types() -> None:
    targets, r = np.array([0.0, 1.0, 3.0]), start(0)
    with registered():
        found = gradient(StrictArray.of(targets), StrictArray.of(r))  # type: ignore[arg-type]
        assert type(found) is StrictArray
        np.testing.assert_allclose(found.get(), gradient(targets, r), rtol=1e-12)


# ----------------------------------------------------------------------- the published figures


def test_published_eigenvalues_and_their_derivative() -> None:
    A = Variable(published.MATRIX)
    w = np.linalg.eigh(A)[0]
    np.testing.assert_allclose(w.array, published.SPECTRUM, rtol=2e-6)
    w[0].backward()
    np.testing.assert_allclose(A.grad, published.LOWEST_BY_MATRIX, atol=1e-6)
    assert (A.grad[np.triu_indices(3, 1)] == 0).all()


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_published_gradient_and_step(dtype: str) -> None:
    model = Spectrum(published.START.astype(dtype), [1, 1, 1])
    optimizer = Adam(alpha=1e-3, eps=1e-7)
    optimizer.setup(model)
    optimizer.update(model)
    assert model.r.dtype == dtype
    # In single precision 2e-6 are 16 roundings, which some kernels need.
    rounding = 2e-6 if dtype == "f8" else 1e-5
    np.testing.assert_allclose(model.r.grad, published.GRADIENT, rtol=rounding)
    np.testing.assert_allclose(model.r.array, published.FIRST_POINT, atol=1e-7)


@pytest.mark.parametrize("seed", [0, 1, 4])
def test_adam_takes_as_many_steps_as_published_and_ends_at_the_identity(seed: int) -> None:
    course = descend(start(seed))
    low, high = published.STEPS
    assert course.converged
    assert low - 200 < course.steps < high + 100  # "about"
    assert course.losses[-1] <= 1e-8 < course.losses[:-1].min()
    np.testing.assert_allclose(Entries(3).matrix(course.points[-1]), np.eye(3), atol=1e-4)


@pytest.mark.parametrize("seed", [0, 1])
def test_as_many_steps_as_pytorch(seed: int) -> None:
    pytest.importorskip("torch")
    # All the way to 1e-8 the experiment counts them.
    assert descend(start(seed), tol=1e-3).steps == torch_steps(start(seed), np.ones(3), 1e-3)


# -------------------------------------------------------------------- both ways, and the descent


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_both_ways_and_the_descent_are_one(dtype: str) -> None:
    """update(lossfun), the gradient by hand, and fit: the same points, bit for bit."""
    r = start(5).astype(dtype)
    one, other = (descend(r, way=way, max_steps=300) for way in ("loss", "gradient"))
    third = playground.fit(
        spectral_loss(np.ones(3, dtype)), r, rule=AdamSteps(1e-3, eps=1e-7), stop=[Below(1e-8)]
    )
    assert np.array_equal(one.points, other.points)
    assert np.array_equal(one.points, third.params.to_numpy()[:301])
    assert one.losses.tolist() == third.loss.loss.tolist()[:301]
    assert (one.steps, one.converged) == (300, False)
    assert one.points.dtype == dtype


def test_a_descent_says_where_it_was() -> None:
    targets = [3.0, -1.0]
    course = descend(start(0, 2), targets, SGD(lr=0.1))
    assert course.converged
    for r, w, value in zip(course.points, course.eigenvalues, course.losses, strict=True):
        np.testing.assert_allclose(np.linalg.eigvalsh(Entries(2).matrix(r)), w, atol=1e-14)
        assert value == pytest.approx((w[0] + 1) ** 2 + (w[1] - 3) ** 2)
    np.testing.assert_allclose(course.eigenvalues[-1], [-1, 3], atol=1e-4)


def test_a_descent_that_cannot_begin() -> None:
    with pytest.raises(FitError, match="3 by 3 matrix has 6 entries r, got 5"):
        descend(np.ones(5))
    with pytest.raises(FitError, match="'loss' or 'gradient', got 'hand'"):
        descend(np.ones(6), way="hand")


# ---------------------------------------------------------------------------- second derivatives


def by_differences(targets: np.ndarray, r: np.ndarray, h: float = 1e-5) -> np.ndarray:
    eye = np.eye(len(r))
    columns = [
        (gradient_by_hand(targets, r + h * e) - gradient_by_hand(targets, r - h * e)) / (2 * h)
        for e in eye
    ]
    return np.array(columns)


def test_second_derivatives_anywhere() -> None:
    targets, r = np.array([-1.0, 0.5, 2.0, 2.0]), start(3, 4)
    second = SecondDerivatives.at(r, targets)
    np.testing.assert_allclose(second.matrix, by_differences(targets, r), atol=1e-6)
    assert not second.moved


@pytest.mark.parametrize("off", [0.0, 1e-15, 1e-8, 1e-4])
def test_second_derivatives_where_all_eigenvalues_are_equal(off: float) -> None:
    """The loss is sum |A - I|² there, at any distance."""
    r = np.array([1.0, 1, 1, 0, 0, 0]) + off * (start(1) - 0.5)
    second = SecondDerivatives.at(r, np.ones(3))
    np.testing.assert_allclose(second.matrix, np.diag([2.0, 2, 2, 4, 4, 4]), atol=1e-8)
    np.testing.assert_allclose(np.sort(second.steep), [2, 2, 2, 4, 4, 4])
    assert second.flat == 0


@pytest.mark.parametrize(
    ("targets", "flat"), [([1, 2, 3], 3), ([1, 2, 2], 2), ([2, 2, 2], 0), ([0, 0, 1, 1], 4)]
)
def test_the_directions_in_which_the_matrix_turns_are_flat(targets: list, flat: int) -> None:
    """n²/2 less half the squares of the multiplicities: the dimension of the orbit."""
    n, rng = len(targets), np.random.default_rng(2)
    Q = np.linalg.qr(rng.normal(size=(n, n)))[0]
    r = Entries(n).of(Q @ np.diag(targets) @ Q.T)
    second = SecondDerivatives.at(r, np.array(targets, float))
    assert second.flat == flat
    assert second.steep.min() > 1.9


# -------------------------------------------------------------------------------- the command


run = running(eigenvalue.main)


BRIEF = ("--no-plot", "--quiet")


def test_the_study_as_a_command(run, tmp_path) -> None:
    # Ten times the default step size, for a tenth of the steps.
    ran = run("--lr", 0.01, "--out", "o")
    assert ran.code == 0
    # Where it takes more than five seconds there are lines of progress, and nothing else.
    assert all(line.startswith("step ") for line in ran.err.splitlines())
    A, record = np.load(tmp_path / "o/matrix.npy"), playground.read_log("o")
    np.testing.assert_allclose(A, np.eye(3), atol=1e-4)
    steps = len(record.loss) - 1
    assert ran.out.startswith(f"converged after {steps:,} steps: the loss is ")
    assert record.loss.loss.iloc[-1] <= 1e-8 < record.loss.loss.iloc[-2]
    assert "curvatures of the loss   2 (3 times), 4 (3 times)" in ran.out
    assert "condition number         2\n" in ran.out
    for seed in (1, 2, 3):
        assert f"random start of seed {seed}   {faster(start(seed)).steps:,} steps" in ran.out
    assert {path.name for path in (tmp_path / "o").glob("*.png")} == PICTURES
    assert np.array_equal(record.params.to_numpy()[0], start(0))
    assert steps == faster(start(0)).steps


def faster(r: np.ndarray) -> Trajectory:
    return descend(r, optimizer=Adam(alpha=0.01, eps=1e-7))


def test_without_flags_it_is_the_original_study(run) -> None:
    run("--max-steps", 40, "--out", "o", *BRIEF)
    points = playground.read_log("o").params.to_numpy()
    assert np.array_equal(points, descend(start(0), max_steps=40).points)


def test_eigenvalues_are_logged_with_every_step(run) -> None:
    run("--targets", "1,3", "--out", "o", "--max-steps", 50, *BRIEF)
    record = playground.read_log("o")
    assert list(record.watched.columns) == ["λ0", "λ1"]
    matrices = [Entries(2).matrix(r) for r in record.params.to_numpy()]
    np.testing.assert_allclose(record.watched, np.linalg.eigvalsh(matrices), atol=1e-14)
    assert len(record.watched) == 51


@pytest.mark.parametrize("rule", eigenvalue.Eigenvalue.rules)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_rule_finds_it(run, tmp_path, rule, dtype) -> None:
    targets = ("--targets", "[2, \u22121, 0.5]", "--lr", 0.05)
    ran = run(*targets, "--rule", rule, "--dtype", dtype, "--out", "o", *BRIEF)
    assert ran.code == 0
    A = np.load(tmp_path / "o/matrix.npy")
    assert A.dtype == dtype
    np.testing.assert_allclose(np.linalg.eigvalsh(A), [-1, 0.5, 2], atol=2e-4)
    assert "ascending order, and are compared with -1, 0.5, 2" in ran.err


@pytest.mark.gpu
def test_a_gpu_finds_it_too(run, tmp_path) -> None:
    pytest.importorskip("cupy")
    flags = ("--targets", "-1,2,2", "--lr", 0.01, "--starts", 1)
    assert run(*flags, "--device", "cuda", "--out", "gpu", *BRIEF).code == 0
    assert run(*flags, "--out", "cpu", *BRIEF).code == 0
    ours, theirs = (np.load(tmp_path / out / "matrix.npy") for out in ("gpu", "cpu"))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_the_learning_rate_is_each_rules_first_step(run) -> None:
    run("--rule", "constant", "--lr", 0.02, "--out", "a", *BRIEF)
    run("--rule", "constant", "--out", "b", *BRIEF)
    run("--lr", 0.25, "--max-steps", 1, "--out", "c", *BRIEF)
    sizes = [playground.read_log(out).loss.step_size for out in "ab"]
    assert [set(size) for size in sizes] == [{0.02}, {0.01}]
    first = np.abs(np.diff(playground.read_log("c").params.to_numpy()[:2], axis=0))
    np.testing.assert_allclose(first, 0.25, rtol=1e-5)


def test_a_start_of_ones_own(run) -> None:
    run("--start", "-0.5, 1,0,0,0,0", "--max-steps", 1, "--out", "o", *BRIEF)
    assert playground.read_log("o").params.to_numpy()[0].tolist() == [-0.5, 1, 0, 0, 0, 0]


@pytest.mark.parametrize("stop", [1, 2, 130])
def test_a_resumed_run_goes_on_bit_for_bit(run, stop) -> None:
    run("--seed", 3, "--max-steps", 400, "--out", "whole", *BRIEF)
    run("--seed", 3, "--max-steps", stop, "--out", "parts", *BRIEF)
    assert run("--resume", "parts", "--max-steps", 400, *BRIEF).code == 1
    whole, parts = playground.read_log("whole"), playground.read_log("parts")
    for name in ("loss", "params", "grads", "watched"):
        assert getattr(whole, name).equals(getattr(parts, name)), name


def test_a_run_that_has_not_converged_says_what_would_help(run) -> None:
    ran = run("--targets", "1000,2000", "--max-steps", 20, "--out", "o", *BRIEF)
    assert ran.code == 1
    assert "what would help: a larger --lr, such as 2: the targets are far off" in ran.err
    ran = run("--targets", "0,1", "--rule", "constant", "--max-steps", 2, "--out", "p", *BRIEF)
    assert "try --rule adam" in ran.err


def test_a_learning_rate_that_explodes_is_told_and_more_steps_are_not(run) -> None:
    ran = run("--lr", "1e9", "--max-steps", 20, "--out", "o", *BRIEF)
    assert ran.code == 1
    assert "what would help: a smaller --lr: the loss is larger than at the start\n" in ran.err
    assert "--max-steps" not in ran.err


@pytest.mark.parametrize(("rule", "rate"), [("adam", 0.001), ("barzilai-borwein", 0.01)])
def test_a_resumed_run_says_which_learning_rate_it_has(run, rule, rate) -> None:
    run("--rule", rule, "--max-steps", 2, "--out", "o", *BRIEF)
    ran = run("--resume", "o", "--lr", 0.1, *BRIEF)
    assert ran.code == 2
    assert f"--lr 0.1 contradicts the run in o, which has --lr {rate}:" in ran.err
    assert run("--resume", "o", "--lr", rate, "--max-steps", 3, *BRIEF).code == 1


def test_one_value_and_many(run, tmp_path) -> None:
    assert run("--targets", 0.5, "--starts", 1, "--out", "one").code == 0
    assert np.load(tmp_path / "one/matrix.npy") == pytest.approx(0.5, abs=1e-4)
    many = ",".join(map(str, range(32)))
    ran = run("--targets", many, "--rule", "barzilai-borwein", "--starts", 1, "--out", "many")
    assert ran.code == 0
    assert "second derivatives   not computed for more than 500 entries" in ran.out
    found = np.linalg.eigvalsh(np.load(tmp_path / "many/matrix.npy"))
    np.testing.assert_allclose(found, range(32), atol=1e-4)
    for out in ("one", "many"):
        assert {path.name for path in (tmp_path / out).glob("*.png")} == PICTURES


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["--targets", "1,x"], "'x'"),
        (["--targets", "1,5;2,5"], "expected numbers in one row, with decimal points"),
        (["--targets", ""], "''"),
        (["--targets", "1,inf"], "'inf'"),
        (["--targets", "1e300", "--dtype", "float32"], "use --dtype float64"),
        (["--start", "1,2"], "3 by 3 matrix has 6 entries r, got 2"),
        (["--lr", "-1"], "above 0"),
        (["--starts", "0"], "1 to 16"),
        (["--rule", "newton"], "'adam'"),
    ],
)
def test_bad_input_is_one_line(run, flags, word) -> None:
    ran = run(*flags)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("python -m playground.eigenvalue: error: ")
    assert word in ran.err
    assert ran.err.count("\n") == 1


def test_a_tolerance_that_rounding_keeps_out_of_reach(run) -> None:
    flags = ("--dtype", "float32", "--tol", 1e-16, "--max-steps", 3, "--out", "o")
    assert "rounding in float32" in run(*flags, *BRIEF).err


def test_help_says_what_is_the_default(run, capsys) -> None:
    with pytest.raises(SystemExit) as stop:
        run("--help")
    assert stop.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "conjugate-gradient, constant (default adam)" in text
    assert "stop at the loss <= T (default 1e-08)" in text


def test_further_starts_share_what_is_left_of_the_time(run, monkeypatch) -> None:
    """Five seconds each at most; none is begun where nothing is left."""
    from playground.eigenvalue import command

    limits, left = [], iter([20.0, 4.0, 1.0, 0.5, 0.0])

    def noted(*arguments, **options):
        limits.append(options["stop"][-1].limit)
        return fit(*arguments, **options)

    fit = command.fit
    monkeypatch.setattr(command, "fit", noted)
    monkeypatch.setattr(command.Eigenvalue, "seconds_left", property(lambda self: next(left)))
    words = ("--targets", "1,2", "--rule", "barzilai-borwein", "--starts", 8, "--no-plot")
    done = run(*words)
    assert done.code == 0
    assert limits == [20 / 7 if 20 / 7 < 5 else 5, 4 / 6, 1 / 5, 0.5 / 4]
    assert "further starts" in done.out
    assert "3 left out: --max-seconds is used up" in done.out


def test_seeds_of_further_starts_begin_anew_after_the_last(run) -> None:
    words = ("--targets", "1,2", "--rule", "barzilai-borwein", "--starts", 3, "--no-plot")
    done = run(*words, "--seed", 2**32 - 1)
    assert done.code == 0
    assert "random start of seed 0" in done.out
    assert "random start of seed 1" in done.out
