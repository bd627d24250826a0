"""What is compared of a random program: values, derivatives, lanes, dtypes.

Derivatives are compared with differences of the same program on plain arrays. How far these can
be trusted is measured on the spot: two step sizes must agree (which also sees a kink nearby), and
the slopes to the left and to the right must (which sees one at the point, in any line's value).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from playground import Variable
from playground.graph.errors import (
    BranchError,
    DegenerateEigenvalueError,
    GraphCutError,
    NondifferentiableError,
    NoRuleError,
    PlaygroundError,
)
from playground.transforms import grad, hvp, jacobian, jvp, vjp, vmap
from tests.campaign_calls import LAST_BITS
from tests.campaign_programs import Program, quietly

Arrays = Sequence[Any]
# Refusals by name; every other exception where NumPy answers is a fault.
REFUSALS = (DegenerateEigenvalueError, GraphCutError, NondifferentiableError, NoRuleError)
# Results at ties that are one-sided element by element only along special directions.
ORDERED = (
    "sort",
    "median",
    "percentile",
    "quantile",
    "eigvalsh",
    "svd",
    "eigh",
    "take_along",
    "norm",
)
STEP, SIDE = 1e-4, 1e-7
# Two sides of a comparison: names, numbers, and np.abs of them.
_SIDE = r"np\.\w+\(\w+\)|-?[\w.]+(?:\[\w+\])?"
_COMPARED = re.compile(rf"({_SIDE}) (?:>=|<=|==|>|<) ({_SIDE})")


@dataclass(frozen=True)
class Fault:
    """What differs; ``kind`` is the name of the check, and of the error where one was raised."""

    kind: str
    detail: str


class Skipped(Exception):  # noqa: N818 (no error)
    """The comparison says nothing here: a kink, a step, a difference without digits."""


@dataclass(frozen=True)
class Slope:
    """Numerical derivatives along a direction, with their error and one-sided twins."""

    value: np.ndarray
    error: np.ndarray
    left: np.ndarray
    right: np.ndarray
    # How much the two differ otherwise at ten times the distance: by curvature, or rounding.
    unsteady: np.ndarray

    @property
    def kinked(self) -> np.ndarray:
        size = 1.0 + np.abs(self.left) + np.abs(self.right)
        return ~(np.abs(self.left - self.right) < 1e-3 * size)


def slope(function: Callable[..., Any], point: Arrays, direction: Arrays) -> Slope:
    """Derivatives of all that ``function`` returns, flattened, along ``direction``."""

    def at(t: float) -> np.ndarray:
        return flat(function(*[x + t * d for x, d in zip(point, direction, strict=True)]))

    def central(h: float) -> np.ndarray:
        return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)

    try:
        middle = at(0.0)
        wide, narrow = central(STEP), central(STEP / 2)
        left, right = (middle - at(-SIDE)) / SIDE, (at(SIDE) - middle) / SIDE
        bend = (at(10 * SIDE) + at(-10 * SIDE) - 2 * middle) / (10 * SIDE)
        error = np.abs(wide - narrow) + 1e-15 * (1 + np.abs(middle)) / STEP
    except (ArithmeticError, LookupError, ValueError) as changed:
        # Another shape beside the point, an index that is out of it, weights that sum to 0.
        raise Skipped(str(changed)) from None
    return Slope(narrow, error, left, right, np.abs(right - left - bend))


def flat(values: Any) -> np.ndarray:
    parts = values if isinstance(values, (tuple, list)) else (values,)
    return np.concatenate([np.ravel(np.asarray(part, "d")) for part in parts] or [np.zeros(0)])


def inner(us: Any, vs: Any) -> float:
    return float(flat(us) @ flat(vs))


class Trial:
    """One program at its point, with random directions and cotangents that its seed fixes."""

    def __init__(self, program: Program, seed: int) -> None:
        self.program, self.point = program, program.point
        self.f, self.trace = program.function(), program.function(trace=True)
        rng = np.random.default_rng([seed, 1])
        self.along, self.across, self.aside = (
            tuple(rng.uniform(-1, 1, x.shape) for x in self.point) for _ in range(3)
        )
        self.plain = np.asarray(self.f(*self.point))
        self.weights = rng.uniform(0.5, 1, self.plain.shape) * rng.choice([-1, 1], self.plain.shape)
        self.argnums = tuple(range(len(self.point)))

    def loss(self, *xs: Any) -> Any:
        return np.sum(self.f(*xs) * self.weights)

    def gradients(self, *xs: Any) -> Any:
        return grad(self.loss, argnums=self.argnums)(*xs)

    # ------------------------------------------------------------------------- the checks

    def value(self) -> str | None:
        """NumPy's own value, bit for bit; of each line alone where some have other last bits."""
        if all(exact for _, exact in self.program.alone()):
            return differing(self.f(*map(Variable, self.point)), self.plain)
        for line, exact in self.program.alone():
            xs = line.point
            plain = np.asarray(line.function()(*xs))
            room = np.zeros(())
            if not exact:
                beside = line.function()(*map(moved, xs))
                room = 1e-13 * (1 + np.abs(plain).max(initial=0.0)) + 10 * np.abs(beside - plain)
            found = differing(line.function()(*map(Variable, xs)), plain, room)
            if found is not None:
                return f"{line.lines[0]}: {found}"
        return None

    def single(self) -> str | None:
        """The same in float32, whose dtype value and gradient keep."""
        xs = [x.astype("f") for x in self.point]
        f = self.program.function(dtype="f")
        try:
            plain = np.asarray(f(*xs))
        except Exception as error:
            raise Skipped(str(error)) from None
        if plain.dtype != "f":  # a constant in the text took part in the promotion
            raise Skipped("NumPy's own result is no float32")
        loose = not all(exact for _, exact in self.program.alone())
        found = differing(f(*map(Variable, xs)), plain)
        if found is not None and not loose:
            return found
        weights = self.weights.astype("f")
        if weights.shape != plain.shape:
            raise Skipped("another shape")
        gradients = grad(lambda *xs: np.sum(f(*xs) * weights), argnums=self.argnums)(*xs)
        kinds = [(np.asarray(g).dtype.char, np.shape(g)) for g in gradients]
        wanted = [("f", x.shape) for x in xs]
        return None if kinds == wanted else f"gradients are {kinds}, expected {wanted}"

    def first(self) -> str | None:
        """The gradient, along a direction, against differences; at a kink, a subgradient."""
        gradients = self.gradients(*self.point)
        self._same_shapes(gradients)
        if not np.isfinite(flat(gradients)).all():
            self._smooth()
        lines = slope(self.trace, self.point, self.along)
        found = inner(gradients, self.along)
        ends = np.cumsum([np.size(v) for v in self.trace(*self.point)])
        start = ends[-2] if len(ends) > 1 else 0
        w = self.weights.ravel()
        last = Slope(*(part[start:] for part in vars(lines).values()))
        if lines.kinked[:start].any():
            raise Skipped("a kink ahead of the last line")
        if last.kinked.any():
            return self._subgradient(found, last, w)
        size = float(np.abs(flat(gradients)) @ np.abs(flat(self.along)))
        wrong = compared(found, float(w @ last.value), float(np.abs(w) @ last.error), size)
        if wrong is not None:
            self._linear(self.trace, lines)
            self._off_edges()
            self._digits()
        return wrong

    def _subgradient(self, found: float, last: Slope, w: np.ndarray) -> str | None:
        if not np.isfinite(found):
            raise Skipped("no number at a kink, where there is no derivative")
        sides = np.stack([w * last.left, w * last.right])
        if any(word in self.program.lines[-1] for word in ORDERED) or not np.abs(sides).max() < 1e3:
            raise Skipped("a step, or an order that changes")
        if not (last.unsteady < 1e-3 * (1 + np.abs(last.left) + np.abs(last.right))).all():
            raise Skipped("slopes that change with the distance")
        low, high = float(sides.min(0).sum()), float(sides.max(0).sum())
        room = 1e-4 * (1 + np.abs(sides).sum())
        if low - room <= found <= high + room:
            return None
        return f"at a kink: {found} along the direction, expected {low} to {high}"

    def _linear(self, function: Callable[..., Any], along: Slope) -> None:
        """Skips where slopes exist along every line, and are no linear map: at ties of an order."""
        for direction in (self.aside, self.across):
            other = slope(function, self.point, direction)
            both = tuple(d + e for d, e in zip(self.along, direction, strict=True))
            left = slope(function, self.point, both).value - along.value - other.value
            if not (np.abs(left) < 1e-4 * (1 + np.abs(along.value) + np.abs(other.value))).all():
                raise Skipped("slopes that are not linear")

    def _smooth(self, order: int = 1, used: bool = True) -> None:
        """Skips where a line by itself has no derivative at what it is given, and is used.

        An infinite slope is true there, and so is NaN where it meets a 0. Where no such element
        is used by the result, NaN is a fault.
        """
        for i, (line, _) in enumerate(self.program.alone()):
            rng = np.random.default_rng(i)
            along = tuple(rng.uniform(0.5, 1, x.shape) for x in line.point)
            places = rough(line.function(), line.point, along, order)
            if places is None or (places.any() and (not used or self._matters(i, places))):
                raise Skipped(f"no derivative of {line.lines[0]}")

    def _matters(self, i: int, places: np.ndarray) -> bool:
        """Whether the result depends on some places of what line ``i`` computes."""
        if i == len(self.program.lines) - 1:
            return True
        names = self.program.names
        values = dict(zip(names, self.trace(*self.point), strict=True))
        kept = {**self.program.inputs, **{n: np.asarray(values[n]) for n in names[: i + 1]}}
        rest = replace(self.program, inputs=kept, lines=self.program.lines[i + 1 :], by=(names[i],))
        x = kept[names[i]]
        # By no two alike: to some results a common shift is nothing.
        step = 1e-3 * places * (1.5 + np.cos(np.arange(places.size)))
        moved = x + step.reshape(x.shape) * (1 + np.abs(x))
        # Also where all else is a little different: a factor that is 0 here uses what it meets,
        # and 0 times infinity is NaN.
        rng = np.random.default_rng(i)
        near = {
            n: v + 1e-3 * rng.uniform(0.5, 1, v.shape) * (v.dtype.kind == "f")
            for n, v in kept.items()
        }
        try:
            plain = self.plain
            if differing(rest.function()(moved), plain) is not None:
                return True
            rest = replace(rest, inputs={n: v.astype(kept[n].dtype) for n, v in near.items()})
            plain = np.asarray(rest.function()(x))
            return differing(rest.function()(moved), plain, 1e-12 * (1 + np.abs(plain))) is not None
        except (ArithmeticError, LookupError, ValueError):
            return True

    def _off_edges(self) -> None:
        """Skips where a condition compares equals, so that another branch holds beside the point.

        ``where(x > 0, x, 0)`` at 0 is x on one side: what was selected is all that is known.
        """
        values = dict(zip(self.program.names, self.trace(*self.point), strict=True))
        space = {**self.program.inputs, **values, "np": np}
        for line in self.program.lines:
            for left, right in _COMPARED.findall(line):
                sides = [quietly(eval, side, space) for side in (left, right)]
                if np.any(np.isclose(*sides, rtol=1e-12, atol=1e-12)):
                    raise Skipped("a condition at its edge")

    def _digits(self) -> None:
        """Skips where roundings of the inputs change a line's value: it has no digits there."""
        here, beside = (flat(self.trace(*xs)) for xs in (self.point, [*map(moved, self.point)]))
        if here.shape != beside.shape or not (np.abs(here - beside) < 1e-6 * (1 + abs(here))).all():
            raise Skipped("a value that has no digits")
        for line, _ in self.program.alone():
            # Of two rows that are one the correlation is 1, whatever their spread divides by.
            constant = [np.ptp(x) <= 1e-12 * np.abs(x).max() for x in line.point if x.size]
            if line.calls == ("corrcoef",) and any(constant):
                raise Skipped("rows that are constant to rounding")

    def _same_shapes(self, gradients: Any) -> None:
        shapes = [np.shape(g) for g in gradients]
        if shapes != [x.shape for x in self.point]:
            raise AssertionError(f"gradients of shapes {shapes}")

    def second(self) -> str | None:
        """A product with the Hessian against differences of the gradient."""
        smooth = slope(self.trace, self.point, self.along)
        if not smooth.error.max(initial=0.0) < 1e-3:
            raise Skipped("not smooth")
        if smooth.kinked.any():
            raise Skipped("a kink")
        products = hvp(self.loss, argnums=self.argnums)(self.point[0], self.across, *self.point[1:])
        beside = slope(self.gradients, self.point, self.along)
        if beside.kinked.any():
            raise Skipped("a kink of the gradient")
        e = flat(self.across)
        size = float(np.abs(flat(products)) @ np.abs(flat(self.along)))
        found, expected = inner(products, self.along), float(e @ beside.value)
        wrong = compared(found, expected, float(np.abs(e) @ beside.error), size)
        if wrong is not None:
            self._linear(self.trace, smooth)
            self._linear(self.gradients, beside)
            self._off_edges()
            # Of two that are equal, with equal slopes, each has half the curvature; |u| at 0 has
            # none. Which one holds beside the point cannot be known, where NaN would spoil all
            # that subtracts a maximum. A gradient set so has the second derivative that it says.
            self._smooth(order=2)
            self._digits()
        return wrong

    def lanes(self) -> str | None:
        """``vmap`` against a loop over the lanes."""
        lanes = [
            [x, x + 0.05 * d, x - 0.3 * e]
            for x, d, e in zip(self.point, self.along, self.across, strict=True)
        ]
        try:
            plain = np.stack([self._alone(*xs) for xs in zip(*lanes, strict=True)])
            beside = np.stack([self.f(*map(moved, xs)) for xs in zip(*lanes, strict=True)])
        except Exception as error:  # a shape that depends on the values, or NumPy's own refusal
            raise Skipped(str(error)) from None
        if not np.isfinite(plain).all():
            raise Skipped("not finite in every lane")
        found = np.asarray(vmap(self.f)(*map(np.stack, lanes)))
        if found.shape != plain.shape:
            return f"shape {found.shape}, expected {plain.shape}"
        return apart(found, plain, beside)

    def slopes(self) -> str | None:
        """``vmap`` of the gradient, and of the derivative forward, against a loop."""
        points = [
            [x, x + 0.05 * d, x - 0.3 * e]
            for x, d, e in zip(self.point, self.along, self.across, strict=True)
        ]
        ways = [[d, -e, d * e] for d, e in zip(self.along, self.across, strict=True)]
        n = len(points)

        def both(*args: Any) -> Any:
            back = grad(self.loss, argnums=self.argnums)(*args[:n])
            return (*back, jvp(self.f, args[:n], args[n:])[1])

        rows = [*zip(*points, *ways, strict=True)]
        try:
            shapes = {np.shape(self.f(*row[:n])) for row in rows}
        except (ArithmeticError, LookupError, ValueError) as error:
            raise Skipped(str(error)) from None
        if shapes != {self.plain.shape}:
            raise Skipped("shapes that differ")
        loop = np.stack([flat(both(*row)) for row in rows])
        beside = np.stack([flat(both(*map(moved, row[:n]), *row[n:])) for row in rows])
        if not np.isfinite(loop).all():
            raise Skipped("not finite in every lane")
        together = vmap(both)(*map(np.stack, points), *map(np.stack, ways))
        found = np.stack([flat([part[i] for part in together]) for i in range(3)])
        return apart(found, loop, beside)

    def _alone(self, *xs: np.ndarray) -> Any:
        """One lane's value; by Variables where last bits are their own, which may be all there is
        of a difference."""
        if not LAST_BITS.keys() & {*self.program.calls}:
            return self.f(*xs)
        y = self.f(*map(Variable, xs))
        return y.array if isinstance(y, Variable) else y

    def twice(self) -> str | None:
        """A Jacobian of the Jacobian against Hessians of each element, by the first input."""
        x, a, b = self.point[0], self.along[0], self.across[0]
        if not 0 < x.size <= 9 or not 0 < self.plain.size <= 6:
            raise Skipped("nothing, or many numbers")

        def f(x: Any) -> Any:
            return self.f(x, *self.point[1:])

        def one_by_one(x: np.ndarray) -> np.ndarray:
            rows = range(self.plain.size)
            return np.array([inner(hvp(lambda x, i=i: np.ravel(f(x))[i])(x, a), b) for i in rows])

        expected = one_by_one(x)
        if not np.isfinite(expected).all():
            raise Skipped("not finite")
        outer = np.reshape(jacobian(jacobian(f))(x), (-1, x.size, x.size))
        wrong = apart(outer @ np.ravel(a) @ np.ravel(b), expected, one_by_one(moved(x)))
        if wrong is not None:
            # At a kink there is none, and each way has its own choice; NaN may meet a 0, too.
            self._smooth(order=2, used=bool(np.isfinite(outer).all()))
        return wrong

    def forward(self) -> str | None:
        """The tangent forward against the cotangent back."""
        _, tangent = jvp(self.f, self.point, self.along)
        _, pull = vjp(self.f, *self.point)
        pulled = pull(self.weights)
        if np.shape(tangent) != self.plain.shape:
            return f"a tangent of shape {np.shape(tangent)}, expected {self.plain.shape}"
        back, ahead = inner(pulled, self.along), inner(self.weights, tangent)
        if not np.isfinite(back) and not np.isfinite(ahead):
            raise Skipped("not finite")
        if not np.isfinite(back) or not np.isfinite(ahead):
            self._smooth()
        size = np.abs(flat(pulled)) @ np.abs(flat(self.along)) + np.abs(ahead)
        if abs(back - ahead) <= 1e-9 * (1 + size):
            return None
        self._digits()
        # Nor has a derivative digits that roundings of the inputs change: a condition's square.
        beside = inner(vjp(self.f, *map(moved, self.point))[1](self.weights), self.along)
        if not abs(back - ahead) > 1e3 * abs(beside - back):
            raise Skipped("a derivative that has no digits")
        return f"forward {ahead}, backward {back}"


