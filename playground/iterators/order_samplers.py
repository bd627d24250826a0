"""ExampleOrder samplers: in which order the examples of the next epoch are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from playground.graph.random import source
from playground.graph.types import HostArray, Random

__all__ = ["ExampleOrder", "OrderSampler", "Sampler", "ShuffleOrderSampler", "sampler_of"]

# The numbers of all examples, each where its turn is; None: as they stand.
ExampleOrder: TypeAlias = "HostArray | None"
Sampler: TypeAlias = Callable[[Any, int], Any]


class OrderSampler:
    """Base class: ``sampler(current_order, current_position)`` gives the order of the next epoch.

    It is an array of numbers of examples, as long as the one before.
    """

    def __call__(self, current_order: HostArray, current_position: int) -> HostArray:
        raise NotImplementedError(f"{type(self).__name__}: define __call__(order, position)")


class ShuffleOrderSampler(OrderSampler):
    """A new random order for each epoch, from ``random_state`` or NumPy's global generator."""

    def __init__(self, random_state: Random | None = None) -> None:
        self._random: Any = source(random_state)

    def __call__(self, current_order: HostArray, current_position: int) -> HostArray:
        return self._random.permutation(len(current_order))


def sampler_of(shuffle: bool | None, order_sampler: Sampler | None) -> Sampler | None:
    """What two arguments of an iterator come to; None where examples keep their order."""
    if shuffle is None:
        return order_sampler or ShuffleOrderSampler()
    if order_sampler is not None:
        raise ValueError(
            f"an iterator takes shuffle or order_sampler, not both (shuffle={shuffle!r}): leave "
            f"shuffle out, and the order sampler decides"
        )
    return ShuffleOrderSampler() if shuffle else None
