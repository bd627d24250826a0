"""Datasets of pickled examples, which are refused: to load a pickle runs what is in it."""

from __future__ import annotations

from typing import NoReturn

from playground.graph.errors import InputError

__all__ = [
    "PickleDataset",
    "PickleDatasetWriter",
    "open_pickle_dataset",
    "open_pickle_dataset_writer",
]


def _refuse(name: str) -> NoReturn:
    raise InputError(
        f"{name}: pickles are neither read nor written here, for loading one runs whatever code is "
        f"in it: keep the examples in an .npz file (numpy.savez_compressed('data.npz', x=x, y=y)) "
        f"and read it with datasets.TupleDataset(data['x'], data['y'])"
    )


class PickleDataset:
    """Refused, with the way out."""

    def __init__(self, reader: object) -> None:
        _refuse("PickleDataset")


class PickleDatasetWriter:
    """Refused, with the way out."""

    def __init__(self, writer: object, protocol: int = -1) -> None:
        _refuse("PickleDatasetWriter")


def open_pickle_dataset(path: str) -> NoReturn:
    """Refused, with the way out."""
    _refuse("open_pickle_dataset")


def open_pickle_dataset_writer(path: str, protocol: int = -1) -> NoReturn:
    """Refused, with the way out."""
    _refuse("open_pickle_dataset_writer")
