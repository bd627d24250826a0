"""Numbers as people write them: which mark is the decimal one, and what each cell then is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "EXCEL_ERROR",
    "DecimalMarks",
    "Spelling",
    "cleaned",
    "is_missing",
    "is_spaced",
    "looks_like_number",
    "marks_of",
    "value_of",
    "why_no_number",
]

# What spreadsheets and web pages write for signs, digits and marks of ASCII, and for nothing.
_SPELT: dict[int, str | int | None] = {0xFF01 + i: 0x21 + i for i in range(94)}
_SPELT |= dict.fromkeys((0x2212, 0x2010, 0x2011, 0x2013, 0xFE63), "-") | {0x066B: "."}
_SPELT |= dict.fromkeys((0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF))
# Between the thousands of a Swiss number, and of a French one.
_GROUPING = "'\u2019 \u00a0\u2007\u2009\u202f"

_HEAD = r"[1-9]\d{0,2}"
# The first that fits. Three digits behind a mark may be thousands or decimals, if all before fits.
_FORMS = re.compile(
    rf"(?P<whole>\d+)"
    rf"|(?P<thousands_comma>{_HEAD}(?:,\d{{3}})+\.\d*|{_HEAD}(?:,\d{{3}}){{2,}})"
    rf"|(?P<thousands_point>{_HEAD}(?:\.\d{{3}})+,\d+|{_HEAD}(?:\.\d{{3}}){{2,}})"
    rf"|(?P<either_comma>{_HEAD},\d{{3}})"
    rf"|(?P<either_point>{_HEAD}\.\d{{3}})"
    rf"|(?P<decimal_comma>\d*,\d+)"
    rf"|(?P<decimal_point>\d+\.\d*|\.\d+)"
)
_NUMERAL = re.compile(r"([+-]?)([\d.,]+)([eEdD][+-]?\d+)?")
_GROUPED = re.compile(rf"([+-]?)({_HEAD}(?:([{_GROUPING}])\d{{3}})(?:\3\d{{3}})*)([.,]\d+)?")
_NOT_FINITE = ("nan", "inf", "infinity")
_MISSING = ("na", "n/a", "null", "none", "nil", "missing", "-", "--", "?", ".", "nat", "<na>")
# #N/A, #DIV/0!, #NAME?, and German #NV and #WERT!.
EXCEL_ERROR = re.compile(r"#(?:NV|N/?[A-Z]|[A-ZÀ-Þ]+(?:/[A-Z0-9]+)? ?[!?])")


@dataclass(frozen=True)
class DecimalMarks:
    """How numbers are spelt: the decimal mark, and whether the other one groups thousands.

    ``supposed`` says that nothing but custom tells that 1.200 has a decimal point.
    """

    decimal: str = "."
    grouped: bool = False
    supposed: bool = False

    @property
    def other(self) -> str:
        return "," if self.decimal == "." else "."


@dataclass(frozen=True)
class Spelling:
    """A cell taken apart: its form, and its sign, digits and exponent."""

    form: str  # a name of _FORMS
    sign: str
    digits: str
    exponent: str


def cleaned(cell: str) -> str:
    """The cell without what surrounds a number, its signs and digits in ASCII."""
    if not cell.isascii():
        cell = cell.translate(_SPELT)
    return cell.strip().strip("\"'").strip()


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is no value, as #N/A does."""
    return cell.lower() in _MISSING or EXCEL_ERROR.fullmatch(cell) is not None


def is_spaced(cell: str) -> bool:
    """Whether blanks or apostrophes stand between the thousands of a number."""
    return _GROUPED.fullmatch(cleaned(cell)) is not None


def _spelling(cell: str) -> Spelling | None:
    """The parts of a cleaned cell, None if it is no number in any spelling."""
    blanks = _GROUPED.fullmatch(cell)
    if blanks:
        sign, whole, grouping, fraction = blanks.groups()
        digits = whole.replace(grouping, "") + (fraction or "")
        form = "whole" if not fraction else f"decimal_{_NAMES[fraction[0]]}"
        return Spelling(form, sign, digits, "")
    parts = _NUMERAL.fullmatch(cell)
    found = parts and _FORMS.fullmatch(parts[2])
    if not parts or not found or found.lastgroup is None:
        return None
    form, exponent = found.lastgroup, (parts[3] or "").lower().replace("d", "e")
    # Nobody groups the digits of 1.234e5.
    if exponent:
        form = form.replace("either", "decimal")
    return Spelling(form, parts[1], parts[2], exponent)


