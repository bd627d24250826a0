"""What the texts of linear algebra share: words for matrices (…, m, n), and checks of operands."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from playground.graph.backend import as_array
from playground.graph.config import config
from playground.graph.errors import InvalidMatrix, InvalidType
from playground.graph.op import as_raw, variable_of
from playground.graph.types import Array, Operand, Raw
from playground.graph.variable import Variable

# ------------------------------------------------------------------------------ in op texts


def transposed(x: Array) -> Array:
    """x with its last two axes exchanged."""
    return x.swapaxes(-1, -2)


def symmetric(x: Array) -> Array:
    """The symmetric part of x, (x + xᵀ)/2."""
    return (x + transposed(x)) * 0.5


def skew(x: Array) -> Array:
    """Twice the antisymmetric part of x, x - xᵀ."""
    return x - transposed(x)


def sandwiched(left: Array, middle: Array, right: Array) -> Array:
    """The product left middle right."""
    return np.matmul(np.matmul(left, middle), right)


def as_scale(numbers: Array) -> Array:
    """A number for each matrix (…) as (…, 1, 1), which multiplies the matrix."""
    return np.expand_dims(np.expand_dims(numbers, -1), -1)


def differences(w: Array) -> Array:
    """wⱼ - wᵢ at [i, j]."""
    return np.expand_dims(w, -2) - np.expand_dims(w, -1)


def diagonal_of(matrix: Array) -> Array:
    """The diagonal (…, n)."""
    # A sum, where numpy.diagonal would be one name more in the vocabulary of every interpreter.
    return (matrix * eye_like(matrix)).sum(axis=-1)


def with_values(left: Array, values: Array, right: Array) -> Array:
    """left diag(values) right."""
    scaled = left * values[..., None, :]
    if scaled.ndim == 2 and right.ndim == 2:
        return np.dot(scaled, right)
    return np.matmul(scaled, right)


def eye_like(matrix: Array, n: int | None = None) -> Raw:
    """The identity of n rows (default: of the last axis), a plain array as ``matrix`` holds.

    Made of a comparison, for ``numpy.eye(…, like=…)`` hands arguments on that CuPy lacks.
    """
    array = as_array(as_raw(matrix))
    column = np.arange(array.shape[-1] if n is None else n, like=array)
    return (column.reshape((-1, 1)) == column).astype(array.dtype)


# ------------------------------------------------------------------ values without gradients


def is_constant(x: Variable) -> bool:
    """Whether nobody can ask for a gradient of what is computed from x."""
    return not (x.requires_grad and config.enable_backprop)


def as_constants(arrays: Iterable[Raw]) -> tuple[Variable, ...]:
    """Arrays as Variables that need no gradient."""
    return tuple(variable_of(array) for array in arrays)


# ----------------------------------------------------------------------- checks of operands


def check_matrices(x: Operand, operation: str) -> None:
    """Raise InvalidType for what has fewer axes than a matrix."""
    if x.ndim < 2:
        raise InvalidMatrix(operation, "matrices (…, m, n)", f"shape {x.shape}")


def check_square(x: Operand, operation: str) -> None:
    """Raise InvalidType for what is no square matrix, nor a batch of them."""
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise InvalidMatrix(operation, "square matrices (…, n, n)", f"shape {x.shape}")


def check_floating(x: Variable, operation: str) -> None:
    """Raise InvalidType for other numbers than real floating point ones."""
    if x.dtype.kind != "f":
        raise InvalidType(
            operation, "a real floating point matrix", f"dtype {x.dtype}", "Cast it with F.cast."
        )
