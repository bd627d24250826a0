"""A user's loss as the descent sees it: a list of arrays in, a number and gradients out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from playground.graph.backend import (
    SCALAR_TYPES,
    Device,
    array_like,
    as_array,
    as_number,
    is_array,
    plain_array,
    settled,
)
from playground.graph.errors import FitError
from playground.graph.questions import QUESTIONS
from playground.graph.types import Operand, Raw, Tree, UserFunction
from playground.graph.variable import Variable
from playground.lab.descent.box import Box
from playground.transforms.branches import Twins, asks, check_branches

__all__ = ["Objective"]


class Objective:
    """``loss`` with its parameters in one of three forms.

    ``start`` is one array (``loss(array)``), a tuple (``loss(*arrays)``) or a dict
    (``loss(**arrays)``). Raises FitError, saying what to do, where they do not fit together.

    Attributes:
        names, shapes, dtypes: of the parameters.
        start: their values, copied, as a list of arrays on the device.
        box: what the points stay in, or None.
        grads: the gradient at the newest point, or None while it has not been asked for.
        gradient_evaluations: how often it was computed.
    """

    def __init__(self, loss: UserFunction, start: Tree, device: Device | None = None) -> None:
        if not callable(loss):
            raise FitError(f"fit: loss must be a function of arrays, got {type(loss).__name__}")
        self._loss, self._device = loss, device
        self._form = type(start) if isinstance(start, (tuple, dict)) else None
        values = self._values(start)
        if not values:
            raise FitError(f"fit: start is an empty {type(start).__name__}: give it parameters")
        self.names = self._named(start, len(values))
        pairs = zip(self.names, values, strict=True)
        self.start = [self._put(_parameter(name, value)) for name, value in pairs]
        self.shapes = [array.shape for array in self.start]
        self.dtypes = [array.dtype for array in self.start]
        self._given = values
        self.box: Box | None = None
        self.single = len(self.start) == 1
        self.grads: list[Any] | None = None
        self.gradient_evaluations = 0
        self._scalars = () in self.shapes
        self._variables = [Variable(array) for array in self.start]
        for variable in self._variables:
            variable.node.unknown = True
        # The usual case, one array passed by position, is spared the general way of calling.
        self._plain = self.single and not isinstance(start, dict)
        self._value: Any = None
        self._checked: float | None = None

    # ---------------------------------------------------------------------------- evaluation

    def evaluate(self, point: Sequence[Raw]) -> float:
        """The loss at a point."""
        self.grads = None
        if self._plain:
            # What assigning to ``.array`` does, but for describing the array, which has the shape
            # and dtype of the one before: three calls less a step, 2 % of it at n = 3.
            variable = self._variables[0]
            variable._array = array = point[0]
            node = variable._node
            if node.data is not None:
                node.data = array
            value = self._loss(variable)
        else:
            value = self._evaluate(point)
        if not isinstance(value, Variable):
            raise FitError(_no_variable(value))
        self._value = value
        array = value._array
        try:
            return array.item() if type(array) is np.ndarray else as_number(array)
        except ValueError:
            raise FitError(_not_a_number(array)) from None

    def _evaluate(self, point: Sequence[Raw]) -> Any:
        for variable, array in zip(self._variables, point, strict=True):
            variable.array = array
        return self.call(self._loss, self._variables)

    def gradient(self) -> list[Any]:
        """The gradient at the point evaluated last, one array a parameter."""
        if self.grads is None:
            # The attribute and not its methods: two calls less a step.
            for variable in self._variables:
                variable._grad = None
            self._value.backward()
            self._value = None  # the graph is not needed beside that of the next point
            self.gradient_evaluations += 1
            grads = []
            for variable in self._variables:
                grad = variable._grad
                if grad is None:  # the loss need not depend on every parameter everywhere
                    grad = variable.array * 0
                grads.append(grad if type(grad) is np.ndarray else settled(grad))
            self.grads = grads
        return self.grads

    def release(self, point: Sequence[Raw]) -> None:
        """Hold a point's arrays themselves, and nothing that was computed from it."""
        for variable, array in zip(self._variables, point, strict=True):
            variable.array = array
            variable.cleargrad()
        self._value = self.grads = None

    def check(self) -> float:
        """The loss at the start. Raises FitError if the descent cannot begin there."""
        if self._checked is None:
            since = QUESTIONS.count
            value = self.evaluate(self.start)
            if asks(self._loss, since):
                self._compare(since)
            if self._value.dtype.kind != "f":
                raise FitError(_not_a_number(self._value))
            self.gradient()
            for name, variable in zip(self.names, self._variables, strict=True):
                if variable.grad is None:
                    raise FitError(
                        f"fit: loss does not depend on {name}: compute it from the argument itself "
                        f"(not from .array or a copy of its values), or leave {name} out of start"
                    )
            self._checked = value
        return self._checked

    def _compare(self, since: int) -> None:
        """Raise BranchError where the loss computes something else from arrays themselves."""

        def plain(point: Sequence[Raw]) -> Any:
            return self.call(self._loss, point)

        def traced(point: Sequence[Raw]) -> Any:
            return self.call(self._loss, [Variable(np.asarray(x)) for x in point])

        # A number as the loss would be called with it.
        pairs = zip(self._given, self.start, strict=True)
        given = [x if type(x) in SCALAR_TYPES else array for x, array in pairs]
        check_branches(Twins("fit", self._loss, given, self._value, plain, traced, ()), since)

    @property
    def precision(self) -> float:
        """The rounding of the loss evaluated last."""
        return float(np.finfo(self._value.dtype).eps) if self._value.dtype.kind == "f" else 0.0

    def call(self, function: Callable[..., Any], point: Sequence[Any]) -> Any:
        """``function`` of a point's arrays, called as the loss is."""
        arranged = self._arranged(point)
        return function(**arranged) if isinstance(arranged, dict) else function(*arranged)

    # ---------------------------------------------------------------------------- points

    def moved(self, point: Sequence[Raw], stride: Sequence[Raw]) -> list[Raw]:
        """``point - stride``, in the dtypes of the point, and inside of the box."""
        if self.box is not None:
            return self.box.moved(point, stride)
        if self.single:
            result = [point[0] - stride[0]]
        else:
            result = [array - part for array, part in zip(point, stride, strict=True)]
        return [as_array(array) for array in result] if self._scalars else result

    def take(self, given: Tree) -> list[Raw]:
        """A point given by a user, checked and on the device."""
        # A list is a point where it has one array a parameter, and else an array as a list.
        listed = isinstance(given, list) and len(given) == len(self.names)
        values = given if listed and all(map(is_array, given)) else self._values(given)
        if len(values) != len(self.names):
            raise FitError(f"fit: expected {len(self.names)} arrays, got {len(values)}")
        point = []
        for name, value, model in zip(self.names, values, self.start, strict=True):
            array = _parameter(name, value)
            if array.shape != model.shape:
                raise FitError(
                    f"fit: {name}: expected shape {model.shape}, as in start, got {array.shape}"
                )
            point.append(
                array_like(
                    array if array.dtype == model.dtype else array.astype(model.dtype), model
                )
            )
        return point

    def give(self, arrays: Sequence[np.ndarray]) -> Any:
        """Arrays in the form of the start."""
        arranged = self._arranged(arrays)
        return arranged[0] if self._form is None else arranged

    def _values(self, start: Tree) -> list[Any]:
        if isinstance(start, dict):
            return list(start.values())
        return list(start) if isinstance(start, tuple) else [start]

    def _arranged(self, arrays: Sequence[Any]) -> Any:
        if self._form is not None and issubclass(self._form, dict):
            return dict(zip(self.names, arrays, strict=True))
        return tuple(arrays)

    def _named(self, start: Tree, count: int) -> list[str]:
        """The keys of a dict, else the names of the arguments of the loss."""
        numbered = ["x"] if count == 1 else [f"x{i}" for i in range(count)]
        try:
            signature = inspect.signature(self._loss)
        except (TypeError, ValueError):  # some builtins have none
            return [str(key) for key in start] if isinstance(start, dict) else numbered
        try:
            if isinstance(start, dict):
                signature.bind(**start)
                return list(start)
            bound = signature.bind(*(start if isinstance(start, tuple) else (start,)))
        except TypeError as error:
            raise FitError(
                f"fit: loss does not take what start brings ({error}): one array calls "
                f"loss(array), a tuple loss(*arrays), a dict loss(**arrays)"
            ) from error
        kinds = [signature.parameters[name].kind for name in bound.arguments]
        plain = inspect.Parameter.VAR_POSITIONAL not in kinds and len(kinds) == count
        return list(bound.arguments) if plain else numbered

    def _put(self, array: Raw) -> Raw:
        return array if self._device is None else self._device.put(array)


