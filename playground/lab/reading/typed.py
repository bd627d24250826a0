"""Numbers as they are typed behind a flag: ``1,2;3,4``, ``[1 2; 3 4]``, ``[[1, 2], [3, 4]]``."""

from __future__ import annotations

import math
import re
from fractions import Fraction

from playground.graph.errors import InputError
from playground.lab.reading.grids import clipped
from playground.lab.reading.numerals import DecimalMarks, cleaned, value_of
from playground.lab.reading.printed import bracketed, cells_of

__all__ = ["numbers_of_text", "rows_of_text", "typed_number"]


def rows_of_text(text: str) -> list[list[float]]:
    """Rows of finite numbers, also as fractions such as 1/3: after semicolons, or in brackets.

    Numbers stand after commas or blanks. Raises InputError.
    """
    what = clipped(text)
    cells = bracketed(text.strip(), what)
    if cells is None:
        rows = re.split(r"[;\n]", text.strip().strip(";"))
        cells = [cells_of(row, what) for row in rows]
    if not cells or not all(cells):
        raise InputError(f"expected numbers after commas, got {what}")
    return [[typed_number(cell) for cell in row] for row in cells]


def numbers_of_text(text: str) -> list[float]:
    """Finite numbers in a row, or in a column. Raises InputError."""
    rows = rows_of_text(text)
    if len(rows) > 1 and any(len(row) > 1 for row in rows):
        what = f"{len(rows)} rows in {clipped(text)}"
        raise InputError(f"expected numbers in one row, with decimal points: got {what}")
    return [number for row in rows for number in row]


def typed_number(word: str) -> float:
    """One finite number, or a fraction such as 1/3. Raises InputError."""
    plain = cleaned(word)
    try:
        # Of 1e99999999 a Fraction would write out all the digits.
        value = float(Fraction(plain)) if "/" in plain else value_of(plain, DecimalMarks())
    except (ValueError, ZeroDivisionError, OverflowError):
        value = None
    if value is None or not math.isfinite(value):
        raise InputError(f"expected a finite number, got {clipped(word)}")
    return value
