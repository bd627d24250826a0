"""Hooks of a CUDA device: ranges for NVIDIA's profilers, and the memory that functions take.

Both ask for CuPy when they are made, and say so where it is not there.
"""

from __future__ import annotations

from typing import Any, ClassVar, TextIO

from playground.backends import cuda
from playground.function_hooks.reports import Record, class_of, print_table, totals_of
from playground.graph.errors import DeviceError
from playground.graph.function_hook import FunctionHook
from playground.graph.types import Function, Raw

__all__ = ["CUDAProfileHook", "CupyMemoryProfileHook"]


class CUDAProfileHook(FunctionHook):
    """Names a range of a profile after each forward and backward.

    Raises DeviceError, where there is no CUDA device, or where CuPy was built without NVTX.
    """

    name = "CUDAProfileHook"

    def __init__(self) -> None:
        cuda.check_cuda_available()
        self._nvtx: Any = getattr(cuda.cupy.cuda, "nvtx", None)
        if self._nvtx is None or not getattr(self._nvtx, "available", True):
            raise DeviceError("CUDAProfileHook: this CuPy was built without NVTX")

    def forward_preprocess(self, function: Function, in_data: tuple[Raw, ...]) -> None:
        self._nvtx.RangePush(f"{function.label}.forward")

    def forward_postprocess(self, function: Function, in_data: tuple[Raw, ...]) -> None:
        self._nvtx.RangePop()

    def backward_preprocess(
        self, function: Function, in_data: tuple[Raw, ...], out_grad: tuple[Raw, ...]
    ) -> None:
        self._nvtx.RangePush(f"{function.label}.backward")

    def backward_postprocess(
        self, function: Function, in_data: tuple[Raw, ...], out_grad: tuple[Raw, ...]
    ) -> None:
        self._nvtx.RangePop()


class CupyMemoryProfileHook(FunctionHook):
    """Counts the bytes that functions take from CuPy's pool, and those that it gets for them.

    Raises DeviceError, where there is no CUDA device.

    Attributes:
        call_history: of every call that is over the class of the function, the bytes used, the
            bytes acquired, and how many functions it ran within.
    """

    name = "CupyMemoryProfileHook"
    table: ClassVar[dict[str, float]] = {
        unit: 1024.0**-power
        for power, unit in reversed([*enumerate(("B", "KB", "MB", "GB", "TB", "PB", "EB", "ZB"))])
    }

    def __init__(self) -> None:
        cuda.check_cuda_available()
        self.call_history: list[tuple[str, int, int, int]] = []
        self._pool: Any = _counter()
        self._running: list[tuple[Function, int, int]] = []

    def added(self, function: Function | None = None) -> None:
        self._pool.__enter__()

    def deleted(self, function: Function | None = None) -> None:
        self._pool.__exit__()

    def forward_preprocess(self, function: Function, in_data: tuple[Raw, ...]) -> None:
        self._running.append((function, self._pool.used_bytes, self._pool.acquired_bytes))

    def forward_postprocess(self, function: Function, in_data: tuple[Raw, ...]) -> None:
        while self._running:
            begun, used, acquired = self._running.pop()
            if begun is function:
                used = self._pool.used_bytes - used
                acquired = self._pool.acquired_bytes - acquired
                name, depth = class_of(function), len(self._running)
                self.call_history.append((name, used, acquired, depth))
                return

    def backward_preprocess(
        self, function: Function, in_data: tuple[Raw, ...], out_grad: tuple[Raw, ...]
    ) -> None:
        self.forward_preprocess(function, in_data)

    def backward_postprocess(
        self, function: Function, in_data: tuple[Raw, ...], out_grad: tuple[Raw, ...]
    ) -> None:
        self.forward_postprocess(function, in_data)

    def total_used_bytes(self) -> int:
        """Bytes taken from the pool; those of a function within another count once."""
        return sum(used for _, used, _, depth in self.call_history if depth == 0)

    def total_acquired_bytes(self) -> int:
        """Bytes that the pool got from the device."""
        return sum(acquired for _, _, acquired, depth in self.call_history if depth == 0)

    def summary(self) -> dict[str, Record]:
        """``used_bytes``, ``acquired_bytes`` and ``occurrence`` by the class of a function."""
        return totals_of(
            (name, {"used_bytes": used, "acquired_bytes": acquired})
            for name, used, acquired, _ in self.call_history
        )

    def print_report(self, unit: str = "auto", file: TextIO | None = None) -> None:
        """A table of :meth:`summary`, as TimerHook's."""
        heads = ("FunctionName", "UsedBytes", "AcquiredBytes", "Occurrence")
        keys = ("used_bytes", "acquired_bytes")
        print_table(heads, keys, self.summary(), self.table, unit, file)


def _counter() -> Any:
    """CuPy's hook of its memory pool, which adds up bytes."""

    class Counter(cuda.cupy.cuda.MemoryHook):
        name = "CupyMemoryCumulativeHook"

        def __init__(self) -> None:
            self.used_bytes = self.acquired_bytes = 0

        def alloc_preprocess(self, **kwargs: Any) -> None:
            self.acquired_bytes += kwargs["mem_size"]

        def malloc_preprocess(self, **kwargs: Any) -> None:
            self.used_bytes += kwargs["mem_size"]

    return Counter()