CHECKS = ("value", "single", "first", "second", "lanes", "slopes", "twice", "forward")


def rough(
    function: Callable[..., Any], point: Arrays, along: Arrays, order: int
) -> np.ndarray | None:
    """Where a line has no derivative of an order along a direction; None if nothing is known."""
    try:
        first = slope(function, point, along)
    except Skipped:
        return None
    places = first.kinked | ~(first.error < 1e-3 * (1 + np.abs(first.value)))
    if order == 1:
        return places

    def bend(h: float) -> np.ndarray:
        ahead, here, back = (
            flat(function(*[x + t * d for x, d in zip(point, along, strict=True)]))
            for t in (h, 0.0, -h)
        )
        return (ahead - 2 * here + back) / h**2

    wide, narrow = bend(2e-3), bend(1e-3)
    return places | ~(np.abs(wide - narrow) < 0.05 * (1 + np.abs(wide)))


def apart(found: np.ndarray, plain: np.ndarray, beside: np.ndarray) -> str | None:
    """How lanes differ from a loop, by more than roundings of the inputs make of them."""
    room = 1e-9 * (1 + np.abs(plain)) + 1e3 * np.abs(beside - plain)
    # What is no number beside the point has no digits at it.
    if found.shape == plain.shape and ((np.abs(found - plain) <= room) | np.isnan(room)).all():
        return None
    return f"{found.tolist()}, expected {plain.tolist()}"


