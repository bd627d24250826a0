"""What a transform expects of a function and of what it returns; the complaints where it is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from playground.graph.backend import SCALAR_TYPES, constant_like, is_array
from playground.graph.errors import GradientError, GraphCutError
from playground.graph.variable import Variable, as_array_of
from playground.transforms.trees import is_tree, leaves, matched

__all__ = [
    "called",
    "check_function",
    "check_scalar",
    "check_shape",
    "described",
    "fitting",
    "fitting_all",
    "named",
    "numeric_leaves",
]


def check_function(name: str, f: Any) -> None:
    """Raise TypeError, in the name of a transform, for what cannot be called."""
    if not callable(f):
        raise TypeError(
            f"{name}: expected a function, got {described(f)}: write {name}(f)(x), not {name}(f(x))"
        )


def named(name: str, f: Any, transformed: Callable[..., Any], says: str) -> Callable[..., Any]:
    """``transformed``, called ``grad(f)`` after what it was made of."""
    check_function(name, f)
    transformed.__name__ = transformed.__qualname__ = f"{name}({name_of(f)})"
    transformed.__doc__ = f"{says} of {name_of(f)}, as a function of the same arguments."
    if name != "hvp":  # the arguments of f, and one more
        transformed.__wrapped__ = f  # type: ignore[attr-defined]
    return transformed


def called(f: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """``f(*args, **kwargs)``, with the complaint that helps where NumPy hides it behind its own."""
    try:
        return f(*args, **kwargs)
    except (TypeError, ValueError) as error:
        cause = error.__cause__
        if isinstance(cause, GraphCutError) and not isinstance(error, GraphCutError):
            raise GraphCutError(str(cause)) from error
        lists = [i for i, x in enumerate(args) if type(x) in (list, tuple)]
        if isinstance(error, TypeError) and lists and "list" in str(error):
            error.add_note(
                f"argument {lists[0]} is a list, which counts as several arguments, one an "
                f"element: pass an array, numpy.array([...])"
            )
        raise


def name_of(f: Any) -> str:
    """What errors call a function."""
    return getattr(f, "__name__", type(f).__name__)


def described(value: Any) -> str:
    """A value as errors tell of it."""
    if isinstance(value, Variable) or is_array(value):
        return f"an array of shape {value.shape}"
    if isinstance(value, (str, type(None))):
        return repr(value)
    return f"a {type(value).__name__}"


def _is_numeric(value: Any) -> bool:
    return isinstance(value, Variable) or type(value) in SCALAR_TYPES or is_array(value)


def check_scalar(name: str, y: Any) -> None:
    """Raise GradientError where an output is not one real number."""
    if isinstance(y, Variable) and not y._array.shape and y._node.dtype.kind == "f":
        return
    if not _is_numeric(y):
        advice = f"use jacobian or vjp, or {name}(f, has_aux=True) if it returns (value, aux)"
        what = "arrays" if is_tree(y) and y is not None else "nothing to differentiate"
        tail = f": {advice}" if what == "arrays" else ": return the value that it computes"
        raise GradientError(f"{name}: expected a function of one value, got {described(y)}{tail}")
    shape = np.shape(y) if type(y) in SCALAR_TYPES else y.shape
    if 0 in shape or any(n != 1 for n in shape):
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


def check_shape(name: str, y: Any, expected: tuple[int, ...], argument: str) -> None:
    """Raise GradientError where an output has not the shape of an argument."""
    shape = np.shape(y) if not hasattr(y, "shape") else y.shape
    if not _is_numeric(y) or shape != expected:
        raise GradientError(
            f"{name}: expected an output of the shape of {argument}, {expected}, got "
            f"{described(y)}: use grad for an output of one element, jacobian for any other"
        )


def numeric_leaves(name: str, result: Any) -> list[tuple[str, Any]]:
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


def fitting(name: str, given: Any, like: Any, what: str) -> Any:
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
        if value.dtype.kind == "c" != like.dtype.kind:
            raise GradientError(f"{name}: expected {what} of dtype {like.dtype}, got {value.dtype}")
        value = value.astype(like.dtype)
    if value.size == 1 == like.size:
        return value.reshape(like.shape)
    if value.shape != like.shape:
        raise GradientError(
            f"{name}: expected {what} of shape {like.shape}, got shape {value.shape}"
        )
    return value


def fitting_all(name: str, given: Any, tree: Any, what: str) -> list[tuple[Any, Any]]:
    """The leaves of ``tree``, arrays, each with its cotangent or tangent in ``given``."""
    try:
        found = list(matched(tree, given))
    except ValueError as error:
        raise GradientError(f"{name}: {what}: {error}") from error
    return [
        (y, fitting(name, g, y, what + path) if hasattr(y, "dtype") else g) for path, y, g in found
    ]
