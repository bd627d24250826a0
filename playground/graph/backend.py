"""Devices and array types: parse ``--device``, move arrays, synchronise. The one home of cupy."""

from __future__ import annotations

import math
import numbers
import os
import re
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import numpy as np

from playground.graph.errors import DeviceError, InvalidType, OperandError, nearest
from playground.graph.types import Index, Operand, Raw

# A host constant up to this many bytes follows a device operand by itself; a larger one is a
# transfer that the user should see in their own code.
SMALL_CONSTANT = 1 << 16


class ArrayType(NamedTuple):
    """How arrays of one type come from and go to the host."""

    from_host: Callable[[np.ndarray, Any], Any]
    to_host: Callable[[Any], np.ndarray]


def _identity(array: Raw, like: Raw = None) -> Any:
    return array


# A new array type (lanes, symbols, a device) is an entry here; no other module asks for classes.
_TYPES: dict[type, ArrayType] = {np.ndarray: ArrayType(_identity, _identity)}
# The types themselves, as a set: membership is what the hot path asks.
ARRAY_TYPES: set[type] = {np.ndarray}
# Those of them that note what is computed; empty until the first recording. Asked by type: hasattr
# of lanes goes through a method in Python, and every backward pass would pay for it.
RECORDED_TYPES: set[type] = set()
SCALARS = (bool, int, float, complex)
# Asked by exact type: one look-up, where isinstance would try a dozen classes.
SCALAR_TYPES: frozenset[type] = frozenset({*SCALARS, *np.sctypeDict.values()})


def register_array_type(
    cls: type,
    from_host: Callable[[np.ndarray, Any], Any],
    to_host: Callable[[Any], np.ndarray],
) -> None:
    """Let Variables hold arrays of type ``cls``.

    ``from_host(array, like)`` moves a host array to where ``like`` is; ``to_host(array)`` returns
    a ``numpy.ndarray``.
    """
    _TYPES[cls] = ArrayType(from_host, to_host)
    ARRAY_TYPES.add(cls)


def unregister_array_type(cls: type) -> None:
    """Forget an array type again."""
    _TYPES.pop(cls, None)
    ARRAY_TYPES.discard(cls)


def _array_type(cls: type) -> ArrayType | None:
    # A user's subclass is held as what it derives from.
    for base in cls.__mro__:
        if base in _TYPES:
            return _TYPES[base]
    return None


def is_array(value: Operand) -> bool:
    """Whether ``value`` is of a registered array type (or a subclass of one)."""
    return type(value) in ARRAY_TYPES or _array_type(type(value)) is not None


def as_array(value: Operand) -> Any:
    """``value`` as something a Variable can hold: a NumPy scalar becomes a 0-d array.

    An array of foreign byte order is copied to the machine's, which the results of NumPy's own
    functions have. Raises OperandError, a TypeError, for anything that is no array of a registered
    type.
    """
    if type(value) is np.ndarray and value.dtype.isnative:
        return value
    if isinstance(value, np.generic):
        return np.asarray(value)
    if is_recorded(value):
        return value.as_array()
    if isinstance(value, np.ndarray) and type(value) not in ARRAY_TYPES:
        value = plain_array(value, "Variable")
    if is_array(value):
        dtype = value.dtype
        return value if dtype.isnative else value.astype(dtype.newbyteorder("="))
    cure = "float(value)" if isinstance(value, numbers.Number) else "numpy.asarray(value)"
    if hasattr(value, "to_numpy"):
        cure = "value.to_numpy()"
    raise OperandError(
        f"an array is expected (numpy.ndarray or a registered device array), got "
        f"{type(value).__name__}: convert it first, for example with {cure}"
    )


# What an array of such a kind of dtype holds in place of numbers.
_NO_NUMBERS = {
    "O": "Python objects",
    "U": "text",
    "S": "bytes",
    "T": "text",
    "M": "dates",
    "m": "spans of time",
    "V": "records",
}


def check_numbers(array: Raw, operation: str) -> None:
    """Raise InvalidType, in the name of an operation, for an array of anything but numbers."""
    found = _NO_NUMBERS.get(array.dtype.kind)
    if found is not None:
        advice = "Choose a field, for example a['x']." if found == "records" else ""
        raise InvalidType(
            operation,
            "an array of numbers",
            f"{found} (dtype {array.dtype})",
            advice or "Convert it to numbers first, for example with a.astype(float).",
        )


