"""ChainList: a link made of links that have numbers instead of names."""

from __future__ import annotations

from collections.abc import Iterator, MutableSequence
from typing import Any

from playground.links.chain import Chain
from playground.links.link import Link

__all__ = ["ChainList"]


class ChainList(Link, MutableSequence):
    """A link whose children form a list: ``chain_list[0]``, ``append``, ``insert``, slices.

    The path of a child is its number: ``/0/W``. Parameters of its own are assigned within
    ``init_scope()`` as in any link, children are not.
    """

    def __init__(self, *links: Link) -> None:
        super().__init__()
        self._children: list[Link] = []
        for link in links:
            self.add_link(link)

    __str__ = Chain.__str__

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, Link) and self.within_init_scope:
            raise TypeError(
                f"cannot register the link {name!r} within init_scope(): the children of a "
                f"ChainList have numbers; add it by add_link or append"
            )
        super().__setattr__(name, value)

    # -------------------------------------------------------------------------------- the list

    def __len__(self) -> int:
        return len(self._children)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._children)

    def __getitem__(self, index: Any) -> Any:
        return self._children[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            value = [_child(link) for link in value]
            # All are checked before the first is put in its place.
            self._children[index] = value
        else:
            self._children[index] = _child(value)
        self._number()

    def __delitem__(self, index: int | slice) -> None:
        del self._children[index]
        self._number()

    def insert(self, index: int, link: Link) -> None:
        """Put a link before the child ``index``; at the end, append it."""
        self._children.insert(index, _child(link))
        self._number()

    def add_link(self, link: Link) -> None:
        """Append a child."""
        self.append(link)

    def _number(self) -> None:
        for number, child in enumerate(self._children):
            child.name = str(number)

    # ----------------------------------------------------------------------- as every link's

    def _named_children(self) -> list[tuple[str, Link]]:
        return [(str(number), child) for number, child in enumerate(self._children)]

    def _sharing(self) -> Any:
        shared = super()._sharing()
        shared._children = [child.copy("share") for child in self._children]
        shared._number()
        return shared


def _child(link: Link) -> Link:
    if not isinstance(link, Link):
        raise TypeError(f"a child of a ChainList is a Link, got {type(link).__name__}")
    return link
