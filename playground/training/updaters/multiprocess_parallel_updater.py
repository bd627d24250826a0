"""MultiprocessParallelUpdater: several GPUs by NCCL, which is not done here."""

from __future__ import annotations

from typing import Any

from playground.graph.errors import DeviceError
from playground.training.updaters.standard_updater import StandardUpdater

__all__ = ["MultiprocessParallelUpdater"]


class MultiprocessParallelUpdater(StandardUpdater):
    """Refused: one process trains here, on one device."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise DeviceError(
            "MultiprocessParallelUpdater: processes that share gradients by NCCL are not there: "
            "train on one device with StandardUpdater(iterator, optimizer, device=0)"
        )

    @staticmethod
    def available() -> bool:
        """Whether it can be used."""
        return False
