"""``import chainer`` in a process where old scripts run: modules that look their names up here.

Nothing is written to disk, and an installed Chainer is left alone: the finder stands in
``sys.meta_path`` between :func:`install` and :func:`uninstall`, and knows ``chainer`` alone.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from playground.compat import idioms
from playground.compat.loading import Made
from playground.compat.names import below, current, entries, held_here, is_here, modules, public
from playground.graph.errors import DeviceError, GraphError, MissingModuleError, MissingNameError


def find(path: str) -> Any:
    """What a dotted name of Chainer's, of any of its versions, is here; None: it is missing."""
    if path in idioms.OLD:
        return idioms.OLD[path]
    if path in idioms.OLD_MODULES:
        return _module(path)
    if path in modules() or current(path) in modules():
        return _module(path) if is_here(path) else None
    return below(public(path))


def is_found(path: str) -> bool:
    """Whether a name is here, also where only a device that is not there could answer for it."""
    try:
        return find(path) is not None
    except DeviceError:
        return True


def _module(path: str) -> Facade:
    """The one module of that path, in ``sys.modules`` while the hook is on."""
    known = sys.modules.get(path)
    return known if isinstance(known, Facade) else Facade(path)


class Facade(ModuleType):
    """A module of Chainer's: what it held, found here when it is asked for."""

    def __init__(self, path: str) -> None:
        super().__init__(path, f"{path} of Chainer, answered by playground.")
        # Without a __path__ Python would not ask the hook for what is below a module.
        self.__path__: list[str] = []  # a package: what is below it is imported through the hook

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return self.__dir__()
        path = f"{self.__name__}.{name}"
        if name.startswith("__") and path not in idioms.OLD:
            raise AttributeError(name)
        found = find(path)
        if found is None:
            raise MissingNameError(_sentence(path))
        if _is_on():
            is_module = isinstance(found, Facade)
            found = import_module(path) if is_module else idioms.adapted(public(path), found)
        setattr(self, name, found)
        return found

    def __dir__(self) -> list[str]:
        path = current(self.__name__)
        here = held_here(path) if path in modules() else []
        return sorted({*here, *idioms.names_in(self.__name__)})


class NoChainerX(ModuleType):
    """``chainerx`` for scripts that ask whether it is there: it is not."""

    class ndarray:  # noqa: N801 (ChainerX's name)
        """ChainerX's array type: nothing is an instance of it."""

    @staticmethod
    def is_available() -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise DeviceError(f"chainerx.{name}: ChainerX is not there: use --device -1, or CuPy's 0")


def _is_on() -> bool:
    return any(isinstance(finder, _Finder) for finder in sys.meta_path)


def _sentence(path: str) -> str:
    return f"{path} is not here: {advice(path)}"


def advice(path: str) -> str:
    """What to do about a missing name, in words."""
    known = path in entries() or public(path) in entries() or path in modules()
    state = "not built yet" if known else "no name of Chainer 7.8.1's either"
    near = _nearest(path)
    use = f"; the nearest that is here is {near}" if near else ""
    return f"{state}{use} (docs/chainer.md, beside the source, tells where the two differ)"


def _nearest(path: str) -> str | None:
    from difflib import get_close_matches

    namespace, _, name = public(path).rpartition(".")
    held = held_here(namespace) if namespace in modules() else []
    close = get_close_matches(name, held, 1, 0.7)
    return f"{namespace}.{close[0]}" if close else None


class _Finder(MetaPathFinder):
    """Finds ``chainer`` and what was below it."""

    def find_spec(self, path: str, search: Any = None, target: Any = None) -> ModuleSpec | None:
        root = path.partition(".")[0]
        if path == "chainerx":
            return ModuleSpec(path, Made(NoChainerX), is_package=True)
        if root in ("chainerx", "chainermn"):
            # Where real Chainer is installed they lie beside it, and would ask for its insides.
            instead = (
                "use NumPy, or CuPy on a GPU" if root == "chainerx" else "train in one process"
            )
            raise MissingModuleError(f"{path} is not here, nor is anything of {root}: {instead}")
        if root != "chainer":
            return None
        if isinstance(find(path), Facade):
            return ModuleSpec(path, Made(Facade), is_package=True)
        if find(path) is not None:
            return None  # a class or function, which from … import finds in the module above it
        # Not a ModuleNotFoundError: "from chainer.links import Name" would drop its words.
        raise MissingModuleError(_sentence(path))


def install() -> None:
    """From now on ``import chainer`` leads here, with the idioms of all its versions.

    Raises GraphError where real Chainer was imported before: its objects would not fit with these.
    """
    known = sys.modules.get("chainer")
    if known is not None and not isinstance(known, Facade):
        raise GraphError(
            "compat.install: real Chainer has been imported before; call this ahead of it"
        )
    if not _is_on():
        sys.meta_path.insert(0, _Finder())


def uninstall() -> None:
    """Take the hook, its modules and the idioms away."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]
    # What a script has imported stays its own: only the next import finds the real Chainer.
    for path in [
        path for path, module in sys.modules.items() if isinstance(module, (Facade, NoChainerX))
    ]:
        del sys.modules[path]
    idioms.give_back()
