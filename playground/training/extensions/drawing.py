"""Figures of the extensions, in the looks of Chainer's. A home of matplotlib."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from typing import TYPE_CHECKING, Any

from playground.graph.drafts import draft_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["blank_figure", "can_draw", "save_figure"]


def can_draw(who: str) -> bool:
    """Whether matplotlib is there; a warning says so where it is not."""
    if importlib.util.find_spec("matplotlib") is not None:
        return True
    warnings.warn(
        f"{who}: matplotlib is not installed, nothing is drawn (pip install matplotlib)",
        stacklevel=3,
    )
    return False


def blank_figure(size: tuple[float, float] | None = None, *, current: bool = False) -> Figure:
    """A new figure; with ``current``, the one that a user's calls of pyplot draw on, if it is
    in use."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if current and pyplot is not None:
        return pyplot.figure(figsize=size)
    from matplotlib.figure import Figure

    # Not pyplot's: no window, no list of open figures.
    return Figure(figsize=size)


def save_figure(figure: Figure, path: str, **options: Any) -> None:
    """Write a figure, whole or not at all; the ending of ``path`` names the format."""
    with draft_of(path) as draft:
        figure.savefig(draft, **options)
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close(figure)
