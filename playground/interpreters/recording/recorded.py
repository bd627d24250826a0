"""The recording array: an array with its values that notes every NumPy call made on it.

In the order of the interpreters it stands above symbols and arrays of numbers, and below batched
arrays and Variables, which hold it. A recorded *number* (``weak``) stands for a number of Python's,
such as a step size: beside an array it takes that array's dtype, as Python's numbers do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from weakref import ref

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from playground.functions.registry import full_name
from playground.graph import backend
from playground.graph.types import Axis, DType, HostArray, Index, Keywords, Operand, Raw, Shape
from playground.interpreters.recording.trace import Slot, Source, Trace, loop_dtypes

__all__ = ["NOTED", "Recorded", "concrete", "recorded_function"]

# NumPy's functions, which are annotated for its own arrays.
_np: Any = np
# NumPy function -> what notes it, called as (trace, *args, **kwargs); with_arrays by ``functions``.
NOTED: dict[Any, Callable[..., Any]] = {}

_PYTHON: dict[str, type] = {"b": bool, "i": int, "u": int, "f": float, "c": complex}
# What array ** number computes in place of a power, as NumPy's own operator does.
_FAST_POWERS: dict[float, np.ufunc] = {
    -1.0: np.reciprocal,
    0.5: np.sqrt,
    1.0: np.positive,
    2.0: np.square,
}


class Memory:
    """The memory that an array and its views share.

    ``version`` counts what was written to it. What was made before the newest write, and was not
    what that went through, does not stand for its values any more.
    """

    __slots__ = ("part", "version")

    def __init__(self) -> None:
        self.version = 0
        # The array that a part was taken of, the index, and the part, if that was written to last;
        # weakly, for both hold this.
        self.part: tuple[Any, Any, Any] | None = None


def _assigning(ufunc: np.ufunc) -> Callable[..., Any]:
    def operator(self: Recorded, other: Operand) -> Any:
        result = ufunc(self, other)
        if self.weak:  # a number is not changed, the name is bound to another
            return result
        self[...] = result
        return self

    return operator


class Recorded(NDArrayOperatorsMixin):
    """An array of a recording: its values here, and its place in the program (None: a constant)."""

    __slots__ = (
        "__weakref__",
        "_array",
        "memory",
        "scalar",
        "slot",
        "taken",
        "trace",
        "version",
        "weak",
    )
    __array_priority__ = 125

    def __init__(
        self,
        array: Raw,
        slot: Slot | None,
        trace: Trace,
        weak: bool = False,
        memory: Memory | None = None,
    ) -> None:
        self._array, self.slot, self.trace, self.weak = array, slot, trace, weak
        trace.given.append(ref(self))
        self.memory = Memory() if memory is None else memory
        # Whether plain arrays would have given one of NumPy's scalars, and no array, here.
        self.scalar = False
        self.version = self.memory.version
        # What this is a view of, and the function that takes it.
        self.taken: tuple[Recorded, Callable[[Any], Any]] | None = None

    @property
    def values(self) -> Any:
        """The values themselves: an array, or the number of Python's that it stands for."""
        return self._array.item() if self.weak else self._array

    @property
    def source(self) -> Source:
        """What a call that reads it reads."""
        if self.version != self.memory.version:
            self.trace.fail("an array is read that was written to through a view")
        # A copy: what is constant so far may be written to later, and is not constant then.
        return self._array.copy() if self.slot is None else self.slot

    # --------------------------------------------------------------------- NumPy's protocols

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Operand, **kwargs: Operand
    ) -> Any:
        if any(map(_is_higher, inputs)):
            return NotImplemented
        trace = self.trace
        if method == "__call__" and not kwargs:
            return apply_ufunc(trace, ufunc, inputs)
        if kwargs.get("out") is not None:
            return _into_out(trace, ufunc, method, inputs, kwargs)
        call = ufunc if method == "__call__" else getattr(ufunc, method)
        return called_back(trace, call, inputs, kwargs)

    def __array_function__(
        self, func: Any, types: Iterable[type], args: Sequence[Operand], kwargs: Keywords
    ) -> Any:
        if not all(issubclass(t, (Recorded, np.ndarray)) for t in types):
            return NotImplemented
        if self.trace.is_writing and func in NOTED:
            return NOTED[func](self.trace, *args, **kwargs)
        return called_back(self.trace, func, args, kwargs)

    def __array__(self, dtype: DType = None, copy: bool | None = None) -> HostArray:
        self._read("numpy.asarray reads values")
        return np.array(self._array, dtype=dtype, copy=copy)

    # ---------------------------------------------------------------------------- attributes

    shape = property(lambda self: self._array.shape)
    ndim = property(lambda self: self._array.ndim)
    size = property(lambda self: self._array.size)
    dtype = property(lambda self: self._array.dtype)
    strides = property(lambda self: self._array.strides)
    itemsize = property(lambda self: self._array.itemsize)
    nbytes = property(lambda self: self._array.nbytes)
    flags = property(lambda self: self._array.flags)
    T = property(lambda self: np.transpose(self))
    real = property(lambda self: np.real(self) if self.dtype.kind == "c" else self)
    imag = property(lambda self: np.imag(self))

    # ------------------------------------------------------------------------------- methods

    def reshape(self, *shape: int | Shape, order: str = "C") -> Recorded:
        lengths = shape[0] if len(shape) == 1 else shape
        return _np.reshape(self, lengths, order=order)

    def transpose(self, *axes: int | Shape | None) -> Recorded:
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
        return _np.transpose(self, order)

    def swapaxes(self, axis1: int, axis2: int) -> Recorded:
        return _np.swapaxes(self, axis1, axis2)

    def sum(self, axis: Axis = None, dtype: DType = None, keepdims: bool = False) -> Recorded:
        return _np.sum(self, axis=axis, dtype=dtype, keepdims=keepdims)

    def astype(self, dtype: DType, **kwargs: Operand) -> Recorded:
        return NOTED[np.ndarray.astype](self.trace, self, dtype, **kwargs)

    def copy(self, order: str = "C") -> Recorded:
        return _np.copy(self, order=order)

    def flatten(self, order: str = "C") -> Recorded:
        return _np.copy(self).reshape(-1, order=order)

    def __getattr__(self, name: str) -> Any:
        """The methods of an ndarray that NumPy has as functions too: ``x.max(axis=0)``."""
        function = getattr(np, name, None)
        if name.startswith("_") or not callable(getattr(np.ndarray, name, None)) or not function:
            raise AttributeError(f"a recorded array has no attribute {name!r}")

        def method(*args: Operand, **kwargs: Operand) -> Any:
            return function(self, *args, **kwargs)

        return method

    def __pow__(self, other: Operand) -> Any:
        number = type(other) in (int, float) and self.dtype.kind in "fc"
        if number and self.scalar and self.dtype == float:
            # A scalar's power is C's, which rounds otherwise than the square of an array.
            return _python_power(self.trace, self, other, weak=False)
        if number and not self.weak and other in _FAST_POWERS:
            return _FAST_POWERS[other](self)
        return np.power(self, other)

    __iadd__, __isub__ = _assigning(np.add), _assigning(np.subtract)
    __imul__, __itruediv__ = _assigning(np.multiply), _assigning(np.divide)
    __ifloordiv__, __imod__ = _assigning(np.floor_divide), _assigning(np.remainder)
    __ipow__, __imatmul__ = _assigning(np.power), _assigning(np.matmul)
    __iand__, __ior__ = _assigning(np.bitwise_and), _assigning(np.bitwise_or)
    __ixor__ = _assigning(np.bitwise_xor)

    def __len__(self) -> int:
        return len(self._array)

    def __iter__(self) -> Iterator[Recorded]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Index) -> Any:
        return NOTED[np.ndarray.__getitem__](self.trace, self, index)

    def __setitem__(self, index: Index, value: Operand) -> None:
        NOTED[np.ndarray.__setitem__](self.trace, self, index, value)

    def __repr__(self) -> str:
        return f"Recorded({self._array!r})"

    # ---------------------------------------------------- where the attempt ends: a value is read

    def _read(self, what: str) -> None:
        if self.slot is not None:
            self.trace.fail(what)

    def item(self, *place: int) -> Any:
        self._read("item() reads a value")
        return self._array.item(*place)

    def tolist(self) -> Any:
        self._read("tolist() reads values")
        return self._array.tolist()

    def __bool__(self) -> bool:
        self._read("a branch asks for the truth of a value")
        return bool(self._array)

    def __float__(self) -> float:
        self._read("float() reads a value")
        return float(self._array)

    def __int__(self) -> int:
        self._read("int() reads a value")
        return int(self._array)

    def __complex__(self) -> complex:
        self._read("complex() reads a value")
        return complex(self._array)

    def __index__(self) -> int:
        self._read("a value is used as a Python index")
        return self._array.__index__()

    def __format__(self, spec: str) -> str:
        self._read("a value is printed")
        return format(self._array if self.ndim else self._array.item(), spec)

    # ------------------------------------------------ what the engine and the rules ask, by name

    def as_array(self) -> Recorded:
        """The same as an array, where it stands for one of NumPy's scalars."""
        return Recorded(self._array, self.slot, self.trace, self.weak, self.memory)

    def as_number(self) -> Any:
        """The one element as a number of Python's that is recorded."""
        kind = _PYTHON[self.dtype.kind]
        if not self.trace.is_writing or self.slot is None:
            return kind(self._array.item())
        wide = np.dtype(kind)
        array = self._array.reshape(())
        slot = self.reshape(()).source if self.ndim else self.source
        return Recorded(array.astype(wide), self.trace.cast(slot, array, wide), self.trace, True)

    def holds(self) -> bool:
        """The truth of a condition, which every run must find again (else it goes on eagerly)."""
        truth = bool(self._array)
        if self.trace.is_writing and self.slot is not None:
            self.trace.write("guard", None, (self.slot,), (), truth)
        return truth

    def power_of(self, base: float) -> Any:
        """``base ** self`` by C's pow, as Python's numbers have it."""
        return _python_power(self.trace, base, self)

    # ---------------------------------------------------------------------- from host, and to it

    @staticmethod
    def from_host(array: HostArray, like: Recorded) -> HostArray:
        """A constant beside recorded arrays is itself."""
        return array

    def to_host(self) -> HostArray:
        """The values, which ends the attempt: what is computed from them is not known."""
        self._read("values are read")
        return self._array

    __hash__ = object.__hash__


