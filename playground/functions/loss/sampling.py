"""Losses that stand for all words or clusters by some: BlackOut, margins between clusters."""

from __future__ import annotations

import numpy as np

from playground.functions.activation import relu
from playground.functions.array import expand_dims, get_item, reshape
from playground.functions.basic_math import absolute, divide, multiply, subtract
from playground.functions.connection.dense import embed_id, of_one_precision
from playground.functions.elementwise import expm1, log, sqrt, square, where
from playground.functions.linalg import matmul
from playground.functions.loss.common import check_choice
from playground.functions.reduction import logsumexp, mean, sum
from playground.graph import backend
from playground.graph.errors import InvalidType
from playground.graph.types import Axis, Operand, Raw
from playground.graph.variable import Variable, as_array_of, as_variable

__all__ = ["black_out", "discriminative_margin_based_clustering_loss"]


def black_out(
    x: Operand, t: Operand, W: Operand, samples: Operand, reduce: str = "mean"
) -> Variable:
    """-log p_t - the sum over sampled words k of log(1 - p_k) (Ji et al., 2015).

    p is the softmax of the scores w_k x over the word t and those sampled for its row.

    Args:
        x: vectors (n, size).
        t: words (n,).
        W: a vector a word (words, size).
        samples: words (n, samples) that t is told from.
        reduce: 'mean', or 'no' for the loss of each.
    """
    check_choice("black_out", "reduce", reduce, ("mean", "no"))
    x, W = of_one_precision("black_out", x, W)
    words, drawn = (
        backend.constant_like(as_array_of(v), x.array, "black_out") for v in (t, samples)
    )
    if x.ndim != 2 or words.shape != x.shape[:1] or drawn.ndim != 2 or len(drawn) != len(x):
        raise InvalidType(
            "black_out",
            "x (n, size), t (n,) and samples (n, k)",
            f"shapes {x.shape}, {words.shape} and {drawn.shape}",
        )
    # The row's own word leads, in one gather with the others.
    rows = embed_id(np.concatenate((np.expand_dims(words, 1), drawn), axis=1), W)
    scores = reshape(matmul(rows, expand_dims(x, 2)), rows.shape[:2])
    log_p = subtract(scores, expand_dims(logsumexp(scores, 1), 1))
    # Precise where a sampled word is likely, too.
    others = sum(log(-expm1(log_p[:, 1:])), 1)
    loss = -(log_p[:, 0] + others)
    return mean(loss) if reduce == "mean" else loss


def discriminative_margin_based_clustering_loss(
    embeddings: Operand,
    labels: Operand,
    delta_v: float,
    delta_d: float,
    max_embedding_dim: int,
    norm: int = 1,
    alpha: float = 1.0,
    beta: float = 1.0,
    gamma: float = 0.001,
) -> tuple[Variable, Variable, Variable]:
    """Pixels drawn to the means of their clusters, and means apart (De Brabandere et al., 2017).

    Args:
        embeddings: (n, channels, h, w), a vector a pixel.
        labels: integers (n, h, w); the clusters count from 1, other numbers belong to none.
        delta_v: how far from its mean a pixel may be.
        delta_d: half of how far the means should be from each other.
        max_embedding_dim: the channels, and the largest label.
        norm: 1 or 2, that of all distances.
        alpha, beta, gamma: factors of the three losses.

    Returns:
        The loss of the pixels' distances, that of the means', and that of the means' lengths.
    """
    name, count = "discriminative_margin_based_clustering_loss", max_embedding_dim
    if count <= 0:
        raise ValueError(f"{name}: expected max_embedding_dim of 1 or more, got {count}")
    if norm not in (1, 2):
        raise ValueError(f"{name}: norm must be 1 or 2, got {norm!r}")
    e = as_variable(embeddings)
    clusters = backend.constant_like(as_array_of(labels), e.array, name)
    if e.ndim != 4 or e.shape[1] != count or clusters.shape != (e.shape[0], *e.shape[2:]):
        raise InvalidType(
            name,
            f"embeddings (n, {count}, h, w) and labels (n, h, w)",
            f"shapes {e.shape} and {clusters.shape}",
        )
    # Clusters lead: (count, n, channels, h, w).
    numbers = np.arange(1, count + 1, like=clusters).reshape((count, 1, 1, 1, 1))
    masks = (np.expand_dims(clusters, 1) == numbers).astype(e.dtype)
    # A cluster that an image lacks has a mean of 0 there, as in Chainer.
    pixels = np.maximum(masks.sum(axis=(3, 4)), 1)
    means = divide(sum(multiply(e, masks), (3, 4)), pixels)
    distances = multiply(subtract(reshape(means, (*means.shape, 1, 1)), e), masks)
    far = square(relu(subtract(_length(distances, 2, norm), delta_v)))
    spread = sum(divide(sum(far, (1, 2, 3)), np.maximum(masks.sum(axis=(1, 2, 3, 4)), 1)))
    sizes = sum(_length(means, (1, 2), norm))
    return (
        multiply(spread, alpha / count),
        multiply(_nearness(means, delta_d, norm), beta),
        multiply(sizes, gamma / (count * e.shape[0])),
    )


def _nearness(means: Variable, delta_d: float, norm: int) -> Variable:
    """The mean over all pairs of means, and all images, of how much too near they are, squared."""
    first, second = np.triu_indices(len(means), 1)
    # Pairs by index arrays: a loop over them is what Chainer spends its time on.
    index = [backend.array_like(v, means.array) for v in (first, second)]
    gaps = _length(subtract(get_item(means, index[0]), get_item(means, index[1])), 2, norm)
    near = sum(square(relu(subtract(2 * delta_d, gaps))))
    return divide(near, float(len(first) * means.shape[1] or 1))


def _length(x: Variable, axis: Axis, norm: int) -> Variable:
    if norm == 1:
        return sum(absolute(x), axis)
    squares = sum(square(x), axis)
    zero: Raw = squares.array == 0
    # The root has no slope at 0: a vector of 0 is taken to be moved by nothing.
    return where(zero, 0.0, sqrt(where(zero, 1.0, squares)))
