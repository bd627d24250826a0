"""NumPy's functions on recorded arrays: those that a run repeats by a loop, a copy or a view.

All others are called back in Python (``recorded.called_back``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from weakref import ref

import numpy as np

from playground.graph.types import Axis, DType, HostArray, Index, Operand
from playground.interpreters.recording.recorded import (
    Recorded,
    called_back,
    concrete,
    is_weak,
    noted,
    recorded_function,
    source_of,
    view_of,
    wrapped,
)
from playground.interpreters.recording.trace import Slot, Trace

__all__: list[str] = []

# ------------------------------------------------------------------------------------- reductions

_REDUCTIONS: dict[Any, np.ufunc] = {
    np.sum: np.add,
    np.prod: np.multiply,
    np.max: np.maximum,
    np.min: np.minimum,
    np.any: np.logical_or,
    np.all: np.logical_and,
}


def _note_reductions(function: Any, ufunc: np.ufunc) -> None:
    @recorded_function(function)
    def reduce(
        trace: Trace, a: Recorded, axis: Axis = None, dtype: DType = None, out: None = None,
        keepdims: Any = False, **others: Operand,
    ) -> Any:  # fmt: skip
        keepdims = keepdims is not np._NoValue and bool(keepdims)
        others = {key: value for key, value in others.items() if value is not np._NoValue}
        kind = {} if dtype is None else {"dtype": dtype}
        if others or out is not None or type(a) is not Recorded or type(axis) is Recorded:
            return called_back(trace, function, (a, axis), {**kind, "keepdims": keepdims, **others})
        given = function(a._array, axis=axis, keepdims=keepdims, **kind)
        result = np.asarray(given)
        if a.slot is None:
            return wrapped(given, None, trace)
        source = trace.cast(a.source, a._array, result.dtype)
        if ufunc in (np.logical_or, np.logical_and):
            source = trace.cast(a.source, a._array, np.dtype(bool))
        axes = tuple(axis) if isinstance(axis, list) else axis
        extra = {"axis": axes, "keepdims": keepdims}
        (slot,) = trace.write("reduce", ufunc, (source,), [result], extra)
        return wrapped(given, slot, trace)


for _function, _ufunc in _REDUCTIONS.items():
    _note_reductions(_function, _ufunc)


@recorded_function(np.vdot)
def note_vdot(trace: Trace, a: Operand, b: Operand) -> Any:
    """The product of all entries, summed as BLAS does."""
    (left, x), (right, y) = source_of(a), source_of(b)
    result = np.asarray(np.vdot(x, y))
    usual = x.dtype == y.dtype == result.dtype and result.dtype.kind == "f"
    if not usual or not any(type(source) is Slot for source in (left, right)):
        return called_back(trace, np.vdot, (a, b), {})
    return noted(trace, "dot", None, (left, right), result)


@recorded_function(np.dot)
def note_dot(trace: Trace, a: Operand, b: Operand, out: None = None) -> Any:
    """By matmul's loop, where that gives the same bits."""
    (left, x), (right, y) = source_of(a), source_of(b)
    result = np.asarray(np.dot(x, y))
    usual = out is None and x.dtype == y.dtype and 0 < x.ndim <= 2 and 0 < y.ndim <= 2
    usual = usual and any(type(source) is Slot for source in (left, right))
    if usual and _equal_bits(np.matmul(x, y), result):
        return noted(trace, "ufunc", np.matmul, (left, right), result)
    return called_back(trace, np.dot, (a, b), {})


# ------------------------------------------------------------------------------ choosing, copying


@recorded_function(np.where)
def note_where(trace: Trace, condition: Operand, *branches: Operand) -> Any:
    if len(branches) != 2:
        return called_back(trace, np.where, (condition, *branches), {})
    result = np.asarray(np.where(concrete(condition), *map(concrete, branches)))
    pairs = [source_of(x) for x in (condition, *branches)]
    weak = all(map(is_weak, branches)) and not pairs[0][1].ndim
    if not any(type(source) is Slot for source, _ in pairs):
        return Recorded(result, None, trace, weak)
    kinds = np.dtype(bool), result.dtype, result.dtype
    sources = [trace.cast(*pair, kind) for pair, kind in zip(pairs, kinds, strict=True)]
    return noted(trace, "where", None, sources, result, weak=weak)


