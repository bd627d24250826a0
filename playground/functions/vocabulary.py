"""The NumPy names that op texts may call.

Each is present in CuPy with the arguments used here; every interpreter answers exactly this
list, and every other NumPy function is a composition of operations. Methods and operators of the
arrays themselves (``x.reshape``, ``x.sum``, ``x.T``, ``x + y``, ``x[i]``) are free to use where
the receiver is the only array.
"""

from __future__ import annotations

UFUNCS = frozenset(
    """
    absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh bitwise_and cbrt ceil
    copysign cos cosh divide equal exp exp2 expm1 floor floor_divide fmax fmin fmod greater
    greater_equal hypot less less_equal log log10 log1p log2 logaddexp logaddexp2 matmul maximum
    minimum multiply negative not_equal power reciprocal remainder rint sign sin sinh sqrt
    square subtract tan tanh trunc
    """.split()  # noqa: SIM905 (a list of words, as it is read)
)

FUNCTIONS = frozenset(
    """
    arange argmax argmin argsort bincount broadcast_to concatenate convolve cumprod cumsum
    dot einsum expand_dims max min ones_like prod reshape searchsorted sum swapaxes take_along_axis
    transpose where zeros zeros_like
    """.split()  # noqa: SIM905
)

# Below numpy.linalg.
LINALG = frozenset(
    """
    cholesky det eigh inv pinv qr slogdet solve svd
    """.split()  # noqa: SIM905
)

# Below numpy.fft.
FFT = frozenset("fft ifft".split())  # noqa: SIM905

VOCABULARY = (
    UFUNCS
    | FUNCTIONS
    | frozenset(f"linalg.{name}" for name in LINALG)
    | frozenset(f"fft.{name}" for name in FFT)
)
