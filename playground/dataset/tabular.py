"""Tabular datasets: columns with names, of which only what is asked for is read.

Chainer's ``chainer.dataset.tabular``. A dataset is put together from others (sliced, joined,
concatenated, transformed) without reading an example.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

from playground.dataset.dataset_mixin import DatasetMixin
from playground.graph.backend import is_array
from playground.graph.types import Dataset, Example, Index

__all__ = ["DelegateDataset", "TabularDataset", "from_data"]

# What an example is: a tuple, a dict, or (None) the one column itself.
Mode: TypeAlias = type | None
# The numbers of examples; None for all of them.
Rows: TypeAlias = Any
# The numbers of columns; None for all of them.
Columns: TypeAlias = tuple[int, ...] | None


class TabularDataset(DatasetMixin):
    """Base class: a subclass defines ``__len__``, ``keys``, ``mode`` and ``get_examples``."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the columns."""
        raise NotImplementedError(f"{type(self).__name__}: define keys")

    @property
    def mode(self) -> Mode:
        """What an example is: ``tuple``, ``dict``, or None for a single column."""
        raise NotImplementedError(f"{type(self).__name__}: define mode")

    def get_examples(self, indices: Rows, key_indices: Columns) -> tuple[Any, ...]:
        """Columns, each a list or an array of the examples asked for.

        ``indices`` is a list of numbers, a slice or None; ``key_indices`` a tuple or None.
        """
        raise NotImplementedError(f"{type(self).__name__}: define get_examples(rows, columns)")

    @property
    def slice(self) -> _Slicer:
        """``dataset.slice[rows]`` and ``dataset.slice[rows, keys]`` are datasets, too."""
        return _Slicer(self)

    def fetch(self) -> Any:
        """All examples: columns in a tuple or a dict, or the one column."""
        return self._shaped(self.get_examples(None, None))

    def convert(self, data: Any) -> Any:
        """Arrays of what :meth:`fetch` gave."""
        if isinstance(data, tuple):
            return tuple(map(_as_column, data))
        if isinstance(data, dict):
            return {key: _as_column(column) for key, column in data.items()}
        return _as_column(data)

    def astuple(self) -> TabularDataset:
        """The same with tuples as examples."""
        return _View(self, tuple)

    def asdict(self) -> TabularDataset:
        """The same with dicts as examples."""
        return _View(self, dict)

    def concat(self, *datasets: TabularDataset) -> TabularDataset:
        """This and others of the same columns, one behind the other."""
        return _Concatenated(self, *datasets)

    def join(self, *datasets: TabularDataset) -> TabularDataset:
        """This and others of the same length, side by side."""
        return _Joined(self, *datasets)

    def transform(self, keys: str | tuple[str, ...], transform: Callable[..., Any]) -> Any:
        """``transform`` of each example: its columns as arguments, or keywords of a dict."""
        return _Transformed(self, keys, transform, batches=False)

    def transform_batch(self, keys: str | tuple[str, ...], transform: Callable[..., Any]) -> Any:
        """``transform`` of many examples at once, as columns."""
        return _Transformed(self, keys, transform, batches=True)

    def with_converter(self, converter: Callable[..., Any]) -> TabularDataset:
        """The same with another :meth:`convert`."""
        return _Converted(self, converter)

    def get_example(self, i: int) -> Example:
        """Example i."""
        return self._shaped(tuple(column[0] for column in self.get_examples([i], None)))

    def __iter__(self) -> Iterator[Any]:
        return (self.get_example(i) for i in range(len(self)))

    def _shaped(self, columns: tuple[Any, ...]) -> Any:
        if self.mode is dict:
            return dict(zip(self.keys, columns, strict=True))
        return tuple(columns) if self.mode is tuple else columns[0]


def _as_column(data: Any) -> Any:
    return data if is_array(data) else np.asarray(data)


