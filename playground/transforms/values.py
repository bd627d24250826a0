"""What a transform expects of a function, of its arguments and of what it returns.

Arrays come and go in *trees*, nested tuples, lists, dictionaries and named tuples, which are taken
apart and put together here; the complaints where something else came stand here too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from playground.graph.backend import SCALAR_TYPES, constant_like, is_array
from playground.graph.errors import GradientError, GraphCutError, IterationCutError
from playground.graph.questions import asked_since
from playground.graph.types import Array, Keywords, Operand, Shape, Tree, UserFunction
from playground.graph.variable import Variable, as_array_of

__all__ = [
    "called",
    "check_function",
    "check_scalar",
    "check_shape",
    "described",
    "fitting_all",
    "is_tree",
    "leaves",
    "matched",
    "name_of",
    "named",
    "numeric_leaves",
    "rebuilt",
]

# --------------------------------------------------------------------------------------- trees


def is_tree(value: object) -> bool:
    """Whether ``value`` holds leaves rather than being one; None holds none."""
    # The frequent leaf first: a Variable is asked three times for its class, in Python.
    if type(value) is Variable:
        return False
    return isinstance(value, (tuple, list, dict)) or value is None


def leaves(tree: Tree, path: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves from left to right, each with its place: ``['w'][0]``."""
    if not is_tree(tree):
        yield path, tree
    elif isinstance(tree, dict):
        for key, part in tree.items():
            yield from leaves(part, f"{path}[{key!r}]")
    else:
        for i, part in enumerate(tree or ()):
            yield from leaves(part, f"{path}[{i}]")


def rebuilt(tree: Tree, values: Iterator[Any]) -> Tree:
    """A tree of the same form, its leaves taken from ``values`` in the order of :func:`leaves`."""
    if not is_tree(tree):
        return next(values)
    if tree is None:
        return None
    if isinstance(tree, dict):
        return {key: rebuilt(part, values) for key, part in tree.items()}
    parts = [rebuilt(part, values) for part in tree]
    if isinstance(tree, list):
        return parts
    # A named tuple takes its fields one by one, a tuple takes them all at once.
    return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)


