"""SVHN: house numbers, photographed from the street."""

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

__all__ = ["get_svhn"]


def get_svhn(
    withlabel: bool = True,
    scale: float = 1.0,
    dtype: DType = None,
    label_dtype: DType = np.int32,
    add_extra: bool = False,
) -> tuple[Any, ...]:
    """SVHN: digits of house numbers, images of shape (3, 32, 32), to train and to test on.

    ``scale`` is what white is, ``dtype`` that of the images (default: ``config.dtype``);
    ``add_extra`` adds the third part. Raises MissingDataError where a file is not there.
    """

    def part(name: str) -> Any:
        content = cached_file("svhn", "svhn", f"{name}.npz", make_nothing, read_arrays)
        # The file has the number of the image last, as MATLAB does.
        images = content["x"].transpose(3, 2, 0, 1)
        images = scaled_images(images, scale, image_dtype(dtype))
        labels = content["y"].ravel()
        # The file calls the digit 0 ten.
        return labelled(images, np.where(labels == 10, 0, labels), withlabel, label_dtype)

    return tuple(part(name) for name in ("train", "test", *(["extra"] if add_extra else [])))
