"""What is compared of a random program: values, derivatives, lanes, dtypes.

Derivatives are compared with differences of the same program on plain arrays. How far these can
be trusted is measured on the spot: two step sizes must agree (which also sees a kink nearby), and
the slopes to the left and to the right must (which sees one at the point, in any line's value).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from playground import Variable
from playground.graph.errors import (
    DegenerateEigenvalueError,
    GraphCutError,
    NondifferentiableError,
    NoRuleError,
    PlaygroundError,
)
from playground.transforms import grad, hvp, jvp, vjp, vmap
from tests.campaign_calls import LAST_BITS, SELECTING
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
    except (ValueError, np.linalg.LinAlgError) as changed:  # another shape beside the point
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
        if not LAST_BITS.keys() & {*self.program.calls}:
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
        loose = LAST_BITS.keys() & {*self.program.calls}
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
            self._selects()
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

    def _selects(self) -> None:
        """Skips what is not finite where nothing was selected: an infinite derivative counts."""
        if not any(word in call for call in self.program.calls for word in SELECTING):
            raise Skipped("an infinite derivative")

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
        room = 1e-9 * (1 + np.abs(plain)) + 1e3 * np.abs(beside - plain)
        if (np.abs(found - plain) <= room).all():
            return None
        return f"{found.tolist()}, expected {plain.tolist()}"

    def _alone(self, *xs: np.ndarray) -> Any:
        """One lane's value; by Variables where last bits are their own, which may be all there is
        of a difference."""
        if not LAST_BITS.keys() & {*self.program.calls}:
            return self.f(*xs)
        y = self.f(*map(Variable, xs))
        return y.array if isinstance(y, Variable) else y

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
            self._selects()
        size = np.abs(flat(pulled)) @ np.abs(flat(self.along)) + np.abs(ahead)
        close = abs(back - ahead) <= 1e-9 * (1 + size)
        return None if close else f"forward {ahead}, backward {back}"


CHECKS = ("value", "single", "first", "second", "lanes", "forward")


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
            if check == "lanes" and (isinstance(error, PlaygroundError) or "vmap" in str(error)):
                silent.append(f"{check}: {type(error).__name__}")
            else:
                text = f"{type(error).__name__}: {error}"
                found.append(Fault(f"{check} {type(error).__name__}", text[:300]))
    return found, silent
