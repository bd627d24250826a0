"""One call of a user's function, recorded, and the passes back from its outputs to its arguments.

A pass is *raw*, on arrays, unless its result depends on a Variable that outlives the call: one
among the arguments, one that the function closes over, or one of a transform around this one. Then
it is itself recorded, and its results are Variables.

A user's Variable enters through a node of its own, so that its other uses inside the function, as
a closed-over value, count as constants.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Container, Iterable, Sequence
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

import playground.functions as F
from playground.functions.lanes import hide, levels
from playground.graph import backprop
from playground.graph.backend import SCALAR_TYPES, as_array, is_array, is_recorded, plain_array
from playground.graph.config import config, using_own
from playground.graph.function_node import FunctionNode
from playground.graph.op import Unary
from playground.graph.questions import QUESTIONS
from playground.graph.types import (
    Array,
    Function,
    Keywords,
    Node,
    Operand,
    Raw,
    Shape,
    Tree,
    UserFunction,
)
from playground.graph.variable import Variable, output_variable
from playground.transforms.branches import Twins, asks, check_branches
from playground.transforms.values import called, is_tree, leaves, rebuilt

__all__ = [
    "Argnums",
    "Trace",
    "as_seed",
    "is_linked",
    "positions",
    "seed_of_ones",
    "survey",
    "transported",
    "zeros_for",
]

# The places of the arguments to differentiate by.
Argnums = int | tuple[int, ...]
_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# ---------------------------------------------------------------------------------- on the way in

ARRAY, NUMBER, VARIABLE = range(3)


class Alias(Unary):
    """y = x itself, not a copy, in a node of its own."""

    __slots__ = ()

    def forward(self, x: Raw) -> Raw:
        return x

    def backward(self, gy: Array, x: Array) -> Array:
        return gy


class Finished(FunctionNode):
    """The creator of what a finished transform leaves behind: constants to all that comes later.

    These are its unknowns and those of its results that depend on nothing. It has no inputs, so
    that every walk over the graph ends at it; and who finds it knows that a derivative of zero is
    meant (grad of 3x is 3 whatever x is), where a value copied out of the graph deserves a warning.
    """

    inputs = ()
    # Below the functions that its outputs, which keep the rank of leaves, are inputs of.
    rank = -1

    def __init__(self, transform: str) -> None:
        self.transform = transform

    @property
    def label(self) -> str:
        return self.transform

    def pull(self, gy: Array) -> Sequence[Array]:
        return ()

    pull_recorded = pull


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
        # Not asked for again: y[i] = u inside the function gives the variable another node.
        self.node: Node = variable._node
        self.node.given = True

    def zero(self, lead: Shape) -> Raw:
        """A derivative (``lead`` + shape) of zeros."""
        array = self.variable._array
        return zeros_for(array, (*lead, *array.shape))

    def returned(self, c: Raw | None, lead: Shape) -> Any:
        """A raw derivative as the argument was given, in memory that may be written to."""
        c = self.zero(lead) if c is None else as_array(c)
        if self.form == VARIABLE:
            return Variable(c, requires_grad=False)
        if type(c) is not np.ndarray:
            return c
        # The gradient of a sum is one number with strides of 0, and the seed is shared by all.
        c = c if c.flags.writeable else c.copy()
        return c[()] if self.form == NUMBER and not c.shape else c


def entered(x: Operand, transform: str, name: str) -> Given:
    """``x`` as a leaf, or as an alias of a Variable whose gradient is recorded."""
    form, array, linked = ARRAY, x, False
    if type(x) is np.ndarray:
        pass
    elif isinstance(x, Variable):
        form, array = VARIABLE, x._array
        linked = x.requires_grad and config.enable_backprop
    elif type(x) in SCALAR_TYPES:
        form, array = NUMBER, np.asarray(x)
    elif not is_array(x) and hasattr(x, "to_numpy"):  # a Series or a DataFrame
        array = x.to_numpy()
    if isinstance(array, np.ndarray) and type(array) is not np.ndarray:
        array = plain_array(array, f"{transform}: {name}")
    if not is_array(array):
        what = "a Parameter that is not initialised" if array is None else f"a {type(x).__name__}"
        raise TypeError(_unusable(transform, name, what))
    if array.dtype.kind not in "fc":
        if linked:
            raise TypeError(
                f"{transform}: {name} is a Variable of dtype {array.dtype}, whose gradient could "
                f"hold no fractions: make it of floating point numbers"
            )
        if array.dtype.kind not in "iu":
            raise TypeError(_unusable(transform, name, f"an array of dtype {array.dtype}"))
        array = array.astype(np.float64)
    if linked:
        return Given(Alias().of(in_all_lanes(x)), VARIABLE, name)
    if config._lift is not None:
        array = in_all_lanes(Variable(array, requires_grad=False)).array
        form = ARRAY if is_array(x) else VARIABLE
    return Given(Variable(array), form, name)


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


def positions(transform: str, argnums: Argnums, count: int) -> tuple[int, ...]:
    """The places that ``argnums`` selects among ``count`` arguments given by position."""
    # The case of nearly every call; the checks below take ten times as long.
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


# ----------------------------------------------------------------------------- over the graph


class Survey(NamedTuple):
    """What lies above some nodes: the targets met, whether other leaves want a gradient too,
    and the functions between targets and nodes (None: every one that needs a gradient)."""

    reached: set[Node]
    foreign: bool
    needed: set[Function] | None


def survey(nodes: Iterable[Node], targets: Container[Node], linked: bool = False) -> Survey:
    """Look at the graph from ``nodes`` up to, and not beyond, the nodes ``targets``.

    ``linked`` says that targets have creators, which no pass to them may enter.
    """
    reached, functions, foreign = set(), set(), False
    for node in backprop.nodes_above(nodes, targets):
        if node in targets:
            reached.add(node)
        elif node.creator is not None:
            functions.add(node.creator)
        elif node.unrecorded:
            warnings.warn(
                "the function uses a gradient that was not recorded, which counts as a constant: "
                "pass enable_double_backprop=True to playground.grad in it",
                stacklevel=_outside(),
            )
        elif node.dtype is not None and node.dtype.kind in "fc":
            foreign = True
    # With no leaf but the targets there is nothing to leave out, and no order to be found.
    if not (foreign or linked):
        return Survey(reached, False, None)
    return Survey(reached, foreign, backprop.leading_to(targets, functions))


def _outside() -> int:
    """The stack level, for a warning of the caller, of the code that called the transform."""
    # Transforms may be nested, with the user's functions between them: no fixed number fits.
    frame: FrameType = sys._getframe(1)
    level = 1
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        frame, level = frame.f_back, level + 1
    return level


def transported(
    seeds: Sequence[tuple[Node, Array]],
    targets: Sequence[Node],
    needed: set[Function] | None,
    recorded: bool,
) -> list[Any]:
    """The cotangents of the ``targets``, None where there is none, from those of some nodes.

    Args:
        seeds: pairs of a node and its cotangent: a raw array, or a Variable if recorded.
        needed: as in :class:`Survey`.
    """
    if needed is None:
        if len(seeds) == 1 and not recorded and seeds[0][0].creator is not None:
            found = backprop.propagate_plainly(*seeds[0])
        else:
            found = backprop.propagate(seeds, recorded)
        return [found.get(node) for node in targets]
    # The creator of a target is queued, so that its cotangent is complete when it is told of, but
    # not entered: what lies beyond an alias is the user's own graph.
    ends = {node.creator for node in targets if node.creator is not None}
    wanted, chosen = set(targets), {}
    seeds = [s for s in seeds if s[0] in wanted or s[0].creator in needed]

    def observe(node: Node, cotangent: Array) -> None:
        if node in wanted:
            chosen[node] = cotangent

    backprop.propagate(seeds, recorded, observe, needed | ends, ends)
    return [chosen.get(node) for node in targets]


def seed_of_ones(y: Variable, recorded: bool) -> Array:
    """The cotangent of ones."""
    array = y._array
    # np.ones_like of a host array takes three times as long; of others it finds their device.
    if type(array) is np.ndarray:
        return as_seed(np.ones(array.shape, array.dtype), recorded)
    return as_seed(np.ones_like(array), recorded)


def as_seed(cotangent: Array, recorded: bool) -> Array:
    """What a pass starts from: a Variable if it is recorded, which is no one's unknown."""
    if isinstance(cotangent, Variable):
        return cotangent if recorded else cotangent.array
    cotangent = as_array(cotangent)
    return Variable(cotangent, requires_grad=False) if recorded else cotangent


