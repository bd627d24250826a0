"""Step rules: how far to go along the negative gradient.

A rule is a value: its settings, frozen. What it remembers of a course is a state, which it is
handed and hands back, so that a checkpoint is the state and a restart begins another one. The text
of a rule holds for numbers and for lanes of them (:mod:`playground.optimizers.arithmetic`), so that
several starts can be stepped at once: no ``if`` asks for a loss or a gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from math import inf, isfinite, nan
from numbers import Real
from operator import sub
from typing import Any, ClassVar, NamedTuple, TypeAlias, TypeGuard

import numpy as np

from playground.graph.backend import as_array
from playground.graph.errors import FitError
from playground.graph.types import Raw
from playground.lab.descent.arguments import knowing_its_arguments, make_parts, unknown_name
from playground.optimizers import Adam
from playground.optimizers.adam import adam_bounds, adam_moments, adam_rate, adam_stride
from playground.optimizers.arithmetic import (
    Number,
    State,
    Truth,
    clamped,
    highest,
    inner_product,
    is_certain,
    is_possible,
    kept,
    lowest,
    scaled,
    select,
    square_root,
    square_sum,
)

__all__ = [
    "LBFGS",
    "AdamSteps",
    "BarzilaiBorwein",
    "ConjugateGradient",
    "Constant",
    "GrowShrink",
    "Rule",
    "make_rule",
]

# A point, or its gradient: one array a parameter.
Arrays = Sequence[Raw]
# Makes a named tuple from a tuple. Called by its name it goes through Python code that sorts the
# arguments: 0.95 us against 0.38, of which every step would pay one.
made = tuple.__new__


def downhill(size: Number, grads: Arrays) -> Arrays:
    """The stride of steepest descent."""
    if type(size) is float and len(grads) == 1:
        return (size * grads[0],)  # the usual case, without a loop's frame
    return [scaled(size, grad) for grad in grads]


class Rule:
    """A step rule; a subclass is a frozen dataclass of its settings.

    ``begin`` makes the state of a course that has no point yet. The loop evaluates a point, asks
    ``accepts`` if the rule takes back at all, and calls either ``step``, with the point that was
    moved to, or ``refused``. Both return the next state and the stride: what the next point
    subtracts from this one. A state is a named tuple of numbers, arrays, and tuples or lists of
    them; its field ``size`` is the step size, and one below ``minimum`` asks for a restart.

    Attributes:
        name: what ``fit`` and the logs call it.
        takes_back: whether points can be refused.
        minimum: the smallest step size worth taking.
    """

    name: ClassVar[str] = ""
    takes_back: ClassVar[bool] = False
    minimum: float = 0.0

    def begin(self, point: Arrays) -> State:
        """The state before a course whose first point is ``point``."""
        raise NotImplementedError(f"{type(self).__name__}: define begin(point)")

    def accepts(self, state: State, value: Number, gradient: Callable[[], Arrays]) -> Truth:
        """Whether to move to the point of loss ``value``; ``gradient()`` computes its gradient."""
        return True

    # The squared norm comes along since the loop has it: to compute it again costs 1 us a step.
    def step(
        self, state: State, value: Number, grads: Arrays, squared_norm: Number
    ) -> tuple[State, Arrays]:
        """The state and the stride at a point that was moved to.

        ``squared_norm`` is the sum of the squares of ``grads``.
        """
        raise NotImplementedError(
            f"{type(self).__name__}: define step(state, value, grads, squared_norm)"
        )

    def refused(self, state: State, grads: Arrays, value: Number) -> tuple[State, Arrays]:
        """The state and the stride after the refusal of a point of loss ``value``.

        ``grads`` belong to the point that was kept.
        """
        raise NotImplementedError(f"{type(self).__name__}: define refused(state, grads, value)")

    def stride(self, state: State, grads: Arrays) -> Arrays:
        """What the step that leaves the point of gradient ``grads`` subtracts from it."""
        return downhill(state.size, grads)

    def settings(self) -> dict[str, Any]:
        """Name and parameters; a run is resumed with equal ones only."""
        return settings_of(self)


class OneSize(NamedTuple):
    """The state of a rule that remembers nothing."""

    size: Number


@dataclass(frozen=True, init=False)
class Constant(Rule):
    """Always the same step size."""

    name: ClassVar[str] = "constant"
    initial: float

    def __init__(self, step: float = 0.01) -> None:
        object.__setattr__(self, "initial", above_zero(self, "step size", step))

    def __repr__(self) -> str:
        return f"Constant(step={self.initial!r})"  # as it could be typed

    def begin(self, point: Arrays) -> OneSize:
        return OneSize(self.initial)

    def step(
        self, state: OneSize, value: Number, grads: Arrays, squared_norm: Number
    ) -> tuple[OneSize, Arrays]:
        return state, downhill(state.size, grads)


class Compared(NamedTuple):
    """The state of grow-shrink.

    ``previous`` is the loss before, NaN before the first; ``better`` and ``worse`` are the factors
    that the size is about to take: those of the rule, but 1 at the first point.
    """

    size: Number
    previous: Number
    better: Number
    worse: Number


@dataclass(frozen=True)
class GrowShrink(Rule):
    """Grow the step size after a better loss, shrink it after any other.

    After a start the first step has the size ``initial``. With ``worse='keep'`` a worse point is
    kept all the same, as in the study that this rule comes from; with ``'take-back'`` the point
    before is returned to. Taking back jams at the kinks of a loss such as sum|XY - I|.
    """

    initial: float = 0.01
    grow: float = 1.2
    shrink: float = 0.5
    minimum: float = 1e-10
    worse: str = "keep"

    def __post_init__(self) -> None:
        object.__setattr__(self, "initial", above_zero(self, "step size", self.initial))
        if not (0.0 < self.shrink < 1.0 <= self.grow and self.minimum >= 0.0):
            raise FitError(
                f"GrowShrink: expected grow >= 1 > shrink > 0 and minimum >= 0, got "
                f"grow={self.grow}, shrink={self.shrink}, minimum={self.minimum}"
            )
        if self.worse not in ("keep", "take-back"):
            raise FitError(f"GrowShrink: worse is 'keep' or 'take-back', got {self.worse!r}")

    @property
    def name(self) -> str:  # type: ignore[override]
        return "grow-shrink-take-back" if self.takes_back else "grow-shrink"

    @property
    def takes_back(self) -> bool:  # type: ignore[override]
        return self.worse == "take-back"

    def begin(self, point: Arrays) -> Compared:
        return Compared(self.initial, nan, 1.0, 1.0)

    def accepts(self, state: Compared, value: Number, gradient: Callable[[], Arrays]) -> Truth:
        previous = state.previous
        return (value < previous) | (previous != previous)  # a first point is a start

    def step(
        self, state: Compared, value: Number, grads: Arrays, squared_norm: Number
    ) -> tuple[Compared, Arrays]:
        size, previous, better, worse = state
        size = size * select(value < previous, better, worse)
        return made(Compared, (size, value, self.grow, self.shrink)), downhill(size, grads)

    def refused(self, state: Compared, grads: Arrays, value: Number) -> tuple[Compared, Arrays]:
        size = state.size * self.shrink
        return made(Compared, (size, *state[1:])), downhill(size, grads)


class Curvature(NamedTuple):
    """The state of Barzilai-Borwein.

    ``growth`` is the factor of a size without curvature: 2, but 1 at the first point. ``tau`` is
    the threshold, ``short`` the last short sizes (infinite where there were fewer), ``values`` the
    last losses (-infinite where there were fewer), the newest last; ``grads`` and ``squared_norm``
    belong to the newest point. The gradient costs a checkpoint as many bytes as the log has for it
    already, which is the price of a state that is whole.
    """

    size: Number
    growth: Number
    tau: Number
    short: tuple[Number, ...]
    values: tuple[Number, ...]
    grads: Arrays
    squared_norm: Number


@dataclass(frozen=True)
class BarzilaiBorwein(Rule):
    """Step sizes from the curvature along the step before: the method of Barzilai and Borwein.

    With s the step and y the change of the gradient, s's/s'y is the long step size and s'y/y'y the
    short one. ABBmin (Frassoldati, Zanni, Zanghirati: New adaptive stepsize selections in gradient
    methods, 2008) takes the smallest of the last ``memory`` short ones where short/long is below a
    threshold, and the long one otherwise; the threshold moves (Bonettini, Zanella, Zanni 2009).

    A point is accepted if its loss is below the largest of the last ``window`` by a little, 1e-4
    of what the slope promises (Grippo, Lampariello, Lucidi 1986), or if the loss changed as that
    of a quadratic would: by the mean of the two slopes, to within the fraction ``trust``, or to
    within 1e-6 of the loss where the change is as small. Any other point is taken back and the step
    halved.
    """

    # Why so: on sum((XY - I)**2) with uniform X of n = 3, 10, 30, 100 this needs 16, 110, 811 and
    # 3,798 steps (median of ten) where the plain long step needs 16, 150, 2,488 and 8,318. On a
    # quadratic the method lives on steps that raise the loss, by 1e13 and more where X is badly
    # conditioned: refusing them by value alone stalls there, while elsewhere (Rosenbrock,
    # logistic, a small network) never refusing them diverges. Comparing with the quadratic tells
    # the two apart; it costs a gradient only where the value alone does not settle it.
    name: ClassVar[str] = "barzilai-borwein"
    takes_back: ClassVar[bool] = True
    largest: ClassVar[float] = 1e30
    decrease: ClassVar[float] = 1e-4
    rounding: ClassVar[float] = 1e-6

    initial: float = 0.01
    threshold: float = 0.5
    memory: int = 5
    window: int = 10
    trust: float = 0.1
    minimum: float = 1e-30

    def __post_init__(self) -> None:
        object.__setattr__(self, "initial", above_zero(self, "step size", self.initial))
        object.__setattr__(self, "minimum", above_zero(self, "minimum", self.minimum))
        sound = 0.0 < self.threshold < 1.0 and 0.0 <= self.trust < 1.0
        if not (sound and self.memory >= 1 and self.window >= 1):
            raise FitError(
                f"BarzilaiBorwein: expected 0 < threshold < 1, memory and window of at least 1 and "
                f"0 <= trust < 1, got {self.threshold}, {self.memory}, {self.window}, {self.trust}"
            )

    def begin(self, point: Arrays) -> Curvature:
        zeros = [np.zeros_like(array) for array in point]
        short, values = (inf,) * self.memory, (-inf,) * self.window
        return Curvature(self.initial, 1.0, self.threshold, short, values, zeros, 0.0)

    def accepts(self, state: Curvature, value: Number, gradient: Callable[[], Arrays]) -> Truth:
        size, _, _, _, values, before, slope = state
        low = value <= highest(values) - self.decrease * size * slope
        if is_certain(low):
            return low
        change = value - values[-1]
        slopes = slope + inner_product(before, gradient(), value)
        # On a quadratic the change is the mean of the slopes at both ends times the step. (At a
        # first point, which the loop accepts unasked, it is infinite.)
        missed, change = abs(change + 0.5 * size * slopes), abs(change)
        # Near the bottom the loss may change by its rounding alone, which a badly conditioned X
        # makes 1e5 times eps: refused for that, the steps would be halved until nothing moves.
        unseen = (change <= self.rounding * abs(value)) & (missed <= self.rounding * abs(value))
        return low | (missed <= self.trust * change) | unseen

    def step(
        self, state: Curvature, value: Number, grads: Arrays, squared_norm: Number
    ) -> tuple[Curvature, Arrays]:
        size, growth, tau, shorts, values, before, slope = state
        # The difference first: squared norms of nearly equal gradients would cancel. At the first
        # point it is the gradient itself, and the curvature 0.
        change = list(map(sub, grads, before))
        bend = -size * inner_product(before, change, value)
        turn = square_sum(change, value)
        curved = (bend > 0.0) & (turn > 0.0) & (turn < inf)
        # Where a divisor is 0 the quotient is not used, but in a lane beside others it must exist.
        long, short = size * size * slope / (bend + (bend == 0.0)), bend / (turn + (turn == 0.0))
        recent = (*shorts[1:], short)
        chosen, factor = select(short < tau * long, (lowest(recent), 0.9), (long, 1.1))
        # Downhill without a bottom in sight the size doubles.
        size, tau, shorts = select(
            curved, (chosen, tau * factor, recent), (growth * size, tau, shorts)
        )
        # Where the gradient is zero no size leads on: 0 asks for a restart.
        size = clamped(size, self.minimum, self.largest) * (squared_norm != 0.0)
        values = (*values[1:], value)
        now = made(Curvature, (size, 2.0, tau, shorts, values, grads, squared_norm))
        return now, downhill(size, grads)

    def refused(self, state: Curvature, grads: Arrays, value: Number) -> tuple[Curvature, Arrays]:
        size, *others = state
        size *= 0.5
        return made(Curvature, (size, *others)), downhill(size, grads)


class Moments(NamedTuple):
    """The state of Adam after ``t`` steps; ``top`` is the largest of each entry of ``v`` so far."""

    size: Number
    t: Number
    m: Arrays
    v: Arrays
    top: Arrays


@dataclass(frozen=True)
class AdamSteps(Rule):
    """Adam (Kingma and Ba, 2015): each entry of the point moves by about ``alpha`` a step.

    The arithmetic is that of ``playground.optimizers.Adam``, which says what the settings mean; the
    step size is alpha, corrected for the start.
    """

    name: ClassVar[str] = "adam"

    alpha: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    amsgrad: bool = False
    adabound: bool = False
    final_lr: float = 0.1
    gamma: float = 1e-3

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha", above_zero(self, "step size", self.alpha))

    @classmethod
    def of(cls, optimizer: Adam) -> AdamSteps:
        """The rule with the hyperparameters of an optimizer. Raises FitError if it has more."""
        values = optimizer.hyperparam.get_dict()
        eta, decay = values.pop("eta"), values.pop("weight_decay_rate")
        if eta != 1.0 or decay != 0:
            raise FitError(
                f"rule: {type(optimizer).__name__}: expected eta=1 and weight_decay_rate=0, got "
                f"{eta} and {decay}: scale alpha, and add the decay to the loss"
            )
        return cls(**values)

    def begin(self, point: Arrays) -> Moments:
        m, v, top = ([np.zeros_like(array) for array in point] for _ in range(3))
        return Moments(self.alpha, 0, m, v, top if self.amsgrad else [])

    def step(
        self, state: Moments, value: Number, grads: Arrays, squared_norm: Number
    ) -> tuple[Moments, Arrays]:
        t = state.t + 1
        size = adam_rate(self.alpha, self.beta1, self.beta2, t)
        memories = zip(grads, state.m, state.v, strict=True)
        pairs = [adam_moments(grad, m, v, self.beta1, self.beta2) for grad, m, v in memories]
        m, v = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        top = zip(state.top, v, strict=False)  # without amsgrad there is none
        state = Moments(size, t, m, v, [kept(np.maximum(a, b), b.dtype) for a, b in top])
        return state, self.stride(state, grads)

    def stride(self, state: Moments, grads: Arrays) -> Arrays:
        # The quotient is 1 but for rounding; as the optimizer computes it, whose alpha may change.
        final = self.final_lr * self.alpha / self.alpha
        bounds = adam_bounds(final, self.gamma, state.t) if self.adabound else None
        pairs = zip(state.m, state.top or state.v, strict=True)
        return [adam_stride(m, v, state.size, self.eps, bounds) for m, v in pairs]


# A step, the change of the gradient along it, and one over the product of the two.
Pair: TypeAlias = tuple[Arrays, Arrays, Number]


class Remembered(NamedTuple):
    """The state of L-BFGS.

    ``value`` and ``grads`` belong to the newest point (NaN and zeros before the first). A step of
    size 1 subtracts ``direction``, along which the loss falls by ``slope``. Of ``pairs`` the newest
    is the last, and those that are not there yet are zeros; ``scale`` is the size of a step that
    they do not turn. A checkpoint holds 2 ``memory`` + 2 arrays of the size of a point.
    """

    size: Number
    value: Number
    slope: Number
    scale: Number
    pairs: tuple[Pair, ...]
    grads: Arrays
    direction: Arrays


@dataclass(frozen=True)
class LBFGS(Rule):
    """Newton's direction as far as the last gradients know it: the limited-memory BFGS method.

    The inverse Hessian is the BFGS update by the last ``memory`` steps, never written down
    (Nocedal: Updating quasi-Newton matrices with limited storage, 1980). The first step, and any
    without a memory, goes along the gradient: ``initial`` times, and at most as long. Sizes are
    shares of such full steps. A point is accepted if it lowers the loss by 1e-4 of what the slope
    promises or, where rounding hides that, if the slope there is flatter (the approximate condition
    of Wolfe: Hager and Zhang 2005). Any other point is taken back, and the step shortened to the
    bottom of the parabola through both losses.
    """

    # SciPy's L-BFGS-B has this memory and another search along the direction: it also refuses a
    # point after a step that was too short. Such a point is kept here, for its gradient says how
    # the loss bends, and a longer step would be chosen by nothing else. SciPy's own loop is not
    # called: a step is a pure function of a state, which is logged, killed and resumed bit for bit.
    # Evaluations as a share of SciPy's, to the same norm of the gradient: median 1.0, 0.5 to 1.7
    # (quadratics of condition 1e4, Rosenbrock, inverses, logistic; 33 cases of 2 to 900 unknowns).
    name: ClassVar[str] = "l-bfgs"
    takes_back: ClassVar[bool] = True
    largest: ClassVar[float] = 1e30
    decrease: ClassVar[float] = 1e-4
    # Of a search that came down to this size the memory was at fault.
    shortest: ClassVar[float] = 1e-6

    initial: float = 1.0
    memory: int = 10
    minimum: float = 1e-30

    def __post_init__(self) -> None:
        object.__setattr__(self, "initial", above_zero(self, "step size", self.initial))
        object.__setattr__(self, "minimum", above_zero(self, "minimum", self.minimum))
        whole = isinstance(self.memory, (int, np.integer)) and not isinstance(self.memory, bool)
        if not (whole and self.memory >= 1):
            raise FitError(f"LBFGS: expected a memory of 1 step or more, got {self.memory!r}")
        object.__setattr__(self, "memory", int(self.memory))

    def begin(self, point: Arrays) -> Remembered:
        zeros = [np.zeros_like(array) for array in point]
        return Remembered(1.0, nan, 0.0, self.initial, self._nothing(zeros), zeros, zeros)

    def _nothing(self, zeros: Arrays) -> tuple[Pair, ...]:
        return ((zeros, zeros, 0.0),) * self.memory

    def accepts(self, state: Remembered, value: Number, gradient: Callable[[], Arrays]) -> Truth:
        before, slope, grads = state.value, state.slope, state.grads
        low = value <= before - self.decrease * state.size * slope
        low = low | (before != before)  # a first point is a start
        if is_certain(low):
            return low
        level = value <= before + coarsest(grads) ** (2 / 3) * abs(before)
        if not is_possible(level):
            return low
        end = inner_product(state.direction, gradient(), value)
        return low | level & (abs(end) <= 0.9 * slope)

    def step(
        self, state: Remembered, value: Number, grads: Arrays, squared_norm: Number
    ) -> tuple[Remembered, Arrays]:
        curved, pairs, scale = self._learned(state, value, grads)
        direction = turned(grads, pairs, scale, value)
        slope = inner_product(grads, direction, value)
        # Downhill without a bottom in sight the size doubles.
        size = select(curved, 1.0, clamped(2.0 * state.size, self.minimum, self.largest))
        now = made(Remembered, (size, value, slope, scale, pairs, grads, direction))
        usual = (slope > 0.0) & (slope < inf) & (state.value == state.value)
        if not is_certain(usual):
            now = select(usual, now, self._anew(value, grads, squared_norm))
        return now, downhill(now.size, now.direction)

    def _learned(
        self, state: Remembered, value: Number, grads: Arrays
    ) -> tuple[Truth, tuple[Pair, ...], Number]:
        """Whether the newest step met curvature, and the pairs and the scale with it."""
        size, _, slope, scale, pairs, before, direction = state
        step = [as_array(scaled(-size, part)) for part in direction]
        change = [as_array(part) for part in map(sub, grads, before)]
        bend, turn = inner_product(step, change, value), square_sum(change, value)
        curved = (bend > coarsest(grads) * size * slope) & (turn > 0.0) & (turn < inf)
        # Where a divisor is 0 the quotient is not used, but in a lane beside others it must exist.
        newest = step, change, 1.0 / (bend + (bend == 0.0))
        fresh = (*pairs[1:], newest), bend / (turn + (turn == 0.0))
        return (curved, *select(curved, fresh, (pairs, scale)))

    def _anew(self, value: Number, grads: Arrays, squared_norm: Number) -> Remembered:
        """The state at a point that nothing is remembered at; of size 0 where nothing falls."""
        scale = self.initial / clamped(square_root(squared_norm), 1.0, inf)
        size = select(squared_norm > 0.0, 1.0, 0.0)
        nothing = self._nothing([np.zeros_like(grad) for grad in grads])
        direction = [as_array(scaled(scale, grad)) for grad in grads]
        return Remembered(size, value, scale * squared_norm, scale, nothing, grads, direction)

    def refused(self, state: Remembered, grads: Arrays, value: Number) -> tuple[Remembered, Arrays]:
        size, before, slope, *others = state
        size = shortened(size, size * slope, value - before)
        now = made(Remembered, (size, before, slope, *others))
        # Of nothing remembered the last product is 0.
        misled = (size < self.shortest) & (state.pairs[-1][2] != 0.0)
        if is_possible(misled):
            now = select(misled, self._anew(before, grads, square_sum(grads, value)), now)
        return now, downhill(now.size, now.direction)

    def stride(self, state: Remembered, grads: Arrays) -> Arrays:
        return downhill(state.size, state.direction)


class Line(NamedTuple):
    """The state of the conjugate gradients.

    A line leads from a point of loss ``value`` and gradient ``grads`` against ``direction``, along
    which the loss falls by ``slope`` at first; the newest point is ``at`` of it, and the next one
    ``size``. ``probing`` is 1 where that is a probe, and 0 where it is to be the bottom. ``reach``
    is how far the last line led, 0 before there is one; ``other`` the loss at the newest point.
    """

    size: Number
    at: Number
    probing: Number
    value: Number
    other: Number
    slope: Number
    reach: Number
    grads: Arrays
    direction: Arrays


@dataclass(frozen=True)
class ConjugateGradient(Rule):
    """Along conjugate directions, each to its bottom: the method of conjugate gradients.

    A step of the method is two of the run: a probe, as far away as the last line led, and from what
    the slope has become there the bottom of the line, exact for a quadratic. The next direction is
    the gradient and as much of the last one as Dai and Yuan say (A nonlinear conjugate gradient
    method with a strong global convergence property, 1999).

    A probe is accepted if it lowers the loss, or changes it as on a quadratic: by the mean of the
    slopes at both ends, to within the fraction ``trust``. Any other is taken back, and the next one
    is nearer. A bottom that is no lower than where the line began is taken back as well, and the
    next line goes along the gradient.
    """

    # On a quadratic of m different curvatures it takes about m steps of the method, whatever they
    # are, and some more for rounding: an inverse of size n has n of them, each n times.
    name: ClassVar[str] = "conjugate-gradient"
    takes_back: ClassVar[bool] = True
    largest: ClassVar[float] = 1e30
    decrease: ClassVar[float] = 1e-4
    rounding: ClassVar[float] = 1e-6

    initial: float = 0.01
    trust: float = 0.1
    minimum: float = 1e-30

    def __post_init__(self) -> None:
        object.__setattr__(self, "initial", above_zero(self, "step size", self.initial))
        object.__setattr__(self, "minimum", above_zero(self, "minimum", self.minimum))
        if not 0.0 <= self.trust < 1.0:
            raise FitError(f"ConjugateGradient: expected 0 <= trust < 1, got {self.trust}")

    def begin(self, point: Arrays) -> Line:
        zeros = [np.zeros_like(array) for array in point]
        return Line(self.initial, 0.0, 0.0, nan, nan, 0.0, 0.0, zeros, zeros)

    def accepts(self, state: Line, value: Number, gradient: Callable[[], Arrays]) -> Truth:
        before, slope = state.value, state.slope
        low = value <= before - self.decrease * state.size * slope
        low = low | (before != before)  # a first point is a start
        if is_certain(low):
            return low
        end, change = inner_product(state.direction, gradient(), value), value - before
        missed, change = abs(change + 0.5 * state.size * (slope + end)), abs(change)
        unseen = (change <= self.rounding * abs(value)) & (missed <= self.rounding * abs(value))
        # As L-BFGS does where rounding hides what the loss does.
        level = value <= before + coarsest(state.grads) ** (2 / 3) * abs(before)
        flatter = level & (abs(end) <= 0.9 * slope)
        return low | unseen | flatter | (state.probing == 1.0) & (missed <= self.trust * change)

    def step(
        self, state: Line, value: Number, grads: Arrays, squared_norm: Number
    ) -> tuple[Line, Arrays]:
        probed = state.probing == 1.0
        if is_certain(probed):
            now = self._to_the_bottom(state, value, grads)
        elif is_possible(probed):
            there = self._to_the_bottom(state, value, grads)
            now = select(probed, there, self._next(state, value, grads, squared_norm))
        else:
            now = self._next(state, value, grads, squared_norm)
        return now, self.stride(now, grads)

    def _to_the_bottom(self, state: Line, value: Number, grads: Arrays) -> Line:
        size, at, slope = state.size, state.size, state.slope
        bend = slope - inner_product(state.direction, grads, value)
        curved = (bend > 0.0) & (bend < inf)
        # Downhill without a bottom in sight the next probe is twice as far.
        size = select(curved, size * slope / (bend + (bend == 0.0)), 2.0 * size)
        size = clamped(size, self.minimum, self.largest)
        probing = select(curved, 0.0, 1.0)
        length = square_root(square_sum(state.direction, value))
        reach = select(curved, size * length, state.reach)
        now = (size, at, probing, state.value, value, slope, reach, state.grads, state.direction)
        return made(Line, now)

    def _next(self, state: Line, value: Number, grads: Arrays, squared_norm: Number) -> Line:
        along = inner_product(state.direction, grads, value)
        turn = state.slope - along
        # Of a quadratic both are the same; elsewhere the smaller one forgets what is of no use.
        fresh = squared_norm - inner_product(grads, state.grads, value)
        top = clamped(fresh, 0.0, squared_norm)
        share = select(turn > 0.0, top / (turn + (turn == 0.0)), 0.0)
        share = select(share < inf, share, 0.0)
        direction = [g + scaled(share, d) for g, d in zip(grads, state.direction, strict=True)]
        slope = squared_norm + share * along
        usual = (slope > 0.0) & (slope < inf)
        if not is_certain(usual):
            direction, slope = select(usual, (direction, slope), (list(grads), squared_norm))
        return self._begun(state.reach, value, slope, grads, [as_array(d) for d in direction])

    def _begun(
        self, reach: Number, value: Number, slope: Number, grads: Arrays, direction: Arrays
    ) -> Line:
        """At the begin of a line, before its first probe."""
        length = square_root(square_sum(direction, value))
        # The first of all goes as the other rules' first step, but no farther than it is long.
        first = self.initial / clamped(length, 1.0, inf)
        size = select(reach > 0.0, reach / (length + (length == 0.0)), first)
        size = clamped(size, self.minimum, self.largest)
        # Where the gradient is zero no size leads on: 0 asks for a restart.
        size = select(slope == 0.0, 0.0, size)
        return made(Line, (size, 0.0, 1.0, value, value, slope, reach, grads, direction))

    def refused(self, state: Line, grads: Arrays, value: Number) -> tuple[Line, Arrays]:
        size, at, *others = state
        nearer = made(Line, (0.5 * (size + at), at, *others))
        probed = state.probing == 1.0
        if not is_certain(probed):
            slope = square_sum(grads, value)
            reach = 0.5 * abs(size - at) * square_root(square_sum(state.direction, value))
            anew = self._begun(reach, state.other, slope, grads, list(grads))
            nearer = select(probed, nearer, anew)
        return nearer, self.stride(nearer, grads)

    def stride(self, state: Line, grads: Arrays) -> Arrays:
        return downhill(state.size - state.at, state.direction)


def turned(grads: Arrays, pairs: Sequence[Pair], scale: Number, like: Number) -> Arrays:
    """The inverse Hessian that ``pairs`` make of ``scale`` times the identity, times ``grads``."""
    rest, weights = grads, []
    for step, change, inverse in reversed(pairs):
        weight = inverse * inner_product(step, rest, like)
        rest = [r - scaled(weight, part) for r, part in zip(rest, change, strict=True)]
        weights.append(weight)
    rest = [scaled(scale, r) for r in rest]
    for (step, change, inverse), weight in zip(pairs, reversed(weights), strict=True):
        weight = weight - inverse * inner_product(change, rest, like)
        rest = [r + scaled(weight, part) for r, part in zip(rest, step, strict=True)]
    return [as_array(r) for r in rest]


def shortened(size: Number, promise: Number, rise: Number) -> Number:
    """A tenth to half of ``size``: where the parabola has its bottom.

    It falls like ``promise`` at first, and at ``size`` it has risen by ``rise``.
    """
    above = rise + promise
    bottom = 0.5 * size * (promise / (above + (above == 0.0)))
    return clamped(select(abs(above) < inf, bottom, 0.0), 0.1 * size, 0.5 * size)


def coarsest(arrays: Arrays) -> float:
    """The rounding of the coarsest of ``arrays``."""
    return max(float(np.finfo(array.dtype).eps) for array in arrays)


MAKERS: dict[str, Callable[..., Rule]] = {
    "grow-shrink": GrowShrink,
    "grow-shrink-take-back": partial(GrowShrink, worse="take-back"),
    "barzilai-borwein": BarzilaiBorwein,
    "constant": Constant,
    "adam": AdamSteps,
    "l-bfgs": LBFGS,
    "conjugate-gradient": ConjugateGradient,
}
make_parts(GrowShrink, BarzilaiBorwein, AdamSteps, LBFGS, ConjugateGradient)
setattr(Constant, "__init__", knowing_its_arguments(Constant.__init__))


def make_rule(rule: str | Rule | Adam, initial: float | None = None) -> Rule:
    """The step rule of that name, with its usual settings and the first step size ``initial``.

    A rule is returned as it is; of one of Chainer's Adams the hyperparameters are taken.
    """
    if isinstance(rule, str):
        if rule not in MAKERS:
            raise FitError(unknown_name("rule", rule, [*MAKERS]))
        return MAKERS[rule]() if initial is None else MAKERS[rule](initial)
    if isinstance(rule, Adam):
        return AdamSteps.of(rule)
    if isinstance(rule, type) and issubclass(rule, Rule):
        raise FitError(f"rule: expected a step rule, got its class: write {rule.__name__}()")
    if not isinstance(rule, Rule):
        raise FitError(f"rule: expected a name or a step rule, got {type(rule).__name__}")
    return rule


def settings_of(part: Any) -> dict[str, Any]:
    """The name of a rule or a restart and the numbers and words that it is made of."""
    settings = fields(part) if is_dataclass(part) else ()
    return {"name": part.name} | {item.name: getattr(part, item.name) for item in settings}


def is_number(value: object) -> TypeGuard[float]:
    """Whether ``value`` is a real number, Python's or NumPy's, and no truth value."""
    return isinstance(value, Real) and not isinstance(value, bool)


def above_zero(owner: object, what: str, value: object) -> float:
    """``value`` as a float. Raises FitError unless it is finite and above 0."""
    if not (is_number(value) and isfinite(value) and value > 0):
        raise FitError(f"{type(owner).__name__}: expected a {what} above 0, got {value!r}")
    return float(value)
