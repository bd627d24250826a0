"""Ten ordinary NumPy functions: right values, gradients and Hessian-vector products."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments import e07_plain_numpy as e07
from experiments.findings import main
from experiments.functions import differences as study

CASES = study.cases()


@pytest.mark.parametrize("case", CASES, ids=[case.function.__name__ for case in CASES])
def test_derivatives_agree_with_differences(case: study.Case) -> None:
    outcome = study.examine(case, np.random.default_rng(5))
    assert outcome.gradient_error < 1e-7
    assert outcome.product_error < 1e-6
    assert np.linalg.norm(outcome.gradient) > 0
    assert np.linalg.norm(outcome.product) > 0


@pytest.mark.parametrize("case", CASES, ids=[case.function.__name__ for case in CASES])
def test_the_function_is_plain_numpy(case: study.Case) -> None:
    """The value on Variables is that on arrays, and the function's globals hold no playground."""
    value = study.derivatives(case, case.point, case.point)[0]
    assert value == pytest.approx(float(case.value(case.point)), rel=1e-12)
    assert not {"playground", "Variable"} & set(case.function.__code__.co_names)


def test_known_derivatives() -> None:
    """Least squares: gradient 2 Aᵀ(Ax - b), Hessian 2 AᵀA."""
    case = CASES[0]
    A, b = case.rest
    direction = np.arange(4.0)
    _, gradient, product = study.derivatives(case, case.point, direction)
    np.testing.assert_allclose(gradient, 2 * A.T @ (A @ case.point - b), rtol=1e-12)
    np.testing.assert_allclose(product, 2 * A.T @ A @ direction, rtol=1e-12)


def test_run_writes_its_table_and_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And in the table's finding slope and curvature along v are 2 (Ax - b)'Av and 2 |Av|^2."""
    findings = e07.run(tmp_path, quick=True)
    lines = (tmp_path / "plain_numpy.csv").read_text().splitlines()
    assert len(lines) == 1 + len(findings) == 11
    assert (tmp_path / "errors.png").stat().st_size > 10_000
    assert "gaussian_process" in capsys.readouterr().out
    case, rng = CASES[0], np.random.default_rng(1)
    A, b = case.rest
    v = rng.standard_normal(4)
    exact = [2 * (A @ case.point - b) @ A @ v, 2 * np.sum((A @ v) ** 2)]
    np.testing.assert_allclose(findings[0].ours, exact, rtol=1e-12)
    np.testing.assert_allclose(findings[0].published, exact, rtol=1e-7)


def test_seed_is_a_flag(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(e07, "cases", lambda seed: study.cases(seed)[:1])
    tables = []
    for seed in ("0", "1"):
        with pytest.raises(SystemExit) as ended:
            main(e07.run, ["--seed", seed, "--out", str(tmp_path / seed)])
        assert ended.value.code == 0
        tables.append(capsys.readouterr().out)
    assert tables[0] != tables[1]
