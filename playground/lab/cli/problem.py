"""What one problem tells the shared command line."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from playground.graph.backend import Device
from playground.lab.fit import Fit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Problem"]


class Problem:
    """One problem: a subclass says what is minimised, from where, and what the answer means.

    An instance is made from the settings (one attribute a flag) and the data: host arrays by name
    that :meth:`draw` returned, in this run or in the one that is resumed.
    """

    name: ClassVar[str]  # runs land in logs/<name>/
    needs: ClassVar[str]  # the flags that a new run cannot do without
    about: ClassVar[str]  # the head of --help
    examples: ClassVar[str]  # the foot of --help
    losses: ClassVar[tuple[str, ...]]  # the choices of --loss, the default first
    measure: ClassVar[str] = "the loss"  # what --tol is about
    data_names: ClassVar[tuple[str, ...]]  # what draw returns and a resumed run reads again

    def __init__(self, settings: argparse.Namespace, data: Mapping[str, np.ndarray]) -> None:
        self.settings = settings
        self.data = data

    @classmethod
    def add_flags(cls, group: Any) -> None:
        """Add the flags that say what the problem is, with ``default=None``."""

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """The values of the problem's own flags where none is given."""
        return {}

    @classmethod
    def draw(cls, settings: argparse.Namespace) -> dict[str, np.ndarray]:
        """The data, from files or from ``settings.seed``; with ``start``. Raises InputError."""
        raise NotImplementedError

    def warnings(self) -> list[str]:
        """Sentences that the user should read before the run."""
        return []

    def fresh(self, rng: Any) -> Any:
        """Another random start, for ``--restart fresh``."""
        raise NotImplementedError

    def loss(self, device: Device) -> Any:
        """The function of arrays that is minimised, its constants on ``device``."""
        raise NotImplementedError

    def goal(self, device: Device) -> Any:
        """The stop rule that means success."""
        raise NotImplementedError

    @property
    def hopeless(self) -> str:
        """Why no run of this problem can converge, or ''."""
        return ""

    def answer(self, result: Fit) -> tuple[list[str], list[tuple[str, str]]]:
        """What was found: paragraphs, then (label, text) pairs for the list at the end."""
        raise NotImplementedError

    def advice(self, result: Fit) -> str:
        """What would help a run that did not converge, or '' to leave it to the stop rule."""
        return ""

    def results(self, result: Fit) -> dict[str, np.ndarray]:
        """Arrays that are written to ``<name>.npy`` beside the log."""
        return {}

    def pictures(self, result: Fit) -> dict[str, Axes]:
        """Axes by the name of the file they are written to, without its ending."""
        return {}