def is_linked(values: Iterable[Array]) -> bool:
    """Whether the derivative is to be connected to one of the values."""
    linked = any(isinstance(value, Variable) and value.requires_grad for value in values)
    return linked and config.enable_backprop


def zeros_for(array: Raw, shape: Shape) -> Raw:
    """Zeros of a shape in the dtype of an array, and where it is."""
    if type(array) is np.ndarray:
        return np.zeros(shape, array.dtype)
    return as_array(np.zeros(shape, array.dtype, like=array))


# ---------------------------------------------------------------------------------- one call


class Trace:
    """One call of ``function``, the arguments that ``argnums`` selects being its unknowns.

    Attributes:
        givens: the unknown arrays, in the order of the arguments.
        result: what the function returned.
        recorded: whether passes are recorded; known after :meth:`look`.
    """

    __slots__ = ("enabled", "givens", "name", "needed", "recorded", "result", "single", "trees")

    def __init__(
        self,
        name: str,
        function: UserFunction,
        argnums: Argnums,
        args: Sequence[Tree],
        kwargs: Keywords,
        compared: bool = True,
    ) -> None:
        since = QUESTIONS.count
        self.name, self.enabled = name, config.enable_backprop
        self.recorded = False
        self.needed: set[Function] | None = None
        self.single = not isinstance(argnums, (tuple, list))
        self.givens: list[Given] = []
        self.trees: list[Tree] = []
        inside = list(args)
        for i in positions(name, argnums, len(inside)):
            self.trees.append(inside[i])
            inside[i] = self._entered(inside[i], f"argument {i}")
        if self.enabled:
            self.result = called(function, inside, kwargs, since)
        else:
            # In no_backprop_mode too the function is recorded: what is off is the derivative's own
            # graph, and its results come as constants.
            with using_own({"enable_backprop": True}):
                self.result = called(function, inside, kwargs, since)
        if compared and asks(function, since):
            self._compare(function, argnums, args, kwargs, since)

    def _compare(
        self,
        function: UserFunction,
        argnums: Argnums,
        args: Sequence[Tree],
        kwargs: Keywords,
        since: int,
    ) -> None:
        """Raise BranchError where the arguments themselves lead the function another way."""
        # Variables come from the user, or from a transform around this one, which compares.
        if all(given.form == VARIABLE for given in self.givens):
            return
        chosen = positions(self.name, argnums, len(args))
        point = [x for i in chosen for _, x in leaves(args[i])]
        if any(map(is_recorded, point)):  # the same call has been compared on plain arrays
            return

        def put(values: Sequence[Operand]) -> list[Tree]:
            rest, inside = iter(values), list(args)
            for i in chosen:
                inside[i] = rebuilt(args[i], rest)
            return inside

        def plain(values: Sequence[Operand]) -> Tree:
            return function(*put(values), **kwargs)

        def traced(values: Sequence[Operand]) -> Tree:
            return Trace(self.name, function, argnums, put(values), kwargs, False).result

        others = [x for i, x in enumerate(args) if i not in chosen]
        given = [others, dict(kwargs)]
        twins = Twins(self.name, function, point, self.result, plain, traced, given)
        check_branches(twins, since)

    def _entered(self, argument: Tree, name: str) -> Tree:
        if not is_tree(argument):
            given = entered(argument, self.name, name)
            self.givens.append(given)
            return given.variable
        first = len(self.givens)
        for path, leaf in leaves(argument):
            self.givens.append(entered(leaf, self.name, name + path))
        if len(self.givens) == first:
            raise ValueError(
                f"{self.name}: {name} holds no array: expected a number, an array, or a tuple, "
                f"list or dict of these, got {argument!r}"
            )
        return rebuilt(argument, iter([given.variable for given in self.givens[first:]]))

    @property
    def targets(self) -> list[Node]:
        return [given.node for given in self.givens]

    def look(self, ys: Iterable[Array]) -> None:
        """Find out how the outputs ``ys`` depend on the unknowns; warn if they do not at all."""
        targets = {*self.targets}
        linked = any(node.creator is not None for node in targets)
        nodes = [y._node for y in ys if isinstance(y, Variable)]
        reached, foreign, self.needed = survey(nodes, targets, linked)
        self.recorded = self.enabled and (linked or (foreign and bool(reached)))
        if reached:
            return
        above = backprop.nodes_above(nodes, constants=True)
        if any(type(node.creator) is Finished for node in above):
            return
        names = ", ".join(given.name for given in self.givens)
        warnings.warn(
            f"{self.name}: the output does not depend on {names}: the derivative is zero; if it "
            f"should depend on it, a copy through np.array(...) or .array is the usual reason",
            stacklevel=_outside(),
        )

    def narrow(self, ys: Iterable[Variable]) -> None:
        """The same for passes from ``ys``, the results of an earlier pass."""
        if self.needed is not None:
            self.needed = survey([y._node for y in ys], {*self.targets}, True).needed

    def pull(self, seeds: Iterable[tuple[Variable, Array]], recorded: bool) -> list[Any]:
        """The cotangents of the unknowns (None: zero) from those of outputs."""
        nodes = [(y._node, cotangent) for y, cotangent in seeds]
        return transported(nodes, self.targets, self.needed, recorded)

    def seal(self, ys: Iterable[Array]) -> None:
        """Let no transform around this one see an unknown, though passes are still to come.

        One that is seen is a leaf that wants a gradient: the pass around would be recorded for it.
        """
        for given in self.givens:
            if given.node.creator is None:
                # One for each: cotangents of nodes that share a creator would be added up.
                given.node.creator = Finished(self.name)
        nodes = [y._node for y in ys if isinstance(y, Variable)]
        self.needed = survey(nodes, {*self.targets}, True).needed

    def forget(self) -> None:
        """After the last pass: to all that comes later the unknowns are constants."""
        for given in self.givens:
            # What has a creator is an alias of the user's Variable, and stays connected to it.
            if given.node.creator is None:
                given.node.requires_grad, given.node.creator = False, Finished(self.name)

    # ------------------------------------------------------------------------ on the way out

    def assembled(self, values: Sequence[Any]) -> Tree:
        """One value an unknown, in the form of the arguments."""
        if self.single and not is_tree(self.trees[0]):
            return values[0]
        rest = iter(values)
        parts = [rebuilt(tree, rest) for tree in self.trees]
        return parts[0] if self.single else tuple(parts)

    def derivatives(
        self, cotangents: Iterable[Array | None], recorded: bool, lead: Shape = ()
    ) -> Tree:
        """Derivatives (``lead`` + shape), None being zero, as the caller gave the arguments."""
        pairs = zip(self.givens, cotangents, strict=True)
        if recorded:
            whole = [given.zero(lead) if c is None else c for given, c in pairs]
            return self.assembled([self.recorded_result(c) for c in whole])
        found = [given.returned(c, lead) for given, c in pairs]
        # The gradients of x + y are one array; who writes into one must not change the other.
        for i in range(1, len(found)):
            value = found[i]
            if isinstance(value, np.ndarray) and any(
                isinstance(other, np.ndarray) and np.may_share_memory(value, other)
                for other in found[:i]
            ):
                found[i] = value.copy()
        return self.assembled(found)

    def recorded_result(self, value: Array) -> Variable:
        """A recorded derivative; one that came out constant says so to the transforms around."""
        if isinstance(value, Variable):
            if value.requires_grad:
                return value
            value = value._array
        return output_variable(value, False, Finished(self.name), 0)

    def tangent(self, y: Array, tangent: Array | None, recorded: bool) -> Any:
        """A tangent of the output y in the form that its value has; None is zero."""
        if tangent is None:
            # An array may have lanes, which no plain array has.
            values = y.array if isinstance(y, Variable) else y
            array = values if is_array(values) else as_array(np.asarray(values))
            tangent = zeros_for(array, array.shape)
        if recorded:
            return self.recorded_result(tangent)
        return self.value(Variable(as_array(tangent), requires_grad=False))

    def value(self, y: Tree, copied: bool = False) -> Tree:
        """An output as the caller gets it: a Variable if an argument was one, else an array."""
        # Recorded, it stays connected to the Variables that the derivative is connected to.
        if self.recorded or y is None:
            return y
        as_variables = any(given.form == VARIABLE for given in self.givens)
        values: list[Any] = []
        for _, leaf in leaves(y):
            if isinstance(leaf, Variable):
                array = leaf._array.copy() if copied else leaf._array
                if as_variables:
                    leaf = Variable(array, requires_grad=False)
                else:
                    leaf = array[()] if type(array) is np.ndarray and not array.shape else array
            values.append(leaf)
        return rebuilt(y, iter(values))
