"""Inner products of points that consist of several arrays, on any device."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np

from playground.graph.backend import to_cpu

__all__ = ["inner", "squared"]


def squared(arrays: Sequence[Any]) -> float:
    """The sum of the squares of all entries; not finite only if an entry or the sum is not."""
    total = 0.0
    for a in arrays:
        if type(a) is np.ndarray:
            flat = a.ravel()
            total += float(flat.dot(flat))
        else:
            total += float(to_cpu((a * a).sum()))
    return total if isfinite(total) else _wide(arrays, arrays)


def inner(left: Sequence[Any], right: Sequence[Any]) -> float:
    """The sum of the products of all entries; not finite only if an entry or the sum is not."""
    total = 0.0
    for a, b in zip(left, right, strict=True):
        if type(a) is np.ndarray:
            total += float(a.ravel().dot(b.ravel()))
        else:
            total += float(to_cpu((a * b).sum()))
    return total if isfinite(total) else _wide(left, right)


def _wide(left: Sequence[Any], right: Sequence[Any]) -> float:
    """In float64: products may be too large for float16 or float32 where the entries are not."""
    pairs = [(a.astype(np.float64), b.astype(np.float64)) for a, b in zip(left, right, strict=True)]
    return sum(float(to_cpu((a * b).sum())) for a, b in pairs)
