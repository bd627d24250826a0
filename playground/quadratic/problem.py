"""A quadratic form f(x) = 1/2 x'Qx + bx and its derivatives as numbers: automatic, numerical."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from playground.gradient_check.differences import TWO
from playground.graph.backend import array_like, to_cpu
from playground.graph.types import Array, Operand, UserFunction
from playground.lab.runlog import frame_of
from playground.transforms import jacobian, value_and_grad, vmap

if TYPE_CHECKING:
    import pandas

__all__ = [
    "EXACT_STEP",
    "Derivatives",
    "automatic",
    "numerical",
    "quadratic_form",
    "variables",
]

# A central difference of a quadratic form is exact for any step, but for rounding, which a large
# step keeps small; a power of two rounds nothing by itself.
EXACT_STEP = 0.125


def quadratic_form(Q: Operand, b: Operand) -> UserFunction:
    """f(x) = 1/2 x'Qx + bx in plain NumPy, for Q of shape (n, n), b and x of shape (n,)."""

    def f(x: Operand) -> Array:
        return 0.5 * x @ Q @ x + b @ x

    return f


def variables(n: int) -> list[str]:
    """The names of the variables, counted from 1 as on paper."""
    return [f"x{i}" for i in range(1, n + 1)]


class Derivatives(NamedTuple):
    """A function at many points, as host arrays.

    Attributes:
        points: shape (k, n), a row a point.
        values: shape (k,).
        gradients: shape (k, n).
        hessians: shape (k, n, n).
    """

    points: np.ndarray
    values: np.ndarray
    gradients: np.ndarray
    hessians: np.ndarray

    def columns(self) -> dict[str, np.ndarray]:
        """Every value and derivative by its name: f, df_dx1 …, d2f_dx1dx1 …, each of shape (k,)."""
        xs = variables(self.points.shape[1])
        found = {"f": self.values}
        found |= {f"df_d{x}": self.gradients[:, i] for i, x in enumerate(xs)}
        for i, x in enumerate(xs):
            found |= {f"d2f_d{x}d{z}": self.hessians[:, i, j] for j, z in enumerate(xs)}
        return found

    def frames(self) -> dict[str, pandas.DataFrame]:
        """A frame for each of the columns, with the columns x1, x2 … and y.

        For two variables ``frame.pivot(index="x1", columns="x2", values="y")`` is the grid.
        """
        xs = dict(zip(variables(self.points.shape[1]), self.points.T, strict=True))
        return {name: frame_of({**xs, "y": y}) for name, y in self.columns().items()}

    def distance(self, other: Derivatives) -> tuple[float, float, float]:
        """The largest difference of the values, the gradients and the Hessians."""
        return tuple(  # type: ignore[return-value]
            float(np.max(np.abs(mine - theirs), initial=0.0))
            for mine, theirs in zip(self[1:], other[1:], strict=True)
        )


# ------------------------------------------------------------------------ automatic, numerical


def automatic(f: UserFunction, points: Array) -> Derivatives:
    """Value, gradient and Hessian by backprop, at all points (k, n) in one call."""

    points = _as_floats(points)

    def gradient(x: Operand) -> Array:
        value, first = value_and_grad(f)(x)
        # Once as what is differentiated and once as what is kept: one pass for all three.
        return first, (value, first)

    second = jacobian(gradient, has_aux=True)
    seconds, (values, firsts) = vmap(second)(points)
    return Derivatives(to_cpu(points), *map(to_cpu, (values, firsts, seconds)))


def numerical(f: UserFunction, points: Array, h: float = EXACT_STEP) -> Derivatives:
    """The same by central differences of step h, all of them in one call of f."""
    host = _as_floats(to_cpu(points))
    k, n = host.shape
    unit = np.eye(n, dtype=host.dtype) * host.dtype.type(h)
    pairs = [s * unit[i] + t * unit[j] for i in range(n) for j in range(n) for s, t in _SIGNS]
    # The point itself, one step along each axis, back, and the corners of each pair of axes.
    shifts = np.stack([np.zeros(n, host.dtype), *unit, *-unit, *pairs])
    moved = (shifts[:, None, :] + host).reshape(-1, n).astype(host.dtype)
    found = to_cpu(vmap(f)(array_like(moved, points))).reshape(len(shifts), k)
    ahead, behind = found[1 : n + 1], found[n + 1 : 2 * n + 1]
    pp, pm, mp, mm = np.moveaxis(found[2 * n + 1 :].reshape(n, n, 4, k), 2, 0)
    seconds = TWO.rise([TWO.rise([mm, mp]), TWO.rise([pm, pp])]) / (h * h)
    gradients = TWO.rise([behind, ahead]).T / h
    return Derivatives(host, found[0], gradients, np.moveaxis(seconds, 2, 0))


def _as_floats(points: Array) -> Array:
    # Integers have no derivative.
    return points if points.dtype.kind == "f" else points.astype(np.float64)


_SIGNS = ((1, 1), (1, -1), (-1, 1), (-1, -1))
