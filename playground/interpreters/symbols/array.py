"""The symbolic array: an array of SymPy's expressions that answers NumPy's calls.

NumPy code that runs on it computes formulas: the operations' own texts, forward and backward, and
with them everything that is composed of them. It carries the dtype that the numbers would have.
In the order of the interpreters it stands above arrays of numbers and below all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from playground.functions.registry import full_name
from playground.graph import backend
from playground.graph.errors import SymbolError
from playground.interpreters.symbols.elementwise import FORMS, LOGICAL
from playground.interpreters.symbols.expressions import (
    as_number,
    as_truth,
    exact,
    has_symbols,
    sympy,
)

__all__ = ["Symbolic", "answers", "elements_of", "on_ones", "raised", "symbolic"]

Rule = Callable[..., Any]
# A NumPy function -> what carries it out; filled by the modules beside this one.
RULES: dict[Any, Rule] = {}


def answers(*functions: Any) -> Callable[[Rule], Rule]:
    """Decorator: the rule below answers these NumPy functions on symbolic arrays."""

    def register(rule: Rule) -> Rule:
        RULES.update(dict.fromkeys(functions, rule))
        return rule

    return register


class Symbolic(NDArrayOperatorsMixin):
    """An array of expressions: ``elements``, an object array, and the ``dtype`` they stand for."""

    __slots__ = ("__weakref__", "dtype", "elements")
    __array_priority__ = 100

    def __init__(self, elements: np.ndarray, dtype: Any = np.float64) -> None:
        self.elements = elements
        self.dtype = np.dtype(dtype)

    # --------------------------------------------------------------------- NumPy's protocols

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if not all(map(_is_lower, inputs)):
            return NotImplemented
        if ufunc in RULES and method == "__call__":
            return RULES[ufunc](ufunc, *inputs, **kwargs)
        if method != "__call__" or kwargs or ufunc.__name__ not in FORMS:
            called = full_name(ufunc) + ("" if method == "__call__" else f".{method}")
            raise no_form(called, ", ".join(kwargs))
        return _elementwise(ufunc, inputs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if not all(issubclass(t, (Symbolic, np.ndarray)) for t in types):
            return NotImplemented
        if func not in RULES:
            raise no_form(full_name(func))
        return RULES[func](func, *args, **kwargs)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.array(to_host(self), dtype)

    # ---------------------------------------------------------------------------- attributes

    shape = property(lambda self: self.elements.shape)
    ndim = property(lambda self: self.elements.ndim)
    size = property(lambda self: self.elements.size)
    strides = property(lambda self: self.elements.strides)
    itemsize = property(lambda self: self.elements.itemsize)
    nbytes = property(lambda self: self.elements.nbytes)
    T = property(lambda self: self.transpose())

    # ------------------------------------------------------------------------------- methods

    def _like(self, elements: Any) -> Symbolic:
        return Symbolic(_boxed(elements), self.dtype)

    def reshape(self, *shape: Any) -> Symbolic:
        return self._like(self.elements.reshape(*shape))

    def transpose(self, *axes: Any) -> Symbolic:
        return self._like(self.elements.transpose(*axes))

    def swapaxes(self, axis1: int, axis2: int) -> Symbolic:
        return self._like(self.elements.swapaxes(axis1, axis2))

    def copy(self, order: str = "C") -> Symbolic:
        return self._like(self.elements.copy())

    def sum(self, axis: Any = None, keepdims: bool = False) -> Symbolic:
        return np.sum(self, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Symbolic:
        return np.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Symbolic:
        return np.min(self, axis=axis, keepdims=keepdims)

    def astype(self, dtype: Any) -> Symbolic:
        """The same expressions for another dtype; truth values become 1 and 0, and back."""
        dtype = np.dtype(dtype)
        if dtype.kind == "b" != self.dtype.kind:
            return _elementwise(np.not_equal, (self, 0))
        if self.dtype.kind == "b" != dtype.kind:
            return Symbolic(_each(as_number, self.elements), dtype)
        if dtype.kind in "iu" and self.dtype.kind not in "iu":
            return Symbolic(_elementwise(np.trunc, (self,)).elements, dtype)
        return Symbolic(self.elements, dtype)

    def item(self) -> Any:
        """The one element: a Python number, or the expression if it has symbols."""
        expression = self.elements.item()
        return expression if has_symbols(expression) else to_host(self).item()

    def special(self, op: Any, arrays: Any) -> Symbolic:
        """A special function (``graph.op.Special``) by its own symbolic form."""
        elements = _each(lambda *xs: op.symbolic(sympy(), *xs), *map(elements_of, arrays))
        return Symbolic(elements, np.result_type(*(x.dtype for x in arrays)))

    # --------------------------------------------------------------- what Python asks arrays for

    def __len__(self) -> int:
        return len(self.elements)

    def __iter__(self) -> Iterator[Symbolic]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Symbolic:
        return self._like(self.elements[_index(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        given = elements_of(value)
        # A 0-d array would be stored itself, as an element.
        self.elements[_index(index)] = given if given.ndim else given.item()

    def __bool__(self) -> bool:
        return bool(self._number("if, while, and, or: the truth of", "np.where(condition, a, b)"))

    def __float__(self) -> float:
        return float(self._number("float() of", "the array itself"))

    def __int__(self) -> int:
        return int(self._number("int() of", "the array itself"))

    def __complex__(self) -> complex:
        return complex(self._number("complex() of", "the array itself"))

    def _number(self, what: str, instead: str) -> Any:
        if any(map(has_symbols, self.elements.flat)):
            text = str(self.elements.item()) if self.size == 1 else f"{self.size} expressions"
            raise SymbolError(f"{what} {text} depends on the symbols' values: use {instead}")
        return to_host(self)

    def _sympy_(self) -> Any:
        # So that `symbol + array` leaves the addition to the array.
        raise sympy().SympifyError("a symbolic array: use its elements")

    def __repr__(self) -> str:
        return f"Symbolic({np.array2string(self.elements, separator=', ')}, {self.dtype})"


def no_form(name: str, keywords: str = "") -> SymbolError:
    """The error for a function that expressions have nothing for."""
    given = f" with {keywords}=" if keywords else ""
    return SymbolError(
        f"{name}{given} has no symbolic form here: compute it from functions that have one, or "
        f"call it on a Variable that holds the symbols (playground.to_sympy does), where more of "
        f"NumPy is composed of those"
    )


# ------------------------------------------------------------------------------- there and back


def _each(function: Callable[..., Any], *arrays: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return _boxed(np.frompyfunc(function, len(arrays), 1)(*arrays))


def _boxed(elements: Any) -> np.ndarray:
    """Elements as an object array, also a single one, which NumPy hands out bare."""
    if isinstance(elements, np.ndarray) and elements.dtype == object:
        return elements
    box = np.empty(np.shape(elements), object)
    box[...] = elements
    return box


def elements_of(value: Any) -> np.ndarray:
    """The expressions of a symbolic array, of an array of numbers, of a number, or of a list."""
    if isinstance(value, Symbolic):
        return value.elements
    if isinstance(value, (list, tuple)) and any(isinstance(x, Symbolic) for x in value):
        value = np.array([elements_of(x) for x in value], object)
    array = value if isinstance(value, np.ndarray) else np.asarray(value)
    if array.dtype.kind not in "biufcO":
        raise SymbolError(f"symbols: expected numbers or expressions, got {array.dtype}")
    return _each(exact, array)


def symbolic(value: Any, dtype: Any = None) -> Symbolic:
    """A symbolic array of numbers, expressions, or anything with ``tolist`` such as a Matrix."""
    if dtype is None:
        dtype = _number_dtype(getattr(value, "dtype", None))
    if not isinstance(value, (Symbolic, np.ndarray)) and hasattr(value, "tolist"):
        value = np.array(value.tolist(), object).reshape(value.shape)
    return Symbolic(elements_of(value), dtype)


def _number_dtype(dtype: Any) -> np.dtype:
    """The dtype of the numbers that objects stand for, or of what has none."""
    return np.dtype(np.float64) if dtype is None or dtype.kind == "O" else dtype


def from_host(array: np.ndarray, like: Any) -> Symbolic:
    """An array of numbers as a symbolic one."""
    return symbolic(array)


def to_host(array: Symbolic) -> np.ndarray:
    """The numbers, or where there are symbols the expressions as an object array."""
    if any(map(has_symbols, array.elements.flat)):
        return array.elements
    if array.dtype.kind == "b":
        return array.elements.astype(bool)
    return array.elements.astype(complex if array.dtype.kind == "c" else float).astype(array.dtype)


def raised(argument: Any, how: Callable[[Symbolic], Any]) -> Any:
    """An argument with the symbolic arrays in it replaced, also in lists and tuples."""
    if type(argument) in (list, tuple):
        return type(argument)(raised(part, how) for part in argument)
    return how(argument) if isinstance(argument, Symbolic) else argument


def on_ones(function: Any, args: Any, kwargs: Any) -> Any:
    """What a function makes of ones: the dtype of its result, and NumPy's errors of shapes."""
    args, kwargs = (raised(part, _ones) for part in (args, tuple(kwargs.items())))
    with np.errstate(all="ignore"):
        return function(*args, **dict(kwargs))


