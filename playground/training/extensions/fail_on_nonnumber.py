"""FailOnNonNumber: ends a training whose parameters are no numbers any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from playground.graph.backend import everywhere
from playground.training.extension import Extension

if TYPE_CHECKING:
    from playground.training.trainer import Trainer

__all__ = ["FailOnNonNumber"]


class FailOnNonNumber(Extension):
    """Raises RuntimeError where a parameter of an optimizer's target holds NaN or infinity."""

    def __call__(self, trainer: Trainer) -> None:
        for name, optimizer in trainer.updater.get_all_optimizers().items():
            for path, param in optimizer.target.namedparams():
                # Values and not gradients: a step whose gradients overflow may be left out.
                if not everywhere(np.isfinite(param.array)):
                    raise RuntimeError(
                        f"FailOnNonNumber: {path} of the optimizer {name!r} is no longer finite in "
                        f"iteration {trainer.updater.iteration}: the training has diverged; a "
                        f"smaller step size or clipped gradients may help"
                    )
