"""The comparison of ways to an inverse counts what it says it counts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from experiments import e06_inverse_comparison as e06
from experiments.comparison import expected, methods, runs, tables
from experiments.comparison.methods import METHODS, TOLERANCE, Limits, Start
from experiments.comparison.picture import draw
from experiments.comparison.runs import Cell, Run, attempt, choose, compare
from playground.graph.errors import InputError

SHORT = Limits(2_000, 5.0)
EASY = ("squared/grow-shrink", "squared/barzilai-borwein", "newton-schulz", "linalg.inv")


@pytest.mark.parametrize("method", EASY)
@pytest.mark.parametrize("size", [1, 3])
def test_methods_lead_to_the_inverse(method: str, size: int) -> None:
    start = Start(size, 1)
    Y, steps = METHODS[method](start, SHORT)
    X = np.random.RandomState(1).random_sample((size, size))
    assert 0 <= steps < SHORT.steps
    assert np.abs(X @ Y - np.eye(size)).sum() <= TOLERANCE
    true = np.linalg.inv(X)
    np.testing.assert_allclose(Y, true, atol=TOLERANCE * np.abs(true).max(), rtol=0)


def test_lbfgs_takes_no_more_steps_than_needed() -> None:
    """It stops at the first iterate that is good enough: with one iteration less it is not."""
    pytest.importorskip("scipy")
    start = Start(3, 0)
    Y, steps = methods.lbfgs("squared", start, SHORT)
    before, fewer = methods.lbfgs("squared", Start(3, 0), replace(SHORT, steps=steps - 1))
    assert start.residual(Y) <= TOLERANCE < start.residual(before)
    assert fewer == steps - 1


def test_newton_schulz_squares_the_error() -> None:
    """I - XY is squared at every step, from I - X X'/(|X|_1 |X|_inf)."""
    start = Start(4, 2)
    norms = np.abs(start.X).sum(axis=0).max() * np.abs(start.X).sum(axis=1).max()
    error = np.eye(4) - start.X @ start.X.T / norms
    Y, steps = methods.newton_schulz(start, Limits(3, 5.0))
    assert steps == 3
    np.testing.assert_allclose(
        np.eye(4) - start.X @ Y, np.linalg.matrix_power(error, 8), atol=1e-12
    )


def test_a_constant_step_that_diverges_ends() -> None:
    """0.01 is beyond 2 over the curvature of sum((XY - I)^2) at n = 30: no kick can help that."""
    run = attempt("squared/constant", 30, 0, SHORT)
    assert run.steps < 1_000
    assert not run.inverted


def test_limits_hold() -> None:
    run = attempt("absolute/grow-shrink", 3, 0, Limits(50, 5.0))
    assert run.steps == 50
    assert not run.inverted
    assert attempt("absolute/constant", 3, 0, Limits(10**9, 0.05)).steps < 10**9


def made(method: str, size: int, seed: int, steps: int, residual: float = 0.0) -> Run:
    return Run(method, size, seed, steps, steps / 1e3, residual, 0.0, 2_000, 5.0)


def test_medians_are_those_of_the_successes() -> None:
    steps = [(10, 0.0), (30, 1e-3), (1000, 1.0), (20, 0.0)]
    cell = Cell("m", 3, tuple(made("m", 3, i, *pair) for i, pair in enumerate(steps)))
    assert (cell.rate, cell.steps, cell.seconds) == (0.75, 20, pytest.approx(0.02))
    assert "| 3 of 4 | 20 | 20 ms |" in tables.row(cell)
    failed = Cell("m", 3, (made("m", 3, 0, 10, np.inf), made("m", 3, 1, 10, np.nan)))
    assert failed.rate == 0
    assert np.isnan(failed.steps)
    assert "| 0 of 2 | - | - |" in tables.row(failed)


def test_a_run_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [("squared/barzilai-borwein", 3), ("linalg.inv", 3)]
    first = list(compare(tmp_path, cases, 2, SHORT))
    kept = json.loads((tmp_path / "runs.json").read_text())
    assert [(run["method"], run["seed"]) for run in kept] == [
        (method, seed) for method, _ in cases for seed in (0, 1)
    ]
    monkeypatch.setattr(runs, "_carry_out", None)  # whatever a pool would have to call
    assert list(compare(tmp_path, cases, 2, SHORT)) == first


