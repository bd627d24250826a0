"""Where an iterator stands, and which examples come next: the same for all of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from playground.dataset.iterator import Iterator
from playground.graph.types import Batch, Dataset, HostArray, Serializing
from playground.iterators.order_samplers import ExampleOrder, Sampler

__all__ = ["PlacedIterator", "Standing", "examples_at", "next_place"]


class Standing(NamedTuple):
    """Where an iterator stands: what comes next, in which epoch, in which order."""

    current_position: int
    epoch: int
    is_new_epoch: bool
    order: ExampleOrder


def next_place(
    place: Standing, batch_size: int, repeat: bool, sampler: Sampler | None, size: int
) -> tuple[Standing, HostArray | None]:
    """The place after a batch and the numbers of its examples; None for them after the end."""
    start, epoch, _, order = place
    if not repeat and epoch > 0:
        return place, None
    if order is not None:
        size = len(order)
    if repeat and size == 0:
        raise ValueError("an iterator over an empty dataset cannot repeat it: pass repeat=False")
    numbers: list[Any] = []
    end, new_epoch = start + batch_size, False
    # A batch may reach over several epochs, where it is longer than one.
    while end >= size:
        numbers.append(_stretch(order, start, size))
        if order is not None and sampler is not None:
            order = _following(sampler, order, start)
        epoch, new_epoch, start = epoch + 1, True, 0
        end = end - size if repeat else 0
        if not repeat:
            break
    numbers.append(_stretch(order, start, end))
    return Standing(end, epoch, new_epoch, order), np.concatenate(numbers)


def _stretch(order: ExampleOrder, start: int, end: int) -> Any:
    return np.arange(start, end, dtype=np.intp) if order is None else order[start:end]


def _following(sampler: Sampler, order: HostArray, position: int) -> Any:
    following = sampler(order, position)
    if len(following) != len(order):
        raise ValueError(
            f"the order sampler gave {len(following)} numbers after an epoch of {len(order)}: an "
            f"order is to keep its length"
        )
    return following


class PlacedIterator(Iterator):
    """Base class of the iterators here: what they tell of where they stand.

    A subclass sets ``_place`` and ``_previous_epoch_detail`` (-1 before the first batch).
    """

    dataset: Dataset
    batch_size: int
    order_sampler: Sampler | None
    _place: Standing
    # Not None, which serializers do not hold.
    _previous_epoch_detail: float = -1.0

    def _begin(self) -> None:
        if self.batch_size < 1:
            # Chainer's gives empty batches for ever.
            raise ValueError(
                f"{type(self).__name__}: expected a batch_size of 1 or more, got {self.batch_size}"
            )
        order = None
        if self.order_sampler is not None:
            order = self.order_sampler(np.arange(len(self.dataset)), 0)
        self._place = Standing(0, 0, False, order)
        self._previous_epoch_detail = -1.0

    def _following_place(self, place: Standing, repeat: bool) -> tuple[Standing, HostArray | None]:
        sampler = self.order_sampler
        return next_place(place, self.batch_size, repeat, sampler, len(self.dataset))

    @property
    def current_position(self) -> int:
        """The position of the next example in the order of this epoch."""
        return self._place.current_position

    @property
    def epoch(self) -> int:
        """How many epochs are through."""
        return self._place.epoch

    @property
    def is_new_epoch(self) -> bool:
        """Whether the last batch ended an epoch."""
        return self._place.is_new_epoch

    @property
    def _epoch_size(self) -> int:
        order = self._place.order
        return len(self.dataset if order is None else order)

    @property
    def epoch_detail(self) -> float:
        """The epochs, with the part of the present one: 2.5 in the middle of the third."""
        place = self._place
        # An empty dataset has no parts of an epoch.
        return place.epoch + place.current_position / (self._epoch_size or 1)

    @property
    def previous_epoch_detail(self) -> float | None:
        """``epoch_detail`` one batch before; None before the first."""
        before = self._previous_epoch_detail
        return None if before < 0 else before

    def _serialize_place(self, serializer: Serializing) -> Standing:
        """Save or load everything but the order, which stays."""
        place = self._place
        return Standing(
            serializer("current_position", place.current_position),
            serializer("epoch", place.epoch),
            serializer("is_new_epoch", place.is_new_epoch),
            place.order,
        )

    def _serialize_previous(self, serializer: Serializing) -> None:
        """Save or load ``previous_epoch_detail``, which old snapshots do not hold."""
        try:
            found = serializer("previous_epoch_detail", self._previous_epoch_detail)
        except KeyError:
            # One batch ago, as far as can be told.
            found = -1.0
            if self.epoch_detail > 0:
                behind = (self.current_position - self.batch_size) / self._epoch_size
                found = max(self.epoch + behind, 0.0)
        self._previous_epoch_detail = -1.0 if found is None else found


def examples_at(dataset: Dataset, numbers: HostArray) -> Batch:
    """The examples of these numbers."""
    # Python's own numbers: a dataset is asked for them in half the time.
    return [dataset[number] for number in numbers.tolist()]
