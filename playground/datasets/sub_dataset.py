"""Parts of a dataset: splits, random splits, and splits for cross validation."""

from __future__ import annotations

import numbers
import warnings
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from playground.dataset.dataset_mixin import DatasetMixin
from playground.graph.types import Dataset, Example, HostArray

__all__ = [
    "SubDataset",
    "get_cross_validation_datasets",
    "get_cross_validation_datasets_random",
    "split_dataset",
    "split_dataset_n",
    "split_dataset_n_random",
    "split_dataset_random",
]

# The numbers of all examples in another order.
Permutation: TypeAlias = "Sequence[int] | HostArray | None"


class SubDataset(DatasetMixin):
    """The examples ``start`` to ``finish`` of a dataset, as they stand or in an ``order``."""

    def __init__(
        self, dataset: Dataset, start: int, finish: int, order: Permutation = None
    ) -> None:
        if start < 0 or finish > len(dataset):
            raise ValueError(
                f"SubDataset: {start} to {finish} reaches over the dataset, which has "
                f"{len(dataset)} examples"
            )
        if order is not None and len(order) != len(dataset):
            raise ValueError(
                f"SubDataset: an order of {len(order)} numbers for {len(dataset)} examples: it is "
                f"to hold the number of each"
            )
        self._dataset, self._order = dataset, order
        self._start, self._finish = start, finish
        self._size = finish - start

    def __len__(self) -> int:
        return self._size

    def get_example(self, i: int) -> Example:
        """Example i of this part; from its end for a negative i. Raises IndexError."""
        if not -self._size <= i < self._size:
            raise IndexError(f"SubDataset: there is no example {i} among {self._size}")
        index: Any = i + (self._start if i >= 0 else self._finish)
        return self._dataset[index if self._order is None else self._order[index]]


def split_dataset(
    dataset: Dataset, split_at: int, order: Permutation = None
) -> tuple[SubDataset, SubDataset]:
    """The first ``split_at`` examples, and the others. Raises ValueError, TypeError."""
    if not isinstance(split_at, numbers.Integral):
        raise TypeError(f"split_dataset: split_at is to be an int, got {type(split_at).__name__}")
    if not 0 <= split_at <= len(dataset):
        raise ValueError(
            f"split_dataset: split_at is to lie in 0 to {len(dataset)}, the number of examples, "
            f"got {split_at}"
        )
    return (
        SubDataset(dataset, 0, split_at, order),
        SubDataset(dataset, split_at, len(dataset), order),
    )


def split_dataset_random(
    dataset: Dataset, first_size: int, seed: int | None = None
) -> tuple[SubDataset, SubDataset]:
    """``first_size`` examples at random, and the others."""
    return split_dataset(dataset, first_size, _shuffled(dataset, seed))


def split_dataset_n(dataset: Dataset, n: int, order: Permutation = None) -> list[SubDataset]:
    """``n`` parts of one size; up to n - 1 examples at the end are left over."""
    size = len(dataset) // n
    return [SubDataset(dataset, size * i, size * (i + 1), order) for i in range(n)]


def split_dataset_n_random(dataset: Dataset, n: int, seed: int | None = None) -> list[SubDataset]:
    """``n`` parts of one size, at random; up to n - 1 examples are left over."""
    return split_dataset_n(dataset, n, _shuffled(dataset, seed))


def get_cross_validation_datasets(
    dataset: Dataset, n_folds: int | None = None, order: Permutation = None, **kwargs: int
) -> list[tuple[SubDataset, SubDataset]]:
    """``n_folds`` pairs of a large part to train on and a small one to test on.

    Each example is in one of the small parts, whose sizes differ by one at most.
    """
    folds = _folds("get_cross_validation_datasets", n_folds, kwargs)
    size = len(dataset)
    turned = np.arange(size) if order is None else np.array(order)
    borders = [size * i // folds for i in range(folds + 1)]
    pairs = []
    # From the last small part to the first, each turned to the end of the order.
    for i in reversed(range(folds)):
        held_out = borders[i + 1] - borders[i]
        pairs.append(split_dataset(dataset, size - held_out, turned))
        # Chainer's order, on which the numbers of old runs depend.
        turned = np.roll(turned, held_out)
    return pairs


def get_cross_validation_datasets_random(
    dataset: Dataset, n_folds: int | None = None, seed: int | None = None, **kwargs: int
) -> list[tuple[SubDataset, SubDataset]]:
    """:func:`get_cross_validation_datasets` in a random order."""
    folds = _folds("get_cross_validation_datasets_random", n_folds, kwargs)
    return get_cross_validation_datasets(dataset, folds, _shuffled(dataset, seed))


def _shuffled(dataset: Dataset, seed: int | None) -> HostArray:
    return np.random.RandomState(seed).permutation(len(dataset))


def _folds(name: str, n_folds: int | None, kwargs: dict[str, int]) -> int:
    if "n_fold" in kwargs:
        warnings.warn(f"{name}: n_fold is called n_folds", DeprecationWarning, stacklevel=3)
        n_folds = kwargs.pop("n_fold")
    if kwargs or n_folds is None:
        raise TypeError(f"{name}: expected n_folds, got {', '.join(kwargs) or 'nothing'}")
    return n_folds
