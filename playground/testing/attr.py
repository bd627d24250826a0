"""Marks of tests by what they need: ``pytest -m "not slow"`` leaves some out.

Without pytest a mark does nothing. A test that needs more GPUs than there are is skipped.
"""

from __future__ import annotations

import os
import unittest
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from playground.backends import cuda

__all__ = ["chainerx", "cudnn", "gpu", "ideep", "is_available", "multi_gpu", "slow"]

LIMIT = "CHAINER_TEST_GPU_LIMIT"


def is_available() -> bool:
    """Whether pytest is there, so that marks can be asked for."""
    return find_spec("pytest") is not None


def _marked(name: str, *args: Any, **kwargs: Any) -> Any:
    if not is_available():
        # Of a bare decorator the test itself, of one with arguments a decorator.
        return args[0] if len(args) == 1 and callable(args[0]) else lambda test: test
    import pytest

    return getattr(pytest.mark, name)(*args, **kwargs)


def slow(*args: Any, **kwargs: Any) -> Any:
    """Mark of a test that takes long."""
    return _marked("slow", *args, **kwargs)


def cudnn(*args: Any, **kwargs: Any) -> Any:
    """Mark of a test that needs cuDNN."""
    return _marked("cudnn", *args, **kwargs)


def ideep(*args: Any, **kwargs: Any) -> Any:
    """Mark of a test that needs iDeep."""
    return _marked("ideep", *args, **kwargs)


def chainerx(*args: Any, **kwargs: Any) -> Any:
    """Mark of a test that needs ChainerX."""
    return _marked("chainerx", *args, **kwargs)


def _gpus() -> int:
    # Chainer's variable comes first: it is how a machine with GPUs is told to do without.
    limit = int(os.environ.get(LIMIT, "-1"))
    if limit >= 0:
        return limit
    return cuda.cupy.cuda.runtime.getDeviceCount() if cuda.available else 0


def multi_gpu(gpu_num: int) -> Callable[[Any], Any]:
    """Mark of a test that needs so many GPUs; with fewer it is skipped."""

    def decorate(test: Any) -> Any:
        there = _gpus()
        reason = f"needs GPUs: {gpu_num}, there are {there}"
        return unittest.skipIf(there < gpu_num, reason)(_marked("gpu", test))

    return decorate


def gpu(test: Any) -> Any:
    """Mark of a test that needs a GPU; without one it is skipped."""
    return multi_gpu(1)(test)
