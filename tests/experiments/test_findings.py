"""Findings: the difference, the table, and the command line of an experiment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.findings import Between, Finding, agree, default_out, main, table
from playground.graph.errors import InputError

INF = np.inf


@pytest.mark.parametrize(
    ("published", "ours", "difference"),
    [
        (3, 5, 2),
        (1.5, np.float32(1.25), 0.25),
        ([1, 2, 3], np.array([1.0, 2.5, 2.75]), 0.5),
        (np.uint8([1]), np.uint8([3]), 2),
        (1j, 1.0, np.sqrt(2)),
        ("text", "text", 0),
        ("text", "texts", INF),
        (True, np.True_, 0),
        (True, False, INF),
        (["a", "b"], ["a", "b"], 0),
        ([1, 2], [1, 2, 3], INF),
        ([[1, 2]], [1, 2], INF),
        ("1", 1, INF),
        (1.0, np.nan, INF),
        (np.zeros((0, 2)), np.zeros((0, 2)), 0),
        (Between(2, 3), 2.5, 0),
        (Between(2, 3), 3, 0),
        (Between(2, 3), [1.0, 3.5], 1),
        (Between(high=3), [-100, 4], 1),
        (Between(low=3), 1, 2),
        (Between(2, 3), np.nan, INF),
    ],
)
def test_difference(published: Any, ours: Any, difference: float) -> None:
    assert Finding("x", published, ours).difference == pytest.approx(difference)


def test_agreement_is_a_matter_of_tolerance() -> None:
    assert Finding("x", 1.0, 1.5, tolerance=0.5).agrees
    assert not Finding("x", 1.0, 1.5, tolerance=0.4).agrees
    assert not Finding("x", 1.0, 1.0 + 1e-15).agrees
    assert Finding("x", None, 17).agrees
    assert np.isnan(Finding("x", None, 17).difference)
    assert agree([])
    assert not agree([Finding("x", 1, 1), Finding("x", 1, 2)])


def test_table() -> None:
    lines = table(
        [
            Finding("sum|XY - I|", 39_466, 39_466),
            Finding("range", Between(2300, 3100), 2_500),
            Finding("off", 1.0, 1.25, tolerance=0.1),
            Finding("alone", None, 0.125),
            Finding("large", np.zeros((10, 2)), np.zeros((10, 2))),
            Finding("small", [[1, 2]], [[1, 2]]),
            Finding("words", True, False),
            Finding("x0**2", "x0*x1", "x0*x1"),
        ]
    ).splitlines()
    assert lines[:2] == ["| what | published | ours | difference |", "| --- | --- | --- | --- |"]
    assert lines[2] == r"| sum\|XY - I\| | 39,466 | 39,466 | equal |"
    assert lines[3] == "| range | 2,300 to 3,100 | 2,500 | inside |"
    assert lines[4] == "| off | 1 | 1.25 | **0.25** (allowed: 0.1) |"
    assert lines[5] == "| alone | - | 0.125 | - |"
    assert lines[6] == "| large | 10 x 2 numbers | 10 x 2 numbers | equal |"
    assert lines[7] == "| small | [[1, 2]] | [[1, 2]] | equal |"
    assert lines[9] == r"| x0\*\*2 | x0\*x1 | x0\*x1 | equal |"
    assert lines[8] == "| words | yes | no | **differs** (allowed: 0) |"


def experiment(out: Path, quick: bool = False, *, count: int = 3, share: float = 0.5) -> list[Any]:
    """As many as ``count``."""
    if count == 0:
        raise InputError("nothing to count")
    if count == 99:
        raise KeyboardInterrupt
    (out / "drawn.png").write_bytes(b"picture")
    return [Finding("count", 3, count), Finding("quick", None, quick), Finding("s", 0.5, share)]


def ended(*flags: str) -> int | str | None:
    with pytest.raises(SystemExit) as stop:
        main(experiment, flags)
    return stop.value.code


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "old.png").write_bytes(b"from before")
    assert ended("--out", str(tmp_path), "--quick") == 0
    text = capsys.readouterr().out
    assert "| quick | - | yes | - |" in text
    assert f"picture: {tmp_path / 'drawn.png'}" in text
    assert "old.png" not in text


def test_command_says_what_is_not_as_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended("--out", str(tmp_path), "--count", "4") == 1
    assert "not as published: count" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "code", "word"),
    [
        (("--count", "0"), 2, "nothing to count"),
        (("--count", "99"), 130, "interrupted"),
        (("--count", "-1"), 2, "whole number"),
        (("--share", "0"), 2, "number above 0"),
        (("--what",), 2, "--what"),
    ],
)
def test_command_ends_with_one_line(
    flags: tuple[str, ...],
    code: int,
    word: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ended("--out", str(tmp_path / "new"), *flags) == code
    error = capsys.readouterr().err
    assert word in error.strip().splitlines()[-1]
    assert "Traceback" not in error


def test_folder_in_the_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert ended("--out", str(tmp_path / "file" / "below")) == 2
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_each_run_has_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first = default_out("name")
    first.mkdir(parents=True)
    second = default_out("name")
    assert first != second
    assert first.parent == second.parent == Path("logs", "experiments", "name")
