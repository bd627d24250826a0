"""One call of a user's function, recorded, and the passes back from its outputs to its arguments.

A pass is *raw*, on arrays, unless its result depends on a Variable that outlives the call: one
among the arguments, one that the function closes over, or one of a transform around this one. Then
it is itself recorded, and its results are Variables.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from playground.graph import backprop
from playground.graph.backend import as_array
from playground.graph.config import config, using_config
from playground.graph.variable import Variable
from playground.transforms.inputs import (
    NUMBER,
    VARIABLE,
    Given,
    entered,
    positions,
    seal,
    settle,
    zeros,
)
from playground.transforms.outputs import called
from playground.transforms.trees import is_tree, leaves, rebuilt

__all__ = ["Trace", "as_seed", "is_linked", "ones", "recorded_result", "survey", "transported"]

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# ----------------------------------------------------------------------------- over the graph


class Survey(NamedTuple):
    """What lies above some nodes: the targets met, whether other leaves want a gradient too,
    and the functions between targets and nodes (None: every one that needs a gradient)."""

    reached: set[Any]
    foreign: bool
    needed: Any


def survey(nodes: Sequence[Any], targets: Any, linked: bool = False) -> Survey:
    """Look at the graph from ``nodes`` up to, and not beyond, the nodes ``targets``.

    ``linked`` says that targets have creators, which no pass to them may enter.
    """
    reached, found, foreign = set(), set(), False
    waiting = [*nodes]
    while waiting:
        node = waiting.pop()
        if not node.requires_grad:
            continue
        creator = node.creator
        if node in targets:
            reached.add(node)
        elif creator is None:
            foreign = foreign or _outlives(node)
        elif creator not in found:
            found.add(creator)
            waiting.extend(creator.inputs or ())
    if not (foreign or linked):
        return Survey(reached, False, None)
    return Survey(reached, foreign, _between(found, targets))


def _outlives(leaf: Any) -> bool:
    if leaf.unrecorded:
        warnings.warn(
            "the function uses a gradient that was not recorded, which counts as a constant: pass "
            "enable_double_backprop=True to playground.grad in it",
            stacklevel=_outside(),
        )
        return False
    return leaf.dtype is not None and leaf.dtype.kind in "fc"


def _is_settled(nodes: Iterable[Any]) -> bool:
    """Whether the nodes were computed from the results of finished transforms."""
    seen: set[Any] = set()
    waiting = [*nodes]
    while waiting:
        node = waiting.pop()
        if getattr(node, "settled", False):
            return True
        if node.creator is not None and node.creator not in seen:
            seen.add(node.creator)
            waiting.extend(node.creator.inputs or ())
    return False


def _outside() -> int:
    """The stack level, for a warning of the caller, of the code that called the transform."""
    frame: Any = sys._getframe(1)
    level = 1
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        frame, level = frame.f_back, level + 1
    return level


def _between(functions: Iterable[Any], targets: Any) -> set[Any]:
    needed: set[Any] = set()
    for function in sorted(functions, key=lambda function: function.rank):
        if any(node in targets or node.creator in needed for node in function.inputs or ()):
            needed.add(function)
    return needed


def transported(
    seeds: Sequence[tuple[Any, Any]], targets: Sequence[Any], needed: Any, recorded: bool
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
    ends = {node.creator for node in targets if node.creator is not None}
    wanted, chosen = set(targets), {}
    seeds = [s for s in seeds if s[0] in wanted or s[0].creator in needed]

    def observe(node: Any, cotangent: Any) -> None:
        if node in wanted:
            chosen[node] = cotangent

    backprop.propagate(seeds, recorded, observe, needed | ends, ends)
    return [chosen.get(node) for node in targets]


def ones(y: Variable, recorded: bool) -> Any:
    """The cotangent of ones."""
    array = y._array
    if type(array) is np.ndarray:
        return as_seed(np.ones(array.shape, array.dtype), recorded)
    return as_seed(np.ones_like(array), recorded)


def as_seed(cotangent: Any, recorded: bool) -> Any:
    """What a pass starts from: a Variable if it is recorded, which is no one's unknown."""
    if isinstance(cotangent, Variable):
        return cotangent if recorded else cotangent.array
    cotangent = as_array(cotangent)
    return Variable(cotangent, requires_grad=False) if recorded else cotangent


