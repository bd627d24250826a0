"""The NumPy names that op texts may call.

Each is present in CuPy with the arguments used here; every interpreter answers exactly this
list, and every other NumPy function is a composition of operations. Methods and operators of the
arrays themselves (``x.reshape``, ``x.sum``, ``x.T``, ``x + y``, ``x[i]``) are free to use where
the receiver is the only array.
"""

from __future__ import annotations

UFUNCS = frozenset(
    """
    absolute add arccos arcsin arctan arctan2 ceil cos cosh divide equal exp expm1 floor
    floor_divide greater_equal less_equal log log10 log1p log2 matmul maximum minimum
    multiply negative not_equal power sign sin sinh sqrt square subtract tan tanh
    """.split()  # noqa: SIM905 (a list of words, as it is read)
)

FUNCTIONS = frozenset(
    """
    arange bincount broadcast_to concatenate dot expand_dims max min ones_like reshape sum
    swapaxes transpose where zeros zeros_like
    """.split()  # noqa: SIM905
)

VOCABULARY = UFUNCS | FUNCTIONS
