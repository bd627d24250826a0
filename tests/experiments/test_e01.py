"""The original study: its course against Chainer's, against plain NumPy, and as published."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from experiments import e01_inverse_article as e01
from experiments.article import command, course, witness
from experiments.article.course import QUICK_STEPS, Course, follow
from playground import read_log
from tests.chainer_oracle import load_chainer
from tests.paths import ROOT

STEPS = 3_000
EYE = np.eye(3, dtype=np.float32)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return follow(0, tmp_path_factory.mktemp("whole"))


def main(*flags: str) -> int:
    return command.main(e01.published, flags)


def test_course_equals_chainers_row_by_row(tmp_path: Path) -> None:
    chainer = load_chainer()
    from experiments.bench.study_on_chainer import Frames, descend

    theirs = Frames(STEPS)
    _, kicks, value = descend(chainer, theirs, STEPS)
    ours = follow(0, tmp_path, STEPS)
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
    ours = follow(seed, tmp_path, 1_000)
    hand = witness.by_hand(seed, 1_000)
    assert ours.kicks == hand.kicks > 0
    assert list(ours.elog["loss"]) == hand.losses
    assert list(ours.elog["step_size"]) == hand.sizes
    np.testing.assert_array_equal(ours.vlog.to_numpy(), hand.points.reshape(-1, 9))
    np.testing.assert_array_equal(ours.glog.to_numpy(), hand.gradients.reshape(-1, 9))


def test_whole_course_is_the_published_one(whole: Course) -> None:
    name = witness.kernel()
    if name is None:
        pytest.skip("no published course for the way this machine multiplies matrices")
    published = {
        "fused": (39_466, 422, 0.0009739520610310137),
        "rounded": (47_146, 509, 0.000995039939880371),
    }
    assert (whole.steps, whole.kicks, whole.loss) == published[name]
    assert all(finding.agrees for finding in e01.published(whole))


def test_another_course_is_not_as_published(tmp_path: Path) -> None:
    """The findings tell a course that ended early from the whole one."""
    apart = [f.what for f in e01.published(follow(0, tmp_path, 500)) if not f.agrees]
    assert {"the loss it ends below", "inverse found, by the article and here"} <= {*apart}


@pytest.mark.parametrize("fused", [False, True])
def test_product_by_hand_tells_the_kernels_apart(fused: bool) -> None:
    """1.5 (1 + e) and its rounding differ in the last bit of a float32."""
    a = np.array([[1 + 2**-12, 1]], np.float32)
    b = np.array([[1 + 2**-12], [-1]], np.float32)
    # (1 + 2**-12)**2 - 1 = 2**-11 + 2**-24, whose last term a rounding in between loses.
    exact = 2.0**-11 + 2.0**-24
    total = witness.product(a[:, ::-1], b[::-1], fused)
    assert total == np.float32(exact if fused else 2.0**-11)


def test_whole_course_ends_at_the_inverse(whole: Course) -> None:
    true = [
        [1.9896084, 1.7991375, -2.4503546],
        [2.8759089, -3.1447117, 0.3088823],
        [-3.5648208, 2.0931487, 1.8645432],
    ]
    assert whole.converged
    np.testing.assert_allclose(whole.inverse, true, atol=5e-3)
    assert np.abs(whole.matrix @ whole.inverse - EYE).sum() == np.float32(whole.loss)


def test_frames_have_the_originals_alignment(whole: Course) -> None:
    elog, vlog, glog = whole.elog, whole.vlog, whole.glog
    assert list(elog.index) == list(range(whole.steps + 1))
    assert list(vlog.index) == list(glog.index) == list(range(whole.steps))
    points = vlog.to_numpy(np.float32).reshape(-1, 3, 3)
    residuals = [whole.matrix @ point - EYE for point in points]
    losses = [float(np.abs(residual).sum()) for residual in residuals]
    assert list(elog["loss"][1:]) == losses
    gradients = [whole.matrix.T @ np.sign(residual) for residual in residuals[:-1]]
    np.testing.assert_array_equal(glog.to_numpy()[1:], np.reshape(gradients, (-1, 9)))


def test_log_keeps_every_kick(whole: Course) -> None:
    elog = read_log(whole.path).loss
    kicked = np.flatnonzero(np.diff(elog["restart"]))
    assert len(kicked) == whole.kicks == elog["restart"].iloc[-1]
    np.testing.assert_array_equal(kicked, np.flatnonzero(elog["step_size"] < 1e-10))
    assert set(elog["step_size"].to_numpy()[kicked + 1]) <= {0.01 * 1.2, 0.01 * 0.5}


def test_quick_run_draws_its_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    findings = e01.run(folder, quick=True)
    assert all(finding.agrees for finding in findings)
    assert len(read_log(folder).loss) == QUICK_STEPS + 1 == len(findings[0].ours)
    pictures = sorted(folder.glob("*.png"))
    assert len(pictures) == 3
    assert all(p.stat().st_size > 10_000 for p in pictures)


def test_program_reports_the_course(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main("--seed", "4", "--out", str(tmp_path), "--no-plot")
    text = capsys.readouterr().out
    steps = len(read_log(tmp_path).loss) - 1
    assert code == 0
    assert f"{steps:,}" in text
    for word in ("kicks", "final loss", "inverse found", "true inverse", str(tmp_path)):
        assert word in text


def test_program_says_when_the_steps_ran_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main("--out", str(tmp_path), "--no-plot", "--max-steps", "20") == 1
    assert "--max-steps" in capsys.readouterr().out


@pytest.mark.parametrize(
    "flags",
    [["--seed", "-1"], ["--seed", "x"], ["--seed", str(2**32)], ["--max-steps", "0"], ["--what"]],
)
def test_bad_flags_get_one_clear_line(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(*flags)
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert stop.value.code == 2
    assert flags[-1] in last


def test_out_below_a_file_is_an_error_with_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert main("--out", str(blocked / "below"), "--no-plot") == 2
    error = capsys.readouterr().err
    assert str(blocked) in error
    assert "Traceback" not in error


def test_interrupt_keeps_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measured, calls = course.measured, iter(range(700))

    def interrupted(x: np.ndarray) -> Callable[[np.ndarray], object]:
        measure = measured(x)

        def at(y: np.ndarray) -> object:
            if next(calls, None) is None:
                raise KeyboardInterrupt
            return measure(y)

        return at

    monkeypatch.setattr(course, "measured", interrupted)
    assert main("--out", str(tmp_path), "--no-plot") == 130
    assert str(tmp_path) in capsys.readouterr().err
    assert len(read_log(tmp_path).loss) == 700


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_loss_that_is_no_number_ends_the_run(
    bad: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, x, y = course.problem(0)
    y[1, 1] = bad
    monkeypatch.setattr(course, "problem", lambda seed: (rng, x, y))
    found = follow(0, tmp_path, 100)
    assert found.steps == 0
    assert not found.converged
    assert "finite" in found.reason


def test_nothing_heavy_is_loaded_for_a_run_without_pictures(tmp_path: Path) -> None:
    code = (
        "import sys; from experiments import e01_inverse_article as e\n"
        "flags = ['--no-plot', '--max-steps', '300', '--out', sys.argv[1]]\n"
        "e.command.main(e.published, flags)\n"
        "print(*{'pandas', 'matplotlib', 'cupy'} & set(sys.modules), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=True)
    assert done.stderr.split() == []