class DelegateDataset(TabularDataset):
    """Base class of datasets that change some part of another, ``dataset``."""

    def __init__(self, dataset: TabularDataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    @property
    def keys(self) -> tuple[str, ...]:
        """The other's."""
        return self.dataset.keys

    @property
    def mode(self) -> Mode:
        """The other's."""
        return self.dataset.mode

    def get_examples(self, indices: Rows, key_indices: Columns) -> tuple[Any, ...]:
        """The other's."""
        return self.dataset.get_examples(indices, key_indices)


class _Delegating(DelegateDataset):
    """As its base, with the other's converter, which Chainer's leaves behind there."""

    def convert(self, data: Any) -> Any:
        return self.dataset.convert(data)


class _View(_Delegating):
    """The same dataset in another mode."""

    def __init__(self, dataset: TabularDataset, mode: Mode) -> None:
        super().__init__(dataset)
        self._mode = mode

    @property
    def mode(self) -> Mode:
        return self._mode


class _Converted(DelegateDataset):
    """The same dataset with another converter."""

    def __init__(self, dataset: TabularDataset, converter: Callable[..., Any]) -> None:
        super().__init__(dataset)
        self._converter = converter

    def convert(self, data: Any) -> Any:
        if isinstance(data, tuple):
            return self._converter(*data)
        return self._converter(**data) if isinstance(data, dict) else self._converter(data)


class _Slicer:
    """What stands in brackets behind ``dataset.slice``."""

    def __init__(self, dataset: TabularDataset) -> None:
        self._dataset = dataset

    def __getitem__(self, args: Index) -> TabularDataset:
        rows, keys = args if isinstance(args, tuple) else (args, None)
        return _Sliced(self._dataset, rows, keys)


class _Sliced(_Delegating):
    """Some rows and some columns of another."""

    def __init__(self, dataset: TabularDataset, rows: Rows, keys: Any) -> None:
        super().__init__(dataset)
        self._rows = _float_columns(rows, len(dataset))
        self._single = keys is not None and not isinstance(keys, tuple)
        self._columns: Columns = None
        if keys is not None:
            names = (keys,) if self._single else keys
            self._columns = tuple(_column_number(key, dataset.keys) for key in names)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def keys(self) -> tuple[str, ...]:
        names = self.dataset.keys
        return names if self._columns is None else tuple(names[i] for i in self._columns)

    @property
    def mode(self) -> Mode:
        if self._columns is None:
            return self.dataset.mode
        # Of a single column that was asked for by its name alone, an example is that itself.
        return None if self._single else self.dataset.mode or tuple

    def get_examples(self, indices: Rows, key_indices: Columns) -> tuple[Any, ...]:
        rows = [self._rows[i] for i in _asked(indices, len(self))]
        columns = self._columns
        if columns is not None and key_indices is not None:
            columns = tuple(columns[i] for i in key_indices)
        return self.dataset.get_examples(rows, key_indices if columns is None else columns)


def _asked(indices: Rows, size: int) -> Sequence[int]:
    """The numbers that ``get_examples`` is asked for."""
    if indices is None:
        return range(size)
    return range(*indices.indices(size)) if isinstance(indices, slice) else indices


def _float_columns(rows: Rows, size: int) -> list[int]:
    """Rows of a slice, a list or truth values, counted from the start. Raises IndexError."""
    if isinstance(rows, slice):
        return [*range(*rows.indices(size))]
    if len(rows) and all(isinstance(row, (bool, np.bool_)) for row in rows):
        if len(rows) != size:
            raise ValueError(f"slice: {len(rows)} truth values for {size} examples")
        return [i for i, chosen in enumerate(rows) if chosen]
    numbers = [int(row) + (size if row < 0 else 0) for row in rows]
    for number, row in zip(numbers, rows, strict=True):
        if not 0 <= number < size:
            raise IndexError(f"slice: there is no example {row} among {size}")
    return numbers


def _column_number(key: Any, names: tuple[str, ...]) -> int:
    if isinstance(key, str):
        if key not in names:
            raise KeyError(f"slice: there is no column {key!r}, only {', '.join(names)}")
        return names.index(key)
    if not -len(names) <= key < len(names):
        raise IndexError(f"slice: there is no column {key} among {len(names)}")
    return key % len(names)


class _Concatenated(_Delegating):
    """Datasets of the same columns, one behind the other."""

    def __init__(self, *datasets: TabularDataset) -> None:
        super().__init__(datasets[0])
        self._datasets = datasets
        for dataset in datasets:
            if dataset.keys != datasets[0].keys:
                raise ValueError(
                    f"concat: the datasets are to have one set of columns, got {dataset.keys} "
                    f"beside {datasets[0].keys}"
                )

    def __len__(self) -> int:
        return sum(map(len, self._datasets))

    def get_examples(self, indices: Rows, key_indices: Columns) -> tuple[Any, ...]:
        asked = _asked(indices, len(self))
        columns = len(self.keys if key_indices is None else key_indices)
        found: tuple[list[Any], ...] = tuple([None] * len(asked) for _ in range(columns))
        offset = 0
        for dataset in self._datasets:
            # Each is asked once, for all of its own.
            places = [p for p, i in enumerate(asked) if 0 <= i - offset < len(dataset)]
            if places:
                rows = [asked[p] - offset for p in places]
                for column, part in zip(
                    found, dataset.get_examples(rows, key_indices), strict=True
                ):
                    for place, value in zip(places, part, strict=True):
                        column[place] = value
            offset += len(dataset)
        return found


class _Joined(_Delegating):
    """Datasets of the same length, side by side."""

    def __init__(self, *datasets: TabularDataset) -> None:
        super().__init__(datasets[0])
        self._datasets = datasets
        lengths = {len(dataset) for dataset in datasets}
        if len(lengths) > 1:
            raise ValueError(f"join: the datasets are to have one length, got {sorted(lengths)}")
        if len({*self.keys}) < len(self.keys):
            raise ValueError(f"join: a column's name stands twice in {self.keys}")

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(key for dataset in self._datasets for key in dataset.keys)

    @property
    def mode(self) -> Mode:
        return next((d.mode for d in self._datasets if d.mode is not None), tuple)

    def get_examples(self, indices: Rows, key_indices: Columns) -> tuple[Any, ...]:
        wanted = range(len(self.keys)) if key_indices is None else key_indices
        found: dict[int, Any] = {}
        offset = 0
        for dataset in self._datasets:
            own = tuple(sorted({i - offset for i in wanted if 0 <= i - offset < len(dataset.keys)}))
            if own:
                parts = dataset.get_examples(indices, own)
                found.update(zip((i + offset for i in own), parts, strict=True))
            offset += len(dataset.keys)
        return tuple(found[i] for i in wanted)


class _Transformed(_Delegating):
    """A function of another's examples, one by one or many at once."""

    def __init__(
        self,
        dataset: TabularDataset,
        keys: str | tuple[str, ...],
        transform: Callable[..., Any],
        batches: bool,
    ) -> None:
        super().__init__(dataset)
        self._keys = keys if isinstance(keys, tuple) else (keys,)
        self._transform, self._batches = transform, batches
        # Known only once something was transformed.
        self._modes: set[Mode] = set()

    @property
    def keys(self) -> tuple[str, ...]:
        return self._keys

    @property
    def mode(self) -> Mode:
        if not self._modes:
            self.get_examples([0], None)
        (mode,) = self._modes
        return mode

    def get_examples(self, indices: Rows, key_indices: Columns) -> tuple[Any, ...]:
        columns = self.dataset.get_examples(indices, None)
        wanted = range(len(self._keys)) if key_indices is None else key_indices
        if self._batches:
            made = self._made(columns)
            size = len(_asked(indices, len(self)))
            if any(len(column) != size for column in made):
                raise ValueError("transform_batch: the function is to keep the number of examples")
            return tuple(made[i] for i in wanted)
        rows = [self._made(row) for row in zip(*columns, strict=True)]
        return tuple([row[i] for row in rows] for i in wanted)

    def _made(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """What the function makes of one example or batch, as a tuple of columns."""
        if self.dataset.mode is dict:
            out = self._transform(**dict(zip(self.dataset.keys, values, strict=True)))
        else:
            out = self._transform(*values)
        self._modes.add(type(out) if isinstance(out, (tuple, dict)) else None)
        if len(self._modes) > 1:
            raise ValueError("transform: the function is to return one type, for every example")
        if isinstance(out, dict):
            return tuple(out[key] for key in self._keys)
        return out if isinstance(out, tuple) else (out,)


class _Column(TabularDataset):
    """One column: an array, a list, or the numbers of the examples."""

    def __init__(self, key: str, data: Dataset) -> None:
        self._key, self._data = key, data

    def __len__(self) -> int:
        return len(self._data)

    @property
    def keys(self) -> tuple[str, ...]:
        return (self._key,)

    @property
    def mode(self) -> Mode:
        return None

    def get_examples(self, indices: Rows, key_indices: Columns) -> tuple[Any, ...]:
        data = self._data
        if indices is not None:
            whole = is_array(data) or isinstance(indices, slice)
            data = data[indices] if whole else [data[i] for i in indices]
        return (data,) * (1 if key_indices is None else len(key_indices))


def from_data(data: Any, *, size: int | None = None) -> TabularDataset:
    """A dataset of arrays, lists, and functions of an example's number.

    Args:
        data: one column; a tuple of columns, or a dict of them by name. A column is an array, a
            list, or (with a name, or a tuple of names) a function: ``('x', function)``.
        size: how many examples there are, where functions alone do not tell.
    """
    if isinstance(data, tuple) and not _is_named(data):
        pairs = [part if isinstance(part, tuple) else (None, part) for part in data]
    elif isinstance(data, dict):
        pairs = [*data.items()]
    else:
        key, column = data if isinstance(data, tuple) else (None, data)
        return _column_of(key, column, size)
    if size is None:
        size = next((len(column) for _, column in pairs if not callable(column)), None)
    first, *others = [_column_of(key, column, size) for key, column in pairs]
    joined = first.join(*others)
    return joined.asdict() if isinstance(data, dict) else joined.astuple()


def _is_named(data: tuple[Any, ...]) -> bool:
    """Whether a pair is a name, or several, and a column."""
    names = data[0] if len(data) == 2 else None
    several = isinstance(names, tuple) and all(isinstance(name, str) for name in names)
    return isinstance(names, str) or several


def _column_of(key: Any, column: Any, size: int | None) -> TabularDataset:
    if is_array(column) or isinstance(column, list):
        # Without a name it gets one that no other has.
        return _Column(f"_{id(column)}" if key is None else key, column)
    if not callable(column):
        raise TypeError(
            f"from_data: a column is an array, a list or a function, got {type(column).__name__}"
        )
    if key is None or size is None:
        raise ValueError("from_data: a function needs a name, and size= says how many examples")
    return _Column("index", list(range(size))).transform(key, column)
