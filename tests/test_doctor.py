"""``python -m playground.doctor`` and ``python -m playground``."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import playground.__main__ as listing
from playground import doctor
from playground.graph.errors import DeviceError
from tests.commands import running
from tests.paths import ROOT

run = running(doctor.main)


@pytest.fixture
def healthy(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Whatever the machine of the test lacks: nothing is wrong."""
    for name in doctor.THREADS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(doctor, "has_driver", lambda: False)
    monkeypatch.setattr(doctor, "ROOM", 0)
    return monkeypatch


def found(text: str) -> dict[str, list[str]]:
    """The lines by what they are about, as [mark, rest]."""
    rows = [line.split(maxsplit=2) for line in text.splitlines()]
    return {what: [mark, rest] for mark, what, rest in rows}


def test_a_healthy_machine(healthy, run, tmp_path) -> None:
    ran = run()
    assert (ran.code, ran.err) == (0, "")
    lines = found(ran.out)
    assert {mark for mark, _ in lines.values()} == {"ok"}
    assert lines["numpy"][1] == np.__version__
    assert "gradients and an eigenproblem are right" in lines["cpu"][1]
    assert not list(tmp_path.iterdir())


def test_as_json(healthy, run) -> None:
    rows = [json.loads(line) for line in run("--json").out.splitlines()]
    assert {"playground", "BLAS", "numpy", "h5py", "logs", "cpu", "cuda"} <= {
        row["what"] for row in rows
    }
    assert {row["cure"] for row in rows} == {""}


def missing(name):
    real = metadata.version

    def version(asked):
        if asked == name:
            raise metadata.PackageNotFoundError(name)
        return real(asked)

    return version


def of_version(names, version):
    real = metadata.version
    return lambda asked: version if asked in names else real(asked)


def unimportable(name):
    def load(asked):
        if asked == name:
            raise ImportError("numpy.core.multiarray failed to import\n(of another NumPy)")

    return load


def broken(*args):
    raise DeviceError("no usable CUDA device: check the driver with nvidia-smi")


# What is made sick -> how, the line, and its cure.
SICK = {
    "a package that is needed": (
        lambda m, p: m.setattr(metadata, "version", missing("pandas")),
        "pandas",
        "pip install 'pandas>=2.2.2'",
    ),
    "a package that is too old": (
        lambda m, p: m.setattr(metadata, "version", of_version(["numpy"], "1.26.4")),
        "numpy",
        "update it: pip install 'numpy>=2.0'",
    ),
    "an extra that is too old": (
        lambda m, p: m.setattr(metadata, "version", of_version(["pillow"], "9.5")),
        "pillow",
        "update it: pip install 'pillow>=10'",
    ),
    "an extra that is broken": (
        lambda m, p: (
            m.setattr(metadata, "version", of_version(["h5py"], "3.11.0")),
            m.setattr(doctor, "import_module", unimportable("h5py")),
        ),
        "h5py",
        "pip install --force-reinstall 'h5py>=3.11'",
    ),
    "two packages of CuPy": (
        lambda m, p: m.setattr(metadata, "version", of_version(doctor.CUPY, "99")),
        "cuda",
        "pip uninstall cupy-cuda12x cupy-cuda13x, then install one",
    ),
    "threads without processors": (
        lambda m, p: m.setenv("OMP_NUM_THREADS", "4096"),
        "threads",
        "export OMP_NUM_THREADS=",
    ),
    "threads that are no number": (
        lambda m, p: m.setenv("OPENBLAS_NUM_THREADS", "all"),
        "threads",
        "set OPENBLAS_NUM_THREADS to a number",
    ),
    "a file in the place of the logs": (
        lambda m, p: (p / "logs").write_text(""),
        "logs",
        "is no folder: name another with --out",
    ),
    "a full disk": (lambda m, p: m.setattr(doctor, "ROOM", 1 << 80), "logs", "make room"),
    "a driver without a device": (
        lambda m, p: (
            m.setattr(doctor, "has_driver", lambda: True),
            m.setattr(doctor, "parse_device", broken),
        ),
        "cuda",
        "check the driver with nvidia-smi",
    ),
    "wrong eigenvectors": (
        lambda m, p: m.setattr(np.linalg, "eigh", lambda *a: (np.ones(4), np.ones((4, 4)))),
        "cpu",
        "reinstall NumPy",
    ),
}


