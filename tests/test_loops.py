"""A test of many cases names those that fail, and no others."""

from __future__ import annotations

import pytest

from tests.loops import about, for_each


def test_every_case_that_fails_is_named() -> None:
    @for_each([1, 2, 3, 4], name=lambda n: f"number {n}")
    def even(n: int) -> None:
        """Doc."""
        assert n % 2 == 0

    assert (even.__name__, even.__doc__) == ("even", "Doc.")
    with pytest.raises(ExceptionGroup) as found:
        even()
    assert [error.__notes__ for error in found.value.exceptions] == [["number 1"], ["number 3"]]


def test_without_a_failure_it_passes_and_an_error_is_none() -> None:
    for_each([2, 4])(lambda n: None)()

    with pytest.raises(ZeroDivisionError) as found:
        for_each([0])(lambda n: 1 // n)()
    assert found.value.__notes__ == ["0"]


def test_what_a_turn_was_about_is_noted() -> None:
    with pytest.raises(ValueError, match="wrong") as found, about("in turn 3"):
        raise ValueError("wrong")
    assert found.value.__notes__ == ["in turn 3"]
