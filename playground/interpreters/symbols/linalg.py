"""Linear algebra in symbols, batched (…, m, n): formulas that divide by determinants.

A function of one matrix needs one word here: its form of one SymPy Matrix, :func:`of_each_matrix`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NoReturn

import numpy as np

from playground.functions.registry import full_name
from playground.graph.errors import SymbolError
from playground.graph.types import Operand
from playground.interpreters.symbols.array import (
    Formula,
    Symbolic,
    elements_of,
    in_symbols,
    on_ones,
)
from playground.interpreters.symbols.expressions import Expr, sympy
from playground.interpreters.symbols.functions import by_numpy

__all__ = ["of_each_matrix"]

# One SymPy Matrix -> a Matrix or an expression.
OfMatrix = Callable[[Expr], Expr]

in_symbols(np.dot, np.einsum, np.inner, np.matmul, np.outer, np.tensordot)(by_numpy)


def on_each_matrix(form: OfMatrix, func: Formula, a: Symbolic, *options: Operand) -> Symbolic:
    """A form of one SymPy Matrix, applied to each of (…, m, n); its results stacked."""
    # NumPy has its say on the shape: on ones, on the diagonal so that none is singular.
    ones = np.ones(a.shape)
    if a.ndim > 1:
        ones = np.broadcast_to(np.eye(*a.shape[-2:]), a.shape)
    on_ones(func, (ones, *options), {})
    sp, elements = sympy(), elements_of(a)
    lead = elements.shape[:-2]
    found = [
        form(sp.Matrix(*elements.shape[-2:], list(elements[index].flat)))
        for index in np.ndindex(lead)
    ]
    shape = found[0].shape if found and hasattr(found[0], "shape") else ()
    stacked = np.empty((*lead, *shape), object)
    for index, result in zip(np.ndindex(lead), found, strict=True):
        stacked[index] = np.array(result.tolist(), object).reshape(shape) if shape else result
    return Symbolic(stacked, a.dtype)


def of_each_matrix(function: Formula) -> Callable[[OfMatrix], OfMatrix]:
    """Decorator: this function of numpy.linalg is the form below, of one SymPy Matrix."""

    def register(form: OfMatrix) -> OfMatrix:
        in_symbols(function)(partial(on_each_matrix, form))
        return form

    return register


@of_each_matrix(np.linalg.det)
def _determinant(matrix: Expr) -> Expr:
    # Without divisions: SymPy's usual elimination would ask of symbols whether they are zero.
    return matrix.det(method="berkowitz")


@of_each_matrix(np.linalg.inv)
def _by_cofactors(matrix: Expr) -> Expr:
    determinant = _determinant(matrix)
    if determinant == 0:
        raise np.linalg.LinAlgError("Singular matrix")
    return matrix.adjugate() / determinant


@of_each_matrix(np.linalg.cholesky)
def _lower_factor(matrix: Expr) -> Expr:
    """The lower factor of a matrix that is taken to be positive definite."""
    n = matrix.rows
    lower = sympy().zeros(n, n)
    for j in range(n):
        for i in range(j, n):
            rest = matrix[i, j] - sum(lower[i, k] * lower[j, k] for k in range(j))
            lower[i, j] = rest / lower[j, j] if i > j else sympy().sqrt(rest)
    return lower


@of_each_matrix(np.linalg.pinv)
def _pseudo_inverse(matrix: Expr) -> Expr:
    """The Moore-Penrose inverse of a matrix that is taken to have full rank."""
    if matrix.rows >= matrix.cols:
        return _by_cofactors(matrix.T * matrix) * matrix.T
    return matrix.T * _by_cofactors(matrix * matrix.T)


# ------------------------------------------------------------------- composed of those above


@in_symbols(np.linalg.slogdet)
def sign_and_log_of_determinant(func: Formula, a: Symbolic) -> tuple[Symbolic, Symbolic]:
    """Sign and logarithm of the absolute determinant."""
    value = np.linalg.det(a)
    return np.sign(value), np.log(abs(value))


@in_symbols(np.linalg.solve)
def solution_by_inverse(func: Formula, a: Symbolic, b: Operand) -> Symbolic:
    """The solution of a x = b."""
    return np.matmul(np.linalg.inv(a), b)


# ------------------------------------------------------------------------- what has no formula


@in_symbols(np.linalg.eigh, np.linalg.qr, np.linalg.svd)
def without_formula(func: Formula, *args: Operand, **kwargs: Operand) -> NoReturn:
    """Decompositions, which have no formula of use beyond the smallest sizes."""
    raise SymbolError(
        f"{full_name(func)} has no symbolic form here: use numbers, or SymPy's own Matrix methods "
        f"(eigenvals, eigenvects, QRdecomposition …) on the matrix that to_sympy gives"
    )


@in_symbols(np.fft.fft, np.fft.ifft)
def with_complex_numbers(func: Formula, *args: Operand, **kwargs: Operand) -> NoReturn:
    """Transforms, for the formulas here are of real numbers."""
    raise SymbolError(
        f"{full_name(func)} has no symbolic form here: use numbers, or matrices of cosines and "
        f"sines, by np.matmul on the real and on the imaginary part"
    )
