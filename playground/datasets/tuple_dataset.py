"""Datasets put together: side by side as tuples or dicts, or one behind the other."""

from __future__ import annotations

from typing import Any

from playground.dataset.dataset_mixin import DatasetMixin
from playground.graph.types import Dataset, Example, Index

__all__ = ["ConcatenatedDataset", "DictDataset", "TupleDataset"]


def _common_length(datasets: dict[Any, Dataset], maker: str) -> int:
    if not datasets:
        raise ValueError(f"{maker}: expected at least one dataset, got none")
    lengths = {name: len(dataset) for name, dataset in datasets.items()}
    first = next(iter(lengths.values()))
    for name, length in lengths.items():
        if length != first:
            raise ValueError(
                f"{maker}: the datasets are to have one length: {name!r} has {length} examples, "
                f"the first has {first}"
            )
    return first


class TupleDataset:
    """Datasets of one length side by side: example i is the tuple of their examples i."""

    def __init__(self, *datasets: Dataset) -> None:
        self._length = _common_length(dict(enumerate(datasets)), "TupleDataset")
        self._datasets = datasets

    def __getitem__(self, index: Index) -> Any:
        parts = [dataset[index] for dataset in self._datasets]
        # A slice of each at once, and then the examples: arrays are cut much faster than asked.
        if isinstance(index, slice):
            return [tuple([part[i] for part in parts]) for i in range(len(parts[0]))]
        return tuple(parts)

    def __len__(self) -> int:
        return self._length


class DictDataset:
    """Datasets of one length side by side: example i is a dict of their examples i, by name."""

    def __init__(self, **datasets: Dataset) -> None:
        self._length = _common_length(datasets, "DictDataset")
        self._datasets = datasets

    def __getitem__(self, index: Index) -> Any:
        parts = {name: dataset[index] for name, dataset in self._datasets.items()}
        if isinstance(index, slice):
            length = len(next(iter(parts.values())))
            return [{name: part[i] for name, part in parts.items()} for i in range(length)]
        return parts

    def __len__(self) -> int:
        return self._length


class ConcatenatedDataset(DatasetMixin):
    """Datasets one behind the other."""

    def __init__(self, *datasets: Dataset) -> None:
        self._datasets = datasets

    def __len__(self) -> int:
        return sum(len(dataset) for dataset in self._datasets)

    def get_example(self, i: int) -> Example:
        """Example i, counted through all of them. Raises IndexError, for negative i too."""
        left = i
        for dataset in self._datasets:
            if 0 <= left < len(dataset):
                return dataset[left]
            # Lengths are asked each time: a dataset may grow.
            left -= len(dataset)
        raise IndexError(f"ConcatenatedDataset: there is no example {i}, only 0 to {len(self) - 1}")