def matched(tree: Tree, other: Tree, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The leaves of ``tree``, each with its place and what stands there in ``other``.

    Raises ValueError, which names the place, where the two have different forms.
    """
    if not is_tree(tree):
        yield path, tree, other
        return
    keys, theirs = _keys(tree), _keys(other)
    # By keys and not by class: a list may stand where the function returned a tuple.
    if keys is None or theirs is None or set(keys) != set(theirs) or len(keys) != len(theirs):
        raise ValueError(
            f"expected {_kind_of(tree)}{path and f' at {path}'}, got {_kind_of(other)}"
        )
    for key in keys:
        yield from matched(tree[key], other[key], f"{path}[{key!r}]")


def _keys(tree: Tree) -> Sequence[Any] | None:
    if isinstance(tree, dict):
        return list(tree)
    return range(len(tree or ())) if is_tree(tree) else None


def _kind_of(value: Tree) -> str:
    if isinstance(value, dict):
        return f"a dict of {list(value)}"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    return f"one {type(value).__name__}" if value is not None else "None"


# ----------------------------------------------------------------------------------- functions


def check_function(name: str, f: object) -> None:
    """Raise TypeError, in the name of a transform, for what cannot be called."""
    if not callable(f):
        raise TypeError(
            f"{name}: expected a function, got {described(f)}: write {name}(f)(x), not {name}(f(x))"
        )


def named(name: str, f: UserFunction, transformed: UserFunction, says: str) -> UserFunction:
    """``transformed``, called ``grad(f)`` after what it was made of."""
    check_function(name, f)
    transformed.__name__ = transformed.__qualname__ = f"{name}({name_of(f)})"
    transformed.__doc__ = f"{says} of {name_of(f)}, as a function of the same arguments."
    # What introspection then shows as the signature is that of f; a product with the Hessian takes
    # one argument more.
    if name != "hvp":
        transformed.__wrapped__ = f  # type: ignore[attr-defined]
    return transformed


def called(f: UserFunction, args: Sequence[Tree], kwargs: Keywords, since: int) -> Tree:
    """``f(*args, **kwargs)``, with the complaint that helps where NumPy hides it behind its own.

    ``since`` is what ``QUESTIONS.count`` was before.
    """
    try:
        return f(*args, **kwargs)
    except (TypeError, ValueError) as error:
        for place in asked_since(since)[:1]:
            error.add_note(
                f"{place.text} asks what a value is: in place of each number and array that is "
                f"differentiated by stands a playground.Variable"
            )
        # NumPy answers a refused conversion by an error of its own, about sequences and scalars,
        # and keeps ours, which says what to write instead, as the cause.
        cause = error if isinstance(error, IterationCutError) else error.__cause__
        if isinstance(cause, (GraphCutError, IterationCutError)) and not isinstance(
            error, GraphCutError
        ):
            raise GraphCutError(str(cause)) from error
        lists = [i for i, x in enumerate(args) if type(x) in (list, tuple)]
        if isinstance(error, TypeError) and lists and "list" in str(error):
            error.add_note(
                f"argument {lists[0]} is a list, which counts as several arguments, one an "
                f"element: pass an array, numpy.array([...])"
            )
        raise


def name_of(f: object) -> str:
    """What errors call a function."""
    return getattr(f, "__name__", type(f).__name__)


def described(value: Operand) -> str:
    """A value as errors tell of it."""
    if isinstance(value, Variable) or is_array(value):
        return f"an array of shape {value.shape}"
    if isinstance(value, (str, type(None))):
        return repr(value)
    return f"a {type(value).__name__}"


def _is_numeric(value: Operand) -> bool:
    return isinstance(value, Variable) or type(value) in SCALAR_TYPES or is_array(value)


def check_scalar(name: str, y: Tree) -> None:
    """Raise GradientError where an output is not one real number."""
    # Nearly always; all that is asked below costs as much as an operation.
    if isinstance(y, Variable) and not y._array.shape and y._node.dtype.kind == "f":
        return
    if not _is_numeric(y):
        advice = f"use jacobian or vjp, or {name}(f, has_aux=True) if it returns (value, aux)"
        what = "arrays" if is_tree(y) and y is not None else "nothing to differentiate"
        tail = f": {advice}" if what == "arrays" else ": return the value that it computes"
        raise GradientError(f"{name}: expected a function of one value, got {described(y)}{tail}")
    shape = np.shape(y) if type(y) in SCALAR_TYPES else y.shape
    if any(n != 1 for n in shape):
        raise GradientError(
            f"{name}: expected an output of one element, got shape {shape}: use jacobian for all "
            f"derivatives, elementwise_grad if each output element depends on its own element of "
            f"the input alone, or vmap({name}(f)) for the gradients at many points"
        )
    if np.dtype(getattr(y, "dtype", type(y))).kind == "c":
        raise GradientError(
            f"{name}: expected a real output, got a complex one: elementwise_grad and jacobian "
            f"give the complex derivative of a holomorphic function"
        )


def check_shape(name: str, y: Tree, expected: Shape, argument: str) -> None:
    """Raise GradientError where an output has not the shape of an argument."""
    shape = np.shape(y) if not hasattr(y, "shape") else y.shape
    if not _is_numeric(y) or shape != expected:
        raise GradientError(
            f"{name}: expected an output of the shape of {argument}, {expected}, got "
            f"{described(y)}: use grad for an output of one element, jacobian for any other"
        )


def numeric_leaves(name: str, result: Tree) -> list[tuple[str, Array]]:
    """The outputs in what a function returned: arrays and numbers, with their places."""
    found = list(leaves(result))
    for path, y in found:
        if not _is_numeric(y):
            raise GradientError(
                f"{name}: expected a function that returns arrays, got {described(y)}"
                f"{path and f' at {path}'}: leave out what is no array"
            )
    if not found:
        raise GradientError(
            f"{name}: expected a function that returns arrays, got {result!r}: return the value "
            f"that it computes"
        )
    return found


def _fitted_to(name: str, given: Operand, like: Array, what: str) -> Array:
    """``given``, a cotangent or tangent of the array ``like``: in its shape and dtype, copied.

    A Variable stays one.
    """
    if isinstance(given, Variable):
        value = given if given.dtype == like.dtype else given.astype(like.dtype)
    else:
        given = given.to_numpy() if hasattr(given, "to_numpy") else given
        if type(given) not in SCALAR_TYPES and not is_array(given):
            raise TypeError(f"{name}: {what} must be an array, got {described(given)}")
        value = constant_like(given, as_array_of(like), f"{name}: {what}")
        if value.dtype.kind == "c" and like.dtype.kind != "c":
            raise GradientError(f"{name}: expected {what} of dtype {like.dtype}, got {value.dtype}")
        value = value.astype(like.dtype)
    # The cotangent of a single number is as often written [1.0] as 1.0.
    if value.size == 1 and like.size == 1:
        return value.reshape(like.shape)
    if value.shape != like.shape:
        raise GradientError(
            f"{name}: expected {what} of shape {like.shape}, got shape {value.shape}"
        )
    return value


def fitting_all(name: str, given: Tree, tree: Tree, what: str) -> list[tuple[Array, Array]]:
    """The leaves of ``tree``, arrays, each with its cotangent or tangent in ``given``."""
    try:
        found = list(matched(tree, given))
    except ValueError as error:
        raise GradientError(f"{name}: {what}: {error}") from error
    return [
        (y, _fitted_to(name, g, y, what + path) if hasattr(y, "dtype") else g)
        for path, y, g in found
    ]
