"""LinkHook: what is told of every call of a link, ahead of it and behind."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playground.links.link import Link

__all__ = ["LinkHook"]

# Not a thread's: tasks of one thread take turns in the middle of a block.
_within: ContextVar[dict[str, Any]] = ContextVar("the hooks of links", default={})  # noqa: B039


@dataclass(frozen=True)
class ForwardPreprocess:
    """A call that is about to be made."""

    link: Link
    forward_name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


@dataclass(frozen=True)
class ForwardPostprocess(ForwardPreprocess):
    """A call that is over, and what came of it."""

    out: Any


class LinkHook:
    """To be subclassed: called for every link within ``with hook:``, or for those it is added to.

    ``link.add_hook(hook)`` adds it to one link. A hook is known by its ``name``.
    """

    name = "LinkHook"

    def __enter__(self) -> LinkHook:
        hooks = _within.get()
        if self.name in hooks:
            raise KeyError(f"there is a hook {self.name!r} already: leave its with block first")
        # A new dictionary: tasks that were started meanwhile share the old one.
        _within.set({**hooks, self.name: self})
        self.added(None)
        return self

    def __exit__(self, *error: object) -> None:
        self.deleted(None)
        _within.set({name: hook for name, hook in _within.get().items() if hook is not self})

    def added(self, link: Link | None) -> None:
        """Called when the hook is added to a link, or (None) when its ``with`` block begins."""

    def deleted(self, link: Link | None) -> None:
        """Called when the hook is taken away from a link, or when its ``with`` block ends."""

    def forward_preprocess(self, args: Any) -> None:
        """Called ahead of a link's forward; ``args`` has link, forward_name, args, kwargs."""

    def forward_postprocess(self, args: Any) -> None:
        """Called behind it; ``args`` has ``out``, too."""

    def forward_failed(self, args: Any) -> None:
        """Called in place of the other where the link's forward raises."""


def hooks_of(own: dict[str, LinkHook] | None) -> list[LinkHook]:
    """Those of the blocks, and of one link its own; of one name the link's."""
    within = _within.get()
    return [*{**within, **own}.values()] if own else [*within.values()]


def hooked(
    hooks: list[LinkHook], link: Link, forward: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """The call of a link with hooks."""
    call = ForwardPreprocess(link, "forward", args, kwargs)
    told: list[LinkHook] = []
    try:
        for hook in hooks:
            told.append(hook)
            hook.forward_preprocess(call)
        out = forward(*args, **kwargs)
    except BaseException:
        # A hook that has changed the link must get to put it back.
        for hook in reversed(told):
            hook.forward_failed(call)
        raise
    over = ForwardPostprocess(link, "forward", args, kwargs, out)
    for hook in hooks:
        hook.forward_postprocess(over)
    return out
