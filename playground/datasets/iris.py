"""Fisher's irises, which come with the package."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import numpy as np

from playground.datasets.preparing import image_dtype, labelled
from playground.graph.types import DType

__all__ = ["get_iris"]

SPECIES = ("setosa", "versicolor", "virginica")


def get_iris(withlabel: bool = True, dtype: DType = None, label_dtype: DType = np.int32) -> Any:
    """150 irises: four lengths in cm, and one of three species, 0 to 2, in Fisher's order.

    ``playground/data/README.md`` says where the numbers are from. Not among Chainer's own.
    """
    text = files("playground").joinpath("data", "iris.csv").read_text(encoding="utf-8")
    rows = [line.split(",") for line in text.splitlines()[1:]]
    lengths = np.array([row[:4] for row in rows]).astype(image_dtype(dtype))
    labels = np.array([SPECIES.index(row[4]) for row in rows])
    return labelled(lengths, labels, withlabel, label_dtype)
