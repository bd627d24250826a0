"""What one problem tells the shared command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from playground.graph.backend import Device
from playground.lab.cli.task import Task
from playground.lab.descent import Rule
from playground.lab.fit import Fit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Problem"]


class Problem(Task):
    """One problem: a subclass says what is minimised, from where, and what the answer means.

    Its data is what :meth:`draw` returned, in this run or in the one that is resumed.
    """

    needs: ClassVar[str]  # the flags that a new run cannot do without
    losses: ClassVar[tuple[str, ...]]  # the choices of --loss, the default first
    # the choices of --rule, the default first
    rules: ClassVar[tuple[str, ...]] = (
        "grow-shrink",
        "grow-shrink-take-back",
        "barzilai-borwein",
        "constant",
    )
    measure: ClassVar[str] = "the loss"  # what --tol is about
    data_names: ClassVar[tuple[str, ...]]  # what draw returns and a resumed run reads again
    resumable = True

    @classmethod
    def draw(cls, settings: argparse.Namespace) -> dict[str, np.ndarray]:
        """The data, from files or from ``settings.seed``; with ``start``. Raises InputError."""
        raise NotImplementedError

    def rule(self) -> str | Rule:
        """The step rule, or its name."""
        return self.settings.rule

    def fresh(self, rng: Any) -> Any:
        """Another random start, for ``--restart fresh``."""
        raise NotImplementedError

    def loss(self, device: Device) -> Any:
        """The function of arrays that is minimised, its constants on ``device``."""
        raise NotImplementedError

    def watch(self, device: Device) -> dict[str, Callable[..., Any]]:
        """Functions of the point whose values are logged with every step, by name."""
        return {}

    def goal(self, device: Device) -> Any:
        """The stop rule that means success."""
        raise NotImplementedError

    @property
    def success(self) -> str:
        """What the goal, once met, is called."""
        return "converged"

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
