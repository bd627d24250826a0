"""Losses that compare vectors: of pairs and triples, of features with each other, of words."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from playground.functions.activation import relu, softplus
from playground.functions.array import get_item, reshape
from playground.functions.basic_math import add, divide, multiply, subtract
from playground.functions.connection.dense import of_one_precision
from playground.functions.elementwise import sqrt, square, where
from playground.functions.linalg import matmul
from playground.functions.loss.common import check_choice
from playground.functions.operands import together
from playground.functions.reduction import mean, sum
from playground.graph import backend
from playground.graph.errors import InvalidType
from playground.graph.types import Operand, Raw, Shape
from playground.graph.variable import Variable, as_array_of, as_variable

__all__ = ["contrastive", "cross_covariance", "decov", "negative_sampling", "triplet"]


def _rows(operation: str, *xs: Operand) -> list[Variable]:
    """Matrices of one shape."""
    found = together(operation, *xs)
    if found[0].ndim != 2 or any(x.shape != found[0].shape for x in found):
        shapes = ", ".join(str(x.shape) for x in found)
        raise InvalidType(operation, "matrices (n, size) of one shape", f"shapes {shapes}")
    return found


def contrastive(
    x0: Operand, x1: Operand, y: Operand, margin: float = 1, reduce: str = "mean"
) -> Variable:
    """(y d^2 + (1 - y) max(margin - d, 0)^2) / 2 of pairs of rows at the distances d.

    x0 and x1 (n, size); y (n,) is 1 for pairs that belong together, 0 for others. The mean over
    the pairs, or with ``reduce='no'`` each.
    """
    check_choice("contrastive", "reduce", reduce, ("mean", "no"))
    x0, x1 = _rows("contrastive", x0, x1)
    same = backend.constant_like(as_array_of(y), x0.array, "contrastive").astype(x0.dtype)
    if same.shape != x0.shape[:1]:
        raise InvalidType("contrastive", f"y of shape {x0.shape[:1]}", f"shape {same.shape}")
    squares = sum(square(subtract(x0, x1)), 1)
    zero = squares.array == 0
    # The root has no slope at 0: there the pair is taken to be moved by nothing.
    distance = where(zero, 0.0, sqrt(where(zero, 1.0, squares)))
    apart = square(relu(subtract(float(margin), distance)))
    loss = multiply(add(multiply(squares, same), multiply(apart, 1 - same)), 0.5)
    return loss if reduce == "no" else mean(loss)


def triplet(
    anchor: Operand,
    positive: Operand,
    negative: Operand,
    margin: float = 0.2,
    reduce: str = "mean",
) -> Variable:
    """max(|a - p|^2 - |a - n|^2 + margin, 0) of rows of matrices (n, size).

    The mean over the rows, or with ``reduce='no'`` each.
    """
    check_choice("triplet", "reduce", reduce, ("mean", "no"))
    a, p, n = _rows("triplet", anchor, positive, negative)
    near, far = square(subtract(a, p)), square(subtract(a, n))
    loss = relu(add(sum(subtract(near, far), 1), float(margin)))
    return loss if reduce == "no" else mean(loss)


def _centred(x: Variable) -> Variable:
    return subtract(x, mean(x, 0, keepdims=True))


def _half_squares(covariance: Variable, reduce: str) -> Variable:
    return covariance if reduce == "no" else multiply(sum(square(covariance)), 0.5)


def cross_covariance(y: Operand, z: Operand, reduce: str = "half_squared_sum") -> Variable:
    """Covariances of the columns of y (n, k) with those of z (n, l).

    Half the sum of their squares, or with ``reduce='no'`` the matrix (k, l).
    """
    check_choice("cross_covariance", "reduce", reduce, ("half_squared_sum", "no"))
    y, z = together("cross_covariance", y, z)
    if y.ndim != 2 or z.ndim != 2 or y.shape[0] != z.shape[0]:
        raise InvalidType(
            "cross_covariance", "y (n, k) and z (n, l)", f"shapes {y.shape} and {z.shape}"
        )
    product = matmul(_centred(y), _centred(z), transa=True)
    return _half_squares(divide(product, float(y.shape[0])), reduce)


def decov(h: Operand, reduce: str = "half_squared_sum") -> Variable:
    """Covariances of different columns of h (n, k), those of a column with itself taken as 0.

    Half the sum of their squares, or with ``reduce='no'`` the matrix (k, k).
    """
    check_choice("decov", "reduce", reduce, ("half_squared_sum", "no"))
    h = as_variable(h)
    if h.ndim != 2 or h.dtype.kind != "f":
        raise InvalidType("decov", "h (n, k) of floating point", f"{h.dtype} {h.shape}")
    centred = _centred(h)
    product = divide(matmul(centred, centred, transa=True), float(h.shape[0]))
    places = np.arange(h.shape[1], like=h.array)
    return _half_squares(where(places == np.expand_dims(places, 1), 0.0, product), reduce)


def negative_sampling(
    x: Operand,
    t: Operand,
    W: Operand,
    sampler: Callable[[Shape], Raw],
    sample_size: int,
    reduce: str = "sum",
    *,
    return_samples: bool = False,
) -> Variable | tuple[Variable, Raw]:
    """-log s(w_t x) - the sum over drawn words k of log s(-w_k x), with s the logistic function.

    x (n, size), words t (n,), of which -1 is ignored, W (words, size). ``sampler(shape)`` draws
    words as an integer array. The sum over all, or with ``reduce='no'`` the loss of each; with
    ``return_samples`` also the words (n, sample_size + 1), t ahead of those that were drawn.
    """
    check_choice("negative_sampling", "reduce", reduce, ("sum", "no"))
    x, W = of_one_precision("negative_sampling", x, W)
    words = backend.constant_like(as_array_of(t), x.array, "negative_sampling")
    if x.ndim != 2 or words.shape != x.shape[:1] or words.dtype.kind not in "iu" or W.ndim != 2:
        raise InvalidType(
            "negative_sampling",
            "x (n, size), integer words t (n,) and W (words, size)",
            f"shapes {x.shape}, {words.shape} ({words.dtype}) and {W.shape}",
        )
    samples = backend.array_like(sampler((x.shape[0], sample_size + 1)), x.array)
    samples[:, 0] = words
    scores = sum(multiply(get_item(W, samples), reshape(x, (x.shape[0], 1, x.shape[1]))), 2)
    first = np.arange(sample_size + 1, like=words) == 0
    signs = np.where(first, -1.0, 1.0).astype(x.dtype)
    loss = where(words != -1, sum(softplus(multiply(scores, signs)), 1), 0.0)
    loss = loss if reduce == "no" else sum(loss)
    return (loss, samples) if return_samples else loss