def plain_array(array: np.ndarray, operation: str) -> np.ndarray:
    """A numpy.ndarray itself of an instance of a subclass, where that means the same.

    Raises InvalidType where the subclass gives the numbers another meaning, which would be lost.
    """
    cls = type(array)
    actual = advice = ""
    if isinstance(array, np.ma.MaskedArray):
        masked = int(np.count_nonzero(np.ma.getmaskarray(array)))
        if masked:
            actual = f"a numpy.ma.MaskedArray with {masked} masked element(s)"
            advice = (
                "A gradient knows no mask: say what is meant there with a.filled(value), or choose "
                "with numpy.where(a.mask, …, …)."
            )
    elif isinstance(array, np.matrix):
        actual = "a numpy.matrix, whose * is the matrix product"
        advice = "Make an array of it, numpy.asarray(m), and write @ for the product."
    elif cls.__array_ufunc__ is not np.ndarray.__array_ufunc__ or (
        cls.__array_function__ is not np.ndarray.__array_function__
    ):
        actual = f"a {cls.__module__}.{cls.__name__}, which computes by rules of its own"
        advice = "Take the numbers out of it first, for example with numpy.asarray(a)."
    if actual:
        raise InvalidType(operation, "an array of numbers", actual, advice)
    check_numbers(array, operation)
    # numpy.memmap, a recarray's field, a user's own class with further attributes.
    return np.asarray(array)


def is_masked(value: Operand) -> bool:
    """Whether a value is a masked array; numpy.ma, which takes time to load, is not for others."""
    subclass = isinstance(value, np.ndarray) and type(value) is not np.ndarray
    return subclass and isinstance(value, np.ma.MaskedArray)


def to_cpu(array: Raw) -> np.ndarray:
    """The values of ``array`` as a ``numpy.ndarray`` (the same object if it is one)."""
    kind = _array_type(type(array))
    if kind is None:
        return np.asarray(array)
    return kind.to_host(array)


def is_recorded(value: Operand) -> bool:
    """Whether a value is part of a recording, which notes what is computed from it."""
    return type(value) in RECORDED_TYPES


def as_number(array: Raw) -> Any:
    """The one element as a number of Python's, or in a recording as a recorded one.

    Raises ValueError where there are several.
    """
    return array.as_number() if is_recorded(array) else to_cpu(array).item()


def settled(array: Raw) -> Any:
    """What a recorded array, whose recording is over, stands for; anything else as it is."""
    return array.values if is_recorded(array) and array.trace.closed else array


def constant_like(value: Operand, like: Raw, operation: str) -> Any:
    """A constant operand, brought to the array type of ``like`` if it is a small host array."""
    if type(value) in ARRAY_TYPES:
        array = as_array(value)
    elif isinstance(value, (*SCALARS, list, tuple, range)):
        array = np.asarray(value)
    elif isinstance(value, np.ndarray):
        array = plain_array(value, operation)
    elif isinstance(value, numbers.Rational):  # fractions.Fraction
        array = np.asarray(float(value))
    else:
        array = as_array(value)
    if array.dtype.kind in _NO_NUMBERS:
        check_numbers(array, operation)
    # Lanes are no place: what counts is the array that they are in.
    like = base_of(like)
    if isinstance(like, np.ndarray) or not isinstance(array, np.ndarray):
        return array
    if array.nbytes > SMALL_CONSTANT:
        raise DeviceError(
            f"{operation}: expected operands on one device, got a NumPy array of "
            f"{array.nbytes:,} bytes beside a {type(like).__module__}.{type(like).__name__}: "
            f"move it once, before the loop, with device.put(array)"
        )
    return array_like(array, like)


def base_of(array: Raw) -> Any:
    """The array that decides on which device ``array`` is: itself, or what its lanes are in."""
    return getattr(array, "base_array", array)


def level_of(array: Operand) -> Any:
    """The newest level of lanes that an array has; None for one without lanes."""
    return getattr(array, "level", None)


