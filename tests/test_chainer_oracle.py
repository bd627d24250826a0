"""The oracle itself: Chainer works on today's NumPy, and its needs leave no trace."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from tests.chainer_oracle import REQUIRE, SKIPPED, load_chainer
from tests.paths import ROOT

PROBE = """
from tests.chainer_oracle import load_chainer
{blind}
{where}chainer = load_chainer()
{where}assert chainer.__version__.startswith("7.")
"""
BLIND = "import importlib.util; importlib.util.find_spec = lambda name, package=None: None"


def probe(tmp_path: Path, *, installed: bool, inside: bool, require: str) -> tuple[int, str]:
    """Run pytest on a file that loads Chainer, at module level or inside a test."""
    head = "def test_it():\n" if inside else ""
    text = PROBE.format(blind="" if installed else BLIND, where="    " if inside else "")
    if inside:
        text = text.replace("    chainer =", f"{head}    chainer =")
    file = tmp_path / "test_probe.py"
    file.write_text(text + ("" if inside else "\ndef test_it():\n    pass\n"))
    command = [sys.executable, "-m", "pytest", "-rs", "-q", "-p", "no:cacheprovider", str(file)]
    env = {**os.environ, "PYTHONPATH": str(ROOT), REQUIRE: require}
    done = subprocess.run(
        command, env=env, cwd=tmp_path, text=True, capture_output=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("inside", [False, True])
def test_absent_chainer_skips_with_a_word(tmp_path: Path, inside: bool) -> None:
    code, text = probe(tmp_path, installed=False, inside=inside, require="0")
    assert code in (0, 5)
    assert SKIPPED in text
    assert "1 skipped" in text


@pytest.mark.parametrize("inside", [False, True])
def test_absent_chainer_fails_where_it_is_required(tmp_path: Path, inside: bool) -> None:
    code, text = probe(tmp_path, installed=False, inside=inside, require="1")
    assert code not in (0, 5)
    assert f"{REQUIRE}=1" in text


def test_import_is_silent_and_leaves_no_stub() -> None:
    load_chainer()
    code = (
        "import sys, warnings; from tests.chainer_oracle import find_chainer\n"
        "warnings.simplefilter('error'); assert find_chainer() is find_chainer() is not None\n"
        "assert not {'pkg_resources', 'cupy', 'numpy.distutils'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_functions_that_use_removed_names_work() -> None:
    chainer = load_chainer()
    x = chainer.Variable(np.arange(6, dtype="f").reshape(1, 1, 2, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = chainer.functions.resize_images(x, (4, 6), align_corners=False)
    assert image.shape == (1, 1, 4, 6)
    flat = chainer.Variable(np.arange(6, dtype="f").reshape(2, 3))
    rows = chainer.functions.as_strided(flat, (2, 2), (3, 1), 0)
    chainer.functions.sum(rows * rows).backward()
    assert flat.grad.tolist() == [[0, 2, 0], [6, 8, 0]]


def test_oracle_differentiates() -> None:
    chainer = load_chainer()
    x = chainer.Variable(np.array([1, 2, 3], dtype="f"))
    chainer.functions.sum(x * x * x).backward()
    assert x.grad.tolist() == [3, 12, 27]
