"""The mutation script itself: that it changes texts, sees what it changed, and puts it back."""

from __future__ import annotations

import pytest

from playground.functions.basic_math import Absolute, Div
from playground.functions.elementwise.exponential import Expm1
from playground.functions.elementwise.trigonometric import Cos, Sin
from playground.functions.linalg.singular_values import Svd
from playground.functions.reduction import Max
from tests import mutate
from tests.mutate_equivalent import EQUIVALENT
from tests.ops_points import POINTS

OPERATIONS = mutate.operations()


def test_each_kind_of_change_is_made() -> None:
    texts = {m.changed for m in mutate.mutants(Div)}
    assert {"return x * y", "return y / x", "return x", "return -(x / y)"} <= texts
    assert any("gx if not left" in text for text in texts)
    assert any("gz * y" in text for text in texts)


@pytest.mark.parametrize("op", [Sin, Cos, Expm1, Div])
def test_the_rows_kill_every_mutant_and_the_class_is_as_before(op: type) -> None:
    before = {name: vars(op).get(name) for name in mutate.METHODS}
    made, caught, survivors = mutate.report(op, OPERATIONS[op], None)
    assert survivors == []
    assert made == caught > 3
    assert {name: vars(op).get(name) for name in mutate.METHODS} == before


@pytest.mark.parametrize("op", [Sin, Absolute, Max, Svd])
def test_a_text_without_a_change_survives(op: type) -> None:
    """With its rows and its points: what fails of itself would kill every mutant."""
    mutant = next(mutate.mutants(op))
    same = mutate.Mutant(op, "backward", "", "", mutate.parsed(op.backward))  # type: ignore
    assert mutate.killed(mutant, OPERATIONS[op])
    assert not mutate.killed(same, OPERATIONS[op])


def test_the_points_kill_what_the_rows_do_not() -> None:
    mutant = next(m for m in mutate.mutants(Absolute) if "gx - rest.factor" in m.changed)
    assert mutate.killed(mutant, OPERATIONS[Absolute])
    assert {point.op for point in POINTS} <= set(OPERATIONS)


def test_what_is_explained_is_found_among_the_mutants() -> None:
    """A pattern that fits nothing any more explains a text that has changed."""
    texts = [m.text for op in OPERATIONS for m in mutate.mutants(op)]
    unused = {p for p in EQUIVALENT if not any(mutate.is_explained(p, text) for text in texts)}
    assert unused == set()
