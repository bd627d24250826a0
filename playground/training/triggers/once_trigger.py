"""OnceTrigger: at the first iteration, and then no more."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from playground.graph.types import Serializing

if TYPE_CHECKING:
    from playground.training.trainer import Trainer

__all__ = ["OnceTrigger"]


class OnceTrigger:
    """The first time that it is asked; with ``call_on_resume``, once after each start."""

    def __init__(self, call_on_resume: bool = False) -> None:
        # Two: a snapshot brings back the first, the other is as the constructor was told.
        self._flag_first, self._flag_resumed = True, call_on_resume

    @property
    def finished(self) -> bool:
        """Whether it will not fire any more."""
        return not (self._flag_first or self._flag_resumed)

    def __call__(self, trainer: Trainer) -> bool:
        fires = not self.finished
        self._flag_first = self._flag_resumed = False
        return fires

    def serialize(self, serializer: Serializing) -> None:
        """Save or load whether it has fired."""
        try:
            self._flag_first = serializer("_flag_first", self._flag_first)
        except KeyError:
            warnings.warn(
                "OnceTrigger: the snapshot does not hold whether it has fired: taken as yes",
                stacklevel=2,
            )
            self._flag_first = False
