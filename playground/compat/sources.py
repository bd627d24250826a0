"""Scripts, and the modules beside them, as code: translated where they are Python 2."""

from __future__ import annotations

import linecache
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from playground.compat import python2
from playground.graph.errors import InputError
from playground.lab.cli.streams import complain

# How many of the translated lines are shown.
_SHOWN = 12


def source_bytes(path: str) -> bytes:
    """A script's bytes. Raises InputError."""
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: a folder, not a script") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def code_of(data: bytes, path: str, translate: bool = True) -> tuple[CodeType, bool]:
    """The code of a source, and whether it was translated. Raises InputError, SyntaxError."""
    text = python2.decoded(data)
    if "\0" in text:
        raise InputError(f"{path}: not a script: it holds null bytes")
    why = python2.reason(text, path) if translate else None
    if why is None:
        return compile(data, path, "exec", dont_inherit=True), False
    new = python2.translated(text, path)
    _show(path, why, python2.changes(text, new))
    # A traceback shows the lines that run.
    linecache.cache[path] = (len(new), None, new.splitlines(keepends=True), path)
    return compile(python2.tree_of(new, path), path, "exec", dont_inherit=True), True


def _show(path: str, why: str, changed: list[tuple[int, str, str]]) -> None:
    name = Path(path).name
    complain(f"{name}: Python 2 ({why}), translated in {len(changed)} places:")
    for line, old, new in changed[:_SHOWN]:
        complain(f"  {name}:{line}: {old}  ->  {new}")
    if len(changed) > _SHOWN:
        complain(f"  … and {len(changed) - _SHOWN} more (--check lists all)")


def run_code(code: CodeType, module: ModuleType, translated: bool) -> None:
    """Run a script's code, or that of a module of its own, in its module."""
    if translated:
        vars(module).update(python2.LEFT)
    exec(code, vars(module))  # noqa: S102 (running it is what was asked for)


class _Translating(SourceFileLoader):
    """Loads a module of the script's own, translated if need be, and leaves no .pyc behind."""

    def exec_module(self, module: ModuleType) -> None:
        path = self.get_filename(module.__name__)
        code, translated = code_of(self.get_data(path), path)
        run_code(code, module, translated)


_INSTALLED = {"site-packages", "dist-packages"}


class Beside(MetaPathFinder):
    """Finds the modules that lie beside a script, or below."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find_spec(self, path: str, search: Any = None, target: Any = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(path, search)
        if spec is None or type(spec.loader) is not SourceFileLoader or spec.origin is None:
            return None
        # Installed packages are today's Python, also where they lie in a .venv beside the script.
        path_of = Path(spec.origin).resolve()
        if self._folder not in path_of.parents or _INSTALLED & {*path_of.parts}:
            return None
        spec.loader = _Translating(spec.name, spec.origin)
        return spec


def find_beside(folder: Path) -> None:
    """From now on translate what is imported from a script's folder."""
    if not any(isinstance(finder, Beside) for finder in sys.meta_path):
        sys.meta_path.insert(0, Beside(folder.resolve()))
