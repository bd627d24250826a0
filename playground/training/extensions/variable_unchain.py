"""unchain_variables: forget the graphs of what was reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.graph.config import config
from playground.graph.variable import Variable
from playground.training.extension import Extension

if TYPE_CHECKING:
    from playground.training.trainer import Trainer

__all__ = ["unchain_variables"]


class unchain_variables(Extension):  # noqa: N801 (Chainer's name)
    """Unchains each Variable that was reported with its graph.

    For ``config.keep_graph_on_report``, which DumpGraph sets: without it graphs would pile up.
    """

    priority = 0

    def __init__(self) -> None:
        self._kept: bool | None = None

    def initialize(self, trainer: Trainer) -> None:
        """Note whether graphs are kept."""
        self._kept = config.keep_graph_on_report

    def trigger(self, trainer: Trainer) -> bool | None:
        """Whether graphs were kept in this iteration: an extension may just have ended it."""
        kept, self._kept = self._kept, config.keep_graph_on_report
        return kept

    def __call__(self, trainer: Trainer) -> None:
        for value in trainer.observation.values():
            if isinstance(value, Variable):
                value.unchain_backward()
