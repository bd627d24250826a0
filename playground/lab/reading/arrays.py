"""NumPy's own files, read without pickle."""

from __future__ import annotations

import math
import warnings
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np

from playground.graph.errors import InputError

__all__ = ["from_npy", "from_npz"]


def from_npz(file: Path, content: bytes) -> np.ndarray:
    """The one matrix of a ``.npz`` file, float64. Raises InputError."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        names = archive.namelist()
        if len(names) != 1:
            shown = ", ".join(name.removesuffix(".npy") for name in names[:6])
            raise InputError(
                f"{file} holds {len(names)} arrays ({shown}): save the one matrix as .npy"
            )
        try:
            inner = archive.read(names[0])
        except (
            zipfile.BadZipFile,
            OSError,
            RuntimeError,
            NotImplementedError,
            zlib.error,
        ) as error:
            raise InputError(f"{file} is a damaged archive ({error})") from error
    return from_npy(file, inner)


def from_npy(file: Path, content: bytes) -> np.ndarray:
    """The matrix of a ``.npy`` file, float64. Raises InputError."""
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
