"""The benchmark of the quadratic form runs and says what it measured."""

from __future__ import annotations

import sys

import pytest

from experiments.bench import quadratic


def test_quick_run(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("autograd")
    assert quadratic.main(["--rounds", "1", "--points", "1000"]) == 0
    text = capsys.readouterr().out
    for part in ("400 points", "f, gradient, Hessian", "at least 100", "1,000 points", "below 1 s"):
        assert part in text


def test_without_autograd_ours_is_timed_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "autograd", None)
    assert quadratic.main(["--rounds", "1", "--points", "1000"]) == 0
    text = capsys.readouterr().out
    assert "autograd: skipped" in text
    assert "400 points, all three:" in text
