"""What becomes of a value that was read: an array in place, a number of its type."""

from __future__ import annotations

import numpy as np

from playground.graph.backend import array_like, is_array
from playground.graph.errors import OtherBuildError
from playground.graph.types import HostArray, Raw, Serializing

__all__ = ["value_read"]


def value_read(key: str, value: Serializing, found: HostArray) -> Serializing:
    """``found`` in place of ``value``: written into an array, or turned into the value's type.

    Raises InvalidType where that would lose something: another shape, fractions for whole numbers.
    """
    if value is None:
        return found
    if is_array(value):
        fill(key, value, found)
        return value
    # A number that Python's own type can hold: 0.5 must not become 0 for want of a check.
    kind = type(value)
    whole = kind is int and found.dtype.kind in "iu"
    if found.dtype.kind in "iufc" and not whole and not np.can_cast(found.dtype, kind):
        raise OtherBuildError(key, f"a value for {kind.__name__}", f"{found.dtype}")
    return kind(found)


def fill(key: str, array: Raw, found: HostArray) -> None:
    """Write ``found`` into ``array``, on whatever device it is."""
    if found.shape != array.shape:
        # NumPy would broadcast one number over a whole layer, and say nothing.
        expect, actual = f"shape {array.shape}", f"shape {found.shape} in the snapshot"
        raise OtherBuildError(key, expect, actual)
    if not np.can_cast(found.dtype, array.dtype, "same_kind"):
        expect, actual = f"dtype {array.dtype}", f"dtype {found.dtype} in the snapshot"
        raise OtherBuildError(key, expect, actual)
    # In place: an optimizer, or a link that shares the parameter, holds the same array.
    array[...] = array_like(found.astype(array.dtype), array)
