"""The cells of a text, and the numbers in a grid of cells."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn, TypeAlias

import numpy as np

from playground.graph.errors import InputError
from playground.lab.reading.dialects import SEPARATORS, Dialect
from playground.lab.reading.numerals import (
    EXCEL_ERROR,
    DecimalMarks,
    cleaned,
    is_missing,
    is_spaced,
    looks_like_number,
    marks_of,
    value_of,
    why_no_number,
)

__all__ = [
    "AmbiguousError",
    "Cell",
    "Grid",
    "Rectangle",
    "cause_of_length",
    "clipped",
    "counted_noun",
    "counts_up",
    "missing_or_odd",
    "named_separator",
    "numbers_in",
    "said_of",
    "unclear",
    "without_comments",
]

# What stands in a cell: text, or a number of which the file knows every digit.
Cell: TypeAlias = str | float

# Not of "1,2,#N/A": an error of Excel's is a cell, and no comment behind numbers.
_COMMENT = re.compile(rf"(?:^|(?<=\s))#(?!{EXCEL_ERROR.pattern[1:]}\s*(?:$|[,;|\s\"']))")
# Of files in which every number with a mark looks like 1.200.
SUPPOSED = "with decimal points (--decimal , takes them for points between thousands)"
# Blanks that do not break stand between thousands, or else for any blank: that is asked elsewhere.
_TOKEN = re.compile(r'"[^"]*"|[^ \t]+')


class AmbiguousError(InputError):
    """Cells that can be read as other numbers as well."""


@dataclass
class Grid:
    """Rows of cells, where they stand in the file, and what was taken for granted.

    Attributes:
        source: what errors call the file.
        rows: text, or numbers where the file has them as such.
        lines: the line of the file of each row, counted from 1.
        separator: a key of SEPARATORS, or what else parted the cells.
        said: what a user should know of how they were found.
        left: how many columns stand before the first, of a sheet.
        quoted: whether a number such as 1.200 stands in quotes.
    """

    source: str
    rows: list[list[Cell]]
    lines: list[int]
    separator: str
    said: list[str] = field(default_factory=list)
    left: int = 0
    quoted: bool = False

    @classmethod
    def of(cls, text: str, source: str, separator: str, *, comments: bool) -> Grid:
        """The cells of a text between these separators; no row for a line without any.

        ``comments`` lets a comment stand behind numbers, and not only on a line of its own. Raises
        InputError for a quote that does not end.
        """
        text = without_comments(text, everywhere=comments)
        quoted = re.search(r'"[+-]?[1-9]\d{0,2}\.\d{3}"', text) is not None
        grid = cls(source, [], [], separator, quoted=quoted)
        sign = "\t" if separator == "tab" else separator
        if separator == "blank" or ('"' not in text and "'" not in text):
            grid._split(text, sign)
        else:
            grid._read_csv(text, sign)
        return grid

    def _split(self, text: str, sign: str) -> None:
        for at, line in enumerate(text.split("\n"), start=1):
            # Separators without anything between them are empty cells: a row may be missing there.
            if line.strip() or sign in line:
                blank = self.separator == "blank"
                cells = _TOKEN.findall(line) if blank else [c.strip() for c in line.split(sign)]
                self.rows.append(cells)
                self.lines.append(at)

    def _read_csv(self, text: str, sign: str) -> None:
        """As Python's csv reads it: a quoted name may hold a separator, or a line break."""
        quote = "'" if text.lstrip().startswith("'") and '"' not in text else '"'
        stream = io.StringIO(text, newline="")
        reader = csv.reader(stream, delimiter=sign, quotechar=quote, skipinitialspace=sign != "\t")
        try:
            for row in reader:
                cells: list[Cell] = [cell.strip() for cell in row]
                if any(cells) or len(cells) > 1:
                    self.rows.append(cells)
                    self.lines.append(reader.line_num)
        except csv.Error as error:
            at = f"line {reader.line_num}"
            raise InputError(f"{self.source}: {at} is not CSV ({error})") from error

    def marks(self, cells: list[str], decimal: str) -> DecimalMarks | tuple[str, ...]:
        """The marks of these cells, or those that do not tell them."""
        # Whoever separates by commas or blanks has no other decimal mark unless it shows: between
        # commas it would stand in quotes.
        points = self.separator in (",", "blank") and not self.quoted
        found = marks_of(cells, decimal, points=points)
        if isinstance(found, tuple) or self.separator == "blank":
            return found
        return replace(found, supposed=False)

    def trim(self) -> None:
        """Leave out empty cells at the ends of all rows, and empty rows at the end of all."""
        rows, before = self.rows, len(self.rows)
        while rows and not any(cell != "" for cell in rows[-1]):
            rows.pop()
        if len(rows) < before:
            self.said.append("empty rows at the end left out")
        width = 0
        for row in rows:
            last = len(row)
            while last > width and row[last - 1] == "":
                last -= 1
            width = max(width, last)
        if any(len(row) > width for row in rows):
            self.rows = [row[:width] for row in rows]
            self.said.append("empty cells at the ends of rows left out")

    def sentence(self, marks: str, *, always: bool = False) -> str:
        """What was taken for granted of a file, in one line; '' if nothing was."""
        if not (self.said or marks or always):
            return ""
        name = SEPARATORS.get(self.separator)
        how = f"read as {name}-separated" if name else f"read from {self.separator}"
        return f"{self.source}: {', '.join([f'{how} {marks}'.rstrip(), *self.said])}"


