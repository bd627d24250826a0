"""``find_nan``: which operation made the first number that is not finite, and where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from playground.graph import backprop, nonfinite, unselected
from playground.graph.backend import SCALAR_TYPES
from playground.graph.config import using_config
from playground.graph.nonfinite import Account, Journal, Site
from playground.graph.types import Array, Function, Node, Operand, Raw, Tree, UserFunction
from playground.graph.variable import Variable
from playground.transforms.tracing import Trace
from playground.transforms.values import leaves

__all__ = ["NaNFound", "find_nan"]


@dataclass(frozen=True, repr=False)
class NaNFound:
    """Where a number that is not finite comes from; printed, it is a sentence or two.

    Attributes:
        operation: the name of the operation; of the operation that was given it, if it came in.
        direction: "forward", or "backward" where only its gradient is not finite.
        site: ``(path, line)`` of the user's code; None if it was not recorded.
        details: which number, and what the inputs are there, a line each.
    """

    operation: str
    direction: str
    site: Site | None
    details: tuple[str, ...]

    def __str__(self) -> str:
        head = (
            f"the first number that is not finite comes from the {self.direction} computation of "
            f"{self.operation}"
        )
        return "\n  ".join([head, *self.details])

    def __repr__(self) -> str:
        return str(self)


def find_nan(what: Variable | UserFunction, *args: Tree, **kwargs: Tree) -> NaNFound | None:
    """Which operation made the first NaN or infinity of a loss or of its gradient; None: none.

    ``find_nan(f, *args)`` runs the function and writes down every operation, so that the report
    has the line of the user's code and the values around the place. ``find_nan(loss)`` looks at
    a graph that is there: of its values it knows those that are still held, and its lines only if
    the loss was computed in debug mode.

    What the loss does not depend on does not count: an unselected branch of ``np.where`` may be
    NaN. The search goes from a bad result up to where bad numbers came from good ones; if the
    result is finite, it follows the gradient down in the same way.
    """
    journal: Journal = {}
    with np.errstate(all="ignore"), using_config("debug", False):
        if isinstance(what, Variable):
            outputs: list[Any] = [what]
            journal = _reconstructed(what)
        else:
            with using_config("_journal", journal), using_config("enable_backprop", True):
                outputs = [y for _, y in leaves(_result(what, args, kwargs))]
        ys = [y for y in outputs if isinstance(y, Variable)]
        return _forward(ys, journal) or _backward(ys, journal)


def _result(function: UserFunction, args: Sequence[Tree], kwargs: Any) -> Tree:
    """What the function returns, with Variables for those arguments that are numbers."""
    if not callable(function):
        raise TypeError(
            f"find_nan: expected a Variable, or a function and its arguments, got "
            f"{type(function).__name__}: write find_nan(loss) or find_nan(f, x, …)"
        )
    chosen = tuple(i for i, x in enumerate(args) if all(_is_real(leaf) for _, leaf in leaves(x)))
    if not chosen:
        return function(*args, **kwargs)
    return Trace("find_nan", function, chosen, args, dict(kwargs)).result


def _is_real(x: Operand) -> bool:
    if isinstance(x, Variable):
        return x.array is not None and x.dtype.kind in "fc"
    return isinstance(x, (float, complex)) or (
        (type(x) in SCALAR_TYPES or hasattr(x, "dtype")) and np.asarray(x).dtype.kind in "fc"
    )


# ------------------------------------------------------------------------------------- forward


def _forward(ys: Iterable[Variable], journal: Journal) -> NaNFound | None:
    for y in ys:
        bad = _bad(y.array)
        if bad is not None:
            return _followed(y.node, bad, journal)
    return None


def _bad(array: Raw | None) -> Raw | None:
    """Where an array is not finite; None if nowhere, or not known."""
    if array is None or unselected.is_clean(array):
        return None
    # Not (finite), for NaN is neither; and every array type answers these.
    return (abs(array) < np.inf) == 0


def _followed(node: Node, bad: Raw, journal: Journal) -> NaNFound:
    """Up from the bad places of a node, to the function that made them from good ones."""
    while True:
        function = node.creator
        if function is None:
            return NaNFound(
                "an input", "forward", None, ("it was given to the function like this",)
            )
        account = journal.get(function) or nonfinite.account_of(function)
        places: list[Any] = [None] * function.output_count
        places[node.output_index or 0] = bad
        behind = unselected.places_behind(function, places)
        for i, (above, array, reach) in enumerate(
            zip(function.inputs, account.arrays, behind, strict=True)
        ):
            found = _bad(array)
            if found is not None and reach is not None:
                found = found * reach
                found = found if unselected.is_somewhere(found) else None
            if found is None:
                continue
            if above.creator is None:
                return _came_in(function, i, account)
            node, bad = above, found
            break
        else:
            return _made(function, node.output_index or 0, account)


def _made(function: Function, index: int, account: Account) -> NaNFound:
    name = "output" if function.output_count == 1 else f"output {index}"
    output, lines = account.outputs[index], []
    if output is not None:
        lines = nonfinite.lines_about(name, output, True, account.site, account.arrays)
    return NaNFound(function.label, "forward", account.site, _with_advice(lines, account))


def _came_in(function: Function, index: int, account: Account) -> NaNFound:
    """A number that was not finite already where the graph begins."""
    array = account.arrays[index]
    lines = nonfinite.lines_about(f"input {index}, as it was given,", array, True, account.site, ())
    return NaNFound(function.label, "forward", account.site, _with_advice(lines, account))


def _with_advice(lines: Sequence[str], account: Account) -> tuple[str, ...]:
    if account.site is not None:
        return tuple(lines)
    return (
        *lines,
        "its line was not recorded: call find_nan(f, *args) with the function that computes it, or "
        "compute it in debug mode",
    )


# ------------------------------------------------------------------------------------ backward


def _backward(ys: Sequence[Variable], journal: Journal) -> NaNFound | None:
    """Down along the gradient, to the first function that makes bad cotangents of good ones."""
    found: list[NaNFound] = []

    def watch(function: Function, gys: Sequence[Any], gxs: Sequence[Any]) -> None:
        if found or not all(g is None or unselected.is_clean(g) for g in gys):
            return
        for i, (node, gx) in enumerate(zip(function.inputs, gxs, strict=True)):
            if gx is None or not node.requires_grad or unselected.is_clean(gx):
                continue
            account = journal.get(function) or nonfinite.account_of(function)
            name = f"gradient of input {i}"
            lines = nonfinite.lines_about(name, gx, True, account.site, account.arrays)
            details = _with_advice(lines, account)
            found.append(NaNFound(function.label, "backward", account.site, details))
            return

    seeds = [
        (y.node, np.ones_like(y.array)) for y in ys if y.requires_grad and y.creator is not None
    ]
    unselected.propagate_carefully(seeds, watch=watch)
    return found[0] if found else None


# --------------------------------------------------------------------------- a graph that is there


def _reconstructed(y: Variable) -> Journal:
    """What can be known of the applications above a Variable: kept, still held, or made again."""
    nodes = backprop.nodes_above([y.node], constants=True)
    functions = {node.creator for node in nodes if node.creator is not None}
    journal: Journal = {}
    for function in sorted(functions, key=lambda function: function.rank):
        journal[function] = account = nonfinite.account_of(function)
        if account.site is not None:
            continue
        arrays = [_array_of(node, journal) for node in function.inputs or ()]
        outputs: Sequence[Raw | None] = [None] * function.output_count
        if not any(array is None for array in arrays):
            outputs = _made_again(function, arrays)
        if function is y.creator_node and function.output_count == 1:
            outputs = [y.array]
        journal[function] = Account(None, arrays, outputs)
    return journal


def _array_of(node: Node, journal: Journal) -> Raw | None:
    array = nonfinite.known_array(node)
    if array is None and node.creator in journal:
        array = journal[node.creator].outputs[node.output_index or 0]
    return array


def _made_again(function: Function, arrays: Sequence[Array]) -> Sequence[Raw | None]:
    """The outputs of a function, by a copy of it."""
    twin = copy(function)
    if not hasattr(function, "keep"):
        return list(twin.forward(tuple(arrays)))
    outputs = twin.forward(*arrays)
    return [*outputs] if function.output_count > 1 else [outputs]
