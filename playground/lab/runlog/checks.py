"""Whether a file holds what a log holds: asked before anything is made of it.

A log may be damaged, or come from somebody else. All of its numbers and sizes are compared, as
SQLite gives them without reading a blob; so that nothing is allocated that the file does not hold.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, NamedTuple

from playground.graph.errors import LogError
from playground.lab.runlog.layout import Layout, stride_for
from playground.lab.runlog.store import TABLE_OF, Store, damaged

__all__ = ["Contents", "checked", "layout_of"]

# Columns of whole numbers; the others are texts or blobs.
NUMBERS = {"first", "rows", "stride", "step", "number"}


class Contents(NamedTuple):
    """What a log says of itself; ``rows`` is how many it holds."""

    layout: Layout
    meta: dict[str, Any]
    summary: dict[str, Any]
    head: dict[str, Any] | None
    rows: int


def checked(store: Store) -> Contents:
    """What an open store says, inside of a transaction. Raises LogError where parts disagree."""
    sizes = {table: _sizes(store, table, kind._fields) for kind, table in TABLE_OF.items()}
    rows_of_all = [row for table in sizes.values() for row in table]
    # Records may be made to share their pages: read one by one they would never end.
    if sum(row[name] for row in rows_of_all for name in row.keys() - NUMBERS) > store.size():
        raise damaged(store.where, "it claims to hold more than its size")
    layout = layout_of(store.where, store.get("layout"))
    rows = _check_loss(store.where, layout, sizes["loss"])
    _check_points(store.where, layout, sizes["points"], rows)
    for row in sizes["restarts"] + sizes["marks"]:
        if row["step"] >= rows or {row["params"], row["grads"]} != {layout.row_bytes}:
            raise damaged(store.where, f"its point at row {row['step']} is not whole")
    head = store.get("state")
    if head is not None:
        ends = {row["first"] for row in sizes["loss"]} | {rows}
        _check_head(store.where, head, ends, {row["step"] for row in sizes["marks"]})
    meta, summary = store.get("meta"), store.get("summary")
    if not isinstance(meta, dict) or not isinstance(summary, dict | None):
        raise damaged(store.where, "what it says about its run is not what was stored")
    return Contents(layout, meta, summary or {}, head, rows)


def layout_of(where: str, stored: Any) -> Layout:
    """How the rows of the log at ``where`` are packed, which is ``stored`` there as its layout."""
    if not isinstance(stored, dict) or set(stored) != {item.name for item in fields(Layout)}:
        raise damaged(where, "it says nothing about its rows")
    names, shapes, dtypes, watch = (stored[k] for k in ("names", "shapes", "dtypes", "watch"))
    lists = names, shapes, dtypes, watch
    sound = (
        all(isinstance(items, list) for items in lists)
        and all(isinstance(word, str) for word in [*names, *watch, *dtypes])
        and all(isinstance(shape, list) and all(map(_is_count, shape)) for shape in shapes)
        and all(re.fullmatch(r"<f(2|4|8|12|16)", dtype) for dtype in dtypes)
        and _is_count(stored["cap"])
    )
    if not sound:
        raise damaged(where, "what it says about its rows makes no sense")
    try:
        return Layout.of(**stored)
    except (LogError, TypeError) as error:  # this machine may not have the dtype either
        raise damaged(where, str(error)) from error


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _sizes(store: Store, table: str, columns: Sequence[str]) -> list[dict[str, int]]:
    """Of every row of a table its numbers, and the sizes of its texts and blobs."""
    words = []
    for name in columns:
        texts = table == "info" or name == "name"
        kind = "integer" if name in NUMBERS else "text" if texts else "blob"
        asked = name if name in NUMBERS else f"length({name})"
        words.append(f"CASE typeof({name}) WHEN '{kind}' THEN {asked} ELSE -1 END")
    query = f"SELECT {', '.join(words)} FROM {table} ORDER BY 1"
    rows = store.execute(query).fetchall()
    if any(min(row) < 0 for row in rows):
        raise damaged(store.where, f"its table {table} holds values of another type")
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _check_loss(where: str, layout: Layout, chunks: list[dict[str, int]]) -> int:
    """The number of rows, which follow each other without a gap."""
    position = 0
    for chunk in chunks:
        first, rows = chunk["first"], chunk["rows"]
        if first != position:
            what = "are missing" if first > position else "are there twice"
            raise damaged(where, f"rows from {min(first, position)} on {what}")
        bytes_of = {"value": 8, "step_size": 8, "restart": 4, "accepted": 1}
        bytes_of["watched"] = 8 * len(layout.watch)
        if rows < 1 or any(chunk[name] != rows * size for name, size in bytes_of.items()):
            raise damaged(where, f"its rows from {first} on are not whole")
        position += rows
    return position


def _check_points(where: str, layout: Layout, chunks: list[dict[str, int]], rows: int) -> None:
    """Every row that the cap keeps is there, once."""
    wanted, found, last = stride_for(rows, layout.limit), 0, -1
    for chunk in chunks:
        first, count, stride = chunk["first"], chunk["rows"], chunk["stride"]
        # Strides are powers of two, and what was stored with a small one is to be thinned yet.
        if count < 1 or stride < 1 or wanted % stride or first % stride:
            raise damaged(where, f"its points from {first} on are not counted right")
        end = first + (count - 1) * stride
        whole = chunk["params"] == chunk["grads"] == count * layout.row_bytes
        if not whole or not last < first <= end < rows:
            raise damaged(where, f"its points from {first} on are not whole")
        last = end
        found += len(range(-(-first // wanted) * wanted, end + 1, wanted))
    if found != len(range(0, rows, wanted)):
        raise damaged(where, f"it holds {found} of {len(range(0, rows, wanted))} points")


def _check_head(where: str, head: Any, ends: set[int], marked: set[int]) -> None:
    sound = (
        isinstance(head, dict)
        and set(head) == {"rows", "restart", "marks", "state"}
        and _is_count(head["rows"])
        # A resumed run goes on there: not in the middle of rows that were committed together.
        and head["rows"] in ends
        and _is_count(head["restart"])
        and isinstance(head["state"], dict)
        and isinstance(head["marks"], dict)
        and set(head["marks"]) == {"last", "base", "best"}
        and all(
            mark is None or _is_mark(mark, head["rows"], marked) for mark in head["marks"].values()
        )
    )
    if not sound:
        raise damaged(where, "its checkpoint makes no sense")


def _is_mark(mark: Any, rows: int, marked: set[int]) -> bool:
    """Whether it is the step and the value of a row that is there."""
    return (
        isinstance(mark, list)
        and len(mark) == 2
        and type(mark[0]) is int
        and mark[0] in marked
        and mark[0] < rows
        and type(mark[1]) in (int, float)
    )
