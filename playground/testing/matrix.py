"""Random matrices with known singular values."""

from __future__ import annotations

import numpy as np

from playground.graph.random import source
from playground.graph.types import DType, HostArray, Operand, Shape

__all__ = ["generate_matrix"]


def generate_matrix(
    shape: Shape, dtype: DType | type = float, *, singular_values: Operand = None
) -> HostArray:
    """A random matrix, or a stack of them, of this shape and with these singular values.

    ``singular_values`` is a number or an array that broadcasts to the shape of a stack's singular
    values. The same numpy.random.seed gives the matrix that Chainer makes.
    """
    if len(shape) < 2:
        raise ValueError(f"generate_matrix: expected a shape of two axes or more, got {shape}")
    dtype = np.dtype(dtype)
    if dtype.kind not in "fc":
        raise TypeError(f"generate_matrix: expected a dtype of fractions, got {dtype}")
    if singular_values is None:
        raise TypeError("generate_matrix: singular_values is missing: give the values")
    values = np.asarray(singular_values)
    if values.dtype.kind == "c":
        raise TypeError("generate_matrix: expected real singular_values, got complex ones")
    if (values < 0).any():
        raise ValueError(f"generate_matrix: expected singular_values of 0 or more, got {values}")
    values = np.broadcast_to(values, (*shape[:-2], min(shape[-2:])))
    noise = source().standard_normal(shape)
    if dtype.kind == "c":
        noise = noise + 1j * source().standard_normal(shape)
    left, _, right = np.linalg.svd(noise, full_matrices=False)
    return np.matmul(left * values[..., None, :], right).astype(dtype)
