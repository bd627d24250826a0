"""Switches, one set a thread or task: what is not set there follows the process-wide value."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO
from weakref import WeakSet


class _Entry(NamedTuple):
    """One switch that is set: for good (no block), or while a ``with`` block is open."""

    block: object
    name: str
    value: Any


class _Own:
    """What one context sees; its entries never change, as tasks that are started share it."""

    __slots__ = ("__weakref__", "debug", "entries", "hooked", "plain", "values")

    debug: bool
    hooked: bool
    plain: bool
    values: dict[str, Any]

    def __init__(self, entries: tuple[_Entry, ...] = ()) -> None:
        self.entries = entries
        self.sum_up()
        _in_use.add(self)

    def with_entries(self, *further: _Entry) -> _Own:
        """The same with entries that come after all others, in half the time of a new start."""
        own = _bare(_Own)
        own.entries = self.entries + further
        own.values = self.values.copy()
        for _, name, value in further:
            own.values[name] = value
        own._look()
        _in_use.add(own)
        return own

    def sum_up(self) -> None:
        """Put the values together: of the process, and of several entries for one the last."""
        values = {**vars(global_config), **{entry.name: entry.value for entry in self.entries}}
        self.values = values
        self._look()

    def _look(self) -> None:
        values = self.values
        self.debug = values["debug"]
        # What every recorded operation asks: record, with no slow feature on.
        recording = values["enable_backprop"] and not values["debug"]
        self.hooked = bool(values["_hooks"]) or values["_local_hooks"]
        watched = values["_lift"] is not None or values["_journal"] is not None or self.hooked
        self.plain = bool(recording) and not watched


class _ProcessWide:
    """The values that hold where a context has none of its own."""

    def __init__(self) -> None:
        switches = {
            # Chainer's switches, under its names.
            "enable_backprop": True,
            "debug": False,
            "type_check": True,
            "train": True,
            "keep_graph_on_report": False,
            "dtype": "float32",
            # What random functions draw from; None: NumPy's global generator, as Chainer.
            "rng": None,
            # Set while lanes are recorded: connects the inputs of an operation to the lanes of its
            # outputs (nodes, arrays, outputs) -> nodes. It stands here because the interpreters,
            # which set it, are above the operations, which have to call it; a context's own, as
            # vmap in another is.
            "_lift": None,
            # Set while a pass is recorded only for what its own functions ask of it: its results
            # will not be differentiated.
            "_last": False,
            # Set while a backward pass is recorded: what it computes is to stay connected, copies
            # too.
            "_recorded_pass": False,
            # Set while a pass is recorded only to be transposed, for a jvp: its cotangents are
            # placeholders, of which every derivative but that by themselves is 0.
            "_transposed": False,
            # What find_nan writes down while a function runs: function -> what it was given, what
            # it made.
            "_journal": None,
            # The hooks of functions within a block: name -> hook. Never changed in place.
            "_hooks": {},
            # Whether any function has a hook of its own.
            "_local_hooks": False,
            # The functions whose hooks were told in a pass that may have to be made again.
            "_told": None,
        }
        vars(self).update(switches)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...
    else:

        def __getattr__(self, name: str) -> Any:
            try:
                return INERT[name]
            except KeyError:
                raise AttributeError(f"there is no switch {name!r}") from None

    def show(self, file: TextIO | None = None) -> None:
        """Print every switch and its value, to the standard output or to ``file``."""
        own = {name: value for name, value in vars(self).items() if name[0] != "_"}
        _print_switches({**INERT, **own}, file)

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        for own in list(_in_use):
            own.sum_up()


# Chainer's switches of libraries that nothing is called of: they can be set and read. Apart, as the
# values are copied whenever a switch is set.
INERT: dict[str, Any] = {
    "autotune": False,
    "compute_mode": None,
    "cudnn_deterministic": False,
    "cudnn_fast_batch_normalization": False,
    "in_recomputing": False,
    "lazy_grad_sum": False,
    "schedule_func": None,
    "use_cudnn": "auto",
    "use_cudnn_tensor_core": "auto",
    "use_ideep": "never",
    "use_static_graph": True,
    "warn_nondeterministic": False,
}
_in_use: WeakSet[_Own] = WeakSet()


def _print_switches(values: dict[str, Any], file: TextIO | None) -> None:
    out, width = sys.stdout if file is None else file, max(map(len, values))
    out.write("".join(f"{name:{width}} {values[name]}\n" for name in sorted(values)))


global_config = _ProcessWide()
# Not a thread's: tasks of one thread take turns in the middle of a block, and each starts with a
# copy of the context.
_bare = object.__new__
_own: ContextVar[_Own] = ContextVar("the switches of playground", default=_Own())  # noqa: B039
# For those that ask often: a read is a third of one from a threading.local.
here = _own.get


class _Switches:
    """The switches as the context sees them that asks."""

    __slots__ = ()

    # As properties, for those asked often: the detour by __getattr__ is five times as long.
    @property
    def plain(self) -> bool:
        """Whether operations record, with no slow feature on."""
        return here().plain

    @property
    def enable_backprop(self) -> bool:
        return here().values["enable_backprop"]

    @property
    def debug(self) -> bool:
        return here().debug

    @property
    def hooked(self) -> bool:
        """Whether hooks of functions are to be told."""
        return here().hooked

    @property
    def _lift(self) -> Any:
        return here().values["_lift"]

    def __getattr__(self, name: str) -> Any:
        values = here().values
        if name in values:
            return values[name]
        if name in INERT:
            return INERT[name]
        raise AttributeError(f"there is no switch {name!r}")

    def __setattr__(self, name: str, value: object) -> None:
        _own.set(_Own((*_without(None, name), _Entry(None, name, value))))

    def __delattr__(self, name: str) -> None:
        _own.set(_Own(_without(None, name)))

    def as_dict(self) -> dict[str, Any]:
        """The values as this context sees them."""
        return {name: value for name, value in here().values.items() if name[0] != "_"}

    def show(self, file: TextIO | None = None) -> None:
        """Print every switch and its value, to the standard output or to ``file``."""
        _print_switches({**INERT, **self.as_dict()}, file)


def _without(block: object, name: str) -> tuple[_Entry, ...]:
    return tuple(e for e in here().entries if e.block is not block or e.name != name)


config = _Switches()


@contextmanager
def using_config(name: str, value: object, config: Any = config) -> Iterator[None]:
    """Set one switch for the length of a ``with`` block, in this thread or task alone.

    A generator has no context of its own: what it sets around a ``yield`` holds for its caller,
    until the block is left.
    """
    if not isinstance(config, _Switches):
        before = getattr(config, name)
        setattr(config, name, value)
        try:
            yield
        finally:
            setattr(config, name, before)
        return
    with using_own({name: value}):
        yield


class using_own:  # noqa: N801 (named for how it reads after "with")
    """:func:`using_config` of several switches at once, in a third of its time."""

    __slots__ = ("after", "before", "block", "switches")

    def __init__(self, switches: dict[str, Any]) -> None:
        self.switches = switches

    def __enter__(self) -> None:
        # Known by itself: blocks of generators that take turns are not left in the order of
        # entering.
        self.block = block = object()
        self.before = here()
        self.after = self.before.with_entries(
            *[_Entry(block, name, value) for name, value in self.switches.items()]
        )
        _own.set(self.after)

    def __exit__(self, *error: object) -> None:
        # Mostly nothing was set meanwhile, and what there was before is there again.
        now = here()
        if now is self.after:
            _own.set(self.before)
        else:
            _own.set(_Own(tuple(e for e in now.entries if e.block is not self.block)))


def no_backprop_mode() -> Any:
    """Context manager: operations inside it record nothing."""
    return using_config("enable_backprop", False)


def force_backprop_mode() -> Any:
    """Context manager: operations inside it record, also within ``no_backprop_mode``."""
    return using_config("enable_backprop", True)
