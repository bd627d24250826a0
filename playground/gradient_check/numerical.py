"""Derivatives by central differences, and the points where a function has none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from playground.gradient_check.differences import FIVE, TWO
from playground.graph.backend import array_like, is_array, to_cpu
from playground.graph.errors import (
    GradientCheckError,
    GradientCheckInputError,
    NondifferentiableError,
)
from playground.graph.types import HostArray, Operand, Raw
from playground.graph.variable import as_array_of

# A function along a line: the distance from the point -> copies of its outputs, on the host.
Line = Callable[[float], list[Any]]


# Five equidistant samples, projected on the discrete orthogonal polynomials of degree 3 and 4:
# what a least-squares parabola leaves.
CUBIC = np.array([-1.0, 2.0, 0.0, -2.0, 1.0]) / np.sqrt(10)
QUARTIC = np.array([1.0, -4.0, 6.0, -4.0, 1.0]) / np.sqrt(70)


class Smoothness(NamedTuple):
    """How far five samples may lie from a parabola: ``atol + rtol * (max - min)``."""

    atol: float
    rtol: float

    def require(self, i: int, ys: HostArray, eps: float) -> None:
        """Raise unless each element's five samples, those of output i, are near a parabola."""
        finite = np.isfinite(ys)
        torn = (finite != finite[0]).any(axis=0)
        spread = ys.max(axis=0) - ys.min(axis=0) if ys.size else np.zeros(ys.shape[1:])
        left = np.tensordot(CUBIC, ys, 1) ** 2 + np.tensordot(QUARTIC, ys, 1) ** 2
        residual, allowed = np.sqrt(left / len(ys)), self.atol + self.rtol * spread
        # Elements that are not finite anywhere (log left of 0) compare as False: nothing to judge.
        rough = torn | ((residual > allowed) & (spread > 0))
        if not rough.any():
            return
        excess = np.where(torn, np.inf, np.where(rough, residual - allowed, -np.inf))
        place = tuple(map(int, np.unravel_index(np.argmax(excess), excess.shape)))
        why = (
            "it is finite on one side and not on the other"
            if torn[place]
            else f"it deviates by {residual[place]:.3g} from a parabola, allowed are "
            f"diff_atol + diff_rtol * (max - min) = {allowed[place]:.3g}"
        )
        samples = [
            f"    {offset:+4.1f} eps: {y!s}"
            for offset, y in zip(FIVE.offsets, (y[place] for y in ys), strict=True)
        ]
        raise NondifferentiableError(
            "\n".join(
                [
                    f"  {element_name(f'outputs[{i}]', place)} has a kink or a jump within "
                    f"eps={eps:g}: {why}",
                    *samples,
                    "  move the point away by more than eps, take a smaller eps, or, if this is "
                    "rounding, float64 or a larger tolerance",
                ]
            )
        )


def numerical_grad(
    f: Callable[[], Any],
    inputs: Sequence[Any],
    grad_outputs: Sequence[Any],
    eps: float = 1e-3,
    detect_nondifferentiable: bool = False,
    diff_atol: float = 0,
    diff_rtol: float = 1e-2,
    center_outputs: Operand = None,
) -> list[Any]:
    """Gradients of ``sum(<gy, y>)`` with respect to ``inputs``, by central differences.

    ``f()`` takes no arguments: it reads the ``inputs``, whose elements are moved by ``eps`` in
    place, one at a time, and returns a tuple of outputs. ``grad_outputs`` has an array, a number
    or None (does not count) for each. The error is of order eps**2; with
    ``detect_nondifferentiable`` it is of order eps**4, and NondifferentiableError is raised where
    five samples lie farther than ``diff_atol + diff_rtol * (max - min)`` from a parabola.
    ``center_outputs`` is taken for Chainer's sake and not used: its precision may be too low.
    """
    if not isinstance(inputs, (tuple, list)):
        raise GradientCheckError(
            f"numerical_grad: inputs must be a tuple of arrays, got {type(inputs).__name__}: "
            f"write (x,) for a single one"
        )
    arrays = [as_array_of(x) for x in inputs]
    for i, x in enumerate(arrays):
        if not is_array(x) or x.dtype.kind != "f":
            raise GradientCheckInputError(
                f"numerical_grad: inputs[{i}] must be an array of real floating-point numbers, "
                f"got {getattr(x, 'dtype', type(x).__name__)}: finite differences move its "
                f"elements by eps, in place"
            )
    require_step("numerical_grad", eps)
    gys = on_host(grad_outputs)
    smoothness = Smoothness(diff_atol, diff_rtol) if detect_nondifferentiable else None
    center = host_copies(f()) if detect_nondifferentiable else None
    grads = [np.zeros(x.shape) for x in arrays]
    for i, x in enumerate(arrays):
        for place in np.ndindex(x.shape):
            try:
                grads[i][place] = slope(_of_element(f, x, place, center), gys, eps, smoothness)
            except NondifferentiableError as error:
                raise NondifferentiableError(
                    f"numerical_grad: no derivative at {element_name(f'inputs[{i}]', place)} = "
                    f"{to_cpu(x)[place]}\n{error}"
                ) from None
    return [array_like(g.astype(x.dtype), x) for g, x in zip(grads, arrays, strict=True)]


