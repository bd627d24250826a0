"""DatasetMixin: a dataset of which only single examples are told."""

from __future__ import annotations

from typing import Any

import numpy as np

from playground.graph.types import Example, Index

__all__ = ["DatasetMixin"]


class DatasetMixin:
    """Base class of datasets: a subclass defines ``get_example(i)`` and ``__len__()``.

    ``dataset[i]`` is an example; a slice, a list of numbers or an array of them in brackets gives
    a list of examples, and so does an array of truth values, one for each example.
    """

    def __getitem__(self, index: Index) -> Any:
        if isinstance(index, slice):
            return [self.get_example(i) for i in range(*index.indices(len(self)))]
        if isinstance(index, np.ndarray) and index.dtype == bool:
            # Chainer's would read False and True as the examples 0 and 1.
            if index.shape != (len(self),):
                raise IndexError(
                    f"{type(self).__name__}: a mask of shape {index.shape} for {len(self)} "
                    f"examples: give one truth value for each"
                )
            index = np.flatnonzero(index)
        if isinstance(index, (list, np.ndarray)):
            return [self.get_example(i) for i in index]
        return self.get_example(index)

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__}: define __len__()")

    def get_example(self, i: int) -> Example:
        """The example number ``i``; a subclass defines it. Raises IndexError past the end."""
        raise NotImplementedError(f"{type(self).__name__}: define get_example(i)")
