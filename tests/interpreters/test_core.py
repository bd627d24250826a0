"""Which core runs the tape: what is asked for, what is there, and whether it may be used."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import playground
from playground import PlaygroundError, doctor
from playground.interpreters.recording import core as module
from playground.interpreters.recording.core import CORE_VARIABLE, Core

PACKAGE = Path(playground.__file__).parent


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets what is found when the extension is looked for."""
    monkeypatch.delenv(CORE_VARIABLE, raising=False)

    def set_found(extension: Any) -> None:
        def load(name: str) -> Any:
            if isinstance(extension, Exception):
                raise extension
            return extension

        monkeypatch.setattr(module, "_found", module._found.__wrapped__)
        monkeypatch.setattr(module, "is_whole", lambda: True)
        monkeypatch.setattr(module, "_loaded", lambda: load("playground._tape"))

    return set_found


def extension(**other: str) -> SimpleNamespace:
    """One that fits, but for what is said."""
    digest = hashlib.sha256((PACKAGE / "_tape.c").read_bytes()).hexdigest()[:16]
    right = {"VERSION": playground.__version__, "SOURCE": digest, "__file__": "there"}
    return SimpleNamespace(**right | other)


def test_one_that_fits(found, monkeypatch) -> None:
    found(extension())
    assert playground.core() == ("compiled", "NumPy's inner loops, driven by there", "", False)
    assert repr(playground.core()) == "compiled: NumPy's inner loops, driven by there"
    monkeypatch.setenv(CORE_VARIABLE, "compiled")
    assert playground.core().name == "compiled"
    monkeypatch.setenv(CORE_VARIABLE, "python")
    assert playground.core() == ("Python", "PLAYGROUND_CORE=python asks for it", "", False)
    assert module.compiled() is None


REFUSED = {
    "not built": (ModuleNotFoundError("no"), "was not built", False),
    "damaged": (ImportError("invalid ELF header"), "ImportError: invalid ELF header", True),
    "against another NumPy": (
        RuntimeError("module was compiled against\n\nNumPy C-API version 0x14"),
        "0x14",
        True,
    ),
    "no words": (SystemError(), "SystemError", True),
    "another version": (extension(VERSION="0.0.9"), "of playground 0.0.9", True),
    "another source": (extension(SOURCE="0"), "not built from the _tape.c", True),
    "something else": (SimpleNamespace(), "no version", True),
}


@pytest.mark.parametrize("what", REFUSED)
def test_one_that_is_refused(found, monkeypatch, what: str) -> None:
    broken, words, wrong = REFUSED[what]
    found(broken)
    core = playground.core()
    assert core.name == "Python"
    assert words in core.reason
    assert core.broken == wrong
    # The way out, wherever one looks.
    assert "pip install -e ." in repr(core)
    line = doctor.core_found().line
    assert line.startswith("WRONG  core" if wrong else "ok     core")
    assert "pip install -e ." in line
    monkeypatch.setenv(CORE_VARIABLE, "compiled")
    with pytest.raises(PlaygroundError, match=r"PLAYGROUND_CORE=compiled, but .*pip install -e"):
        playground.core()


@pytest.mark.parametrize("asked", ["c", "Compiled", "1", "none"])
def test_a_choice_that_is_none(monkeypatch, asked: str) -> None:
    monkeypatch.setenv(CORE_VARIABLE, asked)
    with pytest.raises(PlaygroundError, match=f"{asked}: expected one of auto, python, compiled"):
        playground.core()


def test_no_choice(monkeypatch) -> None:
    monkeypatch.delenv(CORE_VARIABLE, raising=False)
    auto = playground.core()
    assert isinstance(auto, Core)
    for nothing in ("", "auto"):
        monkeypatch.setenv(CORE_VARIABLE, nothing)
        assert playground.core() == auto


def foreign() -> bytes:
    """An extension, but another one."""
    file = np.linalg._umath_linalg.__file__
    return Path(file).read_bytes()


def damaged(change: Callable[[bytes], bytes]) -> bytes:
    """The extension itself, changed."""
    spec = importlib.util.find_spec("playground._tape")
    if sys.platform != "linux" or spec is None or not module.is_whole():
        pytest.skip("no whole extension here that could be damaged")
    return change(Path(spec.origin).read_bytes())


FILES = {
    "nothing in it": lambda: b"",
    "text": lambda: b"no library at all" * 100,
    "the head of a library": lambda: foreign()[:1000],
    "half a library": lambda: foreign()[: len(foreign()) // 2],
    "another library": foreign,
    "half of it": lambda: damaged(lambda content: content[: len(content) // 2]),
    "without its end": lambda: damaged(lambda content: content[:-60]),
    "zeros in it": lambda: damaged(lambda c: c[:9000] + bytes(9000) + c[18000:]),
    "a changed bit": lambda: damaged(lambda c: c[:20000] + bytes([c[20000] ^ 1]) + c[20001:]),
    "something behind it": lambda: damaged(lambda c: c[:-48] + b"more" + c[-48:]),
}


@pytest.mark.parametrize("what", FILES)
def test_files_that_are_no_extension(tmp_path: Path, what: str) -> None:
    copy = tmp_path / "playground"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyd"))
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    (copy / f"_tape{suffix}").write_bytes(FILES[what]())
    script = (
        "import playground, numpy as np\n"
        "from playground.interpreters.recording.steps import Step\n"
        "from playground.interpreters.recording.tape import Tape\n"
        "x = np.ones(3)\n"
        "print(Tape([[Step('ufunc', np.add, (x, x), (x,))]]).run(2).done, x, playground.core())"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path), CORE_VARIABLE: "auto"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        text=True,
        capture_output=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    ran = "2 [4. 4. 4.] Python: the extension cannot be loaded (ImportError: "
    assert done.stdout.startswith(ran)
    assert done.stdout.endswith("pip install -e .)\n")
