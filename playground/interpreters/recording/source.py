"""A laid out program as straight-line Python: to be read, and to be run where there is no tape."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from time import monotonic
from types import CodeType
from typing import Any

import numpy as np

from playground.graph.types import HostArray
from playground.interpreters.recording.steps import Ended, Step

__all__ = ["Generated", "program_text"]


class Names:
    """Names for the arrays and functions of a text, and what they stand for."""

    def __init__(self, arguments: Sequence[HostArray] = (), made: Sequence[HostArray] = ()) -> None:
        self.bound: dict[str, Any] = {}
        self._known: dict[int, str] = {}
        self._computed = {id(array) for array in made}
        for array in arguments:
            self.of(array, "x", 0)

    def of(self, value: Any, prefix: str, first: int | None = None) -> str:
        """The name of a value, the same one each time; numbered where it is taken."""
        known = self._known.get(id(value))
        if known is None:
            known, number = prefix if first is None else f"{prefix}{first}", first or 0
            while known in self.bound:
                number += 1
                known = f"{prefix}{number}"
            self._known[id(value)] = known
            self.bound[known] = value
        return known

    def array(self, array: HostArray) -> str:
        """``x`` of an argument, ``v`` of what is computed, ``c`` of a constant."""
        base = array if array.base is None else array.base
        computed = not self._computed or id(array) in self._computed or id(base) in self._computed
        return self.of(array, "v" if computed else "c", 0)


def lines_of(steps: Sequence[Step], names: Names) -> list[str]:
    """Each step as a line (a guard as two)."""
    lines = []
    for number, step in enumerate(steps):
        inputs = [names.array(x) for x in step.inputs]
        outputs = [names.array(x) for x in step.outputs]
        lines.extend(_WRITERS[step.kind](step, inputs, outputs, names, number))
    return lines


def program_text(layout: Any) -> str:
    """The text of one round, with what the names stand for."""
    names = Names(layout.inputs, [*layout.made, *layout.inputs])
    lines = lines_of(layout.steps, names)
    result = ", ".join(map(names.array, layout.outputs))
    legend = [
        f"# {name}: {_legend_of(value)}"
        for name, value in sorted(names.bound.items())
        if isinstance(value, np.ndarray)
    ]
    return "\n".join([*legend, "", *lines, f"return {result}"])


def _legend_of(array: HostArray) -> str:
    layout = "" if array.flags.c_contiguous else f", strides {array.strides}"
    return f"{array.dtype}{list(array.shape)}{layout}"


# ------------------------------------------------------------------------------ a line for a step


def _ufunc(step: Step, inputs: list[str], outputs: list[str], names: Names, number: int) -> Any:
    function = step.function
    if function is np.matmul and _is_dot(step):
        # A bound dot takes a third of matmul's time where matrices are small.
        return [f"{inputs[0]}.dot({inputs[1]}, {outputs[0]})"]
    known = names.of(function, function.__name__)
    checked = isinstance(step.extra, dict) and step.extra.get("checked")
    # Where an output stands behind the inputs NumPy may take it for one more of them.
    out = outputs[0] if len(outputs) == 1 else f"({', '.join(outputs)})"
    call = f"{known}({', '.join(inputs)}, out={out})"
    if not checked:
        return [call]
    # As the tape: a number that is not finite is how LAPACK says that there is no result.
    finite = names.of(_all_finite, "finite")
    return [call, f"if not {finite}({', '.join(outputs)}): return row, 'guard', {number}"]


def _all_finite(*arrays: HostArray) -> bool:
    return all(np.isfinite(array).all() for array in arrays)


def _is_dot(step: Step) -> bool:
    """Whether a product of matrices has the same bits as ``a.dot(b, out)``, tried on numbers."""
    a, b = step.inputs
    out = step.outputs[0]
    if not (a.ndim == b.ndim == out.ndim == 2 and out.flags.c_contiguous and a.size <= 10_000):
        return False
    rng = np.random.default_rng(0)
    x, y = np.empty_like(a), np.empty_like(b)
    x[...], y[...] = rng.standard_normal(a.shape), rng.standard_normal(b.shape)
    if (x.strides, y.strides) != (a.strides, b.strides):
        return False
    return x.dot(y, np.empty_like(out)).tobytes() == np.matmul(x, y).tobytes()


def _reduce(step: Step, inputs: list[str], outputs: list[str], names: Names, number: int) -> Any:
    function = names.of(step.function.reduce, f"{step.function.__name__}_reduce")
    axis, keepdims = step.extra["axis"], step.extra["keepdims"]
    return [f"{function}({inputs[0]}, {axis}, None, {outputs[0]}, {keepdims})"]


def _assign(step: Step, inputs: list[str], outputs: list[str], names: Names, number: int) -> Any:
    return [f"{names.of(np.copyto, 'copyto')}({outputs[0]}, {inputs[0]}, 'unsafe')"]


def _write_where(
    step: Step, inputs: list[str], outputs: list[str], names: Names, number: int
) -> Any:
    condition, a, b = inputs
    if step.outputs[0].ndim == 0:
        return [f"{outputs[0]}[()] = {a} if {condition} else {b}"]
    return [f"{outputs[0]}[...] = {names.of(np.where, 'where')}({condition}, {a}, {b})"]


def _take(step: Step, inputs: list[str], outputs: list[str], names: Names, number: int) -> Any:
    return [f"{outputs[0]}[...] = {inputs[0]}[{names.of(step.extra, 'at')}]"]


def _put(step: Step, inputs: list[str], outputs: list[str], names: Names, number: int) -> Any:
    return [f"{outputs[0]}[{names.of(step.extra, 'at')}] = {inputs[0]}"]


def _write_dot(step: Step, inputs: list[str], outputs: list[str], names: Names, number: int) -> Any:
    return [f"{outputs[0]}[()] = {names.of(np.vdot, 'vdot')}({', '.join(inputs)})"]


def _write_power(
    step: Step, inputs: list[str], outputs: list[str], names: Names, number: int
) -> Any:
    return [f"{outputs[0]}[()] = {names.of(math.pow, 'pow')}({', '.join(inputs)})"]


def _python(step: Step, inputs: list[str], outputs: list[str], names: Names, number: int) -> Any:
    function = names.of(step.function, getattr(step.extra, "__name__", "call"))
    return [f"{function}({', '.join([*inputs, *outputs])})"]


def _guard(step: Step, inputs: list[str], outputs: list[str], names: Names, number: int) -> Any:
    unless = "if not" if step.extra else "if"
    return [f"{unless} {inputs[0]}: return row, 'guard', {number}"]


def _halt(step: Step, inputs: list[str], outputs: list[str], names: Names, number: int) -> Any:
    return [f"{'if' if step.extra else 'if not'} {inputs[0]}: halt = {number}"]


def _log(step: Step, inputs: list[str], outputs: list[str], names: Names, number: int) -> Any:
    return [f"{outputs[0]}[row] = {inputs[0]}"]


_WRITERS: dict[str, Callable[..., list[str]]] = {
    "ufunc": _ufunc, "reduce": _reduce, "assign": _assign, "where": _write_where, "take": _take,
    "put": _put, "dot": _write_dot, "power": _write_power, "python": _python, "guard": _guard,
    "halt": _halt, "log": _log,
}  # fmt: skip


# ------------------------------------------------------------------------------------------ a run


class Generated:
    """Rounds of steps as generated Python; used as the tape is.

    Round i carries out the steps of ``phases[(phase + i) % len(phases)]``.
    """

    def __init__(self, phases: Sequence[Sequence[Step]]) -> None:
        self.texts: list[str] = []
        self._rounds = [self._compiled(steps) for steps in phases]

    def _compiled(self, steps: Sequence[Step]) -> Callable[[int], tuple[int, str, int] | None]:
        names = Names()
        halts = any(step.kind == "halt" for step in steps)
        lines = ["halt = -1"] * halts + lines_of(steps, names)
        lines += ["if halt >= 0: return row, 'halt', halt"] * halts
        text = "def one_round(row):\n" + "\n".join(f"    {line}" for line in lines or ["pass"])
        self.texts.append(text)
        # Text of our own making, from steps and not from a file: what a named tuple does.
        code: CodeType = compile(text, "<recorded program>", "exec")
        exec(code, names.bound)  # noqa: S102
        return names.bound["one_round"]

    def run(self, count: int, row: int = 0, phase: int = 0, seconds: float = 0.05) -> Ended:
        """Carry out up to ``count`` rounds, whose rows are ``row`` and those after it."""
        rounds, number = self._rounds, len(self._rounds)
        deadline = monotonic() + seconds
        for done in range(count):
            ended = rounds[(phase + done) % number](row + done)
            if ended is not None:
                _, cause, at = ended
                return Ended(done + (cause == "halt"), cause, at)
            if monotonic() > deadline:
                return Ended(done + 1, "time", -1)
        return Ended(count, "count", -1)
