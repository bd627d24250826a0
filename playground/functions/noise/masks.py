"""Noise that keeps some elements and drops others."""

from __future__ import annotations

import numpy as np

from playground.functions.array import reshape
from playground.functions.basic_math import add, multiply
from playground.functions.linalg import matmul
from playground.functions.operands import together
from playground.graph import backend
from playground.graph.config import config
from playground.graph.errors import InvalidType
from playground.graph.op import Unary
from playground.graph.random import source
from playground.graph.types import Array, HostArray, Operand, Random, Raw, Shape
from playground.graph.variable import Variable, as_array_of, as_variable

__all__ = ["dropout", "simplified_dropconnect", "zoneout"]


class Dropout(Unary):
    """y = x times a mask, which is a constant."""

    __slots__ = ("mask",)

    def __init__(self, mask: Raw) -> None:
        self.mask = mask

    def forward(self, x: Raw) -> Raw:
        return x * self.mask

    def backward(self, gy: Array, x: Array) -> Array:
        return Dropout(self.mask)(gy)


def _kept(shape: Shape, ratio: float, rng: Random | None) -> HostArray:
    """Truth values, each False with probability ``ratio``."""
    return np.asarray(source(rng).random(shape) >= ratio)


def _check_ratio(operation: str, ratio: float) -> None:
    if not 0.0 <= ratio < 1.0:
        raise ValueError(f"{operation}: expected a ratio from 0 to below 1, got {ratio}")


def dropout(
    x: Operand,
    ratio: float = 0.5,
    *,
    mask: Operand = None,
    return_mask: bool = False,
    rng: Random | None = None,
) -> Variable | tuple[Variable, Raw]:
    """While ``config.train`` is on: x with elements dropped at random, the others scaled.

    An element is 0 with probability ``ratio`` and else divided by 1 - ratio. Otherwise x itself.
    ``mask`` is what x is multiplied with, in place of a new draw; ``return_mask`` returns it, too
    (None where nothing is dropped). Raises ValueError for a ratio outside [0, 1).
    """
    x = as_variable(x)
    if not config.train:
        return (x, None) if return_mask else x
    _check_ratio("dropout", ratio)
    if mask is None:
        drawn = _kept(x.shape, ratio, rng) * x.dtype.type(1.0 / (1 - ratio))
        used = backend.array_like(drawn, x.array)
    else:
        used = backend.constant_like(as_array_of(mask), x.array, "dropout").astype(x.dtype)
    if used.shape != x.shape:
        raise InvalidType("dropout", f"a mask of shape {x.shape}, as x", f"shape {used.shape}")
    y = Dropout(used).of(x)
    return (y, used) if return_mask else y


def zoneout(h: Operand, x: Operand, ratio: float = 0.5, *, rng: Random | None = None) -> Variable:
    """While ``config.train`` is on: elements of h with probability ``ratio``, else those of x.

    Otherwise x.
    """
    h, x = together("zoneout", h, x)
    if not config.train:
        return x
    if h.shape != x.shape:
        raise InvalidType("zoneout", "operands of one shape", f"shapes {h.shape} and {x.shape}")
    new = _kept(x.shape, ratio, rng)
    old, new = (backend.array_like(m.astype(x.dtype), x.array) for m in (~new, new))
    return add(Dropout(old).of(h), Dropout(new).of(x))


def simplified_dropconnect(
    x: Operand,
    W: Operand,
    b: Operand = None,
    ratio: float = 0.5,
    train: bool = True,
    mask: Operand = None,
    use_batchwise_mask: bool = True,
    *,
    rng: Random | None = None,
) -> Variable:
    """A linear layer whose weights are dropped at random, each with probability ``ratio``.

    x (n, …), W (out, in), b (out,). With ``use_batchwise_mask`` every entry of x has a mask of its
    own (n, out, in), else there is one (out, in). Without ``train`` nothing is dropped.
    """
    x, W, *b = together("simplified_dropconnect", x, W, *(() if b is None else (b,)))
    ratio = ratio if train else 0.0
    x = x if x.ndim == 2 else reshape(x, (x.shape[0], -1))
    shape = (x.shape[0], *W.shape) if use_batchwise_mask else W.shape
    if W.ndim != 2 or x.shape[1] != W.shape[1]:
        raise InvalidType(
            "simplified_dropconnect",
            "x (n, …) and W (out, in), with in the elements of an entry of x",
            f"shapes {x.shape} and {W.shape}",
        )
    if mask is None:
        used = backend.array_like(_kept(shape, ratio, rng), x.array)
    else:
        used = backend.constant_like(as_array_of(mask), x.array, "simplified_dropconnect")
    if used.shape != shape:
        raise InvalidType("simplified_dropconnect", f"a mask of {shape}", f"shape {used.shape}")
    # Scaled first, as Chainer does: the mask may hold other numbers than 0 and 1.
    weights = multiply(multiply(W, 1.0 / (1 - ratio)), used.astype(W.dtype))
    y = reshape(matmul(weights, reshape(x, (*x.shape, 1))), (x.shape[0], W.shape[0]))
    return add(y, *b)
