"""Products of batches with weights, and rows of a table of vectors."""

from __future__ import annotations

import math

import numpy as np

from playground.functions.array import get_item, reshape
from playground.functions.basic_math import add
from playground.functions.elementwise import cast, where
from playground.functions.linalg import matmul
from playground.functions.operands import together
from playground.graph import backend
from playground.graph.config import config
from playground.graph.errors import InvalidType
from playground.graph.op import Op
from playground.graph.types import Array, Cotangents, Operand, Raw
from playground.graph.variable import Variable, as_array_of, as_variable

__all__ = ["bilinear", "embed_id", "linear"]


class Linear(Op):
    """y = x W^T + b; x (n, in), W (out, in), b (out,), y (n, out)."""

    __slots__ = ()
    label = "LinearFunction"
    keep = (0, 1)

    def forward(self, x: Raw, W: Raw, *b: Raw) -> Raw:
        y = np.matmul(x, W.T)
        return y + b[0] if b else y

    def backward(self, gy: Array, x: Array, W: Array, *b: Array) -> Cotangents:
        wants = self.wants
        gx = np.matmul(gy, W) if wants[0] else None
        gW = np.matmul(gy.T, x) if wants[1] else None
        if not b:
            return gx, gW
        return gx, gW, gy.sum(axis=0) if wants[2] else None


def of_one_precision(operation: str, x: Operand, *weights: Operand) -> list[Variable]:
    """x and weights as Variables, the weights in x's precision; its gradients keep their own."""
    operands = together(operation, x, *weights)
    if any(v.dtype.kind != "f" for v in operands):
        found = ", ".join(str(v.dtype) for v in operands)
        raise InvalidType(operation, "operands of floating point", f"dtypes {found}")
    dtype = operands[0].dtype
    return [v if v.dtype == dtype else cast(v, dtype) for v in operands]


def _fit(x: Operand, W: Operand, b: Operand) -> bool:
    """Whether they are Variables that fit as they are: so mostly, and found out in no time."""
    if not (isinstance(x, Variable) and isinstance(W, Variable)):
        return False
    entry, weights = x._node, W._node
    shape, dtype = weights.shape, weights.dtype
    if shape is None or len(shape) != 2 or dtype is not entry.dtype or dtype.kind != "f":
        return False
    if b is not None:
        if not isinstance(b, Variable):
            return False
        bias = b._node
        if bias.dtype is not dtype or bias.shape != shape[:1]:
            return False
    columns = entry.shape
    return columns is not None and len(columns) == 2 and columns[1] == shape[1]


def linear(x: Operand, W: Operand, b: Operand = None, n_batch_axes: int = 1) -> Variable:
    """x W^T + b: x (n, …), W (out, in) with in the elements of an entry of x, b (out,).

    The first ``n_batch_axes`` axes of x count entries, and stay; the others are laid end to end.
    """
    if n_batch_axes == 1 and _fit(x, W, b):
        return Linear().apply((x, W) if b is None else (x, W, b))[0]
    if n_batch_axes <= 0:
        raise ValueError(f"linear: expected n_batch_axes greater than 0, got {n_batch_axes}")
    x, W, *b = of_one_precision("linear", x, W, *(() if b is None else (b,)))
    batch = x.shape[:n_batch_axes]
    if x.ndim != 2 or n_batch_axes > 1:
        x = reshape(x, (math.prod(batch), math.prod(x.shape[n_batch_axes:])))
    if W.ndim != 2 or x.shape[1] != W.shape[1] or any(v.shape != W.shape[:1] for v in b):
        raise InvalidType(
            "linear",
            "x (n, in), W (out, in) and b (out,)",
            f"shapes {', '.join(str(v.shape) for v in (x, W, *b))}",
        )
    (y,) = Linear().apply((x, W, *b))
    return reshape(y, (*batch, W.shape[0])) if n_batch_axes > 1 else y


def bilinear(
    e1: Operand,
    e2: Operand,
    W: Operand,
    V1: Operand = None,
    V2: Operand = None,
    b: Operand = None,
) -> Variable:
    """y[i, l] = the sum of e1[i, j] e2[i, k] W[j, k, l], plus e1 V1 + e2 V2 + b.

    e1 (n, j), e2 (n, k), W (j, k, l), V1 (j, l), V2 (k, l), b (l,): the last three, or none.
    """
    flags = [v is None for v in (V1, V2, b)]
    if any(flags) != all(flags):
        raise ValueError("bilinear: expected all of V1, V2 and b, or none of them")
    e1, e2, W, *rest = of_one_precision("bilinear", e1, e2, W, *([] if flags[0] else [V1, V2, b]))
    e1, e2 = (e if e.ndim == 2 else reshape(e, (e.shape[0], -1)) for e in (e1, e2))
    n, (j, k), size = e1.shape[0], (e1.shape[1], e2.shape[1]), W.shape[-1]
    if W.shape != (j, k, size) or e2.shape[0] != n:
        raise InvalidType(
            "bilinear",
            "e1 (n, j), e2 (n, k) and W (j, k, l)",
            f"shapes {e1.shape}, {e2.shape} and {W.shape}",
        )
    pairs = reshape(matmul(reshape(e1, (n, j, 1)), reshape(e2, (n, 1, k))), (n, j * k))
    y = matmul(pairs, reshape(W, (j * k, size)))
    if not rest:
        return y
    V1, V2, b = rest
    if (V1.shape, V2.shape, b.shape) != ((j, size), (k, size), (size,)):
        raise InvalidType(
            "bilinear",
            f"V1, V2 and b of shapes {(j, size)}, {(k, size)} and {(size,)}",
            f"shapes {V1.shape}, {V2.shape} and {b.shape}",
        )
    return add(add(add(y, matmul(e1, V1)), matmul(e2, V2)), b)


def embed_id(x: Operand, W: Operand, ignore_label: int | None = None) -> Variable:
    """Rows of W by number: y = W[x], and zeros where x is ``ignore_label``.

    Integers x of any shape from one axis on, W (rows, size). Raises IndexError for a number that
    is no row.
    """
    W = as_variable(W)
    places = backend.constant_like(as_array_of(x), W.array, "embed_id")
    if places.dtype.kind not in "iu" or not places.ndim or W.ndim != 2 or W.dtype.kind != "f":
        raise InvalidType(
            "embed_id",
            "integers x with an axis or more, and W (rows, size) of floating point",
            f"{places.dtype} {places.shape} and {W.dtype} {W.shape}",
        )
    ignored = None if ignore_label is None else places == ignore_label
    if ignored is not None:
        places = np.where(ignored, 0, places)
    if config.debug and not backend.everywhere((places >= 0) & (places < W.shape[0])):
        raise ValueError(f"embed_id: expected numbers from 0 to {W.shape[0] - 1}, or ignore_label")
    y = get_item(W, places)
    return y if ignored is None else where(np.expand_dims(ignored, -1), 0.0, y)
