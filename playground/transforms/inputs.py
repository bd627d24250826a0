"""The differentiated arguments of a function on their way into the graph, and gradients out of it.

A user's Variable enters through a node of its own, so that its other uses inside the function, as
a closed-over value, count as constants.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import playground.functions as F
from playground.functions.lanes import hide, levels
from playground.graph.backend import SCALAR_TYPES, as_array, is_array
from playground.graph.config import config
from playground.graph.op import Unary
from playground.graph.variable import Variable, constant_node

__all__ = [
    "NUMBER",
    "VARIABLE",
    "Given",
    "entered",
    "in_all_lanes",
    "positions",
    "seal",
    "settle",
    "zeros",
]

ARRAY, NUMBER, VARIABLE = range(3)


class Alias(Unary):
    """y = x itself, not a copy, in a node of its own."""

    __slots__ = ()

    def forward(self, x: Any) -> Any:
        return x

    def backward(self, gy: Any, x: Any) -> Any:
        return gy


class Given:
    """One array among the arguments: the leaf it has become, and how its gradient goes back.

    Attributes:
        variable: what the function gets.
        node: its node, which the variable gives up where the function assigns to its elements.
        form: ARRAY, NUMBER or VARIABLE, as the caller gave it.
        name: its place, for errors.
    """

    __slots__ = ("form", "name", "node", "variable")

    def __init__(self, variable: Variable, form: int, name: str) -> None:
        self.variable, self.form, self.name = variable, form, name
        self.node: Any = variable._node


def entered(x: Any, transform: str, name: str) -> Given:
    """``x`` as a leaf, or as an alias of a Variable whose gradient is recorded."""
    if type(x) is np.ndarray:
        form, array = ARRAY, x
    elif isinstance(x, Variable):
        return _entered_variable(x, transform, name)
    elif type(x) in SCALAR_TYPES:
        form, array = NUMBER, np.asarray(x)
    elif is_array(x):
        form, array = ARRAY, x
    elif hasattr(x, "to_numpy"):  # a Series or a DataFrame
        form, array = ARRAY, x.to_numpy()
    else:
        raise TypeError(_unusable(transform, name, f"a {type(x).__name__}"))
    if array.dtype.kind not in "fc":
        array = _promoted(array, transform, name)
    if config._lift is not None:
        array = in_all_lanes(Variable(array, requires_grad=False)).array
        form = ARRAY if is_array(x) else VARIABLE
    return Given(Variable(array), form, name)


def _entered_variable(x: Variable, transform: str, name: str) -> Given:
    array = x.array
    if array is None:
        raise TypeError(_unusable(transform, name, "a Parameter that is not initialised"))
    linked = x.requires_grad and config.enable_backprop
    if array.dtype.kind not in "fc":
        if linked:
            raise TypeError(
                f"{transform}: {name} is a Variable of dtype {array.dtype}, whose gradient could "
                f"hold no fractions: make it of floating point numbers"
            )
        array = _promoted(array, transform, name)
    if linked:
        return Given(Alias().of(in_all_lanes(x)), VARIABLE, name)
    lanes = in_all_lanes(Variable(array, requires_grad=False))
    return Given(Variable(lanes.array), VARIABLE, name)


def _promoted(array: Any, transform: str, name: str) -> Any:
    """Integers as float64; there is no derivative by anything else."""
    if array.dtype.kind in "iu":
        return array.astype(np.float64)
    raise TypeError(_unusable(transform, name, f"an array of dtype {array.dtype}"))


def _unusable(transform: str, name: str, actual: str) -> str:
    return (
        f"{transform}: {name} must be a number, an array of numbers, a Variable, or a tuple, list "
        f"or dict of these, got {actual}: choose what to differentiate with argnums="
    )


def in_all_lanes(x: Variable) -> Variable:
    """``x`` with a value of its own in each lane of the ``vmap`` around the transform.

    One that is the same for all would get the sum of the lanes' gradients.
    """
    around = config._lift.levels if config._lift is not None else ()
    for level in around:
        if level not in levels(x):
            x = hide(F.broadcast_to(F.expand_dims(x, 0), (level.size, *x.shape)), level)
    return x


def settle(node: Any) -> None:
    """Make a finished transform's unknown, or its constant result, a constant to those around it.

    The mark tells them that what depends on nothing here does so for a reason.
    """
    if node.creator is None:
        node.requires_grad = False
        node.settled = True


def seal(given: Given) -> None:
    """The same for an unknown that passes are still to reach: a leaf becomes no one's leaf."""
    node = given.node
    if node.creator is None:
        alias = Alias()
        alias.inputs, alias.rank = (constant_node(node),), -1
        node.creator, node.settled = alias, True


def zeros(shape: tuple[int, ...], like: Any) -> Any:
    """Zeros in the dtype of an array, and where it is."""
    if type(like) is np.ndarray:
        return np.zeros(shape, like.dtype)
    return as_array(np.zeros(shape, like.dtype, like=like))


def positions(transform: str, argnums: Any, count: int) -> tuple[int, ...]:
    """The places that ``argnums`` selects among ``count`` arguments given by position."""
    if type(argnums) is int and 0 <= argnums < count:
        return (argnums,)
    chosen = tuple(argnums) if isinstance(argnums, (tuple, list)) else (argnums,)
    for i in chosen:
        if not isinstance(i, (int, np.integer)) or isinstance(i, bool):
            raise TypeError(
                f"{transform}: argnums must be a number or a tuple of numbers, got {argnums!r}"
            )
        if not -count <= i < count:
            raise TypeError(
                f"{transform}: argnums {argnums!r} selects argument {i}, but {count} were given by "
                f"position: arguments given by keyword are not differentiated"
            )
    found = tuple(int(i) % count for i in chosen)
    if not found or len(set(found)) < len(found):
        raise ValueError(
            f"{transform}: argnums must select at least one argument, each once, got {argnums!r}"
        )
    return found
