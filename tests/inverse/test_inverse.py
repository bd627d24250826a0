"""``python -m playground.inverse`` as a user meets it: what it finds, writes, says and refuses."""

from __future__ import annotations

import functools
import io
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import playground
from playground import inverse
from playground.graph import backend
from playground.graph.backend import Device
from playground.lab import cli
from tests.commands import Ran, running
from tests.paths import ROOT
from tests.strict_array import StrictArray, registered

COVARIANCE = ROOT / "experiments" / "data" / "iris_covariance.csv"
PICTURES = {"gradient.png", "loss.png", "parameters.png", "product.png"}
FAST = ("--rule", "barzilai-borwein", "--no-plot")


run = running(inverse.main)


def outside(*argv, cwd, **options):
    """The same in a process of its own."""
    command = [sys.executable, "-m", "playground.inverse", *map(str, argv)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    # A shell gives its background jobs an ignored Ctrl-C, which they would hand on.
    listen = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen(command, cwd=cwd, env=environment, preexec_fn=listen, **options)


def refused(ran: Ran) -> str:
    """The one line with which a command line is refused."""
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("python -m playground.inverse: error: ")
    assert ran.err.count("\n") == 1
    assert "Traceback" not in ran.err
    return ran.err.partition("error: ")[2].strip()


def residual(directory) -> float:
    X, Y = (np.load(directory / name).astype(float) for name in ("matrix.npy", "inverse.npy"))
    return float(np.abs(X @ Y - np.eye(len(X))).sum())


def same_frames(one, other) -> bool:
    one, other = playground.read_log(one), playground.read_log(other)
    return all(
        getattr(one, frame).equals(getattr(other, frame)) for frame in ("loss", "params", "grads")
    )


# -------------------------------------------------------------------- what is found


@pytest.mark.parametrize("rule", ["grow-shrink", "grow-shrink-take-back", "barzilai-borwein"])
def test_the_inverse_is_found(run, tmp_path, rule):
    assert run("--size", 3, "--rule", rule, "--out", "o", "--no-plot").code == 0
    X, Y = np.load(tmp_path / "o/matrix.npy"), np.load(tmp_path / "o/inverse.npy")
    assert residual(tmp_path / "o") < 1e-3
    assert np.allclose(Y, np.linalg.inv(X), atol=0.02)


def test_a_constant_step_finds_it_too(run, tmp_path):
    argv = ("--matrix", "m.csv", "--rule", "constant", "--no-plot", "--out", "o")
    (tmp_path / "m.csv").write_text("2,0\n0,3\n")
    assert run(*argv).code == 0
    assert np.allclose(np.load(tmp_path / "o/inverse.npy"), [[1 / 2, 0], [0, 1 / 3]], atol=1e-3)


def test_the_absolute_loss_finds_it_with_kicks(run, tmp_path):
    ran = run("--size", 2, "--loss", "absolute", "--out", "o", "--no-plot", "--max-seconds", 60)
    assert ran.code == 0
    assert residual(tmp_path / "o") < 1e-3
    frame = playground.read_log("o").loss
    assert frame.loss.iloc[-1] < 1e-3 <= frame.loss.iloc[:-1].min()


def test_a_real_covariance_matrix(run, tmp_path):
    assert run("--matrix", COVARIANCE, *FAST, "--out", "o").code == 0
    assert residual(tmp_path / "o") < 1e-3
    assert np.load(tmp_path / "o/matrix.npy")[2, 2] == pytest.approx(3.116278, abs=1e-6)


def test_size_one(run, tmp_path):
    assert run("--size", 1, "--out", "o").code == 0
    (x,), (y,) = np.load(tmp_path / "o/matrix.npy"), np.load(tmp_path / "o/inverse.npy")
    assert x * y == pytest.approx(1, abs=1e-3)
    assert {path.name for path in (tmp_path / "o").glob("*.png")} == PICTURES


@pytest.mark.parametrize("loss", ["squared", "absolute"])
def test_the_run_stops_at_the_first_point_within_the_tolerance(run, tmp_path, loss):
    tolerance = 1.7
    run("--size", 3, "--loss", loss, "--tol", tolerance, "--out", "o", "--no-plot")
    X = np.load(tmp_path / "o/matrix.npy")
    points = playground.read_log("o").params.to_numpy().reshape(-1, 3, 3)
    sums = np.abs(X @ points - np.eye(3)).sum(axis=(1, 2))
    assert sums[-1] < tolerance <= sums[:-1].min()
    assert residual(tmp_path / "o") < tolerance


def test_the_losses_are_what_they_say():
    X, Y = np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[0.5, 0.0], [0.0, 1.0]])
    found = inverse.residual_losses(X, np.eye(2))  # XY - I = [[-0.5, 2], [1.5, 4]]
    assert found["squared"](Y) == pytest.approx(0.25 + 4 + 2.25 + 16)
    assert found["absolute"](Y) == pytest.approx(0.5 + 2 + 1.5 + 4)


# ------------------------------------------------------------------ what is reported


