"""Matrices from files, and what NumPy knows of them: how the problem begins and ends."""

from __future__ import annotations

import math
import os
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np

from playground.graph.errors import InputError
from playground.lab.files import read_once

__all__ = [
    "condition_number",
    "inverted",
    "read_matrix",
    "require_memory",
    "require_square",
]

# Beyond this size the condition number of the 2-norm takes longer than many a step.
EXACT_CONDITION = 1000


def read_matrix(path: str | os.PathLike[str]) -> np.ndarray:
    """The real matrix in a file, as float64 of shape ``(rows, columns)``.

    A ``.npy`` file is read without pickle. Any other file is text: one row a line, numbers
    separated by commas, semicolons or blanks, ``#`` before a comment. Raises InputError, with the
    row and column counted from 1, for anything that is not a finite number or does not fit.
    """
    file = Path(path)
    content = read_once(file)
    head = content[:6]
    if not head:
        raise InputError(f"{file} is empty: expected a square matrix, one row a line")
    # The first bytes of every zip file, which .npz and .xlsx are.
    if head.startswith(b"PK"):
        raise InputError(
            f"{file} is an archive (.npz, .xlsx ...): save the one matrix as .npy or .csv"
        )
    npy = head == b"\x93NUMPY"
    if file.suffix.lower() == ".npy" and not npy:
        raise InputError(f"{file} is not a .npy file: write it with numpy.save(file, matrix)")
    matrix = _from_npy(file, content) if npy else _from_text(file, content)
    bad = np.argwhere(~np.isfinite(matrix))
    if len(bad):
        row, column = (int(i) for i in bad[0])
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        raise InputError(
            f"{file}: row {row + 1}, column {column + 1} is {matrix[row, column]}{more}: "
            f"every number must be finite"
        )
    return matrix


def require_square(matrix: np.ndarray, what: str) -> None:
    """Raise InputError unless ``matrix`` has shape (n, n) with n at least 1."""
    rows, columns = matrix.shape
    if rows != columns or rows == 0:
        raise InputError(
            f"{what} has {_counted(rows, 'row')} and {_counted(columns, 'column')}: "
            f"only a square matrix has an inverse"
        )


def require_memory(size: int, dtype: str, alive: int) -> None:
    """Raise InputError if ``alive`` matrices of shape (size, size) exceed this machine's memory."""
    needed = alive * size**2 * np.dtype(dtype).itemsize
    try:
        present = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):  # such as on Windows: it will be seen
        return
    if needed > present:
        raise InputError(
            f"a {size} x {size} matrix of {dtype} needs about {needed / 1e9:,.0f} GB to run, "
            f"this machine has {present / 1e9:,.0f} GB: choose a smaller one"
        )


def inverted(matrix: np.ndarray) -> np.ndarray | None:
    """What ``numpy.linalg.inv`` finds in float64, None where it finds nothing finite."""
    try:
        found = np.linalg.inv(matrix.astype(np.float64))
    except np.linalg.LinAlgError:
        return None
    return found if np.isfinite(found).all() else None


def condition_number(matrix: np.ndarray, inverse: np.ndarray | None) -> float:
    """The condition number in the 2-norm, for a very large matrix in the cheaper 1-norm.

    ``inverse`` is what :func:`inverted` found: without one the number is infinite.
    """
    if inverse is None:
        return math.inf
    # In float32 anything above 1e7 would be noise.
    exact = matrix.astype(np.float64)
    if len(exact) <= EXACT_CONDITION:
        return float(np.linalg.cond(exact))
    return float(np.linalg.norm(exact, 1) * np.linalg.norm(inverse, 1))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


# --------------------------------------------------------------------------- .npy


def _from_npy(file: Path, content: bytes) -> np.ndarray:
    array = _npy_array(file, content)
    dtype = array.dtype
    if dtype.names or dtype.kind not in "iuf":
        kinds = {"c": "complex numbers", "b": "truth values", "U": "text", "S": "bytes"}
        what = kinds.get(dtype.kind, f"values of dtype {dtype}")
        if dtype.names:
            what = f"records with the fields {', '.join(dtype.names)}"
        raise InputError(f"{file} holds {what}: expected real numbers (float or integer)")
    if array.ndim != 2:
        raise InputError(
            f"{file} holds an array of shape {array.shape} ({array.ndim}-D): "
            f"expected a matrix of shape (n, n)"
        )
    # A longdouble beyond float64 becomes infinite, and is refused as that.
    with np.errstate(over="ignore"):
        return np.array(array, dtype=np.float64)