def array_like(array: Raw, like: Raw) -> Any:
    """``array`` on the device, and of the type, of ``like``."""
    if type(array) is type(like):
        return array
    # What has lanes keeps them: only the array inside moves.
    if base_of(array) is not array:
        return array.with_array(array_like(array.array, base_of(like)))
    kind = _array_type(type(like))
    host = to_cpu(array)
    return host if kind is None else kind.from_host(host, like)


def place_of(array: Raw) -> Callable[[Any], Any]:
    """What moves an array to where this one is."""
    array = base_of(array)
    if isinstance(array, (np.ndarray, np.generic)):
        return to_cpu
    # By the module's name: to import cupy for the question would load it where none is in use.
    if type(array).__module__.partition(".")[0] == "cupy":
        return Device(array.device.id).put
    # An empty array on the same device, so that the answer does not keep this one alive.
    like = np.zeros(0, array.dtype, like=array)
    return lambda other: array_like(other, like)


# The seeds of scalar outputs, one a dtype: np.ones takes 40 times as long as the look-up. They are
# read-only, as any gradient may be.
SEEDS: dict[Any, np.ndarray] = {}
_ONES: dict[tuple[tuple[int, ...], Any], np.ndarray] = {}
_SMALL_SIZE = 1024


def repeated(value: Operand, shape: tuple[int, ...]) -> Any:
    """A 0-d array repeated to ``shape``.

    Small host arrays are multiplied out, in an eighth of the time of ``np.broadcast_to``, whose
    result also costs the next operation an iterator; large ones are views.
    """
    # The type is asked for first: a device array must not meet the ones of a host array before.
    if isinstance(value, (np.ndarray, np.generic)):
        ones = _ONES.get((shape, value.dtype))
        if ones is None and math.prod(shape) <= _SMALL_SIZE:
            # A loop over ever new shapes must not fill the memory; starting again costs little.
            if len(_ONES) > 256:
                _ONES.clear()
            ones = _ONES[shape, value.dtype] = np.ones(shape, value.dtype)
            ones.flags.writeable = False
        if ones is not None:
            return ones if value is SEEDS.get(value.dtype) else value * ones
    return np.broadcast_to(value, shape)


def copied(array: Raw, value: Operand, index: Index) -> Any:
    """A copy of ``array`` that ``copy[index] = value`` can be written to.

    Where the value or the index has lanes that the array has not, the copy gets them.
    """
    parts = [value, *index] if isinstance(index, tuple) else [value, index]
    lanes: set[Any] = set()
    while parts:
        part = parts.pop()
        level = level_of(part)
        if level is not None:
            lanes.add(level)
            parts.append(part.array)
    for level in sorted(lanes, key=lambda level: level.depth):
        # Through its axis and back: that is what gives every lane a value of its own.
        array = level.hide(level.show(array))
    return array.copy()


def has_zero(array: Raw) -> bool:
    """Whether any element is 0; asks the device, and so waits for it."""
    if is_recorded(array):
        return not everywhere(array)
    return not bool(to_cpu(array).all())


def place_where(condition: Raw) -> tuple[int, ...]:
    """The index, lanes first, of the first element for which a condition holds."""
    return tuple(int(i) for i in np.argwhere(to_cpu(base_of(condition)))[0])


def anywhere(condition: Raw) -> bool:
    """Whether a condition holds for some element, in some lane; waits for a device."""
    array = base_of(condition)
    if is_recorded(array):
        return (array != 0).any().holds()
    return bool(to_cpu(array).any())


def everywhere(condition: Raw) -> bool:
    """Whether a condition holds for all elements, in all lanes; waits for a device."""
    array = base_of(condition)
    if type(array) is np.ndarray:
        # A third of the time of all().
        return np.count_nonzero(array) == array.size
    if is_recorded(array):
        return (array != 0).all().holds()
    # One number comes from a device, not all.
    return int(to_cpu((array != 0).sum())) == array.size


def is_symbolic(array: Raw) -> bool:
    """Whether the elements, in lanes or not, are formulas: no point at which to ask for ties."""
    return hasattr(base_of(array), "elements")


def dense(array: Raw) -> Any:
    """``array``, copied if it repeats elements by a stride of 0: BLAS takes no such matrix."""
    return array.copy() if 0 in array.strides else array


def synchronize(array: Raw) -> None:
    """Wait until the device that holds ``array`` has finished its work."""
    if type(array).__module__.partition(".")[0] == "cupy":
        array.device.synchronize()