def test_the_report_says_everything(run, tmp_path):
    ran = run("--size", 3, "--rule", "barzilai-borwein", "--out", "o")
    X, Y = np.load(tmp_path / "o/matrix.npy"), np.load(tmp_path / "o/inverse.npy")
    record = playground.read_log("o")
    assert ran.out.startswith(f"converged after {len(record.loss) - 1} steps: ")
    assert f"{residual(tmp_path / 'o'):.6g}" in ran.out
    assert f"{np.linalg.cond(X):.6g}" in ran.out
    assert f"{np.abs(Y - np.linalg.inv(X)).max():.3g}" in ran.out
    assert re.search(r"evaluations +[\d,]+ of the loss, [\d,]+ of the gradient", ran.out)
    for word in ("Y, the inverse found", "X @ Y", "seconds", "log ", "pictures ", *PICTURES):
        assert word in ran.out, word
    shown = ran.out.partition("Y, the inverse found")[2].partition("X @ Y")[0]
    numbers = [float(number) for number in re.findall(r"-?\d+\.\d*(?:e[+-]\d+)?", shown)]
    assert numbers == pytest.approx(Y.ravel().tolist(), abs=1e-5)


def test_pictures_are_written(run, tmp_path):
    run("--size", 3, "--rule", "barzilai-borwein", "--out", "o")
    pictures = {path.name: path.read_bytes() for path in (tmp_path / "o").glob("*.png")}
    assert set(pictures) == PICTURES
    assert all(content.startswith(b"\x89PNG") for content in pictures.values())


def test_pictures_of_a_large_run_and_of_a_singular_matrix(run, tmp_path):
    run("--size", 120, "--max-steps", 5, "--out", "large")
    (tmp_path / "s.csv").write_text("1,2\n2,4\n")
    run("--matrix", "s.csv", "--anyway", "--max-steps", 5, "--out", "singular")
    for name in ("large", "singular"):
        assert {path.name for path in (tmp_path / name).glob("*.png")} == PICTURES


def test_a_large_answer_is_printed_in_part(run):
    ran = run("--size", 120, "--max-steps", 2, "--no-plot")
    assert "..." in ran.out
    assert len(ran.out) < 4000


