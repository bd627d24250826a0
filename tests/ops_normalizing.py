"""The rows of normalisations by running averages and by whole covariances."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.normalization import renormalization, statistics
from playground.graph import backend
from playground.graph.op import as_raw
from playground.graph.variable import Variable
from tests.rows import Row, case


def _along(v: Any, x: Any) -> Any:
    return v.reshape(-1, *(1,) * (x.ndim - 2))


# The running averages of two channels.
MEAN, VAR = np.array([0.2, -0.1]), np.array([1.3, 0.8])


def _renormalized(*xs: Any) -> Any:
    """With corrections of 1 and 0, which are constants: others no difference would see as such."""
    like = next((as_raw(v) for v in xs if isinstance(v, Variable)), xs[0])
    running = [backend.array_like(v.astype(like.dtype), like) for v in (MEAN, VAR)]
    return F.batch_renormalization(*xs, 1.0, 0.0, 0.1, *running)


def _renormal(x: Any, gamma: Any, beta: Any) -> Any:
    axes = (0, *range(2, x.ndim))
    y = (x - _along(x.mean(axes), x)) / np.sqrt(_along(x.var(axes), x) + x.dtype.type(0.1))
    return _along(gamma, x) * y + _along(beta, x)


def _fixed(*xs: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return F.fixed_batch_renormalization(*xs)


def _projected(x: Any, mean: Any, projection: Any) -> Any:
    groups, size = mean.shape
    y = np.empty_like(x)
    for g in range(groups):
        part = slice(g * size, (g + 1) * size)
        apart = x[:, part] - _along(mean[g], x)
        y[:, part] = np.einsum("ij,nj...->ni...", projection[g], apart)
    return y


def _decorrelated(x: Any, groups: int, eps: float = 2e-5) -> Any:
    size = x.shape[1] // groups
    columns = np.moveaxis(x, 1, 0).reshape(groups, size, -1)
    mean, inverse = columns.mean(2), np.empty((groups, size, size), x.dtype)
    for g, part in enumerate(columns - mean[..., None]):
        w, v = np.linalg.eigh(part @ part.T / part.shape[1] + eps * np.eye(size))
        inverse[g] = v @ np.diag(w**-0.5) @ v.T
    return _projected(x, mean, inverse)


ROWS: tuple[Row, ...] = (
    Row(
        "batch_renormalization",
        statistics.Standardize,
        (case((4, 2), (2,), (2,)), case((2, 2, 3), (2,), (2,))),
        f=_renormalized,
        ref=_renormal,
        bad=(case((4, 2), (3,), (3,)), case((4, 2), (2,), (3,))),
    ),
    Row(
        "fixed_batch_renormalization",
        None,
        (case((3, 2), (2,), (2,), (2,), (2,)),),
        f=_fixed,
        ref=lambda x, g, b, m, v: g * (x - m) / np.sqrt(v + x.dtype.type(2e-5)) + b,
        signed=False,
        bad=(case((3, 2), (3,), (3,), (3,), (3,)),),
    ),
    Row(
        "decorrelated_batch_normalization",
        None,
        (case((5, 2), groups=1), case((2, 4, 3), groups=2, eps=0.1)),
        ref=_decorrelated,
        dtypes="fd",
        bad=(case((5, 3), groups=2), case((4,), groups=1)),
    ),
    Row(
        "products of rows with each other",
        renormalization.Gram,
        (case((2, 3)), case((2, 1, 2))),
        f=lambda x: renormalization.Gram().of(x),
        ref=lambda x: np.einsum("...ij,...kj->...ik", x, x),
    ),
    Row(
        "fixed_decorrelated_batch_normalization",
        None,
        (case((2, 2), (1, 2), (1, 2, 2)), case((2, 4, 2), (2, 2), (2, 2, 2))),
        f=lambda x, mean, p: F.fixed_decorrelated_batch_normalization(x, mean, p, len(mean)),
        ref=_projected,
        bad=(case((2, 2), (1, 3), (1, 2, 2)), case((2, 3), (2, 2), (2, 2, 2))),
    ),
)
