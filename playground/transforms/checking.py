"""``check_grads``: derivatives against central differences, along random directions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from playground.gradient_check.differences import TWO
from playground.graph.backend import array_like, as_array, is_array, to_cpu
from playground.graph.errors import GradientError
from playground.graph.types import Array, Keywords, Operand, Random, Raw, Scalar, Tree, UserFunction
from playground.graph.variable import as_array_of
from playground.transforms.gradients import vjp
from playground.transforms.tracing import Argnums, positions
from playground.transforms.values import check_function, leaves, name_of, numeric_leaves, rebuilt

__all__ = ["check_grads"]

# Up to this size, a failed check also says which element is off most.
SEARCHED = 1000

# What part of a derivative the rounding of a short step may be, for the comparison to count.
MOST_NOISE = 0.01


def check_grads(
    f: UserFunction,
    order: int = 2,
    argnums: Argnums | None = None,
    eps: float | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    rng: Random | None = None,
) -> Callable[..., None]:
    """A check of the derivatives of f, to be called with its arguments; it returns None.

    Along one random direction an argument, the pass back from a random cotangent is compared with
    central differences; then the gradient is checked in the same way, up to ``order``. Defaults
    follow the machine epsilon e of the arguments' dtype.

    Args:
        f: plain NumPy code.
        argnums: the arguments to differentiate by (None: all that hold floating point numbers, or
            where there is none, whole ones).
        eps: the step, relative to the norm of an argument beyond 1 (e^(1/3)). Where that is too
            long for small elements, each is tried with a step relative to itself.
        rtol: allowed relative difference (e^0.4: 5e-7 in float64, 2e-3 in float32).
        atol: allowed absolute difference (e^(1/2)).
        rng: where the directions are drawn from (default: the same ones in every call).

    Raises GradientError with both values, the order, the argument and its worst element.
    """
    check_function("check_grads", f)
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"check_grads: order must be a whole number from 1 on, got {order!r}")

    def check(*args: Tree, **kwargs: Tree) -> None:
        flat, xs, names = _flattened(f, argnums, args, kwargs)
        # The coarsest argument decides: its rounding is in every value of f.
        e = max(float(np.finfo(x.dtype).eps) for x in xs)
        limits = Limits(
            e ** (1 / 3) if eps is None else eps,
            e**0.4 if rtol is None else rtol,
            e**0.5 if atol is None else atol,
            e,
        )
        # The same directions in every call, so that a check that has failed fails again.
        source = np.random.default_rng(0) if rng is None else rng
        for level in range(1, order + 1):
            flat = _check(flat, xs, names, limits, source, f"{name_of(f)}: order {level}")

    return check


class Limits(NamedTuple):
    """The step, the allowed differences and the machine epsilon."""

    eps: float
    rtol: float
    atol: float
    machine: float

    def allow(self, exact: Scalar, numeric: Scalar, noise: float) -> bool:
        """Whether two values agree, up to the noise of the differences; NaN never does."""
        allowed = self.atol + self.rtol * max(abs(exact), abs(numeric)) + noise
        return bool(abs(exact - numeric) <= allowed)


def _flattened(
    f: UserFunction, argnums: Argnums | None, args: Sequence[Tree], kwargs: Keywords
) -> tuple[UserFunction, list[Any], list[str]]:
    """f as a function from arrays to a list of arrays; these arrays, and what errors call them."""
    if argnums is None:
        chosen = [i for i, x in enumerate(args) if any(_kind(y) in "fc" for _, y in leaves(x))]
        if not chosen:
            # A whole number beside others is a size or an exponent; alone it is what grad takes.
            chosen = [i for i, x in enumerate(args) if any(_kind(y) in "iu" for _, y in leaves(x))]
        if not chosen:
            raise TypeError("check_grads: no argument holds numbers to differentiate by")
    else:
        chosen = [*positions("check_grads", argnums, len(args))]
    found = [(f"argument {i}{path}", x) for i in chosen for path, x in leaves(args[i])]

    def flat(*xs: Raw) -> list[Any]:
        rest, inside = iter(xs), list(args)
        for i in chosen:
            inside[i] = rebuilt(args[i], rest)
        return [y for _, y in numeric_leaves("check_grads", f(*inside, **kwargs))]

    xs = []
    for name, x in found:
        array = as_array_of(x)
        array = array if is_array(array) else np.asarray(array)
        if array.dtype.kind not in "iufc":
            raise TypeError(f"check_grads: {name} must be an array of numbers, got {array.dtype}")
        xs.append(array if array.dtype.kind in "fc" else array.astype(np.float64))
    return flat, xs, [name for name, _ in found]


def _kind(value: Operand) -> str:
    """The kind of a number's or an array's dtype; ``?`` of anything else."""
    if isinstance(value, (bool, int, float, complex)):
        return np.dtype(type(value)).kind if not isinstance(value, bool) else "?"
    return getattr(getattr(value, "dtype", None), "kind", "?")


# ------------------------------------------------------------------------------ one order


def _check(
    flat: UserFunction,
    xs: list[Any],
    names: list[str],
    limits: Limits,
    rng: Random,
    title: str,
) -> UserFunction:
    """Compare the pass back with differences, one argument at a time; that pass as a function."""
    values, pull = vjp(flat, *xs)
    us = [_drawn(rng, _array(y)) for y in values]
    gradients = pull(us)
    for i, name in enumerate(names):
        slope = _Slope(flat, xs, i, us, limits)
        exact, numeric, noise = slope.compare(gradients[i], slope.random_direction(rng))
        if limits.allow(exact, numeric, noise) or slope.agrees_by_element(gradients[i]):
            continue
        scale = max(abs(exact), abs(numeric))
        raise GradientError(
            f"check_grads: {title}, {name}: the derivative along a random direction is "
            f"{exact:.8g} by the pass back and {numeric:.8g} by central differences of step "
            f"{slope.step:.1g}, a relative difference of {abs(exact - numeric) / scale:.2g} where "
            f"{limits.rtol:.1g} is allowed{slope.worst(gradients[i])}: a backward of that order is "
            f"wrong, a value was copied out of the graph, or the function is not smooth there"
        )
    # From the same cotangents: what was right in this order is what the next one differentiates.
    return lambda *xs: vjp(flat, *xs)[1](us)


def _drawn(rng: Random, like: Array) -> Raw:
    """Normal random numbers in the shape and dtype of an array; zeros for one of integers."""
    kind = like.dtype.kind
    numbers = rng.standard_normal(like.shape) * (kind in "fc")
    if kind == "c":
        numbers = numbers + 1j * rng.standard_normal(like.shape)
    return array_like(np.asarray(numbers).astype(like.dtype), like)


class _Slope:
    """The derivative of sum(u · f) by one of the arguments, measured."""

    def __init__(
        self, flat: UserFunction, xs: list[Any], index: int, us: list[Any], limits: Limits
    ) -> None:
        self.flat, self.xs, self.index, self.us = flat, xs, index, us
        self.x, self.machine, self.limits = xs[index], limits.machine, limits
        # Relative to the argument, as a float32 of size 1e6 has no steps of 1e-3.
        self.step = limits.eps * max(1.0, float((abs(self.x) ** 2).sum()) ** 0.5)

    def compare(self, gradient: Array, v: Raw, step: float | None = None) -> tuple[Any, Any, float]:
        """The derivative along v by the gradient, by differences, and the rounding of these."""
        step = self.step if step is None else step
        ends = [self.x + offset * step * v for offset in TWO.offsets]
        # What rounding has left of the step, not the step, is what the values differ by.
        moved = to_cpu(TWO.rise(ends) / step)
        values, sizes = zip(*map(self._at, ends), strict=True)
        # Each sum is rounded by its terms' size; no tolerance of the result knows of these.
        noise = 4 * self.machine * max(sizes) / step
        return (to_cpu(_array(gradient)) * moved).sum(), TWO.rise(values) / step, noise

    def agrees_by_element(self, gradient: Array) -> bool:
        """Whether each derivative agrees, where a step of the usual size was too long for some.

        At a parameter of 1e-9 a step of 1e-5 leaves the place where the function is smooth. One
        element after the other has then a step relative to itself: in one direction together the
        small ones would not be seen beside the large.
        """
        sizes = abs(to_cpu(self.x)).reshape(-1)
        if not 0 < self.x.size <= SEARCHED or not ((sizes > 0) & (sizes < 1)).any():
            return False
        return all(self._agrees(gradient, i, float(size)) for i, size in enumerate(sizes))

    def _agrees(self, gradient: Array, i: int, size: float) -> bool:
        v = self._unit(i)
        if self.limits.allow(*self.compare(gradient, v)):
            return True
        if not size:
            return False
        exact, numeric, noise = self.compare(gradient, v, self.limits.eps * size)
        # With a short step noise may hide anything: then it proves nothing.
        quiet = noise <= MOST_NOISE * max(abs(exact), abs(numeric))
        return quiet and self.limits.allow(exact, numeric, noise)

    def _unit(self, i: int) -> Raw:
        v = np.zeros(self.x.size, self.x.dtype)
        v[i] = 1
        return array_like(v.reshape(self.x.shape), self.x)

    def random_direction(self, rng: Random) -> Raw:
        """A direction of length 1 (0 where the argument has no elements)."""
        v = _drawn(rng, self.x)
        norm = float((abs(v) ** 2).sum()) ** 0.5
        return v / norm if norm else v

    def _at(self, x: Raw) -> tuple[Any, float]:
        """sum(u · f), and the sum of its terms' sizes."""
        values = self.flat(*self.xs[: self.index], x, *self.xs[self.index + 1 :])
        pairs = zip(self.us, values, strict=True)
        terms = [to_cpu(u) * to_cpu(_array(y)) for u, y in pairs]
        return sum(t.sum() for t in terms), float(sum(abs(t).sum() for t in terms))

    def worst(self, gradient: Array) -> str:
        """Which element is off most, where looking for it is cheap."""
        size = self.x.size
        if not 1 < size <= SEARCHED:
            return ""
        found = []
        for i in range(size):
            exact, numeric, _ = self.compare(gradient, self._unit(i))
            found.append((abs(exact - numeric), i, exact, numeric))
        _, i, exact, numeric = max(found, key=lambda entry: entry[0])
        place = [int(k) for k in np.unravel_index(i, self.x.shape)]
        return f" (most at element {place}: {exact:.8g} against {numeric:.8g})"


def _array(value: Operand) -> Raw:
    array = as_array_of(value)
    return as_array(np.asarray(array) if np.isscalar(array) else array)