def test_no_plot_draws_nothing_and_loads_neither_pandas_nor_matplotlib(tmp_path):
    code = (
        "import sys; from playground import inverse;"
        "code = inverse.main(['--size', '3', '--no-plot', '--out', 'o']);"
        "loaded = {'pandas', 'matplotlib', 'cupy'} & set(sys.modules);"
        "sys.exit(f'{code} {loaded}' if code or loaded else 0)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=120)
    assert list((tmp_path / "o").glob("*.png")) == []


def test_quiet_prints_the_folder_for_scripts(run):
    ran = run("--size", 3, *FAST, "--quiet")
    assert (ran.code, ran.err) == (0, "")
    assert playground.read_log(ran.out.removesuffix("\n")).summary["converged"]
    ran = run("--size", 3, *FAST, "--quiet", "--out", "a b")
    assert (ran.code, ran.out) == (0, "a b\n")
    # A failure says why, beside the path.
    ran = run("--size", 3, *FAST, "--quiet", "--out", "c", "--max-steps", 1)
    assert (ran.code, ran.out) == (1, "c\n")
    assert ran.err.startswith("note: not converged after 1 step: ")
    assert ran.err.count("\n") == 1


def test_no_line_of_a_matrix_is_wider_than_a_terminal(run):
    for size in (3, 10, 30):
        out = run("--size", size, *FAST, "--no-plot", "--rule", "barzilai-borwein").out
        lines = out.partition("\nlog ")[0].splitlines()[1:]  # the first one is a sentence
        assert max(map(len, lines)) <= 80
        assert ("all of it is in the log" in out) == (size > 3)


# --------------------------------------------------------------------- where it lands


def test_runs_land_below_logs_and_never_on_top_of_each_other(run, tmp_path):
    for _ in range(3):
        assert run("--size", 2, *FAST, "--seed", 7).code == 0
    found = sorted(path.name for path in (tmp_path / "logs/inverse").iterdir())
    assert len(found) == 3
    what = r"inverse-2x2-squared-[a-z-]+-seed7-\d{8}-\d{6}(-\d)?"
    assert all(re.fullmatch(what, name) for name in found)
    assert sorted(Path(h).name for h in playground.read_runs("logs")["run"]) == found


def test_a_run_under_a_name_of_old_goes_on(run, tmp_path):
    old = tmp_path / "logs/inverse/20240229-235959-0"
    assert run("--size", 3, *FAST, "--max-steps", 5, "--out", old).code == 1
    assert run("--resume", old, "--max-steps", 1000, "--no-plot").code == 0
    assert playground.read_runs("logs")["run"].tolist() == ["logs/inverse/20240229-235959-0"]


def test_the_log_is_read_by_read_log(run, tmp_path):
    run("--size", 2, *FAST, "--out", "o", "--seed", 4)
    record = playground.read_log("o")
    assert list(record.params) == ["Y[0,0]", "Y[0,1]", "Y[1,0]", "Y[1,1]"]
    assert record.meta["problem"] == "inverse"
    assert record.meta["settings"]["seed"] == 4
    json.dumps(record.meta)


def test_a_run_is_never_overwritten(run, tmp_path):
    run("--size", 2, *FAST, "--out", "o")
    before = {path.name: path.read_bytes() for path in (tmp_path / "o").iterdir()}
    message = refused(run("--size", 3, *FAST, "--out", "o"))
    assert "o holds a run already" in message
    assert "--resume o" in message
    assert "--out" in message
    assert {path.name: path.read_bytes() for path in (tmp_path / "o").iterdir()} == before


def test_files_of_others_are_never_overwritten(run, tmp_path):
    (tmp_path / "o").mkdir()
    (tmp_path / "o/loss.png").write_text("mine")
    assert "loss.png" in refused(run("--size", 2, "--out", "o"))
    assert (tmp_path / "o/loss.png").read_text() == "mine"


def test_an_existing_empty_directory_will_do(run, tmp_path):
    (tmp_path / "o").mkdir()
    assert run("--size", 2, *FAST, "--out", "o").code == 0


@pytest.mark.parametrize("out", ["file", "file/below", "file/below/it"])
def test_an_out_that_cannot_be_written(run, tmp_path, out):
    (tmp_path / "file").write_text("a regular file")
    message = refused(run("--size", 2, "--out", out))
    assert f"cannot write to {out}" in message
    assert "--out" in message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_out_without_permission(run, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    assert "permission denied" in refused(run("--size", 2, "--out", "locked/o"))


# --------------------------------------------------------------------- chance, precision


def test_the_seed_decides_everything(run, tmp_path):
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        run("--size", 3, *FAST, "--seed", seed, "--out", name)
    assert same_frames("a", "b")
    assert not same_frames("a", "c")
    expected = np.random.RandomState(5).random_sample((3, 3))
    assert np.array_equal(np.load(tmp_path / "a/matrix.npy"), expected)


def test_the_restarts_come_from_the_seed(run):
    argv = ("--size", 2, "--loss", "absolute", "--max-steps", 1500, "--no-plot")
    for name in ("a", "b"):
        run(*argv, "--out", name)
    assert same_frames("a", "b")
    assert playground.read_log("a").loss.restart.max() > 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype(run, tmp_path, dtype):
    run("--size", 3, *FAST, "--dtype", dtype, "--out", "o")
    assert np.load(tmp_path / "o/matrix.npy").dtype == dtype
    assert np.load(tmp_path / "o/inverse.npy").dtype == dtype
    assert set(playground.read_log("o").params.dtypes) == {np.dtype(dtype)}


def test_a_number_too_large_for_float32(run, tmp_path):
    (tmp_path / "m.csv").write_text("1e300,0\n0,1\n")
    assert "--dtype float64" in refused(run("--matrix", "m.csv", "--dtype", "float32"))


def test_restart_fresh_begins_somewhere_else(run):
    run("--size", 2, "--loss", "absolute", "--restart", "fresh", "--max-steps", 3000, "--out", "o",
        "--no-plot")  # fmt: skip
    record = playground.read_log("o")
    first = int(np.flatnonzero(np.diff(record.loss.restart))[0]) + 1
    start, again = record.params.loc[0].to_numpy(), record.params.loc[first].to_numpy()
    assert ((again >= 0) & (again < 1)).all()
    assert not np.isclose(start, again).any()


def test_restart_none_stops_when_the_step_is_spent(run):
    ran = run("--size", 2, "--loss", "absolute", "--restart", "none", "--out", "o", "--no-plot")
    assert ran.code == 1
    assert playground.read_log("o").loss.restart.max() == 0


# --------------------------------------------------------------------- when it ends


def test_max_steps(run):
    ran = run("--size", 10, "--max-steps", 25, "--out", "o", "--no-plot")
    assert ran.code == 1
    assert len(playground.read_log("o").loss) == 26
    assert ran.out.startswith("not converged after 25 steps: ")
    assert "--resume o --max-steps" in ran.out


def test_max_seconds(run):
    ran = run("--size", 10, "--max-seconds", 0.05, "--out", "o", "--no-plot")
    assert ran.code == 1
    assert "second" in ran.out.partition("\n")[0]
    assert "--resume o --max-seconds" in ran.out


def test_what_would_help_is_named(run):
    squared = run("--size", 30, "--rule", "grow-shrink", "--max-steps", 3, "--no-plot")
    absolute = run("--size", 3, "--loss", "absolute", "--max-steps", 3, "--no-plot")
    assert "--rule conjugate-gradient" in squared.out
    assert "--loss squared" in absolute.out


@pytest.mark.parametrize("rows", ["1,2\n2,4\n", "0,0\n0,0\n", "1,2,3\n4,5,6\n7,8,9\n"])
def test_a_singular_matrix_is_announced_and_cannot_converge(run, tmp_path, rows):
    (tmp_path / "m.csv").write_text(rows)
    refused = run("--matrix", "m.csv", "--no-plot")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "it has no inverse to find (--anyway searches all the same)" in refused.err
    assert not (tmp_path / "logs").exists()
    ran = run("--matrix", "m.csv", "--anyway", "--max-steps", 200, "--no-plot")
    assert ran.code == 1
    assert "singular (condition number " in ran.err
    assert "no flag helps: X is singular" in ran.out
    assert "Warning" not in ran.err
    assert ran.err.count("\n") == 2


SINGULAR_IN_HALF = "1,2\n2,4.0000001\n"


def test_what_is_singular_in_single_precision_alone_says_so(run, tmp_path):
    (tmp_path / "m.csv").write_text(SINGULAR_IN_HALF)
    ran = run("--matrix", "m.csv", "--dtype", "float32", "--no-plot")
    assert ran.code == 2
    assert "X is singular" in ran.err
    (tmp_path / "m.csv").write_text("1,2\n2,4.000002\n")
    ran = run("--matrix", "m.csv", "--dtype", "float32", "--no-plot")
    assert ran.code == 2
    assert "X is singular in float32 (condition number " in ran.err
    assert "use --dtype float64" in ran.err


def test_a_matrix_in_odd_units_is_not_refused(run, tmp_path):
    (tmp_path / "m.csv").write_text("1e-20,0\n0,1\n")
    assert run("--matrix", "m.csv", "--max-steps", 3, "--no-plot").code == 1


def test_the_rule_is_chosen_by_size_and_condition(run, tmp_path):
    small = run("--size", 3, "--no-plot", "--out", "small")
    assert (small.code, small.err) == (0, "")
    assert playground.read_log("small").meta["settings"]["rule"] == "grow-shrink"
    large = run("--size", 30, "--no-plot", "--out", "large")
    assert large.code == 0
    assert "rule conjugate-gradient, since size 30 is above 10" in large.err
    assert playground.read_log("large").meta["settings"]["rule"] == "conjugate-gradient"
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(50, 5)) * [1.0, 3.0, 10.0, 30.0, 100.0]
    np.savetxt(tmp_path / "covariance.csv", np.cov(rows.T), delimiter=",")
    own = run("--matrix", "covariance.csv", "--no-plot", "--out", "own")
    assert own.code == 0
    assert "rule conjugate-gradient, since X has entries beyond 1" in own.err
    (tmp_path / "small.csv").write_text("1,0.99\n0.98,1\n")
    bad = run("--matrix", "small.csv", "--no-plot", "--out", "bad")
    assert "rule conjugate-gradient, since the condition number is 13" in bad.err
    (tmp_path / "good.csv").write_text("1,0.5\n0.25,1\n")
    assert run("--matrix", "good.csv", "--no-plot", "--out", "good").err == ""
    kinked = run("--size", 30, "--loss", "absolute", "--max-steps", 3, "--no-plot", "--out", "k")
    assert "rule conjugate-gradient, since" not in kinked.err
    assert playground.read_log("k").meta["settings"]["rule"] == "grow-shrink"


@pytest.mark.parametrize(
    "rows",
    ["1e9,0\n0,1e-9\n", "1,0\n0,1e-20\n", "1e-320,0\n0,1e-320\n", "1e12,1e2\n1e2,1e-7\n",
     "0,1e-15\n1e15,0\n"],
)  # fmt: skip
def test_odd_units_are_not_called_singular(run, tmp_path, rows):
    (tmp_path / "m.csv").write_text(rows)
    ran = run("--matrix", "m.csv", "--max-steps", 3, "--no-plot")
    assert ran.code in (0, 1)
    assert "X is singular" not in ran.err + ran.out
    assert "has no inverse" not in ran.err + ran.out


def test_a_nearly_singular_matrix_is_announced(run, tmp_path):
    (tmp_path / "m.csv").write_text("1,2\n2,4.0000001\n")
    ran = run("--matrix", "m.csv", "--rule", "grow-shrink", "--max-steps", 200, "--no-plot")
    assert ran.code == 1
    assert "nearly singular (condition number 2.5e+08)" in ran.err


def test_rounding_that_keeps_a_run_from_converging_is_announced(run):
    # A tolerance below what float32 can express of 100 elements, whatever the BLAS kernel.
    ran = run("--size", 10, *FAST, "--dtype", "float32", "--tol", 1e-7, "--max-steps", 300)
    assert ran.code == 1
    assert "rounding in float32 may keep sum|XY - I| above --tol" in ran.err
    assert "--dtype float64" in ran.out
    assert run("--size", 10, *FAST, "--max-steps", 300).err == ""


def test_a_badly_conditioned_matrix_is_announced_to_the_slow_rules(run, tmp_path):
    (tmp_path / "m.csv").write_text("1,2\n2,4.001\n")
    slow = run("--matrix", "m.csv", "--rule", "grow-shrink", "--max-steps", 200, "--no-plot")
    assert "badly conditioned (condition number 2.5e+04)" in slow.err
    assert "--rule conjugate-gradient" in slow.err
    fast = run("--matrix", "m.csv", *FAST)
    assert fast.code == 0
    assert "the steps of --rule barzilai-borwein grow, those of --rule conjugate-" in fast.err
    best = run("--matrix", "m.csv", "--rule", "conjugate-gradient", "--no-plot")
    assert (best.code, best.err) == (0, "")


@pytest.mark.parametrize("size", [5, 10, 20])
@pytest.mark.parametrize("condition", [1e2, 1e4, 1e5])
def test_own_covariance_matrices_are_inverted_by_default(run, tmp_path, size, condition):
    """Within some hundred steps; by the closed form of a matrix with known eigenvalues."""
    Q = np.linalg.qr(np.random.default_rng(3).normal(size=(size, size)))[0]
    values = np.geomspace(1.0, 1 / condition, size)
    np.savetxt(tmp_path / "cov.csv", (Q * values) @ Q.T, delimiter=",", fmt="%.18g")
    ran = run("--matrix", "cov.csv", "--no-plot", "--max-steps", 1_000, "--out", "o")
    assert ran.code == 0
    found, true = np.load("o/inverse.npy"), (Q / values) @ Q.T
    # Of sum|XY - I| below 1e-3.
    assert np.abs(found - true).max() <= 1.1e-3 * condition


def test_a_long_descent_is_announced(run, tmp_path):
    Q = np.linalg.qr(np.random.default_rng(3).normal(size=(50, 50)))[0]
    for name, condition in (("far", 3e4), ("near", 1e3)):
        X = (Q * np.geomspace(1.0, 1 / condition, 50)) @ Q.T
        np.savetxt(tmp_path / f"{name}.csv", X, delimiter=",", fmt="%.18g")
        ran = run("--matrix", f"{name}.csv", "--no-plot", "--max-steps", 3)
        assert ("expect thousands of steps" in ran.err) == (name == "far")
        assert "rule conjugate-gradient, since size 50 is above 10" in ran.err


def test_a_matrix_that_blows_up_does_not_end_in_silence(tmp_path):
    (tmp_path / "m.csv").write_text("1e200,0\n0,1e200\n")
    argv = ("--matrix", "m.csv", "--max-steps", 200, "--no-plot")
    process = outside(*argv, cwd=tmp_path)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert out.startswith("not converged after ")
    assert "what would help: " in out
    assert err.count("\n") == 1  # the rule, and no warnings of NumPy


# ------------------------------------------------------------------------- resuming


def test_a_resumed_run_equals_an_uninterrupted_one(run, tmp_path):
    argv = ("--size", 2, "--loss", "absolute", "--seed", 3, "--no-plot")
    run(*argv, "--max-steps", 900, "--out", "whole")
    run(*argv, "--max-steps", 300, "--out", "parts")
    for steps in (301, 777, 900):
        assert run("--resume", "parts", "--max-steps", steps, "--no-plot").code in (0, 1)
    assert playground.read_log("whole").loss.restart.max() > 1
    assert same_frames("whole", "parts")
    one, other = (np.load(tmp_path / name / "inverse.npy") for name in ("whole", "parts"))
    assert np.array_equal(one, other)


def test_resume_keeps_the_settings_and_goes_on_to_the_end(run, tmp_path):
    (tmp_path / "m.csv").write_text("2,1\n1,3\n")
    first = run("--matrix", "m.csv", *FAST, "--dtype", "float32", "--max-steps", 2, "--out", "o")
    assert first.code == 1
    (tmp_path / "m.csv").unlink()  # the run has its own copy
    ran = run("--resume", "o", "--max-steps", 500, "--tol", 0.01)
    assert ran.code == 0
    assert residual(tmp_path / "o") < 0.01
    assert np.load(tmp_path / "o/inverse.npy").dtype == np.float32
    assert {path.name for path in (tmp_path / "o").glob("*.png")} == PICTURES


def test_resume_takes_the_file_of_the_log_too(run):
    run("--size", 3, *FAST, "--max-steps", 2, "--out", "o")
    assert run("--resume", "o/run.sqlite", "--max-steps", 500, "--no-plot").code == 0


def test_a_converged_run_can_be_taken_further(run, tmp_path):
    run("--size", 3, *FAST, "--out", "o")
    steps = len(playground.read_log("o").loss)
    again = run("--resume", "o", "--no-plot")
    assert again.code == 0
    assert again.out.startswith("converged after ")
    assert len(playground.read_log("o").loss) == steps
    assert run("--resume", "o", "--tol", 1e-7, "--no-plot").code == 0
    assert residual(tmp_path / "o") < 1e-7
    assert len(playground.read_log("o").loss) > steps


@pytest.mark.parametrize(
    "flag",
    [
        ("--seed", "1"),
        ("--size", "4"),
        ("--matrix", "m.csv"),
        ("--loss", "absolute"),
        ("--rule", "constant"),
        ("--restart", "none"),
        ("--dtype", "float32"),
        ("--device", "cuda"),
    ],
)
def test_a_flag_that_contradicts_the_log(run, flag):
    run("--size", 3, *FAST, "--max-steps", 2, "--out", "o")
    before = len(playground.read_log("o").loss)
    message = refused(run("--resume", "o", *flag))
    assert f"{flag[0]} {flag[1]} contradicts the run in o" in message
    assert len(playground.read_log("o").loss) == before


def test_a_flag_that_says_what_the_log_says(run):
    run("--size", 3, *FAST, "--max-steps", 2, "--out", "o")
    argv = ("--size", 3, *FAST, "--seed", 0, "--out", "o", "--max-steps", 500)
    assert run("--resume", "o", *argv).code == 0


@pytest.mark.parametrize("flags", [("--size", 3), ("--size", 12), ("--size", 3, *FAST)])
def test_what_was_chosen_by_itself_is_resumed_as_it_was(run, flags):
    run(*flags, "--no-plot", "--max-steps", 2, "--out", "o")
    rule = playground.read_log("o").meta["settings"]["rule"]
    for chosen in ((), ("--rule", "auto"), ("--device", "auto"), ("--rule", rule)):
        assert run("--resume", "o", *chosen, "--max-steps", 4, "--no-plot").code == 1
    assert "--rule constant contradicts" in refused(run("--resume", "o", "--rule", "constant"))
    assert run("--resume", "o", "--rule", "auto", "--max-steps", 5000, "--no-plot").code == 0
    assert playground.read_log("o").meta["settings"]["rule"] == rule


def test_out_and_resume_contradict(run):
    run("--size", 3, *FAST, "--max-steps", 2, "--out", "o")
    assert "--out and --resume" in refused(run("--resume", "o", "--out", "p"))


def make_foreign_log(path):
    playground.fit(lambda y: (y * y).sum(), np.ones(2), stop=1e-2, log=path)


def make_sqlite(path):
    path.mkdir()
    connection = sqlite3.connect(path / "run.sqlite")
    connection.execute("CREATE TABLE t(x)")
    connection.commit()
    connection.close()


def make_text(path):
    path.mkdir()
    (path / "run.sqlite").write_text("this is no log")


def make_damaged(path):
    inverse.main(["--size", "3", *FAST, "--quiet", "--out", str(path)])
    content = (path / "run.sqlite").read_bytes()
    (path / "run.sqlite").write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


@pytest.mark.parametrize(
    "make", [make_foreign_log, make_sqlite, make_text, make_damaged, Path.mkdir]
)
def test_a_log_that_is_not_a_log(run, tmp_path, make, capsys):
    make(tmp_path / "o")
    assert "o" in refused(run("--resume", "o"))


def test_a_log_that_is_not_there(run, tmp_path):
    assert "missing" in refused(run("--resume", "missing"))
    (tmp_path / "notes.txt").write_text("x")
    assert "notes.txt" in refused(run("--resume", "notes.txt"))


@pytest.mark.parametrize("content", [None, b"", b"\x93NUMPY damaged"])
def test_a_run_whose_matrix_is_gone(run, tmp_path, content):
    run("--size", 3, *FAST, "--max-steps", 2, "--out", "o")
    (tmp_path / "o/matrix.npy").unlink()
    if content is not None:
        (tmp_path / "o/matrix.npy").write_bytes(content)
    assert "matrix.npy is missing, damaged or not the one" in refused(run("--resume", "o"))


def test_a_run_whose_matrix_was_replaced(run, tmp_path):
    run("--size", 3, *FAST, "--max-steps", 2, "--out", "o")
    for other in (np.eye(3), np.eye(4)):
        np.save(tmp_path / "o/matrix.npy", other)
        assert "not the one the run began with" in refused(run("--resume", "o"))


# ---------------------------------------------------------------------- interruption


def wait_for_rows(directory, rows, process):
    """Until the log of a running process has this many rows."""
    for _ in range(600):
        if process.poll() is not None:
            pytest.fail(f"the run ended too early: {process.communicate()}")
        try:
            if len(playground.read_log(directory).loss) >= rows:
                return
        except playground.LogError:
            pass
        time.sleep(0.05)
    pytest.fail("the run did not log")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_keeps_its_log_and_goes_on(run, tmp_path, how):
    argv = ("--size", 10, "--loss", "absolute", "--tol", 1e-9, "--seed", 2, "--no-plot")
    process = outside(*argv, "--out", "o", cwd=tmp_path)
    try:
        wait_for_rows(tmp_path / "o", 300, process)
        process.send_signal(how)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    if how == signal.SIGINT:
        assert process.returncode == 130, (out, err)
        assert "Traceback" not in err
        assert "interrupted at step" in out
        assert "python -m playground.inverse --resume o" in out
    rows = len(playground.read_log("o").loss)
    assert rows >= 300
    assert run("--resume", "o", "--max-steps", rows + 500, "--no-plot").code == 1
    assert run(*argv, "--max-steps", rows + 500, "--out", "whole").code == 1
    assert same_frames("o", "whole")


def test_an_interrupt_outside_the_descent_is_no_traceback(run, monkeypatch):
    def interrupt(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.descent, "fit", interrupt)
    ran = run("--size", 3)
    assert ran.code == 130
    assert "interrupted" in ran.err
    assert "Traceback" not in ran.err


def test_a_reader_that_goes_away_is_no_traceback(tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    process = outside("--size", 3, *FAST, cwd=tmp_path, stdout=writing)
    os.close(writing)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")


# ------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ((), "give either --size N or --matrix FILE"),
        (("--size", 3, "--matrix", "m.csv"), "give either --size N or --matrix FILE"),
        (("--size", 0), "--size: expected a whole number, 1 or more, got '0'"),
        (("--size", -3), "--size: expected a whole number, 1 or more, got '-3'"),
        (("--size", 2.5), "--size: expected a whole number, 1 or more, got '2.5'"),
        (("--size", "three"), "--size: expected a whole number, 1 or more, got 'three'"),
        (("--size",), "--size: expected one argument"),
        (("--size", 10**6), "needs about 96,000 GB"),
        (("--size", 3, "--loss", "cubic"), "'cubic' (choose from"),
        (("--size", 3, "--rule", "newton"), "'newton' (choose from"),
        (("--size", 3, "--restart", "often"), "'often' (choose from"),
        (("--size", 3, "--dtype", "float16"), "'float16': did you mean 'float32'? (choose from"),
        (("--size", 3, "--seed", -1), "--seed: expected a whole number, 0 to 4294967295, got '-1'"),
        (("--size", 3, "--tol", 0), "--tol: expected a number above 0, got '0'"),
        (("--size", 3, "--tol", "nan"), "--tol: expected a number above 0, got 'nan'"),
        (("--size", 3, "--tol", "small"), "--tol: expected a number above 0, got 'small'"),
        (("--size", 3, "--max-steps", 0), "--max-steps: expected a whole number, 1 or more"),
        (("--size", 3, "--max-seconds", -1), "--max-seconds: expected a number above 0, got '-1'"),
        (("--size", 3, "--speed", "high"), "unrecognized arguments: --speed high"),
        (("--size", 3, "extra"), "unrecognized arguments: extra"),
        (("--size", 3, "--device", "tpu"), "unknown device 'tpu'"),
        (("--matrix", "missing.csv"), "cannot read missing.csv: there is no such file"),
        (("--matrix", "."), "cannot read .: it is a directory"),
    ],
)
def test_bad_flags(run, tmp_path, argv, expected):
    assert expected in refused(run(*argv))
    assert list(tmp_path.iterdir()) == []  # nothing is left behind


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,2,3\n4,5,6\n", "m.csv has 2 rows and 3 columns: only a square matrix has an inverse"),
        ("1,2\n3,x\n", "row 2, column 2 is 'x', not a number"),
        ("a,2\n3,4\n", "row 1, column 1 is 'a', not a number: if row 1 is a header"),
        ("0,1\n1,2\n3,4\n", "an inverse; if row 1 names the columns, --header yes skips it"),
        ("0,1,2\n1,3,4\n", "an inverse; if column 1 names or numbers the rows, leave it out (pa"),
        ("1,5,2,5\n3,5,4,5\n", "if the commas are decimal ones, separate the numbers by"),
        ("1;2\n3;1,200\n", "--decimal . or --decimal , says which"),
        ("1,nan\n3,4\n", "row 1, column 2 is nan"),
        ("1,2\ninf,4\n", "row 2, column 1 is inf"),
        ("1,2\n3\n", "row 2 has 1 number, row 1 has 2"),
        ("", "m.csv is empty"),
    ],
)
def test_bad_matrices(run, tmp_path, text, expected):
    (tmp_path / "m.csv").write_text(text)
    assert expected in refused(run("--matrix", "m.csv"))
    assert not (tmp_path / "logs").exists()


