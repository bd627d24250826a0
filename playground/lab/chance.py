"""Random number generators: accepted as users give them, saved and restored with a run."""

from __future__ import annotations

from typing import Any

import numpy as np

from playground.graph.errors import FitError

__all__ = ["Random", "make_rng", "restore_rng", "rng_state"]

Random = np.random.Generator | np.random.RandomState


def make_rng(rng: Any) -> Random:
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
        return {"kind": "RandomState", **rng.get_state(legacy=False)}
    return {"kind": "Generator", **rng.bit_generator.state}


def restore_rng(rng: Random | None, state: dict[str, Any]) -> Random:
    """A generator in ``state``: ``rng`` itself, set to it, or a new one for None.

    Raises FitError if ``rng`` is of another kind.
    """
    inner = {key: value for key, value in state.items() if key != "kind"}
    if rng is None:
        source = getattr(np.random, state["bit_generator"])()
        make = np.random.RandomState if state["kind"] == "RandomState" else np.random.Generator
        rng = make(source)
    found = rng_state(rng)
    for key in ("kind", "bit_generator"):
        if found[key] != state[key]:
            raise FitError(f"resume: the run drew from a {state[key]}, got rng of {found[key]}")
    if isinstance(rng, np.random.RandomState):
        rng.set_state(inner)
    else:
        rng.bit_generator.state = inner
    return rng
