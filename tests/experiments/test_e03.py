"""Ten ordinary NumPy functions: right values, gradients and Hessian-vector products."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments import e03_plain_numpy as study

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


def test_run_writes_its_table(tmp_path: Path) -> None:
    outcomes = study.run(tmp_path, quick=True)
    lines = (tmp_path / "plain_numpy.csv").read_text().splitlines()
    assert len(lines) == 1 + len(outcomes) == 11


def test_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert study.main([]) == 0
    assert "gaussian_process" in capsys.readouterr().out
