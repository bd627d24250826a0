"""Views: results that NumPy would have lie in their operand's memory.

Here they are values of their own. So that no one sees the difference, a node remembers the views
of it that live: who assigns to an element of a Variable makes them anew from what was written.
"""

from __future__ import annotations

from typing import Any
from weakref import ref

import numpy as np

from playground.graph.op import Unary
from playground.graph.types import Function, Node, Operand, Raw
from playground.graph.variable import Variable

# From here on the list of a node's views is freed of those that are gone, each time it has doubled.
_MANY = 16


class View(Unary):
    """An operation of one array whose result NumPy returns as a view."""

    __slots__ = ()

    def of(self, x: Operand) -> Variable:
        y = Unary.of(self, x)
        note_view(y._node)
        return y

    def again(self, node: Node) -> Function:
        """A new operation that makes the view ``node`` of another array; None: it is no view."""
        raise NotImplementedError


def note_view(node: Node) -> None:
    """Let the operand of ``node``, a view, know of it."""
    if node.creator is None:  # not recorded
        return
    (base,) = node.creator.inputs
    views = base.views
    if views is None:
        base.views = [ref(node)]
        return
    views.append(ref(node))
    count = len(views)
    if count >= _MANY and not count & (count - 1):
        views[:] = [view for view in views if view() is not None]


def _remade(node: Node) -> Function:
    """The operation that makes a view anew; None for what NumPy returns as a copy."""
    again = getattr(node.creator, "again", None)
    return None if again is None else again(node)


def is_view(variable: Variable) -> bool:
    """Whether NumPy's assignment would write through to another Variable that is still held."""
    node = variable.node
    # A view of a Variable that is gone can be written to: nobody sees the difference.
    while _remade(node) is not None:
        (node,) = node.creator.inputs
        held = node.get_variable_or_none()
        if held is not None:
            return _overlap(held.array, variable.array)
    return False


def _overlap(one: Raw, other: Raw) -> bool:
    # Of a device array nobody says whose memory it is.
    on_host = isinstance(one, np.ndarray) and isinstance(other, np.ndarray)
    return not on_host or np.may_share_memory(one, other)


def has_views(node: Node, region: Raw) -> bool:
    """Whether a Variable is held that NumPy would have show a change of ``region``."""
    live = (reference() for reference in node.views or ())
    return any(v is not None and _remade(v) is not None and _is_seen(v, region) for v in live)


def _is_seen(view: Node, region: Raw) -> bool:
    held = view.get_variable_or_none()
    return (held is not None and _overlap(region, held.array)) or has_views(view, region)


def renew_views(node: Node, region: Raw, written: Variable) -> None:
    """Make the views of ``node`` anew from ``written``, which has taken its place.

    ``region`` is the part of the old array that was written to: other views stay as they are.
    """
    for reference in node.views or ():
        view = reference()
        op = None if view is None else _remade(view)
        if op is None or not _is_seen(view, region):
            continue
        new: Any = op(written)
        held = view.get_variable_or_none()
        if held is not None:
            held.replace(new)
        renew_views(view, region, new)
