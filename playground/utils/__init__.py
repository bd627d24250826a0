"""Chainer's utilities, as far as scripts use them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from playground.functions import sum_to
from playground.graph.backend import as_array, is_array
from playground.graph.types import Operand, Raw
from playground.utils import type_check
from playground.utils.sparse import CooMatrix, get_order, to_coo
from playground.utils.walker_alias import WalkerAlias

__all__ = [
    "CooMatrix",
    "WalkerAlias",
    "experimental",
    "force_array",
    "force_type",
    "get_conv_outsize",
    "get_deconv_outsize",
    "get_order",
    "nondeterministic",
    "size_of_shape",
    "sum_to",
    "tempdir",
    "to_coo",
    "type_check",
]


def force_array(x: Operand, dtype: Any = None) -> Raw:
    """An array, also of a number that NumPy has made of a 0-d array."""
    array = x if is_array(x) else as_array(np.asarray(x))
    return array if dtype is None else array.astype(dtype, copy=False)


def force_type(dtype: Any, value: Operand) -> Any:
    """A number or an array in a dtype; Python's own numbers as they are."""
    if type(value) in (bool, int, float, complex):
        return value
    return force_array(value, dtype)


def get_conv_outsize(size: int, k: int, s: int, p: int, cover_all: bool = False, d: int = 1) -> int:
    """How many windows of ``k`` elements, ``d`` apart, begin at each ``s``-th of a length.

    ``p`` zeros stand on both sides; with ``cover_all`` the last window may reach beyond them.
    """
    room = size + 2 * p - (d * (k - 1) + 1)
    return (room + s - 1) // s + 1 if cover_all else room // s + 1


def get_deconv_outsize(
    size: int, k: int, s: int, p: int, cover_all: bool = False, d: int = 1
) -> int:
    """The length of which :func:`get_conv_outsize` would make ``size`` windows."""
    reach = d * (k - 1) + 1
    return s * (size - 1) + reach - 2 * p - (s - 1 if cover_all else 0)


def size_of_shape(shape: Sequence[int]) -> int:
    """The number of elements."""
    return int(np.prod(shape, dtype=np.int64))


@contextmanager
def tempdir(**kwargs: Any) -> Iterator[str]:
    """A folder for the length of a ``with`` block; arguments as of ``tempfile.mkdtemp``."""
    ignore_errors = kwargs.pop("ignore_errors", False)
    folder = tempfile.mkdtemp(**kwargs)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=ignore_errors)


def experimental(api_name: str) -> None:
    """Chainer warned of names that might change; here they stay."""


def nondeterministic(f_name: str) -> Callable[[Any], Any]:
    """Decorator of Chainer's, for functions whose sums come in any order on a device."""
    return lambda function: function