@pytest.mark.parametrize(
    ("text", "flags", "said"),
    [
        ("a;b\n2,5;1\n1;3\n", (), "semicolon-separated with decimal commas, header row skipped"),
        (",0,1\n0,2.5,1\n1,1,3\n", (), "header row skipped, column 1, the index, left out"),
        ("A = [2.5, 1; 1, 3];", (), "read from a matrix in brackets"),
        ("2.500;1\n1;3", ("--decimal", "."), ""),
        ("0,1\n2.5,1\n1,3", ("--header", "yes"), "header row skipped"),
        ("2,5 1;1 3", ("--sep", "blank"), "blank-separated with decimal commas, rows after"),
        ("2.5,1\n1,3", ("--encoding", "ascii"), ""),
    ],
)
def test_what_was_taken_for_granted_is_said_in_one_line(run, tmp_path, text, flags, said):
    (tmp_path / "m.csv").write_text(text)
    ran = run("--matrix", "m.csv", *flags, *FAST, "--out", "o")
    assert np.load(tmp_path / "o/matrix.npy").tolist() == [[2.5, 1], [1, 3]]
    assert said in ran.err
    assert ran.err.count("\n") == bool(said)
    assert ran.err.startswith("note: m.csv: read ") or not said
    # The flags are of the file, and that is read by now.
    assert run("--resume", "o", "--tol", 1e-6, "--no-plot").code == 0


