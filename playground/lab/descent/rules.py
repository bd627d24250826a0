"""Step rules: how far to go along the negative gradient."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from math import isfinite
from numbers import Real
from typing import Any

from playground.graph.backend import array_like, to_cpu
from playground.graph.errors import FitError
from playground.lab.descent.vectors import inner, squared
from playground.optimizers.adam import AdamRule

__all__ = ["Adam", "BarzilaiBorwein", "Constant", "GrowShrink", "Rule", "make_rule"]

Arrays = Sequence[Any]


class Rule:
    """A step rule; this base class keeps one step size.

    The loop evaluates a point, asks :meth:`accepts` if the rule takes back at all, and then either
    :meth:`step`, for the size of the step that leaves the point, or :meth:`refused`, for the size
    of a new step from the point before. A size below ``minimum`` asks for a restart.

    Attributes:
        step_size: the size of the newest step.
        takes_back: whether points can be refused.
        minimum: the smallest step size worth taking.
        stride: what the newest step subtracts, one array a parameter; None is step size x gradient.
    """

    name = ""
    takes_back = False
    minimum = 0.0
    stride: Arrays | None = None

    def __init__(self, initial: float) -> None:
        self.initial = positive(self, "step size", initial)
        self.step_size = self.initial

    def accepts(self, value: float, gradient: Callable[[], Arrays]) -> bool:
        """Whether to move to the point of loss ``value``; ``gradient()`` computes its gradient."""
        return True

    def step(self, value: float, grads: Arrays, squared_norm: float) -> float:
        """The size of the step that leaves an accepted point.

        ``squared_norm`` is the sum of the squares of ``grads``.
        """
        return self.step_size

    def refused(self) -> float:
        """The size of the next step from the point that was kept."""
        return self.step_size

    def reset(self) -> None:
        """Forget the course: the next point is a start."""
        self.step_size = self.initial

    def settings(self) -> dict[str, Any]:
        """Name and parameters; a run is resumed with equal ones only."""
        return {"name": self.name, "initial": self.initial}

    def state(self) -> dict[str, Any]:
        """What :meth:`restore` needs, as JSON values (and arrays)."""
        return {"step_size": self.step_size}

    def restore(self, state: dict[str, Any], grads: Arrays) -> None:
        """Go on from ``state``; ``grads`` is the gradient at the newest accepted point."""
        self.step_size = state["step_size"]


class Constant(Rule):
    """Always the same step size."""

    name = "constant"

    def __init__(self, step: float = 0.01) -> None:
        super().__init__(step)


class GrowShrink(Rule):
    """Grow the step size after a better loss, shrink it after any other.

    After a start the first step has the size ``initial``. With ``worse='keep'`` a worse point is
    kept all the same, as in the study that this rule comes from; with ``'take-back'`` the point
    before is returned to. Taking back jams at the kinks of a loss such as sum|XY - I|.
    """

    def __init__(
        self,
        initial: float = 0.01,
        grow: float = 1.2,
        shrink: float = 0.5,
        minimum: float = 1e-10,
        worse: str = "keep",
    ) -> None:
        super().__init__(initial)
        if not (grow >= 1.0 > shrink > 0.0 and minimum >= 0.0):
            raise FitError(
                f"GrowShrink: expected grow >= 1 > shrink > 0 and minimum >= 0, got grow={grow}, "
                f"shrink={shrink}, minimum={minimum}"
            )
        if worse not in ("keep", "take-back"):
            raise FitError(f"GrowShrink: worse is 'keep' or 'take-back', got {worse!r}")
        self.grow, self.shrink, self.minimum = grow, shrink, minimum
        self.takes_back = worse == "take-back"
        self._previous: float | None = None

    @property
    def name(self) -> str:  # type: ignore[override]
        return "grow-shrink-take-back" if self.takes_back else "grow-shrink"

    def accepts(self, value: float, gradient: Callable[[], Arrays]) -> bool:
        return self._previous is None or value < self._previous

    def step(self, value: float, grads: Arrays, squared_norm: float) -> float:
        previous = self._previous
        if previous is not None:
            self.step_size *= self.grow if value < previous else self.shrink
        self._previous = value
        return self.step_size

    def refused(self) -> float:
        self.step_size *= self.shrink
        return self.step_size

    def reset(self) -> None:
        super().reset()
        self._previous = None

    def settings(self) -> dict[str, Any]:
        own = {"grow": self.grow, "shrink": self.shrink, "minimum": self.minimum}
        return super().settings() | own

    def state(self) -> dict[str, Any]:
        return super().state() | {"previous": self._previous}

    def restore(self, state: dict[str, Any], grads: Arrays) -> None:
        super().restore(state, grads)
        self._previous = state["previous"]


class BarzilaiBorwein(Rule):
    """Step sizes from the curvature along the step before: the method of Barzilai and Borwein.

    With s the step and y the change of the gradient, s's/s'y is the long step size and s'y/y'y the
    short one. ABBmin (Frassoldati, Zanni, Zanghirati: New adaptive stepsize selections in gradient
    methods, 2008) takes the smallest of the last ``memory`` short ones where short/long is below a
    threshold, and the long one otherwise; the threshold moves (Bonettini, Zanella, Zanni 2009).

    A point is accepted if its loss is below the largest of the last ``window`` by a little, 1e-4
    of what the slope promises (Grippo, Lampariello, Lucidi 1986), or if the loss changed as that
    of a quadratic would: by the mean of the two slopes, to within the fraction ``trust``. Any
    other point is taken back and the step halved.
    """

    # Why so: on sum((XY - I)**2) with uniform X of n = 3, 10, 30, 100 this needs 16, 110, 811 and
    # 3,798 steps (median of ten) where the plain long step needs 16, 150, 2,488 and 8,318. On a
    # quadratic the method lives on steps that raise the loss, by 1e13 and more where X is badly
    # conditioned: refusing them by value alone stalls there, while elsewhere (Rosenbrock,
    # logistic, a small network) never refusing them diverges. Comparing with the quadratic tells
    # the two apart; it costs a gradient only where the value alone does not settle it.
    name = "barzilai-borwein"
    takes_back = True
    largest = 1e30
    decrease = 1e-4

    def __init__(
        self,
        initial: float = 0.01,
        threshold: float = 0.5,
        memory: int = 5,
        window: int = 10,
        trust: float = 0.1,
        minimum: float = 1e-30,
    ) -> None:
        super().__init__(initial)
        self.minimum = positive(self, "minimum", minimum)
        if not (0.0 < threshold < 1.0 and memory >= 1 and window >= 1 and 0.0 <= trust < 1.0):
            raise FitError(
                f"BarzilaiBorwein: expected 0 < threshold < 1, memory and window of at least 1 and "
                f"0 <= trust < 1, got {threshold}, {memory}, {window}, {trust}"
            )
        self.threshold, self.trust = threshold, trust
        self._tau = threshold
        self._short: deque[float] = deque(maxlen=memory)
        self._values: deque[float] = deque(maxlen=window)
        self._grads: Arrays | None = None
        self._squared_norm = 0.0

    def accepts(self, value: float, gradient: Callable[[], Arrays]) -> bool:
        if self._grads is None:
            return True
        if value <= max(self._values) - self.decrease * self.step_size * self._squared_norm:
            return True
        change = value - self._values[-1]
        slopes = self._squared_norm + inner(self._grads, gradient())
        # On a quadratic the change is the mean of the slopes at both ends times the step.
        return abs(change + 0.5 * self.step_size * slopes) <= self.trust * abs(change)

    def step(self, value: float, grads: Arrays, squared_norm: float) -> float:
        if self._grads is not None:
            self.step_size = self._next_size(grads)
        self._values.append(value)
        self._grads, self._squared_norm = grads, squared_norm
        return self.step_size

    def _next_size(self, grads: Arrays) -> float:
        size, before = self.step_size, self._grads or ()
        # The difference first: squared norms of nearly equal gradients would cancel.
        change = [new - old for new, old in zip(grads, before, strict=True)]
        bend = -size * inner(before, change)
        turn = squared(change)
        if not (bend > 0.0 and turn > 0.0 and isfinite(turn)):
            return min(2.0 * size, self.largest)  # downhill without a bottom in sight
        long, short = size * size * self._squared_norm / bend, bend / turn
        self._short.append(short)
        curved = short < self._tau * long
        self._tau *= 0.9 if curved else 1.1
        return min(max(min(self._short) if curved else long, self.minimum), self.largest)

    def refused(self) -> float:
        self.step_size *= 0.5
        return self.step_size

    def reset(self) -> None:
        super().reset()
        self._tau = self.threshold
        self._short.clear()
        self._values.clear()
        self._grads = None

    def settings(self) -> dict[str, Any]:
        own = {"threshold": self.threshold, "trust": self.trust, "minimum": self.minimum}
        lengths = {"memory": self._short.maxlen, "window": self._values.maxlen}
        return super().settings() | own | lengths

    def state(self) -> dict[str, Any]:
        # The gradient is not stored twice: it is that of the newest accepted point of the log.
        own = {"tau": self._tau, "short": list(self._short), "values": list(self._values)}
        started = {"started": self._grads is not None, "squared_norm": self._squared_norm}
        return super().state() | own | started

    def restore(self, state: dict[str, Any], grads: Arrays) -> None:
        super().restore(state, grads)
        self._tau, self._squared_norm = state["tau"], state["squared_norm"]
        self._short.extend(state["short"])
        self._values.extend(state["values"])
        self._grads = grads if state["started"] else None


class Adam(Rule):
    """Adam (Kingma and Ba, 2015): each entry of the point moves by about ``alpha`` a step.

    The arithmetic is that of ``playground.optimizers.Adam``, bit for bit. Other hyperparameters of
    it (beta1, beta2, eps, amsgrad …) are keywords; ``step_size`` is alpha, corrected for the start.
    """

    name = "adam"

    def __init__(self, alpha: float = 1e-3, **values: Any) -> None:
        super().__init__(alpha)
        self._values = {"alpha": self.initial, **values}
        self._rules: list[AdamRule] = []
        self._make()  # so that an unknown keyword is refused here

    def _make(self) -> AdamRule:
        try:
            return AdamRule(None, **self._values)
        except TypeError as error:
            raise FitError(f"Adam: {error}") from error

    def step(self, value: float, grads: Arrays, squared_norm: float) -> float:
        if not self._rules:
            self._begin(grads)
        for rule in self._rules:
            rule.t += 1
        pairs = zip(self._rules, grads, strict=True)
        self.stride = [rule.step(grad) for rule, grad in pairs]
        self.step_size = self._rules[0].alpha_t
        return self.step_size

    def _begin(self, grads: Arrays) -> None:
        self._rules = [self._make() for _ in grads]
        for rule, grad in zip(self._rules, grads, strict=True):
            rule.begin(grad)

    def reset(self) -> None:
        super().reset()
        self._rules, self.stride = [], None

    def settings(self) -> dict[str, Any]:
        return super().settings() | self._values

    def state(self) -> dict[str, Any]:
        memories = [
            {name: to_cpu(array).copy() for name, array in rule.state.items()}
            for rule in self._rules
        ]
        t = self._rules[0].t if self._rules else 0
        return super().state() | {"t": t, "memories": memories}

    def restore(self, state: dict[str, Any], grads: Arrays) -> None:
        super().restore(state, grads)
        if state["t"] == 0:
            return
        self._begin(grads)
        for rule, memory, grad in zip(self._rules, state["memories"], grads, strict=True):
            rule.t = state["t"]
            rule.state.update({name: array_like(array, grad) for name, array in memory.items()})
        pairs = zip(self._rules, grads, strict=True)
        self.stride = [rule.newest_step(grad.dtype) for rule, grad in pairs]


def make_rule(rule: str | Rule) -> Rule:
    """The step rule of that name, with its usual parameters; a rule object is returned as it is."""
    makers: dict[str, Callable[[], Rule]] = {
        "grow-shrink": GrowShrink,
        "grow-shrink-take-back": lambda: GrowShrink(worse="take-back"),
        "barzilai-borwein": BarzilaiBorwein,
        "constant": Constant,
        "adam": Adam,
    }
    if isinstance(rule, str):
        if rule not in makers:
            raise FitError(f"unknown rule {rule!r}: expected one of {', '.join(makers)}")
        return makers[rule]()
    if not isinstance(rule, Rule):
        raise FitError(f"rule: expected a name or a step rule, got {type(rule).__name__}")
    return rule


def is_number(value: Any) -> bool:
    """Whether ``value`` is a real number, Python's or NumPy's."""
    return isinstance(value, Real)


def positive(owner: Any, what: str, value: float) -> float:
    """``value`` as a float. Raises FitError unless it is finite and above 0."""
    if not (is_number(value) and isfinite(value) and value > 0):
        raise FitError(f"{type(owner).__name__}: expected a {what} above 0, got {value!r}")
    return float(value)
