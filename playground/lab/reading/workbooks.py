"""Workbooks (.xlsx, .ods), read by pandas with the libraries of the extra ``excel``."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np

from playground.graph.errors import InputError
from playground.lab.reading.grids import Cell, Grid

__all__ = ["archive_engine", "sheet_cell", "sheet_grid"]

_MIME = b"application/vnd.oasis.opendocument.spreadsheet"
# What a zip file may hold unpacked: some hold a thousand times what they weigh.
MOST_UNPACKED = 2 * 10**9


def archive_engine(file: Path, content: bytes) -> str:
    """The library by which pandas reads the workbook in a zip file; "npz" for NumPy's arrays.

    Raises InputError for any other archive.
    """
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = archive.namelist()
            size = sum(entry.file_size for entry in archive.infolist())
            mime = archive.read("mimetype") if "mimetype" in names else b""
    # Of a damaged archive its reader raises nearly anything.
    except Exception as error:
        raise InputError(f"{file} is a damaged archive ({error})") from error
    if size > MOST_UNPACKED:
        raise InputError(f"{file} holds more than {MOST_UNPACKED / 1e6:,.0f} MB: choose less")
    if "xl/workbook.xml" in names:
        return "openpyxl"
    if mime.startswith(_MIME):
        return "odf"
    if names and all(name.endswith(".npy") for name in names):
        return "npz"
    raise InputError(
        f"{file} is an archive, but neither .npz nor .xlsx nor .ods: unpack it, or save it as .csv"
    )


def sheet_grid(file: Path, content: bytes, engine: str) -> Grid:
    """The cells of the one sheet with anything in it. Raises InputError."""
    name, rows = _sheet_of(file, content, engine)
    # An empty row of a sheet is as a blank line of a text, and a table may begin in cell B3.
    filled = [i for i, row in enumerate(rows) if any(cell != "" for cell in row)]
    left = min(next(j for j, cell in enumerate(rows[i]) if cell != "") for i in filled)
    grid = Grid(str(file), [], [], f"the sheet {name!r}", left=left)
    for i in filled:
        grid.rows.append(rows[i][left:])
        grid.lines.append(i + 1)
    return grid


def _sheet_of(file: Path, content: bytes, engine: str) -> tuple[str, list[list[Cell]]]:
    """The name of the one sheet with anything in it, and its rows. Raises InputError."""
    import pandas

    try:
        found = pandas.read_excel(
            BytesIO(content),
            sheet_name=None,
            header=None,
            dtype=object,
            engine=engine,
            keep_default_na=False,
            na_filter=False,
        )
    except ImportError as error:
        raise InputError(
            f"{file} is a workbook, for which openpyxl or odfpy is missing: "
            f"pip install -e '.[excel]', or save it as .csv"
        ) from error
    # Whatever a library makes of a damaged or odd file.
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise InputError(f"{file} is a damaged or unusual workbook ({reason})") from error
    sheets = {str(name): frame for name, frame in found.items() if (frame != "").to_numpy().any()}
    if len(sheets) != 1:
        named = f"{len(sheets)} sheets with cells in them ({', '.join(map(repr, sheets))})"
        what = named if sheets else "no cells"
        raise InputError(f"{file} holds {what}: leave the one sheet in it, or save that as .csv")
    ((name, frame),) = sheets.items()
    return name, [[*map(sheet_cell, row)] for row in frame.to_numpy().tolist()]


def sheet_cell(value: object) -> Cell:
    """A cell as pandas has it: a number, or text."""
    # A truth value is a number to Python alone.
    if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
        # An error such as #N/A arrives as NaN.
        return float(value) if value == value else "#N/A"
    return "" if value is None else str(value)