def test_an_interrupted_comparison_goes_on(tmp_path: Path) -> None:
    """What was done before the interruption is taken over, what was not is made."""
    kept = made("linalg.inv", 3, 0, 77)
    runs.Store(tmp_path).add(kept)
    (cell,) = compare(tmp_path, [("linalg.inv", 3)], 2, SHORT, workers=2)
    assert cell.runs[0] == kept
    assert cell.runs[1].steps == 1
    assert cell.runs[1].inverted
    (cell,) = compare(tmp_path, [("linalg.inv", 3)], 1, Limits(1_999, 5.0))
    assert cell.runs[0].steps == 1  # other limits make another run


@pytest.mark.parametrize("text", ['[{"method"', '[{"method": 1}]', "3"])
def test_a_damaged_file_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "runs.json").write_text(text)
    with pytest.raises(InputError, match=r"runs\.json is damaged"):
        runs.Store(tmp_path)


def test_choosing() -> None:
    assert len(choose("", (3, 10))) == 2 * len(METHODS)
    assert choose("newton-schulz/10, linalg.inv", (3, 10)) == [
        ("linalg.inv", 3),
        ("newton-schulz", 10),
        ("linalg.inv", 10),
    ]
    assert {method for method, _ in choose("squared/grow-shrink", (3,))} == {"squared/grow-shrink"}
    assert all(method.startswith("absolute/") for method, _ in choose("absolute", (3, 10)))
    for wrong in ("nonsense", "linalg.inv/7", "squ"):
        with pytest.raises(InputError, match=wrong):
            choose(f"linalg.inv,{wrong}", (3, 10))


def test_findings_know_the_published_figures() -> None:
    """372 steps and ten of ten, as published; with nine of ten the finding fails."""
    cell = Cell(
        "squared/grow-shrink", 3, tuple(made("squared/grow-shrink", 3, i, 372) for i in range(10))
    )
    assert all(finding.agrees for finding in expected.findings([cell]))
    worse = replace(cell, runs=(*cell.runs[:9], made("squared/grow-shrink", 3, 9, 372, 1.0)))
    assert [f.what for f in expected.findings([worse]) if not f.agrees] == [
        "squared loss, grow-shrink, n = 3: inverted of 10"
    ]


def test_newton_schulz_has_to_arrive() -> None:
    cell = Cell("newton-schulz", 3, (made("newton-schulz", 3, 0, 9, 1.0),))
    assert not expected.findings([cell])[0].agrees


def test_durations() -> None:
    shown = [tables.duration(seconds) for seconds in (12.3, 0.25, 0.0042, 5.6e-6, 4e-8)]
    assert shown == ["12 s", "250 ms", "4.2 ms", "5.6 µs", "0.0 µs"]


def test_quick_run_writes_table_and_picture(tmp_path: Path) -> None:
    pytest.importorskip("scipy")
    only = "squared/barzilai-borwein,squared/l-bfgs-b,newton-schulz"
    findings = e06.run(tmp_path, quick=True, only=only)
    assert all(finding.agrees for finding in findings)
    text = (tmp_path / "comparison.md").read_text()
    assert text.startswith("| loss | method | n = 3 | n = 10 |")
    assert text.count("2 of 2") == 6
    assert (tmp_path / "comparison.png").stat().st_size > 10_000


def test_a_picture_of_failures_alone(tmp_path: Path) -> None:
    cells = [
        Cell("absolute/constant", n, (made("absolute/constant", n, 0, 9, 1.0),)) for n in (3, 10)
    ]
    assert draw(cells, tmp_path / "x.png").stat().st_size > 10_000


def test_every_method_has_a_colour_of_its_own_and_a_row_on_the_page() -> None:
    from experiments.comparison.picture import COLORS
    from experiments.gallery import PAGE

    names = {method.rpartition("/")[2] for method in METHODS}
    assert names == {*COLORS}
    assert len(set(COLORS.values())) == len(COLORS)
    page = PAGE.read_text()
    for method in METHODS:
        loss, _, name = method.rpartition("/")
        assert f"| {loss or '-'} | {name} | " in page
