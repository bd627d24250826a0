"""The batched array: ``vmap``, and Jacobians in one reverse pass."""

from playground.interpreters.batching import functions, indexing, linalg
from playground.interpreters.batching.batched import Batched, in_lanes
from playground.interpreters.batching.diagonal import Diagonal, unit_lanes
from playground.interpreters.batching.levels import Level

__all__ = [
    "Batched",
    "Diagonal",
    "Level",
    "functions",
    "in_lanes",
    "indexing",
    "linalg",
    "unit_lanes",
]
