"""The graph of a computation, written down in the language of Graphviz.

Chainer's ``chainer.computational_graph``.
"""

from __future__ import annotations

import heapq
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterable
from typing import Any, TypeAlias

from playground.graph.drafts import draft_of
from playground.graph.errors import MissingLibraryError
from playground.graph.variable import Variable, VariableNode

__all__ = ["ComputationalGraph", "build_computational_graph"]

# Attributes of nodes, by name; 'default' for those that Chainer has.
DotStyle: TypeAlias = dict[str, str] | str | None
# A node of the picture: a VariableNode or a function.
Drawn: TypeAlias = Any
DEFAULT_STYLES = (
    {"shape": "octagon", "fillcolor": "#E0E0E0", "style": "filled"},
    {"shape": "record", "fillcolor": "#6495ED", "style": "filled"},
)


class ComputationalGraph:
    """Variables and functions, and what goes from one to the other.

    Attributes:
        nodes: the nodes of Variables, and the functions.
        edges: pairs of them, in the direction of the computation.
    """

    def __init__(
        self,
        nodes: Iterable[Drawn],
        edges: Iterable[tuple[Drawn, Drawn]],
        variable_style: DotStyle = "default",
        function_style: DotStyle = "default",
        rankdir: str = "TB",
        remove_variable: bool = False,
        show_name: bool = True,
    ) -> None:
        if rankdir not in ("TB", "BT", "LR", "RL"):
            raise ValueError(f"computational graph: rankdir is TB, BT, LR or RL, got {rankdir!r}")
        self.nodes, self.edges = list(nodes), list(edges)
        self.variable_style = _style(variable_style, DEFAULT_STYLES[0])
        self.function_style = _style(function_style, DEFAULT_STYLES[1])
        self.rankdir, self.remove_variable = rankdir, remove_variable
        self.show_name = show_name

    def dump(self, format: str = "dot") -> str:
        """The graph in the language of Graphviz. Raises NotImplementedError for other formats."""
        if format != "dot":
            raise NotImplementedError(f"computational graph: the format is 'dot', got {format!r}")
        edges = self._between_functions() if self.remove_variable else self.edges
        parts = [
            self._written(node)
            for node in self.nodes
            if not (self.remove_variable and isinstance(node, VariableNode))
        ]
        # An edge is drawn once, however often it was taken.
        parts += dict.fromkeys(f"{id(head)} -> {id(tail)};" for head, tail in edges)
        return f"digraph graphname{{rankdir={self.rankdir};{''.join(parts)}}}"

    def draw(self, path: str | os.PathLike[str]) -> None:
        """Write the graph to a file: a picture of the kind that its ending names, or ``.dot``.

        Pictures (``.svg``, ``.png``, ``.pdf``) are Graphviz's. Raises MissingLibraryError where its
        ``dot`` is not installed.
        """
        path = os.fspath(path)
        kind = os.path.splitext(path)[1][1:].lower()
        if kind not in ("dot", "svg", "png", "pdf"):
            raise ValueError(f"draw: a name that ends in .dot, .svg, .png or .pdf, got {path!r}")
        text = self.dump().encode()
        if kind != "dot":
            command = shutil.which("dot")
            if command is None:
                raise MissingLibraryError(
                    "draw: a picture needs the command dot: install Graphviz, or write a .dot file"
                )
            done = subprocess.run([command, f"-T{kind}"], input=text, capture_output=True)
            if done.returncode:
                raise ValueError(
                    f"draw: dot failed: {done.stderr.decode(errors='replace').strip()}"
                )
            text = done.stdout
        with draft_of(path) as draft, open(draft, "wb") as file:
            file.write(text)

    def _written(self, node: Drawn) -> str:
        attributes = {"label": node.label, "shape": "box", **self.function_style}
        if isinstance(node, VariableNode):
            named = self.show_name and node.name is not None
            label = f"{node.name}: {node.label}" if named else node.label
            attributes = {"label": label, "shape": "oval", **self.variable_style}
        text = ",".join(f'{name}="{value}"' for name, value in attributes.items())
        return f"{id(node)} [{text}];"

    def _between_functions(self) -> list[tuple[Drawn, Drawn]]:
        """From each function to those that take what it computed."""
        takers: dict[int, list[Drawn]] = {}
        for head, tail in self.edges:
            if isinstance(head, VariableNode):
                takers.setdefault(id(head), []).append(tail)
        return [
            (head, taker)
            for head, tail in self.edges
            if isinstance(tail, VariableNode)
            for taker in takers.get(id(tail), [])
        ]


def build_computational_graph(
    outputs: Drawn | Iterable[Drawn],
    remove_split: bool = True,
    variable_style: DotStyle = "default",
    function_style: DotStyle = "default",
    rankdir: str = "TB",
    remove_variable: bool = False,
    show_name: bool = True,
) -> ComputationalGraph:
    """The graph above Variables: all that they were computed from.

    Args:
        outputs: Variables, their nodes or functions, one or several.
        remove_split: True, as nothing else is drawn.
        variable_style, function_style: attributes of the nodes, in Graphviz's words.
        rankdir: from where to where: TB, BT, LR or RL.
        remove_variable: draw functions alone.
        show_name: write the names of Variables.
    """
    if not remove_split:
        raise ValueError("build_computational_graph: remove_split=False is not drawn any more")
    starts = [outputs] if _can_be_drawn(outputs) else list(outputs)
    if not all(map(_can_be_drawn, starts)):
        raise TypeError("build_computational_graph: expected Variables, their nodes or functions")
    nodes, edges = _above([s.node if isinstance(s, Variable) else s for s in starts])
    return ComputationalGraph(
        nodes, edges, variable_style, function_style, rankdir, remove_variable, show_name
    )


def _can_be_drawn(thing: Any) -> bool:
    return isinstance(thing, (Variable, VariableNode)) or hasattr(thing, "inputs")


def _style(style: DotStyle, default: dict[str, str]) -> dict[str, str]:
    if style == "default":
        return dict(default)
    return style if isinstance(style, dict) else {}


def _above(starts: list[Drawn]) -> tuple[list[Drawn], list[tuple[Drawn, Drawn]]]:
    """All nodes above some, the latest first, and the edges between them."""
    nodes: dict[int, Drawn] = {id(node): node for node in starts}
    edges: dict[tuple[int, int], tuple[Drawn, Drawn]] = {}
    count = itertools.count()
    # From the latest on, so that a picture is drawn in the order of the computation.
    waiting = [(-node.rank, next(count), node) for node in starts]
    heapq.heapify(waiting)
    while waiting:
        node = heapq.heappop(waiting)[2]
        if isinstance(node, VariableNode):
            sources = [] if node.creator is None else [node.creator]
        else:
            sources = [*(node.inputs or ())]
        for above in sources:
            if above is not None and (id(above), id(node)) not in edges:
                edges[id(above), id(node)] = above, node
                nodes[id(above)] = above
                heapq.heappush(waiting, (-above.rank, next(count), above))
    return list(nodes.values()), list(edges.values())
