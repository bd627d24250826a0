"""TextDataset: the lines of text files, read when they are asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any, TypeAlias

from playground.dataset.dataset_mixin import DatasetMixin
from playground.graph.types import Example

__all__ = ["TextDataset"]

# One option of open() for all files, or one for each.
Options: TypeAlias = str | Sequence[str | None] | None


class TextDataset(DatasetMixin):
    """Line i of a text file, or the tuple of the lines i of several.

    Args:
        paths: one path or several.
        encoding, errors, newline: as ``open`` takes them, for all files or one for each.
        filter_func: a function of the lines i (one argument a file); only where it is true is i
            counted.
    """

    def __init__(
        self,
        paths: str | Sequence[str],
        encoding: Options = None,
        errors: Options = None,
        newline: Options = None,
        filter_func: Callable[..., Any] | None = None,
    ) -> None:
        self._paths = [paths] if isinstance(paths, str) else list(paths)
        if not self._paths:
            raise ValueError("TextDataset: expected at least one text file, got none")
        self._encoding = self._one_a_file("encoding", encoding)
        self._errors = self._one_a_file("errors", errors)
        self._newline = self._one_a_file("newline", newline)
        self._open()
        self._bounds, self._lines = self._look_through(filter_func)

    def _one_a_file(self, name: str, option: Options) -> list[str | None]:
        count = len(self._paths)
        options = [option] * count if option is None or isinstance(option, str) else list(option)
        if len(options) != count:
            raise ValueError(
                f"TextDataset: {len(options)} values of {name} for {count} files: give one, or one "
                f"for each"
            )
        return options

    def _open(self) -> None:
        self._lock = threading.Lock()
        options = zip(self._paths, self._encoding, self._errors, self._newline, strict=True)
        # Open as long as the dataset lives.
        self._fps = [
            open(path, encoding=encoding, errors=errors, newline=newline)  # noqa: SIM115
            for path, encoding, errors, newline in options
        ]

    def _look_through(
        self, accepts: Callable[..., Any] | None
    ) -> tuple[list[tuple[int, ...]], list[int]]:
        """Where each line begins in each file, and the numbers of those that count."""
        bounds, lines = [tuple(0 for _ in self._fps)], []
        # readline(), for a file that is iterated does not tell where it is.
        for number, line in enumerate(zip_longest(*(iter(fp.readline, "") for fp in self._fps))):
            if None in line:
                raise ValueError(
                    f"TextDataset: the files differ in length: {' and '.join(self._paths)} do not "
                    f"all have a line {number + 1}"
                )
            bounds.append(tuple(fp.tell() for fp in self._fps))
            if accepts is None or accepts(*line):
                lines.append(number)
        return bounds, lines

    def __getstate__(self) -> dict[str, Any]:
        # Open files and locks do not travel to another process.
        return {k: v for k, v in vars(self).items() if k not in ("_fps", "_lock")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._open()

    def __len__(self) -> int:
        return len(self._lines)

    def close(self) -> None:
        """Close all files, which are else closed when the dataset is gone."""
        for fp in self._fps:
            fp.close()

    def get_example(self, i: int) -> Example:
        """Line i with its line end, or the tuple of the files' lines. Raises IndexError."""
        if not 0 <= i < len(self._lines):
            raise IndexError(f"TextDataset: there is no line {i} among {len(self._lines)}")
        # Threads share the files, and where they stand.
        with self._lock:
            for fp, bound in zip(self._fps, self._bounds[self._lines[i]], strict=True):
                fp.seek(bound)
            lines = tuple(fp.readline() for fp in self._fps)
        return lines[0] if len(lines) == 1 else lines
