"""``pytest --sample N`` keeps small tests whole, and the same share of each table every time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tests.conftest import TABLE, pytest_collection_modifyitems


def chosen(one_in: int, names: list[str]) -> tuple[list[str], list[str]]:
    """The names that are kept, and those that pytest is told of as left out."""
    left: list[Any] = []
    items: list[Any] = [SimpleNamespace(nodeid=name) for name in names]
    hook = SimpleNamespace(pytest_deselected=lambda items: left.extend(items))
    config: Any = SimpleNamespace(getoption=lambda name: one_in, hook=hook)
    pytest_collection_modifyitems(config, items)
    return [item.nodeid for item in items], [item.nodeid for item in left]


SMALL = [f"test_a.py::test_small[{i}]" for i in range(TABLE - 1)]
LARGE = [f"test_a.py::test_large[{i}]" for i in range(1000)]


def test_without_the_option_all_run() -> None:
    assert chosen(1, [*SMALL, *LARGE]) == ([*SMALL, *LARGE], [])


def test_a_share_of_tables_and_all_of_the_rest() -> None:
    kept, left = chosen(10, [*SMALL, *LARGE])
    assert kept[: len(SMALL)] == SMALL
    assert 60 < len(kept) - len(SMALL) < 140
    assert sorted([*kept, *left]) == sorted([*SMALL, *LARGE])


def test_a_new_case_leaves_the_choice_as_it_is() -> None:
    before, _ = chosen(10, LARGE)
    after, _ = chosen(10, ["test_a.py::test_large[new]", *LARGE])
    assert [name for name in after if "new" not in name] == before
