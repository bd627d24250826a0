"""What the figures were measured on: processor, Python, NumPy and the BLAS kernel that ran."""

from __future__ import annotations

import ctypes
import os
import platform
from pathlib import Path

import numpy as np

CORE_NAMES = ("scipy_openblas_get_corename64_", "openblas_get_corename64_", "openblas_get_corename")


def processor() -> str:
    """The processor's name as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def kernel() -> str:
    """The BLAS kernel that NumPy runs on, asked of the loaded library itself where possible."""
    name = _openblas_kernel()
    if name is None:
        built = np.show_config(mode="dicts") or {}
        return str(built.get("Build Dependencies", {}).get("blas", {}).get("name", "unknown"))
    wish = os.environ.get("OPENBLAS_CORETYPE")
    return f"OpenBLAS {name}" + (f" (OPENBLAS_CORETYPE={wish})" if wish else "")


def _openblas_kernel() -> str | None:
    np.eye(2) @ np.eye(2)
    try:
        maps = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return None
    for path in sorted({line.split()[-1] for line in maps if "openblas" in line}):
        library = ctypes.CDLL(path)
        for symbol in CORE_NAMES:
            if hasattr(library, symbol):
                ask = getattr(library, symbol)
                ask.restype = ctypes.c_char_p
                return ask().decode()
    return None


def description() -> str:
    """One line for the head of every table."""
    return (
        f"{processor()}, one thread, Python {platform.python_version()}, "
        f"NumPy {np.__version__}, BLAS kernel {kernel()}"
    )
