"""Switches, one set a thread: what is not set in a thread falls back to the process-wide value."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playground.graph.types import DType


class _Switches(threading.local):
    """A thread's own values live on the instance, the process-wide ones on the class.

    A read is then one attribute look-up, which every recorded operation pays for; ``plain`` sums
    up what it has to ask: record, with no slow feature on. It is False or unset on an instance,
    never True, so that a change of the process-wide values cannot be missed.
    """

    plain: bool = True
    # Chainer's switches, under its names.
    enable_backprop: bool = True
    debug: bool = False
    type_check: bool = True
    train: bool = True
    dtype: DType = "float32"
    # Set while lanes are recorded: connects the inputs of an operation to the lanes of its outputs
    # (nodes, arrays, outputs) -> nodes. It stands here because the interpreters, which set it, are
    # above the operations, which have to call it; a thread's own, as vmap in another is.
    _lift: Any = None
    # Set while a pass is recorded only for what its own functions ask of it: its results will not
    # be differentiated.
    _last: bool = False
    # Set while a backward pass is recorded: what it computes is to stay connected, copies too.
    _recorded_pass: bool = False
    # What find_nan writes down while a function runs: function -> what it was given, what it made.
    _journal: Any = None

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        self._sum_up()

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        self._sum_up()

    def _sum_up(self) -> None:
        own = vars(self)
        # Removed and not set to True: a later change of the process-wide values must show through.
        special = self.debug or self._lift is not None or self._journal is not None
        if self.enable_backprop and not special:
            own.pop("plain", None)
        else:
            own["plain"] = False

    def show(self) -> dict[str, Any]:
        """The values as this thread sees them."""
        return {
            name: getattr(self, name)
            for name, value in vars(_Switches).items()
            if not name.startswith("_") and name != "plain" and not callable(value)
        }


class _GlobalSwitches:
    """The process-wide values, which threads without a value of their own see."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_Switches, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(_Switches, name, value)
        _Switches.plain = _Switches.enable_backprop and not _Switches.debug


config = _Switches()
global_config = _GlobalSwitches()


@contextmanager
def using_config(name: str, value: object, config: object = config) -> Iterator[None]:
    """Set one switch for the length of a ``with`` block, in this thread alone."""
    own = vars(config)
    # What was not set in this thread follows the process-wide value again afterwards.
    missing = object()
    before = own.get(name, missing)
    setattr(config, name, value)
    try:
        yield
    finally:
        if before is missing:
            delattr(config, name)
        else:
            setattr(config, name, before)


def no_backprop_mode() -> Any:
    """Context manager: operations inside it record nothing."""
    return using_config("enable_backprop", False)


def force_backprop_mode() -> Any:
    """Context manager: operations inside it record, also within ``no_backprop_mode``."""
    return using_config("enable_backprop", True)
