"""The batched array: ``vmap``, and Jacobians in one reverse pass."""

from playground.interpreters.batching import indexing, products, rules
from playground.interpreters.batching.batched import Batched, Level, levels_of
from playground.interpreters.batching.diagonal import Diagonal, identity

__all__ = [
    "Batched",
    "Diagonal",
    "Level",
    "identity",
    "indexing",
    "levels_of",
    "products",
    "rules",
]