def moved(x: np.ndarray) -> np.ndarray:
    """By some roundings, every element otherwise: what changes with it has no digits."""
    return x * (1 + 1e-14 * np.cos(np.arange(x.size)).reshape(x.shape))


def differing(found: Any, plain: np.ndarray, room: Any = 0.0) -> str | None:
    """How two values differ: in any bit (but for a zero's sign), or by more than ``room``."""
    array = found.array if isinstance(found, Variable) else np.asarray(found)
    if array.dtype != plain.dtype or array.shape != plain.shape:
        return f"{array.dtype} {array.shape}, expected {plain.dtype} {plain.shape}"
    if np.array_equal(array, plain, equal_nan=True) or (np.abs(array - plain) < room).all():
        return None
    return f"{array.tolist()}, expected {plain.tolist()}"


def compared(found: float, expected: float, error: float, size: float) -> str | None:
    """None where they agree as far as the difference can be trusted."""
    scale = 1 + abs(expected) + (size if np.isfinite(size) else 0.0)
    if not np.isfinite(expected) or not error < 1e-5 * scale:
        raise Skipped("the difference has no digits")
    if abs(found - expected) <= 1e-7 * scale + 30 * error:
        return None
    return f"{found} along the direction, expected {expected} (+- {error:.1e})"


