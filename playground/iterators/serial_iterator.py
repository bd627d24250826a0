"""SerialIterator: batches read in the thread that asks for them."""

from __future__ import annotations

from playground.graph.types import Batch, Dataset, Serializing
from playground.iterators.order_samplers import Sampler, sampler_of
from playground.iterators.place import PlacedIterator, examples_at

__all__ = ["SerialIterator"]


class SerialIterator(PlacedIterator):
    """The batches of a dataset, each a list of examples.

    Args:
        dataset: what has a length and examples in brackets behind it.
        batch_size: how many examples a batch has; the last may have fewer where ``repeat`` is off.
        repeat: begin again at the end of each epoch, for ever.
        shuffle: a new random order for each epoch. Default: as True, without an ``order_sampler``.
        order_sampler: a function of an epoch's order and the position that gives the next order.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        repeat: bool = True,
        shuffle: bool | None = None,
        order_sampler: Sampler | None = None,
    ) -> None:
        self.dataset, self.batch_size = dataset, batch_size
        self._repeat = repeat
        self.order_sampler = sampler_of(shuffle, order_sampler)
        self.reset()

    @property
    def repeat(self) -> bool:
        """Whether it begins again at the end of each epoch."""
        return self._repeat

    def __next__(self) -> Batch:
        self._previous_epoch_detail = self.epoch_detail
        self._place, numbers = self._following_place(self._place, self._repeat)
        if numbers is None:
            raise StopIteration
        return examples_at(self.dataset, numbers)

    next = __next__

    def reset(self) -> None:
        """Begin anew, with a new order."""
        self._begin()

    def serialize(self, serializer: Serializing) -> None:
        """Save or load where it stands, and the order."""
        place = self._serialize_place(serializer)
        if place.order is not None:
            # Filled in place; "_order" is its name in old snapshots.
            try:
                serializer("order", place.order)
            except KeyError:
                serializer("_order", place.order)
        self._place = place
        self._serialize_previous(serializer)
