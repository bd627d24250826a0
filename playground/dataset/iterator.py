"""Iterator: what gives the batches of a dataset one by one."""

from __future__ import annotations

from typing import TypeVar

from playground.graph.types import Batch, Serializing

__all__ = ["Iterator"]

Self = TypeVar("Self", bound="Iterator")


class Iterator:
    """Base class of dataset iterators: a subclass defines ``__next__``.

    A training loop asks for ``batch_size``, ``epoch``, ``epoch_detail`` (2.5 in the middle of the
    third epoch), ``previous_epoch_detail`` (None before the first batch) and ``is_new_epoch``.
    """

    def __del__(self) -> None:
        self.finalize()

    def __iter__(self: Self) -> Self:
        return self

    def __next__(self) -> Batch:
        raise NotImplementedError(f"{type(self).__name__}: define __next__()")

    def next(self) -> Batch:
        """The next batch: ``__next__`` by its name of Python 2."""
        return self.__next__()

    def finalize(self) -> None:
        """Give back threads, processes and files; may be called more than once."""

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.finalize()

    def serialize(self, serializer: Serializing) -> None:
        """Save or load where the iterator stands."""
