"""Links: parameters under names, and chains of links. Chainer's building blocks of models."""

from playground.links.chain import Chain
from playground.links.link import Link

__all__ = ["Chain", "Link"]
