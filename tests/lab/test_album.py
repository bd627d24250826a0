"""The pictures of a run in the hand: of a Fit, and of a log that is read."""

from __future__ import annotations

import base64
import pickle
import re
import subprocess
import sys
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from playground import Fit, FitError, fit, read_log
from playground.lab.descent import MaxSteps


def bowl(x: np.ndarray) -> np.ndarray:
    return ((x - 3) ** 2).sum()


def run(log: object = None, **options: object) -> Fit:
    return fit(bowl, np.zeros(3), rule="barzilai-borwein", stop=MaxSteps(9), log=log, **options)  # type: ignore[arg-type]


def of_seed(seed: int) -> Fit:
    return fit(bowl, np.random.default_rng(seed).random(3), stop=MaxSteps(20))


@pytest.mark.parametrize("kind", ["memory", "disk", "read", "sent", "watched"])
def test_a_run_draws_its_pictures(tmp_path: Path, kind: str) -> None:
    watch = {"sum": np.sum} if kind == "watched" else None
    found = run(None if kind == "memory" else tmp_path / "log", watch=watch)
    it = read_log(tmp_path / "log") if kind == "read" else found
    if kind == "sent":
        it = pickle.loads(pickle.dumps(it))  # noqa: S301
    names = ["loss", "parameters", "gradient", *(["watched"] if watch else [])]
    assert list(it.plot()) == names
    files = it.save_pictures(tmp_path / "a" / "b")
    assert [file.name for file in files] == [f"{name}.png" for name in names]
    assert all(file.read_bytes()[:4] == b"\x89PNG" for file in files)
    (lines, *_) = it.plot("parameters")["parameters"].axes
    assert [line.get_ydata()[-1] for line in lines.get_lines()] == pytest.approx(found.x)


def test_a_notebook_shows_the_figures() -> None:
    shown = run().plot("loss", "gradient")._repr_html_()
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', shown)
    assert [base64.b64decode(text)[:4] for text in pictures] == [b"\x89PNG"] * 2


def test_a_picture_that_is_none_says_which_there_are() -> None:
    with pytest.raises(FitError, match="expected names of loss, parameters, gradient, watched"):
        run().plot("lost")


SCRIPT = """
import sys, numpy as np, playground
run = playground.fit(lambda x: (x * x).sum(), np.ones(2), stop=1e-3)
assert "matplotlib" not in sys.modules
print(run.plot(), "matplotlib.pyplot" in sys.modules)
"""


def test_a_script_opens_nothing() -> None:
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, text=True, capture_output=True, check=True, timeout=60)
    assert done.stdout == (
        "<Pictures: loss, parameters, gradient; .save(folder) writes them> False\n"
    )


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_fits_come_back_from_other_processes(way: str) -> None:
    with get_context(way).Pool(1) as pool:
        found = pool.map(of_seed, range(2))
    for seed, one in enumerate(found):
        here = of_seed(seed)
        assert np.array_equal(one.x, here.x)
        assert one.loss.equals(here.loss)
        assert one.params.equals(here.params)
