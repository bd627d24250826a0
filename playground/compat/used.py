"""What an old script used that today's libraries no longer have, and what to write instead."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

# Where files begin whose frames are not the script's.
NOT_THE_SCRIPTS = (str(Path(__file__).parent.parent), "<frozen")


@dataclass
class Use:
    """One old idiom: what to write instead, and where it was met first."""

    instead: str
    place: str
    count: int = 1


@dataclass
class Uses:
    """All that were met in this process, in the order of their first meeting."""

    found: dict[str, Use] = field(default_factory=dict)

    def note(self, old: str, instead: str) -> None:
        """Remember that ``old`` was used, where ``instead`` is to be written."""
        known = self.found.get(old)
        if known is None:
            self.found[old] = Use(instead, _place())
        else:
            known.count += 1

    def summary(self) -> str:
        """A line each; empty where nothing was met."""
        return "\n".join(
            f"  {use.place}: {old} -> {use.instead}"
            + (f" ({use.count:,} times)" if use.count > 1 else "")
            for old, use in self.found.items()
        )


USES = Uses()


def _place() -> str:
    """File and line of the script's code that is being run."""
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(NOT_THE_SCRIPTS):
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
