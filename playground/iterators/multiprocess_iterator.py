"""MultiprocessIterator: batches that other processes read ahead."""

from __future__ import annotations

import multiprocessing
import queue
import signal
import time
import warnings
from collections import deque
from multiprocessing.context import BaseContext
from typing import Any

from playground.graph.types import Batch, Dataset, Serializing
from playground.iterators.order_samplers import Sampler, sampler_of
from playground.iterators.place import PlacedIterator, Standing

__all__ = ["MultiprocessIterator"]

# How often a batch that is waited for makes way for a look at the workers, in seconds.
LOOK = 0.2


class MultiprocessIterator(PlacedIterator):
    """As :class:`SerialIterator`, with processes that read the next ``n_prefetch`` batches ahead.

    The dataset goes to the processes, and the examples come back, as Python's multiprocessing sends
    things; ``shared_mem`` and ``maxtasksperchild`` are taken and not needed. A batch that takes
    longer than ``dataset_timeout`` seconds is warned of (``MultiprocessIterator.TimeoutWarning``).
    """

    class TimeoutWarning(RuntimeWarning):
        """A batch is not there yet, after a long time."""

    _workers: _Workers | None = None
    _finalized = False

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        repeat: bool = True,
        shuffle: bool | None = None,
        n_processes: int | None = None,
        n_prefetch: int = 1,
        shared_mem: int | None = None,
        order_sampler: Sampler | None = None,
        dataset_timeout: float | None = 30.0,
        maxtasksperchild: int | None = None,
    ) -> None:
        self.dataset, self.batch_size, self.repeat = dataset, batch_size, repeat
        self.shuffle = shuffle
        self.order_sampler = sampler_of(shuffle, order_sampler)
        self.n_processes = n_processes or multiprocessing.cpu_count()
        self.n_prefetch = max(n_prefetch, 1)
        self.shared_mem = shared_mem
        self.dataset_timeout = dataset_timeout
        self.reset()

    def __next__(self) -> Batch:
        self._refuse_finalized()
        self._ask_ahead()
        self._previous_epoch_detail = self.epoch_detail
        ticket, size, self._place = self._asked[0]
        if ticket is None or self._workers is None:
            raise StopIteration
        self._asked.popleft()
        return self._workers.batch(ticket, size, self.dataset_timeout)

    next = __next__

    def _ask_ahead(self) -> None:
        """Keep ``n_prefetch`` batches asked for beside the one that is wanted now."""
        while len(self._asked) <= self.n_prefetch:
            last = self._asked[-1][2] if self._asked else self._place
            place, numbers = self._following_place(last, self.repeat)
            if numbers is None:
                self._asked.append((None, 0, place))
                return
            if self._workers is None:
                # Not before the first batch: who never asks for one starts no process.
                self._workers = _Workers(self.dataset, self.n_processes)
            self._asked.append((self._workers.ask(numbers.tolist()), len(numbers), place))

    def reset(self) -> None:
        """Begin anew, with a new order."""
        self._refuse_finalized()
        self._begin()
        self._forget_asked()

    def _forget_asked(self) -> None:
        # Of each batch its ticket (None: the end), its size, and the place after it.
        self._asked: deque[tuple[int | None, int, Standing]] = deque()
        if self._workers is not None:
            self._workers.forget()

    def _refuse_finalized(self) -> None:
        if self._finalized:
            raise NotImplementedError(
                "MultiprocessIterator: it is finalized, its processes have ended: make a new one"
            )

    def finalize(self) -> None:
        """End the processes."""
        self._finalized = True
        workers, self._workers = self._workers, None
        if workers is not None:
            workers.end()

    def __copy__(self) -> MultiprocessIterator:
        other = MultiprocessIterator(
            self.dataset,
            self.batch_size,
            self.repeat,
            self.shuffle,
            self.n_processes,
            self.n_prefetch,
            self.shared_mem,
            None if self.shuffle is not None else self.order_sampler,
            self.dataset_timeout,
        )
        other._place, other._previous_epoch_detail = self._place, self._previous_epoch_detail
        return other

    def serialize(self, serializer: Serializing) -> None:
        """Save or load where it stands, and the order."""
        place = self._serialize_place(serializer)
        if place.order is not None:
            order = place.order.copy()
            try:
                serializer("order", order)
            except KeyError:
                serializer("_order", order)
            place = place._replace(order=order)
        self._place = place
        self._forget_asked()
        self._serialize_previous(serializer)


