"""The well-known datasets as Chainer keeps them: where their files lie, and how they are read."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from playground.dataset.download import cache_or_load_file, get_dataset_directory
from playground.datasets.tuple_dataset import TupleDataset
from playground.graph.errors import InputError, MissingDataError
from playground.graph.types import DType, HostArray
from playground.modes import get_dtype

__all__ = [
    "STAND_IN",
    "NamedArrays",
    "cached_file",
    "image_dtype",
    "labelled",
    "make_nothing",
    "read_arrays",
    "scaled_images",
]

NamedArrays = dict[str, Any]
# An array of this name in a file says that it is a small stand-in, and no data of anybody's.
STAND_IN = "stand_in"


def image_dtype(dtype: DType) -> np.dtype:
    """The dtype of images: the one that is given, or else ``config.dtype``."""
    return np.dtype(get_dtype(dtype, np.float16))


def cached_file(
    dataset: str,
    folder: str,
    name: str,
    creator: Callable[[str], Any],
    loader: Callable[[str], Any],
) -> Any:
    """The content of one file of a dataset's folder. Raises MissingDataError where there is none.

    ``folder`` lies below Chainer's own in the folder of datasets; ``creator`` makes the file from
    what it fetches, if there is a network.
    """
    directory = get_dataset_directory(f"pfnet/chainer/{folder}", create_directory=False)
    path = os.path.join(directory, name)
    try:
        return cache_or_load_file(path, creator, loader)
    except MissingDataError as error:
        cause = error.__cause__
        while isinstance(cause, MissingDataError):
            cause = cause.__cause__
        why = f" and could not be fetched ({getattr(cause, 'reason', cause)})" if cause else ""
        raise MissingDataError(
            f"the dataset {dataset} is not there{why}: copy {name} from the dataset folder of a "
            f"machine that has it to {path}, or make a small stand-in to try things out with "
            f"python -m playground.run --fake-data {dataset}"
        ) from error


def make_nothing(path: str) -> Any:
    """For :func:`cached_file`: of a dataset that is not fetched from here."""
    raise MissingDataError("")


def read_arrays(path: str) -> NamedArrays:
    """All arrays of an ``.npz`` file, without pickles. Raises InputError."""
    try:
        # Which refuses pickles unless it is told otherwise.
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files}
    except (ValueError, OSError, EOFError, KeyError) as error:
        raise InputError(f"cannot read {path}: it is no .npz file of arrays ({error})") from error
    if arrays.pop(STAND_IN, None) is not None:
        warnings.warn(
            f"{path} is a small stand-in made by --fake-data: its numbers mean nothing",
            stacklevel=_nesting(),
        )
    return arrays


def _nesting() -> int:
    """How many calls away the user's own code is, which a warning is to name."""
    frame, depth = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals["__name__"].startswith("playground."):
        frame, depth = frame.f_back, depth + 1
    return depth


def scaled_images(images: HostArray, scale: float, dtype: DType) -> HostArray:
    """Images of bytes as numbers from 0 to ``scale``."""
    numbers = images.astype(dtype)
    # In place, as the factor is to be rounded to the dtype of the images: Chainer's numbers.
    numbers *= scale / 255.0
    return numbers


def labelled(
    images: HostArray, labels: HostArray, withlabel: bool, label_dtype: DType
) -> TupleDataset | HostArray:
    """Pairs of an image and its label, or the images alone."""
    return TupleDataset(images, labels.astype(label_dtype)) if withlabel else images