def without_comments(text: str, *, everywhere: bool) -> str:
    """The text without comments, all its lines where they were."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for at, line in enumerate(lines):
        found = _COMMENT.search(line) if "#" in line else None
        before = line[: found.start()] if found else line
        # In quotes it is a sign like any other.
        if not before.strip() or (everywhere and before.count('"') % 2 == 0):
            lines[at] = before
    return "\n".join(lines)


@dataclass(frozen=True)
class Rectangle:
    """Where a rectangle of numbers stands in a grid: below ``head`` rows, behind ``side`` cells."""

    grid: Grid
    head: int = 0
    side: int = 0

    def row(self, row: int) -> str:
        """A row in a sentence, counted from 1, with its line where that is another number."""
        number = row + self.head + 1
        line = self.grid.lines[row + self.head]
        return f"row {number}" if number == line else f"row {number} (line {line})"

    def cell(self, row: int, column: int) -> str:
        """A cell in a sentence that an error begins with."""
        return (
            f"{self.grid.source}: {self.row(row)}, column {column + self.side + self.grid.left + 1}"
        )

    def numbers(self, row: list[Cell], at: int, marks: DecimalMarks, length: int) -> list[float]:
        """The numbers of a row, so many. Raises InputError."""
        numbers = []
        for column, cell in enumerate(row):
            value = cell if isinstance(cell, float) else value_of(cell, marks)
            if value is None:
                self._refuse(at, column, str(cell), marks)
            numbers.append(value)
        if len(row) != length:
            raise InputError(
                f"{self.grid.source}: {self.row(at)} has {counted_noun(len(row), 'number')}, "
                f"{self.row(0)} has {length}: every row needs as many numbers as the first"
            )
        return numbers

    def _refuse(self, row: int, column: int, cell: str, marks: DecimalMarks) -> NoReturn:
        why = missing_or_odd(cell, marks)
        if ", not a number" in why:
            why = self._advice(row, column, cell, why)
        shown = clipped(cell) if cleaned(cell) else "empty"
        raise InputError(f"{self.cell(row, column)} is {shown}{why}")

    def _advice(self, row: int, column: int, cell: str, why: str) -> str:
        """What may be meant by a word where a number is expected."""
        word = cleaned(cell)[:1].isalpha()
        if row == self.head == 0 and (word or not any(map(looks_like_number, self.grid.rows[0]))):
            return ", not a number: if row 1 is a header, --header yes skips it"
        if word and column == self.side == 0 and why.endswith("not a number"):
            return f"{why}: if column 1 holds names, remove it"
        return why


def numbers_in(rows: list[list[Cell]], decimal: str, place: Rectangle) -> tuple[np.ndarray, str]:
    """The finite numbers of a rectangle of cells, float64, and a word about their marks.

    Raises InputError for a cell that holds none, and where rows are not of one length.
    """
    marks = _marks(rows, decimal, place)
    said = SUPPOSED if marks.supposed else "" if marks.decimal == "." else "with decimal commas"
    values = _read_plainly(rows, marks)
    if values is None:
        found = [place.numbers(row, at, marks, len(rows[0])) for at, row in enumerate(rows)]
        values, said = np.array(found, dtype=np.float64), said_of(rows, marks)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = (int(i) for i in bad[0])
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        raise InputError(
            f"{place.cell(row, column)} is {values[row, column]}{more}: every number must be finite"
        )
    return values, said


def _read_plainly(rows: list[list[Cell]], marks: DecimalMarks) -> np.ndarray | None:
    """What Python reads by itself, or None: most files are plain."""
    texts = [cell for row in rows for cell in row if isinstance(cell, str)]
    # Python reads 1_000 as a number, nobody else does.
    if marks.grouped or any("_" in cell for cell in texts):
        return None
    comma = marks.decimal == ","
    # Each would be a number, or another one, with its comma for a point.
    if comma and any("." in cell or cell[-1:] == "," for cell in texts):
        return None
    try:
        if comma:
            found = [[float(str(cell).replace(",", ".")) for cell in row] for row in rows]
        else:
            found = [[float(cell) for cell in row] for row in rows]
        return np.array(found, dtype=np.float64)
    except ValueError:
        return None


def counted_noun(number: int, noun: str) -> str:
    """A number and a noun in a sentence."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _marks(rows: list[list[Cell]], decimal: str, place: Rectangle) -> DecimalMarks:
    """The marks of the numbers. Raises InputError where the cells do not tell them."""
    cells = [cell for row in rows for cell in row if isinstance(cell, str)]
    found = place.grid.marks(cells, decimal)
    if isinstance(found, DecimalMarks):
        return found
    first = found[0]
    where = next(
        place.cell(i, j)
        for i, row in enumerate(rows)
        for j, cell in enumerate(row)
        if cell == first
    )
    raise AmbiguousError(f"{where} is {unclear(found)}")


