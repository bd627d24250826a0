"""Sparse matrices, for :func:`playground.functions.sparse_matmul`."""

from playground.functions.linalg.sparse import CooMatrix, get_order, to_coo

__all__ = ["CooMatrix", "get_order", "to_coo"]
