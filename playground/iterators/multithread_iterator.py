"""MultithreadIterator: batches that threads read ahead."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from playground.graph.types import Batch, Dataset, Serializing
from playground.iterators.order_samplers import Sampler, sampler_of
from playground.iterators.place import PlacedIterator, Standing

__all__ = ["MultithreadIterator"]


class MultithreadIterator(PlacedIterator):
    """As :class:`SerialIterator`, with ``n_threads`` threads that read the next batch ahead."""

    _pool: ThreadPoolExecutor | None = None
    # The batch that is being read, and where the iterator stands after it.
    _ahead: tuple[list[Future[Any]] | None, Standing] | None = None

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        repeat: bool = True,
        shuffle: bool | None = None,
        n_threads: int = 1,
        order_sampler: Sampler | None = None,
    ) -> None:
        self.dataset, self.batch_size = dataset, batch_size
        self._repeat = repeat
        self.order_sampler = sampler_of(shuffle, order_sampler)
        self.n_threads = n_threads
        self.reset()

    @property
    def repeat(self) -> bool:
        """Whether it begins again at the end of each epoch."""
        return self._repeat

    def reset(self) -> None:
        """Begin anew, with a new order."""
        self._begin()
        self._ahead = None

    def finalize(self) -> None:
        """End the threads; the next batch would start new ones."""
        self._ahead = None
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def __getstate__(self) -> dict[str, Any]:
        # A copy reads with threads of its own: whoever is finalized first would end the other's.
        return {k: v for k, v in vars(self).items() if k not in ("_pool", "_ahead")}

    def __next__(self) -> Batch:
        futures, place = self._ahead or self._read_ahead()
        self._previous_epoch_detail = self.epoch_detail
        self._place, self._ahead = place, None
        if futures is None:
            raise StopIteration
        # Whole before the next is begun: a dataset is not asked for two batches at a time.
        batch = [future.result() for future in futures]
        self._ahead = self._read_ahead()
        return batch

    next = __next__

    def _read_ahead(self) -> tuple[list[Future[Any]] | None, Standing]:
        place, numbers = self._following_place(self._place, self._repeat)
        if numbers is None:
            return None, place
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.n_threads)
        read = self.dataset.__getitem__
        return [self._pool.submit(read, number) for number in numbers.tolist()], place

    def serialize(self, serializer: Serializing) -> None:
        """Save or load where it stands, and the order."""
        place = self._serialize_place(serializer)
        self._place = place._replace(order=serializer("_order", place.order))
        self._serialize_previous(serializer)
        self._ahead = None
