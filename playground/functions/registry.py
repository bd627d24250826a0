"""What becomes of each NumPy function that meets a Variable.

An operation says which NumPy functions it answers where it is defined: a user function by
:func:`answers`, an elementwise class by its ``ufunc`` when :func:`function_of` makes its user
function. What NumPy has and ``F`` has not, or has with other arguments, is answered by the modules
in ``interpreters.rules``.

A function is *recorded* (an answer stands here for it), *constant* (its result has no gradient by
nature, and is computed on the arrays inside), *refused* (with the reason, and what to use instead)
or *not applicable* (it makes nothing of an array that could have a gradient). What stands nowhere,
in a NumPy newer than this table, is refused too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, TypeVar, overload

import numpy as np

from playground.graph.errors import GraphError
from playground.graph.op import Elementwise, Unary
from playground.graph.types import Operand
from playground.graph.variable import Variable

# What a user calls: a NumPy function, or one of a ufunc's methods as (ufunc, "reduce").
NumpyFunction: TypeAlias = Any
Answer = Callable[..., Any]
A = TypeVar("A", bound=Answer)

# A NumPy function -> what records it. Arguments have the places of NumPy's, and its names where
# they are more than one array's; the protocol translates the others.
RECORDED: dict[NumpyFunction, Answer] = {}
CONSTANT: set[NumpyFunction] = set()
# A function that makes arrays -> the answer for ``like=v``, which gets v ahead of the arguments.
CREATED: dict[NumpyFunction, Answer] = {}
# A NumPy function -> why it has no rule and what to use instead, said of it: "is not …".
REFUSED: dict[Any, str] = {}
NOT_APPLICABLE: dict[Any, str] = {}


def answers(*functions: NumpyFunction) -> Callable[[A], A]:
    """Decorator: what stands below answers these NumPy functions when they meet a Variable.

    A function that only some versions of NumPy have is given by its name. Raises GraphError for a
    function that something else answers already: the later of two would win in silence.
    """

    def register(answer: A) -> A:
        for function in functions:
            function = numpy_function(function) if isinstance(function, str) else function
            if function is not None and RECORDED.setdefault(function, answer) is not answer:
                other = RECORDED[function]
                raise GraphError(
                    f"{full_name(function)} is answered already, by {other.__module__}."
                    f"{other.__name__}: take that one away, and its row in RULES of tests/ops_*.py"
                )
        return answer

    return register


class OfOne(Protocol):
    """The user function of an elementwise operation of one array."""

    __name__: str

    def __call__(self, x: Operand) -> Variable: ...


class OfTwo(Protocol):
    """The user function of an elementwise operation of two arrays, broadcast."""

    __name__: str

    def __call__(self, x1: Operand, x2: Operand) -> Variable: ...


@overload
def function_of(op: type[Unary], *functions: NumpyFunction) -> OfOne: ...
@overload
def function_of(op: type[Elementwise], *functions: NumpyFunction) -> OfTwo: ...
def function_of(op: Any, *functions: NumpyFunction) -> Any:
    """The user function of an elementwise class, which answers its ufunc (and ``functions``).

    It has the ufunc's name (without one, the class's label) and the class's docstring. It is bound
    by an assignment below the class and named in ``__all__``, not put there by a metaclass: a type
    checker, a reader and ``from … import *`` see only names that stand in the text.
    """
    if issubclass(op, Unary):

        def function(x: Operand) -> Variable:
            return op().of(x)
    else:

        def function(x1: Operand, x2: Operand) -> Variable:  # type: ignore[misc]
            return op().of(x1, x2)

    ufunc = getattr(op, "ufunc", None)
    function.__name__ = function.__qualname__ = op.label if ufunc is None else ufunc.__name__
    function.__doc__, function.__module__ = op.__doc__, op.__module__
    return answers(*(() if ufunc is None else (ufunc,)), *functions)(function)


def numpy_function(name: str) -> Any:
    """The function of a dotted name below ``numpy``, or None in a NumPy that lacks it."""
    found: Any = np
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def constant(names: str) -> None:
    """Declare functions, by names separated by spaces, whose results have no gradient."""
    CONSTANT.update(f for f in map(numpy_function, names.split()) if f is not None)


def refuse(names: str, reason: str) -> None:
    """Declare functions, by names separated by spaces, that raise with ``reason``."""
    _declare(REFUSED, names, f"is not differentiable here: {reason}")


def refuse_writing(names: str) -> None:
    """Declare functions, by names separated by spaces, that change an array in place."""
    _declare(REFUSED, names, WRITING)


WRITING = (
    "changes an array in place, which cannot be recorded: assign to elements of a Variable made "
    "with numpy.zeros(shape, like=v), or join parts with numpy.where or numpy.stack"
)


def _declare(table: dict[Any, str], names: str, text: str) -> None:
    table.update((f, text) for f in map(numpy_function, names.split()) if f is not None)


def not_applicable(names: str, reason: str) -> None:
    """Declare functions, by names separated by spaces, that have nothing to differentiate."""
    _declare(NOT_APPLICABLE, names, f"has nothing to differentiate: {reason}")


def full_name(function: NumpyFunction) -> str:
    """``numpy.linalg.inv`` of a function; ``numpy.exp`` of a ufunc that is NumPy's own."""
    name = getattr(function, "__name__", str(function))
    if isinstance(function, np.ufunc):
        return f"numpy.{name}" if getattr(np, name, None) is function else f"the ufunc {name}"
    return f"{getattr(function, '__module__', None) or 'numpy'}.{name}"
