"""Tables: columns by name, and for every cell that does not fit, where it stands."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from playground.graph.errors import InputError
from playground.lab.files import read_once
from playground.lab.reading.content import kind_of, text_of
from playground.lab.reading.dialects import SEPARATORS, Dialect
from playground.lab.reading.grids import (
    Cell,
    Grid,
    cause_of_length,
    clipped,
    counts_up,
    missing_or_odd,
    named_separator,
    said_of,
    unclear,
)
from playground.lab.reading.numerals import (
    DecimalMarks,
    cleaned,
    is_missing,
    looks_like_number,
    value_of,
)
from playground.lab.reading.workbooks import archive_engine, sheet_grid

__all__ = ["Table", "join_names", "listed", "parse_table", "read_table", "split_names"]

# More names than this are counted, not listed.
MOST_NAMES = 6
_UNREAL = ("nan", "na", "n/a", "null", "none", "inf", "infinity")


@dataclass(frozen=True)
class Table:
    """The cells of a table.

    Attributes:
        source: what errors call it.
        columns: the cells of each column by its name, without the blanks around them.
        lines: the line of the file on which each row ends, counted from 1.
        grid: how the cells were found.
        decimal: the decimal mark, or "auto".
    """

    source: str
    columns: dict[str, list[Cell]]
    lines: list[int]
    grid: Grid
    decimal: str = "auto"

    def _cells(self, name: str) -> list[Cell]:
        if name not in self.columns:
            near = get_close_matches(name, self.columns, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise InputError(
                f"{self.source} has no column {name!r}: it has {listed(self.columns)}{hint}"
            )
        return self.columns[name]

    def text(self, name: str) -> list[str]:
        """The cells of a column. Raises InputError if there is no such column."""
        return [f"{c:.17g}" if isinstance(c, float) else c for c in self._cells(name)]

    def numbers(self, name: str) -> np.ndarray:
        """A column of finite numbers, float64 of shape (rows,). Raises InputError, saying where."""
        return self.points([name])[:, 0]

    def points(self, names: Sequence[str]) -> np.ndarray:
        """Columns of finite numbers, float64 of shape (rows, columns). Raises InputError."""
        marks = self._marks(names)
        return np.stack([self._numbers(name, marks) for name in names], axis=1)

    def said(self, names: Sequence[str]) -> str:
        """What was taken for granted of these columns of numbers; '' if nothing was."""
        marks = self._marks(names)
        return self.grid.sentence(said_of([self.columns[name] for name in names], marks))

    def _marks(self, names: Sequence[str]) -> DecimalMarks:
        cells = [cell for name in names for cell in self._cells(name) if isinstance(cell, str)]
        found = self.grid.marks(cells, self.decimal)
        if isinstance(found, DecimalMarks):
            return found
        name = next(name for name in names if found[0] in self.columns[name])
        line = self.lines[self.columns[name].index(found[0])]
        raise InputError(f"{self.source}: line {line}, column {name!r} is {unclear(found)}")

    def _numbers(self, name: str, marks: DecimalMarks) -> np.ndarray:
        values = [c if isinstance(c, float) else value_of(c, marks) for c in self.columns[name]]
        found = np.array([np.nan if value is None else value for value in values])
        bad = np.flatnonzero(~np.isfinite(found))
        if bad.size:
            self._refuse(name, int(bad[0]), len(bad) - 1, marks)
        return found

    def _refuse(self, name: str, row: int, others: int, marks: DecimalMarks) -> None:
        cell = str(self.columns[name][row])
        where = f"{self.source}: line {self.lines[row]}, column {name!r}"
        more = f" (and {others} more)" if others else ""
        if not cleaned(cell):
            raise InputError(f"{where} is empty{more}: fill it in, or remove the row")
        if cell.lower().lstrip("+-") in _UNREAL:
            raise InputError(f"{where} is {clipped(cell)}{more}: every number must be finite")
        odd = missing_or_odd(cell, marks)
        if is_missing(cleaned(cell)):
            odd = ", a missing value: fill it in, or remove the row"
        raise InputError(f"{where} is {clipped(cell)}{more}{odd}")


def listed(names: Iterable[str]) -> str:
    """Names in a sentence, the first few of them where they are many."""
    known = [repr(name) for name in names]
    rest = len(known) - MOST_NAMES
    return ", ".join(known[:MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def split_names(text: str) -> list[str]:
    """Names separated by commas; one that holds a comma is quoted, as in the head of a CSV file.

    Raises InputError where it is no line of a CSV file.
    """
    try:
        # As a stream and not as one line: a quoted name may hold a line break.
        rows = [*csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)]
    except csv.Error as error:
        raise InputError(f"{text!r}: expected names separated by commas ({error})") from error
    if len(rows) > 1:
        raise InputError(f"{text!r}: expected names separated by commas, got {len(rows)} lines")
    return [name.strip() for row in rows for name in row]


def join_names(names: Iterable[str]) -> str:
    """The inverse of :func:`split_names`."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(names)
    return text.getvalue()


