"""The package itself: what its name shows."""

from __future__ import annotations

import subprocess
import sys

import playground


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
