"""Nested states of JSON values and arrays, taken apart for storage and put together again."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["plain", "revive", "take_apart"]

_MARK = "__array__"


def take_apart(value: Any, arrays: dict[str, np.ndarray], name: str = "state") -> Any:
    """``value`` with every array moved into ``arrays`` and a reference left in its place."""
    if isinstance(value, dict):
        return {str(k): take_apart(v, arrays, f"{name}.{k}") for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [take_apart(item, arrays, f"{name}.{i}") for i, item in enumerate(value)]
    if isinstance(value, np.ndarray):
        arrays[name] = value
        return {_MARK: name, "dtype": value.dtype.str, "shape": list(value.shape)}
    return value.item() if isinstance(value, np.generic) else value


def revive(value: Any, blobs: dict[str, bytes]) -> Any:
    """The inverse of :func:`take_apart` (tuples come back as lists)."""
    if isinstance(value, list):
        return [revive(item, blobs) for item in value]
    if not isinstance(value, dict):
        return value
    if _MARK in value:
        flat = np.frombuffer(blobs[value[_MARK]], value["dtype"])
        return flat.reshape(value["shape"]).copy()
    return {key: revive(item, blobs) for key, item in value.items()}


def plain(value: Any) -> Any:
    """For ``json.dumps(default=…)``: NumPy values as Python's, everything else as its text."""
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else str(value)
