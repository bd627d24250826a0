"""The batched array: ``vmap``, and Jacobians in one reverse pass."""

from playground.interpreters.batching import indexing, products, rules
from playground.interpreters.batching.batched import Batched, Level, levels_of

__all__ = ["Batched", "Level", "indexing", "levels_of", "products", "rules"]
