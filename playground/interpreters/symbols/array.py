"""The symbolic array: an array of SymPy's expressions that answers NumPy's calls.

NumPy code that runs on it computes formulas: the operations' own texts, forward and backward, and
with them everything that is composed of them. It carries the dtype that the numbers would have.
In the order of the interpreters it stands above arrays of numbers and below all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from playground.functions.registry import full_name
from playground.graph import backend
from playground.graph.errors import SymbolError
from playground.graph.types import Axis, DType, HostArray, Index, Keywords, Operand, Shape
from playground.interpreters.symbols.expressions import (
    Expr,
    exact,
    has_symbols,
    number_of,
    sympy,
)

__all__ = ["FORMULAS", "Symbolic", "elements_of", "in_symbols", "on_ones", "raised", "symbolic"]

# What carries a NumPy function out: called as that is, with the function itself ahead, since one
# formula may serve several.
Formula = Callable[..., Any]
AnyFormula = TypeVar("AnyFormula", bound=Formula)
# A NumPy function -> its formula; filled by the modules beside this one.
FORMULAS: dict[Any, Formula] = {}


def in_symbols(*functions: Any) -> Callable[[AnyFormula], AnyFormula]:
    """Decorator: the formula below carries these NumPy functions out on symbolic arrays."""

    def register(formula: AnyFormula) -> AnyFormula:
        FORMULAS.update(dict.fromkeys(functions, formula))
        return formula

    return register


class Symbolic(NDArrayOperatorsMixin):
    """An array of expressions: ``elements``, an object array, and the ``dtype`` they stand for."""

    __slots__ = ("__weakref__", "dtype", "elements")
    # Below batched arrays (150) and Variables (200), which hold symbols and have to answer first.
    __array_priority__ = 100

    def __init__(self, elements: HostArray, dtype: DType = np.float64) -> None:
        self.elements = elements
        self.dtype = np.dtype(dtype)

    # --------------------------------------------------------------------- NumPy's protocols

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Operand, **kwargs: Operand
    ) -> Any:
        lower = (Symbolic, np.ndarray, *backend.SCALARS, np.generic, list, tuple, sympy().Basic)
        if not all(isinstance(x, lower) for x in inputs):
            return NotImplemented
        if ufunc not in FORMULAS or method != "__call__":
            called = full_name(ufunc) + ("" if method == "__call__" else f".{method}")
            raise no_form(called, kwargs)
        return FORMULAS[ufunc](ufunc, *inputs, **kwargs)

    def __array_function__(
        self, func: Formula, types: Iterable[type], args: tuple[Operand, ...], kwargs: Keywords
    ) -> Any:
        if not all(issubclass(t, (Symbolic, np.ndarray)) for t in types):
            return NotImplemented
        if func not in FORMULAS:
            raise no_form(full_name(func))
        return FORMULAS[func](func, *args, **kwargs)

    def __array__(self, dtype: DType = None, copy: bool | None = None) -> HostArray:
        return np.array(self.to_host(), dtype)

    # ---------------------------------------------------------------------------- attributes

    shape = property(lambda self: self.elements.shape)
    ndim = property(lambda self: self.elements.ndim)
    size = property(lambda self: self.elements.size)
    strides = property(lambda self: self.elements.strides)
    itemsize = property(lambda self: self.elements.itemsize)
    nbytes = property(lambda self: self.elements.nbytes)
    T = property(lambda self: self.transpose())

    # ------------------------------------------------------------------------------- methods

    def _like(self, elements: Operand) -> Symbolic:
        return Symbolic(_boxed(elements), self.dtype)

    def reshape(self, *shape: int | Shape) -> Symbolic:
        return self._like(self.elements.reshape(*shape))

    def transpose(self, *axes: int | Shape | None) -> Symbolic:
        return self._like(self.elements.transpose(*axes))

    def swapaxes(self, axis1: int, axis2: int) -> Symbolic:
        return self._like(self.elements.swapaxes(axis1, axis2))

    def copy(self, order: str = "C") -> Symbolic:
        return self._like(self.elements.copy())

    def sum(self, axis: Axis = None, keepdims: bool = False) -> Symbolic:
        return FORMULAS[np.sum](np.sum, self, axis=axis, keepdims=keepdims)

    def max(self, axis: Axis = None, keepdims: bool = False) -> Symbolic:
        return np.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Axis = None, keepdims: bool = False) -> Symbolic:
        return np.min(self, axis=axis, keepdims=keepdims)

    def astype(self, dtype: DType) -> Symbolic:
        """The same expressions for another dtype; truth values become 1 and 0, and back."""
        dtype = np.dtype(dtype)
        from_truth, to_truth = self.dtype.kind == "b", dtype.kind == "b"
        if to_truth and not from_truth:
            return FORMULAS[np.not_equal](np.not_equal, self, 0)
        if from_truth and not to_truth:
            return Symbolic(_each(number_of, self.elements), dtype)
        if dtype.kind in "iu" and self.dtype.kind not in "iu":
            # NumPy's casts to integers cut towards 0.
            return Symbolic(FORMULAS[np.trunc](np.trunc, self).elements, dtype)
        return Symbolic(self.elements, dtype)

    def item(self) -> Expr:
        """The one element: a Python number, or the expression if it has symbols."""
        expression = self.elements.item()
        return expression if has_symbols(expression) else self.to_host().item()

    # ---------------------------------------------------------------------- from host, and to it

    @staticmethod
    def from_host(array: HostArray, like: Symbolic) -> Symbolic:
        """An array of numbers as a symbolic one."""
        return symbolic(array)

    def to_host(self) -> HostArray:
        """The numbers, or where there are symbols the expressions as an object array."""
        if any(map(has_symbols, self.elements.flat)):
            return self.elements
        if self.dtype.kind == "b":
            return self.elements.astype(bool)
        kind = complex if self.dtype.kind == "c" else float
        return self.elements.astype(kind).astype(self.dtype)

    def special(self, op: Any, arrays: Any) -> Symbolic:
        """A special function (``graph.op.Special``) by its own symbolic form."""
        elements = _each(lambda *xs: op.symbolic(sympy(), *xs), *map(elements_of, arrays))
        return Symbolic(elements, np.result_type(*(x.dtype for x in arrays)))

    # --------------------------------------------------------------- what Python asks arrays for

    def __len__(self) -> int:
        return len(self.elements)

    def __iter__(self) -> Iterator[Symbolic]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Index) -> Symbolic:
        return self._like(self.elements[_of_numbers(index)])

    def __setitem__(self, index: Index, value: Operand) -> None:
        given = elements_of(value)
        # A 0-d array would be stored itself, as an element.
        self.elements[_of_numbers(index)] = given if given.ndim else given.item()

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
        return self.to_host()

    def _sympy_(self) -> Any:
        # So that `symbol + array` leaves the addition to the array.
        raise sympy().SympifyError("a symbolic array: use its elements")

    def __repr__(self) -> str:
        return f"Symbolic({np.array2string(self.elements, separator=', ')}, {self.dtype})"


def no_form(name: str, keywords: Iterable[str] = ()) -> SymbolError:
    """The error for a function that expressions have nothing for."""
    given = f" with {', '.join(keywords)}=" if keywords else ""
    return SymbolError(
        f"{name}{given} has no symbolic form here: compute it from functions that have one, or "
        f"call it on a Variable that holds the symbols (playground.to_sympy does), where more of "
        f"NumPy is composed of those"
    )


# ------------------------------------------------------------------------------- there and back


def _each(function: Callable[..., Expr], *arrays: HostArray) -> HostArray:
    with np.errstate(all="ignore"):
        return _boxed(np.frompyfunc(function, len(arrays), 1)(*arrays))


def _boxed(elements: Operand) -> HostArray:
    """Elements as an object array, also a single one, which NumPy hands out bare."""
    if isinstance(elements, np.ndarray) and elements.dtype == object:
        return elements
    box = np.empty(np.shape(elements), object)
    box[...] = elements
    return box


def elements_of(value: Operand) -> HostArray:
    """The expressions of a symbolic array, of an array of numbers, of a number, or of a list."""
    if isinstance(value, Symbolic):
        return value.elements
    if isinstance(value, (list, tuple)) and any(isinstance(x, Symbolic) for x in value):
        # Of the arrays themselves NumPy would ask for numbers.
        value = np.array([elements_of(x) for x in value], object)
    array = value if isinstance(value, np.ndarray) else np.asarray(value)
    if array.dtype.kind not in "biufcO":
        raise SymbolError(f"symbols: expected numbers or expressions, got {array.dtype}")
    return _each(exact, array)


def symbolic(value: Operand, dtype: DType = None) -> Symbolic:
    """A symbolic array of numbers, expressions, or anything with ``tolist`` such as a Matrix."""
    if dtype is None:
        dtype = _number_dtype(getattr(value, "dtype", None))
    if not isinstance(value, (Symbolic, np.ndarray)) and hasattr(value, "tolist"):
        value = np.array(value.tolist(), object).reshape(value.shape)
    return Symbolic(elements_of(value), dtype)


def _number_dtype(dtype: DType) -> np.dtype:
    """The dtype of the numbers that objects stand for, or of what has none."""
    return np.dtype(np.float64) if dtype is None or dtype.kind == "O" else dtype


def raised(argument: Operand, how: Callable[[Symbolic], HostArray]) -> Operand:
    """An argument with the symbolic arrays in it replaced, also in lists and tuples."""
    if type(argument) in (list, tuple):
        return type(argument)(raised(part, how) for part in argument)
    return how(argument) if isinstance(argument, Symbolic) else argument


def on_ones(function: Formula, args: tuple[Operand, ...], kwargs: Keywords) -> Any:
    """What a function makes of ones: the dtype of its result, and NumPy's errors of shapes."""

    def ones(array: Symbolic) -> HostArray:
        return np.ones(array.shape, array.dtype)

    args, kwargs = raised(args, ones), {key: raised(x, ones) for key, x in kwargs.items()}
    with np.errstate(all="ignore"):
        return function(*args, **kwargs)


