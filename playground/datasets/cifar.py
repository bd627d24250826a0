"""CIFAR: small photographs of ten or a hundred kinds of things."""

from __future__ import annotations

from typing import Any

import numpy as np

from playground.datasets.preparing import (
    cached_file,
    image_dtype,
    labelled,
    make_nothing,
    read_arrays,
    scaled_images,
)
from playground.graph.types import DType

__all__ = ["get_cifar10", "get_cifar100"]


def get_cifar10(
    withlabel: bool = True, ndim: int = 3, scale: float = 1.0, dtype: DType = None
) -> tuple[Any, Any]:
    """CIFAR-10: 50,000 photographs of ten kinds to train on and 10,000 to test on.

    Images have shape (3, 32, 32), or (3072,) with ``ndim=1``; ``scale`` is what white is, ``dtype``
    their dtype (default: ``config.dtype``). Raises MissingDataError where the file is not there:
    what is on the network holds pickles, and is not fetched.
    """
    return _cifar("10", withlabel, ndim, scale, dtype)


def get_cifar100(
    withlabel: bool = True, ndim: int = 3, scale: float = 1.0, dtype: DType = None
) -> tuple[Any, Any]:
    """CIFAR-100: photographs of a hundred kinds; as :func:`get_cifar10`."""
    return _cifar("100", withlabel, ndim, scale, dtype)


def _cifar(kinds: str, withlabel: bool, ndim: int, scale: float, dtype: DType) -> tuple[Any, Any]:
    # Before the file is read, which takes its time.
    if ndim not in (1, 3):
        raise ValueError(f"get_cifar{kinds}: ndim is to be 1 or 3, got {ndim!r}")
    shape = (3072,) if ndim == 1 else (3, 32, 32)
    name = f"cifar-{kinds}.npz"
    content = cached_file(f"cifar{kinds}", "cifar", name, make_nothing, read_arrays)

    def part(which: str) -> Any:
        images = content[f"{which}_x"].reshape(-1, *shape)
        images = scaled_images(images, scale, image_dtype(dtype))
        return labelled(images, content[f"{which}_y"], withlabel, np.int32)

    return part("train"), part("test")