def _parameter(name: str, value: Operand) -> Raw:
    """A copy of ``value`` as an array of native floats in C order."""
    if isinstance(value, Variable):
        value = value.array
    if isinstance(value, np.ndarray):
        value = plain_array(value, f"fit: {name}") if type(value) is not np.ndarray else value
    host = not is_array(value) or isinstance(value, np.ndarray)
    array = np.array(value, order="C") if host else value.copy()
    if array.dtype.kind not in "fiub":
        what = "complex numbers" if array.dtype.kind == "c" else f"dtype {array.dtype}"
        raise FitError(f"fit: {name}: expected real numbers, got {what}")
    if array.size == 0:
        raise FitError(f"fit: {name} has no elements (shape {array.shape})")
    dtype = array.dtype.newbyteorder("=") if array.dtype.kind == "f" else np.dtype(np.float64)
    return array if array.dtype == dtype else array.astype(dtype)


def _no_variable(value: Any) -> str:
    """What is wrong with what a loss returned, and what to do about it."""
    returned = f"fit: loss returned {type(value).__name__}"
    if value is None:
        return "fit: loss returned None: is there a 'return' missing at its end?"
    if isinstance(value, (tuple, list, dict)):
        return f"{returned}: return the loss alone, one real number; watch= logs other values"
    if isinstance(value, (str, bytes)):
        return f"{returned}: return one real number, computed from the arguments"
    return (
        f"{returned}, not a Variable, so there is no gradient: compute it from the arguments with "
        f"NumPy functions and operators, without float(), .array or numpy.asarray() on the way"
    )


def _not_a_number(array: Raw) -> str:
    return (
        f"fit: loss must return one real number, got an array of shape {array.shape} and dtype "
        f"{array.dtype}: end it with .sum() or .mean()"
    )
