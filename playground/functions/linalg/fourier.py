"""Fourier transforms of real and imaginary parts."""

from __future__ import annotations

import numpy as np

from playground.functions.lanes import OverMatrices
from playground.functions.operands import together
from playground.graph.errors import InvalidType
from playground.graph.types import Array, Cotangents, Operand, Raw
from playground.graph.variable import Variable

__all__ = ["fft", "ifft"]


class FFT(OverMatrices):
    """Real and imaginary part of the transform along the last axis, of real and imaginary part."""

    __slots__ = ("inverse",)
    output_count = 2

    def __init__(self, inverse: bool) -> None:
        self.inverse = inverse

    def forward(self, real: Raw, imag: Raw) -> Raw:
        x = real + imag * 1j
        y = np.fft.ifft(x) if self.inverse else np.fft.fft(x)
        # Half precision has no complex numbers of its own: they were single.
        return y.real.astype(real.dtype), y.imag.astype(real.dtype)

    def backward(self, gys: Cotangents, real: Array, imag: Array) -> Cotangents:
        like = next(g for g in gys if g is not None)
        real, imag = (np.zeros_like(like) if g is None else g for g in gys)
        # The matrix is symmetric, and conjugate where the parts are exchanged, there and back.
        gx_imag, gx_real = FFT(self.inverse)(imag, real)
        return gx_real, gx_imag


def _transformed(name: str, x: tuple[Operand, Operand], inverse: bool) -> tuple[Variable, ...]:
    real, imag = together(name, *x)
    if real.ndim == 0 or real.shape != imag.shape:
        raise InvalidType(
            name, "parts of one shape, with an axis or more", f"{real.shape} and {imag.shape}"
        )
    if real.dtype.kind != "f" or real.dtype != imag.dtype:
        raise InvalidType(
            name, "parts of one floating point dtype", f"{real.dtype} and {imag.dtype}"
        )
    return FFT(inverse).apply((real, imag))


def fft(x: tuple[Operand, Operand]) -> tuple[Variable, ...]:
    """The discrete Fourier transform along the last axis, of (real part, imaginary part)."""
    return _transformed("fft", x, False)


def ifft(x: tuple[Operand, Operand]) -> tuple[Variable, ...]:
    """The inverse of :func:`fft`."""
    return _transformed("ifft", x, True)
