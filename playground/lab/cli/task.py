"""What every command tells the shared command line: a problem as well as a study."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

__all__ = ["Task"]


class Task:
    """One command: what it is called, the flags it takes, and what it writes.

    An instance is made from the settings (one attribute a flag) and the data: host arrays by name
    that are written to the directory of the run before it begins.
    """

    name: ClassVar[str]  # runs land in logs/<name>/
    about: ClassVar[str]  # the head of --help
    examples: ClassVar[str]  # the foot of --help
    resumable: ClassVar[bool]  # whether --resume goes on with a run
    # A directory with such files holds a run, or something else that must not be mixed with one.
    endings: ClassVar[tuple[str, ...]] = (".npy", ".png")

    def __init__(self, settings: argparse.Namespace, data: Mapping[str, np.ndarray]) -> None:
        self.settings = settings
        self.data = data

    @classmethod
    def add_flags(cls, group: Any) -> None:
        """Add the flags that say what the problem is, with ``default=None``."""

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """The values of the command's own flags where none is given."""
        return {}

    def warnings(self) -> list[str]:
        """Sentences that the user should read before the run."""
        return []
