"""TransformDataset: a dataset seen through a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playground.dataset.dataset_mixin import DatasetMixin
from playground.graph.types import Dataset, Example

__all__ = ["TransformDataset"]


class TransformDataset(DatasetMixin):
    """``transform(example)`` for each example of a dataset, made when it is asked for."""

    def __init__(self, dataset: Dataset, transform: Callable[[Any], Any]) -> None:
        self._dataset, self._transform = dataset, transform

    def __len__(self) -> int:
        return len(self._dataset)

    def get_example(self, i: int) -> Example:
        """Example i, transformed."""
        return self._transform(self._dataset[i])
