"""The state of a recurrent layer, kept from one time step to the next."""

from __future__ import annotations

from typing import Any, ClassVar

from playground.graph.variable import Variable
from playground.links.link import Link

__all__ = ["KeepsCells", "KeepsOutput"]


class KeepsState(Link):
    """Base of what a layer is mixed with: ``states`` names its Variables, None before a step."""

    states: ClassVar[tuple[str, ...]] = ("h",)
    c: Any
    h: Any

    def reset_state(self) -> None:
        """Forget the state."""
        for name in self.states:
            setattr(self, name, None)

    def _begin(self, **states: Variable) -> None:
        for name, value in states.items():
            if not isinstance(value, Variable):
                raise TypeError(
                    f"{type(self).__name__}.set_state: {name} is a Variable, got "
                    f"{type(value).__name__}"
                )
        for name, value in states.items():
            setattr(self, name, value)

    def to_device(self, device: Any) -> Any:
        super().to_device(device)
        # No parameters, but what the next step is computed with.
        for name in self.states:
            state = getattr(self, name)
            if state is not None:
                state.array = self.device.send_array(state.array)
        return self


class KeepsOutput(KeepsState):
    """A layer whose state is its output ``h``."""

    def set_state(self, h: Variable) -> None:
        """Begin the next step from this state."""
        self._begin(h=h)


class KeepsCells(KeepsState):
    """A layer whose state are its cells ``c`` and its output ``h``."""

    states = ("c", "h")

    def set_state(self, c: Variable, h: Variable) -> None:
        """Begin the next step from this state."""
        self._begin(c=c, h=h)
