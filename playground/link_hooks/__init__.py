"""Hooks of links under Chainer's names: ``link.add_hook(SpectralNormalization())``."""

from playground.link_hooks.timer import TimerHook
from playground.link_hooks.weights import SpectralNormalization, WeightStandardization

__all__ = ["SpectralNormalization", "TimerHook", "WeightStandardization"]
