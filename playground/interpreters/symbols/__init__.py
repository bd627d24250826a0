"""Symbols in place of numbers: the formulas of plain NumPy code, and of its gradients.

A :class:`Symbolic` array holds SymPy's expressions and answers the calls of the vocabulary; in a
Variable it makes all of differentiable NumPy symbolic, backward passes included.
"""

from playground.interpreters.symbols import elementwise, functions, linalg
from playground.interpreters.symbols.array import Symbolic, symbolic
from playground.interpreters.symbols.conversion import as_sympy, symbols, to_sympy
from playground.interpreters.symbols.expressions import sympy

__all__ = [
    "Symbolic",
    "as_sympy",
    "elementwise",
    "functions",
    "linalg",
    "symbolic",
    "symbols",
    "sympy",
    "to_sympy",
]
