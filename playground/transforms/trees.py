"""Arrays in nested tuples, lists, dictionaries and named tuples, taken apart and put together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["is_tree", "leaves", "matched", "rebuilt"]

_CONTAINERS = (tuple, list, dict)


def is_tree(value: Any) -> bool:
    """Whether ``value`` holds leaves rather than being one; None holds none."""
    return isinstance(value, _CONTAINERS) or value is None


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves from left to right, each with its place: ``['w'][0]``."""
    if not is_tree(tree):
        yield path, tree
    elif isinstance(tree, dict):
        for key, part in tree.items():
            yield from leaves(part, f"{path}[{key!r}]")
    else:
        for i, part in enumerate(tree or ()):
            yield from leaves(part, f"{path}[{i}]")


def rebuilt(tree: Any, values: Iterator[Any]) -> Any:
    """A tree of the same form, its leaves taken from ``values`` in the order of :func:`leaves`."""
    if not is_tree(tree):
        return next(values)
    if tree is None:
        return None
    if isinstance(tree, dict):
        return {key: rebuilt(part, values) for key, part in tree.items()}
    parts = [rebuilt(part, values) for part in tree]
    if isinstance(tree, list):
        return parts
    return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)


def matched(tree: Any, other: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The leaves of ``tree``, each with its place and what stands there in ``other``.

    Raises ValueError, which names the place, where the two have different forms.
    """
    if not is_tree(tree):
        yield path, tree, other
        return
    keys, theirs = _keys(tree), _keys(other)
    if keys is None or theirs is None or set(keys) != set(theirs) or len(keys) != len(theirs):
        raise ValueError(f"expected {_form(tree)}{path and f' at {path}'}, got {_form(other)}")
    for key in keys:
        yield from matched(tree[key], other[key], f"{path}[{key!r}]")


def _keys(tree: Any) -> Any:
    if isinstance(tree, dict):
        return list(tree)
    return range(len(tree or ())) if is_tree(tree) else None


def _form(value: Any) -> str:
    if isinstance(value, dict):
        return f"a dict of {list(value)}"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    return f"one {type(value).__name__}" if value is not None else "None"
