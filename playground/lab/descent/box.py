"""Bounds: the box that a descent stays in, and the step rules that do.

A rule sees gradients and no points. In a box it has to know both: what a step really does ends at
the walls. So these rules keep the point in their state, beside what the rule inside them remembers.
They are written for one start at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf, nan, sqrt
from typing import Any, ClassVar, NamedTuple, TypeAlias

import numpy as np

from playground.graph.backend import as_array, to_cpu
from playground.graph.errors import FitError
from playground.graph.types import HostArray, Random, Raw
from playground.lab.descent.restarts import FreshStart, Restart
from playground.lab.descent.rules import (
    LBFGS,
    AdamSteps,
    Arrays,
    BarzilaiBorwein,
    Constant,
    Curvature,
    GrowShrink,
    Pair,
    Rule,
    coarsest,
    downhill,
    shortened,
    turned,
)
from playground.optimizers.arithmetic import State, inner_product, square_sum

__all__ = ["Box", "drawn_within", "kept_within"]

# One array of truth values a parameter.
Masks: TypeAlias = Sequence[Raw]


# Without ==: arrays compare entry by entry, and two boxes are compared in the log, as JSON.
@dataclass(frozen=True, eq=False)
class Box:
    """What lies between two bounds for each entry, infinite where there is none.

    ``lower`` and ``upper`` hold an array a parameter, in its shape and dtype and on its device.
    """

    lower: Arrays
    upper: Arrays

    def inside(self, point: Arrays) -> list[Raw]:
        """The nearest point of the box."""
        sides = zip(point, self.lower, self.upper, strict=True)
        return [as_array(np.minimum(np.maximum(x, low), high)) for x, low, high in sides]

    def moved(self, point: Arrays, stride: Arrays) -> list[Raw]:
        """``point - stride``, or the nearest point of the box."""
        return self.inside([x - part for x, part in zip(point, stride, strict=True)])

    def held(self, point: Arrays, grads: Arrays) -> Masks:
        """Where the point lies at a bound that steepest descent would cross."""
        sides = zip(point, grads, self.lower, self.upper, strict=True)
        # Products are the "and" that an array of any device has.
        return [
            np.where(grad < 0, x >= high, (x <= low) * (grad > 0)) for x, grad, low, high in sides
        ]

    def projected(self, point: Arrays, grads: Arrays) -> list[Raw]:
        """The gradient without what leads out of the box: zero at a minimum of the box."""
        return without(self.held(point, grads), grads)

    def draw(self, rng: Random) -> list[HostArray]:
        """A random point: uniform between the bounds, or within 1 of the only one, or of 0."""
        found = []
        for low, high in zip(map(to_cpu, self.lower), map(to_cpu, self.upper), strict=True):
            share = np.asarray(rng.random(low.shape))
            below, above = np.isfinite(low), np.isfinite(high)
            floor, top = np.where(below, low, 0.0), np.where(above, high, 0.0)
            between = floor * (1 - share) + top * share
            beside = np.where(above, top - share, floor + share)
            found.append(np.asarray(np.where(below & above, between, beside), dtype=low.dtype))
        return found


class Followed(NamedTuple):
    """The state of a gradient rule in a box: the newest point, and the one its step leads to."""

    size: float
    inner: State
    point: Arrays
    ahead: Arrays


@dataclass(frozen=True, eq=False)
class Projected(Rule):
    """A rule whose steps end at the walls, and which is told of no slope that leads out.

    That is the projected gradient method: the nearest point of a box is found entry by entry, so
    steps that are scaled entry by entry (Adam's) keep their meaning.
    """

    rule: Rule
    box: Box

    @property
    def name(self) -> str:  # type: ignore[override]
        return self.rule.name

    @property
    def takes_back(self) -> bool:  # type: ignore[override]
        return self.rule.takes_back

    @property
    def minimum(self) -> float:  # type: ignore[override]
        return self.rule.minimum

    def settings(self) -> dict[str, Any]:
        return self.rule.settings()

    def begin(self, point: Arrays) -> Followed:
        inner = self.rule.begin(point)
        return Followed(inner.size, inner, list(point), list(point))

    def accepts(self, state: Followed, value: float, gradient: Callable[[], Arrays]) -> bool:
        return self.rule.accepts(state.inner, value, gradient)

    def step(
        self, state: Followed, value: float, grads: Arrays, squared_norm: float
    ) -> tuple[Followed, Arrays]:
        # Where the loop has gone: the same call of ``moved``, and so the same point bit for bit.
        here = state.ahead
        free = self.box.projected(here, grads)
        inner, stride = self.rule.step(state.inner, value, free, squared_norm)
        return Followed(inner.size, inner, here, self.box.moved(here, stride)), stride

    def refused(self, state: Followed, grads: Arrays, value: float) -> tuple[Followed, Arrays]:
        free = self.box.projected(state.point, grads)
        inner, stride = self.rule.refused(state.inner, free, value)
        ahead = self.box.moved(state.point, stride)
        return Followed(inner.size, inner, state.point, ahead), stride

    def stride(self, state: Followed, grads: Arrays) -> Arrays:
        return self.rule.stride(state.inner, self.box.projected(state.point, grads))


class Spanned(NamedTuple):
    """The state of Barzilai-Borwein in a box: the newest point, its gradient, and the rule's own.

    The gradient that ``inner`` has is what a step of its size really subtracts, by that size.
    """

    size: float
    inner: Curvature
    point: Arrays
    grads: Arrays


@dataclass(frozen=True, eq=False)
class Spectral(Rule):
    """Barzilai-Borwein in a box: curvature from the steps as the walls have cut them.

    That is the spectral projected gradient method, along the path that bends at the walls (Birgin,
    Martinez, Raydan 2000, their first variant).
    """

    rule: BarzilaiBorwein
    box: Box

    name: ClassVar[str] = BarzilaiBorwein.name
    takes_back: ClassVar[bool] = True

    @property
    def minimum(self) -> float:  # type: ignore[override]
        return self.rule.minimum

    def settings(self) -> dict[str, Any]:
        return self.rule.settings()

    def begin(self, point: Arrays) -> Spanned:
        inner = self.rule.begin(point)
        return Spanned(inner.size, inner, list(point), list(inner.grads))

    def accepts(self, state: Spanned, value: float, gradient: Callable[[], Arrays]) -> bool:
        still = [part == 0 for part in state.inner.grads]
        # An infinite slope at a wall that the step does not leave adds nothing.
        return self.rule.accepts(state.inner, value, lambda: without(still, gradient()))

    def step(
        self, state: Spanned, value: float, grads: Arrays, squared_norm: float
    ) -> tuple[Spanned, Arrays]:
        inner = state.inner
        here = self.box.moved(state.point, downhill(inner.size, inner.grads))
        pairs = zip(inner.grads, finite_changes(grads, state.grads), strict=True)
        changed = [as_array(part + change) for part, change in pairs]
        # To judge a point the rule wants what the step promised; to learn from it, its length.
        inner = inner._replace(squared_norm=square_sum(inner.grads))
        # The norm of what the walls leave is not known yet: it takes the place of this 1 below.
        return self._left(self.rule.step(inner, value, changed, 1.0)[0], here, grads)

    def refused(self, state: Spanned, grads: Arrays, value: float) -> tuple[Spanned, Arrays]:
        inner, _ = self.rule.refused(state.inner, grads, value)
        return self._left(inner, state.point, grads)

    def _left(self, inner: Curvature, point: Arrays, grads: Arrays) -> tuple[Spanned, Arrays]:
        """The state and the stride of the step that leaves ``point``."""
        free = self.box.projected(point, grads)
        stride = downhill(inner.size, free)
        ahead = self.box.moved(point, stride)
        # By the size, which the rule's own formulas multiply the gradient by.
        taken = [as_array((x - end) / inner.size) for x, end in zip(point, ahead, strict=True)]
        promise = inner_product(taken, free)
        inner = inner._replace(grads=taken, squared_norm=promise)
        return Spanned(inner.size if promise > 0.0 else 0.0, inner, point, grads), stride

    def stride(self, state: Spanned, grads: Arrays) -> Arrays:
        return downhill(state.inner.size, self.box.projected(state.point, grads))


class Cornered(NamedTuple):
    """The state of L-BFGS in a box; ``promise`` is what the next step is to lower the loss by.

    ``point``, ``value`` and ``grads`` are the newest; the rest is as without a box, but that the
    number of a pair only says that there is one: its product depends on what is held.
    """

    size: float
    value: float
    promise: float
    scale: float
    pairs: tuple[Pair, ...]
    point: Arrays
    grads: Arrays
    direction: Arrays


@dataclass(frozen=True, eq=False)
class Walled(Rule):
    """L-BFGS in a box: its direction among the entries that are not held, along a path that bends.

    Entries at a bound that the gradient would cross are held; the remembered steps turn the
    gradient of the others alone. The step ends at the walls, and is shortened along the path that
    this makes: Bertsekas' projected Newton methods (1982), with the memory for the Hessian.
    """

    rule: LBFGS
    box: Box

    name: ClassVar[str] = LBFGS.name
    takes_back: ClassVar[bool] = True

    @property
    def minimum(self) -> float:  # type: ignore[override]
        return self.rule.minimum

    def settings(self) -> dict[str, Any]:
        return self.rule.settings()

    def begin(self, point: Arrays) -> Cornered:
        blank = [np.zeros_like(array) for array in point]
        nothing = ((blank, blank, 0.0),) * self.rule.memory
        return Cornered(1.0, nan, 0.0, self.rule.initial, nothing, list(point), blank, blank)

    def accepts(self, state: Cornered, value: float, gradient: Callable[[], Arrays]) -> bool:
        before, promise = state.value, state.promise
        if value <= before - self.rule.decrease * promise or before != before:
            return True
        if not value <= before + coarsest(state.grads) ** (2 / 3) * abs(before):
            return False
        taken = self._taken(state.point, state.direction, state.size)
        # An infinite slope at a wall that the step does not leave adds nothing.
        slopes = without([part == 0 for part in taken], gradient())
        return abs(inner_product(taken, slopes)) <= 0.9 * promise

    def step(
        self, state: Cornered, value: float, grads: Arrays, squared_norm: float
    ) -> tuple[Cornered, Arrays]:
        here = self.box.moved(state.point, downhill(state.size, state.direction))
        held = self.box.held(here, grads)
        if state.value != state.value:
            now = self._anew(value, here, grads)
        else:
            curved, pairs = self._learned(state, here, grads)
            size = 1.0 if curved else min(2.0 * state.size, self.rule.largest)
            scale = among(held, pairs, state.scale)[1]
            direction, promise = self._direction(here, grads, pairs, scale, size)
            # A size of 0 tells the loop that there is no way on from here.
            size = size if promise > 0.0 else 0.0
            now = Cornered(size, value, promise, scale, pairs, here, grads, direction)
        return now, downhill(now.size, now.direction)

    def _learned(
        self, state: Cornered, here: Arrays, grads: Arrays
    ) -> tuple[bool, tuple[Pair, ...]]:
        """Whether the newest step met curvature, and the pairs with it."""
        step = [as_array(new - old) for new, old in zip(here, state.point, strict=True)]
        change = finite_changes(grads, state.grads)
        bend, turn = inner_product(step, change), square_sum(change)
        if not (bend > coarsest(grads) * state.promise and 0.0 < turn < inf):
            return False, state.pairs
        return True, (*state.pairs[1:], (step, change, 1.0))

    def _direction(
        self, here: Arrays, grads: Arrays, pairs: Sequence[Pair], scale: float, size: float
    ) -> tuple[Arrays, float]:
        """The direction of the next step, and what a step of that size promises."""
        held = self.box.held(here, grads)
        free = without(held, grads)
        plain = [as_array(scale * part) for part in free]
        along = self._promise(here, free, plain, size)
        masks = held
        for _ in range(2):
            known, _ = among(masks, pairs, scale)
            best = turned(without(masks, free), known, scale, 0.0)
            best = [
                as_array(np.where(mask, slow, fast))
                for mask, slow, fast in zip(masks, plain, best, strict=True)
            ]
            promise = self._promise(here, free, best, size)
            # A direction that the walls cut down to nearly nothing, or turn uphill, would need a
            # tiny step. What runs into a wall goes there by itself then, and turns no other.
            if 0.1 * along <= promise < inf:
                return best, promise
            masks = [
                np.where(part * slope > 0, x - size * part != end, mask)
                for mask, part, slope, x, end in zip(
                    masks, best, free, here, self.box.moved(here, downhill(size, best)), strict=True
                )
            ]
        return plain, along

    def _taken(self, point: Arrays, direction: Arrays, size: float) -> list[Raw]:
        """What a step really subtracts."""
        ahead = self.box.moved(point, downhill(size, direction))
        return [as_array(x - end) for x, end in zip(point, ahead, strict=True)]

    def _promise(self, point: Arrays, free: Arrays, direction: Arrays, size: float) -> float:
        return float(inner_product(self._taken(point, direction, size), free))

    def _anew(self, value: float, here: Arrays, grads: Arrays) -> Cornered:
        """The state at a point that nothing is remembered at; of size 0 where nothing falls."""
        free = self.box.projected(here, grads)
        scale = self.rule.initial / max(sqrt(square_sum(free)), 1.0)
        direction = [as_array(scale * part) for part in free]
        promise = self._promise(here, free, direction, 1.0)
        nothing = self.begin(here).pairs
        size = 1.0 if promise > 0.0 else 0.0
        return Cornered(size, value, promise, scale, nothing, here, grads, direction)

    def refused(self, state: Cornered, grads: Arrays, value: float) -> tuple[Cornered, Arrays]:
        size = shortened(state.size, state.promise, value - state.value)
        if size < self.rule.shortest and state.pairs[-1][2]:
            now = self._anew(state.value, state.point, grads)
        else:
            free = self.box.projected(state.point, grads)
            promise = self._promise(state.point, free, state.direction, size)
            # A path that bends may promise nothing at first; a shorter one does.
            now = state._replace(size=size, promise=max(promise, 0.0))
        return now, downhill(now.size, now.direction)

    def stride(self, state: Cornered, grads: Arrays) -> Arrays:
        return downhill(state.size, state.direction)


def without(masks: Masks, arrays: Arrays) -> list[Raw]:
    """``arrays`` with zeros where a mask is true."""
    pairs = zip(masks, arrays, strict=True)
    return [as_array(np.where(mask, np.zeros_like(array), array)) for mask, array in pairs]


def finite_changes(new: Arrays, old: Arrays) -> list[Raw]:
    """The changes of a gradient; nothing where a slope is infinite, as it may be at a wall."""
    changes = [one - other for one, other in zip(new, old, strict=True)]
    return [as_array(np.where(abs(part) < inf, part, np.zeros_like(part))) for part in changes]


def among(held: Masks, pairs: Sequence[Pair], scale: float) -> tuple[list[Pair], float]:
    """The pairs as they are for the entries that are not held, and the scale of the newest."""
    known: list[Pair] = []
    for step, change, there in pairs:
        if not there:
            continue
        # An inverse Hessian of some entries is no part of that of all: the recursion runs anew.
        step, change = without(held, step), without(held, change)
        bend, turn = inner_product(step, change), square_sum(change)
        # The others may have hidden that the loss does not bend here.
        if bend > coarsest(step) * sqrt(square_sum(step) * turn):
            known.append((step, change, 1.0 / bend))
            scale = bend / turn
    return known, scale


def drawn_within(restart: Restart, box: Box) -> Restart:
    """The restart for a descent in ``box``: a fresh start of the usual kind is drawn from it."""
    if isinstance(restart, FreshStart) and restart.draw is None:
        return replace(restart, draw=box.draw)
    return restart


def kept_within(rule: Rule, box: Box) -> Rule:
    """The rule for a descent in ``box``. Raises FitError for one that would leave it."""
    if isinstance(rule, LBFGS):
        return Walled(rule, box)
    if isinstance(rule, BarzilaiBorwein):
        return Spectral(rule, box)
    if isinstance(rule, (Constant, GrowShrink, AdamSteps)):
        return Projected(rule, box)
    name = rule.name or type(rule).__name__
    raise FitError(
        f"fit: the rule {name!r} does not know how to keep to bounds: use rule='l-bfgs' or "
        f"'barzilai-borwein'"
    )