def is_linked(values: Iterable[Any]) -> bool:
    """Whether the derivative is to be connected to one of the values."""
    linked = any(isinstance(value, Variable) and value.requires_grad for value in values)
    return linked and config.enable_backprop


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
        self, name: str, function: Any, argnums: Any, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> None:
        self.name, self.enabled = name, config.enable_backprop
        self.recorded, self.needed = False, None
        self.single = not isinstance(argnums, (tuple, list))
        self.givens: list[Given] = []
        self.trees = []
        inside = list(args)
        for i in positions(name, argnums, len(inside)):
            self.trees.append(inside[i])
            inside[i] = self._entered(inside[i], f"argument {i}")
        if self.enabled:
            self.result = called(function, inside, kwargs)
        else:
            with using_config("enable_backprop", True):
                self.result = called(function, inside, kwargs)

    def _entered(self, argument: Any, name: str) -> Any:
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
    def targets(self) -> list[Any]:
        return [given.node for given in self.givens]

    def look(self, ys: Sequence[Any]) -> None:
        """Find out how the outputs ``ys`` depend on the unknowns; warn if they do not at all."""
        targets = {*self.targets}
        linked = any(node.creator is not None for node in targets)
        nodes = [y._node for y in ys if isinstance(y, Variable)]
        reached, foreign, self.needed = survey(nodes, targets, linked)
        self.recorded = self.enabled and (linked or (foreign and bool(reached)))
        if not (reached or _is_settled(nodes)):
            self._warn()

    def narrow(self, ys: Sequence[Variable]) -> None:
        """The same for passes from ``ys``, the results of an earlier pass."""
        if self.needed is not None:
            self.needed = survey([y._node for y in ys], {*self.targets}, True).needed

    def seal(self, ys: Sequence[Any]) -> None:
        """Let no transform around this one see an unknown, though passes are still to come."""
        for given in self.givens:
            seal(given)
        nodes = [y._node for y in ys if isinstance(y, Variable)]
        self.needed = survey(nodes, {*self.targets}, True).needed

    def _warn(self) -> None:
        names = ", ".join(given.name for given in self.givens)
        warnings.warn(
            f"{self.name}: the output does not depend on {names}: the derivative is zero; if it "
            f"should depend on it, a copy through np.array(...) or .array is the usual reason",
            stacklevel=_outside(),
        )

    def pull(self, seeds: Sequence[tuple[Variable, Any]], recorded: bool) -> list[Any]:
        """The cotangents of the unknowns (None: zero) from those of outputs."""
        nodes = [(y._node, cotangent) for y, cotangent in seeds]
        return transported(nodes, self.targets, self.needed, recorded)

    def forget(self) -> None:
        """After the last pass: to all that comes later the unknowns are constants."""
        for given in self.givens:
            settle(given.node)

    # ------------------------------------------------------------------------ on the way out

    def assembled(self, values: Sequence[Any]) -> Any:
        """One value an unknown, in the form of the arguments."""
        if self.single and not is_tree(self.trees[0]):
            return values[0]
        rest = iter(values)
        parts = [rebuilt(tree, rest) for tree in self.trees]
        return parts[0] if self.single else tuple(parts)

    def derivatives(
        self, cotangents: Sequence[Any], recorded: bool, lead: tuple[int, ...] = ()
    ) -> Any:
        """Derivatives (``lead`` + shape), None being zero, as the caller gave the arguments."""
        given = zip(self.givens, cotangents, strict=True)
        if recorded:
            return self.assembled([_linked(x, c, lead) for x, c in given])
        return self.assembled(_apart([_returned(x, c, lead) for x, c in given]))

    def value(self, y: Any) -> Any:
        """An output as the caller gets it: a Variable if an argument was one, else an array."""
        if self.recorded or y is None:
            return y
        as_variables = any(given.form == VARIABLE for given in self.givens)
        if isinstance(y, Variable):
            return _value(y, as_variables)
        values = [_value(leaf, as_variables) for _, leaf in leaves(y)]
        return rebuilt(y, iter(values))


def _value(leaf: Any, as_variable: bool) -> Any:
    if not isinstance(leaf, Variable):
        return leaf
    if as_variable:
        return Variable(leaf.array, requires_grad=False)
    array = leaf.array
    return array[()] if type(array) is np.ndarray and not array.shape else array


def _zero(given: Given, lead: tuple[int, ...]) -> Any:
    array = given.variable._array
    return zeros((*lead, *array.shape), array)


def _linked(given: Given, c: Any, lead: tuple[int, ...]) -> Variable:
    return recorded_result(_zero(given, lead) if c is None else c)


def recorded_result(value: Any) -> Variable:
    """A recorded derivative; one that came out constant says so to the transforms around."""
    variable = value if isinstance(value, Variable) else Variable(value, requires_grad=False)
    node: Any = variable.node
    node.settled = not node.requires_grad
    return variable


def _returned(given: Given, c: Any, lead: tuple[int, ...]) -> Any:
    """A raw derivative in the form of its argument, in memory that may be written to."""
    c = _zero(given, lead) if c is None else as_array(c)
    if given.form == VARIABLE:
        return Variable(c, requires_grad=False)
    if type(c) is not np.ndarray:
        return c
    c = c if c.flags.writeable else c.copy()
    return c[()] if given.form == NUMBER and not c.shape else c


def _apart(values: list[Any]) -> list[Any]:
    """The same values, none of them the same array as an earlier one."""
    seen: set[int] = set()
    for i, value in enumerate(values):
        if id(value) in seen and isinstance(value, np.ndarray):
            values[i] = value.copy()
        seen.add(id(value))
    return values
