"""Hooks of functions under Chainer's names: ``with TimerHook() as hook:``."""

from playground.function_hooks.device import CUDAProfileHook, CupyMemoryProfileHook
from playground.function_hooks.printing import PrintHook
from playground.function_hooks.timer import TimerHook

__all__ = ["CUDAProfileHook", "CupyMemoryProfileHook", "PrintHook", "TimerHook"]
