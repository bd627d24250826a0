"""Restarts: where to go on when a descent is stuck."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from playground.graph.errors import FitError
from playground.lab.descent.rules import positive

__all__ = ["FreshStart", "Kick", "NoRestart", "Restart", "make_restart"]

Random = np.random.Generator | np.random.RandomState


class Restart:
    """A restart. ``limit`` is the largest number of restarts in a run, None for any number."""

    name = ""

    def __init__(self, limit: int | None = None) -> None:
        if limit is not None and limit < 0:
            raise FitError(f"{type(self).__name__}: expected a limit of 0 or more, got {limit}")
        self.limit = limit

    def point(self, base: list[np.ndarray], number: int, rng: Random) -> Any:
        """The new point: one array, a tuple or a dict, as ``fit`` takes them, or a list.

        ``base`` is the newest accepted point, on the host and not to be written to; ``number``
        counts the restarts from 1.
        """
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        """Name and parameters; a run is resumed with equal ones only."""
        return {"name": self.name}


class NoRestart(Restart):
    """A descent that is stuck ends."""

    name = "none"

    def __init__(self) -> None:
        super().__init__(0)


class Kick(Restart):
    """Y += Y * N * scale / j with standard normal N and j the number of the restart."""

    name = "kick"

    def __init__(self, scale: float = 0.1, limit: int | None = None) -> None:
        super().__init__(limit)
        self.scale = positive(self, "scale", scale)

    def point(self, base: list[np.ndarray], number: int, rng: Random) -> list[np.ndarray]:
        return [self._kicked(array, number, rng) for array in base]

    def _kicked(self, array: np.ndarray, number: int, rng: Random) -> np.ndarray:
        noise = rng.standard_normal(array.shape)
        return np.asarray(array + array * noise * self.scale / number, dtype=array.dtype)

    def settings(self) -> dict[str, Any]:
        return super().settings() | {"scale": self.scale}


class FreshStart(Restart):
    """A new point, ``draw(rng)``, in the form of the start; uniform in [0, 1) without ``draw``."""

    name = "fresh"

    def __init__(self, draw: Callable[[Any], Any] | None = None, limit: int | None = None) -> None:
        super().__init__(limit)
        self.draw = draw

    def point(self, base: list[np.ndarray], number: int, rng: Random) -> Any:
        if self.draw is None:
            return [np.asarray(rng.random(array.shape), dtype=array.dtype) for array in base]
        return self.draw(rng)


def make_restart(restart: str | Restart | None) -> Restart:
    """The restart of that name (None: none); a restart object is returned as it is."""
    makers: Mapping[str, Callable[[], Restart]]
    makers = {"none": NoRestart, "kick": Kick, "fresh": FreshStart}
    if restart is None or isinstance(restart, str):
        name = restart or "none"
        if name not in makers:
            raise FitError(f"unknown restart {name!r}: expected one of {', '.join(makers)}")
        return makers[name]()
    if not isinstance(restart, Restart):
        raise FitError(f"restart: expected a name or a restart, got {type(restart).__name__}")
    return restart
