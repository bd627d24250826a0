"""Sequential: layers that are called one after the other."""

from __future__ import annotations

import copy as copies
from collections.abc import Callable, Iterable, Iterator
from inspect import getsource
from typing import Any, TypeAlias

from playground.graph.errors import GraphError
from playground.links.chain import tree_text
from playground.links.chain_list import ChainList
from playground.links.link import Link

__all__ = ["Sequential"]

# A link, or a function such as F.relu: what is called with what the one before it gave.
Layer: TypeAlias = Callable[..., Any]


class Sequential(ChainList):
    """A list of layers, links and functions alike; a call runs through all of them.

    A layer that returns a tuple hands its elements to the next as arguments.
    """

    def __init__(self, *layers: Layer) -> None:
        super().__init__()
        self._layers: list[Layer] = []
        self.extend(layers)

    def forward(self, *x: Any) -> Any:
        if not self._layers:
            raise GraphError("Sequential: there is no layer to call: append one")
        # A tuple, as of several arguments, is what the first layer is called with.
        for layer in self._layers:
            x = layer(*x) if isinstance(x, tuple) else layer(x)
        return x

    def __str__(self) -> str:
        return tree_text(self, [(str(i), _text_of(layer)) for i, layer in enumerate(self._layers)])

    # -------------------------------------------------------------------------------- the list

    def __len__(self) -> int:
        return len(self._layers)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._layers)

    def __reversed__(self) -> Iterator[Any]:
        return reversed(self._layers)

    def __contains__(self, item: object) -> bool:
        return item in self._layers

    def __getitem__(self, i: Any) -> Any:
        return self._layers[i]

    def __setitem__(self, i: Any, layer: Any) -> None:
        if i >= len(self):
            raise ValueError(f"Sequential: there is no layer {i} to replace, of {len(self)}")
        i = range(len(self))[i]
        if self._layers[i] is not _callable(layer):
            del self[i]
            self.insert(i, layer)

    def __delitem__(self, i: int | slice) -> None:
        for layer in self._layers[i] if isinstance(i, slice) else [self._layers[i]]:
            if isinstance(layer, Link):
                places = [n for n, child in enumerate(self._children) if child is layer]
                del self._children[places[0]]
        del self._layers[i]
        self._number()

    def insert(self, i: int, layer: Layer) -> None:
        """Put a layer before the one of number ``i``. Raises IndexError beyond the ends."""
        count = len(self._layers)
        if not -count <= i <= count:
            raise IndexError(f"Sequential: there is no place {i} among {count} layers")
        i += count if i < 0 else 0
        _callable(layer)
        if isinstance(layer, Link):
            # The children's numbers are the names in snapshots, and so must be those of Chainer 7,
            # where a link comes behind the first one, before all that have followed it.
            links = [n for n, before in enumerate(self._layers[:i]) if isinstance(before, Link)]
            place = (links[0] if links else 0) + 1 if i else 0
            self._children.insert(place, layer)
        self._layers.insert(i, layer)
        self._number()

    def extend(self, sequential: Iterable[Layer]) -> None:
        """Append all layers of ``sequential``."""
        for layer in sequential:
            self.append(layer)

    def remove(self, layer: Layer) -> None:
        """Take out the first place of ``layer``. Raises ValueError."""
        del self[self.index(layer)]

    def clear(self) -> None:
        """Take out all layers."""
        del self[:]

    def index(self, layer: Layer, start: int | None = None, end: int | None = None) -> int:
        """The first place of ``layer``, counted from ``start``. Raises ValueError."""
        return self._layers[start:end].index(layer)

    def count(self, layer: Layer) -> int:
        """How often ``layer`` is among the layers."""
        return self._layers.count(layer)

    def __add__(self, other: object) -> Any:
        return Sequential(*self, *_layers_of(other))

    def __iadd__(self, other: object) -> Any:
        self.extend(_layers_of(other))
        return self

    # -------------------------------------------------------------------------------- by kind

    def count_by_layer_type(self, type_name: str) -> int:
        """How many layers are links of the class, or functions, of that name."""
        return sum(_layer_name(layer) == type_name for layer in self._layers)

    def remove_by_layer_type(self, type_name: str) -> None:
        """Take out the layers that are links of the class, or functions, of that name."""
        for layer in [layer for layer in self._layers if _layer_name(layer) == type_name]:
            self.remove(layer)

    def flatten(self) -> Sequential:
        """The same layers, those of inner Sequentials one by one."""
        flat = Sequential()
        for layer in self._layers:
            flat.extend(layer.flatten() if isinstance(layer, Sequential) else [layer])
        return flat

    # --------------------------------------------------------------------------------- copies

    def copy(self, mode: str = "share") -> Any:
        """A Sequential of copies of the layers; of links as :meth:`Link.copy` says."""
        return Sequential(
            *[x.copy(mode) if isinstance(x, Link) else copies.copy(x) for x in self._layers]
        )

    def copyparams(self, link: Link, copy_persistent: bool = True) -> None:
        """Take over the values of a Sequential of the same build."""
        if not isinstance(link, Sequential):
            raise ValueError(f"copyparams: expected a Sequential, got {type(link).__name__}")
        for own, other in zip(self._layers, link._layers, strict=False):
            if isinstance(own, Link) and isinstance(other, Link):
                own.copyparams(other, copy_persistent)

    def __reduce__(self) -> Any:
        if any(getattr(layer, "__name__", "") == "<lambda>" for layer in self._layers):
            raise ValueError(
                "a Sequential with a lambda among its layers cannot be pickled: give it a function "
                "of a name"
            )
        return super().__reduce__()


def _callable(layer: Layer) -> Layer:
    if not callable(layer):
        raise ValueError(f"a layer of a Sequential can be called, got {type(layer).__name__}")
    return layer


def _layers_of(other: object) -> Sequential:
    if not isinstance(other, Sequential):
        raise ValueError(f"Sequential +: expected a Sequential, got {type(other).__name__}")
    return other


def _layer_name(layer: Any) -> str:
    return type(layer).__name__ if isinstance(layer, Link) else getattr(layer, "__name__", "")


def _text_of(layer: Any) -> str:
    if getattr(layer, "__name__", None) == "<lambda>":
        try:
            return getsource(layer).strip().rstrip(",")
        except OSError:  # typed in at a prompt
            return "<lambda>"
    return str(layer)
