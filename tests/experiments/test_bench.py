"""The benchmark runs, skips what is missing with a word, and prints what it measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.bench import machine, plain, steps, trees
from experiments.bench.driver import PeerError, Worker
from experiments.bench.report import Figure, figures, markdown
from tests.paths import ROOT

OURS = "numpy_limit,numpy_naive,playground_f,playground_np"


def test_quick_run_of_every_case_but_the_longest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    only = "step,chain,peak,inverse,log,import"
    flags = ["--quick", "--only", only, "--peers", OURS, "--json", str(file), "--markdown"]
    assert steps.main(flags) == 0
    text = capsys.readouterr().out
    rows = json.loads(file.read_text())["figures"]
    assert [row["note"] for row in rows if row["value"] is None] == []
    cases = " ".join(row["case"] for row in rows)
    for word in ("step n=3", "plain np", "chain ()", "chain (3, 3)", "peak", "inverse", "import"):
        assert word in cases
    assert machine.description() in text
    assert "| playground, F |" in text


def test_quick_run_of_the_study(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    assert steps.main(["--quick", "--only", "study", "--json", str(file)]) == 0
    ours, theirs = json.loads(file.read_text())["figures"]
    assert ours["peer"] == "playground"
    assert ours["value"] > 0
    assert theirs["peer"] == "chainer"
    assert theirs["value"] or "Chainer" in theirs["note"]


def test_missing_peer_is_skipped_with_a_word() -> None:
    worker = Worker("no_such_peer", 0)
    try:
        with pytest.raises(PeerError, match="not installed"):
            worker.ask("step", n=3)
    finally:
        worker.close()


def test_peers_do_the_same_work() -> None:
    losses = {}
    for peer in ("numpy_limit", "numpy_naive", "playground_f", "playground_np", "torch_eager"):
        worker = Worker(peer, 0)
        try:
            if worker.error is None:
                losses[peer] = worker.ask("step", n=32)["loss"]
        finally:
            worker.close()
    assert len(losses) >= 4
    for values in losses.values():
        assert values == pytest.approx(losses["numpy_naive"], rel=1e-4)


def test_ratio_and_target() -> None:
    results: dict[str, float | str] = {"a": 2e-6, "b": 9e-6, "c": "not installed"}
    a, b, c = figures("case", results, "us", to="a", at_most={"b": 4.0})
    assert (a.ratio, b.ratio) == (1, pytest.approx(4.5))
    assert "MISSED" in b.target
    assert a.target == ""
    assert c.note == "not installed"
    assert "met" in Figure("case", "a", 3.0, "ms", at_most=3.0).target
    unknown = Figure("case", "a", 3.0, "ms", to="absent", at_most=3.0)
    assert unknown.target == ""


def test_markdown_has_a_table_of_peers_and_one_of_targets() -> None:
    rows = [
        Figure("step n=3", "a", 2.0, "us", 1.0, "a"),
        Figure("step n=100", "a", 1234.5, "us", 1.0, "a"),
        Figure("step n=100", "b", None, "us", note="not installed"),
        Figure("peak of a step", "a", 5.0, "buffers", at_most=6),
        Figure("import", "b", 3.0, "ms", at_most=2),
        Figure("import", "c", 3.0, "ms"),
    ]
    lines = markdown(rows, {"a": "Alpha"}, "machine").splitlines()
    assert lines[0] == "machine"
    assert "| Alpha | 2 (1.00) | 1,234 (1.00) | 5 |" in lines
    assert "| import | b | 3 ms |  | at most 2: MISSED |" in lines
    assert "| peak of a step | Alpha | 5 buffers |  | at most 6: met |" in lines
    assert len(lines) == 1 + 1 + 3 + 1 + 4


@pytest.mark.parametrize(
    "flags",
    [
        ["--only", "nonsense"],
        ["--n", "0"],
        ["--peers", "x"],
        ["--rounds", "0"],
        ["--json", "/no/such/file"],
    ],
)
def test_bad_flags(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        steps.main(flags)
    assert stop.value.code == 2
    assert flags[1].removesuffix("/file") in capsys.readouterr().err


def test_help_names_every_case() -> None:
    command = [sys.executable, "-m", "experiments.bench.steps", "--help"]
    text = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=True).stdout
    assert all(case in text for case in steps.CASES)


def test_plain_calls_are_compared_by_the_same_gradients(capsys: pytest.CaptureFixture[str]) -> None:
    found = plain.pairs()
    assert {"exp", "matmul", "inv", "slogdet", "concatenate", "sum"} & set(found)
    assert len(found) > 60
    assert plain.main(["--rounds", "1", "--slice", "1e-5"]) == 0
    assert "np. over F." in capsys.readouterr().out


def test_two_checkouts_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--rounds", "2", "--slice", "1e-4", "--only", "jacobian n=20"]
    assert trees.main([str(ROOT), *flags]) == 0
    head, rule, first, *rest = capsys.readouterr().out.splitlines()[1:]
    assert head.count("|") == rule.count("|") == first.count("|") == 5
    assert first.startswith("| jacobian n=20 | ")
    assert [row.partition(" | ")[0] for row in rest] == ["| jacobian n=200"]


def test_a_folder_that_is_no_checkout_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        trees.main([str(tmp_path)])
    assert stop.value.code == 2
    assert "is no checkout: it has no playground/__init__.py" in capsys.readouterr().err
