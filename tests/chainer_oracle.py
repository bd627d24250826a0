"""Chainer 7.8.1 as an oracle: importable in memory on a NumPy that has dropped what it asks for.

`find_chainer()` gives the module or None. Tests call `load_chainer()`, at module level or inside a
test: it skips where Chainer is not installed, or fails if PLAYGROUND_REQUIRE_CHAINER=1 is set.
Nothing on disk is changed. `sys.modules` is afterwards as it was before; NumPy keeps two old names,
which Chainer reads when it runs.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import os
import sys
import types
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

REQUIRE = "PLAYGROUND_REQUIRE_CHAINER"
SKIPPED = "Chainer is not installed: differential tests skipped"

OLD_NAMES: dict[str, Any] = {
    "float": float,
    "sctypes": {
        "int": [np.int8, np.int16, np.int32, np.int64],
        "uint": [np.uint8, np.uint16, np.uint32, np.uint64],
        "float": [np.float16, np.float32, np.float64],
        "complex": [np.complex64, np.complex128],
        "others": [bool, object, bytes, str],
    },
}


def _requirements_stub() -> types.ModuleType:
    stub: Any = types.ModuleType("pkg_resources")
    stub.DistributionNotFound = type("DistributionNotFound", (Exception,), {})
    stub.VersionConflict = type("VersionConflict", (Exception,), {})

    def refuse(requirement: str) -> None:
        raise stub.DistributionNotFound(requirement)

    stub.require = stub.get_distribution = refuse
    return stub


def _distutils_stubs() -> dict[str, types.ModuleType]:
    package: Any = types.ModuleType("numpy.distutils")
    package.system_info = types.ModuleType("numpy.distutils.system_info")
    package.system_info.get_info = lambda *names: {}
    return {package.__name__: package, package.system_info.__name__: package.system_info}


@contextlib.contextmanager
def _borrowed(target: dict[str, Any], loan: dict[str, Any]) -> Iterator[None]:
    """Put `loan` into a namespace and give back exactly what stood there before."""
    before = {name: target[name] for name in loan if name in target}
    target.update(loan)
    try:
        yield
    finally:
        for name in loan:
            target.pop(name, None)
        target.update(before)


def _import_chainer() -> Any:
    # None in sys.modules makes `import cupy` fail: the oracle speaks for the CPU, and Chainer's
    # own GPU code was written for a CuPy that is long gone.
    modules = {"pkg_resources": _requirements_stub(), **_distutils_stubs(), "cupy": None}
    for name in OLD_NAMES.keys() - vars(np).keys():
        setattr(np, name, OLD_NAMES[name])
    with (
        warnings.catch_warnings(),
        _borrowed(sys.modules, modules),  # type: ignore[arg-type]
        _borrowed(vars(np), {"distutils": modules["numpy.distutils"]}),
    ):
        warnings.simplefilter("ignore")
        return importlib.import_module("chainer")


@functools.cache
def find_chainer() -> Any | None:
    """Return the module `chainer`, or None where it is not installed."""
    return None if importlib.util.find_spec("chainer") is None else _import_chainer()


def load_chainer() -> Any:
    """Return the module `chainer`; without it skip, or fail where it is required."""
    import pytest

    chainer = find_chainer()
    if chainer is None and os.environ.get(REQUIRE) == "1":
        pytest.fail(f"{REQUIRE}=1, but Chainer is not installed", pytrace=False)
    if chainer is None:
        pytest.skip(SKIPPED, allow_module_level=True)
    return chainer