def is_noise(trial: Trial) -> bool:
    """Whether some value of a program has no digits."""
    try:
        trial._digits()
    except Skipped:
        return True
    return False


def faults(program: Program, seed: int, only: str | None = None) -> tuple[list[Fault], list[str]]:
    """What is wrong with a program, and the checks that said nothing (with why)."""
    found, silent = [], []
    try:
        trial = quietly(Trial, program, seed)
    except Exception as error:
        return [], [f"program: {error}"]
    for check in CHECKS if only is None else (only,):
        try:
            detail = quietly(getattr(trial, check))
            if detail is not None:
                found.append(Fault(check, detail))
        except Skipped as why:
            silent.append(f"{check}: {why}")
        except REFUSALS as error:
            silent.append(f"{check}: {type(error).__name__}")
        except Exception as error:
            if check != "value" and isinstance(error, np.linalg.LinAlgError):
                # Values that are there where derivatives are not: qr of a singular matrix.
                silent.append(f"{check}: {type(error).__name__}")
                continue
            # Where lanes cannot agree on a branch or a shape, vmap says so.
            if check in ("lanes", "slopes", "twice") and (
                isinstance(error, PlaygroundError) or "vmap" in str(error)
            ):
                silent.append(f"{check}: {type(error).__name__}")
            elif isinstance(error, BranchError) and is_noise(trial):
                # Of noise a Variable may have another sample, which looks like another branch.
                silent.append(f"{check}: {type(error).__name__}")
            else:
                text = f"{type(error).__name__}: {error}"
                found.append(Fault(f"{check} {type(error).__name__}", text[:300]))
    return found, silent
