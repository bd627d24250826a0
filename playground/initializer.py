"""What an initializer is: an object that fills an array in place."""

from __future__ import annotations

import math

from playground.graph.errors import InvalidType
from playground.graph.types import DType, Raw, Shape

__all__ = ["Initializer", "get_fans"]


class Initializer:
    """Fills arrays in place; a subclass defines ``__call__(array)``.

    Args:
        dtype: of the arrays that it makes; None leaves that to ``config.dtype``.
    """

    def __init__(self, dtype: DType | None = None) -> None:
        self.dtype = dtype

    def __call__(self, array: Raw) -> None:
        raise NotImplementedError(f"{type(self).__name__}: define __call__(array)")

    def check_dtype(self, array: Raw) -> None:
        """Raise InvalidType for an array of another dtype than the initializer's, if it has one."""
        if self.dtype is not None and array.dtype != self.dtype:
            raise InvalidType(
                type(self).__name__, f"an array of dtype {self.dtype}", f"dtype {array.dtype}"
            )


def get_fans(shape: Shape) -> tuple[int, int]:
    """How many inputs an output of a layer has, and how many outputs an input.

    ``shape`` is that of the weights: (outputs, inputs, …), what follows is a filter. Raises
    InvalidType.
    """
    if not isinstance(shape, tuple) or len(shape) < 2:
        expect = "a shape of two axes or more, outputs and inputs first, as a tuple"
        raise InvalidType("get_fans", expect, repr(shape))
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field
