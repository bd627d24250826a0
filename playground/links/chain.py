"""Chain: a link made of links."""

from __future__ import annotations

from typing import Any

from playground.links.link import Link

__all__ = ["Chain"]


def tree_text(link: Link, parts: list[tuple[str, str]]) -> str:
    """What ``str`` shows of a link made of ``parts``, pairs of name and text, a line each."""
    lines = [f"  {line}\n" for name, text in parts for line in f"({name}): {text},".splitlines()]
    body = "".join(["\n", *lines]) if lines else ""
    return f"{type(link).__name__}({body})"


class Chain(Link):
    """A link with children: the links that are assigned within ``with self.init_scope():``.

    Keywords are children as well.
    """

    def __init__(self, **links: Link) -> None:
        super().__init__()
        self._children: set[str] = set()
        for name, link in links.items():
            self.add_link(name, link)

    def __str__(self) -> str:
        return tree_text(self, [(name, str(child)) for name, child in self._named_children()])

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, Link) and self.within_init_scope:
            if hasattr(self, name):
                raise AttributeError(f"cannot register a new link {name!r}: the attribute exists")
            value.name = name
            self._children.add(name)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        self._children.discard(name)
        super().__delattr__(name)

    def add_link(self, name: str, link: Link) -> None:
        """Register ``link`` as the child ``name``."""
        self._refuse_taken(name, "link")
        if not isinstance(link, Link):
            raise TypeError(f"add_link: expected a Link, got {type(link).__name__}")
        with self.init_scope():
            setattr(self, name, link)

    def _named_children(self) -> list[tuple[str, Link]]:
        own = vars(self)
        # Sorted like the parameters: the order of updates must not hang on a set's.
        return [(name, own[name]) for name in sorted(self._children)]

    def _sharing(self) -> Any:
        shared = super()._sharing()
        shared._children = set(self._children)
        for name, child in self._named_children():
            vars(shared)[name] = copied = child.copy("share")
            # A copied link belongs to nobody and has no name; this one is a child again.
            copied.name = name
        return shared