@pytest.mark.parametrize("flag", ["--decimal", "--sep", "--header", "--encoding"])
def test_odd_dialects_are_refused(run, flag):
    assert f"{flag}: " in refused(run("--matrix", "m.csv", flag, "odd"))


@pytest.mark.parametrize("array", [np.float64(3.0), np.ones(3), np.ones((2, 2, 2)), np.eye(2) * 1j])
def test_bad_npy(run, tmp_path, array):
    np.save(tmp_path / "m.npy", array)
    assert "m.npy holds" in refused(run("--matrix", "m.npy"))


@pytest.mark.parametrize(
    ("driver", "cure"), [(True, "pip install 'cupy-cuda12x[ctk]'"), (False, "no NVIDIA driver")]
)
def test_cuda_without_cupy(run, monkeypatch, driver, cure):
    monkeypatch.setitem(sys.modules, "cupy", None)  # makes its import fail
    monkeypatch.setattr(backend, "has_driver", lambda: driver)
    complaint = refused(run("--size", 3, "--device", "cuda"))
    assert "CuPy is not installed" in complaint
    assert cure in complaint
    ran = run("--size", 3, "--device", "auto", *FAST)
    assert ran.code == 0
    assert "using the CPU (CuPy is not installed" in ran.err


class StrictDevice(Device):
    """A device whose arrays refuse what CuPy's would refuse."""

    name = "strict"

    def put(self, array):
        return array if isinstance(array, StrictArray) else StrictArray.of(array)


