"""Small helpers of tests."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playground.graph.errors import MissingLibraryError
from playground.testing.attr import is_available

__all__ = ["assert_warns", "run_module"]


@contextmanager
def assert_warns(expected: type[Warning]) -> Iterator[None]:
    """Raise AssertionError unless a warning of this class is given within the ``with`` block."""
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        yield
    if not any(isinstance(warning.message, expected) for warning in given):
        found = ", ".join(sorted({type(warning.message).__name__ for warning in given})) or "none"
        raise AssertionError(f"expected a warning {expected.__name__}, got {found}")


def run_module(name: str, file: str) -> Any:
    """Run the tests of a file that is run as a script: ``run_module(__name__, __file__)``.

    A failure opens the debugger where there is a terminal, and is the script's exit code.
    """
    if name != "__main__":
        return
    if not is_available():
        raise MissingLibraryError(
            "run_module: pytest is not installed: pip install pytest, or run the file by "
            "python -m unittest"
        )
    import pytest

    # Without a terminal the debugger would read the end of its input, and fail in turn.
    debugger = ["--pdb"] if sys.stdin.isatty() else []
    code = pytest.main([file, "-vvs", "-x", *debugger])
    if code:
        raise SystemExit(int(code))
