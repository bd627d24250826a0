"""Initializers that draw nothing: constants and the identity."""

from __future__ import annotations

import math

import numpy as np

from playground.graph.backend import array_like, is_array
from playground.graph.errors import InvalidType
from playground.graph.types import DType, Operand, Raw
from playground.initializer import Initializer

__all__ = ["Constant", "Identity", "NaN", "One", "Zero"]


class Constant(Initializer):
    """Fills with ``fill_value``: a number, or an array that fits the shape."""

    def __init__(self, fill_value: Operand, dtype: DType | None = None) -> None:
        if not (is_array(fill_value) or np.isscalar(fill_value)):
            raise ValueError(
                f"Constant: fill_value is a number or an array, got {type(fill_value).__name__}"
            )
        self.fill_value = fill_value
        super().__init__(dtype)

    def __call__(self, array: Raw) -> None:
        self.check_dtype(array)
        value = self.fill_value
        array[...] = array_like(value, array) if is_array(value) else value


class Zero(Constant):
    """Fills with zeros."""

    def __init__(self, dtype: DType | None = None) -> None:
        super().__init__(0.0, dtype)


class One(Constant):
    """Fills with ones."""

    def __init__(self, dtype: DType | None = None) -> None:
        super().__init__(1.0, dtype)


class NaN(Constant):
    """Fills with NaN, so that values that were never given show."""

    def __init__(self, dtype: DType | None = None) -> None:
        super().__init__(math.nan, dtype)


class Identity(Initializer):
    """Fills a square matrix with ``scale`` times the identity."""

    def __init__(self, scale: float = 1.0, dtype: DType | None = None) -> None:
        self.scale = scale
        super().__init__(dtype)

    def __call__(self, array: Raw) -> None:
        self.check_dtype(array)
        if array.ndim != 2 or array.shape[0] != array.shape[1]:
            raise InvalidType("Identity", "a square matrix", f"shape {array.shape}")
        array[...] = array_like(np.eye(len(array)) * self.scale, array)