@recorded_function(np.ndarray.astype)
def note_cast(trace: Trace, x: Recorded, dtype: DType, copy: bool = True, **others: Operand) -> Any:
    array = x._array.astype(dtype, copy=copy, **others)
    if not trace.is_writing:
        return array
    if x.slot is None or array is x._array:
        return wrapped(array, x.slot, trace)
    return noted(trace, "assign", None, (x.source,), array)


@recorded_function(np.copy)
def note_copy(trace: Trace, a: Recorded, order: str = "C", subok: bool = False) -> Recorded:
    array = a._array.copy(order)
    if a.slot is None:
        return Recorded(array, None, trace)
    return noted(trace, "assign", None, (a.source,), array)


@recorded_function(np.concatenate)
def note_joined(trace: Trace, arrays: Sequence[Operand], axis: Axis = 0, **others: Operand) -> Any:
    """Each array assigned to its part of the result."""
    raw = [np.asarray(concrete(x)) for x in arrays]
    if others or axis is None or not isinstance(axis, int):
        return called_back(trace, np.concatenate, (arrays, axis), others)
    result = np.concatenate(raw, axis=axis)
    sources = [source_of(x)[0] for x in arrays]
    if not any(type(source) is Slot for source in sources):
        return Recorded(result, None, trace)
    extra = axis % result.ndim
    return noted(trace, "concatenate", None, sources, result, extra)


# --------------------------------------------------------------------------------- made from shapes


def _constant(function: Any) -> None:
    """What depends on the shape and dtype alone is the same in every run."""

    @recorded_function(function)
    def make(trace: Trace, *args: Operand, **kwargs: Operand) -> Any:
        raw = [concrete(x) for x in args]
        array = function(*raw, **kwargs)
        # Ones are never written to by what asks for them: as a plain array they are folded.
        return array if function is np.ones_like else Recorded(array, None, trace)


for _function in (np.zeros_like, np.ones_like, np.empty_like):
    _constant(_function)


def _maker(function: Any) -> None:
    """A function that makes an array, called with ``like=`` a recorded one."""

    @recorded_function(function)
    def make(trace: Trace, *args: Operand, **kwargs: Operand) -> Any:
        if any(type(x) is Recorded for x in (*args, *kwargs.values())):
            return called_back(trace, function, args, kwargs)
        return Recorded(function(*args, **kwargs), None, trace)


for _function in (np.zeros, np.empty, np.ones, np.full, np.eye, np.arange, np.identity, np.tri):
    _maker(_function)


# ----------------------------------------------------------------------------------- other shapes


