"""The original study: its course against Chainer's, against plain NumPy, and as published."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from experiments import e01_inverse_article as e01
from playground import read_log
from tests.chainer_oracle import load_chainer

ROOT = Path(__file__).resolve().parents[2]
STEPS = 3_000
# What Chainer 7.8.1 gives, by whether the BLAS kernel rounds between multiply and add.
PUBLISHED = {
    "fused": (39_466, 422, 0.0009739520610310137),
    "rounded": (47_146, 509, 0.000995039939880371),
}
EYE = np.eye(3, dtype=np.float32)


def product(a: np.ndarray, b: np.ndarray, fused: bool) -> np.ndarray:
    """The matrix product in float32, term by term, with or without rounding in between."""
    total = np.zeros((3, 3), np.float32)
    for k in range(3):
        exact = a[:, k : k + 1].astype(np.float64) * b[k : k + 1]
        total = (total + (exact if fused else exact.astype(np.float32))).astype(np.float32)
    return total


def kernel() -> str | None:
    """How this machine multiplies 3x3 matrices: 'fused', 'rounded', or None for neither."""
    rng = np.random.RandomState(1)
    pairs = rng.randn(300, 2, 3, 3).astype(np.float32)
    for name, fused in (("fused", True), ("rounded", False)):
        if all(np.array_equal(a @ b, product(a, b, fused)) for a, b in pairs):
            return name
    return None


def by_hand(seed: int, steps: int) -> tuple[list[float], list[float], np.ndarray, np.ndarray, int]:
    """Losses, step sizes, points after the steps, gradients before them, kicks: in plain NumPy."""
    rng = np.random.RandomState(seed)
    x, y = (rng.rand(3, 3).astype(np.float32) for _ in range(2))
    residual, size, kicks = x @ y - EYE, 0.01, 0
    losses, sizes, points, gradients = [float(np.abs(residual).sum())], [size], [], []
    for _ in range(steps):
        gradients.append(x.T @ np.sign(residual))
        if size < 1e-10:
            kicks, size = kicks + 1, 0.01
            y = (y + y * rng.randn(3, 3) * 0.1 / kicks).astype(np.float32)
        y = y - np.float32(size) * gradients[-1]
        residual = x @ y - EYE
        losses.append(float(np.abs(residual).sum()))
        size *= 1.2 if losses[-1] < losses[-2] else 0.5
        sizes.append(size)
        points.append(y)
    return losses, sizes, np.array(points), np.array(gradients), kicks


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> e01.Course:
    return e01.run(tmp_path_factory.mktemp("whole"), pictures=False)


def test_course_equals_chainers_row_by_row(tmp_path: Path) -> None:
    chainer = load_chainer()
    from experiments.bench.study_on_chainer import Frames, descend

    theirs = Frames(STEPS)
    _, kicks, value = descend(chainer, theirs, STEPS)
    ours = e01.run(tmp_path, max_steps=STEPS, pictures=False)
    assert kicks == ours.kicks > 20
    assert value == ours.loss
    np.testing.assert_array_equal(ours.elog["loss"], theirs.elog["loss"])
    np.testing.assert_array_equal(ours.elog["step_size"], theirs.elog["alpha"])
    for mine, other in ((ours.vlog, theirs.vlog), (ours.glog, theirs.glog)):
        assert list(mine.columns) == list(other.columns)
        assert list(mine.index) == list(other.index)
        np.testing.assert_array_equal(mine.to_numpy(), other.to_numpy())


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_course_equals_the_one_by_hand(tmp_path: Path, seed: int) -> None:
    ours = e01.run(tmp_path, seed=seed, max_steps=1_000, pictures=False)
    losses, sizes, points, gradients, kicks = by_hand(seed, 1_000)
    assert ours.kicks == kicks > 0
    assert list(ours.elog["loss"]) == losses
    assert list(ours.elog["step_size"]) == sizes
    np.testing.assert_array_equal(ours.vlog.to_numpy(), points.reshape(-1, 9))
    np.testing.assert_array_equal(ours.glog.to_numpy(), gradients.reshape(-1, 9))


def test_whole_course_is_the_published_one(whole: e01.Course) -> None:
    name = kernel()
    if name is None:
        pytest.skip("no published course for the way this machine multiplies matrices")
    assert (whole.steps, whole.kicks, whole.loss) == PUBLISHED[name]


def test_whole_course_ends_at_the_inverse(whole: e01.Course) -> None:
    true = [
        [1.9896084, 1.7991375, -2.4503546],
        [2.8759089, -3.1447117, 0.3088823],
        [-3.5648208, 2.0931487, 1.8645432],
    ]
    assert whole.converged
    np.testing.assert_allclose(whole.inverse, true, atol=5e-3)
    assert np.abs(whole.matrix @ whole.inverse - EYE).sum() == np.float32(whole.loss)


def test_frames_have_the_originals_alignment(whole: e01.Course) -> None:
    elog, vlog, glog = whole.elog, whole.vlog, whole.glog
    assert list(elog.index) == list(range(whole.steps + 1))
    assert list(vlog.index) == list(glog.index) == list(range(whole.steps))
    points = vlog.to_numpy(np.float32).reshape(-1, 3, 3)
    residuals = [whole.matrix @ point - EYE for point in points]
    losses = [float(np.abs(residual).sum()) for residual in residuals]
    assert list(elog["loss"][1:]) == losses
    gradients = [whole.matrix.T @ np.sign(residual) for residual in residuals[:-1]]
    np.testing.assert_array_equal(glog.to_numpy()[1:], np.reshape(gradients, (-1, 9)))


def test_log_keeps_every_kick(whole: e01.Course) -> None:
    elog = read_log(whole.path).loss
    kicked = np.flatnonzero(np.diff(elog["restart"]))
    assert len(kicked) == whole.kicks == elog["restart"].iloc[-1]
    np.testing.assert_array_equal(kicked, np.flatnonzero(elog["step_size"] < 1e-10))
    assert set(elog["step_size"].to_numpy()[kicked + 1]) <= {0.01 * 1.2, 0.01 * 0.5}


def test_quick_run_draws_its_pictures(tmp_path: Path) -> None:
    course = e01.run(tmp_path / "new" / "folder", quick=True)
    assert course.steps == e01.QUICK_STEPS
    assert not course.converged
    pictures = sorted(course.path.glob("*.png"))
    assert len(pictures) == 3
    assert all(p.stat().st_size > 10_000 for p in pictures)


def test_program_reports_the_course(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = e01.main(["--seed", "4", "--out", str(tmp_path), "--no-plot"])
    text = capsys.readouterr().out
    steps = len(read_log(tmp_path).loss) - 1
    assert code == 0
    assert f"{steps:,}" in text
    for word in ("kicks", "final loss", "inverse found", "true inverse", str(tmp_path)):
        assert word in text


def test_program_says_when_the_steps_ran_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert e01.main(["--out", str(tmp_path), "--no-plot", "--max-steps", "20"]) == 1
    assert "--max-steps" in capsys.readouterr().out


@pytest.mark.parametrize(
    "flags",
    [["--seed", "-1"], ["--seed", "x"], ["--seed", str(2**32)], ["--max-steps", "0"], ["--what"]],
)
def test_bad_flags_get_one_clear_line(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        e01.main(flags)
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert stop.value.code == 2
    assert flags[-1] in last


def test_out_below_a_file_is_an_error_with_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert e01.main(["--out", str(blocked / "below"), "--no-plot"]) == 2
    error = capsys.readouterr().err
    assert str(blocked) in error
    assert "Traceback" not in error


def test_interrupt_keeps_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate, calls = e01.residual, iter(range(700))

    def interrupted(*arguments: object) -> object:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return evaluate(*arguments)

    monkeypatch.setattr(e01, "residual", interrupted)
    assert e01.main(["--out", str(tmp_path), "--no-plot"]) == 130
    assert str(tmp_path) in capsys.readouterr().err
    assert len(read_log(tmp_path).loss) == 700


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_loss_that_is_no_number_ends_the_run(
    bad: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, x, y = e01.problem(0)
    y[1, 1] = bad
    monkeypatch.setattr(e01, "problem", lambda seed: (rng, x, y))
    course = e01.run(tmp_path, quick=True, pictures=False)
    assert course.steps == 0
    assert not course.converged
    assert "finite" in course.reason


def test_nothing_heavy_is_loaded_for_a_run_without_pictures(tmp_path: Path) -> None:
    code = (
        "import sys; from experiments import e01_inverse_article as e\n"
        "e.main(['--no-plot', '--max-steps', '300', '--out', sys.argv[1]])\n"
        "print(*{'pandas', 'matplotlib', 'cupy'} & set(sys.modules), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=True)
    assert done.stderr.split() == []