# ----------------------------------------------------------------------------- reading


def read_table(path: str | os.PathLike[str], dialect: Dialect | None = None) -> Table:
    """The table in a file: the names of its columns, then one row a line.

    Cells are separated by commas, semicolons, tabs, bars or blanks and may be quoted, or stand in
    a workbook (.xlsx, .ods; with the extra ``excel``); a line that begins with ``#`` is a comment.
    Raises InputError where the file cannot be read, its rows do not fit, or it can be meant in two
    ways.
    """
    file, dialect = Path(path), dialect or Dialect()
    content = read_once(file)
    kind = kind_of(content)
    if kind == "zip":
        engine = archive_engine(file, content)
        if engine != "npz":
            return _table_of(sheet_grid(file, content, engine), dialect)
    if kind in ("npy", "zip"):
        raise InputError(f"{file} holds an array, whose columns have no names: save it as .csv")
    if kind != "text":
        raise InputError(f"{file} is {kind}")
    text, encoding = text_of(file, content, dialect.encoding)
    return parse_table(text, str(file), dialect, encoding)


def parse_table(
    text: str, source: str, dialect: Dialect | None = None, encoding: str = ""
) -> Table:
    """The table in the text of a CSV file; ``source`` is what errors call it. Raises InputError."""
    text, dialect = named_separator(text, dialect or Dialect())
    grid = _grid_between(text, source, dialect.sep)
    grid.said.extend(filter(None, [encoding]))
    return _table_of(grid, dialect)


def _grid_between(text: str, source: str, sep: str) -> Grid:
    """The cells between the separator that was asked for, or the one that makes a table."""
    if sep != "auto":
        return Grid.of(text, source, sep, comments=False)
    signs = {",": ",", ";": ";", "tab": "\t", "|": "|"}
    names = [name for name, sign in signs.items() if sign in text] or ["blank"]
    if len(names) == 1:
        return Grid.of(text, source, names[0], comments=False)
    head = next((line for line in text.splitlines() if line.strip() and line[0] != "#"), "")
    # By the head: beside semicolons, cells may hold decimal commas, names hardly.
    names.sort(key=lambda name: -head.count(signs[name]))
    fits = []
    for name in names:
        try:
            grid = Grid.of(text, source, name, comments=False)
        except InputError:
            continue
        widths = {len(row) for row in grid.rows if any(row)}
        if len(widths) == 1 and max(widths) > 1:
            fits.append(grid)
    if len(fits) > 1:
        ways = " and by ".join(f"{SEPARATORS[grid.separator]}s" for grid in fits)
        raise InputError(f"{source} can be parted by {ways} into rows: --sep says by which")
    return fits[0] if fits else Grid.of(text, source, names[0], comments=False)


def _table_of(grid: Grid, dialect: Dialect) -> Table:
    """The columns of a grid, without those that count the rows or hold nothing."""
    source = grid.source
    filled = [i for i, row in enumerate(grid.rows) if any(cell != "" for cell in row)]
    grid.rows, grid.lines = [grid.rows[i] for i in filled], [grid.lines[i] for i in filled]
    grid.trim()
    if not grid.rows:
        raise InputError(f"{source} is empty: expected the names of the columns in its first line")
    names, rows, lines = _head_of(grid, dialect.header)
    if not rows:
        raise InputError(f"{source} has no rows below the names of its columns")
    for line, cells in zip(lines, rows, strict=True):
        if len(cells) != len(names):
            raise InputError(
                f"{source}: line {line} has {len(cells)} cells, the first line names {len(names)} "
                f"columns{cause_of_length(len(cells), len(names))}"
            )
    for name, count in Counter(names).items():
        if count > 1:
            what = f"names {count} columns {name!r}" if name else f"leaves {count} columns unnamed"
            raise InputError(f"{source} {what}: every column needs a name of its own")
    columns = [list(column) for column in zip(*rows, strict=True)]
    # Of a table that pandas wrote and read several times there are several.
    while len(names) > 1 and (not names[0] or names[0].startswith("Unnamed: 0")):
        if not any(counts_up(columns[0], start) for start in (0, 1)):
            break
        grid.said.append("column 1, the index, left out")
        names, columns = names[1:], columns[1:]
    return Table(source, dict(zip(names, columns, strict=True)), lines, grid, dialect.decimal)


def _head_of(grid: Grid, asked: str) -> tuple[list[str], list[list[Cell]], list[int]]:
    """The names of the columns, and the rows below them with their lines."""
    first = grid.rows[0]
    if asked == "no":
        grid.said.append("columns named by their numbers")
        names = [str(i) for i in range(1, len(first) + 1)]
        return names, grid.rows, grid.lines
    names = [f"{cell:.17g}" if isinstance(cell, float) else cell for cell in first]
    if asked == "auto" and all(map(looks_like_number, first)):
        raise InputError(
            f"{grid.source} begins with numbers: expected the names of the columns there "
            f"(--header no calls them 1, 2 ...)"
        )
    return names, grid.rows[1:], grid.lines[1:]
