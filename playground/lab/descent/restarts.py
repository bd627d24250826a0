"""Restarts: where to go on when a descent is stuck. Here chance enters a descent, and only here.

Its generator is passed in, and saved and restored with a run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from playground.graph.errors import FitError
from playground.graph.types import HostArray, Random, Tree
from playground.lab.descent.arguments import make_parts, unknown_name
from playground.lab.descent.rules import above_zero, settings_of

__all__ = [
    "FreshStart",
    "Kick",
    "NoRestart",
    "Restart",
    "make_restart",
    "make_rng",
    "restore_rng",
    "rng_state",
]


# NumPy's own. A run that draws from another one is resumed with one like it.
BIT_GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
# Of numbers in a generator's state.
HIGHEST = {"pos": 624, "buffer_pos": 4, "has_uint32": 1, "has_gauss": 1}


class Restart:
    """A restart; a subclass is a frozen dataclass of its settings.

    Attributes:
        name: what ``fit`` and the logs call it.
        limit: the largest number of restarts in a run, None for any number.
    """

    name: ClassVar[str] = ""
    limit: int | None = None

    def point(self, base: list[HostArray], number: int, rng: Random) -> Tree:
        """The new point: one array, a tuple or a dict, as ``fit`` takes them, or a list.

        ``base`` is the newest accepted point, on the host and not to be written to; ``number``
        counts the restarts from 1.
        """
        raise NotImplementedError(f"{type(self).__name__}: define point(base, number, rng)")

    def settings(self) -> dict[str, Any]:
        """Name and parameters; a run is resumed with equal ones only, but for the limit."""
        known = settings_of(self)
        # A function cannot be compared with that of another session, and is left to the user; a
        # limit says when to end, not how to get there.
        return {name: known[name] for name in known if name not in ("draw", "limit")}


def _check_limit(restart: Restart) -> None:
    limit = restart.limit
    if limit is not None and limit < 0:
        raise FitError(f"{type(restart).__name__}: expected a limit of 0 or more, got {limit}")


@dataclass(frozen=True)
class NoRestart(Restart):
    """A descent that is stuck ends."""

    name: ClassVar[str] = "none"
    limit: int | None = field(default=0, init=False, repr=False)


@dataclass(frozen=True)
class Kick(Restart):
    """Y += Y * N * scale / j with standard normal N and j the number of the restart."""

    name: ClassVar[str] = "kick"
    scale: float = 0.1
    limit: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", above_zero(self, "scale", self.scale))
        _check_limit(self)

    def point(self, base: list[HostArray], number: int, rng: Random) -> list[HostArray]:
        return [self._kicked(array, number, rng) for array in base]

    def _kicked(self, array: HostArray, number: int, rng: Random) -> HostArray:
        # In proportion, so that the scale serves entries of any size; an entry 0 stays 0.
        # In array's dtype again, which the float64 noise would widen for the rest of the run.
        noise = rng.standard_normal(array.shape)
        return np.asarray(array + array * noise * self.scale / number, dtype=array.dtype)


@dataclass(frozen=True)
class FreshStart(Restart):
    """A new point, ``draw(rng)``, in the form of the start; uniform in [0, 1) without ``draw``."""

    name: ClassVar[str] = "fresh"
    draw: Callable[[Any], Tree] | None = None
    limit: int | None = None

    def __post_init__(self) -> None:
        _check_limit(self)

    def point(self, base: list[HostArray], number: int, rng: Random) -> Tree:
        if self.draw is None:
            return [np.asarray(rng.random(array.shape), dtype=array.dtype) for array in base]
        return self.draw(rng)


make_parts(NoRestart, Kick, FreshStart)


def make_restart(restart: str | Restart | None) -> Restart:
    """The restart of that name (None: none); a restart object is returned as it is."""
    makers: Mapping[str, Callable[[], Restart]]
    makers = {"none": NoRestart, "kick": Kick, "fresh": FreshStart}
    if restart is None or isinstance(restart, str):
        name = restart or "none"
        if name not in makers:
            raise FitError(unknown_name("restart", name, [*makers]))
        return makers[name]()
    if isinstance(restart, type) and issubclass(restart, Restart):
        raise FitError(f"restart: expected a restart, got its class: write {restart.__name__}()")
    if not isinstance(restart, Restart):
        raise FitError(f"restart: expected a name or a restart, got {type(restart).__name__}")
    return restart


# -------------------------------------------------------------------------------------- chance


def make_rng(rng: Random | int | None) -> Random:
    """A generator as it is, a whole number as a seed; None is the seed 0."""
    if isinstance(rng, (np.random.Generator, np.random.RandomState)):
        return rng
    if rng is None or isinstance(rng, (int, np.integer)):
        return np.random.default_rng(rng or 0)
    raise FitError(
        f"rng: expected a numpy.random.Generator, a RandomState or a seed, got {type(rng).__name__}"
    )


def rng_state(rng: Random) -> dict[str, Any]:
    """The state of ``rng``: JSON values and arrays."""
    if isinstance(rng, np.random.RandomState):
        # The legacy form is a tuple, whose entries only NumPy knows by number.
        return {"kind": "RandomState", **rng.get_state(legacy=False)}
    return {"kind": "Generator", **rng.bit_generator.state}


def restore_rng(rng: Random | None, state: dict[str, Any]) -> Random:
    """A generator in ``state``: ``rng`` itself, set to it, or a new one for None.

    Raises FitError if ``rng`` is of another kind, ValueError or TypeError if ``state`` is none.
    """
    kind, name = state["kind"], state["bit_generator"]
    if rng is None:
        # From a list: the name comes from a file, which must not choose what is called.
        if name not in BIT_GENERATORS or kind not in ("Generator", "RandomState"):
            raise FitError(f"resume: the run drew from {ascii(name)[:80]}: pass one with rng=")
        # Seeded by chance: the state is put in its place below.
        source = getattr(np.random, name)()
        rng = (np.random.RandomState if kind == "RandomState" else np.random.Generator)(source)
    found = rng_state(rng)
    for key in ("kind", "bit_generator"):
        if found[key] != state[key]:
            raise FitError(f"resume: the run drew from a {state[key]}, got rng of {found[key]}")
    _check_state(found, state)
    inner = {key: value for key, value in state.items() if key != "kind"}
    if isinstance(rng, np.random.RandomState):
        rng.set_state(inner)
    else:
        rng.bit_generator.state = inner
    return rng


def _check_state(model: Any, stored: Any, name: str = "state") -> None:
    """Raise ValueError unless ``stored`` is a generator's state of the form of ``model``.

    NumPy takes arrays and positions as they come, and reads beyond their end.
    """
    if isinstance(model, dict):
        if not isinstance(stored, dict) or stored.keys() != model.keys():
            raise ValueError(f"{name}: expected {', '.join(model)}")
        for key, value in model.items():
            _check_state(value, stored[key], key)
    elif isinstance(model, np.ndarray):
        if [getattr(stored, "shape", None), getattr(stored, "dtype", None)] != [
            model.shape,
            model.dtype,
        ]:
            raise ValueError(f"{name}: expected {model.dtype} of shape {model.shape}")
    elif type(stored) is not type(model) or (
        isinstance(stored, int) and not 0 <= stored <= HIGHEST.get(name, stored)
    ):
        raise ValueError(f"{name}: got {ascii(stored)[:80]}")
