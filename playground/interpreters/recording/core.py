"""Which core runs a tape: the compiled one (``playground/_tape.c``), or Python."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import struct
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from playground._version import __version__
from playground.graph.errors import PlaygroundError

__all__ = ["CORE_VARIABLE", "Core", "compiled", "core"]

CORE_VARIABLE = "PLAYGROUND_CORE"
CHOICES = ("auto", "python", "compiled")
# Before the digest that ends the file, as setup.py writes it.
SEAL = b"playground tape "
BUILD = "with a C compiler, in the clone: pip install -e ."


class Core(NamedTuple):
    """What runs, why, what would make it faster, and whether something is broken."""

    name: str
    reason: str
    cure: str = ""
    broken: bool = False

    def __repr__(self) -> str:
        return f"{self.name}: {self.reason}{f' ({self.cure})' if self.cure else ''}"


def core() -> Core:
    """Which core runs a tape, "compiled" or "Python", and why.

    The environment variable ``PLAYGROUND_CORE`` chooses: ``auto`` takes the compiled one where it
    is there, ``python`` leaves it alone, ``compiled`` insists on it.
    """
    asked = os.environ.get(CORE_VARIABLE, "") or "auto"
    if asked not in CHOICES:
        known = ", ".join(CHOICES)
        raise PlaygroundError(f"{CORE_VARIABLE}={asked}: expected one of {known}, or nothing")
    if asked == "python":
        return Core("Python", f"{CORE_VARIABLE}=python asks for it")
    found = _found()
    if asked == "compiled" and found.name != "compiled":
        raise PlaygroundError(f"{CORE_VARIABLE}=compiled, but {found.reason}: {found.cure}")
    return found


def compiled() -> Any:
    """The extension, where ``core`` says that it runs; None where Python does."""
    return _loaded() if core().name == "compiled" else None


@cache
def _found() -> Core:
    try:
        if not is_whole():
            raise ImportError("the file is damaged")
        module = _loaded()
    except ModuleNotFoundError:
        return Core("Python", "the extension playground._tape was not built", BUILD)
    except Exception as error:
        # Of another system or another Python, or built against another NumPy.
        text = str(error).strip().splitlines()
        why = f"{type(error).__name__}: {text[-1]}" if text else type(error).__name__
        why = f"the extension cannot be loaded ({why})"
    else:
        why = objection(module)
        if not why:
            return Core("compiled", f"NumPy's inner loops, driven by {module.__file__}")
    return Core("Python", why, f"build it anew, {BUILD}", True)


def is_whole() -> bool:
    """Whether the file of the extension, if there is one, is as it was built.

    Loading a library of which a part is missing or changed can end the process.
    """
    spec = importlib.util.find_spec("playground._tape")
    if spec is None or spec.origin is None:
        return True
    content = Path(spec.origin).read_bytes()
    if content[-48:-32] == SEAL:
        return hashlib.sha256(content[:-48]).digest() == content[-32:]
    if content[:5] != b"\x7fELF\x02":
        return True
    # Without a seal (strip takes it away): at the end of the file stands a table of its parts.
    (start,) = struct.unpack_from("=Q", content.ljust(64), 0x28)
    size, count = struct.unpack_from("=HH", content.ljust(64), 0x3A)
    return bool(start + size * count <= len(content))


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