def _of_numbers(index: Index) -> Index:
    """An index as NumPy takes it; refused where it depends on symbols."""
    if isinstance(index, tuple):
        return tuple(map(_of_numbers, index))
    if not isinstance(index, Symbolic):
        return index
    return index._number("an index or a mask made of", "np.where(condition, a, b)")


# --------------------------------------------------------------------------------- elementwise


def on_each_element(
    form: Callable[..., Expr],
    fitting: Callable[[Expr], Expr],
    ufunc: np.ufunc,
    *inputs: Operand,
    **kwargs: Operand,
) -> Symbolic:
    """A form of one expression for each operand, applied to all elements of operands broadcast.

    ``fitting`` first makes numbers, or truth values, of what the elements are.
    """
    if kwargs:
        raise no_form(full_name(ufunc), kwargs)
    arrays = [_each(fitting, elements_of(x)) for x in inputs]
    return Symbolic(_each(form, *arrays), _dtype_of(ufunc, inputs))


def _dtype_of(ufunc: np.ufunc, inputs: Sequence[Operand]) -> np.dtype:
    """The dtype that NumPy's result would have; a Python number adapts to the arrays."""

    def empty(x: Operand) -> Operand:
        if isinstance(x, sympy().Basic):
            return 1.0
        dtype = getattr(x, "dtype", None)
        return x if dtype is None else np.empty(0, _number_dtype(dtype))

    with np.errstate(all="ignore"):
        return ufunc(*map(empty, inputs)).dtype


backend.register_array_type(Symbolic, Symbolic.from_host, Symbolic.to_host)
