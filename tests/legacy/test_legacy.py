"""Scripts as they were written from 2015 to 2019, run unedited here and by real Chainer.

Each prints numbers. Those of Chainer 1 and Python 2 have theirs from a twin in Chainer 7's words.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import os
import re
import runpy
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from playground.datasets.stand_ins import make_stand_in
from tests.chainer_oracle import load_chainer
from tests.paths import ROOT

SCRIPTS = ROOT / "tests" / "legacy" / "scripts"
# Where a sum of the engine's goes another way round: how far the printed numbers lie apart at most.
# What is not named here agrees in every digit that it prints.
ROUNDED = {"by_hand": 5e-8, "function_set": 2e-7, "with_trainer": 5e-6}
# Chainer's PrintReport writes to the standard output of the time of its import.
ALONE = ("with_trainer",)
CHAINER = (
    "import runpy, sys; from tests.chainer_oracle import load_chainer; load_chainer();"
    "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
)
TWIN = "_as_of_chainer_7"
ARGUMENTS = {"iris": [str(ROOT / "playground" / "data" / "iris.csv")]}
NAMES = sorted(
    path.stem
    for path in SCRIPTS.glob("*.py")
    if not path.stem.endswith(TWIN) and path.stem != "save_or_load"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where scripts run and write, with generated digits in the place of MNIST."""
    path = tmp_path_factory.mktemp("legacy")
    make_stand_in("mnist", train=200, test=60, root=str(path / "cache"))
    return path


def printed(folder: Path, *command: str) -> str:
    """What a Python process prints."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "PYTHONWARNINGS": "ignore",
        "CHAINER_DATASET_ROOT": str(folder / "cache"),
    }
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, timeout=120, env=environment,
        check=False, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def by_us(folder: Path, name: str, arguments: list[str]) -> str:
    """What a script prints by the command that users run."""
    return printed(
        folder, "-m", "playground.run", "--quiet", str(SCRIPTS / f"{name}.py"), *arguments
    )


def by_chainer(folder: Path, name: str, arguments: list[str]) -> str:
    """What it prints by real Chainer; here, as importing that takes longer than most scripts."""
    load_chainer()
    out, twin = io.StringIO(), SCRIPTS / f"{name}{TWIN}.py"
    path = str(twin if twin.exists() else SCRIPTS / f"{name}.py")
    if name in ALONE:
        return printed(folder, "-c", CHAINER, path, *arguments)
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        patch.setattr(sys, "argv", [path, *arguments])
        patch.setenv("CHAINER_DATASET_ROOT", str(folder / "cache"))
        patch.chdir(folder)
        # Read from the environment when it was imported.
        download = importlib.import_module("chainer.dataset.download")
        patch.setattr(download, "_dataset_root", str(folder / "cache"))
        runpy.run_path(path, run_name="__main__")
    return out.getvalue()


def numbers(text: str) -> list[float]:
    return [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?", text)]


def the_same(ours: str, theirs: str, tolerance: float = 0) -> None:
    assert re.sub(r"[-\d.e+]+", "#", ours) == re.sub(r"[-\d.e+]+", "#", theirs)
    np.testing.assert_allclose(numbers(ours), numbers(theirs), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_as_it_stands_with_chainers_numbers(name: str, folder: Path) -> None:
    arguments = ARGUMENTS.get(name, [])
    ours = by_us(folder, name, arguments)
    assert numbers(ours)
    assert "False" not in ours  # a resumed run is the whole one, bit for bit
    the_same(ours, by_chainer(folder, name, arguments), ROUNDED.get(name, 0))


@pytest.mark.parametrize("kind", ["npz", "hdf5"])
def test_each_engine_loads_what_the_other_saved(kind: str, folder: Path) -> None:
    if kind == "hdf5" and importlib.util.find_spec("h5py") is None:
        pytest.skip("h5py is not installed")
    load_chainer()
    for saves, loads in ((by_us, by_chainer), (by_chainer, by_us)):
        place = folder / f"{kind} {saves.__name__}"
        place.mkdir()
        said = saves(folder, "save_or_load", ["save", str(place), kind])
        # It goes on from there as the one that saved it did.
        assert loads(folder, "save_or_load", ["load", str(place), kind]) == said