class _Workers:
    """Processes that read examples, and the queues to and from them."""

    def __init__(self, dataset: Dataset, count: int) -> None:
        context: BaseContext = multiprocessing.get_context()
        self._tasks, self._results = context.Queue(), context.Queue()
        # What was asked for and is not wanted any more must not hold up the end of this process.
        self._tasks.cancel_join_thread()
        self._next = 0
        # Batches that are on the way: ticket -> position -> what came.
        self._arrived: dict[int, dict[int, Any]] = {}
        handed = (dataset, self._tasks, self._results)
        self._processes = [
            context.Process(target=_work, args=handed, daemon=True)  # type: ignore[attr-defined]
            for _ in range(count)
        ]
        for process in self._processes:
            process.start()

    def ask(self, numbers: list[int]) -> int:
        """Have a batch read; returns the ticket to fetch it with."""
        ticket, self._next = self._next, self._next + 1
        self._arrived[ticket] = {}
        for position, number in enumerate(numbers):
            self._tasks.put((ticket, position, number))
        return ticket

    def forget(self) -> None:
        """Nobody waits any more for what was asked for."""
        self._arrived.clear()

    def batch(self, ticket: int, size: int, patience: float | None) -> Batch:
        """Wait for a batch. Raises what the dataset raised."""
        found = self._arrived[ticket]
        began = time.monotonic()
        while len(found) < size:
            try:
                came, position, *outcome = self._results.get(timeout=LOOK)
            except queue.Empty:
                self._look_after(time.monotonic() - began, patience)
                continue
            if came in self._arrived:
                self._arrived[came][position] = outcome
        del self._arrived[ticket]
        # In the order of the batch: an error of a later batch waits for its turn.
        for _, error in (found[position] for position in range(size)):
            if error is not None:
                raise error
        return [found[position][0] for position in range(size)]

    def _look_after(self, waited: float, patience: float | None) -> None:
        if not all(process.is_alive() for process in self._processes):
            codes = [p.exitcode for p in self._processes if p.exitcode is not None]
            raise RuntimeError(
                f"MultiprocessIterator: a process that reads examples has ended (exit code "
                f"{codes[0]}): read them with SerialIterator to see why"
            )
        if patience is not None and waited > patience:
            warnings.warn(
                f"MultiprocessIterator: a batch is awaited for {waited:.0f} s: the dataset is slow "
                f"or stands still (try MultithreadIterator)",
                MultiprocessIterator.TimeoutWarning,
                stacklevel=4,
            )

    def end(self) -> None:
        """End the processes, whatever they do."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join()
        for waiting in (self._tasks, self._results):
            waiting.close()


def _work(dataset: Dataset, tasks: Any, results: Any) -> None:
    """What a worker does: read the examples that it is asked for, for ever."""
    # Ctrl-C is for the process that trains, which ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        ticket, position, number = tasks.get()
        try:
            results.put((ticket, position, dataset[number], None))
        except Exception as error:
            told = RuntimeError(f"example {number} of the dataset: {type(error).__name__}: {error}")
            results.put((ticket, position, None, _sendable(error, told)))


def _sendable(error: Exception, otherwise: Exception) -> Exception:
    """An exception that comes out whole at the other side: some cannot be made again there."""
    from multiprocessing.reduction import ForkingPickler

    try:
        ForkingPickler.loads(ForkingPickler.dumps(error))
    except Exception:
        return otherwise
    return error
