"""Matrices from files in the forms that people have them in, and from what they type."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np

from playground.graph.errors import InputError
from playground.lab.files import read_once
from playground.lab.reading.arrays import from_npy, from_npz
from playground.lab.reading.content import kind_of, text_of
from playground.lab.reading.dialects import SEPARATORS, Dialect
from playground.lab.reading.grids import (
    AmbiguousError,
    Cell,
    Grid,
    Rectangle,
    cause_of_length,
    counted_noun,
    counts_up,
    named_separator,
    numbers_in,
    without_comments,
)
from playground.lab.reading.numerals import cleaned, is_missing
from playground.lab.reading.printed import bracketed, printed_rows, refuse_ellipsis
from playground.lab.reading.workbooks import archive_engine, sheet_grid

__all__ = ["Matrix", "read_matrix"]

_NO_BREAK = dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f"), " ")


class Matrix(NamedTuple):
    """What a file held, float64 of shape (rows, columns), and a line about how it was read."""

    values: np.ndarray
    said: str


def read_matrix(path: str | os.PathLike[str], dialect: Dialect | None = None) -> Matrix:
    """The real matrix in a file, and what was taken for granted of it.

    A ``.npy`` file, or ``.npz`` with one array, is read without pickle; a workbook (.xlsx, .ods)
    with the extra ``excel``; any other file is text: one row a line, or as MATLAB, NumPy,
    Mathematica and R print a matrix. What ``dialect`` leaves open is read where it can be meant in
    one way only. Raises InputError, with the row and column counted from 1, for anything that is
    not a finite number, does not fit, or can be meant in two ways.
    """
    file, dialect = Path(path), dialect or Dialect()
    content = read_once(file)
    if not content:
        raise InputError(f"{file} is empty: expected a square matrix, one row a line")
    kind = kind_of(content)
    if file.suffix.lower() == ".npy" and kind != "npy":
        raise InputError(f"{file} is not a .npy file: write it with numpy.save(file, matrix)")
    if kind == "text":
        return _Text(file, content, dialect).matrix()
    engine = archive_engine(file, content) if kind == "zip" else ""
    if engine in ("openpyxl", "odf"):
        return _matrix_of(sheet_grid(file, content, engine), dialect)
    if kind not in ("npy", "zip"):
        raise InputError(f"{file} is {kind}")
    matrix = from_npz(file, content) if engine else from_npy(file, content)
    if matrix.size:
        # For its errors: every number must be finite.
        grid = Grid(str(file), [], [*range(1, len(matrix) + 1)], ",")
        numbers_in(matrix.tolist(), ".", Rectangle(grid))
    return Matrix(matrix, "")


class _Text:
    """A text that holds a matrix, without its comments."""

    def __init__(self, file: Path, content: bytes, dialect: Dialect) -> None:
        self.source = str(file)
        text, encoding = text_of(file, content, dialect.encoding)
        text, self.dialect = named_separator(text, dialect)
        self.said = [encoding] * bool(encoding)
        if not text.isascii():
            # Commas and digits of full width are commas and digits.
            text = "".join(chr(ord(c) - 0xFEE0) if "\uff01" <= c <= "\uff5e" else c for c in text)
        # Lines of MATLAB's comments as well.
        text = re.sub(r"(?m)^[ \t]*%.*$", "", text)
        self.text = without_comments(text, everywhere=True)

    def matrix(self) -> Matrix:
        """In brackets, as it was printed, or one row a line. Raises InputError."""
        if not self.text.strip():
            raise InputError(
                f"{self.source} holds no numbers: expected a square matrix, one row a line"
            )
        refuse_ellipsis(self.text, self.source)
        bare = re.sub("%.*", "", self.text).strip()
        rows, form = bracketed(bare, self.source), "a matrix in brackets"
        if rows is None:
            rows, form = printed_rows(self.text, self.source) or (None, "")
        if rows is None:
            return self._from_lines()
        lines = [*range(1, len(rows) + 1)]
        grid = Grid(self.source, [[*row] for row in rows], lines, form, self.said)
        found = _matrix_of(grid, replace(self.dialect, decimal=".", header="no"))
        return Matrix(found.values, grid.sentence("", always=True))

    def _from_lines(self) -> Matrix:
        """One row a line: every way to read it that gives numbers, if they are the same numbers."""
        found: list[tuple[Grid, Matrix]] = []
        failed: list[tuple[Grid, InputError]] = []
        for grid in self._grids():
            grid.said = [*self.said, *grid.said]
            try:
                found.append((grid, _matrix_of(grid, self.dialect)))
            except AmbiguousError:
                raise
            except InputError as error:
                failed.append((grid, error))
        if not found:
            # Of the ways in which the rows are of one length, and not one cell each.
            likely = [e for g, e in failed if len({*map(len, g.rows)}) == 1 < len(g.rows[0])]
            raise (likely or [error for _, error in failed])[0]
        (grid, first), *others = found
        for other, matrix in others:
            if not np.array_equal(first.values, matrix.values):
                self._refuse_both((grid, first), (other, matrix))
        return first

    def _refuse_both(self, *ways: tuple[Grid, Matrix]) -> NoReturn:
        told = [
            f"{SEPARATORS[grid.separator]}-separated ({' x '.join(map(str, matrix.values.shape))}, "
            f"first number {matrix.values[0, 0]:g})"
            for grid, matrix in ways
        ]
        cure = "--sep says which"
        if ways[0][0].separator == ways[1][0].separator:
            cure = "replace the blanks that do not break (U+00A0)"
        raise InputError(f"{self.source} can be read in two ways, {' or '.join(told)}: {cure}")

    def _grids(self) -> Iterator[Grid]:
        """The cells of a text between each separator that it may be written with."""
        text, asked = self.text, self.dialect.sep
        for name in self._separators() if asked == "auto" else [asked]:
            yield Grid.of(text, self.source, name, comments=True)
            if name == "blank" and text.translate(_NO_BREAK) != text:
                yield Grid.of(text.translate(_NO_BREAK), self.source, name, comments=True)
            if name != ";" and ";" in text:
                # MATLAB's rows without brackets: one a line, which a semicolon ends, or all in one.
                bare = re.sub(r"(?m);[ \t]*$", "", text)
                in_one = "\n" not in text.strip()
                grid = Grid.of(bare.replace(";", "\n"), self.source, name, comments=True)
                if max(map(len, grid.rows), default=0) > 1 and (in_one or ";" not in bare):
                    grid.said.append("rows after semicolons")
                    yield grid

    def _separators(self) -> list[str]:
        """The separators that may be meant, as keys of SEPARATORS."""
        text, signs = self.text, {";": ";", ",": ",", "tab": "\t", "|": "|"}
        present = [name for name, sign in signs.items() if sign in text]
        # Where tabs alone part the numbers, there is an empty cell between two of them.
        tabs = "\t" in text and (re.search("\t *\t", text) or not re.search(r"\S +\S", text))
        blanks = not tabs and re.search(r"\S[ \t]+\S", text)
        return [*present, "blank"] if blanks or not present else present


def _matrix_of(grid: Grid, dialect: Dialect) -> Matrix:
    """The numbers of a grid, without what stands around them. Raises InputError."""
    grid.trim()
    if not grid.rows or not all(grid.rows):
        raise InputError(
            f"{grid.source} holds no numbers: expected a square matrix, one row a line"
        )
    place = _Surroundings(grid, dialect).place()
    body = [row[place.side :] for row in grid.rows[place.head :]]
    if not body or not body[0]:
        raise InputError(f"{grid.source} holds no numbers below its header")
    if place.head and len(grid.rows[0]) not in (len(grid.rows[1]), len(body[0])):
        raise InputError(
            f"{grid.source}: row 1 names {counted_noun(len(grid.rows[0]), 'column')}, and "
            f"{place.row(0)} has {counted_noun(len(grid.rows[1]), 'cell')}"
            f"{cause_of_length(len(grid.rows[1]), len(grid.rows[0]))}"
        )
    values, marks = numbers_in(body, dialect.decimal, place)
    return Matrix(values, grid.sentence(marks))


class _Surroundings:
    """What stands around the numbers of a grid: names of columns, names or numbers of rows."""

    def __init__(self, grid: Grid, dialect: Dialect) -> None:
        self.grid, self.asked = grid, dialect.header

    def place(self) -> Rectangle:
        """Where the numbers begin. Raises InputError where that cannot be told."""
        head = 1 if self._has_header() else 0
        said = ["header row skipped"] * head
        names = [row[0] for row in self.grid.rows[head:]]
        wide = len(self.grid.rows) > 1 and all(len(row) > 1 for row in self.grid.rows[head:])
        side = 1
        if wide and all(_is_name(name) or (head and _is_date(name)) for name in names):
            said.append("column 1, of names, left out")
        elif head and self._may_count() and (counts_up(names, 0) or counts_up(names, 1)):
            said.append("column 1, the index, left out")
        elif head and self.grid.rows[0][0] == "":
            raise InputError(
                f"{self.grid.source}: column 1 has no name in the header, and does not count the "
                f"rows: leave it out of the file if it is an index, else name it"
            )
        else:
            side = 0
        self.grid.said.extend(said)
        return Rectangle(self.grid, head, side)

    def _has_header(self) -> bool:
        """Whether the first row names the columns."""
        rows = self.grid.rows
        if self.asked != "auto" or len(rows) < 2:
            return self.asked == "yes"
        first, *rest = rows
        # As pandas numbers the columns, if it numbers the rows as well: in a file, or printed.
        numbered = first[1:] if first[0] == "" and len(first) > 2 else first
        if {len(row) for row in rest} == {len(numbered) + 1} and counts_up(numbered, 0):
            return counts_up([row[0] for row in rest], 0)
        # The names of rows have no name above them.
        named = first[1:] if first[0] == "" and len(first) > 1 else first
        return all(map(_is_name, named))

    def _may_count(self) -> bool:
        """Whether the first column may be the index of pandas, or the row numbers of R."""
        head, *rows = self.grid.rows
        # R writes no name above them; between commas 1,5 may be a decimal number.
        shorter = all(len(row) == len(head) + 1 for row in rows) and self.grid.separator != ","
        return head[0] in ("", "Unnamed: 0") or shorter


def _is_name(cell: Cell) -> bool:
    """Whether a cell can only be a name: begins with a letter, and says nothing of a value."""
    if isinstance(cell, float):
        return False
    plain = cleaned(cell)
    begins = plain[:1].isalpha() or plain[:1] == "_"
    values = ("nan", "inf", "infinity", "true", "false", "yes", "no")
    return begins and plain.lower() not in values and not is_missing(plain)


def _is_date(cell: Cell) -> bool:
    """Whether a cell can only be a date: pandas numbers the rows of a series so."""
    return isinstance(cell, str) and re.match(r"\d{4}-\d\d-\d\d\b", cleaned(cell)) is not None
