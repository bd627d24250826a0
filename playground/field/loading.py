"""Functions of a user: ``module:name``, imported from the current directory."""

from __future__ import annotations

import difflib
import importlib
import inspect
import os
import sys
from collections.abc import Callable
from typing import Any

from playground.graph.errors import InputError

__all__ = ["load_function", "on_rows"]


def load_function(spec: str) -> Callable[..., Any]:
    """The function that ``module:name`` names, such as ``mine:bump`` or ``package.mine:bump``.

    The current directory is searched first. Raises InputError where there is no such module or
    function, or where the module cannot be imported.
    """
    module, _, name = (part.strip() for part in spec.partition(":"))
    if not module.replace(".", "a").isidentifier() or not name.isidentifier():
        raise InputError(f"{spec!r}: expected module:name, such as mine:bump for mine.py's bump")
    found = _imported(module, spec)
    function = getattr(found, name, None)
    if function is None:
        known = [key for key, value in vars(found).items() if callable(value) and key[0] != "_"]
        near = difflib.get_close_matches(name, known, 1, 0.5)
        where = getattr(found, "__file__", None) or found.__name__
        has = f"it has {', '.join(sorted(known)[:12])}" if known else "it has no function"
        hint = f"; did you mean {near[0]}?" if near else f"; {has}"
        raise InputError(f"{spec!r}: {where} has no {name!r}{hint}")
    if not callable(function):
        kind = type(function).__name__
        raise InputError(f"{spec!r}: {name} is no function but of type {kind}")
    return function


def _imported(module: str, spec: str) -> Any:
    here = os.getcwd()
    sys.path.insert(0, here)
    importlib.invalidate_caches()  # the file may be newer than the last look at the directory
    try:
        return importlib.import_module(module)
    # Raised for the module itself as well as for one that it imports: the cure is another.
    except ModuleNotFoundError as error:
        # A missing parent package counts as the module itself, anything else as what it imports.
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise InputError(f"{spec!r}: {module} needs {error.name}, which is missing") from error
        raise InputError(
            f"{spec!r}: there is no module {module} in {here} nor among those installed"
        ) from error
    except (Exception, SystemExit) as error:  # whatever a user's module does on import
        what = f"{type(error).__name__}: {error}".partition("\n")[0].removesuffix(": ")
        raise InputError(f"{spec!r}: {module} cannot be imported ({what})") from error
    finally:
        # Taken back: files there must not shadow modules that are imported later.
        sys.path.remove(here)


def on_rows(function: Callable[..., Any], count: int, spec: str) -> Callable[[Any], Any]:
    """``function`` as one of a point x of shape ``(count,)``.

    It may be written for x itself, ``f(x)``, or for its parts, ``f(x0, x1)``. Raises InputError
    for any other number of arguments.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some of those written in C have none
        needed = getattr(function, "nin", 1)
        return function if needed == 1 else lambda x: function(*(x[i] for i in range(count)))
    for arguments in (1, count):
        try:
            signature.bind(*[None] * arguments)
        except TypeError:
            continue
        return function if arguments == 1 else lambda x: function(*(x[i] for i in range(count)))
    names = ", ".join(f"x{i}" for i in range(count))
    raise InputError(f"{spec!r} takes {signature}: expected (x) with the parts of x, or ({names})")