def _npy_array(file: Path, content: bytes) -> np.ndarray:
    """The array of a ``.npy`` file, which shares its bytes. Raises InputError."""
    stream = BytesIO(content)
    try:
        with warnings.catch_warnings(action="ignore"):
            major, _ = np.lib.format.read_magic(stream)
            read = np.lib.format.read_array_header_1_0 if major == 1 else _header_2_0
            shape, fortran, dtype = read(stream)
        if dtype.hasobject:
            raise InputError(
                f"{file} holds Python objects: expected real numbers; convert it with "
                f"numpy.save(file, matrix.astype(float))"
            )
        if min(shape, default=0) < 0:
            raise ValueError(f"a shape of {shape}")
        # A header that promises more than the file holds costs no memory.
        values = np.frombuffer(content, dtype, math.prod(shape), stream.tell())
        return values.reshape(shape, order="F" if fortran else "C")
    except InputError:
        raise
    # Of a damaged header NumPy's parser raises whatever Python's own does.
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise InputError(f"{file} is a damaged or incomplete .npy file ({reason})") from error


def _header_2_0(stream: BytesIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    # That of version 3.0 differs in the names of fields alone, and a matrix has none.
    return np.lib.format.read_array_header_2_0(stream)


# --------------------------------------------------------------------------- text


# Not by pandas: it fills a short row with blanks, and counts rows where errors have to name lines.


def _from_text(file: Path, content: bytes) -> np.ndarray:
    try:
        # Spreadsheets put a byte order mark before the first number.
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not a text file: expected .npy, .csv or plain text") from error
    numbered = [(at, line.partition("#")[0].strip()) for at, line in enumerate(lines, start=1)]
    rows = []
    for at, line in numbered:
        # The semicolon first: where it separates, a comma is a decimal mark, and refused as one.
        separator = next((s for s in ";,\t" if s in line), None)
        cells = line.split(separator)
        if line:
            rows.append((at, [cell.strip().strip("\"'").strip() for cell in cells]))
    if not rows:
        raise InputError(f"{file} holds no numbers: expected a square matrix, one row a line")
    width = len(rows[0][1])
    values = []
    for row, (at, cells) in enumerate(rows, start=1):
        values.append(
            [_read_number(file, row, at, i, cell) for i, cell in enumerate(cells, start=1)]
        )
        if len(cells) != width:
            has = f"{_named_row(row, at)} has {_counted(len(cells), 'number')}"
            raise InputError(
                f"{file}: {has}, row 1 has {width}: every row needs as many numbers as the first"
            )
    return np.array(values, dtype=np.float64)


def _read_number(file: Path, row: int, line: int, column: int, cell: str) -> float:
    try:
        # Python reads 1_000 as a number, nobody else does.
        if "_" not in cell:
            return float(cell)
    except ValueError:
        pass
    where = f"{file}: {_named_row(row, line)}, column {column}"
    if not cell:
        raise InputError(f"{where} is empty: expected a number")
    advice = ""
    if cell.replace(",", "", 1).lstrip("+-").isdigit():
        advice = ": write decimals with a point"
    elif cell.lower().endswith(("i", "j")) and any(digit in cell for digit in "0123456789"):
        advice = ": complex numbers are not supported"
    elif cell[:1].isalpha() and row == 1:
        advice = ": if row 1 is a header, remove it"
    elif cell[:1].isalpha() and column == 1:
        advice = ": if column 1 holds names, remove it"
    shown = cell if len(cell) <= 40 else cell[:37] + "..."
    raise InputError(f"{where} is {shown!r}, not a number{advice}")


def _named_row(row: int, line: int) -> str:
    return f"row {row}" if row == line else f"row {row} (line {line})"
