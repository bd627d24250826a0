"""The package itself: what its name shows."""

from __future__ import annotations

import subprocess
import sys

import pytest

import playground
from playground import functions, links, optimizers


def test_dir_shows_what_is_for_users_and_loads_nothing() -> None:
    script = (
        "import sys, playground; names = dir(playground); "
        "print(*names); print('pandas' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], text=True, capture_output=True, check=True
    )
    names, loaded = done.stdout.splitlines()
    assert {"Variable", "fit", "read_log", "transforms", "Chain"} <= {*names.split()}
    assert not {"annotations", "Any", "TYPE_CHECKING"} & {*names.split()}
    assert loaded == "False"


def test_every_name_that_it_shows_is_there() -> None:
    assert [name for name in dir(playground) if not hasattr(playground, name)] == []


@pytest.mark.parametrize(
    ("module", "name", "words"),
    [
        (playground, "Varable", "did you mean 'Variable'?"),
        (playground, "training", "a name of Chainer's"),
        (functions, "log_softmx", "did you mean 'log_softmax'?"),
        (functions, "roi_pooling_2d", "a name of Chainer's"),
        (links, "StatefulGRU", "a name of Chainer's"),
        (optimizers, "adam_w", "a name of Chainer's"),
        (optimizers, "AdamX", "did you mean 'Adam"),
    ],
)
def test_a_name_that_is_missing_is_told_from_a_slip(module, name, words) -> None:
    with pytest.raises(AttributeError, match=rf"module '{module.__name__}' has no attribute") as e:
        getattr(module, name)
    assert words in str(e.value)
    assert not hasattr(module, "__path_of_nothing__")
