"""The marks of Chainer's tests, which a strict pytest refuses to know otherwise."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    for name in ("slow", "gpu", "cudnn", "ideep", "chainerx"):
        config.addinivalue_line("markers", f"{name}: as playground.testing.attr has it")