# ------------------------------------------------------------------------------------ devices


class Device(NamedTuple):
    """A place for arrays: ``cpu`` or the CUDA device ``number``.

    ``note`` says why ``auto`` chose this one, for the user to read.
    """

    number: int | None = None
    note: str | None = None

    @property
    def name(self) -> str:
        return "cpu" if self.number is None else f"cuda:{self.number}"

    @property
    def xp(self) -> Any:
        """The module whose arrays are here: ``numpy`` or ``cupy``."""
        return np if self.number is None else _cupy()

    def put(self, array: Raw) -> Any:
        """``array`` on this device (itself, if it is there already)."""
        if self.number is None:
            return to_cpu(array)
        if base_of(array) is not array:
            return array.with_array(self.put(array.array))
        with self.use():
            return _cupy().asarray(array)

    def use(self) -> AbstractContextManager[Any]:
        """Context manager that makes this the current device."""
        return nullcontext() if self.number is None else _cupy().cuda.Device(self.number)


OR_CPU = ", or use --device cpu"
# What others call them.
_OTHERS = {"host": "cpu", "numpy": "cpu", "cupy": "cuda", "nvidia": "cuda", "gpu": "cuda"}
_CUDA = re.compile(r"(?:cuda|gpu|@cupy)(?::(\d+))?|(\d+)")


def parse_device(spec: str | int) -> Device:
    """The device that ``spec`` names.

    Accepts ``cpu``, ``cuda``, ``cuda:1``, ``auto`` and Chainer's ``-1``, ``0``, ``@numpy``,
    ``@cupy:0``. Raises DeviceError, with the cure, when it is unknown or cannot be used.
    """
    text = str(spec).strip().lower()
    if text in ("cpu", "-1", "@numpy", "native"):
        return Device()
    if text == "auto":
        try:
            return _cuda(0)
        except DeviceError as error:
            why = str(error).removesuffix(OR_CPU)
            return Device(note=f"device auto: using the CPU ({why})")
    found = _CUDA.fullmatch(text)
    if found is None:
        close = nearest(text.rstrip("0123456789:"), ("cpu", "cuda", "auto"), _OTHERS)
        meant = f"did you mean {close!r}? It is one of" if close else "expected"
        raise DeviceError(
            f"unknown device {str(spec)!r}: {meant} cpu, cuda, cuda:N or auto "
            f"(or Chainer's -1, N, @numpy, @cupy:N)"
        )
    return _cuda(int(found.group(1) or found.group(2) or 0))


def _cuda(index: int) -> Device:
    cupy = _cupy()
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except Exception as error:  # the CUDA runtime raises classes of its own
        raise DeviceError(
            f"no usable CUDA device ({error}): check the driver with nvidia-smi{OR_CPU}"
        ) from error
    if index >= count:
        raise DeviceError(
            f"there is no device cuda:{index}: this machine has {count} CUDA device(s), "
            f"numbered from 0; use --device cpu if there is none"
        )
    return Device(index)


def has_driver() -> bool:
    """Whether a driver of NVIDIA's is installed."""
    # Asked only where CuPy is missing: not worth a place among the imports.
    import shutil
    from ctypes.util import find_library

    if os.path.exists("/proc/driver/nvidia") or shutil.which("nvidia-smi"):
        return True
    return bool(find_library("nvcuda" if sys.platform == "win32" else "cuda"))


def _cupy() -> Any:
    """The cupy module, with its array type registered."""
    try:
        import cupy
    except ImportError as error:
        if not has_driver():
            # Nobody is sent to a gigabyte of downloads that could not be used.
            raise DeviceError(
                f"CuPy is not installed, and there is no NVIDIA driver that it could use: choose a "
                f"machine with an NVIDIA GPU{OR_CPU}"
            ) from error
        raise DeviceError(
            "CuPy is not installed: install it with pip install 'cupy-cuda12x[ctk]' "
            f"('cupy-cuda13x[ctk]' for CUDA 13){OR_CPU}"
        ) from error
    # On first use and not on import: who has no device must not pay for loading CuPy.
    if cupy.ndarray not in ARRAY_TYPES:
        register_array_type(cupy.ndarray, lambda array, like: cupy.asarray(array), cupy.asnumpy)
    return cupy
