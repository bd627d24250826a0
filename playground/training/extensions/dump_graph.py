"""DumpGraph: the graph of the loss, in the language of Graphviz."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from playground.graph.config import config
from playground.graph.drafts import draft_of
from playground.graph.types import Serializing
from playground.graph.variable import Variable
from playground.training.extension import Extension
from playground.training.extensions.log_report import named_file

if TYPE_CHECKING:
    from playground.training.trainer import Trainer

__all__ = ["DumpGraph"]

Style = dict[str, str]
VARIABLE_STYLE = {"shape": "octagon", "fillcolor": "#E0E0E0", "style": "filled"}
FUNCTION_STYLE = {"shape": "record", "fillcolor": "#6495ED", "style": "filled"}


class DumpGraph(Extension):
    """Writes the graph of a reported Variable once, at the first call; a picture, too, where
    Graphviz's ``dot`` is installed.

    Until then graphs of what is reported are kept (``config.keep_graph_on_report``).

    Args:
        root_name: the name of the Variable: ``main/loss``.
        filename: in the trainer's folder, default ``cg.dot``; the picture's ending is ``.png``.
        variable_style, function_style: attributes of the nodes.
    """

    default_name = "dump_graph"

    def __init__(
        self,
        root_name: str,
        filename: str | None = None,
        variable_style: Style | None = None,
        function_style: Style | None = None,
        **kwargs: str | None,
    ) -> None:
        self._root_name = root_name
        self._filename: Any = named_file(filename, kwargs, "out_name", "cg.dot")
        self._variable_style = VARIABLE_STYLE if variable_style is None else variable_style
        self._function_style = FUNCTION_STYLE if function_style is None else function_style
        self._original_flag: bool | None = None
        self._flag_called = False

    def initialize(self, trainer: Trainer) -> None:
        """Have graphs kept from now on."""
        if not self._flag_called:
            self._original_flag = config.keep_graph_on_report
            config.keep_graph_on_report = True

    def trigger(self, trainer: Trainer) -> bool:
        """Whether it was not called yet."""
        called, self._flag_called = self._flag_called, True
        return not called

    def __call__(self, trainer: Trainer) -> None:
        # Also after an error: graphs that are kept fill the memory.
        try:
            self._dump(trainer)
        finally:
            config.keep_graph_on_report = bool(self._original_flag)

    def _dump(self, trainer: Trainer) -> None:
        # Here, for a training without this extension draws no graph.
        from playground.computational_graph import build_computational_graph

        observation = trainer.observation
        if self._root_name not in observation:
            raise KeyError(
                f"DumpGraph: {self._root_name!r} was not reported, only "
                f"{', '.join(sorted(observation)) or 'nothing'}"
            )
        root = observation[self._root_name]
        if not isinstance(root, Variable):
            raise TypeError(
                f"DumpGraph: {self._root_name!r} is to be a Variable, got {type(root).__name__}"
            )
        graph = build_computational_graph(
            [root], variable_style=self._variable_style, function_style=self._function_style
        )
        path = os.path.join(trainer.out, self._filename)
        with draft_of(path) as draft, open(draft, "w", encoding="utf-8") as file:
            file.write(graph.dump())
        dot = shutil.which("dot")
        if dot is not None:
            picture = f"{os.path.splitext(path)[0]}.png"
            subprocess.run([dot, "-Tpng", path, "-o", picture], check=True)

    def serialize(self, serializer: Serializing) -> None:
        """Save or load whether it was called."""
        self._original_flag = serializer("_original_flag", self._original_flag)
        self._flag_called = serializer("_flag_called", self._flag_called)
