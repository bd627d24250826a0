"""The benchmark of the eigenvalue study: the same work by everyone, timed and printed."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.bench import eigenvalue


def test_quick_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert eigenvalue.main(["--rounds", "1", "--slice", "1e-4", "--n", "3", "5"]) == 0
    text = capsys.readouterr().out
    for part in ("n=3", "n=5", "NumPy by hand", "update(lossfun)", "at most 3 x", "PyTorch"):
        assert part in text


def test_another_course_is_noticed() -> None:
    found = eigenvalue.peers(2)
    found["NumPy by hand"].v += 1.0
    with pytest.raises(ArithmeticError, match="other points"):
        eigenvalue.check(found)


def test_the_gradient_worked_out_on_paper() -> None:
    """So that what it is compared with is no copy of our own."""
    targets, r = np.array([0.0, 1.0, 4.0]), np.random.default_rng(1).random(6)
    peer = eigenvalue.ByHand(r, targets)
    peer.step()

    def loss(r: np.ndarray) -> float:
        return float(np.sum((eigenvalue.Entries(3).eigenvalues(r) - targets) ** 2))

    slopes = [(loss(r + 1e-6 * e) - loss(r - 1e-6 * e)) / 2e-6 for e in np.eye(6)]
    np.testing.assert_allclose(peer.m / 0.1, slopes, rtol=1e-6)


@pytest.mark.parametrize("flags", [["--n", "0"], ["--rounds", "0"]])
def test_bad_flags(flags: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        eigenvalue.main(flags)
    assert stop.value.code == 2
