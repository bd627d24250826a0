"""Tables from CSV files: columns by name, and for every cell that does not fit, where it stands."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from playground.graph.errors import InputError
from playground.lab.files import read_once

__all__ = ["Table", "join_names", "listed", "parse_table", "read_table", "split_names"]

SEPARATORS = (",", ";", "\t")
# More names than this are counted, not listed.
MOST_NAMES = 6


@dataclass(frozen=True)
class Table:
    """The cells of a table as text.

    Attributes:
        source: what errors call it.
        columns: the cells of each column by its name, without the blanks around them.
        lines: the line of the file on which each row ends, counted from 1.
    """

    source: str
    columns: dict[str, list[str]]
    lines: list[int]

    def text(self, name: str) -> list[str]:
        """The cells of a column. Raises InputError if there is no such column."""
        if name not in self.columns:
            near = get_close_matches(name, self.columns, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise InputError(
                f"{self.source} has no column {name!r}: it has {listed(self.columns)}{hint}"
            )
        return self.columns[name]

    def numbers(self, name: str) -> np.ndarray:
        """A column of finite numbers, float64 of shape (rows,). Raises InputError, saying where."""
        cells = self.text(name)
        try:
            # "1_000" is a number to Python and to nobody else.
            found = np.array([float(cell.replace("_", "?")) for cell in cells])
        except ValueError:
            found = np.array([_number_or_nan(cell) for cell in cells])
        bad = np.flatnonzero(~np.isfinite(found))
        if bad.size:
            self._refuse(name, int(bad[0]), len(bad) - 1)
        return found

    def _refuse(self, name: str, row: int, others: int) -> None:
        cell = self.columns[name][row]
        shown = cell if len(cell) <= 40 else cell[:37] + "..."
        where = f"{self.source}: line {self.lines[row]}, column {name!r}"
        more = f" (and {others} more)" if others else ""
        if not cell:
            raise InputError(f"{where} is empty{more}: fill it in, or remove the row")
        if cell.lower().lstrip("+-") in ("nan", "na", "n/a", "null", "none", "inf", "infinity"):
            raise InputError(f"{where} is {shown!r}{more}: every number must be finite")
        comma = cell.replace(",", "", 1).lstrip("+-").isdigit()
        advice = ": write decimals with a point" if comma else ""
        raise InputError(f"{where} is {shown!r}{more}, not a number{advice}")


def listed(names: Iterable[str]) -> str:
    """Names in a sentence, the first few of them where they are many."""
    known = [repr(name) for name in names]
    rest = len(known) - MOST_NAMES
    return ", ".join(known[:MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def read_table(path: str | os.PathLike[str]) -> Table:
    """The table in a CSV file: the names of its columns, then one row a line.

    Cells are separated by commas, semicolons or tabs and may be quoted; a line that begins with
    ``#`` is a comment. Raises InputError where the file cannot be read or its rows do not fit.
    """
    file = Path(path)
    content = read_once(file)
    try:
        # Spreadsheets write a byte order mark, which would become part of the first name.
        text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not a text file: expected CSV in UTF-8") from error
    return parse_table(text, str(file))


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


def parse_table(text: str, source: str) -> Table:
    """The table in the text of a CSV file; ``source`` is what errors call it. Raises InputError."""
    numbered = _numbered_rows(text, source)
    if not numbered:
        raise InputError(f"{source} is empty: expected the names of the columns in its first line")
    (_, names), *rows = numbered
    if all(_number_or_nan(name) == _number_or_nan(name) for name in names):
        raise InputError(f"{source} begins with numbers: expected the names of the columns there")
    for name, count in Counter(names).items():
        if count > 1:
            what = f"names {count} columns {name!r}" if name else f"leaves {count} columns unnamed"
            raise InputError(f"{source} {what}: every column needs a name of its own")
    if not rows:
        raise InputError(f"{source} has no rows below the names of its columns")
    for line, cells in rows:
        if len(cells) != len(names):
            raise InputError(
                f"{source}: line {line} has {len(cells)} cells, the first line names {len(names)} "
                f"columns"
            )
    columns = zip(*(cells for _, cells in rows), strict=True)
    named = {name: list(column) for name, column in zip(names, columns, strict=True)}
    return Table(source, named, [line for line, _ in rows])


# Not by pandas: it fills a short row with blanks, and counts rows where errors have to name lines.
def _numbered_rows(text: str, source: str) -> list[tuple[int, list[str]]]:
    head = next((line for line in text.splitlines() if line.strip() and line[0] != "#"), "")
    # By the head: beside semicolons, cells may hold decimal commas, names hardly.
    separator = max(SEPARATORS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    found = []
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells) and not cells[0].startswith("#"):
                found.append((reader.line_num, cells))
    except csv.Error as error:
        raise InputError(f"{source}: line {reader.line_num} is not CSV ({error})") from error
    return found


def _number_or_nan(cell: str) -> float:
    try:
        return np.nan if "_" in cell else float(cell)
    except ValueError:
        return np.nan
