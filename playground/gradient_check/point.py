"""The function under test, at the point where it is tested, and the line through that point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from playground.gradient_check.numerical import Line, Smoothness, host_copies
from playground.graph.backend import array_like, as_array, to_cpu
from playground.graph.backprop import grad
from playground.graph.errors import GradientCheckInputError
from playground.graph.types import DType, HostArray, Operand, UserFunction
from playground.graph.variable import Variable, as_array_of


def tupled(values: object) -> tuple[Any, ...]:
    """A tuple or list as a tuple, anything else as the one entry of one."""
    return tuple(values) if isinstance(values, (tuple, list)) else (values,)


def outputs_of(title: str, ys: Operand) -> tuple[Any, ...]:
    """What a function has returned as a tuple of Variables, None where there is no array."""
    ys = tupled(ys)
    for i, y in enumerate(ys):
        if y is not None and not isinstance(y, Variable):
            raise TypeError(
                f"{title}: func must return Variables, got {type(y).__name__} as outputs[{i}]: "
                f"leave out .array, and use NumPy's functions or playground.functions"
            )
    return tuple(None if y is None or y.array is None else y for y in ys)


@dataclass
class Point:
    """``func`` at the arrays ``xs`` and the Variables ``params``; both together are *slots*.

    ``title`` begins every error; ``names`` and ``output_names`` are what it calls the slots and
    the outputs. ``moves`` says which slots vary, ``dtype`` in what dtype (None: their own).
    """

    title: str
    func: UserFunction
    xs: tuple[Any, ...]
    params: tuple[Any, ...]
    moves: tuple[bool, ...]
    names: tuple[str, ...]
    dtype: DType = None
    eps: float = 1e-3
    atol: float = 1e-5
    rtol: float = 1e-4
    output_names: tuple[str, ...] = ()
    start: list[Any] = field(default_factory=list)

    @property
    def smoothness(self) -> Smoothness:
        """How near to a parabola the outputs must be along a line."""
        return Smoothness(0.0, self.rtol)

    def call(self, xs: Sequence[Any]) -> tuple[list[Any], tuple[Any, ...]]:
        """Run ``func`` on Variables of ``xs``: those and the outputs (Variables or None)."""
        variables = [
            None if x is None else Variable(x, requires_grad=x.dtype.kind == "f") for x in xs
        ]
        # Cleared before and after: func may itself call backward.
        self._clear_params()
        ys = outputs_of(self.title, self.func(*variables))
        self._clear_params()
        return variables, ys

    def _clear_params(self) -> None:
        for parameter in self.params:
            parameter.grad_var = None

    def settle(self) -> None:
        """Note where the line starts; parameters have their shape by now."""
        arrays = [*self.xs, *(parameter.array for parameter in self.params)]
        for name, array in zip(self.names, arrays, strict=True):
            if array is None and name.startswith("params"):
                raise GradientCheckInputError(
                    f"{self.title}: {name} has no array, even after a call of func: initialize it"
                )
        cast = self.dtype is not None
        self.start = [
            x.astype(self.dtype) if cast and x is not None and x.dtype.kind == "f" else x
            for x in arrays
        ]

    @property
    def size(self) -> int:
        """How many elements vary."""
        return sum(x.size for x in self._moving())

    def _moving(self) -> list[Any]:
        return [x for x, moves in zip(self.start, self.moves, strict=True) if moves]

    def unpacked(self, flat: HostArray) -> list[Any]:
        """A vector of ``size`` elements as one array a slot; None where nothing varies."""
        pieces, used = [], 0
        for x, moves in zip(self.start, self.moves, strict=True):
            pieces.append(flat[used : used + x.size].reshape(x.shape) if moves else None)
            used += x.size if moves else 0
        return pieces

    def place(self, k: int) -> tuple[int, tuple[int, ...]]:
        """Slot and index of element ``k`` of such a vector."""
        for slot, (x, moves) in enumerate(zip(self.start, self.moves, strict=True)):
            if moves and k < x.size:
                return slot, tuple(map(int, np.unravel_index(k, x.shape)))
            k -= x.size if moves else 0
        raise IndexError(k)

    def line(self, direction: HostArray) -> Line:
        """The outputs as a function of the distance along a direction, a vector of ``size``."""
        directions = self.unpacked(direction)
        count = len(self.xs)

        def outputs(step: float) -> list[Any]:
            arrays = [
                # In float64, so that the step is rounded once, to the dtype of the slot.
                x
                if d is None
                else as_array(
                    (x.astype(np.float64) + array_like(np.asarray(step * d), x)).astype(x.dtype)
                )
                for x, d in zip(self.start, directions, strict=True)
            ]
            with self._params_at(arrays[count:]):
                ys = self.call(arrays[:count])[1]
                return host_copies(ys)

        return outputs

    @contextmanager
    def _params_at(self, arrays: Sequence[Any]) -> Iterator[None]:
        before = [parameter.array for parameter in self.params]
        try:
            for parameter, array in zip(self.params, arrays, strict=True):
                parameter.array = array
            yield
        finally:
            for parameter, array in zip(self.params, before, strict=True):
                parameter.array = array

    def gradients(self, variables: list[Any], ys: Sequence[Any], gys: Sequence[Any]) -> list[Any]:
        """What backprop says of every slot: an array, or None where no gradient arrives."""
        slots = [*variables, *self.params]
        known = [x for x in slots if x is not None]
        found = iter(backpropagated(ys, gys, known, recorded=False))
        gradients = [None if x is None else next(found) for x in slots]
        for name, moves, x, gx in zip(self.names, self.moves, slots, gradients, strict=True):
            if gx is not None and not moves:
                raise GradientCheckInputError(
                    f"{self.title}: {name} ({x.dtype}) is not to be differentiated (no_grads), "
                    f"but backprop gives it a gradient: return None for it in backward, or leave "
                    f"it out of no_grads"
                )
        return [None if gx is None else to_cpu(gx.array) for gx in gradients]


def backpropagated(
    ys: Sequence[Any], gys: Sequence[Any], inputs: Sequence[Any], recorded: bool
) -> list[Any]:
    """Gradients of ``inputs``, as Variables or None; an output without cotangent does not count."""
    pairs = [(y, gy) for y, gy in zip(ys, gys, strict=True) if y is not None and gy is not None]
    if not pairs:
        return [None] * len(inputs)
    outputs, seeds = zip(*pairs, strict=True)
    # Copies, for the sake of a backward that works in place on what it is given.
    seeds = tuple(gy if isinstance(gy, Variable) else Variable(gy.copy()) for gy in seeds)
    return grad(outputs, inputs, seeds, enable_double_backprop=recorded)


def total(gradients: Sequence[Any], directions: Sequence[Any]) -> float:
    """The slope along a direction that the gradients add up to."""
    pairs = zip(gradients, directions, strict=True)
    return float(
        sum(np.sum(g.astype(np.float64) * d) for g, d in pairs if g is not None and d is not None)
    )


def arrays_of(values: Operand) -> tuple[Any, ...]:
    """The arrays of a tuple, list or single one of arrays or Variables; None stays."""
    plain = (as_array_of(x) for x in tupled(values))
    return tuple(None if x is None else as_array(x) for x in plain)
