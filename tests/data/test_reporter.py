"""The reporter and its means."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import playground
from playground import Reporter, Variable, report, report_scope
from playground.reporter import DictSummary, Summary, get_current_reporter


def test_values_stand_under_the_names_of_observers() -> None:
    link, child = playground.Link(), playground.Link()
    reporter, observation = Reporter(), {}
    reporter.add_observer("main", link)
    reporter.add_observers("main", [("/child", child)])
    report({"nobody": 1}, link)  # there is no reporter: nothing happens
    with reporter.scope(observation):
        report({"loss": 1.5}, link)
        report({"loss": 2.5}, child)
        report({"plain": 3})
        with pytest.raises(KeyError, match="add_observer"):
            report({"x": 1}, playground.Link())
    assert observation == {"main/loss": 1.5, "main/child/loss": 2.5, "plain": 3}
    assert reporter.observation == {}


def test_scopes_are_left_whatever_happens() -> None:
    reporter = Reporter()
    with reporter, pytest.raises(ValueError, match="mine"), report_scope({}):
        raise ValueError("mine")
    assert reporter.observation == {}
    with pytest.raises(IndexError, match="no current reporter"):
        get_current_reporter()


def test_a_thread_has_reporters_of_its_own() -> None:
    seen = []
    with Reporter() as _, Reporter():
        thread = threading.Thread(target=lambda: seen.append(report({"x": 1})))
        thread.start()
        thread.join()
        assert get_current_reporter().observation == {}
    assert seen == [None]


def test_a_variable_is_reported_without_its_graph() -> None:
    x = Variable(np.array(2.0))
    reporter = Reporter()
    with reporter:
        report({"y": x * x})
        assert reporter.observation["y"].creator is None
        with playground.using_config("keep_graph_on_report", True):
            report({"y": x * x})
    assert reporter.observation["y"].creator is not None


def test_means_and_deviations() -> None:
    summary = Summary()
    for value in (1.0, 2.0, 6.0):
        summary.add(value)
    mean, std = summary.make_statistics()
    assert (summary.compute_mean(), mean) == (3.0, 3.0)
    assert std == pytest.approx(np.std([1.0, 2.0, 6.0]))


def test_a_summary_takes_what_is_a_number() -> None:
    summary = DictSummary()
    summary.add({"a": 1, "b": np.float32(2), "c": np.array(3.0), "d": Variable(np.array(4.0))})
    summary.add({"a": (4, 2), "text": "no", "array": np.ones(2), "none": None})
    assert summary.compute_mean() == {"a": 3.0, "b": 2.0, "c": 3.0, "d": 4.0}
    assert {*summary.make_statistics()} >= {"a", "a.std"}
    with pytest.raises(ValueError, match="the weight of 'a'"):
        summary.add({"a": (1, np.ones(2))})
