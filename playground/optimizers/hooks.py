"""Functions that are called before or after an update."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

__all__ = ["Hooks"]

TIMINGS = ("pre", "post")


class Hooks:
    """Named functions, called in the order in which they were added, ``'pre'`` or ``'post'``."""

    def __init__(self) -> None:
        self._by_timing: dict[str, dict[str, Callable[..., Any]]] = {"pre": {}, "post": {}}

    def __bool__(self) -> bool:
        return any(self._by_timing.values())

    def add(self, hook: Callable[..., Any], name: str | None, timing: str) -> None:
        """Add ``hook``; ``'auto'`` leaves the timing to its attribute ``timing``, else ``'pre'``.

        Raises TypeError for what cannot be called, ValueError for an unknown timing or a hook
        without a name, KeyError for a name that is taken.
        """
        if not callable(hook):
            raise TypeError(f"add_hook: expected a function, got {type(hook).__name__}")
        if timing not in (*TIMINGS, "auto"):
            raise ValueError(f"add_hook: timing is 'pre', 'post' or 'auto', got {timing!r}")
        if timing == "auto":
            timing = self._wanted_by(hook)
        if name is None:
            name = getattr(hook, "name", getattr(hook, "__name__", None))
        if name is None:
            raise ValueError("add_hook: the hook has no name: pass name=…")
        if any(name in hooks for hooks in self._by_timing.values()):
            raise KeyError(f"add_hook: there is a hook {name!r} already: pass another name=…")
        self._by_timing[timing][name] = hook

    def _wanted_by(self, hook: Any) -> str:
        timing = getattr(hook, "timing", "pre")
        if timing in TIMINGS:
            return timing
        warnings.warn(
            f"add_hook: the hook's timing is {timing!r}, not 'pre' or 'post': it is called before "
            f"the update",
            stacklevel=4,
        )
        return "pre"

    def remove(self, name: str) -> None:
        """Forget the hook of that name. Raises KeyError."""
        for hooks in self._by_timing.values():
            if name in hooks:
                del hooks[name]
                return
        raise KeyError(f"remove_hook: there is no hook {name!r}")

    def of(self, timing: str) -> list[Callable[..., Any]]:
        """The hooks of one timing. Raises ValueError for an unknown one."""
        if timing not in TIMINGS:
            raise ValueError(f"call_hooks: timing is 'pre' or 'post', got {timing!r}")
        # A list of its own: a hook may remove itself while they are called.
        return list(self._by_timing[timing].values())
