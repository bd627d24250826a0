"""Devices under Chainer's names: ``playground.get_device("@cupy:0")`` and what goes with it.

The devices themselves are those of :mod:`playground.graph.backend`; here they have Chainer's
spelling (``@numpy``, ``@cupy:0``) and methods.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from playground.graph.backend import ARRAY_TYPES, array_like, is_array, parse_device
from playground.graph.backend import Device as Place
from playground.graph.errors import DeviceError
from playground.graph.types import Operand, Raw
from playground.graph.variable import Variable

__all__ = [
    "ChainerxDevice",
    "CpuDevice",
    "Device",
    "GpuDevice",
    "Intel64Device",
    "as_array",
    "copyto",
    "from_chx",
    "get_array_module",
    "get_array_types",
    "get_cpu_array_types",
    "get_device",
    "get_device_from_array",
    "is_arrays_compatible",
    "to_chx",
    "using_device",
]


class Device:
    """A place for arrays, in Chainer's words."""

    def __init__(self, place: Place = Place()) -> None:  # noqa: B008 (a value that never changes)
        self.place = place

    @property
    def name(self) -> str:
        """``@numpy`` or ``@cupy:0``."""
        return "@numpy" if self.place.number is None else f"@cupy:{self.place.number}"

    @property
    def xp(self) -> Any:
        """``numpy`` or ``cupy``."""
        return self.place.xp

    @property
    def supported_array_types(self) -> tuple[type, ...]:
        return (self.xp.ndarray,)

    def is_array_supported(self, array: Operand) -> bool:
        """Whether an array lies here."""
        return isinstance(array, self.xp.ndarray)

    def send(self, arrays: Any) -> Any:
        """An array, or a list, tuple or dict of them, on this device."""
        return each_array(self.place.put, arrays)

    def send_array(self, array: Raw) -> Any:
        """An array on this device."""
        return self.place.put(array)

    # What the house calls it.
    put = send_array

    def use(self) -> None:
        """Make this the current device, for good."""
        if self.place.number is not None:
            self.xp.cuda.Device(self.place.number).use()

    def create_context(self) -> Any:
        """Context manager that makes it the current one."""
        return self.place.use()

    def __enter__(self) -> Device:
        self._context = self.create_context()
        self._context.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._context.__exit__(*error)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} ({self.name})>"


class CpuDevice(Device):
    """The host."""

    def __init__(self) -> None:
        super().__init__()

    @staticmethod
    def from_array(array: Operand) -> CpuDevice | None:
        return CpuDevice() if isinstance(array, np.ndarray) else None


class GpuDevice(Device):
    """A CUDA device. Raises DeviceError where there is none."""

    @staticmethod
    def from_device_id(device_id: int) -> GpuDevice:
        return GpuDevice(parse_device(device_id))

    @staticmethod
    def from_array(array: Operand) -> GpuDevice | None:
        number = getattr(getattr(array, "device", None), "id", None)
        return None if number is None else GpuDevice.from_device_id(number)

    @property
    def device(self) -> Any:
        """CuPy's own device."""
        return self.xp.cuda.Device(self.place.number)


class Intel64Device(CpuDevice):
    """iDeep's, which is not there: the host's arrays stay NumPy's."""


class ChainerxDevice(Device):
    """ChainerX's, which is not there. Raises DeviceError."""

    def __init__(self, device: Any = None) -> None:
        raise DeviceError("ChainerX is not there: use @numpy, or @cupy:0 with CuPy")


def get_device(device_spec: Any) -> Device:
    """The device of Chainer's spelling, a number, a pair of both, or itself.

    Raises DeviceError, with the cure, where it is unknown or cannot be used.
    """
    if isinstance(device_spec, Device):
        return device_spec
    if isinstance(device_spec, Place):
        return _device_at(device_spec)
    if isinstance(device_spec, tuple):
        device_spec = ":".join(map(str, device_spec))
    if str(device_spec) in ("@intel64", "intel64"):
        return Intel64Device()
    return _device_at(parse_device(device_spec))


def _device_at(place: Place) -> Device:
    return CpuDevice() if place.number is None else GpuDevice(place)


@contextmanager
def using_device(device_spec: Any) -> Iterator[Device]:
    """Make a device the current one for the length of a ``with`` block."""
    device = get_device(device_spec)
    with device:
        yield device


def get_device_from_array(*arrays: Operand) -> Device:
    """The device of the first array that lies on one; else the host."""
    for array in arrays:
        device = GpuDevice.from_array(getattr(array, "array", array))
        if device is not None:
            return device
    return CpuDevice()


def get_array_module(*args: Operand) -> Any:
    """``cupy`` where an argument is an array, or a Variable, of CuPy's; else ``numpy``."""
    return get_device_from_array(*args).xp


def get_array_types() -> tuple[type, ...]:
    """The types of arrays that a Variable can hold."""
    return tuple(ARRAY_TYPES)


def get_cpu_array_types() -> tuple[type, ...]:
    """Those of them that lie on the host."""
    return (np.ndarray,)


def is_arrays_compatible(arrays: Sequence[Raw | None]) -> bool:
    """Whether all that are not None are arrays, of one device."""
    given = [array for array in arrays if array is not None]
    if not all(map(is_array, given)):
        return False
    return len({get_device_from_array(array).xp for array in given}) <= 1


def copyto(dst: Raw | Variable, src: Raw) -> None:
    """Copy the elements of one array into another, from wherever they are."""
    if isinstance(dst, Variable):
        dst = dst.array
    dst[...] = array_like(src, dst)


def each_array(function: Any, arrays: Any) -> Any:
    """``function`` of an array, or of each in a list, tuple or dict; None stays None."""
    if isinstance(arrays, (list, tuple)):
        found = [each_array(function, array) for array in arrays]
        return found if isinstance(arrays, list) else tuple(found)
    if isinstance(arrays, dict):
        return {key: each_array(function, array) for key, array in arrays.items()}
    if arrays is None:
        return None
    return function(arrays if is_array(arrays) else np.asarray(arrays))


def to_chx(array: Any) -> Any:
    """ChainerX's arrays are not there. Raises DeviceError."""
    raise DeviceError("to_chx: ChainerX is not there: use NumPy's arrays, or CuPy's")


def as_array(obj: Operand) -> Raw:
    """The array of a Variable; an array itself; any other thing as NumPy makes one of it."""
    if isinstance(obj, Variable):
        return obj.array
    return obj if is_array(obj) else np.asarray(obj)


def from_chx(array: Any) -> Any:
    """The arrays as they are: none of them is ChainerX's."""
    return array
