"""Datasets and batches: what a dataset and an iterator are, how examples become arrays, the cache.

Chainer's ``chainer.dataset``.
"""

from typing import TYPE_CHECKING

from playground.dataset.convert import (
    ConcatWithAsyncTransfer,
    Converter,
    concat_examples,
    converter,
    to_device,
)
from playground.dataset.dataset_mixin import DatasetMixin
from playground.dataset.download import (
    cache_or_load_file,
    cached_download,
    get_dataset_directory,
    get_dataset_root,
    set_dataset_root,
)
from playground.dataset.iterator import Iterator
from playground.dataset.tabular import TabularDataset
from playground.graph.errors import no_such_name

__all__ = [
    "ConcatWithAsyncTransfer",
    "Converter",
    "DatasetMixin",
    "Iterator",
    "TabularDataset",
    "cache_or_load_file",
    "cached_download",
    "concat_examples",
    "converter",
    "get_dataset_directory",
    "get_dataset_root",
    "set_dataset_root",
    "to_device",
]


if not TYPE_CHECKING:  # for a type checker every name would exist

    def __getattr__(name: str) -> object:
        raise no_such_name(__name__, name, __all__)
