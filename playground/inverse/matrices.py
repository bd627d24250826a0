"""Matrices from files, and what NumPy knows of them: how the problem begins and ends."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from playground.graph.errors import InputError

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
    try:
        with open(file, "rb") as stream:
            head = stream.read(6)
    except OSError as error:
        raise InputError(f"cannot read {file}: {_reason(error)}") from error
    if not head:
        raise InputError(f"{file} is empty: expected a square matrix, one row a line")
    if head.startswith(b"PK"):
        raise InputError(
            f"{file} is an archive (.npz, .xlsx ...): save the one matrix as .npy or .csv"
        )
    matrix = _from_npy(file) if _is_npy(file, head) else _from_text(file)
    _require_finite(file, matrix)
    return matrix


def require_square(matrix: np.ndarray, what: str) -> None:
    """Raise InputError unless ``matrix`` has shape (n, n) with n at least 1."""
    rows, columns = matrix.shape
    if rows != columns or rows == 0:
        raise InputError(
            f"{what} has {_count(rows, 'row')} and {_count(columns, 'column')}: "
            f"only a square matrix has an inverse"
        )


def require_memory(size: int, dtype: str, alive: int) -> None:
    """Raise InputError if ``alive`` matrices of shape (size, size) exceed this machine's memory."""
    needed, present = alive * size**2 * np.dtype(dtype).itemsize, _memory()
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
    exact = matrix.astype(np.float64)
    if len(exact) <= EXACT_CONDITION:
        return float(np.linalg.cond(exact))
    return float(np.linalg.norm(exact, 1) * np.linalg.norm(inverse, 1))


def _memory() -> float:
    """Bytes of memory in this machine, infinite where the system does not say."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return math.inf


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, IsADirectoryError):
        return "it is a directory"
    return (error.strerror or str(error)).lower()


# --------------------------------------------------------------------------- .npy


def _is_npy(file: Path, head: bytes) -> bool:
    if head == b"\x93NUMPY":
        return True
    if file.suffix.lower() == ".npy":
        raise InputError(f"{file} is not a .npy file: write it with numpy.save(file, matrix)")
    return False


def _from_npy(file: Path) -> np.ndarray:
    array = _load(file)
    if array.dtype.names or array.dtype.kind not in "iuf":
        raise InputError(
            f"{file} holds {_kind(array.dtype)}: expected real numbers (float or integer)"
        )
    if array.ndim != 2:
        raise InputError(
            f"{file} holds an array of shape {array.shape} ({array.ndim}-D): "
            f"expected a matrix of shape (n, n)"
        )
    with np.errstate(over="ignore"):
        return np.array(array, dtype=np.float64)


def _load(file: Path) -> np.ndarray:
    # Mapped, not read: a header that promises more than the file holds costs no memory.
    try:
        return np.load(file, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        if "object" in str(error).lower():
            raise InputError(
                f"{file} holds Python objects: expected real numbers; convert it with "
                f"numpy.save(file, matrix.astype(float))"
            ) from error
        raise InputError(f"{file} is a damaged or incomplete .npy file ({error})") from error


def _kind(dtype: np.dtype[Any]) -> str:
    if dtype.names:
        return f"records with the fields {', '.join(dtype.names)}"
    kinds = {"c": "complex numbers", "b": "truth values", "U": "text", "S": "bytes"}
    return kinds.get(dtype.kind, f"values of dtype {dtype}")


# --------------------------------------------------------------------------- text


def _from_text(file: Path) -> np.ndarray:
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (UnicodeDecodeError, OSError) as error:
        raise InputError(f"{file} is not a text file: expected .npy, .csv or plain text") from error
    numbered = [(at, line.partition("#")[0].strip()) for at, line in enumerate(lines, start=1)]
    rows = [(at, _cells(line)) for at, line in numbered if line]
    if not rows:
        raise InputError(f"{file} holds no numbers: expected a square matrix, one row a line")
    width = len(rows[0][1])
    values = []
    for row, (at, cells) in enumerate(rows, start=1):
        values.append([_number(file, row, at, i, cell) for i, cell in enumerate(cells, start=1)])
        if len(cells) != width:
            raise InputError(
                f"{file}: {_row(row, at)} has {_count(len(cells), 'number')}, row 1 has {width}: "
                f"every row needs as many numbers as the first"
            )
    return np.array(values, dtype=np.float64)


def _cells(line: str) -> list[str]:
    for separator in (";", ",", "\t"):
        if separator in line:
            return [cell.strip().strip("\"'").strip() for cell in line.split(separator)]
    return line.split()


def _number(file: Path, row: int, line: int, column: int, cell: str) -> float:
    try:
        if "_" not in cell:  # Python reads 1_000 as a number, nobody else does
            return float(cell)
    except ValueError:
        pass
    where = f"{file}: {_row(row, line)}, column {column}"
    if not cell:
        raise InputError(f"{where} is empty: expected a number")
    shown = cell if len(cell) <= 40 else cell[:37] + "..."
    raise InputError(f"{where} is {shown!r}, not a number{_advice(row, column, cell)}")


def _row(row: int, line: int) -> str:
    return f"row {row}" if row == line else f"row {row} (line {line})"


def _advice(row: int, column: int, cell: str) -> str:
    if cell.replace(",", "", 1).lstrip("+-").isdigit():
        return ": write decimals with a point"
    if cell.lower().endswith(("i", "j")) and any(digit in cell for digit in "0123456789"):
        return ": complex numbers are not supported"
    if cell[:1].isalpha() and row == 1:
        return ": if row 1 is a header, remove it"
    if cell[:1].isalpha() and column == 1:
        return ": if column 1 holds names, remove it"
    return ""


def _require_finite(file: Path, matrix: np.ndarray) -> None:
    bad = np.argwhere(~np.isfinite(matrix))
    if len(bad):
        row, column = (int(i) for i in bad[0])
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        raise InputError(
            f"{file}: row {row + 1}, column {column + 1} is {matrix[row, column]}{more}: "
            f"every number must be finite"
        )