def _ones(array: Symbolic) -> np.ndarray:
    return np.ones(array.shape, array.dtype)


def _is_lower(x: Any) -> bool:
    kinds = (Symbolic, np.ndarray, *backend.SCALARS, np.generic, list, tuple, sympy().Basic)
    return isinstance(x, kinds)


def _index(index: Any) -> Any:
    if isinstance(index, tuple):
        return tuple(map(_index, index))
    if not isinstance(index, Symbolic):
        return index
    return index._number("an index or a mask made of", "np.where(condition, a, b)")


# --------------------------------------------------------------------------------- elementwise


def _elementwise(ufunc: Any, inputs: tuple[Any, ...]) -> Symbolic:
    arrays = [elements_of(x) for x in inputs]
    fitting = as_truth if ufunc.__name__ in LOGICAL else as_number
    arrays = [_each(fitting, x) for x in arrays]
    return Symbolic(_each(FORMS[ufunc.__name__], *arrays), _dtype_of(ufunc, inputs))


def _dtype_of(ufunc: Any, inputs: tuple[Any, ...]) -> np.dtype:
    """The dtype that NumPy's result would have; a Python number adapts to the arrays."""

    def empty(x: Any) -> Any:
        if isinstance(x, sympy().Basic):
            return 1.0
        dtype = getattr(x, "dtype", None)
        return x if dtype is None else np.empty(0, _number_dtype(dtype))

    with np.errstate(all="ignore"):
        return ufunc(*map(empty, inputs)).dtype


backend.register_array_type(Symbolic, from_host, to_host)
