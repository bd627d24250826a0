"""Where everything under Chainer's names draws from, unless it is given a generator.

Playground passes randomness in, everywhere but here. Scripts written for Chainer cannot: there a
dropout or an initializer takes no generator, and ``numpy.random.seed`` at the top of the script
decides its numbers. So the random functions of ``F``, and whatever else has a name of Chainer's
and draws (links, initializers, samplers, iterators), ask :func:`source`, which is by default the
``RandomState`` behind NumPy's global functions: the same seed gives the same draws as in Chainer.

A ``rng=`` argument comes first, then the switch ``config.rng`` (``using_config("rng", generator)``)
and only then NumPy's. No other module may name the global one: a rule of the house, with this file
as its one exception.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from playground.graph.config import here
from playground.graph.types import Random

__all__ = ["drawn_again", "generator_state", "source"]


def source(rng: Random | None = None) -> Random:
    """``rng`` itself, else the generator of ``config.rng``, else NumPy's global RandomState."""
    if rng is None:
        rng = here().values["rng"]
    if rng is None:
        # The state that numpy.random.seed sets has no public name; its functions are its methods.
        function: Any = np.random.random_sample
        rng = function.__self__
    return rng


def generator_state() -> Any:
    """Where :func:`source` stands."""
    rng = source()
    return rng.bit_generator.state if isinstance(rng, np.random.Generator) else rng.get_state()


@contextmanager
def drawn_again(state: Any) -> Iterator[None]:
    """Draw what was drawn from ``state`` on; afterwards the draws go on as if nothing had been."""
    rng, now = source(), generator_state()
    _set_state(rng, state)
    try:
        yield
    finally:
        _set_state(rng, now)


def _set_state(rng: Random, state: Any) -> None:
    if isinstance(rng, np.random.Generator):
        rng.bit_generator.state = state
    else:
        rng.set_state(state)
