"""From a function in plain NumPy to SymPy's expressions."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence

import numpy as np

from playground.graph.errors import SymbolError
from playground.graph.types import Operand, Shape, Tree, UserFunction
from playground.graph.variable import Variable, as_array_of
from playground.interpreters.symbols.array import Symbolic, symbolic
from playground.interpreters.symbols.expressions import is_truth, sympy, tidied

__all__ = ["as_sympy", "symbols", "to_sympy"]

LETTERS = ("x", "y", "z", "u", "v", "w")


def symbols(names: str, shape: int | Sequence[int] = ()) -> Symbolic:
    """An array of new real symbols.

    ``names`` is one name, to which the positions are added (x0, x1 …, or A00, A01 …), or one for
    each element in SymPy's form ("x1 x2", "x1:3"). Raises SymbolError if their number is wrong.
    """
    sp = sympy()
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    # Real, as arrays are: sqrt(x**2) becomes |x|, and no conjugate is left standing.
    found = sp.symbols(names, real=True)
    if isinstance(found, tuple):
        if len(found) != math.prod(shape):
            raise SymbolError(
                f"symbols: expected {math.prod(shape)} names for the shape {shape}, got "
                f"{len(found)} in {names!r}"
            )
    else:
        # With two digits A111 might be A[1, 11] or A[11, 1].
        gap = "_" if max(shape, default=0) > 10 else ""
        ends = [gap + gap.join(map(str, i)) if i else "" for i in np.ndindex(shape)]
        found = [sp.Symbol(found.name + end, real=True) for end in ends]
    elements = np.empty(len(found), object)
    elements[:] = found
    return Symbolic(elements.reshape(shape))


def to_sympy(
    function: UserFunction, *shapes: int | Shape | Operand, names: Sequence[str] = ()
) -> Tree:
    """The formula of a function that is written in plain NumPy.

    The function is called with Variables that hold symbols, so that all of NumPy that is
    differentiable can be in it, and gradients too: ``to_sympy(grad(f), 2)``.

    Args:
        function: of as many arrays as there are shapes.
        shapes: of each argument, a number or a tuple of them, () for a scalar; or the argument
            itself, as an array of numbers or a SymPy Matrix, expression or list of them.
        names: of each argument, as in :func:`symbols`; by default as the function calls it.

    Returns what :func:`as_sympy` makes of the result. Raises SymbolError where SymPy is missing,
    where a function in it has no symbolic form, and where a branch depends on the symbols.
    """
    if isinstance(names, str):
        names = (names,)
    names = (*names, *_names_in(function, len(shapes))[len(names) :])
    arguments = []
    for shape, name in zip(shapes, names, strict=True):
        # A list of whole numbers is a shape, one of expressions is the argument.
        is_shape = isinstance(shape, (tuple, list)) and all(isinstance(n, int) for n in shape)
        given = symbols(name, shape) if is_shape or isinstance(shape, int) else symbolic(shape)
        arguments.append(Variable(given))
    return as_sympy(function(*arguments))


def _names_in(function: UserFunction, count: int) -> tuple[str, ...]:
    """The names of a function's arguments, or usual ones where it does not tell."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        parameters = ()  # type: ignore[assignment]
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    own = [parameter.name for parameter in parameters if parameter.kind in by_position]
    if len(own) >= count:
        return tuple(own[:count])
    return LETTERS[:count] if count <= len(LETTERS) else tuple(f"x{i}_" for i in range(count))


def as_sympy(value: Tree) -> Tree:
    """A result as SymPy has it: an expression, a Matrix (a column for one axis), or an Array.

    Tuples, lists and dictionaries of results stay what they are. An array of conditions stays an
    array of objects.
    """
    if isinstance(value, dict):
        return {key: as_sympy(part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return (
            type(value)(*map(as_sympy, value))
            if hasattr(value, "_fields")
            else (type(value)(map(as_sympy, value)))
        )
    sp = sympy()
    elements = symbolic(as_array_of(value)).elements
    # Only here: choices drawn together on the way would be multiplied out at each step.
    tidy = np.frompyfunc(tidied, 1, 1)(elements)
    if elements.ndim == 0:
        return tidy
    if any(map(is_truth, tidy.flat)):
        return tidy
    if elements.ndim <= 2:
        return sp.Matrix(elements.shape[0], elements[:1].size, list(tidy.flat))
    return sp.Array(list(tidy.flat), elements.shape)