def require_step(title: str, eps: float) -> None:
    """Refuse a step that is no positive number."""
    if not eps > 0:
        raise GradientCheckError(f"{title}: eps must be positive, got {eps}")


def element_name(name: str, place: tuple[int, ...]) -> str:
    """``x[1, 2]``, or ``x`` where the place is that of a single element."""
    return f"{name}[{', '.join(map(str, place))}]" if place else name


def on_host(grad_outputs: Sequence[Any]) -> list[Any]:
    """Cotangents in float64 on the host; numbers and None as they are."""
    plain = (as_array_of(gy) for gy in grad_outputs)
    return [gy if gy is None or np.isscalar(gy) else to_cpu(gy).astype(np.float64) for gy in plain]


def host_copies(outputs: Operand) -> list[Any]:
    """Copies on the host of what a function has returned, so that it may use its buffers again."""
    outputs = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    plain = (as_array_of(y) for y in outputs)
    return [None if y is None else np.array(to_cpu(y)) for y in plain]


def _of_element(
    f: Callable[[], Any], x: Raw, place: tuple[int, ...], center: list[Any] | None
) -> Line:
    """``f`` as a function of how far one element of ``x`` is moved."""
    # A copy of the one element: on a device, indexing may give a view of what is about to move.
    original = x[place].copy()

    def line(step: float) -> list[Any]:
        if step == 0 and center is not None:
            return center
        x[place] = original + step
        try:
            return host_copies(f())
        finally:
            x[place] = original

    return line


def slope(
    line: Line, gys: Sequence[Any], eps: float, smoothness: Smoothness | None = None
) -> float:
    """The derivative of ``sum(<gy, y>)`` along a line; from five samples, if their smoothness is
    asked for, and then NondifferentiableError is raised if they do not lie on a parabola."""
    stencil = TWO if smoothness is None else FIVE
    samples = [_in_float64(line(offset * eps), gys) for offset in stencil.offsets]
    total = 0.0
    with np.errstate(invalid="ignore", over="ignore"):
        for i, gy in enumerate(gys):
            ys = [sample[i] for sample in samples]
            if ys[0] is None:
                continue
            shapes = {None if y is None else y.shape for y in ys}
            if len(shapes) > 1:
                raise GradientCheckError(
                    f"numerical_grad: outputs[{i}] changes its shape from call to call: "
                    f"{', '.join(map(str, shapes))}"
                )
            if smoothness is not None:
                smoothness.require(i, np.stack(ys), eps)
            if gy is not None:
                total += float(np.sum(stencil.rise(ys) * gy))
    return total / eps


def _in_float64(outputs: list[Any], gys: Sequence[Any]) -> list[Any]:
    """Outputs in float64, None where one is absent; refuses what does not fit its cotangent."""
    if len(outputs) != len(gys):
        raise GradientCheckError(
            f"numerical_grad: f returned {len(outputs)} outputs, but grad_outputs has "
            f"{len(gys)} entries: give one an output (None: it does not count)"
        )
    wide: list[Any] = []
    for i, (y, gy) in enumerate(zip(outputs, gys, strict=True)):
        if gy is not None and not np.isscalar(gy) and (y is None or y.shape != gy.shape):
            actual = "is None" if y is None else f"has shape {y.shape}"
            raise GradientCheckError(
                f"numerical_grad: outputs[{i}] {actual}, but grad_outputs[{i}] has shape "
                f"{gy.shape}: they must be equal"
            )
        if gy is not None and y is not None and y.dtype.kind == "c":
            raise GradientCheckInputError(
                f"numerical_grad: outputs[{i}] is {y.dtype}: only real outputs have a gradient "
                f"here; return its real and imaginary parts"
            )
        wide.append(None if y is None or y.dtype.kind == "c" else y.astype(np.float64))
    return wide