@pytest.mark.parametrize("rule", cli.STEP_RULES)
@pytest.mark.parametrize("loss", ["squared", "absolute"])
def test_a_run_stays_on_its_device(run, monkeypatch, rule, loss):
    argv = ("--size", 3, "--loss", loss, "--rule", rule, "--max-steps", 400, "--no-plot")
    host = run(*argv, "--out", "host")
    monkeypatch.setattr(cli.study, "parse_device", lambda name: StrictDevice())
    with registered():
        device = run(*argv, "--out", "device")
    assert device.code == host.code
    # The sums of these are taken in another order there.
    if rule not in ("barzilai-borwein", "l-bfgs", "conjugate-gradient"):
        assert same_frames("host", "device")
    else:
        one, other = (playground.read_log(name).params[:5] for name in ("host", "device"))
        assert np.allclose(one, other, rtol=1e-9)


@pytest.mark.gpu
def test_a_run_on_a_gpu(run, tmp_path):
    pytest.importorskip("cupy")
    assert run("--size", 10, *FAST, "--device", "cuda", "--out", "o").code == 0
    assert residual(tmp_path / "o") < 1e-3


# --------------------------------------------------------------------------- the rest


def test_help_explains(run, capsys):
    with pytest.raises(SystemExit) as ended:
        run("--help")
    assert ended.value.code == 0
    text = capsys.readouterr().out
    flags = "size matrix loss rule restart dtype seed tol max-steps max-seconds device out resume"
    for flag in [*flags.split(), "no-plot", "quiet"]:
        assert f"--{flag}" in text
    for word in ("examples:", "what to expect", "exit code", "barzilai-borwein", "sum|XY - I|"):
        assert word in text
    assert max(map(len, text.splitlines())) <= 100


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal_rewrites_one_line(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    stream = Terminal()
    with cli.ProgressLine(stream) as progress:
        progress(1, 1234.5, 0.01, 0, 0.1)
        progress(20_000, 0.5, 1e-6, 3, 0.2)
    lines = [line for line in stream.getvalue().split("\r") if line]
    assert lines[0] == "step 1  loss 1234  step size 0.01  restarts 0  0.1 s"
    assert lines[1].rstrip() == "step 20,000  loss 0.5  step size 1e-06  restarts 3  0.2 s"
    assert lines[2].strip() == ""
    assert len(lines[2]) >= len(lines[1].rstrip())
    assert "\n" not in stream.getvalue()


def test_progress_fits_a_narrow_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    stream = Terminal()
    with cli.ProgressLine(stream) as progress:
        progress(10**6, 0.123456, 1e-6, 10**6, 1e4)
    assert max(map(len, stream.getvalue().split("\r"))) < 20


def test_progress_elsewhere_is_a_line_now_and_then():
    stream = io.StringIO()
    with cli.ProgressLine(stream) as progress:
        for tenth in range(6000):  # ten minutes
            progress(tenth, 1.0, 0.1, 0, tenth / 10)
    lines = stream.getvalue().splitlines()
    assert 8 <= len(lines) <= 16
    assert all(line.startswith("step ") for line in lines)


def test_progress_keeps_quiet():
    stream = Terminal()
    with cli.ProgressLine(stream, quiet=True) as progress:
        progress(1, 1.0, 0.1, 0, 100.0)
    assert stream.getvalue() == ""
