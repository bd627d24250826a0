"""Scripts as they were written from 2015 to 2019, run unedited here and by real Chainer.

Each prints numbers. Those of Chainer 1 and Python 2 have theirs from a twin in Chainer 7's words.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys

import numpy as np
import pytest

from tests.chainer_oracle import find_chainer
from tests.paths import ROOT

SCRIPTS = ROOT / "tests" / "legacy" / "scripts"
# Where a sum of the engine's goes another way round: how far the printed numbers may lie apart.
ROUNDED = {"by_hand": 1e-6, "function_set": 1e-6, "with_trainer": 1e-4}
TWINS = {"function_set": "function_set_as_of_chainer_7"}
NAMES = sorted(path.stem for path in SCRIPTS.glob("*.py") if path.stem not in TWINS.values())
CHAINER = (
    "import runpy, sys; from tests.chainer_oracle import load_chainer; load_chainer();"
    "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
)


def printed(*command: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, timeout=120, env=environment,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def numbers(text: str) -> list[float]:
    return [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?", text)]


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_as_it_stands_with_chainers_numbers(name: str) -> None:
    ours = printed("-m", "playground.run", "--quiet", str(SCRIPTS / f"{name}.py"))
    assert numbers(ours)
    assert "False" not in ours  # with_trainer: a resumed run is the whole one, bit for bit
    if find_chainer() is None:
        pytest.skip("Chainer is not installed: its numbers are not compared")
    theirs = printed("-c", CHAINER, str(SCRIPTS / f"{TWINS.get(name, name)}.py"))
    assert re.sub(r"[-\d.e+]+", "#", ours) == re.sub(r"[-\d.e+]+", "#", theirs)
    np.testing.assert_allclose(
        numbers(ours), numbers(theirs), rtol=ROUNDED.get(name, 0), atol=ROUNDED.get(name, 0)
    )
