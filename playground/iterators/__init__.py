"""Iterators: the batches of a dataset, read in a row, by threads or by processes.

Chainer's ``chainer.iterators``.
"""

from typing import TYPE_CHECKING

from playground.graph.errors import no_such_name
from playground.iterators.dali_iterator import DaliIterator
from playground.iterators.multiprocess_iterator import MultiprocessIterator
from playground.iterators.multithread_iterator import MultithreadIterator
from playground.iterators.order_samplers import OrderSampler, ShuffleOrderSampler
from playground.iterators.serial_iterator import SerialIterator

__all__ = [
    "DaliIterator",
    "MultiprocessIterator",
    "MultithreadIterator",
    "OrderSampler",
    "SerialIterator",
    "ShuffleOrderSampler",
]


if not TYPE_CHECKING:  # for a type checker every name would exist

    def __getattr__(name: str) -> object:
        raise no_such_name(__name__, name, __all__)