def unclear(cells: tuple[str, ...]) -> str:
    """What it is that cells leave open, behind the words for where the first of them stands."""
    first, *more = cells
    way = "--decimal . or --decimal , says which"
    if more:
        return (
            f"{clipped(first)}, and elsewhere stands {clipped(more[0])}: it does not show which "
            f"mark is the decimal one, and whether the other groups thousands: {way}"
        )
    plain = re.sub("[.,]", "", cleaned(first))
    return f"{clipped(first)}, which may be {plain} or {cleaned(first).replace(',', '.')}: {way}"


def missing_or_odd(cell: str, marks: DecimalMarks) -> str:
    """Why a cell is no number, behind the words for where it stands and what it is."""
    if not cleaned(cell):
        return ": expected a number"
    if is_missing(cleaned(cell)):
        return ", a missing value: every number must be there, and finite"
    return f", not a number{why_no_number(cell, marks)}"


def clipped(cell: str) -> str:
    """The cell in quotes, cut where it is long."""
    return repr(cell if len(cell) <= 40 else f"{cell[:37]}...")


def said_of(rows: list[list[Cell]], marks: DecimalMarks) -> str:
    """The marks in words, '' for plain decimal points."""
    cells = [cell for row in rows for cell in row if isinstance(cell, str)]
    words, between = {".": "points", ",": "commas"}, []
    if marks.grouped and any(marks.other in cell for cell in cells):
        between.append(words[marks.other])
    if any(map(is_spaced, cells)):
        between.append("blanks or apostrophes")
    decimal = f"with decimal {words[marks.decimal]}"
    if not between:
        return SUPPOSED if marks.supposed else "" if marks.decimal == "." else decimal
    return f"{decimal} and {' and '.join(between)} between thousands"


def counts_up(cells: Sequence[Cell], start: int) -> bool:
    """Whether cells hold start, start + 1, … and nothing else."""
    return bool(cells) and all(
        cell == i if isinstance(cell, float) else cleaned(cell) == str(i)
        for i, cell in enumerate(cells, start)
    )


def cause_of_length(cells: int, names: int) -> str:
    """What may be the matter with a row of another length than the names above it, or ''."""
    if cells == 2 * names:
        return ": decimal commas want another separator, or quotes"
    if cells == names + 1:
        return ": one without a name, such as R's names of rows (row.names=FALSE leaves them out)"
    return ""


def named_separator(text: str, dialect: Dialect) -> tuple[str, Dialect]:
    """The text without Excel's first line ``sep=;``, and the dialect with what that says."""
    found = re.match(r'\ufeff?"?sep=([,;|\t ])"?[ \t]*(?=[\r\n])', text, re.I)
    if not found:
        return text, dialect
    named = {"\t": "tab", " ": "blank"}.get(found[1], found[1])
    sep = named if dialect.sep == "auto" else dialect.sep
    return text[found.end() :], replace(dialect, sep=sep)
