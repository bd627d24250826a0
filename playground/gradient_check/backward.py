"""``check_backward`` and ``check_double_backward``: backprop against finite differences."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from playground.functions import cast
from playground.gradient_check.closeness import is_close
from playground.gradient_check.numerical import on_host, require_step, slope
from playground.gradient_check.point import (
    Point,
    arrays_of,
    backpropagated,
    outputs_of,
    total,
    tupled,
)
from playground.gradient_check.report import Finding, Report
from playground.graph.errors import (
    GradientCheckError,
    GradientCheckInputError,
    NondifferentiableError,
)
from playground.graph.types import DType, HostArray, Operand, Random, UserFunction
from playground.graph.variable import Variable


def check_backward(
    func: UserFunction,
    x_data: Operand,
    y_grad: Operand,
    params: Operand = (),
    eps: float = 1e-3,
    atol: float = 1e-5,
    rtol: float = 1e-4,
    no_grads: Sequence[bool] | None = None,
    dtype: DType = None,
    detect_nondifferentiable: bool = False,
    *,
    rng: Random | int | None = None,
) -> None:
    """Raise GradientCheckError unless backprop and central differences agree.

    Both slopes of ``sum(<y_grad, func(*x_data)>)`` are taken along one random direction of
    length 1 through ``x_data`` and ``params``; they may differ by ``atol + rtol * |backprop|``.

    Args:
        func: takes one Variable an array of ``x_data``, returns one or a tuple of them.
        x_data: an array or a tuple of them. Integers are not differentiated.
        y_grad: the cotangents, one an output; None as an entry: that output does not count; None
            as a whole: the one output, of shape (), has the cotangent 1.
        params: Variables that ``func`` reads; moved for the check, then put back, with their
            gradients cleared.
        eps: the step of the differences.
        no_grads: which of ``x_data`` must receive no gradient (default: the integers).
        dtype: what the differences are computed in, for example ``numpy.float64``.
        detect_nondifferentiable: take five points in place of two, and raise
            NondifferentiableError if they show a kink or a jump.
        rng: draws the direction; a seed does too. By default every check draws the same one.

    Raises also GradientCheckInputError (a ValueError and a RuntimeError) for arguments that do not
    fit together. The error names both values and the element where they are farthest apart.
    """
    xs = arrays_of(x_data)
    names = tuple(f"x_data[{i}]" for i in range(len(xs)))
    point = _checked_point("check_backward", func, xs, names, params, no_grads, dtype)
    point.eps, point.atol, point.rtol = eps, atol, rtol
    _compare(point, y_grad, "y_grad", detect_nondifferentiable, rng)


def check_double_backward(
    func: UserFunction,
    x_data: Operand,
    y_grad: Operand,
    x_grad_grad: Operand,
    params: Operand = (),
    params_grad_grad: Operand = (),
    eps: float = 1e-3,
    atol: float = 1e-4,
    rtol: float = 1e-3,
    no_grads: Sequence[bool] | None = None,
    dtype: DType = None,
    detect_nondifferentiable: bool = False,
    *,
    rng: Random | int | None = None,
) -> None:
    """Raise GradientCheckError unless the gradients of ``func`` have the right gradients.

    The function under test takes ``x_data`` and ``y_grad`` and returns the gradients of ``x_data``
    (those of integers left out) and ``params``; ``x_grad_grad`` and ``params_grad_grad`` are
    their cotangents. Whether the first gradients are right is for :func:`check_backward` to say,
    whose arguments these are; ``no_grads`` has one entry for each of ``x_data`` and ``y_grad``.
    """
    xs, seeds = arrays_of(x_data), () if y_grad is None else arrays_of(y_grad)
    names = (
        *(f"x_data[{i}]" for i in range(len(xs))),
        *(f"y_grad[{i}]" for i in range(len(seeds))),
    )
    title = "check_double_backward"
    params = tupled(params)
    differentiated = [i for i, x in enumerate(xs) if x is not None and x.dtype.kind == "f"]

    def first_order(*inputs: Any) -> tuple[Any, ...]:
        variables, gys = inputs[: len(xs)], inputs[len(xs) :]
        ys = outputs_of(title, func(*variables))
        if len(gys) == len(ys):
            # Where all inputs are cast to one dtype, func's outputs may still have another.
            gys = tuple(
                gy if y is None or gy is None else cast(gy, y.dtype)
                for y, gy in zip(ys, gys, strict=True)
            )
        gys = _cotangents(title, ys, gys if seeds else None, "y_grad")
        wanted = [*(variables[i] for i in differentiated), *params]
        return tuple(backpropagated(ys, gys, wanted, recorded=True))

    point = _checked_point(title, first_order, (*xs, *seeds), names, params, no_grads, dtype)
    point.eps, point.atol, point.rtol = eps, atol, rtol
    point.output_names = (
        *(f"gradient of x_data[{i}]" for i in differentiated),
        *(f"gradient of params[{i}]" for i in range(len(params))),
    )
    cotangents = (*tupled(x_grad_grad), *tupled(params_grad_grad))
    _compare(point, cotangents, "x_grad_grad and params_grad_grad", detect_nondifferentiable, rng)


def _checked_point(
    title: str,
    func: UserFunction,
    xs: tuple[Any, ...],
    names: tuple[str, ...],
    params: Operand,
    no_grads: Sequence[bool] | None,
    dtype: DType,
) -> Point:
    """The point of a check, once its arguments are known to fit together."""
    params = tupled(params)
    if dtype is not None and np.dtype(dtype).kind != "f":
        raise GradientCheckInputError(
            f"{title}: dtype must be a real floating-point type, got {np.dtype(dtype)}"
        )
    for i, parameter in enumerate(params):
        if not isinstance(parameter, Variable):
            raise TypeError(
                f"{title}: params[{i}] must be a Variable that func reads, got "
                f"{type(parameter).__name__}: pass arrays as x_data"
            )
    if no_grads is not None and len(no_grads) != len(xs):
        raise GradientCheckInputError(
            f"{title}: no_grads must have {len(xs)} entries, one for each of "
            f"{', '.join(names)}; got {len(no_grads)}"
        )
    moves = []
    for i, (x, name) in enumerate(zip(xs, names, strict=True)):
        fixed = no_grads is not None and bool(no_grads[i])
        if x is not None and x.dtype.kind == "c" and not fixed:
            raise GradientCheckInputError(
                f"{title}: {name} is {x.dtype}: finite differences along a real direction do not "
                f"check a complex gradient; pass its real and imaginary parts as two arrays"
            )
        integer = no_grads is None and x is not None and x.dtype.kind != "f"
        moves.append(x is not None and not fixed and not integer)
    names = (*names, *(f"params[{i}]" for i in range(len(params))))
    return Point(title, func, xs, params, (*moves, *(True for _ in params)), names, dtype)


def _cotangents(
    title: str, ys: Sequence[Any], gys: Sequence[Any] | None, name: str
) -> tuple[Any, ...]:
    """One cotangent an output: as given, or 1 for a loss; None where there is no output."""
    if gys is None:
        if len(ys) != 1 or ys[0] is None or ys[0].shape != ():
            raise GradientCheckInputError(
                f"{title}: {name} can be left out only for one output of shape (), got "
                f"{_described(ys)}: pass one array an output"
            )
        return (np.ones_like(ys[0].array),)
    fitting = len(gys) == len(ys) and all(
        y is None or gy is None or (y.shape, y.dtype) == (gy.shape, gy.dtype)
        for y, gy in zip(ys, gys, strict=True)
    )
    if not fitting:
        raise GradientCheckInputError(
            f"{title}: expected one cotangent an output, of its shape and dtype\n"
            f"  outputs: {_described(ys)}\n  {name}: {_described(gys)}"
        )
    return tuple(None if y is None else gy for y, gy in zip(ys, gys, strict=True))


def _described(values: Sequence[Any]) -> str:
    return ", ".join("None" if y is None else f"{y.shape} {y.dtype}" for y in values) or "nothing"


def _compare(
    point: Point, y_grad: Operand, name: str, detect: bool, rng: Random | int | None
) -> None:
    """Compare the two slopes along a random direction; raise with a report if they differ."""
    require_step(point.title, point.eps)
    variables, ys = point.call(point.xs)
    gys = _cotangents(point.title, ys, None if y_grad is None else arrays_of(y_grad), name)
    point.settle()
    if not any(point.moves):
        warnings.warn(
            f"{point.title}: nothing was checked, because none of {', '.join(point.names)} is a "
            f"floating-point array that may vary",
            stacklevel=3,
        )
    # Backprop first: a gradient where none may be is the plainer error.
    gradients = point.gradients(variables, ys, gys)
    direction = _unit_vector(point.size, rng)
    # One number for all elements: a check costs two calls of func whatever its size.
    backprop = total(gradients, point.unpacked(direction))
    cotangents = on_host(gys)
    try:
        numerical = slope(
            point.line(direction), cotangents, point.eps, point.smoothness if detect else None
        )
    except NondifferentiableError as error:
        raise Report(point, direction, cotangents).kink(error) from None
    if not is_close(numerical, backprop, point.atol, point.rtol):
        report = Report(point, direction, cotangents)
        finding = Finding(numerical, backprop, gradients, ys, gys)
        raise GradientCheckError(report.mismatch(finding))


def _unit_vector(size: int, rng: Random | int | None) -> HostArray:
    """A random direction of length 1 whose elements are at least 0.1 / sqrt(size).

    An element that the direction leaves out would not be checked.
    """
    given = isinstance(rng, (np.random.Generator, np.random.RandomState))
    source: Any = rng if given else np.random.default_rng(0 if rng is None else rng)
    draw = source.standard_normal(size)
    if not size:
        return draw
    # 99 % of the squared length as it was drawn, the last hundredth in equal parts.
    squares = np.square(draw)
    return np.copysign(np.sqrt(0.99 * squares / squares.sum() + 0.01 / size), draw)
