"""``chainer.cuda``: scripts that ask for a GPU run where there is none, as far as they can.

Nothing here loads CuPy before a device is asked for. ``cupy`` is CuPy itself where it is installed;
else a stand-in that says so when something of it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

import numpy as np

from playground.backend import GpuDevice, each_array, get_array_module
from playground.graph.backend import parse_device
from playground.graph.backend import to_cpu as host_array
from playground.graph.errors import DeviceError
from playground.graph.types import Operand, Raw
from playground.modes import should_use_cudnn

__all__ = [
    "DummyDevice",
    "DummyDeviceType",
    "GpuDevice",
    "check_cuda_available",
    "clear_memo",
    "copy",
    "cudnn_enabled",
    "elementwise",
    "fuse",
    "get_array_module",
    "get_device",
    "get_device_from_array",
    "get_device_from_id",
    "init",
    "memoize",
    "ndarray",
    "raw",
    "reduce",
    "set_max_workspace_size",
    "should_use_cudnn",
    "to_cpu",
    "to_gpu",
]

# cuDNN's kernels are CuPy's business, and none is called from here.
cudnn_enabled = False


class AbsentError(DeviceError, AttributeError):
    """Something of CuPy's was asked for where CuPy cannot be used."""


class _Absent:
    """Stands for ``cupy`` where it cannot be used: any use says why."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AbsentError(f"cupy.{name}: {_why_not()}")

    def __repr__(self) -> str:
        return "<cupy, which cannot be used here>"


class ndarray:  # noqa: N801 (Chainer's name)
    """CuPy's array type where there is none: nothing is an instance of it."""


class DummyDeviceType:
    """The host, where old scripts hold a CUDA device: every method does nothing."""

    id = -1

    def __int__(self) -> int:
        return -1

    def __enter__(self) -> DummyDeviceType:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def use(self) -> None:
        pass

    def synchronize(self) -> None:
        pass

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DummyDeviceType)

    def __hash__(self) -> int:
        return hash(self.id)


DummyDevice = DummyDeviceType()


@cache
def _why_not() -> str:
    """Why no CUDA device can be used; '' where one can."""
    try:
        parse_device("cuda")
    except DeviceError as error:
        return str(error)
    return ""


def __getattr__(name: str) -> Any:
    # Found out when it is asked for: a script that never does pays nothing.
    if name == "available":
        return not _why_not()
    if name == "cupy":
        return _Absent() if _why_not() else parse_device("cuda").xp
    if name in ("Device", "Event", "Stream"):
        return getattr(parse_device("cuda").xp.cuda, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def check_cuda_available() -> None:
    """Raise DeviceError, which names the cure, where no CUDA device can be used."""
    if _why_not():
        raise DeviceError(_why_not())


def init(device: int | None = None) -> None:
    """Chainer 1's start of CUDA: checks that there is a device, and makes it the current one."""
    check_cuda_available()
    if device is not None:
        GpuDevice.from_device_id(device).use()


def get_device_from_id(device_id: int | None) -> Any:
    """CuPy's device of a number; a device that does nothing for -1 and None."""
    if device_id is None or device_id < 0:
        return DummyDevice
    return GpuDevice.from_device_id(device_id).device


def get_device_from_array(*arrays: Operand) -> Any:
    """CuPy's device of the first of its arrays; one that does nothing where there is none."""
    for array in arrays:
        device = GpuDevice.from_array(getattr(array, "array", array))
        if device is not None:
            return device.device
    return DummyDevice


def get_device(*args: Any) -> Any:
    """The device of a number, or of the first array among the arguments."""
    for arg in args:
        if type(arg) is int:
            return get_device_from_id(arg)
        device = get_device_from_array(arg)
        if device is not DummyDevice:
            return device
    return DummyDevice


def to_gpu(array: Any, device: Any = None, stream: Any = None) -> Any:
    """An array, or a list, tuple or dict of them, on a CUDA device (the current one)."""
    place = parse_device("cuda" if device is None else int(device))
    return each_array(place.put, array)


def to_cpu(array: Any, stream: Any = None) -> Any:
    """An array, or a list, tuple or dict of them, on the host."""
    return each_array(host_array, array)


def copy(array: Raw, out: Raw = None, out_device: Any = None, stream: Any = None) -> Any:
    """A copy of a device array."""
    check_cuda_available()
    if out is None:
        return to_gpu(array, out_device).copy()
    out[...] = array
    return out


def memoize(for_each_device: bool = False) -> Callable[[Any], Any]:
    """Decorator: remember results by their arguments (and the device)."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        known: dict[Any, Any] = {}
        _memos.append(known)

        @wraps(function)
        def remembered(*args: Any, **kwargs: Any) -> Any:
            device = cupy_device() if for_each_device and not _why_not() else -1
            key = (device, args, tuple(sorted(kwargs.items())))
            if key not in known:
                known[key] = function(*args, **kwargs)
            return known[key]

        return remembered

    return decorate


_memos: list[dict[Any, Any]] = []


def cupy_device() -> int:
    """The number of the current CUDA device."""
    return int(parse_device("cuda").xp.cuda.Device().id)


def clear_memo() -> None:
    """Forget what :func:`memoize` remembers."""
    for known in _memos:
        known.clear()


@memoize(for_each_device=True)
def elementwise(in_params: str, out_params: str, operation: str, name: str, **kwargs: Any) -> Any:
    """CuPy's ElementwiseKernel, made once."""
    check_cuda_available()
    kernels = parse_device("cuda").xp
    return kernels.ElementwiseKernel(in_params, out_params, operation, name, **kwargs)


@memoize(for_each_device=True)
def reduce(
    in_params: str, out_params: str, map_expr: str, reduce_expr: str, post_map_expr: str,
    identity: Any, name: str, **kwargs: Any,
) -> Any:  # fmt: skip
    """CuPy's ReductionKernel, made once."""
    check_cuda_available()
    texts = (in_params, out_params, map_expr, reduce_expr, post_map_expr, identity, name)
    return parse_device("cuda").xp.ReductionKernel(*texts, **kwargs)


@memoize(for_each_device=True)
def raw(code: str, name: str, *args: Any, **kwargs: Any) -> Any:
    """CuPy's RawKernel, made once."""
    check_cuda_available()
    return parse_device("cuda").xp.RawKernel(code, name, *args, **kwargs)


def fuse(*args: Any, **kwargs: Any) -> Any:
    """CuPy's fusion is for device code alone: here the function is left as it is."""
    # With arguments, as in @fuse(kernel_name=…), a decorator is asked for; without, the function.
    if args and callable(args[0]):
        return args[0]
    return lambda function: function


def set_max_workspace_size(size: int) -> None:
    """cuDNN's, of which nothing is called here."""


def _device_maker(function: Any) -> Callable[..., Any]:
    """Chainer 1's makers of device arrays."""

    def make(shape: Any, dtype: Any = np.float32, stream: Any = None) -> Any:
        return to_gpu(function(shape, dtype))

    return make


empty, zeros, ones = _device_maker(np.empty), _device_maker(np.zeros), _device_maker(np.ones)
to_gpu_async, to_cpu_async = to_gpu, to_cpu
