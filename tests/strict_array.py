"""A strict stand-in for a device array, so that GPU cleanliness is checked on every machine.

It carries a host array but behaves as ``cupy.ndarray`` does towards NumPy: it answers NumPy's two
override protocols, refuses to become a NumPy array by itself, refuses to meet one in a call,
and never returns NumPy scalars. Beyond that it refuses whatever is not on the list of
``playground.functions.vocabulary``, so that what passes here needs nothing else of a device.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np

from playground.functions.vocabulary import UFUNCS, VOCABULARY
from playground.graph import backend

SCALARS = (bool, int, float, complex, np.generic)

# The keywords that CuPy's functions of these names share with NumPy's; none where absent.
KEYWORDS: dict[str, frozenset[str]] = {
    "arange": frozenset({"dtype"}),
    "argsort": frozenset({"axis"}),
    "bincount": frozenset({"weights", "minlength"}),
    "concatenate": frozenset({"axis"}),
    "einsum": frozenset({"optimize"}),
    "expand_dims": frozenset({"axis"}),
    "linalg.svd": frozenset({"full_matrices"}),
    "max": frozenset({"axis", "keepdims"}),
    "min": frozenset({"axis", "keepdims"}),
    "ones_like": frozenset({"dtype", "shape"}),
    "prod": frozenset({"axis", "keepdims"}),
    "sum": frozenset({"axis", "dtype", "keepdims"}),
    "take_along_axis": frozenset({"axis"}),
    "transpose": frozenset({"axes"}),
    "zeros": frozenset({"dtype"}),
    "zeros_like": frozenset({"dtype", "shape"}),
}


class RefusedError(TypeError):
    """A call that a device array would not answer."""


class StrictArray:
    """A host array behind the manners of a device array."""

    __slots__ = ("__weakref__", "_host")
    __hash__ = None  # type: ignore[assignment]
    __array_priority__ = 100
    # Every NumPy name that was asked for since the set was last emptied.
    used: ClassVar[set[str]] = set()

    def __init__(self, host: np.ndarray) -> None:
        self._host = host

    @classmethod
    def of(cls, host: np.ndarray) -> StrictArray:
        """A copy of a host array on the device."""
        return cls(host.copy())

    # ------------------------------------------------------------------- NumPy's protocols

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise TypeError("implicit conversion of a device array to a NumPy array")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(hasattr(x, "__array_ufunc__") and not _known(x) for x in inputs):
            return NotImplemented
        if method != "__call__" or kwargs or ufunc.__name__ not in UFUNCS:
            raise RefusedError(
                f"numpy.{ufunc.__name__}.{method}({', '.join(kwargs)}) is not in the vocabulary "
                f"(playground/functions/vocabulary.py)"
            )
        self.used.add(ufunc.__name__)
        return _wrapped(ufunc(*map(_unwrapped, inputs)))

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if not all(issubclass(t, (StrictArray, np.ndarray)) for t in types):
            return NotImplemented
        name = f"{func.__module__}.{func.__name__}".removeprefix("numpy.")
        if name not in VOCABULARY:
            raise RefusedError(
                f"numpy.{name} is not in the vocabulary (playground/functions/vocabulary.py)"
            )
        unknown = set(kwargs) - KEYWORDS.get(name, frozenset())
        if unknown:
            raise RefusedError(
                f"numpy.{name}: CuPy does not take {', '.join(unknown)} (if it does, add that to "
                f"KEYWORDS here)"
            )
        self.used.add(name)
        args, kwargs = _unwrapped(args), {key: _unwrapped(value) for key, value in kwargs.items()}
        if name == "bincount" and not args[0].size:
            raise ValueError("zero-size array to reduction operation (as in cupy.bincount)")
        return _wrapped(func(*args, **kwargs))

    def special(self, op: Any, arrays: Any) -> StrictArray:
        """A special function on a device: all arrays are there, or the call is refused."""
        return _wrapped(op.of_arrays(*map(_unwrapped, arrays)))

    # --------------------------------------------------------------------------- attributes

    shape = property(lambda self: self._host.shape)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    dtype = property(lambda self: self._host.dtype)
    real = property(lambda self: _wrapped(self._host.real))
    imag = property(lambda self: _wrapped(self._host.imag))
    strides = property(lambda self: self._host.strides)
    itemsize = property(lambda self: self._host.itemsize)
    nbytes = property(lambda self: self._host.nbytes)
    T = property(lambda self: self._call("transpose", self._host.transpose()))

    # ------------------------------------------------------------------------------ methods

    def _call(self, name: str, host: Any) -> StrictArray:
        self.used.add(name)
        return _wrapped(host)

    def reshape(self, *shape: Any) -> StrictArray:
        return self._call("reshape", self._host.reshape(*shape))

    def transpose(self, *axes: Any) -> StrictArray:
        return self._call("transpose", self._host.transpose(*axes))

    def swapaxes(self, axis1: int, axis2: int) -> StrictArray:
        return self._call("swapaxes", self._host.swapaxes(axis1, axis2))

    def sum(self, axis: Any = None, keepdims: bool = False) -> StrictArray:
        return self._call("sum", self._host.sum(axis=axis, keepdims=keepdims))

    def max(self, axis: Any = None, keepdims: bool = False) -> StrictArray:
        return self._call("max", self._host.max(axis=axis, keepdims=keepdims))

    def min(self, axis: Any = None, keepdims: bool = False) -> StrictArray:
        return self._call("min", self._host.min(axis=axis, keepdims=keepdims))

    def astype(self, dtype: Any) -> StrictArray:
        return StrictArray(self._host.astype(dtype))

    def copy(self, order: str = "C") -> StrictArray:
        return StrictArray(self._host.copy())

    def item(self) -> Any:
        return self._host.item()

    def get(self) -> np.ndarray:
        """A copy on the host: the one way back."""
        return self._host.copy()

    # ------------------------------------------------------------- what Python asks arrays for

    def __len__(self) -> int:
        return len(self._host)

    def __iter__(self) -> Iterator[StrictArray]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return bool(self._host)

    def __float__(self) -> float:
        return float(self._host)

    def __int__(self) -> int:
        return int(self._host)

    def __repr__(self) -> str:
        return f"StrictArray({self._host!r})"

    def __getitem__(self, index: Any) -> StrictArray:
        # Unlike operands, host arrays are taken here: CuPy moves an index to the device.
        return _wrapped(self._host[_index(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        self._host[_index(index)] = _unwrapped(value)


def _known(x: Any) -> bool:
    return isinstance(x, (StrictArray, np.ndarray, *SCALARS))


def _wrapped(result: Any) -> Any:
    if isinstance(result, (tuple, list)):
        # As CuPy's decompositions: plain tuples, where NumPy has named ones.
        return tuple(map(_wrapped, result))
    return StrictArray(np.asarray(result))


def _unwrapped(x: Any) -> Any:
    """The host array inside; a bare NumPy array among the operands is refused."""
    if isinstance(x, StrictArray):
        return x._host
    if isinstance(x, np.ndarray):
        raise TypeError(f"Unsupported type {type(x)} beside a device array")
    if isinstance(x, (tuple, list)):
        return type(x)(map(_unwrapped, x))
    return x


def _index(index: Any) -> Any:
    if isinstance(index, tuple):
        return tuple(map(_index, index))
    return index._host if isinstance(index, StrictArray) else index


_OPERATORS = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "pow": np.power,
    "matmul": np.matmul,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
}
_COMPARISONS = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}
_UNARY = {"neg": np.negative, "pos": np.positive, "abs": np.absolute, "invert": np.invert}


def _operator(ufunc: Any, swapped: bool = False) -> Callable[..., Any]:
    # As CuPy's operators: by way of NumPy's ufunc, which asks the other operand too.
    if swapped:
        return lambda self, other: ufunc(other, self)
    return lambda self, *other: ufunc(self, *other)


for _name, _ufunc in {**_OPERATORS, **_COMPARISONS, **_UNARY}.items():
    setattr(StrictArray, f"__{_name}__", _operator(_ufunc))
for _name, _ufunc in _OPERATORS.items():
    setattr(StrictArray, f"__r{_name}__", _operator(_ufunc, swapped=True))


@contextmanager
def registered() -> Iterator[type[StrictArray]]:
    """Let Variables hold StrictArrays for the length of a ``with`` block."""
    backend.register_array_type(
        StrictArray, lambda host, like: StrictArray.of(host), operator.methodcaller("get")
    )
    try:
        yield StrictArray
    finally:
        backend.unregister_array_type(StrictArray)