@pytest.mark.parametrize("what", SICK)
def test_a_machine_made_sick(healthy, run, tmp_path, what) -> None:
    make, line, cure = SICK[what]
    make(healthy, tmp_path)
    ran = run()
    assert ran.code == 1
    lines = found(ran.out)
    assert [name for name, (mark, _) in lines.items() if mark == "WRONG"] == [line]
    assert cure in lines[line][1]


def test_a_library_that_is_optional_is_no_fault(healthy, run) -> None:
    lines = {
        "sympy": "pip install 'sympy>=1.13'",
        "h5py": "snapshots in HDF5 (pip install 'h5py>=3.11')",
        "odfpy": "in .xlsx and .ods (pip install 'odfpy>=1.4.1')",
        "fissix": "old scripts in Python 2 (pip install 'fissix>=24.4.24')",
        "cupy-cuda13x": "CUDA 13 (pip install 'cupy-cuda13x[ctk]>=14')",
        "ruff": "checks of the source",
    }
    for name, told in lines.items():
        healthy.setattr(metadata, "version", missing(name))
        found_ = doctor.packages()[name]()
        assert found_.cure == ""
        assert found_.found.startswith("not installed; needed for ")
        assert told in found_.found


def test_the_doctor_looks_at_every_package_that_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert [*doctor.NEEDED] == project["dependencies"]
    declared = project["optional-dependencies"]
    known = {name: sorted(extra.packages) for name, extra in doctor.EXTRAS.items()}
    assert known == {name: sorted(group) for name, group in declared.items()}
    asked = {doctor.package_of(wanted) for group in declared.values() for wanted in group}
    assert asked <= doctor.packages().keys()


@pytest.mark.parametrize(
    ("older", "newer"),
    [("2.9", "2.10"), ("1.26.4", "2.0"), ("3.8", "3.8.1"), ("9", "10"), ("1.13.0rc1", "1.13.1")],
)
def test_versions_are_numbers(older, newer) -> None:
    assert doctor.parts_of(older) < doctor.parts_of(newer)
    assert not doctor.parts_of(newer) < doctor.parts_of(newer)


def test_the_commands_are_listed() -> None:
    command = [sys.executable, "-m", "playground"]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=True)
    folders = {path.parent.name for path in (ROOT / "playground").glob("*/__main__.py")}
    modules = (ROOT / "playground").glob("[a-z]*.py")
    files = {path.stem for path in modules if "\ndef main(" in path.read_text()}
    assert {*listing.COMMANDS} == folders | files
    for name in listing.COMMANDS:
        assert f"python -m playground.{name} " in done.stdout


def test_a_command_that_is_none(capsys) -> None:
    assert listing.main(["invers"]) == 2
    assert "did you mean 'inverse'?" in capsys.readouterr().err
    assert listing.main(["plot"]) == 2
    assert "python -m playground lists them" in capsys.readouterr().err


def test_a_command_is_carried_out_by_its_name(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    lines = {
        "inverse": ("--size", "2"),
        "eigenvalue": ("--starts", "1", "--rule", "barzilai-borwein"),
        "quadratic": (),
        "field": ("--starts", "1"),
        "logistic": ("--max-steps", "3"),
    }
    for command, words in lines.items():
        code = listing.main([command, *words, "--no-plot", "--quiet"])
        said = capsys.readouterr()
        folder = Path(said.out.removesuffix("\n"))
        assert (code, folder.parent, folder.is_dir()) == (0, Path("logs") / command, True), said
        assert folder.name.startswith(f"{command}-")
    assert listing.main(["runs"]) == 0
    assert "inverse-2x2-squared-" in capsys.readouterr().out
    assert listing.main(["inverse", "--size", "none"]) == 2
    assert "--size" in capsys.readouterr().err
