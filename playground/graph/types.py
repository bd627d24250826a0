"""Words for what flows, so that a signature says it.

Most stand for ``Any``: an op text is written once for every kind of array, and which operations
it needs of them is said by the vocabulary, not by a class that all of them could have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

__all__ = [
    "Array",
    "Axis",
    "Batch",
    "Cotangents",
    "DType",
    "Dataset",
    "Example",
    "Function",
    "HostArray",
    "Index",
    "Keywords",
    "Node",
    "Operand",
    "Random",
    "Raw",
    "Scalar",
    "Serializing",
    "Shape",
    "Tree",
    "UserFunction",
]

# An array of a registered type itself, no Variable: NumPy's, a device's, lanes, symbols.
Raw: TypeAlias = Any
# What flows through an op's text: Raw in a first-order pass, a Variable in a recorded one.
Array: TypeAlias = Any
# What a user may hand to a function: a Variable, an array, a number, a list of numbers.
Operand: TypeAlias = Any
# An array on the host, whatever its dtype.
HostArray: TypeAlias = "np.ndarray[Any, Any]"
# A real or complex number, Python's or NumPy's.
Scalar: TypeAlias = Any
# The lengths of an array's axes.
Shape: TypeAlias = tuple[int, ...]
# One axis, several, or (None) all of them.
Axis: TypeAlias = int | tuple[int, ...] | None
# A dtype, or what numpy.dtype makes one of.
DType: TypeAlias = Any
# What stands in brackets behind an array: a number, slice, mask, array of indices, or a tuple.
Index: TypeAlias = Any
# A node of the graph: a VariableNode, or what else has creator, rank and requires_grad.
Node: TypeAlias = Any
# A function of the graph: what has inputs, output_count, pull and pull_recorded.
Function: TypeAlias = Any
# One cotangent, or one an output (None where nothing arrived).
Cotangents: TypeAlias = Any
# Arrays and numbers in tuples, lists and dicts, nested as the user likes.
Tree: TypeAlias = Any
# A user's own function of arrays, numbers or trees of them.
UserFunction: TypeAlias = Callable[..., Any]
# Keyword arguments that are handed on.
Keywords: TypeAlias = Mapping[str, Any]
# Where randomness comes from: passed in, never NumPy's global state.
# In quotes: NumPy loads numpy.random when it is first asked for, in a tenth of its own time.
Random: TypeAlias = "np.random.Generator | np.random.RandomState"
# What has a length and examples in brackets behind it.
Dataset: TypeAlias = Any
# One example of a dataset: an array, a number, a tuple or a dict of them, or what a user likes.
Example: TypeAlias = Any
# What an iterator gives, mostly a list of examples, and what a converter makes of it.
Batch: TypeAlias = Any
# A serializer or deserializer: called with a key and a value, and with children in brackets.
Serializing: TypeAlias = Any
