"""FunctionHook: what is told of every function, ahead of its forward and backward and behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from types import MappingProxyType
from typing import Any
from weakref import ref

from playground.graph.config import config, global_config, here, using_own
from playground.graph.types import Cotangents, Function, Raw

__all__ = [
    "FunctionHook",
    "add_local_hook",
    "around_backward",
    "delete_local_hook",
    "get_function_hooks",
    "hooks_of",
    "tell_forward",
    "told_once",
]


class FunctionHook:
    """To be subclassed: told of every function within ``with hook:``, or of those it is added to.

    ``function.add_hook(hook)`` adds it to one function. A hook is known by its ``name``.
    ``in_data`` and ``out_grad`` are tuples of arrays, which have None where a backward has no use
    for an input, or where no gradient arrived. What a hook raises goes through to the caller.
    """

    name = "FunctionHook"

    def __enter__(self) -> FunctionHook:
        hooks = here().values["_hooks"]
        _refuse_twice(self.name, hooks)
        # A new dictionary: tasks that were started meanwhile share the old one.
        config._hooks = {**hooks, self.name: self}
        self.added(None)
        return self

    def __exit__(self, *error: object) -> None:
        self.deleted(None)
        hooks = here().values["_hooks"]
        config._hooks = {name: hook for name, hook in hooks.items() if hook is not self}

    def added(self, function: Function | None) -> None:
        """Called when it is added to a function, or (None) when its ``with`` block begins."""

    def deleted(self, function: Function | None) -> None:
        """Called when it is taken away from a function, or when its ``with`` block ends."""

    def forward_preprocess(self, function: Function, in_data: tuple[Raw, ...]) -> None:
        """Called ahead of a function's forward."""

    def forward_postprocess(self, function: Function, in_data: tuple[Raw, ...]) -> None:
        """Called behind it, unless it raised."""

    def backward_preprocess(
        self, function: Function, in_data: tuple[Raw, ...], out_grad: tuple[Raw, ...]
    ) -> None:
        """Called ahead of a function's backward."""

    def backward_postprocess(
        self, function: Function, in_data: tuple[Raw, ...], out_grad: tuple[Raw, ...]
    ) -> None:
        """Called behind it, unless it raised."""


def get_function_hooks() -> Mapping[str, FunctionHook]:
    """The hooks of the ``with`` blocks around, by name, as this thread or task sees them."""
    # Not to be written to: a hook that slipped in would be told nothing.
    return MappingProxyType(here().values["_hooks"])


def _refuse_twice(name: str, hooks: Mapping[str, FunctionHook]) -> None:
    if name in hooks:
        raise KeyError(f"there is a hook {name!r} already: leave its with block or delete it first")


def add_local_hook(function: Function, hook: FunctionHook, name: str | None) -> None:
    """Let one function, a node of the graph, tell ``hook``."""
    if not isinstance(hook, FunctionHook):
        raise TypeError(f"add_hook: expected a FunctionHook, got {type(hook).__name__}")
    name = hook.name if name is None else name
    _refuse_twice(name, function.local_function_hooks)
    function.local_function_hooks[name] = hook
    _hooked.add(ref(function, _forget))
    if not global_config._local_hooks:
        global_config._local_hooks = True
    hook.added(function)


# While it holds any, every function is asked for its own; the many that have none are spared that
# as long as nobody has.
_hooked: set[Any] = set()


def _forget(gone: Any) -> None:
    _hooked.discard(gone)
    if not _hooked:
        global_config._local_hooks = False


def delete_local_hook(function: Function, name: str) -> None:
    """Take a hook away from one function."""
    hooks = function.local_function_hooks
    if name not in hooks:
        raise KeyError(f"delete_hook: there is no hook {name!r}; there are {[*hooks]}")
    hooks[name].deleted(function)
    del hooks[name]
    if not hooks:
        _forget(ref(function))


def hooks_of(function: Function) -> list[FunctionHook]:
    """Those of the blocks, and a function's own; of one name its own."""
    within, own = here().values["_hooks"], function.own_hooks
    return [*{**within, **own}.values()] if own else [*within.values()]


def tell_forward(function: Function, arrays: Sequence[Raw], over: bool) -> None:
    """Tell the hooks that a forward begins, or that it is over."""
    in_data = tuple(arrays)
    for hook in hooks_of(function):
        if over:
            hook.forward_postprocess(function, in_data)
        else:
            hook.forward_preprocess(function, in_data)


def around_backward(function: Function, gy: Cotangents, pull: Callable[[Cotangents], Any]) -> Any:
    """What ``pull(gy)``, the backward of a function, returns; its hooks are told of it."""
    # What a transform puts at the ends of a graph is no function that anybody has called.
    hooks = hooks_of(function) if hasattr(function, "own_hooks") else []
    told = here().values["_told"]
    if not hooks or (told is not None and function in told):
        return pull(gy)
    if told is not None:
        told.add(function)
    # By attribute, not by class: this module stands below Variable.
    gys = gy if type(gy) in (list, tuple) else (gy,)
    out_grad = tuple(getattr(g, "_array", g) for g in gys)
    in_data = tuple(node.data for node in function.inputs or ())
    for hook in hooks:
        hook.backward_preprocess(function, in_data, out_grad)
    gxs = pull(gy)
    for hook in hooks:
        hook.backward_postprocess(function, in_data, out_grad)
    return gxs


def told_once() -> Any:
    """Context manager around a backward pass that may be made again: hooks are told once."""
    return using_own({"_told": set()}) if here().hooked else nullcontext()