_NAMES = {",": "comma", ".": "point"}
_MARK_OF = {"comma": ",", "point": "."}


def value_of(cell: str, marks: DecimalMarks) -> float | None:
    """The number that a cell holds under these marks, None if it holds none."""
    plain = cleaned(cell)
    if plain.lower().lstrip("+-") in _NOT_FINITE:
        return float(plain)
    spelling = _spelling(plain)
    if spelling is None:
        return None
    kind, _, name = spelling.form.partition("_")
    mark = _MARK_OF.get(name, "")
    as_thousands = kind == "thousands" or (kind == "either" and mark != marks.decimal)
    wrong = mark == marks.decimal if as_thousands else mark not in ("", marks.decimal)
    if wrong or (as_thousands and not marks.grouped) or (kind == "thousands" and spelling.exponent):
        return None
    digits = spelling.digits.replace(marks.other, "").replace(",", ".")
    return float(f"{spelling.sign}{digits}{spelling.exponent}")


def looks_like_number(cell: str | float) -> bool:
    """Whether a cell is a number under some marks."""
    if isinstance(cell, float):
        return True
    return any(value_of(cell, DecimalMarks(mark, grouped=True)) is not None for mark in ".,")


def marks_of(cells: Sequence[str], decimal: str, *, points: bool) -> DecimalMarks | tuple[str, ...]:
    """The marks that all cells agree with; the cells that leave it open or contradict each other.

    ``decimal`` is the mark that was asked for, or "auto". ``points`` says that nothing but a
    decimal point can be meant where no cell tells. Cells that are no numbers tell nothing.
    """
    if decimal != "auto":
        return DecimalMarks(decimal, grouped=True)
    marked = [cell for cell in cells if "," in cell or "." in cell or not cell.isascii()]
    both = any("," in cell for cell in marked) and any("." in cell for cell in marked)
    seen: dict[str, str] = {}
    for cell in marked:
        spelling = _spelling(cleaned(cell))
        if spelling is not None:
            seen.setdefault(spelling.form, cell)
            # Where there is one mark only, a cell that contradicts this one is refused by itself.
            if not both and spelling.form in ("decimal_point", "decimal_comma"):
                break
    point = seen.get("decimal_point") or seen.get("thousands_comma")
    comma = seen.get("decimal_comma") or seen.get("thousands_point")
    if point and comma:
        return point, comma
    either_comma, either_point = seen.get("either_comma"), seen.get("either_point")
    if comma:
        grouped = "thousands_point" in seen
        # 2,5 beside 1.234: thousands, or somebody's other decimal mark.
        return (comma, either_point) if either_point and not grouped else DecimalMarks(",", grouped)
    if point or (either_point and points):
        grouped = "thousands_comma" in seen
        if either_comma and not grouped:
            return point or either_point or "", either_comma
        return DecimalMarks(".", grouped, supposed=not point)
    unclear = tuple(filter(None, (either_comma, either_point)))
    return unclear or DecimalMarks()


def why_no_number(cell: str, marks: DecimalMarks) -> str:
    """What is probably the matter with a cell, to be put behind "not a number"; or ''."""
    plain = cleaned(cell)
    spelling = _spelling(plain)
    if spelling is not None and marks.other in plain:
        return f": the other numbers have a decimal {_WORDS[marks.decimal]}"
    if plain.lower().endswith(("i", "j")) and any(c.isdigit() for c in plain):
        return ": complex numbers are not supported"
    if plain.endswith("%"):
        return ": write percentages as plain numbers, 50% as 0.5"
    if re.fullmatch(r"\(\s*[\d.,]+\s*\)|[\d.,]+-", plain):
        return ": write a negative number with a minus in front"
    if re.match(r"\d{4}-\d\d-\d\d", plain):
        return ": a date, which spreadsheets make of numbers such as 1.2"
    if re.fullmatch(r"[-+]?\d+/\d+", plain):
        return ": write fractions as decimals"
    if re.fullmatch(r"[^\w\s.,+-]\s*[-+]?[\d.,]+|[-+]?[\d.,]+\s*[^\W\d]+|[-+]?[\d.,]+\s*\W", plain):
        return ": leave units and currencies out"
    return ""


_WORDS = {".": "point", ",": "comma"}
