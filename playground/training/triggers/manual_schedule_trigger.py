"""ManualScheduleTrigger: at iterations or epochs of a list."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from playground.graph.types import Serializing
from playground.training.triggers.interval_trigger import Counting

if TYPE_CHECKING:
    from playground.training.trainer import Trainer

__all__ = ["ManualScheduleTrigger"]


class ManualScheduleTrigger(Counting):
    """At each of ``points``: iterations, or epochs and parts of them.

    Attributes:
        finished: whether all are over; an extension of such a trigger is not initialised.
    """

    def __init__(self, points: float | list[float], unit: str) -> None:
        super().__init__(unit)
        self.points = points if isinstance(points, list) else [points]
        self.finished = False
        # Whether a snapshot did not tell, so that the next call has to find out.
        self._unsure = False

    def __call__(self, trainer: Trainer) -> bool:
        before, now = self._advance(trainer)
        # Between two calls, not at one: epochs do not fall on the points.
        fires = any(before < point <= now for point in self.points)
        if (fires or self._unsure) and now >= max(self.points):
            self.finished = True
        self._unsure = False
        return fires

    def serialize(self, serializer: Serializing) -> None:
        """Save or load what was counted, and whether it is over."""
        super().serialize(serializer)
        try:
            self.finished = serializer("finished", self.finished)
        except KeyError:
            warnings.warn(
                f"{type(self).__name__}: the snapshot does not hold whether it has finished: "
                f"seen at the next call",
                stacklevel=2,
            )
            self.finished, self._unsure = False, True
