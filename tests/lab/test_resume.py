"""A killed run: its log reads, and resuming it gives the log of a run that was never killed."""

from __future__ import annotations

import os

import numpy as np
import pytest

from playground import read_log
from tests.faults import compiler, in_faulty_process
from tests.resume_runs import RUNS, check_rivals, differences, kill_and_resume, start


@pytest.mark.parametrize("engine", ["eager", "tape"])
@pytest.mark.parametrize("name", RUNS)
def test_killed_five_times_equals_never_killed(name, engine, tmp_path):
    assert start(name, tmp_path / "whole") == 0
    expected = read_log(tmp_path / "whole")
    assert (expected.loss["restart"].max() > 0) == (name != "thinned")
    rng = np.random.default_rng(0)
    for _ in range(5):
        kill_and_resume(name, tmp_path / "killed", expected, rng, engine)
    assert start(name, tmp_path / "killed", "--engine", engine) == 0
    found = read_log(tmp_path / "killed")
    assert not differences(found, expected)
    for key in ("value", "steps", "restarts", "loss_evaluations", "best_step"):
        assert found.summary[key] == expected.summary[key]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="sessions are forked")
def test_of_four_that_resume_one_run_three_are_told_who_does(tmp_path):
    assert start("barzilai", tmp_path / "whole") == 0
    expected = read_log(tmp_path / "whole")
    kill_and_resume("barzilai", tmp_path / "run", expected, np.random.default_rng(0))
    check_rivals("barzilai", tmp_path / "run", expected)
    assert os.listdir(tmp_path / "run") == ["run.sqlite"]


@pytest.mark.skipif(compiler() is None, reason="needs Linux and a C compiler")
def test_whatever_call_fails_a_command_goes_on_and_no_row_is_lost():
    found = in_faulty_process(15, 0)
    assert found["wrong"] == []
    assert sum(found["outcome"].values()) == 15
