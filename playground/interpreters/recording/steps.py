"""What a laid out program does, step by step, on arrays that live as long as it does.

``performed`` is what a step means, in NumPy's own calls: where there is no compiled core it runs,
and where there is one it is the witness that each of its loops is compared with.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from playground.graph.types import HostArray

__all__ = ["KINDS", "Ended", "Performed", "Step", "performed"]


class Ended(NamedTuple):
    """How a run of steps ended.

    Attributes:
        done: rounds that counted.
        cause: "count", "time", "guard" or "halt".
        at: the step of its phase that ended it, -1 for count and time.
    """

    done: int
    cause: str
    at: int


class Step(NamedTuple):
    """One thing that is done on real arrays, of any strides.

    ===========  =============================================================================
    kind         what it does
    ===========  =============================================================================
    ``ufunc``    ``function(*inputs, out=outputs)``, inputs of the loop's own dtypes; where extra
                 is ``{"checked": True}`` a number that is invalid ends the run like a guard
    ``reduce``   ``function.reduce(input, **extra, out=output)``
    ``assign``   ``numpy.copyto(output, input, casting="unsafe")``
    ``where``    ``output[...] = numpy.where(*inputs)``
    ``take``     ``output[...] = input[extra]``
    ``put``      ``output[extra] = input``
    ``dot``      ``output[...] = numpy.vdot(*inputs)``
    ``power``    ``output[...] = math.pow(*inputs)``
    ``python``   ``function(*inputs, *outputs)``, which writes into the outputs
    ``guard``    the run ends at once unless the condition ``input`` is ``extra``
    ``halt``     the run ends after this round if the condition ``input`` is ``extra``
    ``log``      ``output[row] = input``
    ===========  =============================================================================
    """

    kind: str
    function: Any
    inputs: tuple[HostArray, ...]
    outputs: tuple[HostArray, ...]
    extra: Any = None


# Carries a step out, on its row; False where the run has to end.
Performed = Callable[[int], bool]


def performed(step: Step) -> Performed:
    """A step as calls of NumPy's."""
    return KINDS[step.kind](step)


def do_ufunc(step: Step) -> Performed:
    function, inputs, outputs = step.function, step.inputs, step.outputs

    def perform(row: int) -> bool:
        function(*inputs, out=outputs)
        return True

    def perform_checked(row: int) -> bool:
        try:
            with np.errstate(invalid="raise"):
                function(*inputs, out=outputs)
        except FloatingPointError:
            return False
        return True

    return perform_checked if step.extra and step.extra.get("checked") else perform


def do_reduce(step: Step) -> Performed:
    (x,), (out,) = step.inputs, step.outputs
    reduce, extra = step.function.reduce, step.extra

    def perform(row: int) -> bool:
        reduce(x, **extra, out=out)
        return True

    return perform


def do_assign(step: Step) -> Performed:
    (x,), (out,) = step.inputs, step.outputs

    def perform(row: int) -> bool:
        np.copyto(out, x, casting="unsafe")
        return True

    return perform


def do_where(step: Step) -> Performed:
    inputs, (out,) = step.inputs, step.outputs

    def perform(row: int) -> bool:
        out[...] = np.where(*inputs)
        return True

    return perform


def do_take(step: Step) -> Performed:
    (x,), (out,), index = step.inputs, step.outputs, step.extra

    def perform(row: int) -> bool:
        out[...] = x[index]
        return True

    return perform


def do_put(step: Step) -> Performed:
    (x,), (out,), index = step.inputs, step.outputs, step.extra

    def perform(row: int) -> bool:
        out[index] = x
        return True

    return perform


def do_dot(step: Step) -> Performed:
    (x, y), (out,) = step.inputs, step.outputs

    def perform(row: int) -> bool:
        out[...] = np.vdot(x, y)
        return True

    return perform


def do_power(step: Step) -> Performed:
    (x, y), (out,) = step.inputs, step.outputs

    def perform(row: int) -> bool:
        try:
            out[...] = math.pow(x.item(), y.item())
        except (ValueError, OverflowError):
            return False
        return True

    return perform


def do_python(step: Step) -> Performed:
    function, arrays = step.function, (*step.inputs, *step.outputs)

    def perform(row: int) -> bool:
        function(*arrays)
        return True

    return perform


def do_guard(step: Step) -> Performed:
    (flag,), wanted = step.inputs, bool(step.extra)
    return lambda row: flag.item() == wanted


def do_halt(step: Step) -> Performed:
    (flag,), wanted = step.inputs, bool(step.extra)
    # False ends the run as everywhere; that the iteration counts is the tape's business.
    return lambda row: flag.item() != wanted


def do_log(step: Step) -> Performed:
    (x,), (rows,) = step.inputs, step.outputs
    rows = rows.reshape(len(rows), *x.shape)

    def perform(row: int) -> bool:
        rows[row] = x
        return True

    return perform


KINDS: dict[str, Callable[[Step], Performed]] = {
    "ufunc": do_ufunc,
    "reduce": do_reduce,
    "assign": do_assign,
    "where": do_where,
    "take": do_take,
    "put": do_put,
    "dot": do_dot,
    "power": do_power,
    "python": do_python,
    "guard": do_guard,
    "halt": do_halt,
    "log": do_log,
}
