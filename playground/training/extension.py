"""Extension: what a trainer calls beside the updates."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias

from playground.graph.types import Serializing

if TYPE_CHECKING:
    from playground.training.trainer import Trainer

__all__ = [
    "PRIORITY_EDITOR",
    "PRIORITY_READER",
    "PRIORITY_WRITER",
    "Extension",
    "Hook",
    "TriggerLike",
    "make_extension",
    "refuse_before_training",
]

# Who writes into the observation is called before who changes it, and that before who reads it.
PRIORITY_WRITER = 300
PRIORITY_EDITOR = 200
PRIORITY_READER = 100

# A trigger, or what get_trigger makes one of: (2, 'epoch'), None for never.
TriggerLike: TypeAlias = Callable[["Trainer"], Any] | tuple[float, str] | None
# A function that a trainer calls with itself.
Hook: TypeAlias = Callable[["Trainer"], Any]


class Extension:
    """Base class of extensions: a subclass defines ``__call__(trainer)``.

    A function will do as well; this class has what :meth:`Trainer.extend` asks for.

    Attributes:
        trigger: when it is called, unless ``extend`` is told otherwise.
        priority: extensions of higher priority are called first.
        name: what the trainer calls it, from ``extend`` on.
    """

    trigger: Any = (1, "iteration")
    priority: int = PRIORITY_READER
    name: str | None = None

    @property
    def default_name(self) -> str:
        """The name that it gets if nobody gives it another."""
        return type(self).__name__

    def __call__(self, trainer: Trainer) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: define __call__(trainer)")

    def initialize(self, trainer: Trainer) -> None:
        """Called before the first update, also after a snapshot was loaded."""

    def finalize(self) -> None:
        """Called at the end of the training, also after an error."""

    def on_error(self, trainer: Trainer, exc: Exception, tb: TracebackType | None) -> None:
        """Called where an error ends the training, before :meth:`finalize`."""

    def serialize(self, serializer: Serializing) -> None:
        """Save or load the state."""


def make_extension(
    trigger: TriggerLike = None,
    default_name: str | None = None,
    priority: int | None = None,
    finalizer: Callable[[], Any] | None = None,
    initializer: Hook | None = None,
    on_error: Callable[..., Any] | None = None,
    **kwargs: object,
) -> Callable[[Any], Any]:
    """Decorator: give a function what an :class:`Extension` has."""
    refuse_before_training("make_extension", kwargs)

    def decorate(function: Any) -> Any:
        function.trigger = Extension.trigger if trigger is None else trigger
        function.default_name = default_name or function.__name__
        function.priority = Extension.priority if priority is None else priority
        # Set though they are None: of two uses of one function the last decides.
        function.finalize, function.initialize = finalizer, initializer
        function.on_error = on_error
        return function

    return decorate


def refuse_before_training(who: str, kwargs: dict[str, Any]) -> None:
    """Raise for keywords that are not known; of one Chainer 1 had, say what took its place."""
    if "invoke_before_training" in kwargs:
        raise ValueError(
            f"{who}: invoke_before_training is gone since Chainer 2: pass initializer= to "
            f"make_extension, define initialize(trainer), or pass call_before_training=True to "
            f"trainer.extend"
        )
    if kwargs:
        raise TypeError(f"{who}: unexpected keyword {', '.join(map(repr, sorted(kwargs)))}")
