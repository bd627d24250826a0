"""Convolution of sequences."""

from __future__ import annotations

import numpy as np

from playground.functions.operands import together
from playground.functions.registry import answers
from playground.graph.errors import InvalidType
from playground.graph.op import Binary
from playground.graph.types import Array, Cotangents, Operand, Raw
from playground.graph.variable import Variable

__all__ = ["convolve"]


class Convolve(Binary):
    """z[k] = sum of x[i] y[k - i], at all places where x (m,) and y (n,) meet; z (m + n - 1,)."""

    __slots__ = ()
    keep = (0, 1)

    def forward(self, x: Raw, y: Raw) -> Raw:
        return np.convolve(x, y)

    def backward(self, gz: Array, x: Array, y: Array) -> Cotangents:
        left, right = self.wants
        return (_correlated(gz, y, x) if left else None), (_correlated(gz, x, y) if right else None)


def _correlated(gz: Array, other: Array, target: Array) -> Array:
    """The sum over k of gz[i + k] other[k], for each place i of ``target``."""
    start = other.shape[0] - 1
    return np.convolve(gz, other[::-1])[start : start + target.shape[0]]


@answers(np.convolve)
def convolve(a: Operand, v: Operand, mode: str = "full") -> Variable:
    """Linear convolution of two 1-D sequences, with NumPy's modes full, same and valid."""
    a, v = together("convolve", a, v)
    a, v = (x.reshape(1) if x.ndim == 0 else x for x in (a, v))
    if a.ndim != 1 or v.ndim != 1 or not a.size or not v.size:
        raise InvalidType("convolve", "two 1-D arrays, not empty", f"shapes {a.shape}, {v.shape}")
    full = Convolve().of(a, v)
    shorter, longer = sorted((a.size, v.size))
    if mode == "full":
        return full
    if mode == "same":
        start = (shorter - 1) // 2
        return full[start : start + longer]
    if mode == "valid":
        return full[shorter - 1 : longer]
    raise ValueError(f"convolve: mode must be 'full', 'same' or 'valid', got {mode!r}")
