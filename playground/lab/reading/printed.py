"""Matrices as programs print them, and as people type them: MATLAB, NumPy, Mathematica, JSON, R."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NoReturn

from playground.graph.errors import InputError

__all__ = ["bracketed", "cells_of", "printed_rows", "refuse_ellipsis"]

_CLOSING = {"[": "]", "(": ")", "{": "}"}
_BRACKET = re.compile(r"[\[\](){}]")
# A name that gets the value, and the function that makes an array of lists.
_START = re.compile(r"\s*(?:[^\W\d][\w.]*\s*:?=\s*)?(?:[^\W\d][\w.]*\s*(?=\())?(?=[\[({])")
_CALL = re.compile(r"(?:^|[.=\s])(?:array|asarray|matrix|tensor|variable|parameter)\s*$", re.I)
_WITH_TYPE = re.compile(r"\b(?:np|numpy)\.\w+\(([^()\[\]]*)\)")
_INNER = re.compile(r"\[[^\[\](){}]*\]|\([^\[\](){}]*\)|\{[^\[\](){}]*\}")
# What NumPy, PyTorch and JAX write behind the numbers: ", dtype=float32)".
# Possessive, lest a long run of blanks is parted in every way.
_KEYWORDS = re.compile(r"\s*+(?:,\s*+\w++\s*+=\s*+(?:[^,()]|\([^()]*+\))*+)*+,?\s*+\)\s*+;?\s*+")
_END = re.compile(r"\s*[;,]?\s*")


def bracketed(text: str, what: str) -> list[list[str]] | None:
    """The cells of a matrix in brackets, None if the text is not in brackets.

    ``[1 2; 3 4]``, ``[[1, 2], [3, 4]]``, ``array([[1., 2.], ...])``, ``{{1, 2}, {3, 4}}``; a list
    of numbers alone is one row. ``what`` begins the errors. Raises InputError where brackets or
    rows do not fit.
    """
    start = _START.match(text)
    # (5),2 is an accountant's way to write a negative number.
    if start is None or _R_HEAD.match(text) or re.match(r"\([\d., ]+\)\s*[,;\t]", text):
        return None
    refuse_ellipsis(text, what)
    lines = [line.strip().rstrip(",;") for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and all(_INNER.fullmatch(line) for line in lines):
        # One list a line, as JSON Lines are, or a loop of print.
        text = f"[{','.join(lines)}]"
    # As Mathematica writes powers of ten and precision.
    text = _WITH_TYPE.sub(r"\1", re.sub(r"`[\d.]*", "", text.replace("*^", "e")))
    start = _START.match(text)
    at = start.end() if start else 0
    called = bool(_CALL.search(text[:at]))
    if called:
        at += 1 + len(text[at + 1 :]) - len(text[at + 1 :].lstrip())
    elif text[:at].strip() and not text[:at].rstrip().endswith("="):
        raise InputError(f"{what} begins with {text[:at].strip()[:40]!r}: expected numbers")
    end = _closed(text, at, what) if text[at : at + 1] in _CLOSING else at
    tail = _KEYWORDS if called else _END
    if not tail.fullmatch(text, end):
        raise InputError(
            f"{what}: {text[end : end + 40].strip()!r} stands behind the matrix: expected one "
            f"matrix in brackets, and nothing that is computed with it"
        )
    assigned = not called and bool(text[:at].strip())
    return _rows_in(text[at + 1 : end - 1].strip(), what, typed=assigned)


def refuse_ellipsis(text: str, what: str) -> None:
    """Raise InputError where numbers were left out in printing."""
    if "..." in text or "\u2026" in text:
        raise InputError(
            f"{what} holds '...': NumPy leaves numbers out when it prints a large array (MATLAB "
            f"goes on in the next line there): write the file with numpy.save or numpy.savetxt, "
            f"or print after numpy.set_printoptions(threshold=sys.maxsize)"
        )


def _closed(text: str, at: int, what: str) -> int:
    """Where the bracket that opens at ``at`` has closed."""
    waiting: list[str] = []
    for found in _BRACKET.finditer(text, at):
        sign = found[0]
        if sign in _CLOSING:
            waiting.append(_CLOSING[sign])
        elif not waiting or sign != waiting.pop():
            raise InputError(f"{what}: {sign!r} closes what was not opened by its like")
        if not waiting:
            return found.end()
    raise InputError(f"{what}: a bracket does not close: {text[at : at + 40]!r}")


def _rows_in(inner: str, what: str, *, typed: bool) -> list[list[str]]:
    """The cells of what stands between the outermost brackets."""
    if not _BRACKET.search(inner):
        return _flat_rows(inner, what, typed)
    between = _INNER.sub("", inner)
    if between.strip(", \t\r\n"):
        raise InputError(
            f"{what}: expected rows of numbers in brackets, got {between.strip()[:40]!r} between "
            f"them"
        )
    return [cells_of(row[1:-1], what) for row in _INNER.findall(inner)]


def _flat_rows(inner: str, what: str, typed: bool) -> list[list[str]]:
    """Rows after semicolons or, as MATLAB has it, on lines of their own."""
    rows = [row for row in re.split(r"[;\n]", inner) if row.strip()]
    lines = inner.split("\n")
    # NumPy breaks a long vector just so, and Python goes on behind a comma.
    goes_on = any(line.rstrip().endswith(",") for line in lines[:-1])
    if len(lines) > 1 and (goes_on or (";" not in inner and not typed)):
        raise InputError(
            f"{what} holds one list over several lines, which may be rows (as in MATLAB) or one "
            f"long row (as in NumPy and Python): write a semicolon after each row"
        )
    return [cells_of(row, what) for row in rows]


def cells_of(row: str, what: str) -> list[str]:
    """The cells of a row, between commas or else blanks; a comma may end it."""
    if "," not in row:
        return row.split()
    cells = [cell.strip() for cell in row.split(",")]
    if not cells[-1] and len(cells) > 1:
        cells.pop()
    mixed = next((cell for cell in cells if len(cell.split()) > 1), None)
    if mixed is not None:
        raise InputError(
            f"{what}: {row.strip()[:40]!r} has commas and blanks between numbers: write decimals "
            f"with a point, and commas or blanks between numbers"
        )
    return cells


# ------------------------------------------------------------------- without brackets

_NAMED = re.compile(r"\s*[^\W\d]\w*\s*=\s*(?:(\d{1,9})\s*[x×]\s*(\d{1,9})\b.*)?")  # noqa: RUF001
_SIZED = re.compile(r"\s*(\d{1,9})\s*[x×]\s*(\d{1,9})\s+[^\W\d].*")  # noqa: RUF001
_FACTOR = re.compile(r"\s*(\d[\d.]*[eE][+-]?\d+)\s*\*\s*")
_COLUMNS = re.compile(r"\s*Columns? (\d{1,9})(?:\s+(?:through|and|to)\s+(\d{1,9}))?\s*:?\s*", re.I)
_R_HEAD = re.compile(r"\s*(?:\[,\d{1,9}\]\s*)+")
_R_ROW = re.compile(r"\s*\[(\d{1,9}),\]\s(.*)")


def printed_rows(text: str, what: str) -> tuple[list[list[str]], str] | None:
    """The cells of a matrix as MATLAB, Octave, Julia or R print it, and what was seen.

    None for any other text. Raises InputError where the parts do not fit together.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    heads = [m for line in lines if (m := _NAMED.fullmatch(line) or _SIZED.fullmatch(line))]
    factors = {m[1] for line in lines if (m := _FACTOR.fullmatch(line))}
    in_r = bool(lines) and _R_HEAD.fullmatch(lines[0]) is not None
    parts = [line for line in lines if _COLUMNS.fullmatch(line)]
    if not (heads or factors or in_r or parts):
        return None
    refuse_ellipsis(text, what)
    if len(heads) > 1 or len(factors) > 1:
        raise InputError(f"{what} holds more than one printed matrix: leave one in it")
    rows = _Blocks(what, in_r).rows(lines)
    if not rows:
        raise InputError(f"{what} holds no numbers below the name of a matrix")
    if heads and heads[0][1]:
        found, told = (len(rows), len(rows[0])), (int(heads[0][1]), int(heads[0][2]))
        if found != told:
            raise InputError(
                f"{what} announces {told[0]} x {told[1]} numbers, and holds {found[0]} x {found[1]}"
            )
    factor = next(iter(factors), None)
    if factor is None:
        return rows, "what R prints" if in_r else "what MATLAB prints"
    said = f"what MATLAB prints, times {factor} and rounded as it was printed"
    return [[_times_factor(cell, factor) for cell in row] for row in rows], said


