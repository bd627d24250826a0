"""Figures that the README names, beside what they count."""

from __future__ import annotations

import re

from tests.interpreters.test_batching import BATCHED
from tests.ops import ROWS
from tests.paths import ROOT

README = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())


def figures(pattern: str) -> list[int]:
    """The numbers in the one place of the README that the pattern finds."""
    (found,) = re.findall(pattern, README)
    return [int(number) for number in found]


def test_functions_of_numpy_are_as_the_page_of_coverage_counts_them() -> None:
    page = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    counted = dict(re.findall(r"^\| ([a-z ]+) \| (\d+) \|", page, re.MULTILINE))
    claimed = figures(
        r"NumPy's (\d+) public functions .*? (\d+) are recorded.*? (\d+) have no gradient .*?"
        r" (\d+) are refused .*? (\d+) do not apply"
    )
    states = ("all", "recorded", "constant", "refused", "not applicable")
    assert claimed == [int(counted[state]) for state in states]


def test_rows_in_lanes_are_as_many_as_are_checked_there() -> None:
    assert figures(r"(\d+) of the (\d+) rows of the table") == [len(BATCHED), len(ROWS)]
