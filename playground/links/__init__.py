"""Links: parameters under names, and chains of links. Chainer's building blocks of models."""

from typing import TYPE_CHECKING

from playground.graph.errors import no_such_name
from playground.links.chain import Chain
from playground.links.link import Link

__all__ = ["Chain", "Link"]


if not TYPE_CHECKING:  # for a type checker every name would exist

    def __getattr__(name: str) -> object:
        raise no_such_name(__name__, name, __all__)
