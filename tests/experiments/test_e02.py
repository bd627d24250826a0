"""The study of step rules runs, and counts what it says it counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments import e02_step_rules


def test_quick_run_writes_its_table(tmp_path: Path) -> None:
    results = e02_step_rules.run(tmp_path, quick=True)
    lines = (tmp_path / "step_rules.md").read_text().splitlines()
    assert len(lines) == len(e02_step_rules.HEAD) + len(results)
    smooth = {r.rule: r for r in results if r.loss == "squared"}
    assert len(smooth["barzilai-borwein"].steps) == 3
    assert smooth["barzilai-borwein"].median < smooth["grow-shrink"].median


def test_steps_lead_to_an_inverse() -> None:
    found = e02_step_rules.invert("squared", "barzilai-borwein", 3, 1, 2_000, 5.0)
    rng = np.random.RandomState(1)
    X = rng.random_sample((3, 3))
    assert found.converged
    assert np.abs(X @ found.x - np.eye(3)).sum() <= e02_step_rules.TOLERANCE


def test_failures_have_no_median() -> None:
    result = e02_step_rules.measure("absolute", "grow-shrink-take-back", 3, 1, 50, 5.0)
    assert result.steps == ()
    assert np.isnan(result.median)
    assert "0 of 1" in e02_step_rules.row(result)


def test_help_explains(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        e02_step_rules.main(["--help"])
    assert ended.value.code == 0
    assert "--matrices" in capsys.readouterr().out