class _Blocks:
    """The blocks of columns in which a wide matrix is printed."""

    def __init__(self, what: str, r: bool) -> None:
        self.what, self.r = what, r
        self.at = 1  # the column that comes next
        self.blocks: list[list[list[str]]] = [[]]

    def rows(self, lines: list[str]) -> list[list[str]]:
        """The rows of all blocks, side by side. Raises InputError where one is not there."""
        span: tuple[int, int] | None = None
        spans = 0
        for line in lines:
            begins = self._span(line)
            if begins:
                self._close(span)
                span, spans = begins, spans + 1
                if begins[0] != self.at:
                    self._refuse()
            elif not any(form.fullmatch(line) for form in (_NAMED, _SIZED, _FACTOR)):
                self.blocks[-1].append(self._row(line))
        self._close(span)
        # MATLAB speaks of columns only where there are more of them.
        if spans == 1 and not self.r:
            self._refuse()
        return [
            [c for part in parts for c in part] for parts in zip(*self.blocks[:-1], strict=True)
        ]

    def _close(self, span: tuple[int, int] | None) -> None:
        """The block ends, and has the columns that its head announced."""
        block = self.blocks[-1]
        if not block and span is None:
            return
        widths = {len(row) for row in block}
        if len(widths) != 1 or not min(widths) or len(block) != len(self.blocks[0]):
            raise InputError(f"{self.what}: the rows of the printed matrix are not of one length")
        self.at += min(widths)
        if span and self.at != span[1] + 1:
            raise InputError(f"{self.what}: columns {span[0]} to {span[1]} are not all there")
        self.blocks.append([])

    def _refuse(self) -> NoReturn:
        raise InputError(f"{self.what}: columns {self.at} and up of the matrix are not there")

    def _span(self, line: str) -> tuple[int, int] | None:
        """The first and last column of a block, where a line says so."""
        if self.r:
            found = re.findall(r"\d+", line) if _R_HEAD.fullmatch(line) else []
            return (int(found[0]), int(found[-1])) if found else None
        head = _COLUMNS.fullmatch(line)
        return (int(head[1]), int(head[2] or head[1])) if head else None

    def _row(self, line: str) -> list[str]:
        if not self.r:
            return line.split()
        found, number = _R_ROW.fullmatch(line), len(self.blocks[-1]) + 1
        if not found or int(found[1]) != number:
            shown = line.strip()[:40]
            raise InputError(f"{self.what}: expected [{number},] and numbers, got {shown!r}")
        return found[2].split()


def _times_factor(cell: str, factor: str) -> str:
    """The product as text: of decimal fractions, for 0.0012 times 1.0e+03 is 1.2 and no other."""
    try:
        return str(Decimal(cell) * Decimal(factor))
    except ArithmeticError:  # no number: that is said elsewhere
        return cell
