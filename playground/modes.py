"""Chainer's switches beside :data:`playground.config`: debug mode, the dtype, what is installed."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from typing import Any, TextIO

import numpy as np

from playground._version import __version__
from playground.graph.config import config, using_config
from playground.graph.types import DType

__all__ = [
    "DebugMode",
    "disable_experimental_feature_warning",
    "get_dtype",
    "is_debug",
    "mixed16",
    "print_runtime_info",
    "set_debug",
    "should_use_cudnn",
    "static_code",
    "static_graph",
]

disable_experimental_feature_warning = False


class _Mixed16:
    """float16 for what is computed, float32 for parameters."""

    dtype = np.dtype(np.float16)

    def __str__(self) -> str:
        return "mixed16"

    def __repr__(self) -> str:
        return "dtype('mixed16')"


mixed16 = _Mixed16()


def get_dtype(dtype: Any = None, map_mixed16: Any = None) -> DType:
    """The dtype that ``dtype``, or else ``config.dtype``, names.

    ``mixed16`` stands for ``map_mixed16`` where that is given, else for itself.
    """
    # No dtype of NumPy's equals it, and to compare one with a word raises for some.
    found = config.dtype if dtype is None else dtype
    if found is mixed16 or found == "mixed16":
        return mixed16 if map_mixed16 is None else np.dtype(map_mixed16)
    return np.dtype(found)


def is_debug() -> bool:
    """Whether debug mode is on in this thread or task."""
    return bool(config.debug)


def set_debug(debug: bool) -> None:
    """Turn debug mode on or off in this thread or task."""
    setattr(config, "debug", bool(debug))


def DebugMode(debug: bool) -> Any:  # noqa: N802 (Chainer's name)
    """Context manager: debug mode on or off inside it."""
    return using_config("debug", bool(debug))


def should_use_cudnn(level: str, lowest_version: int = 0) -> bool:
    """Whether cuDNN is called: never from here."""
    return False


def print_runtime_info(out: TextIO | None = None) -> None:
    """Print what runs here; ``python -m playground.doctor`` says more."""
    out = sys.stdout if out is None else out
    lines = {
        "Platform": platform.platform(),
        "Python": platform.python_version(),
        "playground": __version__,
        "NumPy": np.__version__,
    }
    out.write("".join(f"{name}: {value}\n" for name, value in lines.items()))
    out.flush()


def static_graph(*args: Any, **kwargs: Any) -> Any:
    """Decorator of Chainer's that kept a graph from call to call: here each call makes its own."""
    if len(args) == 1 and callable(args[0]) and not kwargs:
        return args[0]
    return lambda method: method


def static_code(*args: Any, **kwargs: Any) -> Callable[..., Any]:
    """As :func:`static_graph`: the function itself."""
    return static_graph(*args, **kwargs)