backend.register_array_type(Recorded, Recorded.from_host, Recorded.to_host)
backend.RECORDED_TYPES.add(Recorded)


def concrete(value: Operand) -> Any:
    """What a recorded value stands for; anything else as it is."""
    return value.values if type(value) is Recorded else value


def recorded_function(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: the function below notes these NumPy functions; it gets the trace ahead."""

    def register(rule: Callable[..., Any]) -> Callable[..., Any]:
        NOTED.update(dict.fromkeys(functions, rule))
        return rule

    return register


def _is_higher(value: Operand) -> bool:
    """Whether another interpreter has to answer."""
    cls = type(value)
    known = cls is Recorded or cls in backend.SCALAR_TYPES
    return not (known or isinstance(value, (np.ndarray, list, tuple)))


def _into_out(
    trace: Trace, ufunc: np.ufunc, method: str, inputs: Sequence[Operand], kwargs: Keywords
) -> Any:
    """A ufunc called with ``out=``: carried out, and then assigned."""
    others = {key: value for key, value in kwargs.items() if key != "out"}
    places = kwargs["out"]
    if not all(type(place) is Recorded for place in places):
        trace.fail("out= writes into an array that is not one of the step's own")
        places = [concrete(place) for place in places]
    result = getattr(ufunc, method)(*inputs, **others)
    for place, array in zip(places, result if len(places) > 1 else (result,), strict=True):
        place[...] = concrete(array) if type(place) is np.ndarray else array
    return tuple(places) if len(places) > 1 else places[0]


def _asked_dtype(value: Operand, array: HostArray) -> Any:
    """What ``loop_dtypes`` is asked with for an source_of."""
    python = type(value) if type(value) in (int, float, complex) else None
    if type(value) is Recorded and value.weak:
        python = _PYTHON[array.dtype.kind]
    return array.dtype if python in (None, bool) else python


def source_of(value: Operand) -> tuple[Source, Raw]:
    """What a call reads of an source_of, and its values."""
    if type(value) is Recorded:
        return value.source, value._array
    array = np.asarray(value)
    return array, array


def noted(
    trace: Trace,
    kind: str,
    function: Any,
    inputs: Sequence[Source],
    array: Raw,
    extra: Any = None,
    weak: bool = False,
) -> Recorded:
    """The recorded result ``array`` of a call that is written down."""
    (slot,) = trace.write(kind, function, inputs, [array], extra)
    return Recorded(array, slot, trace, weak)


def is_weak(value: Operand) -> bool:
    """Whether a value is a number of Python's, recorded or not."""
    return value.weak if type(value) is Recorded else type(value) in (bool, int, float, complex)


def wrapped(array: Operand, slot: Slot | None, trace: Trace, weak: bool = False) -> Recorded:
    """The recorded array of a result that NumPy may have given as a scalar."""
    made = Recorded(np.asarray(array), slot, trace, weak)
    made.scalar = isinstance(array, np.generic) and not weak
    return made


def apply_ufunc(trace: Trace, ufunc: np.ufunc, inputs: Sequence[Operand]) -> Any:
    """A ufunc called with recorded operands: carried out, and noted."""
    weak = all(map(is_weak, inputs))
    raw = [concrete(x) for x in inputs]
    if weak and ufunc is np.power:
        return _python_power(trace, *inputs)
    result = ufunc(*raw)
    results = result if ufunc.nout > 1 else (result,)
    if not trace.is_writing:
        plain = [y.item() for y in results] if weak else results
        return tuple(plain) if ufunc.nout > 1 else plain[0]
    slots = _slots_of(trace, ufunc, inputs, results, weak)
    made = [wrapped(*pair, trace, weak) for pair in zip(results, slots, strict=True)]
    return tuple(made) if ufunc.nout > 1 else made[0]


def _slots_of(
    trace: Trace, ufunc: np.ufunc, inputs: Sequence[Operand], results: Sequence[Any], weak: bool
) -> Sequence[Slot | None]:
    """The slots of a ufunc's results, whose call is written down unless it changes nothing."""
    pairs = [source_of(x) for x in inputs]
    if not any(type(source) is Slot for source, _ in pairs):
        return [None] * len(results)
    if ufunc is np.multiply:
        same = _times_one(pairs, results[0])
        if same is not None:
            return [same]
    if weak:
        asked = tuple(array.dtype for _, array in pairs)
    else:
        asked = tuple(_asked_dtype(x, array) for x, (_, array) in zip(inputs, pairs, strict=True))
    loop = loop_dtypes(ufunc, asked)
    sources = [trace.cast(*pair, dtype) for pair, dtype in zip(pairs, loop, strict=False)]
    return trace.write("ufunc", ufunc, sources, [np.asarray(y) for y in results])


def _times_one(pairs: Sequence[tuple[Source, HostArray]], result: Any) -> Slot | None:
    """The factor that a product is equal to, bit for bit, where the other one is all ones.

    Only of ones that nobody can write to: those that a cotangent begins with.
    """
    for (source, array), (other, ones) in (pairs, reversed(pairs)):
        if (
            type(source) is Slot
            and type(other) is not Slot
            and not ones.flags.writeable
            and array.shape == np.shape(result)
            and array.dtype == ones.dtype == result.dtype
            and array.strides == getattr(result, "strides", ())
            and (ones == 1).all()
        ):
            return source
    return None


def _python_power(trace: Trace, base: Operand, exponent: Operand, weak: bool = True) -> Any:
    """One number to the power of another, as Python and NumPy's scalars compute it."""
    value = concrete(base) ** concrete(exponent)
    if not trace.is_writing or isinstance(value, complex):
        return value
    wide = np.dtype(float)
    sources = [trace.cast(*source_of(x), wide) for x in (base, exponent)]
    array = np.asarray(float(value))
    return noted(trace, "power", None, sources, array, weak=weak)


# ------------------------------------------------------------------- calls that are called back


class Hole:
    """Where an input of a call belongs among its arguments."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hole) and other.number == self.number

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"v[{self.number}]"


def with_arrays(tree: Any, arrays: Sequence[Any]) -> Any:
    """Arguments with arrays in place of the holes."""
    if isinstance(tree, Hole):
        return arrays[tree.number]
    if isinstance(tree, dict):
        return {key: with_arrays(value, arrays) for key, value in tree.items()}
    if isinstance(tree, (tuple, list)):
        parts = [with_arrays(part, arrays) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    return tree


def hollowed(tree: Any, found: list[Recorded]) -> Any:
    """Arguments with holes in place of the recorded arrays, which are added to ``found``."""
    if type(tree) is Recorded:
        found.append(tree)
        return Hole(len(found) - 1)
    if isinstance(tree, dict):
        return {key: hollowed(value, found) for key, value in tree.items()}
    if type(tree) in (tuple, list):
        return type(tree)(hollowed(part, found) for part in tree)
    return tree


# Their answers depend on shapes and dtypes alone.
_OF_FORMS = {
    np.shape, np.ndim, np.size, np.iscomplexobj, np.isrealobj, np.common_type, np.result_type,
    np.min_scalar_type, np.can_cast, np.diag_indices_from, np.tril_indices_from,
    np.triu_indices_from, np.einsum_path, np.may_share_memory, np.shares_memory,
}  # fmt: skip
# The shapes of their results depend on values.
_OF_UNKNOWN_SHAPE = {
    np.nonzero, np.argwhere, np.flatnonzero, np.unique, np.compress, np.extract, np.trim_zeros,
    np.union1d, np.intersect1d, np.setdiff1d, np.setxor1d,
}  # fmt: skip


def called_back(trace: Trace, function: Any, args: Sequence[Operand], kwargs: Keywords) -> Any:
    """Any NumPy function: its call is repeated in Python by every run.

    What only looks at the same memory in another way is a view, and costs a run nothing.
    """
    found: list[Recorded] = []
    hollow = hollowed(tuple(args), found), hollowed(dict(kwargs), found)
    raw = [x.values for x in found]
    result = function(*with_arrays(hollow[0], raw), **with_arrays(hollow[1], raw))
    if not trace.is_writing or not found or function in _OF_FORMS:
        return result
    results = result if isinstance(result, (tuple, list)) else (result,)
    name = getattr(function, "__name__", str(function))
    if not all(isinstance(y, (np.ndarray, np.generic)) for y in results):
        trace.fail(f"{name} reads values")
        return result
    if function in _OF_UNKNOWN_SHAPE and any(x.slot is not None for x in found):
        trace.fail(f"the shape of what {name} returns depends on values")
        return result
    alone = type(result) is np.ndarray and len(found) == 1
    if alone and np.may_share_memory(result, found[0]._array):
        return view_of(found[0], result, _Viewed(function, hollow))
    slots: Sequence[Slot | None] = [None] * len(results)
    if any(x.slot is not None for x in found):
        sources = [x.source for x in found]
        slots = trace.write("python", function, sources, [np.asarray(y) for y in results], hollow)
    made = [wrapped(*pair, trace) for pair in zip(results, slots, strict=True)]
    if not isinstance(result, (tuple, list)):
        return made[0]
    return type(result)(*made) if hasattr(result, "_fields") else type(result)(made)


class _Viewed:
    """A view by any NumPy function; equal to one by the same function and arguments."""

    __slots__ = ("function", "hollow")

    def __init__(self, function: Any, hollow: Any) -> None:
        self.function, self.hollow = function, hollow

    def __call__(self, array: HostArray) -> HostArray:
        args, kwargs = self.hollow
        return self.function(*with_arrays(args, [array]), **with_arrays(kwargs, [array]))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Viewed) or other.function is not self.function:
            return False
        return repr(other.hollow) == repr(self.hollow)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        args, kwargs = self.hollow
        given = [*map(repr, args), *(f"{key}={value!r}" for key, value in kwargs.items())]
        return f"{full_name(self.function)}({', '.join(given)})"


def view_of(x: Recorded, array: HostArray, function: Callable[[HostArray], HostArray]) -> Recorded:
    """``array``, which is ``function`` of the array of ``x`` and shares its memory."""
    slot = None
    if x.slot is not None:
        (slot,) = x.trace.write("view", function, (x.source,), [array])
    made = Recorded(array, slot, x.trace, memory=x.memory)
    made.taken = x, function
    return made
