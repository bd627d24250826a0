"""What kind of file it is, by its first bytes, and the text in it."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from playground.graph.errors import InputError

__all__ = ["kind_of", "text_of"]

# The first bytes of what is often handed over instead of a table, and the way out.
_NO_TABLES = {
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls): save it as .xlsx or .csv",
    b"\x89HDF": "an HDF5 file (as MATLAB's -v7.3 writes): save the one matrix as .npy or .csv",
    b"MATLAB 5": "a MATLAB file (.mat): write the matrix with writematrix(A, 'A.csv')",
    b"\x89PNG": "not a text file but a picture",
    b"\xff\xd8\xff": "not a text file but a picture",
    b"GIF8": "not a text file but a picture",
    b"%PDF": "a PDF file: save the table as .csv",
    b"{\\rtf": "a file of a word processor: save it as plain text",
    b"\x1f\x8b": "compressed (gzip): unpack it first",
    b"BZh": "compressed (bzip2): unpack it first",
    b"\xfd7zXZ": "compressed (xz): unpack it first",
    b"PAR1": "a Parquet file: save it as .csv",
    b"ARROW1": "a Feather file: save it as .csv",
    b"SQLite format 3": "a database (SQLite): export the table as .csv",
    b"%%MatrixMarket": "a Matrix Market file: read it with scipy.io.mmread, save it as .npy",
}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # Before that of UTF-16, with which it begins.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAID = {"utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "utf-32": "UTF-32"}
_SAID |= {"cp1252": "Latin-1 (Windows-1252)", "latin-1": "Latin-1"}
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")


def kind_of(content: bytes) -> str:
    """ "zip", "npy", "text", or what else it is in words."""
    # The first bytes of every zip file, which .npz and .xlsx are.
    if content.startswith(b"PK"):
        return "zip"
    if content.startswith(b"\x93NUMPY"):
        return "npy"
    return next((kind for head, kind in _NO_TABLES.items() if content.startswith(head)), "text")


def text_of(file: Path, content: bytes, encoding: str) -> tuple[str, str]:
    """The text in a file and, where it is no UTF-8, a word about its encoding.

    Raises InputError where it is no text in the encoding that was asked for, or in any known one.
    """
    if encoding != "auto":
        try:
            return content.decode(encoding).removeprefix("\ufeff"), ""
        except UnicodeError as error:
            raise InputError(f"{file} is not a text file in --encoding {encoding}") from error
    marked = [name for mark, name in _MARKS if content.startswith(mark)]
    # UTF-16 may have no mark: every other byte of a number is 0.
    if not marked and content[1:2] == b"\0" and not any(content[1:200:2]):
        marked = ["utf-16-le"]
    elif not marked and content[:1] == b"\0" and not any(content[:200:2]):
        marked = ["utf-16-be"]
    for named in marked or ("utf-8", "cp1252", "latin-1"):
        try:
            text = content.decode(named)
        except UnicodeError:
            continue
        if not _NO_TEXT.search(text):
            said = "" if named in ("utf-8", "utf-8-sig") else f"in {_SAID.get(named, named)}"
            return text, said
    raise InputError(
        f"{file} is not a text file: expected .npy, .csv, .xlsx or plain text "
        f"(--encoding names its encoding)"
    )
