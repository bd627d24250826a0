"""Linear algebra on symbolic matrices, batched (…, n, n): formulas that divide by determinants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from playground.interpreters.symbols.array import Symbolic, answers, elements_of, on_ones, symbolic
from playground.interpreters.symbols.expressions import sympy

__all__ = ["each_matrix"]


def each_matrix(function: Callable[[Any], Any], elements: np.ndarray) -> np.ndarray:
    """A function of one SymPy Matrix, applied to each of (…, m, n); its results stacked."""
    sp = sympy()
    lead = elements.shape[:-2]
    found = [
        function(sp.Matrix(*elements.shape[-2:], list(elements[index].flat)))
        for index in np.ndindex(lead)
    ]
    shape = found[0].shape if found and hasattr(found[0], "shape") else ()
    stacked = np.empty((*lead, *shape), object)
    for index, result in zip(np.ndindex(lead), found, strict=True):
        stacked[index] = np.array(result.tolist(), object).reshape(shape) if shape else result
    return stacked


def _matrices(func: Any, a: Any) -> np.ndarray:
    """The elements, after NumPy has had its say on the shape."""
    on_ones(func, (_eye_shaped(a),), {})
    return elements_of(a)


def _eye_shaped(a: Any) -> np.ndarray:
    return np.broadcast_to(np.eye(*a.shape[-2:]), a.shape) if a.ndim > 1 else np.ones(a.shape)


def _det(matrix: Any) -> Any:
    return matrix.det(method="berkowitz")


def _inverse(matrix: Any) -> Any:
    determinant = _det(matrix)
    if determinant == 0:
        raise np.linalg.LinAlgError("Singular matrix")
    return matrix.adjugate() / determinant


@answers(np.linalg.det)
def det(func: Any, a: Any) -> Symbolic:
    """The determinant."""
    return Symbolic(each_matrix(_det, _matrices(func, a)), a.dtype)


@answers(np.linalg.slogdet)
def slogdet(func: Any, a: Any) -> tuple[Any, Any]:
    """Sign and logarithm of the absolute determinant."""
    value = Symbolic(each_matrix(_det, _matrices(func, a)), a.dtype)
    return np.sign(value), np.log(abs(value))


@answers(np.linalg.inv)
def inv(func: Any, a: Any) -> Symbolic:
    """The inverse, by cofactors."""
    return Symbolic(each_matrix(_inverse, _matrices(func, a)), a.dtype)


@answers(np.linalg.solve)
def solve(func: Any, a: Any, b: Any) -> Symbolic:
    """The solution, by the inverse."""
    inverse = symbolic(each_matrix(_inverse, _matrices(np.linalg.inv, a)), a.dtype)
    return np.matmul(inverse, b)


@answers(np.linalg.cholesky)
def cholesky(func: Any, a: Any) -> Symbolic:
    """The lower factor of a matrix that is taken to be positive definite."""
    return Symbolic(each_matrix(_factor, _matrices(func, a)), a.dtype)


def _factor(matrix: Any) -> Any:
    n = matrix.rows
    lower = sympy().zeros(n, n)
    for j in range(n):
        for i in range(j, n):
            rest = matrix[i, j] - sum(lower[i, k] * lower[j, k] for k in range(j))
            lower[i, j] = rest / lower[j, j] if i > j else sympy().sqrt(rest)
    return lower


@answers(np.linalg.pinv)
def pinv(func: Any, a: Any, rcond: Any = None) -> Symbolic:
    """The Moore-Penrose inverse of a matrix that is taken to have full rank."""
    return symbolic(each_matrix(_pseudo_inverse, elements_of(a)), a.dtype)


def _pseudo_inverse(matrix: Any) -> Any:
    if matrix.rows >= matrix.cols:
        return _inverse(matrix.T * matrix) * matrix.T
    return matrix.T * _inverse(matrix * matrix.T)
