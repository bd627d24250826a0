"""Where a Variable is, and how it gets elsewhere: Chainer's methods, on Variable.

Variable itself stands below the devices of Chainer's spelling, and most scripts do without them:
:mod:`playground.backend` is loaded when the first of these is asked for.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from playground.graph.backend import to_cpu as on_host
from playground.graph.parameter import Parameter
from playground.graph.types import HostArray
from playground.graph.variable import Variable

if TYPE_CHECKING:
    from playground.backend import Device


def _chainers_device(self: Variable) -> Device:
    """The device that the array is on."""
    from playground.backend import get_device, get_device_from_array

    # Known before there is an array, which initialize will make there.
    place = getattr(self, "_device", None) if self._array is None else None
    if place is not None and place.number is not None:
        return get_device(place.number)
    return get_device_from_array(self)


def _xp(self: Variable) -> Any:
    """The module of its array: ``numpy`` or ``cupy``."""
    return _chainers_device(self).xp


def to_device(self: Variable, device: Any) -> None:
    """Move the array and the gradient to a device, such as ``"@cupy:0"``."""
    from playground.backend import get_device

    place = get_device(device).place
    if isinstance(self, Parameter):
        self._device = place
    if self._array is not None:
        # A gradient on another device than its array would be refused on the way.
        gradient, self._grad = self._grad, None
        self.array = place.put(self._array)
        if isinstance(gradient, Variable):
            # In place, too: it stays connected to the graph of its own backward.
            to_device(gradient, device)
        elif gradient is not None:
            gradient = place.put(gradient)
        self._grad = gradient


def _to_cpu(self: Variable) -> None:
    """Move the array and the gradient to the host."""
    to_device(self, "@numpy")


def _to_gpu(self: Variable, device: Any = None) -> None:
    """Move the array and the gradient to a CUDA device, the first one if none is named."""
    to_device(self, 0 if device is None else device)


def _to_intel64(self: Variable) -> None:
    """Nothing but a warning: there is no iDeep."""
    warnings.warn("to_intel64: there is no iDeep: the array stays NumPy's", stacklevel=2)
    _to_cpu(self)


def _to_chx(self: Variable) -> None:
    """ChainerX's arrays are not there. Raises DeviceError."""
    from playground.backend import to_chx

    to_chx(self._array)


def _from_chx(self: Variable) -> None:
    """Nothing: its array is none of ChainerX's."""


def _summary(self: Variable) -> str:
    """What it is, in one line: by name, or else by its place in memory."""
    return f"<variable {self.name}>" if self.name else f"<variable at 0x{id(self):x}>"


def _statistics(array: HostArray) -> str:
    return f"mean={array.mean():.8f}, std={array.std():.8f}"


def _debug_print(self: Variable) -> str:
    """Some lines that say what it is, where, and how large its numbers and its gradient are."""
    array, gradient = self._array, None if self._grad is None else self.grad
    values = "None" if array is None else _statistics(on_host(array))
    if gradient is not None:
        host = on_host(gradient)
        # Of a gradient that is 0 everywhere, 0: what one looks for first.
        gradient = _statistics(host) if np.any(host != 0) else 0
    return "\n".join(
        [
            _summary(self),
            f"- device: {None if array is None else getattr(array, 'device', 'CPU')}",
            f"- backend: {None if array is None else type(array)}",
            f"- shape: {getattr(array, 'shape', None)}",
            f"- dtype: {getattr(array, 'dtype', None)}",
            f"- statistics: {values}",
            f"- grad: {gradient}",
        ]
    )


_DEVICE_METHODS: dict[str, Any] = {
    "debug_print": _debug_print,
    "device": property(_chainers_device),
    "from_chx": _from_chx,
    "summary": _summary,
    "to_chx": _to_chx,
    "to_cpu": _to_cpu,
    "to_device": to_device,
    "to_gpu": _to_gpu,
    "to_intel64": _to_intel64,
    "xp": property(_xp),
}
for _attribute, _method in _DEVICE_METHODS.items():
    setattr(Variable, _attribute, _method)
