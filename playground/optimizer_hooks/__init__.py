"""Hooks of optimizers: ``optimizer.add_hook(WeightDecay(1e-4))`` after ``setup``.

Each changes the gradients before an update is made of them.
"""

from typing import TYPE_CHECKING

from playground.graph.errors import no_such_name
from playground.optimizer_hooks.clipping import GradientClipping, GradientHardClipping, GradientLARS
from playground.optimizer_hooks.penalties import (
    GradientNoise,
    Lasso,
    WeightDecay,
    exponential_decay_noise,
)

__all__ = [
    "GradientClipping",
    "GradientHardClipping",
    "GradientLARS",
    "GradientNoise",
    "Lasso",
    "WeightDecay",
    "exponential_decay_noise",
]


if not TYPE_CHECKING:  # for a type checker every name would exist

    def __getattr__(name: str) -> object:
        raise no_such_name(__name__, name, __all__)
