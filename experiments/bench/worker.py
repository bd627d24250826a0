"""One peer in a process of its own: JSON questions on stdin, JSON answers on the first stdout.

Started by the driver as `python -m experiments.bench.worker PEER CPU`.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

REHEARSALS = 3


class Peer:
    """The peer's module and the callable that is being timed."""

    def __init__(self, name: str) -> None:
        self.module = importlib.import_module(f"experiments.bench.peers.{name}")
        self.call: Callable[[], Any] = lambda: None

    def step(self, n: int) -> dict[str, Any]:
        self.call = lambda: None
        gc.collect()
        self.call = self.module.step(n)
        return {"loss": [self.call() for _ in range(REHEARSALS)]}

    def chain(self, k: int, shape: list[int]) -> dict[str, Any]:
        self.call = self.module.chain(k, tuple(shape))
        self.call()
        return {}

    def time(self, repeats: int) -> dict[str, Any]:
        call, rounds = self.call, range(repeats)
        start = time.perf_counter()
        for _ in rounds:
            call()
        return {"seconds": (time.perf_counter() - start) / repeats}

    def peak(self, n: int) -> dict[str, Any]:
        """Bytes at the peak of a step, the given X, Y and I among them; of NumPy's arrays only."""
        gc.collect()
        tracemalloc.start()
        self.step(n)
        tracemalloc.reset_peak()
        self.call()
        bytes_at_peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return {"bytes": bytes_at_peak}


def pin(cpu: int) -> None:
    """Stay on one processor where the system can do that."""
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setaffinity(0, {cpu})


def load(name: str) -> tuple[Peer | None, dict[str, Any]]:
    """Return the peer and its first answer; no peer where its library is missing."""
    try:
        peer = Peer(name)
    except ImportError as error:
        return None, {"error": f"not installed ({error})"}
    return peer, {"name": peer.module.NAME}


def answer(peer: Peer | None, question: dict[str, Any]) -> dict[str, Any]:
    try:
        return getattr(peer, question.pop("do"))(**question)
    except Exception as error:  # whatever a peer raises is its answer
        return {"error": f"{type(error).__name__}: {error}"[:300]}


def main() -> None:
    name, cpu = sys.argv[1:]
    pin(int(cpu))
    # A peer that prints would spoil the answers: they leave through a descriptor of their own.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    peer, first = load(name)
    print(json.dumps(first), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(peer, json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
