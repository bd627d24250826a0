"""The package itself: what its name shows."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module, metadata
from pathlib import Path

import pytest

import playground
from playground import functions, links, optimizers
from tests.paths import ROOT

# Where it is only on the path, the path is what is asked.
INSTALLED = any(
    found.metadata["Name"] == "playground" and Path(str(found.locate_file(""))).resolve() != ROOT
    for found in metadata.distributions()
)


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
        (playground, "caffe", "a name of Chainer's"),
        (functions, "log_softmx", "did you mean 'log_softmax'?"),
        (functions, "theano_function", "a name of Chainer's"),
        (links, "TheanoFunction", "a name of Chainer's"),
        (optimizers, "adam_w", "a name of Chainer's"),
        (optimizers, "AdamX", "did you mean 'Adam"),
    ],
)
def test_a_name_that_is_missing_is_told_from_a_slip(module, name, words) -> None:
    with pytest.raises(AttributeError, match=rf"module '{module.__name__}' has no attribute") as e:
        getattr(module, name)
    assert words in str(e.value)
    assert not hasattr(module, "__path_of_nothing__")


def test_a_folder_that_is_called_playground_does_not_stand_in_for_it(tmp_path) -> None:
    """As that does which holds a clone: an editable install must come before such a namespace."""
    (tmp_path / "playground").mkdir()
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    env |= {} if INSTALLED else {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", "import playground; print(playground.Variable.__name__)"]
    done = subprocess.run(
        command, cwd=tmp_path, env=env, text=True, capture_output=True, check=False
    )
    assert done.stdout == "Variable\n", done.stderr


@pytest.mark.parametrize(
    ("name", "home"),
    [
        ("relu", "playground.functions"),
        ("Linear", "playground.links"),
        ("SGD", "playground.optimizers"),
        ("load_npz", "playground.serializers"),
        ("hessian", "playground.transforms"),
        ("MaxSteps", "playground.lab.descent"),
        ("StandardUpdater", "playground.training"),
    ],
)
def test_a_name_that_lives_in_a_room_is_sent_there(name, home) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(playground, name)
    said = str(caught.value)
    # It may have a second door; and there it is.
    told = said.partition("did you mean ")[2].removesuffix("?")
    room, _, found = told.rpartition(".")
    assert found == name
    assert hasattr(import_module(room), name)
    assert room.startswith(home)


def test_a_room_sends_next_door() -> None:
    with pytest.raises(AttributeError, match=r"did you mean playground\.functions\.relu\?"):
        _ = playground.initializers.relu
    with pytest.raises(AttributeError, match="it is not here yet"):
        _ = playground.no_such_thing_at_all
