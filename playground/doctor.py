"""``python -m playground.doctor``: is everything here that playground needs, and does it work?

Each line says what was found; one that begins with WRONG says what to do about it.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module, metadata
from pathlib import Path
from typing import NamedTuple

import numpy as np

from playground._version import __version__
from playground.graph.backend import Device, has_driver, parse_device, to_cpu
from playground.graph.errors import DeviceError
from playground.interpreters.recording.core import core
from playground.lab.cli import guarded
from playground.lab.cli.flags import Parser
from playground.lab.cli.streams import say
from playground.transforms import check_grads, grad

__all__ = ["Diagnosis", "main"]

COMMAND = "python -m playground.doctor"
# Below this a run of a few hours may fill the disk.
ROOM = 1 << 30


class Extra(NamedTuple):
    """What its packages are for; without it everything else works."""

    use: str
    packages: tuple[str, ...]


# As pyproject.toml has them, which is not there once the package is installed.
NEEDED = ("numpy>=2.0", "pandas>=2.2.2", "matplotlib>=3.9")
READERS, ALGEBRA = ("openpyxl>=3.1", "odfpy>=1.4.1"), ("scipy>=1.13", "sympy>=1.13")
EXTRAS = {
    "cuda12": Extra("--device cuda, with CUDA 12", ("cupy-cuda12x[ctk]>=14",)),
    "cuda13": Extra("--device cuda, with CUDA 13", ("cupy-cuda13x[ctk]>=14",)),
    "hdf5": Extra("snapshots in HDF5", ("h5py>=3.11",)),
    "python2": Extra("old scripts in Python 2", ("fissix>=24.4.24",)),
    "excel": Extra("matrices and tables in .xlsx and .ods", READERS),
    "images": Extra("datasets of images", ("pillow>=10",)),
    "special": Extra("special functions, as F.erf and F.digamma", ALGEBRA[:1]),
    "symbols": Extra("python -m playground.quadratic and to_sympy", ALGEBRA[1:]),
    "test": Extra(
        "the tests", ("fissix>=24.4.24", *READERS, "pytest>=8", "pytest-xdist>=3.6", *ALGEBRA)
    ),
    "lint": Extra("checks of the source", ("mypy>=1.15", "ruff>=0.12")),
}
IMPORTED_AS = {"odfpy": "odf", "pillow": "PIL", "pytest-xdist": "xdist"}
CUPY = ("cupy-cuda12x", "cupy-cuda13x")
THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")


class Diagnosis(NamedTuple):
    """What was looked at, what was found, and, where that is wrong, the cure."""

    what: str
    found: str
    cure: str = ""

    @property
    def line(self) -> str:
        """As it is printed."""
        end = f": {self.cure}" if self.cure else ""
        return f"{'WRONG' if self.cure else 'ok':<5}  {self.what:<12}  {self.found}{end}"


def main(argv: Sequence[str] | None = None) -> int:
    """Print what is found; returns the exit code: 0 all is well, 1 something is wrong."""
    words = sys.argv[1:] if argv is None else argv
    return guarded(COMMAND, lambda: examine(words))


def examine(words: Sequence[str]) -> int:
    """Look at everything, a line as soon as it is known."""
    parser = Parser(COMMAND, "[flags]", __doc__ or "", f"  {COMMAND} --json\n")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--logs",
        type=Path,
        default=Path("logs"),
        metavar="DIR",
        help="where runs are to be written",
    )
    flags, _ = parser.read(words)
    wrong = False
    for finding in findings(flags["logs"]):
        wrong = wrong or bool(finding.cure)
        say(json.dumps(finding._asdict()) if flags["json"] else finding.line)
    return int(wrong)


def findings(logs: Path) -> Iterator[Diagnosis]:
    """All of them; what fails in a way that nobody thought of is a finding too."""
    looks: list[tuple[str, Callable[[], Diagnosis]]] = [
        ("playground", versions),
        ("BLAS", blas_found),
        ("core", core_found),
        ("threads", threads),
        *packages().items(),
        ("logs", lambda: logs_found(logs)),
        ("cpu", lambda: computing(Device())),
    ]
    for what, look in looks:
        try:
            yield look()
        except Exception as error:
            yield Diagnosis(what, f"{type(error).__name__}: {error}", "report this, with the line")
    yield from devices()


# ------------------------------------------------------------------------------- what is here


def versions() -> Diagnosis:
    """The package, Python and the system."""
    place = Path(__file__).parent
    return Diagnosis(
        "playground",
        f"{__version__} in {place}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}",
    )


def blas_found() -> Diagnosis:
    """The linear algebra that NumPy was built with."""
    built = np.show_config(mode="dicts") or {}
    blas = built.get("Build Dependencies", {}).get("blas", {})
    found = f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()
    kernel = os.environ.get("OPENBLAS_CORETYPE")
    if kernel:
        found += f", OPENBLAS_CORETYPE={kernel}"
    return Diagnosis("BLAS", found)


def core_found() -> Diagnosis:
    """What runs recorded steps; Python is slow, not wrong, unless an extension is there."""
    found = core()
    if found.broken:
        return Diagnosis("core", f"{found.name}: {found.reason}", found.cure)
    return Diagnosis("core", repr(found))


def threads() -> Diagnosis:
    """How many threads linear algebra may use, against how many processors this process has."""
    processors = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    )
    given = {name: os.environ[name] for name in THREADS if os.environ.get(name)}
    found = ", ".join(f"{name}={value}" for name, value in given.items()) or "not limited"
    found = f"{found}, {processors} processor(s)"
    for name, value in given.items():
        if not value.isdigit() or not int(value):
            return Diagnosis("threads", found, f"set {name} to a number from 1 on, or unset it")
        if int(value) > (processors or 1):
            cure = f"more threads than processors wait for each other: export {name}={processors}"
            return Diagnosis("threads", found, cure)
    return Diagnosis("threads", found)


def package(wanted: str, use: str = "") -> Diagnosis:
    """A library by its version, if it can be imported; one with a ``use`` may be missing."""
    name, least, install = package_of(wanted), wanted.partition(">=")[2], f"pip install '{wanted}'"
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        if use:
            return Diagnosis(name, f"not installed; needed for {use} ({install})")
        return Diagnosis(name, "not installed", install)
    if parts_of(version) < parts_of(least):
        return Diagnosis(name, f"{version}, which is too old", f"update it: {install}")
    try:
        # Those of CUDA are looked at with their devices, by a computation.
        if name not in CUPY:
            with warnings.catch_warnings(action="ignore"):
                import_module(IMPORTED_AS.get(name, name))
    except Exception as error:
        # Such as one that was built for another NumPy.
        told = (str(error).strip().splitlines() or [""])[0]
        found = f"{version}, which cannot be imported ({type(error).__name__}: {told})"
        return Diagnosis(name, found, f"pip install --force-reinstall '{wanted}'")
    return Diagnosis(name, version)


def package_of(wanted: str) -> str:
    """Of a requirement the package."""
    return wanted.partition(">=")[0].partition("[")[0]


def is_installed(name: str) -> bool:
    """Whether there is such a distribution."""
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def parts_of(version: str) -> tuple[int, ...]:
    """A version as numbers, for comparison: 2.10 is above 2.9."""
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


def packages() -> dict[str, Callable[[], Diagnosis]]:
    """The looks at all libraries, those that are needed first, each of them once."""
    looks = {package_of(wanted): partial(package, wanted) for wanted in NEEDED}
    for extra in EXTRAS.values():
        for wanted in extra.packages:
            looks.setdefault(package_of(wanted), partial(package, wanted, extra.use))
    return {**looks}


def logs_found(logs: Path) -> Diagnosis:
    """Whether runs can be written, and how much room they have."""
    # Nothing is made that stays: the nearest folder that exists has to take it.
    folder = logs.absolute()
    while not folder.is_dir() and folder != folder.parent:
        if folder.exists():
            return Diagnosis("logs", str(logs), f"{folder} is no folder: name another with --out")
        folder = folder.parent
    try:
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return Diagnosis(
            "logs", f"{logs}: {reason}", f"make {folder} writable, or name another --out"
        )
    free = shutil.disk_usage(folder).free
    found = f"{logs} can be written, {free / (1 << 30):,.1f} GiB free"
    return Diagnosis("logs", found, "" if free > ROOM else "make room: long runs take gigabytes")


# ------------------------------------------------------------------------------- does it work


def devices() -> Iterator[Diagnosis]:
    """The CUDA devices, each with a computation."""
    both = [name for name in CUPY if is_installed(name)]
    if len(both) > 1:
        cure = f"one of them overwrites the other: pip uninstall {' '.join(both)}, then install one"
        yield Diagnosis("cuda", f"{' and '.join(both)} are installed", cure)
        return
    try:
        first = parse_device("cuda")
    except DeviceError as error:
        # Wrong only where there is something to be used.
        cure = str(error) if has_driver() else ""
        yield Diagnosis("cuda", "not usable" if cure else "no NVIDIA driver, and so no GPU", cure)
        return
    yield computing(first)
    for number in range(1, 64):
        try:
            yield computing(parse_device(f"cuda:{number}"))
        except DeviceError:
            return


def computing(device: Device) -> Diagnosis:
    """A gradient against differences, and an eigenproblem against its own equation."""
    rng = np.random.default_rng(0)
    A, x = rng.normal(size=(4, 4)), rng.normal(size=4)
    try:
        with device.use():
            A, x = device.put(A + A.T), device.put(x)
            check_grads(lambda x: (np.tanh(A @ x) ** 2).sum(), order=2)(x)
            w, v = np.linalg.eigh(A)
            off = float(to_cpu(abs(A @ v - v * w).max()))
            along = to_cpu(grad(lambda A: np.linalg.eigvalsh(A).sum())(A))
    except Exception as error:
        return Diagnosis(device.name, f"{type(error).__name__}: {error}", "see the message")
    off = max(off, float(np.abs(along - np.eye(4)).max()))
    if not off < 1e-12:
        cure = "reinstall NumPy (and CuPy): pip install --force-reinstall numpy"
        return Diagnosis(device.name, f"an eigenproblem is off by {off:.1e}", cure)
    return Diagnosis(device.name, f"gradients and an eigenproblem are right, to {off:.0e}")


if __name__ == "__main__":
    sys.exit(main())