class Look:
    """``function(array, *args, **kwargs)``; equal to another one by what it is made of."""

    __slots__ = ("args", "function", "kwargs")

    def __init__(self, function: Any, *args: Any, **kwargs: Any) -> None:
        self.function, self.args, self.kwargs = function, args, kwargs

    def __call__(self, array: HostArray) -> HostArray:
        return self.function(array, *self.args, **self.kwargs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Look) and repr(self) == repr(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        if self.function is np.ndarray.__getitem__:
            return f"[{self.args[0]!r}]"
        given = [*map(repr, self.args), *(f"{key}={x!r}" for key, x in self.kwargs.items())]
        return f".{self.function.__name__}({', '.join(given)})"


@recorded_function(np.reshape)
def note_reshape(trace: Trace, a: Recorded, *shape: Any, order: str = "C", **others: Any) -> Any:
    (lengths,) = shape or (others.pop("shape", others.pop("newshape", None)),)
    array = a._array.reshape(lengths, order=order)
    if not np.may_share_memory(array, a._array) and array.size:
        a = note_copy(trace, a, order)
        array = a._array.reshape(lengths, order=order)
    return view_of(a, array, Look(np.ndarray.reshape, array.shape, order=order))


def _views(function: Any) -> None:
    @recorded_function(function)
    def look(trace: Trace, a: Operand, *args: Operand, **kwargs: Operand) -> Any:
        if type(a) is not Recorded or any(type(x) is Recorded for x in args):
            return called_back(trace, function, (a, *args), kwargs)
        return view_of(a, function(a._array, *args, **kwargs), Look(function, *args, **kwargs))


for _function in (
    np.transpose, np.swapaxes, np.moveaxis, np.expand_dims, np.squeeze, np.broadcast_to,
):  # fmt: skip
    _views(_function)


def _is_plain(index: Index) -> bool:
    """Whether an index gives a view: numbers, slices, None and an Ellipsis."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None or part is Ellipsis or type(part) is slice
        or (isinstance(part, (int, np.integer)) and not isinstance(part, bool))
        for part in parts
    )  # fmt: skip


def _has_recorded(index: Index) -> bool:
    parts = index if isinstance(index, (tuple, list)) else (index,)
    return any(type(part) is Recorded for part in parts)


def _indexed(array: HostArray, index: Index) -> HostArray:
    return array[index]


@recorded_function(np.ndarray.__getitem__)
def note_reading(trace: Trace, x: Recorded, index: Index) -> Any:
    if _has_recorded(index):
        masks = [i for i in (index if isinstance(index, tuple) else (index,)) if _is_mask(i)]
        if masks:
            trace.fail("a mask that depends on values chooses how many elements there are")
        return called_back(trace, _indexed, (x, index), {})
    array = x._array[index]
    if not trace.is_writing:
        return array
    if _is_plain(index):
        whole = _with_ellipsis(index)
        part = view_of(x, x._array[whole], Look(np.ndarray.__getitem__, whole))
        part.scalar = isinstance(array, np.generic)
        return part
    if x.slot is None:
        return wrapped(array, None, trace)
    array = np.asarray(array)
    return noted(trace, "take", None, (x.source,), array, index)


def _with_ellipsis(index: Index) -> tuple[Any, ...]:
    """An index that gives views alone: an Ellipsis makes one of what would be a scalar, a copy."""
    parts = index if isinstance(index, tuple) else (index,)
    return parts if any(part is Ellipsis for part in parts) else (*parts, Ellipsis)


def _is_mask(part: Index) -> bool:
    return type(part) is Recorded and part.dtype.kind == "b"


def _rewritten(array: HostArray, index: Index, value: Operand) -> HostArray:
    array = array.copy()
    array[index] = value
    return array


@recorded_function(np.ndarray.__setitem__)
def note_writing(trace: Trace, x: Recorded, index: Index, value: Operand) -> None:
    """``x[index] = value``, which changes the memory: ``x`` is another value from here on."""
    if trace.is_writing:
        _note_written(trace, x, index, value)
    x._array[_unrecorded(index)] = concrete(value)


def _note_written(trace: Trace, x: Recorded, index: Index, value: Operand) -> None:
    memory = x.memory
    owner, place, part = memory.part or (_nobody, None, _nobody)
    # x[i] += y takes a view, writes to it, and then assigns it to where it was taken from.
    if owner() is x and part() is value and repr(place) == repr(_with_ellipsis(index)):
        return
    x.slot = _slot_after(trace, x, index, value)
    memory.version += 1
    memory.part = None
    if x.taken is not None and isinstance(x.taken[1], Look):
        memory.part = ref(x.taken[0]), x.taken[1].args[0], ref(x)
    _write_behind(trace, x)


def _nobody() -> None:
    return None


def _slot_after(trace: Trace, x: Recorded, index: Index, value: Operand) -> Slot | None:
    """What ``x`` is when a value has been assigned to a part of it."""
    if _has_recorded(index):
        made = called_back(trace, _rewritten, (x, index, value), {})
        return made.slot if type(made) is Recorded else None
    if type(value) is not Recorded and x.slot is None:
        return None
    before, source = x.source, trace.cast(*source_of(value), x.dtype)
    whole = index is Ellipsis and type(source) is Slot
    if whole and source.form == (x.shape, x.dtype, x.strides):
        return source
    return trace.write("put", None, (before, source), [x._array], index)[0]


def _write_behind(trace: Trace, x: Recorded) -> None:
    """What ``x`` is a view of has changed with it; other views of that are lost."""
    x.version = x.memory.version
    while x.taken is not None:
        owner, function = x.taken
        if x.slot is not None or owner.slot is not None:
            # Where the elements lie, whatever view it is.
            places = np.arange(owner.size).reshape(owner.shape)
            index = np.unravel_index(function(places), owner.shape)
            owner.version = owner.memory.version  # it is current but for this
            sources = owner.source, x.source
            (owner.slot,) = trace.write("put", None, sources, [owner._array], index)
        owner.version = owner.memory.version
        x = owner


def _unrecorded(index: Index) -> Index:
    if isinstance(index, tuple):
        return tuple(map(concrete, index))
    return concrete(index)


# --------------------------------------------------------------------------------- linear algebra


def _lapack(function: Any, loops: Callable[[Any, Any], Any]) -> None:
    """A function of numpy.linalg by the loop it calls, where that gives the same bits."""

    @recorded_function(function)
    def compute(trace: Trace, *args: Operand, **kwargs: Operand) -> Any:
        result = function(*map(concrete, args), **kwargs)
        name = loops(args, kwargs)
        ufunc = getattr(_umath_linalg(), name, None) if name else None
        if ufunc is None or not _in_double(args):
            return called_back(trace, function, args, kwargs)
        pairs = [source_of(x) for x in args]
        with np.errstate(all="ignore"):
            again = ufunc(*(array for _, array in pairs))
        results = result if isinstance(result, tuple) else (result,)
        others = again if isinstance(again, tuple) else (again,)
        if not all(_equal_bits(*pair) for pair in zip(results, others, strict=True)):
            return called_back(trace, function, args, kwargs)
        sources = [source for source, _ in pairs]
        arrays = [np.asarray(y) for y in results]
        slots = trace.write("ufunc", ufunc, sources, arrays, {"checked": True})
        made = [Recorded(*pair, trace) for pair in zip(arrays, slots, strict=True)]
        return type(result)(*made) if isinstance(result, tuple) else made[0]


def _umath_linalg() -> Any:
    # NumPy's private module: what is not there is called back instead.
    return getattr(np.linalg, "_umath_linalg", None)


def _in_double(args: Sequence[Operand]) -> bool:
    """Whether all operands are of the one dtype that LAPACK is called with, and not empty."""
    return all(type(x) in (Recorded, np.ndarray) and x.dtype == np.float64 and x.size for x in args)


def _equal_bits(a: Operand, b: Operand) -> bool:
    x, y = np.asarray(a), np.asarray(b)
    return x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes()


def _loop_of_triangle(args: Sequence[Operand], kwargs: Any, name: str) -> str:
    uplo = kwargs.get("UPLO", "L")
    return f"{name}_{str(uplo).lower()}o" if len(args) == 1 and set(kwargs) <= {"UPLO"} else ""


def _plain_call(name: str, count: int, args: Sequence[Operand], kwargs: Any) -> str:
    return name if len(args) == count and not kwargs else ""


def _solving(args: Sequence[Operand], kwargs: Any) -> str:
    return "solve1" if len(args) == 2 and getattr(args[1], "ndim", 0) == 1 else "solve"


_lapack(np.linalg.inv, partial(_plain_call, "inv", 1))
_lapack(np.linalg.det, partial(_plain_call, "det", 1))
_lapack(np.linalg.slogdet, partial(_plain_call, "slogdet", 1))
_lapack(np.linalg.cholesky, partial(_plain_call, "cholesky_lo", 1))
_lapack(np.linalg.eigh, partial(_loop_of_triangle, name="eigh"))
_lapack(np.linalg.eigvalsh, partial(_loop_of_triangle, name="eigvalsh"))
_lapack(np.linalg.solve, _solving)
