"""Matrices as programs print them, and as people type them: MATLAB, NumPy, Mathematica, JSON, R."""

from __future__ import annotations

import re
from decimal import Decimal

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
_COLUMNS = re.compile(r"\s*Columns? (\d{1,9})(?:\s+(?:through|and|to)\s+\d+)?\s*:?\s*", re.I)
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
    rows = _joined(lines, what, r=in_r)
    _require_size(rows, heads[0] if heads else None, what)
    factor = next(iter(factors), None)
    if factor is None:
        return rows, "what R prints" if in_r else "what MATLAB prints"
    said = f"what MATLAB prints, times {factor} and rounded as it was printed"
    return [[_times_factor(cell, factor) for cell in row] for row in rows], said


def _joined(lines: list[str], what: str, *, r: bool) -> list[list[str]]:
    """The rows of all blocks of columns, side by side."""
    blocks: list[list[list[str]]] = [[]]
    firsts = [1]
    for line in lines:
        first = _first_column(line, r)
        if first is not None:
            if blocks[-1] or len(blocks) > 1:
                blocks.append([])
                firsts.append(first)
            firsts[-1] = first
        elif not any(form.fullmatch(line) for form in (_NAMED, _SIZED, _FACTOR)):
            blocks[-1].append(_row_of(line, len(blocks[-1]) + 1, what, r))
    at = 1
    for first, block in zip(firsts, blocks, strict=True):
        if first != at or len(block) != len(blocks[0]) or not block:
            raise InputError(f"{what}: columns {at} and up of the printed matrix are not there")
        at += len(block[0])
    return [[cell for part in parts for cell in part] for parts in zip(*blocks, strict=True)]


def _first_column(line: str, r: bool) -> int | None:
    """The number of the first column of a block, where a line says so."""
    if r:
        found = _R_HEAD.fullmatch(line) and re.search(r"\d+", line)
        return int(found[0]) if found else None
    found = _COLUMNS.fullmatch(line)
    return int(found[1]) if found else None


def _row_of(line: str, number: int, what: str, r: bool) -> list[str]:
    if not r:
        return line.split()
    found = _R_ROW.fullmatch(line)
    if not found or int(found[1]) != number:
        raise InputError(f"{what}: expected [{number},] and numbers, got {line.strip()[:40]!r}")
    return found[2].split()


def _require_size(rows: list[list[str]], head: re.Match[str] | None, what: str) -> None:
    """Raise InputError where the matrix is not of the size that is printed above it."""
    if head is not None and head[1]:
        found = len(rows), len(rows[0])
        if found != (int(head[1]), int(head[2])):
            raise InputError(
                f"{what} announces {head[1]} x {head[2]} numbers, and holds {found[0]} x {found[1]}"
            )


def _times_factor(cell: str, factor: str) -> str:
    """The product as text: of decimal fractions, for 0.0012 times 1.0e+03 is 1.2 and no other."""
    try:
        return str(Decimal(cell) * Decimal(factor))
    except ArithmeticError:  # no number: that is said elsewhere
        return cell
