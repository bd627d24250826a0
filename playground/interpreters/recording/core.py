"""Which core runs a tape: the compiled one (``playground/_tape.c``), or Python."""

from __future__ import annotations

import hashlib
import importlib
import os
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from playground._version import __version__
from playground.graph.errors import PlaygroundError

__all__ = ["CORE_VARIABLE", "Core", "compiled", "core"]

CORE_VARIABLE = "PLAYGROUND_CORE"
CHOICES = ("auto", "python", "compiled")
BUILD = "with a C compiler, in the clone: pip install -e ."


class Core(NamedTuple):
    """What runs, why, and (where something is wrong) what to do about it."""

    name: str
    reason: str
    cure: str = ""

    def __repr__(self) -> str:
        return f"{self.name}: {self.reason}{f' ({self.cure})' if self.cure else ''}"


def core() -> Core:
    """Which core runs a tape, "compiled" or "Python", and why.

    The environment variable ``PLAYGROUND_CORE`` chooses: ``auto`` takes the compiled one where it
    is there, ``python`` leaves it alone, ``compiled`` insists on it.
    """
    asked = os.environ.get(CORE_VARIABLE, "") or "auto"
    if asked not in CHOICES:
        raise PlaygroundError(
            f"{CORE_VARIABLE}={asked}: it is one of {', '.join(CHOICES)}, or unset"
        )
    if asked == "python":
        return Core("Python", f"{CORE_VARIABLE}=python asks for it")
    found = _found()
    if asked == "compiled" and found.name != "compiled":
        raise PlaygroundError(
            f"{CORE_VARIABLE}=compiled, but {found.reason}: {found.cure or BUILD}"
        )
    return found


def compiled() -> Any:
    """The extension, where ``core`` says that it runs; None where Python does."""
    return _loaded() if core().name == "compiled" else None


@cache
def _found() -> Core:
    try:
        module = _loaded()
    except ModuleNotFoundError:
        return Core("Python", f"the extension playground._tape was not built ({BUILD})")
    except Exception as error:
        # Damaged, of another system or another Python, or built against another NumPy.
        text = str(error).strip().splitlines()
        why = f"{type(error).__name__}: {text[-1]}" if text else type(error).__name__
        return Core("Python", f"the extension cannot be loaded ({why})", f"build it anew, {BUILD}")
    why = objection(module)
    if why:
        return Core("Python", why, f"build it anew, {BUILD}")
    return Core("compiled", f"NumPy's inner loops, driven by {module.__file__}")


@cache
def _loaded() -> ModuleType:
    return importlib.import_module("playground._tape")


def objection(module: ModuleType) -> str:
    """Why an extension that can be loaded is not to be used; empty where it is."""
    if getattr(module, "VERSION", None) != __version__:
        version = getattr(module, "VERSION", "no version")
        return f"the extension is of playground {version}, and this is {__version__}"
    source = Path(__file__).parents[2] / "_tape.c"
    if source.exists():
        # As setup.py does it: what git makes of the ends of lines is no change.
        text = source.read_bytes().replace(b"\r\n", b"\n")
        if hashlib.sha256(text).hexdigest()[:16] != module.SOURCE:
            return f"the extension was not built from the {source.name} that stands beside it"
    return ""
