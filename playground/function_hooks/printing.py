"""What functions are given, printed."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from typing import TextIO

import numpy as np

from playground.graph.function_hook import FunctionHook
from playground.graph.types import Array, Function, Raw
from playground.graph.variable import Variable

__all__ = ["PrintHook"]


class PrintHook(FunctionHook):
    """Prints every function's inputs ahead of its forward, and what its backward gets.

    Args:
        sep: of Chainer's first versions: without effect.
        end: stands behind every line.
        file: where to; by default the standard output as it is when something is printed.
        flush: whether ``file`` is flushed behind each function.
    """

    name = "PrintHook"

    def __init__(
        self,
        sep: str | None = None,
        end: str = "\n",
        file: TextIO | None = None,
        flush: bool = True,
    ) -> None:
        if sep is not None:
            warnings.warn("PrintHook: sep has no effect", DeprecationWarning, stacklevel=2)
        self.sep, self.end, self.file, self.flush = sep, end, file, flush

    def forward_preprocess(self, function: Function, in_data: tuple[Raw, ...]) -> None:
        self._print([f"function\t{function.label}", *self._inputs(in_data)])

    def backward_preprocess(
        self, function: Function, in_data: tuple[Raw, ...], out_grad: tuple[Raw, ...]
    ) -> None:
        lines = [f"function\t{function.label}", *self._inputs(in_data), "output gradient"]
        for gradient in out_grad:
            lines.append(_printed(None if gradient is None else np.zeros_like(gradient), gradient))
        self._print(lines)

    def _inputs(self, in_data: tuple[Raw, ...]) -> list[str]:
        # None: the backward has no use for it, and it was let go.
        shown = ["(removed)" if x is None else _printed(x, None) for x in in_data]
        return ["input data", *shown]

    def _print(self, lines: Sequence[str]) -> None:
        out = sys.stdout if self.file is None else self.file
        out.write("".join(line + self.end for line in lines))
        if self.flush and hasattr(out, "flush"):
            out.flush()


def _printed(array: Raw | None, gradient: Raw | None) -> str:
    shown: Array = Variable(array)
    if gradient is not None:
        shown.grad = gradient
    return str(shown.debug_print())
