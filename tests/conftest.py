"""A short look at everything: ``pytest --sample 20`` runs one in twenty of each table's tests."""

from __future__ import annotations

import gc
from itertools import groupby
from zlib import crc32

import pytest

# A test function with fewer cases than this is no table, and runs whole.
TABLE = 40


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--sample",
        type=int,
        default=1,
        metavar="N",
        help=f"of test functions with {TABLE} cases and more, run one case in N, always the same",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    one_in = config.getoption("--sample")
    if one_in <= 1:
        return
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for _, cases in groupby(items, key=lambda item: item.nodeid.partition("[")[0]):
        table = list(cases)
        for item in table:
            # By the name rather than by the place, so that a new row leaves the choice as it is.
            chosen = len(table) < TABLE or crc32(item.nodeid.encode()) % one_in == 0
            (kept if chosen else left).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = kept


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave thirty thousand collected tests out of every later garbage collection."""
    gc.collect()
    gc.freeze()
