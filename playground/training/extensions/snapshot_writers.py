"""Writers of snapshots: at once, or by a thread or process while the training goes on."""

from __future__ import annotations

import multiprocessing
import os
import queue
import threading
from collections.abc import Callable
from typing import Any, Protocol

from playground.graph.drafts import draft_of
from playground.graph.types import Tree

__all__ = [
    "ProcessQueueWriter",
    "ProcessWriter",
    "QueueWriter",
    "SimpleWriter",
    "StandardWriter",
    "ThreadQueueWriter",
    "ThreadWriter",
    "Writer",
    "save_as_npz",
]

SaveFunction = Callable[..., Any]


class _Worker(Protocol):
    """A thread or a process."""

    def start(self) -> None: ...
    def join(self) -> None: ...


def save_as_npz(path: str, target: Tree) -> None:
    """Save with ``serializers.save_npz``."""
    # Here, for who saves nothing needs no serializers.
    from playground.serializers import save_npz

    save_npz(path, target)


class Writer:
    """Base class of writers: ``writer(filename, outdir, target)`` saves a dict of arrays."""

    def __init__(self) -> None:
        self._post_save_hooks: list[Callable[[], Any]] = []

    def __call__(self, filename: str, outdir: str, target: Tree) -> None:
        raise NotImplementedError(f"{type(self).__name__}: define __call__(name, outdir, target)")

    def __del__(self) -> None:
        self.finalize()

    def finalize(self) -> None:
        """Wait until everything is written."""

    def save(
        self, filename: str, outdir: str, target: Tree, savefun: SaveFunction, **kwds: Any
    ) -> None:
        """Save one file, which is there whole or not at all, and clear up."""
        with draft_of(os.path.join(outdir, filename)) as draft:
            savefun(draft, target, **kwds)
        # After the new one is there: a full disk costs no old snapshot.
        for hook in self._post_save_hooks:
            hook()

    def _add_cleanup_hook(self, hook: Callable[[], Any]) -> None:
        self._post_save_hooks.append(hook)


class SimpleWriter(Writer):
    """Saves at once: ``savefun(path, target, **kwds)``."""

    def __init__(self, savefun: SaveFunction = save_as_npz, **kwds: Any) -> None:
        super().__init__()
        self._savefun, self._kwds = savefun, kwds

    def __call__(self, filename: str, outdir: str, target: Tree) -> None:
        self.save(filename, outdir, target, self._savefun, **self._kwds)


class StandardWriter(Writer):
    """Base class: a new worker for each snapshot; a subclass defines :meth:`create_worker`."""

    _worker: _Worker | None = None

    def __init__(self, savefun: SaveFunction = save_as_npz, **kwds: Any) -> None:
        super().__init__()
        self._savefun, self._kwds = savefun, kwds

    def __call__(self, filename: str, outdir: str, target: Tree) -> None:
        # One at a time, so that the newest snapshot is the last written.
        self.finalize()
        self._worker = self.create_worker(filename, outdir, target, **self._kwds)
        self._worker.start()

    def create_worker(self, filename: str, outdir: str, target: Tree, **kwds: Any) -> _Worker:
        """What saves, once it is started: it has ``start`` and ``join``."""
        raise NotImplementedError(f"{type(self).__name__}: define create_worker(…)")

    def finalize(self) -> None:
        """Wait until the last snapshot is written."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.join()


class ThreadWriter(StandardWriter):
    """Saves in a thread."""

    def create_worker(self, filename: str, outdir: str, target: Tree, **kwds: Any) -> _Worker:
        """A thread that saves."""
        work = (filename, outdir, target, self._savefun)
        return threading.Thread(target=self.save, args=work, kwargs=kwds)


class ProcessWriter(StandardWriter):
    """Saves in a process."""

    def create_worker(self, filename: str, outdir: str, target: Tree, **kwds: Any) -> _Worker:
        """A process that saves."""
        work = (filename, outdir, target, self._savefun)
        return multiprocessing.Process(target=self.save, args=work, kwargs=kwds)


class QueueWriter(Writer):
    """Base class: one worker for all snapshots; a subclass makes the queue and the worker.

    ``task`` is what saves, called as a writer; default: a :class:`SimpleWriter` of ``savefun``.
    """

    _consumer: _Worker | None = None

    def __init__(self, savefun: SaveFunction = save_as_npz, task: Writer | None = None) -> None:
        super().__init__()
        self._task = self.create_task(savefun) if task is None else task
        self._queue = self.create_queue()
        self._consumer = self.create_consumer(self._queue)
        self._consumer.start()

    def __call__(self, filename: str, outdir: str, target: Tree) -> None:
        self._queue.put((self._task, filename, outdir, target))

    def _add_cleanup_hook(self, hook: Callable[[], Any]) -> None:
        # Called where the file is saved.
        self._task._add_cleanup_hook(hook)

    def create_task(self, savefun: SaveFunction) -> Writer:
        """What saves."""
        return SimpleWriter(savefun=savefun)

    def create_queue(self) -> Any:
        """What tasks wait in."""
        raise NotImplementedError(f"{type(self).__name__}: define create_queue()")

    def create_consumer(self, q: Any) -> _Worker:
        """What carries out the tasks of the queue, by :meth:`consume`."""
        raise NotImplementedError(f"{type(self).__name__}: define create_consumer(queue)")

    def consume(self, q: Any) -> None:
        """Carry out tasks until None comes."""
        while (task := q.get()) is not None:
            task[0](*task[1:])

    def finalize(self) -> None:
        """Wait until every snapshot is written, and end the worker."""
        # Once: it is called at the end of the training, and again when the writer is gone.
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            self._queue.put(None)
            consumer.join()


class ThreadQueueWriter(QueueWriter):
    """Saves in one thread, one snapshot after the other."""

    def create_queue(self) -> Any:
        """A queue between threads."""
        return queue.Queue()

    def create_consumer(self, q: Any) -> _Worker:
        """The thread."""
        return threading.Thread(target=self.consume, args=(q,), daemon=True)


class ProcessQueueWriter(QueueWriter):
    """Saves in one process, one snapshot after the other."""

    def create_queue(self) -> Any:
        """A queue between processes."""
        return multiprocessing.JoinableQueue()

    def create_consumer(self, q: Any) -> _Worker:
        """The process."""
        return multiprocessing.Process(target=self.consume, args=(q,), daemon=True)
