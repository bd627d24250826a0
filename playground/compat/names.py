"""Where Chainer's names lead: the one alias table.

The public names of Chainer 7.8.1 and the modules that held them stand in
``data/chainer-names.tsv``. A name is looked for below ``playground`` under the same public path. A
deeper path (``chainer.functions.activation.relu.relu``) is that of a module that held public
names, and leads to these. What older versions had is in :mod:`playground.compat.idioms`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from playground.graph.errors import DeviceError

TABLE = Path(__file__).parent.parent / "data" / "chainer-names.tsv"

# Paths of older versions, or second paths, of what is the same thing: there -> here, the beginnings
# of paths too.
SAME: dict[str, str] = {
    "chainer.backend.cuda": "chainer.backends.cuda",
    "chainer.configuration.config": "chainer.config",
    "chainer.configuration.global_config": "chainer.global_config",
    "chainer.cuda": "chainer.backends.cuda",
    "chainer.dataset.iterator.Iterator": "chainer.dataset.Iterator",
    "chainer.function.no_backprop_mode": "chainer.no_backprop_mode",
    "chainer.function.force_backprop_mode": "chainer.force_backprop_mode",
    "chainer.function.FunctionHook": "chainer.FunctionHook",
    "chainer.functions.caffe": "chainer.links.caffe",
    "chainer.initializers.normal.normal": "chainer.initializers.Normal",
    "chainer.links.caffe.caffe_function": "chainer.links.caffe",
    "chainer.optimizer.GradientClipping": "chainer.optimizer_hooks.GradientClipping",
    "chainer.optimizer.GradientHardClipping": "chainer.optimizer_hooks.GradientHardClipping",
    "chainer.optimizer.GradientNoise": "chainer.optimizer_hooks.GradientNoise",
    "chainer.optimizer.Lasso": "chainer.optimizer_hooks.Lasso",
    "chainer.optimizer.WeightDecay": "chainer.optimizer_hooks.WeightDecay",
    "chainer.training.trigger": "chainer.training.triggers",
    "chainer.training.updater": "chainer.training.updaters",
}


class Entry(NamedTuple):
    """A public name of Chainer 7.8.1: where it is public, what it is, the module that held it."""

    namespace: str
    name: str
    kind: str
    home: str

    @property
    def path(self) -> str:
        return f"{self.namespace}.{self.name}"

    @property
    def is_of_class(self) -> bool:
        """Whether it is an attribute of a class or of the configuration."""
        last = self.namespace.rpartition(".")[2]
        return last[0].isupper() or last == "config"


@cache
def entries() -> dict[str, Entry]:
    """Every public name, by its path."""
    with TABLE.open(encoding="utf-8") as table:
        next(table)
        rows = [Entry(*line.rstrip("\n").split("\t")) for line in table]
    return {row.path: row for row in rows}


@cache
def modules() -> dict[str, dict[str, str]]:
    """Chainer's modules, by path, each with what it held: a name -> the path where it is public."""
    found: dict[str, dict[str, str]] = {}
    for path, entry in entries().items():
        if entry.is_of_class:
            continue
        holders = {entry.namespace, entry.home} - {""}
        for module in holders | ({path} if entry.kind == "module" else set()):
            for package in _upwards(module):
                found.setdefault(package, {})
        for module in holders:
            # chainer.links.linear, a module, is named beside what it held; both are found.
            if path != module:
                found[module].setdefault(entry.name, path)
    return found


def _upwards(path: str) -> Iterator[str]:
    """``a.b.c``, ``a.b`` and ``a``."""
    while path:
        yield path
        path = path.rpartition(".")[0]


def current(path: str) -> str:
    """The path where 7.8.1 has what an older one had at ``path``."""
    for beginning in _upwards(path):
        if beginning in SAME:
            return current(SAME[beginning] + path[len(beginning) :])
    return path


def public(path: str) -> str:
    """The public path of what a module below ``chainer`` held; ``path`` itself where it is none."""
    path = current(path)
    if path in entries():
        return path
    for module in _upwards(path.rpartition(".")[0]):
        held = modules().get(module)
        if held is not None:
            first, dot, rest = path[len(module) + 1 :].partition(".")
            there = held.get(first, f"{module}.{first}")
            return there + dot + rest
    return path


def below(path: str) -> Any:
    """What has the public path ``path`` with ``playground`` in place of ``chainer``; or None."""
    parts = path.split(".")[1:]
    place, found = "playground", import_module("playground")
    if parts and f"chainer.{parts[0]}" not in entries() and parts[0] in dir(found):
        return None  # a name of ours alone
    for part in parts:
        place = f"{place}.{part}"
        try:
            found = getattr(found, part)
        except (AttributeError, ImportError):
            try:
                found = import_module(place)
            except ImportError:
                return None
    return found


def held_here(module: str) -> list[str]:
    """The names that ``module`` of Chainer held and that are found here."""
    return [name for name, path in modules()[module].items() if is_here(path)]


@cache
def is_here(path: str) -> bool:
    """Whether a path leads somewhere; a module does if something that it held does."""
    path = current(path)
    try:
        if below(path) is not None:
            return True
    except DeviceError:  # CuPy's own, such as cuda.Stream, where there is no device
        return True
    # Modules held modules, and one another: what counts is what else is in them.
    inside = [held for module, held in modules().items() if f"{module}.".startswith(f"{path}.")]
    paths = {public for held in inside for public in held.values()} - modules().keys()
    return any(is_here(public) for public in paths)
