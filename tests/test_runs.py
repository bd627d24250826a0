"""``playground.read_runs`` and ``python -m playground.runs``: found, compared, cleared away."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import playground
from playground import LogError, runs
from playground.lab.descent import MaxSteps
from playground.lab.runlog.listing import headings
from tests.commands import running

run = running(runs.main)


def bowl(x):
    return (x**2).sum()


def logged(path: Path, steps: int, rule: str = "constant", **settings) -> None:
    meta = {"problem": "bowl", "settings": settings, "data": {"slope": 7}} if settings else {}
    playground.fit(bowl, np.ones(2), rule=rule, stop=MaxSteps(steps), log=path, meta=meta)


@pytest.fixture
def some(tmp_path: Path) -> Path:
    """Three runs of one problem, one of another, what is no run, and one that is damaged."""
    for i, steps in enumerate((5, 20, 10)):
        logged(tmp_path / f"logs/bowl/{i}", steps, seed=i, loss="squared")
    logged(tmp_path / "logs/mine", 3, "barzilai-borwein")
    (tmp_path / "logs/other.sqlite").write_bytes(b"nothing of ours" * 100)
    (tmp_path / "logs/bowl/notes.txt").write_text("keep me")
    return tmp_path / "logs"


def test_one_row_a_run(some: Path) -> None:
    frame = playground.read_runs(some).set_index("run")
    assert len(frame) == 5
    second = frame.loc[str(some / "bowl/1")]
    assert second[
        ["problem", "shape", "parameters", "seed", "criterion", "about", "rule", "steps"]
    ].tolist() == [
        "bowl",
        "2",
        2,
        1,
        "squared",
        "loss squared, slope 00000007",
        "constant",
        20,
    ]
    # Steps of 0.01 along 2x: each leaves 0.98 of the point.
    assert second.loss == second.best == pytest.approx(2 * 0.98**40)
    assert second.state == "not converged"
    assert "20 steps" in second.note
    mine = frame.loc[str(some / "mine")]
    assert (mine.problem, mine.rule, mine.steps) == ("fit", "barzilai-borwein", 3)
    assert frame.loc[str(some / "other.sqlite")].state == "unreadable"


def test_a_run_is_found_running_and_killed(tmp_path: Path) -> None:
    states = []

    def loss(x):
        states.append({heading.state for heading in headings(tmp_path)})
        return bowl(x)

    playground.fit(loss, np.ones(2), stop=MaxSteps(3), log=tmp_path / "a")
    assert {"running"} in states
    with sqlite3.connect(tmp_path / "a/run.sqlite") as file:
        file.execute("DELETE FROM info WHERE key = 'summary'")
    assert [heading.state for heading in headings(tmp_path)] == ["killed"]


def test_no_folder() -> None:
    with pytest.raises(LogError, match="there is no folder nowhere"):
        playground.read_runs("nowhere")


# ------------------------------------------------------------------------------- the command


def listed(text: str) -> list[str]:
    return [line.split()[0] for line in text.splitlines()[1:]]


def test_the_listing(some: Path, run) -> None:
    # The fixture stands where the command is run.
    assert listed(run().out) == [
        "logs/bowl/0",
        "logs/bowl/1",
        "logs/bowl/2",
        "logs/mine",
        "logs/other.sqlite",
    ]
    by_loss = run("logs", "--problem", "bowl", "--sort", "loss").out
    assert listed(by_loss) == ["logs/bowl/1", "logs/bowl/2", "logs/bowl/0"]
    assert listed(run("--sort", "steps", "--reverse", "--limit", 2).out) == [
        "logs/bowl/1",
        "logs/bowl/2",
    ]
    assert listed(run("--rule", "barzilai-borwein").out) == ["logs/mine"]
    assert listed(run("--sort", "loss").out)[-1] == "logs/other.sqlite"
    rows = [json.loads(line) for line in run("--json", "--state", "not converged").out.splitlines()]
    assert {row["steps"] for row in rows} == {5, 20, 10, 3}


def test_a_listing_loads_nothing_that_it_has_no_use_for(some: Path) -> None:
    lines = (
        "import sys, playground.runs",
        f"code = playground.runs.main([{str(some)!r}])",
        "late = ('pandas', 'matplotlib', 'scipy', 'playground.lab.fit', 'playground.optimizers')",
        "sys.exit(code or [name for name in late if name in sys.modules] or 0)",
    )
    line = [sys.executable, "-c", "\n".join(lines)]
    ran = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(ran.stdout.splitlines()) == 6


def test_nothing_found_is_said(some: Path, run) -> None:
    ran = run("--state", "killed")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "note: no runs in logs that are asked for\n"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["nowhere"], "there is no folder nowhere"),
        (["--sort", "colour"], "invalid choice: 'colour'"),
        (["--limit", "0"], "expected a whole number, 1 or more"),
        (["compare", "logs/mine"], "-o/--out"),
        (["compare", "logs/none", "-o", "a.png"], "there is no log at logs/none"),
        (["compare", "logs/mine", "logs/mine", "-o", "a.png"], "one run is named twice"),
        (["compare", "logs/mine", "-o", "nowhere/a.png"], "nowhere/a.png"),
        (["compare", "logs/mine", "-o", "a.xyz"], "xyz"),
        (["prune"], "--keep-best"),
        (["prune", "--keep-best", "1"], "standard input is no terminal: add --yes"),
    ],
)
def test_bad_input_is_one_line(some: Path, run, words, complaint) -> None:
    ran = run(*words)
    assert ran.code == 2
    assert ran.err.startswith("python -m playground.runs: error: ")
    assert ran.err.count("\n") == 1
    assert complaint in ran.err
    assert len(playground.read_runs("logs")) == 5


def test_compared_on_one_picture(some: Path, run) -> None:
    ran = run("compare", "logs/bowl/0", "logs/mine", "-o", "both.png")
    assert (ran.code, ran.out) == (0, "picture   both.png\n")
    assert Path("both.png").stat().st_size > 10_000


def test_the_best_of_each_kind_stay(some: Path, run) -> None:
    shutil.copy("logs/bowl/notes.txt", "logs/bowl/0/notes.txt")
    logged(Path("logs/another"), 9)
    ran = run("prune", "--keep-best", 1, "--yes")
    assert ran.code == 0
    assert ran.out.startswith(
        "to be deleted, 2 of 6 runs, by what their losses are about:\n"
        "  2 of 3 of bowl, 2, loss squared, slope 00000007\n"
    )
    assert "deleted 2 runs" in ran.out
    assert ran.err == "note: logs/bowl/0 stays: it holds other files\n"
    left = playground.read_runs("logs")
    # The longest of three, what may be about any loss, and what is no run.
    assert sorted(left.run) == ["logs/another", "logs/bowl/1", "logs/mine", "logs/other.sqlite"]
    assert sorted(str(p) for p in Path("logs/bowl").rglob("*.txt")) == [
        "logs/bowl/0/notes.txt",
        "logs/bowl/notes.txt",
    ]
    assert run("prune", "--keep-best", 1, "--yes").out == (
        "nothing to delete, by what their losses are about:\n  none of 1 group of 1 or fewer\n"
    )


# What is logged beside the problem, of a run of 5 steps and one of 9; are these about one thing?
PAIRS = [
    ({"settings": {"rule": "a", "lr": 1, "tol": 2}}, {"settings": {"rule": "b", "lr": 2}}, True),
    ({"settings": {"engine": "auto"}}, {"settings": {"engine": "eager"}}, True),
    ({"settings": {"loss": "squared"}}, {"settings": {"loss": "absolute"}}, False),
    ({"settings": {"seed": 1}}, {"settings": {"seed": 2}}, False),
    (
        {"settings": {"seed": 1}, "data": {"X": 5}},
        {"settings": {"seed": 2}, "data": {"X": 5}},
        True,
    ),
    ({"data": {"X": 5, "start": 1}}, {"data": {"X": 5, "start": 2}}, True),
    ({"data": {"X": 5}}, {"data": {"X": 6}}, False),
    ({"settings": {"matrix": "a.csv"}, "data": {"X": 5}}, {"data": {"X": 5}}, True),
    ({"settings": {"l2": 0.5}}, {"settings": {"l2": 0.0}}, False),
    ({"settings": {"dtype": "float32"}}, {"settings": {"dtype": "float64"}}, False),
    ({"penalty": 0.1}, {"penalty": 0.2}, False),
    ({"penalty": 0.1, "settings": "odd"}, {"penalty": 0.1, "data": [1]}, False),
    ({"function": "x0"}, {"function": "x0", "uphill": False}, True),
    ({}, {}, True),
]


@pytest.mark.parametrize(("one", "other", "same"), PAIRS)
def test_runs_that_are_about_one_thing(one, other, same, tmp_path, run) -> None:
    """Only among those is one pruned, and only of those nothing is said when they are compared."""
    for name, steps, meta in (("short", 5, one), ("long", 9, other)):
        known = {"problem": "bowl", **meta}
        playground.fit(
            bowl, np.ones(2), rule="constant", stop=MaxSteps(steps), log=name, meta=known
        )
    # Before: the smaller loss is that of the longer one.
    compared = run("compare", "short", "long", "-o", "a.png").err
    assert (compared == "") == same
    assert compared.count("\n") == (not same)
    assert run("prune", ".", "--keep-best", 1, "--yes").code == 0
    assert Path("long").exists()
    assert Path("short").exists() != same


def test_what_cannot_be_compared_is_said_in_a_line(some: Path, run, monkeypatch) -> None:
    monkeypatch.setattr(runs, "MOST_VALUES", 2)
    for loss in ("absolute", "cubed"):
        logged(some / loss, 4, seed=0, loss=loss)
    logged(some / "wide", 4)
    meta = {"problem": "pit", "depth": 3}
    playground.fit(bowl, np.ones(3), stop=MaxSteps(2), log=some / "pit", meta=meta)

    def said(*names: str) -> str:
        return run("compare", *(some / name for name in names), "-o", "a.png").err

    begin = "note: these losses cannot be compared: the runs differ in "
    assert said("bowl/0", "bowl/1") == ""
    assert said("bowl/0", "pit") == f"{begin}problem (bowl, pit)\n"
    assert said("bowl/0", "absolute") == f"{begin}loss (squared, absolute)\n"
    three = said("bowl/0", "absolute", "cubed")
    assert three == f"{begin}loss (squared, absolute, …)\n"
    assert "does not say what its loss is about" in said("bowl/0", "mine")
    assert said("mine") == ""
